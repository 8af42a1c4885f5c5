//! Why something asked for was not done: what a client is told in an `error` event.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use crate::chat::record::JournalError;

/// A word of the protocol's table of errors; what to do follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// Begins like an object and is none.
    BadJson,
    /// An object of no known `type`.
    UnknownType,
    /// Something needed is not there.
    MissingField,
    /// Something there is not what it should be.
    BadField,
    /// More text than allowed.
    TooLong,
    /// A binary message.
    BinaryUnsupported,
    /// A slash command that does not exist.
    UnknownCommand,
    /// The same `id` came before with another body.
    IdConflict,
    /// There is no such room.
    NoSuchRoom,
    /// There is no such message.
    NoSuchMessage,
    /// The client is not in that room.
    NotInRoom,
    /// No name can read like this.
    NameInvalid,
    /// The name is somebody else's.
    NameTaken,
    /// A key that nobody has, or has any more.
    Unauthorized,
    /// Not for this client to do.
    Forbidden,
    /// Nobody is called so.
    NoSuchUser,
    /// Only for those who have logged in.
    AuthRequired,
    /// May not speak in this room for now.
    Muted,
    /// May not come into this room.
    Banned,
    /// Only those who moderate may speak in this room.
    RoomLocked,
    /// Spoke in this room just before.
    SlowMode,
    /// As many people are something in the room as may be.
    RoomFull,
    /// In as many rooms as allowed.
    TooManyRooms,
    /// As many kinds of reactions to a message as there may be.
    TooManyReactions,
    /// Too much in too little time.
    RateLimited,
    /// The server has too much to do.
    Overloaded,
    /// The record cannot be written or read now.
    StorageUnavailable,
    /// The numbers belong to another journal.
    EpochMismatch,
    /// A bug of the server.
    InternalError,
}

impl Code {
    /// Returns the word on the wire.
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
            Self::RateLimited => "rate_limited",
            Self::Overloaded => "overloaded",
            Self::StorageUnavailable => "storage_unavailable",
            Self::EpochMismatch => "epoch_mismatch",
            Self::InternalError => "internal_error",
        }
    }

    /// Whether the same thing, `id` included, may be tried again later.
    pub const fn retryable(self) -> bool {
        matches!(
            self,
            Self::RateLimited | Self::SlowMode | Self::Overloaded | Self::StorageUnavailable
        )
    }
}

/// Why something asked for was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The word for programs.
    pub code: Code,
    /// The sentence for people.
    pub message: Cow<'static, str>,
    /// The `id` of what was asked.
    pub re: Option<Arc<str>>,
    /// The room it was about.
    pub room: Option<Arc<str>>,
    /// How long to wait, if that is known.
    pub retry_after_ms: Option<u64>,
    /// What was typed, so that it is not lost.
    pub text: Option<Arc<str>>,
}

impl Refusal {
    /// Reports that an invariant of the chat is broken: a failure where debug assertions are on,
    /// elsewhere a line in the log and an answer, so that nobody waits for one in vain.
    pub fn internal() -> Self {
        debug_assert!(false, "an invariant of the chat is broken");
        tracing::error!("an invariant of the chat is broken: please report this bug");
        Self::new(Code::InternalError, "internal error; please report this")
    }

    /// Makes a refusal that names neither an event nor a room.
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        let message = message.into();
        Self { code, message, re: None, room: None, retry_after_ms: None, text: None }
    }

    /// Refuses a binary message.
    pub fn binary() -> Self {
        Self::new(Code::BinaryUnsupported, "binary messages must be UTF-8 text")
    }

    /// How long to wait.
    pub fn rate_limited(wait: Duration) -> Self {
        Self::wait(Code::RateLimited, wait)
    }

    /// How long to wait, for another reason.
    pub fn wait(code: Code, wait: Duration) -> Self {
        let millis = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        let tenths = millis.div_ceil(100);
        let message = format!("wait {}.{} s", tenths / 10, tenths % 10);
        Self { retry_after_ms: Some(millis), ..Self::new(code, message) }
    }

    /// What the journal said.
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

    /// Names the event that is refused.
    #[must_use]
    pub fn re(self, re: Option<Arc<str>>) -> Self {
        Self { re, ..self }
    }

    /// Names the room it is about.
    #[must_use]
    pub fn room(self, room: &Arc<str>) -> Self {
        Self { room: Some(Arc::clone(room)), ..self }
    }

    /// Hands the text back.
    #[must_use]
    pub fn text(self, text: impl Into<Arc<str>>) -> Self {
        Self { text: Some(text.into()), ..self }
    }
}
