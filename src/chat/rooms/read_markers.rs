//! How far accounts have read.

use std::collections::{BTreeSet, HashMap};

use crate::chat::record::{AuthorKey, RoomKey};
use crate::clock::Moment;

/// The marks of all accounts.
#[derive(Debug, Default)]
pub(in crate::chat) struct ReadMarkers {
    /// The last entry read, by author and room.
    pub(in crate::chat) by_author: HashMap<AuthorKey, HashMap<RoomKey, u64>>,
    /// Those the journal does not know yet.
    pub(in crate::chat) unsaved: BTreeSet<(AuthorKey, RoomKey)>,
    /// When those are to be kept; at zero there are none.
    pub(in crate::chat) due: Moment,
}

impl ReadMarkers {
    /// Takes in a key-value record of before the start.
    pub(in crate::chat) fn restore(&mut self, key: &str, value: &str) {
        if let Some((author, room)) = key.split_once('/')
            && let (Some(author), Ok(seq)) = (AuthorKey::from_hex(author), value.parse())
        {
            self.by_author.entry(author).or_default().insert(room.into(), seq);
        }
    }

    /// When marks are to be kept.
    pub(in crate::chat) fn deadline(&self) -> Moment {
        if self.unsaved.is_empty() { Moment::NEVER } else { self.due }
    }
}
