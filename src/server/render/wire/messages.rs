//! Payloads about messages and the other entries of a room's history.

use std::num::NonZeroU32;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use super::{Map, words};
use crate::chat;
use crate::chat::record::{self, DeletionReason, Moderation, ModerationAction, StoredMessage};

/// The payload of `message`.
#[derive(JsonSchema, Serialize)]
pub(in crate::server::render) struct Message<'a> {
    pub(super) mid: u64,
    pub(super) sender: &'a str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) account: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hook: Option<&'a str>,
    pub(super) content: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reply_to: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) expires: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) files: Vec<File<'a>>,
}

/// A file of a message, and the answer to an upload.
#[derive(JsonSchema, Serialize)]
pub(in crate::server::render) struct File<'a> {
    file: String,
    name: &'a str,
    #[serde(rename = "type")]
    media_type: &'a str,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    width: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<u32>,
}

impl<'a> From<&'a record::File> for File<'a> {
    fn from(it: &'a record::File) -> Self {
        Self {
            file: it.id.to_hex(),
            name: &it.name,
            media_type: &it.media_type,
            bytes: it.bytes,
            width: it.size.map(|(width, _)| width),
            height: it.size.map(|(_, height)| height),
        }
    }
}

/// The payload of `message_edited`.
#[derive(JsonSchema, Serialize)]
pub(in crate::server::render) struct Edited<'a> {
    pub(super) mid: u64,
    pub(super) sender: &'a str,
    pub(super) content: &'a str,
}

/// The payload of `message_deleted`.
#[derive(JsonSchema, Serialize)]
pub(in crate::server::render) struct Deleted<'a> {
    mid: u64,
    by: &'a str,
    why: &'static str,
}

impl<'a> Deleted<'a> {
    pub(super) fn new(mid: u64, by: &'a str, why: DeletionReason) -> Self {
        Self { mid, by, why: deletion(why) }
    }
}

/// The payload of `reaction`.
#[derive(JsonSchema, Serialize)]
pub(in crate::server::render) struct Reaction<'a> {
    pub(super) mid: u64,
    pub(super) emoji: &'a str,
    pub(super) user: &'a str,
    pub(super) on: bool,
    pub(super) count: u32,
}

/// The payload of `message_pinned`.
#[derive(JsonSchema, Serialize)]
pub(in crate::server::render) struct Pinned<'a> {
    pub(super) mid: u64,
    pub(super) by: &'a str,
    pub(super) on: bool,
}

/// The payload of `topic`.
#[derive(JsonSchema, Serialize)]
pub(in crate::server::render) struct Topic<'a> {
    pub(super) topic: &'a str,
    pub(super) by: &'a str,
}

/// The payload of `moderated`.
#[derive(JsonSchema, Serialize)]
pub(in crate::server::render) struct Moderated<'a> {
    #[schemars(schema_with = "words::actions")]
    action: ModerationAction,
    by: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

impl<'a> Moderated<'a> {
    pub(super) fn new(by: &'a str, moderation: &'a Moderation) -> Self {
        let Moderation { action, user, seconds, reason } = moderation;
        let (user, reason) = (user.as_deref(), reason.as_deref());
        Self { action: *action, by, user, seconds: *seconds, reason }
    }
}

/// The payload of `gap`.
#[derive(JsonSchema, Serialize)]
pub(in crate::server::render) struct Gap {
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) why: &'static str,
}

/// The payload of `history`.
#[derive(JsonSchema, Serialize)]
pub(in crate::server::render) struct History<'a> {
    epoch: &'a str,
    messages: Vec<Stored<'a>>,
    first: u64,
    last: u64,
    top: u64,
    more: bool,
    lost: Vec<Range>,
    #[serde(skip_serializing_if = "<[u64]>::is_empty")]
    pins: &'a [u64],
}

impl<'a> From<&'a chat::History> for History<'a> {
    fn from(it: &'a chat::History) -> Self {
        Self {
            epoch: &it.epoch,
            messages: it.messages.iter().map(Stored::from).collect(),
            first: it.messages.first().map_or(0, |message| message.mid),
            last: it.messages.last().map_or(0, |message| message.mid),
            top: it.top,
            more: it.more,
            lost: it.lost.iter().map(|&(from, to)| Range { from, to }).collect(),
            pins: &it.pins,
        }
    }
}

/// The payload of `pins`.
#[derive(JsonSchema, Serialize)]
pub(in crate::server::render) struct Pins<'a> {
    messages: Vec<Stored<'a>>,
    more: bool,
}

impl<'a> From<&'a chat::Pins> for Pins<'a> {
    fn from(it: &'a chat::Pins) -> Self {
        Self { messages: it.messages.iter().map(Stored::from).collect(), more: it.more }
    }
}

/// The payload of `replies`.
#[derive(JsonSchema, Serialize)]
pub(in crate::server::render) struct Replies<'a> {
    mid: u64,
    messages: Vec<Stored<'a>>,
    more: bool,
}

impl<'a> From<&'a chat::Replies> for Replies<'a> {
    fn from(it: &'a chat::Replies) -> Self {
        let messages = it.messages.iter().map(Stored::from).collect();
        Self { mid: it.mid, messages, more: it.more }
    }
}

/// The payload of `search_results`.
#[derive(JsonSchema, Serialize)]
pub(in crate::server::render) struct SearchResults<'a> {
    messages: Vec<Hit<'a>>,
    more: bool,
}

#[derive(JsonSchema, Serialize)]
struct Hit<'a> {
    room: &'a str,
    #[serde(flatten)]
    message: Stored<'a>,
}

impl<'a> From<&'a chat::SearchResults> for SearchResults<'a> {
    fn from(it: &'a chat::SearchResults) -> Self {
        let hit = |hit: &'a chat::Hit| Hit { room: &hit.room, message: (&hit.said).into() };
        Self { messages: it.hits.iter().map(hit).collect(), more: it.more }
    }
}

/// A message as it reads now, in `history` and `search_results`.
#[derive(JsonSchema, Serialize)]
struct Stored<'a> {
    mid: u64,
    seq: u64,
    ts: u64,
    sender: &'a str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    account: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    hook: Option<&'a str>,
    content: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    files: Vec<File<'a>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    edited: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reactions: Vec<Reactions<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replies: Option<NonZeroU32>,
}

/// The users who gave a message one of its reactions.
#[derive(JsonSchema, Serialize)]
struct Reactions<'a> {
    emoji: &'a str,
    users: &'a [Arc<str>],
}

impl<'a> From<&'a StoredMessage> for Stored<'a> {
    fn from(it: &'a StoredMessage) -> Self {
        let reactions = it.reactions.iter().map(|(emoji, users)| Reactions { emoji, users });
        Self {
            mid: it.mid,
            seq: it.seq,
            ts: it.ts,
            sender: &it.sender,
            account: it.account,
            hook: chat::hook_of(&it.sender),
            content: &it.content,
            reply_to: it.reply_to,
            expires: it.expires,
            files: it.files.iter().map(File::from).collect(),
            edited: it.edited,
            deleted: it.deleted.map(deletion),
            reactions: reactions.collect(),
            replies: NonZeroU32::new(it.replies),
        }
    }
}

#[derive(JsonSchema, Serialize)]
struct Range {
    from: u64,
    to: u64,
}

/// The payload of `resumed`.
#[derive(JsonSchema, Serialize)]
pub(in crate::server::render) struct Resumed<'a> {
    you: &'a str,
    epoch: &'a str,
    rooms: Map<'a, Missed>,
}

#[derive(JsonSchema, Serialize)]
struct Missed {
    from: u64,
    to: u64,
    complete: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    lost: Option<Gap>,
}

impl<'a> From<&'a chat::Resumed> for Resumed<'a> {
    fn from(it: &'a chat::Resumed) -> Self {
        let missed = |missed: &'a chat::Missed| {
            let lost = missed.lost.map(|(from, to, why)| Gap { from, to, why });
            let (from, to, complete) = (missed.from, missed.to, lost.is_none());
            (&*missed.room, Missed { from, to, complete, lost })
        };
        Self { you: &it.you, epoch: &it.epoch, rooms: Map(it.rooms.iter().map(missed).collect()) }
    }
}

/// Returns the word for why a message was deleted.
const fn deletion(why: DeletionReason) -> &'static str {
    match why {
        DeletionReason::Author => "author",
        DeletionReason::Moderator => "moderator",
        DeletionReason::Expired => "expired",
    }
}
