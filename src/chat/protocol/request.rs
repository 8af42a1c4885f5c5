//! What is asked without a WebSocket, as plain values.

use std::sync::Arc;

use crate::chat::protocol::account::AccountRequest;
use crate::chat::protocol::login::Login;
use crate::chat::record::Span;

/// One thing asked without a WebSocket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// For the rooms.
    Rooms,
    /// About accounts.
    AccountRequest(Box<AccountRequest>),
    /// For a part of a room's record.
    History {
        /// Who asks.
        by: Credential,
        /// The room.
        room: Box<str>,
        /// Which part.
        span: Span,
        /// How many messages.
        limit: Option<u32>,
    },
    /// For the statistics.
    Stats {
        /// Of how many minutes.
        minutes: Option<u32>,
    },
    /// To say something.
    Post(Box<Post>),
}

/// A message to post in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// The room.
    pub room: Box<str>,
    /// Who speaks; without it a guest does.
    pub by: Credential,
    /// The idempotency key: within the session, or among guests of the same name.
    pub id: Option<Arc<str>>,
    /// What is said.
    pub body: Body,
}

/// What a post says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// The text.
    pub content: Arc<str>,
    /// The `mid` it answers.
    pub reply_to: Option<u64>,
    /// Seconds after which it disappears.
    pub ttl: Option<u64>,
    /// What a guest is called; who has a session has a name.
    pub name: Option<Box<str>>,
}

/// How a request says who asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Credential {
    /// It does not.
    #[default]
    Nobody,
    /// By the key of a session.
    Session(Box<str>),
    /// By a token.
    Login(Box<Login>),
}
