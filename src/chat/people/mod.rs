//! People: their names, sessions and accounts.
//!
//! A person is not a connection: it has a name, a session and any number of clients. Without a
//! client it is a detached session, which the session key reattaches.

pub(in crate::chat) mod accounts;
pub(in crate::chat) mod client;
pub(in crate::chat) mod connections;
pub(in crate::chat) mod detached;
pub(in crate::chat) mod naming;
pub(in crate::chat) mod timers;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha1::{Digest as _, Sha1};
use slab::Slab;

use crate::chat::few::Few;
use crate::chat::ids::{ByClientId, ClientSlot, PersonId, RoomId};
use crate::chat::names::{UserName, fold};
use crate::chat::people::accounts::Accounts;
use crate::chat::people::client::Client;
use crate::chat::people::detached::Detached;
use crate::chat::people::naming::NameNumbers;
use crate::chat::people::timers::Timers;
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
    /// Reserved names of guests, by both their widest likenesses.
    names: HashMap<Box<str>, PersonId>,
    /// Allocated numbers, by the likeness of the base name they are appended to.
    numbers: HashMap<Box<str>, NameNumbers>,
    sessions: HashMap<AuthorKey, PersonId>,
    accounts: Accounts,
    /// The stamp of the current input: Unix milliseconds, made strictly increasing so that the
    /// older of two sessions or restraints is always known.
    pub(in crate::chat) stamp: u64,
    /// The open connections.
    pub(in crate::chat) clients: Slab<Client>,
    /// Slots by client id.
    pub(in crate::chat) by_id: ByClientId<ClientSlot>,
    /// The detached sessions.
    detached: Detached,
    timers: Timers,
}

impl People {
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

    /// Returns the accounts.
    pub(in crate::chat) fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// Returns the accounts for a change.
    pub(in crate::chat) fn accounts_mut(&mut self) -> &mut Accounts {
        &mut self.accounts
    }

    /// Counts all people, those without a connection included.
    pub(in crate::chat) fn len(&self) -> usize {
        self.people.len()
    }

    /// Counts the detached sessions.
    pub(in crate::chat) fn detached_sessions(&self) -> usize {
        self.detached.len()
    }

    /// Adds a person to the detached sessions.
    fn put_detached(&mut self, key: PersonId) {
        if let Some(person) = self.people.get_mut(key.index()) {
            person.detached_session = true;
            self.detached.insert(key, person);
        }
    }

    /// Removes a person from the detached sessions.
    fn drop_detached(&mut self, key: PersonId) {
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
