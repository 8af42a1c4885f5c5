//! Payloads about the users in a room.

use std::num::NonZeroU8;

use schemars::JsonSchema;
use serde::Serialize;

use crate::chat;

/// A user in a list.
#[derive(JsonSchema, Serialize)]
pub(in crate::server::render) struct User<'a> {
    name: &'a str,
    status: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    text: &'a str,
    conns: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    account: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    hue: Option<NonZeroU8>,
}

impl<'a> From<&'a chat::User> for User<'a> {
    fn from(it: &'a chat::User) -> Self {
        Self {
            name: &it.name,
            status: it.status.word(),
            text: &it.status.text,
            conns: it.conns,
            role: it.role,
            account: it.account,
            hue: it.status.hue,
        }
    }
}

/// The payload of `user_list`.
#[derive(JsonSchema, Serialize)]
pub(in crate::server::render) struct UserList<'a> {
    count: usize,
    users: Vec<User<'a>>,
}

impl<'a> UserList<'a> {
    pub(super) fn new(count: usize, users: &'a [chat::User]) -> Self {
        Self { count, users: users.iter().map(User::from).collect() }
    }
}

/// The payload of `user_joined`.
#[derive(JsonSchema, Serialize)]
pub(in crate::server::render) struct UserJoined<'a> {
    pub(super) user: &'a str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) account: bool,
    pub(super) count: usize,
}

/// The payload of `user_left`.
#[derive(JsonSchema, Serialize)]
pub(in crate::server::render) struct UserLeft<'a> {
    pub(super) user: &'a str,
    pub(super) count: usize,
    pub(super) why: &'static str,
}

/// The payload of `presence` when a user has changed its name.
#[derive(JsonSchema, Serialize)]
pub(in crate::server::render) struct Renamed<'a> {
    pub(super) user: &'a str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) account: bool,
    pub(super) count: usize,
    pub(super) was: &'a str,
}

/// The payload of `presence` when a user has changed its status.
#[derive(JsonSchema, Serialize)]
pub(in crate::server::render) struct UserStatus<'a> {
    user: &'a str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    account: bool,
    count: usize,
    status: &'static str,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    hue: Option<NonZeroU8>,
}

impl<'a> UserStatus<'a> {
    pub(super) fn new(
        user: &'a str,
        account: bool,
        count: usize,
        status: &'a chat::Status,
    ) -> Self {
        let (word, text, hue) = (status.word(), &*status.text, status.hue);
        Self { user, account, count, status: word, text, hue }
    }
}

/// The payload of `typing`.
#[derive(JsonSchema, Serialize)]
pub(in crate::server::render) struct Typing<'a> {
    user: &'a str,
    on: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl_ms: Option<u64>,
}

impl<'a> Typing<'a> {
    pub(super) fn new(user: &'a str, ttl_ms: Option<u64>) -> Self {
        Self { user, on: ttl_ms.is_some(), ttl_ms }
    }
}
