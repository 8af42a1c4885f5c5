//! What is told of how much is going on.

use std::sync::Arc;

/// How much is going on. Of private rooms only the sums tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// The event.
    pub re: Option<Arc<str>>,
    /// When.
    pub ts: u64,
    /// People who are there; who were within an hour; within a day.
    pub users: [u64; 3],
    /// Open WebSockets.
    pub connections: u64,
    /// Messages of the running minute; of an hour; of a day.
    pub messages: [u64; 3],
    /// The busiest rooms, the busiest first.
    pub rooms: Vec<Busy>,
    /// Minute by minute.
    pub series: Series,
    /// Day by day, the oldest first.
    pub days: Vec<Day>,
}

/// A room in which something is going on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Busy {
    /// Its name.
    pub room: Arc<str>,
    /// How many are there.
    pub users: usize,
    /// Its messages of the running minute.
    pub minute: u32,
    /// Its messages of an hour.
    pub hour: u32,
}

/// Figures of each minute, the oldest first; the last one is the running minute.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Series {
    /// When the first minute began, in Unix milliseconds.
    pub from: u64,
    /// How many messages came.
    pub messages: Vec<u32>,
    /// How many people were there at some time.
    pub users: Vec<u32>,
    /// How many WebSockets were open at most.
    pub connections: Vec<u32>,
    /// Within how many microseconds the journal answered half of what it was given.
    pub journal_p50_us: Vec<u64>,
    /// Within how many it answered 99 of 100.
    pub journal_p99_us: Vec<u64>,
}

/// The figures of a day, by UTC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Day {
    /// The day: `2026-11-25`.
    pub day: Arc<str>,
    /// How many messages came.
    pub messages: u64,
    /// How many people were there at some time.
    pub users: u64,
    /// How many WebSockets were open at most.
    pub peak: u64,
}
