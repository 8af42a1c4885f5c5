//! What is counted of the clients, beside their messages.

use std::collections::BTreeMap;
use std::fmt::Display;

use hdrhistogram::Histogram;

use super::times::histogram;

/// Counts of things that have reasons.
pub(super) type Reasons = BTreeMap<String, u64>;

/// The counts.
#[derive(Debug)]
pub(super) struct Tally {
    /// TLS handshakes in full, and resumed ones.
    pub(super) handshakes: (u64, u64),
    /// Connections that could not be opened.
    pub(super) failed: Reasons,
    /// Open connections that the server ended.
    pub(super) closed: Reasons,
    /// Messages and questions that the server refused.
    pub(super) refused: Reasons,
    /// Connections that were cut.
    pub(super) cuts: u64,
    /// Clients that were there again.
    pub(super) returns: u64,
    /// Messages that a sender could not send because the server did not read.
    pub(super) unsent: u64,
    /// From the beginning of a connection until the client is there.
    pub(super) connect: Histogram<u64>,
    /// The same of those that come back.
    pub(super) again: Histogram<u64>,
}

impl Tally {
    pub(super) fn new() -> Self {
        Self {
            handshakes: (0, 0),
            failed: Reasons::new(),
            closed: Reasons::new(),
            refused: Reasons::new(),
            cuts: 0,
            returns: 0,
            unsent: 0,
            connect: histogram(),
            again: histogram(),
        }
    }
}

/// Counts one more for this reason.
pub(super) fn count(reasons: &mut Reasons, why: impl Display) {
    *reasons.entry(why.to_string()).or_default() += 1;
}
