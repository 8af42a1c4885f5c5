//! The end of the server and the next start, so that nobody is seen leaving or joining.
//!
//! When the server ends, it stores who is online and tells each client when to come back. The next
//! one has them in their rooms again, without a connection, until that time and the leave grace
//! have passed.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::chat::Chat;
use crate::chat::effect::Effect;
use crate::chat::farewell::Farewell;
use crate::chat::ids::{ClientSlot, PersonId, RoomId};
use crate::chat::names::RoomName;
use crate::chat::people::Membership;
use crate::chat::protocol::server_event::ServerEvent;
use crate::chat::record::{AuthorKey, Online, SessionRecord};
use crate::chat::step::Step;
use crate::clock::Moment;

impl Chat {
    /// Sends `bye` to all clients, each with a moment of its own to come back.
    pub(in crate::chat) fn drain(&mut self, step: &mut Step<'_>, seed: u64) {
        let farewell = Farewell::new(seed, self.people.clients.len(), &self.limits);
        self.farewell = Some(farewell);
        self.save_read_markers(step, true);
        self.save_hook_positions(step);
        let unsaved: Vec<PersonId> = self
            .people
            .iter()
            .filter(|(_, person)| !person.persisted || !person.memberships.as_slice().is_empty())
            .map(|(key, _)| key)
            .collect();
        for person in unsaved {
            self.persist_session(step, person);
        }
        let slots: Vec<ClientSlot> =
            self.people.clients.iter().map(|(slot, _)| ClientSlot::new(slot)).collect();
        for (number, slot) in (0..).zip(slots) {
            self.say_bye(step, slot, farewell.own_ms(number));
        }
        self.keep_days_at_once(step);
    }

    /// Sends `bye` to a client and closes it.
    pub(in crate::chat) fn say_bye(
        &mut self,
        step: &mut Step<'_>,
        slot: ClientSlot,
        after_ms: u64,
    ) {
        let Some(client) = self.people.clients.get_mut(slot.index()) else { return };
        client.closing = true;
        let id = client.id;
        // Older libraries take 1012, which RFC 6455 does not have, for an error.
        let code = if client.knows_restart { 1012 } else { 1001 };
        step.reply(id, ServerEvent::Bye { code, reason: "restart", after_ms });
        step.effects.push(Effect::Close { client: id, code, reason: "restart".into() });
    }

    /// Returns how long one who is turned away while the server ends is to wait, by any number.
    pub fn reconnect_after(&self, number: u64) -> Duration {
        Duration::from_millis(self.farewell.map_or(0, |farewell| farewell.any_ms(number)))
    }

    /// Restores the sessions from before the start at this Unix time. Who was online when the
    /// server was stopped is in its rooms again, if its session could still be resumed.
    pub(in crate::chat) fn restore_sessions(
        &mut self,
        sessions: Vec<SessionRecord>,
        started_unix_ms: u64,
    ) {
        let life = self.limits.session_life;
        let is_recent = |online: &Online| {
            Duration::from_millis(started_unix_ms.saturating_sub(online.at)) <= life
        };
        let mut present = Vec::new();
        for mut session in sessions {
            let online = session.online.take().filter(is_recent);
            let key = self.restore(session);
            present.extend(online.map(|online| (key, online)));
        }
        let farewell = Farewell::new(0, present.len(), &self.limits);
        let left = Moment::from_millis(farewell.last_ms());
        for (key, online) in present {
            self.restore_presence(key, &online.owned, left);
        }
    }

    /// Restores the memberships of a person, as if its last connection had closed at `left`.
    fn restore_presence(&mut self, key: PersonId, owned: &[Arc<str>], left: Moment) {
        self.people.reattach(key);
        self.people.restore_name(key, &self.limits);
        let Some(person) = self.people.get_mut(key) else { return };
        person.left = left;
        let (author, network, rooms) = (person.author, person.network, person.rooms.clone());
        for name in &rooms {
            let owner = owned.contains(name).then_some(author);
            if let Ok(name) = RoomName::parse(name, &self.limits)
                && let Some(room) = self.restored_room(&name, owner, network)
                && let Some(person) = self.people.get_mut(key)
                && person.membership(room).is_none()
            {
                let at = self.rooms.enter(room, key);
                person.memberships.push(Membership { room, at, conns: 0, timed_out: false, left });
            }
        }
        self.people.schedule_leave(key, left, &self.limits);
    }

    /// Finds a room or makes it, owned by `owner` if nobody else does.
    fn restored_room(
        &mut self,
        name: &RoomName,
        owner: Option<AuthorKey>,
        network: Option<IpAddr>,
    ) -> Option<RoomId> {
        let room = self.rooms.open(name, owner, network.filter(|_| owner.is_some()), &self.limits);
        let room = room.ok()?;
        let inside = self.rooms.get_mut(room)?;
        if owner.is_some() && inside.top == 0 && inside.rules().owner.is_none() {
            let rules = inside.rules_mut();
            (rules.owner, rules.persisted) = (owner, false);
            self.rooms.reindex(room);
        }
        Some(room)
    }
}
