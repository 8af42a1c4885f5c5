//! Clients: the chat's state of each connection.

use std::net::IpAddr;

use crate::chat::few::Few;
use crate::chat::ids::{ClientId, ClientSlot, PersonId, RoomId};
use crate::chat::output_mode::OutputMode;
use crate::chat::record::AuthorKey;
use crate::clock::Moment;
use crate::rate::Bucket;

/// A connection whose event is being handled, with all its ids: looked up once per event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::chat) struct ClientRef {
    /// Its id outside the chat.
    pub(in crate::chat) id: ClientId,
    /// Its slot in [`People::clients`](super::People::clients).
    pub(in crate::chat) slot: ClientSlot,
    /// Its person.
    pub(in crate::chat) person: PersonId,
    /// The author of its person.
    pub(in crate::chat) author: AuthorKey,
}

/// One connection.
#[derive(Debug)]
pub(in crate::chat) struct Client {
    /// Its id.
    pub(in crate::chat) id: ClientId,
    /// Its person.
    pub(in crate::chat) person: PersonId,
    /// When it was opened, in Unix milliseconds.
    pub(in crate::chat) since: u64,
    /// The network it comes from, if known.
    pub(in crate::chat) network: Option<IpAddr>,
    /// The login it was opened with.
    pub(in crate::chat) login: Option<Box<ClientLogin>>,
    /// The form in which it reads events.
    pub(in crate::chat) mode: OutputMode,
    /// Whether it receives its own messages.
    pub(in crate::chat) echo: bool,
    /// Whether it is in all rooms of its account, and hears of changes to them.
    pub(in crate::chat) memberships: bool,
    /// Whether it handles close code 1012, service restart.
    pub(in crate::chat) knows_restart: bool,
    /// Whether it is being closed; its events are ignored.
    pub(in crate::chat) closing: bool,
    /// Whether it was told that `sender` in its events is ignored.
    pub(in crate::chat) warned: bool,
    /// Bucket of its errors.
    pub(in crate::chat) errors: Bucket,
    /// The rooms it has joined, in that order; the last one is current.
    pub(in crate::chat) subscriptions: Few<Subscription>,
    /// Bucket of the work of all its messages.
    pub(in crate::chat) work: Bucket,
    /// Since when it has exceeded its work rate; [`Moment::NEVER`]: it has not.
    pub(in crate::chat) overworking: Moment,
    /// Number of pages and searches it waits for; while there are any, nothing is read from it.
    pub(in crate::chat) answers_due: u32,
    /// Bucket of its sends.
    pub(in crate::chat) sends: Bucket,
    /// Bucket of its queries.
    pub(in crate::chat) queries: Bucket,
    /// Bucket of its typing events.
    pub(in crate::chat) hints: Bucket,
    /// Since when it has exceeded its send rate; [`Moment::NEVER`]: it has not.
    pub(in crate::chat) flooding: Moment,
    /// Whether it is closed for flooding.
    pub(in crate::chat) flooded: bool,
    /// The room of its last message.
    pub(in crate::chat) last_sent_in: RoomId,
    /// The `mid` of its last message; 0 for none.
    pub(in crate::chat) last_sent: u64,
}

/// The login of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::chat) struct ClientLogin {
    /// Its id.
    pub(in crate::chat) id: [u8; 16],
    /// When it expires.
    pub(in crate::chat) expires: Moment,
    /// Whether its token grants this connection admin rights.
    pub(in crate::chat) admin: bool,
}

/// A client's subscription to a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::chat) struct Subscription {
    /// The room.
    pub(in crate::chat) room: RoomId,
    /// Whether it receives the room's events.
    pub(in crate::chat) delivery: Delivery,
    /// Whether it ends once the client has received what it missed.
    pub(in crate::chat) replay_only: bool,
}

/// Whether a client receives a room's events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::chat) enum Delivery {
    /// It does: the index into [`Room::audience`](crate::chat::rooms::Room::audience).
    Live(u32),
    /// Not before the page with this wait number has arrived; 0: no page was requested.
    Waiting(u32),
}

impl Client {
    /// Returns a client that has joined no room.
    pub(in crate::chat) fn new(
        id: ClientId,
        person: PersonId,
        mode: OutputMode,
        echo: bool,
    ) -> Self {
        Self {
            id,
            person,
            since: 0,
            network: None,
            login: None,
            mode,
            echo,
            memberships: false,
            knows_restart: false,
            closing: false,
            warned: false,
            errors: Bucket::default(),
            work: Bucket::default(),
            answers_due: 0,
            overworking: Moment::NEVER,
            subscriptions: Few::default(),
            sends: Bucket::default(),
            queries: Bucket::default(),
            hints: Bucket::default(),
            flooding: Moment::NEVER,
            flooded: false,
            last_sent_in: RoomId(0),
            last_sent: 0,
        }
    }

    /// Finds its subscription to a room.
    pub(in crate::chat) fn subscription(&mut self, room: RoomId) -> Option<&mut Subscription> {
        self.subscriptions.as_mut_slice().iter_mut().find(|subscription| subscription.room == room)
    }

    /// Whether its subscription to a room still waits for the page with this wait number.
    pub(in crate::chat) fn waits(&self, room: RoomId, wait: u32) -> bool {
        let delivery = Delivery::Waiting(wait);
        self.subscriptions
            .as_slice()
            .iter()
            .any(|subscription| subscription.room == room && subscription.delivery == delivery)
    }

    /// Returns the current room, which plain text is posted to.
    pub(in crate::chat) fn current(&self) -> Option<RoomId> {
        self.subscriptions.as_slice().last().map(|subscription| subscription.room)
    }
}
