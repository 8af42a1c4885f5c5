//! Whose rate a request over HTTP counts against, and what is said when it is used up.

use std::net::IpAddr;

use crate::chat::protocol::error::Refusal;
use crate::chat::record::{AuthorKey, JournalError};
use crate::rate::Limited;

/// Whose bucket a request takes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::chat) enum RateKey {
    /// The author of a session or an account.
    Author(AuthorKey),
    /// All guests of a network.
    Network(IpAddr),
}

/// Refuses what a bucket has no token for.
pub(in crate::chat) fn refused(limited: Limited) -> Refusal {
    match limited {
        Limited::Empty(wait) => Refusal::rate_limited(wait),
        Limited::TooManyKeys => Refusal::refused(JournalError::Overloaded),
    }
}
