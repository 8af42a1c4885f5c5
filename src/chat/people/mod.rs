//! People: their names, sessions and accounts.
//!
//! A person is not a connection: it has a name, a session and any number of clients. Without a
//! client it is a detached session, which the session key reattaches.

pub(in crate::chat) mod accounts;
pub(in crate::chat) mod client;
pub(in crate::chat) mod connections;
pub(in crate::chat) mod detached;

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha1::{Digest as _, Sha1};
use slab::Slab;

use crate::chat::few::Few;
use crate::chat::ids::{ClientId, ClientSlot, PersonId, RoomId};
use crate::chat::limits::Limits;
use crate::chat::names::{UserName, fold, likeness};
use crate::chat::people::accounts::Accounts;
use crate::chat::people::client::Client;
use crate::chat::people::detached::Detached;
use crate::chat::protocol::status::Status;
use crate::chat::record::AuthorKey;
use crate::clock::{Moment, Now};

/// A user, with or without open connections.
#[derive(Debug)]
pub(in crate::chat) struct Person {
    /// Its display name.
    pub(in crate::chat) name: Arc<str>,
    /// The hash of its session key.
    pub(in crate::chat) author: AuthorKey,
    /// Its status; `None` while it is the default.
    pub(in crate::chat) status: Option<Box<Status>>,
    /// The slots of its open connections.
    pub(in crate::chat) clients: Few<ClientSlot>,
    /// The rooms it has joined.
    pub(in crate::chat) memberships: Few<Membership>,
    /// Names of the rooms it was in when its last connection closed; the last one was current.
    pub(in crate::chat) rooms: Box<[Arc<str>]>,
    /// When its last connection closed.
    pub(in crate::chat) left: Moment,
    /// The stamp of when its session began, 0 if that is unknown.
    pub(in crate::chat) since: u64,
    /// The network it last connected from; `None` for loopback and unspecified addresses.
    pub(in crate::chat) network: Option<IpAddr>,
    /// The number appended to its name; 0 for none.
    number: u32,
    /// Whether that number was allocated by [`NameNumbers`] and goes back there with the name.
    lent: bool,
    /// Whether it chose a name; otherwise it is anonymous.
    pub(in crate::chat) named: bool,
    /// Whether the name is reserved for it; a detached session loses that after `leave_grace`.
    pub(in crate::chat) holds_name: bool,
    /// Whether it is a detached session.
    pub(in crate::chat) detached_session: bool,
    /// Whether its session is in the journal, or never will be.
    pub(in crate::chat) persisted: bool,
    /// Whether it exists only for posts over HTTP that are still pending.
    pub(in crate::chat) transient: bool,
    /// Number of its posts over HTTP that are still pending.
    pub(in crate::chat) posts: u32,
    /// Whether it is an account's person: its name is the account's, and no session key reattaches
    /// it.
    pub(in crate::chat) account: bool,
    /// Whether its account is an admin's. A token may grant these rights to a single connection.
    pub(in crate::chat) admin: bool,
}

/// A person's membership of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::chat) struct Membership {
    /// The room.
    pub(in crate::chat) room: RoomId,
    /// Index into [`Room::people`](crate::chat::rooms::Room::people).
    pub(in crate::chat) at: u32,
    /// Number of its connections that have joined the room.
    pub(in crate::chat) conns: u32,
    /// Whether the last of them timed out.
    pub(in crate::chat) timed_out: bool,
    /// When the last of them closed.
    pub(in crate::chat) left: Moment,
}

impl Person {
    /// Finds its membership of a room.
    pub(in crate::chat) fn membership(&mut self, room: RoomId) -> Option<&mut Membership> {
        self.memberships.as_mut_slice().iter_mut().find(|membership| membership.room == room)
    }
}

/// All people: connected, within `leave_grace`, or detached.
#[derive(Debug, Default)]
pub(in crate::chat) struct People {
    people: Slab<Person>,
    /// Reserved names, by both their likenesses.
    names: HashMap<Box<str>, PersonId>,
    /// Allocated numbers, by the folded base name they are appended to.
    numbers: HashMap<Box<str>, NameNumbers>,
    sessions: HashMap<AuthorKey, PersonId>,
    accounts: Accounts,
    /// The stamp of the current input: Unix milliseconds, made strictly increasing so that the
    /// older of two sessions or restraints is always known.
    pub(in crate::chat) stamp: u64,
    /// The open connections.
    pub(in crate::chat) clients: Slab<Client>,
    /// Slots by client id.
    pub(in crate::chat) by_id: HashMap<ClientId, ClientSlot>,
    /// The detached sessions.
    detached: Detached,
    /// People without a connection by the end of their `leave_grace`, earliest first. An entry is
    /// stale once its person has reconnected, and is then skipped.
    pub(in crate::chat) grace_due: VecDeque<(Moment, PersonId)>,
    /// Detached sessions by the end of their life, earliest first. An entry is stale once the
    /// session was reattached, and is then skipped.
    pub(in crate::chat) detached_due: VecDeque<(Moment, PersonId)>,
    /// Logged-in clients by the expiry of their login.
    pub(in crate::chat) logins_due: BTreeSet<(Moment, ClientId)>,
}

/// The numbers appended to one base name.
#[derive(Debug, Default)]
struct NameNumbers {
    used: u32,
    highest: u32,
    free: BinaryHeap<Reverse<u32>>,
}

impl People {
    /// Returns when the next leave, session or login expires.
    pub(in crate::chat) fn deadline(&self) -> Moment {
        let queues = [self.grace_due.front(), self.detached_due.front()];
        let queues = queues.into_iter().flatten().map(|(due, _)| *due);
        let logins = self.logins_due.first().map(|(due, _)| *due);
        queues.chain(logins).min().unwrap_or(Moment::NEVER)
    }

    /// Advances the stamp for the next input.
    pub(in crate::chat) fn advance(&mut self, now: Now) {
        self.stamp = self.stamp.saturating_add(1).max(now.unix_ms);
    }

    /// Returns the latest stamp of a session or an account.
    pub(in crate::chat) fn latest_stamp(&self) -> u64 {
        let sessions = self.people.iter().map(|(_, person)| person.since);
        sessions.chain([self.accounts.latest_stamp()]).max().unwrap_or(0)
    }

    /// Finds a person.
    pub(in crate::chat) fn get(&self, key: PersonId) -> Option<&Person> {
        self.people.get(key.index())
    }

    /// Finds a person for a change.
    pub(in crate::chat) fn get_mut(&mut self, key: PersonId) -> Option<&mut Person> {
        self.people.get_mut(key.index())
    }

    /// Lists everybody.
    pub(in crate::chat) fn iter(&self) -> impl Iterator<Item = (PersonId, &Person)> {
        self.people.iter().map(|(key, person)| (PersonId::new(key), person))
    }

    /// Finds the person of a session.
    pub(in crate::chat) fn of_session(&self, author: AuthorKey) -> Option<PersonId> {
        self.sessions.get(&author).copied()
    }

    /// Finds the guest with a session key. Accounts are reached by token only.
    pub(in crate::chat) fn guest_of(&self, session: &str) -> Option<PersonId> {
        let person = self.of_session(author_of(session))?;
        self.get(person).filter(|person| !person.account).map(|_| person)
    }

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

    /// Returns the accounts.
    pub(in crate::chat) fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// Returns the accounts for a change.
    pub(in crate::chat) fn accounts_mut(&mut self) -> &mut Accounts {
        &mut self.accounts
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

    /// Counts the detached sessions.
    pub(in crate::chat) fn detached(&self) -> usize {
        self.detached.len()
    }

    /// Returns the detached session that ends first when there are too many.
    pub(in crate::chat) fn first_to_go(&self) -> Option<PersonId> {
        self.detached.first_to_go()
    }

    /// Adds a person to the detached sessions.
    pub(in crate::chat) fn put_detached(&mut self, key: PersonId) {
        if let Some(person) = self.people.get_mut(key.index()) {
            person.detached_session = true;
            self.detached.insert(key, person);
        }
    }

    /// Removes a person from the detached sessions.
    pub(in crate::chat) fn drop_detached(&mut self, key: PersonId) {
        if let Some(person) = self.people.get_mut(key.index())
            && std::mem::take(&mut person.detached_session)
        {
            self.detached.remove(key, person);
        }
    }

    /// Marks a session as persisted.
    pub(in crate::chat) fn mark_persisted(&mut self, key: PersonId) {
        let detached = self.get(key).is_some_and(|person| person.detached_session);
        self.drop_detached(key);
        if let Some(person) = self.get_mut(key) {
            person.persisted = true;
        }
        if detached {
            self.put_detached(key);
        }
    }

    /// Adds a person who has no name yet.
    pub(in crate::chat) fn add(&mut self, author: AuthorKey) -> PersonId {
        let key = PersonId::new(self.people.insert(Person {
            name: "".into(),
            author,
            status: None,
            clients: Few::default(),
            memberships: Few::default(),
            rooms: Box::default(),
            left: Moment::NEVER,
            since: self.stamp,
            network: None,
            number: 0,
            lent: false,
            named: false,
            holds_name: false,
            detached_session: false,
            persisted: false,
            transient: false,
            posts: 0,
            account: false,
            admin: false,
        }));
        self.sessions.insert(author, key);
        key
    }

    /// Removes a person for good and frees its name.
    pub(in crate::chat) fn remove(&mut self, key: PersonId) -> Option<Person> {
        self.release(key);
        self.drop_detached(key);
        let person = self.people.try_remove(key.index())?;
        self.sessions.remove(&person.author);
        Some(person)
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
pub(in crate::chat) const COUNTED_TO: u32 = 16;

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

/// Returns a network that distinguishes its users from others: not loopback, not unspecified.
pub(in crate::chat) fn telling(network: Option<IpAddr>) -> Option<IpAddr> {
    network.filter(|network| !network.is_loopback() && !network.is_unspecified())
}

/// Encodes random bytes as a session key.
pub(in crate::chat) fn session_key(seed: [u8; 16]) -> Box<str> {
    BASE64_URL_SAFE_NO_PAD.encode(seed).into()
}

/// Returns the author of a session key. Only this hash is stored, never the key itself.
pub fn author_of(session: &str) -> AuthorKey {
    let mut author = [0; 16];
    for (to, from) in author.iter_mut().zip(Sha1::digest(session)) {
        *to = from;
    }
    AuthorKey(author)
}

/// Returns the author of a guest without a session, from its name and network. It is the complement
/// of a hash, so no session key can be found for it.
pub(in crate::chat) fn author_by(name: &UserName, network: IpAddr) -> AuthorKey {
    let AuthorKey(author) = author_of(&format!("{network} {}", fold(name.as_arc())));
    AuthorKey(author.map(|byte| !byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn come(people: &mut People, n: u8, name: &str) -> (PersonId, String) {
        let key = people.add(AuthorKey([n; 16]));
        people.assign_name(key, &UserName::known(name), &Limits::default());
        (key, people.get(key).unwrap().name.to_string())
    }

    #[test]
    fn a_name_in_use_gets_the_lowest_free_number() {
        let mut people = People::default();
        let (alice, _) = come(&mut people, 1, "Alice");
        let (second, name) = come(&mut people, 2, "aLICE");
        assert_eq!(name, "aLICE-2");
        assert_eq!(come(&mut people, 3, "Alice").1, "Alice-3");
        assert_eq!(come(&mut people, 4, "Alice-4").1, "Alice-4");
        assert_eq!(come(&mut people, 5, "Alice").1, "Alice-5");
        people.remove(second);
        assert_eq!(come(&mut people, 6, "Alice").1, "Alice-2");
        people.remove(alice);
        assert_eq!(come(&mut people, 7, "Alice").1, "Alice");
        assert_eq!(come(&mut people, 8, "Alice").1, "Alice-6");
    }

    #[test]
    fn numbers_are_forgotten_with_the_last_who_had_one() {
        let mut people = People::default();
        let keys: Vec<PersonId> = (0..100).map(|n| come(&mut people, n, "Bob").0).collect();
        for key in keys {
            people.remove(key);
        }
        assert!(people.names.is_empty() && people.numbers.is_empty() && people.sessions.is_empty());
    }

    #[test]
    fn a_ghost_gets_its_name_back_unless_it_is_taken() {
        let limits = Limits::default();
        let mut people = People::default();
        come(&mut people, 1, "Eve");
        let (detached_session, name) = come(&mut people, 2, "Eve");
        assert_eq!(name, "Eve-2");
        people.release(detached_session);
        assert!(!people.restore_name(detached_session, &limits));
        assert_eq!(&*people.get(detached_session).unwrap().name, "Eve-2");
        assert_eq!(come(&mut people, 3, "Eve").1, "Eve-3");
        people.release(detached_session);
        assert_eq!(come(&mut people, 4, "Eve-2").1, "Eve-2");
        assert!(people.restore_name(detached_session, &limits));
        assert_eq!(&*people.get(detached_session).unwrap().name, "Eve-4");
    }

    #[test]
    fn thousands_of_one_name_are_no_search() {
        let mut people = People::default();
        let limits = Limits::default();
        for n in 0..20_000_u32 {
            let mut author = [0; 16];
            author[..4].copy_from_slice(&n.to_le_bytes());
            let key = people.add(AuthorKey(author));
            people.assign_name(key, &UserName::anonymous(), &limits);
        }
        assert_eq!(&*people.get(PersonId::new(19_999)).unwrap().name, "Anonymous-20000");
    }

    #[test]
    fn a_session_key_is_128_bits_in_22_letters() {
        assert_eq!(&*session_key([0xFB; 16]), "-_v7-_v7-_v7-_v7-_v7-w");
        assert_ne!(author_of("a"), author_of("b"));
    }
}
