//! Read markers: how far each account has read.
//!
//! Markers move forward, and back only when that is asked for. They are saved in batches, a second after the first unsaved one: if a
//! crash loses one, a few messages count as unread again.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::chat::Chat;
use crate::chat::ids::RoomId;
use crate::chat::people::client::ClientRef;
use crate::chat::protocol::error::{Code, Refusal};
use crate::chat::protocol::payloads::ReadState;
use crate::chat::protocol::server_event::ServerEvent;
use crate::chat::record::{AuthorKey, KeyValue, Namespace};
use crate::chat::rooms::latest::COUNTED_MAX;
use crate::chat::step::Step;

/// How long an unsaved marker waits for others.
const SAVE_AFTER: Duration = Duration::from_secs(1);

impl Chat {
    /// Moves a client's marker forward, and tells the other connections of its account.
    pub(in crate::chat) fn mark_read(
        &mut self,
        step: &mut Step<'_>,
        from: ClientRef,
        room: RoomId,
        seq: u64,
    ) -> Result<(), Refusal> {
        if self.move_marker(step, from, room, seq, false)? {
            self.tell_read(step, from, room);
        }
        Ok(())
    }

    /// Moves a client's marker back before a message, and tells it and the other connections of its
    /// account.
    pub(in crate::chat) fn mark_unread(
        &mut self,
        step: &mut Step<'_>,
        from: ClientRef,
        re: Option<Arc<str>>,
        room: RoomId,
        mid: u64,
    ) -> Result<(), Refusal> {
        if self.people.accounts().get(from.author).is_none() {
            return Err(Refusal::new(Code::AuthRequired, "only accounts have read marks"));
        }
        if self.move_marker(step, from, room, mid.saturating_sub(1), true)? {
            self.tell_read(step, from, room);
        }
        if let Some(event) = self.read_event(from.author, room, re) {
            step.reply(from.id, event);
        }
        Ok(())
    }

    /// Moves a client's marker forward, or back. Returns whether it has moved.
    fn move_marker(
        &mut self,
        step: &Step<'_>,
        from: ClientRef,
        room: RoomId,
        seq: u64,
        back: bool,
    ) -> Result<bool, Refusal> {
        let person = from.person;
        let Some(person) = self.people.get(person).filter(|person| person.account) else {
            return Ok(false);
        };
        let author = person.author;
        let inside = self.rooms.get(room).ok_or_else(Refusal::internal)?;
        let key = Arc::clone(&inside.key);
        let seq = seq.min(inside.top);
        let marks = self.rooms.read_markers.by_author.entry(author).or_default();
        if marks.len() >= self.limits.read_markers_max && !marks.contains_key(&key) {
            return Ok(false);
        }
        let mark = marks.entry(Arc::clone(&key)).or_default();
        if *mark == seq || (*mark > seq) != back {
            return Ok(false);
        }
        *mark = seq;
        if self.rooms.read_markers.unsaved.is_empty() {
            self.rooms.read_markers.due = step.now.at.after(SAVE_AFTER);
        }
        self.rooms.read_markers.unsaved.insert((author, key));
        Ok(true)
    }

    /// Sends the other connections of a client's account how far it has read.
    fn tell_read(&self, step: &mut Step<'_>, from: ClientRef, room: RoomId) {
        let Some(event) = self.read_event(from.author, room, None) else { return };
        for other in self.people.clients_of(from.author) {
            if other != from.id {
                step.reply(other, event.clone());
            }
        }
    }

    fn read_event(
        &self,
        author: AuthorKey,
        room: RoomId,
        re: Option<Arc<str>>,
    ) -> Option<ServerEvent> {
        let ReadState { read: seq, unread } = self.read_state(author, room)?;
        let room = Arc::clone(self.rooms.get(room)?.name_for(author));
        Some(ServerEvent::Read { re, room, seq, unread })
    }

    /// Returns how far an account has read in a room, and how much it has not. Until the latest
    /// messages are known, every entry counts.
    pub(in crate::chat) fn read_state(&self, own: AuthorKey, room: RoomId) -> Option<ReadState> {
        let read = self.read_marker(own, room)?;
        let name = &self.people.accounts().get(own)?.name;
        let inside = self.rooms.get(room)?;
        let counted = inside.latest.as_ref().and_then(|latest| latest.count(read, name));
        let unread =
            counted.unwrap_or_else(|| inside.top.saturating_sub(read).min(COUNTED_MAX as u64));
        Some(ReadState { read, unread })
    }

    /// Returns the marker of an author in a room, if it has an account.
    fn read_marker(&self, author: AuthorKey, room: RoomId) -> Option<u64> {
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
