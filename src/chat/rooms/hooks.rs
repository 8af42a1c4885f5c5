//! The hooks of rooms, and how far those that send messages have come.
//!
//! ```text
//! Idle ── a message is published ──▶ Due ── a place is free ──▶ UnderWay: the page after `position`
//!   ▲                                 ▲                            │     is read, its first message
//!   └──────── all is sent ────────────┴──── more, or it failed ────┘     is sent, and answered
//! ```
//!
//! What waits to be sent is in the record only: a hook is a position in it.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::chat::protocol::hook::{Hook, HookKind};
use crate::chat::record::{AuthorKey, KeyValue, Namespace, RoomKey};
use crate::clock::Moment;

/// A hook and its room.
#[derive(Debug)]
pub(in crate::chat) struct RoomHook {
    /// The room.
    pub(in crate::chat) room: RoomKey,
    /// The hook.
    pub(in crate::chat) hook: Hook,
    /// Whether the entry that announces it is recorded.
    recorded: bool,
    /// How far it has come, if it is an outgoing one.
    pub(in crate::chat) progress: Progress,
}

/// How far an outgoing hook has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::chat) struct Progress {
    /// The `seq` of the last entry that is done with.
    pub(in crate::chat) position: u64,
    /// The position that is stored.
    pub(in crate::chat) saved: u64,
    /// Unix milliseconds of the first of the failures on end; 0 for none.
    pub(in crate::chat) failing_since: u64,
    /// Number of failures on end.
    pub(in crate::chat) failures: u32,
    state: State,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Idle,
    Due(Moment),
    UnderWay,
}

/// All hooks.
#[derive(Debug, Default)]
pub(in crate::chat) struct Hooks {
    by_id: HashMap<AuthorKey, RoomHook>,
    /// The ids of each room's hooks, in the order in which they were added.
    by_room: HashMap<RoomKey, Vec<AuthorKey>>,
    /// Outgoing hooks by when they are due.
    due: BTreeSet<(Moment, AuthorKey)>,
    /// Number of hooks under way.
    under_way: usize,
}

/// The hook as a key-value record, but for its id.
#[derive(Serialize, Deserialize)]
struct StoredHook {
    kind: HookKind,
    name: Arc<str>,
    by: Arc<str>,
    since: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    url: Option<Arc<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    secret: Option<Arc<str>>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    disabled: bool,
    /// The position it begins at.
    from: u64,
}

/// How far a hook has come, as a key-value record.
#[derive(Serialize, Deserialize)]
struct StoredProgress {
    seq: u64,
    #[serde(default)]
    failing_since: u64,
}

impl RoomHook {
    /// Returns it as a key-value record.
    pub(in crate::chat) fn key_value(&self) -> KeyValue {
        let Hook { kind, name, by, since, url, secret, disabled, .. } = self.hook.clone();
        let from = self.progress.position;
        let stored = StoredHook { kind, name, by, since, url, secret, disabled, from };
        self.record(Namespace::Hooks, serde_json::to_string(&stored).ok())
    }

    /// Returns how far it has come as a key-value record.
    pub(in crate::chat) fn position_key_value(&self) -> KeyValue {
        let Progress { position: seq, failing_since, .. } = self.progress;
        let stored = serde_json::to_string(&StoredProgress { seq, failing_since });
        self.record(Namespace::HookPositions, stored.ok())
    }

    /// Returns the key-value records that delete it.
    pub(in crate::chat) fn removal(&self) -> Vec<KeyValue> {
        [Namespace::Hooks, Namespace::HookPositions].map(|it| self.record(it, None)).into()
    }

    fn record(&self, namespace: Namespace, value: Option<String>) -> KeyValue {
        let key = format!("{}/{}", self.room, self.hook.id.to_hex()).into();
        KeyValue { namespace, key, value: value.map(Into::into) }
    }

    fn sends(&self) -> bool {
        self.recorded && self.hook.kind == HookKind::Outgoing && !self.hook.disabled
    }
}

impl Hooks {
    /// Counts all hooks.
    pub(in crate::chat) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Finds a hook whose entry is recorded.
    pub(in crate::chat) fn get(&self, id: AuthorKey) -> Option<&RoomHook> {
        self.by_id.get(&id).filter(|it| it.recorded)
    }

    /// Finds a hook for a change.
    pub(in crate::chat) fn get_mut(&mut self, id: AuthorKey) -> Option<&mut RoomHook> {
        self.by_id.get_mut(&id)
    }

    /// Lists the hooks of a room, those included whose entry is not recorded yet.
    pub(in crate::chat) fn of_room(&self, room: &str) -> impl Iterator<Item = &RoomHook> {
        let ids = self.by_room.get(room).map_or(&[][..], Vec::as_slice);
        ids.iter().filter_map(|id| self.by_id.get(id))
    }

    /// Whether the entry that announces a hook is recorded.
    pub(in crate::chat) fn is_recorded(&self, id: AuthorKey) -> bool {
        self.get(id).is_some()
    }

    /// Adds a hook, which begins at a position of its room's record. Returns its key-value record.
    pub(in crate::chat) fn add(&mut self, room: &RoomKey, hook: Hook, position: u64) -> KeyValue {
        let (id, room) = (hook.id, Arc::clone(room));
        let progress = Progress { position, saved: position, ..Progress::default() };
        let added = RoomHook { room, hook, recorded: false, progress };
        let key_value = added.key_value();
        self.by_room.entry(Arc::clone(&added.room)).or_default().push(id);
        self.by_id.insert(id, added);
        key_value
    }

    /// Records that the entry that announces a hook is recorded.
    pub(in crate::chat) fn confirm(&mut self, now: Moment, id: AuthorKey) {
        if let Some(hook) = self.by_id.get_mut(&id) {
            hook.recorded = true;
        }
        self.schedule(id, now);
    }

    /// Removes a hook.
    pub(in crate::chat) fn remove(&mut self, id: AuthorKey) -> Option<RoomHook> {
        let gone = self.take(id)?;
        if let Some(ids) = self.by_room.get_mut(&gone.room) {
            ids.retain(|other| *other != id);
            if ids.is_empty() {
                self.by_room.remove(&gone.room);
            }
        }
        Some(gone)
    }

    /// Removes the hooks of a room.
    pub(in crate::chat) fn forget_room(&mut self, room: &RoomKey) {
        for id in self.by_room.remove(room).unwrap_or_default() {
            self.take(id);
        }
    }

    fn take(&mut self, id: AuthorKey) -> Option<RoomHook> {
        let gone = self.by_id.remove(&id)?;
        self.forget(id, gone.progress.state);
        Some(gone)
    }

    /// Restores a key-value record; `rest` is what follows the room's key. The position is at most
    /// `top`: if entries were lost, what gets their numbers is sent.
    pub(in crate::chat) fn restore(
        &mut self,
        namespace: Namespace,
        (room, top): (&RoomKey, u64),
        rest: &str,
        value: &str,
    ) {
        let Some(id) = AuthorKey::from_hex(rest) else { return };
        match namespace {
            Namespace::Hooks => {
                let Ok(stored) = serde_json::from_str(value) else { return };
                let StoredHook { kind, name, by, since, url, secret, disabled, from } = stored;
                let hook = Hook { id, kind, name, by, since, url, secret, disabled };
                self.add(room, hook, from.min(top));
                self.confirm(Moment::default(), id);
            }
            Namespace::HookPositions => {
                let Ok(stored) = serde_json::from_str(value) else { return };
                let StoredProgress { seq, failing_since } = stored;
                let seq = seq.min(top);
                if let Some(hook) = self.by_id.get_mut(&id) {
                    let progress = &mut hook.progress;
                    (progress.position, progress.saved) = (seq, seq);
                    progress.failing_since = failing_since;
                }
            }
            _ => {}
        }
    }

    /// Schedules the idle hooks of a room in which a message was published.
    pub(in crate::chat) fn wake(&mut self, now: Moment, room: &RoomKey) {
        let Some(ids) = self.by_room.get(room) else { return };
        let is_idle =
            |id: &AuthorKey| self.by_id.get(id).is_some_and(|it| it.progress.state == State::Idle);
        let idle: Vec<AuthorKey> = ids.iter().copied().filter(is_idle).collect();
        for id in idle {
            self.schedule(id, now);
        }
    }

    /// Returns when a hook is due, as far as there is a place for it.
    pub(in crate::chat) fn deadline(&self) -> Moment {
        match self.due.first() {
            Some((due, _)) if self.under_way < UNDER_WAY_MAX => *due,
            _ => Moment::NEVER,
        }
    }

    /// Takes the next hook that is due; it is under way then.
    pub(in crate::chat) fn next_due(&mut self, now: Moment) -> Option<AuthorKey> {
        if self.deadline() > now {
            return None;
        }
        let (_, id) = self.due.pop_first()?;
        self.by_id.get_mut(&id)?.progress.state = State::UnderWay;
        self.under_way = self.under_way.saturating_add(1);
        Some(id)
    }

    /// Schedules a hook that sends messages, under way or not.
    pub(in crate::chat) fn schedule(&mut self, id: AuthorKey, due: Moment) {
        self.rest(id);
        if let Some(hook) = self.by_id.get_mut(&id).filter(|hook| hook.sends()) {
            hook.progress.state = State::Due(due);
            self.due.insert((due, id));
        }
    }

    /// Makes a hook idle, under way or not.
    pub(in crate::chat) fn rest(&mut self, id: AuthorKey) {
        let Some(hook) = self.by_id.get_mut(&id) else { return };
        let before = std::mem::take(&mut hook.progress.state);
        self.forget(id, before);
    }

    /// Has no hook be due any more: the server ends, and the next one goes on.
    pub(in crate::chat) fn stop(&mut self) {
        self.due.clear();
    }

    /// Lists the hooks whose position is not stored.
    pub(in crate::chat) fn unsaved(&self) -> Vec<AuthorKey> {
        let moved = |it: &&RoomHook| it.progress.position != it.progress.saved;
        self.by_id.values().filter(moved).map(|it| it.hook.id).collect()
    }

    fn forget(&mut self, id: AuthorKey, state: State) {
        match state {
            State::Idle => {}
            State::Due(due) => drop(self.due.remove(&(due, id))),
            State::UnderWay => self.under_way = self.under_way.saturating_sub(1),
        }
    }
}

/// Hooks that send a message at the same time: what they hold in memory is bounded. The others wait.
const UNDER_WAY_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn hook(n: u8, kind: HookKind) -> Hook {
        let outgoing = kind == HookKind::Outgoing;
        Hook {
            id: AuthorKey([n; 16]),
            kind,
            name: format!("hook {n}").into(),
            by: "Alice".into(),
            since: 5,
            url: outgoing.then(|| "https://bot.example/".into()),
            secret: outgoing.then(|| "secret".into()),
            disabled: false,
        }
    }

    fn at(millis: u64) -> Moment {
        Moment::from_millis(millis)
    }

    #[test]
    fn a_hook_is_restored_as_it_was_stored_and_goes_on_where_it_was() {
        let (mut hooks, dev) = (Hooks::default(), RoomKey::from("dev"));
        let mut stored = vec![hooks.add(&dev, hook(1, HookKind::Outgoing), 7)];
        stored.push(hooks.add(&dev, hook(2, HookKind::Incoming), 0));
        hooks.confirm(at(1), AuthorKey([1; 16]));
        let progress = &mut hooks.get_mut(AuthorKey([1; 16])).unwrap().progress;
        (progress.position, progress.failing_since) = (9, 44);
        stored.push(hooks.get(AuthorKey([1; 16])).unwrap().position_key_value());
        let restored = |top| {
            let mut again = Hooks::default();
            for it in &stored {
                let (room, rest) = it.key.split_once('/').unwrap();
                let value = it.value.as_deref().unwrap();
                again.restore(it.namespace, (&room.into(), top), rest, value);
            }
            again
        };
        let again = restored(100);
        let listed: Vec<Hook> = again.of_room("dev").map(|it| it.hook.clone()).collect();
        assert_eq!(listed, [hook(1, HookKind::Outgoing), hook(2, HookKind::Incoming)]);
        let progress = again.get(AuthorKey([1; 16])).unwrap().progress;
        assert_eq!((progress.position, progress.failing_since), (9, 44));
        assert_eq!(again.deadline(), Moment::default());
        let position = |hooks: Hooks| hooks.get(AuthorKey([1; 16])).unwrap().progress.position;
        assert_eq!(position(restored(3)), 3, "entries were lost");
    }

    #[test]
    fn a_hook_is_due_once_and_only_while_it_is_idle() {
        let (mut hooks, dev) = (Hooks::default(), RoomKey::from("dev"));
        let id = AuthorKey([1; 16]);
        hooks.add(&dev, hook(1, HookKind::Outgoing), 0);
        hooks.wake(at(1), &dev);
        assert_eq!(hooks.deadline(), Moment::NEVER, "its entry is not recorded");
        hooks.confirm(at(2), id);
        assert_eq!((hooks.next_due(at(1)), hooks.next_due(at(2))), (None, Some(id)));
        hooks.wake(at(3), &dev);
        assert_eq!(hooks.deadline(), Moment::NEVER, "it is under way");
        hooks.rest(id);
        hooks.wake(at(3), &dev);
        hooks.wake(at(4), &dev);
        assert_eq!(hooks.next_due(at(9)), Some(id));
        assert_eq!(hooks.next_due(at(9)), None);
        assert!(hooks.remove(id).is_some() && hooks.remove(id).is_none());
        assert_eq!((hooks.len(), hooks.under_way, hooks.due.len()), (0, 0, 0));
    }

    #[test]
    fn incoming_and_disabled_hooks_are_never_due() {
        let (mut hooks, dev) = (Hooks::default(), RoomKey::from("dev"));
        let disabled = Hook { disabled: true, ..hook(2, HookKind::Outgoing) };
        for hook in [hook(1, HookKind::Incoming), disabled] {
            let id = hook.id;
            hooks.add(&dev, hook, 0);
            hooks.confirm(at(1), id);
        }
        hooks.wake(at(1), &dev);
        assert_eq!(hooks.deadline(), Moment::NEVER);
    }

    #[test]
    fn only_so_many_hooks_are_under_way_at_once() {
        let (mut hooks, dev) = (Hooks::default(), RoomKey::from("dev"));
        let count = u8::try_from(UNDER_WAY_MAX).unwrap() + 1;
        for n in 0..count {
            hooks.add(&dev, hook(n, HookKind::Outgoing), 0);
            hooks.confirm(at(1), AuthorKey([n; 16]));
        }
        let taken: Vec<AuthorKey> = std::iter::from_fn(|| hooks.next_due(at(1))).collect();
        assert_eq!((taken.len(), hooks.deadline()), (UNDER_WAY_MAX, Moment::NEVER));
        hooks.schedule(taken[0], at(50));
        assert_eq!(hooks.deadline(), at(1), "another has its place");
        hooks.forget_room(&dev);
        assert_eq!((hooks.len(), hooks.under_way, hooks.due.len()), (0, 0, 0));
    }
}
