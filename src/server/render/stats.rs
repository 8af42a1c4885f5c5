//! The statistics, as JSON and in a few lines for people.

use std::fmt::Write as _;

use super::write::{list, number, raw, string};
use crate::chat::{Busy, Series, Stats};

/// Appends what the event says, as an object.
pub(super) fn payload(it: &Stats, out: &mut Vec<u8>) {
    within(out, "{\"users\":", ["now", "hour", "day"], it.users);
    number(out, ",\"connections\":", it.connections);
    within(out, ",\"messages\":", ["minute", "hour", "day"], it.messages);
    raw(out, ",\"rooms\":[");
    list(out, &it.rooms, |out, Busy { room, users, minute, hour }| {
        string(out, "{\"room\":", room);
        number(out, ",\"users\":", *users as u64);
        number(out, ",\"minute\":", u64::from(*minute));
        number(out, ",\"hour\":", u64::from(*hour));
        raw(out, "}");
    });
    raw(out, "]");
    series(&it.series, out);
    raw(out, ",\"days\":[");
    list(out, &it.days, |out, day| {
        string(out, "{\"day\":", &day.day);
        number(out, ",\"messages\":", day.messages);
        number(out, ",\"users\":", day.users);
        number(out, ",\"peak\":", day.peak);
        raw(out, "}");
    });
    raw(out, "]}");
}

/// Says it in sentences.
pub(super) fn told(it: &Stats) -> String {
    let ([now, hour, day], [minute, in_hour, in_day]) = (it.users, it.messages);
    let mut text = format!(
        "People: {now} here, {hour} within an hour, {day} within a day; connections: {}.\n\
         Messages: {minute} this minute, {in_hour} within an hour, {in_day} within a day.",
        it.connections
    );
    if !it.rooms.is_empty() {
        let rooms = it.rooms.iter().map(|busy| {
            let Busy { room, users, hour, .. } = busy;
            format!("{room} ({hour} an hour, {users} online)")
        });
        let rooms: Vec<String> = rooms.collect();
        let _ = write!(text, "\nBusiest rooms: {}.", rooms.join(", "));
    }
    let [half, most] =
        [&it.series.journal_p50_us, &it.series.journal_p99_us].map(|times| latest(times));
    let _ = write!(text, "\nThe journal takes {half} for half of all, {most} for 99 of 100.");
    text
}

/// Says the last time that is long enough to tell.
fn latest(times: &[u64]) -> String {
    match times.iter().rev().map(|us| us / 1000).find(|ms| *ms > 0) {
        Some(ms) => format!("{ms} ms"),
        None => "under 1 ms".to_owned(),
    }
}

fn within(out: &mut Vec<u8>, key: &str, words: [&str; 3], counts: [u64; 3]) {
    raw(out, key);
    for (word, (count, before)) in words.iter().zip(counts.iter().zip(["{\"", ",\"", ",\""])) {
        raw(out, before);
        raw(out, word);
        number(out, "\":", *count);
    }
    raw(out, "}");
}

fn series(it: &Series, out: &mut Vec<u8>) {
    number(out, ",\"series\":{\"step_s\":60,\"from\":", it.from);
    let small = [
        (",\"messages\":[", &it.messages),
        (",\"users\":[", &it.users),
        (",\"connections\":[", &it.connections),
    ];
    for (key, counts) in small {
        raw(out, key);
        list(out, counts, |out, count| number(out, "", u64::from(*count)));
        raw(out, "]");
    }
    let long = [
        (",\"journal_p50_us\":[", &it.journal_p50_us),
        (",\"journal_p99_us\":[", &it.journal_p99_us),
    ];
    for (key, times) in long {
        raw(out, key);
        list(out, times, |out, time| number(out, "", *time));
        raw(out, "]");
    }
    raw(out, "}");
}
