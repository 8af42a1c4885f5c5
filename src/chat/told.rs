//! What clients are told, as plain values. The server writes them, in one of three forms; what
//! many are told shares its strings.

use std::borrow::Cow;
use std::sync::Arc;

use super::account::Account;
use super::record::{Deed, Gone, Said};
use super::refusal::Refusal;
use super::stats::Stats;
use super::status::Status;

/// Is one thing clients are told.
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
        why: Gone,
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
    /// Somebody kept order.
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
        deed: Arc<Deed>,
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
        ousted: Option<Box<Ousted>>,
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
        rooms: Vec<RoomLine>,
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

/// Greets a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Welcome {
    /// When.
    pub ts: u64,
    /// The client's name.
    pub you: Arc<str>,
    /// Whether it is not the one asked for.
    pub renamed: bool,
    /// The key of its session; an account has none.
    pub session: Box<str>,
    /// Whether it has an account.
    pub account: bool,
    /// Whether it may keep order everywhere.
    pub admin: bool,
    /// The epoch of all numbers.
    pub epoch: Arc<str>,
    /// The current room.
    pub current: Option<Arc<str>>,
    /// The rooms the client is in.
    pub rooms: Vec<RoomLine>,
    /// Its private conversations, the latest first.
    pub directs: Vec<DirectLine>,
    /// After how much silence the server pings.
    pub ping_ms: u64,
    /// Characters in a message.
    pub content_max: usize,
    /// Bytes in a WebSocket message.
    pub frame_max: usize,
    /// Sends at once.
    pub burst: u32,
    /// Sends per second, if limited.
    pub per_s: Option<u32>,
}

/// Tells of the room just joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joined {
    /// The event.
    pub re: Option<Arc<str>>,
    /// The room.
    pub room: Arc<str>,
    /// Its top `seq`.
    pub seq: u64,
    /// Its topic.
    pub topic: Arc<str>,
    /// How many are there.
    pub count: usize,
    /// The first of them.
    pub users: Vec<User>,
    /// Whether only members may know of it.
    pub private: bool,
    /// What the client is there, if that is anything.
    pub role: Option<&'static str>,
}

/// Says why a client has to be in a room no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ousted {
    /// `kicked` or `banned`.
    pub why: &'static str,
    /// Who wanted it so.
    pub by: Arc<str>,
    /// What that one said of it.
    pub reason: Option<Arc<str>>,
}

/// Is a private conversation in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectLine {
    /// What the client calls it.
    pub room: Arc<str>,
    /// What the other is called now.
    pub with: Arc<str>,
    /// Its top `seq`.
    pub seq: u64,
    /// The last entry read, if that is known.
    pub read: Option<u64>,
}

/// Is a room in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomLine {
    /// Its name.
    pub room: Arc<str>,
    /// How many are there.
    pub users: usize,
    /// Its top `seq`.
    pub seq: u64,
    /// Its topic.
    pub topic: Arc<str>,
    /// Whether only members may know of it.
    pub private: bool,
    /// What the reader is there, if that is anything.
    pub role: Option<&'static str>,
    /// The last entry the reader has read, if that is known.
    pub read: Option<u64>,
}

/// Is somebody in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The name.
    pub name: Arc<str>,
    /// How many connections are in the room; 0 while it is open whether the user comes back.
    pub conns: u32,
    /// What it is in the room, if that is anything.
    pub role: Option<&'static str>,
    /// Whether it has an account.
    pub account: bool,
    /// What it says of being there.
    pub status: Status,
}

/// Is a part of a room's record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// The event.
    pub re: Option<Arc<str>>,
    /// The room.
    pub room: Arc<str>,
    /// The epoch of the numbers.
    pub epoch: Arc<str>,
    /// Ascending.
    pub messages: Vec<Said>,
    /// The room's top `seq`: what is above comes as it happens.
    pub top: u64,
    /// Whether there is more in the direction asked for.
    pub more: bool,
    /// Ranges no longer kept.
    pub lost: Vec<(u64, u64)>,
}

/// Is what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchResults {
    /// The event.
    pub re: Option<Arc<str>>,
    /// The newest first.
    pub hits: Vec<Hit>,
    /// Whether there are, or may be, older ones.
    pub more: bool,
}

/// Is a message that was searched for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The room's name.
    pub room: Arc<str>,
    /// The message as it reads now.
    pub said: Said,
}

/// Says what a client will be told again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resumed {
    /// The event.
    pub re: Option<Arc<str>>,
    /// The client's name.
    pub you: Arc<str>,
    /// The epoch of the numbers.
    pub epoch: Arc<str>,
    /// Each room.
    pub rooms: Vec<Missed>,
}

/// Says what was missed of a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missed {
    /// The room.
    pub room: Arc<str>,
    /// The first entry missed.
    pub from: u64,
    /// The last entry missed; `from - 1` if there was none.
    pub to: u64,
    /// What of it cannot be told again: a range, and why.
    pub lost: Option<(u64, u64, &'static str)>,
}
