//! Logins that have ended before their tokens expire.

use std::collections::{BTreeSet, HashMap};

use crate::chat::record::{AuthorKey, KeyValue, Namespace};

/// Remembers logins until their tokens expire by themselves.
#[derive(Debug)]
pub(super) struct Revoked {
    /// Whose each is; of those of before the start that is not known.
    logins: HashMap<[u8; 16], Option<AuthorKey>>,
    /// By the Unix second from which on they need not be remembered.
    by_expiry: BTreeSet<(u64, [u8; 16])>,
    /// How many each account has.
    counts: HashMap<AuthorKey, usize>,
    /// How many each account may have. Above it no more are taken in.
    logins_max: usize,
}

/// Says that an account has ended more logins than are remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full;

impl Revoked {
    /// Begins with none.
    pub(super) fn new(logins_max: usize) -> Self {
        Self {
            logins: HashMap::new(),
            by_expiry: BTreeSet::new(),
            counts: HashMap::new(),
            logins_max,
        }
    }

    /// Takes in a fact of before the start; false if it is none.
    pub(super) fn restore(&mut self, key_value: &KeyValue) -> bool {
        let login = AuthorKey::from_hex(&key_value.key);
        let expires_s = key_value.value.as_deref().and_then(|value| value.parse().ok());
        let Some((AuthorKey(login), expires_s)) = login.zip(expires_s) else { return false };
        self.logins.insert(login, None);
        self.by_expiry.insert((expires_s, login));
        true
    }

    /// Whether a login has ended.
    pub(super) fn has(&self, login: [u8; 16]) -> bool {
        self.logins.contains_key(&login)
    }

    /// Ends a login; gives the fact to keep.
    pub(super) fn end(
        &mut self,
        author: AuthorKey,
        login: [u8; 16],
        expires_s: u64,
    ) -> Result<KeyValue, Full> {
        if !self.has(login) {
            let count = self.counts.entry(author).or_default();
            if *count >= self.logins_max {
                return Err(Full);
            }
            *count += 1;
            self.logins.insert(login, Some(author));
            self.by_expiry.insert((expires_s, login));
        }
        Ok(key_value(login, Some(expires_s.to_string().into())))
    }

    /// Forgets logins whose tokens have expired; gives the facts that need not be kept.
    pub(super) fn prune(&mut self, now_s: u64) -> Vec<KeyValue> {
        let mut expired = Vec::new();
        while let Some(&(expires_s, login)) = self.by_expiry.first()
            && expires_s <= now_s
        {
            self.by_expiry.pop_first();
            if let Some(Some(author)) = self.logins.remove(&login)
                && let Some(count) = self.counts.get_mut(&author)
            {
                *count -= 1;
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
    fn a_login_has_ended_until_its_token_expires_also_after_a_start() {
        let mut revoked = Revoked::new(10);
        let kept = revoked.end(BOB, [7; 16], 100).unwrap();
        assert!(revoked.has([7; 16]) && !revoked.has([8; 16]));
        assert_eq!(kept.value.as_deref(), Some("100"));
        let mut again = Revoked::new(10);
        assert!(again.restore(&kept));
        assert!(again.has([7; 16]));
        assert_eq!(again.prune(99), []);
        assert_eq!(again.prune(100), [KeyValue { value: None, ..kept }]);
        assert!(!again.has([7; 16]) && again.by_expiry.is_empty());
    }

    #[test]
    fn an_account_that_has_too_many_does_not_keep_out_others() {
        let mut revoked = Revoked::new(2);
        for login in [1, 2, 2] {
            assert!(revoked.end(BOB, [login; 16], 100).is_ok());
        }
        assert_eq!(revoked.end(BOB, [3; 16], 100), Err(Full));
        assert!(revoked.end(AuthorKey([2; 16]), [4; 16], 200).is_ok());
        assert_eq!(revoked.prune(100).len(), 2);
        assert!(revoked.end(BOB, [3; 16], 200).is_ok());
        assert_eq!(revoked.counts.len(), 2);
    }

    #[test]
    fn what_is_no_fact_of_a_login_is_left_alone() {
        let mut revoked = Revoked::new(2);
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
