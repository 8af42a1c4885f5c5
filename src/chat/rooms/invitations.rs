//! Invitations to private rooms, kept until they are answered.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::chat::record::{AuthorKey, KeyValue, Namespace, RoomKey};

/// The open invitations of all authors.
#[derive(Debug, Default)]
pub(in crate::chat) struct Invitations {
    by_author: HashMap<AuthorKey, BTreeMap<RoomKey, OpenInvitation>>,
}

/// An invitation, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::chat) struct OpenInvitation {
    /// The room's name.
    pub(in crate::chat) name: Arc<str>,
    /// The name of the inviter.
    pub(in crate::chat) by: Arc<str>,
    /// Unix milliseconds at which it was made.
    pub(in crate::chat) ts: u64,
}

impl OpenInvitation {
    /// Encodes it as a key-value record.
    pub(in crate::chat) fn key_value(&self, author: AuthorKey, room: &str) -> KeyValue {
        key_value(author, room, serde_json::to_string(self).ok())
    }
}

impl Invitations {
    /// Lists the invitations of an author, the oldest first.
    pub(in crate::chat) fn of(&self, author: AuthorKey) -> Vec<&OpenInvitation> {
        let invitations = self.by_author.get(&author).into_iter().flatten();
        let mut invitations: Vec<_> = invitations.map(|(_, invitation)| invitation).collect();
        invitations.sort_by_key(|invitation| invitation.ts);
        invitations
    }

    /// Returns the invitation of an author to a room.
    pub(in crate::chat) fn get(&self, author: AuthorKey, room: &str) -> Option<&OpenInvitation> {
        self.by_author.get(&author)?.get(room)
    }

    /// Lists those who are invited to a room.
    pub(in crate::chat) fn invited_to(&self, room: &RoomKey) -> Vec<AuthorKey> {
        let invited = self.by_author.iter().filter(|(_, of)| of.contains_key(room));
        let mut authors: Vec<AuthorKey> = invited.map(|(author, _)| *author).collect();
        authors.sort_unstable();
        authors
    }

    /// Adds an invitation. Above the limit, returns the room of the oldest one, which is to be
    /// removed.
    pub(in crate::chat) fn put(
        &mut self,
        author: AuthorKey,
        room: &RoomKey,
        invitation: OpenInvitation,
        most: usize,
    ) -> Option<RoomKey> {
        let invitations = self.by_author.entry(author).or_default();
        invitations.insert(Arc::clone(room), invitation);
        let oldest = invitations.iter().min_by_key(|(_, invitation)| invitation.ts);
        oldest.filter(|_| invitations.len() > most).map(|(room, _)| Arc::clone(room))
    }

    /// Removes an invitation. Returns what deletes its key-value record, if there was one.
    pub(in crate::chat) fn remove(&mut self, author: AuthorKey, room: &str) -> Option<KeyValue> {
        let invitations = self.by_author.get_mut(&author)?;
        invitations.remove(room)?;
        if invitations.is_empty() {
            self.by_author.remove(&author);
        }
        Some(key_value(author, room, None))
    }

    /// Removes all invitations of an author. Returns them.
    pub(in crate::chat) fn take(&mut self, author: AuthorKey) -> Vec<(RoomKey, OpenInvitation)> {
        self.by_author.remove(&author).into_iter().flatten().collect()
    }

    /// Restores an invitation from its key-value record; ignores one that cannot be read.
    pub(in crate::chat) fn restore(&mut self, key: &str, value: &str) {
        if let Some((author, room)) = key.split_once('/')
            && let (Some(author), Ok(invitation)) =
                (AuthorKey::from_hex(author), serde_json::from_str(value))
        {
            self.by_author.entry(author).or_default().insert(room.into(), invitation);
        }
    }
}

/// Returns the key-value record of an invitation, or what deletes it.
pub(in crate::chat) fn key_value(author: AuthorKey, room: &str, value: Option<String>) -> KeyValue {
    let key = format!("{}/{room}", author.to_hex()).into();
    KeyValue { namespace: Namespace::Invitations, key, value: value.map(Into::into) }
}
