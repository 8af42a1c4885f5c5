//! The journal: the ordered record of each room.
//!
//! Takes [`JournalRequest`]s in and hands [`JournalResponse`]s out, never blocks its caller, and gives each entry its
//! `seq`: per room, from 1, without holes. What it promises about order:
//! - Orders on one room are carried out in the order given; each append gets one answer. Only while
//!   nothing can be written for a while, a read does not wait for the appends before it.
//! - A [`Page`](crate::chat::record::Page) shows the room exactly as the answers given out before
//!   it tell, no more and no less: its `top` is the `seq` of the newest entry answered so far.
//! - A message whose time has come, or that was deleted, has no text any more: not in its entry,
//!   nor in those of its edits. The numbered entries remain.
//!
//! The engines keep one contract and one suite of tests. Time comes from the caller: the journal
//! wants to be asked for [`Journal::responses`] at [`Journal::deadline`].
#![cfg_attr(
    not(test),
    deny(clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::unwrap_used)
)]

mod draft;
mod error;
mod history;
mod memory;
mod page;
mod search;
mod sqlite;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::chat::record::{JournalRequest, JournalResponse, Snapshot};
use crate::clock::{Moment, Now};
pub use error::OpenError;
use memory::Memory;
use sqlite::Sqlite;
pub use sqlite::transfer::{Exported, Imported, TransferError, export, import};

/// Keeps the record of every room.
#[derive(Debug)]
pub struct Journal {
    engine: Running,
}

impl Journal {
    /// Opens the journal and says what is in it.
    ///
    /// `epoch_seed` is randomness: it names the journal if it is made now. `waker` is called from
    /// another thread whenever there are new answers that no deadline announced.
    pub fn open(
        engine: Engine,
        limits: Limits,
        epoch_seed: [u8; 16],
        now: Now,
        waker: impl Fn() + Send + Sync + 'static,
    ) -> Result<(Self, Snapshot), OpenError> {
        match engine {
            Engine::Memory => {
                // Its answers are there in the same turn: there is nothing to wake up for.
                drop(waker);
                let (memory, opening) = Memory::open(limits, epoch_seed, now);
                Ok((Self { engine: Running::Memory(Box::new(memory)) }, opening))
            }
            Engine::Sqlite { dir, durability, accept_loss, check } => {
                let place = sqlite::Place { dir, durability, accept_loss, check };
                let (sqlite, opening) =
                    Sqlite::open(&place, limits, epoch_seed, now, Arc::new(waker))?;
                Ok((Self { engine: Running::Sqlite(Box::new(sqlite)) }, opening))
            }
        }
    }

    /// Takes an order in. It is carried out with the next [`Journal::responses`], so that whatever one
    /// turn submits can be written at once; its answer comes with that call or a later one.
    pub fn submit(&mut self, now: Now, order: JournalRequest) {
        match &mut self.engine {
            Running::Memory(memory) => memory.submit(now, order),
            Running::Sqlite(sqlite) => sqlite.submit(now, order),
        }
    }

    /// Appends what there is to tell to `out`, and does what is due.
    pub fn responses(&mut self, now: Now, out: &mut Vec<JournalResponse>) {
        match &mut self.engine {
            Running::Memory(memory) => memory.responses(now, out),
            Running::Sqlite(sqlite) => sqlite.responses(now, out),
        }
    }

    /// When [`Journal::responses`] has to be called at the latest, for something is due then.
    pub fn deadline(&self) -> Moment {
        match &self.engine {
            Running::Memory(memory) => memory.deadline(),
            Running::Sqlite(sqlite) => sqlite.deadline(),
        }
    }

    /// Whether appends have a chance now.
    pub fn writable(&self) -> bool {
        match &self.engine {
            Running::Memory(_) => true,
            Running::Sqlite(sqlite) => sqlite.writable(),
        }
    }

    /// Whether anything submitted, or due, still waits for its answer.
    pub fn busy(&self) -> bool {
        match &self.engine {
            Running::Memory(memory) => memory.busy(),
            Running::Sqlite(sqlite) => sqlite.busy(),
        }
    }

    /// Finishes what was submitted and closes the journal. Waits for at most `within`; false says
    /// that the worker did not end by then and was left behind. Answers that were not taken are
    /// lost: whoever wants them waits first until the journal is no longer [`Journal::busy`].
    pub fn close(self, within: Duration) -> bool {
        match self.engine {
            Running::Memory(_) => true,
            Running::Sqlite(sqlite) => sqlite.close(within),
        }
    }
}

/// The engine at work.
#[derive(Debug)]
enum Running {
    Memory(Box<Memory>),
    Sqlite(Box<Sqlite>),
}

/// Where the record is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Engine {
    /// In the process: gone when it ends.
    Memory,
    /// In a database on disk.
    Sqlite {
        /// The directory; it is made if there is none.
        dir: PathBuf,
        /// What an answer promises.
        durability: Durability,
        /// Whether to start although entries are missing that were there before. The journal gets
        /// another epoch then.
        accept_loss: bool,
        /// Whether to look through the whole database before the start: some seconds per gigabyte.
        check: bool,
    },
}

/// What an entry survives once it was answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// The end of the machine.
    #[default]
    Fsync,
    /// The end of the process.
    Write,
}

/// Bounds what the journal takes and keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Entries the memory engine keeps per room. Above it the oldest are pruned, and pages name
    /// them as lost.
    pub memory_entries_max: usize,
    /// Bytes of text the memory engine keeps per room. Above it the oldest entries are pruned, and
    /// pages name them as lost.
    pub memory_bytes_max: usize,
    /// Messages kept per room, at least 1. Above it the oldest are pruned, and pages name them as
    /// lost.
    pub keep_messages: Option<u64>,
    /// How long messages are kept. Older ones are pruned, and pages name them as lost.
    pub keep_for: Option<Duration>,
    /// How long an `id` is kept at least, even if its entry is pruned before. An `id` that comes
    /// again later is taken for a new one.
    pub ids_kept_for: Option<Duration>,
    /// Appends that may wait for the disk. Above it they are refused as `Overloaded`.
    pub queue_entries_max: usize,
    /// Bytes of the appends that may wait for the disk. Above it they are refused as `Overloaded`.
    pub queue_bytes_max: usize,
    /// Entries that are written in one transaction. What is above it waits for the next one.
    pub batch_entries_max: usize,
    /// Reads that may wait for the disk. Above it they are refused as `Overloaded`.
    pub queue_reads_max: usize,
    /// Searches that may wait for the disk. Above it they are refused as `Overloaded`.
    pub queue_searches_max: usize,
    /// Entries a search looks through one by one, where no index has them. Above it the search
    /// ends, and says that there may be more.
    pub scan_entries_max: usize,
    /// Entries that are in no index and are looked through. Above it they go into the index, some
    /// between appends and the others while there is nothing else to do; a thousand times above it,
    /// with each commit.
    pub unsearched_entries_max: u64,
    /// Newest entries per room that are also kept in memory. Older ones are read from disk.
    pub recent_entries_max: usize,
    /// Bytes that the newest entries of all rooms may take in memory. Above it rooms are left out
    /// that nobody read for a while.
    pub recent_bytes_max: usize,
    /// Ids that are kept in memory before they go into the index. Above it they go, some with each
    /// commit; entries without an `id` count a quarter, for a start has to read them all.
    pub young_ids_max: usize,
    /// Bytes the write-ahead log is cut back to after a checkpoint.
    pub wal_bytes_max: u64,
    /// Bytes the database may grow to. At the limit appends are refused as `Unavailable`.
    pub database_bytes_max: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_entries_max: 10_000,
            memory_bytes_max: 4 * 1024 * 1024,
            keep_messages: None,
            keep_for: None,
            ids_kept_for: None,
            queue_entries_max: 4096,
            queue_bytes_max: 8 * 1024 * 1024,
            batch_entries_max: 1024,
            queue_reads_max: 65_536,
            queue_searches_max: 256,
            scan_entries_max: 50_000,
            unsearched_entries_max: 1024,
            recent_entries_max: 512,
            recent_bytes_max: 32 * 1024 * 1024,
            young_ids_max: 16_384,
            wal_bytes_max: 64 * 1024 * 1024,
            database_bytes_max: None,
        }
    }
}

impl Limits {
    /// Returns how many messages are kept per room.
    fn messages_max(&self) -> u64 {
        self.keep_messages.map_or(u64::MAX, |messages| messages.max(1))
    }

    /// Returns the Unix time before which messages are no longer kept, 0 if age does not count.
    fn cutoff(&self, unix_ms: u64) -> u64 {
        let Some(keep_for) = self.keep_for else { return 0 };
        unix_ms.saturating_sub(millis(keep_for))
    }

    /// Returns how long ids are kept beyond their entry, 0 for not at all.
    fn ids_kept_ms(&self) -> u64 {
        self.ids_kept_for.map_or(0, millis)
    }

    /// Whether the age or the number of messages is bounded.
    fn prunes(&self) -> bool {
        self.keep_messages.is_some() || self.keep_for.is_some()
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// How often rooms are searched for messages that have been kept long enough.
const RETENTION_EVERY: Duration = Duration::from_secs(1);

/// Names a new journal after this randomness.
fn epoch(seed: [u8; 16]) -> String {
    let (head, _) = seed.split_at(6);
    head.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Translates a Unix time into a moment of the clock that never goes back.
fn moment_of(unix_ms: u64, now: Now) -> Moment {
    now.at.after(Duration::from_millis(unix_ms.saturating_sub(now.unix_ms)))
}

#[cfg(test)]
mod tests;
