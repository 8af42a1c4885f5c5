//! HTTP requests, as plain values.

use std::sync::Arc;

use crate::chat::protocol::account::AccountRequest;
use crate::chat::protocol::hook::{HookAction, HookPost};
use crate::chat::protocol::login::Login;
use crate::chat::record::Span;

/// An HTTP request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// List the rooms.
    Rooms,
    /// Read or change accounts.
    AccountRequest(Box<AccountRequest>),
    /// Read a part of a room's record.
    History {
        /// The reader.
        by: Credential,
        /// The room.
        room: Box<str>,
        /// The part.
        span: Span,
        /// Number of messages.
        limit: Option<u32>,
    },
    /// Request the statistics.
    Stats {
        /// Number of minutes.
        minutes: Option<u32>,
    },
    /// Post a message.
    Post(Box<Post>),
    /// Add, list or remove the hooks of a room.
    Hooks {
        /// Who asks.
        by: Credential,
        /// The room.
        room: Box<str>,
        /// What to do.
        action: HookAction,
    },
    /// Post a message by a hook.
    HookPost(Box<HookPost>),
    /// To remove a room.
    RemoveRoom {
        /// Who asks; none if it is whoever runs the server.
        by: Option<Credential>,
        /// The room.
        room: Box<str>,
    },
}

/// A message to post in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// The room.
    pub room: Box<str>,
    /// The author; without a credential, a guest.
    pub by: Credential,
    /// The idempotency key: within the session, or among guests of the same name.
    pub id: Option<Arc<str>>,
    /// The message.
    pub body: Body,
}

/// The body of a post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// The text.
    pub content: Arc<str>,
    /// The `mid` it answers.
    pub reply_to: Option<u64>,
    /// Seconds after which it disappears.
    pub ttl: Option<u64>,
    /// The name of a guest; ignored with a credential.
    pub name: Option<Box<str>>,
}

/// The credential of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Credential {
    /// None.
    #[default]
    Nobody,
    /// A session key.
    Session(Box<str>),
    /// A verified token.
    Login(Box<Login>),
}
