//! Joining and leaving rooms, and returning to them.

use std::sync::Arc;

use crate::chat::Chat;
use crate::chat::ids::{ClientSlot, RoomId};
use crate::chat::pending::ResumeRequest;
use crate::chat::people::author_of;
use crate::chat::protocol::error::{Code, Refusal};
use crate::chat::protocol::payloads::Joined;
use crate::chat::protocol::server_event::ServerEvent;
use crate::chat::record::Span;
use crate::chat::step::Step;

impl Chat {
    /// Seats a client in a room and makes it current.
    pub(in crate::chat) fn join(
        &mut self,
        step: &mut Step<'_>,
        slot: ClientSlot,
        re: Option<Arc<str>>,
        requested: &str,
        history: Option<u32>,
        after: Option<u64>,
    ) -> Result<(), Refusal> {
        let (room, new) = self.seat_in(step, slot, requested)?;
        self.people.make_current(slot, room);
        let own = self.people.author_of(slot);
        let Some(inside) = self.rooms.get(room) else { return Ok(()) };
        let users = self.users(room, inside);
        let joined = Joined {
            re: re.clone(),
            room: Arc::clone(inside.name_for(own)),
            seq: inside.top,
            topic: Arc::clone(&inside.topic),
            count: if inside.direct_room.is_some() { users.len() } else { inside.people.len() },
            users,
            private: inside.rules().private,
            role: inside.rules().shown_role(own),
        };
        self.people.tell(step, slot, ServerEvent::Joined(Box::new(joined)));
        match after {
            Some(after) => {
                self.start_resume(step, slot, ResumeRequest { re, rooms: vec![(room, after)] });
            }
            None if new => self.greet(step, slot, room, history),
            None if history.is_some_and(|count| count > 0) => {
                self.fetch_history(step, slot, room, Span::Latest, history, re);
            }
            None => {}
        }
        self.rooms.tell_presence(step, room, &self.limits);
        if let Some(person) = self.people.clients.get(slot.index()).map(|client| client.person) {
            self.session_changed(step, person);
        }
        Ok(())
    }

    /// Seats a client in a room unless it has a seat; returns whether it is new.
    fn seat_in(
        &mut self,
        step: &Step<'_>,
        slot: ClientSlot,
        requested: &str,
    ) -> Result<(RoomId, bool), Refusal> {
        if let Some(room) = self
            .room_of(slot, Some(requested))
            .ok()
            .filter(|it| self.people.is_subscribed(slot, *it))
        {
            return Ok((room, false));
        }
        let subscriptions =
            self.people.clients.get(slot.index()).map_or(0, |it| it.subscriptions.as_slice().len());
        if subscriptions >= self.limits.rooms_per_client_max {
            return Err(self.too_many_rooms());
        }
        let person = self.people.clients.get(slot.index()).map(|client| client.person);
        let Some(who) = person.and_then(|person| self.actor_of(person)) else {
            return Err(Refusal::new(Code::NotInRoom, "you are nobody"));
        };
        let room = self.room_to_join(step, &who, true, requested)?;
        self.subscribe(slot, room);
        Ok((room, true))
    }

    /// Takes a client out of a room.
    pub(in crate::chat) fn leave(
        &mut self,
        step: &mut Step<'_>,
        slot: ClientSlot,
        re: Option<Arc<str>>,
        named: Option<&str>,
    ) -> Result<(), Refusal> {
        let room = self.room_of(slot, named)?;
        if !self.people.is_subscribed(slot, room) {
            return Err(Refusal::new(Code::NotInRoom, "you have not joined this conversation"));
        }
        let own = self.people.author_of(slot);
        let Some(name) = self.rooms.get(room).map(|room| Arc::clone(room.name_for(own))) else {
            return Ok(());
        };
        self.unsubscribe(slot, room);
        self.people.tell(step, slot, ServerEvent::Left { re, room: name, removed: None });
        self.rooms.tell_presence(step, room, &self.limits);
        if let Some(person) = self.people.clients.get(slot.index()).map(|client| client.person) {
            self.session_changed(step, person);
        }
        Ok(())
    }

    /// Takes up a session and brings the client up to date in its rooms.
    pub(in crate::chat) fn resume(
        &mut self,
        step: &mut Step<'_>,
        slot: ClientSlot,
        re: Option<Arc<str>>,
        session: Option<&str>,
        positions: &[(Box<str>, u64)],
    ) -> Result<(), Refusal> {
        // Whoever has logged in goes on as that, or nothing could end the login any more.
        let logged_in = self.people.clients.get(slot.index()).is_some_and(|it| it.login.is_some());
        let session = session.filter(|_| !logged_in);
        let person = session.and_then(|session| self.people.of_session(author_of(session)));
        // What an account is called is told by its token alone.
        let person = person.filter(|key| self.people.get(*key).is_some_and(|it| !it.account));
        let mut news = person.map_or_else(Vec::new, |person| self.adopt(step, slot, person));
        if person.is_some() {
            self.check_seats(step, slot);
        }
        let current = self.people.clients.get(slot.index()).and_then(|client| client.current());
        let mut rooms: Vec<(RoomId, u64)> = Vec::new();
        let mut fault = None;
        for (requested, after) in positions {
            match self.seat_in(step, slot, requested) {
                Ok((room, new)) if rooms.iter().all(|(other, _)| *other != room) => {
                    rooms.push((room, *after));
                    if new {
                        self.replay_only(slot, room);
                    }
                }
                Ok(_) => {}
                Err(refusal) => fault = Some(refusal),
            }
        }
        if let Some(current) = current {
            self.people.make_current(slot, current);
        }
        news.extend(rooms.iter().map(|(room, _)| *room));
        self.start_resume(step, slot, ResumeRequest { re, rooms });
        for room in news {
            self.rooms.tell_presence(step, room, &self.limits);
        }
        if let Some(person) = self.people.clients.get(slot.index()).map(|client| client.person) {
            self.session_changed(step, person);
        }
        fault.map_or(Ok(()), Err)
    }
}
