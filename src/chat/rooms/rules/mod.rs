//! What holds in a room: who keeps order, who may come, who may speak.
//!
//! Times are Unix milliseconds, for they outlive the server. What has changed is kept as facts
//! beside the room's record, in one with the entry that tells of it.

mod actor;
mod stored;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::chat::names::{alike, likeness};
use crate::chat::protocol::error::{Code, Refusal};
use crate::chat::record::{Action, AuthorKey, Deed};
use crate::clock::{Moment, Now};
pub(in crate::chat) use actor::{Party, Rank};

/// What is special about a room; most rooms have nothing special.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::chat) struct Rules {
    /// Who made the room.
    pub(in crate::chat) owner: Option<AuthorKey>,
    /// Whether only members may know of it.
    pub(in crate::chat) private: bool,
    /// Whether only those who keep order may speak.
    pub(in crate::chat) locked: bool,
    /// Seconds between two messages of one person, 0 for no matter how many.
    pub(in crate::chat) slow: u64,
    /// Whether the facts say so, too.
    pub(in crate::chat) kept: bool,
    standings: BTreeMap<AuthorKey, Standing>,
    /// By the likeness of the name.
    bans: BTreeMap<Box<str>, Ban>,
    /// When somebody spoke last, in slow mode.
    spoke: BTreeMap<AuthorKey, Moment>,
    /// At how many of them those are to be forgotten who may speak again.
    sweep_at: usize,
}

/// What somebody is in a room.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Standing {
    name: Arc<str>,
    member: bool,
    moderator: bool,
    /// Until when it may not speak.
    muted: u64,
}

/// Keeps somebody away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Ban {
    name: Arc<str>,
    author: Arc<str>,
    /// A guest is known by its name and its network, too.
    guest: bool,
    network: Option<IpAddr>,
    until: u64,
    /// The likeness of the name.
    #[serde(skip)]
    like: [Box<str>; 2],
}

/// Names a fact that has changed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::chat) enum Touched {
    /// The room itself.
    Room,
    /// What somebody is in it.
    Standing(AuthorKey),
    /// A ban.
    Ban(Box<str>),
}

impl Standing {
    /// Whether it makes a difference.
    fn holds(&self, now: Now) -> bool {
        self.member || self.moderator || self.muted > now.unix_ms
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
            kept: true,
            standings: BTreeMap::new(),
            bans: BTreeMap::new(),
            spoke: BTreeMap::new(),
            sweep_at: 0,
        }
    }

    /// What somebody may do here.
    pub(in crate::chat) fn rank(&self, author: AuthorKey, admin: bool) -> Rank {
        if admin {
            return Rank::Admin;
        }
        if self.owner == Some(author) {
            return Rank::Owner;
        }
        match self.standings.get(&author) {
            Some(standing) if standing.moderator => Rank::Moderator,
            Some(standing) if standing.member => Rank::Member,
            _ => Rank::Stranger,
        }
    }

    /// Returns the word for what somebody is here, if it is anything.
    pub(in crate::chat) fn role(&self, author: AuthorKey) -> Option<&'static str> {
        match self.rank(author, false) {
            Rank::Owner | Rank::Admin => Some("owner"),
            Rank::Moderator => Some("moderator"),
            Rank::Member if self.private => Some("member"),
            Rank::Member | Rank::Stranger => None,
        }
    }

    /// Whether somebody may know what is said here. Admins keep order; they do not read what
    /// is private.
    pub(in crate::chat) fn may_read(&self, author: Option<AuthorKey>) -> bool {
        !self.private || author.is_some_and(|author| self.rank(author, false) >= Rank::Member)
    }

    /// Whether somebody may come in.
    pub(in crate::chat) fn check_entry(&self, who: &Party, now: Now) -> Result<(), Refusal> {
        if self.rank(who.author, who.admin) >= Rank::Moderator {
            let stranger = self.private && self.rank(who.author, false) == Rank::Stranger;
            return if stranger { Err(private()) } else { Ok(()) };
        }
        if let Some(ban) = self.ban_on(who, now) {
            let mut refusal = Refusal::new(Code::Banned, "you are banned from this room");
            if ban.until < u64::MAX {
                refusal.retry_after_ms = Some(ban.until.saturating_sub(now.unix_ms));
            }
            return Err(refusal);
        }
        if self.may_read(Some(who.author)) { Ok(()) } else { Err(private()) }
    }

    fn ban_on(&self, who: &Party, now: Now) -> Option<&Ban> {
        let author = who.author.to_hex();
        let holds = |ban: &&Ban| {
            let same = *ban.author == *author;
            let alike = ban.guest && !who.account;
            let near = alike && who.network.is_some() && ban.network == who.network;
            ban.until > now.unix_ms && (same || near)
        };
        let by_name = || {
            let like = likeness(&who.name);
            let mut bans = self.bans.values().filter(|ban| ban.guest && ban.until > now.unix_ms);
            bans.find(|ban| alike(&ban.like, &like))
        };
        let ban = self.bans.values().find(holds);
        if who.account || self.bans.is_empty() { ban } else { ban.or_else(by_name) }
    }

    /// Whether somebody may speak now.
    pub(in crate::chat) fn check_speech(
        &self,
        author: AuthorKey,
        admin: bool,
        now: Now,
    ) -> Result<(), Refusal> {
        if self.rank(author, admin) >= Rank::Moderator {
            return Ok(());
        }
        let muted = self.standings.get(&author).map_or(0, |standing| standing.muted);
        if muted > now.unix_ms {
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
        if self.slow == 0 || self.rank(author, admin) >= Rank::Moderator {
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

    /// Counts those who are something here.
    pub(in crate::chat) fn standings(&self, now: Now) -> usize {
        self.standings.values().filter(|standing| standing.holds(now)).count()
    }

    /// Counts the bans that hold.
    pub(in crate::chat) fn bans(&self, now: Now) -> usize {
        self.bans.values().filter(|ban| ban.until > now.unix_ms).count()
    }

    /// Finds whom a name means here that nobody is called now: somebody banned, muted or a member.
    pub(in crate::chat) fn party(&self, name: &str) -> Option<Party> {
        let like = likeness(name);
        let party = |author, name: &Arc<str>| Party {
            author,
            name: Arc::clone(name),
            account: false,
            admin: false,
            network: None,
        };
        if let Some(ban) = self.bans.values().find(|ban| alike(&ban.like, &like)) {
            return Some(party(AuthorKey::from_hex(&ban.author)?, &ban.name));
        }
        let standing = self.standings.iter().find(|(_, it)| alike(&likeness(&it.name), &like));
        standing.map(|(author, standing)| party(*author, &standing.name))
    }

    /// Does what was decided. `present` are those in the room; they are members of one that
    /// becomes private. Says what has changed.
    pub(in crate::chat) fn apply(
        &mut self,
        deed: &Deed,
        aim: Option<&Party>,
        present: &[(AuthorKey, Arc<str>)],
        now: Now,
    ) -> BTreeSet<Touched> {
        let mut touched = self.drop_spent(now);
        let private = self.private;
        let until = |seconds: Option<u64>| match seconds {
            Some(seconds) => now.unix_ms.saturating_add(seconds.saturating_mul(1000)),
            None => u64::MAX,
        };
        match (deed.action, aim) {
            (Action::Lock, _) => self.locked = true,
            (Action::Unlock, _) => self.locked = false,
            (Action::Slow, _) => self.slow = deed.seconds.unwrap_or(0),
            (Action::MakePublic, _) => self.private = false,
            (Action::MakePrivate, _) => {
                self.private = true;
                for (author, name) in present {
                    self.change(*author, name, &mut touched, |it| it.member = true);
                }
            }
            // Whoever is put out of a private room may not come in again.
            (Action::Kick, Some(aim)) if private => {
                self.change(aim.author, &aim.name, &mut touched, |it| {
                    (it.member, it.moderator) = (false, false);
                });
            }
            (Action::Ban, Some(aim)) => {
                self.change(aim.author, &aim.name, &mut touched, |it| {
                    (it.member, it.moderator) = (false, false);
                });
                let ban = Ban {
                    name: Arc::clone(&aim.name),
                    author: aim.author.to_hex().into(),
                    guest: !aim.account,
                    network: aim.network.filter(|_| !aim.account),
                    until: until(deed.seconds),
                    like: likeness(&aim.name),
                };
                let [key, _] = ban.like.clone();
                self.bans.insert(key.clone(), ban);
                touched.insert(Touched::Ban(key));
            }
            (Action::Unban, Some(aim)) => {
                let [key, _] = likeness(&aim.name);
                self.bans.remove(&key);
                touched.insert(Touched::Ban(key));
            }
            // To be invited to a public room is to be told of it.
            (Action::Invite, Some(_)) if !private => {}
            (action, Some(aim)) => {
                self.change(aim.author, &aim.name, &mut touched, |it| match action {
                    Action::Mute => it.muted = until(deed.seconds),
                    Action::Unmute => it.muted = 0,
                    Action::Invite => it.member = true,
                    Action::Promote => (it.member, it.moderator) = (it.member || private, true),
                    // Who kept order in a private room is in it still.
                    Action::Demote => {
                        it.member |= private && it.moderator;
                        it.moderator = false;
                    }
                    _ => {}
                });
            }
            (_, None) => {}
        }
        if matches!(
            deed.action,
            Action::Lock | Action::Unlock | Action::Slow | Action::MakePublic | Action::MakePrivate
        ) {
            touched.insert(Touched::Room);
        }
        touched
    }

    /// Forgets bans and mutes that are over. Says which.
    fn drop_spent(&mut self, now: Now) -> BTreeSet<Touched> {
        let mut touched = BTreeSet::new();
        self.bans.retain(|name, ban| {
            let holds = ban.until > now.unix_ms;
            if !holds {
                touched.insert(Touched::Ban(name.clone()));
            }
            holds
        });
        self.standings.retain(|author, standing| {
            let holds = standing.holds(now);
            if !holds {
                touched.insert(Touched::Standing(*author));
            }
            holds
        });
        touched
    }

    fn change(
        &mut self,
        author: AuthorKey,
        name: &Arc<str>,
        touched: &mut BTreeSet<Touched>,
        change: impl FnOnce(&mut Standing),
    ) {
        let before = self.standings.get(&author).cloned().unwrap_or_default();
        let mut after = Standing { name: Arc::clone(name), ..before.clone() };
        change(&mut after);
        let nothing = Standing { name: Arc::clone(name), ..Standing::default() };
        if after == nothing {
            self.standings.remove(&author);
        } else {
            self.standings.insert(author, after.clone());
        }
        if (Standing { name: Arc::clone(name), ..before }) != after {
            touched.insert(Touched::Standing(author));
        }
    }

    /// Forgets somebody who will not come back. Whoever kept order with the owner owns the room
    /// then. Says what has changed.
    pub(in crate::chat) fn forget(&mut self, author: AuthorKey) -> BTreeSet<Touched> {
        let mut touched = BTreeSet::new();
        if self.standings.remove(&author).is_some() {
            touched.insert(Touched::Standing(author));
        }
        if self.owner == Some(author) {
            let heir = self.standings.iter().find(|(_, standing)| standing.moderator);
            self.owner = heir.map(|(author, _)| *author);
            touched.insert(Touched::Room);
        }
        touched
    }

    /// Lets somebody be what another was here. Says what has changed.
    pub(in crate::chat) fn hand_on(
        &mut self,
        from: AuthorKey,
        to: AuthorKey,
        name: &Arc<str>,
    ) -> BTreeSet<Touched> {
        let mut touched = BTreeSet::new();
        if let Some(standing) = self.standings.remove(&from) {
            self.change(to, name, &mut touched, |it| {
                it.member |= standing.member;
                it.moderator |= standing.moderator;
                it.muted = it.muted.max(standing.muted);
            });
            touched.insert(Touched::Standing(from));
        }
        if self.owner == Some(from) {
            self.owner = Some(to);
            touched.insert(Touched::Room);
        }
        touched
    }

    /// Lists all who are something here.
    pub(in crate::chat) fn authors(&self) -> Vec<AuthorKey> {
        self.standings.keys().copied().chain(self.owner).collect()
    }
}

/// Up to so many speakers in slow mode nobody is forgotten.
const SPEAKERS_MIN: usize = 1024;
/// At so many speakers in slow mode all are forgotten: each may speak once more.
const SPEAKERS_MAX: usize = 65_536;

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
