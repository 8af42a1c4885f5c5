//! Totals of days, kept for 90 days.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::chat::protocol::stats::Day;
use crate::clock;

/// The totals of each day, by its date.
#[derive(Debug, Default)]
pub(in crate::chat) struct Days {
    /// The current day; empty before the first.
    name: Arc<str>,
    today: Totals,
    /// Whether the current day has changed since it was last saved.
    changed: bool,
    others: BTreeMap<Arc<str>, Totals>,
    /// Other days that have to be saved, or deleted.
    unwritten: BTreeSet<Arc<str>>,
}

/// The totals of a day, as they are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::chat) struct Totals {
    /// Number of messages.
    pub(in crate::chat) messages: u64,
    /// Number of people who were connected at some time.
    pub(in crate::chat) users: u64,
    /// The largest number of open WebSockets.
    pub(in crate::chat) peak: u64,
}

impl Days {
    /// Restores the totals of a day; ignores what cannot be read.
    pub(in crate::chat) fn restore(&mut self, day: Arc<str>, value: &str) {
        if let Ok(totals) = serde_json::from_str(value) {
            self.others.insert(day, totals);
        }
    }

    /// Begins a day, by its number since 1970. Returns whether it has totals already.
    pub(in crate::chat) fn begin(&mut self, day: u64) -> bool {
        let before = std::mem::replace(&mut self.name, clock::date(day).into());
        if !before.is_empty() {
            if std::mem::take(&mut self.changed) {
                self.unwritten.insert(Arc::clone(&before));
            }
            self.others.insert(before, self.today);
        }
        let known = self.others.remove(&self.name);
        self.today = known.unwrap_or_default();
        while self.others.len() >= DAYS
            && let Some((oldest, _)) = self.others.pop_first()
        {
            self.unwritten.insert(oldest);
        }
        known.is_some()
    }

    /// Changes the totals of the current day. Returns whether they have to be saved.
    pub(in crate::chat) fn count(&mut self, change: impl FnOnce(&mut Totals)) -> bool {
        let before = self.today;
        change(&mut self.today);
        self.changed |= self.today != before;
        self.changed
    }

    /// Returns what has to be saved: the totals of each changed day, `None` to delete it.
    pub(in crate::chat) fn take_unwritten(&mut self) -> Vec<(Arc<str>, Option<Arc<str>>)> {
        let mut days = std::mem::take(&mut self.unwritten);
        if std::mem::take(&mut self.changed) {
            days.insert(Arc::clone(&self.name));
        }
        let kept = days.into_iter().map(|day| {
            let today = Some(&self.today).filter(|_| day == self.name);
            let totals = today.or_else(|| self.others.get(&day));
            let totals = totals.and_then(|totals| serde_json::to_string(totals).ok());
            (day, totals.map(Arc::from))
        });
        kept.collect()
    }

    /// Lists all days, the oldest first and the current one last.
    pub(in crate::chat) fn list(&self) -> Vec<Day> {
        let line = |(day, totals): (&Arc<str>, &Totals)| {
            let Totals { messages, users, peak } = *totals;
            Day { day: Arc::clone(day), messages, users, peak }
        };
        self.others.iter().chain([(&self.name, &self.today)]).map(line).collect()
    }
}

/// Days kept.
const DAYS: usize = 90;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ninety_days_are_kept_and_only_what_has_changed_is_written() {
        let mut days = Days::default();
        days.restore("2026-11-24".into(), r#"{"messages":7,"users":2,"peak":1,"new":0}"#);
        days.restore("2026-11-23".into(), "nonsense");
        assert!(!days.begin(20_782));
        assert!(!days.count(|today| today.messages += 0));
        assert!(days.count(|today| today.messages += 1));
        assert!(days.count(|today| today.users += 1));
        let today: Arc<str> = r#"{"messages":1,"users":1,"peak":0}"#.into();
        assert_eq!(days.take_unwritten(), [("2026-11-25".into(), Some(today))]);
        for day in 0..90 {
            days.begin(20_783 + day);
            days.count(|today| today.messages += 1);
        }
        let list = days.list();
        assert_eq!((list.len(), &*list[0].day, &*list[89].day), (90, "2026-11-26", "2027-02-23"));
        let unwritten = days.take_unwritten();
        assert_eq!(unwritten.len(), 92);
        assert_eq!(unwritten[..2], [("2026-11-24".into(), None), ("2026-11-25".into(), None)]);
        assert!(days.take_unwritten().is_empty());
        assert!(days.begin(20_783 + 88) && !days.begin(20_783 + 90));
    }
}
