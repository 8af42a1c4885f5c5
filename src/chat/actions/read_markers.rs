//! Read markers: how far each account has read.
//!
//! Markers only move forward. They are saved in batches, a second after the first unsaved one: if a
//! crash loses one, a few messages count as unread again.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::chat::Chat;
use crate::chat::ids::RoomId;
use crate::chat::people::client::ClientRef;
use crate::chat::protocol::error::Refusal;
use crate::chat::protocol::server_event::ServerEvent;
use crate::chat::record::{AuthorKey, KeyValue, Namespace};
use crate::chat::step::Step;

/// How long an unsaved marker waits for others.
const SAVE_AFTER: Duration = Duration::from_secs(1);

impl Chat {
    /// Moves a client's marker, and tells the other connections of its account.
    pub(in crate::chat) fn mark_read(
        &mut self,
        step: &mut Step<'_>,
        from: ClientRef,
        room: RoomId,
        seq: u64,
    ) -> Result<(), Refusal> {
        let (id, person) = (from.id, from.person);
        let Some(person) = self.people.get(person).filter(|person| person.account) else {
            return Ok(());
        };
        let author = person.author;
        let inside = self.rooms.get(room).ok_or_else(Refusal::internal)?;
        let (key, name) = (Arc::clone(&inside.key), Arc::clone(inside.name_for(author)));
        let seq = seq.min(inside.top);
        let marks = self.rooms.read_markers.by_author.entry(author).or_default();
        if marks.len() >= self.limits.read_markers_max && !marks.contains_key(&key) {
            return Ok(());
        }
        let mark = marks.entry(Arc::clone(&key)).or_default();
        if *mark >= seq {
            return Ok(());
        }
        *mark = seq;
        if self.rooms.read_markers.unsaved.is_empty() {
            self.rooms.read_markers.due = step.now.at.after(SAVE_AFTER);
        }
        self.rooms.read_markers.unsaved.insert((author, key));
        for other in self.people.clients_of(author) {
            if other != id {
                step.reply(other, ServerEvent::Read { room: Arc::clone(&name), seq });
            }
        }
        Ok(())
    }

    /// Returns the marker of an author in a room, if it has an account.
    pub(in crate::chat) fn read_marker(&self, author: AuthorKey, room: RoomId) -> Option<u64> {
        self.people.accounts().get(author)?;
        let key = &self.rooms.get(room)?.key;
        let marks = self.rooms.read_markers.by_author.get(&author);
        Some(marks.and_then(|marks| marks.get(key)).copied().unwrap_or(0))
    }

    /// Saves the markers that are due, or all.
    pub(in crate::chat) fn save_read_markers(&mut self, step: &mut Step<'_>, all: bool) {
        if self.rooms.read_markers.unsaved.is_empty()
            || (!all && self.rooms.read_markers.due > step.now.at)
        {
            return;
        }
        let unsaved = std::mem::take(&mut self.rooms.read_markers.unsaved);
        // Saved after the removal in the journal, they would be of the next room of that name.
        let (held, unsaved): (BTreeSet<_>, BTreeSet<_>) =
            unsaved.into_iter().partition(|(_, room)| self.rooms.is_being_removed(room));
        self.rooms.read_markers.unsaved = held;
        self.rooms.read_markers.due = step.now.at.after(SAVE_AFTER);
        let key_values = unsaved.into_iter().map(|(author, room)| {
            let marks = self.rooms.read_markers.by_author.get(&author);
            let seq = marks.and_then(|marks| marks.get(&room)).copied();
            key_value(author, &room, seq)
        });
        step.put(key_values.collect());
    }

    /// Deletes the markers of an author.
    pub(in crate::chat) fn forget_read_markers(&mut self, step: &mut Step<'_>, author: AuthorKey) {
        let Some(marks) = self.rooms.read_markers.by_author.remove(&author) else { return };
        self.rooms.read_markers.unsaved.retain(|(other, _)| *other != author);
        let mut key_values: Vec<KeyValue> =
            marks.keys().map(|room| key_value(author, room, None)).collect();
        key_values.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        step.put(key_values);
    }
}

fn key_value(author: AuthorKey, room: &str, seq: Option<u64>) -> KeyValue {
    let key = format!("{}/{room}", author.to_hex()).into();
    KeyValue {
        namespace: Namespace::ReadMarkers,
        key,
        value: seq.map(|seq| seq.to_string().into()),
    }
}
