//! Memberships: the rooms that each account has joined and not left, connected or not.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::chat::protocol::membership::Notify;
use crate::chat::record::{AuthorKey, KeyValue, Namespace, RoomKey};

/// The memberships of all accounts.
#[derive(Debug, Default)]
pub(in crate::chat) struct Memberships {
    by_author: HashMap<AuthorKey, BTreeMap<RoomKey, AccountMembership>>,
    by_room: HashMap<RoomKey, BTreeSet<AuthorKey>>,
}

/// The membership of an account in a room, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::chat) struct AccountMembership {
    /// The room's name.
    pub(in crate::chat) name: Arc<str>,
    /// What the account wants to be notified of.
    #[serde(default)]
    pub(in crate::chat) notify: Notify,
    /// Its place in the account's list.
    #[serde(default)]
    pub(in crate::chat) order: u64,
}

impl Memberships {
    /// Returns the membership of an account in a room.
    pub(in crate::chat) fn get(&self, author: AuthorKey, room: &str) -> Option<&AccountMembership> {
        self.by_author.get(&author)?.get(room)
    }

    /// Lists the memberships of an account in its order.
    pub(in crate::chat) fn of(&self, author: AuthorKey) -> Vec<&AccountMembership> {
        let memberships = self.by_author.get(&author).into_iter().flatten();
        let mut memberships: Vec<_> = memberships.map(|(_, membership)| membership).collect();
        memberships.sort_by_key(|membership| membership.order);
        memberships
    }

    /// Counts the memberships of an account.
    pub(in crate::chat) fn count(&self, author: AuthorKey) -> usize {
        self.by_author.get(&author).map_or(0, BTreeMap::len)
    }

    /// Returns the place behind all of an account's list.
    pub(in crate::chat) fn last_order(&self, author: AuthorKey) -> u64 {
        let memberships = self.by_author.get(&author).into_iter().flatten();
        let last = memberships.map(|(_, membership)| membership.order).max().unwrap_or(0);
        last.saturating_add(ORDER_STEP).min(ORDER_MAX)
    }

    /// Adds or replaces a membership. Returns its key-value record.
    pub(in crate::chat) fn put(
        &mut self,
        author: AuthorKey,
        room: &RoomKey,
        membership: AccountMembership,
    ) -> KeyValue {
        let key_value = key_value(author, room, serde_json::to_string(&membership).ok());
        self.by_author.entry(author).or_default().insert(Arc::clone(room), membership);
        self.by_room.entry(Arc::clone(room)).or_default().insert(author);
        key_value
    }

    /// Removes a membership. Returns what deletes its key-value record, if there was one.
    pub(in crate::chat) fn remove(
        &mut self,
        author: AuthorKey,
        room: &RoomKey,
    ) -> Option<KeyValue> {
        let memberships = self.by_author.get_mut(&author)?;
        memberships.remove(room)?;
        if memberships.is_empty() {
            self.by_author.remove(&author);
        }
        if let Some(authors) = self.by_room.get_mut(room) {
            authors.remove(&author);
            if authors.is_empty() {
                self.by_room.remove(room);
            }
        }
        Some(key_value(author, room, None))
    }

    /// Lists the members of a room after this one, or from the first on.
    pub(in crate::chat) fn members_after(
        &self,
        room: &str,
        after: Option<AuthorKey>,
    ) -> impl Iterator<Item = AuthorKey> {
        let after = after.map_or(Bound::Unbounded, Bound::Excluded);
        let members = self.by_room.get(room).into_iter();
        members.flat_map(move |members| members.range((after, Bound::Unbounded)).copied())
    }

    /// Removes all memberships of an account. Returns what deletes their key-value records.
    pub(in crate::chat) fn forget_author(&mut self, author: AuthorKey) -> Vec<KeyValue> {
        let rooms: Vec<RoomKey> =
            self.by_author.get(&author).map_or_else(Vec::new, |of| of.keys().cloned().collect());
        rooms.iter().filter_map(|room| self.remove(author, room)).collect()
    }

    /// Removes all memberships of a room; the journal deletes their key-value records.
    pub(in crate::chat) fn forget_room(&mut self, room: &RoomKey) {
        for author in self.by_room.get(room).cloned().unwrap_or_default() {
            self.remove(author, room);
        }
    }

    /// Restores a membership from its key-value record; ignores one that cannot be read.
    pub(in crate::chat) fn restore(&mut self, key: &str, value: &str) {
        if let Some((author, room)) = key.split_once('/')
            && let (Some(author), Ok(membership)) =
                (AuthorKey::from_hex(author), serde_json::from_str(value))
        {
            self.put(author, &room.into(), membership);
        }
    }
}

fn key_value(author: AuthorKey, room: &str, value: Option<String>) -> KeyValue {
    let key = format!("{}/{room}", author.to_hex()).into();
    KeyValue { namespace: Namespace::Memberships, key, value: value.map(Into::into) }
}

/// The space between two memberships, so that one can be put between them.
const ORDER_STEP: u64 = 1 << 20;
/// The highest place: the largest whole number that JavaScript knows.
pub(in crate::chat) const ORDER_MAX: u64 = (1 << 53) - 1;
