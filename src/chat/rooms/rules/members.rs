//! Members and moderators of a room.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::chat::names::{Likeness, NameIndex};
use crate::chat::record::AuthorKey;

/// An author's membership and role in a room.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct MemberState {
    pub(super) name: Arc<str>,
    pub(super) member: bool,
    pub(super) moderator: bool,
    /// The stamp of when it became a member; 0 if unknown.
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) since: u64,
    /// The end of a mute as version 0.1.0 stored it, in Unix milliseconds.
    #[serde(skip_serializing)]
    pub(super) muted: u64,
}

/// The members and moderators of a room, by author and by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct MemberStates {
    by_author: BTreeMap<AuthorKey, MemberState>,
    names: NameIndex<AuthorKey>,
}

impl MemberState {
    /// Makes the author a member unless it is one.
    pub(super) fn join(&mut self, since: u64) {
        if !std::mem::replace(&mut self.member, true) {
            self.since = since;
        }
    }

    /// Promotes or demotes the author. In a private room, moderators and former moderators are
    /// members.
    pub(super) fn set_moderator(&mut self, moderator: bool, private: bool, since: u64) {
        if private && (moderator || self.moderator) {
            self.join(since);
        }
        self.moderator = moderator;
    }
}

impl MemberStates {
    /// Makes an empty list.
    pub(super) const fn none() -> Self {
        Self { by_author: BTreeMap::new(), names: NameIndex::none() }
    }

    /// Returns an author's membership and role.
    pub(super) fn get(&self, author: &AuthorKey) -> Option<&MemberState> {
        self.by_author.get(author)
    }

    /// Finds a member by its name, or else by one that looks like it.
    pub(super) fn named(&self, name: &str) -> Option<(AuthorKey, &MemberState)> {
        let author = self.names.named(&Likeness::of(name)).next()?;
        self.get(author).map(|state| (*author, state))
    }

    /// Returns all of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&AuthorKey, &MemberState)> {
        self.by_author.iter()
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.by_author.is_empty()
    }

    /// Returns their number.
    pub(super) fn len(&self) -> usize {
        self.by_author.len()
    }

    /// Sets an author's membership and role.
    pub(super) fn insert(&mut self, author: AuthorKey, state: MemberState) {
        self.remove(&author);
        self.names.insert(&Likeness::of(&state.name), &author);
        self.by_author.insert(author, state);
    }

    /// Removes an author.
    pub(super) fn remove(&mut self, author: &AuthorKey) -> Option<MemberState> {
        let state = self.by_author.remove(author)?;
        self.names.remove(&Likeness::of(&state.name), author);
        Some(state)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}
