//! Statistics: people, connections, messages, and the latency of the journal.
//!
//! Everything is counted as it happens, at a fixed cost and in memory of a fixed size. Minutes go
//! back a day and are lost with the process; the totals of days are stored as key-value records.
//! Minutes and days are in UTC. A clock that goes back by up to an hour makes a long minute; by
//! more, and the minutes start over.
//!
//! A person is counted once an hour or day, however often it connects. After a restart it may be
//! counted once more in the total of the day, unless its session lives on. Durations are as exact
//! as the clock of the turn: a millisecond.

pub(in crate::chat) mod busy;
pub(in crate::chat) mod days;

pub(in crate::chat) mod latency;
pub(in crate::chat) mod seen;

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use crate::chat::ids::RoomId;
use crate::chat::limits::Limits;
use crate::chat::protocol::stats::Series;
use crate::chat::record::{AuthorKey, KeyValue, Namespace, Snapshot};
use crate::clock::{Moment, Now};
use busy::RoomActivities;
use days::Days;
use latency::Latencies;
use seen::Seen;

/// The statistics of the server.
#[derive(Debug)]
pub(in crate::chat) struct Counters {
    /// The current minute, since 1970; 0 before the first.
    pub(in crate::chat) minute: u64,
    pub(in crate::chat) running: Minute,
    pub(in crate::chat) latencies: Latencies,
    /// The minutes before the current one, the oldest first.
    pub(in crate::chat) past: VecDeque<Minute>,
    pub(in crate::chat) connections: u32,
    pub(in crate::chat) seen: Seen,
    pub(in crate::chat) busy: RoomActivities,
    pub(in crate::chat) days: Days,
    /// Authors of sessions from before the start: they are in the total of the day already.
    pub(in crate::chat) before: HashSet<AuthorKey>,
    /// When the totals of days are to be saved, if they have changed.
    pub(in crate::chat) due: Option<Moment>,
    /// How long a change may wait to be saved.
    pub(in crate::chat) wait: Duration,
}

/// The figures of one minute.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::chat) struct Minute {
    messages: u32,
    users: u32,
    connections: u32,
    p50_ms: u64,
    p99_ms: u64,
}

/// Minutes remembered.
pub(in crate::chat) const MINUTES: usize = 24 * 60;

/// Minutes returned unless a client asks for another number.
pub(in crate::chat) const MINUTES_DEFAULT: u32 = 60;

/// Number of busiest rooms returned.
pub(in crate::chat) const BUSIEST: usize = 10;

impl Counters {
    /// Restores the totals of days.
    pub(in crate::chat) fn restored(opening: &Snapshot) -> Self {
        let mut days = Days::default();
        for KeyValue { namespace, key, value } in &opening.key_values {
            if let (Namespace::Days, Some(value)) = (namespace, value) {
                days.restore(Arc::clone(key), value);
            }
        }
        Self {
            minute: 0,
            running: Minute::default(),
            latencies: Latencies::default(),
            past: VecDeque::new(),
            connections: 0,
            seen: Seen::default(),
            busy: RoomActivities::default(),
            days,
            before: opening.sessions.iter().map(|session| session.key).collect(),
            due: None,
            wait: KEPT_WITHIN,
        }
    }

    /// Advances to the current minute and day.
    pub(in crate::chat) fn advance(&mut self, now: Now) {
        let minute = now.unix_ms / 60_000;
        if minute == self.minute {
            return;
        }
        let back = self.minute.saturating_sub(minute);
        if self.minute == 0 || back > 60 {
            self.past.clear();
            self.seen.forget();
            self.busy.forget();
            self.begin_day(now, minute);
            self.begin_minute(minute);
        } else if back > 0 {
            return;
        } else {
            let last = self.minute;
            // Minutes left out would be forgotten anyway.
            let first = last.max(minute.saturating_sub(MINUTES as u64));
            for minute in first.saturating_add(1)..=minute {
                self.past.push_back(self.current());
                self.begin_minute(minute);
            }
            if day_of(last) != day_of(minute) {
                self.begin_day(now, minute);
            }
        }
        self.minute = minute;
    }

    /// Counts a WebSocket that was opened, the first of this person if one is named.
    pub(in crate::chat) fn opened(&mut self, now: Now, first_of: Option<AuthorKey>) {
        self.connections = self.connections.saturating_add(1);
        self.running.connections = self.running.connections.max(self.connections);
        let peak = u64::from(self.connections);
        self.count_day(now, |today| today.peak = today.peak.max(peak));
        if let Some(author) = first_of {
            self.came(now, author);
        }
    }

    /// Counts a WebSocket that was closed, the last of this person if one is named.
    pub(in crate::chat) fn closed(&mut self, last_of: Option<AuthorKey>, limits: &Limits) {
        self.connections = self.connections.saturating_sub(1);
        if let Some(author) = last_of {
            self.seen.went(author, self.minute, limits.stats_users_max);
        }
    }

    pub(in crate::chat) fn came(&mut self, now: Now, author: AuthorKey) {
        let before = self.seen.came(author, self.minute);
        if before != Some(self.minute) {
            self.running.users = self.running.users.saturating_add(1);
        }
        let known = self.before.remove(&author);
        if !known && before.map(day_of) != Some(day_of(self.minute)) {
            self.count_day(now, |today| today.users = today.users.saturating_add(1));
        }
    }

    /// Corrects the counts when two present people turn out to be one.
    pub(in crate::chat) fn vanished(&mut self, now: Now) {
        self.seen.vanished();
        self.running.users = self.running.users.saturating_sub(1);
        self.count_day(now, |today| today.users = today.users.saturating_sub(1));
    }

    /// Counts a message that was recorded.
    pub(in crate::chat) fn said(&mut self, now: Now, room: RoomId, limits: &Limits) {
        self.running.messages = self.running.messages.saturating_add(1);
        self.busy.said(room, self.minute, limits.stats_rooms_max);
        self.count_day(now, |today| today.messages = today.messages.saturating_add(1));
    }

    /// Removes the counts of a room.
    pub(in crate::chat) fn forget_room(&mut self, room: RoomId) {
        self.busy.remove(room);
    }

    /// Counts the time the journal took for an entry.
    pub(in crate::chat) fn took(&mut self, time: Duration) {
        self.latencies.add(u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
    }

    /// Returns when the totals of days are to be saved.
    pub(in crate::chat) fn deadline(&self) -> Moment {
        self.due.unwrap_or(Moment::NEVER)
    }

    fn begin_minute(&mut self, minute: u64) {
        while self.past.len() >= MINUTES {
            self.past.pop_front();
        }
        let (users, connections) = (self.seen.present, self.connections);
        self.running = Minute { users, connections, ..Minute::default() };
        self.latencies = Latencies::default();
        self.seen.advance(minute);
        self.busy.advance(minute);
    }

    fn begin_day(&mut self, now: Now, minute: u64) {
        let known = self.days.begin(day_of(minute));
        if !known {
            self.before.clear();
        }
        let (users, peak) = (u64::from(self.seen.present), u64::from(self.connections));
        self.count_day(now, |today| {
            today.users = today.users.saturating_add(if known { 0 } else { users });
            today.peak = today.peak.max(peak);
        });
    }

    fn count_day(&mut self, now: Now, change: impl FnOnce(&mut days::Totals)) {
        if self.days.count(change) && self.due.is_none() {
            self.due = Some(now.at.after(self.wait));
        }
    }

    /// Returns the figures of the current minute.
    fn current(&self) -> Minute {
        let [p50_ms, p99_ms] = [50, 99].map(|percent| self.latencies.percentile(percent));
        Minute { p50_ms, p99_ms, ..self.running }
    }

    /// Counts the messages of the last minutes, including the current one.
    pub(in crate::chat) fn messages_within(&self, minutes: usize) -> u64 {
        let past = self.past.iter().rev().take(minutes.saturating_sub(1));
        let all = past.chain([&self.running]).map(|minute| u64::from(minute.messages));
        all.fold(0, u64::saturating_add)
    }

    pub(in crate::chat) fn series(&self, minutes: usize) -> Series {
        let past = minutes.saturating_sub(1).min(self.past.len());
        let first = self.minute.saturating_sub(u64::try_from(past).unwrap_or_default());
        let mut series = Series { from: first.saturating_mul(60_000), ..Series::default() };
        let skipped = self.past.len().saturating_sub(past);
        for minute in self.past.iter().skip(skipped).chain([&self.current()]) {
            series.messages.push(minute.messages);
            series.users.push(minute.users);
            series.connections.push(minute.connections);
            series.journal_p50_us.push(minute.p50_ms.saturating_mul(1000));
            series.journal_p99_us.push(minute.p99_ms.saturating_mul(1000));
        }
        series
    }
}

/// How long a change of the totals of days may wait for others.
const KEPT_WITHIN: Duration = Duration::from_secs(60);

fn day_of(minute: u64) -> u64 {
    minute / (24 * 60)
}
