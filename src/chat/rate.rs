//! Whose rate a request over HTTP counts against, what messages cost, and what is said when a rate
//! is used up.

use std::net::IpAddr;

use crate::chat::limits::Limits;
use crate::chat::protocol::error::Refusal;
use crate::chat::record::{AuthorKey, JournalError};
use crate::rate::{Buckets, Limited, Rate};

/// Whose bucket a request takes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::chat) enum RateKey {
    /// The author of a session or an account.
    Author(AuthorKey),
    /// All guests of a network.
    Network(IpAddr),
}

/// What the messages of connections cost, whatever they say, in units of work.
#[derive(Debug)]
pub(in crate::chat) struct Work {
    /// How much one connection may do; `None`: no limit.
    pub(in crate::chat) rate: Option<Rate>,
    /// How much the connections of each network do.
    pub(in crate::chat) networks: Buckets<IpAddr>,
}

impl Work {
    /// Returns the buckets. Without a limit of messages there is none of their work.
    pub(in crate::chat) fn new(limits: &Limits) -> Self {
        let (per_s, burst) = (limits.work_per_second_max, limits.work_burst_max);
        let limited = limits.sends_per_second_max.is_some();
        let rate = |share: u32| {
            let burst = burst.saturating_mul(share);
            limited.then(|| Rate::per_second(per_s.saturating_mul(share), burst)).flatten()
        };
        let networks = Buckets::new(rate(limits.network_share), limits.networks_max);
        Self { rate: rate(1), networks }
    }

    /// Returns the price of a message of so many bytes.
    pub(in crate::chat) fn price(bytes: usize) -> u32 {
        u32::try_from(bytes / BYTES_PER_UNIT).unwrap_or(u32::MAX).saturating_add(1)
    }
}

/// Bytes of a message that cost one unit of work more.
const BYTES_PER_UNIT: usize = 2048;

/// Refuses what a bucket has no token for.
pub(in crate::chat) fn refused(limited: Limited) -> Refusal {
    match limited {
        Limited::Empty(wait) => Refusal::rate_limited(wait),
        Limited::TooManyKeys => Refusal::refused(JournalError::Overloaded),
    }
}
