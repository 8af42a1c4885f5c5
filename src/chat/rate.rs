//! How often a connection may do something.

use std::time::Duration;

use crate::clock::Moment;

/// Is a token bucket in eight bytes: the moment, in microseconds, at which it will be full again
/// (the generic cell rate algorithm).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Bucket {
    full_at: u64,
}

/// Says how full a bucket was when something was taken from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// At least half full before.
    Easily,
    /// Less than half full before.
    Hardly,
    /// Empty: nothing was taken, so long must be waited.
    No(Duration),
}

impl Bucket {
    /// Takes one token; no rate means no limit.
    pub(super) fn take(&mut self, now: Moment, per_second: Option<u32>, burst: u32) -> Taken {
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
    fn without_a_rate_there_is_no_limit() {
        let mut bucket = Bucket::default();
        for _ in 0..1000 {
            assert_eq!(bucket.take(Moment::from_millis(5), None, 1), Taken::Easily);
        }
    }
}
