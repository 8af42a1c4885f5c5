//! Typing indicators: who is typing in which room, and who has to rest before being shown again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::chat::ids::{ClientId, PersonId, RoomId};
use crate::clock::Moment;

/// Everybody who is typing, and those who have to rest before they are shown again.
#[derive(Debug, Default)]
pub(in crate::chat) struct Typing {
    pub(in crate::chat) typists: BTreeMap<TypingKey, Typist>,
    /// The next deadline of each typist.
    pub(in crate::chat) due: BTreeSet<(Moment, TypingKey)>,
    /// Indicators that have ended, to be sent at the end of the input.
    pub(in crate::chat) stopped: Vec<Stopped>,
}

/// A person in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::chat) struct TypingKey {
    pub(in crate::chat) person: PersonId,
    pub(in crate::chat) room: RoomId,
}

/// A person who is typing in a room, or was a moment ago.
#[derive(Debug)]
pub(in crate::chat) struct Typist {
    /// The connection that last sent `typing`.
    pub(in crate::chat) client: ClientId,
    /// The name under which it is shown; `None`: it is not.
    pub(in crate::chat) shown: Option<Arc<str>>,
    /// When it stops typing unless it sends `typing` again.
    pub(in crate::chat) until: Moment,
    /// The earliest time it may be shown again.
    pub(in crate::chat) rests_until: Moment,
}

/// The end of an indicator that was shown.
#[derive(Debug)]
pub(in crate::chat) struct Stopped {
    pub(in crate::chat) person: PersonId,
    pub(in crate::chat) client: ClientId,
    pub(in crate::chat) room: RoomId,
    /// The room's name: its id may have been reused.
    pub(in crate::chat) name: Arc<str>,
    pub(in crate::chat) user: Arc<str>,
}

impl Typist {
    pub(in crate::chat) fn due(&self) -> Moment {
        if self.shown.is_some() { self.until } else { self.rests_until }
    }
}

impl Typing {
    /// Returns the earliest deadline.
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
