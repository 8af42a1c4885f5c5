//! Payloads that answer one client, and the account payloads of the HTTP API.

use std::num::{NonZeroU8, NonZeroU64};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use super::{Map, words};
use crate::chat::{self, ServerEvent};

/// The payload of `ack` for an entry in a room's history.
#[derive(JsonSchema, Serialize)]
pub(in crate::server::render) struct Ack {
    #[serde(skip_serializing_if = "Option::is_none")]
    mid: Option<NonZeroU64>,
    durable: &'static str,
    duplicate: bool,
}

impl Ack {
    pub(super) fn new(mid: u64, durable: &'static str, duplicate: bool) -> Self {
        Self { mid: NonZeroU64::new(mid), durable, duplicate }
    }
}

/// An `ack` as the body of an HTTP response, with what the envelope would say.
#[derive(JsonSchema, Serialize)]
pub(in crate::server::render) struct Receipt<'a> {
    room: &'a str,
    seq: u64,
    mid: u64,
    ts: u64,
    durable: &'static str,
    duplicate: bool,
}

impl<'a> Receipt<'a> {
    /// Returns the receipt if the event is an `ack`.
    pub(in crate::server::render) fn of(event: &'a ServerEvent) -> Option<Self> {
        let ServerEvent::Ack { room, seq, ts, mid, durable, duplicate, .. } = event else {
            return None;
        };
        let (seq, mid, ts, duplicate) = (*seq, *mid, *ts, *duplicate);
        Some(Self { room, seq, mid, ts, durable, duplicate })
    }
}

/// The payload of `ack` for a change of the client's name.
#[derive(JsonSchema, Serialize)]
pub(in crate::server::render) struct NameSet<'a> {
    pub(super) you: &'a str,
}

/// The payload of `ack` for a change of the client's status.
#[derive(JsonSchema, Serialize)]
pub(in crate::server::render) struct StatusSet<'a> {
    status: &'static str,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    hue: Option<NonZeroU8>,
}

impl<'a> From<&'a chat::Status> for StatusSet<'a> {
    fn from(it: &'a chat::Status) -> Self {
        Self { status: it.word(), text: &it.text, hue: it.hue }
    }
}

/// The payload of `ack` for the removal of a room.
#[derive(JsonSchema, Serialize)]
pub(in crate::server::render) struct RoomRemoved {
    pub(super) action: &'static str,
}

/// The payload of `notice`.
#[derive(JsonSchema, Serialize)]
pub(in crate::server::render) struct Notice<'a> {
    pub(super) code: &'static str,
    pub(super) message: &'a str,
}

/// The payload of `pong`.
#[derive(JsonSchema, Serialize)]
pub(in crate::server::render) struct Pong<'a> {
    rooms: Map<'a, u64>,
}

impl<'a> From<&'a [(Arc<str>, u64)]> for Pong<'a> {
    fn from(rooms: &'a [(Arc<str>, u64)]) -> Self {
        Self { rooms: Map(rooms.iter().map(|(room, top)| (&**room, *top)).collect()) }
    }
}

/// The payload of `error`.
#[derive(JsonSchema, Serialize)]
pub(in crate::server::render) struct Error<'a> {
    #[schemars(schema_with = "words::codes")]
    code: &'static str,
    message: &'a str,
    retryable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
}

impl<'a> From<&'a chat::Refusal> for Error<'a> {
    fn from(it: &'a chat::Refusal) -> Self {
        Self {
            code: it.code.word(),
            message: &it.message,
            retryable: it.code.retryable(),
            retry_after_ms: it.retry_after_ms,
            text: it.text.as_deref(),
        }
    }
}

/// The payload of `bye`.
#[derive(JsonSchema, Serialize)]
pub(in crate::server::render) struct Bye {
    code: u16,
    reason: &'static str,
    reconnect: bool,
    after_ms: u64,
}

impl Bye {
    pub(super) fn new(code: u16, reason: &'static str, after_ms: u64) -> Self {
        Self { code, reason, reconnect: true, after_ms }
    }
}

/// The public data of an account; of its password only whether there is one.
#[derive(JsonSchema, Serialize)]
pub(in crate::server::render) struct Account<'a> {
    name: &'a str,
    admin: bool,
    password: bool,
}

impl<'a> From<&'a chat::Account> for Account<'a> {
    fn from(it: &'a chat::Account) -> Self {
        Self { name: &it.name, admin: it.admin, password: it.hash.is_some() }
    }
}

/// A list of accounts.
#[derive(JsonSchema, Serialize)]
pub(in crate::server::render) struct Accounts<'a> {
    accounts: Vec<Account<'a>>,
}

impl<'a> From<&'a [chat::Account]> for Accounts<'a> {
    fn from(all: &'a [chat::Account]) -> Self {
        Self { accounts: all.iter().map(Account::from).collect() }
    }
}
