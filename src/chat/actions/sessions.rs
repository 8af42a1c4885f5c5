//! Ghosts: people without a connection, kept so long as their session may be taken up again.

use std::sync::Arc;

use crate::chat::Chat;
use crate::chat::effect::Effect;
use crate::chat::ids::PersonId;
use crate::chat::names::ANONYMOUS;
use crate::chat::record::{Order, SessionRecord};
use crate::chat::step::Step;
use crate::clock::Moment;

impl Chat {
    /// Makes a ghost of a person; its name is free again.
    pub(in crate::chat) fn haunt(&mut self, step: &mut Step<'_>, key: PersonId) {
        self.people.release(key);
        let Some(person) = self.people.get_mut(key) else { return };
        if person.account {
            // Accounts come back whenever they want; they are bounded by themselves.
            return;
        }
        person.ghost = true;
        let due = person.left.after(self.limits.session_life);
        self.people.detached = self.people.detached.saturating_add(1);
        self.people.detached_due.push_back((due, key));
        self.ghosts_due(step);
        // Of those that came back an entry is left behind.
        if self.people.detached_due.len() / 2 > self.people.detached.saturating_add(512) {
            let mut ghosts = std::mem::take(&mut self.people.detached_due);
            ghosts.retain(|&(due, key)| self.is_ghost(key, due));
            self.people.detached_due = ghosts;
        }
    }

    /// Brings back a session of before the start; its time starts anew.
    pub(in crate::chat) fn restore(&mut self, session: SessionRecord) {
        let account = self.account(session.key).is_some();
        let key = self.people.add(session.key);
        let Some(person) = self.people.get_mut(key) else { return };
        person.named = !session.name.starts_with(ANONYMOUS);
        person.name = session.name;
        person.rooms = session.rooms.into();
        person.left = Moment::default();
        if account {
            (person.kept, person.account) = (true, true);
            return;
        }
        (person.kept, person.ghost) = (true, true);
        let due = person.left.after(self.limits.session_life);
        self.people.detached = self.people.detached.saturating_add(1);
        self.people.detached_due.push_back((due, key));
    }

    /// Ends the sessions whose time is over, and the oldest if there are too many.
    pub(in crate::chat) fn ghosts_due(&mut self, step: &mut Step<'_>) {
        while let Some(&(due, key)) = self.people.detached_due.front()
            && (due <= step.now.at || self.people.detached > self.limits.ghosts_max)
        {
            self.people.detached_due.pop_front();
            if self.is_ghost(key, due) {
                self.people.detached = self.people.detached.saturating_sub(1);
                self.end_session(step, key);
            }
        }
    }

    /// Ends somebody's session for good.
    pub(in crate::chat) fn end_session(&mut self, step: &mut Step<'_>, key: PersonId) {
        let Some(person) = self.people.remove(key) else { return };
        if person.kept {
            step.effects.push(Effect::Order(Order::DropSession(person.author)));
        }
        self.forget_author(step, person.author);
    }

    /// Has the keeper of records know a session, if it is to be known at all.
    pub(in crate::chat) fn keep_session(&mut self, step: &mut Step<'_>, key: PersonId) {
        let Some(person) = self.people.get_mut(key) else { return };
        person.kept = true;
        let (author, name) = (person.author, Arc::clone(&person.name));
        let rooms = self.rooms_of(key);
        let record = SessionRecord { key: author, name, rooms };
        step.effects.push(Effect::Order(Order::PutSession(record)));
    }

    /// Tells the keeper of records of a change to a session that it knows.
    pub(in crate::chat) fn session_changed(&mut self, step: &mut Step<'_>, key: PersonId) {
        if self.people.get(key).is_some_and(|person| person.kept) {
            self.keep_session(step, key);
        }
    }

    /// Lists the rooms a person's next connection would find itself in; the last one is current.
    pub(in crate::chat) fn rooms_of(&self, key: PersonId) -> Vec<Arc<str>> {
        let Some(person) = self.people.get(key) else { return Vec::new() };
        let clients = person.clients.as_slice();
        let Some(latest) = clients.last().and_then(|slot| self.people.clients.get(slot.index()))
        else {
            return person.rooms.to_vec();
        };
        let seats = latest.seats.as_slice();
        let elsewhere =
            person.places.as_slice().iter().filter(|place| {
                place.conns > 0 && seats.iter().all(|seat| seat.room != place.room)
            });
        let joined = seats.iter().filter(|seat| !seat.passing);
        let rooms = elsewhere.map(|place| place.room).chain(joined.map(|seat| seat.room));
        let rooms = rooms.filter_map(|room| self.rooms.get(room));
        rooms.map(|room| Arc::clone(room.name_for(person.author))).collect()
    }

    fn is_ghost(&self, key: PersonId, due: Moment) -> bool {
        self.people.get(key).is_some_and(|person| {
            person.ghost && person.left.after(self.limits.session_life) == due
        })
    }
}
