//! Machine-readable descriptions of the protocol: AsyncAPI 3 for the WebSocket, OpenAPI 3.1 for
//! HTTP. Made once, when the server starts, of the types and tables that parse and render.
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
mod operations;

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
    asyncapi: Document,
    openapi: Document,
}

impl Documents {
    /// Describes a server with these limits.
    pub(super) fn new(chat: &Limits, accounts: &auth::Limits) -> Self {
        let document = |name, content: Value| Document::new(name, content.to_string().into_bytes());
        Self {
            asyncapi: document("asyncapi.json", asyncapi::describe(chat)),
            openapi: document("openapi.json", openapi::describe(chat, accounts)),
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
