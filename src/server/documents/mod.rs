//! Machine-readable descriptions of the protocol: AsyncAPI 3 for the WebSocket, OpenAPI 3.1 for
//! HTTP. Made anew only when limits change, of the types and tables that parse and render.
#![cfg_attr(
    not(test),
    expect(
        clippy::indexing_slicing,
        reason = "objects made here grow by indexing, which cannot panic"
    )
)]

mod asyncapi;
mod client_events;
mod openapi;

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Value, json};

use crate::assets::Document;
use crate::auth;
use crate::chat::Limits;
use crate::http::{Request, Response};

/// The descriptions that a server serves.
#[derive(Debug)]
pub(super) struct Documents {
    limits: (Limits, auth::Limits),
    asyncapi: Document,
    openapi: Document,
}

impl Documents {
    /// Describes a server with these limits.
    pub(super) fn new(chat: &Limits, accounts: &auth::Limits) -> Self {
        let document = |name, content: Value| Document::new(name, content.to_string().into_bytes());
        Self {
            limits: (chat.clone(), accounts.clone()),
            asyncapi: document("asyncapi.json", asyncapi::describe(chat)),
            openapi: document("openapi.json", openapi::describe(chat, accounts)),
        }
    }

    /// Describes the server with other limits; the same ones cost nothing.
    pub(super) fn set_limits(&mut self, chat: &Limits, accounts: &auth::Limits) {
        if (&self.limits.0, &self.limits.1) != (chat, accounts) {
            *self = Self::new(chat, accounts);
        }
    }

    /// Answers a request for one of them; `None` for any other path.
    pub(super) fn respond(&self, request: &Request) -> Option<Response> {
        match request.path.as_str() {
            "/asyncapi.json" => Some(self.asyncapi.respond(request)),
            "/openapi.json" => Some(self.openapi.respond(request)),
            _ => None,
        }
    }
}

/// Returns the `info` of a document.
fn info(title: &str, description: &str) -> Value {
    json!({
        "title": title,
        "version": env!("CARGO_PKG_VERSION"),
        "description": description,
        "license": { "name": "MIT", "url": "https://spdx.org/licenses/MIT.html" },
    })
}

/// Returns a generator of schemas whose named ones stand under `components`.
fn generator(settings: SchemaSettings) -> SchemaGenerator {
    let mut settings = settings.with_transform(RecursiveTransform(without_null));
    settings.definitions_path = "/components/schemas".into();
    settings.meta_schema = None;
    settings.into_generator()
}

/// Removes `null` from a schema: what is absent is left out, never sent as `null`.
fn without_null(schema: &mut Schema) {
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|it| it != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            schema.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(any)) = schema.get_mut("anyOf") {
        any.retain(|it| it.get("type").is_none_or(|it| it != "null"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lists the references in a document that lead nowhere.
    fn dangling(document: &Value) -> Vec<String> {
        fn visit<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
            match value {
                Value::Object(all) => {
                    found.extend(all.get("$ref").and_then(Value::as_str));
                    all.values().for_each(|value| visit(value, found));
                }
                Value::Array(all) => all.iter().for_each(|value| visit(value, found)),
                _ => {}
            }
        }
        let mut references = Vec::new();
        visit(document, &mut references);
        assert!(references.len() > 20);
        let leads = |it: &&&str| document.pointer(it.trim_start_matches('#')).is_some();
        references.iter().filter(|it| !leads(it)).map(|it| (*it).to_owned()).collect()
    }

    #[test]
    fn every_reference_leads_to_a_schema_or_a_message() {
        let (chat, accounts) = (Limits::default(), auth::Limits::default());
        assert_eq!(dangling(&asyncapi::describe(&chat)), [""; 0]);
        assert_eq!(dangling(&openapi::describe(&chat, &accounts)), [""; 0]);
    }

    #[test]
    fn the_limits_of_the_server_are_those_of_its_schemas() {
        let chat = Limits { content_chars_max: 123, id_bytes_max: 17, ..Limits::default() };
        let document = asyncapi::describe(&chat);
        let properties = "/components/messages/client.edit_message/payload/properties";
        let at = |rest: &str| document.pointer(&format!("{properties}{rest}")).cloned();
        assert_eq!(at("/payload/properties/content/maxLength"), Some(json!(123)));
        assert_eq!(at("/id/maxLength"), Some(json!(17)));
        let accounts = auth::Limits { password_chars_min: 5, ..auth::Limits::default() };
        let document = openapi::describe(&chat, &accounts);
        let schema = "/paths/~1api~1register/post/requestBody/content/application~1json/schema";
        let length = document.pointer(&format!("{schema}/properties/password/minLength"));
        assert_eq!(length, Some(&json!(5)));
    }
}
