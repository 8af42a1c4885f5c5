//! What the journal counts, on the reactor's side.

use std::time::Duration;

use crate::metrics::Histogram;

/// What the journal has counted since its start; the memory engine has no commits.
#[derive(Clone, Debug)]
pub struct Counters {
    /// Tasks per transaction: appends, sessions, key-value records, sweeps.
    pub batch_tasks: Histogram,
    /// How long a transaction took, from its begin to the end of its commit, in microseconds.
    pub commit_us: Histogram,
}

impl Counters {
    pub(super) fn new() -> Self {
        Self { batch_tasks: Histogram::new(&TASKS), commit_us: Histogram::new(&COMMIT_US) }
    }

    /// Counts a transaction.
    pub(super) fn on_commit(&mut self, tasks: usize, took: Duration) {
        self.batch_tasks.add(tasks as u64);
        self.commit_us.add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }
}

const TASKS: [u64; 9] = [1, 2, 5, 10, 25, 50, 100, 250, 1000];
/// Bounds of the duration of a commit: 250 µs to 5 s.
const COMMIT_US: [u64; 11] =
    [250, 500, 1000, 2500, 5000, 10_000, 25_000, 100_000, 500_000, 1_000_000, 5_000_000];

/// The state of the journal at this moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gauges {
    /// Appends and other writes that wait for their response.
    pub writes: usize,
    /// Bytes of these.
    pub write_bytes: usize,
    /// Reads that wait for their response.
    pub reads: usize,
    /// Searches that wait for their response.
    pub searches: usize,
    /// Bytes of entries in memory.
    pub cached_bytes: usize,
    /// Bytes that are free where the database is, as last looked at; none without one.
    pub disk_free_bytes: Option<u64>,
}
