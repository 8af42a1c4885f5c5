//! The rate of HTTP requests, the price of messages, and the refusal when a rate is exceeded.

use std::net::IpAddr;

use crate::chat::ids::RoomId;
use crate::chat::limits::Limits;
use crate::chat::protocol::error::Refusal;
use crate::chat::record::{AuthorKey, JournalError};
use crate::rate::{Buckets, Limited, Rate};

/// The owner of the bucket that an HTTP request takes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::chat) enum RateKey {
    /// The author of a session or an account.
    Author(AuthorKey),
    /// All guests of a network.
    Network(IpAddr),
    /// All hooks of a room.
    Hooks(RoomId),
}

/// The work of messages, whatever they contain, in units.
#[derive(Debug)]
pub(in crate::chat) struct Work {
    /// The rate of one connection; `None`: no limit.
    pub(in crate::chat) rate: Option<Rate>,
    /// The buckets of all connections of each network.
    pub(in crate::chat) networks: Buckets<IpAddr>,
}

impl Work {
    /// Returns empty buckets; unlimited where messages are.
    pub(in crate::chat) fn new(limits: &Limits) -> Self {
        let networks = Buckets::new(work_rate(limits, limits.network_share), limits.networks_max);
        Self { rate: work_rate(limits, 1), networks }
    }

    /// Changes the limits.
    pub(in crate::chat) fn set_limits(&mut self, limits: &Limits) {
        self.rate = work_rate(limits, 1);
        self.networks.set_limits(work_rate(limits, limits.network_share), limits.networks_max);
    }

    /// Returns the units that a message of `bytes` costs.
    pub(in crate::chat) fn price(bytes: usize) -> u32 {
        u32::try_from(bytes / BYTES_PER_UNIT).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// Returns the price of inflating a frame of so many compressed bytes after those of the frames
    /// `before` it. However a message is cut into frames, they cost the same together.
    pub(in crate::chat) fn price_of_inflating(before: u64, bytes: u64) -> u32 {
        let price = |bytes: u64| bytes.div_ceil(DEFLATED_BYTES_PER_UNIT);
        let total = before.saturating_add(bytes);
        u32::try_from(price(total).saturating_sub(price(before))).unwrap_or(u32::MAX)
    }
}

/// Returns the rate of posts by request; `None`: no limit.
pub(in crate::chat) fn post_rate(limits: &Limits) -> Option<Rate> {
    Rate::per_second(limits.sends_per_second_max?, limits.sends_burst_max)
}

/// Returns the rate of queries by request; `None`: no limit.
pub(in crate::chat) fn query_rate(limits: &Limits) -> Option<Rate> {
    Rate::per_second(limits.requests_per_second_max?, limits.requests_burst_max)
}

/// Returns the rate of files that are asked for.
pub(in crate::chat) fn download_rate(limits: &Limits) -> Option<Rate> {
    Rate::per_second(limits.downloads_per_second_max, limits.downloads_burst_max)
}

/// Returns the rate of the work of so many connections together; `None`: no limit.
fn work_rate(limits: &Limits, connections: u32) -> Option<Rate> {
    limits.sends_per_second_max?;
    let per_s = limits.work_per_second_max.saturating_mul(connections);
    Rate::per_second(per_s, limits.work_burst_max.saturating_mul(connections))
}

/// Each of these bytes of a message cost one more unit.
const BYTES_PER_UNIT: usize = 2048;

/// Compressed bytes that cost one unit of work. The worst of them take 0.2 µs each to inflate,
/// twenty times as long as the worst text takes to be read.
const DEFLATED_BYTES_PER_UNIT: u64 = 256;

/// Returns the refusal for an empty bucket.
pub(in crate::chat) fn refused(limited: Limited) -> Refusal {
    match limited {
        Limited::Empty(wait) => Refusal::rate_limited(wait),
        Limited::TooManyKeys => Refusal::refused(JournalError::Overloaded),
    }
}
