//! Moderation actions.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{RequestId, RoomKey};

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

/// Removes a room: its record, and all that is stored beside it. Nothing of it is found any more,
/// and its text is erased in steps. If the room is made again its numbers go on. Answered by
/// [`Saved`](super::JournalResponse::Saved) or [`Rejected`](super::JournalResponse::Rejected).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoveRoom {
    /// The request's id.
    pub request_id: RequestId,
    /// The room.
    pub room: RoomKey,
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
    /// Removes the room and its record.
    RemoveRoom,
    /// Adds a hook, which stands in place of a user.
    AddHook,
    /// Removes a hook.
    RemoveHook,
}

impl ModerationAction {
    /// All actions with their words.
    pub const ALL: [(Self, &'static str); 16] = [
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
        (Self::RemoveRoom, "remove_room"),
        (Self::AddHook, "add_hook"),
        (Self::RemoveHook, "remove_hook"),
    ];

    /// Lists the actions that a client may ask for by an event, with their words.
    pub fn requestable() -> impl Iterator<Item = (Self, &'static str)> {
        let by_request = [Self::AddHook, Self::RemoveHook];
        Self::ALL.into_iter().filter(move |(action, _)| !by_request.contains(action))
    }

    /// Finds an action that a client may ask for, by its word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::requestable().find(|(_, known)| *known == word).map(|(action, _)| action)
    }

    /// Returns the word.
    pub fn word(self) -> &'static str {
        Self::ALL.into_iter().find(|(known, _)| *known == self).map_or("", |(_, word)| word)
    }
}
