//! Clients: the connections of people, as the chat knows them.

use std::net::IpAddr;

use crate::chat::few::Few;
use crate::chat::ids::{ClientId, ClientSlot, PersonId, RoomId};
use crate::chat::output_mode::OutputMode;
use crate::chat::record::AuthorKey;
use crate::clock::Moment;
use crate::rate::Bucket;

/// A connection whose event is being handled, with all that names it: found once per event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::chat) struct ClientRef {
    /// The number the server knows it by.
    pub(in crate::chat) id: ClientId,
    /// Its place among the clients.
    pub(in crate::chat) slot: ClientSlot,
    /// Whose connection it is.
    pub(in crate::chat) person: PersonId,
    /// The author that person is.
    pub(in crate::chat) author: AuthorKey,
}

/// One connection.
#[derive(Debug)]
pub(in crate::chat) struct Client {
    /// Its number.
    pub(in crate::chat) id: ClientId,
    /// Whose it is: the key of a person.
    pub(in crate::chat) person: PersonId,
    /// Where it comes from, if that is known.
    pub(in crate::chat) network: Option<IpAddr>,
    /// The login it came with.
    pub(in crate::chat) login: Option<Box<ClientLogin>>,
    /// How it reads.
    pub(in crate::chat) mode: OutputMode,
    /// Whether it gets back what it said.
    pub(in crate::chat) echo: bool,
    /// Whether it knows the close code 1012, service restart.
    pub(in crate::chat) knows_restart: bool,
    /// Whether it is being closed and heard no more.
    pub(in crate::chat) closing: bool,
    /// Whether it knows that nobody speaks as another.
    pub(in crate::chat) warned: bool,
    /// Its errors, as far as they are not forgotten.
    pub(in crate::chat) errors: Bucket,
    /// The rooms it is in, in the order of joining; the last one is current.
    pub(in crate::chat) subscriptions: Few<Subscription>,
    /// What all of its messages cost.
    pub(in crate::chat) work: Bucket,
    /// Since when it has been doing more than it may; [`Moment::NEVER`]: it has not.
    pub(in crate::chat) overworking: Moment,
    /// Pages and searches that it waits for; meanwhile nothing is read from it.
    pub(in crate::chat) answers_due: u32,
    /// What it may send.
    pub(in crate::chat) sends: Bucket,
    /// What it may ask.
    pub(in crate::chat) queries: Bucket,
    /// How often it may say that it is typing.
    pub(in crate::chat) hints: Bucket,
    /// Since when it has been sending more than it may; [`Moment::NEVER`]: it has not.
    pub(in crate::chat) flooding: Moment,
    /// Whether it has been doing so for too long.
    pub(in crate::chat) flooded: bool,
    /// The room of the last message it said.
    pub(in crate::chat) last_sent_in: RoomId,
    /// The last message it said, 0 for none.
    pub(in crate::chat) said: u64,
}

/// Names the login of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::chat) struct ClientLogin {
    /// Its number.
    pub(in crate::chat) id: [u8; 16],
    /// When it ends.
    pub(in crate::chat) expires: Moment,
    /// Whether its token makes an admin of this connection.
    pub(in crate::chat) admin: bool,
}

/// A client's place in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::chat) struct Subscription {
    /// The room's key.
    pub(in crate::chat) room: RoomId,
    /// Whether it is told what happens.
    pub(in crate::chat) delivery: Delivery,
    /// Whether the client is there only until it has been told what it missed.
    pub(in crate::chat) replay_only: bool,
}

/// Whether a client is told what happens in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::chat) enum Delivery {
    /// Yes: it stands here in the audience.
    Live(u32),
    /// Not before what was ordered under this number has come; 0: nothing was ordered.
    Waiting(u32),
}

impl Client {
    /// Makes a client that is in no room.
    pub(in crate::chat) fn new(
        id: ClientId,
        person: PersonId,
        mode: OutputMode,
        echo: bool,
    ) -> Self {
        Self {
            id,
            person,
            network: None,
            login: None,
            mode,
            echo,
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
            said: 0,
        }
    }

    /// Finds its subscription in a room.
    pub(in crate::chat) fn subscription(&mut self, room: RoomId) -> Option<&mut Subscription> {
        self.subscriptions.as_mut_slice().iter_mut().find(|subscription| subscription.room == room)
    }

    /// Whether it still waits in a room for what was ordered under this number.
    pub(in crate::chat) fn waits(&self, room: RoomId, wait: u32) -> bool {
        let delivery = Delivery::Waiting(wait);
        self.subscriptions
            .as_slice()
            .iter()
            .any(|subscription| subscription.room == room && subscription.delivery == delivery)
    }

    /// Returns the room that bare text goes to.
    pub(in crate::chat) fn current(&self) -> Option<RoomId> {
        self.subscriptions.as_slice().last().map(|subscription| subscription.room)
    }
}
