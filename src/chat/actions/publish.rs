//! What the keeper of records has done: acknowledged to who wanted it, and shown to the room.

use std::sync::Arc;

use crate::chat::Chat;
use crate::chat::effect::Effect;
use crate::chat::ids::{ClientId, RoomId};
use crate::chat::pending::{Appending, Asker, Awaited, Numbered};
use crate::chat::protocol::error::Refusal;
use crate::chat::protocol::server_event::ServerEvent;
use crate::chat::record::{AuthorKey, Change, Entry, Gone, Refused, RoomKey, Ticket};
use crate::chat::rooms::Recent;
use crate::chat::step::Step;

impl Chat {
    /// Shows an entry that is in the record now.
    pub(in crate::chat) fn appended(
        &mut self,
        step: &mut Step<'_>,
        ticket: Ticket,
        numbered: Numbered,
    ) {
        let appending = match self.pending.requests.take(ticket) {
            Some(Awaited::Append(appending)) => appending,
            Some(Awaited::Doubt(doubted)) => {
                return self.recognised(step, *doubted, Ok(Some(numbered)));
            }
            _ => return,
        };
        let Appending { asker, room, re, sender, mut change, planned, since } = appending;
        self.rooms.answered_for(room);
        self.tally.took(step.now.at.since(since));
        let Numbered { seq, mid, ts, duplicate, count } = numbered;
        let is_message = matches!(change, Change::Message { .. });
        let mut except = None;
        let author = self.asks_as(asker);
        match asker {
            Asker::Client(id) => {
                let client = self.people.by_id.get(&id).copied();
                let client = client.and_then(|slot| self.people.clients.get_mut(slot.index()));
                let here = client.is_some();
                let echo = client.as_ref().is_some_and(|client| client.echo);
                if let Some(client) = client.filter(|_| is_message) {
                    (client.said_in, client.said) = (room, mid);
                }
                if let Some(re) = re.filter(|_| here) {
                    step.reply(id, self.ack(author, re, room, numbered));
                }
                except = (is_message && !echo).then_some(id);
            }
            Asker::Request { caller, .. } => {
                let re = re.unwrap_or_default();
                step.respond(caller, self.ack(author, re, room, numbered));
                self.has_posted(author);
            }
        }
        if !duplicate {
            if let Change::Reaction { count: counted, .. } = &mut change {
                *counted = count;
            }
            if let Change::Deleted { why, .. } = &mut change {
                *why = if count > 0 { Gone::Moderator } else { Gone::Author };
            }
            let by = Arc::clone(&sender);
            self.publish(step, room, &Entry { seq, ts, sender, change }, except);
            if let Some(room) = self.rooms.get_mut(room) {
                room.facts_kept();
            }
            if let Some(planned) = planned {
                self.decided(step, room, *planned, &by);
            }
        } else if planned.is_some() {
            self.deed_ended(step, room, false);
        }
        if is_message && !duplicate {
            self.tally.said(step.now, room, &self.limits);
            self.typed(step, asker, room);
        }
        self.rooms.vacate(room);
    }

    /// Makes what somebody is told whose entry is in the record.
    pub(in crate::chat) fn ack(
        &self,
        own: AuthorKey,
        re: Arc<str>,
        room: RoomId,
        numbered: Numbered,
    ) -> ServerEvent {
        let Numbered { seq, mid, ts, duplicate, .. } = numbered;
        let room = self.rooms.get(room).map(|room| Arc::clone(room.name_for(own)));
        let room = room.unwrap_or_default();
        ServerEvent::Ack { re, room, seq, ts, mid, durable: self.durable, duplicate }
    }

    /// Returns the author behind a question.
    fn asks_as(&self, asker: Asker) -> AuthorKey {
        match asker {
            Asker::Client(id) => self
                .people
                .by_id
                .get(&id)
                .map_or(AuthorKey([0; 16]), |slot| self.people.author_of(*slot)),
            Asker::Request { author, .. } => author,
        }
    }

    /// Tells a client that what it wanted of the record was not done.
    pub(in crate::chat) fn not_done(&mut self, step: &mut Step<'_>, ticket: Ticket, why: Refused) {
        match self.pending.requests.take(ticket) {
            Some(Awaited::Append(appending)) => {
                self.rooms.answered_for(appending.room);
                if appending.planned.is_some() {
                    self.deed_ended(step, appending.room, false);
                }
                let mut refusal = Refusal::refused(why).re(appending.re);
                if let Some(room) = self.rooms.get(appending.room) {
                    refusal = refusal.room(room.name_for(self.asks_as(appending.asker)));
                }
                if let Change::Message { content, .. } | Change::Edited { content, .. } =
                    appending.change
                {
                    refusal = refusal.text(content);
                }
                let error = ServerEvent::Error(Box::new(refusal));
                match appending.asker {
                    Asker::Client(id) if self.people.by_id.contains_key(&id) => {
                        step.reply(id, error);
                    }
                    Asker::Client(_) => {}
                    Asker::Request { caller, author } => {
                        step.respond(caller, error);
                        self.has_posted(author);
                    }
                }
                self.rooms.vacate(appending.room);
            }
            Some(Awaited::Doubt(doubted)) => self.recognised(step, *doubted, Err(why)),
            Some(Awaited::Page(paging)) => self.paged(step, paging, Err(why)),
            Some(Awaited::Finding(seeking)) => self.found(step, seeking, Err(why)),
            Some(Awaited::Account(enrolling)) => self.enrolled(step, enrolling, Err(why)),
            None => {}
        }
    }

    /// Shows an entry that the keeper of records added by itself.
    pub(in crate::chat) fn added(&mut self, step: &mut Step<'_>, room: &RoomKey, entry: &Entry) {
        if let Some(room) = self.rooms.find(room) {
            self.publish(step, room, entry, None);
        }
    }

    /// Shows an entry to a room.
    fn publish(
        &mut self,
        step: &mut Step<'_>,
        key: RoomId,
        entry: &Entry,
        except: Option<ClientId>,
    ) {
        let Some(room) = self.rooms.get_mut(key) else { return };
        let seq = entry.seq;
        room.top = room.top.max(seq);
        match &entry.change {
            Change::Message { .. } => room.last_mid = seq,
            Change::Topic { topic } => room.topic = Arc::clone(topic),
            _ => {}
        }
        let event = event_of(&room.name, entry);
        if room.waiting > 0 {
            room.remember(Recent { seq, event: event.clone(), except }, &self.limits);
        }
        if room.pair.is_some() {
            self.publish_direct(step, key, entry, except);
        } else if !room.audience.is_empty() {
            let room = key;
            step.effects.push(Effect::Broadcast { room, event, except, seq: Some(seq) });
        }
    }
}

/// Returns the event that tells of an entry.
pub(in crate::chat) fn event_of(room: &Arc<str>, entry: &Entry) -> ServerEvent {
    let (room, seq, ts, by) = (Arc::clone(room), entry.seq, entry.ts, Arc::clone(&entry.sender));
    match &entry.change {
        Change::Message { content, reply_to, expires } => ServerEvent::Message {
            room,
            seq,
            ts,
            sender: by,
            content: Arc::clone(content),
            reply_to: *reply_to,
            expires: *expires,
        },
        Change::Edited { mid, content } => {
            let content = Arc::clone(content);
            ServerEvent::Edited { room, seq, ts, mid: *mid, sender: by, content }
        }
        Change::Deleted { mid, why } => {
            ServerEvent::Deleted { room, seq, ts, mid: *mid, by, why: *why }
        }
        Change::Reaction { mid, emoji, on, count } => ServerEvent::Reaction {
            room,
            seq,
            ts,
            mid: *mid,
            emoji: Arc::clone(emoji),
            user: by,
            on: *on,
            count: *count,
        },
        Change::Topic { topic } => {
            ServerEvent::Topic { room, seq, ts, topic: Arc::clone(topic), by }
        }
        Change::Moderated { deed } => {
            ServerEvent::Moderated { room, seq, ts, by, deed: Arc::clone(deed) }
        }
    }
}
