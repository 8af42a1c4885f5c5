//! Statistics: the answer to requests, and the counting of connections.

use std::sync::Arc;
use std::time::Duration;

use crate::chat::Chat;
use crate::chat::ids::PersonId;
use crate::chat::protocol::server_event::ServerEvent;
use crate::chat::protocol::stats::{Busy, Stats};
use crate::chat::record::{AuthorKey, KeyValue, Namespace};
use crate::chat::stats::{BUSIEST, MINUTES, MINUTES_DEFAULT};
use crate::chat::step::Step;
use crate::clock::Now;

impl Chat {
    /// Returns the statistics of the last minutes.
    pub(in crate::chat) fn stats(
        &self,
        now: Now,
        re: Option<Arc<str>>,
        minutes: Option<u32>,
    ) -> ServerEvent {
        let counters = &self.counters;
        let minutes = usize::try_from(minutes.unwrap_or(MINUTES_DEFAULT)).unwrap_or(MINUTES);
        let public = |room| self.rooms.get(room).is_some_and(|room| room.is_public());
        let busiest = counters.busy.busiest(counters.minute, BUSIEST, public);
        let rooms = busiest.into_iter().filter_map(|activity| {
            let room = self.rooms.get(activity.room)?;
            let (minute, hour) = (activity.minute, activity.hour);
            Some(Busy { room: Arc::clone(&room.name), users: room.people.len(), minute, hour })
        });
        let users =
            [1, 60, MINUTES as u64].map(|within| counters.seen.within(within, counters.minute));
        ServerEvent::Stats(Box::new(Stats {
            re,
            ts: now.unix_ms,
            users: [u64::from(counters.seen.present), users[1], users[2]],
            connections: u64::from(counters.connections),
            messages: [1, 60, MINUTES].map(|within| counters.messages_within(within)),
            rooms: rooms.collect(),
            series: counters.series(minutes.clamp(1, MINUTES)),
            days: counters.days.list(),
        }))
    }

    /// Has the totals of days kept if it is time.
    pub(in crate::chat) fn days_due(&mut self, step: &mut Step<'_>) {
        if self.counters.deadline() <= step.now.at {
            self.keep_days(step);
        }
    }

    /// Has the totals of days kept, and from now on whenever they change: the end is near.
    pub(in crate::chat) fn keep_days_at_once(&mut self, step: &mut Step<'_>) {
        self.counters.wait = Duration::ZERO;
        self.keep_days(step);
    }

    fn keep_days(&mut self, step: &mut Step<'_>) {
        self.counters.due = None;
        let days = self.counters.days.take_unwritten().into_iter();
        let key_values =
            days.map(|(key, value)| KeyValue { namespace: Namespace::Days, key, value });
        step.put(key_values.collect());
    }

    /// Counts a new client, once it is its person's.
    pub(in crate::chat) fn count_in(&mut self, now: Now, person: PersonId) {
        let first_of = self.people.get(person).filter(|it| it.clients.as_slice().len() == 1);
        self.counters.opened(now, first_of.map(|person| person.author));
    }

    /// Counts a closed client, once it is no longer its person's.
    pub(in crate::chat) fn count_out(&mut self, person: PersonId) {
        let last_of = self.people.get(person).filter(|it| it.clients.as_slice().is_empty());
        self.counters.closed(last_of.map(|person| person.author), &self.limits);
    }

    /// Counts a client that became another person's, as if it had always been.
    pub(in crate::chat) fn count_over(&mut self, now: Now, old: PersonId, new: PersonId) {
        let clients = |key| self.people.get(key).map_or(0, |it| it.clients.as_slice().len());
        let (left, first) = (clients(old) == 0, clients(new) == 1);
        if let Some(new) = self.people.get(new).filter(|_| first) {
            self.counters.came(now, new.author);
        }
        if left {
            self.counters.vanished(now);
        }
    }

    /// Counts an author who posts and may have no connection.
    pub(in crate::chat) fn count_speaker(&mut self, now: Now, author: AuthorKey) {
        let person = self.people.of_session(author).and_then(|key| self.people.get(key));
        if person.is_none_or(|person| person.clients.as_slice().is_empty()) {
            self.counters.came(now, author);
            self.counters.seen.went(author, self.counters.minute, self.limits.stats_users_max);
        }
    }
}
