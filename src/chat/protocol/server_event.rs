//! What clients are told, as plain values. The server writes them, in one of three forms; what
//! many are told shares its strings.

use std::borrow::Cow;
use std::sync::Arc;

use crate::chat::protocol::account::Account;
use crate::chat::protocol::error::Refusal;
use crate::chat::protocol::payloads::{
    History, Joined, Removed, Resumed, RoomSummary, SearchResults, User, Welcome,
};
use crate::chat::protocol::stats::Stats;
use crate::chat::protocol::status::Status;
use crate::chat::record::{Change, DeletionReason, Entry, Moderation};

/// One thing clients are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerEvent {
    /// The first thing of all.
    Welcome(Box<Welcome>),
    /// The record says it.
    Ack {
        /// The event.
        re: Arc<str>,
        /// The room.
        room: Arc<str>,
        /// The entry's number.
        seq: u64,
        /// Its time.
        ts: u64,
        /// The message it made or changed; 0 for a topic.
        mid: u64,
        /// How safe it is.
        durable: &'static str,
        /// Whether it had come before.
        duplicate: bool,
    },
    /// The name is changed.
    Named {
        /// The event.
        re: Arc<str>,
        /// When.
        ts: u64,
        /// The name.
        you: Arc<str>,
    },
    /// The status is changed.
    StatusSet {
        /// The event.
        re: Arc<str>,
        /// When.
        ts: u64,
        /// The status.
        status: Status,
    },
    /// Something was said.
    Message {
        /// The room.
        room: Arc<str>,
        /// The entry's number, which is the message's name too.
        seq: u64,
        /// Its time.
        ts: u64,
        /// Who said it.
        sender: Arc<str>,
        /// The text.
        content: Arc<str>,
        /// The `mid` it answers.
        reply_to: Option<u64>,
        /// Unix milliseconds at which it disappears.
        expires: Option<u64>,
    },
    /// A message reads differently.
    Edited {
        /// The room.
        room: Arc<str>,
        /// The entry's number.
        seq: u64,
        /// Its time.
        ts: u64,
        /// The message.
        mid: u64,
        /// Who changed it.
        sender: Arc<str>,
        /// Its new text.
        content: Arc<str>,
    },
    /// A message is gone.
    Deleted {
        /// The room.
        room: Arc<str>,
        /// The entry's number.
        seq: u64,
        /// Its time.
        ts: u64,
        /// The message.
        mid: u64,
        /// Who took it away.
        by: Arc<str>,
        /// Why.
        why: DeletionReason,
    },
    /// Somebody reacted.
    Reaction {
        /// The room.
        room: Arc<str>,
        /// The entry's number.
        seq: u64,
        /// Its time.
        ts: u64,
        /// The message.
        mid: u64,
        /// The reaction.
        emoji: Arc<str>,
        /// Who.
        user: Arc<str>,
        /// False: taken back.
        on: bool,
        /// How many people react so now.
        count: u32,
    },
    /// The room has another topic.
    Topic {
        /// The room.
        room: Arc<str>,
        /// The entry's number.
        seq: u64,
        /// Its time.
        ts: u64,
        /// The topic, empty for none.
        topic: Arc<str>,
        /// Who gave it.
        by: Arc<str>,
    },
    /// Somebody moderated.
    Moderated {
        /// The room.
        room: Arc<str>,
        /// The entry's number.
        seq: u64,
        /// Its time.
        ts: u64,
        /// Who.
        by: Arc<str>,
        /// What it did.
        moderation: Arc<Moderation>,
    },
    /// Something was said to one person.
    Whisper {
        /// To whom, if the reader said it.
        to: Option<Arc<str>>,
        /// A [`ServerEvent::Message`].
        message: Box<Self>,
    },
    /// The client is in a room.
    Joined(Box<Joined>),
    /// The client is in a room no more.
    Left {
        /// The event.
        re: Option<Arc<str>>,
        /// The room.
        room: Arc<str>,
        /// Who wanted it so, if not the client.
        removed: Option<Box<Removed>>,
    },
    /// Another connection of the account has read so far.
    Read {
        /// The room.
        room: Arc<str>,
        /// The last entry read.
        seq: u64,
    },
    /// An account is made or changed; only a request is answered so.
    Account(Box<Account>),
    /// All accounts; only a request is answered so.
    Accounts(Vec<Account>),
    /// Somebody came.
    UserJoined {
        /// The room.
        room: Arc<str>,
        /// Who.
        user: Arc<str>,
        /// How many are there.
        count: usize,
    },
    /// Somebody went.
    UserLeft {
        /// The room.
        room: Arc<str>,
        /// Who.
        user: Arc<str>,
        /// How many are there.
        count: usize,
        /// How: `left`, `closed` or `timeout`.
        why: &'static str,
    },
    /// Somebody is called something else.
    Renamed {
        /// The room.
        room: Arc<str>,
        /// The name.
        user: Arc<str>,
        /// The name before.
        was: Arc<str>,
        /// How many are there.
        count: usize,
    },
    /// Somebody is away, or back.
    Status {
        /// The room.
        room: Arc<str>,
        /// Who.
        user: Arc<str>,
        /// What it says of being there.
        status: Status,
        /// How many are there.
        count: usize,
    },
    /// Somebody is typing, or no more.
    Typing {
        /// The room.
        room: Arc<str>,
        /// Who.
        user: Arc<str>,
        /// For how long, unless it is told again; `None`: no more.
        ttl_ms: Option<u64>,
    },
    /// So many are there.
    Presence {
        /// The room.
        room: Arc<str>,
        /// How many are there.
        count: usize,
    },
    /// The rooms.
    RoomList {
        /// The event.
        re: Option<Arc<str>>,
        /// The fullest first.
        rooms: Vec<RoomSummary>,
    },
    /// The people in a room.
    UserList {
        /// The event.
        re: Option<Arc<str>>,
        /// The room.
        room: Arc<str>,
        /// How many are there.
        count: usize,
        /// The first of them.
        users: Vec<User>,
    },
    /// A part of the record.
    History(Box<History>),
    /// What was searched for.
    SearchResults(Box<SearchResults>),
    /// How much is going on.
    Stats(Box<Stats>),
    /// What follows was missed.
    Resumed(Box<Resumed>),
    /// All that follows happens now.
    Live {
        /// The room.
        room: Arc<str>,
        /// The last entry before now.
        seq: u64,
    },
    /// Entries were left out.
    Gap {
        /// The room.
        room: Arc<str>,
        /// The first of them.
        from: u64,
        /// The last of them.
        to: u64,
        /// Why.
        why: &'static str,
    },
    /// Something worth knowing.
    Notice {
        /// The event.
        re: Option<Arc<str>>,
        /// The room it is about.
        room: Option<Arc<str>>,
        /// The word for programs.
        code: &'static str,
        /// The sentence for people.
        message: Cow<'static, str>,
    },
    /// A sign of life.
    Pong {
        /// The event.
        re: Option<Arc<str>>,
        /// When.
        ts: u64,
        /// The top of each room the client is in.
        rooms: Vec<(Arc<str>, u64)>,
    },
    /// Something was not done.
    Error(Box<Refusal>),
    /// The server ends.
    Bye {
        /// The close code that follows.
        code: u16,
        /// Why.
        reason: &'static str,
        /// When to come back.
        after_ms: u64,
    },
}

impl ServerEvent {
    /// Returns the event that tells of an entry.
    pub(in crate::chat) fn of_entry(room: &Arc<str>, entry: &Entry) -> Self {
        let (room, seq, ts, by) =
            (Arc::clone(room), entry.seq, entry.ts, Arc::clone(&entry.sender));
        match &entry.change {
            Change::Message { content, reply_to, expires } => Self::Message {
                room,
                seq,
                ts,
                sender: by,
                content: Arc::clone(content),
                reply_to: *reply_to,
                expires: *expires,
            },
            Change::Edited { mid, content } => {
                let content = Arc::clone(content);
                Self::Edited { room, seq, ts, mid: *mid, sender: by, content }
            }
            Change::Deleted { mid, why } => {
                Self::Deleted { room, seq, ts, mid: *mid, by, why: *why }
            }
            Change::Reaction { mid, emoji, on, count } => Self::Reaction {
                room,
                seq,
                ts,
                mid: *mid,
                emoji: Arc::clone(emoji),
                user: by,
                on: *on,
                count: *count,
            },
            Change::Topic { topic } => Self::Topic { room, seq, ts, topic: Arc::clone(topic), by },
            Change::Moderated { moderation } => {
                Self::Moderated { room, seq, ts, by, moderation: Arc::clone(moderation) }
            }
        }
    }

    /// Returns the event that tells of entries a client does not get.
    pub(in crate::chat) fn gap(room: &Arc<str>, from: u64, to: u64, why: &'static str) -> Self {
        Self::Gap { room: Arc::clone(room), from, to, why }
    }
}
