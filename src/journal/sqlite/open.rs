//! Opening the journal on disk, and starting its threads.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel};
use std::thread;

use rusqlite::Connection;

use super::super::counters::Counters;
use super::super::{Durability, Limits, OpenError, epoch};
use super::checkpoint::{self, Checkpoints};
use super::directory::{Directory, HighWaterMark};
use super::gaps::Gaps;
use super::rooms::Rooms;
use super::running_searches::RunningSearches;
use super::task::{ReaderTask, Report, Waker};
use super::unsaved::Unsaved;
use super::worker::{Erasure, Worker};
use super::write::Writer;
use super::{Sqlite, Underway, files, key_values, readers, room_table, schema};
use crate::chat::record::{BlobHash, KeyValue, Search, Snapshot};
use crate::clock::{Clock, Moment, Now};

/// Where the database is, and how it is to be opened.
#[derive(Debug)]
pub(in super::super) struct Place {
    pub(in super::super) dir: PathBuf,
    pub(in super::super) durability: Durability,
    pub(in super::super) accept_loss: bool,
    pub(in super::super) check: bool,
}

impl Sqlite {
    /// Opens the database, and starts the threads.
    pub(in super::super) fn open(
        place: &Place,
        limits: Limits,
        epoch_seed: [u8; 16],
        now: Now,
        waker: Waker,
    ) -> Result<(Self, Snapshot), OpenError> {
        let mut directory = Directory::lock(&place.dir)?;
        let path = directory.database();
        let open = || schema::open(&path, place.durability, &limits, place.check);
        let db = open().or_else(|error| match error {
            OpenError::Sqlite { .. } if directory.release_reserve() => open(),
            _ => Err(error),
        })?;
        directory.sync()?;
        let failed = |source| OpenError::of(&path, source);
        let (rooms, table) = room_table::all(&db).map_err(failed)?;
        let sessions = schema::sessions(&db).map_err(failed)?;
        let (key_values, blobs) = kept(&db).map_err(failed)?;
        let mut writer = Writer::new(db, limits.clone(), table).map_err(failed)?;
        let expiry = writer.next_expiry().map_err(failed)?;
        let (mark, lossy) = mark(place, &directory, writer.entries, now)?;
        let epoch = schema::epoch(&writer.db, &epoch(epoch_seed), lossy).map_err(failed)?;

        let ((tasks, taken), (report, reports)) = (channel(), channel());
        let (doing, done) = channel::<()>();
        let reporting = Reporting { report, waker, doing };
        let (read_requests, search_requests) = readers(&path, limits.scan_entries_max, &reporting)?;
        let Reporting { report, waker, doing } = reporting;
        let (checkpoints, gaps) = checkpoints(&mut writer.db, &path, &directory.log())?;
        if !directory.in_place() {
            return Err(OpenError::Locked { path: place.dir.clone() });
        }
        directory.reserve();
        directory.measure();
        let space = directory.space();
        let worker = Worker {
            writer,
            tasks: taken,
            inbox: VecDeque::new(),
            reports: report,
            waker,
            mark,
            clock: Clock::start(),
            now: now.at,
            unsaved: Unsaved::default(),
            checkpoints,
            gaps,
            pruned: 0,
            expiry,
            degraded: None,
            erasure: Erasure::at_start(directory.log_left(), now.at),
            look_at: now.at,
            directory,
        };
        start(worker, doing)?;
        let sqlite = Self {
            rooms: Rooms::new(&rooms, limits.clone()),
            tasks,
            outbox: Vec::new(),
            read_requests,
            search_requests,
            searches: RunningSearches::default(),
            reports,
            done,
            responses: Vec::new(),
            underway: Underway::default(),
            counters: Counters::new(),
            writable: true,
            space,
            now,
            expiry,
            retention: if limits.prunes() { now.at } else { Moment::NEVER },
            sweep_not_before: Moment::default(),
            limits,
        };
        let (taken_at, durable) = (now.unix_ms, durable(place.durability));
        Ok((sqlite, Snapshot { taken_at, epoch, durable, rooms, sessions, key_values, blobs }))
    }
}

/// Starts the thread that writes.
fn start(worker: Worker, doing: Sender<()>) -> Result<(), OpenError> {
    spawn("journal", move || {
        worker.run();
        drop(doing);
    })
}

/// Reads the key-value records, and the blobs that messages carry.
fn kept(db: &Connection) -> rusqlite::Result<(Vec<KeyValue>, Vec<BlobHash>)> {
    Ok((key_values::all(db)?, files::blobs(db)?))
}

/// The channels by which a thread reports to the reactor and shows that it has not ended.
#[derive(Clone)]
struct Reporting {
    report: Sender<Vec<Report>>,
    waker: Waker,
    doing: Sender<()>,
}

/// Starts the threads that read. Returns their queues.
fn readers(
    path: &Path,
    scan_max: usize,
    reporting: &Reporting,
) -> Result<(Sender<ReaderTask>, Sender<Search>), OpenError> {
    let (reader, searcher) = (schema::open_reader(path)?, schema::open_reader(path)?);
    let (read_requests, asked) = channel();
    let (search_requests, searches) = channel();
    let Reporting { report, waker, doing } = reporting.clone();
    spawn("journal-reader", move || {
        readers::serve_reads(&reader, &asked, &report, &waker);
        drop(reader);
        drop(doing);
    })?;
    let Reporting { report, waker, doing } = reporting.clone();
    spawn("journal-search", move || {
        readers::serve_searches(&searcher, scan_max, &searches, &report, &waker);
        drop(searcher);
        drop(doing);
    })?;
    Ok((read_requests, search_requests))
}

/// Starts the thread that copies the log of this connection into the database. Also returns the
/// pages whose gaps are to be overwritten.
fn checkpoints(
    db: &mut Connection,
    path: &Path,
    log: &Path,
) -> Result<(Checkpoints, Gaps), OpenError> {
    let copier = schema::open_copier(path)?;
    let ((command, asked), (tell, copied)) = (channel(), channel());
    let failed = |source| OpenError::Directory { path: log.to_owned(), source };
    let (gaps, mut log) = Gaps::open(db, log).map_err(failed)?;
    let checkpoints = Checkpoints::new(db, command, copied, move |pages| log.on_commit(pages));
    spawn("journal-copy", move || {
        checkpoint::run_copier(&copier, &asked, &tell);
        drop(copier);
        drop(tell);
    })?;
    checkpoints.map(|it| (it, gaps)).map_err(|source| OpenError::of(path, source))
}

/// Checks the journal against its mark. Also returns whether it has lost entries, which is accepted.
pub(super) fn mark(
    place: &Place,
    directory: &Directory,
    entries: u64,
    now: Now,
) -> Result<(HighWaterMark, bool), OpenError> {
    let (file, marked) = directory.mark()?;
    if marked.is_none() && entries > 0 {
        tracing::warn!("the journal has no mark: missing entries cannot be detected");
    }
    let marked = marked.unwrap_or(0);
    let lossy = entries < marked;
    if lossy && !place.accept_loss {
        let path = directory.database();
        return Err(OpenError::Behind { path, found: entries, marked });
    }
    // With less than a sync per commit, a mark written meanwhile could run ahead of the disk.
    let running = place.durability == Durability::Fsync;
    let mut mark = HighWaterMark { file, marked, at: now.at, running };
    if lossy {
        tracing::warn!(entries, marked, "entries are missing; going on without them");
        mark.write(entries, now.at);
    }
    Ok((mark, lossy))
}

/// Returns the word for a durability in an `ack`.
fn durable(durability: Durability) -> &'static str {
    match durability {
        Durability::Fsync => "fsync",
        Durability::Write => "write",
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), OpenError> {
    let thread: io::Result<_> = thread::Builder::new().name(name.to_owned()).spawn(work);
    thread.map(drop).map_err(|source| OpenError::Thread { source })
}
