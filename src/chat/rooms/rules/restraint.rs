//! Restraints, that is bans and mutes: whom each of them binds, and for how long.
//!
//! A restraint of an account binds that account only. A guest comes back as another by closing a
//! tab, so a restraint of a guest binds its session, the accounts it registers or logs in to,
//! guests with a similar name and, for a day at most, what comes from its network afterwards: new
//! sessions, posts without a session and new accounts.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use super::Actor;
use super::index::{Candidate, Index, Lookup};
use crate::chat::names::{ANONYMOUS, Likeness, NameIndex};
use crate::chat::record::AuthorKey;
use crate::clock::Now;

/// The bans or the mutes of a room, by storage key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Restraints {
    pub(super) by_key: BTreeMap<Arc<str>, Restraint>,
    names: NameIndex<Arc<str>>,
    index: Index,
}

/// A ban or a mute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Restraint {
    pub(super) name: Arc<str>,
    pub(super) author: AuthorKey,
    /// The accounts that its author registered or logged in to.
    pub(super) accounts: BTreeSet<AuthorKey>,
    /// Whether it also binds by name and network.
    pub(super) guest: bool,
    pub(super) network: Option<IpAddr>,
    /// Its stamp, comparable with those of sessions; 0 if unknown.
    pub(super) since: u64,
    /// When it was last imposed, in Unix milliseconds.
    pub(super) at: u64,
    pub(super) until: u64,
    /// Authors bound by name or network whom a moderator has freed.
    pub(super) freed: BTreeSet<AuthorKey>,
    pub(super) like: Likeness,
}

impl Restraints {
    /// Makes an empty list.
    pub(super) const fn none() -> Self {
        Self { by_key: BTreeMap::new(), names: NameIndex::none(), index: Index::none() }
    }

    /// Returns when the restraint that binds an actor the longest ends, in Unix milliseconds;
    /// `u64::MAX`: never.
    pub(super) fn until(&self, who: &Actor, now: Now) -> Option<u64> {
        let mut end = None;
        self.search(who, |_, found| end = end.max(found.next().map(|it| it.end.0)));
        end.filter(|until| *until > now.unix_ms)
    }

    /// Counts those in force.
    pub(super) fn len(&self, now: Now) -> usize {
        self.by_key.values().filter(|it| it.until > now.unix_ms).count()
    }

    /// Returns the latest stamp among them.
    pub(super) fn latest_stamp(&self) -> u64 {
        self.by_key.values().map(|it| it.since).max().unwrap_or(0)
    }

    /// Whether an author is bound by a restraint of its own, or of the guest it was.
    pub(super) fn has(&self, author: AuthorKey) -> bool {
        self.index.find(&Lookup::Author(author)).next().is_some()
    }

    /// Whether one of its own, or of the guest it was, binds an author.
    pub(super) fn binds(&self, author: AuthorKey, now: Now) -> bool {
        let longest = self.index.find(&Lookup::Author(author)).next();
        longest.is_some_and(|it| it.end.0 > now.unix_ms)
    }

    /// Finds one by the name of its author.
    pub(super) fn named(&self, name: &str) -> Option<(AuthorKey, &Arc<str>)> {
        let key = self.names.named(&Likeness::of(name)).next()?;
        self.by_key.get(key).map(|it| (it.author, &it.name))
    }

    /// Returns an author who is offline, with what its restraint stores about it.
    pub(super) fn absent(&self, author: AuthorKey, name: &Arc<str>) -> Option<Actor> {
        let found = self.index.find(&Lookup::Author(author));
        let mut found = found.filter_map(|it| self.by_key.get(&it.key));
        let Restraint { guest, network, .. } = found.find(|it| it.author == author)?;
        Some(Actor { account: !guest, network: *network, ..Actor::absent(author, name) })
    }

    /// Lists the authors they name, including those freed.
    pub(super) fn authors(&self) -> impl Iterator<Item = AuthorKey> {
        self.index.authors()
    }

    /// Imposes one. An earlier one of the same author is continued: it goes on binding whom it
    /// binds. Returns the changed keys.
    pub(super) fn impose(
        &mut self,
        target: &Actor,
        now: Now,
        stamp: u64,
        until: u64,
    ) -> Vec<Arc<str>> {
        let author = target.author;
        let (mut changed, own) = self.withdraw(author);
        let earlier = own.into_iter().max_by_key(|it| it.since);
        let mut restraint = Restraint {
            name: Arc::clone(&target.name),
            author,
            accounts: BTreeSet::new(),
            guest: !target.account,
            network: target.network,
            since: stamp,
            at: now.unix_ms,
            until,
            freed: BTreeSet::new(),
            like: Likeness::of(&target.name),
        };
        if let Some(earlier) = earlier {
            if earlier.guest && earlier.since > 0 {
                restraint.since = earlier.since;
            }
            restraint.network = restraint.network.or(earlier.network);
            if earlier.freed.len() >= FREED_MAX {
                restraint.network = earlier.network;
            }
            (restraint.accounts, restraint.freed) = (earlier.accounts, earlier.freed);
        }
        restraint.network = restraint.network.filter(|_| restraint.guest);
        changed.push(self.insert(restraint));
        changed
    }

    /// Lifts those imposed on an actor, and frees it from the others that bind it. Returns the
    /// changed keys.
    pub(super) fn lift(&mut self, target: &Actor, now: Now) -> Vec<Arc<str>> {
        let (mut changed, _) = self.withdraw(target.author);
        if changed.is_empty() {
            let keys: BTreeSet<_> =
                self.names.named(&Likeness::of(&target.name)).cloned().collect();
            keys.iter().for_each(|key| drop(self.take(key)));
            changed.extend(keys);
        }
        let mut caught = BTreeMap::<Arc<str>, bool>::new();
        self.search(target, |by_name, found| {
            for it in found.filter(|it| it.end.0 > now.unix_ms) {
                *caught.entry(Arc::clone(&it.key)).or_default() |= by_name;
            }
        });
        for (key, by_name) in caught {
            self.change(&key, |it| it.free(target.author, by_name));
            changed.push(key);
        }
        changed
    }

    /// Removes the expired ones. Returns their keys.
    pub(super) fn drop_spent(&mut self, now: Now) -> Vec<Arc<str>> {
        self.remove(|it| it.until <= now.unix_ms)
    }

    /// Forgets a freed author whose session has ended. Returns the changed keys.
    pub(super) fn forget(&mut self, author: AuthorKey) -> Vec<Arc<str>> {
        let keys = self.keys(&Lookup::Freed(author));
        for key in &keys {
            self.change(key, |it| {
                it.freed.remove(&author);
            });
        }
        keys
    }

    /// Extends the restraints of a session to an account, up to `ACCOUNTS_MAX` each. Returns the
    /// changed keys.
    pub(super) fn hand_on(&mut self, from: AuthorKey, to: AuthorKey) -> Vec<Arc<str>> {
        let mut keys = self.keys(&Lookup::Author(from));
        keys.retain(|key| {
            self.by_key.get(key).is_some_and(|it| {
                it.author != to && it.accounts.len() < ACCOUNTS_MAX && !it.accounts.contains(&to)
            })
        });
        for key in &keys {
            self.change(key, |it| {
                it.accounts.insert(to);
            });
        }
        keys
    }

    /// Searches for what binds an actor: by author, network and name, each with the restraint that
    /// ends last first. `found` also gets whether the match is by name.
    fn search<'a>(
        &'a self,
        who: &Actor,
        mut found: impl FnMut(bool, &mut dyn Iterator<Item = &'a Candidate>),
    ) {
        found(false, &mut self.index.find(&Lookup::Author(who.author)));
        let any_freed = self.index.find(&Lookup::Freed(who.author)).next().is_some();
        let binds = |it: &Candidate| {
            !any_freed || !self.by_key.get(&it.key).is_some_and(|it| it.freed.contains(&who.author))
        };
        let came_later = |it: &Candidate| it.since < who.since;
        if let Some(network) = who.network {
            let near = self.index.find(&Lookup::Network(network));
            found(false, &mut near.filter(|it| came_later(it) && binds(it)));
        }
        if who.account || !self.index.has_names() {
            return;
        }
        for like in Likeness::of(&who.name).by_pair {
            let alike = self.index.find(&Lookup::Name(like));
            found(true, &mut alike.filter(|it| binds(it)));
        }
        let base = without_number(&who.name).map(|base| Likeness::of(base).by_pair);
        for like in base.into_iter().flatten() {
            let alike = self.index.find(&Lookup::Name(like));
            found(true, &mut alike.filter(|it| came_later(it) && binds(it)));
        }
    }

    /// Removes an author's own restraints, and the author from those of the guest it was. Returns
    /// the changed keys and the removed restraints.
    fn withdraw(&mut self, author: AuthorKey) -> (Vec<Arc<str>>, Vec<Restraint>) {
        let keys = self.keys(&Lookup::Author(author));
        let mut own = Vec::new();
        for key in &keys {
            if self.by_key.get(key).is_some_and(|it| it.author == author) {
                own.extend(self.take(key));
            } else {
                self.change(key, |it| {
                    it.accounts.remove(&author);
                });
            }
        }
        (keys, own)
    }

    fn keys(&self, lookup: &Lookup) -> Vec<Arc<str>> {
        self.index.find(lookup).map(|it| Arc::clone(&it.key)).collect()
    }

    pub(super) fn insert(&mut self, restraint: Restraint) -> Arc<str> {
        let key: Arc<str> = restraint.author.to_hex().into();
        self.put(Arc::clone(&key), restraint);
        key
    }

    fn remove(&mut self, is_over: impl Fn(&Restraint) -> bool) -> Vec<Arc<str>> {
        let over = self.by_key.iter().filter(|(_, restraint)| is_over(restraint));
        let keys: Vec<Arc<str>> = over.map(|(key, _)| Arc::clone(key)).collect();
        for key in &keys {
            self.take(key);
        }
        keys
    }

    fn change(&mut self, key: &Arc<str>, change: impl FnOnce(&mut Restraint)) {
        if let Some(mut restraint) = self.take(key) {
            change(&mut restraint);
            self.put(Arc::clone(key), restraint);
        }
    }

    pub(super) fn put(&mut self, key: Arc<str>, restraint: Restraint) {
        self.take(&key);
        self.names.insert(&restraint.like, &key);
        for (lookup, end) in restraint.lookups() {
            self.index.insert(lookup, restraint.candidate(&key, end));
        }
        self.by_key.insert(key, restraint);
    }

    fn take(&mut self, key: &Arc<str>) -> Option<Restraint> {
        let restraint = self.by_key.remove(key)?;
        self.names.remove(&restraint.like, key);
        for (lookup, end) in restraint.lookups() {
            self.index.remove(&lookup, &restraint.candidate(key, end));
        }
        Some(restraint)
    }
}

impl Restraint {
    /// Lists its lookup keys, and when it ends for those found by each.
    fn lookups(&self) -> Vec<(Lookup, u64)> {
        let authors = self.accounts.iter().chain([&self.author]);
        let authors = authors.map(|author| Lookup::Author(*author));
        let freed = self.freed.iter().map(|author| Lookup::Freed(*author));
        let mut lookups: Vec<(Lookup, u64)> =
            authors.chain(freed).map(|lookup| (lookup, self.until)).collect();
        if !self.guest {
            return lookups;
        }
        if let Some(network) = self.network {
            let end = self.until.min(self.at.saturating_add(NETWORK_MS_MAX));
            lookups.push((Lookup::Network(network), end));
        }
        // The default name of guests does not identify anybody.
        let base = without_number(&self.name).unwrap_or(&self.name);
        if !Likeness::of(base).passes_for(&Likeness::of(ANONYMOUS)) {
            let names = self.like.by_pair.iter().cloned().map(Lookup::Name);
            lookups.extend(names.map(|lookup| (lookup, self.until)));
        }
        lookups
    }

    fn candidate(&self, key: &Arc<str>, end: u64) -> Candidate {
        Candidate { end: Reverse(end), since: self.since, key: Arc::clone(key) }
    }

    /// Frees an author caught by network or name. When `FREED_MAX` are freed already, it stops
    /// binding by network, and for a match by name also by name.
    fn free(&mut self, author: AuthorKey, by_name: bool) {
        if self.freed.len() < FREED_MAX {
            self.freed.insert(author);
            return;
        }
        self.network = None;
        if by_name {
            self.guest = false;
            self.freed.clear();
        }
    }
}

/// Returns a name without the number appended to it, if it has one.
fn without_number(name: &str) -> Option<&str> {
    let (base, number) = name.rsplit_once('-')?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some(base)
}

/// The longest time that a restraint binds by network, in milliseconds.
const NETWORK_MS_MAX: u64 = 24 * 60 * 60 * 1000;
/// Authors freed from one restraint; above this, it stops binding by network, then by name.
const FREED_MAX: usize = 64;
/// Accounts bound by the restraint of one guest; above this, an account is bound by its own
/// restraint only.
const ACCOUNTS_MAX: usize = 16;
