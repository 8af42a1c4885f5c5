//! Being in a room: a client's seat, its person's place, and the audience.
//!
//! ```text
//!          sit            page arrived, or none wanted
//! outside ─────▶ Waits(n) ────────────────────────────▶ Listens(at)
//!    ▲             ▲ │                                      │ │
//!    │             │ └──────────────┐        resume         │ │
//!    │             └────────────────┼───────────────────────┘ │
//!    └──────────────────────────────┴─────────────────────────┘
//!                                  rise
//! ```
//! A person is in a room as long as one of its clients is, and for a grace after the last of them
//! has gone without a word.

use std::sync::Arc;

use crate::chat::Chat;
use crate::chat::effect::Listener;
use crate::chat::ids::{ClientId, ClientSlot, PersonId, RoomId, number_of};
use crate::chat::names::RoomName;
use crate::chat::people::Place;
use crate::chat::people::client::{Hearing, Seat};
use crate::chat::protocol::error::{Code, Refusal};
use crate::chat::rooms::presence::{News, What};
use crate::chat::rooms::rules::Party;
use crate::chat::step::Step;
use crate::clock::Moment;

impl Chat {
    /// Finds the room of this name that somebody wants to come into, and makes it if need be; it
    /// is theirs then, unless they are there only to post.
    pub(in crate::chat) fn room_to_join(
        &mut self,
        step: &Step<'_>,
        who: &Party,
        owns: bool,
        wish: &str,
    ) -> Result<RoomId, Refusal> {
        if wish.trim_start().starts_with('@') {
            return self.direct_or_new(who.author, wish.trim());
        }
        let name = RoomName::parse(wish, &self.limits)
            .map_err(|fault| Refusal::new(Code::BadField, fault))?;
        let owner = (owns && !self.limits.is_lobby(&name.key)).then_some(who.author);
        let room = self
            .rooms
            .open(&name, owner, &self.limits)
            .ok_or_else(|| Refusal::new(Code::Overloaded, "there are too many rooms"))?;
        match self.rooms.get(room).map(|inside| inside.rules().check_entry(who, step.now)) {
            Some(Err(refusal)) => Err(refusal.room(&name.name)),
            _ => Ok(room),
        }
    }

    /// Seats a client in a room, not yet in the audience. News of it are noted, not told.
    pub(in crate::chat) fn sit(&mut self, slot: ClientSlot, room: RoomId) {
        let Some(client) = self.people.clients.get_mut(slot.index()) else { return };
        client.seats.push(Seat { room, hearing: Hearing::Waits(0), passing: false });
        let (id, person) = (client.id, client.person);
        match self.rooms.get_mut(room).and_then(|room| room.pair.as_mut()) {
            Some(pair) => pair.seats = pair.seats.saturating_add(1),
            None => self.take_place(person, room, id),
        }
    }

    /// Takes a client's seat away. News of it are noted, not told.
    pub(in crate::chat) fn rise(&mut self, slot: ClientSlot, room: RoomId) {
        self.unlisten(slot, room);
        let Some(client) = self.people.clients.get_mut(slot.index()) else { return };
        if client.seats.take(|seat| seat.room == room).is_none() {
            return;
        }
        let (id, person) = (client.id, client.person);
        self.rooms.leaves_typing(person, id, room);
        self.give_up(person, room);
    }

    /// Has one connection of a person less in a room or a conversation.
    fn give_up(&mut self, person: PersonId, room: RoomId) {
        if !self.rooms.leave_direct(room) {
            self.give_place(person, room);
        }
    }

    /// Has one more connection of a person in a room.
    pub(in crate::chat) fn take_place(&mut self, key: PersonId, room: RoomId, client: ClientId) {
        let Some(person) = self.people.get_mut(key) else { return };
        if let Some(place) = person.place(room) {
            place.conns = place.conns.saturating_add(1);
            return;
        }
        let at = self.rooms.enter(room, key);
        let (conns, timed_out, left) = (1, false, Moment::NEVER);
        person.places.push(Place { room, at, conns, timed_out, left });
        let (user, says) = (Arc::clone(&person.name), person.status.is_some());
        self.rooms.note(room, News { what: What::Came, user, except: Some(client) }, &self.limits);
        if says {
            self.note_status(key, room, Some(client));
        }
    }

    /// Has one connection of a person less in a room; with the last one the person is gone.
    pub(in crate::chat) fn give_place(&mut self, key: PersonId, room: RoomId) {
        let Some(place) = self.people.get_mut(key).and_then(|person| person.place(room)) else {
            return;
        };
        place.conns = place.conns.saturating_sub(1);
        if place.conns == 0 {
            self.unplace(key, room, "left");
        }
    }

    /// Takes a person's place away.
    pub(in crate::chat) fn unplace(&mut self, key: PersonId, room: RoomId, why: &'static str) {
        let Some(person) = self.people.get_mut(key) else { return };
        let Some(place) = person.places.take(|place| place.room == room) else { return };
        let user = Arc::clone(&person.name);
        if let Some(moved) = self.rooms.exit(room, place.at)
            && let Some(other) = self.people.get_mut(moved).and_then(|other| other.place(room))
        {
            other.at = place.at;
        }
        self.rooms.note(room, News { what: What::Went(why), user, except: None }, &self.limits);
        self.rooms.vacate(room);
    }

    /// Lets a client hear what happens in a room.
    pub(in crate::chat) fn listen(&mut self, slot: ClientSlot, room: RoomId) {
        let Some(client) = self.people.clients.get_mut(slot.index()) else { return };
        let listener = Listener { client: client.id, form: client.form };
        let Some(inside) = self.rooms.get_mut(room) else { return };
        let Some(seat) = client.seat(room) else { return };
        match seat.hearing {
            // A conversation has no audience: all connections of the two hear it.
            Hearing::Waits(_) if inside.pair.is_some() => {
                seat.hearing = Hearing::Listens(u32::MAX);
                if seat.passing {
                    self.rise(slot, room);
                }
            }
            Hearing::Waits(_) => {
                seat.hearing = Hearing::Listens(number_of(inside.audience.len()));
                inside.audience.push(listener);
            }
            Hearing::Listens(_) => {}
        }
    }

    /// Lets a client hear no more what happens in a room; it keeps its seat.
    pub(in crate::chat) fn unlisten(&mut self, slot: ClientSlot, room: RoomId) {
        let Some(client) = self.people.clients.get_mut(slot.index()) else { return };
        let Some(seat) = client.seat(room) else { return };
        let Hearing::Listens(at) = seat.hearing else { return };
        seat.hearing = Hearing::Waits(0);
        let Some(inside) = self.rooms.get_mut(room) else { return };
        if (at as usize) < inside.audience.len() {
            inside.audience.swap_remove(at as usize);
        }
        if let Some(moved) = inside.audience.get(at as usize).map(|listener| listener.client)
            && let Some(other) = self.people.by_id.get(&moved)
            && let Some(other) = self.people.clients.get_mut(other.index())
            && let Some(seat) = other.seat(room)
        {
            seat.hearing = Hearing::Listens(at);
        }
    }

    /// Tells of those who have not come back in time.
    pub(in crate::chat) fn grace_due(&mut self, step: &mut Step<'_>) {
        while let Some(&(due, key)) = self.people.grace_due.front()
            && due <= step.now.at
        {
            self.people.grace_due.pop_front();
            let gone = |left: Moment| left.after(self.limits.leave_grace) <= step.now.at;
            let Some(person) = self.people.get(key) else { continue };
            let places = person.places.as_slice().iter();
            let places: Vec<Place> =
                places.filter(|place| place.conns == 0 && gone(place.left)).copied().collect();
            let haunts = person.clients.as_slice().is_empty() && gone(person.left);
            for place in places {
                let why = if place.timed_out { "timeout" } else { "closed" };
                self.unplace(key, place.room, why);
                self.rooms.tell_presence(step, place.room, &self.limits);
            }
            if haunts {
                self.haunt(step, key);
            }
        }
    }
}
