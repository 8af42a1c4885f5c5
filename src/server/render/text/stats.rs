//! The statistics in a few lines of text.

use std::fmt::Write as _;

use crate::chat::{Busy, Stats};

/// Returns the statistics as sentences.
pub(super) fn summary(it: &Stats) -> String {
    let ([now, hour, day], [minute, in_hour, in_day]) = (it.users, it.messages);
    let mut text = format!(
        "Users: {now} online, {hour} in the last hour, {day} in the last day; connections: {}.\n\
         Messages: {minute} this minute, {in_hour} in the last hour, {in_day} in the last day.",
        it.connections
    );
    if !it.rooms.is_empty() {
        let rooms = it.rooms.iter().map(|busy| {
            let Busy { room, users, hour, .. } = busy;
            format!("{room} ({hour} per hour, {users} online)")
        });
        let rooms: Vec<String> = rooms.collect();
        let _ = write!(text, "\nBusiest rooms: {}.", rooms.join(", "));
    }
    let [median, p99] =
        [&it.series.journal_p50_us, &it.series.journal_p99_us].map(|times| latest(times));
    let _ = write!(text, "\nJournal latency: {median} median, {p99} 99th percentile.");
    text
}

/// Returns the last latency of at least a millisecond.
fn latest(times: &[u64]) -> String {
    match times.iter().rev().map(|us| us / 1000).find(|ms| *ms > 0) {
        Some(ms) => format!("{ms} ms"),
        None => "under 1 ms".to_owned(),
    }
}
