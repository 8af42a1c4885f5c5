//! Changes and facts for a journal under test.

use std::sync::Arc;

use crate::chat::record::{
    Change, DeletionReason, KeyValue, Moderation, ModerationAction, Namespace,
};

/// Returns a reply to a message.
pub(super) fn answer(to: u64, expires: Option<u64>) -> Change {
    let (content, reply_to) = ("yes".into(), Some(to));
    Change::Message { content, reply_to, expires, files: Default::default() }
}

pub(super) fn message(content: &str) -> Change {
    Change::Message {
        files: Default::default(),
        content: Arc::from(content),
        reply_to: None,
        expires: None,
    }
}

pub(super) fn expiring(content: &str, expires: u64) -> Change {
    Change::Message {
        files: Default::default(),
        content: Arc::from(content),
        reply_to: None,
        expires: Some(expires),
    }
}

pub(super) fn edited(mid: u64, content: &str) -> Change {
    Change::Edited { mid, content: Arc::from(content) }
}

pub(super) fn deleted(mid: u64) -> Change {
    Change::Deleted { mid, why: DeletionReason::Author }
}

pub(super) fn reaction(mid: u64, emoji: &str, on: bool) -> Change {
    Change::Reaction { mid, emoji: Arc::from(emoji), on, count: 0 }
}

pub(super) fn topic(topic: &str) -> Change {
    Change::Topic { topic: Arc::from(topic) }
}

pub(super) fn moderated(user: &str) -> Change {
    let (user, reason) = (Some(Arc::from(user)), Some(Arc::from("flood")));
    let moderation =
        Moderation { action: ModerationAction::Mute, user, seconds: Some(600), reason };
    Change::Moderated { moderation: Arc::new(moderation) }
}

pub(super) fn key_value(namespace: Namespace, key: &str, value: &str) -> KeyValue {
    KeyValue { namespace, key: Arc::from(key), value: Some(Arc::from(value)) }
}

pub(super) fn forgotten(namespace: Namespace, key: &str) -> KeyValue {
    KeyValue { namespace, key: Arc::from(key), value: None }
}
