//! The rules of a room as key-value records.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::members::MemberState;
use super::restraint::{Restraint, Restraints};
use super::{DirtyKey, Rules};
use crate::chat::names::Likeness;
use crate::chat::record::{AuthorKey, KeyValue, Namespace};

/// The room as a key-value record.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct StoredRules {
    owner: Option<String>,
    private: bool,
    locked: bool,
    slow: u64,
}

/// A restraint as it is stored. Version 0.1.0 has neither `since` nor the fields below `until`.
#[derive(Serialize, Deserialize)]
struct StoredRestraint {
    name: Arc<str>,
    author: String,
    guest: bool,
    network: Option<IpAddr>,
    #[serde(default)]
    since: u64,
    until: u64,
    /// `since` if there is none.
    #[serde(default)]
    at: Option<u64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    accounts: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    freed: Vec<String>,
}

impl Rules {
    /// Encodes the changed keys as key-value records.
    pub(in crate::chat) fn key_values(
        &self,
        room: &str,
        dirty: &BTreeSet<DirtyKey>,
    ) -> Vec<KeyValue> {
        dirty.iter().map(|dirty| self.key_value(room, dirty)).collect()
    }

    fn key_value(&self, room: &str, dirty: &DirtyKey) -> KeyValue {
        let (namespace, key, value) = match dirty {
            DirtyKey::Room => {
                let key_value = StoredRules {
                    owner: self.owner.map(AuthorKey::to_hex),
                    private: self.private,
                    locked: self.locked,
                    slow: self.slow,
                };
                (Namespace::Rooms, room.to_owned(), serde_json::to_string(&key_value).ok())
            }
            DirtyKey::MemberState(author) => {
                let state = self.member_states.get(author);
                let value = state.and_then(|state| serde_json::to_string(state).ok());
                (Namespace::MemberStates, format!("{room}/{}", author.to_hex()), value)
            }
            DirtyKey::Ban(key) => (Namespace::Bans, format!("{room}/{key}"), self.bans.value(key)),
            DirtyKey::Mute(key) => {
                (Namespace::Mutes, format!("{room}/{key}"), self.mutes.value(key))
            }
        };
        KeyValue { namespace, key: key.into(), value: value.map(Into::into) }
    }

    /// Restores a key-value record; `key` is what follows the room's key.
    pub(in crate::chat) fn restore(&mut self, namespace: Namespace, key: &str, value: &str) {
        match namespace {
            Namespace::Rooms => {
                let Ok(key_value) = serde_json::from_str::<StoredRules>(value) else { return };
                self.owner = key_value.owner.as_deref().and_then(AuthorKey::from_hex);
                (self.private, self.locked, self.slow) =
                    (key_value.private, key_value.locked, key_value.slow);
            }
            Namespace::MemberStates => {
                let (Some(author), Ok(mut state)) =
                    (AuthorKey::from_hex(key), serde_json::from_str::<MemberState>(value))
                else {
                    return;
                };
                if state.muted > 0 {
                    self.mutes.restore_mute(author, &state.name, state.muted);
                    state.muted = 0;
                }
                if state.member || state.moderator {
                    self.member_states.insert(author, state);
                }
            }
            Namespace::Bans => self.bans.restore(key, value),
            Namespace::Mutes => self.mutes.restore(key, value),
            _ => {}
        }
    }
}

impl Restraints {
    /// Encodes the restraint with a key; `None` if there is none.
    pub(super) fn value(&self, key: &str) -> Option<String> {
        let restraint = self.by_key.get(key)?.clone();
        let Restraint { name, author, accounts, guest, network, since, at, until, freed, .. } =
            restraint;
        let to_hex =
            |authors: BTreeSet<AuthorKey>| authors.into_iter().map(AuthorKey::to_hex).collect();
        let (author, at) = (author.to_hex(), Some(at));
        let (accounts, freed) = (to_hex(accounts), to_hex(freed));
        let stored =
            StoredRestraint { name, author, guest, network, since, until, at, accounts, freed };
        serde_json::to_string(&stored).ok()
    }

    /// Restores the restraint with a key.
    pub(super) fn restore(&mut self, key: &str, value: &str) {
        let Ok(stored) = serde_json::from_str::<StoredRestraint>(value) else { return };
        let StoredRestraint { name, author, guest, network, since, until, at, accounts, freed } =
            stored;
        let Some(author) = AuthorKey::from_hex(&author) else { return };
        let from_hex = |authors: Vec<String>| {
            authors.iter().filter_map(|author| AuthorKey::from_hex(author)).collect()
        };
        let (accounts, freed) = (from_hex(accounts), from_hex(freed));
        let (like, at) = (Likeness::of(&name), at.unwrap_or(since));
        let restraint =
            Restraint { name, author, accounts, guest, network, since, at, until, freed, like };
        self.put(key.into(), restraint);
    }

    /// Restores a mute as version 0.1.0 stored it, in a member state.
    pub(super) fn restore_mute(&mut self, author: AuthorKey, name: &Arc<str>, until: u64) {
        self.insert(Restraint {
            name: Arc::clone(name),
            author,
            accounts: BTreeSet::new(),
            guest: false,
            network: None,
            since: 0,
            at: 0,
            until,
            freed: BTreeSet::new(),
            like: Likeness::of(name),
        });
    }
}
