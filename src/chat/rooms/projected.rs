//! The rules of a room once all pending moderation is recorded.
//!
//! Key-value records are stored with the entry of a moderation action, so they are written before
//! the outcome of the actions ahead of it is known. They assume that all of those succeed; if one
//! does not, every dirty key is rewritten once no action is pending.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::chat::record::KeyValue;
use crate::chat::rooms::Room;
use crate::chat::rooms::removal::Removal;
use crate::chat::rooms::rules::{DirtyKey, Rules};

/// The rules of a room with all pending moderation applied. The removal of a room counts as one:
/// what is written after it in the journal would be the rules of the next room of that name.
#[derive(Debug, Default)]
pub(in crate::chat) struct ProjectedRules {
    rules: Rules,
    /// Number of pending moderation actions.
    pending: u32,
    dirty: BTreeSet<DirtyKey>,
    /// Whether an outcome differs from what was written.
    stale: bool,
}

impl Room {
    /// Returns the rules once all pending moderation is recorded.
    pub(in crate::chat) fn projected_rules(&self) -> &Rules {
        self.projected.as_ref().map_or_else(|| self.rules(), |projected| &projected.rules)
    }

    /// Begins a moderation action. Returns the key-value records to store with its entry.
    pub(in crate::chat) fn begin(
        &mut self,
        apply: impl FnOnce(&mut Rules) -> BTreeSet<DirtyKey>,
    ) -> Vec<KeyValue> {
        let key = Arc::clone(&self.key);
        let mut projected = self.projected.take().unwrap_or_else(|| {
            Box::new(ProjectedRules { rules: self.rules().clone(), ..ProjectedRules::default() })
        });
        let dirty = apply(&mut projected.rules);
        let key_values = projected.rules.key_values(&key, &dirty);
        projected.pending = projected.pending.saturating_add(1);
        projected.dirty.extend(dirty);
        self.projected = Some(projected);
        key_values
    }

    /// Applies a moderation action, which was written as these key-value records. Returns the
    /// changed keys.
    pub(in crate::chat) fn carry_out(
        &mut self,
        written: &[KeyValue],
        apply: impl FnOnce(&mut Rules) -> BTreeSet<DirtyKey>,
    ) -> BTreeSet<DirtyKey> {
        let dirty = apply(self.rules_mut());
        let as_written = self.rules().key_values(&self.key, &dirty) == written;
        if let Some(projected) = self.projected.as_mut() {
            projected.stale |= !as_written;
            projected.dirty.extend(dirty.iter().cloned());
        }
        dirty
    }

    /// Ends a moderation action, done or not. Returns the key-value records that have to be
    /// rewritten.
    pub(in crate::chat) fn end(&mut self, done: bool) -> Vec<KeyValue> {
        let Some(mut projected) = self.projected.take() else { return Vec::new() };
        projected.pending = projected.pending.saturating_sub(1);
        projected.stale |= !done;
        if projected.pending == 0 {
            let stale = std::mem::take(&mut projected.stale);
            return if stale {
                self.rules().key_values(&self.key, &projected.dirty)
            } else {
                Vec::new()
            };
        }
        self.projected = Some(projected);
        Vec::new()
    }

    /// Begins its removal. Until that ends, its rules are not stored.
    pub(in crate::chat) fn begin_removal(&mut self) {
        self.removal = Removal::Underway;
        self.begin(|_| BTreeSet::new());
    }

    /// Ends its removal: it stays. Returns the key-value records to store.
    pub(in crate::chat) fn cancel_removal(&mut self) -> Vec<KeyValue> {
        self.removal = Removal::None;
        self.end(false)
    }

    /// Changes the rules without a moderation action. Returns the key-value records to store; none
    /// while the room is being removed.
    pub(in crate::chat) fn amend(
        &mut self,
        change: impl Fn(&mut Rules) -> BTreeSet<DirtyKey>,
    ) -> Vec<KeyValue> {
        let mut dirty = change(self.rules_mut());
        if let Some(projected) = self.projected.as_mut() {
            dirty.extend(change(&mut projected.rules));
            projected.dirty.extend(dirty.iter().cloned());
            projected.stale = true;
        }
        match self.removal {
            Removal::None => self.projected_rules().key_values(&self.key, &dirty),
            Removal::Underway | Removal::Done => Vec::new(),
        }
    }
}
