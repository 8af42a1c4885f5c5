//! The state from before the start, restored.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::chat::Chat;
use crate::chat::ids::RoomId;
use crate::chat::record::{KeyValue, Namespace, RoomRecord};
use crate::chat::rooms::direct::DirectRoom;

impl Chat {
    /// Restores the rooms. A private conversation to which nobody can return has no key-value
    /// record and is left in the journal.
    pub(in crate::chat) fn restore_rooms(&mut self, rooms: Vec<RoomRecord>, pairs: &[KeyValue]) {
        let pairs: HashMap<&str, &str> = pairs
            .iter()
            .filter_map(|key_value| Some((&*key_value.key, key_value.value.as_deref()?)))
            .collect();
        for record in rooms {
            if !record.key.starts_with('@') {
                self.rooms.restore(record);
            } else if let Some(direct_room) =
                pairs.get(&*record.key).and_then(|it| DirectRoom::restore(it))
            {
                let authors = direct_room.authors();
                let room = self.rooms.insert_direct(record.key, direct_room);
                if let Some(inside) = self.rooms.get_mut(room) {
                    (inside.top, inside.spoke) = (record.top, record.last);
                }
                self.rooms.directs.touch(authors, room);
            }
        }
    }

    /// Restores the key-value records.
    pub(in crate::chat) fn restore_key_values(&mut self, key_values: &[KeyValue]) {
        let rooms: BTreeSet<RoomId> =
            key_values.iter().filter_map(|key_value| self.restore_key_value(key_value)).collect();
        for room in rooms {
            self.rooms.reindex(room);
        }
    }

    /// Restores a key-value record. Returns the room whose rules it is part of.
    fn restore_key_value(&mut self, key_value: &KeyValue) -> Option<RoomId> {
        let value = key_value.value.as_deref()?;
        let (room, rest) = key_value.key.split_once('/').unwrap_or((&key_value.key, ""));
        match key_value.namespace {
            Namespace::Accounts => self.people.accounts_mut().restore(&key_value.key, value),
            Namespace::Rooms | Namespace::MemberStates | Namespace::Bans | Namespace::Mutes => {
                let key = self.rooms.find(room)?;
                self.rooms.get_mut(key)?.rules_mut().restore(key_value.namespace, rest, value);
                return Some(key);
            }
            Namespace::Hooks | Namespace::HookPositions => {
                // The hooks of a room without a record would be of the next room of that name.
                let room = self.rooms.get(self.rooms.find(room)?)?;
                let (key, top) = (Arc::clone(&room.key), room.top);
                self.rooms.hooks.restore(key_value.namespace, (&key, top), rest, value);
            }
            Namespace::ReadMarkers => self.rooms.read_markers.restore(&key_value.key, value),
            Namespace::Pins => {
                let room = self.rooms.find(room)?;
                let pin = rest.parse::<u64>().ok().zip(value.parse::<u64>().ok());
                self.rooms.get_mut(room)?.pins.extend(pin);
            }
            Namespace::Memberships => self.rooms.memberships.restore(&key_value.key, value),
            Namespace::Invitations => self.rooms.invitations.restore(&key_value.key, value),
            Namespace::Uploads => self.uploads.restore(value),
            Namespace::DirectRooms
            | Namespace::RevokedTokens
            | Namespace::Days
            | Namespace::ServerBans
            | Namespace::Logins => {}
        }
        None
    }
}
