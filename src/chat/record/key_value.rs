//! Small things that are kept beside the records.

use std::sync::Arc;

use super::RequestId;

/// Names a kind of key-value records. (Never renumber: the database keeps the numbers.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Namespace {
    /// Who has registered.
    Accounts,
    /// What a room is like: who owns it, whether it is private.
    Rooms,
    /// Who has which role in a room; keys are `ROOMKEY/…`.
    MemberStates,
    /// Who may not come into a room; keys are `ROOMKEY/…`.
    Bans,
    /// Who talks to whom in private.
    DirectRooms,
    /// How far somebody has read; keys are `AUTHORHEX/ROOMKEY`.
    ReadMarkers,
    /// Tokens that hold no longer.
    RevokedTokens,
    /// What a day came to.
    Days,
    /// Who may not speak in a room; keys are `ROOMKEY/…`.
    Mutes,
}

/// One small thing kept beside the records, under a name of its own on its shelf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyValue {
    /// Where it lies.
    pub namespace: Namespace,
    /// Its name there.
    pub key: Arc<str>,
    /// What is kept; `None` forgets it.
    pub value: Option<Arc<str>>,
}

/// Stores key-value records, all or none. With a request id it is answered by
/// [`Saved`](super::JournalResponse::Saved) or [`Rejected`](super::JournalResponse::Rejected);
/// without one they are stored as soon as they can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutKeyValues {
    /// Comes back with the answer.
    pub request_id: Option<RequestId>,
    /// The key-value records; of two with the same name the later one counts.
    pub key_values: Vec<KeyValue>,
}
