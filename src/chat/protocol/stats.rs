//! The statistics, as plain values.

use std::sync::Arc;

/// The statistics. Private rooms count in the sums only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// The `id` of the event that is answered.
    pub re: Option<Arc<str>>,
    /// Unix milliseconds.
    pub ts: u64,
    /// People present; within the last hour; within the last day.
    pub users: [u64; 3],
    /// Open WebSockets.
    pub connections: u64,
    /// Messages of the current minute; of the last hour; of the last day.
    pub messages: [u64; 3],
    /// The busiest rooms, the busiest first.
    pub rooms: Vec<Busy>,
    /// The figures of each minute.
    pub series: Series,
    /// The figures of each day, the oldest first.
    pub days: Vec<Day>,
}

/// A busy room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Busy {
    /// Its name.
    pub room: Arc<str>,
    /// Number of people in it.
    pub users: usize,
    /// Its messages of the current minute.
    pub minute: u32,
    /// Its messages of the last hour.
    pub hour: u32,
}

/// The figures of each minute, the oldest first; the last one is the current minute.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Series {
    /// When the first minute began, in Unix milliseconds.
    pub from: u64,
    /// Number of messages.
    pub messages: Vec<u32>,
    /// Number of people who were connected at some time.
    pub users: Vec<u32>,
    /// The largest number of open WebSockets.
    pub connections: Vec<u32>,
    /// Microseconds within which the journal answered half of the appends.
    pub journal_p50_us: Vec<u64>,
    /// Microseconds within which it answered 99 of 100.
    pub journal_p99_us: Vec<u64>,
}

/// The figures of a day, by UTC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Day {
    /// The day: `2026-11-25`.
    pub day: Arc<str>,
    /// Number of messages.
    pub messages: u64,
    /// Number of people who were connected at some time.
    pub users: u64,
    /// The largest number of open WebSockets.
    pub peak: u64,
}
