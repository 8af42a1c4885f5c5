//! The rooms as the reactor's side knows them: the newest answered entry of each, and the newest
//! entries of rooms that are being read.
//!
//! Pages are brought in line with the responses here. A page from a reader may be ahead of the
//! responses (then it is *held*), or behind them (then it is read once more, at last by the worker
//! itself, which is always in line). A read after appends to its room waits until those are answered
//! (it is *parked*), but not for long: if the worker hangs, it gets what was answered so far. Reads
//! of a room that is not in memory are *waiting* while its newest entries are read once for all.

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use foldhash::HashMap;

use super::super::Limits;
use super::super::history::{History, StoredEntry};
use super::super::page;
use super::read::RecentEntries;
use super::task::{Read, ReadRequest, ReadTarget};
use crate::chat::record::{Page, Query, RoomKey, RoomRecord, Span};
use crate::clock::Moment;

/// The rooms. What has to be done next is queued in `next`.
#[derive(Debug)]
pub(super) struct Rooms {
    rooms: HashMap<RoomKey, Room>,
    /// Rooms with entries in memory, in the order in which they may be evicted.
    clock: VecDeque<RoomKey>,
    bytes: usize,
    /// The deadlines of parked reads and their rooms, in order.
    park_deadlines: VecDeque<(Moment, RoomKey)>,
    limits: Limits,
    pub(super) next: VecDeque<Next>,
}

/// A step that the engine has to take.
#[derive(Debug)]
pub(super) enum Next {
    /// Answer a query with this page, which is in line.
    Respond(Page),
    /// Have a reader read.
    Read(ReadRequest),
    /// Have the worker read, between its writes.
    ReadInOrder(ReadRequest),
    /// Answer a query with an error: the record could not be read.
    Fail(Query),
}

#[derive(Debug, Default)]
struct Room {
    /// The newest entry that was reported.
    top: u64,
    /// The entries below this were pruned.
    first: u64,
    /// The number of drafts handed to the worker, and of those it has answered.
    submitted: u64,
    answered: u64,
    recent: Option<Box<Recent>>,
    /// Whether `recent` is being read.
    filling: bool,
    parked: VecDeque<Parked>,
    waiting: Vec<Query>,
    held: Vec<(ReadRequest, Read)>,
}

/// A read that waits until `after` drafts are answered, but no longer than `until`.
#[derive(Debug)]
struct Parked {
    after: u64,
    until: Moment,
    query: Query,
}

/// The newest part of a room's record, up to its top.
#[derive(Debug)]
struct Recent {
    history: History,
    /// Whether it was read since space was last needed.
    used: bool,
    /// Whether the room is in `clock`.
    listed: bool,
}

impl Rooms {
    pub(super) fn new(records: &[RoomRecord], limits: Limits) -> Self {
        let room = |history: &RoomRecord| {
            (Arc::clone(&history.key), Room { top: history.top, ..Room::default() })
        };
        let rooms = records.iter().map(room).collect();
        let (clock, park_deadlines, next) = (VecDeque::new(), VecDeque::new(), VecDeque::new());
        Self { rooms, clock, bytes: 0, park_deadlines, limits, next }
    }

    /// Returns the bytes of the entries in memory.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Notes that a draft goes to the worker.
    pub(super) fn on_submit(&mut self, key: &RoomKey) {
        if let Some(room) = self.rooms.get_mut(key) {
            room.submitted = room.submitted.saturating_add(1);
            return;
        }
        // A room without a record: all of it will be in memory from its first entry on.
        let recent =
            Some(Box::new(Recent { history: History::starting(1, 1), used: true, listed: false }));
        let room = Room { submitted: 1, recent, ..Room::default() };
        self.rooms.insert(Arc::clone(key), room);
    }

    /// Notes that a draft was answered.
    pub(super) fn on_append_answered(&mut self, key: &RoomKey, stored: Option<StoredEntry>) {
        if let Some(stored) = stored {
            self.on_entry(key, stored);
        }
        let Some(room) = self.rooms.get_mut(key) else { return };
        room.answered = room.answered.saturating_add(1);
        let answered = room.answered;
        while let Some(parked) = room.parked.pop_front_if(|parked| parked.after <= answered) {
            self.next.extend(look(room, parked.query, &self.limits));
        }
        let idle = room.submitted == answered && !room.filling;
        if room.top == 0 && idle && room.waiting.is_empty() && room.held.is_empty() {
            // The room was not made. Without this, invented names would pile up here.
            self.rooms.remove(key);
        }
    }

    /// Adds the next entry of a room.
    pub(super) fn on_entry(&mut self, key: &RoomKey, stored: StoredEntry) {
        let recent = self.rooms.get(key).and_then(|room| room.recent.as_ref());
        // A mended room may have entries that were never reported.
        if recent.is_some_and(|recent| recent.history.next() != stored.entry.seq) {
            self.forget_recent(key);
        }
        let Some(room) = self.rooms.get_mut(key) else { return };
        room.top = stored.entry.seq;
        if let Some(recent) = &mut room.recent {
            let history = &mut recent.history;
            self.bytes = self.bytes.saturating_sub(history.memory());
            if !mem::replace(&mut recent.listed, true) {
                self.clock.push_back(Arc::clone(key));
            }
            history.push(stored);
            while history.len() > self.limits.recent_entries_max {
                history.pop(true);
            }
            self.bytes = self.bytes.saturating_add(history.memory());
        }
        self.take_held(key);
        self.make_space();
    }

    /// Notes the top of a room that has entries which were not reported.
    pub(super) fn on_mended(&mut self, key: &RoomKey, top: u64) {
        self.forget_recent(key);
        if let Some(room) = self.rooms.get_mut(key) {
            room.top = top;
        }
        self.take_held(key);
    }

    /// Takes what was read ahead of the responses once more.
    fn take_held(&mut self, key: &RoomKey) {
        let held = self.rooms.get_mut(key).map(|room| mem::take(&mut room.held));
        for (request, read) in held.unwrap_or_default() {
            self.on_read(request, read, false);
        }
    }

    /// Removes the entries of a room that were pruned.
    pub(super) fn on_pruned(&mut self, key: &RoomKey, first: u64) {
        let Some(room) = self.rooms.get_mut(key) else { return };
        room.first = first;
        if let Some(recent) = &mut room.recent {
            let history = &mut recent.history;
            self.bytes = self.bytes.saturating_sub(history.memory());
            history.prune(first);
            self.bytes = self.bytes.saturating_add(history.memory());
        }
    }

    /// Answers a query, parks it or has it read.
    pub(super) fn read(&mut self, now: Moment, query: Query) {
        let Some(room) = self.rooms.get_mut(&query.room) else {
            return self.next.push_back(Next::Respond(page::empty(&query)));
        };
        if room.submitted != room.answered {
            let (after, until) = (room.submitted, now.after(PATIENCE));
            self.park_deadlines.push_back((until, Arc::clone(&query.room)));
            return room.parked.push_back(Parked { after, until, query });
        }
        if let Some(next) = look(room, query, &self.limits) {
            self.next.push_back(next);
        }
    }

    /// Takes up parked reads that have waited long enough.
    pub(super) fn release(&mut self, now: Moment) {
        while let Some((until, key)) = self.park_deadlines.front() {
            let waits = |parked: &Parked| parked.until <= *until;
            let room = self.rooms.get_mut(key);
            let room = room.filter(|room| room.parked.front().is_some_and(waits));
            if room.is_some() && *until > now {
                return;
            }
            if let Some(room) = room {
                while let Some(parked) = room.parked.pop_front_if(|parked| parked.until <= now) {
                    self.next.extend(look(room, parked.query, &self.limits));
                }
            }
            self.park_deadlines.pop_front();
        }
    }

    /// Returns the moment by which [`Rooms::release`] has something to do.
    pub(super) fn deadline(&self) -> Moment {
        self.park_deadlines.front().map_or(Moment::NEVER, |(until, _)| *until)
    }

    /// Takes what was read: answers with it if it is in line, else holds it or has it read again.
    pub(super) fn on_read(&mut self, mut request: ReadRequest, read: Read, in_order: bool) {
        let room = self.rooms.get_mut(request.target.room());
        let top = room.as_ref().map_or(0, |room| room.top);
        if read.top() == top {
            return match read {
                Read::Page(page) => self.next.push_back(Next::Respond(page)),
                Read::RecentEntries(entries_read) => self.fill(request.target.room(), entries_read),
            };
        }
        debug_assert!(!in_order, "what the worker reads is in line");
        if read.top() > top
            && let Some(room) = room
        {
            return room.held.push((request, read));
        }
        request.tries = request.tries.saturating_add(1);
        self.next.push_back(match request.tries < TRIES_MAX {
            true => Next::Read(request),
            false => Next::ReadInOrder(request),
        });
    }

    /// Notes that nothing could be read.
    pub(super) fn on_read_failed(&mut self, target: ReadTarget) {
        match target {
            ReadTarget::Page(query) => self.next.push_back(Next::Fail(query)),
            ReadTarget::RecentEntries { room, .. } => {
                let Some(room) = self.rooms.get_mut(&room) else { return };
                room.filling = false;
                let waiting = mem::take(&mut room.waiting);
                self.next.extend(waiting.into_iter().map(Next::Fail));
            }
        }
    }

    /// Keeps the newest entries of a room in memory, and answers the reads that waited for them.
    fn fill(&mut self, key: &RoomKey, entries_read: RecentEntries) {
        let Some(room) = self.rooms.get_mut(key) else { return };
        let base = entries_read
            .entries
            .first()
            .map_or_else(|| entries_read.top.saturating_add(1), |stored| stored.entry.seq);
        let mut history = History::starting(entries_read.first, base);
        for stored in entries_read.entries {
            history.push(stored);
        }
        // It may have been read before they were pruned.
        if entries_read.first < room.first {
            history.prune(room.first);
        }
        self.bytes = self.bytes.saturating_add(history.memory());
        room.recent = Some(Box::new(Recent { history, used: true, listed: true }));
        room.filling = false;
        for query in mem::take(&mut room.waiting) {
            self.next.extend(look(room, query, &self.limits));
        }
        self.clock.push_back(Arc::clone(key));
        self.make_space();
    }

    /// Drops the entries of a room from memory.
    fn forget_recent(&mut self, key: &RoomKey) {
        let recent = self.rooms.get_mut(key).and_then(|room| room.recent.take());
        let bytes = recent.map_or(0, |recent| recent.history.memory());
        self.bytes = self.bytes.saturating_sub(bytes);
        self.clock.retain(|listed| listed != key);
    }

    /// Evicts rooms that were not read for a while.
    fn make_space(&mut self) {
        while self.bytes > self.limits.recent_bytes_max {
            let Some(key) = self.clock.pop_front() else { return };
            let Some(room) = self.rooms.get_mut(&key) else { continue };
            let Some(recent) = &mut room.recent else { continue };
            if mem::take(&mut recent.used) {
                self.clock.push_back(key);
                continue;
            }
            self.bytes = self.bytes.saturating_sub(recent.history.memory());
            room.recent = None;
        }
    }
}

/// Returns the next step for a query: answer it from memory, or read; `None` if a read that answers
/// it is already under way.
fn look(room: &mut Room, query: Query, limits: &Limits) -> Option<Next> {
    if let Some(recent) = &mut room.recent {
        recent.used = true;
        if let Ok(page) = page::page(&recent.history, &query) {
            return Some(Next::Respond(page));
        }
    } else if is_recent(query.span, room.top, limits.recent_entries_max) {
        let key = Arc::clone(&query.room);
        room.waiting.push(query);
        if mem::replace(&mut room.filling, true) {
            return None;
        }
        let (entries_max, bytes_max) = (limits.recent_entries_max, limits.recent_bytes_max / 16);
        let target = ReadTarget::RecentEntries { room: key, entries_max, bytes_max };
        return Some(Next::Read(ReadRequest { target, tries: 0 }));
    }
    Some(Next::Read(ReadRequest { target: ReadTarget::Page(query), tries: 0 }))
}

/// Whether a query starts within this many newest entries.
fn is_recent(span: Span, top: u64, entries: usize) -> bool {
    match span {
        Span::Latest => true,
        Span::After(seq) | Span::Entries(seq) => seq.saturating_add(entries as u64) >= top,
        Span::Replies { to, .. } => to.saturating_add(entries as u64) > top,
        Span::Before(_) | Span::Around(_) => false,
    }
}

/// How long a read waits for the appends before it. They take a few milliseconds unless the disk
/// hangs.
const PATIENCE: Duration = Duration::from_millis(250);
/// The number of reads that were not in line before the worker reads itself.
const TRIES_MAX: u32 = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::record::{AuthorKey, Change, Entry, RequestId};

    fn append(rooms: &mut Rooms, key: &RoomKey, seq: u64) {
        rooms.on_submit(key);
        let change = Change::Message {
            files: Default::default(),
            content: "hi".into(),
            reply_to: None,
            expires: None,
        };
        let entry = Entry { seq, ts: 1, sender: "Alice".into(), account: false, change };
        rooms.on_append_answered(key, Some(StoredEntry { author: AuthorKey([1; 16]), entry }));
    }

    #[test]
    fn a_room_that_is_pruned_again_and_again_is_noted_once() {
        let key = RoomKey::from("lobby");
        let mut rooms = Rooms::new(&[], Limits::default());
        for seq in 1..100 {
            append(&mut rooms, &key, seq);
            rooms.on_pruned(&key, seq + 1);
            assert_eq!(rooms.clock.len(), 1);
        }
    }

    #[test]
    fn a_gap_drops_the_entries_in_memory() {
        let key = RoomKey::from("lobby");
        let mut rooms = Rooms::new(&[], Limits::default());
        append(&mut rooms, &key, 1);
        assert!(rooms.bytes > 0);
        append(&mut rooms, &key, 4);
        assert_eq!((rooms.bytes, rooms.clock.len(), rooms.rooms[&key].top), (0, 0, 4));
        assert!(rooms.rooms[&key].recent.is_none());
    }

    #[test]
    fn only_queries_for_the_newest_entries_wait_until_those_are_in_memory() {
        let key = RoomKey::from("lobby");
        let history = RoomRecord {
            key: Arc::clone(&key),
            name: Arc::clone(&key),
            top: 1000,
            topic: "".into(),
            last: 0,
        };
        let limits = Limits { recent_entries_max: 100, ..Limits::default() };
        let asks = |span| {
            let mut rooms = Rooms::new(std::slice::from_ref(&history), limits.clone());
            let room = Arc::clone(&key);
            let query = Query { request_id: RequestId(1), room, span, limit: 10, bytes_max: 1000 };
            rooms.read(Moment::default(), query);
            match rooms.next.pop_front() {
                Some(Next::Read(ReadRequest { target, .. })) => {
                    matches!(target, ReadTarget::RecentEntries { .. })
                }
                other => panic!("{other:?}"),
            }
        };
        for span in [Span::Latest, Span::Entries(900), Span::After(900), Span::Entries(u64::MAX)] {
            assert!(asks(span), "{span:?}");
        }
        for span in [Span::Entries(899), Span::After(0), Span::Before(950), Span::Around(950)] {
            assert!(!asks(span), "{span:?}");
        }
    }
}
