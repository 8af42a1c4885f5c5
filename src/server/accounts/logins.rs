//! The logins of accounts: when and from where each began, until it ends.
//!
//! A token is valid whether its login is listed or not; the list is for its owner to look at.

use std::collections::HashMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::chat::record::{AuthorKey, KeyValue, Namespace};

/// The logins of all accounts.
#[derive(Debug)]
pub(super) struct Logins {
    /// By account, the oldest first.
    by_author: HashMap<AuthorKey, Vec<(LoginId, LoginRecord)>>,
    /// Logins per account; above: the oldest is no longer listed.
    logins_max: usize,
}

/// The random id of a login.
pub(super) type LoginId = [u8; 16];

/// How a login began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LoginRecord {
    /// Unix seconds.
    pub(super) since_s: u64,
    /// Unix seconds at which its token was issued.
    pub(super) issued_s: u64,
    /// Unix seconds at which its token expires.
    pub(super) expires_s: u64,
    /// The network it came from.
    pub(super) network: IpAddr,
    /// What its browser or program calls itself.
    pub(super) agent: Box<str>,
}

impl Logins {
    /// Returns an empty list.
    pub(super) fn new(logins_max: usize) -> Self {
        Self { by_author: HashMap::new(), logins_max: logins_max.max(1) }
    }

    /// Adds a login from before the start; false if the key-value record is not one.
    pub(super) fn restore(&mut self, key_value: &KeyValue) -> bool {
        let restored = || {
            let (author, id) = key_value.key.split_once('/')?;
            let record = serde_json::from_str(key_value.value.as_deref()?).ok()?;
            Some((AuthorKey::from_hex(author)?, AuthorKey::from_hex(id)?.0, record))
        };
        let Some((author, id, record)) = restored() else { return false };
        let logins = self.by_author.entry(author).or_default();
        let record: LoginRecord = record;
        let at = logins.partition_point(|(_, other)| other.since_s <= record.since_s);
        logins.insert(at, (id, record));
        true
    }

    /// Removes the logins that have ended. Returns the key-value records to delete.
    pub(super) fn prune(
        &mut self,
        goes_on: impl Fn(AuthorKey, &LoginRecord) -> bool,
    ) -> Vec<KeyValue> {
        let mut removed = Vec::new();
        self.by_author.retain(|author, logins| {
            logins.retain(|(id, record)| {
                let stays = goes_on(*author, record);
                removed.extend((!stays).then(|| key_value(*author, *id, None)));
                stays
            });
            !logins.is_empty()
        });
        removed
    }

    /// Lists the logins of an account, the oldest first.
    pub(super) fn of(&self, author: AuthorKey) -> &[(LoginId, LoginRecord)] {
        self.by_author.get(&author).map_or(&[], Vec::as_slice)
    }

    /// Finds a login of an account.
    pub(super) fn get(&self, author: AuthorKey, id: LoginId) -> Option<&LoginRecord> {
        self.of(author).iter().find(|(other, _)| *other == id).map(|(_, record)| record)
    }

    /// Adds a login, or renews it, and removes those that have ended. Returns the key-value records to
    /// save and to delete.
    pub(super) fn put(
        &mut self,
        author: AuthorKey,
        id: LoginId,
        mut record: LoginRecord,
        goes_on: impl Fn(&LoginRecord) -> bool,
    ) -> Vec<KeyValue> {
        let logins_max = self.logins_max;
        let logins = self.by_author.entry(author).or_default();
        let mut key_values = Vec::new();
        logins.retain(|(other, stored)| {
            if *other == id {
                record.since_s = stored.since_s;
                return false;
            }
            let stays = goes_on(stored);
            key_values.extend((!stays).then(|| key_value(author, *other, None)));
            stays
        });
        let above = logins.len().saturating_add(1).saturating_sub(logins_max);
        key_values.extend(logins.drain(..above).map(|(other, _)| key_value(author, other, None)));
        key_values.push(key_value(author, id, serde_json::to_string(&record).ok()));
        let at = logins.partition_point(|(_, other)| other.since_s <= record.since_s);
        logins.insert(at, (id, record));
        key_values
    }

    /// Removes a login. Returns the key-value record to delete, if it was listed.
    pub(super) fn remove(&mut self, author: AuthorKey, id: LoginId) -> Option<KeyValue> {
        let logins = self.by_author.get_mut(&author)?;
        let at = logins.iter().position(|(other, _)| *other == id)?;
        logins.remove(at);
        if logins.is_empty() {
            self.by_author.remove(&author);
        }
        Some(key_value(author, id, None))
    }

    /// Removes the logins of an account. Returns the key-value records to delete.
    pub(super) fn forget(&mut self, author: AuthorKey) -> Vec<KeyValue> {
        let logins = self.by_author.remove(&author).unwrap_or_default();
        logins.into_iter().map(|(id, _)| key_value(author, id, None)).collect()
    }
}

fn key_value(author: AuthorKey, id: LoginId, value: Option<String>) -> KeyValue {
    let key = format!("{}/{}", author.to_hex(), AuthorKey(id).to_hex()).into();
    KeyValue { namespace: Namespace::Logins, key, value: value.map(Into::into) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOB: AuthorKey = AuthorKey([1; 16]);

    fn record(since_s: u64) -> LoginRecord {
        let network = IpAddr::from([192, 0, 2, 1]);
        let (issued_s, expires_s) = (since_s, since_s + 100);
        LoginRecord { since_s, issued_s, expires_s, network, agent: "curl".into() }
    }

    fn ids(logins: &Logins) -> Vec<u8> {
        logins.of(BOB).iter().map(|(id, _)| id[0]).collect()
    }

    #[test]
    fn logins_are_listed_until_they_end_also_after_a_restart() {
        let mut logins = Logins::new(10);
        let mut saved = logins.put(BOB, [1; 16], record(10), |_| true);
        saved.extend(logins.put(BOB, [2; 16], record(20), |_| true));
        saved.extend(logins.put(BOB, [3; 16], record(30), |_| true));
        assert_eq!((ids(&logins), saved.len()), (vec![1, 2, 3], 3));
        let mut restarted = Logins::new(10);
        assert!(saved.iter().rev().all(|key_value| restarted.restore(key_value)));
        assert_eq!(restarted.of(BOB), logins.of(BOB));
        assert_eq!(restarted.remove(BOB, [2; 16]).unwrap().key, saved[1].key);
        assert_eq!(restarted.remove(BOB, [2; 16]), None);
        assert_eq!(
            restarted.prune(|_, it| it.since_s > 10),
            [KeyValue { value: None, ..saved[0].clone() }]
        );
        assert_eq!(ids(&restarted), [3]);
        assert_eq!(restarted.prune(|author, _| author != BOB).len(), 1);
        assert!(restarted.by_author.is_empty());
        assert_eq!(logins.forget(BOB).len(), 3);
        assert_eq!(ids(&logins), [0; 0]);
        let broken = KeyValue { key: "x".into(), ..saved[0].clone() };
        assert!(!restarted.restore(&broken));
    }

    #[test]
    fn a_login_that_is_renewed_keeps_when_it_began() {
        let mut logins = Logins::new(10);
        logins.put(BOB, [1; 16], record(10), |_| true);
        logins.put(BOB, [1; 16], record(50), |_| false);
        let renewed = logins.get(BOB, [1; 16]).unwrap();
        assert_eq!((renewed.since_s, renewed.expires_s, logins.of(BOB).len()), (10, 150, 1));
    }

    #[test]
    fn above_the_limit_the_oldest_login_is_no_longer_listed() {
        let mut logins = Logins::new(2);
        for id in 1..=3 {
            logins.put(BOB, [id; 16], record(u64::from(id)), |_| true);
        }
        assert_eq!(ids(&logins), [2, 3]);
        let key_values = logins.put(BOB, [4; 16], record(200), |_| false);
        assert_eq!((ids(&logins), key_values.len()), (vec![4], 3), "the others had ended");
    }
}
