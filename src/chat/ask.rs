//! What clients ask for: finds the room it is about, checks the rate, answers.

use std::sync::Arc;

use super::command;
use super::event::{Ask, ClientEvent};
use super::name::fold;
use super::people::Person;
use super::rate::Taken;
use super::record::{AuthorKey, Change, Gone};
use super::refusal::{Code, Refusal};
use super::room::Room;
use super::talk::{Message, no_such_message};
use super::told::{RoomLine, ServerEvent, User};
use super::{Chat, ClientId, Effect, Step};
use crate::clock::Now;

impl Chat {
    /// Takes in what a client said.
    pub(super) fn received(
        &mut self,
        step: &mut Step<'_>,
        id: ClientId,
        event: Result<ClientEvent, Refusal>,
    ) {
        let Some(slot) = self.by_id.get(&id).copied() else { return };
        let Some(client) = self.clients.get(slot as usize) else { return };
        if client.closing || matches!(event, Ok(ClientEvent { ask: Ask::Nothing, .. })) {
            return;
        }
        let done = match event {
            Ok(ClientEvent { id, room, ask }) => {
                let re = id.clone();
                self.answer(step, slot, id, room.as_deref(), ask).map_err(|refusal| refusal.re(re))
            }
            Err(refusal) => Err(refusal),
        };
        match done {
            Ok(()) => {
                if let Some(client) = self.clients.get_mut(slot as usize) {
                    client.errors = 0;
                }
            }
            Err(refusal) => self.refuse(step, slot, refusal),
        }
    }

    /// Tells a client why not, and closes it if that does not help.
    fn refuse(&mut self, step: &mut Step<'_>, slot: u32, refusal: Refusal) {
        let errors_max = self.limits.errors_max;
        let Some(client) = self.clients.get_mut(slot as usize) else { return };
        if refusal.code != Code::RateLimited {
            client.errors = client.errors.saturating_add(1);
        }
        step.reply(client.id, ServerEvent::Error(Box::new(refusal)));
        let (code, reason) = if client.flooded {
            (4101, "flooding")
        } else if client.errors >= errors_max {
            (4000, "too many errors in a row")
        } else {
            return;
        };
        client.closing = true;
        step.effects.push(Effect::Close { client: client.id, code, reason: reason.into() });
    }

    fn answer(
        &mut self,
        step: &mut Step<'_>,
        slot: u32,
        id: Option<Arc<str>>,
        room: Option<&str>,
        ask: Ask,
    ) -> Result<(), Refusal> {
        match ask {
            Ask::Send { content, reply_to, ttl, sender } => {
                let room = self
                    .room_to_speak(step, slot, room)
                    .map_err(|it| it.text(Arc::clone(&content)))?;
                self.send(step, slot, room, id, Message { content, reply_to, ttl, sender })
            }
            Ask::Direct { to, content, reply_to, ttl } => {
                let message = Message { content, reply_to, ttl, sender: None };
                self.say_to(step, slot, id, &to, message)
            }
            Ask::Read(seq) => {
                let room = self.room_of(slot, room)?;
                self.may_ask(step, slot)?;
                self.mark_read(step, slot, room, seq)
            }
            Ask::Moderate(demand) => {
                let room = self.room_of(slot, room)?;
                self.moderate(step, slot, room, id, *demand)
            }
            // Paid for when the token was read.
            Ask::LogIn(login) => self.log_in(step, slot, id, &login),
            Ask::Auth(_) => Err(proves_nothing()),
            Ask::Reply(content) => {
                let room = self.room_of(slot, room).map_err(|it| it.text(Arc::clone(&content)))?;
                let last = self.rooms.get(room).map(|room| room.last_mid).filter(|mid| *mid > 0);
                let reply_to =
                    Some(last.ok_or_else(|| no_such_message().text(Arc::clone(&content)))?);
                self.send(
                    step,
                    slot,
                    room,
                    id,
                    Message { content, reply_to, ttl: None, sender: None },
                )
            }
            Ask::Edit { mid, content } => {
                let (room, mid) = self.meant(slot, room, mid)?;
                self.change(step, slot, room, id, Change::Edited { mid, content })
            }
            Ask::Delete { mid } => {
                let (room, mid) = self.meant(slot, room, mid)?;
                self.change(step, slot, room, id, Change::Deleted { mid, why: Gone::Author })
            }
            Ask::React { mid, emoji, on } => {
                let room = self.room_of(slot, room)?;
                self.change(step, slot, room, id, Change::Reaction { mid, emoji, on, count: 0 })
            }
            Ask::SetTopic(topic) => {
                let room = self.room_of(slot, room)?;
                self.change(step, slot, room, id, Change::Topic { topic })
            }
            Ask::SetName(wish) => self.set_name(step, slot, id, &wish),
            Ask::SetStatus { away, text } => self.set_status(step, slot, id, away, &text),
            Ask::Typing(on) => {
                let room = self.room_of(slot, room)?;
                // Who may not speak is not told of as speaking soon.
                if !on || self.check_speech(step, slot, room, false).is_ok() {
                    self.typing(step, slot, room, on);
                }
                Ok(())
            }
            Ask::Quit => self.quit(step, slot),
            ask => {
                self.may_ask(step, slot)?;
                self.query(step, slot, id, room, ask)
            }
        }
    }

    /// Says something to one person.
    fn say_to(
        &mut self,
        step: &mut Step<'_>,
        slot: u32,
        id: Option<Arc<str>>,
        to: &str,
        message: Message,
    ) -> Result<(), Refusal> {
        let own = self.author_of(slot);
        let back = |refusal: Refusal| refusal.text(Arc::clone(&message.content));
        if !self.talks_with(own, to) {
            self.may_ask(step, slot).map_err(back)?;
        }
        let room = self.converse(own, to.strip_prefix('@').unwrap_or(to)).map_err(back)?;
        let sent = self.send(step, slot, room, id, message);
        // Nothing is left of a conversation made for what was refused.
        self.vacate(room);
        sent
    }

    /// Answers what leaves the record as it is.
    fn query(
        &mut self,
        step: &mut Step<'_>,
        slot: u32,
        re: Option<Arc<str>>,
        room: Option<&str>,
        ask: Ask,
    ) -> Result<(), Refusal> {
        match ask {
            Ask::Join { room, history, after, epoch } => {
                self.check_epoch(epoch.as_deref())?;
                return self.join(step, slot, re, &room, history, after);
            }
            Ask::Leave => return self.leave(step, slot, re, room),
            Ask::Resume { session, epoch, rooms } => {
                self.check_epoch(epoch.as_deref())?;
                return self.resume(step, slot, re, session.as_deref(), &rooms);
            }
            Ask::History { span, limit } => {
                let room = self.room_to_read(slot, room)?;
                self.look_up(step, slot, room, span, limit, re);
            }
            Ask::Search(seek) => return self.seek(step, slot, re, room, seek),
            Ask::ListUsers => {
                let key = self.room_to_read(slot, room)?;
                let Some(room) = self.rooms.get(key) else { return Ok(()) };
                let (count, users) = (room.people.len(), self.users(key, room));
                let count = if room.pair.is_some() { users.len() } else { count };
                let room = Arc::clone(room.name_for(self.author_of(slot)));
                self.tell(step, slot, ServerEvent::UserList { re, room, count, users });
            }
            Ask::ListRooms => {
                let rooms = self.rooms_for(slot);
                self.tell(step, slot, ServerEvent::RoomList { re, rooms });
            }
            Ask::Ping => {
                let rooms = self.tops(slot);
                self.tell(step, slot, ServerEvent::Pong { re, ts: step.now.unix_ms, rooms });
            }
            Ask::Topic => {
                let room = self.room_of(slot, room)?;
                let Some(room) = self.rooms.get(room) else { return Ok(()) };
                let name = room.name_for(self.author_of(slot));
                let message = match &*room.topic {
                    "" => format!("{name} has no topic"),
                    topic => format!("the topic of {name} is: {topic}"),
                };
                self.notice(step, slot, re, "topic", message);
            }
            Ask::Help => self.notice(step, slot, re, "help", command::help()),
            Ask::WhoAmI => {
                let message = format!("You are {}.", self.name_of(slot));
                self.notice(step, slot, re, "whoami", message);
            }
            Ask::Mode(form) => self.set_form(step, slot, re, form),
            Ask::Stats { minutes } => self.tell(step, slot, self.stats(step.now, re, minutes)),
            _ => {}
        }
        Ok(())
    }

    /// Lists the rooms a client may know of: its private ones first.
    fn rooms_for(&self, slot: u32) -> Vec<RoomLine> {
        let own = self.author_of(slot);
        let private = |room: &u32| {
            self.rooms.get(*room).is_some_and(|room| !room.is_public() && room.may_read(Some(own)))
        };
        let mut rooms: Vec<RoomLine> = self
            .rooms
            .stakes(own)
            .into_iter()
            .filter(private)
            .filter_map(|room| self.line_for(own, room))
            .collect();
        rooms.extend(self.rooms.fullest(self.limits.listed_max));
        rooms.truncate(self.limits.listed_max);
        rooms
    }

    /// Has a client pay for having a token read, which costs more than the words around it.
    ///
    /// # Errors
    /// When it has asked too much.
    pub fn charge(&mut self, now: Now, id: ClientId) -> Result<(), Refusal> {
        let slot = self.by_id.get(&id).copied();
        slot.map_or(Ok(()), |slot| self.pay(now, slot))
    }

    fn may_ask(&mut self, step: &Step<'_>, slot: u32) -> Result<(), Refusal> {
        self.pay(step.now, slot)
    }

    fn pay(&mut self, now: Now, slot: u32) -> Result<(), Refusal> {
        let (rate, burst) = (self.limits.queries_per_second_max, self.limits.queries_burst_max);
        let Some(client) = self.clients.get_mut(slot as usize) else { return Ok(()) };
        match client.queries.take(now.at, rate, burst) {
            Taken::No(wait) => Err(Refusal::rate_limited(wait)),
            Taken::Easily | Taken::Hardly => Ok(()),
        }
    }

    /// Finds the room an event is about among those the client is in.
    pub(super) fn room_of(&self, slot: u32, named: Option<&str>) -> Result<u32, Refusal> {
        let nowhere = || Refusal::new(Code::NotInRoom, "you are in no such room; join it first");
        let client = self.clients.get(slot as usize).ok_or_else(nowhere)?;
        let Some(named) = named else {
            return client.current().ok_or_else(nowhere);
        };
        if named.starts_with('@') {
            return self.direct(self.author_of(slot), named).ok_or_else(nowhere);
        }
        let seats = client.seats.as_slice().iter().rev().map(|seat| seat.room);
        let is = |room: &u32, fits: &dyn Fn(&Room) -> bool| self.rooms.get(*room).is_some_and(fits);
        // Most clients write the name as they were told it.
        if let Some(room) = seats.clone().find(|room| is(room, &|room| &*room.name == named)) {
            return Ok(room);
        }
        let key = fold(named.trim());
        seats.into_iter().find(|room| is(room, &|room| *room.key == *key)).ok_or_else(nowhere)
    }

    /// Finds the room something is to be said in; a conversation is made if need be, which counts
    /// as a question, too.
    fn room_to_speak(
        &mut self,
        step: &Step<'_>,
        slot: u32,
        named: Option<&str>,
    ) -> Result<u32, Refusal> {
        match named {
            Some(named) if named.starts_with('@') => {
                let own = self.author_of(slot);
                if self.direct(own, named).is_none() {
                    self.may_ask(step, slot)?;
                }
                self.direct_or_new(own, named)
            }
            _ => self.room_of(slot, named),
        }
    }

    /// Finds the room an event is about among all; reading needs no seat.
    fn room_to_read(&self, slot: u32, named: Option<&str>) -> Result<u32, Refusal> {
        match (self.room_of(slot, named), named) {
            (Err(_), Some(named)) => self.readable(Some(self.author_of(slot)), named),
            (found, _) => found,
        }
    }

    /// Finds a room that somebody may read; any other is as if it did not exist.
    pub(super) fn readable(&self, who: Option<AuthorKey>, named: &str) -> Result<u32, Refusal> {
        let found = match who {
            Some(own) if named.trim_start().starts_with('@') => self.direct(own, named.trim()),
            _ => self.rooms.find(&fold(named.trim())),
        };
        let may = |room: &u32| self.rooms.get(*room).is_some_and(|room| room.may_read(who));
        let nothing = || Refusal::new(Code::NoSuchRoom, "there is no such room");
        found.filter(may).ok_or_else(nothing)
    }

    /// Finds the message that is to be changed: the one named, or the last one said.
    fn meant(
        &self,
        slot: u32,
        room: Option<&str>,
        mid: Option<u64>,
    ) -> Result<(u32, u64), Refusal> {
        if let Some(mid) = mid {
            return Ok((self.room_of(slot, room)?, mid));
        }
        let said = self.clients.get(slot as usize).map(|client| (client.said_in, client.said));
        let own = self.author_of(slot);
        let may = |room: u32| {
            let direct = self.rooms.get(room).is_some_and(|it| it.pair.is_some());
            self.sits(slot, room)
                || (direct && self.rooms.get(room).is_some_and(|room| room.may_read(Some(own))))
        };
        said.filter(|(room, mid)| *mid > 0 && may(*room)).ok_or_else(|| {
            Refusal::new(Code::NoSuchMessage, "you have said nothing since you came")
        })
    }

    /// Says whether a client has a seat in a room.
    pub(super) fn sits(&self, slot: u32, room: u32) -> bool {
        self.clients
            .get(slot as usize)
            .is_some_and(|client| client.seats.as_slice().iter().any(|seat| seat.room == room))
    }

    /// Lists the people in a room, as many as are named.
    pub(super) fn users(&self, key: u32, room: &Room) -> Vec<User> {
        if let Some(pair) = &room.pair {
            let people = pair.authors().into_iter().filter_map(|it| self.people.of_session(it));
            let people = people.filter_map(|person| self.people.get(person));
            let there = people.filter(|person| !person.clients.as_slice().is_empty());
            return there
                .map(|person| user(room, person, person.clients.as_slice().len()))
                .collect();
        }
        let people = room.people.iter().filter_map(|person| self.people.get(*person));
        let users = people.take(self.limits.listed_max).map(|person| {
            let place = person.places.as_slice().iter().find(|place| place.room == key);
            user(room, person, place.map_or(0, |place| place.conns as usize))
        });
        users.collect()
    }

    fn tops(&self, slot: u32) -> Vec<(Arc<str>, u64)> {
        let Some(client) = self.clients.get(slot as usize) else { return Vec::new() };
        let rooms = client.seats.as_slice().iter().filter_map(|seat| self.rooms.get(seat.room));
        let own = self.author_of(slot);
        rooms.map(|room| (Arc::clone(room.name_for(own)), room.top)).collect()
    }
}

fn proves_nothing() -> Refusal {
    Refusal::new(Code::Unauthorized, "this token proves nothing here")
}

fn user(room: &Room, person: &Person, conns: usize) -> User {
    User {
        name: Arc::clone(&person.name),
        conns: u32::try_from(conns).unwrap_or(u32::MAX),
        role: room.rules().role(person.author),
        account: person.account,
        status: person.status(),
    }
}
