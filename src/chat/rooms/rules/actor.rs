//! Actors: who moderates, or is moderated, in a room, and in which role.

use std::net::IpAddr;
use std::sync::Arc;

use crate::chat::record::AuthorKey;

/// A role in a room; each includes the rights of those below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::chat) enum Role {
    /// No role: the rights everybody has.
    Stranger,
    /// May be in a private room.
    Member,
    /// May moderate.
    Moderator,
    /// May appoint moderators, and make the room private.
    Owner,
    /// An owner's rights in every room, but for reading private ones.
    Admin,
}

impl Actor {
    /// Returns an actor of whom only author and name are known.
    pub(in crate::chat) fn absent(author: AuthorKey, name: &Arc<str>) -> Self {
        let name = Arc::clone(name);
        Self { author, name, account: false, admin: false, network: None, since: 0 }
    }
}

/// A user who moderates, or is moderated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::chat) struct Actor {
    /// Its author.
    pub(in crate::chat) author: AuthorKey,
    /// Its name.
    pub(in crate::chat) name: Arc<str>,
    /// Whether it has an account.
    pub(in crate::chat) account: bool,
    /// Whether it has admin rights.
    pub(in crate::chat) admin: bool,
    /// The network it comes from, or its account was registered from; `None` for loopback and
    /// unspecified addresses.
    pub(in crate::chat) network: Option<IpAddr>,
    /// The stamp of its session or of its registration; 0 if unknown, `u64::MAX` for posts without
    /// a session.
    pub(in crate::chat) since: u64,
}
