//! The engine that keeps the record in an SQLite database.
//!
//! ```text
//!  reactor                     worker (the only one that writes)
//!  Sqlite ── Task ───────────▶ batch ─▶ one transaction ─▶ commit
//!    ▲  │                        │
//!    │  └─ ReadRequest ▶ readers   │
//!    │                   │       │
//!    └──────── Report ◀──┴───────┘
//! ```
//!
//! A copier moves the write-ahead log into the database while the worker commits (see
//! [`checkpoint`]).
//!
//! The reactor's side never waits: it counts pending requests, refuses those beyond the limits,
//! answers from memory what it can, and keeps pages in line with the responses (see [`rooms`]).

mod checkpoint;
mod directory;
mod file_column;
mod files;
mod gaps;
mod ids;
mod key_values;
mod open;
mod prune;
mod read;
mod readers;
mod removal;
mod room_table;
mod rooms;
mod row;
mod running_searches;
mod schema;
mod search;
mod task;
mod text_index;
pub(super) mod transfer;
mod unsaved;
mod worker;
mod write;

use std::mem;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use super::counters::{Counters, Gauges};
use super::page::hide_expired;
use super::{Limits, RETENTION_EVERY, moment_of};
use crate::chat::record::{
    AuthorKey, Draft, FileQuery, FoundFile, JournalError, JournalRequest, JournalResponse,
    PutKeyValues, Query, RequestId, Search, SearchPage, SessionRecord,
};
use crate::clock::{Moment, Now};
use directory::Space;
pub(super) use open::Place;
use rooms::{Next, Rooms};
use running_searches::RunningSearches;
use task::{AUTHOR_QUERY_BYTES, REMOVAL_BYTES, ReaderTask, Report, Task, bytes, key_values_bytes};
use worker::PROBE_EVERY;

/// The reactor's side of the engine.
#[derive(Debug)]
pub(super) struct Sqlite {
    rooms: Rooms,
    tasks: Sender<(Moment, Vec<Task>)>,
    /// Tasks that go to the worker with the next [`Sqlite::responses`], so that those of one turn are
    /// committed in one transaction.
    outbox: Vec<Task>,
    read_requests: Sender<ReaderTask>,
    /// Searches have a reader of their own: some take long.
    search_requests: Sender<Search>,
    searches: RunningSearches,
    reports: Receiver<Vec<Report>>,
    /// Disconnected once both threads have ended.
    done: Receiver<()>,
    limits: Limits,
    responses: Vec<JournalResponse>,
    underway: Underway,
    counters: Counters,
    writable: bool,
    space: Space,
    /// The time of the last call.
    now: Now,
    /// When the next message expires: Unix milliseconds.
    expiry: Option<u64>,
    /// When the next pruning is due.
    retention: Moment,
    /// The earliest moment of the next sweep, after one has failed.
    sweep_not_before: Moment,
}

/// The number of requests without a response.
#[derive(Debug, Default)]
struct Underway {
    appends: usize,
    append_bytes: usize,
    reads: usize,
    /// Sessions, and key-value records without a request id.
    unanswered: usize,
    sweeping: bool,
}

impl Sqlite {
    /// Submits a request.
    pub(super) fn submit(&mut self, now: Now, request: JournalRequest) {
        self.now = now;
        self.sweep();
        match request {
            JournalRequest::Append(draft) => self.append(draft),
            JournalRequest::CheckReplay(draft) => {
                if self.queues(draft.request_id, bytes(&draft)) {
                    self.hand(Task::CheckReplay(draft));
                }
            }
            JournalRequest::FindAuthor(query) => {
                if self.queues(query.request_id, AUTHOR_QUERY_BYTES) {
                    self.hand(Task::FindAuthor(query));
                }
            }
            JournalRequest::Read(query) => {
                if self.underway.reads >= self.limits.queue_reads_max {
                    let (request_id, why) = (query.request_id, JournalError::Overloaded);
                    return self.responses.push(JournalResponse::ReadFailed { request_id, why });
                }
                self.underway.reads = self.underway.reads.saturating_add(1);
                self.rooms.read(now.at, query);
                self.go_on();
            }
            JournalRequest::FindFile(query) => self.find_file(query),
            JournalRequest::CheckBlobs(blobs) => {
                if self.queues_unanswered() {
                    self.hand(Task::CheckBlobs(blobs));
                }
            }
            JournalRequest::Search(search) => self.search(search),
            JournalRequest::Put(put) => self.put(put),
            JournalRequest::RemoveRoom(removal) => {
                if self.queues(removal.request_id, REMOVAL_BYTES) {
                    self.hand(Task::RemoveRoom(removal));
                }
            }
            JournalRequest::PutSession(session) => self.send_session(session.key, Some(session)),
            JournalRequest::DropSession(key) => self.send_session(key, None),
        }
    }

    /// Changes how much is kept.
    pub(super) fn set_limits(&mut self, limits: Limits) {
        self.retention = if limits.prunes() { self.now.at } else { Moment::NEVER };
        self.outbox.push(Task::SetLimits(Box::new(limits.clone())));
        self.limits = limits;
    }

    /// Returns the responses that are ready, and has the worker do what is due.
    pub(super) fn responses(&mut self, now: Now, out: &mut Vec<JournalResponse>) {
        self.now = now;
        self.sweep();
        self.send();
        while let Ok(reports) = self.reports.try_recv() {
            for report in reports {
                self.take(report);
                self.go_on();
            }
        }
        self.rooms.release(now.at);
        self.go_on();
        self.sweep();
        self.send();
        out.append(&mut self.responses);
    }

    /// Returns the moment by which something is due.
    pub(super) fn deadline(&self) -> Moment {
        if !self.responses.is_empty() || !self.outbox.is_empty() {
            return self.now.at;
        }
        if self.underway.sweeping {
            return self.rooms.deadline();
        }
        let expiry = self.expiry.map_or(Moment::NEVER, |expiry| moment_of(expiry, self.now));
        expiry.min(self.retention).max(self.sweep_not_before).min(self.rooms.deadline())
    }

    /// Whether the last commit succeeded.
    pub(super) fn writable(&self) -> bool {
        self.writable
    }

    /// Returns what was counted since the start.
    pub(super) fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Returns the state at this moment.
    pub(super) fn gauges(&self) -> Gauges {
        let Underway { appends, append_bytes, reads, unanswered, .. } = self.underway;
        Gauges {
            writes: appends.saturating_add(unanswered),
            write_bytes: append_bytes,
            reads,
            searches: self.searches.underway(),
            cached_bytes: self.rooms.bytes(),
            disk_free_bytes: self.space.free_bytes(),
        }
    }

    /// Whether any request is without its response.
    pub(super) fn busy(&self) -> bool {
        let Underway { appends, reads, unanswered, sweeping, .. } = self.underway;
        [appends, reads, unanswered, self.searches.underway()].iter().any(|count| *count > 0)
            || sweeping
            || !self.responses.is_empty()
    }

    /// Waits until the threads have finished their tasks.
    pub(super) fn close(mut self, within: Duration) -> bool {
        self.send();
        let Self { tasks, read_requests, search_requests, done, .. } = self;
        drop(read_requests);
        drop(search_requests);
        drop(tasks);
        done.recv_timeout(within) == Err(RecvTimeoutError::Disconnected)
    }

    fn append(&mut self, draft: Draft) {
        if self.queues(draft.request_id, bytes(&draft)) {
            self.rooms.on_submit(&draft.room);
            self.hand(Task::Append(draft));
        }
    }

    fn put(&mut self, put: PutKeyValues) {
        let queues = match put.request_id {
            Some(request_id) => self.queues(request_id, key_values_bytes(&put.key_values)),
            None => self.queues_unanswered(),
        };
        if queues {
            self.hand(Task::PutKeyValues(put));
        }
    }

    /// Takes space in the queue, or refuses the request.
    fn queues(&mut self, request_id: RequestId, bytes: usize) -> bool {
        let Underway { appends, append_bytes, .. } = &mut self.underway;
        if *appends >= self.limits.queue_entries_max
            || append_bytes.saturating_add(bytes) > self.limits.queue_bytes_max
        {
            let why = JournalError::Overloaded;
            self.responses.push(JournalResponse::Rejected { request_id, why });
            return false;
        }
        *appends = appends.saturating_add(1);
        *append_bytes = append_bytes.saturating_add(bytes);
        true
    }

    /// Takes space in the queue for a task without a response.
    fn queues_unanswered(&mut self) -> bool {
        if self.underway.unanswered >= UNANSWERED_MAX {
            tracing::warn!(
                "the journal's queue is full: a session or key-value record is not saved"
            );
            return false;
        }
        self.underway.unanswered = self.underway.unanswered.saturating_add(1);
        true
    }

    fn search(&mut self, search: Search) {
        let (request_id, max) = (search.request_id, self.limits.queue_searches_max);
        if !self.searches.begin(&search, max) {
            let why = JournalError::Overloaded;
            return self.responses.push(JournalResponse::ReadFailed { request_id, why });
        }
        if self.search_requests.send(search).is_err() {
            self.found(request_id, None);
        }
    }

    fn find_file(&mut self, query: FileQuery) {
        let request_id = query.request_id;
        if self.underway.reads >= self.limits.queue_reads_max {
            let why = JournalError::Overloaded;
            return self.responses.push(JournalResponse::ReadFailed { request_id, why });
        }
        self.underway.reads = self.underway.reads.saturating_add(1);
        if self.read_requests.send(ReaderTask::FindFile(query)).is_err() {
            self.file_found(request_id, None);
        }
    }

    fn file_found(&mut self, request_id: RequestId, found: Option<Option<FoundFile>>) {
        self.underway.reads = self.underway.reads.saturating_sub(1);
        let why = JournalError::Unavailable;
        self.responses.push(match found {
            Some(found) => JournalResponse::File { request_id, found: found.map(Box::new) },
            None => JournalResponse::ReadFailed { request_id, why },
        });
    }

    fn found(&mut self, request_id: RequestId, mut page: Option<SearchPage>) {
        self.searches.end(request_id, page.as_mut(), self.now.unix_ms);
        let why = JournalError::Unavailable;
        self.responses.push(
            page.map_or(
                JournalResponse::ReadFailed { request_id, why },
                JournalResponse::SearchPage,
            ),
        );
    }

    fn send_session(&mut self, key: AuthorKey, session: Option<SessionRecord>) {
        if self.queues_unanswered() {
            self.hand(Task::Session(key, session));
        }
    }

    /// Asks the worker to expire and prune what is due.
    fn sweep(&mut self) {
        let expired = self.expiry.is_some_and(|expiry| expiry <= self.now.unix_ms);
        let retention = self.retention <= self.now.at;
        let possible = !self.underway.sweeping && self.sweep_not_before <= self.now.at;
        if possible && (expired || retention) {
            self.underway.sweeping = true;
            self.outbox.push(Task::Sweep { now: self.now, retention });
        }
    }

    /// Queues a task for the next [`Sqlite::responses`], or sends the queue at once if it is long, so
    /// that the worker is not idle while the rest of a long turn comes in.
    fn hand(&mut self, task: Task) {
        self.outbox.push(task);
        if self.outbox.len() >= SEND_AT {
            self.send();
        }
    }

    /// Sends the queued tasks to the worker.
    fn send(&mut self) {
        if self.outbox.is_empty() {
            return;
        }
        let tasks = mem::take(&mut self.outbox);
        if self.tasks.send((self.now.at, tasks)).is_err() {
            tracing::error!("the journal's worker is gone");
        }
    }

    fn take(&mut self, report: Report) {
        match report {
            Report::Appended { room, bytes, stored, answer } => {
                self.underway.appends = self.underway.appends.saturating_sub(1);
                self.underway.append_bytes = self.underway.append_bytes.saturating_sub(bytes);
                self.responses.push(answer);
                if let Some(stored) = &stored {
                    self.searches.on_entry(&room, stored);
                }
                self.rooms.on_append_answered(&room, stored);
            }
            Report::Added { room, stored } => {
                let entry = stored.entry.clone();
                self.responses.push(JournalResponse::Added { room: Arc::clone(&room), entry });
                self.searches.on_entry(&room, &stored);
                self.rooms.on_entry(&room, stored);
            }
            Report::Mended { room, top } => self.rooms.on_mended(&room, top),
            Report::Pruned { room, first } => {
                self.searches.on_pruned(&room, first);
                self.rooms.on_pruned(&room, first);
            }
            Report::FileFound { request_id, found } => self.file_found(request_id, found),
            Report::Unused(blobs) => self.responses.push(JournalResponse::Unused(blobs)),
            Report::SearchDone { request_id, page } => self.found(request_id, page),
            Report::Read { request, read: Some(read), in_order } => {
                self.rooms.on_read(request, read, in_order);
            }
            Report::Read { request, read: None, .. } => self.rooms.on_read_failed(request.target),
            Report::Answered { bytes, answer: Some(answer) } => {
                self.underway.appends = self.underway.appends.saturating_sub(1);
                self.underway.append_bytes = self.underway.append_bytes.saturating_sub(bytes);
                self.responses.push(answer);
            }
            Report::Answered { answer: None, .. } | Report::Session => {
                self.underway.unanswered = self.underway.unanswered.saturating_sub(1);
            }
            Report::Committed { tasks, took } => self.counters.on_commit(tasks, took),
            Report::Expiry(expiry) => self.expiry = expiry,
            Report::Swept { more, failed } => {
                self.underway.sweeping = false;
                if failed {
                    self.sweep_not_before = self.now.at.after(PROBE_EVERY);
                } else if self.retention <= self.now.at {
                    let pause = if more { RETENTION_PAUSE } else { RETENTION_EVERY };
                    self.retention = self.now.at.after(pause);
                }
            }
            Report::Health { writable } => {
                self.writable = writable;
                self.responses.push(JournalResponse::Health { writable });
            }
        }
    }

    /// Does the next steps of the rooms.
    fn go_on(&mut self) {
        while let Some(next) = self.rooms.next.pop_front() {
            match next {
                Next::Respond(mut page) => {
                    hide_expired(&mut page, self.now.unix_ms);
                    self.responses.push(JournalResponse::Page(page));
                    self.underway.reads = self.underway.reads.saturating_sub(1);
                }
                Next::Fail(Query { request_id, .. }) => {
                    let why = JournalError::Unavailable;
                    self.responses.push(JournalResponse::ReadFailed { request_id, why });
                    self.underway.reads = self.underway.reads.saturating_sub(1);
                }
                Next::Read(request) => {
                    let target = request.target.clone();
                    if self.read_requests.send(ReaderTask::Read(request)).is_err() {
                        self.rooms.on_read_failed(target);
                    }
                }
                Next::ReadInOrder(request) => self.outbox.push(Task::Read(request)),
            }
        }
    }
}

/// The number of tasks that are sent to the worker at once.
const SEND_AT: usize = 64;
/// How soon pruning goes on while there is more to prune.
const RETENTION_PAUSE: Duration = Duration::from_millis(15);
/// Sessions, and key-value records without a request id, that may wait for the worker. Above it they
/// are not saved.
const UNANSWERED_MAX: usize = 65_536;
