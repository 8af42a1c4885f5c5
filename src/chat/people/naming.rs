//! Names of people: reserved, numbered when in use, and freed.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use crate::chat::ids::PersonId;
use crate::chat::limits::Limits;
use crate::chat::names::{Likeness, UserName};
use crate::chat::people::People;
use crate::chat::record::AuthorKey;

/// The numbers appended to one base name.
#[derive(Debug, Default)]
pub(super) struct NameNumbers {
    used: u32,
    highest: u32,
    free: BinaryHeap<Reverse<u32>>,
}

impl People {
    /// Finds the person who holds a name.
    pub(in crate::chat) fn of_name(&self, name: &str) -> Option<PersonId> {
        let like = Likeness::of(name);
        let account = self.accounts.find(&like).and_then(|it| self.of_session(it.author));
        let is_called = |key: &PersonId| self.get(*key).is_some_and(|person| person.holds_name);
        account.filter(is_called).or_else(|| self.guest_named(&like))
    }

    /// Finds the guest who holds a name.
    pub(in crate::chat) fn guest_named(&self, like: &Likeness) -> Option<PersonId> {
        let is_like = |key: &PersonId| {
            self.get(*key).is_some_and(|person| Likeness::of(&person.name).is_like(like))
        };
        self.guests_like(like).find(is_like)
    }

    /// Returns the guests who would pass for a user with this name: two at most.
    pub(in crate::chat) fn guests_like(&self, like: &Likeness) -> impl Iterator<Item = PersonId> {
        like.by_pair.iter().filter_map(|pairs| self.names.get(pairs)).copied()
    }

    /// Whether a guest may have a name: it would pass for no other guest and for no account but
    /// `author`'s.
    pub(in crate::chat) fn is_free(&self, name: &str, author: Option<AuthorKey>) -> bool {
        let like = Likeness::of(name);
        self.guests_like(&like).next().is_none() && !self.accounts.bars(&like, author)
    }

    /// Whether an account may have a name: no other account's looks like it, and no guest but
    /// `guest` would pass for it.
    pub(in crate::chat) fn is_free_for_account(
        &self,
        name: &str,
        guest: Option<AuthorKey>,
    ) -> bool {
        let like = Likeness::of(name);
        let is_own = |key| self.get(key).is_some_and(|person| Some(person.author) == guest);
        self.guests_like(&like).all(is_own) && !self.accounts.has(&like, None)
    }

    /// Returns the name of a new account: the requested one, with a number if it is in use.
    pub(in crate::chat) fn free_name(
        &self,
        requested: &UserName,
        author: AuthorKey,
        limits: &Limits,
    ) -> Option<UserName> {
        let mut name = requested.clone();
        let mut number = 1_u32;
        while !self.is_free_for_account(name.as_arc(), Some(author)) {
            number = match number {
                0..COUNTED_TO => number.checked_add(1)?,
                _ => number.checked_mul(2)?,
            };
            name = requested.numbered(number, limits);
        }
        Some(name)
    }

    /// Assigns an account's person the account's name. Guests who would pass for it are given
    /// numbered names, and returned with their former ones.
    pub(in crate::chat) fn install(
        &mut self,
        key: PersonId,
        name: &UserName,
        limits: &Limits,
    ) -> Vec<(PersonId, Arc<str>)> {
        self.release(key);
        self.hold(key, name);
        if let Some(person) = self.get_mut(key) {
            (person.number, person.lent, person.named) = (0, false, true);
        }
        let mut guests: Vec<PersonId> = self.guests_like(&Likeness::of(name.as_arc())).collect();
        guests.dedup();
        let mut renamed = Vec::new();
        for guest in guests {
            let Some(was) = self.get(guest).map(|person| Arc::clone(&person.name)) else {
                continue;
            };
            self.assign_name(guest, &UserName::known(&was), limits);
            renamed.push((guest, was));
        }
        renamed
    }

    /// Names a person, with a number appended if the name is in use. Returns whether a number was
    /// needed.
    pub(in crate::chat) fn assign_name(
        &mut self,
        key: PersonId,
        requested: &UserName,
        limits: &Limits,
    ) -> bool {
        self.release(key);
        let mut number = 0;
        let mut name = requested.clone();
        let author = self.get(key).map(|person| person.author);
        if !self.is_free(name.as_arc(), author) {
            let base = counted_by(requested.base(limits));
            loop {
                number = self.numbers.entry(base.clone()).or_default().next();
                name = requested.numbered(number, limits);
                if self.is_free(name.as_arc(), author) {
                    break;
                }
                // Another person chose this very name; its number is skipped.
                if let Some(numbers) = self.numbers.get_mut(&base) {
                    numbers.used = numbers.used.saturating_sub(1);
                    if number >= COUNTED_TO {
                        numbers.highest = numbers.highest.max(number).saturating_mul(2);
                    }
                }
            }
        }
        self.hold(key, &name);
        if let Some(person) = self.get_mut(key) {
            (person.number, person.lent) = (number, number > 0);
        }
        number != 0
    }

    /// Reserves the name of a detached session again, or assigns another if it was taken meanwhile.
    /// Returns whether the name has changed.
    pub(in crate::chat) fn restore_name(&mut self, key: PersonId, limits: &Limits) -> bool {
        let Some(person) = self.get(key) else { return false };
        if person.holds_name {
            return false;
        }
        if person.account || self.is_free(&person.name, Some(person.author)) {
            let name = UserName::known(&person.name);
            self.hold(key, &name);
            return false;
        }
        let suffix = format!("-{}", person.number);
        let base = person.name.strip_suffix(&suffix).unwrap_or(&person.name);
        let requested = UserName::known(base);
        self.assign_name(key, &requested, limits);
        true
    }

    /// Turns a guest into an account's person, or back.
    pub(in crate::chat) fn set_account(&mut self, key: PersonId, account: bool, admin: bool) {
        let Some(person) = self.get_mut(key) else { return };
        person.admin = admin;
        if std::mem::replace(&mut person.account, account) == account || !person.holds_name {
            return;
        }
        let name = UserName::known(&person.name);
        self.release(key);
        self.hold(key, &name);
    }

    /// Frees a person's name; [`Person::name`] keeps it.
    pub(in crate::chat) fn release(&mut self, key: PersonId) {
        let Some(person) = self.people.get_mut(key.index()) else { return };
        if !std::mem::take(&mut person.holds_name) {
            return;
        }
        for pairs in Likeness::of(&person.name).by_pair {
            if self.names.get(&pairs) == Some(&key) {
                self.names.remove(&pairs);
            }
        }
        let suffix = format!("-{}", person.number);
        if std::mem::take(&mut person.lent)
            && let Some(base) = person.name.strip_suffix(&suffix)
        {
            let base = counted_by(base);
            if let Some(numbers) = self.numbers.get_mut(&base)
                && numbers.give_back(person.number)
            {
                self.numbers.remove(&base);
            }
        }
    }

    fn hold(&mut self, key: PersonId, name: &UserName) {
        let Some(person) = self.people.get_mut(key.index()) else { return };
        person.name = Arc::clone(name.as_arc());
        person.holds_name = true;
        // The names of accounts are reserved by the accounts.
        if !person.account {
            for pairs in Likeness::of(name.as_arc()).by_pair {
                self.names.entry(pairs).or_insert(key);
            }
        }
    }
}

/// Numbers up to this one are tried one after the other; above it, each attempt doubles the number,
/// so that a free one is found in a few attempts where others have chosen a thousand numbered
/// names.
const COUNTED_TO: u32 = 16;

/// Returns the key of [`People::numbers`]: the first of the widest likenesses of a name.
fn counted_by(name: &str) -> Box<str> {
    let [pairs, _] = Likeness::of(name).by_pair;
    pairs
}

impl NameNumbers {
    /// Returns the lowest returned number, else one never allocated: no search among thousands of
    /// the same name.
    fn next(&mut self) -> u32 {
        self.used = self.used.saturating_add(1);
        if let Some(Reverse(number)) = self.free.pop() {
            return number;
        }
        self.highest = self.highest.max(1).saturating_add(1);
        self.highest
    }

    /// Takes a number back. Returns whether none is left in use.
    fn give_back(&mut self, number: u32) -> bool {
        self.used = self.used.saturating_sub(1);
        self.free.push(Reverse(number));
        self.used == 0
    }
}
