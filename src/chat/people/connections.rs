//! The open connections of people: look-ups, logins, pending answers.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::chat::effect::{Effect, Listener};
use crate::chat::few;
use crate::chat::ids::{ClientId, ClientSlot, PersonId, RoomId};
use crate::chat::names::Likeness;
use crate::chat::people::client::{Client, ClientLogin, ClientRef, Delivery};
use crate::chat::people::{People, Person, telling};
use crate::chat::protocol::login::Login;
use crate::chat::record::AuthorKey;
use crate::chat::step::Step;
use crate::clock::Moment;

impl People {
    /// Finds an open connection by its id; `None` once it is closed.
    pub(in crate::chat) fn client_ref(&self, id: ClientId) -> Option<ClientRef> {
        let slot = *self.by_id.get(&id)?;
        let (client, person) = self.client(slot)?;
        Some(ClientRef { id, slot, person: client.person, author: person.author })
    }

    /// Finds a connection and its person. Both exist as long as the connection is open; a missing
    /// one is a bug, which is logged, and panics with debug assertions.
    pub(in crate::chat) fn client(&self, slot: ClientSlot) -> Option<(&Client, &Person)> {
        let client = self.clients.get(slot.index());
        let found = client.and_then(|client| Some((client, self.get(client.person)?)));
        debug_assert!(found.is_some(), "no client with a person in {slot:?}");
        if found.is_none() {
            tracing::error!(?slot, "a client or its person is missing: please report this bug");
        }
        found
    }

    /// Returns the author of a client's person.
    pub(in crate::chat) fn author_of(&self, slot: ClientSlot) -> AuthorKey {
        let client = self.clients.get(slot.index());
        let person = client.and_then(|client| self.get(client.person));
        person.map_or(AuthorKey([0; 16]), |person| person.author)
    }

    /// Whether a connection has admin rights, by its account or by its own token.
    pub(in crate::chat) fn is_admin(&self, slot: ClientSlot) -> bool {
        let Some(client) = self.clients.get(slot.index()) else { return false };
        client.login.as_ref().is_some_and(|login| login.admin)
            || self.get(client.person).is_some_and(|person| person.admin)
    }

    /// Opens a connection of its person.
    pub(in crate::chat) fn open(&mut self, client: Client) -> ClientSlot {
        let (id, key, network) = (client.id, client.person, client.network);
        let slot = ClientSlot::new(self.clients.insert(client));
        self.by_id.insert(id, slot);
        self.note_network(key, network);
        if let Some(person) = self.get_mut(key) {
            person.clients.push(slot);
        }
        slot
    }

    /// Forgets a closed connection; its person remains.
    pub(in crate::chat) fn close(&mut self, slot: ClientSlot) {
        self.drop_login(slot);
        let Some(client) = self.clients.try_remove(slot.index()) else { return };
        self.by_id.remove(&client.id);
        if let Some(person) = self.get_mut(client.person) {
            few::take(&mut person.clients, |client| *client == slot);
        }
    }

    /// Records that a client waits for one more answer of the journal. Returns how many it waits
    /// for.
    pub(in crate::chat) fn await_answer(&mut self, step: &mut Step<'_>, id: ClientId) -> u32 {
        let slot = self.by_id.get(&id).copied();
        let Some(client) = slot.and_then(|slot| self.clients.get_mut(slot.index())) else {
            return 1;
        };
        client.answers_due = client.answers_due.saturating_add(1);
        if client.answers_due == 1 {
            step.effects.push(Effect::Hold { client: id });
        }
        client.answers_due
    }

    /// Records that an answer arrived, if the client is still open.
    pub(in crate::chat) fn answer_arrived(&mut self, step: &mut Step<'_>, id: ClientId) {
        let slot = self.by_id.get(&id).copied();
        let Some(client) = slot.and_then(|slot| self.clients.get_mut(slot.index())) else { return };
        client.answers_due = client.answers_due.saturating_sub(1);
        if client.answers_due == 0 {
            step.effects.push(Effect::Release { client: id });
        }
    }

    /// Closes a connection; its events are ignored from now on.
    pub(in crate::chat) fn end_client(
        &mut self,
        step: &mut Step<'_>,
        slot: ClientSlot,
        code: u16,
        reason: &'static str,
    ) {
        let Some(client) = self.clients.get_mut(slot.index()) else { return };
        client.closing = true;
        let client = client.id;
        step.effects.push(Effect::Close { client, code, reason: reason.into() });
    }

    /// Removes a client's login and its expiry.
    fn drop_login(&mut self, slot: ClientSlot) {
        let Some(client) = self.clients.get_mut(slot.index()) else { return };
        if let Some(mark) = client.login.take() {
            self.timers.logins.remove(&(mark.expires, client.id));
        }
    }

    /// Sets a client's login and its expiry.
    pub(in crate::chat) fn hold_login(&mut self, step: &Step<'_>, slot: ClientSlot, login: &Login) {
        let left = login.expires.saturating_sub(step.now.unix_ms);
        let expires = step.now.at.after(Duration::from_millis(left));
        self.drop_login(slot);
        // For an account of this server, the account decides.
        let admin = login.outside && login.admin;
        let Some(client) = self.clients.get_mut(slot.index()) else { return };
        client.login = Some(Box::new(ClientLogin { id: login.id, expires, admin }));
        self.timers.logins.insert((expires, client.id));
    }

    /// Returns the name of a client's person.
    pub(in crate::chat) fn name_of(&self, slot: ClientSlot) -> Arc<str> {
        let client = self.clients.get(slot.index());
        let person = client.and_then(|client| self.get(client.person));
        person.map(|person| Arc::clone(&person.name)).unwrap_or_default()
    }

    /// Lists the rooms a person has joined.
    pub(in crate::chat) fn places_of(&self, key: PersonId) -> Vec<RoomId> {
        self.get(key).map_or_else(Vec::new, |person| {
            person.memberships.as_slice().iter().map(|membership| membership.room).collect()
        })
    }

    /// Lists the connections of an author.
    pub(in crate::chat) fn clients_of(&self, author: AuthorKey) -> Vec<ClientId> {
        let person = self.of_session(author).and_then(|key| self.get(key));
        let slots = person.map_or(&[][..], |person| person.clients.as_slice());
        let clients = slots.iter().filter_map(|slot| self.clients.get(slot.index()));
        clients.map(|client| client.id).collect()
    }

    /// Lists the connections of an author that receive a private conversation: all but those that
    /// wait for what they missed of it.
    pub(in crate::chat) fn listeners_of(&self, author: AuthorKey, room: RoomId) -> Vec<Listener> {
        let person = self.of_session(author).and_then(|key| self.get(key));
        let slots = person.map_or(&[][..], |person| person.clients.as_slice());
        let clients = slots.iter().filter_map(|slot| self.clients.get(slot.index()));
        let hears = |subscriptions: &[crate::chat::people::client::Subscription]| {
            let subscription = subscriptions.iter().find(|subscription| subscription.room == room);
            subscription
                .is_none_or(|subscription| !matches!(subscription.delivery, Delivery::Waiting(_)))
        };
        clients
            .filter(|client| hears(client.subscriptions.as_slice()))
            .map(|client| Listener { client: client.id, mode: client.mode })
            .collect()
    }

    /// Lists the connections of an author that ask for memberships.
    pub(in crate::chat) fn member_clients(&self, author: AuthorKey) -> Vec<ClientRef> {
        let clients = self.clients_of(author).into_iter().filter_map(|id| self.client_ref(id));
        let asks = |client: &ClientRef| {
            let client = self.clients.get(client.slot.index());
            client.is_some_and(|client| client.memberships && !client.closing)
        };
        clients.filter(asks).collect()
    }

    /// Finds the account or person with a name, and how the name is written.
    pub(in crate::chat) fn author_named(&self, name: &str) -> Option<(AuthorKey, Arc<str>)> {
        let name = name.trim();
        let like = Likeness::of(name);
        if let Some(account) = self.accounts().find(&like) {
            return Some((account.author, Arc::clone(&account.name)));
        }
        let person = self.get(self.guest_named(&like)?)?;
        // A transient person could never read an answer.
        (!person.transient).then(|| (person.author, Arc::clone(&person.name)))
    }

    /// Whether a client has a subscription to a room.
    pub(in crate::chat) fn is_subscribed(&self, slot: ClientSlot, room: RoomId) -> bool {
        self.clients.get(slot.index()).is_some_and(|client| {
            client.subscriptions.as_slice().iter().any(|subscription| subscription.room == room)
        })
    }

    pub(in crate::chat) fn make_current(&mut self, slot: ClientSlot, room: RoomId) {
        if let Some(client) = self.clients.get_mut(slot.index())
            && let Some(subscription) =
                few::take(&mut client.subscriptions, |subscription| subscription.room == room)
        {
            client.subscriptions.push(subscription);
        }
    }

    /// Removes a room from the sessions of people without a connection. Returns those people.
    pub(in crate::chat) fn forget_room(&mut self, name: &Arc<str>) -> Vec<PersonId> {
        let mut forgotten = Vec::new();
        for (key, person) in &mut self.people {
            if person.rooms.contains(name) {
                person.rooms = person.rooms.iter().filter(|it| *it != name).cloned().collect();
                forgotten.push(PersonId::new(key));
            }
        }
        forgotten
    }

    /// Records the network a person connects from.
    pub(in crate::chat) fn note_network(&mut self, key: PersonId, network: Option<IpAddr>) {
        if let Some(person) = self.get_mut(key) {
            person.network = telling(network).or(person.network);
        }
    }

    /// Reattaches a detached session.
    pub(in crate::chat) fn reattach(&mut self, key: PersonId) {
        self.drop_detached(key);
        if let Some(person) = self.get_mut(key) {
            person.left = Moment::NEVER;
        }
    }
}
