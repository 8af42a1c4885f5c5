//! Detached sessions, and which of them ends first when there are too many.
//!
//! A client that connects and closes in a loop leaves blank sessions that nobody would miss: those
//! end first. After them, the network with the most sessions loses its oldest.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

use crate::chat::ids::PersonId;
use crate::chat::people::Person;
use crate::clock::Moment;

/// Detached sessions, grouped by whether they are blank and by network.
#[derive(Debug, Default)]
pub(in crate::chat) struct Detached {
    /// The sessions of each group, the oldest first.
    groups: HashMap<Group, BTreeSet<(Moment, PersonId)>>,
    /// The groups by their number of sessions; the next session to end is in the last one.
    order: BTreeSet<(bool, usize, Option<IpAddr>)>,
    len: usize,
}

/// A group of sessions that are equally dispensable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Group {
    /// Whether they have posted nothing, own nothing and take part in no private conversation.
    blank: bool,
    network: Option<IpAddr>,
}

impl Group {
    fn of(person: &Person) -> Self {
        Self { blank: !person.persisted, network: person.network }
    }
}

impl Detached {
    /// Counts the sessions.
    pub(in crate::chat) fn len(&self) -> usize {
        self.len
    }

    /// Adds a session. Its group may not change until it is removed.
    pub(in crate::chat) fn insert(&mut self, key: PersonId, person: &Person) {
        self.change(Group::of(person), |sessions| sessions.insert((person.left, key)));
    }

    /// Removes a session, if it is one.
    pub(in crate::chat) fn remove(&mut self, key: PersonId, person: &Person) {
        self.change(Group::of(person), |sessions| sessions.remove(&(person.left, key)));
    }

    /// Returns the session that ends before all others.
    pub(in crate::chat) fn first_to_go(&self) -> Option<PersonId> {
        let &(blank, _, network) = self.order.last()?;
        let sessions = self.groups.get(&Group { blank, network })?;
        sessions.first().map(|(_, key)| *key)
    }

    fn change(
        &mut self,
        group: Group,
        change: impl FnOnce(&mut BTreeSet<(Moment, PersonId)>) -> bool,
    ) {
        let sessions = self.groups.entry(group).or_default();
        let before = sessions.len();
        change(sessions);
        let after = sessions.len();
        if after == 0 {
            self.groups.remove(&group);
        }
        let Group { blank, network } = group;
        self.order.remove(&(blank, before, network));
        if after > 0 {
            self.order.insert((blank, after, network));
        }
        self.len = self.len.saturating_add(after).saturating_sub(before);
    }
}
