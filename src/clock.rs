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

/// Returns the day with this number since 1970: `2026-11-25`.
pub fn date(day: u64) -> String {
    // A clock that runs in the year 10000 gets no names beyond.
    let (mut rest, mut year) = (day.min(2_932_896), 1970_u64);
    let leaps = |year: u64| {
        let divides = |by| year.checked_rem(by) == Some(0);
        divides(4) && (!divides(100) || divides(400))
    };
    while let Some(after) = rest.checked_sub(if leaps(year) { 366 } else { 365 }) {
        (rest, year) = (after, year.saturating_add(1));
    }
    let february = if leaps(year) { 29 } else { 28 };
    let mut month = 1_u64;
    for days in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        let Some(after) = rest.checked_sub(days) else { break };
        (rest, month) = (after, month.saturating_add(1));
    }
    format!("{year:04}-{month:02}-{:02}", rest.saturating_add(1))
}

/// Returns a Unix time in milliseconds as RFC 3339 §5.6 has it: `2026-11-25T12:00:03.042Z`.
pub fn rfc3339(unix_ms: u64) -> String {
    let (day, millis) = (unix_ms / DAY_MS, unix_ms % DAY_MS);
    let (seconds, millis) = (millis / 1000, millis % 1000);
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    format!("{}T{hours:02}:{minutes:02}:{:02}.{millis:03}Z", date(day), seconds % 60)
}

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_its_name() {
        for (day, name) in [
            (0, "1970-01-01"),
            (58, "1970-02-28"),
            (59, "1970-03-01"),
            (11_016, "2000-02-29"),
            (20_782, "2026-11-25"),
            (20_818, "2026-12-31"),
            (20_819, "2027-01-01"),
            (47_540, "2100-02-28"),
            (47_541, "2100-03-01"),
            (u64::MAX, "9999-12-31"),
        ] {
            assert_eq!(date(day), name);
        }
    }

    #[test]
    fn a_time_is_written_as_programs_read_it() {
        for (unix_ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_732_104_003_042, "2024-11-20T12:00:03.042Z"),
            (951_868_799_999, "2000-02-29T23:59:59.999Z"),
        ] {
            assert_eq!(rfc3339(unix_ms), text);
        }
        assert!(rfc3339(u64::MAX).starts_with("9999-12-31T"));
    }
}
