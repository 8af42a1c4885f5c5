//! Moderation: checked, recorded, carried out.
//!
//! A moderation action is an entry of the room's record like any other; its changes of the rules
//! are stored atomically with it, and take effect once it is recorded.

use std::sync::Arc;

use crate::chat::Chat;
use crate::chat::actions::idempotency::requested_change;
use crate::chat::actions::permissions::Aim;
use crate::chat::effect::Effect;
use crate::chat::few;
use crate::chat::ids::{ClientSlot, PersonId, RoomId};
use crate::chat::pending::{AppendRequest, PendingAuthor, PendingRequest, Planned, RequestOrigin};
use crate::chat::people::client::ClientRef;
use crate::chat::protocol::client_event::ModerationRequest;
use crate::chat::protocol::error::{Code, Refusal};
use crate::chat::protocol::payloads::Removed;
use crate::chat::protocol::server_event::ServerEvent;
use crate::chat::record::{
    AuthorKey, AuthorQuery, Change, JournalError, JournalRequest, Moderation, ModerationAction,
};
use crate::chat::rooms::invitations::OpenInvitation;
use crate::chat::rooms::rules::{Actor, DirtyKey, Role};
use crate::chat::step::Step;
use crate::clock::Now;

impl Chat {
    /// Checks a moderation request and has it recorded.
    pub(in crate::chat) fn moderate(
        &mut self,
        step: &mut Step<'_>,
        from: ClientRef,
        named: Option<&str>,
        id: Option<Arc<str>>,
        request: ModerationRequest,
    ) -> Result<(), Refusal> {
        let again = id.as_ref().map(|_| request.clone());
        let room = self.room_of(from, named);
        let inside = room.as_ref().ok().copied();
        if let (Ok(room), Some(mid)) = (&room, request.mid) {
            return self.find_author(step, from, *room, id, mid, request);
        }
        let done = room.and_then(|room| self.decide(step, from, room, id.clone(), request, None));
        let (Err(refusal), Some(request)) = (&done, again) else { return done };
        let user = request.user.as_ref().and_then(|user| self.user_named(user));
        let change = requested_change(&request, user.map(|user| user.name));
        let room = inside.or_else(|| self.rooms.room_named(named));
        self.refuse_unless_replayed(step, from, room, id, change, refusal.clone())
    }

    /// Requests the author of a message, who is the target of a moderation.
    fn find_author(
        &mut self,
        step: &mut Step<'_>,
        from: ClientRef,
        room: RoomId,
        id: Option<Arc<str>>,
        mid: u64,
        request: ModerationRequest,
    ) -> Result<(), Refusal> {
        if request.user.is_some() || !request.action.has_target() {
            return Err(Refusal::new(Code::BadField, "mid: it stands in place of a user"));
        }
        self.charge_send(step, from, Some(room))?;
        let inside = self.rooms.get_mut(room).ok_or_else(Refusal::internal)?;
        inside.orders = inside.orders.saturating_add(1);
        let key = Arc::clone(&inside.key);
        let pending = PendingAuthor { client: from.id, room, id, request };
        let request_id = self.pending.requests.put(PendingRequest::Author(Box::new(pending)));
        let query = AuthorQuery { request_id, room: key, mid };
        step.effects.push(Effect::Journal(JournalRequest::FindAuthor(query)));
        Ok(())
    }

    /// Carries out a moderation whose target is the author of a message, or refuses it.
    pub(in crate::chat) fn author_found(
        &mut self,
        step: &mut Step<'_>,
        pending: PendingAuthor,
        found: Result<Option<(AuthorKey, Arc<str>)>, JournalError>,
    ) {
        let PendingAuthor { client, room, id, request } = pending;
        self.rooms.request_answered(room);
        if let Some(from) = self.people.client_ref(client) {
            let no_message = Refusal::refused(JournalError::NoSuchMessage);
            let author = found.map_err(Refusal::refused).and_then(|it| it.ok_or(no_message));
            let done = author.and_then(|author| {
                let name = self.name_of_author(author.0).unwrap_or_else(|| Arc::clone(&author.1));
                let change = requested_change(&request, Some(name));
                let done = self.decide(step, from, room, id.clone(), request, Some(author));
                let Err(refusal) = done else { return Ok(()) };
                self.refuse_unless_replayed(step, from, Some(room), id.clone(), change, refusal)
            });
            if let Err(refusal) = done {
                self.refuse(step, from, refusal.re(id));
            }
        }
        self.rooms.vacate(room);
    }

    fn decide(
        &mut self,
        step: &mut Step<'_>,
        from: ClientRef,
        room: RoomId,
        id: Option<Arc<str>>,
        request: ModerationRequest,
        author: Option<(AuthorKey, Arc<str>)>,
    ) -> Result<(), Refusal> {
        let (origin, person) = (RequestOrigin::Client(from.id), from.person);
        let actor = self.actor_on(from.slot).ok_or_else(Refusal::internal)?;
        let role = self.check_role(room, &actor, request.action)?;
        if role < Role::Moderator {
            // An invitation is a message to the whole room, with a reason to read.
            self.check_speech(step, from, room, true)?;
        }
        if author.is_none() {
            self.charge_send(step, from, Some(room))?;
        }
        let by_name = || request.user.as_deref().map(Aim::Name);
        let aim = author.map(|(author, name)| Aim::Author(author, name)).or_else(by_name);
        let target = match aim {
            Some(aim) if request.action.has_target() => {
                Some(self.target(room, &actor, role, request.action, &aim, step.now)?)
            }
            None if request.action.has_target() => {
                return Err(Refusal::new(Code::MissingField, "user is missing"));
            }
            _ => None,
        };
        let moderation = self.moderation(request, target.as_ref())?;
        self.check_room_for(room, &moderation, step.now)?;
        let (moderation, at, stamp) = (Arc::new(moderation), step.now, self.people.stamp);
        let present = self.present(room, &moderation);
        for author in
            target.iter().map(|target| target.author).chain(present.iter().map(|(it, _)| *it))
        {
            self.persist_session_of(step, author);
        }
        let inside = self.rooms.get_mut(room).ok_or_else(Refusal::internal)?;
        let is_new = |target: &&Actor| !inside.rules().may_read(Some(target.author));
        let invitation = target.as_ref().filter(|_| moderation.action == ModerationAction::Invite);
        let invitation = invitation.filter(is_new).map(|_| {
            let (name, by) = (Arc::clone(&inside.name), Arc::clone(&actor.name));
            OpenInvitation { name, by, ts: at.unix_ms }
        });
        let key_values =
            inside.begin(|rules| rules.apply(&moderation, target.as_ref(), &present, at, stamp));
        if role < Role::Moderator {
            inside.rules_mut().speaks(actor.author, at);
        }
        let moderated = Arc::clone(&moderation);
        let planned = Planned { moderation: moderated, target, at, stamp, key_values, invitation };
        let (change, planned) = (Change::Moderated { moderation }, Some(planned));
        self.record(step, origin, person, room, AppendRequest { id, change, planned, hook: None });
        Ok(())
    }

    fn moderation(
        &self,
        request: ModerationRequest,
        target: Option<&Actor>,
    ) -> Result<Moderation, Refusal> {
        let ModerationRequest { action, seconds, reason, .. } = request;
        if let Some(reason) = &reason {
            self.check_length(reason, self.limits.reason_chars_max)?;
        }
        let expected = match (action, seconds) {
            (ModerationAction::Slow, None) => {
                return Err(Refusal::new(Code::MissingField, "seconds is missing"));
            }
            (ModerationAction::Slow, Some(seconds)) => (seconds <= SLOW_MAX).then_some(seconds),
            (ModerationAction::Ban | ModerationAction::Mute, Some(seconds)) => {
                (1..=SECONDS_MAX).contains(&seconds).then_some(seconds)
            }
            _ => None,
        };
        if action.takes_seconds() && seconds.is_some() && expected.is_none() {
            let most = if action == ModerationAction::Slow { SLOW_MAX } else { SECONDS_MAX };
            return Err(Refusal::new(
                Code::BadField,
                format!("seconds: at most {most} are expected"),
            ));
        }
        let user = target.map(|target| Arc::clone(&target.name));
        Ok(Moderation { action, user, seconds: expected, reason })
    }

    /// Refuses a moderation that would exceed the limits of a room's lists.
    fn check_room_for(
        &self,
        room: RoomId,
        moderation: &Moderation,
        now: Now,
    ) -> Result<(), Refusal> {
        let inside = self.rooms.get(room).ok_or_else(Refusal::internal)?;
        let rules = inside.rules();
        let members = || (rules.member_states(), self.limits.members_max, "members");
        let (more, (count, most, what)) = match moderation.action {
            ModerationAction::MakePrivate => (inside.people.len(), members()),
            ModerationAction::Invite if !rules.private => (0, members()),
            ModerationAction::Invite | ModerationAction::Promote => (1, members()),
            ModerationAction::Mute => (1, (rules.mutes(now), self.limits.mutes_max, "mutes")),
            ModerationAction::Ban => (1, (rules.bans(now), self.limits.bans_max, "bans")),
            _ => return Ok(()),
        };
        if count.saturating_add(more) > most {
            return Err(Refusal::new(Code::RoomFull, format!("a room has at most {most} {what}")));
        }
        Ok(())
    }

    /// Lists the people who become members because they are in the room, up to the limit.
    fn present(&self, room: RoomId, moderation: &Moderation) -> Vec<(AuthorKey, Arc<str>)> {
        if moderation.action != ModerationAction::MakePrivate {
            return Vec::new();
        }
        let people = self.rooms.get(room).map_or(&[][..], |room| &room.people);
        let people = people.iter().filter_map(|key| self.people.get(*key));
        let people = people.take(self.limits.members_max);
        people.map(|person| (person.author, Arc::clone(&person.name))).collect()
    }

    /// Carries out a moderation whose entry was recorded.
    pub(in crate::chat) fn decided(
        &mut self,
        step: &mut Step<'_>,
        key: RoomId,
        planned: Planned,
        by: &Arc<str>,
    ) {
        let Planned { moderation, target, at, stamp, key_values, invitation } = planned;
        let present = self.present(key, &moderation);
        let Some(room) = self.rooms.get_mut(key) else { return };
        let dirty = room.carry_out(&key_values, |rules| {
            rules.apply(&moderation, target.as_ref(), &present, at, stamp)
        });
        let banned = target.as_ref().is_some_and(|it| room.rules().is_banned(it.author, at));
        self.moderation_ended(step, key, true);
        self.rooms.reindex(key);
        for dirty in &dirty {
            if let DirtyKey::MemberState(author) = dirty {
                self.persist_session_of(step, *author);
            }
        }
        match (moderation.action, target) {
            (ModerationAction::Kick, Some(target)) => {
                self.remove_from_room(step, key, &target, "kicked", &moderation, by);
            }
            (ModerationAction::Ban, Some(target)) => {
                self.remove_from_room(step, key, &target, "banned", &moderation, by);
            }
            (ModerationAction::Invite, Some(target)) if !banned => {
                self.invited(step, key, &target, invitation, by);
            }
            (ModerationAction::Invite, Some(target)) if invitation.is_some() => {
                self.drop_invitation(step, key, target.author);
            }
            (ModerationAction::MakePrivate, None) => {
                self.remove_non_members(step, key, &moderation, by);
            }
            _ => {}
        }
    }

    /// Records that a moderation is no longer pending, done or not.
    pub(in crate::chat) fn moderation_ended(
        &mut self,
        step: &mut Step<'_>,
        key: RoomId,
        done: bool,
    ) {
        let key_values = self.rooms.get_mut(key).map_or_else(Vec::new, |room| room.end(done));
        step.put(key_values);
    }

    /// Removes people who joined, beyond the member limit, while the room became private.
    fn remove_non_members(
        &mut self,
        step: &mut Step<'_>,
        key: RoomId,
        moderation: &Moderation,
        by: &Arc<str>,
    ) {
        let Some(room) = self.rooms.get(key) else { return };
        let people = room.people.iter().filter_map(|person| self.actor_of(*person));
        let strangers: Vec<Actor> =
            people.filter(|actor| !room.may_read(Some(actor.author))).collect();
        for stranger in strangers {
            self.remove_from_room(step, key, &stranger, "kicked", moderation, by);
        }
    }

    /// Removes a user from a room. Connections without another room are closed.
    fn remove_from_room(
        &mut self,
        step: &mut Step<'_>,
        room: RoomId,
        target: &Actor,
        why: &'static str,
        moderation: &Moderation,
        by: &Arc<str>,
    ) {
        if let Some(posters) = self.rooms.get_mut(room).and_then(|it| it.posters.as_mut()) {
            posters.forget(target.author);
        }
        self.revoke_membership(step, target.author, room);
        let Some(person) = self.people.of_session(target.author) else { return };
        let (by, reason) = (Arc::clone(by), moderation.reason.clone());
        for slot in self.take_out(step, room, person, &Removed { why, by, reason }) {
            let code = if why == "banned" { 4003 } else { 4004 };
            self.people.end_client(step, slot, code, why);
        }
        self.rooms.tell_presence(step, room, &self.limits);
        self.session_changed(step, person);
    }

    /// Takes a person out of a room, and tells its connections. Returns those whose last room it
    /// was.
    pub(in crate::chat) fn take_out(
        &mut self,
        step: &mut Step<'_>,
        room: RoomId,
        person: PersonId,
        removed: &Removed,
    ) -> Vec<ClientSlot> {
        let slots =
            self.people.get(person).map_or_else(Vec::new, |it| it.clients.as_slice().to_vec());
        let Some(name) = self.rooms.get(room).map(|room| Arc::clone(&room.name)) else {
            return Vec::new();
        };
        self.leave_room(person, room, removed.why);
        let mut nowhere = Vec::new();
        for slot in slots {
            self.unlisten(slot, room);
            let Some(client) = self.people.clients.get_mut(slot.index()) else { continue };
            if few::take(&mut client.subscriptions, |subscription| subscription.room == room)
                .is_none()
            {
                continue;
            }
            let id = client.id;
            if client.subscriptions.as_slice().is_empty() {
                nowhere.push(slot);
            }
            self.rooms.leaves_typing(person, id, room);
            let removed = Some(Box::new(removed.clone()));
            step.reply(id, ServerEvent::Left { re: None, room: Arc::clone(&name), removed });
        }
        nowhere
    }
}

impl ModerationAction {
    /// Whether it takes a duration.
    pub(in crate::chat) const fn takes_seconds(self) -> bool {
        matches!(self, Self::Slow | Self::Ban | Self::Mute)
    }
}

/// The longest interval of slow mode: six hours.
const SLOW_MAX: u64 = 6 * 60 * 60;
/// The longest temporary ban or mute: a hundred years.
const SECONDS_MAX: u64 = 100 * 365 * 24 * 60 * 60;
