//! Schemas of what clients send, made of the table of [`EventKind`].

use serde_json::{Map, Value, json};

use crate::chat::record::ModerationAction;
use crate::chat::{EventKind, Field, Limits, Need, Notify, PayloadForm, ValueForm};

/// Returns the schema of an event.
pub(super) fn event(kind: EventKind, limits: &Limits) -> Value {
    let form = kind.payload();
    let needs_payload = form.fields.iter().any(|field| field.need == Need::Required);
    let mut required = vec!["type"];
    if needs_payload {
        required.push("payload");
    }
    let mut schema = json!({
        "type": "object",
        "required": required,
        "properties": {
            "type": { "const": kind.word() },
            "id": {
                "type": ["string", "null"],
                "minLength": 1,
                "maxLength": limits.id_bytes_max,
                "description": "The answer repeats it as `re`.",
            },
            "room": {
                "type": ["string", "null"],
                "maxLength": limits.written_name_bytes_max(),
                "description": "The current room if absent.",
            },
            "payload": payload(form, limits),
        },
    });
    let here_or_there = form.fields.iter().find(|field| field.need == Need::HereOrInEnvelope);
    if let Some(field) = here_or_there {
        let name = field.name();
        let named = json!({ "properties": { name: { "type": "string" } }, "required": [name] });
        let in_payload =
            json!({ "anyOf": [{ "type": "string" }, { "allOf": [{ "type": "object" }, named] }] });
        schema["anyOf"] = json!([
            named,
            { "properties": { "payload": in_payload }, "required": ["payload"] },
        ]);
    }
    schema
}

/// Returns the schema of a payload: an object, or the value that stands for it.
fn payload(form: PayloadForm, limits: &Limits) -> Value {
    let mut object = fields(form, limits);
    let needs = form.fields.iter().any(|field| field.need == Need::Required);
    if !needs {
        object["type"] = json!(["object", "null"]);
    }
    let bare = form.fields.iter().find(|field| Some(field.name()) == form.bare);
    match bare {
        Some(field) => json!({ "anyOf": [value(field.value, limits), object] }),
        None => object,
    }
}

/// Returns the schema of an object with these fields. Others are ignored.
pub(super) fn fields(form: PayloadForm, limits: &Limits) -> Value {
    let files = form.fields.iter().find(|field| field.value == ValueForm::Files);
    let property = |field: &Field| {
        let mut schema = match field.need {
            // Read only where the field that it stands for is absent.
            Need::InsteadOf(_) => json!({}),
            _ => value(field.value, limits),
        };
        if files.is_some() && field.value == ValueForm::Content {
            schema = or_blank(schema);
        }
        if (field.need != Need::Required || form.stand_ins(field).next().is_some())
            && let Some(Value::String(one)) = schema.get("type").cloned()
        {
            schema["type"] = json!([one, "null"]);
        }
        schema["description"] = json!(field.about);
        (field.name().to_owned(), schema)
    };
    let properties: Map<String, Value> = form.fields.iter().map(property).collect();
    let mut schema = json!({ "type": "object", "properties": properties });
    let mut required = Vec::new();
    for field in form.fields.iter().filter(|field| field.need == Need::Required) {
        let names: Vec<&str> =
            [field.name()].into_iter().chain(form.stand_ins(field).map(Field::name)).collect();
        if names.len() == 1 {
            required.push(field.name());
            continue;
        }
        let nothing = json!({ "type": "null" });
        let own = value(field.value, limits);
        let any = names.iter().enumerate().flat_map(|(at, name)| {
            let before = names.iter().take(at).map(|name| ((*name).to_owned(), nothing.clone()));
            let mut properties: Map<String, Value> = before.collect();
            properties.insert((*name).to_owned(), own.clone());
            let alone = json!({ "properties": properties, "required": [name] });
            let with_files = files.map(|files| {
                properties.insert((*name).to_owned(), or_blank(own.clone()));
                properties.insert(files.name().into(), json!({ "type": "array", "minItems": 1 }));
                json!({ "properties": properties, "required": [name, files.name()] })
            });
            [Some(alone), with_files].into_iter().flatten()
        });
        schema["anyOf"] = any.collect();
    }
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    if !form.exclusive.is_empty() {
        let pairs = form.exclusive.iter().enumerate().flat_map(|(at, one)| {
            form.exclusive.iter().skip(at.saturating_add(1)).map(move |other| [one, other])
        });
        let pairs: Vec<Value> = pairs.map(|pair| json!({ "required": pair })).collect();
        schema["not"] = json!({ "anyOf": pairs });
    }
    schema
}

/// Returns the schema of a text that may be blank, too.
fn or_blank(mut text: Value) -> Value {
    if let Some(schema) = text.as_object_mut() {
        schema.remove("pattern");
    }
    text
}

/// Returns the schema of a value.
fn value(form: ValueForm, limits: &Limits) -> Value {
    let text = |max: usize| json!({ "type": "string", "maxLength": max });
    match form {
        ValueForm::Any => json!({}),
        ValueForm::Text => json!({ "type": "string" }),
        ValueForm::Content => {
            json!({ "type": "string", "maxLength": limits.content_chars_max, "pattern": "\\S" })
        }
        ValueForm::Topic => text(limits.topic_chars_max),
        ValueForm::StatusText => text(limits.status_chars_max),
        ValueForm::Query => text(limits.search_chars_max),
        ValueForm::Zone => json!({ "type": "string", "pattern": "^[+-][0-9]{2}:[0-9]{2}$" }),
        ValueForm::Hue => json!({ "type": "integer", "minimum": 1, "maximum": 12 }),
        ValueForm::Emoji => text(limits.emoji_bytes_max),
        ValueForm::Reason => text(limits.reason_chars_max),
        ValueForm::UserName | ValueForm::RoomName => text(limits.written_name_bytes_max()),
        ValueForm::Status => json!({ "type": "string", "enum": ["online", "away"] }),
        ValueForm::Notify => {
            json!({ "type": "string", "enum": Notify::ALL.map(|(_, word)| word) })
        }
        ValueForm::Action => {
            let words: Vec<&str> = ModerationAction::requestable().map(|(_, word)| word).collect();
            json!({ "type": "string", "enum": words })
        }
        ValueForm::Number => json!({ "type": "integer", "minimum": 0 }),
        ValueForm::Mid => json!({ "type": "integer", "minimum": 1 }),
        ValueForm::Ttl => json!({
            "type": "integer",
            "minimum": limits.ttl_min.as_secs(),
            "maximum": limits.ttl_max.as_secs(),
        }),
        ValueForm::Switch => json!({ "type": "boolean" }),
        ValueForm::Files => json!({
            "type": "array",
            "maxItems": limits.files_per_message_max,
            "items": { "type": "string", "pattern": "^[0-9a-f]{32}$" },
        }),
        ValueForm::Positions => json!({
            "type": "object",
            "maxProperties": limits.rooms_per_client_max,
            "additionalProperties": { "type": "integer", "minimum": 0 },
        }),
    }
}
