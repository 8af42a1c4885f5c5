//! Clients: the connections of people, as the chat knows them.

use std::net::IpAddr;

use super::ClientId;
use super::event::Form;
use super::few::Few;
use super::rate::Bucket;
use crate::clock::Moment;

/// Is one connection.
#[derive(Debug)]
pub(super) struct Client {
    /// Its number.
    pub(super) id: ClientId,
    /// Whose it is: the key of a person.
    pub(super) person: u32,
    /// Where it comes from, if that is known.
    pub(super) network: Option<IpAddr>,
    /// The login it came with.
    pub(super) login: Option<Box<LoginMark>>,
    /// How it reads.
    pub(super) form: Form,
    /// Whether it gets back what it said.
    pub(super) echo: bool,
    /// Whether it is being closed and heard no more.
    pub(super) closing: bool,
    /// Whether it knows that nobody speaks as another.
    pub(super) warned: bool,
    /// Errors since it last did something right.
    pub(super) errors: u8,
    /// The rooms it is in, in the order of joining; the last one is current.
    pub(super) seats: Few<Seat>,
    /// What it may send.
    pub(super) sends: Bucket,
    /// What it may ask.
    pub(super) queries: Bucket,
    /// How often it may say that it is typing.
    pub(super) hints: Bucket,
    /// Since when it has been sending more than it may; [`Moment::NEVER`]: it has not.
    pub(super) flooding: Moment,
    /// Whether it has been doing so for too long.
    pub(super) flooded: bool,
    /// The room of the last message it said.
    pub(super) said_in: u32,
    /// The last message it said, 0 for none.
    pub(super) said: u64,
}

/// Names the login of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LoginMark {
    /// Its number.
    pub(super) id: [u8; 16],
    /// When it ends.
    pub(super) expires: Moment,
}

/// Is a client's place in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seat {
    /// The room's key.
    pub(super) room: u32,
    /// Whether it is told what happens.
    pub(super) hearing: Hearing,
    /// Whether the client is there only until it has been told what it missed.
    pub(super) passing: bool,
}

/// Says whether a client is told what happens in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hearing {
    /// Yes: it stands here in the audience.
    Listens(u32),
    /// Not before what was ordered under this number has come; 0: nothing was ordered.
    Waits(u32),
}

impl Client {
    /// Makes a client that is in no room.
    pub(super) fn new(id: ClientId, person: u32, form: Form, echo: bool) -> Self {
        Self {
            id,
            person,
            network: None,
            login: None,
            form,
            echo,
            closing: false,
            warned: false,
            errors: 0,
            seats: Few::default(),
            sends: Bucket::default(),
            queries: Bucket::default(),
            hints: Bucket::default(),
            flooding: Moment::NEVER,
            flooded: false,
            said_in: 0,
            said: 0,
        }
    }

    /// Finds its seat in a room.
    pub(super) fn seat(&mut self, room: u32) -> Option<&mut Seat> {
        self.seats.as_mut_slice().iter_mut().find(|seat| seat.room == room)
    }

    /// Says whether it still waits in a room for what was ordered under this number.
    pub(super) fn waits(&self, room: u32, wait: u32) -> bool {
        let hearing = Hearing::Waits(wait);
        self.seats.as_slice().iter().any(|seat| seat.room == room && seat.hearing == hearing)
    }

    /// Gives the room that bare text goes to.
    pub(super) fn current(&self) -> Option<u32> {
        self.seats.as_slice().last().map(|seat| seat.room)
    }
}
