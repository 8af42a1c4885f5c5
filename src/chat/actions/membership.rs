//! Membership of rooms: a client's subscription, its person's membership, and the audience.
//!
//! ```text
//!       subscribe        page arrived, or none wanted
//! outside ─────▶ Waiting(n) ──────────────────────────▶ Live(at)
//!    ▲             ▲ │                                      │ │
//!    │             │ └──────────────┐        resume         │ │
//!    │             └────────────────┼───────────────────────┘ │
//!    └──────────────────────────────┴─────────────────────────┘
//!                              unsubscribe
//! ```
//! A person is in a room as long as one of its clients is, and for `leave_grace` after the last of
//! them was closed.

use std::net::IpAddr;
use std::sync::Arc;

use crate::chat::Chat;
use crate::chat::effect::Listener;
use crate::chat::few;
use crate::chat::ids::{ClientId, ClientSlot, PersonId, RoomId, number_of};
use crate::chat::names::RoomName;
use crate::chat::people::client::{Delivery, Subscription};
use crate::chat::people::{Membership, telling};
use crate::chat::protocol::error::{Code, Refusal};
use crate::chat::protocol::status::Status;
use crate::chat::rooms::presence::{PresenceChange, PresenceEvent};
use crate::chat::rooms::rules::Actor;
use crate::chat::step::Step;
use crate::clock::Moment;

impl Chat {
    /// Finds the room an actor wants to join, or creates it, from its network's share of rooms;
    /// then the actor is its owner if `owns`.
    pub(in crate::chat) fn room_to_join(
        &mut self,
        step: &Step<'_>,
        who: &Actor,
        owns: bool,
        network: Option<IpAddr>,
        requested: &str,
    ) -> Result<RoomId, Refusal> {
        if requested.trim_start().starts_with('@') {
            return self.direct_or_new(who.author, requested.trim());
        }
        let name = RoomName::parse(requested, &self.limits)
            .or_else(|fault| self.rooms.name_of_existing(requested).ok_or(fault))
            .map_err(|fault| Refusal::new(Code::BadField, fault))?;
        let owner = (owns && !self.limits.is_lobby(&name.key)).then_some(who.author);
        let room = self.rooms.open(&name, owner, telling(network), &self.limits)?;
        let inside = self.rooms.get(room).ok_or_else(Refusal::internal)?;
        let entry = inside.rules().check_entry(who, step.now);
        entry.and_then(|()| inside.check_stays()).map_err(|refusal| refusal.room(&name.name))?;
        Ok(room)
    }

    /// Subscribes a client to a room, not yet in its audience. Presence changes are queued, not
    /// sent.
    pub(in crate::chat) fn subscribe(&mut self, slot: ClientSlot, room: RoomId) {
        let Some(client) = self.people.clients.get_mut(slot.index()) else { return };
        client.subscriptions.push(Subscription {
            room,
            delivery: Delivery::Waiting(0),
            replay_only: false,
        });
        let (id, person) = (client.id, client.person);
        match self.rooms.get_mut(room).and_then(|room| room.direct_room.as_mut()) {
            Some(direct_room) => {
                direct_room.subscriptions = direct_room.subscriptions.saturating_add(1);
            }
            None => self.add_to_room(person, room, id),
        }
    }

    /// Ends a client's subscription to a room. Presence changes are queued, not sent.
    pub(in crate::chat) fn unsubscribe(&mut self, slot: ClientSlot, room: RoomId) {
        self.unlisten(slot, room);
        let Some(client) = self.people.clients.get_mut(slot.index()) else { return };
        if few::take(&mut client.subscriptions, |subscription| subscription.room == room).is_none()
        {
            return;
        }
        let (id, person) = (client.id, client.person);
        self.rooms.leaves_typing(person, id, room);
        self.drop_subscription(person, room);
    }

    /// Removes a connection of a person from a room or a private conversation.
    fn drop_subscription(&mut self, person: PersonId, room: RoomId) {
        if !self.rooms.leave_direct(room) {
            self.remove_connection(person, room);
        }
    }

    /// Adds a connection of a person to a room.
    pub(in crate::chat) fn add_to_room(&mut self, key: PersonId, room: RoomId, client: ClientId) {
        let Some(person) = self.people.get_mut(key) else { return };
        if let Some(membership) = person.membership(room) {
            membership.conns = membership.conns.saturating_add(1);
            return;
        }
        let at = self.rooms.enter(room, key);
        let (conns, timed_out, left) = (1, false, Moment::NEVER);
        person.memberships.push(Membership { room, at, conns, timed_out, left });
        let (user, says) = (Arc::clone(&person.name), person.status.is_some());
        let hue_only = person.status.as_deref().is_some_and(Status::has_only_a_hue);
        let account = person.account;
        self.rooms.note(
            room,
            PresenceChange { what: PresenceEvent::Came, user, account, except: Some(client) },
            &self.limits,
        );
        if says {
            self.note_status(key, room, Some(client), hue_only);
        }
    }

    /// Removes a connection of a person from a room; with the last one, the person leaves.
    pub(in crate::chat) fn remove_connection(&mut self, key: PersonId, room: RoomId) {
        let Some(membership) = self.people.get_mut(key).and_then(|person| person.membership(room))
        else {
            return;
        };
        membership.conns = membership.conns.saturating_sub(1);
        if membership.conns == 0 {
            self.leave_room(key, room, "left");
        }
    }

    /// Ends a person's membership of a room.
    pub(in crate::chat) fn leave_room(&mut self, key: PersonId, room: RoomId, why: &'static str) {
        let Some(person) = self.people.get_mut(key) else { return };
        let Some(membership) =
            few::take(&mut person.memberships, |membership| membership.room == room)
        else {
            return;
        };
        let (user, account) = (Arc::clone(&person.name), person.account);
        if let Some(moved) = self.rooms.exit(room, membership.at)
            && let Some(other) = self.people.get_mut(moved).and_then(|other| other.membership(room))
        {
            other.at = membership.at;
        }
        self.rooms.note(
            room,
            PresenceChange { what: PresenceEvent::Went(why), user, account, except: None },
            &self.limits,
        );
        self.rooms.vacate(room);
    }

    /// Adds a client to a room's audience.
    pub(in crate::chat) fn listen(&mut self, slot: ClientSlot, room: RoomId) {
        let Some(client) = self.people.clients.get_mut(slot.index()) else { return };
        let listener = Listener { client: client.id, mode: client.mode };
        let Some(inside) = self.rooms.get_mut(room) else { return };
        let Some(subscription) = client.subscription(room) else { return };
        match subscription.delivery {
            // A private conversation has no audience: all connections of its participants receive
            // it.
            Delivery::Waiting(_) if inside.direct_room.is_some() => {
                subscription.delivery = Delivery::Live(u32::MAX);
                if subscription.replay_only {
                    self.unsubscribe(slot, room);
                }
            }
            Delivery::Waiting(_) => {
                subscription.delivery = Delivery::Live(number_of(inside.audience.len()));
                inside.audience.push(listener);
            }
            Delivery::Live(_) => {}
        }
    }

    /// Removes a client from a room's audience; it keeps its subscription.
    pub(in crate::chat) fn unlisten(&mut self, slot: ClientSlot, room: RoomId) {
        let Some(client) = self.people.clients.get_mut(slot.index()) else { return };
        let Some(subscription) = client.subscription(room) else { return };
        let Delivery::Live(at) = subscription.delivery else { return };
        subscription.delivery = Delivery::Waiting(0);
        let Some(inside) = self.rooms.get_mut(room) else { return };
        if (at as usize) < inside.audience.len() {
            inside.audience.swap_remove(at as usize);
        }
        if let Some(moved) = inside.audience.get(at as usize).map(|listener| listener.client)
            && let Some(other) = self.people.by_id.get(&moved)
            && let Some(other) = self.people.clients.get_mut(other.index())
            && let Some(subscription) = other.subscription(room)
        {
            subscription.delivery = Delivery::Live(at);
        }
    }

    /// Ends the memberships of people who have not reconnected in time; of nobody once clients are
    /// told to reconnect to the next server.
    pub(in crate::chat) fn grace_due(&mut self, step: &mut Step<'_>) {
        if self.farewell.is_some() {
            self.people.drop_leaves();
        }
        while let Some(leave) = self.people.next_leave(step.now.at, &self.limits) {
            let key = leave.person;
            for membership in leave.memberships {
                let why = if membership.timed_out { "timeout" } else { "closed" };
                self.leave_room(key, membership.room, why);
                self.rooms.tell_presence(step, membership.room, &self.limits);
            }
            if leave.detaches {
                self.detach(step, key);
            }
        }
    }

    /// Marks a subscription to a private conversation as replay only.
    pub(in crate::chat) fn replay_only(&mut self, slot: ClientSlot, room: RoomId) {
        if self.rooms.get(room).is_some_and(|room| room.direct_room.is_some())
            && let Some(subscription) =
                self.people.clients.get_mut(slot.index()).and_then(|it| it.subscription(room))
        {
            subscription.replay_only = true;
        }
    }
}

/// Returns the refusal of a room above the limit of a connection.
pub(in crate::chat) fn too_many_rooms(most: usize) -> Refusal {
    Refusal::new(Code::TooManyRooms, format!("a connection may be in {most} rooms"))
}
