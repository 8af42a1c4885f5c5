//! How long things take, one beside the other.
//!
//! A machine is busy with other things now and then, and may be slow: the least of many attempts
//! counts, there are more of them as long as the outcome is a bad one, and what is too short to be
//! compared is so many times what a fixed piece of work takes there.

#![expect(clippy::disallowed_methods, reason = "it measures durations")]

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;

/// Attempts until the outcome counts, and until a bad one does.
const ATTEMPTS_MIN: u32 = 6;
const ATTEMPTS_MAX: u32 = 150;

/// Returns how long something takes.
pub(crate) fn time(run: impl FnOnce()) -> Duration {
    let begin = Instant::now();
    run();
    begin.elapsed()
}

/// Asserts that `dearest` takes at most `ratio` times as long as `ordinary`. What takes less than
/// `floor` is not compared more closely.
#[track_caller]
pub(crate) fn compare(
    name: &str,
    ratio: u32,
    floor: Duration,
    mut ordinary: impl FnMut() -> Duration,
    mut dearest: impl FnMut() -> Duration,
) {
    let floor = floor * slowness();
    let (mut usual, mut most) = (Duration::MAX, Duration::MAX);
    for attempt in 1..=ATTEMPTS_MAX {
        (usual, most) = (usual.min(ordinary()), most.min(dearest()));
        if attempt >= ATTEMPTS_MIN && most <= usual.max(floor) * ratio {
            return;
        }
    }
    panic!("{name:.80}: {most:?}, but an ordinary one {usual:?}");
}

/// How many times as long a fixed piece of work takes here as where the floors were chosen.
fn slowness() -> u32 {
    static SLOWNESS: OnceLock<u32> = OnceLock::new();
    *SLOWNESS.get_or_init(|| {
        let text = Value::from(vec!["fixed"; 500]).to_string();
        let read = || drop(serde_json::from_str::<Value>(&text));
        let least = (0..50).map(|_| time(read)).min().unwrap_or_default();
        let times = least.as_micros() / WORK.as_micros();
        u32::try_from(times).unwrap_or(u32::MAX).max(1)
    })
}

/// What that work took there.
const WORK: Duration = Duration::from_micros(100);

#[test]
fn what_takes_many_times_as_long_is_found_out() {
    let work = |times: usize| {
        move || {
            let text = Value::from(vec!["x"; 2000 * times]).to_string();
            time(|| drop(serde_json::from_str::<Value>(&text)))
        }
    };
    compare("as long", 15, Duration::ZERO, work(1), work(1));
    let found = std::panic::catch_unwind(|| {
        compare("much longer", 15, Duration::ZERO, work(1), work(60));
    });
    assert!(found.is_err());
}
