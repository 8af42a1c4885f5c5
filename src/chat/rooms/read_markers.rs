//! Read markers: how far each account has read.

use std::collections::{BTreeSet, HashMap};

use crate::chat::record::{AuthorKey, RoomKey};
use crate::clock::Moment;

/// The read markers of all accounts.
#[derive(Debug, Default)]
pub(in crate::chat) struct ReadMarkers {
    /// The `seq` of the last entry read, by author and room.
    pub(in crate::chat) by_author: HashMap<AuthorKey, HashMap<RoomKey, u64>>,
    /// Markers that are not in the journal yet.
    pub(in crate::chat) unsaved: BTreeSet<(AuthorKey, RoomKey)>,
    /// When those are to be saved.
    pub(in crate::chat) due: Moment,
}

impl ReadMarkers {
    /// Restores a marker from its key-value record.
    pub(in crate::chat) fn restore(&mut self, key: &str, value: &str) {
        if let Some((author, room)) = key.split_once('/')
            && let (Some(author), Ok(seq)) = (AuthorKey::from_hex(author), value.parse())
        {
            self.by_author.entry(author).or_default().insert(room.into(), seq);
        }
    }

    /// Removes all markers of a room.
    pub(in crate::chat) fn forget_room(&mut self, room: &RoomKey) {
        self.by_author.retain(|_, marks| {
            marks.remove(room);
            !marks.is_empty()
        });
        self.unsaved.retain(|(_, other)| other != room);
    }

    /// Returns when markers are to be saved.
    pub(in crate::chat) fn deadline(&self) -> Moment {
        if self.unsaved.is_empty() { Moment::NEVER } else { self.due }
    }
}
