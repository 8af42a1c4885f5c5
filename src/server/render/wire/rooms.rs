//! Payloads about rooms and the client's memberships.

use schemars::JsonSchema;
use serde::Serialize;

use super::Map;
use super::memberships::{NamedInvitation, NamedMembership};
use super::users::User;
use crate::chat;

/// The payload of `welcome`.
#[derive(JsonSchema, Serialize)]
pub(in crate::server::render) struct Welcome<'a> {
    v: u8,
    you: &'a str,
    renamed: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    account: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<&'a str>,
    epoch: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    current: Option<&'a str>,
    rooms: Map<'a, Room<'a>>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    direct: Map<'a, Direct<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    memberships: Option<Vec<NamedMembership<'a>>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    invitations: Vec<NamedInvitation<'a>>,
    ping_ms: u64,
    limits: Limits,
    server: &'static str,
}

/// A direct conversation.
#[derive(JsonSchema, Serialize)]
struct Direct<'a> {
    with: &'a str,
    seq: u64,
    #[serde(flatten)]
    read: Option<ReadUpTo>,
}

#[derive(JsonSchema, Serialize)]
struct Limits {
    content: usize,
    frame: usize,
    burst: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    per_s: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<u64>,
}

impl<'a> From<&'a chat::Welcome> for Welcome<'a> {
    fn from(it: &'a chat::Welcome) -> Self {
        let direct = |line: &'a chat::DirectSummary| {
            let read = line.read.map(Into::into);
            (&*line.room, Direct { with: &line.with, seq: line.seq, read })
        };
        Self {
            v: 1,
            you: &it.you,
            renamed: it.renamed,
            account: it.account,
            role: (it.account && it.admin).then_some("admin"),
            session: (!it.account).then_some(&*it.session),
            epoch: &it.epoch,
            current: it.current.as_deref(),
            rooms: Map(it.rooms.iter().map(|line| (&*line.room, line.into())).collect()),
            direct: Map(it.directs.iter().map(direct).collect()),
            memberships: it.memberships.as_ref().map(|all| all.iter().map(Into::into).collect()),
            invitations: it.invitations.iter().map(Into::into).collect(),
            ping_ms: it.ping_ms,
            limits: Limits {
                content: it.content_max,
                frame: it.frame_max,
                burst: it.burst,
                per_s: it.per_s,
                file: it.file_max,
            },
            server: concat!("chinwag/", env!("CARGO_PKG_VERSION")),
        }
    }
}

/// The payload of `room_list`.
#[derive(JsonSchema, Serialize)]
pub(in crate::server::render) struct RoomList<'a> {
    rooms: Vec<NamedRoom<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<&'a str>,
}

#[derive(JsonSchema, Serialize)]
struct NamedRoom<'a> {
    room: &'a str,
    #[serde(flatten)]
    summary: Room<'a>,
}

impl<'a> RoomList<'a> {
    pub(super) fn new(rooms: &'a [chat::RoomSummary], next: Option<&'a str>) -> Self {
        let named =
            |line: &'a chat::RoomSummary| NamedRoom { room: &line.room, summary: line.into() };
        Self { rooms: rooms.iter().map(named).collect(), next }
    }
}

/// A room in a list.
#[derive(JsonSchema, Serialize)]
struct Room<'a> {
    seq: u64,
    users: usize,
    topic: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<u64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    private: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    locked: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    slow: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    #[serde(flatten)]
    read: Option<ReadUpTo>,
}

impl<'a> From<&'a chat::RoomSummary> for Room<'a> {
    fn from(it: &'a chat::RoomSummary) -> Self {
        Self {
            seq: it.seq,
            users: it.users,
            topic: &it.topic,
            last: it.last,
            private: it.private,
            locked: it.locked,
            slow: Some(it.slow).filter(|seconds| *seconds > 0),
            role: it.role,
            read: it.read.map(Into::into),
        }
    }
}

/// How far an account has read.
#[derive(JsonSchema, Serialize)]
struct ReadUpTo {
    read: u64,
    unread: u64,
}

impl From<chat::ReadState> for ReadUpTo {
    fn from(chat::ReadState { read, unread }: chat::ReadState) -> Self {
        Self { read, unread }
    }
}

/// The payload of `joined`.
#[derive(JsonSchema, Serialize)]
pub(in crate::server::render) struct Joined<'a> {
    seq: u64,
    topic: &'a str,
    count: usize,
    users: Vec<User<'a>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    private: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    locked: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    slow: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
}

impl<'a> From<&'a chat::Joined> for Joined<'a> {
    fn from(it: &'a chat::Joined) -> Self {
        Self {
            seq: it.seq,
            topic: &it.topic,
            count: it.count,
            users: it.users.iter().map(User::from).collect(),
            private: it.private,
            locked: it.locked,
            slow: Some(it.slow).filter(|seconds| *seconds > 0),
            role: it.role,
        }
    }
}

/// The payload of `left` if the client was removed from the room.
#[derive(JsonSchema, Serialize)]
pub(in crate::server::render) struct Left<'a> {
    why: &'static str,
    by: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

impl<'a> From<&'a chat::Removed> for Left<'a> {
    fn from(it: &'a chat::Removed) -> Self {
        Self { why: it.why, by: &it.by, reason: it.reason.as_deref() }
    }
}

/// The payload of `read`.
#[derive(JsonSchema, Serialize)]
pub(in crate::server::render) struct Read {
    pub(super) seq: u64,
    pub(super) unread: u64,
}

/// The payload of `live`.
#[derive(JsonSchema, Serialize)]
pub(in crate::server::render) struct Live {
    pub(super) seq: u64,
}

/// The payload of `presence` without a name: only the number of users is known.
#[derive(JsonSchema, Serialize)]
pub(in crate::server::render) struct Presence {
    pub(super) count: usize,
}
