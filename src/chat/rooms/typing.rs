//! Who is typing in which room, and who has to rest before that is shown again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::chat::ids::{ClientId, PersonId, RoomId};
use crate::clock::Moment;

/// Everybody who is typing, and those who have to rest before they are shown again.
#[derive(Debug, Default)]
pub(in crate::chat) struct Typing {
    pub(in crate::chat) typists: BTreeMap<TypingKey, Typist>,
    /// When something is due for each writer.
    pub(in crate::chat) due: BTreeSet<(Moment, TypingKey)>,
    /// Who has stopped, to be told when the input is done with.
    pub(in crate::chat) stopped: Vec<Stopped>,
}

/// Names a person in a room by their keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::chat) struct TypingKey {
    pub(in crate::chat) person: PersonId,
    pub(in crate::chat) room: RoomId,
}

/// A person who is typing in a room, or was a moment ago.
#[derive(Debug)]
pub(in crate::chat) struct Typist {
    /// The connection that said so last.
    pub(in crate::chat) client: ClientId,
    /// The name that was told; none: it is not shown.
    pub(in crate::chat) shown: Option<Arc<str>>,
    /// Until when it is typing if it does not say so again.
    pub(in crate::chat) until: Moment,
    /// Until when it is not told that it is typing.
    pub(in crate::chat) rests_until: Moment,
}

/// The end of a writing that was shown.
#[derive(Debug)]
pub(in crate::chat) struct Stopped {
    pub(in crate::chat) person: PersonId,
    pub(in crate::chat) client: ClientId,
    pub(in crate::chat) room: RoomId,
    /// The room's name: its key may be another room's by now.
    pub(in crate::chat) name: Arc<str>,
    pub(in crate::chat) user: Arc<str>,
}

impl Typist {
    pub(in crate::chat) fn due(&self) -> Moment {
        if self.shown.is_some() { self.until } else { self.rests_until }
    }
}

impl Typing {
    /// When [`Chat::typing_due`] has something to do.
    pub(in crate::chat) fn deadline(&self) -> Moment {
        self.due.first().map_or(Moment::NEVER, |(due, _)| *due)
    }

    pub(in crate::chat) fn put(&mut self, typing_key: TypingKey, writer: Typist) {
        self.due.insert((writer.due(), typing_key));
        self.typists.insert(typing_key, writer);
    }

    pub(in crate::chat) fn take(&mut self, typing_key: TypingKey) -> Option<Typist> {
        let writer = self.typists.remove(&typing_key)?;
        self.due.remove(&(writer.due(), typing_key));
        Some(writer)
    }
}
