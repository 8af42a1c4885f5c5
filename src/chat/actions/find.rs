//! Finding the room an event is about.

use std::sync::Arc;

use crate::chat::Chat;
use crate::chat::ids::{ClientSlot, PersonId, RoomId};
use crate::chat::names::fold;
use crate::chat::people::client::ClientRef;
use crate::chat::people::telling;
use crate::chat::protocol::error::{Code, Refusal};
use crate::chat::record::AuthorKey;
use crate::chat::rooms::Room;
use crate::chat::rooms::rules::Actor;
use crate::chat::step::Step;

impl Chat {
    /// Finds the room an event is about among those the client is in.
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
        // Most clients write the name as they were told it.
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

    /// Finds the room something is to be said in; a conversation is made if need be, which counts
    /// as a question, too.
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

    /// Finds the room an event is about among all; reading needs no subscription.
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

    /// Finds a room that somebody may read; any other is as if it did not exist.
    pub(in crate::chat) fn readable(
        &self,
        who: Option<AuthorKey>,
        named: &str,
    ) -> Result<RoomId, Refusal> {
        let found = match who {
            Some(own) if named.trim_start().starts_with('@') => self.direct(own, named.trim()),
            _ => self.rooms.find(&fold(named.trim())),
        };
        let may = |room: &RoomId| self.rooms.get(*room).is_some_and(|room| room.may_read(who));
        let nothing = || Refusal::new(Code::NoSuchRoom, "there is no such room");
        found.filter(may).ok_or_else(nothing)
    }

    /// Finds the last message a client said.
    pub(in crate::chat) fn last_sent_message(
        &self,
        from: ClientRef,
    ) -> Result<(RoomId, u64), Refusal> {
        let said = self
            .people
            .clients
            .get(from.slot.index())
            .map(|client| (client.last_sent_in, client.said));
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

    /// Who somebody is to those who moderate, without what the tokens of single connections add.
    pub(in crate::chat) fn actor_of(&self, person: PersonId) -> Option<Actor> {
        let person = self.people.get(person)?;
        let (author, admin) = (person.author, person.admin);
        if person.account {
            return Some(Actor { admin, ..self.account_actor(author, &person.name) });
        }
        let (network, since, name) = (person.network, person.since, Arc::clone(&person.name));
        Some(Actor { author, name, account: false, admin, network, since })
    }

    /// Who an account is to those who moderate.
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

    /// Who somebody is to whom something is to be done: an admin if any of its connections is one.
    pub(in crate::chat) fn target_of(&self, person: PersonId) -> Option<Actor> {
        let actor = self.actor_of(person)?;
        let mut clients = self.people.get(person)?.clients.iter();
        let admin = actor.admin || clients.any(|slot| self.people.is_admin(*slot));
        Some(Actor { admin, ..actor })
    }

    /// Who acts on a connection: with the rights that this very connection has.
    pub(in crate::chat) fn actor_on(&self, slot: ClientSlot) -> Option<Actor> {
        let actor = self.actor_of(self.people.clients.get(slot.index())?.person)?;
        Some(Actor { admin: self.people.is_admin(slot), ..actor })
    }
}
