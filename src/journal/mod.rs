//! The journal: the ordered record of each room.
//!
//! Takes [`Order`]s in and hands [`Answer`]s out, never blocks its caller, and gives each entry its
//! `seq`: per room, from 1, without holes. What it promises about order:
//! - Orders on one room are carried out in the order given; each append gets one answer.
//! - A [`Page`](crate::chat::record::Page) shows the room exactly as the answers given out before
//!   it tell, no more and no less: its `top` is the `seq` of the newest entry answered so far.
//! - A message whose time has come, or that was deleted, has no text any more: not in its entry,
//!   nor in those of its edits. The numbered entries remain.
//!
//! The engines keep one contract and one suite of tests. Time comes from the caller: the journal
//! wants to be asked for [`Journal::answers`] at [`Journal::deadline`].

mod draft;
mod memory;
mod page;
mod record;

use std::time::Duration;

use crate::chat::record::{Answer, Opening, Order};
use crate::clock::{Moment, Now};
use memory::Memory;

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
        waker: impl Fn() + Send + 'static,
    ) -> Result<(Self, Opening), OpenError> {
        match engine {
            Engine::Memory => {
                // Its answers are there in the same turn: there is nothing to wake up for.
                drop(waker);
                let (memory, opening) = Memory::open(limits, epoch_seed, now);
                Ok((Self { engine: Running::Memory(Box::new(memory)) }, opening))
            }
        }
    }

    /// Takes an order in. Its answer comes with one of the next [`Journal::answers`].
    pub fn submit(&mut self, now: Now, order: Order) {
        match &mut self.engine {
            Running::Memory(memory) => memory.submit(now, order),
        }
    }

    /// Appends what there is to tell to `out`, and does what is due.
    pub fn answers(&mut self, now: Now, out: &mut Vec<Answer>) {
        match &mut self.engine {
            Running::Memory(memory) => memory.answers(now, out),
        }
    }

    /// Says when [`Journal::answers`] has to be called at the latest, for something is due then.
    pub fn deadline(&self) -> Moment {
        match &self.engine {
            Running::Memory(memory) => memory.deadline(),
        }
    }

    /// Says whether appends have a chance now.
    pub fn writable(&self) -> bool {
        match &self.engine {
            Running::Memory(_) => true,
        }
    }

    /// Finishes what was submitted and closes the journal. Waits for at most `within`; false says
    /// that the worker did not end by then and was left behind.
    pub fn close(self, within: Duration) -> bool {
        match self.engine {
            Running::Memory(_) => within >= Duration::ZERO,
        }
    }
}

/// Is the engine at work.
#[derive(Debug)]
enum Running {
    Memory(Box<Memory>),
}

/// Says where the record is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Engine {
    /// In the process: gone when it ends.
    Memory,
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
    /// Messages kept per room. Above it the oldest are pruned, and pages name them as lost.
    pub keep_messages: Option<u64>,
    /// How long messages are kept. Older ones are pruned, and pages name them as lost.
    pub keep_for: Option<Duration>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_entries_max: 10_000,
            memory_bytes_max: 4 * 1024 * 1024,
            keep_messages: None,
            keep_for: None,
        }
    }
}

impl Limits {
    /// Gives the Unix time before which messages are no longer kept, 0 if age does not count.
    fn cutoff(&self, unix_ms: u64) -> u64 {
        let Some(keep_for) = self.keep_for else { return 0 };
        unix_ms.saturating_sub(u64::try_from(keep_for.as_millis()).unwrap_or(u64::MAX))
    }
}

/// How often rooms are searched for messages that have been kept long enough.
const RETENTION_EVERY: Duration = Duration::from_secs(1);

/// Says why the journal cannot be opened.
#[derive(Debug)]
pub enum OpenError {}

impl std::fmt::Display for OpenError {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {}
    }
}

impl std::error::Error for OpenError {}

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
