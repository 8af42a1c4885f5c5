//! Payloads about the hooks of a room, which the HTTP API sends.

use schemars::JsonSchema;
use serde::Serialize;

use crate::chat::{self, HookKind};

/// A hook.
#[derive(JsonSchema, Serialize)]
pub(in crate::server::render) struct Hook<'a> {
    id: String,
    kind: &'static str,
    name: &'a str,
    by: &'a str,
    since: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    disabled: bool,
    /// What an incoming hook is posted to by, told once.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
    /// What an outgoing hook signs by, told once.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'a str>,
}

impl<'a> Hook<'a> {
    /// Returns a hook, with its key if it was just added.
    pub(super) fn new(it: &'a chat::Hook, key: Option<&'a str>) -> Self {
        let (kind, token, secret) = match it.kind {
            HookKind::Incoming => ("incoming", key, None),
            HookKind::Outgoing => ("outgoing", None, key),
        };
        let (name, by, url) = (&it.name, &it.by, it.url.as_deref());
        let (id, since, disabled) = (it.id.to_hex(), it.since, it.disabled);
        Self { id, kind, name, by, since, url, disabled, token, secret }
    }
}

/// The hooks of a room.
#[derive(JsonSchema, Serialize)]
pub(in crate::server::render) struct Hooks<'a> {
    hooks: Vec<Hook<'a>>,
}

impl<'a> From<&'a [chat::Hook]> for Hooks<'a> {
    fn from(all: &'a [chat::Hook]) -> Self {
        Self { hooks: all.iter().map(|hook| Hook::new(hook, None)).collect() }
    }
}
