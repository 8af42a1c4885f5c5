//! Bans and mutes: whom each of them binds, and for how long.
//!
//! An account is bound by itself alone. A guest comes back as another by closing a tab, so a
//! restraint of a guest binds its session, guests of a like name and, for a day at most, what
//! comes from its network afterwards: new sessions, posts without a session and new accounts.

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Actor;
use crate::chat::names::{alike, likeness};
use crate::chat::record::AuthorKey;
use crate::clock::Now;

/// The bans or the mutes of a room, by the key each is stored under.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Restraints {
    by_key: BTreeMap<Box<str>, Restraint>,
}

/// A ban or a mute.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Restraint {
    name: Arc<str>,
    author: AuthorKey,
    /// Whether it binds by name and network, too.
    guest: bool,
    network: Option<IpAddr>,
    /// When it began, as sessions are stamped.
    since: u64,
    until: u64,
    /// Those bound by name or network whom a moderator has freed.
    freed: BTreeSet<AuthorKey>,
    /// The likeness of the name.
    like: [Box<str>; 2],
}

/// A restraint as it is stored. Version 0.1.0 knows neither `since` nor `freed`.
#[derive(Serialize, Deserialize)]
struct StoredRestraint {
    name: Arc<str>,
    author: String,
    guest: bool,
    network: Option<IpAddr>,
    #[serde(default)]
    since: u64,
    until: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    freed: Vec<String>,
}

impl Restraints {
    /// Makes an empty list.
    pub(super) const fn none() -> Self {
        Self { by_key: BTreeMap::new() }
    }

    /// Returns when the restraint ends that binds this person the longest, `u64::MAX` for never.
    pub(super) fn until(&self, who: &Actor, now: Now) -> Option<u64> {
        let names = LazyCell::new(|| names_of(who));
        let ends = self.by_key.values().filter_map(|it| it.end_for(who, &names));
        ends.max().filter(|until| *until > now.unix_ms)
    }

    /// Counts those that hold.
    pub(super) fn len(&self, now: Now) -> usize {
        self.by_key.values().filter(|it| it.until > now.unix_ms).count()
    }

    /// Whether this author is bound by a restraint of its own.
    pub(super) fn has(&self, author: AuthorKey) -> bool {
        self.by_key.values().any(|it| it.author == author)
    }

    /// Finds the one of a name.
    pub(super) fn named(&self, name: &str) -> Option<(AuthorKey, &Arc<str>)> {
        let like = likeness(name);
        let found = self.by_key.values().find(|it| alike(&it.like, &like));
        found.map(|it| (it.author, &it.name))
    }

    /// Lists whom they were imposed on.
    pub(super) fn authors(&self) -> impl Iterator<Item = AuthorKey> {
        self.by_key.values().map(|it| it.author)
    }

    /// Imposes one in place of an earlier one. Returns the keys that have changed.
    pub(super) fn impose(&mut self, target: &Actor, since: u64, until: u64) -> Vec<Box<str>> {
        let mut changed = self.remove(|it| it.author == target.author);
        let restraint = Restraint {
            name: Arc::clone(&target.name),
            author: target.author,
            guest: !target.account,
            network: target.network.filter(|_| !target.account),
            since,
            until,
            freed: BTreeSet::new(),
            like: likeness(&target.name),
        };
        changed.push(self.insert(restraint));
        changed
    }

    /// Lifts those imposed on this person, and frees it from the others that bind it. Returns the
    /// keys that have changed.
    pub(super) fn lift(&mut self, target: &Actor) -> Vec<Box<str>> {
        let mut changed = self.remove(|it| it.author == target.author);
        if changed.is_empty() {
            let like = likeness(&target.name);
            changed = self.remove(|it| alike(&it.like, &like));
        }
        let names = LazyCell::new(|| names_of(target));
        for (key, restraint) in &mut self.by_key {
            if restraint.end_for(target, &names).is_none() {
                continue;
            }
            if restraint.freed.len() >= FREED_MAX {
                restraint.network = None;
            }
            restraint.freed.insert(target.author);
            changed.push(key.clone());
        }
        changed
    }

    /// Removes those that are over. Returns their keys.
    pub(super) fn drop_spent(&mut self, now: Now) -> Vec<Box<str>> {
        self.remove(|it| it.until <= now.unix_ms)
    }

    /// Imposes on `to` what binds the session of `from`. Returns the keys that have changed.
    pub(super) fn hand_on(
        &mut self,
        from: AuthorKey,
        to: AuthorKey,
        name: &Arc<str>,
    ) -> Vec<Box<str>> {
        let end = |author| {
            let imposed = self.by_key.values().filter(|it| it.author == author);
            imposed.max_by_key(|it| it.until)
        };
        let Some(restraint) = end(from).cloned() else { return Vec::new() };
        if end(to).is_some_and(|own| own.until >= restraint.until) {
            return Vec::new();
        }
        let mut changed = self.remove(|it| it.author == to);
        changed.push(self.insert(Restraint {
            name: Arc::clone(name),
            author: to,
            guest: false,
            network: None,
            freed: BTreeSet::new(),
            like: likeness(name),
            ..restraint
        }));
        changed
    }

    /// Returns what is stored under a key.
    pub(super) fn value(&self, key: &str) -> Option<String> {
        let Restraint { name, author, guest, network, since, until, freed, like: _ } =
            self.by_key.get(key)?.clone();
        let freed = freed.into_iter().map(AuthorKey::to_hex).collect();
        let author = author.to_hex();
        let stored = StoredRestraint { name, author, guest, network, since, until, freed };
        serde_json::to_string(&stored).ok()
    }

    /// Takes in what was stored under a key.
    pub(super) fn restore(&mut self, key: &str, value: &str) {
        let Ok(stored) = serde_json::from_str::<StoredRestraint>(value) else { return };
        let StoredRestraint { name, author, guest, network, since, until, freed } = stored;
        let Some(author) = AuthorKey::from_hex(&author) else { return };
        let freed = freed.iter().filter_map(|author| AuthorKey::from_hex(author)).collect();
        let like = likeness(&name);
        let restraint = Restraint { name, author, guest, network, since, until, freed, like };
        self.by_key.insert(key.into(), restraint);
    }

    /// Takes in a mute as version 0.1.0 stored it, with what else an author is in the room.
    pub(super) fn restore_mute(&mut self, author: AuthorKey, name: &Arc<str>, until: u64) {
        self.insert(Restraint {
            name: Arc::clone(name),
            author,
            guest: false,
            network: None,
            since: 0,
            until,
            freed: BTreeSet::new(),
            like: likeness(name),
        });
    }

    fn insert(&mut self, restraint: Restraint) -> Box<str> {
        let key: Box<str> = restraint.author.to_hex().into();
        self.by_key.insert(key.clone(), restraint);
        key
    }

    fn remove(&mut self, is_over: impl Fn(&Restraint) -> bool) -> Vec<Box<str>> {
        let mut removed = Vec::new();
        self.by_key.retain(|key, restraint| {
            let stays = !is_over(restraint);
            if !stays {
                removed.push(key.clone());
            }
            stays
        });
        removed
    }
}

impl Restraint {
    /// Returns when it ends for somebody, if it binds them at all.
    fn end_for<F: FnOnce() -> [[Box<str>; 2]; 2]>(
        &self,
        who: &Actor,
        names: &LazyCell<[[Box<str>; 2]; 2], F>,
    ) -> Option<u64> {
        if self.author == who.author {
            return Some(self.until);
        }
        if !self.guest || self.freed.contains(&who.author) {
            return None;
        }
        let came_later = who.since > self.since;
        let [whole, base] = &**names;
        let by_name = alike(&self.like, whole) || (came_later && alike(&self.like, base));
        if by_name && !who.account {
            return Some(self.until);
        }
        let near = came_later && self.network.is_some() && self.network == who.network;
        near.then(|| self.until.min(self.since.saturating_add(NETWORK_MS_MAX)))
    }
}

/// Returns the likeness of a name, and the one without the number that it got while the name was
/// in use.
fn names_of(who: &Actor) -> [[Box<str>; 2]; 2] {
    let number = |(_, number): &(&str, &str)| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    };
    let base = who.name.rsplit_once('-').filter(number).map(|(base, _)| base);
    let whole = likeness(&who.name);
    let base = base.map_or_else(|| whole.clone(), likeness);
    [whole, base]
}

/// The longest that a restraint binds by network.
const NETWORK_MS_MAX: u64 = 24 * 60 * 60 * 1000;
/// How many are freed from one restraint; beyond, it binds by network no more.
const FREED_MAX: usize = 64;
