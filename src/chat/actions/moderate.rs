//! Keeping order: who may do what to whom, and what becomes of it.
//!
//! What is done is an entry of the room's record like any other, and what follows from it is kept
//! in one with that entry. It takes effect when the entry is there.

use std::sync::Arc;

use crate::chat::Chat;
use crate::chat::actions::idempotency::as_said;
use crate::chat::effect::Effect;
use crate::chat::ids::{ClientSlot, PersonId, RoomId};
use crate::chat::pending::{Asker, Planned, Wish};
use crate::chat::protocol::client_event::Demand;
use crate::chat::protocol::error::{Code, Refusal};
use crate::chat::protocol::payloads::Ousted;
use crate::chat::protocol::server_event::ServerEvent;
use crate::chat::record::{Action, AuthorKey, Change, Deed, Fact, Keep, Order};
use crate::chat::rooms::rules::{Party, Rank, Touched};
use crate::chat::step::Step;
use crate::clock::Now;

impl Chat {
    /// Checks what somebody wants to do to keep order, and has it recorded.
    pub(in crate::chat) fn moderate(
        &mut self,
        step: &mut Step<'_>,
        slot: ClientSlot,
        named: Option<&str>,
        id: Option<Arc<str>>,
        demand: Demand,
    ) -> Result<(), Refusal> {
        let again = id.as_ref().map(|_| demand.clone());
        let room = self.room_of(slot, named);
        let inside = room.as_ref().ok().copied();
        let done = room.and_then(|room| self.decide(step, slot, room, id.clone(), demand));
        let (Err(refusal), Some(demand)) = (&done, again) else { return done };
        let user = demand.user.as_ref().and_then(|user| self.somebody_called(user));
        let change = as_said(&demand, user.map(|user| user.name));
        let room = inside.or_else(|| self.rooms.room_named(named));
        self.refuse_unless_done(step, slot, room, id, change, refusal.clone())
    }

    fn decide(
        &mut self,
        step: &mut Step<'_>,
        slot: ClientSlot,
        room: RoomId,
        id: Option<Arc<str>>,
        demand: Demand,
    ) -> Result<(), Refusal> {
        let Some(client) = self.people.clients.get(slot.index()) else { return Ok(()) };
        let (asker, person) = (Asker::Client(client.id), client.person);
        let Some(actor) = self.party_of(person) else { return Ok(()) };
        let rank = self.check_rank(room, &actor, demand.action)?;
        if rank < Rank::Moderator {
            // Who invites tells the whole room, with a reason to read.
            self.check_speech(step, slot, room, true)?;
        }
        self.may_send(step, slot, Some(room))?;
        let aim = match &demand.user {
            Some(user) if demand.action.has_aim() => {
                Some(self.aim(room, &actor, rank, demand.action, user)?)
            }
            None if demand.action.has_aim() => {
                return Err(Refusal::new(Code::MissingField, "user is missing"));
            }
            _ => None,
        };
        let deed = self.deed(demand, aim.as_ref())?;
        self.check_room_for(room, &deed, step.now)?;
        let (deed, at) = (Arc::new(deed), step.now);
        let present = self.present(room, &deed);
        for author in aim.iter().map(|aim| aim.author).chain(present.iter().map(|(it, _)| *it)) {
            self.keep_standing(step, author);
        }
        let Some(inside) = self.rooms.get_mut(room) else { return Ok(()) };
        let facts = inside.begin(|rules| rules.apply(&deed, aim.as_ref(), &present, at));
        if rank < Rank::Moderator {
            inside.rules_mut().speaks(actor.author, at);
        }
        let planned = Planned { deed: Arc::clone(&deed), aim, at, facts };
        let (change, planned) = (Change::Moderated { deed }, Some(planned));
        self.record(step, asker, person, room, Wish { id, change, planned });
        Ok(())
    }

    /// Who somebody is to those who keep order.
    pub(in crate::chat) fn party_of(&self, person: PersonId) -> Option<Party> {
        let person = self.people.get(person)?;
        let latest = person.clients.as_slice().last();
        let client = latest.and_then(|slot| self.people.clients.get(slot.index()));
        Some(Party {
            author: person.author,
            name: Arc::clone(&person.name),
            account: person.account,
            admin: person.admin,
            network: client.and_then(|client| client.network).filter(|it| !it.is_loopback()),
        })
    }

    fn deed(&self, demand: Demand, aim: Option<&Party>) -> Result<Deed, Refusal> {
        let Demand { action, seconds, reason, .. } = demand;
        if let Some(reason) = &reason {
            self.check_length(reason, self.limits.reason_chars_max)?;
        }
        let expected = match (action, seconds) {
            (Action::Slow, None) => {
                return Err(Refusal::new(Code::MissingField, "seconds is missing"));
            }
            (Action::Slow, Some(seconds)) => (seconds <= SLOW_MAX).then_some(seconds),
            (Action::Ban | Action::Mute, Some(seconds)) => {
                (1..=SECONDS_MAX).contains(&seconds).then_some(seconds)
            }
            _ => None,
        };
        if action.takes_seconds() && seconds.is_some() && expected.is_none() {
            let most = if action == Action::Slow { SLOW_MAX } else { SECONDS_MAX };
            return Err(Refusal::new(
                Code::BadField,
                format!("seconds: at most {most} are expected"),
            ));
        }
        let user = aim.map(|aim| Arc::clone(&aim.name));
        Ok(Deed { action, user, seconds: expected, reason })
    }

    /// Makes sure that the lists of a room do not grow beyond their limits.
    fn check_room_for(&self, room: RoomId, deed: &Deed, now: Now) -> Result<(), Refusal> {
        let Some(inside) = self.rooms.get(room) else { return Ok(()) };
        let more = match deed.action {
            Action::MakePrivate => inside.people.len(),
            Action::Invite if !inside.rules().private => 0,
            Action::Invite | Action::Mute | Action::Promote => 1,
            Action::Ban => return self.check_bans(inside.rules().bans(now)),
            _ => return Ok(()),
        };
        if inside.rules().standings(now).saturating_add(more) > self.limits.members_max {
            let most = self.limits.members_max;
            return Err(Refusal::new(Code::RoomFull, format!("a room has at most {most} members")));
        }
        Ok(())
    }

    fn check_bans(&self, bans: usize) -> Result<(), Refusal> {
        if bans < self.limits.bans_max {
            return Ok(());
        }
        Err(Refusal::new(
            Code::RoomFull,
            format!("a room has at most {} bans", self.limits.bans_max),
        ))
    }

    /// Lists who becomes a member by being in the room: as many as it may have.
    fn present(&self, room: RoomId, deed: &Deed) -> Vec<(AuthorKey, Arc<str>)> {
        if deed.action != Action::MakePrivate {
            return Vec::new();
        }
        let people = self.rooms.get(room).map_or(&[][..], |room| &room.people);
        let people = people.iter().filter_map(|key| self.people.get(*key));
        let people = people.take(self.limits.members_max);
        people.map(|person| (person.author, Arc::clone(&person.name))).collect()
    }

    /// Does what was decided: its entry is in the record.
    pub(in crate::chat) fn decided(
        &mut self,
        step: &mut Step<'_>,
        key: RoomId,
        planned: Planned,
        by: &Arc<str>,
    ) {
        let Planned { deed, aim, at, facts } = planned;
        let present = self.present(key, &deed);
        let Some(room) = self.rooms.get_mut(key) else { return };
        let touched =
            room.carry_out(&facts, |rules| rules.apply(&deed, aim.as_ref(), &present, at));
        self.deed_ended(step, key, true);
        self.rooms.reindex(key);
        for touched in &touched {
            if let Touched::Standing(author) = touched {
                self.keep_standing(step, *author);
            }
        }
        match (deed.action, aim) {
            (Action::Kick, Some(aim)) => self.oust(step, key, &aim, "kicked", &deed, by),
            (Action::Ban, Some(aim)) => self.oust(step, key, &aim, "banned", &deed, by),
            (Action::Invite, Some(aim)) => self.tell_invited(step, key, &aim, by),
            (Action::MakePrivate, None) => self.oust_strangers(step, key, &deed, by),
            _ => {}
        }
    }

    /// Takes note that a deed is not under way any more, done or not.
    pub(in crate::chat) fn deed_ended(&mut self, step: &mut Step<'_>, key: RoomId, done: bool) {
        let facts = self.rooms.get_mut(key).map_or_else(Vec::new, |room| room.end(done));
        keep(step, facts);
    }

    /// Takes those out of a room that has become private who came while it did, beyond its limit.
    fn oust_strangers(&mut self, step: &mut Step<'_>, key: RoomId, deed: &Deed, by: &Arc<str>) {
        let Some(room) = self.rooms.get(key) else { return };
        let people = room.people.iter().filter_map(|person| self.party_of(*person));
        let strangers: Vec<Party> =
            people.filter(|party| !room.may_read(Some(party.author))).collect();
        for stranger in strangers {
            self.oust(step, key, &stranger, "kicked", deed, by);
        }
    }

    /// Has the session of a guest kept that is something in a room, or banned from it: it is to be
    /// that after a crash.
    pub(in crate::chat) fn keep_standing(&mut self, step: &mut Step<'_>, author: AuthorKey) {
        if let Some(key) = self.people.of_session(author)
            && self.people.get(key).is_some_and(|person| !person.kept)
        {
            self.keep_session(step, key);
        }
    }

    /// Takes somebody out of a room. Whose last room it was is closed.
    fn oust(
        &mut self,
        step: &mut Step<'_>,
        room: RoomId,
        aim: &Party,
        why: &'static str,
        deed: &Deed,
        by: &Arc<str>,
    ) {
        let Some(person) = self.people.of_session(aim.author) else { return };
        let slots =
            self.people.get(person).map_or_else(Vec::new, |it| it.clients.as_slice().to_vec());
        let Some(name) = self.rooms.get(room).map(|room| Arc::clone(&room.name)) else { return };
        self.unplace(person, room, why);
        for slot in slots {
            self.unlisten(slot, room);
            let Some(client) = self.people.clients.get_mut(slot.index()) else { continue };
            if client.seats.take(|seat| seat.room == room).is_none() {
                continue;
            }
            let (id, last) = (client.id, client.seats.as_slice().is_empty());
            self.rooms.leaves_typing(person, id, room);
            let (by, reason) = (Arc::clone(by), deed.reason.clone());
            let ousted = Some(Box::new(Ousted { why, by, reason }));
            step.reply(id, ServerEvent::Left { re: None, room: Arc::clone(&name), ousted });
            if last {
                let code = if why == "banned" { 4003 } else { 4004 };
                self.people.end_client(step, slot, code, why);
            }
        }
        self.rooms.tell_presence(step, room, &self.limits);
        self.session_changed(step, person);
    }

    fn tell_invited(&self, step: &mut Step<'_>, room: RoomId, aim: &Party, by: &Arc<str>) {
        let Some(name) = self.rooms.get(room).map(|room| Arc::clone(&room.name)) else { return };
        for client in self.people.clients_of(aim.author) {
            let (re, room) = (None, Some(Arc::clone(&name)));
            let message = format!("{by} invites you to {name}; /join {name}").into();
            step.reply(client, ServerEvent::Notice { re, room, code: "invited", message });
        }
    }

    /// Forgets what somebody was in any room, and its conversations: it will not come back.
    pub(in crate::chat) fn forget_author(&mut self, step: &mut Step<'_>, author: AuthorKey) {
        for key in self.rooms.stakes(author) {
            let Some(room) = self.rooms.get_mut(key) else { continue };
            let facts = room.amend(|rules| rules.forget(author));
            if room.rules().kept || room.top > 0 {
                keep(step, facts);
            }
            self.rooms.reindex(key);
        }
        self.forget_marks(step, author);
        self.forget_directs(step, author);
    }

    /// Lets whoever was a guest go on as an account: what it was in rooms it is still.
    pub(in crate::chat) fn inherit(&mut self, step: &mut Step<'_>, from: AuthorKey, to: AuthorKey) {
        for key in self.rooms.stakes(from) {
            let name = self.called(to).unwrap_or_default();
            let Some(room) = self.rooms.get_mut(key) else { continue };
            let facts = room.amend(|rules| rules.hand_on(from, to, &name));
            if room.top > 0 {
                keep(step, facts);
            }
            self.rooms.reindex(key);
        }
    }
}

fn keep(step: &mut Step<'_>, facts: Vec<Fact>) {
    if !facts.is_empty() {
        step.effects.push(Effect::Order(Order::Keep(Keep { ticket: None, facts })));
    }
}

impl Action {
    /// Whether it is done for some time.
    pub(in crate::chat) const fn takes_seconds(self) -> bool {
        matches!(self, Self::Slow | Self::Ban | Self::Mute)
    }
}

/// The longest pause of slow mode: six hours.
const SLOW_MAX: u64 = 6 * 60 * 60;
/// The longest ban or mute with an end: a hundred years.
const SECONDS_MAX: u64 = 100 * 365 * 24 * 60 * 60;
