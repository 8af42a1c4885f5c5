//! The directory of rooms: public rooms by size, and rooms by the authors who have a role there.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::ops::Bound;

use crate::chat::ids::RoomId;
use crate::chat::record::AuthorKey;

/// Indices of rooms, so that a list costs what it shows and not what there is.
#[derive(Debug, Default)]
pub(super) struct Directory {
    /// The public rooms, the fullest first, then by id.
    largest: BTreeSet<(Reverse<usize>, RoomId)>,
    /// Number of rooms with people in them.
    live: usize,
    /// The rooms in which an author has a role or a restraint.
    by_author: HashMap<AuthorKey, BTreeSet<RoomId>>,
    /// The reverse: those authors by room.
    authors: HashMap<RoomId, Vec<AuthorKey>>,
}

impl Directory {
    /// Lists the public rooms, the fullest first.
    pub(super) fn largest(&self) -> impl Iterator<Item = RoomId> {
        self.largest.iter().map(|(_, room)| *room)
    }

    /// Lists the public rooms after a position, each with its number of people.
    pub(super) fn largest_after(
        &self,
        after: Option<(usize, RoomId)>,
    ) -> impl Iterator<Item = (usize, RoomId)> {
        let after =
            after.map_or(Bound::Unbounded, |(users, room)| Bound::Excluded((Reverse(users), room)));
        self.largest.range((after, Bound::Unbounded)).map(|(Reverse(users), room)| (*users, *room))
    }

    /// Counts the public rooms.
    pub(super) fn public(&self) -> usize {
        self.largest.len()
    }

    /// Counts the rooms with people in them.
    pub(super) fn live(&self) -> usize {
        self.live
    }

    /// Lists the rooms in which an author has a role or a restraint.
    pub(super) fn rooms_of(&self, author: AuthorKey) -> Vec<RoomId> {
        let rooms = self.by_author.get(&author);
        rooms.map_or_else(Vec::new, |rooms| rooms.iter().copied().collect())
    }

    /// Lists the rooms after this one in which an author has a role or a restraint.
    pub(super) fn rooms_of_after(
        &self,
        author: AuthorKey,
        after: Option<RoomId>,
    ) -> impl Iterator<Item = RoomId> {
        let after = after.map_or(Bound::Unbounded, Bound::Excluded);
        let rooms = self.by_author.get(&author).into_iter();
        rooms.flat_map(move |rooms| rooms.range((after, Bound::Unbounded)).copied())
    }

    /// Updates the number of people in a room, and whether it is public.
    pub(super) fn resize(&mut self, room: RoomId, before: usize, after: usize, public: bool) {
        self.largest.remove(&(Reverse(before), room));
        if public {
            self.largest.insert((Reverse(after), room));
        }
        let (was, is) = (usize::from(before > 0), usize::from(after > 0));
        self.live = self.live.saturating_add(is).saturating_sub(was);
    }

    /// Replaces the authors who have a role or a restraint in a room.
    pub(super) fn set_authors(&mut self, room: RoomId, authors: Vec<AuthorKey>) {
        for author in self.authors.remove(&room).unwrap_or_default() {
            if let Some(rooms) = self.by_author.get_mut(&author) {
                rooms.remove(&room);
                if rooms.is_empty() {
                    self.by_author.remove(&author);
                }
            }
        }
        for author in &authors {
            self.by_author.entry(*author).or_default().insert(room);
        }
        if !authors.is_empty() {
            self.authors.insert(room, authors);
        }
    }
}
