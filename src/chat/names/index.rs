//! Finding by name, at a cost that hardly grows with the number of names.

use std::collections::BTreeMap;

use super::Likeness;
use crate::chat::few::Few;

/// Sorted sets of items by a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::chat) struct ByText<T>(BTreeMap<Box<str>, Few<T>>);

/// Items by a name and by its likeness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::chat) struct NameIndex<T> {
    by_folded: ByText<T>,
    by_letter: ByText<T>,
}

impl<T> Default for ByText<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T: Clone + Ord> ByText<T> {
    /// Returns the items of a text.
    pub(in crate::chat) fn get(&self, text: &str) -> &[T] {
        self.0.get(text).map_or(&[], |list| list.as_slice())
    }

    /// Adds an item.
    pub(in crate::chat) fn insert(&mut self, text: &str, item: &T) {
        let list = self.0.entry(text.into()).or_default();
        if let Err(at) = list.binary_search(item) {
            list.insert(at, item.clone());
        }
    }

    /// Removes an item.
    pub(in crate::chat) fn remove(&mut self, text: &str, item: &T) {
        let Some(list) = self.0.get_mut(text) else { return };
        if let Ok(at) = list.binary_search(item) {
            list.remove(at);
        }
        if list.is_empty() {
            self.0.remove(text);
        }
    }
}

impl<T> Default for NameIndex<T> {
    fn default() -> Self {
        Self::none()
    }
}

impl<T> NameIndex<T> {
    /// Makes an empty one.
    pub(in crate::chat) const fn none() -> Self {
        Self { by_folded: ByText(BTreeMap::new()), by_letter: ByText(BTreeMap::new()) }
    }
}

impl<T: Clone + Ord> NameIndex<T> {
    /// Adds an item with a name.
    pub(in crate::chat) fn insert(&mut self, like: &Likeness, item: &T) {
        self.by_folded.insert(&like.folded, item);
        like.by_letter.iter().for_each(|letters| self.by_letter.insert(letters, item));
    }

    /// Removes an item with a name.
    pub(in crate::chat) fn remove(&mut self, like: &Likeness, item: &T) {
        self.by_folded.remove(&like.folded, item);
        like.by_letter.iter().for_each(|letters| self.by_letter.remove(letters, item));
    }

    /// Returns the items with exactly this name, else those with a name that looks like it; some
    /// may be returned twice.
    pub(in crate::chat) fn named(&self, like: &Likeness) -> impl Iterator<Item = &T> {
        let exact = self.by_folded.get(&like.folded);
        let alike = like.by_letter.iter().filter(|_| exact.is_empty());
        exact.iter().chain(alike.flat_map(|letters| self.by_letter.get(letters)))
    }

    /// Returns the items with a name that looks like this one; some may be returned twice.
    pub(in crate::chat) fn like(&self, like: &Likeness) -> impl Iterator<Item = &T> {
        like.by_letter.iter().flat_map(|letters| self.by_letter.get(letters))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exact_name_is_looked_up_first() {
        let mut index = NameIndex::none();
        let names = ["Jim", "Ji\u{307}m", "Bob"];
        for (at, name) in names.iter().enumerate() {
            index.insert(&Likeness::of(name), &at);
        }
        let named = |index: &NameIndex<usize>, name: &str| -> Vec<usize> {
            let mut found: Vec<usize> = index.named(&Likeness::of(name)).copied().collect();
            found.dedup();
            found
        };
        assert_eq!(named(&index, "JIM"), [0]);
        assert_eq!(named(&index, "ji\u{307}m"), [1]);
        assert_eq!(named(&index, "B0b"), [2]);
        assert_eq!(named(&index, "Jі\u{307}m")[..2], [0, 1], "neither exactly");
        assert_eq!(named(&index, "Rob"), [0; 0]);
        index.remove(&Likeness::of("Jim"), &0);
        assert_eq!(named(&index, "Jim"), [1]);
        for (at, name) in names.iter().enumerate() {
            index.remove(&Likeness::of(name), &at);
        }
        assert_eq!(index, NameIndex::none());
    }
}
