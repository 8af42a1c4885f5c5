//! The rules about drafts that all engines share: the message a draft is about, whether its author
//! may change it, and whether the draft is a replay.

use sha1::{Digest as _, Sha1};

use crate::chat::record::{
    Change, DeletionReason, Draft, JournalError, JournalResponse, RequestId,
};

/// The hash of a draft's body.
pub(super) type BodyHash = [u8; 16];

/// Hashes what a draft appends.
///
/// The author's name and the time are left out: a client that replays a draft may have changed its
/// name, and does so later. The expiry is hashed relative to the draft's time.
pub(super) fn hash(draft: &Draft) -> BodyHash {
    let mut hash = Sha1::new();
    let mut part = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    part(draft.room.as_bytes());
    match &draft.change {
        Change::Message { content, reply_to, expires, files } => {
            part(b"message");
            part(content.as_bytes());
            part(&reply_to.unwrap_or(0).to_le_bytes());
            part(&expires.map_or(0, |expires| expires.saturating_sub(draft.ts)).to_le_bytes());
            files.iter().for_each(|file| part(&file.id.0));
        }
        Change::Edited { mid, content } => {
            part(b"edited");
            part(&mid.to_le_bytes());
            part(content.as_bytes());
        }
        Change::Deleted { mid, .. } => {
            part(b"deleted");
            part(&mid.to_le_bytes());
        }
        Change::Reaction { mid, emoji, on, .. } => {
            part(b"reaction");
            part(&mid.to_le_bytes());
            part(emoji.as_bytes());
            part(&[u8::from(*on)]);
        }
        Change::Pinned { mid, on } => {
            part(b"pinned");
            part(&mid.to_le_bytes());
            part(&[u8::from(*on)]);
        }
        Change::Topic { topic } => {
            part(b"topic");
            part(topic.as_bytes());
        }
        Change::Moderated { moderation } => {
            part(b"moderated");
            // Strings and numbers always serialize.
            part(&serde_json::to_vec(moderation).unwrap_or_default());
        }
    }
    let [short @ .., _, _, _, _] = <[u8; 20]>::from(hash.finalize());
    short
}

/// Returns the earlier message that a change is about, if there is one.
pub(super) fn changed_message(change: &Change) -> Option<u64> {
    match change {
        Change::Message { .. } | Change::Topic { .. } | Change::Moderated { .. } => None,
        Change::Edited { mid, .. } | Change::Deleted { mid, .. } => Some(*mid),
        Change::Reaction { mid, .. } | Change::Pinned { mid, .. } => Some(*mid),
    }
}

/// Checks that an author may change a message, and fills in whether the author deletes their own.
/// All users may react, moderators may delete messages of others, and only authors may edit.
pub(super) fn check(change: &mut Change, own: bool, moderator: bool) -> Result<(), JournalError> {
    match change {
        Change::Edited { .. } if !own => Err(JournalError::Forbidden),
        Change::Deleted { .. } if !own && !moderator => Err(JournalError::Forbidden),
        Change::Deleted { why, .. } => {
            *why = if own { DeletionReason::Author } else { DeletionReason::Moderator };
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Kinds of reactions that a message takes in all.
pub(super) const REACTION_KINDS_MAX: u32 = 20;
/// Kinds of reactions that a message takes of one author.
pub(super) const REACTION_KINDS_OF_AUTHOR_MAX: u32 = 5;

/// The reactions that a message has, as far as they decide whether it takes another one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ReactionCounts {
    /// Kinds there are.
    pub(super) kinds: u32,
    /// Kinds the author has given.
    pub(super) own: u32,
    /// Others who have given the kind in question.
    pub(super) others: u32,
    /// Whether the author has given it.
    pub(super) given: bool,
}

impl ReactionCounts {
    /// Returns how many people will have given the kind once the author has added it or taken it
    /// back.
    pub(super) fn after(self, on: bool) -> Result<u32, JournalError> {
        let is_new_kind = self.others == 0 && self.kinds >= REACTION_KINDS_MAX;
        if on && !self.given && (is_new_kind || self.own >= REACTION_KINDS_OF_AUTHOR_MAX) {
            return Err(JournalError::TooManyReactions);
        }
        Ok(self.others.saturating_add(u32::from(on)))
    }
}

/// Returns the `count` in the response to a deletion: 1 if a moderator deleted the message.
pub(super) fn deletion_count(why: DeletionReason) -> u32 {
    u32::from(why == DeletionReason::Moderator)
}

/// Returns the response to a check for a replay, given the first response to the draft's `id`.
pub(super) fn replayed(draft: &Draft, first: Option<&FirstAnswer>) -> JournalResponse {
    let request_id = draft.request_id;
    let again = first.map(|first| first.again(request_id, hash(draft)));
    again.map_or(JournalResponse::NotReplayed { request_id }, |again| {
        again.unwrap_or_else(|why| JournalResponse::Rejected { request_id, why })
    })
}

/// The first response to a draft with an `id`.
#[derive(Clone, Copy, Debug)]
pub(super) struct FirstAnswer {
    pub(super) hash: BodyHash,
    pub(super) seq: u64,
    pub(super) mid: u64,
    pub(super) ts: u64,
    pub(super) count: u32,
}

impl FirstAnswer {
    /// Returns the first response once more, if the draft is the same.
    pub(super) fn again(
        &self,
        request_id: RequestId,
        hash: BodyHash,
    ) -> Result<JournalResponse, JournalError> {
        let Self { hash: of, seq, mid, ts, count } = *self;
        if of != hash {
            return Err(JournalError::IdConflict);
        }
        Ok(JournalResponse::Appended { request_id, seq, mid, ts, duplicate: true, count })
    }
}
