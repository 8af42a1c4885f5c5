//! Joining and leaving rooms, and returning to them.

use std::sync::Arc;

use super::people::author_of;
use super::recall::Wanted;
use super::record::Span;
use super::refusal::Refusal;
use super::told::{Joined, ServerEvent};
use super::{Chat, Step};

impl Chat {
    /// Seats a client in a room and makes it current.
    pub(super) fn join(
        &mut self,
        step: &mut Step<'_>,
        slot: u32,
        re: Option<Arc<str>>,
        wish: &str,
        history: Option<u32>,
        after: Option<u64>,
    ) -> Result<(), Refusal> {
        let (room, new) = self.seat_in(slot, wish)?;
        self.make_current(slot, room);
        let Some(inside) = self.rooms.get(room) else { return Ok(()) };
        let joined = Joined {
            re: re.clone(),
            room: Arc::clone(&inside.name),
            seq: inside.top,
            topic: Arc::clone(&inside.topic),
            count: inside.people.len(),
            users: self.users(room, inside),
        };
        self.tell(step, slot, ServerEvent::Joined(Box::new(joined)));
        match after {
            Some(after) => self.recall(step, slot, Wanted { re, rooms: vec![(room, after)] }),
            None if new => self.greet(step, slot, room, history),
            None if history.is_some_and(|count| count > 0) => {
                self.look_up(step, slot, room, Span::Latest, history, re);
            }
            None => {}
        }
        self.tell_presence(step, room);
        if let Some(person) = self.clients.get(slot as usize).map(|client| client.person) {
            self.session_changed(step, person);
        }
        Ok(())
    }

    /// Gives a client a seat in a room, unless it has one; says whether it is new.
    fn seat_in(&mut self, slot: u32, wish: &str) -> Result<(u32, bool), Refusal> {
        if let Ok(room) = self.room_of(slot, Some(wish)) {
            return Ok((room, false));
        }
        let seats = self.clients.get(slot as usize).map_or(0, |it| it.seats.as_slice().len());
        if seats >= self.limits.rooms_per_client_max {
            return Err(self.too_many_rooms());
        }
        let room = self.room_to_join(wish)?;
        self.sit(slot, room);
        Ok((room, true))
    }

    fn make_current(&mut self, slot: u32, room: u32) {
        if let Some(client) = self.clients.get_mut(slot as usize)
            && let Some(seat) = client.seats.take(|seat| seat.room == room)
        {
            client.seats.push(seat);
        }
    }

    /// Takes a client out of a room.
    pub(super) fn leave(
        &mut self,
        step: &mut Step<'_>,
        slot: u32,
        re: Option<Arc<str>>,
        named: Option<&str>,
    ) -> Result<(), Refusal> {
        let room = self.room_of(slot, named)?;
        let Some(name) = self.rooms.get(room).map(|room| Arc::clone(&room.name)) else {
            return Ok(());
        };
        self.rise(slot, room);
        self.tell(step, slot, ServerEvent::Left { re, room: name });
        self.tell_presence(step, room);
        if let Some(person) = self.clients.get(slot as usize).map(|client| client.person) {
            self.session_changed(step, person);
        }
        Ok(())
    }

    /// Takes up a session and brings the client up to date in its rooms.
    pub(super) fn resume(
        &mut self,
        step: &mut Step<'_>,
        slot: u32,
        re: Option<Arc<str>>,
        session: Option<&str>,
        positions: &[(Box<str>, u64)],
    ) -> Result<(), Refusal> {
        let mut news = session.map_or_else(Vec::new, |session| self.adopt(step, slot, session));
        let current = self.clients.get(slot as usize).and_then(|client| client.current());
        let mut rooms: Vec<(u32, u64)> = Vec::new();
        let mut fault = None;
        for (wish, after) in positions {
            match self.seat_in(slot, wish) {
                Ok((room, _)) if rooms.iter().all(|(other, _)| *other != room) => {
                    rooms.push((room, *after));
                }
                Ok(_) => {}
                Err(refusal) => fault = Some(refusal),
            }
        }
        if let Some(current) = current {
            self.make_current(slot, current);
        }
        news.extend(rooms.iter().map(|(room, _)| *room));
        self.recall(step, slot, Wanted { re, rooms });
        for room in news {
            self.tell_presence(step, room);
        }
        if let Some(person) = self.clients.get(slot as usize).map(|client| client.person) {
            self.session_changed(step, person);
        }
        fault.map_or(Ok(()), Err)
    }

    /// Makes a client one more connection of the person whose session this is. The person it was
    /// ends, if this was its only connection. Gives the rooms that have news of it.
    fn adopt(&mut self, step: &mut Step<'_>, slot: u32, session: &str) -> Vec<u32> {
        let Some(person) = self.people.of_session(author_of(session)) else { return Vec::new() };
        let Some(client) = self.clients.get_mut(slot as usize) else { return Vec::new() };
        let old = std::mem::replace(&mut client.person, person);
        if old == person {
            return Vec::new();
        }
        let id = client.id;
        let mut rooms: Vec<u32> = client.seats.as_slice().iter().map(|seat| seat.room).collect();
        self.revive(person);
        self.people.recall(person, &self.limits);
        if let Some(person) = self.people.get_mut(person) {
            person.clients.push(slot);
        }
        for &room in &rooms {
            // In this order, or the room might find itself empty.
            self.leaves_typing(old, id, room);
            self.take_place(person, room, id);
            self.give_place(old, room);
        }
        let Some(left) = self.people.get_mut(old) else { return rooms };
        left.clients.take(|client| *client == slot);
        let ends = left.clients.as_slice().is_empty();
        self.count_over(step.now, old, person);
        if ends {
            let places = self.places_of(old);
            for &room in &places {
                self.unplace(old, room, "left");
            }
            rooms.extend(places);
            self.end_session(step, old);
        }
        rooms
    }
}
