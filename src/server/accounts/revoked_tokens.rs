//! Logins that were revoked before their tokens expire.

use std::collections::{BTreeSet, HashMap};

use crate::chat::record::{AuthorKey, KeyValue, Namespace};

/// The revoked logins, each until its token expires.
#[derive(Debug)]
pub(super) struct RevokedTokens {
    /// Each login with its account, which is unknown if it was revoked before the last restart.
    logins: HashMap<[u8; 16], Option<AuthorKey>>,
    /// The logins by the Unix second at which their token expires.
    by_expiry: BTreeSet<(u64, [u8; 16])>,
    /// The number of revoked logins of each account.
    counts: HashMap<AuthorKey, usize>,
    /// Revoked logins per account. At the limit no more are revoked.
    logins_max: usize,
}

/// An account has as many revoked logins as it may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full;

impl RevokedTokens {
    /// Returns an empty set.
    pub(super) fn new(logins_max: usize) -> Self {
        Self {
            logins: HashMap::new(),
            by_expiry: BTreeSet::new(),
            counts: HashMap::new(),
            logins_max,
        }
    }

    /// Adds a login that was revoked before the start; false if the key-value record is not one.
    pub(super) fn restore(&mut self, key_value: &KeyValue) -> bool {
        let login = AuthorKey::from_hex(&key_value.key);
        let expires_s = key_value.value.as_deref().and_then(|value| value.parse().ok());
        let Some((AuthorKey(login), expires_s)) = login.zip(expires_s) else { return false };
        self.logins.insert(login, None);
        self.by_expiry.insert((expires_s, login));
        true
    }

    /// Whether a login is revoked.
    pub(super) fn contains(&self, login: [u8; 16]) -> bool {
        self.logins.contains_key(&login)
    }

    /// Revokes a login. Returns the key-value record to save.
    pub(super) fn revoke(
        &mut self,
        author: AuthorKey,
        login: [u8; 16],
        expires_s: u64,
    ) -> Result<KeyValue, Full> {
        if !self.contains(login) {
            let count = self.counts.entry(author).or_default();
            if *count >= self.logins_max {
                return Err(Full);
            }
            *count = count.saturating_add(1);
            self.logins.insert(login, Some(author));
            self.by_expiry.insert((expires_s, login));
        }
        Ok(key_value(login, Some(expires_s.to_string().into())))
    }

    /// Removes logins whose tokens have expired. Returns the key-value records to delete.
    pub(super) fn prune(&mut self, now_s: u64) -> Vec<KeyValue> {
        let mut expired = Vec::new();
        while let Some(&(expires_s, login)) = self.by_expiry.first()
            && expires_s <= now_s
        {
            self.by_expiry.pop_first();
            if let Some(Some(author)) = self.logins.remove(&login)
                && let Some(count) = self.counts.get_mut(&author)
            {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    self.counts.remove(&author);
                }
            }
            expired.push(key_value(login, None));
        }
        expired
    }
}

fn key_value(login: [u8; 16], value: Option<std::sync::Arc<str>>) -> KeyValue {
    KeyValue { namespace: Namespace::RevokedTokens, key: AuthorKey(login).to_hex().into(), value }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOB: AuthorKey = AuthorKey([1; 16]);

    #[test]
    fn a_login_stays_revoked_until_its_token_expires_also_after_a_restart() {
        let mut revoked = RevokedTokens::new(10);
        let saved = revoked.revoke(BOB, [7; 16], 100).unwrap();
        assert!(revoked.contains([7; 16]) && !revoked.contains([8; 16]));
        assert_eq!(saved.value.as_deref(), Some("100"));
        let mut restarted = RevokedTokens::new(10);
        assert!(restarted.restore(&saved));
        assert!(restarted.contains([7; 16]));
        assert_eq!(restarted.prune(99), []);
        assert_eq!(restarted.prune(100), [KeyValue { value: None, ..saved }]);
        assert!(!restarted.contains([7; 16]) && restarted.by_expiry.is_empty());
    }

    #[test]
    fn the_limit_of_one_account_does_not_affect_others() {
        let mut revoked = RevokedTokens::new(2);
        for login in [1, 2, 2] {
            assert!(revoked.revoke(BOB, [login; 16], 100).is_ok());
        }
        assert_eq!(revoked.revoke(BOB, [3; 16], 100), Err(Full));
        assert!(revoked.revoke(AuthorKey([2; 16]), [4; 16], 200).is_ok());
        assert_eq!(revoked.prune(100).len(), 2);
        assert!(revoked.revoke(BOB, [3; 16], 200).is_ok());
        assert_eq!(revoked.counts.len(), 2);
    }

    #[test]
    fn a_record_that_is_no_revoked_login_is_left_alone() {
        let mut revoked = RevokedTokens::new(2);
        for (key, value) in [("x", Some("100")), ("07070707070707070707070707070707", None)] {
            let value = value.map(Into::into);
            assert!(!revoked.restore(&KeyValue {
                namespace: Namespace::RevokedTokens,
                key: key.into(),
                value
            }));
        }
    }
}
