//! Moving the write-ahead log into the database, beside the commits.
//!
//! A checkpoint writes pages wherever in the database they belong, and waits until they are on disk:
//! a fifth of a second in a database of a gigabyte. The commit that made the log long enough would
//! do it, and keep everybody waiting. So a thread of its own copies while commits go on, again
//! and again as long as less was added meanwhile; at the end the worker copies the few pages that
//! are left, for only a log that is copied whole starts anew.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, TryRecvError};

use rusqlite::Connection;
use rusqlite::hooks::Wal;

use super::schema;

/// The worker's side: watches the length of the log, and has it copied.
#[derive(Debug)]
pub(super) struct Checkpoints {
    /// The pages in the log after the last commit.
    pages: Arc<AtomicU32>,
    command: Sender<()>,
    copied: Receiver<CopyOutcome>,
    underway: bool,
    /// The number of pages at which the log is copied next.
    at: u32,
}

/// The rest of the log after a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CopyOutcome {
    /// Next to nothing.
    Nearly,
    /// More: a connection reads an older snapshot, or the disk is slower than the commits.
    Partly,
}

impl Checkpoints {
    /// Takes the checkpoints of this connection over. `on_commit` is told the number of pages in the
    /// log after each commit.
    pub(super) fn new(
        db: &mut Connection,
        command: Sender<()>,
        copied: Receiver<CopyOutcome>,
        mut on_commit: impl FnMut(u32) + Send + 'static,
    ) -> rusqlite::Result<Self> {
        let pages = Arc::new(AtomicU32::new(0));
        let counter = Arc::clone(&pages);
        db.wal_hook(Some(move |_: &mut Wal, pages: i32| {
            let pages = u32::try_from(pages).unwrap_or(0);
            counter.store(pages, Ordering::Relaxed);
            on_commit(pages);
            Ok(())
        }))?;
        Ok(Self { pages, command, copied, underway: false, at: PAGES })
    }

    /// Does what is due after a commit. What fails is tried again when the log is longer.
    pub(super) fn after_commit(&mut self, db: &Connection) {
        let pages = self.pages.load(Ordering::Relaxed);
        if let Some(copied) = self.copied()
            && pages >= PAGES
        {
            let much = pages >= PAGES_MAX;
            if (copied == CopyOutcome::Nearly || much)
                && let Err(error) = schema::copy(db)
            {
                tracing::warn!(%error, "the journal's log could not be copied");
            }
            self.at = pages.saturating_add(PAGES);
        }
        if pages < PAGES {
            self.at = PAGES;
        }
        if pages >= self.at && !self.underway {
            self.underway = self.command.send(()).is_ok();
        }
    }

    /// Starts a copy of the log whatever its length, unless one is in progress.
    pub(super) fn start(&mut self) {
        if !self.underway() {
            self.underway = self.command.send(()).is_ok();
        }
    }

    /// Whether the thread is copying: then no other connection can.
    pub(super) fn underway(&mut self) -> bool {
        self.copied();
        self.underway
    }

    /// Ends the thread, after the copy it is making.
    pub(super) fn end(self) {
        drop(self.command);
        for copied in self.copied {
            tracing::debug!(?copied, "the last checkpoint beside the commits");
        }
    }

    fn copied(&mut self) -> Option<CopyOutcome> {
        let copied = self.copied.try_recv();
        self.underway &= copied == Err(TryRecvError::Empty);
        copied.ok()
    }
}

/// Copies when asked, on its own thread, until the worker ends.
pub(super) fn run_copier(db: &Connection, asked: &Receiver<()>, copied: &Sender<CopyOutcome>) {
    for () in asked {
        let outcome = copy(db).unwrap_or_else(|error| {
            tracing::warn!(%error, "the journal's log could not be copied");
            CopyOutcome::Partly
        });
        if copied.send(outcome).is_err() {
            return;
        }
    }
}

/// Copies until next to nothing is added meanwhile.
fn copy(db: &Connection) -> rusqlite::Result<CopyOutcome> {
    let (mut before, mut added_before) = (0, u32::MAX);
    loop {
        let (pages, copied) = schema::copy(db)?;
        let added = pages.saturating_sub(before);
        if copied < pages || added >= added_before {
            return Ok(CopyOutcome::Partly);
        }
        if added <= NEARLY {
            return Ok(CopyOutcome::Nearly);
        }
        (before, added_before) = (pages, added);
    }
}

/// The number of pages (of 4 KiB) at which the log is copied.
const PAGES: u32 = 1000;
/// The number of pages at which the worker copies the log itself, and appends wait for it.
const PAGES_MAX: u32 = 16 * PAGES;
/// The number of pages that may be left to the worker.
const NEARLY: u32 = 32;

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;
    use crate::journal::tests::Scratch;

    fn open(scratch: &Scratch) -> Connection {
        let db = Connection::open(scratch.path().join("test.db")).unwrap();
        let sql = "PRAGMA journal_mode = WAL; CREATE TABLE IF NOT EXISTS t (x)";
        db.execute_batch(sql).unwrap();
        db
    }

    fn add(db: &Connection, pages: u32) {
        db.execute("INSERT INTO t VALUES (zeroblob(?1))", [pages * 4096]).unwrap();
    }

    #[test]
    fn a_log_that_is_being_read_is_copied_in_part() {
        let scratch = Scratch::new();
        let (db, reader) = (open(&scratch), open(&scratch));
        let snapshot = reader.unchecked_transaction().unwrap();
        let count = |db: &Connection| db.query_row("SELECT count(*) FROM t", [], |row| row.get(0));
        assert_eq!(count(&snapshot), Ok(0));
        add(&db, 100);
        assert_eq!(copy(&db), Ok(CopyOutcome::Partly));
        snapshot.finish().unwrap();
        assert_eq!(copy(&db), Ok(CopyOutcome::Nearly));
        assert_eq!(count(&reader), Ok(1));
    }

    #[test]
    fn the_thread_copies_first_and_the_worker_what_is_left() {
        let scratch = Scratch::new();
        let mut db = open(&scratch);
        let ((command, asked), (tell, copied)) = (channel(), channel());
        let mut checkpoints = Checkpoints::new(&mut db, command, copied, |_| ()).unwrap();
        let pages = |it: &Checkpoints| it.pages.load(Ordering::Relaxed);
        add(&db, PAGES / 2);
        checkpoints.after_commit(&db);
        assert!(asked.try_recv().is_err() && !checkpoints.underway());
        add(&db, PAGES / 2);
        checkpoints.after_commit(&db);
        checkpoints.after_commit(&db);
        assert!(asked.try_recv().is_ok() && asked.try_recv().is_err() && checkpoints.underway());
        // Much is left: it is tried again when there is more.
        tell.send(CopyOutcome::Partly).unwrap();
        add(&db, 1);
        checkpoints.after_commit(&db);
        assert!(asked.try_recv().is_err() && pages(&checkpoints) > PAGES);
        add(&db, PAGES);
        checkpoints.after_commit(&db);
        assert!(asked.try_recv().is_ok());
        tell.send(CopyOutcome::Nearly).unwrap();
        checkpoints.after_commit(&db);
        add(&db, 1);
        assert!(pages(&checkpoints) < PAGES, "the log does not start anew");
    }

    #[test]
    fn a_log_that_grows_faster_than_it_is_copied_is_copied_by_the_worker() {
        let scratch = Scratch::new();
        let mut db = open(&scratch);
        let ((command, _asked), (tell, copied)) = (channel(), channel());
        let mut checkpoints = Checkpoints::new(&mut db, command, copied, |_| ()).unwrap();
        add(&db, PAGES_MAX);
        checkpoints.after_commit(&db);
        tell.send(CopyOutcome::Partly).unwrap();
        checkpoints.after_commit(&db);
        add(&db, 1);
        assert!(checkpoints.pages.load(Ordering::Relaxed) < PAGES);
    }
}
