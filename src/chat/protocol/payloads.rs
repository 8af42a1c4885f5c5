//! Payloads of the longer events.

use std::sync::Arc;

use crate::chat::protocol::membership::{Invitation, MembershipSummary};
use crate::chat::protocol::status::Status;
use crate::chat::record::StoredMessage;

/// The first event of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Welcome {
    /// Unix milliseconds.
    pub ts: u64,
    /// The client's name.
    pub you: Arc<str>,
    /// Whether the name is not the requested one.
    pub renamed: bool,
    /// The key of its session; empty for an account.
    pub session: Box<str>,
    /// Whether it has an account.
    pub account: bool,
    /// Whether it has admin rights.
    pub admin: bool,
    /// The epoch of all `seq`.
    pub epoch: Arc<str>,
    /// The current room.
    pub current: Option<Arc<str>>,
    /// The rooms the client has joined.
    pub rooms: Vec<RoomSummary>,
    /// Its private conversations, the latest first.
    pub directs: Vec<DirectSummary>,
    /// The memberships of its account, if it asks for them.
    pub memberships: Option<Vec<MembershipSummary>>,
    /// Its open invitations, the oldest first.
    pub invitations: Vec<Invitation>,
    /// Milliseconds of silence after which the server pings.
    pub ping_ms: u64,
    /// The maximum of characters in a message.
    pub content_max: usize,
    /// The maximum of bytes in a WebSocket message.
    pub frame_max: usize,
    /// Burst of sends.
    pub burst: u32,
    /// Sends per second, if limited.
    pub per_s: Option<u32>,
    /// Bytes of a file; `None` if the server keeps none.
    pub file_max: Option<u64>,
}

/// A room that was joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joined {
    /// The `id` of the event that is answered.
    pub re: Option<Arc<str>>,
    /// The room.
    pub room: Arc<str>,
    /// Its top `seq`.
    pub seq: u64,
    /// Its topic.
    pub topic: Arc<str>,
    /// Number of people.
    pub count: usize,
    /// The people, up to the limit of a list.
    pub users: Vec<User>,
    /// Whether it is private.
    pub private: bool,
    /// Whether only moderators may post.
    pub locked: bool,
    /// Seconds between two messages of one person; 0: no slow mode.
    pub slow: u64,
    /// The client's role, if it has one.
    pub role: Option<&'static str>,
}

/// The removal of a client from a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removed {
    /// `kicked`, `banned`, `removed` or `forbidden`.
    pub why: &'static str,
    /// The moderator.
    pub by: Arc<str>,
    /// The moderator's reason.
    pub reason: Option<Arc<str>>,
}

/// A private conversation in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectSummary {
    /// The client's name for it.
    pub room: Arc<str>,
    /// The current name of the other participant.
    pub with: Arc<str>,
    /// Its top `seq`.
    pub seq: u64,
    /// What the client has read of it, if known.
    pub read: Option<ReadState>,
}

/// What an account has read of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadState {
    /// The last entry it has read.
    pub read: u64,
    /// Number of messages of others above that, up to 100.
    pub unread: u64,
}

/// A room in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomSummary {
    /// Its name.
    pub room: Arc<str>,
    /// Number of people.
    pub users: usize,
    /// Its top `seq`.
    pub seq: u64,
    /// Its topic.
    pub topic: Arc<str>,
    /// Unix milliseconds of its last message, if there was one.
    pub last: Option<u64>,
    /// Whether it is private.
    pub private: bool,
    /// Whether only moderators may post.
    pub locked: bool,
    /// Seconds between two messages of one person; 0: no slow mode.
    pub slow: u64,
    /// The reader's role, if it has one.
    pub role: Option<&'static str>,
    /// What the reader has read of it, if known.
    pub read: Option<ReadState>,
}

/// A user in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The name.
    pub name: Arc<str>,
    /// Number of its connections in the room; 0 during `leave_grace`.
    pub conns: u32,
    /// Its role in the room, if it has one.
    pub role: Option<&'static str>,
    /// Whether it has an account.
    pub account: bool,
    /// Its status.
    pub status: Status,
}

/// A member of a room who is not in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The name of the account.
    pub name: Arc<str>,
    /// Its role in the room, if it has one.
    pub role: Option<&'static str>,
    /// The status of the account.
    pub status: Status,
}

/// A part of a room's record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// The `id` of the event that is answered.
    pub re: Option<Arc<str>>,
    /// The room.
    pub room: Arc<str>,
    /// The epoch of all `seq`.
    pub epoch: Arc<str>,
    /// The messages, in ascending order.
    pub messages: Vec<StoredMessage>,
    /// The room's top `seq`: entries above it are sent as they happen.
    pub top: u64,
    /// Whether there is more in the direction asked for.
    pub more: bool,
    /// Ranges that retention has removed.
    pub lost: Vec<(u64, u64)>,
    /// The room's pinned messages, by `mid`.
    pub pins: Vec<u64>,
}

/// The pinned messages of a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pins {
    /// The `id` of the event that is answered.
    pub re: Option<Arc<str>>,
    /// The room.
    pub room: Arc<str>,
    /// The messages, the one pinned last first.
    pub messages: Vec<StoredMessage>,
    /// Whether some are left out because the answer would be too long.
    pub more: bool,
}

/// Replies to a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replies {
    /// The `id` of the event that is answered.
    pub re: Option<Arc<str>>,
    /// The room.
    pub room: Arc<str>,
    /// The message.
    pub mid: u64,
    /// The replies, the oldest first.
    pub messages: Vec<StoredMessage>,
    /// Whether there are more.
    pub more: bool,
}

/// The results of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchResults {
    /// The `id` of the event that is answered.
    pub re: Option<Arc<str>>,
    /// The messages, the newest first.
    pub hits: Vec<Hit>,
    /// Whether there are, or may be, older ones.
    pub more: bool,
}

/// A message that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The room's name.
    pub room: Arc<str>,
    /// The message with all its changes.
    pub said: StoredMessage,
}

/// The announcement of what a resume repeats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resumed {
    /// The `id` of the event that is answered.
    pub re: Option<Arc<str>>,
    /// The client's name.
    pub you: Arc<str>,
    /// The epoch of all `seq`.
    pub epoch: Arc<str>,
    /// What was missed in each room.
    pub rooms: Vec<Missed>,
}

/// What was missed in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missed {
    /// The room.
    pub room: Arc<str>,
    /// The first entry missed.
    pub from: u64,
    /// The last entry missed; `from - 1` if there was none.
    pub to: u64,
    /// The range that cannot be repeated, and why.
    pub lost: Option<(u64, u64, &'static str)>,
}
