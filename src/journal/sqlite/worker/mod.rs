//! The threads beside the reactor: the worker, which alone writes, and two that read.
//!
//! The worker takes everything that waits into one transaction, so that one sync of the disk
//! serves them all: under load the batches grow by themselves. It answers after the commit.
//!
//! When the database cannot be written, the worker is *degraded*: appends are refused at once, reads go
//! on, and it probes until a write comes through. A failed commit may still be on disk after a
//! crash; then its draft's `id` tells a retry that it was there.

mod degraded;
mod inconsistent;
mod refusals;
mod sweep;
mod upkeep;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use rusqlite::ErrorCode;

use super::checkpoint::Checkpoints;
use super::directory::{Directory, HighWaterMark, MARK_EVERY};
use super::files;
use super::gaps::{Gaps, PAGES_BESIDE, PAGES_WHEN_IDLE};
use super::key_values;
use super::removal::{ERASED_BESIDE, ERASED_WHEN_IDLE};
use super::row::{is_inconsistent, is_of_the_disk};
use super::task::{AUTHOR_QUERY_BYTES, ReadRequest, Report, Task, Waker, bytes};
use super::text_index::{BATCH_BETWEEN_APPENDS, BATCH_WHEN_IDLE};
use super::unsaved::Unsaved;
use super::write::{AppendError, Writer};
use super::{readers, schema};
use crate::chat::record::{AuthorQuery, BlobHash, JournalResponse};
use crate::clock::{Clock, Moment};
use crate::journal::Limits;
pub(super) use degraded::{Degraded, PROBE_EVERY};
use refusals::{key_values_report, refusals};
pub(super) use upkeep::Erasure;
use upkeep::{ERASE_PAUSE, LOOK_EVERY};

/// The worker, which carries out tasks on its own thread.
pub(super) struct Worker {
    pub(super) writer: Writer,
    /// The tasks, with the time at which they were sent.
    pub(super) tasks: Receiver<(Moment, Vec<Task>)>,
    /// Tasks that were received and are still to be done.
    pub(super) inbox: VecDeque<Task>,
    pub(super) reports: Sender<Vec<Report>>,
    pub(super) waker: Waker,
    pub(super) mark: HighWaterMark,
    /// Measures how long transactions take.
    pub(super) clock: Clock,
    /// The newest time that came with tasks, and how long the worker has waited since.
    pub(super) now: Moment,
    pub(super) unsaved: Unsaved,
    pub(super) checkpoints: Checkpoints,
    pub(super) gaps: Gaps,
    /// The room after which pruning goes on.
    pub(super) pruned: i64,
    /// When the next message expires, as last reported.
    pub(super) expiry: Option<u64>,
    pub(super) degraded: Option<Degraded>,
    pub(super) erasure: Erasure,
    /// When to look next whether the files are in place.
    pub(super) look_at: Moment,
    /// Keeps other servers out as long as the worker runs.
    pub(super) directory: Directory,
}

impl Worker {
    /// Works until the reactor's side is closed.
    pub(super) fn run(mut self) {
        loop {
            let patience = self.patience();
            match self.tasks.recv_timeout(patience) {
                Ok(received) => {
                    self.receive(received);
                    self.work();
                }
                Err(RecvTimeoutError::Timeout) => {
                    self.now = self.now.after(patience);
                    self.on_idle();
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.finish();
    }

    /// Returns how long to wait for tasks before the worker is idle.
    fn patience(&self) -> Duration {
        match (&self.degraded, self.mark.due(self.writer.entries)) {
            (Some(_), _) => PROBE_EVERY,
            (None, _) if self.writer.text_index.lags() || self.has_steps() => INDEX_PAUSE,
            (None, _) if self.erasure.is_due() => ERASE_PAUSE,
            (None, true) => MARK_EVERY,
            (None, false) => LOOK_EVERY,
        }
    }

    /// Whether there is something to overwrite in steps.
    fn has_steps(&self) -> bool {
        self.writer.removing || self.gaps.are_due()
    }

    fn receive(&mut self, (now, tasks): (Moment, Vec<Task>)) {
        self.now = self.now.max(now);
        for task in tasks {
            match task {
                Task::SetLimits(limits) => self.set_limits(*limits),
                task => self.inbox.push_back(task),
            }
        }
    }

    fn set_limits(&mut self, limits: Limits) {
        if let Err(error) = schema::limit_size(&self.writer.db, limits.database_bytes_max) {
            tracing::error!(%error, "the size of the database cannot be limited");
        }
        self.writer.limits = limits;
    }

    /// Works until nothing waits.
    fn work(&mut self) {
        while !self.inbox.is_empty() {
            let (batch, request) = self.next_batch();
            let mut reports = match batch.is_empty() {
                true => Vec::new(),
                false => self.carry_out(&batch, 0),
            };
            if let Some(request) = request {
                reports.push(readers::answer(&self.writer.db, request, true));
            }
            self.tell(reports);
            self.checkpoints.after_commit(&self.writer.db);
            self.upkeep();
            if !self.inbox.is_empty() {
                continue;
            }
            match self.tasks.try_recv() {
                Ok(received) => self.receive(received),
                Err(_) if self.writer.text_index.is_due(batch.len()) => {
                    self.index(BATCH_BETWEEN_APPENDS);
                }
                Err(_) => {}
            }
        }
        if self.degraded.as_ref().is_some_and(|degraded| degraded.probe_at <= self.now) {
            self.on_idle();
        }
        if self.mark.running && self.mark.at <= self.now {
            self.mark();
        }
    }

    /// Takes everything that waits into one batch. A read ends it, for it must show what was
    /// submitted before it and nothing else.
    fn next_batch(&mut self) -> (Vec<Task>, Option<ReadRequest>) {
        let batch_max = self.writer.limits.batch_entries_max.max(1);
        while self.inbox.len() < batch_max
            && let Ok(received) = self.tasks.try_recv()
        {
            self.receive(received);
        }
        let mut batch = Vec::with_capacity(self.inbox.len().min(batch_max));
        while batch.len() < batch_max {
            match self.inbox.pop_front() {
                Some(Task::Read(request)) => return (batch, Some(request)),
                Some(task) => batch.push(task),
                None => break,
            }
        }
        (batch, None)
    }

    /// Indexes this many messages.
    fn index(&mut self, messages: u64) {
        let reports = self.carry_out(&[], messages);
        self.tell(reports);
        self.checkpoints.after_commit(&self.writer.db);
    }

    /// Carries out a batch, and indexes this many messages.
    fn carry_out(&mut self, batch: &[Task], index: u64) -> Vec<Report> {
        for task in batch {
            if let Task::Session(key, session) = task {
                self.unsaved.take_session(*key, session.as_ref());
            }
        }
        if self.degraded.is_some() {
            self.unsaved.defer(batch);
            return self.refuse(batch);
        }
        match self.attempt(batch, index) {
            Ok(reports) => reports,
            Err(error) if !is_of_the_disk(&error) && self.writer.text_index.give_up() => {
                self.writer.roll_back();
                tracing::error!(%error, "the search index cannot be written; it is left as it is");
                self.carry_out(batch, 0)
            }
            Err(error) => {
                self.writer.roll_back();
                match is_inconsistent(&error) && !batch.is_empty() {
                    true => self.carry_out_parts(batch, error),
                    false => self.fail(batch, &error),
                }
            }
        }
    }

    /// Refuses a batch, and everything after it until the database can be written.
    fn fail(&mut self, batch: &[Task], error: &rusqlite::Error) -> Vec<Report> {
        tracing::error!(%error, "the journal cannot be written; messages are refused");
        self.gaps.give_up();
        self.degrade(error.sqlite_error_code() != Some(ErrorCode::DiskFull));
        self.unsaved.defer(batch);
        let mut reports = self.refuse(batch);
        reports.push(Report::Health { writable: false });
        reports
    }

    /// Refuses a batch. Blobs are looked at all the same: nothing is written for that, and what goes
    /// makes room on a full disk.
    fn refuse(&self, batch: &[Task]) -> Vec<Report> {
        let mut reports = refusals(batch);
        let blobs = batch.iter().filter_map(|task| match task {
            Task::CheckBlobs(blobs) => Some(blobs),
            _ => None,
        });
        match files::unused(&self.writer.db, blobs.flatten().copied().collect()) {
            Ok(unused) if unused.is_empty() => {}
            Ok(unused) => reports.push(Report::Unused(unused)),
            Err(error) => tracing::warn!(%error, "files that no message has may stay"),
        }
        reports
    }

    /// Carries a batch out in one transaction.
    fn attempt(&mut self, batch: &[Task], index: u64) -> rusqlite::Result<Vec<Report>> {
        let mut reports = Vec::with_capacity(batch.len().saturating_add(1));
        let began = self.clock.elapsed();
        self.writer.begin()?;
        self.unsaved.put(&self.writer)?;
        let mut pruned = self.pruned;
        for task in batch {
            match task {
                Task::Append(draft) => {
                    let (answer, stored) = match self.writer.append(draft) {
                        Ok(appended) => appended,
                        Err(AppendError::Rejected(why)) => {
                            (JournalResponse::Rejected { request_id: draft.request_id, why }, None)
                        }
                        Err(AppendError::Sqlite(error)) => return Err(error),
                    };
                    let (room, bytes) = (Arc::clone(&draft.room), bytes(draft));
                    reports.push(Report::Appended { room, bytes, stored, answer });
                }
                Task::CheckReplay(draft) => {
                    let answer = Some(self.writer.recognise(draft)?);
                    reports.push(Report::Answered { bytes: bytes(draft), answer });
                }
                Task::FindAuthor(query) => reports.push(self.find_author(query)?),
                Task::CheckBlobs(blobs) => reports.push(self.check_blobs(blobs)),
                Task::PutKeyValues(keep) => {
                    keep.key_values
                        .iter()
                        .try_for_each(|key_value| key_values::put(&self.writer.db, key_value))?;
                    reports.push(key_values_report(keep, |request_id| JournalResponse::Saved {
                        request_id,
                    }));
                }
                Task::RemoveRoom(removal) => reports.extend(self.remove_room(removal)?),
                Task::Session(..) => reports.push(Report::Session),
                Task::Sweep { now, retention } => {
                    pruned = self.sweep(*now, *retention, pruned, &mut reports)?;
                }
                Task::Read(_) | Task::SetLimits(_) => {}
            }
        }
        self.prune_dirty(&mut reports)?;
        let (entries, pages) = match batch.is_empty() {
            true => (ERASED_WHEN_IDLE, PAGES_WHEN_IDLE),
            false => (ERASED_BESIDE, PAGES_BESIDE),
        };
        self.writer.erase_removed(entries)?;
        self.writer.erased |= self.gaps.overwrite(&self.writer.db, pages)?;
        let mut expiry = self.expiry;
        if self.writer.expiries_changed {
            expiry = self.writer.next_expiry()?;
        }
        let unused = self.unused_blobs()?;
        self.writer.commit(index)?;
        self.gaps.on_commit();
        reports.extend(unused);
        if !batch.is_empty() {
            let took = self.clock.elapsed().saturating_sub(began);
            reports.push(Report::Committed { tasks: batch.len(), took });
        }
        self.erasure.on_commit(self.writer.erased, self.now);
        self.unsaved.clear();
        self.pruned = pruned;
        if expiry != self.expiry {
            self.expiry = expiry;
            // Before the end of the sweep is reported, or another sweep would begin at once.
            reports.insert(0, Report::Expiry(expiry));
        }
        Ok(reports)
    }

    fn find_author(&mut self, query: &AuthorQuery) -> rusqlite::Result<Report> {
        let AuthorQuery { request_id, room, mid } = query;
        let author = self.writer.sender_of(room, *mid)?;
        let answer = JournalResponse::Author { request_id: *request_id, author };
        Ok(Report::Answered { bytes: AUTHOR_QUERY_BYTES, answer: Some(answer) })
    }

    /// Has blobs looked at as if this transaction had freed them.
    fn check_blobs(&mut self, blobs: &[BlobHash]) -> Report {
        self.writer.freed.extend(blobs);
        Report::Session
    }

    /// Reports the blobs that this transaction has freed and no message carries.
    fn unused_blobs(&mut self) -> rusqlite::Result<Option<Report>> {
        let freed = std::mem::take(&mut self.writer.freed);
        let unused = files::unused(&self.writer.db, freed)?;
        Ok((!unused.is_empty()).then_some(Report::Unused(unused)))
    }

    /// Indexes messages, writes the mark or probes the database while no task comes.
    fn on_idle(&mut self) {
        self.upkeep();
        let Some(degraded) = &self.degraded else {
            if self.writer.text_index.lags() {
                return self.index(BATCH_WHEN_IDLE);
            }
            if self.has_steps() {
                return self.index(0);
            }
            return self.mark();
        };
        match self.recover(degraded.sync_failed) {
            Ok(true) => {
                tracing::info!("the journal can be written again");
                self.degraded = None;
                self.tell(vec![Report::Health { writable: true }]);
                if !self.unsaved.is_empty() {
                    let reports = self.carry_out(&[], 0);
                    self.tell(reports);
                }
            }
            Ok(false) => {
                tracing::debug!("the journal is read, or its files are gone: it cannot recover");
            }
            Err(error) => tracing::debug!(%error, "the journal still cannot be written"),
        }
        let probe_at = self.now.after(PROBE_EVERY);
        if let Some(degraded) = &mut self.degraded {
            degraded.probe_at = probe_at;
        }
    }

    /// Writes the mark, which must not run ahead of the disk.
    fn mark(&mut self) {
        self.mark.write(self.writer.entries, self.now);
    }

    fn finish(mut self) {
        let reports = self.carry_out(&[], 0);
        self.tell(reports);
        self.checkpoints.end();
        match schema::checkpoint(&self.writer.db) {
            Ok(true) => self.mark.write(self.writer.entries, self.now),
            Ok(false) => {
                tracing::warn!("a connection reads the journal: its log is left behind");
            }
            Err(error) => {
                tracing::error!(%error, "the journal's log could not be copied into the database");
            }
        }
        let Self { writer, directory, .. } = self;
        if let Err((_, error)) = writer.db.close() {
            tracing::error!(%error, "the journal could not be closed");
        }
        directory.reserve();
        // From here on another server may open the journal.
        drop(directory);
    }

    fn tell(&self, reports: Vec<Report>) {
        // The reactor's side may have been closed already.
        if !reports.is_empty() && self.reports.send(reports).is_ok() {
            (self.waker)();
        }
    }
}

/// How long the worker waits for a task before it indexes the next batch.
const INDEX_PAUSE: Duration = Duration::from_millis(10);
