//! Changes of a room's rules: moderation, sessions that end, guests who log in.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::members::MemberState;
use super::{Actor, DirtyKey, Rules};
use crate::chat::record::{AuthorKey, Moderation, ModerationAction};
use crate::clock::Now;

impl Rules {
    /// Applies a moderation action. `present` are the people in the room; they become members when
    /// it becomes private. Returns the changed keys.
    pub(in crate::chat) fn apply(
        &mut self,
        moderation: &Moderation,
        target: Option<&Actor>,
        present: &[(AuthorKey, Arc<str>)],
        now: Now,
        stamp: u64,
    ) -> BTreeSet<DirtyKey> {
        let mut dirty = self.drop_spent(now);
        let private = self.private;
        let until = |seconds: Option<u64>| match seconds {
            Some(seconds) => now.unix_ms.saturating_add(seconds.saturating_mul(1000)),
            None => u64::MAX,
        };
        match (moderation.action, target) {
            (ModerationAction::Lock, _) => self.locked = true,
            (ModerationAction::Unlock, _) => self.locked = false,
            (ModerationAction::Slow, _) => self.slow = moderation.seconds.unwrap_or(0),
            (ModerationAction::MakePublic, _) => self.private = false,
            (ModerationAction::MakePrivate, _) => {
                self.private = true;
                for (author, name) in present {
                    self.change(*author, name, &mut dirty, |it| it.join(stamp));
                }
            }
            // Whoever is kicked from a private room may not come in again.
            (ModerationAction::Kick, Some(target)) if private => {
                self.strip(target.author, now, &mut dirty);
            }
            (ModerationAction::Ban, Some(target)) => {
                self.strip(target.author, now, &mut dirty);
                let changed = self.bans.impose(target, now, stamp, until(moderation.seconds));
                dirty.extend(changed.into_iter().map(DirtyKey::Ban));
            }
            (ModerationAction::Unban, Some(target)) => {
                dirty.extend(self.bans.lift(target, now).into_iter().map(DirtyKey::Ban));
            }
            (ModerationAction::Mute, Some(target)) => {
                let changed = self.mutes.impose(target, now, stamp, until(moderation.seconds));
                dirty.extend(changed.into_iter().flat_map(mute_keys));
            }
            (ModerationAction::Unmute, Some(target)) => {
                dirty.extend(self.mutes.lift(target, now).into_iter().flat_map(mute_keys));
            }
            // Banned while this was being recorded.
            (ModerationAction::Invite | ModerationAction::Promote, Some(target))
                if self.is_banned(target.author, now) => {}
            // An invitation to a public room is a mere notice.
            (ModerationAction::Invite, Some(_)) if !private => {}
            (action, Some(target)) => {
                self.change(target.author, &target.name, &mut dirty, |it| match action {
                    ModerationAction::Invite => it.join(stamp),
                    ModerationAction::Promote => it.set_moderator(true, private, stamp),
                    ModerationAction::Demote => it.set_moderator(false, private, stamp),
                    _ => {}
                });
            }
            (_, None) => {}
        }
        if moderation.action.changes_room() {
            dirty.insert(DirtyKey::Room);
        }
        dirty
    }

    /// Removes expired bans and mutes. Returns the changed keys.
    fn drop_spent(&mut self, now: Now) -> BTreeSet<DirtyKey> {
        let mut dirty: BTreeSet<DirtyKey> =
            self.bans.drop_spent(now).into_iter().map(DirtyKey::Ban).collect();
        dirty.extend(self.mutes.drop_spent(now).into_iter().flat_map(mute_keys));
        dirty
    }

    fn change(
        &mut self,
        author: AuthorKey,
        name: &Arc<str>,
        dirty: &mut BTreeSet<DirtyKey>,
        change: impl FnOnce(&mut MemberState),
    ) {
        let before = self.member_states.get(&author).cloned().unwrap_or_default();
        let mut after = MemberState { name: Arc::clone(name), ..before.clone() };
        change(&mut after);
        if !after.member {
            after.since = 0;
        }
        let nothing = MemberState { name: Arc::clone(name), ..MemberState::default() };
        if after == nothing {
            self.member_states.remove(&author);
        } else {
            self.member_states.insert(author, after.clone());
        }
        if (MemberState { name: Arc::clone(name), ..before }) != after {
            dirty.insert(DirtyKey::MemberState(author));
        }
    }

    /// Ends the membership of an author who declines an invitation. Returns the changed keys.
    pub(in crate::chat) fn decline(&mut self, author: AuthorKey) -> BTreeSet<DirtyKey> {
        let is_mere_member =
            self.member_states.get(&author).is_some_and(|state| state.member && !state.moderator);
        if !self.private || !is_mere_member || self.owner == Some(author) {
            return BTreeSet::new();
        }
        self.member_states.remove(&author);
        BTreeSet::from([DirtyKey::MemberState(author)])
    }

    /// Takes all roles from an author. The room of an owner goes to the heir.
    fn strip(&mut self, author: AuthorKey, now: Now, dirty: &mut BTreeSet<DirtyKey>) {
        if self.member_states.remove(&author).is_some() {
            dirty.insert(DirtyKey::MemberState(author));
        }
        if self.owner == Some(author) {
            self.owner = self.heir(now);
            dirty.insert(DirtyKey::Room);
        }
    }

    /// Returns who owns the room next: a moderator, else the longest-standing member of a private
    /// room, one who is not muted first. Nobody who is banned.
    fn heir(&self, now: Now) -> Option<AuthorKey> {
        let may = |(author, state): &(&AuthorKey, &MemberState)| {
            (state.moderator || (self.private && state.member)) && !self.is_banned(**author, now)
        };
        let rank = |(author, state): &(&AuthorKey, &MemberState)| match state.moderator {
            true => (false, false, 0),
            false => (true, self.mutes.binds(**author, now), state.since),
        };
        let heir = self.member_states.iter().filter(may).min_by_key(rank);
        heir.map(|(author, _)| *author)
    }

    /// Forgets an author whose session has ended. The room of an owner goes to the heir. Returns
    /// the changed keys.
    pub(in crate::chat) fn forget(&mut self, author: AuthorKey, now: Now) -> BTreeSet<DirtyKey> {
        let bans = self.bans.forget(author).into_iter().map(DirtyKey::Ban);
        let mut dirty: BTreeSet<DirtyKey> = bans.collect();
        dirty.extend(self.mutes.forget(author).into_iter().flat_map(mute_keys));
        self.strip(author, now, &mut dirty);
        dirty
    }

    /// Moves everything an author has here, roles and restraints, to another; no roles to one who
    /// is banned. Returns the changed keys.
    pub(in crate::chat) fn hand_on(
        &mut self,
        from: AuthorKey,
        to: AuthorKey,
        name: &Arc<str>,
        now: Now,
    ) -> BTreeSet<DirtyKey> {
        let mut dirty = BTreeSet::new();
        if self.is_banned(to, now) {
            self.strip(from, now, &mut dirty);
        }
        if let Some(state) = self.member_states.remove(&from) {
            self.change(to, name, &mut dirty, |it| {
                if state.member {
                    it.join(state.since);
                }
                it.moderator |= state.moderator;
            });
            dirty.insert(DirtyKey::MemberState(from));
        }
        dirty.extend(self.hand_on_restraints(from, to));
        if self.owner == Some(from) {
            self.owner = Some(to);
            dirty.insert(DirtyKey::Room);
        }
        dirty
    }

    /// Extends the bans and mutes of a guest to the account it registered. Returns the changed
    /// keys.
    pub(in crate::chat) fn hand_on_restraints(
        &mut self,
        from: AuthorKey,
        to: AuthorKey,
    ) -> BTreeSet<DirtyKey> {
        let bans = self.bans.hand_on(from, to).into_iter().map(DirtyKey::Ban);
        bans.chain(self.mutes.hand_on(from, to).into_iter().flat_map(mute_keys)).collect()
    }
}

impl ModerationAction {
    /// Whether it changes the rules of the room itself.
    const fn changes_room(self) -> bool {
        matches!(
            self,
            Self::Lock | Self::Unlock | Self::Slow | Self::MakePublic | Self::MakePrivate
        )
    }
}

/// Returns the keys that are rewritten with a mute: version 0.1.0 stored it with the member state.
fn mute_keys(key: Arc<str>) -> impl Iterator<Item = DirtyKey> {
    let author = AuthorKey::from_hex(&key).map(DirtyKey::MemberState);
    author.into_iter().chain([DirtyKey::Mute(key)])
}
