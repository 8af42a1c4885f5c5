//! Small updates of a room: answers that arrived, typing that ended, subscriptions that were left.

use std::sync::Arc;

use crate::chat::ids::{ClientId, PersonId, RoomId};
use crate::chat::names::{RoomName, fold};
use crate::chat::record::AuthorKey;
use crate::chat::rooms::Rooms;
use crate::chat::rooms::typing::{Stopped, TypingKey};
use crate::clock::Moment;

impl Rooms {
    /// Counts one pending request of a room less.
    pub(in crate::chat) fn request_answered(&mut self, room: RoomId) {
        if let Some(room) = self.get_mut(room) {
            room.orders = room.orders.saturating_sub(1);
        }
    }

    /// Finds a room by its name, whether or not a client is in it.
    pub(in crate::chat) fn room_named(&self, named: Option<&str>) -> Option<RoomId> {
        self.find(&fold(named?.trim()))
    }

    /// Returns the name of a room that exists, which an earlier version may have allowed.
    pub(in crate::chat) fn name_of_existing(&self, named: &str) -> Option<RoomName> {
        let room = self.get(self.room_named(Some(named))?)?;
        let name = RoomName { name: Arc::clone(&room.name), key: Arc::clone(&room.key) };
        room.direct_room.is_none().then_some(name)
    }

    pub(in crate::chat) fn waited(&mut self, room: RoomId) {
        if let Some(inside) = self.get_mut(room) {
            inside.waited();
        }
        self.vacate(room);
    }

    /// Updates the name under which an author posts in a private conversation.
    pub(in crate::chat) fn speaks_as(&mut self, room: RoomId, author: AuthorKey, name: &Arc<str>) {
        let Some(direct_room) = self.get_mut(room).and_then(|room| room.direct_room.as_mut())
        else {
            return;
        };
        let authors = direct_room.authors();
        for (side, of) in direct_room.sides.iter_mut().zip(authors) {
            if of == author {
                side.name = Arc::clone(name);
            }
        }
    }

    /// Ends a person's typing in a room when the typing client leaves, closes or becomes another
    /// person's.
    pub(in crate::chat) fn leaves_typing(
        &mut self,
        person: PersonId,
        client: ClientId,
        room: RoomId,
    ) {
        let typing_key = TypingKey { person, room };
        if self.typing.typists.get(&typing_key).is_some_and(|writer| writer.client == client) {
            // Whoever has left rests no longer than otherwise; the time does not matter.
            self.stop_typing(Moment::default(), typing_key);
        }
    }

    /// Ends the indicators of a person who was renamed: later the old name may be somebody else's.
    pub(in crate::chat) fn renamed_typing(&mut self, person: PersonId) {
        let (first, last) = (RoomId(u32::MIN), RoomId(u32::MAX));
        let keys = TypingKey { person, room: first }..=TypingKey { person, room: last };
        let keys: Vec<TypingKey> = self.typing.typists.range(keys).map(|(key, _)| *key).collect();
        for typing_key in keys {
            self.stop_typing(Moment::default(), typing_key);
        }
    }

    /// Ends an indicator. What is left is the rest until it may be shown again.
    pub(in crate::chat) fn stop_typing(&mut self, now: Moment, typing_key: TypingKey) {
        let Some(mut writer) = self.typing.take(typing_key) else { return };
        writer.until = now;
        if let Some(user) = writer.shown.take()
            && let Some(name) = self.get(typing_key.room).map(|room| Arc::clone(&room.name))
        {
            let TypingKey { person, room } = typing_key;
            self.typing.stopped.push(Stopped { person, client: writer.client, room, name, user });
        }
        if now < writer.rests_until {
            self.typing.put(typing_key, writer);
        }
    }

    /// Removes a client from a private conversation. Returns whether the room is one.
    pub(in crate::chat) fn leave_direct(&mut self, room: RoomId) -> bool {
        let direct_room = self.get_mut(room).and_then(|room| room.direct_room.as_mut());
        let Some(direct_room) = direct_room else { return false };
        direct_room.subscriptions = direct_room.subscriptions.saturating_sub(1);
        self.vacate(room);
        true
    }
}
