//! Removing rooms, with all that was said in them. Administrators may, everywhere but in private
//! rooms of others.
//!
//! ```text
//! remove_room ─▶ RemoveRoom to the journal; nothing is added to the room any more
//!    Saved ────▶ ack, `left` to all who were in it, and nothing leads to it any more
//!    Rejected ─▶ the room stays
//! ```

use std::sync::Arc;

use crate::chat::Chat;
use crate::chat::effect::Effect;
use crate::chat::ids::{ClientId, RoomId};
use crate::chat::pending::{PendingRemoval, PendingRequest, RequestOrigin};
use crate::chat::people::client::ClientRef;
use crate::chat::protocol::error::{Code, Refusal};
use crate::chat::protocol::payloads::Removed;
use crate::chat::protocol::request::Credential;
use crate::chat::protocol::server_event::ServerEvent;
use crate::chat::record::{AuthorKey, JournalError, JournalRequest, RemoveRoom};
use crate::chat::rooms::rules::Actor;
use crate::chat::step::Step;

impl Chat {
    /// Removes a room that a client names, or its current one.
    pub(in crate::chat) fn remove_room(
        &mut self,
        step: &mut Step<'_>,
        from: ClientRef,
        named: Option<&str>,
        re: Option<Arc<str>>,
        reason: Option<Arc<str>>,
    ) -> Result<(), Refusal> {
        self.charge_send(step, from, None)?;
        if let Some(reason) = &reason {
            self.check_length(reason, self.limits.reason_chars_max)?;
        }
        let actor = self.actor_on(from.slot).ok_or_else(Refusal::internal)?;
        let current = match named {
            Some(_) => None,
            None => self.rooms.get(self.room_of(from, None)?).map(|room| Arc::clone(&room.key)),
        };
        let room = self.room_to_remove(&actor, named.or(current.as_deref()).unwrap_or_default())?;
        let by = Arc::clone(&actor.name);
        let origin = RequestOrigin::Client(from.id);
        self.begin_removal(step, PendingRemoval { origin, room, re, by, reason })
    }

    /// Removes a room that a request names.
    pub(in crate::chat) fn remove_room_by_request(
        &mut self,
        step: &mut Step<'_>,
        caller: ClientId,
        by: Option<&Credential>,
        named: &str,
    ) -> Result<(), Refusal> {
        let actor = match by {
            None => Actor { admin: true, ..Actor::absent(AuthorKey([0; 16]), &"*".into()) },
            Some(Credential::Login(login)) => {
                let account = self.account_of(step, login)?;
                let mut actor = self.account_actor(account.author, &account.name);
                actor.admin |= login.outside && login.admin;
                actor
            }
            Some(_) => return Err(Refusal::new(Code::AuthRequired, ADMINS_ONLY)),
        };
        let room = self.room_to_remove(&actor, named)?;
        let (by, re, reason) = (Arc::clone(&actor.name), None, None);
        let origin = RequestOrigin::Request { caller, author: actor.author };
        self.begin_removal(step, PendingRemoval { origin, room, re, by, reason })
    }

    /// Finds a room that somebody may remove. A private room of others is as if it did not exist,
    /// unless nobody is left who could come into it.
    fn room_to_remove(&self, actor: &Actor, named: &str) -> Result<RoomId, Refusal> {
        if !actor.admin {
            return Err(Refusal::new(Code::Forbidden, ADMINS_ONLY));
        }
        if named.trim_start().starts_with('@') {
            let message = "a private conversation cannot be removed";
            return Err(Refusal::new(Code::Forbidden, message));
        }
        if named.len() > self.limits.written_name_bytes_max() {
            return Err(Refusal::no_such_room());
        }
        let room = self.rooms.room_named(Some(named)).ok_or_else(Refusal::no_such_room)?;
        let inside = self.rooms.get(room).ok_or_else(Refusal::no_such_room)?;
        if self.limits.is_lobby(&inside.key) {
            return Err(Refusal::new(Code::Forbidden, "the lobby cannot be removed"));
        }
        let deserted = inside.people.is_empty() && inside.rules().is_deserted();
        if !inside.may_read(Some(actor.author)) && !deserted {
            return Err(Refusal::no_such_room());
        }
        inside.check_stays()?;
        Ok(room)
    }

    fn begin_removal(
        &mut self,
        step: &mut Step<'_>,
        pending: PendingRemoval,
    ) -> Result<(), Refusal> {
        let inside = self.rooms.get_mut(pending.room).ok_or_else(Refusal::internal)?;
        inside.begin_removal();
        inside.orders = inside.orders.saturating_add(1);
        let room = Arc::clone(&inside.key);
        let request_id = self.pending.requests.put(PendingRequest::Removal(Box::new(pending)));
        let request = JournalRequest::RemoveRoom(RemoveRoom { request_id, room });
        step.effects.push(Effect::Journal(request));
        Ok(())
    }

    /// Takes everybody out of a room that the journal has removed; or leaves it, if it has not.
    pub(in crate::chat) fn room_removed(
        &mut self,
        step: &mut Step<'_>,
        pending: PendingRemoval,
        removed: Result<(), JournalError>,
    ) {
        let PendingRemoval { origin, room: key, re, by, reason } = pending;
        let Some(room) = self.rooms.get_mut(key) else { return };
        let name = Arc::clone(&room.name);
        if let Err(why) = removed {
            step.put(room.cancel_removal());
            let refusal = Refusal::refused(why).re(re).room(&name);
            self.answer_removal(step, origin, ServerEvent::Error(Box::new(refusal)));
        } else {
            let (room, ts, re) = (Arc::clone(&name), step.now.unix_ms, re.unwrap_or_default());
            let is_awaited = !re.is_empty() || matches!(origin, RequestOrigin::Request { .. });
            if is_awaited {
                self.answer_removal(step, origin, ServerEvent::RoomRemoved { re, room, ts });
            }
            self.take_all_out(step, key, &Removed { why: "removed", by, reason });
            for person in self.people.forget_room(&name) {
                self.session_changed(step, person);
            }
            self.withdraw_invitations(step, key);
            self.counters.forget_room(key);
            self.rooms.remove(key);
        }
        self.rooms.request_answered(key);
        self.rooms.vacate(key);
    }

    fn answer_removal(&self, step: &mut Step<'_>, origin: RequestOrigin, event: ServerEvent) {
        match origin {
            RequestOrigin::Client(id) if self.people.by_id.contains_key(&id) => {
                step.reply(id, event);
            }
            RequestOrigin::Client(_) => {}
            RequestOrigin::Request { caller, .. } => step.respond(caller, event),
        }
    }

    fn take_all_out(&mut self, step: &mut Step<'_>, room: RoomId, removed: &Removed) {
        let people = self.rooms.get(room).map_or_else(Vec::new, |room| room.people.clone());
        for person in people {
            // Who is nowhere now may join another room.
            self.take_out(step, room, person, removed);
            self.session_changed(step, person);
        }
    }
}

const ADMINS_ONLY: &str = "only administrators may remove a room";
