//! What the keeper of records has done: acknowledged to who wanted it, and shown to the room.

use std::sync::Arc;

use crate::chat::Chat;
use crate::chat::effect::Effect;
use crate::chat::ids::{ClientId, RoomId};
use crate::chat::pending::{Appended, PendingAppend, PendingRequest, RequestOrigin};
use crate::chat::protocol::error::Refusal;
use crate::chat::protocol::server_event::ServerEvent;
use crate::chat::record::{
    AuthorKey, Change, DeletionReason, Entry, JournalError, RequestId, RoomKey,
};
use crate::chat::rooms::Recent;
use crate::chat::step::Step;

impl Chat {
    /// Shows an entry that is in the record now.
    pub(in crate::chat) fn appended(
        &mut self,
        step: &mut Step<'_>,
        request_id: RequestId,
        appended: Appended,
    ) {
        let append = match self.pending.requests.take(request_id) {
            Some(PendingRequest::Append(append)) => append,
            Some(PendingRequest::ReplayCheck(check)) => {
                return self.replay_checked(step, *check, Ok(Some(appended)));
            }
            _ => return,
        };
        let PendingAppend { origin, room, re, sender, mut change, planned, since } = append;
        self.rooms.request_answered(room);
        self.counters.took(step.now.at.since(since));
        let Appended { seq, mid, ts, duplicate, count } = appended;
        let is_message = matches!(change, Change::Message { .. });
        let mut except = None;
        let author = self.asks_as(origin);
        match origin {
            RequestOrigin::Client(id) => {
                let client = self.people.by_id.get(&id).copied();
                let client = client.and_then(|slot| self.people.clients.get_mut(slot.index()));
                let here = client.is_some();
                let echo = client.as_ref().is_some_and(|client| client.echo);
                if let Some(client) = client.filter(|_| is_message) {
                    (client.last_sent_in, client.said) = (room, mid);
                }
                if let Some(re) = re.filter(|_| here) {
                    step.reply(id, self.ack(author, re, room, appended));
                }
                except = (is_message && !echo).then_some(id);
            }
            RequestOrigin::Request { caller, .. } => {
                let re = re.unwrap_or_default();
                step.respond(caller, self.ack(author, re, room, appended));
                self.has_posted(author);
            }
        }
        if !duplicate {
            if let Change::Reaction { count: counted, .. } = &mut change {
                *counted = count;
            }
            if let Change::Deleted { why, .. } = &mut change {
                *why = if count > 0 { DeletionReason::Moderator } else { DeletionReason::Author };
            }
            let by = Arc::clone(&sender);
            self.publish(step, room, &Entry { seq, ts, sender, change }, except);
            if let Some(room) = self.rooms.get_mut(room) {
                room.key_values_saved();
            }
            if let Some(planned) = planned {
                self.decided(step, room, *planned, &by);
            }
        } else if planned.is_some() {
            self.deed_ended(step, room, false);
        }
        if is_message && !duplicate {
            self.counters.said(step.now, room, &self.limits);
            self.typed(step, origin, room);
        }
        self.rooms.vacate(room);
    }

    /// Makes what somebody is told whose entry is in the record.
    pub(in crate::chat) fn ack(
        &self,
        own: AuthorKey,
        re: Arc<str>,
        room: RoomId,
        appended: Appended,
    ) -> ServerEvent {
        let Appended { seq, mid, ts, duplicate, .. } = appended;
        let room = self.rooms.get(room).map(|room| Arc::clone(room.name_for(own)));
        let room = room.unwrap_or_default();
        ServerEvent::Ack { re, room, seq, ts, mid, durable: self.durable, duplicate }
    }

    /// Returns the author behind a question.
    fn asks_as(&self, origin: RequestOrigin) -> AuthorKey {
        match origin {
            RequestOrigin::Client(id) => self
                .people
                .by_id
                .get(&id)
                .map_or(AuthorKey([0; 16]), |slot| self.people.author_of(*slot)),
            RequestOrigin::Request { author, .. } => author,
        }
    }

    /// Tells a client that what it wanted of the record was not done.
    pub(in crate::chat) fn request_failed(
        &mut self,
        step: &mut Step<'_>,
        request_id: RequestId,
        why: JournalError,
    ) {
        match self.pending.requests.take(request_id) {
            Some(PendingRequest::Append(append)) => {
                self.rooms.request_answered(append.room);
                if append.planned.is_some() {
                    self.deed_ended(step, append.room, false);
                }
                let mut refusal = Refusal::refused(why).re(append.re);
                if let Some(room) = self.rooms.get(append.room) {
                    refusal = refusal.room(room.name_for(self.asks_as(append.origin)));
                }
                if let Change::Message { content, .. } | Change::Edited { content, .. } =
                    append.change
                {
                    refusal = refusal.text(content);
                }
                let error = ServerEvent::Error(Box::new(refusal));
                match append.origin {
                    RequestOrigin::Client(id) if self.people.by_id.contains_key(&id) => {
                        step.reply(id, error);
                    }
                    RequestOrigin::Client(_) => {}
                    RequestOrigin::Request { caller, author } => {
                        step.respond(caller, error);
                        self.has_posted(author);
                    }
                }
                self.rooms.vacate(append.room);
            }
            Some(PendingRequest::ReplayCheck(check)) => self.replay_checked(step, *check, Err(why)),
            Some(PendingRequest::Page(pending)) => self.paged(step, pending, Err(why)),
            Some(PendingRequest::Search(pending)) => self.found(step, pending, Err(why)),
            Some(PendingRequest::Account(pending)) => self.account_saved(step, pending, Err(why)),
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
        if room.direct_room.is_some() {
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
        Change::Moderated { moderation } => {
            ServerEvent::Moderated { room, seq, ts, by, moderation: Arc::clone(moderation) }
        }
    }
}
