//! Registered accounts: names reserved whether or not their owner is connected.
//!
//! An account is an author of its own. Passwords and tokens are checked elsewhere.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::chat::names::{ByText, Likeness, NameIndex};
use crate::chat::protocol::account::{Account, Registered};
use crate::chat::protocol::status::Status;
use crate::chat::record::{AuthorKey, KeyValue, Namespace};

/// All accounts: a few hundred bytes each.
#[derive(Debug, Default)]
pub(in crate::chat) struct Accounts {
    names: NameIndex<AuthorKey>,
    /// By the likenesses that guests cannot have.
    by_pair: ByText<AuthorKey>,
    by_author: HashMap<AuthorKey, Account>,
}

/// An account as a key-value record.
#[derive(Debug, Serialize, Deserialize)]
struct StoredAccount {
    name: Arc<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hash: Option<Arc<str>>,
    #[serde(default)]
    admin: bool,
    #[serde(default)]
    since: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    registered: Option<Registered>,
    #[serde(default, skip_serializing_if = "is_default")]
    status: Status,
}

fn is_default(status: &Status) -> bool {
    *status == Status::default()
}

impl Accounts {
    /// Finds an account.
    pub(in crate::chat) fn get(&self, author: AuthorKey) -> Option<&Account> {
        self.by_author.get(&author)
    }

    /// Finds an account by its name, or else the only one with a name that looks like it.
    pub(in crate::chat) fn named(&self, name: &str) -> Option<&Account> {
        self.find(&Likeness::of(name))
    }

    /// Finds an account by the likeness of its name, as [`Accounts::named`] does.
    pub(in crate::chat) fn find(&self, like: &Likeness) -> Option<&Account> {
        let mut named = self.names.named(like);
        let author = named.next()?;
        named.all(|other| other == author).then(|| self.by_author.get(author)).flatten()
    }

    /// Whether an account but `author`'s has this name or one that looks like it.
    pub(in crate::chat) fn has(&self, like: &Likeness, author: Option<AuthorKey>) -> bool {
        self.names.like(like).any(|other| Some(*other) != author)
    }

    /// Whether a guest with this name would pass for an account but `author`'s.
    pub(in crate::chat) fn bars(&self, like: &Likeness, author: Option<AuthorKey>) -> bool {
        let mut others = like.by_pair.iter().flat_map(|pairs| self.by_pair.get(pairs));
        others.any(|other| Some(*other) != author)
    }

    /// Counts the accounts.
    pub(in crate::chat) fn len(&self) -> usize {
        self.by_author.len()
    }

    /// Returns the latest stamp of a registration.
    pub(in crate::chat) fn latest_stamp(&self) -> u64 {
        let registered = self.by_author.values().filter_map(|account| account.registered);
        registered.map(|registered| registered.at).max().unwrap_or(0)
    }

    /// Adds or replaces an account.
    pub(in crate::chat) fn put(&mut self, account: Account) {
        self.remove(account.author);
        let like = Likeness::of(&account.name);
        self.names.insert(&like, &account.author);
        like.by_pair.iter().for_each(|pairs| self.by_pair.insert(pairs, &account.author));
        self.by_author.insert(account.author, account);
    }

    /// Sets the status of an account. Returns the key-value record to store, if it has changed.
    pub(in crate::chat) fn set_status(
        &mut self,
        author: AuthorKey,
        status: &Status,
    ) -> Option<KeyValue> {
        let account = self.by_author.get_mut(&author).filter(|it| it.status != *status)?;
        account.status = status.clone();
        Some(account.key_value())
    }

    /// Removes an account and frees its name.
    pub(in crate::chat) fn remove(&mut self, author: AuthorKey) -> Option<Account> {
        let account = self.by_author.remove(&author)?;
        let like = Likeness::of(&account.name);
        self.names.remove(&like, &author);
        like.by_pair.iter().for_each(|pairs| self.by_pair.remove(pairs, &author));
        Some(account)
    }

    /// Restores an account from its key-value record; ignores one that cannot be read.
    pub(in crate::chat) fn restore(&mut self, key: &str, value: &str) {
        if let (Some(author), Ok(key_value)) =
            (AuthorKey::from_hex(key), serde_json::from_str(value))
        {
            let StoredAccount { name, hash, admin, since, registered, status } = key_value;
            self.put(Account { author, name, hash, admin, since, registered, status });
        }
    }

    /// Lists all accounts by name.
    pub(in crate::chat) fn list(&self) -> Vec<Account> {
        let mut accounts: Vec<Account> = self.by_author.values().cloned().collect();
        accounts.sort_unstable_by(|a, b| (&a.name, a.author).cmp(&(&b.name, b.author)));
        accounts
    }
}

impl Account {
    /// Encodes it as a key-value record.
    pub fn key_value(&self) -> KeyValue {
        let Self { name, hash, admin, since, registered, status, .. } = self.clone();
        let stored = StoredAccount { name, hash, admin, since, registered, status };
        let value = serde_json::to_string(&stored);
        let value = value.ok().map(Into::into);
        KeyValue { namespace: Namespace::Accounts, key: self.author.to_hex().into(), value }
    }
}
