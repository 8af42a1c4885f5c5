//! Restraints by whom they may bind: a message costs the same however many there are.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use crate::chat::record::AuthorKey;

/// What a restraint is found by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Lookup {
    /// An author it was imposed on, or the account of one.
    Author(AuthorKey),
    /// An author that was freed from it.
    Freed(AuthorKey),
    /// The network of a guest.
    Network(IpAddr),
    /// One of the two likenesses of a guest's name; the last in this order.
    Name(Box<str>),
}

/// A restraint that is found so. Those that end last are first in this order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Candidate {
    /// When it ends for those who are found so.
    pub(super) end: Reverse<u64>,
    /// When it began, as sessions are stamped.
    pub(super) since: u64,
    /// The key it is stored under.
    pub(super) key: Arc<str>,
}

/// The restraints of a room, by what they are found by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Index {
    candidates: BTreeMap<Lookup, BTreeSet<Candidate>>,
}

impl Index {
    /// Makes an empty one.
    pub(super) const fn none() -> Self {
        Self { candidates: BTreeMap::new() }
    }

    /// Lists the restraints that are found so, those that end last first.
    pub(super) fn find(&self, lookup: &Lookup) -> impl Iterator<Item = &Candidate> + use<'_> {
        self.candidates.get(lookup).into_iter().flatten()
    }

    /// Whether any is found by a name.
    pub(super) fn has_names(&self) -> bool {
        let last = self.candidates.last_key_value();
        last.is_some_and(|(lookup, _)| matches!(lookup, Lookup::Name(_)))
    }

    /// Lists the authors that a restraint concerns.
    pub(super) fn authors(&self) -> impl Iterator<Item = AuthorKey> {
        self.candidates.keys().filter_map(|lookup| match lookup {
            Lookup::Author(author) | Lookup::Freed(author) => Some(*author),
            Lookup::Network(_) | Lookup::Name(_) => None,
        })
    }

    /// Adds a restraint.
    pub(super) fn insert(&mut self, lookup: Lookup, candidate: Candidate) {
        self.candidates.entry(lookup).or_default().insert(candidate);
    }

    /// Removes a restraint.
    pub(super) fn remove(&mut self, lookup: &Lookup, candidate: &Candidate) {
        if let Some(candidates) = self.candidates.get_mut(lookup) {
            candidates.remove(candidate);
            if candidates.is_empty() {
                self.candidates.remove(lookup);
            }
        }
    }
}
