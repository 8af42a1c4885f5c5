//! Look-ups: the room of an event, the actor of a connection.

use std::sync::Arc;

use crate::chat::Chat;
use crate::chat::ids::{ClientSlot, PersonId, RoomId};
use crate::chat::names::fold;
use crate::chat::people::client::ClientRef;
use crate::chat::people::{author_of, telling};
use crate::chat::protocol::error::{Code, Refusal};
use crate::chat::protocol::request::Credential;
use crate::chat::record::AuthorKey;
use crate::chat::rooms::Room;
use crate::chat::rooms::rules::Actor;
use crate::chat::step::Step;

impl Chat {
    /// Finds the room of an event among those the client has joined.
    pub(in crate::chat) fn room_of(
        &self,
        from: ClientRef,
        named: Option<&str>,
    ) -> Result<RoomId, Refusal> {
        let nowhere = || Refusal::new(Code::NotInRoom, "you are not in this room; join it first");
        let (client, _) = self.people.client(from.slot).ok_or_else(Refusal::internal)?;
        let Some(named) = named else {
            return client.current().ok_or_else(nowhere);
        };
        if named.starts_with('@') {
            return self.direct(from.author, named).ok_or_else(nowhere);
        }
        let subscriptions =
            client.subscriptions.as_slice().iter().rev().map(|subscription| subscription.room);
        let is =
            |room: &RoomId, fits: &dyn Fn(&Room) -> bool| self.rooms.get(*room).is_some_and(fits);
        // Most clients repeat the name as they received it.
        if let Some(room) =
            subscriptions.clone().find(|room| is(room, &|room| &*room.name == named))
        {
            return Ok(room);
        }
        let key = fold(named.trim());
        subscriptions
            .into_iter()
            .find(|room| is(room, &|room| *room.key == *key))
            .ok_or_else(nowhere)
    }

    /// Finds the room to post in. A private conversation is created if necessary, which is charged
    /// as a query, too.
    pub(in crate::chat) fn room_to_speak(
        &mut self,
        step: &Step<'_>,
        from: ClientRef,
        named: Option<&str>,
    ) -> Result<RoomId, Refusal> {
        match named {
            Some(named) if named.starts_with('@') => {
                let own = from.author;
                if self.direct(own, named).is_none() {
                    self.charge_query(step.now, from, 1)?;
                }
                self.direct_or_new(own, named)
            }
            _ => self.room_of(from, named),
        }
    }

    /// Finds the room of an event among all; reading needs no subscription.
    pub(in crate::chat) fn room_to_read(
        &self,
        from: ClientRef,
        named: Option<&str>,
    ) -> Result<RoomId, Refusal> {
        match (self.room_of(from, named), named) {
            (Err(_), Some(named)) => self.readable(Some(from.author), named),
            (found, _) => found,
        }
    }

    /// Finds a room that an author may read; any other is reported as non-existent.
    pub(in crate::chat) fn readable(
        &self,
        who: Option<AuthorKey>,
        named: &str,
    ) -> Result<RoomId, Refusal> {
        let found = match who {
            Some(own) if named.trim_start().starts_with('@') => self.direct(own, named.trim()),
            _ => self.rooms.room_named(Some(named)),
        };
        let may = |room: &RoomId| self.rooms.get(*room).is_some_and(|room| room.may_read(who));
        found.filter(may).ok_or_else(Refusal::no_such_room)
    }

    /// Returns the author of a read request.
    pub(in crate::chat) fn reader(&self, by: &Credential) -> Result<Option<AuthorKey>, Refusal> {
        match by {
            Credential::Nobody => Ok(None),
            Credential::Session(session) => self.of_session(session).map(Some),
            Credential::Login(login) => Ok(Some(login.author)),
        }
    }

    /// Finds the author of a session key. Keys are looked up by their hash, so that the time it
    /// takes reveals nothing about a guess.
    ///
    /// # Errors
    /// If no session has this key.
    pub fn of_session(&self, session: &str) -> Result<AuthorKey, Refusal> {
        let unknown = || Refusal::new(Code::Unauthorized, "unknown or expired session");
        self.people.guest_of(session).map(|_| author_of(session)).ok_or_else(unknown)
    }

    /// Finds the last message of a client.
    pub(in crate::chat) fn last_sent_message(
        &self,
        from: ClientRef,
    ) -> Result<(RoomId, u64), Refusal> {
        let said = self
            .people
            .clients
            .get(from.slot.index())
            .map(|client| (client.last_sent_in, client.last_sent));
        let own = from.author;
        let may = |room: RoomId| {
            let direct = self.rooms.get(room).is_some_and(|it| it.direct_room.is_some());
            self.people.is_subscribed(from.slot, room)
                || (direct && self.rooms.get(room).is_some_and(|room| room.may_read(Some(own))))
        };
        said.filter(|(room, mid)| *mid > 0 && may(*room)).ok_or_else(|| {
            Refusal::new(Code::NoSuchMessage, "you have not sent a message on this connection")
        })
    }

    /// Returns a person as an actor, without the rights that tokens grant single connections.
    pub(in crate::chat) fn actor_of(&self, person: PersonId) -> Option<Actor> {
        let person = self.people.get(person)?;
        let (author, admin) = (person.author, person.admin);
        if person.account {
            return Some(Actor { admin, ..self.account_actor(author, &person.name) });
        }
        let (network, since, name) = (person.network, person.since, Arc::clone(&person.name));
        Some(Actor { author, name, account: false, admin, network, since })
    }

    /// Returns an account as an actor.
    pub(in crate::chat) fn account_actor(&self, author: AuthorKey, name: &Arc<str>) -> Actor {
        let account = self.people.accounts().get(author);
        let registered = account.and_then(|account| account.registered);
        Actor {
            author,
            name: Arc::clone(name),
            account: true,
            admin: account.is_some_and(|account| account.admin),
            network: telling(registered.map(|registered| registered.network)),
            since: registered.map_or(0, |registered| registered.at),
        }
    }

    /// Returns a person as a target of moderation: an admin if any of its connections is one.
    pub(in crate::chat) fn target_of(&self, person: PersonId) -> Option<Actor> {
        let actor = self.actor_of(person)?;
        let mut clients = self.people.get(person)?.clients.iter();
        let admin = actor.admin || clients.any(|slot| self.people.is_admin(*slot));
        Some(Actor { admin, ..actor })
    }

    /// Returns the actor of a connection, with the rights of this connection.
    pub(in crate::chat) fn actor_on(&self, slot: ClientSlot) -> Option<Actor> {
        let actor = self.actor_of(self.people.clients.get(slot.index())?.person)?;
        Some(Actor { admin: self.people.is_admin(slot), ..actor })
    }
}
