//! An index of restraints by whom they may bind: checking a message costs the same however many
//! there are.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use crate::chat::record::AuthorKey;

/// A key under which a restraint is found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Lookup {
    /// An author it was imposed on, or the account of one.
    Author(AuthorKey),
    /// An author that was freed from it.
    Freed(AuthorKey),
    /// The network of a guest.
    Network(IpAddr),
    /// One of the two widest likenesses of a guest's name; last in this order.
    Name(Box<str>),
}

/// An index entry. Those that end last come first in this order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Candidate {
    /// When the restraint ends for those found by this key, in Unix milliseconds.
    pub(super) end: Reverse<u64>,
    /// Its stamp, comparable with those of sessions.
    pub(super) since: u64,
    /// The key it is stored under.
    pub(super) key: Arc<str>,
}

/// The restraints of a room by lookup key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Index {
    candidates: BTreeMap<Lookup, BTreeSet<Candidate>>,
}

impl Index {
    /// Returns an empty index.
    pub(super) const fn none() -> Self {
        Self { candidates: BTreeMap::new() }
    }

    /// Lists the restraints found by a key, those that end last first.
    pub(super) fn find(&self, lookup: &Lookup) -> impl Iterator<Item = &Candidate> + use<'_> {
        self.candidates.get(lookup).into_iter().flatten()
    }

    /// Whether any restraint is found by name.
    pub(super) fn has_names(&self) -> bool {
        let last = self.candidates.last_key_value();
        last.is_some_and(|(lookup, _)| matches!(lookup, Lookup::Name(_)))
    }

    /// Lists the authors that a restraint names.
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
