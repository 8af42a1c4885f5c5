//! Sessions without a connection, and which of them ends first when there are too many.
//!
//! Whoever connects and closes without end brings sessions that nobody would miss: those go
//! first. After them the network that brought most loses its oldest.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

use crate::chat::ids::PersonId;
use crate::chat::people::Person;
use crate::clock::Moment;

/// Sessions without a connection, by what they would lose and where they come from.
#[derive(Debug, Default)]
pub(in crate::chat) struct Detached {
    /// The sessions of each group, the oldest first.
    groups: HashMap<Group, BTreeSet<(Moment, PersonId)>>,
    /// The groups in the order in which they lose sessions, the first to do so last.
    order: BTreeSet<(bool, usize, Option<IpAddr>)>,
    len: usize,
}

/// Sessions that are alike when too many have to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Group {
    /// Whether they said nothing, own nothing and are nobody's partner in a conversation.
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

    /// Adds a session. What it is grouped by may not change until it is removed.
    pub(in crate::chat) fn insert(&mut self, key: PersonId, person: &Person) {
        self.change(Group::of(person), |sessions| sessions.insert((person.left, key)));
    }

    /// Removes a session, if it is one.
    pub(in crate::chat) fn remove(&mut self, key: PersonId, person: &Person) {
        self.change(Group::of(person), |sessions| sessions.remove(&(person.left, key)));
    }

    /// Returns the session that is to end before the others.
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
