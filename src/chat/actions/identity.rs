//! Connections that become another person's: by a login, or by resuming a session.

use std::sync::Arc;

use crate::chat::Chat;
use crate::chat::few;
use crate::chat::ids::{PersonId, RoomId};
use crate::chat::people::client::ClientRef;
use crate::chat::protocol::payloads::Removed;
use crate::chat::protocol::server_event::ServerEvent;
use crate::chat::rooms::Room;
use crate::chat::step::Step;

impl Chat {
    /// Moves a client to another person. The old person ends if this was its only connection.
    /// Returns the rooms with pending presence changes.
    pub(in crate::chat) fn adopt(
        &mut self,
        step: &mut Step<'_>,
        from: ClientRef,
        person: PersonId,
    ) -> Vec<RoomId> {
        let Some(client) = self.people.clients.get_mut(from.slot.index()) else {
            return Vec::new();
        };
        let old = std::mem::replace(&mut client.person, person);
        if old == person {
            return Vec::new();
        }
        let id = client.id;
        let mut rooms: Vec<RoomId> =
            client.subscriptions.as_slice().iter().map(|subscription| subscription.room).collect();
        let network = client.network;
        self.people.reattach(person);
        self.people.note_network(person, network);
        if self.people.get(person).is_some_and(|person| !person.account) {
            self.people.restore_name(person, &self.limits);
        }
        if let Some(person) = self.people.get_mut(person) {
            person.clients.push(from.slot);
        }
        rooms.retain(|room| self.rooms.get(*room).is_some_and(|room| room.direct_room.is_none()));
        for &room in &rooms {
            // In this order, or the room might become empty and be removed.
            self.rooms.leaves_typing(old, id, room);
            self.add_to_room(person, room, id);
            self.remove_connection(old, room);
        }
        let Some(left) = self.people.get_mut(old) else { return rooms };
        let left_account = left.account;
        few::take(&mut left.clients, |client| *client == from.slot);
        let ends = left.clients.as_slice().is_empty();
        self.count_over(step.now, old, person);
        if ends {
            let memberships = self.people.places_of(old);
            for &room in &memberships {
                self.leave_room(old, room, "left");
            }
            rooms.extend(memberships);
            if left_account {
                // Accounts reconnect with a token.
                self.people.release(old);
            } else {
                self.end_session(step, old);
            }
        }
        rooms
    }

    /// Removes a client from the rooms its new person may not be in.
    pub(in crate::chat) fn leave_forbidden_rooms(&mut self, step: &mut Step<'_>, from: ClientRef) {
        let own = from.author;
        let Some((client, _)) = self.people.client(from.slot) else { return };
        let Some(who) = self.actor_on(from.slot) else { return };
        let subscriptions: Vec<RoomId> =
            client.subscriptions.as_slice().iter().map(|subscription| subscription.room).collect();
        for key in subscriptions {
            let may = |room: &Room| match room.direct_room {
                Some(_) => room.may_read(Some(own)),
                None => room.rules().check_entry(&who, step.now).is_ok(),
            };
            let Some(room) = self.rooms.get(key).filter(|room| !may(room)) else { continue };
            let (room, by) = (Arc::clone(&room.name), "*".into());
            let removed = Some(Box::new(Removed { why: "forbidden", by, reason: None }));
            self.unsubscribe(from.slot, key);
            if !room.starts_with('@') {
                step.reply(from.id, ServerEvent::Left { re: None, room, removed });
            }
        }
    }
}
