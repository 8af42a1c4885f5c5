//! Timers of people: leaves, ends of detached sessions, expiries of logins.
//!
//! Leaves and sessions each have one duration, so their queues are in order; only after a restart
//! are there leaves that come later than those scheduled next. An entry is not removed when its
//! person reconnects: it is stale then, and skipped when it is due.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use crate::chat::ids::{ClientId, ClientSlot, PersonId};
use crate::chat::limits::Limits;
use crate::chat::people::{Membership, People};
use crate::clock::Moment;

/// The deadlines of people and of their connections.
#[derive(Debug, Default)]
pub(super) struct Timers {
    /// People by the end of their `leave_grace`, earliest first.
    leaves: VecDeque<(Moment, PersonId)>,
    /// Detached sessions by the end of their life, earliest first.
    pub(super) sessions: VecDeque<(Moment, PersonId)>,
    /// Clients by the expiry of their login.
    pub(super) logins: BTreeSet<(Moment, ClientId)>,
}

/// What a person loses because it did not reconnect in time.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::chat) struct Leave {
    /// The person.
    pub(in crate::chat) person: PersonId,
    /// Its memberships of rooms in which it has no connection.
    pub(in crate::chat) memberships: Vec<Membership>,
    /// Whether it has no connection at all, so that its session detaches.
    pub(in crate::chat) detaches: bool,
}

impl People {
    /// Returns when the next leave, session or login expires.
    pub(in crate::chat) fn deadline(&self) -> Moment {
        let Timers { leaves, sessions, logins } = &self.timers;
        let queues = [leaves.front(), sessions.front()].into_iter().flatten();
        let logins = logins.first().map(|(due, _)| *due);
        queues.map(|(due, _)| *due).chain(logins).min().unwrap_or(Moment::NEVER)
    }

    /// Schedules the leave of a person after one of its connections was closed.
    pub(in crate::chat) fn schedule_leave(&mut self, key: PersonId, now: Moment, limits: &Limits) {
        let due = now.after(limits.leave_grace);
        let at = self.timers.leaves.partition_point(|(other, _)| *other <= due);
        self.timers.leaves.insert(at, (due, key));
    }

    /// Schedules all leaves and ends of sessions anew, after the limits have changed.
    pub(in crate::chat) fn reschedule(&mut self, limits: &Limits) {
        let waiting: BTreeSet<PersonId> =
            self.timers.leaves.drain(..).map(|(_, key)| key).collect();
        let mut leaves = BTreeSet::new();
        for key in waiting {
            let Some(person) = self.get(key) else { continue };
            let left = person.memberships.as_slice().iter().map(|membership| membership.left);
            let left = left.chain([person.left]).filter(|left| *left != Moment::NEVER);
            leaves.extend(left.map(|left| (left.after(limits.leave_grace), key)));
        }
        self.timers.leaves = leaves.into_iter().collect();
        let detached = self.iter().filter(|(_, person)| person.detached_session);
        let sessions: BTreeSet<(Moment, PersonId)> =
            detached.map(|(key, person)| (person.left.after(limits.session_life), key)).collect();
        self.timers.sessions = sessions.into_iter().collect();
    }

    /// Removes all leaves: nobody leaves any more.
    pub(in crate::chat) fn drop_leaves(&mut self) {
        self.timers.leaves.clear();
    }

    /// Removes and returns the next leave that is due.
    pub(in crate::chat) fn next_leave(&mut self, now: Moment, limits: &Limits) -> Option<Leave> {
        let gone = |left: Moment| left.after(limits.leave_grace) <= now;
        while let Some((_, key)) = self.timers.leaves.pop_front_if(|(due, _)| *due <= now) {
            let Some(person) = self.get(key) else { continue };
            let memberships = person.memberships.as_slice().iter();
            let memberships: Vec<Membership> = memberships
                .filter(|membership| membership.conns == 0 && gone(membership.left))
                .copied()
                .collect();
            let detaches = person.clients.as_slice().is_empty() && gone(person.left);
            return Some(Leave { person: key, memberships, detaches });
        }
        None
    }

    /// Detaches a person's session, which ends after `session_life` unless it is reattached.
    pub(in crate::chat) fn detach(&mut self, key: PersonId, limits: &Limits) {
        let Some(person) = self.get(key) else { return };
        let due = person.left.after(limits.session_life);
        self.put_detached(key);
        self.timers.sessions.push_back((due, key));
        // Sessions that are reattached and detached again and again leave stale entries behind.
        if self.timers.sessions.len() / 2 > self.detached.len().saturating_add(STALE_MAX) {
            let mut sessions = std::mem::take(&mut self.timers.sessions);
            sessions.retain(|&(due, key)| self.ends_at(key, due, limits.session_life));
            self.timers.sessions = sessions;
        }
    }

    /// Returns the next detached session that has to end: an expired one, or one too many. It is
    /// returned once if expired, and until it is removed if there are too many.
    pub(in crate::chat) fn next_to_end(
        &mut self,
        now: Moment,
        limits: &Limits,
    ) -> Option<PersonId> {
        while let Some((due, key)) = self.timers.sessions.pop_front_if(|(due, _)| *due <= now) {
            if self.ends_at(key, due, limits.session_life) {
                return Some(key);
            }
        }
        let too_many = self.detached.len() > limits.detached_sessions_max;
        self.detached.first_to_go().filter(|_| too_many)
    }

    /// Removes and returns the next connection whose login has expired.
    pub(in crate::chat) fn next_expired_login(&mut self, now: Moment) -> Option<ClientSlot> {
        while let Some(&(due, id)) = self.timers.logins.first()
            && due <= now
        {
            self.timers.logins.pop_first();
            if let Some(slot) = self.by_id.get(&id) {
                return Some(*slot);
            }
        }
        None
    }

    fn ends_at(&self, key: PersonId, due: Moment, life: Duration) -> bool {
        self.get(key)
            .is_some_and(|person| person.detached_session && person.left.after(life) == due)
    }
}

/// Stale entries that the queue of sessions may have before they are removed.
const STALE_MAX: usize = 512;
