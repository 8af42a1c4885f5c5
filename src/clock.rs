//! Time as a value.
//!
//! The reactor reads the clock once per turn and passes [`Now`] to every layer. No other code reads
//! it, so that tests can drive every layer with a clock of their own. Within a turn the reactor only
//! measures how long its phases take.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A point on the monotonic clock, in milliseconds since the program started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(u64);

impl Moment {
    /// Later than any real moment.
    pub const NEVER: Self = Self(u64::MAX);

    /// Returns the moment this many milliseconds after the start.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Returns the milliseconds since the start.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// Returns the moment this much later; [`Moment::NEVER`] if there is none.
    pub fn after(self, duration: Duration) -> Self {
        let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(millis))
    }

    /// Returns the time since `earlier`, zero if that is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

/// The time of a turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Monotonic, for deadlines and durations.
    pub at: Moment,
    /// Unix time in milliseconds, as exact as the machine's clock.
    pub unix_ms: u64,
}

/// The machine's clocks.
#[derive(Debug)]
pub struct Clock {
    started: Instant,
}

impl Clock {
    /// Starts the monotonic clock at zero.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    pub fn start() -> Self {
        Self { started: Instant::now() }
    }

    /// Returns the time since the start, for measuring within a turn.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Reads both clocks.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    pub fn now(&self) -> Now {
        let at = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Now { at: Moment(at), unix_ms: u64::try_from(unix.as_millis()).unwrap_or(u64::MAX) }
    }
}
