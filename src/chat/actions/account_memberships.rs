//! Memberships of accounts: kept across connections and restarts, and the same on all connections
//! that ask for them.

use std::net::IpAddr;
use std::sync::Arc;

use crate::chat::Chat;
use crate::chat::ids::{ClientSlot, RoomId};
use crate::chat::people::client::ClientRef;
use crate::chat::protocol::error::{Code, Refusal};
use crate::chat::protocol::fields::Key;
use crate::chat::protocol::membership::{MembershipSummary, Notify};
use crate::chat::protocol::server_event::ServerEvent;
use crate::chat::rate::refused;
use crate::chat::record::AuthorKey;
use crate::chat::rooms::memberships::{AccountMembership, ORDER_MAX};
use crate::chat::step::Step;
use crate::clock::Now;

impl Chat {
    /// Makes the account of a client a member of a room that it has joined, and has its other
    /// connections that ask for memberships join, too. Answers the invitation to it. Returns
    /// whether the membership is new.
    pub(in crate::chat) fn become_member(
        &mut self,
        step: &mut Step<'_>,
        from: ClientRef,
        room: RoomId,
    ) -> bool {
        let Some(inside) = self.rooms.get(room).filter(|room| room.direct_room.is_none()) else {
            return false;
        };
        let (key, name) = (Arc::clone(&inside.key), Arc::clone(&inside.name));
        self.end_invitation(step, from.author, &key, "accepted", Some(from.id));
        let memberships = &mut self.rooms.memberships;
        if self.people.accounts().get(from.author).is_none()
            || memberships.get(from.author, &key).is_some()
            || memberships.count(from.author) >= self.limits.memberships_max
        {
            return false;
        }
        let order = memberships.last_order(from.author);
        let membership = AccountMembership { name, notify: Notify::All, order };
        let key_value = memberships.put(from.author, &key, membership);
        step.put(vec![key_value]);
        for other in self.other_member_clients(from) {
            self.join_along(step, other, room);
            step.reply(other.id, self.membership(from.author, room, None));
        }
        true
    }

    /// Changes the level or the place of a membership.
    pub(in crate::chat) fn set_membership(
        &mut self,
        step: &mut Step<'_>,
        from: ClientRef,
        re: Option<Arc<str>>,
        named: Option<&str>,
        (notify, order): (Option<Notify>, Option<u64>),
    ) -> Result<(), Refusal> {
        if self.people.accounts().get(from.author).is_none() {
            return Err(Refusal::new(Code::AuthRequired, "only accounts have memberships"));
        }
        if notify.is_none() && order.is_none() {
            return Err(Refusal::new(Code::MissingField, "notify or order is missing"));
        }
        if order.is_some_and(|order| order > ORDER_MAX) {
            return Err(Key::Order.expects("a number below 2^53"));
        }
        let room = self.room_of(from, named)?;
        self.rooms.get(room).ok_or_else(Refusal::internal)?.check_stays()?;
        self.become_member(step, from, room);
        let key = self.rooms.get(room).map(|room| Arc::clone(&room.key)).unwrap_or_default();
        let Some(before) = self.rooms.memberships.get(from.author, &key).cloned() else {
            let most = self.limits.memberships_max;
            let message =
                format!("an account may be a member of {most} rooms, and of no conversation");
            return Err(Refusal::new(Code::TooManyRooms, message));
        };
        let after = AccountMembership {
            name: Arc::clone(&before.name),
            notify: notify.unwrap_or(before.notify),
            order: order.unwrap_or(before.order),
        };
        if after != before {
            let key_value = self.rooms.memberships.put(from.author, &key, after);
            step.put(vec![key_value]);
        }
        step.reply(from.id, self.membership(from.author, room, re));
        for other in self.other_member_clients(from) {
            step.reply(other.id, self.membership(from.author, room, None));
        }
        Ok(())
    }

    /// Ends the membership of a client's account in a room that the client has left; its other
    /// connections that ask for memberships leave, too.
    pub(in crate::chat) fn end_membership(
        &mut self,
        step: &mut Step<'_>,
        from: ClientRef,
        room: RoomId,
        (key, name): (&Arc<str>, &Arc<str>),
    ) {
        let Some(key_value) = self.rooms.memberships.remove(from.author, key) else { return };
        step.put(vec![key_value]);
        for other in self.other_member_clients(from) {
            if self.people.is_subscribed(other.slot, room) {
                self.unsubscribe(other.slot, room);
                let room = Arc::clone(name);
                step.reply(other.id, ServerEvent::Left { re: None, room, removed: None });
            }
        }
    }

    /// Ends the membership and the invitation of an author who may not be in a room any more.
    pub(in crate::chat) fn revoke_membership(
        &mut self,
        step: &mut Step<'_>,
        author: AuthorKey,
        room: RoomId,
    ) {
        let Some(key) = self.rooms.get(room).map(|room| Arc::clone(&room.key)) else { return };
        self.end_invitation(step, author, &key, "withdrawn", None);
        let key_value = self.rooms.memberships.remove(author, &key);
        step.put(key_value.into_iter().collect());
    }

    /// Lists the memberships of an account in its order.
    pub(in crate::chat) fn memberships_of(&self, author: AuthorKey) -> Vec<MembershipSummary> {
        let summary = |membership: &AccountMembership| {
            let AccountMembership { name, notify, order } = membership.clone();
            MembershipSummary { room: name, notify, order }
        };
        self.rooms.memberships.of(author).into_iter().map(summary).collect()
    }

    /// Returns the names of the rooms that a new connection joins because its account is a member,
    /// and charges its network for so many.
    ///
    /// # Errors
    /// If the rate of its network is exceeded.
    pub(in crate::chat) fn rooms_of_account(
        &mut self,
        now: Now,
        author: AuthorKey,
        network: Option<IpAddr>,
    ) -> Result<Vec<Arc<str>>, Refusal> {
        let count = self.rooms.memberships.count(author);
        let price = u32::try_from(count / ROOMS_PER_UNIT).unwrap_or(u32::MAX);
        // Loopback addresses are not counted as a network, as with messages.
        if let Some(network) = network.filter(|network| !network.is_loopback() && price > 0) {
            self.work.networks.take_many(now.at, network, price).map_err(refused)?;
        }
        let memberships = self.rooms.memberships.of(author);
        Ok(memberships.into_iter().map(|membership| Arc::clone(&membership.name)).collect())
    }

    /// Returns how many rooms a connection may be in.
    pub(in crate::chat) fn rooms_max(&self, slot: ClientSlot) -> usize {
        let client = self.people.clients.get(slot.index());
        let most = self.limits.rooms_per_client_max;
        match client.is_some_and(|client| client.memberships) {
            true => most.max(self.limits.memberships_max),
            false => most,
        }
    }

    /// Lists the other connections of a client's author that ask for memberships.
    pub(in crate::chat) fn other_member_clients(&self, from: ClientRef) -> Vec<ClientRef> {
        let mut others = self.people.member_clients(from.author);
        others.retain(|other| other.id != from.id);
        others
    }

    /// Subscribes a connection to a room that another of its account has joined.
    fn join_along(&mut self, step: &mut Step<'_>, client: ClientRef, room: RoomId) {
        let Some((state, _)) = self.people.client(client.slot) else { return };
        let (current, count) = (state.current(), state.subscriptions.as_slice().len());
        if self.people.is_subscribed(client.slot, room) || count >= self.rooms_max(client.slot) {
            return;
        }
        self.subscribe(client.slot, room);
        if let Some(current) = current {
            self.people.make_current(client.slot, current);
        }
        if let Some(joined) = self.joined(client.author, room, None) {
            step.reply(client.id, ServerEvent::Joined(Box::new(joined)));
        }
        self.listen(client.slot, room);
    }

    /// Returns the membership of an account in a room as an event.
    pub(in crate::chat) fn membership(
        &self,
        author: AuthorKey,
        room: RoomId,
        re: Option<Arc<str>>,
    ) -> ServerEvent {
        let inside = self.rooms.get(room);
        let kept = inside.and_then(|inside| self.rooms.memberships.get(author, &inside.key));
        let (notify, order) = kept.map_or((Notify::All, 0), |it| (it.notify, it.order));
        let room = inside.map(|inside| Arc::clone(&inside.name)).unwrap_or_default();
        ServerEvent::Membership { re, membership: MembershipSummary { room, notify, order } }
    }
}

/// The rooms that cost a new connection one unit of work.
const ROOMS_PER_UNIT: usize = 4;
