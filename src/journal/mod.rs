//! The journal: the ordered record of each room.
//!
//! It takes [`JournalRequest`]s, returns [`JournalResponse`]s, never blocks its caller, and numbers
//! the entries of each room by `seq`, from 1 and without gaps. Its guarantees:
//! - Requests on one room are carried out in the order submitted; each append gets one response.
//!   While the disk hangs, a read does not wait for the appends before it.
//! - A [`Page`](crate::chat::record::Page) agrees exactly with the responses returned before it: its
//!   `top` is the `seq` of the newest entry in them.
//! - A message that has expired or was deleted has no text any more: neither in its entry nor in
//!   those of its edits. The numbered entries remain.
//!
//! The engines keep one contract and one suite of tests. Time comes from the caller: the journal
//! wants to be asked for [`Journal::responses`] at [`Journal::deadline`].
#![cfg_attr(
    not(test),
    deny(clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::unwrap_used)
)]

mod counters;
mod draft;
mod error;
mod folding;
mod history;
mod matching;
mod memory;
mod page;
mod search;
mod sqlite;
mod turns;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::chat::record::{JournalRequest, JournalResponse, Snapshot};
use crate::clock::{Moment, Now};
pub use counters::{Counters, Gauges};
pub use error::OpenError;
use memory::Memory;
use sqlite::Sqlite;
pub use sqlite::transfer::{
    CarriedFile, Contents, Exported, Imported, TransferError, back_up, carried_files, export,
    import, look_through,
};

/// The record of every room.
#[derive(Debug)]
pub struct Journal {
    engine: Running,
}

impl Journal {
    /// Opens the journal. Also returns a snapshot of what the chat needs from it.
    ///
    /// `epoch_seed` is randomness: it names the journal if it is made now. `waker` is called from
    /// another thread whenever there are new responses that no deadline announced.
    pub fn open(
        engine: Engine,
        limits: Limits,
        epoch_seed: [u8; 16],
        now: Now,
        waker: impl Fn() + Send + Sync + 'static,
    ) -> Result<(Self, Snapshot), OpenError> {
        match engine {
            Engine::Memory => {
                // Its responses are ready in the same turn: there is nothing to wake up for.
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

    /// Submits a request. It is carried out with the next [`Journal::responses`], so that all that
    /// one turn submits is written at once; its response comes with that call or a later one.
    pub fn submit(&mut self, now: Now, request: JournalRequest) {
        match &mut self.engine {
            Running::Memory(memory) => memory.submit(now, request),
            Running::Sqlite(sqlite) => sqlite.submit(now, request),
        }
    }

    /// Appends the responses that are ready to `out`, and does what is due.
    pub fn responses(&mut self, now: Now, out: &mut Vec<JournalResponse>) {
        match &mut self.engine {
            Running::Memory(memory) => memory.responses(now, out),
            Running::Sqlite(sqlite) => sqlite.responses(now, out),
        }
    }

    /// Returns the moment by which [`Journal::responses`] has to be called, for something is due.
    pub fn deadline(&self) -> Moment {
        match &self.engine {
            Running::Memory(memory) => memory.deadline(),
            Running::Sqlite(sqlite) => sqlite.deadline(),
        }
    }

    /// Changes how much is kept: the age and the number of messages, and the size of the database.
    /// The other limits are those of the start.
    pub fn set_limits(&mut self, limits: Limits) {
        match &mut self.engine {
            Running::Memory(memory) => memory.set_limits(limits),
            Running::Sqlite(sqlite) => sqlite.set_limits(limits),
        }
    }

    /// Whether the journal can be written at present.
    pub fn writable(&self) -> bool {
        match &self.engine {
            Running::Memory(_) => true,
            Running::Sqlite(sqlite) => sqlite.writable(),
        }
    }

    /// Returns what was counted since the start; none for the memory engine, which has no commits.
    pub fn counters(&self) -> Option<&Counters> {
        match &self.engine {
            Running::Memory(_) => None,
            Running::Sqlite(sqlite) => Some(sqlite.counters()),
        }
    }

    /// Returns the state at this moment.
    pub fn gauges(&self) -> Gauges {
        match &self.engine {
            Running::Memory(memory) => Gauges { cached_bytes: memory.bytes(), ..Gauges::default() },
            Running::Sqlite(sqlite) => sqlite.gauges(),
        }
    }

    /// Whether any request, or anything due, is still without its response.
    pub fn busy(&self) -> bool {
        match &self.engine {
            Running::Memory(memory) => memory.busy(),
            Running::Sqlite(sqlite) => sqlite.busy(),
        }
    }

    /// Finishes what was submitted and closes the journal. Waits for at most `within`; false if the
    /// worker did not end by then and was left behind. Responses that were not taken are lost: to
    /// get them, wait until the journal is no longer [`Journal::busy`].
    pub fn close(self, within: Duration) -> bool {
        match self.engine {
            Running::Memory(_) => true,
            Running::Sqlite(sqlite) => sqlite.close(within),
        }
    }
}

/// The engine in use.
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
        /// The durability that a response promises.
        durability: Durability,
        /// Whether to start although entries are missing that were there before. The journal gets
        /// another epoch then.
        accept_loss: bool,
        /// Whether to look through the whole database before the start: some seconds per gigabyte.
        check: bool,
    },
}

/// What an entry survives once its append has been answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// A crash of the machine, or a power cut.
    #[default]
    Fsync,
    /// A crash of the process.
    Write,
}

/// The journal's limits.
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
    /// How long an `id` is kept at least, even if its entry is pruned before. A draft that is
    /// replayed later is taken for a new one.
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
    /// Entries that are not in the text index and are scanned. Above it they are indexed, in small
    /// batches between appends and in large ones while the journal is idle; a thousand times above
    /// it, with each commit.
    pub unsearched_entries_max: u64,
    /// Newest entries per room that are also kept in memory. Older ones are read from disk.
    pub recent_entries_max: usize,
    /// Bytes that the newest entries of all rooms may take in memory. Above it rooms are left out
    /// that nobody read for a while.
    pub recent_bytes_max: usize,
    /// Ids in the current generation, which is in memory. Above it they go into the index, a batch
    /// with each commit; entries without an `id` count a quarter, for a start has to read them all.
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

/// How often rooms are pruned by age.
const RETENTION_EVERY: Duration = Duration::from_secs(1);

/// Returns the epoch of a new journal, made of random bytes.
fn epoch(seed: [u8; 16]) -> String {
    let (head, _) = seed.split_at(6);
    head.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Translates a Unix time into a moment of the monotonic clock.
fn moment_of(unix_ms: u64, now: Now) -> Moment {
    now.at.after(Duration::from_millis(unix_ms.saturating_sub(now.unix_ms)))
}

#[cfg(test)]
mod tests;
