//! What clients say, as plain values; read from text in `parse.rs`.

use std::sync::Arc;

use crate::chat::output_mode::OutputMode;
use crate::chat::protocol::login::Login;
use crate::chat::record::{ModerationAction, Span};

/// One thing a client asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientEvent {
    /// The client's name for it, repeated in the answer as `re`.
    pub id: Option<Arc<str>>,
    /// The room it is about; the current one if none is named.
    pub room: Option<Box<str>>,
    /// What is asked.
    pub command: Command,
}

/// What a client asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Nothing: white space.
    Nothing,
    /// To say something.
    Send {
        /// The text.
        content: Arc<str>,
        /// The `mid` it answers.
        reply_to: Option<u64>,
        /// Seconds after which it disappears.
        ttl: Option<u64>,
        /// Who the client says it is: the `sender` of an object without `type`.
        sender: Option<Box<str>>,
    },
    /// To answer what was said last.
    Reply(Arc<str>),
    /// To change what was said; without a `mid` the last thing this connection said.
    Edit {
        /// The message.
        mid: Option<u64>,
        /// Its new text.
        content: Arc<str>,
    },
    /// To take back what was said; without a `mid` the last thing this connection said.
    Delete {
        /// The message.
        mid: Option<u64>,
    },
    /// To react to a message, or take that back.
    React {
        /// The message.
        mid: u64,
        /// The reaction.
        emoji: Arc<str>,
        /// False takes it back.
        on: bool,
    },
    /// To be in a room.
    Join {
        /// The room.
        room: Box<str>,
        /// How many messages to send.
        history: Option<u32>,
        /// The last `seq` known, instead of `history`.
        after: Option<u64>,
        /// The epoch it belongs to.
        epoch: Option<Box<str>>,
    },
    /// To be in a room no more.
    Leave,
    /// For the rooms.
    ListRooms,
    /// For the people in a room.
    ListUsers,
    /// For a part of the record.
    History {
        /// Which part.
        span: Span,
        /// How many messages.
        limit: Option<u32>,
    },
    /// For what was said, by its words.
    Search(SearchQuery),
    /// For what was missed.
    Resume {
        /// The key of the session to take up.
        session: Option<Box<str>>,
        /// The epoch of the numbers.
        epoch: Option<Box<str>>,
        /// The last `seq` known of each room.
        rooms: Vec<(Box<str>, u64)>,
    },
    /// To be called something else.
    SetName(Box<str>),
    /// To have it known that it is typing, or no more.
    Typing(bool),
    /// To be away, or back.
    SetStatus {
        /// Whether it is away.
        away: bool,
        /// What it says about that.
        text: Arc<str>,
    },
    /// For the statistics.
    Stats {
        /// Of how many minutes.
        minutes: Option<u32>,
    },
    /// To give the room a topic.
    SetTopic(Arc<str>),
    /// For the room's topic.
    Topic,
    /// To say something to one person.
    Direct {
        /// The person.
        to: Box<str>,
        /// The text.
        content: Arc<str>,
        /// The `mid` it answers.
        reply_to: Option<u64>,
        /// Seconds after which it disappears.
        ttl: Option<u64>,
    },
    /// To have it known how far the room is read.
    Read(u64),
    /// To be taken for whom this token says; whoever reads it proves it and asks to log in.
    Auth(Box<str>),
    /// To be whom a token has proved.
    LogIn(Box<Login>),
    /// To moderate in the room.
    Moderate(Box<ModerationRequest>),
    /// For a sign of life.
    Ping,
    /// For the commands there are.
    Help,
    /// For the own name.
    WhoAmI,
    /// To read in another form.
    Mode(OutputMode),
    /// To end.
    Quit,
}

/// What somebody does to moderate, as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModerationRequest {
    /// What.
    pub action: ModerationAction,
    /// To whom.
    pub user: Option<Box<str>>,
    /// To whoever wrote this message, instead of `user`.
    pub mid: Option<u64>,
    /// For how long; of slow mode, the least time between two messages.
    pub seconds: Option<u64>,
    /// Why.
    pub reason: Option<Arc<str>>,
}

/// What is searched for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchQuery {
    /// Words, and phrases in quotes.
    pub words: Arc<str>,
    /// How many messages.
    pub limit: Option<u32>,
    /// Only messages of the room with a `mid` below this.
    pub before: Option<u64>,
}

impl ClientEvent {
    /// Asks for something in the current room, by no name.
    pub(in crate::chat) fn of(command: Command) -> Self {
        Self { id: None, room: None, command }
    }

    /// Returns the event that sends a typed line.
    pub(in crate::chat) fn said(line: &str) -> Self {
        Self::of(Command::Send { content: typed(line), reply_to: None, ttl: None, sender: None })
    }
}

/// Takes a typed text as it is, but for one line break at its end.
pub(in crate::chat) fn typed(text: &str) -> Arc<str> {
    let text = text.strip_suffix('\n').map_or(text, |text| text.strip_suffix('\r').unwrap_or(text));
    text.into()
}
