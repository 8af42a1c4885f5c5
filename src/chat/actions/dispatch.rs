//! What clients ask for: finds the room it is about, checks the rate, answers.

use std::sync::Arc;

use crate::chat::Chat;
use crate::chat::actions::post::{Message, no_such_message};
use crate::chat::effect::Effect;
use crate::chat::ids::{ClientId, ClientSlot, RoomId};
use crate::chat::people::Person;
use crate::chat::protocol::client_event::{Ask, ClientEvent};
use crate::chat::protocol::commands;
use crate::chat::protocol::error::{Code, Refusal};
use crate::chat::protocol::payloads::{RoomLine, User};
use crate::chat::protocol::server_event::ServerEvent;

use crate::chat::record::{Change, Gone};
use crate::chat::rooms::Room;
use crate::chat::step::Step;
use crate::clock::Now;
use crate::rate::{Rate, Taken};

impl Chat {
    /// Takes in what a client said.
    pub(in crate::chat) fn received(
        &mut self,
        step: &mut Step<'_>,
        id: ClientId,
        event: Result<ClientEvent, Refusal>,
    ) {
        let Some(slot) = self.people.by_id.get(&id).copied() else { return };
        let Some(client) = self.people.clients.get(slot.index()) else { return };
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
                if let Some(client) = self.people.clients.get_mut(slot.index()) {
                    client.errors = 0;
                }
            }
            Err(refusal) => self.refuse(step, slot, refusal),
        }
    }

    /// Tells a client why not, and closes it if that does not help.
    pub(in crate::chat) fn refuse(
        &mut self,
        step: &mut Step<'_>,
        slot: ClientSlot,
        refusal: Refusal,
    ) {
        let errors_max = self.limits.errors_max;
        let Some(client) = self.people.clients.get_mut(slot.index()) else { return };
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
        slot: ClientSlot,
        id: Option<Arc<str>>,
        room: Option<&str>,
        ask: Ask,
    ) -> Result<(), Refusal> {
        match ask {
            Ask::Send { content, reply_to, ttl, sender } => {
                let message = Message { content, reply_to, ttl, sender };
                match self.room_to_speak(step, slot, room) {
                    Ok(room) => self.send(step, slot, room, id, message),
                    Err(refusal) => {
                        let room = self.rooms.room_named(room);
                        self.refuse_to_send(step, slot, room, id, message, refusal)
                    }
                }
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
            Ask::Moderate(demand) => self.moderate(step, slot, room, id, *demand),
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
                self.change_said(step, slot, room, id, mid, |mid| Change::Edited { mid, content })
            }
            Ask::Delete { mid } => {
                let deleted = |mid| Change::Deleted { mid, why: Gone::Author };
                self.change_said(step, slot, room, id, mid, deleted)
            }
            Ask::React { mid, emoji, on } => {
                let change = Change::Reaction { mid, emoji, on, count: 0 };
                self.change_in(step, slot, room, id, change)
            }
            Ask::SetTopic(topic) => self.change_in(step, slot, room, id, Change::Topic { topic }),
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

    /// Changes something of the room that is named.
    fn change_in(
        &mut self,
        step: &mut Step<'_>,
        slot: ClientSlot,
        room: Option<&str>,
        id: Option<Arc<str>>,
        change: Change,
    ) -> Result<(), Refusal> {
        match self.room_of(slot, room) {
            Ok(room) => self.change(step, slot, room, id, change),
            Err(refusal) => {
                let room = self.rooms.room_named(room);
                self.refuse_unless_done(step, slot, room, id, change, refusal)
            }
        }
    }

    /// Changes the message that is named, or the last one said.
    fn change_said(
        &mut self,
        step: &mut Step<'_>,
        slot: ClientSlot,
        room: Option<&str>,
        id: Option<Arc<str>>,
        mid: Option<u64>,
        change: impl FnOnce(u64) -> Change,
    ) -> Result<(), Refusal> {
        if let Some(mid) = mid {
            return self.change_in(step, slot, room, id, change(mid));
        }
        let (room, mid) = self.last_said(slot)?;
        self.change(step, slot, room, id, change(mid))
    }

    /// Says something to one person.
    fn say_to(
        &mut self,
        step: &mut Step<'_>,
        slot: ClientSlot,
        id: Option<Arc<str>>,
        to: &str,
        message: Message,
    ) -> Result<(), Refusal> {
        let own = self.people.author_of(slot);
        let back = |refusal: Refusal| refusal.text(Arc::clone(&message.content));
        if !self.talks_with(own, to) {
            self.may_ask(step, slot).map_err(back)?;
        }
        let to = to.strip_prefix('@').unwrap_or(to);
        let room = match self.converse(own, to) {
            Ok(room) => room,
            Err(refusal) => {
                let room = self.direct(own, &format!("@{to}"));
                return self.refuse_to_send(step, slot, room, id, message, refusal);
            }
        };
        let sent = self.send(step, slot, room, id, message);
        // Nothing is left of a conversation made for what was refused.
        self.rooms.vacate(room);
        sent
    }

    /// Answers what leaves the record as it is.
    fn query(
        &mut self,
        step: &mut Step<'_>,
        slot: ClientSlot,
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
                let room = Arc::clone(room.name_for(self.people.author_of(slot)));
                self.people.tell(step, slot, ServerEvent::UserList { re, room, count, users });
            }
            Ask::ListRooms => {
                let rooms = self.rooms_for(slot);
                self.people.tell(step, slot, ServerEvent::RoomList { re, rooms });
            }
            Ask::Ping => {
                let rooms = self.tops(slot);
                self.people.tell(step, slot, ServerEvent::Pong { re, ts: step.now.unix_ms, rooms });
            }
            Ask::Topic => {
                let room = self.room_of(slot, room)?;
                let Some(room) = self.rooms.get(room) else { return Ok(()) };
                let name = room.name_for(self.people.author_of(slot));
                let message = match &*room.topic {
                    "" => format!("{name} has no topic"),
                    topic => format!("the topic of {name} is: {topic}"),
                };
                self.people.notice(step, slot, re, "topic", message);
            }
            Ask::Help => self.people.notice(step, slot, re, "help", commands::help()),
            Ask::WhoAmI => {
                let message = format!("You are {}.", self.people.name_of(slot));
                self.people.notice(step, slot, re, "whoami", message);
            }
            Ask::Mode(form) => self.set_form(step, slot, re, form),
            Ask::Stats { minutes } => {
                self.people.tell(step, slot, self.stats(step.now, re, minutes));
            }
            _ => {}
        }
        Ok(())
    }

    /// Lists the rooms a client may know of: its private ones first.
    fn rooms_for(&self, slot: ClientSlot) -> Vec<RoomLine> {
        let own = self.people.author_of(slot);
        let private = |room: &RoomId| {
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
        let slot = self.people.by_id.get(&id).copied();
        slot.map_or(Ok(()), |slot| self.pay(now, slot))
    }

    pub(in crate::chat) fn may_ask(
        &mut self,
        step: &Step<'_>,
        slot: ClientSlot,
    ) -> Result<(), Refusal> {
        self.pay(step.now, slot)
    }

    fn pay(&mut self, now: Now, slot: ClientSlot) -> Result<(), Refusal> {
        let (rate, burst) = (self.limits.queries_per_second_max, self.limits.queries_burst_max);
        let Some(client) = self.people.clients.get_mut(slot.index()) else { return Ok(()) };
        match client.queries.take(now.at, rate.and_then(|it| Rate::per_second(it, burst))) {
            Taken::No(wait) => Err(Refusal::rate_limited(wait)),
            Taken::Easily | Taken::Hardly => Ok(()),
        }
    }

    /// Lists the people in a room, as many as are named.
    pub(in crate::chat) fn users(&self, key: RoomId, room: &Room) -> Vec<User> {
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

    fn tops(&self, slot: ClientSlot) -> Vec<(Arc<str>, u64)> {
        let Some(client) = self.people.clients.get(slot.index()) else { return Vec::new() };
        let rooms = client.seats.as_slice().iter().filter_map(|seat| self.rooms.get(seat.room));
        let own = self.people.author_of(slot);
        rooms.map(|room| (Arc::clone(room.name_for(own)), room.top)).collect()
    }
}

fn proves_nothing() -> Refusal {
    Refusal::new(Code::Unauthorized, "this token is not valid here")
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
