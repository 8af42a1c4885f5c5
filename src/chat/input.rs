//! What the chat is told.

use std::net::IpAddr;

use crate::chat::ids::{ClientId, RoomId};
use crate::chat::protocol::client_event::ClientEvent;
use crate::chat::protocol::connect::ConnectParams;
use crate::chat::protocol::error::Refusal;
use crate::chat::protocol::login::Login;
use crate::chat::protocol::request::Request;
use crate::chat::record::{AuthorKey, JournalResponse};

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A WebSocket is open.
    Opened {
        /// Its number.
        client: ClientId,
        /// What its request said.
        params: ConnectParams,
        /// Random bytes: the key of its session, if it gets a new one.
        seed: [u8; 16],
        /// Who it is known to be.
        admission: Box<Admission>,
    },
    /// A client said something.
    Received {
        /// The client.
        client: ClientId,
        /// What it said, or why that is nothing.
        event: Result<ClientEvent, Refusal>,
    },
    /// Something is asked without a WebSocket; [`Effect::Respond`](super::Effect::Respond) answers
    /// it, once.
    Asked {
        /// Its number; it comes from where those of clients come from.
        caller: ClientId,
        /// Where it comes from: those of one network share a rate.
        network: IpAddr,
        /// What is asked.
        request: Request,
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
    /// The journal answers.
    Answered(JournalResponse),
    /// Somebody has logged out: connections of that login end.
    LoggedOut {
        /// Whose login it was.
        author: AuthorKey,
        /// Its number.
        id: [u8; 16],
    },
    /// The deadline has come.
    Due,
    /// The server is going to end.
    Drain {
        /// Randomness: when each client is to come back.
        seed: u64,
    },
}

/// What is known of a client beside what it says itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Admission {
    /// Where it comes from: an IPv4 address, or an IPv6 /64.
    pub network: Option<IpAddr>,
    /// Who its token proves it to be.
    pub login: Option<Login>,
    /// Why it is a guest although it has a token.
    pub fault: Option<Refusal>,
}
