//! Rate limits: token buckets by the generic cell rate algorithm (GCRA).
//!
//! A [`Bucket`] is eight bytes and needs no timer. [`Buckets`] keeps one for each key in bounded
//! memory. What is limited, and what a refusal says, is the caller's.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use crate::clock::Moment;

/// The rate of a bucket: how fast it fills, and its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Microseconds per token, at least 1.
    interval: u64,
    /// Microseconds in which an empty bucket is full again.
    capacity: u64,
}

impl Rate {
    /// Returns the rate of one token per `interval`, with bursts of `burst`, at least 1.
    pub fn every(interval: Duration, burst: u32) -> Self {
        let interval = u64::try_from(interval.as_micros()).unwrap_or(u64::MAX).max(1);
        Self { interval, capacity: interval.saturating_mul(u64::from(burst.max(1))) }
    }

    /// Returns the rate of `tokens` per second, with bursts of `burst`; `None` for no tokens.
    pub fn per_second(tokens: u32, burst: u32) -> Option<Self> {
        let micros = 1_000_000_u64.checked_div(u64::from(tokens))?;
        Some(Self::every(Duration::from_micros(micros), burst))
    }
}

/// A token bucket. A new one is full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bucket {
    /// When it is full again, in microseconds.
    full_at: u64,
}

/// The result of an attempt to take tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Taken; the bucket was at least half full.
    Easily,
    /// Taken; the bucket was less than half full.
    Hardly,
    /// Not taken: the bucket is empty for this long.
    No(Duration),
}

impl Bucket {
    /// Takes one token. Without a rate there is no limit.
    pub fn take(&mut self, now: Moment, rate: Option<Rate>) -> Taken {
        self.take_many(now, rate, 1)
    }

    /// Takes as many tokens at once, or none; more than the bucket holds count as all it holds.
    pub fn take_many(&mut self, now: Moment, rate: Option<Rate>, tokens: u32) -> Taken {
        let Some(Rate { interval, capacity }) = rate else { return Taken::Easily };
        let interval = interval.saturating_mul(u64::from(tokens)).min(capacity);
        let now = micros(now);
        let full_at = self.full_at.max(now);
        let used = full_at.saturating_sub(now);
        let excess = used.saturating_add(interval).saturating_sub(capacity);
        if excess > 0 {
            // Rounded up: after this long the attempt succeeds.
            return Taken::No(Duration::from_millis(excess.div_ceil(1000)));
        }
        self.full_at = full_at.saturating_add(interval);
        if used <= capacity / 2 { Taken::Easily } else { Taken::Hardly }
    }

    /// Puts tokens back.
    pub fn put_back(&mut self, rate: Rate, tokens: u32) {
        let interval = rate.interval.saturating_mul(u64::from(tokens)).min(rate.capacity);
        self.full_at = self.full_at.saturating_sub(interval);
    }

    /// Whether the bucket is full, and so need not be kept.
    pub fn is_full(self, now: Moment) -> bool {
        self.full_at <= micros(now)
    }
}

/// Why no token was taken from a bucket of [`Buckets`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limited {
    /// The key's bucket is empty for this long.
    Empty(Duration),
    /// There are as many buckets as may be, and the key has none.
    TooManyKeys,
}

/// One bucket per key. A bucket that is full again makes room for another key.
#[derive(Debug)]
pub struct Buckets<K> {
    rate: Option<Rate>,
    keys_max: usize,
    buckets: HashMap<K, Bucket>,
    /// When full buckets were last removed.
    swept: Moment,
}

impl<K: Copy + Eq + Hash> Buckets<K> {
    /// Returns an empty table. Without a rate there is no limit.
    pub fn new(rate: Option<Rate>, keys_max: usize) -> Self {
        Self { rate, keys_max, buckets: HashMap::new(), swept: Moment::default() }
    }

    /// Changes the limits. Where the rate is another, all buckets are full again.
    pub fn set_limits(&mut self, rate: Option<Rate>, keys_max: usize) {
        if self.rate != rate {
            self.buckets.clear();
        }
        (self.rate, self.keys_max) = (rate, keys_max);
    }

    /// Takes one token from the key's bucket.
    pub fn take(&mut self, now: Moment, key: K) -> Result<(), Limited> {
        self.take_many(now, key, 1)
    }

    /// Takes as many tokens at once from the key's bucket, or none.
    pub fn take_many(&mut self, now: Moment, key: K, tokens: u32) -> Result<(), Limited> {
        if self.rate.is_none() {
            return Ok(());
        }
        if self.buckets.len() >= self.keys_max && !self.buckets.contains_key(&key) {
            self.sweep(now);
            if self.buckets.len() >= self.keys_max {
                return Err(Limited::TooManyKeys);
            }
        }
        match self.buckets.entry(key).or_default().take_many(now, self.rate, tokens) {
            Taken::No(wait) => Err(Limited::Empty(wait)),
            Taken::Easily | Taken::Hardly => Ok(()),
        }
    }

    /// Puts tokens back into the key's bucket.
    pub fn put_back(&mut self, key: K, tokens: u32) {
        if let (Some(bucket), Some(rate)) = (self.buckets.get_mut(&key), self.rate) {
            bucket.put_back(rate, tokens);
        }
    }

    /// Fills the key's bucket.
    pub fn fill(&mut self, key: K) {
        self.buckets.remove(&key);
    }

    /// Removes full buckets; seldom, or at the limit every attempt would be a search.
    fn sweep(&mut self, now: Moment) {
        if now.since(self.swept) >= SWEEP_EVERY {
            self.swept = now;
            self.buckets.retain(|_, bucket| !bucket.is_full(now));
        }
    }
}

const SWEEP_EVERY: Duration = Duration::from_millis(100);

fn micros(moment: Moment) -> u64 {
    moment.as_millis().saturating_mul(1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Moment {
        Moment::from_millis(millis)
    }

    fn empty(millis: u64) -> Result<(), Limited> {
        Err(Limited::Empty(Duration::from_millis(millis)))
    }

    #[test]
    fn a_bucket_allows_its_burst_and_then_its_rate() {
        let mut bucket = Bucket::default();
        let mut take = |millis| bucket.take(at(millis), Rate::per_second(5, 10));
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
        assert_eq!(Rate::per_second(0, 1), None);
        let mut bucket = Bucket::default();
        let mut buckets = Buckets::new(None, 0);
        for _ in 0..1000 {
            assert_eq!(bucket.take(at(5), None), Taken::Easily);
            assert_eq!(buckets.take(at(5), 'a'), Ok(()));
        }
    }

    #[test]
    fn each_key_has_its_own_bucket() {
        let mut buckets = Buckets::new(Rate::per_second(1, 2), 9);
        for key in ['a', 'b'] {
            assert_eq!([1, 2, 3].map(|_| buckets.take(at(1), key)), [Ok(()), Ok(()), empty(1000)]);
        }
        buckets.put_back('a', 1);
        assert_eq!([1, 2].map(|_| buckets.take(at(1), 'a')), [Ok(()), empty(1000)]);
        buckets.fill('b');
        assert_eq!([1, 2, 3].map(|_| buckets.take(at(1), 'b')), [Ok(()), Ok(()), empty(1000)]);
    }

    #[test]
    fn a_full_table_refuses_new_keys_until_a_bucket_is_full_again() {
        let mut buckets = Buckets::new(Rate::per_second(5, 1), 2);
        assert_eq!(buckets.take(at(1000), 'a'), Ok(()));
        assert_eq!(buckets.take(at(1000), 'b'), Ok(()));
        assert_eq!(buckets.take(at(1000), 'c'), Err(Limited::TooManyKeys));
        assert_eq!(buckets.take(at(1000), 'a'), empty(200));
        assert_eq!(buckets.take(at(1300), 'c'), Ok(()));
    }

    #[test]
    fn a_new_number_of_keys_holds_at_once_and_only_a_new_rate_fills_the_buckets() {
        let (slow, fast) = (Rate::per_second(1, 1), Rate::per_second(5, 1));
        let mut buckets = Buckets::new(slow, 1);
        assert_eq!(buckets.take(at(1000), 'a'), Ok(()));
        assert_eq!(buckets.take(at(1000), 'b'), Err(Limited::TooManyKeys));
        buckets.set_limits(slow, 2);
        assert_eq!(['a', 'b'].map(|key| buckets.take(at(1000), key)), [empty(1000), Ok(())]);
        buckets.set_limits(fast, 2);
        assert_eq!([1, 2].map(|_| buckets.take(at(1000), 'a')), [Ok(()), empty(200)]);
    }

    #[test]
    fn the_largest_values_do_not_overflow() {
        let rate = Some(Rate::every(Duration::MAX, u32::MAX));
        let mut bucket = Bucket::default();
        for now in [at(1), Moment::NEVER, Moment::NEVER] {
            let _ = bucket.take(now, rate);
            bucket.put_back(Rate::every(Duration::ZERO, 0), u32::MAX);
        }
    }
}
