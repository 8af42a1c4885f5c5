//! The entries of a room's record, and the contract between the chat and the journal.
//!
//! The chat never writes a record itself: it issues a [`JournalRequest`] and later receives the
//! [`JournalResponse`]. The journal assigns each entry its `seq`, from 1 without gaps; no entry is
//! published before it has one. Everything here is plain data and may cross threads.

mod entry;
mod file;
mod key_value;
mod moderation;
mod query;

use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use entry::{Change, DeletionReason, Draft, Entry, StoredMessage};
pub use file::{BlobHash, File, FileId, FileQuery, Files, FoundFile, files_bytes};
pub use key_value::{KeyValue, Namespace, PutKeyValues};
pub use moderation::{Moderation, ModerationAction, RemoveRoom};
pub use query::{
    AuthorQuery, Hit, Page, PageContent, Query, Search, SearchContent, SearchFilter, SearchPage,
    Span,
};

/// The id of a request, which its answer repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

/// The key of a room's record: its name after case folding.
pub type RoomKey = Arc<str>;

/// An author across connections: a hash of the session key, or of the account's name; for posts
/// without either, a hash of name and network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AuthorKey(pub [u8; 16]);

impl AuthorKey {
    /// Encodes it as 32 hexadecimal digits.
    pub fn to_hex(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Decodes what [`AuthorKey::to_hex`] returns.
    pub fn from_hex(text: &str) -> Option<Self> {
        if text.len() != 32 {
            return None;
        }
        let mut key = [0; 16];
        for (byte, digits) in key.iter_mut().zip(text.as_bytes().chunks(2)) {
            let digits = std::str::from_utf8(digits).ok()?;
            *byte = u8::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with('+'))?;
        }
        Some(Self(key))
    }
}

/// The reason the journal refused a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JournalError {
    /// The same `id` was used before with a different body.
    IdConflict,
    /// There is no such message to change.
    NoSuchMessage,
    /// The message is another author's.
    Forbidden,
    /// The message has the most kinds of reactions allowed, or the most of this author.
    TooManyReactions,
    /// The journal is overloaded: try again with the same `id`.
    Overloaded,
    /// The journal cannot write now: try again with the same `id`.
    Unavailable,
}

/// A session as it is stored, to be resumed later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRecord {
    /// A hash of its key.
    pub key: AuthorKey,
    /// Its name.
    pub name: Arc<str>,
    /// The names of its rooms; the last one is current.
    pub rooms: Vec<Arc<str>>,
    /// Unix milliseconds at which it began; 0 if that is unknown.
    pub since: u64,
    /// The network it last connected from; `None` for loopback and unspecified addresses.
    pub network: Option<IpAddr>,
    /// Its presence when the server was stopped; `None` if it was offline.
    pub online: Option<Online>,
}

/// The presence of a user when the server was stopped, beside the rooms of the session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Online {
    /// Unix milliseconds at which the server was stopped.
    pub at: u64,
    /// The rooms whose owner it was, but for those with a record, which names their owner.
    #[serde(default)]
    pub owned: Vec<Arc<str>>,
}

/// A room as the journal knows it at start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomRecord {
    /// Its key.
    pub key: RoomKey,
    /// Its name as people see it.
    pub name: Arc<str>,
    /// Its top `seq`.
    pub top: u64,
    /// Its topic, empty for none.
    pub topic: Arc<str>,
    /// Unix milliseconds of its last message; 0 if there is none.
    pub last: u64,
}

/// The state the chat starts from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Unix milliseconds at which it was taken.
    pub taken_at: u64,
    /// The journal's incarnation.
    pub epoch: String,
    /// The durability an `ack` reports: `memory`, `write` or `fsync`.
    pub durable: &'static str,
    /// Every room that has a record, and every removed one, which has no name.
    pub rooms: Vec<RoomRecord>,
    /// Every session that may still be resumed.
    pub sessions: Vec<SessionRecord>,
    /// Every key-value record, by namespace, then key.
    pub key_values: Vec<KeyValue>,
    /// Every blob that a message carries.
    pub blobs: Vec<BlobHash>,
}

/// A request of the chat to the journal. Requests are carried out in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JournalRequest {
    /// Append an entry.
    Append(Draft),
    /// Look up whether a draft was appended before, by its idempotency key, and repeat its answer;
    /// nothing is appended. For requests that are refused now, but may have been done before.
    CheckReplay(Draft),
    /// Find who wrote a message.
    FindAuthor(AuthorQuery),
    /// Read from a record.
    Read(Query),
    /// Find a file.
    FindFile(FileQuery),
    /// Find those of these blobs that no message carries, for [`JournalResponse::Unused`]; none of them is
    /// no answer.
    CheckBlobs(Vec<BlobHash>),
    /// Find messages.
    Search(Search),
    /// Store key-value records.
    Put(PutKeyValues),
    /// Remove a room.
    RemoveRoom(RemoveRoom),
    /// Store a session; not answered.
    PutSession(SessionRecord),
    /// Delete a session; not answered.
    DropSession(AuthorKey),
}

/// A response of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JournalResponse {
    /// The draft is in the record.
    Appended {
        /// The draft's.
        request_id: RequestId,
        /// The `seq` of the entry; for a duplicate, of the first one.
        seq: u64,
        /// The message it made or changed; 0 if none.
        mid: u64,
        /// The time of the entry; for a duplicate, of the first one.
        ts: u64,
        /// Whether the same `id` and body were appended before. Nothing was added then.
        duplicate: bool,
        /// For a reaction, the number of people who have it now. For a deletion, 1 if the message
        /// was another author's.
        count: u32,
    },
    /// The draft of a [`JournalRequest::CheckReplay`] was not appended before.
    NotReplayed {
        /// The draft's.
        request_id: RequestId,
    },
    /// The author of a message was looked up.
    Author {
        /// The query's.
        request_id: RequestId,
        /// The author and the name it had, if there is such a message.
        author: Option<(AuthorKey, Arc<str>)>,
    },
    /// A file was looked up.
    File {
        /// The query's.
        request_id: RequestId,
        /// The file, if a message carries it.
        found: Option<Box<FoundFile>>,
    },
    /// Blobs that no message carries any more.
    Unused(Vec<BlobHash>),
    /// The key-value records are stored, or the room is removed.
    Saved {
        /// The request's.
        request_id: RequestId,
    },
    /// The entry was not appended, or the key-value records were not stored, or (`Unavailable`
    /// only) perhaps not.
    Rejected {
        /// The request's.
        request_id: RequestId,
        /// Why.
        why: JournalError,
    },
    /// What was read.
    Page(Page),
    /// What was found.
    SearchPage(SearchPage),
    /// The record could not be read now.
    ReadFailed {
        /// The query's or the search's.
        request_id: RequestId,
        /// Why.
        why: JournalError,
    },
    /// The journal appended an entry of its own: a message expired.
    Added {
        /// The room.
        room: RoomKey,
        /// The entry.
        entry: Entry,
    },
    /// The journal became writable or unwritable.
    Health {
        /// Whether it can be written.
        writable: bool,
    },
}
