//! Greetings and resumes: the pages a client waits for before it receives a room's events.
//!
//! A page arrives later than it was requested, and the room goes on meanwhile. So a client that
//! waits for one is not in the audience; the room keeps its published entries while any client
//! waits. When the page arrives, the client is sent the page, then the kept entries above the
//! page's top, and only then joins the audience. Nothing is missed and nothing is sent twice: a
//! page may already include entries that the room has yet to publish, and those are left out of it.

use std::sync::Arc;

use crate::chat::Chat;
use crate::chat::effect::Effect;
use crate::chat::ids::{RoomId, number_of};
use crate::chat::output_mode::OutputMode;
use crate::chat::pending::{PendingPage, Purpose, Resume, ResumePart, ResumeRequest};
use crate::chat::people::client::{Client, ClientRef, Delivery};
use crate::chat::protocol::error::{Code, Refusal};
use crate::chat::protocol::payloads::{Missed, Resumed};
use crate::chat::protocol::server_event::ServerEvent;
use crate::chat::protocol::wire_size;
use crate::chat::record::{AuthorKey, Entry, JournalError, Page, PageContent, Span};
use crate::chat::rooms::Room;
use crate::chat::step::Step;

impl Chat {
    /// Sends a client that has just joined the last messages, then adds it to the audience.
    pub(in crate::chat) fn greet(
        &mut self,
        step: &mut Step<'_>,
        from: ClientRef,
        room: RoomId,
        history: Option<u32>,
    ) {
        let limit = history.unwrap_or(self.limits.history_default).min(self.limits.history_max);
        let inside = self.rooms.get(room);
        let top = inside.map_or(0, |room| room.top);
        if limit == 0 || !inside.is_some_and(Room::has_record) {
            self.listen(from.slot, room);
            return;
        }
        let Some(wait) = self.wait(from, room) else { return };
        self.request_page(
            step,
            from.id,
            room,
            Span::Latest,
            limit,
            Purpose::Greeting { wait, top },
        );
    }

    /// Sends a client what it missed, then adds it to the audience.
    pub(in crate::chat) fn start_resume(
        &mut self,
        step: &mut Step<'_>,
        from: ClientRef,
        wanted: ResumeRequest,
    ) {
        let client = from.id;
        let resume = number_of(self.pending.resumes.vacant_key());
        let mut parts = Vec::new();
        let mut missing = 0_usize;
        let entries = u32::try_from(self.limits.resume_entries_max).unwrap_or(u32::MAX);
        for (room, after) in wanted.rooms {
            let Some(wait) = self.wait(from, room) else { continue };
            let top = self.rooms.get(room).map_or(0, |room| room.top);
            if after < top {
                missing = missing.saturating_add(1);
                let purpose = Purpose::Missed { resume, part: parts.len() };
                self.request_page(step, from.id, room, Span::Entries(after), entries, purpose);
            }
            parts.push(ResumePart { room, wait, after, top, page: None });
        }
        self.pending.resumes.insert(Resume { client, re: wanted.re, parts, missing });
        if missing == 0 {
            self.finish_resume(step, resume);
        }
    }

    /// Refuses positions of another epoch.
    pub(in crate::chat) fn check_epoch(&self, epoch: Option<&str>) -> Result<(), Refusal> {
        match epoch {
            Some(epoch) if epoch != &*self.epoch => {
                Err(Refusal::new(Code::EpochMismatch, "the epoch has changed; start over"))
            }
            _ => Ok(()),
        }
    }

    /// Handles a page that arrived.
    pub(in crate::chat) fn paged(
        &mut self,
        step: &mut Step<'_>,
        pending: PendingPage,
        page: Result<Page, JournalError>,
    ) {
        self.rooms.request_answered(pending.room);
        if !matches!(pending.purpose, Purpose::Requested { .. } | Purpose::Counting) {
            self.people.answer_arrived(step, pending.client);
        }
        let from = self.people.client_ref(pending.client);
        match pending.purpose {
            Purpose::Asked { re } => match (from, page) {
                (Some(from), _) if !self.still_reads(from, pending.room) => {
                    step.reply(from.id, gone(re));
                }
                (Some(from), Ok(page)) => {
                    let nothing = matches!(&page.found, PageContent::Messages(it) if it.is_empty());
                    if nothing && self.output_mode(pending.client) != OutputMode::Json {
                        step.notice(from.id, re, "history", "There is nothing.".to_owned());
                    } else {
                        self.send_page(step, from, pending.room, pending.span, re, page);
                    }
                }
                (Some(from), Err(why)) => self.unread(step, from, pending.room, re, why),
                (None, _) => {}
            },
            Purpose::Pin { list, mid } => {
                self.pin_arrived(step, from, pending.room, (list, mid), page);
            }
            Purpose::Counting => self.counted(step, pending.room, page),
            Purpose::Requested { by } => {
                let own = by.unwrap_or(AuthorKey([0; 16]));
                let may = self.rooms.get(pending.room).is_some_and(|room| room.may_read(by));
                let event = match page {
                    _ if !may => gone(None),
                    Ok(page) => self.requested(by, pending.room, pending.span, page),
                    Err(why) => self.unreadable(own, pending.room, None, why),
                };
                step.respond(pending.client, event);
            }
            Purpose::Greeting { wait, top } => {
                let waits = |from: &ClientRef| {
                    let client = self.people.clients.get(from.slot.index());
                    client.is_some_and(|client| client.waits(pending.room, wait))
                };
                if let Some(from) = from.filter(waits) {
                    self.greeted(step, from, &pending, top, page);
                }
                self.rooms.waited(pending.room);
            }
            Purpose::Missed { resume, part } => {
                let Some(pending_resume) = self.pending.resumes.get_mut(resume as usize) else {
                    return;
                };
                if let Some(part) = pending_resume.parts.get_mut(part) {
                    part.page = page.ok();
                }
                pending_resume.missing = pending_resume.missing.saturating_sub(1);
                if pending_resume.missing == 0 {
                    self.finish_resume(step, resume);
                }
            }
        }
        self.rooms.vacate(pending.room);
    }

    /// Whether a client may still read a room: it may have become private since the request.
    fn still_reads(&self, from: ClientRef, room: RoomId) -> bool {
        let own = from.author;
        self.rooms.get(room).is_some_and(|room| room.may_read(Some(own)))
    }

    /// Sends a client the page it waited for, then what was published meanwhile, then adds it to
    /// the audience.
    fn greeted(
        &mut self,
        step: &mut Step<'_>,
        from: ClientRef,
        pending: &PendingPage,
        top: u64,
        page: Result<Page, JournalError>,
    ) {
        let shown = match page {
            Ok(page) => {
                let top = page.top;
                self.send_page(step, from, pending.room, pending.span, None, page);
                top
            }
            Err(why) => {
                self.unread(step, from, pending.room, None, why);
                top
            }
        };
        self.catch_up(step, from, pending.room, shown);
        self.listen(from.slot, pending.room);
    }

    /// Removes a client from a room's audience until a page arrives. Returns the wait number.
    fn wait(&mut self, from: ClientRef, room: RoomId) -> Option<u32> {
        self.unlisten(from.slot, room);
        let subscription = self.people.clients.get_mut(from.slot.index())?.subscription(room)?;
        self.pending.waits = self.pending.waits.wrapping_add(1).max(1);
        subscription.delivery = Delivery::Waiting(self.pending.waits);
        let room = self.rooms.get_mut(room)?;
        room.waiting = room.waiting.saturating_add(1);
        Some(self.pending.waits)
    }

    /// Sends a client the entries its room published above this `seq` while it waited.
    fn catch_up(&self, step: &mut Step<'_>, from: ClientRef, room: RoomId, after: u64) {
        let Some((client, _)) = self.people.client(from.slot) else { return };
        let Some(room) = self.rooms.get(room) else { return };
        let own = from.author;
        let known = after.saturating_add(1);
        let above = room.top.saturating_add(1);
        let kept = room.recent.front().map_or(above, |recent| recent.seq);
        if kept > known {
            step.reply(
                client.id,
                ServerEvent::gap(room.name_for(own), known, kept.saturating_sub(1), "slow"),
            );
        }
        for recent in room.recent.iter().filter(|recent| recent.seq > after) {
            if client.echo || recent.except != Some(client.id) {
                let event = recent.event.clone();
                step.reply(client.id, self.as_seen_by(own, room, event));
            }
        }
    }

    /// Sends a resuming client everything it missed, once all pages have arrived.
    fn finish_resume(&mut self, step: &mut Step<'_>, key: u32) {
        let Some(resume) = self.pending.resumes.try_remove(key as usize) else { return };
        if let Some(from) = self.people.client_ref(resume.client)
            && let Some((client, _)) = self.people.client(from.slot)
        {
            let mut budget = self.limits.resume_bytes_max;
            let mut rooms = Vec::new();
            let mut replays = Vec::new();
            for part in &resume.parts {
                let Some(room) = self.rooms.get(part.room) else { continue };
                if client.waits(part.room, part.wait) {
                    let own = from.author;
                    let (missed, replay) = replay(part, room, (own, client), &mut budget);
                    let replay = replay.into_iter().map(|event| self.as_seen_by(own, room, event));
                    let replay: Vec<ServerEvent> = replay.collect();
                    replays.push((part.room, missed.to, replay));
                    rooms.push(missed);
                }
            }
            let you = self.people.get(client.person).map(|person| Arc::clone(&person.name));
            let epoch = Arc::clone(&self.epoch);
            let resumed = Resumed { re: resume.re, you: you.unwrap_or_default(), epoch, rooms };
            step.reply(resume.client, ServerEvent::Resumed(Box::new(resumed)));
            for (room, to, replay) in replays {
                step.effects.extend(
                    replay.into_iter().map(|event| Effect::Reply { client: resume.client, event }),
                );
                self.catch_up(step, from, room, to);
                if let Some(room) = self.rooms.get(room) {
                    let own = from.author;
                    let (room, seq) = (Arc::clone(room.name_for(own)), room.top);
                    step.reply(resume.client, ServerEvent::Live { room, seq });
                }
                self.listen(from.slot, room);
            }
        }
        for part in resume.parts {
            self.rooms.waited(part.room);
        }
    }
}

/// Returns what a client missed in a room, and the events that repeat it as far as the budget in
/// bytes allows.
fn replay(
    part: &ResumePart,
    room: &Room,
    (own, client): (AuthorKey, &Client),
    budget: &mut usize,
) -> (Missed, Vec<ServerEvent>) {
    let from = part.after.saturating_add(1);
    let name = room.name_for(own);
    let mut missed = Missed { room: Arc::clone(name), from, to: part.top, lost: None };
    if part.after > part.top {
        missed.lost = Some((part.top.saturating_add(1), part.after, "unknown"));
    }
    if part.after >= part.top {
        return (missed, Vec::new());
    }
    let (entries, lost): (&[Entry], &[_]) = match &part.page {
        Some(Page { found: PageContent::Entries(entries), top, lost, .. }) => {
            missed.to = room.top.min(*top);
            (entries, lost)
        }
        _ => (&[], &[]),
    };
    let mut losses: Vec<(u64, u64, &'static str)> = lost
        .iter()
        .map(|&(first, last)| (first.max(from), last.min(missed.to), "retention"))
        .filter(|(first, last, _)| first <= last)
        .collect();
    let pruned = losses.first().filter(|(first, ..)| *first == from);
    let mut reached = pruned.map_or(part.after, |(_, last, _)| *last);
    let mut events = Vec::new();
    for entry in entries.iter().filter(|entry| entry.seq <= missed.to) {
        // The connection knows what it sent itself while it waits; what it sent before, it asked for.
        if client.echo || entry.seq <= part.top || !room.is_own(entry.seq, client.id) {
            let event = ServerEvent::of_entry(name, entry);
            let Some(rest) = budget.checked_sub(wire_size::event(&event)) else { break };
            *budget = rest;
            events.push(event);
        }
        reached = reached.max(entry.seq);
    }
    if reached < missed.to {
        losses.push((reached.saturating_add(1), missed.to, "page"));
    }
    let mut losses = losses.into_iter();
    missed.lost = losses.next();
    events.extend(losses.map(|(from, to, why)| ServerEvent::gap(name, from, to, why)));
    (missed, events)
}

fn gone(re: Option<Arc<str>>) -> ServerEvent {
    ServerEvent::Error(Box::new(Refusal::no_such_room().re(re)))
}
