//! The entries of a room's record, and the contract between the chat and the journal.
//!
//! The chat never writes a record itself: it issues a [`JournalRequest`] and later receives the
//! [`JournalResponse`]. The journal assigns each entry its `seq`, from 1 without gaps; no entry is
//! published before it has one. Everything here is plain data and may cross threads.

mod key_value;
mod moderation;

use std::net::IpAddr;
use std::sync::Arc;

pub use key_value::{KeyValue, Namespace, PutKeyValues};
pub use moderation::{Moderation, ModerationAction};

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

/// One numbered entry of a room's record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number in the room, from 1.
    pub seq: u64,
    /// Unix milliseconds: a label, never a sort key.
    pub ts: u64,
    /// The name its author had.
    pub sender: Arc<str>,
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

/// A request for the author of a message, deleted or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorQuery {
    /// Comes back with the answer.
    pub request_id: RequestId,
    /// The room.
    pub room: RoomKey,
    /// The message.
    pub mid: u64,
}

/// The part of a room's record to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// The newest messages.
    Latest,
    /// The newest messages below this `seq`.
    Before(u64),
    /// The oldest messages above this `seq`.
    After(u64),
    /// Messages around this `seq`, half on either side.
    Around(u64),
    /// Every entry above this `seq`, unfolded: for resuming.
    Entries(u64),
}

/// A request for a part of a room's record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Comes back with the answer.
    pub request_id: RequestId,
    /// The room.
    pub room: RoomKey,
    /// Which part.
    pub span: Span,
    /// At most this many messages or entries.
    pub limit: usize,
    /// At most about this many bytes of text; cut at whole messages.
    pub bytes_max: usize,
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
    /// The text as it reads now; empty when `gone`.
    pub content: Arc<str>,
    /// The `mid` it answers.
    pub reply_to: Option<u64>,
    /// Unix milliseconds at which it disappears.
    pub expires: Option<u64>,
    /// Why it was deleted, if it was.
    pub deleted: Option<DeletionReason>,
    /// Whether it was edited.
    pub edited: bool,
    /// Reactions: each emoji and the names of those who gave it.
    pub reactions: Vec<(Arc<str>, Vec<Arc<str>>)>,
}

/// The content of a [`Page`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageContent {
    /// Messages in ascending `mid`, for every span but [`Span::Entries`].
    Messages(Vec<StoredMessage>),
    /// Entries in ascending `seq`, for [`Span::Entries`].
    Entries(Vec<Entry>),
}

/// The answer to a [`Query`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The query's.
    pub request_id: RequestId,
    /// The room.
    pub room: RoomKey,
    /// What was found.
    pub found: PageContent,
    /// The room's top `seq` when this was read; 0 for a room without a record.
    pub top: u64,
    /// Whether there is more in the direction asked for.
    pub more: bool,
    /// Ranges of the requested part that retention has removed: ascending, inclusive.
    pub lost: Vec<(u64, u64)>,
}

/// A request for the messages with certain words, the newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// Comes back with the answer.
    pub request_id: RequestId,
    /// The connection that asks. Searches of different connections take turns.
    pub asker: u64,
    /// The rooms to look into: only such as the asker may read.
    pub rooms: Vec<RoomKey>,
    /// The query: words, and phrases in quotes; no other syntax.
    pub words: Arc<str>,
    /// Only messages with a `mid` below this.
    pub before: Option<u64>,
    /// At most this many messages.
    pub limit: usize,
    /// At most about this many bytes of text; cut at whole messages.
    pub bytes_max: usize,
}

/// A message that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Its room.
    pub room: RoomKey,
    /// The message with all its changes.
    pub said: StoredMessage,
}

/// The answer to a [`Search`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchPage {
    /// The search's.
    pub request_id: RequestId,
    /// The newest first.
    pub hits: Vec<Hit>,
    /// Whether there are, or may be, older ones.
    pub more: bool,
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
}

/// The state the chat starts from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The journal's incarnation.
    pub epoch: String,
    /// The durability an `ack` reports: `memory`, `write` or `fsync`.
    pub durable: &'static str,
    /// Every room that has a record.
    pub rooms: Vec<RoomRecord>,
    /// Every session that may still be resumed.
    pub sessions: Vec<SessionRecord>,
    /// Every key-value record, by namespace, then key.
    pub key_values: Vec<KeyValue>,
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
    /// Find messages.
    Search(Search),
    /// Store key-value records.
    Put(PutKeyValues),
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
    /// The key-value records are stored.
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
