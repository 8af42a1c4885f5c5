//! What holds in a room: who moderates, who may come, who may speak.
//!
//! Times are Unix milliseconds, for they outlive the server. What has changed is kept as key-value
//! records beside the room's record, in one with the entry that tells of it.

mod actor;
mod change;
mod index;
mod restraint;
mod stored;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use self::restraint::Restraints;
use crate::chat::names::{alike, likeness};
use crate::chat::protocol::error::{Code, Refusal};
use crate::chat::record::AuthorKey;
use crate::clock::{Moment, Now};
pub(in crate::chat) use actor::{Actor, Role};

/// What is special about a room; most rooms have nothing special.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::chat) struct Rules {
    /// Who made the room.
    pub(in crate::chat) owner: Option<AuthorKey>,
    /// Whether only members may know of it.
    pub(in crate::chat) private: bool,
    /// Whether only those who moderate may speak.
    pub(in crate::chat) locked: bool,
    /// Seconds between two messages of one person, 0 for no matter how many.
    pub(in crate::chat) slow: u64,
    /// Whether the key-value records say so, too.
    pub(in crate::chat) persisted: bool,
    member_states: BTreeMap<AuthorKey, MemberState>,
    bans: Restraints,
    mutes: Restraints,
    /// When somebody spoke last, in slow mode.
    spoke: BTreeMap<AuthorKey, Moment>,
    /// At how many of them those are to be forgotten who may speak again.
    sweep_at: usize,
}

/// What somebody is in a room.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct MemberState {
    name: Arc<str>,
    member: bool,
    moderator: bool,
    /// When it became a member, as sessions are stamped; 0 if that is unknown.
    #[serde(skip_serializing_if = "is_zero")]
    since: u64,
    /// Until when it is muted, as version 0.1.0 stored that.
    #[serde(skip_serializing)]
    muted: u64,
}

/// Names a key-value record that has changed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::chat) enum DirtyKey {
    /// The room itself.
    Room,
    /// What somebody is in it.
    MemberState(AuthorKey),
    /// A ban, by the key it is stored under.
    Ban(Arc<str>),
    /// A mute, by the key it is stored under.
    Mute(Arc<str>),
}

impl MemberState {
    /// Makes a member of one who is none.
    fn join(&mut self, since: u64) {
        if !std::mem::replace(&mut self.member, true) {
            self.since = since;
        }
    }

    /// Promotes or demotes somebody. Who is or was a moderator in a private room is a member.
    fn set_moderator(&mut self, moderator: bool, private: bool, since: u64) {
        if private && (moderator || self.moderator) {
            self.join(since);
        }
        self.moderator = moderator;
    }
}

impl Rules {
    /// Makes those of a room that nobody owns.
    pub(in crate::chat) const fn none() -> Self {
        Self {
            owner: None,
            private: false,
            locked: false,
            slow: 0,
            persisted: true,
            member_states: BTreeMap::new(),
            bans: Restraints::none(),
            mutes: Restraints::none(),
            spoke: BTreeMap::new(),
            sweep_at: 0,
        }
    }

    /// What somebody may do here.
    pub(in crate::chat) fn role(&self, author: AuthorKey, admin: bool) -> Role {
        if admin {
            return Role::Admin;
        }
        if self.owner == Some(author) {
            return Role::Owner;
        }
        match self.member_states.get(&author) {
            Some(standing) if standing.moderator => Role::Moderator,
            Some(standing) if standing.member => Role::Member,
            _ => Role::Stranger,
        }
    }

    /// Returns the word for what somebody is here, if it is anything.
    pub(in crate::chat) fn shown_role(&self, author: AuthorKey) -> Option<&'static str> {
        match self.role(author, false) {
            Role::Owner | Role::Admin => Some("owner"),
            Role::Moderator => Some("moderator"),
            Role::Member if self.private => Some("member"),
            Role::Member | Role::Stranger => None,
        }
    }

    /// Whether somebody may know what is said here. Admins moderate; they do not read what
    /// is private.
    pub(in crate::chat) fn may_read(&self, author: Option<AuthorKey>) -> bool {
        !self.private || author.is_some_and(|author| self.role(author, false) >= Role::Member)
    }

    /// Whether somebody may come in.
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

    /// Whether somebody may speak now.
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

    /// Whether somebody may say something now: in slow mode not too soon.
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

    /// Takes note that somebody says something.
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
            // Not at each message: there may be nobody to forget for hours.
            self.sweep_at = self.spoke.len().saturating_mul(2).min(SPEAKERS_MAX);
        }
        self.spoke.insert(author, now.at);
    }

    /// Counts members and moderators.
    pub(in crate::chat) fn member_states(&self) -> usize {
        self.member_states.len()
    }

    /// Counts the mutes that hold.
    pub(in crate::chat) fn mutes(&self, now: Now) -> usize {
        self.mutes.len(now)
    }

    /// Counts the bans that hold.
    pub(in crate::chat) fn bans(&self, now: Now) -> usize {
        self.bans.len(now)
    }

    /// Whether an author is banned itself, not only by a like name or its network.
    pub(in crate::chat) fn bans_author(&self, author: AuthorKey) -> bool {
        self.bans.has(author)
    }

    /// Whether a ban binds somebody.
    pub(in crate::chat) fn bans_actor(&self, who: &Actor, now: Now) -> bool {
        self.bans.until(who, now).is_some()
    }

    /// Finds who was banned under this name.
    pub(in crate::chat) fn banned_actor(&self, name: &str) -> Option<Actor> {
        self.bans.named(name).map(|(author, name)| self.absent(author, name))
    }

    /// Returns somebody known by what is stored alone, be it a ban or a mute.
    pub(in crate::chat) fn absent(&self, author: AuthorKey, name: &Arc<str>) -> Actor {
        let restrained = self.bans.absent(author, name).or_else(|| self.mutes.absent(author, name));
        restrained.unwrap_or_else(|| Actor::absent(author, name))
    }

    /// Finds whom a name means here that nobody is called now: somebody banned, muted or a member.
    pub(in crate::chat) fn actor(&self, name: &str) -> Option<Actor> {
        let restrained = self.bans.named(name).or_else(|| self.mutes.named(name));
        if let Some((author, name)) = restrained {
            return Some(self.absent(author, name));
        }
        let like = likeness(name);
        let standing = self.member_states.iter().find(|(_, it)| alike(&likeness(&it.name), &like));
        standing.map(|(author, standing)| Actor::absent(*author, &standing.name))
    }

    /// Returns the latest stamp in them.
    pub(in crate::chat) fn latest_stamp(&self) -> u64 {
        let members = self.member_states.values().map(|it| it.since);
        let restraints = [self.bans.latest_stamp(), self.mutes.latest_stamp()];
        members.chain(restraints).max().unwrap_or(0)
    }

    /// Lists all who are something here, be it banned or muted, or freed from that.
    pub(in crate::chat) fn authors(&self) -> Vec<AuthorKey> {
        let restrained = self.bans.authors().chain(self.mutes.authors());
        self.member_states.keys().copied().chain(self.owner).chain(restrained).collect()
    }
}

/// Up to so many speakers in slow mode nobody is forgotten.
const SPEAKERS_MIN: usize = 1024;
/// At so many speakers in slow mode all are forgotten: each may speak once more.
const SPEAKERS_MAX: usize = 65_536;

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

fn private() -> Refusal {
    Refusal::new(Code::Forbidden, "this room is private; a member has to invite you")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Has so many people speak in slow mode; gives how many of them were looked at in sweeps.
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
