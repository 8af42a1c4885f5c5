//! Joining, leaving and resuming rooms.

use std::sync::Arc;

use crate::chat::Chat;
use crate::chat::actions::membership::too_many_rooms;
use crate::chat::ids::RoomId;
use crate::chat::pending::ResumeRequest;
use crate::chat::people::client::ClientRef;
use crate::chat::protocol::error::{Code, Refusal};
use crate::chat::protocol::server_event::ServerEvent;
use crate::chat::record::Span;
use crate::chat::step::Step;

impl Chat {
    /// Subscribes a client to a room and makes it current.
    pub(in crate::chat) fn join(
        &mut self,
        step: &mut Step<'_>,
        from: ClientRef,
        re: Option<Arc<str>>,
        requested: &str,
        history: Option<u32>,
        after: Option<u64>,
    ) -> Result<(), Refusal> {
        let (room, new) = self.subscribe_to(step, from, requested)?;
        self.people.make_current(from.slot, room);
        let joined = self.joined(from.author, room, re.clone()).ok_or_else(Refusal::internal)?;
        step.reply(from.id, ServerEvent::Joined(Box::new(joined)));
        let asks = self.people.clients.get(from.slot.index()).is_some_and(|it| it.memberships);
        if self.become_member(step, from, room) && asks {
            step.reply(from.id, self.membership(from.author, room, None));
        }
        match after {
            Some(after) => {
                self.start_resume(step, from, ResumeRequest { re, rooms: vec![(room, after)] });
            }
            None if new => self.greet(step, from, room, history),
            None if history.is_some_and(|count| count > 0) => {
                self.fetch_history(step, from, room, Span::Latest, history, re);
            }
            None => {}
        }
        self.rooms.tell_presence(step, room, &self.limits);
        self.session_changed(step, from.person);
        Ok(())
    }

    /// Joins a room that a client is invited to.
    pub(in crate::chat) fn accept(
        &mut self,
        step: &mut Step<'_>,
        from: ClientRef,
        re: Option<Arc<str>>,
        named: &str,
    ) -> Result<(), Refusal> {
        self.invitation(from.author, named)?;
        self.join(step, from, re, named, None, None)
    }

    /// Subscribes a client to a room unless it is. Returns whether it is new.
    fn subscribe_to(
        &mut self,
        step: &Step<'_>,
        from: ClientRef,
        requested: &str,
    ) -> Result<(RoomId, bool), Refusal> {
        if let Some(room) = self
            .room_of(from, Some(requested))
            .ok()
            .filter(|it| self.people.is_subscribed(from.slot, *it))
        {
            return Ok((room, false));
        }
        let client = self.people.clients.get(from.slot.index()).ok_or_else(Refusal::internal)?;
        let network = client.network;
        let most = self.rooms_max(from.slot);
        if client.subscriptions.as_slice().len() >= most {
            return Err(too_many_rooms(most));
        }
        let who = self.actor_on(from.slot).ok_or_else(Refusal::internal)?;
        let room = self.room_to_join(step, &who, true, network, requested)?;
        self.subscribe(from.slot, room);
        Ok((room, true))
    }

    /// Removes a client from a room.
    pub(in crate::chat) fn leave(
        &mut self,
        step: &mut Step<'_>,
        from: ClientRef,
        re: Option<Arc<str>>,
        named: Option<&str>,
    ) -> Result<(), Refusal> {
        let room = self.room_of(from, named)?;
        if !self.people.is_subscribed(from.slot, room) {
            return Err(Refusal::new(Code::NotInRoom, "you have not joined this conversation"));
        }
        let own = from.author;
        let inside = self.rooms.get(room).ok_or_else(Refusal::internal)?;
        let (key, name) = (Arc::clone(&inside.key), Arc::clone(inside.name_for(own)));
        self.unsubscribe(from.slot, room);
        step.reply(from.id, ServerEvent::Left { re, room: Arc::clone(&name), removed: None });
        self.end_membership(step, from, room, (&key, &name));
        self.rooms.tell_presence(step, room, &self.limits);
        self.session_changed(step, from.person);
        Ok(())
    }

    /// Resumes a session and sends the client what it missed in its rooms.
    pub(in crate::chat) fn resume(
        &mut self,
        step: &mut Step<'_>,
        from: ClientRef,
        re: Option<Arc<str>>,
        session: Option<&str>,
        positions: &[(Box<str>, u64)],
    ) -> Result<(), Refusal> {
        // A logged-in client stays logged in: otherwise the login could not be revoked any more.
        let logged_in =
            self.people.clients.get(from.slot.index()).is_some_and(|it| it.login.is_some());
        let session = session.filter(|_| !logged_in);
        let person = session.and_then(|session| self.people.guest_of(session));
        let mut news = person.map_or_else(Vec::new, |person| self.adopt(step, from, person));
        let from = self.people.client_ref(from.id).ok_or_else(Refusal::internal)?;
        if person.is_some() {
            self.leave_forbidden_rooms(step, from);
        }
        let current =
            self.people.clients.get(from.slot.index()).and_then(|client| client.current());
        let mut rooms: Vec<(RoomId, u64)> = Vec::new();
        let mut fault = None;
        for (requested, after) in positions {
            match self.subscribe_to(step, from, requested) {
                Ok((room, new)) if rooms.iter().all(|(other, _)| *other != room) => {
                    rooms.push((room, *after));
                    if new {
                        self.replay_only(from.slot, room);
                    }
                }
                Ok(_) => {}
                Err(refusal) => fault = Some(refusal),
            }
        }
        if let Some(current) = current {
            self.people.make_current(from.slot, current);
        }
        news.extend(rooms.iter().map(|(room, _)| *room));
        self.start_resume(step, from, ResumeRequest { re, rooms });
        for room in news {
            self.rooms.tell_presence(step, room, &self.limits);
        }
        self.session_changed(step, from.person);
        fault.map_or(Ok(()), Err)
    }
}
