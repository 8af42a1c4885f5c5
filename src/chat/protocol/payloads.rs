//! What the longer ones of the events say.

use std::sync::Arc;

use crate::chat::protocol::status::Status;
use crate::chat::record::StoredMessage;

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
    /// Whether it may moderate everywhere.
    pub admin: bool,
    /// The epoch of all numbers.
    pub epoch: Arc<str>,
    /// The current room.
    pub current: Option<Arc<str>>,
    /// The rooms the client is in.
    pub rooms: Vec<RoomSummary>,
    /// Its private conversations, the latest first.
    pub directs: Vec<DirectSummary>,
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

/// The room just joined.
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

/// Why a client has to be in a room no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removed {
    /// `kicked` or `banned`.
    pub why: &'static str,
    /// Who wanted it so.
    pub by: Arc<str>,
    /// What that one said of it.
    pub reason: Option<Arc<str>>,
}

/// A private conversation in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectSummary {
    /// What the client calls it.
    pub room: Arc<str>,
    /// What the other is called now.
    pub with: Arc<str>,
    /// Its top `seq`.
    pub seq: u64,
    /// The last entry read, if that is known.
    pub read: Option<u64>,
}

/// A room in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomSummary {
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

/// Somebody in a list.
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

/// A part of a room's record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// The event.
    pub re: Option<Arc<str>>,
    /// The room.
    pub room: Arc<str>,
    /// The epoch of the numbers.
    pub epoch: Arc<str>,
    /// Ascending.
    pub messages: Vec<StoredMessage>,
    /// The room's top `seq`: what is above comes as it happens.
    pub top: u64,
    /// Whether there is more in the direction asked for.
    pub more: bool,
    /// Ranges no longer kept.
    pub lost: Vec<(u64, u64)>,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchResults {
    /// The event.
    pub re: Option<Arc<str>>,
    /// The newest first.
    pub hits: Vec<Hit>,
    /// Whether there are, or may be, older ones.
    pub more: bool,
}

/// A message that was searched for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The room's name.
    pub room: Arc<str>,
    /// The message as it reads now.
    pub said: StoredMessage,
}

/// What a client will be told again.
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

/// What was missed of a room.
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
