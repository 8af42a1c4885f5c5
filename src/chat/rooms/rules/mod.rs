//! The rules of a room: who moderates, who may join, who may post.
//!
//! Times are Unix milliseconds, for they outlive the server. Changes are stored as key-value
//! records, atomically with the entry that announces them.

mod actor;
mod change;
mod index;
mod members;
mod restraint;
mod stored;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use self::members::MemberStates;
use self::restraint::Restraints;
use crate::chat::protocol::error::{Code, Refusal};
use crate::chat::record::AuthorKey;
use crate::clock::{Moment, Now};
pub(in crate::chat) use actor::{Actor, Role};

/// The rules of a room; most rooms have the default ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::chat) struct Rules {
    /// The owner: at first, whoever created the room.
    pub(in crate::chat) owner: Option<AuthorKey>,
    /// Whether only members may see it.
    pub(in crate::chat) private: bool,
    /// Whether only moderators may post.
    pub(in crate::chat) locked: bool,
    /// Seconds between two messages of one person; 0: no slow mode.
    pub(in crate::chat) slow: u64,
    /// Whether the room's key-value record is stored.
    pub(in crate::chat) persisted: bool,
    member_states: MemberStates,
    bans: Restraints,
    mutes: Restraints,
    /// When each author posted last, in slow mode.
    spoke: BTreeMap<AuthorKey, Moment>,
    /// The size of `spoke` at which authors who may post again are removed.
    sweep_at: usize,
}

/// A key-value record that has changed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::chat) enum DirtyKey {
    /// The room itself.
    Room,
    /// An author's member state.
    MemberState(AuthorKey),
    /// A ban, by the key it is stored under.
    Ban(Arc<str>),
    /// A mute, by the key it is stored under.
    Mute(Arc<str>),
}

impl Rules {
    /// Returns the default rules, of a room without an owner.
    pub(in crate::chat) const fn none() -> Self {
        Self {
            owner: None,
            private: false,
            locked: false,
            slow: 0,
            persisted: true,
            member_states: MemberStates::none(),
            bans: Restraints::none(),
            mutes: Restraints::none(),
            spoke: BTreeMap::new(),
            sweep_at: 0,
        }
    }

    /// Returns an author's role.
    pub(in crate::chat) fn role(&self, author: AuthorKey, admin: bool) -> Role {
        if admin {
            return Role::Admin;
        }
        if self.owner == Some(author) {
            return Role::Owner;
        }
        match self.member_states.get(&author) {
            Some(state) if state.moderator => Role::Moderator,
            Some(state) if state.member => Role::Member,
            _ => Role::Stranger,
        }
    }

    /// Returns the word for an author's role, if it has any.
    pub(in crate::chat) fn shown_role(&self, author: AuthorKey) -> Option<&'static str> {
        match self.role(author, false) {
            Role::Owner | Role::Admin => Some("owner"),
            Role::Moderator => Some("moderator"),
            Role::Member if self.private => Some("member"),
            Role::Member | Role::Stranger => None,
        }
    }

    /// Whether an author may read the room. Admins moderate; they do not read private rooms.
    pub(in crate::chat) fn may_read(&self, author: Option<AuthorKey>) -> bool {
        !self.private || author.is_some_and(|author| self.role(author, false) >= Role::Member)
    }

    /// Refuses an actor who may not join now.
    pub(in crate::chat) fn check_entry(&self, who: &Actor, now: Now) -> Result<(), Refusal> {
        if self.role(who.author, who.admin) >= Role::Moderator {
            let stranger = self.private && self.role(who.author, false) == Role::Stranger;
            return if stranger { Err(private()) } else { Ok(()) };
        }
        if let Some(until) = self.bans.until(who, now) {
            let mut refusal = Refusal::new(Code::Banned, "you are banned from this room");
            if until < u64::MAX {
                refusal.retry_after_ms = Some(until.saturating_sub(now.unix_ms));
            }
            return Err(refusal);
        }
        if self.may_read(Some(who.author)) { Ok(()) } else { Err(private()) }
    }

    /// Refuses an actor who may not post now.
    pub(in crate::chat) fn check_speech(&self, who: &Actor, now: Now) -> Result<(), Refusal> {
        if self.role(who.author, who.admin) >= Role::Moderator {
            return Ok(());
        }
        if let Some(muted) = self.mutes.until(who, now) {
            let mut refusal = Refusal::new(Code::Muted, "you may not speak in this room");
            if muted < u64::MAX {
                refusal = Refusal::wait(
                    Code::Muted,
                    Duration::from_millis(muted.saturating_sub(now.unix_ms)),
                );
                refusal.message = format!("you are muted; {}", refusal.message).into();
            }
            return Err(refusal);
        }
        if self.locked {
            let message = "this room is locked; only moderators may speak";
            return Err(Refusal::new(Code::RoomLocked, message));
        }
        Ok(())
    }

    /// Refuses an author who posts too soon in slow mode.
    pub(in crate::chat) fn check_pace(
        &self,
        author: AuthorKey,
        admin: bool,
        now: Now,
    ) -> Result<(), Refusal> {
        if self.slow == 0 || self.role(author, admin) >= Role::Moderator {
            return Ok(());
        }
        let Some(spoke) = self.spoke.get(&author) else { return Ok(()) };
        let next = spoke.after(Duration::from_secs(self.slow));
        if next <= now.at {
            return Ok(());
        }
        Err(Refusal::wait(Code::SlowMode, next.since(now.at)))
    }

    /// Records a post, for slow mode.
    pub(in crate::chat) fn speaks(&mut self, author: AuthorKey, now: Now) {
        if self.slow == 0 {
            return;
        }
        let slow = Duration::from_secs(self.slow);
        if self.spoke.len() >= self.sweep_at.max(SPEAKERS_MIN) {
            self.spoke.retain(|_, at| at.after(slow) > now.at);
            if self.spoke.len() >= SPEAKERS_MAX {
                self.spoke.clear();
            }
            // Not at each message: there may be nobody to remove for hours.
            self.sweep_at = self.spoke.len().saturating_mul(2).min(SPEAKERS_MAX);
        }
        self.spoke.insert(author, now.at);
    }

    /// Whether nobody is anything here: nobody could come into a private room.
    pub(in crate::chat) fn is_deserted(&self) -> bool {
        self.owner.is_none() && self.member_states.is_empty()
    }

    /// Counts members and moderators.
    pub(in crate::chat) fn member_states(&self) -> usize {
        self.member_states.len()
    }

    /// Counts the mutes in force.
    pub(in crate::chat) fn mutes(&self, now: Now) -> usize {
        self.mutes.len(now)
    }

    /// Counts the bans in force.
    pub(in crate::chat) fn bans(&self, now: Now) -> usize {
        self.bans.len(now)
    }

    /// Whether an author is banned itself, not only by a similar name or its network.
    pub(in crate::chat) fn bans_author(&self, author: AuthorKey) -> bool {
        self.bans.has(author)
    }

    /// Whether a ban of its own, or of the guest it was, binds an author.
    pub(in crate::chat) fn is_banned(&self, author: AuthorKey, now: Now) -> bool {
        self.bans.binds(author, now)
    }

    /// Whether a ban binds an actor.
    pub(in crate::chat) fn bans_actor(&self, who: &Actor, now: Now) -> bool {
        self.bans.until(who, now).is_some()
    }

    /// Finds the actor that was banned under a name.
    pub(in crate::chat) fn banned_actor(&self, name: &str) -> Option<Actor> {
        self.bans.named(name).map(|(author, name)| self.absent(author, name))
    }

    /// Returns an author who is offline, with what its ban or mute stores about it.
    pub(in crate::chat) fn absent(&self, author: AuthorKey, name: &Arc<str>) -> Actor {
        let restrained = self.bans.absent(author, name).or_else(|| self.mutes.absent(author, name));
        restrained.unwrap_or_else(|| Actor::absent(author, name))
    }

    /// Finds an offline actor by name: banned, muted or a member.
    pub(in crate::chat) fn actor(&self, name: &str) -> Option<Actor> {
        let restrained = self.bans.named(name).or_else(|| self.mutes.named(name));
        if let Some((author, name)) = restrained {
            return Some(self.absent(author, name));
        }
        let found = self.member_states.named(name);
        found.map(|(author, state)| Actor::absent(author, &state.name))
    }

    /// Returns the latest stamp in these rules.
    pub(in crate::chat) fn latest_stamp(&self) -> u64 {
        let members = self.member_states.iter().map(|(_, it)| it.since);
        let restraints = [self.bans.latest_stamp(), self.mutes.latest_stamp()];
        members.chain(restraints).max().unwrap_or(0)
    }

    /// Lists all authors with a role or a restraint, or freed from one.
    pub(in crate::chat) fn authors(&self) -> Vec<AuthorKey> {
        let restrained = self.bans.authors().chain(self.mutes.authors());
        self.member_states
            .iter()
            .map(|(author, _)| *author)
            .chain(self.owner)
            .chain(restrained)
            .collect()
    }
}

/// Up to this many authors in slow mode, none is removed.
const SPEAKERS_MIN: usize = 1024;
/// At this many authors in slow mode all are removed: each may post once more.
const SPEAKERS_MAX: usize = 65_536;

fn private() -> Refusal {
    Refusal::new(Code::Forbidden, "this room is private; a member has to invite you")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Posts as `count` authors in slow mode. Returns how many authors were visited in sweeps, and
    /// how many are known.
    fn speakers(count: u32) -> (usize, usize) {
        let mut rules = Rules { slow: 60, ..Rules::none() };
        let now = Now { at: Moment::from_millis(1), unix_ms: 1 };
        let mut looked_at = 0;
        for n in 0..count {
            let mut author = [0; 16];
            author[..4].copy_from_slice(&n.to_be_bytes());
            let (before, sweep_at) = (rules.spoke.len(), rules.sweep_at);
            rules.speaks(AuthorKey(author), now);
            if rules.sweep_at != sweep_at {
                looked_at += before;
            }
        }
        (looked_at, rules.spoke.len())
    }

    #[test]
    fn many_speakers_in_slow_mode_cost_as_much_each_as_few() {
        for count in [4_000, 60_000] {
            let (looked_at, known) = speakers(count);
            assert_eq!(known, count as usize);
            assert!(looked_at <= 2 * known, "{looked_at} looked at for {known}");
        }
        assert!(speakers(200_000).1 <= SPEAKERS_MAX);
    }
}
