//! Entries of a record: the changes of a room, and the messages that come of them.

use std::sync::Arc;

use super::file::Files;
use super::moderation::Moderation;
use super::{AuthorKey, KeyValue, RequestId, RoomKey};

/// A change of a room's record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A message was posted.
    Message {
        /// The text.
        content: Arc<str>,
        /// The `mid` it answers.
        reply_to: Option<u64>,
        /// Unix milliseconds at which it disappears.
        expires: Option<u64>,
        /// Its files.
        files: Files,
    },
    /// A message was edited.
    Edited {
        /// The message.
        mid: u64,
        /// Its new text.
        content: Arc<str>,
    },
    /// A message was deleted.
    Deleted {
        /// The message.
        mid: u64,
        /// Why; the journal fills in whether its author or another deleted it.
        why: DeletionReason,
    },
    /// A reaction was added to a message, or removed.
    Reaction {
        /// The message.
        mid: u64,
        /// The reaction.
        emoji: Arc<str>,
        /// Whether it was added; false removes it.
        on: bool,
        /// Number of people with this reaction; filled in by the journal.
        count: u32,
    },
    /// A message was pinned, or is pinned no more.
    Pinned {
        /// The message.
        mid: u64,
        /// Whether it was pinned.
        on: bool,
    },
    /// The topic was changed.
    Topic {
        /// The topic, empty for none.
        topic: Arc<str>,
    },
    /// A moderation action.
    Moderated {
        /// What was done.
        moderation: Arc<Moderation>,
    },
}

/// The reason a message was deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeletionReason {
    /// Its author deleted it.
    Author,
    /// A moderator of the room deleted it.
    Moderator,
    /// It expired.
    Expired,
}

/// One numbered entry of a room's record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number in the room, from 1.
    pub seq: u64,
    /// Unix milliseconds: a label, never a sort key.
    pub ts: u64,
    /// The name its author had.
    pub sender: Arc<str>,
    /// Whether its author had an account.
    pub account: bool,
    /// What it changed.
    pub change: Change,
}

/// An entry without a number: a request to append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Comes back with the answer.
    pub request_id: RequestId,
    /// The room.
    pub room: RoomKey,
    /// The room's name as people see it.
    pub room_name: Arc<str>,
    /// The author.
    pub author: AuthorKey,
    /// The author's name now.
    pub sender: Arc<str>,
    /// Whether the author has an account.
    pub account: bool,
    /// Whether the author may delete the messages of others.
    pub moderator: bool,
    /// The client's idempotency key, unique per author.
    pub id: Option<Arc<str>>,
    /// Unix milliseconds of its arrival.
    pub ts: u64,
    /// What it changes.
    pub change: Change,
    /// Key-value records stored with the entry, atomically, if and only if it is a new one.
    pub key_values: Vec<KeyValue>,
}

/// A message with all its changes folded in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredMessage {
    /// Its id in its room: the `seq` of its first entry.
    pub mid: u64,
    /// The `seq` of the newest change to it; `mid` if there was none.
    pub seq: u64,
    /// Unix milliseconds of its creation.
    pub ts: u64,
    /// The name its author had.
    pub sender: Arc<str>,
    /// Whether its author had an account.
    pub account: bool,
    /// The text as it reads now; empty when `gone`.
    pub content: Arc<str>,
    /// The `mid` it answers.
    pub reply_to: Option<u64>,
    /// Unix milliseconds at which it disappears.
    pub expires: Option<u64>,
    /// Its files; none when `gone`.
    pub files: Files,
    /// Why it was deleted, if it was.
    pub deleted: Option<DeletionReason>,
    /// Whether it was edited.
    pub edited: bool,
    /// Reactions: each emoji and the names of those who gave it.
    pub reactions: Vec<(Arc<str>, Vec<Arc<str>>)>,
    /// Number of replies to it, up to 100; counted for pages, not for searches.
    pub replies: u32,
}
