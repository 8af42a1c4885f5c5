//! Taking in what was before the start.

use std::collections::HashMap;

use crate::chat::Chat;
use crate::chat::record::{Fact, RoomRecord, Shelf};
use crate::chat::rooms::direct::Pair;

impl Chat {
    /// Takes in the rooms of before the start. A conversation that nobody can come back to has no
    /// fact any more and is left where it is.
    pub(in crate::chat) fn restore_rooms(&mut self, rooms: Vec<RoomRecord>, pairs: &[Fact]) {
        let pairs: HashMap<&str, &str> =
            pairs.iter().filter_map(|fact| Some((&*fact.key, fact.value.as_deref()?))).collect();
        for record in rooms {
            if !record.key.starts_with('@') {
                self.rooms.restore(record);
            } else if let Some(pair) = pairs.get(&*record.key).and_then(|it| Pair::restore(it)) {
                let authors = pair.authors();
                let room = self.rooms.insert_pair(record.key, pair);
                if let Some(inside) = self.rooms.get_mut(room) {
                    inside.top = record.top;
                }
                self.rooms.directs.touch(authors, room);
            }
        }
    }

    pub(in crate::chat) fn restore_fact(&mut self, fact: &Fact) {
        let Some(value) = fact.value.as_deref() else { return };
        let (room, rest) = fact.key.split_once('/').unwrap_or((&fact.key, ""));
        match fact.shelf {
            Shelf::Accounts => self.people.accounts_mut().restore(&fact.key, value),
            Shelf::Rooms | Shelf::Standings | Shelf::Bans => {
                let Some(key) = self.rooms.find(room) else { return };
                if let Some(room) = self.rooms.get_mut(key) {
                    room.rules_mut().restore(fact.shelf, rest, value);
                }
                self.rooms.reindex(key);
            }
            Shelf::Marks => self.rooms.read_markers.restore(&fact.key, value),
            Shelf::Talks | Shelf::Revoked | Shelf::Days => {}
        }
    }
}
