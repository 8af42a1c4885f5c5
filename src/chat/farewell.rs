//! When clients come back after a restart: each at a moment of its own, so many a second.

use crate::chat::limits::Limits;

/// The moments at which clients come back, in milliseconds after `bye`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::chat) struct Farewell {
    seed: u64,
    /// At least 1.
    clients: u64,
    /// When the first comes back.
    first_ms: u64,
    /// The time from the first to the last; at least 1.
    spread_ms: u64,
}

impl Farewell {
    /// Returns the moments for so many clients.
    pub(in crate::chat) fn new(seed: u64, clients: usize, limits: &Limits) -> Self {
        let clients = u64::try_from(clients).unwrap_or(u64::MAX).max(1);
        let per_second = u64::from(limits.reconnects_per_second.max(1));
        // A fifth is left for those who come a little later than they should.
        let spread_ms =
            clients.saturating_mul(1000).saturating_mul(10).div_ceil(per_second.saturating_mul(8));
        let spread_ms = spread_ms.max(SPREAD_MIN_MS);
        // The more there are, the longer it takes to save their sessions and to restore them.
        let first_ms = FIRST_MS.saturating_add(spread_ms / 10);
        Self { seed, clients, first_ms, spread_ms }
    }

    /// Returns the moment of one of the clients, counted from 0: no two are closer than the rate
    /// allows.
    pub(in crate::chat) fn own_ms(&self, number: u64) -> u64 {
        let rotated = number.wrapping_add(self.seed).checked_rem(self.clients).unwrap_or(0);
        let after = u128::from(rotated).saturating_mul(u128::from(self.spread_ms));
        let after = after.checked_div(u128::from(self.clients)).unwrap_or(0);
        self.first_ms.saturating_add(u64::try_from(after).unwrap_or(u64::MAX))
    }

    /// Returns a moment for one who comes later than the others were counted.
    pub(in crate::chat) fn any_ms(&self, number: u64) -> u64 {
        let after = scatter(self.seed ^ number).checked_rem(self.spread_ms).unwrap_or(0);
        self.first_ms.saturating_add(after)
    }

    /// Returns a moment by which all have come back.
    pub(in crate::chat) fn last_ms(&self) -> u64 {
        self.first_ms.saturating_add(self.spread_ms)
    }
}

/// The time that a restart takes at least; a tenth of the spread is added.
const FIRST_MS: u64 = 1000;
/// The time over which clients are spread, however few.
const SPREAD_MIN_MS: u64 = 1000;

/// Spreads numbers that are near each other over all there are (SplitMix64).
fn scatter(number: u64) -> u64 {
    let z = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(clients: usize, per_second: u32) -> Vec<u64> {
        let limits = Limits { reconnects_per_second: per_second, ..Limits::default() };
        let farewell = Farewell::new(7, clients, &limits);
        let mut moments: Vec<u64> = (0..clients as u64).map(|it| farewell.own_ms(it)).collect();
        assert!((0..1000).all(|it| farewell.any_ms(it) < farewell.last_ms()));
        moments.sort_unstable();
        assert!(moments.last().is_none_or(|last| *last < farewell.last_ms()));
        moments
    }

    #[test]
    fn no_more_clients_come_back_in_a_second_than_the_rate_allows() {
        for (clients, per_second) in [(1, 1000), (50, 1000), (10_000, 1000), (10_000, 300), (7, 2)]
        {
            let moments = moments(clients, per_second);
            let first = |at: u64| moments.partition_point(|it| *it < at);
            let most = moments.iter().map(|at| first(at + 1000) - first(*at)).max();
            assert!(most.unwrap() <= per_second as usize + 1, "{clients}, {per_second}: {most:?}");
        }
    }

    #[test]
    fn the_last_of_ten_thousand_comes_back_after_fifteen_seconds() {
        let moments = moments(10_000, 1000);
        assert_eq!((moments[0], moments[9_999]), (2250, 14_748));
        assert_eq!(self::moments(2, 1000), [1100, 1600]);
    }

    #[test]
    fn any_numbers_are_good() {
        let limits = Limits { reconnects_per_second: 1, ..Limits::default() };
        let farewell = Farewell::new(u64::MAX, usize::MAX, &limits);
        for number in [0, 1, u64::MAX] {
            assert!(farewell.own_ms(number) >= FIRST_MS && farewell.any_ms(number) >= FIRST_MS);
        }
    }
}
