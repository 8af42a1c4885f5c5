//! Time as a value.
//!
//! The reactor reads the clock once per turn and passes [`Now`] to every layer. No other code reads
//! it, so that tests can drive every layer with a clock of their own. Within a turn the reactor only
//! measures how long its phases take.

use std::cell::Cell;
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
    /// Unix time in milliseconds, as exact as the machine's clock. It does not go back when that is
    /// set back by up to two hours.
    pub unix_ms: u64,
}

/// The machine's clocks.
#[derive(Debug)]
pub struct Clock {
    started: Instant,
    unix: Cell<UnixTime>,
}

impl Clock {
    /// Starts the monotonic clock at zero.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    pub fn start() -> Self {
        Self { started: Instant::now(), unix: Cell::default() }
    }

    /// Returns the time since the start, for measuring within a turn.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Reads both clocks.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    pub fn now(&self) -> Now {
        let at = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let wall_ms = u64::try_from(wall.as_millis()).unwrap_or(u64::MAX);
        let (unix, unix_ms) = self.unix.get().read(at, wall_ms);
        self.unix.set(unix);
        Now { at: Moment(at), unix_ms }
    }
}

/// The Unix time that a server goes by.
///
/// It is that of the machine until the machine's clock is set back. Then it goes on at half the pace
/// until the machine's has caught up: what is to end at a Unix time still ends, a little later, and
/// nothing is dated before what went before it. A clock that is set back by more than
/// [`SET_BACK_MAX_MS`] is followed at once.
#[derive(Clone, Copy, Debug, Default)]
struct UnixTime {
    /// When the two were last the same: by the monotonic clock, and the Unix time.
    met_at: u64,
    met_unix_ms: u64,
}

impl UnixTime {
    /// Returns the Unix time, and what it is counted from.
    fn read(self, at: u64, wall_ms: u64) -> (Self, u64) {
        let since = at.saturating_sub(self.met_at);
        let unix_ms = self.met_unix_ms.saturating_add(since / 2);
        if wall_ms < unix_ms && unix_ms.saturating_sub(wall_ms) <= SET_BACK_MAX_MS {
            return (self, unix_ms);
        }
        (Self { met_at: at, met_unix_ms: wall_ms }, wall_ms)
    }
}

/// How far a clock may be set back without being followed at once.
const SET_BACK_MAX_MS: u64 = 2 * 60 * 60 * 1000;

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

    /// Returns the Unix times at these points of the monotonic and the machine's clock, in seconds.
    fn read(points: &[(u64, u64)]) -> Vec<u64> {
        let mut unix = UnixTime::default();
        let mut read = |&(at, wall): &(u64, u64)| {
            let (next, unix_ms) = unix.read(at * 1000, wall * 1000);
            unix = next;
            unix_ms / 1000
        };
        points.iter().map(&mut read).collect()
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_stop_what_waits_for_a_unix_time() {
        let hour = 3600;
        let points = [(0, 9000), (10, 9010), (20, 9010 - hour), (30, 9020 - hour), (7300, 12690)];
        assert_eq!(read(&points), [9000, 9010, 9015, 9020, 12_690], "half the pace, then the same");
        assert_eq!(read(&[(0, 9000), (1, 9000), (2, 8999), (3, 9000)]), [9000, 9000, 9001, 9001]);
    }

    #[test]
    fn a_clock_that_is_set_forth_or_far_back_is_followed_at_once() {
        assert_eq!(read(&[(0, 9000), (1, 99_001), (2, 99_002)]), [9000, 99_001, 99_002]);
        assert_eq!(read(&[(0, 99_000), (1, 9001), (2, 9002)]), [99_000, 9001, 9002]);
    }

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
