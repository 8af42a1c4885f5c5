//! What somebody did to moderate in a room.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// What somebody who moderates did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moderation {
    /// What.
    pub action: ModerationAction,
    /// The name of whom it was done to; nobody for what is done to the room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Arc<str>>,
    /// How long it lasts, or how long everybody waits between two messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u64>,
    /// Why, as they put it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Arc<str>>,
}

/// Names what can be done to moderate. (The words stand in the database and on the wire.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModerationAction {
    /// Somebody has to leave.
    Kick,
    /// Somebody has to leave and may not come back.
    Ban,
    /// Somebody may come back.
    Unban,
    /// Somebody may not talk.
    Mute,
    /// Somebody may talk again.
    Unmute,
    /// Only those who moderate may talk.
    Lock,
    /// Everybody may talk again.
    Unlock,
    /// Everybody has to wait between two messages.
    Slow,
    /// Somebody may come in.
    Invite,
    /// Only members may come in.
    MakePrivate,
    /// Everybody may come in.
    MakePublic,
    /// Somebody has a higher role.
    Promote,
    /// Somebody has a lower role.
    Demote,
}

impl ModerationAction {
    /// Lists them all, with their words.
    pub const ALL: [(Self, &'static str); 13] = [
        (Self::Kick, "kick"),
        (Self::Ban, "ban"),
        (Self::Unban, "unban"),
        (Self::Mute, "mute"),
        (Self::Unmute, "unmute"),
        (Self::Lock, "lock"),
        (Self::Unlock, "unlock"),
        (Self::Slow, "slow"),
        (Self::Invite, "invite"),
        (Self::MakePrivate, "make_private"),
        (Self::MakePublic, "make_public"),
        (Self::Promote, "promote"),
        (Self::Demote, "demote"),
    ];

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(_, known)| *known == word).map(|(action, _)| action)
    }

    /// Returns the word.
    pub fn word(self) -> &'static str {
        Self::ALL.into_iter().find(|(known, _)| *known == self).map_or("", |(_, word)| word)
    }
}
