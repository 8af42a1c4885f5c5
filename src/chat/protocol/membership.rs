//! Memberships of accounts, and invitations, as plain values.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// What of a room a member wants to be notified of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Notify {
    /// Everything.
    #[default]
    All,
    /// Mentions.
    Mentions,
    /// Nothing.
    None,
}

impl Notify {
    /// All levels with their words.
    pub const ALL: [(Self, &'static str); 3] =
        [(Self::All, "all"), (Self::Mentions, "mentions"), (Self::None, "none")];

    /// Returns the word of the protocol.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(level, _)| *level == self).map_or("", |(_, word)| word)
    }

    /// Parses the word of the protocol.
    pub(in crate::chat) fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == word).map(|(level, _)| *level)
    }
}

/// The membership of an account in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MembershipSummary {
    /// The room.
    pub room: Arc<str>,
    /// What the account wants to be notified of.
    pub notify: Notify,
    /// Its place in the account's list: the lowest is first.
    pub order: u64,
}

/// An invitation to a private room that is not answered yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// The room.
    pub room: Arc<str>,
    /// The name of the inviter.
    pub by: Arc<str>,
    /// Unix milliseconds at which it was made.
    pub ts: u64,
}
