//! The order in which searches go on: those who ask take turns, a step each.

use std::collections::VecDeque;

/// The searches of each asker, the next to have a turn first; no list is empty.
#[derive(Debug)]
pub(super) struct Turns<S> {
    askers: VecDeque<(u64, VecDeque<S>)>,
}

impl<S> Default for Turns<S> {
    fn default() -> Self {
        Self { askers: VecDeque::new() }
    }
}

impl<S> Turns<S> {
    /// Adds a search, behind the others of its asker.
    pub(super) fn add(&mut self, asker: u64, search: S) {
        match self.askers.iter_mut().find(|(of, _)| *of == asker) {
            Some((_, own)) => own.push_back(search),
            None => self.askers.push_back((asker, VecDeque::from([search]))),
        }
    }

    /// Runs a step of the next asker's search; returns its result if that ends the search.
    pub(super) fn step<R>(&mut self, step: impl FnOnce(&mut S) -> Option<R>) -> Option<R> {
        let (asker, mut own) = self.askers.pop_front()?;
        let result = step(own.front_mut()?);
        if result.is_some() {
            own.pop_front();
        }
        if !own.is_empty() {
            self.askers.push_back((asker, own));
        }
        result
    }

    /// Whether there is no search.
    pub(super) fn is_empty(&self) -> bool {
        self.askers.is_empty()
    }

    /// Counts the searches.
    pub(super) fn len(&self) -> usize {
        self.askers.iter().map(|(_, own)| own.len()).sum()
    }

    /// Counts the searches of an asker.
    pub(super) fn of(&self, asker: u64) -> usize {
        self.askers.iter().find(|(of, _)| *of == asker).map_or(0, |(_, own)| own.len())
    }
}
