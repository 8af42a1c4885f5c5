//! How often a connection may do something.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use crate::chat::limits::Limits;
use crate::chat::protocol::error::Refusal;
use crate::chat::record::{AuthorKey, Refused};
use crate::clock::Moment;

/// Is a token bucket in eight bytes: the moment, in microseconds, at which it will be full again
/// (the generic cell rate algorithm).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::chat) struct Bucket {
    full_at: u64,
}

/// Says how full a bucket was when something was taken from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::chat) enum Taken {
    /// At least half full before.
    Easily,
    /// Less than half full before.
    Hardly,
    /// Empty: nothing was taken, so long must be waited.
    No(Duration),
}

impl Bucket {
    /// Takes one token; no rate means no limit.
    pub(in crate::chat) fn take(
        &mut self,
        now: Moment,
        per_second: Option<u32>,
        burst: u32,
    ) -> Taken {
        let Some(interval) = per_second.and_then(|rate| 1_000_000_u64.checked_div(u64::from(rate)))
        else {
            return Taken::Easily;
        };
        let now = now.as_millis().saturating_mul(1000);
        let room = interval.saturating_mul(u64::from(burst.max(1)));
        let full_at = self.full_at.max(now);
        let owed = full_at.saturating_sub(now);
        let after = owed.saturating_add(interval);
        if after > room {
            // Rounded up: whoever waits as long as told is let through.
            return Taken::No(Duration::from_millis(after.saturating_sub(room).div_ceil(1000)));
        }
        self.full_at = full_at.saturating_add(interval);
        if owed <= room / 2 { Taken::Easily } else { Taken::Hardly }
    }

    fn is_full(self, now: Moment) -> bool {
        self.full_at <= now.as_millis().saturating_mul(1000)
    }
}

/// Names whose bucket a request takes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::chat) enum Payer {
    /// Somebody with a session.
    Author(AuthorKey),
    /// Everybody else of a network.
    Network(IpAddr),
}

/// Holds the buckets of those who post by requests, or of those who ask. A full one is as good as
/// none.
#[derive(Debug, Default)]
pub(in crate::chat) struct Posters {
    buckets: HashMap<Payer, Bucket>,
    /// When full ones were last taken out.
    swept: Moment,
}

impl Posters {
    /// Takes one of what may be sent.
    pub(in crate::chat) fn take(
        &mut self,
        now: Moment,
        payer: Payer,
        limits: &Limits,
    ) -> Result<(), Refusal> {
        let rate = (limits.sends_per_second_max, limits.sends_burst_max);
        self.take_at(now, payer, rate, limits.posters_max)
    }

    /// Takes one of what may be asked.
    pub(in crate::chat) fn take_query(
        &mut self,
        now: Moment,
        network: IpAddr,
        limits: &Limits,
    ) -> Result<(), Refusal> {
        let rate = (limits.requests_per_second_max, limits.requests_burst_max);
        self.take_at(now, Payer::Network(network), rate, limits.posters_max)
    }

    fn take_at(
        &mut self,
        now: Moment,
        payer: Payer,
        (per_second, burst): (Option<u32>, u32),
        buckets_max: usize,
    ) -> Result<(), Refusal> {
        if per_second.is_none() {
            return Ok(());
        }
        if self.buckets.len() >= buckets_max && !self.buckets.contains_key(&payer) {
            self.sweep(now);
            if self.buckets.len() >= buckets_max {
                return Err(Refusal::refused(Refused::Overloaded));
            }
        }
        let bucket = self.buckets.entry(payer).or_default();
        match bucket.take(now, per_second, burst) {
            Taken::No(wait) => Err(Refusal::rate_limited(wait)),
            Taken::Easily | Taken::Hardly => Ok(()),
        }
    }

    /// Takes full buckets out; not often, or a crowd would make every request a search.
    fn sweep(&mut self, now: Moment) {
        if now.since(self.swept) >= Duration::from_millis(100) {
            self.swept = now;
            self.buckets.retain(|_, bucket| !bucket.is_full(now));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_gives_its_burst_then_its_rate() {
        let mut bucket = Bucket::default();
        let at = Moment::from_millis;
        let mut take = |ms| bucket.take(at(ms), Some(5), 10);
        for _ in 0..6 {
            assert_eq!(take(1000), Taken::Easily);
        }
        for _ in 0..4 {
            assert_eq!(take(1000), Taken::Hardly);
        }
        assert_eq!(take(1000), Taken::No(Duration::from_millis(200)));
        assert_eq!(take(1199), Taken::No(Duration::from_millis(1)));
        assert_eq!(take(1200), Taken::Hardly);
        assert_eq!(take(10_000), Taken::Easily);
    }

    #[test]
    fn posters_pay_for_themselves_and_are_forgotten_when_they_have_rested() {
        let limits = Limits { posters_max: 2, sends_burst_max: 1, ..Limits::default() };
        let mut posters = Posters::default();
        let payer = |n| Payer::Network(IpAddr::from([192, 0, 2, n]));
        let mut code = |ms, payer| {
            let taken = posters.take(Moment::from_millis(ms), payer, &limits);
            taken.err().map_or("", |refusal| refusal.code.word())
        };
        assert_eq!(code(1000, payer(1)), "");
        assert_eq!(code(1000, payer(1)), "rate_limited");
        assert_eq!(code(1000, Payer::Author(AuthorKey([1; 16]))), "");
        assert_eq!(code(1000, payer(2)), "overloaded");
        assert_eq!(code(1300, payer(2)), "");
        assert_eq!(code(1300, payer(1)), "");
        assert_eq!(code(1300, payer(3)), "overloaded");
    }

    #[test]
    fn without_a_rate_there_is_no_limit() {
        let mut bucket = Bucket::default();
        for _ in 0..1000 {
            assert_eq!(bucket.take(Moment::from_millis(5), None, 1), Taken::Easily);
        }
    }
}
