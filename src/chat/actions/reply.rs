//! Replies that several handlers share.

use std::sync::Arc;
use std::time::Duration;

use crate::chat::Chat;
use crate::chat::effect::Effect;
use crate::chat::ids::RoomId;
use crate::chat::pending::{Appended, RequestOrigin};
use crate::chat::people::Person;
use crate::chat::people::client::ClientRef;
use crate::chat::protocol::error::{Code, Refusal};
use crate::chat::protocol::payloads::{Joined, RoomSummary, User};
use crate::chat::protocol::server_event::ServerEvent;
use crate::chat::record::AuthorKey;
use crate::chat::rooms::Room;
use crate::chat::step::Step;
use crate::rate::{Rate, Taken};

impl Chat {
    /// Sends a client a refusal, and closes it after too many.
    pub(in crate::chat) fn refuse(
        &mut self,
        step: &mut Step<'_>,
        from: ClientRef,
        refusal: Refusal,
    ) {
        let errors_max = self.limits.errors_max;
        let Some(client) = self.people.clients.get_mut(from.slot.index()) else { return };
        let errors = Rate::every(ERROR_LASTS, errors_max.saturating_sub(1));
        let too_many = refusal.code != Code::RateLimited
            && matches!(client.errors.take(step.now.at, Some(errors)), Taken::No(_));
        step.reply(client.id, ServerEvent::Error(Box::new(refusal)));
        let (code, reason) = if client.flooded {
            (4101, "flooding")
        } else if too_many {
            (4000, "too many errors")
        } else {
            return;
        };
        client.closing = true;
        step.effects.push(Effect::Close { client: client.id, code, reason: reason.into() });
    }

    /// Lists the people in a room, up to `listed_max`.
    pub(in crate::chat) fn users(&self, key: RoomId, room: &Room) -> Vec<User> {
        if let Some(direct_room) = &room.direct_room {
            let people =
                direct_room.authors().into_iter().filter_map(|it| self.people.of_session(it));
            let people = people.filter_map(|person| self.people.get(person));
            let there = people.filter(|person| !person.clients.as_slice().is_empty());
            return there
                .map(|person| user(room, person, person.clients.as_slice().len()))
                .collect();
        }
        let people = room.people.iter().filter_map(|person| self.people.get(*person));
        let users = people.take(self.limits.listed_max).map(|person| {
            let membership =
                person.memberships.as_slice().iter().find(|membership| membership.room == key);
            user(room, person, membership.map_or(0, |membership| membership.conns as usize))
        });
        users.collect()
    }

    /// Returns a room that an author has joined.
    pub(in crate::chat) fn joined(
        &self,
        own: AuthorKey,
        room: RoomId,
        re: Option<Arc<str>>,
    ) -> Option<Joined> {
        let inside = self.rooms.get(room)?;
        let users = self.users(room, inside);
        Some(Joined {
            re,
            room: Arc::clone(inside.name_for(own)),
            seq: inside.top,
            topic: Arc::clone(&inside.topic),
            count: if inside.direct_room.is_some() { users.len() } else { inside.people.len() },
            users,
            private: inside.rules().private,
            locked: inside.rules().locked,
            slow: inside.rules().slow,
            role: inside.rules().shown_role(own),
        })
    }

    /// Returns the `ack` of a recorded entry.
    pub(in crate::chat) fn ack(
        &self,
        own: AuthorKey,
        re: Arc<str>,
        room: RoomId,
        appended: Appended,
    ) -> ServerEvent {
        let Appended { seq, mid, ts, duplicate, .. } = appended;
        let room = self.rooms.get(room).map(|room| Arc::clone(room.name_for(own)));
        let room = room.unwrap_or_default();
        ServerEvent::Ack { re, room, seq, ts, mid, durable: self.durable, duplicate }
    }

    /// Returns the author of a request.
    pub(in crate::chat) fn asks_as(&self, origin: RequestOrigin) -> AuthorKey {
        match origin {
            RequestOrigin::Client(id) => self
                .people
                .by_id
                .get(&id)
                .map_or(AuthorKey([0; 16]), |slot| self.people.author_of(*slot)),
            RequestOrigin::Request { author, .. } => author,
        }
    }

    /// Returns a room's line in a list, as an author in it sees it.
    pub(in crate::chat) fn line_for(&self, own: AuthorKey, key: RoomId) -> Option<RoomSummary> {
        let room = self.rooms.get(key)?;
        let name = Arc::clone(room.name_for(own));
        let (role, read) = (room.rules().shown_role(own), self.read_state(own, key));
        Some(RoomSummary { room: name, role, read, ..room.line() })
    }
}

fn user(room: &Room, person: &Person, conns: usize) -> User {
    User {
        name: Arc::clone(&person.name),
        conns: u32::try_from(conns).unwrap_or(u32::MAX),
        role: room.rules().shown_role(person.author),
        account: person.account,
        status: person.status(),
    }
}

/// The time after which one error of a connection is forgotten.
const ERROR_LASTS: Duration = Duration::from_secs(1);
