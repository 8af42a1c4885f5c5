//! Moderation actions.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A moderation action with its target and its parameters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moderation {
    /// The action.
    pub action: ModerationAction,
    /// The name of the target; `None` for an action on the room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Arc<str>>,
    /// How long it lasts, or the interval of slow mode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u64>,
    /// The reason given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Arc<str>>,
}

/// A kind of moderation. (The words stand in the database and on the wire.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModerationAction {
    /// Removes a user from the room.
    Kick,
    /// Removes a user, who may not come back.
    Ban,
    /// Lifts a ban.
    Unban,
    /// Stops a user from posting.
    Mute,
    /// Lifts a mute.
    Unmute,
    /// Lets only moderators post.
    Lock,
    /// Lets everybody post again.
    Unlock,
    /// Sets the interval between two messages of one user.
    Slow,
    /// Lets a user into a private room.
    Invite,
    /// Lets only members join.
    MakePrivate,
    /// Lets everybody join.
    MakePublic,
    /// Makes a user a moderator.
    Promote,
    /// Makes a moderator an ordinary member.
    Demote,
}

impl ModerationAction {
    /// All actions with their words.
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

    /// Finds an action by its word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(_, known)| *known == word).map(|(action, _)| action)
    }

    /// Returns the word.
    pub fn word(self) -> &'static str {
        Self::ALL.into_iter().find(|(known, _)| *known == self).map_or("", |(_, word)| word)
    }
}
