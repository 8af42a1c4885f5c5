//! What clients ask for: finds the room it is about, checks the rate, answers.

use std::sync::Arc;

use crate::chat::Chat;
use crate::chat::actions::post::{Message, no_such_message};
use crate::chat::ids::{ClientId, ClientSlot, RoomId};
use crate::chat::protocol::client_event::{ClientEvent, Command};
use crate::chat::protocol::commands;
use crate::chat::protocol::error::{Code, Refusal};
use crate::chat::protocol::payloads::RoomSummary;
use crate::chat::protocol::server_event::ServerEvent;
use crate::chat::record::{Change, DeletionReason};
use crate::chat::step::Step;

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
        if client.closing || matches!(event, Ok(ClientEvent { command: Command::Nothing, .. })) {
            return;
        }
        let done = match event {
            Ok(ClientEvent { id, room, command }) => {
                let re = id.clone();
                self.answer(step, slot, id, room.as_deref(), command)
                    .map_err(|refusal| refusal.re(re))
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

    fn answer(
        &mut self,
        step: &mut Step<'_>,
        slot: ClientSlot,
        id: Option<Arc<str>>,
        room: Option<&str>,
        command: Command,
    ) -> Result<(), Refusal> {
        match command {
            Command::Send { content, reply_to, ttl, sender } => {
                let message = Message { content, reply_to, ttl, sender };
                match self.room_to_speak(step, slot, room) {
                    Ok(room) => self.send(step, slot, room, id, message),
                    Err(refusal) => {
                        let room = self.rooms.room_named(room);
                        self.refuse_to_send(step, slot, room, id, message, refusal)
                    }
                }
            }
            Command::Direct { to, content, reply_to, ttl } => {
                let message = Message { content, reply_to, ttl, sender: None };
                self.send_direct(step, slot, id, &to, message)
            }
            Command::Read(seq) => {
                let room = self.room_of(slot, room)?;
                self.charge_query(step, slot)?;
                self.mark_read(step, slot, room, seq)
            }
            Command::Moderate(request) => self.moderate(step, slot, room, id, *request),
            // Paid for when the token was read.
            Command::LogIn(login) => self.log_in(step, slot, id, &login),
            Command::Auth(_) => Err(invalid_token()),
            Command::Reply(content) => {
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
            Command::Edit { mid, content } => {
                self.change_message(step, slot, room, id, mid, |mid| Change::Edited {
                    mid,
                    content,
                })
            }
            Command::Delete { mid } => {
                let deleted = |mid| Change::Deleted { mid, why: DeletionReason::Author };
                self.change_message(step, slot, room, id, mid, deleted)
            }
            Command::React { mid, emoji, on } => {
                let change = Change::Reaction { mid, emoji, on, count: 0 };
                self.change_in(step, slot, room, id, change)
            }
            Command::SetTopic(topic) => {
                self.change_in(step, slot, room, id, Change::Topic { topic })
            }
            Command::SetName(requested) => self.set_name(step, slot, id, &requested),
            Command::SetStatus { away, text } => self.set_status(step, slot, id, away, &text),
            Command::Typing(on) => {
                let room = self.room_of(slot, room)?;
                // Who may not speak is not told of as speaking soon.
                if !on || self.check_speech(step, slot, room, false).is_ok() {
                    self.typing(step, slot, room, on);
                }
                Ok(())
            }
            Command::Quit => self.quit(step, slot),
            command => {
                self.charge_query(step, slot)?;
                self.query(step, slot, id, room, command)
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
                self.refuse_unless_replayed(step, slot, room, id, change, refusal)
            }
        }
    }

    /// Changes the message that is named, or the last one said.
    fn change_message(
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
        let (room, mid) = self.last_sent_message(slot)?;
        self.change(step, slot, room, id, change(mid))
    }

    /// Says something to one person.
    fn send_direct(
        &mut self,
        step: &mut Step<'_>,
        slot: ClientSlot,
        id: Option<Arc<str>>,
        to: &str,
        message: Message,
    ) -> Result<(), Refusal> {
        let own = self.people.author_of(slot);
        let back = |refusal: Refusal| refusal.text(Arc::clone(&message.content));
        if !self.has_direct_with(own, to) {
            self.charge_query(step, slot).map_err(back)?;
        }
        let to = to.strip_prefix('@').unwrap_or(to);
        let room = match self.open_direct(own, to) {
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
        command: Command,
    ) -> Result<(), Refusal> {
        match command {
            Command::Join { room, history, after, epoch } => {
                self.check_epoch(epoch.as_deref())?;
                return self.join(step, slot, re, &room, history, after);
            }
            Command::Leave => return self.leave(step, slot, re, room),
            Command::Resume { session, epoch, rooms } => {
                self.check_epoch(epoch.as_deref())?;
                return self.resume(step, slot, re, session.as_deref(), &rooms);
            }
            Command::History { span, limit } => {
                let room = self.room_to_read(slot, room)?;
                self.fetch_history(step, slot, room, span, limit, re);
            }
            Command::Search(search) => return self.search(step, slot, re, room, search),
            Command::ListUsers => {
                let key = self.room_to_read(slot, room)?;
                let Some(room) = self.rooms.get(key) else { return Ok(()) };
                let (count, users) = (room.people.len(), self.users(key, room));
                let count = if room.direct_room.is_some() { users.len() } else { count };
                let room = Arc::clone(room.name_for(self.people.author_of(slot)));
                self.people.tell(step, slot, ServerEvent::UserList { re, room, count, users });
            }
            Command::ListRooms => {
                let rooms = self.rooms_for(slot);
                self.people.tell(step, slot, ServerEvent::RoomList { re, rooms });
            }
            Command::Ping => {
                let rooms = self.tops(slot);
                self.people.tell(step, slot, ServerEvent::Pong { re, ts: step.now.unix_ms, rooms });
            }
            Command::Topic => {
                let room = self.room_of(slot, room)?;
                let Some(room) = self.rooms.get(room) else { return Ok(()) };
                let name = room.name_for(self.people.author_of(slot));
                let message = match &*room.topic {
                    "" => format!("{name} has no topic"),
                    topic => format!("the topic of {name} is: {topic}"),
                };
                self.people.notice(step, slot, re, "topic", message);
            }
            Command::Help => self.people.notice(step, slot, re, "help", commands::help()),
            Command::WhoAmI => {
                let message = format!("You are {}.", self.people.name_of(slot));
                self.people.notice(step, slot, re, "whoami", message);
            }
            Command::Mode(mode) => self.set_mode(step, slot, re, mode),
            Command::Stats { minutes } => {
                self.people.tell(step, slot, self.stats(step.now, re, minutes));
            }
            _ => {}
        }
        Ok(())
    }

    /// Lists the rooms a client may know of: its private ones first.
    fn rooms_for(&self, slot: ClientSlot) -> Vec<RoomSummary> {
        let own = self.people.author_of(slot);
        let private = |room: &RoomId| {
            self.rooms.get(*room).is_some_and(|room| !room.is_public() && room.may_read(Some(own)))
        };
        let mut rooms: Vec<RoomSummary> = self
            .rooms
            .rooms_of_member(own)
            .into_iter()
            .filter(private)
            .filter_map(|room| self.line_for(own, room))
            .collect();
        rooms.extend(self.rooms.largest(self.limits.listed_max));
        rooms.truncate(self.limits.listed_max);
        rooms
    }

    fn tops(&self, slot: ClientSlot) -> Vec<(Arc<str>, u64)> {
        let Some(client) = self.people.clients.get(slot.index()) else { return Vec::new() };
        let rooms = client
            .subscriptions
            .as_slice()
            .iter()
            .filter_map(|subscription| self.rooms.get(subscription.room));
        let own = self.people.author_of(slot);
        rooms.map(|room| (Arc::clone(room.name_for(own)), room.top)).collect()
    }
}

fn invalid_token() -> Refusal {
    Refusal::new(Code::Unauthorized, "this token is not valid here")
}
