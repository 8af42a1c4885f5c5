//! AsyncAPI 3.0: the WebSocket. As everywhere in AsyncAPI, `receive` and `send` are said of the
//! server. Its schemas are those of JSON Schema draft 7.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::{client_events, generator, info};
use crate::chat::{EventKind, Limits, PayloadForm};
use crate::server::render;

const ABOUT: &str = "One WebSocket message carries one JSON object. Both sides ignore fields they \
                     do not know.";

/// Returns the document.
pub(super) fn describe(limits: &Limits) -> Value {
    let mut generator = generator(SchemaSettings::draft07().for_serialize());
    let mut messages = Map::new();
    for kind in EventKind::ALL {
        let schema = client_events::event(kind, limits);
        let name = format!("client.{}", kind.word());
        messages.insert(name, message(kind.word(), kind.about(), &schema));
    }
    let untyped = client_events::fields(PayloadForm::UNTYPED, limits);
    let about = "Post a message in the current room: an object without `type`.";
    messages.insert("client.object".into(), message("object", about, &untyped));
    let about = "Post what is written, or run a command that begins with a slash.";
    let text = json!({ "type": "string", "pattern": "^(?!\\s*\\{)" });
    let mut line = message("text", about, &text);
    line["contentType"] = json!("text/plain");
    messages.insert("client.text".into(), line);
    for (word, about, schema) in render::events(&mut generator) {
        messages.insert(format!("server.{word}"), message(&word, about, &schema));
    }
    let in_channel = |side: &str| -> Vec<Value> {
        let names = messages.keys().filter(|name| name.starts_with(side));
        names.map(|name| json!({ "$ref": format!("#/channels/chat/messages/{name}") })).collect()
    };
    let channel_messages: Map<String, Value> = messages
        .keys()
        .map(|name| (name.clone(), json!({ "$ref": format!("#/components/messages/{name}") })))
        .collect();
    json!({
        "asyncapi": "3.0.0",
        "info": info("chinwag: the WebSocket", ABOUT),
        "defaultContentType": "application/json",
        "channels": { "chat": {
            "address": "/ws",
            "description": "A connection, with the sub-protocol `chat.v1`.",
            "messages": channel_messages,
            "bindings": { "ws": { "method": "GET", "query": query(limits), "bindingVersion": "0.1.0" } },
        } },
        "operations": {
            "fromClient": {
                "action": "receive",
                "channel": { "$ref": "#/channels/chat" },
                "summary": "What a client may send.",
                "messages": in_channel("client."),
            },
            "toClient": {
                "action": "send",
                "channel": { "$ref": "#/channels/chat" },
                "summary": "What the server sends.",
                "messages": in_channel("server."),
            },
        },
        "components": { "messages": messages, "schemas": generator.take_definitions(true) },
    })
}

fn message(name: &str, about: &str, schema: &Value) -> Value {
    json!({ "name": name, "summary": about, "payload": schema })
}

/// Returns the schema of the parameters in the query. One that cannot be read is ignored, and a
/// `notice` says so.
fn query(limits: &Limits) -> Value {
    json!({ "type": "object", "properties": {
        "name": {
            "type": "string",
            "maxLength": limits.name_bytes_max,
            "description": "The name of the user; `username` and `user` mean the same.",
        },
        "room": { "type": "string", "description": "A room to join; may be repeated." },
        "history": {
            "type": "integer",
            "minimum": 0,
            "maximum": limits.history_max,
            "default": limits.history_default,
            "description": "How many past messages to send.",
        },
        "after": {
            "type": "string",
            "pattern": ":[0-9]+$",
            "description": "`room:seq`, the last `seq` known of a room; may be repeated.",
        },
        "epoch": { "type": "string", "description": "The epoch that the numbers of `after` belong to." },
        "session": { "type": "string", "description": "The key of the session to resume." },
        "token": { "type": "string", "description": "The token of an account." },
        "memberships": {
            "type": "string",
            "enum": ["1", "0", "true", "false"],
            "description": "Whether to be in all rooms that the account is a member of.",
        },
        "echo": { "type": "string", "enum": ["1", "0", "true", "false"] },
        "mode": { "type": "string", "enum": ["json", "text", "simple"] },
    } })
}
