//! Connections: how one is opened for a person, closed, and drained.

use std::net::IpAddr;
use std::sync::Arc;

use crate::chat::Chat;
use crate::chat::actions::membership::too_many_rooms;
use crate::chat::ids::{ClientId, ClientSlot, PersonId, RoomId};
use crate::chat::input::Admission;
use crate::chat::names::{RoomName, UserName};
use crate::chat::pending::ResumeRequest;
use crate::chat::people::client::{Client, ClientRef};
use crate::chat::people::{author_of, session_key};
use crate::chat::protocol::connect::ConnectParams;
use crate::chat::protocol::error::{Code, Refusal};
use crate::chat::protocol::payloads::Welcome;
use crate::chat::protocol::server_event::ServerEvent;
use crate::chat::record::AuthorKey;
use crate::chat::rooms::rules::Actor;
use crate::chat::step::Step;
use crate::clock::Now;

impl Chat {
    /// Opens a client: gives it a person and its rooms, and requests their history.
    pub(in crate::chat) fn opened(
        &mut self,
        step: &mut Step<'_>,
        id: ClientId,
        mut params: ConnectParams,
        seed: [u8; 16],
        admission: Admission,
    ) {
        let after_max = self.limits.positions_max.min(params.after.len());
        let left_out = params.after.split_off(after_max);
        let params = &params;
        if self.people.by_id.contains_key(&id) {
            return;
        }
        let Admission { network, login, fault } = admission;
        let mut faults: Vec<Refusal> = fault.into_iter().collect();
        let account = login.as_ref().and_then(|login| {
            let account = self.account_of(step, login);
            account.map_err(|gone| faults.push(gone)).ok()
        });
        let mut news = Vec::new();
        let (person, session, renamed) = match account {
            Some(account) => {
                let person = self.person_of(step, &account);
                news = self.name_account(step, person, &account);
                (person, "".into(), false)
            }
            None => self.somebody(params, seed, &mut faults),
        };
        let mode = params.mode.unwrap_or(self.limits.mode);
        let mut client = Client::new(id, person, mode, params.echo.unwrap_or(self.limits.echo));
        client.since = step.now.unix_ms;
        client.network = network;
        client.memberships = params.memberships;
        client.knows_restart =
            params.chat_v1 || params.session.is_some() || !params.after.is_empty();
        let before = self.rooms_before(step.now, person, params, network, &mut faults);
        let slot = self.people.open(client);
        if let Some(login) = login.filter(|_| session.is_empty()) {
            self.people.hold_login(step, slot, &login);
        }
        let (joined, replay_only) = self.requested_rooms(step, slot, params, &before, &mut faults);
        let rooms: Vec<RoomId> = joined.iter().chain(&replay_only).copied().collect();
        self.count_in(step.now, person);
        // The current room is the one joined last.
        for &room in rooms.iter().rev() {
            self.subscribe(slot, room);
        }
        for &room in &replay_only {
            self.replay_only(slot, room);
        }
        let author = self.people.author_of(slot);
        let from = ClientRef { id, slot, person, author };
        let named = self.named_rooms(from, params, &joined);
        for &room in &named {
            self.become_member(step, from, room);
        }
        let mut welcome = self.welcome(step, person, session, renamed, &joined);
        welcome.admin = self.people.is_admin(slot);
        welcome.memberships =
            (welcome.account && params.memberships).then(|| self.memberships_of(author));
        step.reply(id, ServerEvent::Welcome(Box::new(welcome)));
        for fault in faults {
            step.reply(id, ServerEvent::Error(Box::new(fault)));
        }
        tell_ignored(step, id, params, &left_out);
        self.send_backlog(step, from, params, &rooms, &named);
        let counted = [&joined[..], self.rooms.directs.of(author)].concat();
        self.count_unread(step, from, &counted);
        for &room in rooms.iter().chain(&news) {
            self.rooms.tell_presence(step, room, &self.limits);
        }
        self.session_changed(step, person);
        if let Some(farewell) = self.farewell {
            self.say_bye(step, slot, farewell.any_ms(id.0));
        }
    }

    /// Finds the client's person by its session, or creates one. Returns the person, its session
    /// key, and whether its name is not the requested one.
    fn somebody(
        &mut self,
        params: &ConnectParams,
        seed: [u8; 16],
        faults: &mut Vec<Refusal>,
    ) -> (PersonId, Box<str>, bool) {
        let requested = params.name.as_deref().filter(|name| !name.trim().is_empty());
        let requested = requested.map(|requested| UserName::parse(requested, &self.limits));
        if let Some(session) = &params.session
            && let Some(person) = self.people.guest_of(session)
        {
            self.people.reattach(person);
            let mut renamed = self.people.restore_name(person, &self.limits);
            if self.people.get(person).is_some_and(|person| !person.named)
                && let Some(Ok(name)) = requested
            {
                renamed = self.call(person, &name, None);
            }
            return (person, session.as_str().into(), renamed);
        }
        let session = session_key(seed);
        let person = self.people.add(author_of(&session));
        let renamed = match requested {
            Some(Ok(name)) => self.call(person, &name, None),
            Some(Err(fault)) => {
                faults.push(Refusal::new(Code::NameInvalid, fault));
                self.people.assign_name(person, &UserName::anonymous(), &self.limits);
                true
            }
            None => {
                self.people.assign_name(person, &UserName::anonymous(), &self.limits);
                false
            }
        };
        (person, session, renamed)
    }

    /// Finds the rooms to join, the current one first, and the private conversations to replay
    /// only.
    fn requested_rooms(
        &mut self,
        step: &Step<'_>,
        slot: ClientSlot,
        params: &ConnectParams,
        before: &[Arc<str>],
        faults: &mut Vec<Refusal>,
    ) -> (Vec<RoomId>, Vec<RoomId>) {
        let Some(who) = self.actor_on(slot) else { return (Vec::new(), Vec::new()) };
        let network = self.people.clients.get(slot.index()).and_then(|client| client.network);
        let most = self.rooms_max(slot);
        let named = params.rooms.iter().map(String::as_str);
        let resumed = || params.after.iter().map(|(room, _)| room.as_str());
        let (direct, open): (Vec<&str>, Vec<&str>) =
            resumed().partition(|room| room.starts_with('@'));
        let before = before.iter().map(|room| &**room);
        let mut rooms = Vec::new();
        for requested in named.chain(open).chain(before) {
            self.request_room(step, (&who, network, most), requested, &mut rooms, faults);
        }
        if rooms.is_empty() {
            let lobby = self.limits.lobby.clone();
            self.request_room(step, (&who, network, most), &lobby, &mut rooms, faults);
        }
        let joined = rooms.clone();
        for requested in direct {
            self.request_room(step, (&who, network, most), requested, &mut rooms, faults);
        }
        let replay_only = rooms.split_off(joined.len());
        (joined, replay_only)
    }

    /// Adds a room to those to join, or the reason why not to the faults.
    fn request_room(
        &mut self,
        step: &Step<'_>,
        (who, network, most): (&Actor, Option<IpAddr>, usize),
        requested: &str,
        rooms: &mut Vec<RoomId>,
        faults: &mut Vec<Refusal>,
    ) {
        // One fault reports all rooms above the limit.
        let full = rooms.len() >= most;
        let known = RoomName::parse(requested, &self.limits)
            .is_ok_and(|name| self.rooms.find(&name.key).is_some_and(|room| rooms.contains(&room)));
        if known || (full && faults.iter().any(|fault| fault.code == Code::TooManyRooms)) {
            return;
        }
        if full {
            faults.push(too_many_rooms(most));
            return;
        }
        match self.room_to_join(step, who, true, network, requested) {
            Ok(room) if rooms.contains(&room) => {}
            Ok(room) => rooms.push(room),
            Err(fault) if faults.len() < self.limits.rooms_per_client_max => faults.push(fault),
            Err(_) => {}
        }
    }

    /// Returns the names of the rooms that a new connection joins unasked, the current one first:
    /// those its account is a member of, if it asks for these, else those its person was in.
    fn rooms_before(
        &mut self,
        now: Now,
        person: PersonId,
        params: &ConnectParams,
        network: Option<IpAddr>,
        faults: &mut Vec<Refusal>,
    ) -> Vec<Arc<str>> {
        let account = self.people.get(person).filter(|person| person.account);
        if let Some(author) = account.filter(|_| params.memberships).map(|it| it.author)
            && self.rooms.memberships.count(author) > 0
        {
            return self.rooms_of_account(now, author, network).unwrap_or_else(|refusal| {
                faults.push(refusal);
                Vec::new()
            });
        }
        let mut rooms = self.rooms_of(person);
        rooms.reverse();
        rooms
    }

    /// Lists the rooms of a new connection that it has named; all, if it asks for memberships and
    /// has none yet.
    fn named_rooms(
        &self,
        from: ClientRef,
        params: &ConnectParams,
        joined: &[RoomId],
    ) -> Vec<RoomId> {
        if params.memberships && self.rooms.memberships.count(from.author) == 0 {
            return joined.to_vec();
        }
        let named = params.rooms.iter().filter_map(|room| self.rooms.room_named(Some(room)));
        named.filter(|room| joined.contains(room)).collect()
    }

    fn welcome(
        &self,
        step: &Step<'_>,
        person: PersonId,
        session: Box<str>,
        renamed: bool,
        rooms: &[RoomId],
    ) -> Welcome {
        let limits = &self.limits;
        let who = self.people.get(person);
        let own = who.map_or(AuthorKey([0; 16]), |person| person.author);
        let account = who.is_some_and(|person| person.account);
        let (per_s, burst) = if account {
            (limits.account_sends_per_second_max, limits.account_sends_burst_max)
        } else {
            (limits.sends_per_second_max, limits.sends_burst_max)
        };
        let current = rooms.first().and_then(|room| self.rooms.get(*room));
        Welcome {
            ts: step.now.unix_ms,
            you: self.people.get(person).map_or_else(|| "".into(), |it| Arc::clone(&it.name)),
            renamed,
            session,
            account,
            admin: false,
            epoch: Arc::clone(&self.epoch),
            current: current.map(|room| Arc::clone(room.name_for(own))),
            rooms: rooms.iter().filter_map(|room| self.line_for(own, *room)).collect(),
            directs: self.direct_summaries(own),
            memberships: None,
            invitations: self.invitations_of(own),
            ping_ms: u64::try_from(limits.ping_after.as_millis()).unwrap_or(u64::MAX),
            content_max: limits.content_chars_max,
            frame_max: limits.frame_bytes_max,
            burst,
            per_s,
            file_max: limits.files.then_some(limits.file_bytes_max),
        }
    }

    /// Sends a new client what it missed in rooms for which it gave a position, and the last
    /// messages of the others.
    fn send_backlog(
        &mut self,
        step: &mut Step<'_>,
        from: ClientRef,
        params: &ConnectParams,
        rooms: &[RoomId],
        named: &[RoomId],
    ) {
        let mut missed: Vec<(RoomId, u64)> = Vec::new();
        for (requested, after) in &params.after {
            let room = if requested.starts_with('@') {
                self.direct(from.author, requested)
            } else {
                self.rooms.room_named(Some(requested))
            };
            if let Some(room) = room
                && rooms.contains(&room)
                && missed.iter().all(|(other, _)| *other != room)
            {
                missed.push((room, *after));
            }
        }
        for &room in rooms {
            if missed.iter().all(|(other, _)| *other != room) {
                // Of the other rooms of an account the client asks for the history when it needs it.
                let is_quiet = params.memberships && !named.contains(&room);
                let is_current = rooms.first() == Some(&room);
                let history = if is_quiet && !is_current { Some(0) } else { params.history };
                self.greet(step, from, room, history);
            }
        }
        if missed.is_empty() {
            return;
        }
        if let Err(mismatch) = self.check_epoch(params.epoch.as_deref()) {
            for (room, _) in missed {
                self.listen(from.slot, room);
            }
            step.reply(from.id, ServerEvent::Error(Box::new(mismatch)));
            return;
        }
        self.start_resume(step, from, ResumeRequest { re: None, rooms: missed });
    }

    /// Handles the end of a client's WebSocket.
    pub(in crate::chat) fn closed(&mut self, step: &Step<'_>, id: ClientId, timed_out: bool) {
        let Some(slot) = self.people.by_id.get(&id).copied() else { return };
        let Some(person) = self.people.clients.get(slot.index()).map(|client| client.person) else {
            return;
        };
        let rooms: Vec<Arc<str>> = self.rooms_of(person);
        let subscriptions: Vec<RoomId> =
            self.people.clients.get(slot.index()).map_or_else(Vec::new, |client| {
                client
                    .subscriptions
                    .as_slice()
                    .iter()
                    .map(|subscription| subscription.room)
                    .collect()
            });
        for &room in &subscriptions {
            self.unlisten(slot, room);
            self.rooms.leaves_typing(person, id, room);
        }
        self.people.close(slot);
        for &room in &subscriptions {
            self.rooms.leave_direct(room);
        }
        let Some(gone) = self.people.get_mut(person) else { return };
        for room in subscriptions {
            let Some(membership) = gone.membership(room) else { continue };
            membership.conns = membership.conns.saturating_sub(1);
            if membership.conns == 0 {
                (membership.left, membership.timed_out) = (step.now.at, timed_out);
            }
        }
        if gone.clients.as_slice().is_empty() {
            gone.left = step.now.at;
            gone.rooms = rooms.into();
        }
        self.people.schedule_leave(person, step.now.at, &self.limits);
        self.count_out(person);
    }
}

/// Sends a client notices of the parameters that were unreadable or too many.
fn tell_ignored(
    step: &mut Step<'_>,
    id: ClientId,
    params: &ConnectParams,
    left_out: &[(String, u64)],
) {
    for expected in &params.ignored {
        step.notice(id, None, "parameter_ignored", *expected);
    }
    if !left_out.is_empty() {
        let rooms: Vec<&str> = left_out.iter().map(|(room, _)| room.as_str()).collect();
        let message = format!(
            "at most {} rooms are brought up to date here; ask for these with resume: {}",
            params.after.len(),
            rooms.join(", ")
        );
        step.notice(id, None, "rooms_left_out", message);
    }
}
