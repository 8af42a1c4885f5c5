//! The order in which reads and searches go on: those that they are for take turns, a step each.

use std::collections::VecDeque;

/// The tasks of each owner, the next to have a turn first; no list is empty.
#[derive(Debug)]
pub(super) struct Turns<O, T> {
    owners: VecDeque<(O, VecDeque<T>)>,
}

impl<O, T> Default for Turns<O, T> {
    fn default() -> Self {
        Self { owners: VecDeque::new() }
    }
}

impl<O: PartialEq, T> Turns<O, T> {
    /// Adds a task, behind the others of its owner.
    pub(super) fn add(&mut self, owner: O, task: T) {
        match self.owners.iter_mut().find(|(of, _)| *of == owner) {
            Some((_, own)) => own.push_back(task),
            None => self.owners.push_back((owner, VecDeque::from([task]))),
        }
    }

    /// Runs a step of the next owner's task; returns its result if that ends the task.
    pub(super) fn step<R>(&mut self, step: impl FnOnce(&mut T) -> Option<R>) -> Option<R> {
        let (owner, mut own) = self.owners.pop_front()?;
        let result = step(own.front_mut()?);
        if result.is_some() {
            own.pop_front();
        }
        if !own.is_empty() {
            self.owners.push_back((owner, own));
        }
        result
    }

    /// Whether there is no task.
    pub(super) fn is_empty(&self) -> bool {
        self.owners.is_empty()
    }

    /// Counts the tasks.
    pub(super) fn len(&self) -> usize {
        self.owners.iter().map(|(_, own)| own.len()).sum()
    }

    /// Counts the tasks of an owner.
    pub(super) fn of(&self, owner: &O) -> usize {
        self.owners.iter().find(|(of, _)| of == owner).map_or(0, |(_, own)| own.len())
    }
}
