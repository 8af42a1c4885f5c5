//! Events of clients, as plain values; parsed in `parse.rs`.

use std::num::NonZeroU8;
use std::sync::Arc;

use crate::chat::output_mode::OutputMode;
use crate::chat::protocol::login::Login;
use crate::chat::protocol::membership::Notify;
use crate::chat::record::{FileId, ModerationAction, Span};

/// An event of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientEvent {
    /// The client's id for it, repeated in the answer as `re`.
    pub id: Option<Arc<str>>,
    /// The room it is about; the current one if none is named.
    pub room: Option<Box<str>>,
    /// The command.
    pub command: Command,
}

/// The command of a client event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// None: white space.
    Nothing,
    /// Post a message.
    Send {
        /// The text.
        content: Arc<str>,
        /// The `mid` it answers.
        reply_to: Option<u64>,
        /// Seconds after which it disappears.
        ttl: Option<u64>,
        /// The files that it carries.
        files: Vec<FileId>,
        /// The sender the client claims to be: the `sender` of an object without `type`.
        sender: Option<Box<str>>,
    },
    /// Answer the last message of the room.
    Reply(Arc<str>),
    /// Edit a message; without a `mid`, the last one of this connection.
    Edit {
        /// The message.
        mid: Option<u64>,
        /// Its new text.
        content: Arc<str>,
    },
    /// Delete a message; without a `mid`, the last one of this connection.
    Delete {
        /// The message.
        mid: Option<u64>,
    },
    /// Add or remove a reaction.
    React {
        /// The message.
        mid: u64,
        /// The reaction.
        emoji: Arc<str>,
        /// Whether to add it; false removes it.
        on: bool,
    },
    /// Pin a message, or unpin it.
    Pin {
        /// The message.
        mid: u64,
        /// Whether to pin it.
        on: bool,
    },
    /// List the pinned messages of the room.
    ListPins,
    /// Join a room.
    Join {
        /// The room.
        room: Box<str>,
        /// Number of messages to send.
        history: Option<u32>,
        /// The last `seq` known, instead of `history`.
        after: Option<u64>,
        /// The epoch it belongs to.
        epoch: Option<Box<str>>,
    },
    /// Leave the room.
    Leave,
    /// Change the account's membership of the room.
    SetMembership {
        /// What to be notified of.
        notify: Option<Notify>,
        /// The place in the account's list.
        order: Option<u64>,
    },
    /// Accept the invitation to a room.
    Accept {
        /// The room.
        room: Box<str>,
    },
    /// Decline the invitation to a room.
    Decline {
        /// The room.
        room: Box<str>,
    },
    /// List the rooms.
    ListRooms {
        /// The `next` of the page before.
        from: Option<Box<str>>,
        /// Number of rooms.
        limit: Option<u32>,
    },
    /// List the people in the room.
    ListUsers,
    /// List the members of the room who are not in it.
    ListMembers {
        /// The `next` of the page before.
        from: Option<Box<str>>,
        /// Number of members.
        limit: Option<u32>,
    },
    /// Read a part of the record.
    History {
        /// The part.
        span: Span,
        /// Number of messages.
        limit: Option<u32>,
    },
    /// Read the replies to a message.
    Replies {
        /// The message.
        mid: u64,
        /// The `seq` above which they are.
        after: u64,
        /// Number of messages.
        limit: Option<u32>,
    },
    /// Search for messages by their words.
    Search(SearchQuery),
    /// Resume rooms after a lost connection.
    Resume {
        /// The key of the session to resume.
        session: Option<Box<str>>,
        /// The epoch of the positions.
        epoch: Option<Box<str>>,
        /// The last `seq` known of each room.
        rooms: Vec<(Box<str>, u64)>,
    },
    /// Change the user's name.
    SetName(Box<str>),
    /// Start or stop typing.
    Typing(bool),
    /// Set the user's status.
    SetStatus {
        /// Whether it is away.
        away: bool,
        /// The text shown with it.
        text: Arc<str>,
    },
    /// Set the hue of the user's picture.
    SetHue(Option<NonZeroU8>),
    /// Request the statistics.
    Stats {
        /// Number of minutes.
        minutes: Option<u32>,
    },
    /// Set the room's topic.
    SetTopic(Arc<str>),
    /// Request the room's topic.
    Topic,
    /// Send a private message.
    Direct {
        /// The recipient.
        to: Box<str>,
        /// The text.
        content: Arc<str>,
        /// The `mid` it answers.
        reply_to: Option<u64>,
        /// Seconds after which it disappears.
        ttl: Option<u64>,
        /// The files that it carries.
        files: Vec<FileId>,
    },
    /// Move the read marker of the room forward.
    Read(u64),
    /// Move the read marker of the room back before this message.
    MarkUnread(u64),
    /// Log in with a token. The server verifies it and replaces this by `LogIn`.
    Auth(Box<str>),
    /// Log in as the account that a token has proved.
    LogIn(Box<Login>),
    /// Moderate in the room.
    Moderate(Box<ModerationRequest>),
    /// Request a `pong`.
    Ping,
    /// List the slash commands.
    Help,
    /// Request the user's own name.
    WhoAmI,
    /// Set the output mode.
    Mode(OutputMode),
    /// Close the connection.
    Quit,
}

impl Command {
    /// Returns the command that posts a text.
    pub(in crate::chat) fn send(content: Arc<str>) -> Self {
        Self::Send { content, reply_to: None, ttl: None, files: Vec::new(), sender: None }
    }
}

/// A moderation as a client requested it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModerationRequest {
    /// The action.
    pub action: ModerationAction,
    /// The name of the target.
    pub user: Option<Box<str>>,
    /// A message whose author is the target, instead of `user`.
    pub mid: Option<u64>,
    /// The duration; for slow mode, the interval between two messages.
    pub seconds: Option<u64>,
    /// The reason.
    pub reason: Option<Arc<str>>,
}

/// A search request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchQuery {
    /// Words, phrases in quotes, and filters.
    pub words: Arc<str>,
    /// Number of messages.
    pub limit: Option<u32>,
    /// Only messages of the room with a `mid` below this.
    pub before: Option<u64>,
    /// How far the clock of its dates is ahead of UTC, in milliseconds.
    pub zone_ms: i64,
}

impl ClientEvent {
    /// Returns an event without an id for the current room.
    pub(in crate::chat) fn of(command: Command) -> Self {
        Self { id: None, room: None, command }
    }

    /// Returns the event that posts a typed line.
    pub(in crate::chat) fn said(line: &str) -> Self {
        Self::of(Command::send(typed(line)))
    }
}

/// Returns a typed text without one line break at its end.
pub(in crate::chat) fn typed(text: &str) -> Arc<str> {
    let text = text.strip_suffix('\n').map_or(text, |text| text.strip_suffix('\r').unwrap_or(text));
    text.into()
}
