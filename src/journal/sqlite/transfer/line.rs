//! The lines of the file, and the entries they stand for.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::super::super::history::StoredEntry;
use super::super::key_values;
use super::super::row::SEQ_MAX;
use super::FullEntry;
use crate::chat::record::{AuthorKey, Change, DeletionReason, Entry, File, KeyValue, Moderation};

/// One line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Line {
    Journal(Header),
    #[serde(rename = "fact")]
    KeyValue(KeyValueLine),
    Room(RoomLine),
    Entry(EntryLine),
}

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) version: u64,
    pub(super) epoch: String,
    /// The room that was asked for, if the file is not the whole record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) only: Option<String>,
    /// The number of rooms that follow.
    pub(super) rooms: u64,
    /// The number of entries that follow.
    pub(super) entries: u64,
    /// The number of key-value records that follow.
    #[serde(default, rename = "facts")]
    pub(super) key_values: u64,
}

/// A key-value record.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyValueLine {
    #[serde(rename = "shelf")]
    namespace: String,
    key: Arc<str>,
    value: Arc<str>,
}

/// Begins a room.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RoomLine {
    /// Its key.
    pub(super) room: Arc<str>,
    pub(super) name: Arc<str>,
    pub(super) topic: Arc<str>,
    /// The number of the first entry that follows.
    pub(super) first: u64,
    /// The number of the last one; one less than the first if there are none.
    pub(super) top: u64,
}

/// An entry of the room begun last.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EntryLine {
    pub(super) seq: u64,
    ts: u64,
    sender: Arc<str>,
    author: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hash: Option<String>,
    change: ChangeLine,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum ChangeLine {
    Message {
        text: Arc<str>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply_to: Option<u64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires: Option<u64>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        files: Vec<File>,
    },
    Edited {
        mid: u64,
        text: Arc<str>,
    },
    Deleted {
        mid: u64,
        why: Why,
    },
    Reaction {
        mid: u64,
        emoji: Arc<str>,
        on: bool,
        count: u32,
    },
    Pinned {
        mid: u64,
        on: bool,
    },
    Topic {
        topic: Arc<str>,
    },
    Moderated(Arc<Moderation>),
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Why {
    Author,
    Moderator,
    Expired,
}

impl RoomLine {
    /// Returns the number of entries that follow.
    pub(super) fn entries(&self) -> u64 {
        self.top.saturating_add(1).saturating_sub(self.first)
    }

    /// Checks the line by itself.
    pub(super) fn check(&self) -> Result<(), String> {
        // A removed room has neither a name nor entries.
        if self.room.is_empty() || (self.name.is_empty() && self.entries() > 0) {
            return Err("a room has a key and a name".to_owned());
        }
        if self.first == 0 || self.top >= ENTRIES_MAX || self.first > self.top.saturating_add(1) {
            let Self { first, top, .. } = self;
            return Err(format!("a room does not go from {first} to {top}"));
        }
        Ok(())
    }
}

impl KeyValueLine {
    /// Returns the line of a record, if it has a value.
    pub(super) fn of(key_value: KeyValue) -> Option<Self> {
        let KeyValue { namespace, key, value } = key_value;
        Some(Self { namespace: key_values::word(namespace).to_owned(), key, value: value? })
    }

    /// Returns the record, or what is wrong with the line.
    pub(super) fn key_value(self) -> Result<KeyValue, String> {
        let Self { namespace, key, value } = self;
        let Some(namespace) = key_values::namespace(&namespace) else {
            return Err(format!("there is no shelf {namespace}"));
        };
        Ok(KeyValue { namespace, key, value: Some(value) })
    }
}

impl EntryLine {
    /// Returns the line of an entry.
    pub(super) fn of(full_entry: FullEntry) -> Self {
        let FullEntry { stored: StoredEntry { author, entry }, id } = full_entry;
        let Entry { seq, ts, sender, change, .. } = entry;
        let (id, hash) = id.unzip();
        let (author, hash) = (hex(&author.0), hash.map(|hash| hex(&hash)));
        let change = match change {
            Change::Message { content, reply_to, expires, files } => {
                ChangeLine::Message { text: content, reply_to, expires, files: files.to_vec() }
            }
            Change::Edited { mid, content } => ChangeLine::Edited { mid, text: content },
            Change::Deleted { mid, why } => ChangeLine::Deleted { mid, why: why.into() },
            Change::Reaction { mid, emoji, on, count } => {
                ChangeLine::Reaction { mid, emoji, on, count }
            }
            Change::Pinned { mid, on } => ChangeLine::Pinned { mid, on },
            Change::Topic { topic } => ChangeLine::Topic { topic },
            Change::Moderated { moderation } => ChangeLine::Moderated(moderation),
        };
        Self { seq, ts, sender, author, id, hash, change }
    }

    /// Returns the entry, or what is wrong with the line by itself.
    pub(super) fn full_entry(self) -> Result<FullEntry, String> {
        let Self { seq, ts, sender, author, id, hash, change } = self;
        let author = AuthorKey(unhex("author", &author)?);
        let hash = hash.map(|hash| unhex("hash", &hash)).transpose()?;
        if id.is_some() != hash.is_some() {
            return Err("id and hash come together".to_owned());
        }
        let change = change.read(seq)?;
        let (reply_to, expires) = match &change {
            Change::Message { reply_to, expires, .. } => (*reply_to, *expires),
            _ => (None, None),
        };
        let numbers = [Some(ts), reply_to, expires];
        if numbers.into_iter().flatten().any(|number| i64::try_from(number).is_err()) {
            return Err("a number is too large".to_owned());
        }
        // A file cannot claim that an author has an account: the accounts tell.
        let entry = Entry { seq, ts, sender, account: false, change };
        Ok(FullEntry { stored: StoredEntry { author, entry }, id: id.zip(hash) })
    }
}

impl ChangeLine {
    fn read(self, seq: u64) -> Result<Change, String> {
        let earlier = |mid: u64| match (1..seq).contains(&mid) {
            true => Ok(mid),
            false => Err(format!("entry {seq} is not about an earlier one: mid is {mid}")),
        };
        Ok(match self {
            Self::Message { text, reply_to, expires, files } => {
                Change::Message { content: text, reply_to, expires, files: files.into() }
            }
            Self::Edited { mid, text } => Change::Edited { mid: earlier(mid)?, content: text },
            Self::Deleted { mid, why } => Change::Deleted { mid: earlier(mid)?, why: why.into() },
            Self::Reaction { mid, emoji, on, count } => {
                Change::Reaction { mid: earlier(mid)?, emoji, on, count }
            }
            Self::Pinned { mid, on } => Change::Pinned { mid: earlier(mid)?, on },
            Self::Topic { topic } => Change::Topic { topic },
            Self::Moderated(moderation) => Change::Moderated { moderation },
        })
    }
}

impl From<DeletionReason> for Why {
    fn from(why: DeletionReason) -> Self {
        match why {
            DeletionReason::Author => Self::Author,
            DeletionReason::Moderator => Self::Moderator,
            DeletionReason::Expired => Self::Expired,
        }
    }
}

impl From<Why> for DeletionReason {
    fn from(why: Why) -> Self {
        match why {
            Why::Author => Self::Author,
            Why::Moderator => Self::Moderator,
            Why::Expired => Self::Expired,
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(what: &str, text: &str) -> Result<[u8; 16], String> {
    let digits = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = u128::from_str_radix(text, 16).ok().filter(|_| digits);
    number.map(u128::to_be_bytes).ok_or_else(|| format!("{what} is not of 32 hexadecimal digits"))
}

/// The version of the lines. Files of version 1 have no key-value records and no
/// moderation.
pub(super) const VERSION: u64 = 2;
/// The number of entries that a room can have.
const ENTRIES_MAX: u64 = SEQ_MAX.unsigned_abs();
