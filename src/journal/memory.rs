//! The engine that keeps the record in memory.
//!
//! A request is carried out when it is submitted, but a search step by step with each
//! [`Memory::responses`], for which the other responses wait as well. It is also the reference that other engines are tested against.

mod searching;

use std::collections::hash_map::Entry::{Occupied, Vacant};
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use foldhash::HashMap;

use super::draft::{self, FirstAnswer, changed_message};
use super::history::{History, StoredEntry};
use super::page;
use super::search::SEARCHES_OF_ONE_MAX;
use super::turns::Turns;
use super::{Limits, RETENTION_EVERY, epoch, moment_of};
use crate::chat::record::{
    AuthorKey, AuthorQuery, BlobHash, Change, DeletionReason, Draft, Entry, FileId, FileQuery,
    Files, FoundFile, JournalError, JournalRequest, JournalResponse, Page, Query, RemoveRoom,
    RoomKey, Search, Snapshot,
};
use crate::clock::{Moment, Now};
use searching::Searching;

/// The records in memory.
#[derive(Debug)]
pub(super) struct Memory {
    limits: Limits,
    rooms: HashMap<RoomKey, Room>,
    index: Index,
    /// Bytes of memory that all entries take, roughly.
    bytes: usize,
    searches: Turns<u64, Searching>,
    responses: Vec<JournalResponse>,
    /// When rooms are next pruned by age.
    retention: Moment,
    /// The time of the last call, to translate expiries into moments.
    now: Now,
}

/// The entries of all rooms by id and by expiry; only entries that are stored.
#[derive(Debug, Default)]
struct Index {
    /// The first response to each draft with an `id`.
    first: HashMap<(AuthorKey, Arc<str>), FirstAnswer>,
    /// When messages expire: Unix milliseconds, room, `mid`.
    expiries: BTreeSet<(u64, RoomKey, u64)>,
    /// The message of each file.
    files: HashMap<FileId, (RoomKey, u64)>,
    /// How many files have each blob.
    blobs: HashMap<BlobHash, u64>,
    /// Blobs of files that were freed.
    freed: BTreeSet<BlobHash>,
}

#[derive(Debug)]
struct Room {
    key: RoomKey,
    history: History,
    /// The entries with an `id`, oldest first.
    ids: VecDeque<(u64, AuthorKey, Arc<str>)>,
}

impl Memory {
    /// Opens an empty journal.
    pub(super) fn open(limits: Limits, epoch_seed: [u8; 16], now: Now) -> (Self, Snapshot) {
        let retention = if limits.prunes() { now.at } else { Moment::NEVER };
        let memory = Self {
            limits,
            rooms: HashMap::default(),
            index: Index::default(),
            bytes: 0,
            searches: Turns::default(),
            responses: Vec::new(),
            retention,
            now,
        };
        let opening =
            Snapshot { epoch: epoch(epoch_seed), durable: "memory", ..Snapshot::default() };
        (memory, opening)
    }

    /// Changes how much is kept.
    pub(super) fn set_limits(&mut self, limits: Limits) {
        self.retention = if limits.prunes() { self.now.at } else { Moment::NEVER };
        self.limits = limits;
    }

    /// Carries out a request.
    pub(super) fn submit(&mut self, now: Now, request: JournalRequest) {
        self.expire(now);
        match request {
            JournalRequest::Append(draft) => {
                let request_id = draft.request_id;
                let response = self.append(draft);
                self.responses.push(
                    response.unwrap_or_else(|why| JournalResponse::Rejected { request_id, why }),
                );
            }
            JournalRequest::CheckReplay(draft) => {
                let id = draft.id.clone().map(|id| (draft.author, id));
                let first = id.and_then(|id| self.index.first.get(&id));
                self.responses.push(draft::replayed(&draft, first));
            }
            JournalRequest::FindAuthor(AuthorQuery { request_id, room, mid }) => {
                let author = self.rooms.get(&room).and_then(|room| room.history.author_of(mid));
                self.responses.push(JournalResponse::Author { request_id, author });
            }
            JournalRequest::Read(query) => {
                let page = self.page(&query);
                self.responses.push(JournalResponse::Page(page));
            }
            JournalRequest::FindFile(FileQuery { request_id, file }) => {
                let found = self.find_file(file).map(Box::new);
                self.responses.push(JournalResponse::File { request_id, found });
            }
            JournalRequest::CheckBlobs(blobs) => self.index.freed.extend(blobs),
            JournalRequest::Search(search) => self.search(search),
            JournalRequest::RemoveRoom(RemoveRoom { request_id, room }) => {
                self.remove_room(&room);
                self.responses.push(JournalResponse::Saved { request_id });
            }
            // Key-value records and sessions are for the next start, which finds nothing.
            JournalRequest::Put(put) => {
                self.responses
                    .extend(put.request_id.map(|request_id| JournalResponse::Saved { request_id }));
            }
            JournalRequest::PutSession(_) | JournalRequest::DropSession(_) => {}
        }
    }

    /// Returns the responses that are ready, and does what is due.
    pub(super) fn responses(&mut self, now: Now, out: &mut Vec<JournalResponse>) {
        self.expire(now);
        if self.retention <= now.at {
            self.retention = now.at.after(RETENTION_EVERY);
            let cutoff = self.limits.cutoff(now.unix_ms);
            for room in self.rooms.values_mut() {
                let before = room.history.memory();
                room.prune(&self.limits, cutoff, &mut self.index);
                let freed = before.saturating_sub(room.history.memory());
                self.bytes = self.bytes.saturating_sub(freed);
            }
        }
        let unused = self.index.unused_blobs();
        if !unused.is_empty() {
            self.responses.push(JournalResponse::Unused(unused));
        }
        let Self { searches, rooms, .. } = self;
        let found = searches.step(|searching| searching.step(rooms));
        self.responses.extend(found.map(JournalResponse::SearchPage));
        out.append(&mut self.responses);
    }

    /// Returns the bytes of memory that all entries take, roughly.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether responses wait to be taken, or searches to go on.
    pub(super) fn busy(&self) -> bool {
        !self.responses.is_empty() || !self.searches.is_empty() || !self.index.freed.is_empty()
    }

    /// Returns when the next message expires or rooms are to be pruned; at once while it is busy.
    pub(super) fn deadline(&self) -> Moment {
        if self.busy() {
            return self.now.at;
        }
        let expiry = self.index.expiries.first();
        let expiry = expiry.map_or(Moment::NEVER, |(at, _, _)| moment_of(*at, self.now));
        expiry.min(self.retention)
    }

    fn append(&mut self, draft: Draft) -> Result<JournalResponse, JournalError> {
        let id = draft.id.clone().map(|id| ((draft.author, id), draft::hash(&draft)));
        if let Some((key, hash)) = &id
            && let Some(first) = self.index.first.get(key)
        {
            return first.again(draft.request_id, *hash);
        }
        let room = match self.rooms.entry(Arc::clone(&draft.room)) {
            Occupied(room) => room.into_mut(),
            // An edit of a missing message must not make a room.
            Vacant(_) if changed_message(&draft.change).is_some() => {
                return Err(JournalError::NoSuchMessage);
            }
            Vacant(place) => place.insert(Room::new(Arc::clone(&draft.room))),
        };
        let Draft { request_id, room: key, author, sender, account, ts, mut change, .. } = draft;
        if let Some(mid) = changed_message(&change) {
            let of = room.history.message(mid).ok_or(JournalError::NoSuchMessage)?.author;
            draft::check(&mut change, author == of, draft.moderator)?;
        }
        let seq = room.history.next();
        let mut count = 0;
        let mid = match &mut change {
            Change::Message { expires, files, .. } => {
                self.index.add_files(files, &key, seq);
                if let Some(expires) = expires {
                    self.index.expiries.insert((*expires, key, seq));
                }
                seq
            }
            Change::Reaction { mid, emoji, on, count: counted } => {
                count = room.history.reactions(*mid, emoji, author).after(*on)?;
                *counted = count;
                *mid
            }
            Change::Deleted { mid, why } => {
                count = draft::deletion_count(*why);
                self.index.free_files(room.history.message(*mid));
                *mid
            }
            Change::Edited { mid, .. } | Change::Pinned { mid, .. } => *mid,
            Change::Topic { .. } | Change::Moderated { .. } => 0,
        };
        let before = room.history.memory();
        room.history
            .push(StoredEntry { author, entry: Entry { seq, ts, sender, account, change } });
        if let Some((key, hash)) = id {
            room.ids.push_back((seq, key.0, Arc::clone(&key.1)));
            self.index.first.insert(key, FirstAnswer { hash, seq, mid, ts, count });
        }
        room.prune(&self.limits, 0, &mut self.index);
        self.bytes = self.bytes.saturating_add(room.history.memory()).saturating_sub(before);
        Ok(JournalResponse::Appended { request_id, seq, mid, ts, duplicate: false, count })
    }

    fn remove_room(&mut self, key: &RoomKey) {
        let Some(room) = self.rooms.get_mut(key) else { return };
        let next = room.history.next();
        while room.pop(&mut self.index) {}
        room.history = History::starting(next, next);
    }

    fn find_file(&self, id: FileId) -> Option<FoundFile> {
        let (room, mid) = self.index.files.get(&id)?;
        let said = self.rooms.get(room)?.history.current(*mid)?;
        let file = said.files.iter().find(|file| file.id == id)?.clone();
        Some(FoundFile { room: Arc::clone(room), expires: said.expires, file })
    }

    fn page(&self, query: &Query) -> Page {
        let history = self.rooms.get(&query.room).map(|room| &room.history);
        history
            .and_then(|history| page::page(history, query).ok())
            .unwrap_or_else(|| page::empty(query))
    }

    fn search(&mut self, search: Search) {
        let Search { request_id, asker, .. } = search;
        let (all, own) = (self.searches.len(), self.searches.of(&asker));
        if all >= self.limits.queue_searches_max || own >= SEARCHES_OF_ONE_MAX {
            let why = JournalError::Overloaded;
            return self.responses.push(JournalResponse::ReadFailed { request_id, why });
        }
        self.searches.add(asker, Searching::new(search, self.limits.scan_entries_max));
    }

    /// Deletes the messages that have expired.
    fn expire(&mut self, now: Now) {
        self.now = now;
        while self.index.expiries.first().is_some_and(|(at, _, _)| *at <= now.unix_ms) {
            let Some((_, key, mid)) = self.index.expiries.pop_first() else { return };
            let Some(room) = self.rooms.get_mut(&key) else { continue };
            let Some(stored) = room.history.message(mid) else { continue };
            let (author, sender) = (stored.author, Arc::clone(&stored.entry.sender));
            let change = Change::Deleted { mid, why: DeletionReason::Expired };
            let seq = room.history.next();
            let entry = Entry { seq, ts: now.unix_ms, sender, account: false, change };
            self.index.free_files(Some(stored));
            let before = room.history.memory();
            room.history.push(StoredEntry { author, entry: entry.clone() });
            room.prune(&self.limits, 0, &mut self.index);
            self.bytes = self.bytes.saturating_add(room.history.memory()).saturating_sub(before);
            self.responses.push(JournalResponse::Added { room: key, entry });
        }
    }
}

impl Index {
    fn add_files(&mut self, files: &Files, room: &RoomKey, mid: u64) {
        for file in files.iter() {
            self.files.entry(file.id).or_insert_with(|| (Arc::clone(room), mid));
            let used = self.blobs.entry(file.blob).or_default();
            *used = used.saturating_add(1);
        }
    }

    /// Frees the files of a message that goes.
    fn free_files(&mut self, stored: Option<&StoredEntry>) {
        let Some(Change::Message { files, .. }) = stored.map(|it| &it.entry.change) else { return };
        for file in files.iter() {
            self.files.remove(&file.id);
            let Some(used) = self.blobs.get_mut(&file.blob) else { continue };
            *used = used.saturating_sub(1);
            if *used == 0 {
                self.blobs.remove(&file.blob);
            }
            self.freed.insert(file.blob);
        }
    }

    /// Takes the blobs of freed files that no message carries.
    fn unused_blobs(&mut self) -> Vec<BlobHash> {
        let freed = std::mem::take(&mut self.freed);
        freed.into_iter().filter(|blob| !self.blobs.contains_key(blob)).collect()
    }
}

impl Room {
    fn new(key: RoomKey) -> Self {
        Self { key, history: History::starting(1, 1), ids: VecDeque::new() }
    }

    /// Removes the oldest entries until the rest is within the limits and, with a `cutoff`, not older
    /// than that.
    fn prune(&mut self, limits: &Limits, cutoff: u64, index: &mut Index) {
        while let Some(oldest) = self.history.oldest() {
            let kept_long = oldest.entry.ts < cutoff;
            let too_many = self.history.len() > limits.memory_entries_max
                || self.history.bytes() > limits.memory_bytes_max
                || self.history.messages() > limits.messages_max();
            // The newest is about to be shown: it stays, whatever its size.
            let goes = kept_long || (too_many && self.history.len() > 1);
            if !goes || !self.pop(index) {
                return;
            }
        }
    }

    /// Removes the oldest entry; false if there is none.
    fn pop(&mut self, index: &mut Index) -> bool {
        let Some(stored) = self.history.pop(false) else { return false };
        index.free_files(Some(&stored));
        let entry = stored.entry;
        if let Change::Message { expires: Some(expires), .. } = entry.change {
            index.expiries.remove(&(expires, Arc::clone(&self.key), entry.seq));
        }
        while let Some((_, author, id)) = self.ids.pop_front_if(|(seq, ..)| *seq <= entry.seq) {
            index.first.remove(&(author, id));
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::record::{RequestId, Span};

    fn say(memory: &mut Memory, content: &str) {
        let draft = Draft {
            request_id: RequestId(1),
            room: Arc::from("lobby"),
            room_name: Arc::from("lobby"),
            author: AuthorKey([1; 16]),
            sender: Arc::from("Alice"),
            account: false,
            moderator: false,
            id: None,
            ts: 1,
            change: Change::Message {
                files: Default::default(),
                content: Arc::from(content),
                reply_to: None,
                expires: Some(99),
            },
            key_values: Vec::new(),
        };
        memory.submit(Now::default(), JournalRequest::Append(draft));
    }

    #[test]
    fn a_full_room_loses_its_oldest_entries() {
        let limits = Limits { memory_entries_max: 3, memory_bytes_max: 100, ..Limits::default() };
        let (mut memory, _) = Memory::open(limits, [0; 16], Now::default());
        for _ in 0..5 {
            say(&mut memory, "hi");
        }
        let query = Query {
            request_id: RequestId(2),
            room: Arc::from("lobby"),
            span: Span::Latest,
            limit: 10,
            bytes_max: 1000,
        };
        assert_eq!(memory.page(&query).lost, [(1, 2)]);
        say(&mut memory, &"x".repeat(200));
        assert_eq!(memory.page(&query).lost, [(1, 5)]);
        assert_eq!(memory.page(&query).top, 6);
        assert_eq!(memory.index.expiries.len(), 1);
        assert_eq!(memory.bytes(), memory.rooms["lobby"].history.memory());
        memory.responses(Now { unix_ms: 99, ..Now::default() }, &mut Vec::new());
        assert_eq!(memory.bytes(), memory.rooms["lobby"].history.memory());
        assert!((1..1000).contains(&memory.bytes()), "{}", memory.bytes());
    }
}
