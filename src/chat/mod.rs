//! The domain of chat: who is there, in which rooms, and what they are told.
//!
//! Pure: things that happen go in ([`Input`]), things to be done come out ([`Effect`]). There is no
//! socket, clock, randomness or thread in here; the same inputs have the same effects. What a room
//! shows is what the keeper of records says it shows ([`record`]): a message is an order first, and
//! is told, and acknowledged, when the order is answered.
//!
//! ```text
//! text ─ parse, command ─▶ ClientEvent ─ ask ─┬─ talk ────▶ Order::Append ─▶ keeper
//!                                             ├─ join, seat, identity, presence
//!                                             ├─ typing, status, stats
//!                                             └─ recall ──▶ Order::Read ───▶ keeper
//! request ───────────────────▶ talk, recall, without a client
//! keeper ─▶ Answer ─┬─ talk ─────▶ ack, broadcast
//!                   └─ recall ───▶ history, missed events, a place in the audience
//! ```
//!
//! A *person* has a name, a session and any number of *clients*, its connections; a client has a
//! *seat* in each of its rooms, its person a *place*. What a room's *audience* holds is all that a
//! broadcast needs.
#![cfg_attr(
    not(test),
    deny(clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::unwrap_used)
)]

mod ask;
mod awaited;
mod client;
mod command;
mod door;
mod event;
mod few;
mod fields;
mod ghost;
mod hello;
mod history;
mod identity;
mod join;
mod limit;
mod name;
mod parse;
mod people;
mod presence;
mod rate;
mod recall;
pub mod record;

#[doc = include_str!("protocol.md")]
pub mod protocol {}

mod refusal;
mod request;
mod room;
mod seat;
mod seek;
mod stats;
mod status;
mod talk;
mod told;
mod typing;
mod weight;

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use slab::Slab;

pub use event::{Ask, ClientEvent, Form, Seek};
pub use hello::Hello;
pub use limit::Limits;
pub use refusal::{Code, Refusal};
pub use request::{Body, Post, Request};
pub use stats::{Busy, Day, Series, Stats};
pub use status::Status;
pub use told::{
    History, Hit, Joined, Missed, Resumed, RoomLine, SearchResults, ServerEvent, User, Welcome,
};

use crate::clock::{Moment, Now};
use awaited::{Awaited, Tickets};
use client::Client;
use people::People;
use rate::Posters;
use recall::Recall;
use record::{Answer, Opening, Order};
use room::Rooms;
use stats::Tally;
use talk::Numbered;
use typing::Typing;

/// Names an open WebSocket; its carrier numbers them and never uses a number again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(pub u64);

/// Names a live room, and its broadcasts as a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomId(pub u32);

/// Is a client that is told what happens in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listener {
    /// The client.
    pub client: ClientId,
    /// How it reads.
    pub form: Form,
}

/// Is something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A WebSocket is open.
    Opened {
        /// Its number.
        client: ClientId,
        /// What its request said.
        hello: Hello,
        /// Random bytes: the key of its session, if it gets a new one.
        seed: [u8; 16],
    },
    /// A client said something.
    Received {
        /// The client.
        client: ClientId,
        /// What it said, or why that is nothing.
        event: Result<ClientEvent, Refusal>,
    },
    /// Something is asked without a WebSocket; [`Effect::Respond`] answers it, once.
    Asked {
        /// Its number; it comes from where those of clients come from.
        caller: ClientId,
        /// What is asked.
        request: Request,
    },
    /// A WebSocket is closed.
    Closed {
        /// Its number.
        client: ClientId,
        /// Whether it fell silent.
        timed_out: bool,
    },
    /// A connection that lagged reads again.
    CaughtUp {
        /// The client.
        client: ClientId,
        /// The entries it was not sent: first and last of each room.
        missed: Vec<(RoomId, u64, u64)>,
    },
    /// The keeper of records answers.
    Answered(Answer),
    /// The deadline has come.
    Due,
    /// The server is going to end.
    Drain {
        /// Randomness: when each client is to come back.
        seed: u64,
    },
}

/// Is something to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Tell one client.
    Reply {
        /// The client.
        client: ClientId,
        /// What.
        event: ServerEvent,
    },
    /// Answer a request.
    Respond {
        /// Its number.
        caller: ClientId,
        /// With what: a list of rooms, a page, an `ack` or an error.
        event: ServerEvent,
    },
    /// Tell the audience of a room.
    Broadcast {
        /// The room.
        room: RoomId,
        /// What.
        event: ServerEvent,
        /// Not this one.
        except: Option<ClientId>,
        /// The entry's number; what has none is the first to be dropped for a slow client.
        seq: Option<u64>,
    },
    /// Tell the audience of a room what means something only now: the first to be dropped for a
    /// slow client.
    Hint {
        /// The room.
        room: RoomId,
        /// What.
        event: ServerEvent,
        /// Not these.
        except: Vec<ClientId>,
    },
    /// Pass this on to the keeper of records.
    Order(Order),
    /// Close a client's WebSocket.
    Close {
        /// The client.
        client: ClientId,
        /// The close code.
        code: u16,
        /// What it says.
        reason: Cow<'static, str>,
    },
}

/// Holds everybody and every room.
#[derive(Debug)]
pub struct Chat {
    limits: Limits,
    /// Names this incarnation of the journal.
    epoch: Arc<str>,
    /// What an `ack` promises.
    durable: &'static str,
    clients: Slab<Client>,
    by_id: HashMap<ClientId, u32>,
    people: People,
    /// How many people are ghosts.
    ghosts: usize,
    rooms: Rooms,
    /// How much is posted by requests.
    posters: Posters,
    /// Orders under way.
    tickets: Tickets,
    /// Returns under way.
    recalls: Slab<Recall>,
    /// The number of the last wait for a page.
    waits: u32,
    typing: Typing,
    tally: Tally,
    timers: Timers,
    /// The randomness of the farewell, once it has begun.
    draining: Option<u64>,
}

/// Holds what is due when. In each queue all wait equally long, so what came first is due first;
/// what is not true any more is passed over when its time comes.
#[derive(Debug, Default)]
struct Timers {
    /// Rooms whose news are due.
    news: VecDeque<(Moment, u32)>,
    /// People whose connections are gone, until their leave is told.
    grace: VecDeque<(Moment, u32)>,
    /// Ghosts, until their session ends.
    ghosts: VecDeque<(Moment, u32)>,
}

/// Is the present: when it is, and what is to be done.
struct Step<'a> {
    now: Now,
    effects: &'a mut Vec<Effect>,
}

impl Step<'_> {
    fn reply(&mut self, client: ClientId, event: ServerEvent) {
        self.effects.push(Effect::Reply { client, event });
    }

    fn respond(&mut self, caller: ClientId, event: ServerEvent) {
        self.effects.push(Effect::Respond { caller, event });
    }
}

impl Chat {
    /// Starts with nobody there but the ghosts of before.
    pub fn new(limits: Limits, opening: Opening) -> Self {
        let tally = Tally::restored(&opening);
        let mut chat = Self {
            limits,
            epoch: opening.epoch.into(),
            durable: opening.durable,
            clients: Slab::new(),
            by_id: HashMap::new(),
            people: People::default(),
            ghosts: 0,
            rooms: Rooms::default(),
            posters: Posters::default(),
            tickets: Tickets::default(),
            recalls: Slab::new(),
            waits: 0,
            typing: Typing::default(),
            tally,
            timers: Timers::default(),
            draining: None,
        };
        for room in opening.rooms {
            chat.rooms.restore(room);
        }
        for session in opening.sessions {
            chat.restore(session);
        }
        chat
    }

    /// Takes in what happened and appends what is to be done. The effects are to be carried out
    /// in order and before the next input: a broadcast goes to the audience as it is right after
    /// this call.
    pub fn handle(&mut self, now: Now, input: Input, effects: &mut Vec<Effect>) {
        let step = &mut Step { now, effects };
        self.tally.advance(now);
        match input {
            Input::Received { client, event } => self.received(step, client, event),
            Input::Answered(answer) => self.answered(step, answer),
            Input::Asked { caller, request } => self.asked(step, caller, request),
            Input::Opened { client, hello, seed } => self.opened(step, client, &hello, seed),
            Input::Closed { client, timed_out } => self.closed(step, client, timed_out),
            Input::CaughtUp { client, missed } => self.caught_up(step, client, &missed),
            Input::Due => {
                self.grace_due(step);
                self.ghosts_due(step);
                self.presence_due(step);
                self.typing_due(step);
                self.days_due(step);
            }
            Input::Drain { seed } => self.drain(step, seed),
        }
        self.tell_typed(step);
    }

    /// Says when [`Input::Due`] is to come.
    pub fn deadline(&self) -> Moment {
        let Timers { news, grace, ghosts } = &self.timers;
        let fronts = [news.front(), grace.front(), ghosts.front()];
        let first = fronts.into_iter().flatten().map(|(due, _)| *due).min();
        first.unwrap_or(Moment::NEVER).min(self.typing.deadline()).min(self.tally.deadline())
    }

    /// Lists who is told what happens in a room.
    pub fn audience(&self, room: RoomId) -> &[Listener] {
        self.rooms.get(room.0).map_or(&[], |room| &room.audience)
    }

    /// Says how a client reads.
    pub fn form(&self, client: ClientId) -> Form {
        let client = self.by_id.get(&client).and_then(|slot| self.clients.get(*slot as usize));
        client.map_or(Form::Json, |client| client.form)
    }

    /// Gives the limits, for reading events.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Counts the open WebSockets.
    pub fn clients(&self) -> usize {
        self.clients.len()
    }

    /// Counts the rooms with somebody in them.
    pub fn rooms(&self) -> usize {
        self.rooms.live()
    }

    fn answered(&mut self, step: &mut Step<'_>, answer: Answer) {
        match answer {
            Answer::Appended { ticket, seq, mid, ts, duplicate, count } => {
                self.appended(step, ticket, Numbered { seq, mid, ts, duplicate, count });
            }
            Answer::Refused { ticket, why } | Answer::Unread { ticket, why } => {
                self.not_done(step, ticket, why);
            }
            Answer::Page(page) => {
                if let Some(Awaited::Page(paging)) = self.tickets.take(page.ticket) {
                    self.paged(step, paging, Ok(page));
                }
            }
            Answer::Found(finding) => {
                if let Some(Awaited::Finding(seeking)) = self.tickets.take(finding.ticket) {
                    self.found(step, seeking, Ok(finding));
                }
            }
            Answer::Added { room, entry } => self.added(step, &room, &entry),
            // The chat tries each time; only the server's readiness depends on it.
            Answer::Kept { .. } | Answer::Health { .. } => {}
        }
    }

    /// Tells a client that reads again what it was not sent.
    fn caught_up(&self, step: &mut Step<'_>, id: ClientId, missed: &[(RoomId, u64, u64)]) {
        let Some(slot) = self.by_id.get(&id) else { return };
        let Some(client) = self.clients.get(*slot as usize) else { return };
        for &(RoomId(key), from, to) in missed {
            let sits = client.seats.as_slice().iter().any(|seat| seat.room == key);
            if let Some(room) = self.rooms.get(key).filter(|_| sits) {
                let room = Arc::clone(&room.name);
                step.reply(id, ServerEvent::Gap { room, from, to, why: "slow" });
            }
        }
    }
}
