//! Inputs: what the chat has to react to.

use std::net::IpAddr;
use std::sync::Arc;

use crate::chat::ids::{ClientId, RoomId};
use crate::chat::protocol::client_event::ClientEvent;
use crate::chat::protocol::connect::ConnectParams;
use crate::chat::protocol::delivery::Delivered;
use crate::chat::protocol::error::Refusal;
use crate::chat::protocol::login::Login;
use crate::chat::protocol::request::Request;
use crate::chat::record::{AuthorKey, JournalResponse};

/// An event for the chat to handle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A WebSocket was opened.
    Opened {
        /// Its id.
        client: ClientId,
        /// The parameters of its request.
        params: ConnectParams,
        /// Random bytes for its session key, if it gets a new session.
        seed: [u8; 16],
        /// What the server knows about it.
        admission: Box<Admission>,
    },
    /// A client sent an event.
    Received {
        /// The client.
        client: ClientId,
        /// The event, or why it could not be parsed.
        event: Result<ClientEvent, Refusal>,
    },
    /// An HTTP request; [`Effect::Respond`](super::Effect::Respond) answers it, exactly once.
    Asked {
        /// Its id, from the same sequence as those of clients.
        caller: ClientId,
        /// The network it comes from; requests of one network share a rate.
        network: IpAddr,
        /// The request.
        request: Request,
    },
    /// A WebSocket was closed.
    Closed {
        /// Its id.
        client: ClientId,
        /// Whether it timed out.
        timed_out: bool,
    },
    /// A connection that lagged has caught up.
    CaughtUp {
        /// The client.
        client: ClientId,
        /// The entries it was not sent: room, first and last `seq`.
        missed: Vec<(RoomId, u64, u64)>,
    },
    /// The journal answered a request.
    Answered(JournalResponse),
    /// The target of a hook answered, or did not.
    Delivered {
        /// The hook.
        hook: AuthorKey,
        /// The entry's `seq`.
        seq: u64,
        /// What became of it.
        outcome: Delivered,
    },
    /// A login was revoked: its connections are closed.
    LoggedOut {
        /// The author of the login.
        author: AuthorKey,
        /// Its id.
        id: [u8; 16],
    },
    /// An administrator announced something to everybody.
    Announced {
        /// The message.
        message: Arc<str>,
    },
    /// The time of [`Chat::deadline`](super::Chat::deadline) has come.
    Due,
    /// The server is shutting down.
    Drain {
        /// Randomness that spreads the clients' reconnects.
        seed: u64,
    },
}

/// What the server knows about a client beyond its own parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Admission {
    /// Its network: an IPv4 address, or an IPv6 /64.
    pub network: Option<IpAddr>,
    /// The login its token proves.
    pub login: Option<Login>,
    /// Why it is a guest despite its token.
    pub fault: Option<Refusal>,
}
