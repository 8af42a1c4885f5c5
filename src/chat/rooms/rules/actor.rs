//! Who acts in a room, or is acted on, and what it may do.

use std::net::IpAddr;
use std::sync::Arc;

use crate::chat::record::AuthorKey;

/// What somebody may do in a room; each rank may do what those below it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::chat) enum Role {
    /// What everybody may.
    Stranger,
    /// Be in a private room.
    Member,
    /// Keep order.
    Moderator,
    /// Say who keeps order, and who may come.
    Owner,
    /// The same everywhere, but for reading what is private.
    Admin,
}

/// Somebody who acts, or is acted on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::chat) struct Actor {
    /// By what the record knows it.
    pub(in crate::chat) author: AuthorKey,
    /// Its name.
    pub(in crate::chat) name: Arc<str>,
    /// Whether it has an account.
    pub(in crate::chat) account: bool,
    /// Whether its account is an admin's.
    pub(in crate::chat) admin: bool,
    /// Where it comes from, if that tells it from others.
    pub(in crate::chat) network: Option<IpAddr>,
}
