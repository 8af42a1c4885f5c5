//! The rate limit of logins and registrations.
//!
//! Every attempt pays from its network's bucket and from that of the pair of network and account,
//! before a password is hashed. A success refunds the latter, and all but a tenth of the former: a
//! correct password takes as long to verify as a wrong one, but an office behind one address logs in
//! within a minute. Accounts have no bucket of their own: anybody could lock an owner out by failing
//! often enough. Guesses from many networks are limited by the worker, which hashes one password at a
//! time.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::net::IpAddr;
use std::time::Duration;

use super::limit::Limits;
use crate::clock::Moment;
use crate::rate::{Buckets, Limited, Rate};

/// The attempts to log in and to register, in bounded memory.
#[derive(Debug)]
pub struct Attempts {
    by_account: Buckets<(u64, IpAddr)>,
    /// In units of the price of a success.
    by_network: Buckets<IpAddr>,
    account_interval: Duration,
    network_interval: Duration,
    /// Hashes names to a fixed size; the random seed keeps clients from finding two that collide.
    names: RandomState,
}

impl Attempts {
    /// Returns a table without attempts.
    pub fn new(limits: &Limits) -> Self {
        let account = Rate::every(limits.login_every, limits.login_burst);
        let burst = limits.login_network_burst.max(1).saturating_mul(ATTEMPT);
        let every = limits.login_network_every.checked_div(ATTEMPT).unwrap_or_default();
        let network = Rate::every(every, burst);
        Self {
            by_account: Buckets::new(Some(account), limits.login_records_max),
            by_network: Buckets::new(Some(network), limits.login_records_max),
            account_interval: limits.login_every,
            network_interval: limits.login_network_every,
            names: RandomState::new(),
        }
    }

    /// Takes one attempt to log in; takes nothing and returns how long to wait if there is none.
    ///
    /// `name_folded` is the account's name as it is compared, whether the account exists or not;
    /// `network` is an IPv4 address, or the /64 of an IPv6 address.
    pub fn check(
        &mut self,
        now: Moment,
        name_folded: &str,
        network: IpAddr,
    ) -> Result<(), Duration> {
        let pair = (self.names.hash_one(name_folded), network);
        // The network first: one that is over its limit adds no pairs.
        self.check_network(now, network)?;
        self.by_account.take(now, pair).map_err(|limited| {
            self.by_network.put_back(network, ATTEMPT);
            wait(limited, self.account_interval)
        })
    }

    /// Takes one attempt that concerns no account yet, such as a registration.
    pub fn check_network(&mut self, now: Moment, network: IpAddr) -> Result<(), Duration> {
        let taken = self.by_network.take_many(now, network, ATTEMPT);
        taken.map_err(|limited| wait(limited, self.network_interval))
    }

    /// Puts back an attempt taken by [`Attempts::check`] that could not be made: the worker was
    /// [`Busy`](super::Busy), or it [failed](super::Outcome::Failed).
    pub fn put_back(&mut self, name_folded: &str, network: IpAddr) {
        self.by_account.put_back((self.names.hash_one(name_folded), network), 1);
        self.by_network.put_back(network, ATTEMPT);
    }

    /// Puts back an attempt taken by [`Attempts::check`] that succeeded, but for its price, and
    /// forgets the account's failures before it from this network.
    pub fn on_success(&mut self, name_folded: &str, network: IpAddr) {
        self.by_account.fill((self.names.hash_one(name_folded), network));
        self.by_network.put_back(network, ATTEMPT.saturating_sub(SUCCESS));
    }
}

/// The price of a correct login.
const SUCCESS: u32 = 1;
/// The price of any other attempt.
const ATTEMPT: u32 = 10;

/// Returns how long to wait for the next attempt. A full table has room for a new key after about
/// one interval.
fn wait(limited: Limited, interval: Duration) -> Duration {
    match limited {
        Limited::Empty(wait) => wait,
        Limited::TooManyKeys => interval,
    }
}
