//! What the worker does beside its tasks, about once a second: it puts erased text out of reach, and
//! looks whether its files are in place.
//!
//! What is deleted is overwritten (see [`gaps`](super::super::gaps)), but the write-ahead log still
//! has the pages as they were. So some time after a transaction that erased text the log is copied
//! into the database, by the copier as far as possible, and then cut off. A connection that reads from the log (an export or a
//! backup) puts that off until it ends, and a process that is killed until the next start.

use std::time::Duration;

use super::super::schema;
use super::super::task::Report;
use super::Worker;
use crate::clock::Moment;

/// Erased text that is still in the log.
#[derive(Debug)]
pub(in super::super) struct Erasure {
    /// The time of the next step, if there is one.
    due: Option<Moment>,
    /// Whether the copier has been asked to copy the log first.
    copied: bool,
    /// How long the next attempt is put off.
    pause: Duration,
}

impl Erasure {
    /// Returns the state at the start: a log that was left behind may have erased text in it.
    pub(in super::super) fn at_start(log_left: bool, now: Moment) -> Self {
        Self { due: log_left.then_some(now), copied: false, pause: ERASE_PAUSE }
    }

    /// Whether there is any.
    pub(super) fn is_due(&self) -> bool {
        self.due.is_some()
    }

    /// Records a commit.
    pub(super) fn on_commit(&mut self, erased: bool, now: Moment) {
        if erased && self.due.is_none() {
            let due = Some(now.after(ERASE_AFTER));
            *self = Self { due, copied: false, pause: ERASE_PAUSE };
        }
    }

    /// Puts the next attempt off, each time for longer: an attempt keeps the appends waiting.
    /// Returns whether this is the first time.
    fn put_off(&mut self, now: Moment) -> bool {
        let first = self.pause == ERASE_PAUSE;
        self.due = Some(now.after(self.pause));
        self.pause = self.pause.saturating_mul(2).min(ERASE_PAUSE_MAX);
        first
    }
}

impl Worker {
    /// Does what is due.
    pub(super) fn upkeep(&mut self) {
        let now = self.now;
        if self.look_at <= now {
            self.look_at = now.after(LOOK_EVERY);
            self.look();
        }
        if self.degraded.is_none() && self.erasure.due.is_some_and(|due| due <= now) {
            self.erase();
        }
    }

    /// Stops writing if the files are not those in the directory any more: what was written would be
    /// lost with the process.
    fn look(&mut self) {
        self.directory.measure();
        if self.degraded.is_none() && !self.directory.in_place() {
            tracing::error!(
                "files of the journal were removed or renamed while in use; messages are refused"
            );
            self.degrade(true);
            self.tell(vec![Report::Health { writable: false }]);
        }
    }

    /// Cuts the log off, so that nothing erased is left in it.
    fn erase(&mut self) {
        self.erasure.due = Some(self.now.after(ERASE_PAUSE));
        if self.checkpoints.underway() {
            return;
        }
        if !self.erasure.copied {
            self.erasure.copied = true;
            return self.checkpoints.start();
        }
        match schema::truncate_log(&self.writer.db) {
            Ok(true) => self.erasure.due = None,
            Ok(false) => {
                if self.erasure.put_off(self.now) {
                    tracing::warn!("the journal is read: erased text is still in its log");
                }
            }
            Err(error) => {
                if self.erasure.put_off(self.now) {
                    tracing::warn!(%error, "the journal's log could not be cut off");
                }
            }
        }
    }
}

/// How long erased text may stay in the log before it is copied; together with the retries it is
/// gone within 5 s of the response.
const ERASE_AFTER: Duration = Duration::from_secs(1);
/// The time until the next step.
pub(super) const ERASE_PAUSE: Duration = Duration::from_millis(200);
/// How long an attempt is put off at most.
const ERASE_PAUSE_MAX: Duration = Duration::from_secs(2);
/// The interval at which the files are checked.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_is_read_is_tried_less_and_less_often() {
        let now = Moment::from_millis(1000);
        let mut erasure = Erasure::at_start(true, now);
        let mut put_off = || (erasure.put_off(now), erasure.due.map(|due| due.since(now)));
        for (first, millis) in
            [(true, 200), (false, 400), (false, 800), (false, 1600), (false, 2000), (false, 2000)]
        {
            assert_eq!(put_off(), (first, Some(Duration::from_millis(millis))));
        }
        // Once it is done, the next one starts anew.
        erasure.due = None;
        erasure.on_commit(true, now);
        assert!(erasure.put_off(now));
    }
}
