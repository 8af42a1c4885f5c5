//! What the body of a draft is, so that the same one can be told from another.

use sha1::{Digest as _, Sha1};

use crate::chat::record::{Change, Draft};

/// Is the hash of a draft's body.
pub(super) type BodyHash = [u8; 16];

/// Hashes what a draft wants the record to say.
///
/// The author's name and the time are not part of it: a client that sends the same again may have
/// another name and surely comes later. Of a message's expiry its distance counts.
pub(super) fn hash(draft: &Draft) -> BodyHash {
    let mut hash = Sha1::new();
    let mut part = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    part(draft.room.as_bytes());
    match &draft.change {
        Change::Message { content, reply_to, expires } => {
            part(b"message");
            part(content.as_bytes());
            part(&reply_to.unwrap_or(0).to_le_bytes());
            part(&expires.map_or(0, |expires| expires.saturating_sub(draft.ts)).to_le_bytes());
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
        Change::Topic { topic } => {
            part(b"topic");
            part(topic.as_bytes());
        }
    }
    let mut short = BodyHash::default();
    short.copy_from_slice(&hash.finalize()[..16]);
    short
}
