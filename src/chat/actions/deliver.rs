//! Messages on their way to the targets of outgoing hooks.
//!
//! Each hook has one message under way, so that its target gets them in order; the next one is read
//! from the record when it has answered. What is sent may be sent again after a crash, with the same
//! `seq`: the position is stored a little later.

use std::sync::Arc;
use std::time::Duration;

use crate::chat::Chat;
use crate::chat::effect::Effect;
use crate::chat::names::hook_of;
use crate::chat::pending::PendingRequest;
use crate::chat::protocol::delivery::{Delivered, Delivery};
use crate::chat::protocol::server_event::ServerEvent;
use crate::chat::record::{
    AuthorKey, Change, Entry, JournalError, JournalRequest, KeyValue, Page, PageContent, Query,
    Span,
};
use crate::chat::step::Step;

impl Chat {
    /// Has the next messages read for the hooks that are due.
    pub(in crate::chat) fn send_to_hooks(&mut self, step: &mut Step<'_>) {
        if self.farewell.is_some() {
            return self.rooms.hooks.stop();
        }
        while let Some(id) = self.rooms.hooks.next_due(step.now.at) {
            let Some(hook) = self.rooms.hooks.get(id) else { continue };
            let (key, after) = (Arc::clone(&hook.room), hook.progress.position);
            let room = self.rooms.find(&key).and_then(|room| self.rooms.get(room));
            if room.is_none_or(|room| room.top <= after || room.check_stays().is_err()) {
                self.rooms.hooks.rest(id);
                continue;
            }
            let request_id = self.pending.requests.put(PendingRequest::HookPage(id));
            step.effects.push(Effect::Journal(JournalRequest::Read(Query {
                request_id,
                room: key,
                span: Span::Entries(after),
                limit: ENTRIES,
                bytes_max: ENTRIES_BYTES,
            })));
        }
    }

    /// Sends the first message of a page, or goes on after it.
    pub(in crate::chat) fn hook_paged(
        &mut self,
        step: &mut Step<'_>,
        id: AuthorKey,
        page: Result<Page, JournalError>,
    ) {
        let Some(hook) = self.rooms.hooks.get(id) else { return };
        let Ok(page) = page else {
            return self.rooms.hooks.schedule(id, step.now.at.after(RETRY_MIN));
        };
        let PageContent::Entries(entries) = page.found else { return self.rooms.hooks.rest(id) };
        let name = Arc::clone(&hook.hook.name);
        let message = entries.iter().find(|entry| is_for(entry, &name));
        let Some(entry) = message else {
            let done = entries.last().map_or(page.top, |entry| entry.seq);
            return self.go_on(step, id, done);
        };
        let room = self.rooms.find(&hook.room).and_then(|room| self.rooms.get(room));
        let (Some(url), Some(secret), Some(room)) = (&hook.hook.url, &hook.hook.secret, room)
        else {
            return self.rooms.hooks.rest(id);
        };
        let delivery = Delivery {
            hook: id,
            url: Arc::clone(url),
            secret: Arc::clone(secret),
            room: Arc::clone(&hook.room),
            seq: entry.seq,
            event: ServerEvent::of_entry(&room.name, entry),
        };
        step.effects.push(Effect::Deliver(Box::new(delivery)));
    }

    /// Handles the answer of a target, or that there is none.
    pub(in crate::chat) fn delivered(
        &mut self,
        step: &mut Step<'_>,
        id: AuthorKey,
        seq: u64,
        outcome: Delivered,
    ) {
        let least = match outcome {
            Delivered::Failed(least) => least,
            Delivered::Refused => {
                tracing::warn!(hook = id.to_hex(), seq, "a hook's target refused a message");
                return self.go_on(step, id, seq);
            }
            Delivered::Done => return self.go_on(step, id, seq),
        };
        let Some(hook) = self.rooms.hooks.get_mut(id) else { return };
        let progress = &mut hook.progress;
        progress.failures = progress.failures.saturating_add(1);
        let failures = progress.failures;
        if progress.failing_since == 0 {
            progress.failing_since = step.now.unix_ms;
            let key_value = hook.position_key_value();
            self.put_for_hook(step, id, vec![key_value]);
        } else if Duration::from_millis(step.now.unix_ms.saturating_sub(progress.failing_since))
            >= self.limits.hook_fails_for
        {
            return self.disable_hook(step, id);
        }
        let wait = RETRY_MIN.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1)));
        let wait = wait.min(self.limits.hook_retry_max).max(least.min(RETRY_AFTER_MAX));
        // Hooks that failed together do not come back together.
        let [first, ..] = id.0;
        let apart = wait.saturating_mul(u32::from(first)).checked_div(1024).unwrap_or_default();
        self.rooms.hooks.schedule(id, step.now.at.after(wait.saturating_add(apart)));
    }

    /// Stores how far the hooks have come, where that is not stored.
    pub(in crate::chat) fn save_hook_positions(&mut self, step: &mut Step<'_>) {
        for id in self.rooms.hooks.unsaved() {
            self.save_hook_position(step, id);
        }
    }

    /// Moves the position of a hook, and schedules it if there is more.
    fn go_on(&mut self, step: &mut Step<'_>, id: AuthorKey, done: u64) {
        let Some(hook) = self.rooms.hooks.get_mut(id) else { return };
        let (room, progress) = (Arc::clone(&hook.room), &mut hook.progress);
        let had_failed = progress.failing_since > 0;
        progress.position = progress.position.max(done);
        (progress.failing_since, progress.failures) = (0, 0);
        let (position, saved) = (progress.position, progress.saved);
        let room = self.rooms.find(&room).and_then(|room| self.rooms.get(room));
        let is_more = room.is_some_and(|room| room.top > position);
        if !is_more || had_failed || position.saturating_sub(saved) >= SAVED_EVERY {
            self.save_hook_position(step, id);
        }
        if is_more {
            self.rooms.hooks.schedule(id, step.now.at);
        } else {
            self.rooms.hooks.rest(id);
        }
    }

    fn disable_hook(&mut self, step: &mut Step<'_>, id: AuthorKey) {
        self.rooms.hooks.rest(id);
        let Some(hook) = self.rooms.hooks.get_mut(id) else { return };
        hook.hook.disabled = true;
        tracing::warn!(
            hook = id.to_hex(),
            "a hook is disabled: its target has failed for too long; remove it and add it again"
        );
        let key_values = vec![hook.key_value()];
        self.put_for_hook(step, id, key_values);
    }

    fn save_hook_position(&mut self, step: &mut Step<'_>, id: AuthorKey) {
        let Some(hook) = self.rooms.hooks.get_mut(id) else { return };
        hook.progress.saved = hook.progress.position;
        let key_values = vec![hook.position_key_value()];
        self.put_for_hook(step, id, key_values);
    }

    /// Stores records of a hook, unless its room is being removed: saved after that in the journal,
    /// they would be of the next room of that name.
    fn put_for_hook(&self, step: &mut Step<'_>, id: AuthorKey, key_values: Vec<KeyValue>) {
        let room = self.rooms.hooks.get(id).map(|hook| &hook.room);
        if room.is_some_and(|room| !self.rooms.is_being_removed(room)) {
            step.put(key_values);
        }
    }
}

/// Whether an entry is a message for the target of the hook with a name. What a hook of the same
/// name posted is not: two that belong to one program do not answer each other for ever.
fn is_for(entry: &Entry, hook: &str) -> bool {
    let is_message = match &entry.change {
        // A deleted message has neither.
        Change::Message { content, files, .. } => !content.is_empty() || !files.is_empty(),
        _ => false,
    };
    is_message && hook_of(&entry.sender) != Some(hook)
}

/// Entries that are read to find the next message, and the bytes of their text.
const ENTRIES: usize = 8;
const ENTRIES_BYTES: usize = 16 * 1024;
/// The position is stored after so many entries, and when all are done with.
const SAVED_EVERY: u64 = 32;
/// The wait after the first failure; it doubles with each further one.
const RETRY_MIN: Duration = Duration::from_secs(1);
/// The longest wait that a target may ask for.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(60 * 60);
