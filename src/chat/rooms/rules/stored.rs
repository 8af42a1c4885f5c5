//! The rules of a room as key-value records.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{DirtyKey, MemberState, Rules};
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
