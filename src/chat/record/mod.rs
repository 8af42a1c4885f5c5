//! What a room's record is made of, and the contract between the chat and whoever keeps it.
//!
//! The chat never writes a record itself: it hands out an [`JournalRequest`] and later takes in the
//! [`JournalResponse`]. The keeper gives each entry its `seq`, from 1 without holes; nobody sees an
//! entry before it has one. Everything here is plain data and may cross threads.

mod key_value;
mod moderation;

use std::net::IpAddr;
use std::sync::Arc;

pub use key_value::{KeyValue, Namespace, PutKeyValues};
pub use moderation::{Moderation, ModerationAction};

/// Names an order, so that its answer finds the way back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

/// Names a room in the record: its name after case folding.
pub type RoomKey = Arc<str>;

/// Names an author across connections: a hash of the session key, or of the account's name; of
/// who posts without either, of the name it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AuthorKey(pub [u8; 16]);

impl AuthorKey {
    /// Writes it as 32 hexadecimal digits.
    pub fn to_hex(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Reads what [`AuthorKey::to_hex`] wrote.
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

/// Why a message is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeletionReason {
    /// Its author deleted it.
    Author,
    /// Somebody who moderates in the room deleted it.
    Moderator,
    /// Its time had come.
    Expired,
}

/// One change of a room's record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Something was said.
    Message {
        /// The text.
        content: Arc<str>,
        /// The `mid` it answers.
        reply_to: Option<u64>,
        /// Unix milliseconds at which it disappears.
        expires: Option<u64>,
    },
    /// A message reads differently.
    Edited {
        /// The message.
        mid: u64,
        /// Its new text.
        content: Arc<str>,
    },
    /// A message is gone.
    Deleted {
        /// The message.
        mid: u64,
        /// Why it is gone; whether its author or another did it, the journal fills in.
        why: DeletionReason,
    },
    /// Somebody reacted to a message, or took the reaction back.
    Reaction {
        /// The message.
        mid: u64,
        /// The reaction.
        emoji: Arc<str>,
        /// False takes it back.
        on: bool,
        /// How many people react so; the journal fills it in.
        count: u32,
    },
    /// The room has another topic.
    Topic {
        /// The topic, empty for none.
        topic: Arc<str>,
    },
    /// Somebody moderated in the room.
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

/// An entry without a number: what somebody wants the record to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Comes back with the answer.
    pub request_id: RequestId,
    /// The room.
    pub room: RoomKey,
    /// The room's name as people see it.
    pub room_name: Arc<str>,
    /// Who says it.
    pub author: AuthorKey,
    /// The author's name now.
    pub sender: Arc<str>,
    /// Whether the author may take away what others said.
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

/// Asks who wrote a message, deleted or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorQuery {
    /// Comes back with the answer.
    pub request_id: RequestId,
    /// The room.
    pub room: RoomKey,
    /// The message.
    pub mid: u64,
}

/// Which part of a room's record is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// The newest messages.
    Latest,
    /// The newest messages below this `seq`.
    Before(u64),
    /// The oldest messages above this `seq`.
    After(u64),
    /// Half on either side of this `seq`.
    Around(u64),
    /// Every numbered entry above this `seq`, as it happened, nothing folded in: for catching up.
    Entries(u64),
}

/// Asks for a part of a room's record.
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

/// A message as history shows it: edits folded in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredMessage {
    /// Its name in its room.
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
    /// Why there is no text any more.
    pub deleted: Option<DeletionReason>,
    /// Whether it was edited.
    pub edited: bool,
    /// Reactions: emoji and the names that gave it.
    pub reactions: Vec<(Arc<str>, Vec<Arc<str>>)>,
}

/// What a [`Query`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageContent {
    /// Messages in ascending `mid`, for every span but [`Span::Entries`].
    Messages(Vec<StoredMessage>),
    /// Entries in ascending `seq`, for [`Span::Entries`].
    Entries(Vec<Entry>),
}

/// Answers a [`Query`].
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
    /// Ranges within what was asked for that are no longer kept, ascending, inclusive.
    pub lost: Vec<(u64, u64)>,
}

/// Asks for the messages with certain words in them, the newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// Comes back with the answer.
    pub request_id: RequestId,
    /// The connection that asks. Searches of different connections take turns.
    pub asker: u64,
    /// The rooms to look into: only such as the asker may read.
    pub rooms: Vec<RoomKey>,
    /// What was typed: words, and phrases in quotes. Never an expression of any other kind.
    pub words: Arc<str>,
    /// Only messages with a `mid` below this.
    pub before: Option<u64>,
    /// At most this many messages.
    pub limit: usize,
    /// At most about this many bytes of text; cut at whole messages.
    pub bytes_max: usize,
}

/// A message that was searched for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Its room.
    pub room: RoomKey,
    /// The message as it reads now.
    pub said: StoredMessage,
}

/// Answers a [`Search`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchPage {
    /// The search's.
    pub request_id: RequestId,
    /// The newest first.
    pub hits: Vec<Hit>,
    /// Whether there are, or may be, older ones.
    pub more: bool,
}

/// Why a draft is not in the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JournalError {
    /// The same `id` came before with another body.
    IdConflict,
    /// There is no such message to change.
    NoSuchMessage,
    /// The message is somebody else's.
    Forbidden,
    /// The message has as many kinds of reactions as it may, or as many of this author.
    TooManyReactions,
    /// The keeper has too much to do: try again with the same `id`.
    Overloaded,
    /// The keeper cannot write now: try again with the same `id`.
    Unavailable,
}

/// What a session leaves behind, so that it can be taken up again.
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
    /// The network it was last used from, if that tells it from others.
    pub network: Option<IpAddr>,
}

/// What a room is known by before anybody joins it.
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

/// All that the chat must know before the first client comes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Names this incarnation of the journal.
    pub epoch: String,
    /// What an `ack` says of durability: `memory`, `write` or `fsync`.
    pub durable: &'static str,
    /// Every room that has a record.
    pub rooms: Vec<RoomRecord>,
    /// Every session that may still come back.
    pub sessions: Vec<SessionRecord>,
    /// Every key-value record that has a value, by shelf, then key.
    pub key_values: Vec<KeyValue>,
}

/// What the chat asks of the journal. Orders are carried out in the order given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JournalRequest {
    /// Add to a record.
    Append(Draft),
    /// Give the first answer to a draft that has come before; nothing is added if it has not. For
    /// what is not to be added any more, but may have been.
    CheckReplay(Draft),
    /// Find who wrote a message.
    FindAuthor(AuthorQuery),
    /// Read from a record.
    Read(Query),
    /// Find messages.
    Search(Search),
    /// Keep key-value records.
    Put(PutKeyValues),
    /// Keep a session; not answered.
    PutSession(SessionRecord),
    /// Forget a session; not answered.
    DropSession(AuthorKey),
}

/// What the journal tells the chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JournalResponse {
    /// The draft is in the record.
    Appended {
        /// The draft's.
        request_id: RequestId,
        /// Its entry's number; of the first one, if this is a duplicate.
        seq: u64,
        /// The message it made or changed; 0 if it is about none.
        mid: u64,
        /// The time of the entry; of the first one, if this is a duplicate.
        ts: u64,
        /// Whether the same `id` and body had come before. Then nothing was added.
        duplicate: bool,
        /// For a reaction: how many people react so now. For a deletion: 1 if the message was
        /// somebody else's.
        count: u32,
    },
    /// A draft to be recognised has not come before.
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
    /// The key-value records are kept.
    Saved {
        /// The order's.
        request_id: RequestId,
    },
    /// The draft is not in the record, or the facts are not kept, or (only `Unavailable`) perhaps
    /// not.
    Rejected {
        /// The draft's, or that of the order to keep.
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
    /// The journal added an entry of its own: a message expired.
    Added {
        /// The room.
        room: RoomKey,
        /// The entry.
        entry: Entry,
    },
    /// Whether the record can be written now; told when it changes.
    Health {
        /// False while it cannot.
        writable: bool,
    },
}
