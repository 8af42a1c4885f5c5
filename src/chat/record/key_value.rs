//! Key-value records: small state stored beside the records of rooms.

use std::sync::Arc;

use super::RequestId;

/// A kind of key-value record. (Never renumber: the database stores the numbers.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Namespace {
    /// Accounts, by author.
    Accounts,
    /// Rooms: owner, private, locked, slow mode.
    Rooms,
    /// Members and moderators; keys are `ROOMKEY/…`.
    MemberStates,
    /// Bans; keys are `ROOMKEY/…`.
    Bans,
    /// Private conversations.
    DirectRooms,
    /// Read markers; keys are `AUTHORHEX/ROOMKEY`.
    ReadMarkers,
    /// Revoked tokens.
    RevokedTokens,
    /// Totals of days.
    Days,
    /// Mutes; keys are `ROOMKEY/…`.
    Mutes,
    /// Bans from the whole server.
    ServerBans,
    /// Memberships of accounts; keys are `AUTHORHEX/ROOMKEY`.
    Memberships,
    /// Invitations that are not answered; keys are `AUTHORHEX/ROOMKEY`.
    Invitations,
    /// Hooks; keys are `ROOMKEY/IDHEX`.
    Hooks,
    /// How far outgoing hooks have come; keys are `ROOMKEY/IDHEX`.
    HookPositions,
    /// Pinned messages; keys are `ROOMKEY/MID`.
    Pins,
    /// Uploaded files that no message carries yet, by id.
    Uploads,
    /// Logins of accounts; keys are `AUTHORHEX/LOGINHEX`.
    Logins,
}

/// A key-value record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyValue {
    /// The namespace.
    pub namespace: Namespace,
    /// The key in the namespace.
    pub key: Arc<str>,
    /// The value; `None` deletes the record.
    pub value: Option<Arc<str>>,
}

/// A request to store key-value records, all or none. With a request id it is answered by
/// [`Saved`](super::JournalResponse::Saved) or [`Rejected`](super::JournalResponse::Rejected);
/// without one it is not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutKeyValues {
    /// Comes back with the answer.
    pub request_id: Option<RequestId>,
    /// The records; of two with the same key the later one counts.
    pub key_values: Vec<KeyValue>,
}
