//! OpenAPI 3.1: what is asked over HTTP.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::{client_events, generator, info};
use crate::auth;
use crate::chat::{Limits, PayloadForm};
use crate::config::{LogLevel, Value as _};
use crate::http::{Method, Status};
use crate::server::accounts::{
    Credentials, ListedLogins, NewAccount, NewPassword, OwnPassword, TokenIssued,
};
use crate::server::api::{
    Banned, ConnectionsClosed, Draining, LevelOfLog, ListedBans, ListedConnections, ListedRooms,
    NewBan, NewHook, NewNotice, Notified, Unbanned,
};
use crate::server::health::Health;
use crate::server::hooks::Incoming;
use crate::server::operations::{OPERATIONS, Operation, Parameter, RequestBody, ResponseBody, Who};
use crate::server::{render, routes};

const ABOUT: &str = "Errors below `/api` are the payload of the protocol's `error`; 429 and 503 say \
                     in `Retry-After` when to ask again.";

/// Returns the document.
pub(super) fn describe(chat: &Limits, accounts: &auth::Limits) -> Value {
    let mut schemas = Schemas {
        chat,
        accounts,
        sent: generator(SchemaSettings::draft2020_12().for_serialize()),
        read: generator(SchemaSettings::draft2020_12().for_deserialize()),
    };
    let mut paths = Map::new();
    for operation in OPERATIONS {
        let described = schemas.operation(operation);
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[word(operation.method)] = described;
    }
    let mut definitions = schemas.sent.take_definitions(true);
    definitions.append(&mut schemas.read.take_definitions(true));
    json!({
        "openapi": "3.1.0",
        "info": info("chinwag: HTTP", ABOUT),
        // Relative to the document, so that a proxy may serve it under any path.
        "servers": [{ "url": "./" }],
        "paths": paths,
        "components": {
            "schemas": definitions,
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The token of an account, or the key of a guest's session.",
                },
                "cookie": { "type": "apiKey", "in": "cookie", "name": "chinwag" },
            },
        },
    })
}

struct Schemas<'a> {
    chat: &'a Limits,
    accounts: &'a auth::Limits,
    sent: SchemaGenerator,
    read: SchemaGenerator,
}

impl Schemas<'_> {
    fn operation(&mut self, it: &Operation) -> Value {
        let (status, sent) = it.success;
        let content = self.sent(sent);
        let mut responses = Map::new();
        responses.insert(
            status.to_string(),
            json!({
                "description": Status(status).reason(),
                "content": content,
            }),
        );
        let error = self.sent(it.refusal);
        let retry_after = json!({
            "description": "Seconds after which the same request may succeed.",
            "schema": { "type": "integer", "minimum": 1 },
        });
        for status in it.refusals.iter().chain(it.who.refusals()) {
            let mut response = json!({ "description": Status(*status).reason(), "content": error });
            if matches!(status, 429 | 503) {
                response["headers"] = json!({ "Retry-After": retry_after });
            }
            responses.insert(status.to_string(), response);
        }
        responses.insert("default".into(), json!({ "description": "Refused.", "content": error }));
        let mut described = json!({
            "operationId": it.id,
            "summary": it.summary,
            "responses": responses,
            "security": it.who.security(),
        });
        if !it.parameters.is_empty() {
            let all = it.parameters.iter().map(|it| parameter(*it, self.chat));
            described["parameters"] = all.collect();
        }
        if let Some(body) = it.body {
            let schema = self.body(body);
            let kind = match body {
                RequestBody::File => "application/octet-stream",
                _ => "application/json",
            };
            let content = json!({ kind: { "schema": schema } });
            described["requestBody"] = json!({ "required": true, "content": content });
        }
        described
    }

    /// Returns the content of a response.
    fn sent(&mut self, body: ResponseBody) -> Value {
        let g = &mut self.sent;
        let schema = match body {
            ResponseBody::None => return json!({}),
            ResponseBody::Text => json!({ "type": "string" }),
            ResponseBody::Document => json!({ "type": "object" }),
            ResponseBody::Bytes => return json!({ "*/*": {} }),
            ResponseBody::Event(body) => json!(render::body(body, g)),
            ResponseBody::Token => json!(g.subschema_for::<TokenIssued<'_>>()),
            ResponseBody::Logins => json!(g.subschema_for::<ListedLogins<'_>>()),
            ResponseBody::Client => json!(g.subschema_for::<routes::ClientSeen<'_>>()),
            ResponseBody::Connections => json!(g.subschema_for::<ListedConnections>()),
            ResponseBody::Rooms => json!(g.subschema_for::<ListedRooms>()),
            ResponseBody::Bans => json!(g.subschema_for::<ListedBans<'_>>()),
            ResponseBody::Banned => json!(g.subschema_for::<Banned>()),
            ResponseBody::Unbanned => json!(g.subschema_for::<Unbanned<'_>>()),
            ResponseBody::Closed => json!(g.subschema_for::<ConnectionsClosed>()),
            ResponseBody::Notified => json!(g.subschema_for::<Notified>()),
            ResponseBody::Draining => json!(g.subschema_for::<Draining>()),
            ResponseBody::Health => json!(g.subschema_for::<Health>()),
            ResponseBody::LogLevel => json!(g.subschema_for::<LevelOfLog<'_>>()),
        };
        let kind =
            if matches!(body, ResponseBody::Text) { "text/plain" } else { "application/json" };
        json!({ kind: { "schema": schema } })
    }

    /// Returns the schema of a request's body.
    fn body(&mut self, body: RequestBody) -> Value {
        let characters_min = self.accounts.password_chars_min;
        match body {
            RequestBody::File => json!({}),
            RequestBody::Message => client_events::fields(PayloadForm::UNTYPED, self.chat),
            RequestBody::LogIn => self.with_password::<Credentials>(1),
            RequestBody::Registration => self.with_password::<Credentials>(characters_min),
            RequestBody::Account => self.with_password::<NewAccount>(characters_min),
            RequestBody::Password => self.with_password::<NewPassword>(characters_min),
            RequestBody::OwnPassword => self.with_password::<OwnPassword>(characters_min),
            RequestBody::Notice => {
                let mut schema = self.with_text::<NewNotice>("message");
                schema["properties"]["message"]["pattern"] = json!("\\S");
                schema
            }
            RequestBody::Ban => {
                let mut schema = self.with_text::<NewBan>("reason");
                schema["properties"]["who"]["pattern"] = json!("^(account|network):");
                schema
            }
            RequestBody::LogLevel => {
                let mut schema = json!(LevelOfLog::json_schema(&mut self.read));
                schema["properties"]["level"]["enum"] = json!(LogLevel::ALL.map(|it| it.text()));
                schema
            }
            RequestBody::NewHook => {
                let mut schema = json!(NewHook::json_schema(&mut self.read));
                schema["properties"]["kind"]["enum"] = json!(["incoming", "outgoing"]);
                schema["properties"]["name"]["minLength"] = json!(1);
                schema["properties"]["name"]["maxLength"] = json!(self.chat.name_bytes_max);
                schema
            }
            RequestBody::Incoming => json!(self.read.subschema_for::<Incoming>()),
        }
    }

    /// Returns the schema of a body with a text that others are shown, and its limit.
    fn with_text<T: JsonSchema>(&mut self, name: &str) -> Value {
        let mut schema = json!(T::json_schema(&mut self.read));
        schema["properties"][name]["maxLength"] = json!(self.chat.reason_chars_max);
        schema
    }

    /// Returns the schema of a body with a password, and perhaps a name, and their limits.
    fn with_password<T: JsonSchema>(&mut self, characters_min: usize) -> Value {
        let mut schema = json!(T::json_schema(&mut self.read));
        schema["properties"]["password"]["minLength"] = json!(characters_min);
        schema["properties"]["password"]["maxLength"] = json!(self.accounts.password_bytes_max);
        if schema["properties"].get("name").is_some() {
            schema["properties"]["name"]["minLength"] = json!(1);
            schema["properties"]["name"]["maxLength"] = json!(self.chat.name_bytes_max);
        }
        schema
    }
}

/// Returns the key of a method.
fn word(method: Method) -> &'static str {
    match method {
        Method::Get => "get",
        Method::Head => "head",
        Method::Post => "post",
        Method::Delete => "delete",
        Method::Options => "options",
        Method::Other => "trace",
    }
}

impl Who {
    fn security(self) -> Value {
        match self {
            Self::Anybody => json!([]),
            Self::Guests => json!([{}, { "bearer": [] }, { "cookie": [] }]),
            Self::Accounts | Self::Admins => json!([{ "bearer": [] }, { "cookie": [] }]),
        }
    }

    /// Returns the statuses by which it refuses others.
    fn refusals(self) -> &'static [u16] {
        match self {
            Self::Anybody => &[],
            Self::Guests | Self::Accounts | Self::Admins => &[401, 403],
        }
    }
}

fn parameter(it: Parameter, limits: &Limits) -> Value {
    let whole = |max: u64| json!({ "type": "integer", "minimum": 0, "maximum": max });
    let (name, place, schema, about) = match it {
        Parameter::Room => {
            let schema =
                json!({ "type": "string", "minLength": 1, "maxLength": limits.room_bytes_max });
            ("room", "path", schema, "The room.")
        }
        Parameter::User => {
            let schema =
                json!({ "type": "string", "minLength": 1, "maxLength": limits.name_bytes_max });
            ("name", "path", schema, "The name of the account.")
        }
        Parameter::Connection => {
            ("id", "path", json!({ "type": "string", "minLength": 1 }), "The connection.")
        }
        Parameter::Ban => (
            "who",
            "path",
            json!({ "type": "string", "minLength": 1 }),
            "The ban, as it is listed.",
        ),
        Parameter::From => ("from", "query", whole(u64::MAX), "0, or the `next` of another part."),
        Parameter::Hook => {
            let schema = json!({ "type": "string", "pattern": "^[0-9a-f]{32}$" });
            ("hook", "path", schema, "The id of the hook.")
        }
        Parameter::Login => {
            let schema = json!({ "type": "string", "pattern": "^[0-9a-f]{32}$" });
            ("login", "path", schema, "The id of the login.")
        }
        Parameter::Token => {
            let schema = json!({ "type": "string", "minLength": 1, "maxLength": 64 });
            ("token", "path", schema, "The token of the hook.")
        }
        Parameter::Before => ("before", "query", whole(u64::MAX), "Messages below this `seq`."),
        Parameter::After => ("after", "query", whole(u64::MAX), "Messages above this `seq`."),
        Parameter::Around => ("around", "query", whole(u64::MAX), "Messages around this `seq`."),
        Parameter::Limit => ("limit", "query", whole(u64::MAX), "How many messages at most."),
        Parameter::Minutes => ("minutes", "query", whole(u64::MAX), "How many minutes at most."),
        Parameter::FileName => {
            ("name", "query", json!({ "type": "string" }), "The name of the file.")
        }
        Parameter::File => {
            let schema = json!({ "type": "string", "pattern": "^[0-9a-f]{32}$" });
            ("file", "path", schema, "The id of the file.")
        }
        Parameter::NameInPath => {
            let schema = json!({ "type": "string", "minLength": 1 });
            ("name", "path", schema, "The name that a browser saves it under; any.")
        }
        Parameter::Range => {
            ("Range", "header", json!({ "type": "string" }), "One range of bytes (RFC 9110).")
        }
        Parameter::IfNoneMatch => {
            ("If-None-Match", "header", json!({ "type": "string" }), "The `ETag` that is known.")
        }
        Parameter::IdempotencyKey => {
            let schema = json!({
                "type": "string",
                "minLength": 1,
                "maxLength": limits.id_bytes_max,
            });
            ("Idempotency-Key", "header", schema, "The `id` of the message, to repeat it safely.")
        }
    };
    let required = place == "path";
    json!({ "name": name, "in": place, "required": required, "schema": schema, "description": about })
}
