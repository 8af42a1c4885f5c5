//! Hooks, and requests about them, as plain values.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::chat::record::AuthorKey;

/// The direction of a hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HookKind {
    /// Another program posts in the room.
    Incoming,
    /// Another program is sent the messages of the room.
    Outgoing,
}

/// A hook of a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// A hash of its key, and the author of what it posts.
    pub id: AuthorKey,
    /// The direction.
    pub kind: HookKind,
    /// Its name.
    pub name: Arc<str>,
    /// The name of the user who added it.
    pub by: Arc<str>,
    /// Unix milliseconds at which it was added.
    pub since: u64,
    /// Where an outgoing hook sends messages.
    pub url: Option<Arc<str>>,
    /// The key by which an outgoing hook signs messages. That of an incoming one is not stored.
    pub secret: Option<Arc<str>>,
    /// Whether it sends no more messages, because its target failed for too long.
    pub disabled: bool,
}

/// What to do with the hooks of a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HookAction {
    /// Add one.
    Add {
        /// The direction.
        kind: HookKind,
        /// Its name.
        name: Box<str>,
        /// Where an outgoing one sends messages: a URL that may be sent to.
        url: Option<Arc<str>>,
        /// Its key: random, of at least 128 bits.
        key: Arc<str>,
    },
    /// List them.
    List,
    /// Remove the one with this id.
    Remove(AuthorKey),
}

/// A message that a program posts by a hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookPost {
    /// The hook.
    pub hook: AuthorKey,
    /// The idempotency key.
    pub id: Option<Arc<str>>,
    /// The text.
    pub content: Arc<str>,
    /// The name to show beside the hook's.
    pub username: Option<Box<str>>,
}
