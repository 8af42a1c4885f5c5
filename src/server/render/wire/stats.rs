//! The payload of `stats`.

use schemars::JsonSchema;
use serde::Serialize;

use crate::chat;

/// The payload of `stats`.
#[derive(JsonSchema, Serialize)]
pub(in crate::server::render) struct Stats<'a> {
    users: Users,
    connections: u64,
    messages: Messages,
    rooms: Vec<Room<'a>>,
    series: Series<'a>,
    days: Vec<Day<'a>>,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "UserCounts")]
struct Users {
    now: u64,
    hour: u64,
    day: u64,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "MessageCounts")]
struct Messages {
    minute: u64,
    hour: u64,
    day: u64,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "BusyRoom")]
struct Room<'a> {
    room: &'a str,
    users: usize,
    minute: u32,
    hour: u32,
}

#[derive(JsonSchema, Serialize)]
struct Series<'a> {
    step_s: u32,
    from: u64,
    messages: &'a [u32],
    users: &'a [u32],
    connections: &'a [u32],
    journal_p50_us: &'a [u64],
    journal_p99_us: &'a [u64],
}

#[derive(JsonSchema, Serialize)]
struct Day<'a> {
    day: &'a str,
    messages: u64,
    users: u64,
    peak: u64,
}

impl<'a> From<&'a chat::Stats> for Stats<'a> {
    fn from(it: &'a chat::Stats) -> Self {
        let [now, users_hour, users_day] = it.users;
        let [minute, hour, day] = it.messages;
        Self {
            users: Users { now, hour: users_hour, day: users_day },
            connections: it.connections,
            messages: Messages { minute, hour, day },
            rooms: it.rooms.iter().map(Room::from).collect(),
            series: (&it.series).into(),
            days: it.days.iter().map(Day::from).collect(),
        }
    }
}

impl<'a> From<&'a chat::Busy> for Room<'a> {
    fn from(it: &'a chat::Busy) -> Self {
        Self { room: &it.room, users: it.users, minute: it.minute, hour: it.hour }
    }
}

impl<'a> From<&'a chat::Series> for Series<'a> {
    fn from(it: &'a chat::Series) -> Self {
        Self {
            step_s: 60,
            from: it.from,
            messages: &it.messages,
            users: &it.users,
            connections: &it.connections,
            journal_p50_us: &it.journal_p50_us,
            journal_p99_us: &it.journal_p99_us,
        }
    }
}

impl<'a> From<&'a chat::Day> for Day<'a> {
    fn from(it: &'a chat::Day) -> Self {
        Self { day: &it.day, messages: it.messages, users: it.users, peak: it.peak }
    }
}
