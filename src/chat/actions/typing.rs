//! Typing indicators: shown to the others in the room, never recorded.
//!
//! ```text
//!           on, if it may be told          off, a message, leaving, silence
//! nothing ────────────────────────▶ shown ─────────────────────────────────▶ resting ──▶ nothing
//!                                     ▲                                         │
//!                                     └─────────────────────────────────────────┘
//!                                              on, once the rest is over
//! ```
//! The end of an indicator that was shown is sent once, under the name that was shown. How often
//! one is shown is limited for each person in a room and for the room; above that, it is silently
//! dropped, so that no flood of indicators reaches anybody or delays a message.

use std::sync::Arc;
use std::time::Duration;

use crate::chat::Chat;
use crate::chat::effect::Effect;
use crate::chat::ids::{ClientId, PersonId, RoomId};
use crate::chat::pending::RequestOrigin;
use crate::chat::people::client::ClientRef;
use crate::chat::protocol::server_event::ServerEvent;
use crate::chat::rooms::Room;
use crate::chat::rooms::direct::DirectRoom;
use crate::chat::rooms::typing::{Stopped, TypingKey, Typist};
use crate::chat::step::Step;
use crate::clock::Moment;
use crate::rate::{Rate, Taken};

impl Chat {
    /// Handles a client that starts or stops typing in a room.
    pub(in crate::chat) fn typing(
        &mut self,
        step: &mut Step<'_>,
        from: ClientRef,
        room: RoomId,
        on: bool,
    ) {
        let (rate, burst) = (self.limits.queries_per_second_max, self.limits.queries_burst_max);
        let Some(client) = self.people.clients.get_mut(from.slot.index()) else { return };
        let (id, typing_key) = (client.id, TypingKey { person: client.person, room });
        if !on {
            self.rooms.stop_typing(step.now.at, typing_key);
            return;
        }
        if let Taken::No(_) =
            client.hints.take(step.now.at, rate.and_then(|it| Rate::per_second(it, burst)))
        {
            return;
        }
        let (never, long_ago) = (Moment::NEVER, Moment::default());
        let new = Typist { client: id, shown: None, until: never, rests_until: long_ago };
        let mut writer = self.rooms.typing.take(typing_key).unwrap_or(new);
        writer.client = id;
        writer.until = step.now.at.after(self.limits.typing_for);
        self.show_typing(step, typing_key, &mut writer);
        self.rooms.typing.put(typing_key, writer);
    }

    /// Ends the typing of an author whose message was recorded.
    pub(in crate::chat) fn typed(&mut self, step: &Step<'_>, origin: RequestOrigin, room: RoomId) {
        if self.rooms.typing.typists.is_empty() {
            return;
        }
        let person = match origin {
            RequestOrigin::Client(id) => {
                let client = self
                    .people
                    .by_id
                    .get(&id)
                    .and_then(|slot| self.people.clients.get(slot.index()));
                client.map(|client| client.person)
            }
            RequestOrigin::Request { author, .. } => self.people.of_session(author),
        };
        if let Some(person) = person {
            self.rooms.stop_typing(step.now.at, TypingKey { person, room });
        }
    }

    /// Ends the indicators that have expired, and shows those whose rest is over.
    pub(in crate::chat) fn typing_due(&mut self, step: &mut Step<'_>) {
        while let Some(&(due, typing_key)) = self.rooms.typing.due.first()
            && due <= step.now.at
        {
            let Some(mut writer) = self.rooms.typing.take(typing_key) else { return };
            if writer.shown.is_none() && writer.until > step.now.at {
                self.show_typing(step, typing_key, &mut writer);
                self.rooms.typing.put(typing_key, writer);
            } else if writer.shown.is_some() {
                self.rooms.typing.put(typing_key, writer);
                self.rooms.stop_typing(step.now.at, typing_key);
            }
        }
    }

    /// Sends rooms the users who have stopped typing.
    pub(in crate::chat) fn tell_typed(&mut self, step: &mut Step<'_>) {
        if self.rooms.typing.stopped.is_empty() {
            return;
        }
        for Stopped { person, client, room, name, user } in
            std::mem::take(&mut self.rooms.typing.stopped)
        {
            let same = |room: &Room| Arc::ptr_eq(&room.name, &name);
            if self.rooms.get(room).is_some_and(same) {
                self.hint(step, room, person, client, user, None);
            }
        }
    }

    /// Shows a typist unless it rests, or the room's rate is exceeded.
    fn show_typing(&mut self, step: &mut Step<'_>, typing_key: TypingKey, writer: &mut Typist) {
        if step.now.at < writer.rests_until {
            return;
        }
        // Never zero, or the deadline would never pass.
        let every = self.limits.typing_every.max(Duration::from_millis(1));
        writer.rests_until = step.now.at.after(every);
        let rate = self.limits.typing_per_second_max;
        let Some(user) = self.people.get(typing_key.person).map(|it| Arc::clone(&it.name)) else {
            return;
        };
        let Some(room) = self.rooms.get_mut(typing_key.room) else { return };
        let burst = rate.unwrap_or_default().saturating_mul(BURST);
        if let Taken::No(_) =
            room.hints.take(step.now.at, rate.and_then(|it| Rate::per_second(it, burst)))
        {
            return;
        }
        let ttl = u64::try_from(self.limits.typing_for.as_millis()).unwrap_or(u64::MAX);
        let TypingKey { person, room } = typing_key;
        if let Some(before) = writer.shown.replace(Arc::clone(&user))
            && before != user
        {
            self.hint(step, room, person, writer.client, before, None);
        }
        self.hint(step, room, person, writer.client, user, Some(ttl));
    }

    /// Sends a room the hint that a user is typing, for so many milliseconds, or has stopped. The
    /// person's own connections are left out.
    fn hint(
        &self,
        step: &mut Step<'_>,
        key: RoomId,
        person: PersonId,
        client: ClientId,
        user: Arc<str>,
        ttl_ms: Option<u64>,
    ) {
        let Some(room) = self.rooms.get(key) else { return };
        if let Some(direct_room) = room.direct_room.as_deref() {
            return self.hint_direct(step, key, direct_room, person, &user, ttl_ms);
        }
        let own = self.people.get(person).map_or(&[][..], |person| person.clients.as_slice());
        let own = own.iter().filter_map(|slot| self.people.clients.get(slot.index()));
        let mut except: Vec<ClientId> = own.map(|client| client.id).collect();
        if !except.contains(&client) {
            except.push(client);
        }
        if room.audience.iter().all(|listener| except.contains(&listener.client)) {
            return;
        }
        let event = ServerEvent::Typing { room: Arc::clone(&room.name), user, ttl_ms };
        step.effects.push(Effect::Hint { room: key, event, except });
    }
}

impl Chat {
    /// Sends the other side of a private conversation the hint that a user is typing, or has
    /// stopped.
    fn hint_direct(
        &self,
        step: &mut Step<'_>,
        key: RoomId,
        direct_room: &DirectRoom,
        person: PersonId,
        user: &Arc<str>,
        ttl_ms: Option<u64>,
    ) {
        let Some(author) = self.people.get(person).map(|person| person.author) else { return };
        let partner = direct_room.partner(author);
        let to = self.people.listeners_of(partner, key);
        if let Some((mine, _)) = direct_room.seen_by(partner).filter(|_| !to.is_empty()) {
            let (name, user) = (Arc::clone(&mine.label), Arc::clone(user));
            let event = ServerEvent::Typing { room: name, user, ttl_ms };
            let (room, except, seq) = (key, None, None);
            step.effects.push(Effect::Whisper { room, to, event, except, seq });
        }
    }
}

/// Burst of a room's typing indicators, in seconds' worth of the rate.
const BURST: u32 = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::record::Snapshot;
    use crate::chat::{ClientEvent, ConnectParams, Input, Limits};
    use crate::clock::Now;

    #[test]
    fn a_flood_of_typing_leaves_one_entry_for_each_typist_and_none_in_the_end() {
        let limits = Limits { queries_per_second_max: None, ..Limits::default() };
        let mut chat = Chat::new(limits, Snapshot::default());
        let mut told = 0;
        let mut handle = |chat: &mut Chat, ms, input| {
            let mut effects = Vec::new();
            chat.handle(Now { at: Moment::from_millis(ms), unix_ms: ms }, input, &mut effects);
            told += effects.iter().filter(|it| matches!(it, Effect::Hint { .. })).count();
        };
        for n in 1..=4_u8 {
            let (client, seed) = (ClientId(u64::from(n)), [n; 16]);
            let params = ConnectParams::parse("/ws", "room=a&room=b");
            handle(&mut chat, 0, Input::Opened { client, params, seed, admission: Box::default() });
        }
        for ms in 1..10_000 {
            for n in 1..=3 {
                let room = if ms % 2 == 0 { "a" } else { "b" };
                let (client, on) = (ClientId(n), ms % 3 > 0);
                let text = format!(r#"{{"type":"typing","room":"{room}","payload":{on}}}"#);
                let event = ClientEvent::parse(&text, chat.limits());
                handle(&mut chat, ms, Input::Received { client, event });
            }
            let crate::chat::rooms::typing::Typing { typists, due, stopped } = &chat.rooms.typing;
            assert!(typists.len() <= 6 && due.len() == typists.len() && stopped.is_empty());
        }
        handle(&mut chat, 20_000, Input::Due);
        handle(&mut chat, 30_000, Input::Due);
        assert!(chat.rooms.typing.typists.is_empty() && chat.rooms.typing.due.is_empty());
        // Three people in two rooms begin and end four times in ten seconds.
        assert_eq!(told, 3 * 2 * 4 * 2);
    }
}
