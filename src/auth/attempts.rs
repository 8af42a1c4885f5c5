//! How often somebody may try to log in.
//!
//! Every attempt is paid for before it is made, by its network and by the pair of network and
//! account; one that succeeds is paid back. An account is not counted by itself: then anybody could
//! keep its owner out by failing often enough. A guesser with many networks meets the worker, which
//! hashes one password at a time for all.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hash};
use std::net::IpAddr;
use std::time::Duration;

use super::limit::Limits;
use crate::clock::Moment;

/// Counts attempts to log in and to register, in bounded memory.
#[derive(Debug)]
pub struct Attempts {
    by_account: Table<(u64, IpAddr)>,
    by_network: Table<IpAddr>,
    /// Names are kept as hashes, so that long ones take no more; nobody outside can make two alike.
    names: RandomState,
}

impl Attempts {
    /// Starts without a memory of anybody.
    pub fn new(limits: &Limits) -> Self {
        let table_max = limits.login_records_max;
        Self {
            by_account: Table::new(limits.login_every, limits.login_burst, table_max),
            by_network: Table::new(
                limits.login_network_every,
                limits.login_network_burst,
                table_max,
            ),
            names: RandomState::new(),
        }
    }

    /// Takes one attempt to log in, or says how long to wait for the next; nothing is taken then.
    ///
    /// `name_folded` is the account's name as it is compared, whether there is such an account or
    /// not; `network` is an IPv4 address, or an IPv6 address without what stands behind its /64.
    pub fn check(
        &mut self,
        now: Moment,
        name_folded: &str,
        network: IpAddr,
    ) -> Result<(), Duration> {
        let pair = (self.names.hash_one(name_folded), network);
        // The network first: who is over its limit makes no entries for names.
        self.by_network.take(now, network)?;
        self.by_account.take(now, pair).inspect_err(|_| self.by_network.give_back(network))
    }

    /// Takes one attempt that is about no account yet, such as a registration.
    pub fn check_network(&mut self, now: Moment, network: IpAddr) -> Result<(), Duration> {
        self.by_network.take(now, network)
    }

    /// Gives an attempt taken by [`Attempts::check`] back that could not be made: the worker was
    /// [`Busy`](super::Busy), or it [failed](super::Outcome::Failed).
    pub fn not_made(&mut self, name_folded: &str, network: IpAddr) {
        self.by_account.give_back((self.names.hash_one(name_folded), network));
        self.by_network.give_back(network);
    }

    /// Notes that an attempt taken by [`Attempts::check`] was a success: it counts no longer, and
    /// the failures before it from this network are forgotten.
    pub fn success(&mut self, name_folded: &str, network: IpAddr) {
        self.by_account.forget((self.names.hash_one(name_folded), network));
        self.by_network.give_back(network);
    }
}

/// Holds one bucket for each key: the moment, in milliseconds, at which it will be full again (the
/// generic cell rate algorithm). A full one is as good as none.
#[derive(Debug)]
struct Table<K> {
    full_at: HashMap<K, u64>,
    every_ms: u64,
    /// How far ahead a bucket may owe.
    room_ms: u64,
    keys_max: usize,
    /// When full ones were last taken out.
    swept: Moment,
}

impl<K: Copy + Eq + Hash> Table<K> {
    fn new(every: Duration, burst: u32, keys_max: usize) -> Self {
        let every_ms = u64::try_from(every.as_millis()).unwrap_or(u64::MAX).max(1);
        Self {
            full_at: HashMap::new(),
            every_ms,
            room_ms: every_ms.saturating_mul(u64::from(burst.max(1))),
            keys_max,
            swept: Moment::default(),
        }
    }

    fn take(&mut self, now: Moment, key: K) -> Result<(), Duration> {
        let known = self.full_at.get(&key).copied();
        if known.is_none() && self.full_at.len() >= self.keys_max {
            self.sweep(now);
            if self.full_at.len() >= self.keys_max {
                return Err(Duration::from_millis(self.every_ms));
            }
        }
        let full_at = known.unwrap_or_default().max(now.as_millis()).saturating_add(self.every_ms);
        let owed = full_at.saturating_sub(now.as_millis());
        if owed > self.room_ms {
            return Err(Duration::from_millis(owed.saturating_sub(self.room_ms)));
        }
        self.full_at.insert(key, full_at);
        Ok(())
    }

    fn give_back(&mut self, key: K) {
        if let Some(full_at) = self.full_at.get_mut(&key) {
            *full_at = full_at.saturating_sub(self.every_ms);
        }
    }

    fn forget(&mut self, key: K) {
        self.full_at.remove(&key);
    }

    /// Takes full buckets out; not often, or a crowd would make every attempt a search.
    fn sweep(&mut self, now: Moment) {
        if now.since(self.swept) >= SWEEP_EVERY {
            self.swept = now;
            self.full_at.retain(|_, full_at| *full_at > now.as_millis());
        }
    }
}

const SWEEP_EVERY: Duration = Duration::from_millis(100);
