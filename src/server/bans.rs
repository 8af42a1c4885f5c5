//! Bans from the whole server: of accounts and of networks, kept in the journal.
//!
//! They are checked where a request comes in and where somebody logs in. Administrators are exempt, so
//! that none locks itself out.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Server;
use crate::chat::record::{AuthorKey, KeyValue, Namespace, Snapshot};
use crate::chat::{Code, Refusal};
use crate::clock::Now;
use crate::config::Value as _;
use crate::net::proxy::Trusted;

/// The bans in force, and some that have run out.
#[derive(Debug)]
pub(super) struct Bans {
    accounts: BTreeMap<AuthorKey, Ban>,
    networks: BTreeMap<Arc<str>, (Trusted, Ban)>,
    /// The number of bans at which no more are added.
    bans_max: usize,
}

/// A ban.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ban {
    /// The name of the account, or the network.
    pub(super) name: Arc<str>,
    /// When it ends, in Unix milliseconds; `None`: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) until: Option<u64>,
    /// The reason, which those bound by it are told.
    pub(super) reason: Arc<str>,
}

/// Whom a ban binds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Bound {
    /// An account.
    Account(AuthorKey),
    /// An address or a network.
    Network(Trusted),
}

impl Server {
    /// Refuses an account, or a client at an address, that is banned from the server; administrators
    /// are exempt.
    pub(super) fn check_banned(
        &self,
        now: Now,
        address: Option<IpAddr>,
        author: Option<AuthorKey>,
    ) -> Result<(), Refusal> {
        let account = author.and_then(|author| self.chat.account(author));
        if account.is_some_and(|account| account.admin) {
            return Ok(());
        }
        self.bans.check(address, author, now.unix_ms)
    }
}

impl Ban {
    fn holds(&self, unix_ms: u64) -> bool {
        self.until.is_none_or(|until| until > unix_ms)
    }

    fn refusal(&self) -> Refusal {
        let why = if self.reason.is_empty() { "" } else { ": " };
        Refusal::new(Code::Banned, format!("banned from this server{why}{}", self.reason))
    }
}

impl Bound {
    /// Reads `network:NETWORK`; accounts are looked up by the caller.
    pub(super) fn network(text: &str) -> Result<Self, Refusal> {
        match Trusted::parse(text) {
            Ok(network @ Trusted::Network(_)) => Ok(Self::Network(network)),
            _ => Err(Refusal::new(
                Code::BadField,
                "network: an address or a network such as 192.0.2.0/24 is expected",
            )),
        }
    }

    fn key(&self) -> Arc<str> {
        match self {
            Self::Account(author) => format!("account/{}", author.to_hex()),
            Self::Network(network) => format!("network/{}", network.text()),
        }
        .into()
    }
}

impl Bans {
    /// Takes the bans out of the snapshot.
    pub(super) fn open(opening: &mut Snapshot, bans_max: usize) -> Self {
        let mut bans = Self { accounts: BTreeMap::new(), networks: BTreeMap::new(), bans_max };
        opening.key_values.retain(|it| it.namespace != Namespace::ServerBans || !bans.restore(it));
        bans
    }

    /// Adds a stored ban; false if the record is none.
    fn restore(&mut self, stored: &KeyValue) -> bool {
        let ban = stored.value.as_deref().and_then(|value| serde_json::from_str(value).ok());
        let bound = match stored.key.split_once('/') {
            Some(("account", author)) => AuthorKey::from_hex(author).map(Bound::Account),
            Some(("network", network)) => Bound::network(network).ok(),
            _ => None,
        };
        let Some((bound, ban)) = bound.zip(ban) else { return false };
        self.put(bound, ban);
        true
    }

    fn put(&mut self, bound: Bound, ban: Ban) {
        match bound {
            Bound::Account(author) => drop(self.accounts.insert(author, ban)),
            Bound::Network(network) => {
                self.networks.insert(network.text().into(), (network, ban));
            }
        }
    }

    /// Adds or replaces a ban. Returns the records to store; those of bans that have run out are
    /// deleted.
    pub(super) fn add(
        &mut self,
        bound: Bound,
        ban: Ban,
        unix_ms: u64,
    ) -> Result<Vec<KeyValue>, Refusal> {
        let (held, gone): (Vec<_>, Vec<_>) = self.all().partition(|(_, ban)| ban.holds(unix_ms));
        if held.iter().filter(|(other, _)| *other != bound).count() >= self.bans_max {
            return Err(Refusal::new(Code::Overloaded, "there are too many bans; lift some"));
        }
        let gone: Vec<Bound> = gone.into_iter().map(|(bound, _)| bound).collect();
        let mut key_values: Vec<_> = gone.iter().filter_map(|bound| self.remove(bound)).collect();
        let value = serde_json::to_string(&ban).ok().map(Into::into);
        key_values.push(key_value(bound.key(), value));
        self.put(bound, ban);
        Ok(key_values)
    }

    /// Lifts a ban by how it is listed. Returns the record to delete, if there is one.
    pub(super) fn lift(&mut self, who: &str) -> Option<KeyValue> {
        let bound = match who.split_once(':')? {
            ("account", name) => {
                let found = self.accounts.iter().find(|(_, ban)| *ban.name == *name);
                Bound::Account(*found?.0)
            }
            ("network", text) => Bound::network(text).ok()?,
            _ => return None,
        };
        self.remove(&bound)
    }

    /// Removes a ban. Returns the record to delete, if there is one.
    fn remove(&mut self, bound: &Bound) -> Option<KeyValue> {
        match bound {
            Bound::Account(author) => drop(self.accounts.remove(author)?),
            Bound::Network(network) => drop(self.networks.remove(network.text().as_str())?),
        }
        Some(key_value(bound.key(), None))
    }

    /// Refuses an account, or a client at an address, that is banned.
    pub(super) fn check(
        &self,
        address: Option<IpAddr>,
        author: Option<AuthorKey>,
        unix_ms: u64,
    ) -> Result<(), Refusal> {
        let by_account = author.and_then(|author| self.accounts.get(&author));
        let by_address = address.into_iter().flat_map(|address| {
            let bound =
                self.networks.values().filter(move |(network, _)| network.contains(address));
            bound.map(|(_, ban)| ban)
        });
        let mut bans = by_account.into_iter().chain(by_address);
        bans.find(|ban| ban.holds(unix_ms)).map_or(Ok(()), |ban| Err(ban.refusal()))
    }

    /// Lists the bans in force, as they are lifted by.
    pub(super) fn list(&self, unix_ms: u64) -> impl Iterator<Item = (String, &Ban)> {
        let accounts = self.accounts.values().map(|ban| (format!("account:{}", ban.name), ban));
        let networks =
            self.networks.values().map(|(_, ban)| (format!("network:{}", ban.name), ban));
        accounts.chain(networks).filter(move |(_, ban)| ban.holds(unix_ms))
    }

    fn all(&self) -> impl Iterator<Item = (Bound, &Ban)> {
        let accounts = self.accounts.iter().map(|(author, ban)| (Bound::Account(*author), ban));
        let networks = self.networks.values().map(|(network, ban)| (Bound::Network(*network), ban));
        accounts.chain(networks)
    }
}

fn key_value(key: Arc<str>, value: Option<Arc<str>>) -> KeyValue {
    KeyValue { namespace: Namespace::ServerBans, key, value }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOB: AuthorKey = AuthorKey([1; 16]);

    fn none(bans_max: usize) -> Bans {
        Bans::open(&mut Snapshot::default(), bans_max)
    }

    fn ban(name: &str, until: Option<u64>) -> Ban {
        Ban { name: name.into(), until, reason: "flood".into() }
    }

    fn refuses(bans: &Bans, address: &str, author: Option<AuthorKey>, at: u64) -> bool {
        bans.check(address.parse().ok(), author, at).is_err()
    }

    #[test]
    fn a_ban_binds_an_account_or_a_network_until_it_ends_also_after_a_restart() {
        let mut bans = none(10);
        let network = Bound::network("192.0.2.0/24").unwrap();
        let mut stored = bans.add(network, ban("192.0.2.0/24", Some(100)), 0).unwrap();
        stored.extend(bans.add(Bound::Account(BOB), ban("Bob", None), 0).unwrap());
        let mut opening = Snapshot { key_values: stored, ..Snapshot::default() };
        for bans in [bans, Bans::open(&mut opening, 10)] {
            for (address, author, at, refused) in [
                ("192.0.2.7", None, 99, true),
                ("192.0.2.7", None, 100, false),
                ("192.0.3.7", None, 99, false),
                ("::ffff:192.0.2.7", None, 99, true),
                ("", Some(BOB), u64::MAX, true),
                ("", Some(AuthorKey([2; 16])), 0, false),
            ] {
                assert_eq!(refuses(&bans, address, author, at), refused, "{address} {at}");
            }
        }
        assert_eq!(opening.key_values, []);
    }

    #[test]
    fn a_lifted_ban_binds_nobody() {
        let mut bans = none(10);
        let added = bans.add(Bound::Account(BOB), ban("Bob", None), 0).unwrap();
        assert_eq!(bans.lift("account:Eve"), None);
        assert_eq!(bans.lift("network:192.0.2.1"), None);
        let lifted = bans.lift("account:Bob").unwrap();
        assert_eq!((&lifted.key, &lifted.value), (&added[0].key, &None));
        assert!(!refuses(&bans, "", Some(BOB), 0));
    }

    #[test]
    fn at_the_limit_a_ban_can_be_replaced() {
        let mut bans = none(1);
        bans.add(Bound::Account(BOB), ban("Bob", Some(50)), 0).unwrap();
        assert_eq!(bans.add(Bound::Account(BOB), ban("Bob", Some(90)), 10).unwrap().len(), 1);
        assert!(refuses(&bans, "", Some(BOB), 60));
        assert!(!refuses(&bans, "", Some(BOB), 90));
    }

    #[test]
    fn a_refused_ban_leaves_what_is_stored_to_be_deleted_later() {
        let mut bans = none(1);
        let mut over = none(2);
        for (name, until) in [("192.0.2.1", Some(50)), ("192.0.2.2", None)] {
            over.add(Bound::network(name).unwrap(), ban(name, until), 0).unwrap();
        }
        (bans.accounts, bans.networks) = (over.accounts, over.networks);
        assert!(bans.add(Bound::Account(BOB), ban("Bob", None), 60).is_err());
        bans.lift("network:192.0.2.2").unwrap();
        let stored = bans.add(Bound::Account(BOB), ban("Bob", None), 60).unwrap();
        assert_eq!(stored.iter().map(|it| it.value.is_some()).collect::<Vec<_>>(), [false, true]);
    }

    #[test]
    fn bans_above_the_limit_are_refused_until_others_run_out() {
        let mut bans = none(1);
        bans.add(Bound::Account(BOB), ban("Bob", Some(50)), 0).unwrap();
        let other = Bound::network("192.0.2.1").unwrap();
        assert!(bans.add(other.clone(), ban("192.0.2.1", None), 49).is_err());
        let stored = bans.add(other, ban("192.0.2.1", None), 50).unwrap();
        assert_eq!(stored.iter().map(|it| it.value.is_some()).collect::<Vec<_>>(), [false, true]);
        for text in ["", "any", "loopback", "private", "0.0.0.0/0", "x", "192.0.2.1/8"] {
            assert!(Bound::network(text).is_err(), "{text}");
        }
    }
}
