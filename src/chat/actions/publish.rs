//! Recorded entries: acknowledged to their origin, and published to the room.

use std::sync::Arc;

use crate::chat::Chat;
use crate::chat::effect::Effect;
use crate::chat::ids::{ClientId, RoomId};
use crate::chat::pending::{Appended, PendingAppend, PendingRequest, RequestOrigin};
use crate::chat::protocol::server_event::ServerEvent;
use crate::chat::record::{Change, DeletionReason, Entry, RequestId, RoomKey};
use crate::chat::rooms::Recent;
use crate::chat::step::Step;

impl Chat {
    /// Publishes an entry that was recorded.
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
        let PendingAppend { origin, room, re, sender, account, mut change, planned, hook, since } =
            append;
        self.rooms.request_answered(room);
        self.counters.took(step.now.at.since(since));
        let Appended { seq, mid, ts, duplicate, count } = appended;
        let is_message = matches!(change, Change::Message { .. });
        if let Change::Message { files, .. } = &change {
            self.end_claim(files, !duplicate);
        }
        let mut except = None;
        let author = self.asks_as(origin);
        match origin {
            RequestOrigin::Client(id) => {
                let client = self.people.by_id.get(&id).copied();
                let client = client.and_then(|slot| self.people.clients.get_mut(slot.index()));
                let here = client.is_some();
                let echo = client.as_ref().is_some_and(|client| client.echo);
                if let Some(client) = client.filter(|_| is_message) {
                    (client.last_sent_in, client.last_sent) = (room, mid);
                }
                if let Some(re) = re.filter(|_| here) {
                    step.reply(id, self.ack(author, re, room, appended));
                }
                except = (is_message && !echo).then_some(id);
            }
            RequestOrigin::Request { caller, .. } => {
                let told = match hook {
                    Some(hook) => self.hook_changed(step, *hook),
                    None => self.ack(author, re.unwrap_or_default(), room, appended),
                };
                step.respond(caller, told);
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
            self.publish(step, room, &Entry { seq, ts, sender, account, change }, except);
            if let Some(room) = self.rooms.get_mut(room) {
                room.key_values_saved();
            }
            if let Some(planned) = planned {
                self.decided(step, room, *planned, &by);
            }
        } else if planned.is_some() {
            self.moderation_ended(step, room, false);
        }
        if is_message && !duplicate {
            self.counters.said(step.now, room, &self.limits);
            self.typed(step, origin, room);
        }
        self.rooms.vacate(room);
    }

    /// Publishes an entry that the journal appended itself.
    pub(in crate::chat) fn added(&mut self, step: &mut Step<'_>, room: &RoomKey, entry: &Entry) {
        if let Some(room) = self.rooms.find(room) {
            self.publish(step, room, entry, None);
        }
    }

    /// Publishes an entry to a room.
    fn publish(
        &mut self,
        step: &mut Step<'_>,
        key: RoomId,
        entry: &Entry,
        except: Option<ClientId>,
    ) {
        if let (Change::Message { .. }, Some(room)) = (&entry.change, self.rooms.get(key)) {
            let room = Arc::clone(&room.key);
            self.rooms.hooks.wake(step.now.at, &room);
        }
        let Some(room) = self.rooms.get_mut(key) else { return };
        let seq = entry.seq;
        room.top = room.top.max(seq);
        match &entry.change {
            Change::Message { .. } => {
                (room.last_mid, room.spoke) = (seq, entry.ts);
                if let Some(latest) = &mut room.latest {
                    latest.push(seq, entry.account.then(|| Arc::clone(&entry.sender)));
                }
            }
            Change::Deleted { mid, .. } => {
                if let Some(latest) = &mut room.latest {
                    latest.remove(*mid);
                }
                step.put(self.rooms.unpin(key, *mid).into_iter().collect());
            }
            Change::Pinned { mid, on: true } => drop(room.pins.insert(*mid, entry.ts)),
            Change::Pinned { mid, on: false } => drop(room.pins.remove(mid)),
            Change::Topic { topic } => room.topic = Arc::clone(topic),
            _ => {}
        }
        let Some(room) = self.rooms.get_mut(key) else { return };
        let event = ServerEvent::of_entry(&room.name, entry);
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
