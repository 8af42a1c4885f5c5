//! What will hold in a room once all that is on its way into the record is there.
//!
//! Facts are kept with the entry that tells of them, so they are written before it is known what
//! becomes of the deeds before. They are written as if all of them will be done; where that turns
//! out otherwise, what has been touched is written anew when nothing is on its way any more.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::chat::record::Fact;
use crate::chat::rooms::Room;
use crate::chat::rooms::rules::{Rules, Touched};

/// The rules of a room, with all that is under way done.
#[derive(Debug, Default)]
pub(in crate::chat) struct Ahead {
    rules: Rules,
    /// How many deeds are under way.
    deeds: u32,
    touched: BTreeSet<Touched>,
    /// Whether something came otherwise than it was written.
    stale: bool,
}

impl Room {
    /// Returns what will hold.
    pub(in crate::chat) fn rules_ahead(&self) -> &Rules {
        self.ahead.as_ref().map_or_else(|| self.rules(), |ahead| &ahead.rules)
    }

    /// Begins a deed; gives the facts to keep with its entry.
    pub(in crate::chat) fn begin(
        &mut self,
        apply: impl FnOnce(&mut Rules) -> BTreeSet<Touched>,
    ) -> Vec<Fact> {
        let key = Arc::clone(&self.key);
        let mut ahead = self
            .ahead
            .take()
            .unwrap_or_else(|| Box::new(Ahead { rules: self.rules().clone(), ..Ahead::default() }));
        let touched = apply(&mut ahead.rules);
        let facts = ahead.rules.facts(&key, &touched);
        ahead.deeds = ahead.deeds.saturating_add(1);
        ahead.touched.extend(touched);
        self.ahead = Some(ahead);
        facts
    }

    /// Does what was decided, which was written as these facts. Says what has changed.
    pub(in crate::chat) fn carry_out(
        &mut self,
        written: &[Fact],
        apply: impl FnOnce(&mut Rules) -> BTreeSet<Touched>,
    ) -> BTreeSet<Touched> {
        let touched = apply(self.rules_mut());
        let as_written = self.rules().facts(&self.key, &touched) == written;
        if let Some(ahead) = self.ahead.as_mut() {
            ahead.stale |= !as_written;
            ahead.touched.extend(touched.iter().cloned());
        }
        touched
    }

    /// Ends a deed, done or not; gives the facts that are to be written anew.
    pub(in crate::chat) fn end(&mut self, done: bool) -> Vec<Fact> {
        let Some(mut ahead) = self.ahead.take() else { return Vec::new() };
        ahead.deeds = ahead.deeds.saturating_sub(1);
        ahead.stale |= !done;
        if ahead.deeds == 0 {
            let stale = std::mem::take(&mut ahead.stale);
            return if stale { self.rules().facts(&self.key, &ahead.touched) } else { Vec::new() };
        }
        self.ahead = Some(ahead);
        Vec::new()
    }

    /// Changes what holds without a deed; gives the facts to keep.
    pub(in crate::chat) fn amend(
        &mut self,
        change: impl Fn(&mut Rules) -> BTreeSet<Touched>,
    ) -> Vec<Fact> {
        let mut touched = change(self.rules_mut());
        if let Some(ahead) = self.ahead.as_mut() {
            touched.extend(change(&mut ahead.rules));
            ahead.touched.extend(touched.iter().cloned());
            ahead.stale = true;
        }
        self.rules_ahead().facts(&self.key, &touched)
    }
}
