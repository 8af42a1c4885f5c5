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
    /// Say who moderates, and who may come.
    Owner,
    /// The same everywhere, but for reading what is private.
    Admin,
}

impl Actor {
    /// Makes one that is known by what is stored of it alone.
    pub(in crate::chat) fn absent(author: AuthorKey, name: &Arc<str>) -> Self {
        let name = Arc::clone(name);
        Self { author, name, account: false, admin: false, network: None, since: 0 }
    }
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
    /// Whether it acts with the rights of an admin.
    pub(in crate::chat) admin: bool,
    /// The network it comes from, or an account was registered from, if that tells it from others.
    pub(in crate::chat) network: Option<IpAddr>,
    /// When its session began, or its account was registered from there; 0 if that is unknown,
    /// `u64::MAX` for what is said without a session.
    pub(in crate::chat) since: u64,
}
