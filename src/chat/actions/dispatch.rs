//! Dispatch of client events: finds the room, charges the rate, calls the handler.

use std::sync::Arc;

use crate::chat::Chat;
use crate::chat::actions::post::{Message, no_such_message};
use crate::chat::ids::ClientId;
use crate::chat::people::client::ClientRef;
use crate::chat::protocol::client_event::{ClientEvent, Command};
use crate::chat::protocol::commands;
use crate::chat::protocol::error::{Code, Refusal};
use crate::chat::protocol::server_event::ServerEvent;
use crate::chat::record::{Change, DeletionReason, ModerationAction, Span};
use crate::chat::step::Step;

impl Chat {
    /// Handles an event of a client.
    pub(in crate::chat) fn received(
        &mut self,
        step: &mut Step<'_>,
        id: ClientId,
        event: Result<ClientEvent, Refusal>,
    ) {
        let Some(from) = self.people.client_ref(id) else { return };
        let Some((client, _)) = self.people.client(from.slot) else { return };
        if client.closing || matches!(event, Ok(ClientEvent { command: Command::Nothing, .. })) {
            return;
        }
        let done = match event {
            Ok(ClientEvent { id, room, command }) => {
                let re = id.clone();
                self.answer(step, from, id, room.as_deref(), command)
                    .map_err(|refusal| refusal.re(re))
            }
            Err(refusal) => Err(refusal),
        };
        if let Err(refusal) = done {
            self.refuse(step, from, refusal);
        }
    }

    fn answer(
        &mut self,
        step: &mut Step<'_>,
        from: ClientRef,
        id: Option<Arc<str>>,
        room: Option<&str>,
        command: Command,
    ) -> Result<(), Refusal> {
        match command {
            Command::Send { content, reply_to, ttl, files, sender } => {
                let message = Message { content, reply_to, ttl, files, sender };
                self.send_in(step, from, room, id, message)
            }
            Command::Direct { to, content, reply_to, ttl, files } => {
                let message = Message { content, reply_to, ttl, files, sender: None };
                self.send_direct(step, from, id, &to, message)
            }
            Command::Read(seq) => {
                self.charge_query(step.now, from, 1)?;
                let room = self.room_of(from, room)?;
                self.mark_read(step, from, room, seq)
            }
            Command::Moderate(request) if request.action == ModerationAction::RemoveRoom => {
                self.remove_room(step, from, room, id, request.reason)
            }
            Command::Moderate(request) => self.moderate(step, from, room, id, *request),
            // Charged when the token was read.
            Command::LogIn(login) => self.log_in(step, from, id, &login),
            Command::Auth(_) => Err(invalid_token()),
            Command::Reply(content) => self.send_reply(step, from, room, id, content),
            Command::Edit { mid, content } => {
                let edited = |mid| Change::Edited { mid, content };
                self.change_message(step, from, room, id, mid, edited)
            }
            Command::Delete { mid } => {
                let deleted = |mid| Change::Deleted { mid, why: DeletionReason::Author };
                self.change_message(step, from, room, id, mid, deleted)
            }
            Command::React { mid, emoji, on } => {
                let emoji = self.one_form(emoji);
                let change = Change::Reaction { mid, emoji, on, count: 0 };
                self.change_in(step, from, room, id, change)
            }
            Command::Pin { mid, on } => self.pin(step, from, room, id, (mid, on)),
            Command::SetTopic(topic) => {
                self.change_in(step, from, room, id, Change::Topic { topic })
            }
            Command::SetName(requested) => self.set_name(step, from, id, &requested),
            Command::SetStatus { away, text } => self.set_status(step, from, id, away, &text),
            Command::SetHue(hue) => self.set_hue(step, from, id, hue),
            Command::Typing(on) => self.typing_in(step, from, room, on),
            Command::ListRooms { from: after, limit } => {
                self.list_rooms(step, from, id, after.as_deref(), limit)
            }
            Command::Quit => self.quit(step, from),
            command => {
                self.charge_query(step.now, from, price(&command))?;
                self.query(step, from, id, room, command)
            }
        }
    }

    /// Returns an emoji in its fully qualified form (UTS #51 ED-18), so that it is one reaction
    /// however it was written.
    fn one_form(&self, emoji: Arc<str>) -> Arc<str> {
        // What is longer is refused as it is.
        if emoji.len() > self.limits.emoji_bytes_max {
            return emoji;
        }
        let plain = || emoji.replace(['\u{FE0E}', '\u{FE0F}'], "");
        let known = emojis::get(&emoji).or_else(|| emojis::get(&plain()));
        known.map_or_else(|| Arc::clone(&emoji), |known| known.as_str().into())
    }

    /// Sends a message to the named room.
    fn send_in(
        &mut self,
        step: &mut Step<'_>,
        from: ClientRef,
        room: Option<&str>,
        id: Option<Arc<str>>,
        message: Message,
    ) -> Result<(), Refusal> {
        match self.room_to_speak(step, from, room) {
            Ok(room) => self.send(step, from, room, id, message),
            Err(refusal) => {
                let room = self.rooms.room_named(room);
                self.refuse_to_send(step, from, room, id, message, refusal)
            }
        }
    }

    /// Sends an answer to the last message of the named room.
    fn send_reply(
        &mut self,
        step: &mut Step<'_>,
        from: ClientRef,
        room: Option<&str>,
        id: Option<Arc<str>>,
        content: Arc<str>,
    ) -> Result<(), Refusal> {
        let back = |refusal: Refusal| refusal.text(Arc::clone(&content));
        let room = self.room_of(from, room).map_err(back)?;
        let last = self.rooms.get(room).map(|room| room.last_mid).filter(|mid| *mid > 0);
        let reply_to = Some(last.ok_or_else(no_such_message).map_err(back)?);
        let files = Vec::new();
        let message = Message { content, reply_to, ttl: None, files, sender: None };
        self.send(step, from, room, id, message)
    }

    /// Starts or stops typing in the named room.
    fn typing_in(
        &mut self,
        step: &mut Step<'_>,
        from: ClientRef,
        room: Option<&str>,
        on: bool,
    ) -> Result<(), Refusal> {
        let room = self.room_of(from, room)?;
        // Nobody is shown as typing who may not post.
        if !on || self.check_speech(step, from, room, false).is_ok() {
            self.typing(step, from, room, on);
        }
        Ok(())
    }

    /// Applies a change to the named room.
    fn change_in(
        &mut self,
        step: &mut Step<'_>,
        from: ClientRef,
        room: Option<&str>,
        id: Option<Arc<str>>,
        change: Change,
    ) -> Result<(), Refusal> {
        match self.room_of(from, room) {
            Ok(room) => self.change(step, from, room, id, change),
            Err(refusal) => {
                let room = self.rooms.room_named(room);
                self.refuse_unless_replayed(step, from, room, id, change, refusal)
            }
        }
    }

    /// Applies a change to the named message, or to the client's last one.
    fn change_message(
        &mut self,
        step: &mut Step<'_>,
        from: ClientRef,
        room: Option<&str>,
        id: Option<Arc<str>>,
        mid: Option<u64>,
        change: impl FnOnce(u64) -> Change,
    ) -> Result<(), Refusal> {
        if let Some(mid) = mid {
            return self.change_in(step, from, room, id, change(mid));
        }
        let (room, mid) = self.last_sent_message(from)?;
        self.change(step, from, room, id, change(mid))
    }

    /// Sends a private message.
    fn send_direct(
        &mut self,
        step: &mut Step<'_>,
        from: ClientRef,
        id: Option<Arc<str>>,
        to: &str,
        message: Message,
    ) -> Result<(), Refusal> {
        let own = from.author;
        let back = |refusal: Refusal| refusal.text(Arc::clone(&message.content));
        if !self.has_direct_with(own, to) {
            self.charge_query(step.now, from, 1).map_err(back)?;
        }
        let to = to.strip_prefix('@').unwrap_or(to);
        let room = match self.open_direct(own, to) {
            Ok(room) => room,
            Err(refusal) => {
                let room = self.direct(own, &format!("@{to}"));
                return self.refuse_to_send(step, from, room, id, message, refusal);
            }
        };
        let sent = self.send(step, from, room, id, message);
        // A conversation created for a refused message is removed again.
        self.rooms.vacate(room);
        sent
    }

    /// Answers a command that does not change a record.
    fn query(
        &mut self,
        step: &mut Step<'_>,
        from: ClientRef,
        re: Option<Arc<str>>,
        room: Option<&str>,
        command: Command,
    ) -> Result<(), Refusal> {
        match command {
            Command::Join { room, history, after, epoch } => {
                self.check_epoch(epoch.as_deref())?;
                return self.join(step, from, re, &room, history, after);
            }
            Command::Leave => return self.leave(step, from, re, room),
            Command::ListPins => {
                let room = self.room_to_read(from, room)?;
                return self.list_pins(step, from, re, room);
            }
            Command::ListMembers { from: after, limit } => {
                return self.list_members(step, from, re, room, (after.as_deref(), limit));
            }
            Command::MarkUnread(mid) => {
                let room = self.room_of(from, room)?;
                return self.mark_unread(step, from, re, room, mid);
            }
            Command::SetMembership { notify, order } => {
                return self.set_membership(step, from, re, room, (notify, order));
            }
            Command::Accept { room } => return self.accept(step, from, re, &room),
            Command::Decline { room } => return self.decline(step, from, re, &room),
            Command::Resume { session, epoch, rooms } => {
                self.check_epoch(epoch.as_deref())?;
                return self.resume(step, from, re, session.as_deref(), &rooms);
            }
            Command::History { span, limit } => {
                let room = self.room_to_read(from, room)?;
                self.fetch_history(step, from, room, span, limit, re);
            }
            Command::Replies { mid, after, limit } => {
                let room = self.room_to_read(from, room)?;
                self.fetch_history(step, from, room, Span::Replies { to: mid, after }, limit, re);
            }
            Command::Search(search) => return self.search(step, from, re, room, search),
            Command::ListUsers => {
                let key = self.room_to_read(from, room)?;
                let room = self.rooms.get(key).ok_or_else(Refusal::internal)?;
                let (count, users) = (room.people.len(), self.users(key, room));
                let count = if room.direct_room.is_some() { users.len() } else { count };
                let room = Arc::clone(room.name_for(from.author));
                step.reply(from.id, ServerEvent::UserList { re, room, count, users });
            }
            Command::Ping => {
                let rooms = self.tops(from);
                step.reply(from.id, ServerEvent::Pong { re, ts: step.now.unix_ms, rooms });
            }
            Command::Topic => {
                let room = self.room_of(from, room)?;
                let room = self.rooms.get(room).ok_or_else(Refusal::internal)?;
                let name = room.name_for(from.author);
                let message = match &*room.topic {
                    "" => format!("{name} has no topic"),
                    topic => format!("the topic of {name} is: {topic}"),
                };
                step.notice(from.id, re, "topic", message);
            }
            Command::Help => step.notice(from.id, re, "help", commands::help()),
            Command::WhoAmI => {
                let message = format!("You are {}.", self.people.name_of(from.slot));
                step.notice(from.id, re, "whoami", message);
            }
            Command::Mode(mode) => self.set_mode(step, from, re, mode),
            Command::Stats { minutes } => {
                step.reply(from.id, self.stats(step.now, re, minutes));
            }
            _ => {}
        }
        Ok(())
    }

    fn tops(&self, from: ClientRef) -> Vec<(Arc<str>, u64)> {
        let Some((client, _)) = self.people.client(from.slot) else { return Vec::new() };
        let rooms = client
            .subscriptions
            .as_slice()
            .iter()
            .filter_map(|subscription| self.rooms.get(subscription.room));
        let own = from.author;
        rooms.map(|room| (Arc::clone(room.name_for(own)), room.top)).collect()
    }
}

/// Returns the tokens a query costs: one, or more if it makes the journal or the reader of a room
/// work.
fn price(command: &Command) -> u32 {
    match command {
        Command::Search(_) | Command::ListMembers { .. } | Command::ListPins => 5,
        Command::History { .. } | Command::Replies { .. } => 2,
        Command::Resume { rooms, .. } => {
            u32::try_from(rooms.len() / 8).unwrap_or(u32::MAX).saturating_add(1)
        }
        _ => 1,
    }
}

fn invalid_token() -> Refusal {
    Refusal::new(Code::Unauthorized, "this token is not valid here")
}
