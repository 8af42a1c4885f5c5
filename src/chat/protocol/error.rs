//! Refusals: what a client is told in an `error` event.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use crate::chat::record::JournalError;

/// An error code of the protocol; what to do follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The text begins like an object and is not valid JSON.
    BadJson,
    /// The object has an unknown `type`.
    UnknownType,
    /// A required field is missing.
    MissingField,
    /// A field has an invalid value.
    BadField,
    /// A text is too long.
    TooLong,
    /// The message is binary.
    BinaryUnsupported,
    /// There is no such slash command.
    UnknownCommand,
    /// The same `id` was used before with a different body.
    IdConflict,
    /// There is no such room.
    NoSuchRoom,
    /// There is no such message.
    NoSuchMessage,
    /// There is no such file, or not for this message.
    NoSuchFile,
    /// The client is not in that room.
    NotInRoom,
    /// The name is invalid.
    NameInvalid,
    /// The name is another user's.
    NameTaken,
    /// The session key or token is unknown or expired.
    Unauthorized,
    /// The client may not do that.
    Forbidden,
    /// There is no such user.
    NoSuchUser,
    /// Only logged-in users may do that.
    AuthRequired,
    /// The user is muted in this room.
    Muted,
    /// The user is banned from this room.
    Banned,
    /// Only moderators may post in this room.
    RoomLocked,
    /// The user posted too recently for slow mode.
    SlowMode,
    /// A list of the room (members, bans, mutes) is full.
    RoomFull,
    /// The client is in as many rooms as allowed.
    TooManyRooms,
    /// The message has as many kinds of reactions as allowed.
    TooManyReactions,
    /// The room has as many pinned messages as allowed.
    TooManyPins,
    /// A rate is exceeded.
    RateLimited,
    /// The server is overloaded.
    Overloaded,
    /// The journal cannot be written or read now.
    StorageUnavailable,
    /// The positions belong to another journal.
    EpochMismatch,
    /// The server has a bug.
    InternalError,
}

impl Code {
    /// All codes, in their order.
    pub const ALL: [Self; 31] = [
        Self::BadJson,
        Self::UnknownType,
        Self::MissingField,
        Self::BadField,
        Self::TooLong,
        Self::BinaryUnsupported,
        Self::UnknownCommand,
        Self::IdConflict,
        Self::NoSuchRoom,
        Self::NoSuchMessage,
        Self::NoSuchFile,
        Self::NotInRoom,
        Self::NameInvalid,
        Self::NameTaken,
        Self::Unauthorized,
        Self::Forbidden,
        Self::NoSuchUser,
        Self::AuthRequired,
        Self::Muted,
        Self::Banned,
        Self::RoomLocked,
        Self::SlowMode,
        Self::RoomFull,
        Self::TooManyRooms,
        Self::TooManyReactions,
        Self::TooManyPins,
        Self::RateLimited,
        Self::Overloaded,
        Self::StorageUnavailable,
        Self::EpochMismatch,
        Self::InternalError,
    ];

    /// Returns its name on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::BadJson => "bad_json",
            Self::UnknownType => "unknown_type",
            Self::MissingField => "missing_field",
            Self::BadField => "bad_field",
            Self::TooLong => "too_long",
            Self::BinaryUnsupported => "binary_unsupported",
            Self::UnknownCommand => "unknown_command",
            Self::IdConflict => "id_conflict",
            Self::NoSuchRoom => "no_such_room",
            Self::NoSuchMessage => "no_such_message",
            Self::NoSuchFile => "no_such_file",
            Self::NotInRoom => "not_in_room",
            Self::NameInvalid => "name_invalid",
            Self::NameTaken => "name_taken",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::NoSuchUser => "no_such_user",
            Self::AuthRequired => "auth_required",
            Self::Muted => "muted",
            Self::Banned => "banned",
            Self::RoomLocked => "room_locked",
            Self::SlowMode => "slow_mode",
            Self::RoomFull => "room_full",
            Self::TooManyRooms => "too_many_rooms",
            Self::TooManyReactions => "too_many_reactions",
            Self::TooManyPins => "too_many_pins",
            Self::RateLimited => "rate_limited",
            Self::Overloaded => "overloaded",
            Self::StorageUnavailable => "storage_unavailable",
            Self::EpochMismatch => "epoch_mismatch",
            Self::InternalError => "internal_error",
        }
    }

    /// Whether the same request, `id` included, may be tried again later.
    pub const fn retryable(self) -> bool {
        matches!(
            self,
            Self::RateLimited | Self::SlowMode | Self::Overloaded | Self::StorageUnavailable
        )
    }
}

/// The refusal of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The code, for programs.
    pub code: Code,
    /// A sentence, for people.
    pub message: Cow<'static, str>,
    /// The `id` of the refused event.
    pub re: Option<Arc<str>>,
    /// The room it was about.
    pub room: Option<Arc<str>>,
    /// Milliseconds to wait, if known.
    pub retry_after_ms: Option<u64>,
    /// The refused text, so that it is not lost.
    pub text: Option<Arc<str>>,
}

impl Refusal {
    /// Reports a broken invariant of the chat: panics with debug assertions; otherwise logs it and
    /// returns an answer, so that no client waits for one in vain.
    pub fn internal() -> Self {
        debug_assert!(false, "an invariant of the chat is broken");
        tracing::error!("an invariant of the chat is broken: please report this bug");
        Self::new(Code::InternalError, "internal error; please report this")
    }

    /// Returns a refusal without event and room.
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        let message = message.into();
        Self { code, message, re: None, room: None, retry_after_ms: None, text: None }
    }

    /// Returns the refusal of a binary message.
    pub fn binary() -> Self {
        Self::new(Code::BinaryUnsupported, "binary messages must be UTF-8 text")
    }

    /// Returns the refusal of a request about a room that does not exist, or is as if it did not.
    pub fn no_such_room() -> Self {
        Self::new(Code::NoSuchRoom, "there is no such room")
    }

    /// Returns the refusal of a request above a rate.
    pub fn rate_limited(wait: Duration) -> Self {
        Self::wait(Code::RateLimited, wait)
    }

    /// Returns a refusal with a time to wait.
    pub fn wait(code: Code, wait: Duration) -> Self {
        let millis = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        let tenths = millis.div_ceil(100);
        let message = format!("wait {}.{} s", tenths / 10, tenths % 10);
        Self { retry_after_ms: Some(millis), ..Self::new(code, message) }
    }

    /// Returns the refusal for an error of the journal.
    pub fn refused(why: JournalError) -> Self {
        let (code, message) = match why {
            JournalError::IdConflict => {
                (Code::IdConflict, "this id was used before with a different body")
            }
            JournalError::NoSuchMessage => (Code::NoSuchMessage, "there is no such message"),
            JournalError::Forbidden => (Code::Forbidden, "this message is not yours"),
            JournalError::TooManyReactions => (
                Code::TooManyReactions,
                "a message takes 20 kinds of reactions, and 5 of one person",
            ),
            JournalError::Overloaded => (Code::Overloaded, "the server is busy; try again"),
            JournalError::Unavailable => {
                (Code::StorageUnavailable, "storage is unavailable; try again")
            }
        };
        Self::new(code, message)
    }

    /// Sets the `id` of the refused event.
    #[must_use]
    pub fn re(self, re: Option<Arc<str>>) -> Self {
        Self { re, ..self }
    }

    /// Sets the room.
    #[must_use]
    pub fn room(self, room: &Arc<str>) -> Self {
        Self { room: Some(Arc::clone(room)), ..self }
    }

    /// Sets the refused text.
    #[must_use]
    pub fn text(self, text: impl Into<Arc<str>>) -> Self {
        Self { text: Some(text.into()), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_codes_is_complete() {
        let numbers: Vec<usize> = Code::ALL.iter().map(|code| *code as usize).collect();
        assert_eq!(numbers, (0..=Code::InternalError as usize).collect::<Vec<_>>());
    }
}
