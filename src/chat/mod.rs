//! The domain of chat.
#![cfg_attr(
    not(test),
    deny(clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::unwrap_used)
)]

mod command;
mod event;
mod few;
mod hello;
mod limit;
mod parse;
mod rate;
pub mod record;
mod refusal;

use std::borrow::Cow;

pub use event::{
    Ask, ClientEvent, Form, History, Joined, Missed, Resumed, RoomLine, ServerEvent, User, Welcome,
};
pub use hello::Hello;
pub use limit::Limits;
pub use refusal::{Code, Refusal};

use crate::clock::{Moment, Now};
use record::{Answer, Opening, Order};

/// Names an open WebSocket; its carrier numbers them and never uses a number again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(pub u64);

/// Names a live room, and its broadcasts as a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomId(pub u32);

/// Is a client that is told what happens in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listener {
    /// The client.
    pub client: ClientId,
    /// How it reads.
    pub form: Form,
}

/// Is something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A WebSocket is open.
    Opened {
        /// Its number.
        client: ClientId,
        /// What its request said.
        hello: Hello,
        /// Random bytes: the key of its session, if it gets a new one.
        seed: [u8; 16],
    },
    /// A client said something.
    Received {
        /// The client.
        client: ClientId,
        /// What it said, or why that is nothing.
        event: Result<ClientEvent, Refusal>,
    },
    /// A WebSocket is closed.
    Closed {
        /// Its number.
        client: ClientId,
        /// Whether it fell silent.
        timed_out: bool,
    },
    /// A connection that lagged reads again.
    CaughtUp {
        /// The client.
        client: ClientId,
        /// The entries it was not sent: first and last of each room.
        missed: Vec<(RoomId, u64, u64)>,
    },
    /// The keeper of records answers.
    Answered(Answer),
    /// The deadline has come.
    Due,
    /// The server is going to end.
    Drain {
        /// Randomness: when each client is to come back.
        seed: u64,
    },
}

/// Is something to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Tell one client.
    Reply {
        /// The client.
        client: ClientId,
        /// What.
        event: ServerEvent,
    },
    /// Tell the audience of a room.
    Broadcast {
        /// The room.
        room: RoomId,
        /// What.
        event: ServerEvent,
        /// Not this one.
        except: Option<ClientId>,
        /// The entry's number; what has none is the first to be dropped for a slow client.
        seq: Option<u64>,
    },
    /// Pass this on to the keeper of records.
    Order(Order),
    /// Close a client's WebSocket.
    Close {
        /// The client.
        client: ClientId,
        /// The close code.
        code: u16,
        /// What it says.
        reason: Cow<'static, str>,
    },
}

/// Holds everybody and every room.
#[derive(Debug)]
pub struct Chat {
    limits: Limits,
}

impl Chat {
    /// Starts with nobody there.
    pub fn new(limits: Limits, opening: Opening) -> Self {
        let _ = opening;
        Self { limits }
    }

    /// Takes in what happened and appends what is to be done. The effects are to be carried out
    /// in order and before the next input: a broadcast goes to the audience as it is right after
    /// this call.
    pub fn handle(&mut self, now: Now, input: Input, effects: &mut Vec<Effect>) {
        let _ = (now, input, effects);
    }

    /// Says when [`Input::Due`] is to come.
    pub fn deadline(&self) -> Moment {
        Moment::NEVER
    }

    /// Lists who is told what happens in a room.
    pub fn audience(&self, room: RoomId) -> &[Listener] {
        let _ = room;
        &[]
    }

    /// Says how a client reads.
    pub fn form(&self, client: ClientId) -> Form {
        let _ = client;
        Form::Json
    }

    /// Gives the limits, for reading events.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Counts the open WebSockets.
    pub fn clients(&self) -> usize {
        0
    }

    /// Counts the rooms with somebody in them.
    pub fn rooms(&self) -> usize {
        0
    }
}
