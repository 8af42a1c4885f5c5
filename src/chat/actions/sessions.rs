//! Detached sessions: people without a connection, kept while their session can be resumed.

use std::sync::Arc;

use crate::chat::Chat;
use crate::chat::effect::Effect;
use crate::chat::ids::PersonId;
use crate::chat::names::ANONYMOUS;
use crate::chat::record::{AuthorKey, JournalRequest, Online, SessionRecord};
use crate::chat::step::Step;
use crate::clock::{Moment, Now};

impl Chat {
    /// Detaches a person's session; its name is free again.
    pub(in crate::chat) fn detach(&mut self, step: &mut Step<'_>, key: PersonId) {
        self.people.release(key);
        let Some(person) = self.people.get(key) else { return };
        if person.account {
            // Accounts can always reconnect; their number is limited separately.
            return;
        }
        self.people.detach(key, &self.limits);
        self.end_detached(step);
    }

    /// Restores a session from before the start; its life starts anew.
    pub(in crate::chat) fn restore(&mut self, session: SessionRecord) -> PersonId {
        let account = self.people.accounts().get(session.key);
        let status = account.map(|account| account.status.clone());
        let key = self.people.add(session.key);
        let Some(person) = self.people.get_mut(key) else { return key };
        person.named = !session.name.starts_with(ANONYMOUS);
        person.name = session.name;
        person.rooms = session.rooms.into();
        person.left = Moment::default();
        (person.since, person.network) = (session.since, session.network);
        if let Some(status) = status {
            (person.persisted, person.account) = (true, true);
            person.put_status(&status);
            return key;
        }
        person.persisted = true;
        self.people.detach(key, &self.limits);
        key
    }

    /// Makes every new stamp later than all that were restored, whatever the clock says.
    pub(in crate::chat) fn restore_stamp(&mut self) {
        self.people.stamp = self.people.latest_stamp().max(self.rooms.latest_stamp());
    }

    /// Ends the expired sessions, and others if there are too many.
    pub(in crate::chat) fn end_detached(&mut self, step: &mut Step<'_>) {
        while let Some(key) = self.people.next_to_end(step.now.at, &self.limits) {
            self.end_session(step, key);
        }
    }

    /// Ends a session for good.
    pub(in crate::chat) fn end_session(&mut self, step: &mut Step<'_>, key: PersonId) {
        let Some(person) = self.people.remove(key) else { return };
        if person.persisted {
            step.effects.push(Effect::Journal(JournalRequest::DropSession(person.author)));
        }
        self.forget_author(step, person.author);
    }

    /// Stores a session in the journal.
    pub(in crate::chat) fn persist_session(&mut self, step: &mut Step<'_>, key: PersonId) {
        self.people.mark_persisted(key);
        let Some(person) = self.people.get(key) else { return };
        let (author, name) = (person.author, Arc::clone(&person.name));
        let (since, network) = (person.since, person.network);
        let (rooms, online) = (self.rooms_of(key), self.online(step.now, key));
        let record = SessionRecord { key: author, name, rooms, since, network, online };
        step.effects.push(Effect::Journal(JournalRequest::PutSession(record)));
    }

    /// Returns the presence to be stored: only when the server ends.
    fn online(&self, now: Now, key: PersonId) -> Option<Online> {
        let person = self.farewell.and_then(|_| self.people.get(key))?;
        let rooms = person.memberships.as_slice();
        let owned = rooms.iter().filter_map(|membership| {
            let room = self.rooms.get(membership.room)?;
            let is_unsaved = room.rules().owner == Some(person.author) && !room.rules().persisted;
            is_unsaved.then(|| Arc::clone(&room.name))
        });
        let owned = owned.collect();
        (!rooms.is_empty()).then_some(Online { at: now.unix_ms, owned })
    }

    /// Stores a session again if the journal has it.
    pub(in crate::chat) fn session_changed(&mut self, step: &mut Step<'_>, key: PersonId) {
        if self.people.get(key).is_some_and(|person| person.persisted) {
            self.persist_session(step, key);
        }
    }

    /// Lists the rooms that a person's next connection would join, up to the limit of one; the last
    /// one is current.
    pub(in crate::chat) fn rooms_of(&self, key: PersonId) -> Vec<Arc<str>> {
        let Some(person) = self.people.get(key) else { return Vec::new() };
        let clients = person.clients.as_slice();
        let Some(latest) = clients.last().and_then(|slot| self.people.clients.get(slot.index()))
        else {
            return person.rooms.to_vec();
        };
        let subscriptions = latest.subscriptions.as_slice();
        let elsewhere = person.memberships.as_slice().iter().filter(|membership| {
            membership.conns > 0
                && subscriptions.iter().all(|subscription| subscription.room != membership.room)
        });
        let joined = subscriptions.iter().filter(|subscription| !subscription.replay_only);
        let rooms = elsewhere
            .map(|membership| membership.room)
            .chain(joined.map(|subscription| subscription.room));
        let rooms = rooms.filter_map(|room| self.rooms.get(room));
        let mut rooms: Vec<_> =
            rooms.map(|room| Arc::clone(room.name_for(person.author))).collect();
        rooms.drain(..rooms.len().saturating_sub(self.limits.rooms_per_client_max));
        rooms
    }

    /// Stores the session of a guest that has a role or a restraint in a room, so that it survives
    /// a crash.
    pub(in crate::chat) fn persist_session_of(&mut self, step: &mut Step<'_>, author: AuthorKey) {
        if let Some(key) = self.people.of_session(author)
            && self.people.get(key).is_some_and(|person| !person.persisted)
        {
            self.persist_session(step, key);
        }
    }

    /// Removes the roles, restraints, markers, memberships and conversations of an author whose session has
    /// ended.
    pub(in crate::chat) fn forget_author(&mut self, step: &mut Step<'_>, author: AuthorKey) {
        for key in self.rooms.rooms_of_member(author) {
            let Some(room) = self.rooms.get_mut(key) else { continue };
            let key_values = room.amend(|rules| rules.forget(author, step.now));
            if room.rules().persisted || room.has_record() {
                step.put(key_values);
            }
            self.rooms.reindex(key);
        }
        self.forget_read_markers(step, author);
        self.forget_invitations(step, author);
        let memberships = self.rooms.memberships.forget_author(author);
        step.put(memberships);
        self.forget_directs(step, author);
    }
}
