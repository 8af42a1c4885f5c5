//! Names of people: reserved, numbered when in use, and freed.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use crate::chat::ids::PersonId;
use crate::chat::limits::Limits;
use crate::chat::names::{UserName, likeness};
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
    /// Finds the person a name is reserved for.
    pub(in crate::chat) fn of_name(&self, name: &str) -> Option<PersonId> {
        likeness(name).iter().find_map(|key| self.names.get(key)).copied()
    }

    /// Whether a name is reserved for no person and for no account but `author`'s.
    pub(in crate::chat) fn is_free(&self, name: &str, author: Option<AuthorKey>) -> bool {
        likeness(name).iter().all(|key| {
            let owner = self.accounts.by_likeness.get(key);
            !self.names.contains_key(key) && owner.is_none_or(|owner| Some(*owner) == author)
        })
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
        while !self.is_free(name.as_arc(), Some(author)) {
            number = match number {
                0..COUNTED_TO => number.checked_add(1)?,
                _ => number.checked_mul(2)?,
            };
            name = requested.numbered(number, limits);
        }
        Some(name)
    }

    /// Assigns an account's person the account's name. A guest who had that name is given a
    /// numbered one and returned.
    pub(in crate::chat) fn install(
        &mut self,
        key: PersonId,
        name: &UserName,
        limits: &Limits,
    ) -> Option<PersonId> {
        let holder = self.of_name(name.as_arc()).filter(|holder| *holder != key);
        if let Some(holder) = holder {
            self.release(holder);
        }
        self.release(key);
        self.hold(key, name);
        if let Some(person) = self.get_mut(key) {
            (person.number, person.lent, person.named) = (0, false, true);
        }
        let holder = holder?;
        let requested = UserName::known(&self.get(holder)?.name);
        self.assign_name(holder, &requested, limits);
        Some(holder)
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
            let base = folded(requested.base(limits));
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
        if self.is_free(&person.name, Some(person.author)) {
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

    /// Frees a person's name; [`Person::name`] keeps it.
    pub(in crate::chat) fn release(&mut self, key: PersonId) {
        let Some(person) = self.people.get_mut(key.index()) else { return };
        if !std::mem::take(&mut person.holds_name) {
            return;
        }
        for like in likeness(&person.name) {
            if self.names.get(&like) == Some(&key) {
                self.names.remove(&like);
            }
        }
        let suffix = format!("-{}", person.number);
        if std::mem::take(&mut person.lent)
            && let Some(base) = person.name.strip_suffix(&suffix)
        {
            let base = folded(base);
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
        for like in likeness(name.as_arc()) {
            self.names.entry(like).or_insert(key);
        }
    }
}

/// Numbers up to this one are tried one after the other; above it, each attempt doubles the number,
/// so that a free one is found in a few attempts where others have chosen a thousand numbered
/// names.
const COUNTED_TO: u32 = 16;

/// Returns the key of [`People::numbers`]: the first of the two likenesses of a name.
fn folded(name: &str) -> Box<str> {
    let [folded, _] = likeness(name);
    folded
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
