//! Private conversations between two people: the room, and how each side sees it.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::chat::ids::RoomId;
use crate::chat::names::fold;
use crate::chat::record::{AuthorKey, KeyValue, Namespace};

/// The two sides of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::chat) struct DirectRoom {
    authors: [AuthorKey; 2],
    pub(in crate::chat) sides: [Side; 2],
    /// Number of clients that have joined it.
    pub(in crate::chat) subscriptions: u32,
}

/// One side of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::chat) struct Side {
    /// Its author in hexadecimal digits.
    pub(in crate::chat) who: Arc<str>,
    /// Its own name for the conversation.
    pub(in crate::chat) label: Arc<str>,
    /// The name it had when it last posted here.
    pub(in crate::chat) name: Arc<str>,
}

/// All conversations by participant.
#[derive(Debug, Default)]
pub(in crate::chat) struct DirectRooms {
    /// The most recently used one is last.
    by_author: HashMap<AuthorKey, Vec<RoomId>>,
    /// By each participant's own name for it, folded.
    by_label: HashMap<AuthorKey, HashMap<Box<str>, RoomId>>,
}

impl DirectRoom {
    /// Returns a conversation whose sides are ordered by author.
    pub(in crate::chat) fn new(own: (AuthorKey, Side), other: (AuthorKey, Side)) -> Self {
        let ((a, first), (b, second)) = if own.0 <= other.0 { (own, other) } else { (other, own) };
        Self { authors: [a, b], sides: [first, second], subscriptions: 0 }
    }

    /// Returns the two participants.
    pub(in crate::chat) fn authors(&self) -> [AuthorKey; 2] {
        self.authors
    }

    /// Returns an author's side and the other one.
    pub(in crate::chat) fn seen_by(&self, author: AuthorKey) -> Option<(&Side, &Side)> {
        let [first, second] = &self.sides;
        match self.authors() {
            [own, _] if own == author => Some((first, second)),
            [_, own] if own == author => Some((second, first)),
            _ => None,
        }
    }

    /// Returns the author on the other side.
    pub(in crate::chat) fn partner(&self, author: AuthorKey) -> AuthorKey {
        let [first, second] = self.authors();
        if first == author { second } else { first }
    }

    /// Encodes it as a key-value record.
    pub(in crate::chat) fn key_value(&self, key: &Arc<str>) -> KeyValue {
        let value = serde_json::to_string(&self.sides).ok().map(Into::into);
        KeyValue { namespace: Namespace::DirectRooms, key: Arc::clone(key), value }
    }

    /// Restores a conversation from its key-value record.
    pub(in crate::chat) fn restore(value: &str) -> Option<Self> {
        let sides: [Side; 2] = serde_json::from_str(value).ok()?;
        let [first, second] = &sides;
        let authors = [AuthorKey::from_hex(&first.who)?, AuthorKey::from_hex(&second.who)?];
        Some(Self { authors, sides, subscriptions: 0 })
    }
}

impl DirectRooms {
    /// Lists an author's conversations, the most recently used last.
    pub(in crate::chat) fn of(&self, author: AuthorKey) -> &[RoomId] {
        self.by_author.get(&author).map_or(&[], Vec::as_slice)
    }

    /// Finds a conversation by an author's own name for it.
    pub(in crate::chat) fn labelled(&self, author: AuthorKey, label: &str) -> Option<RoomId> {
        self.by_label.get(&author)?.get(&fold(label)).copied()
    }

    /// Indexes a conversation by its two names.
    pub(in crate::chat) fn label(&mut self, direct: &DirectRoom, room: RoomId) {
        for (author, side) in direct.authors.iter().zip(&direct.sides) {
            self.by_label.entry(*author).or_default().insert(fold(&side.label), room);
        }
    }

    /// Adds a conversation, or moves it to the end, as the most recently used.
    pub(in crate::chat) fn touch(&mut self, authors: [AuthorKey; 2], room: RoomId) {
        for author in authors {
            let rooms = self.by_author.entry(author).or_default();
            if rooms.last() != Some(&room) {
                rooms.retain(|other| *other != room);
                rooms.push(room);
            }
        }
    }

    /// Removes a conversation.
    pub(in crate::chat) fn remove(&mut self, authors: [AuthorKey; 2], room: RoomId) {
        for author in authors {
            if let Some(labels) = self.by_label.get_mut(&author) {
                labels.retain(|_, other| *other != room);
                if labels.is_empty() {
                    self.by_label.remove(&author);
                }
            }
            if let Some(rooms) = self.by_author.get_mut(&author) {
                rooms.retain(|other| *other != room);
                if rooms.is_empty() {
                    self.by_author.remove(&author);
                }
            }
        }
    }
}

/// Returns the key of the record that two people share. No room's name begins with `@`.
pub(in crate::chat) fn key_of(a: AuthorKey, b: AuthorKey) -> Arc<str> {
    let (first, second) = if a <= b { (a, b) } else { (b, a) };
    format!("@{}{}", first.to_hex(), second.to_hex()).into()
}
