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

mod account;
mod ahead;
mod ask;
mod awaited;
mod client;
mod command;
mod direct;
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
mod log_in;
mod login;
mod mark;
mod moderate;
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
mod rules;
mod seat;
mod seek;
mod stats;
mod status;
mod talk;
mod told;
mod typing;
mod weight;

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;

use slab::Slab;

pub use account::{Account, Registry};
pub use event::{Ask, ClientEvent, Demand, Form, Seek};
pub use hello::Hello;
pub use limit::Limits;
pub use login::Login;
pub use people::author_of;
pub use refusal::{Code, Refusal};
pub use request::{Body, Post, Request, Speaker};
pub use stats::{Busy, Day, Series, Stats};
pub use status::Status;
pub use told::{
    DirectLine, History, Hit, Joined, Missed, Ousted, Resumed, RoomLine, SearchResults,
    ServerEvent, User, Welcome,
};

use crate::clock::{Moment, Now};
use awaited::{Awaited, Tickets};
use client::Client;
use direct::{Directs, Pair};
use mark::Marks;
use people::People;
use rate::Posters;
use recall::Recall;
use record::{Answer, AuthorKey, Fact, Opening, Order, RoomRecord, Shelf};
use room::{Room, Rooms};
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
        /// Who it is known to be.
        visit: Box<Visit>,
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
        /// Where it comes from: those of one network share a rate.
        network: IpAddr,
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
    /// Somebody has logged out: connections of that login end.
    LoggedOut {
        /// Whose login it was.
        author: AuthorKey,
        /// Its number.
        id: [u8; 16],
    },
    /// The deadline has come.
    Due,
    /// The server is going to end.
    Drain {
        /// Randomness: when each client is to come back.
        seed: u64,
    },
}

/// Is what is known of a client beside what it says itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Visit {
    /// Where it comes from: an IPv4 address, or an IPv6 /64.
    pub network: Option<IpAddr>,
    /// Who its token proves it to be.
    pub login: Option<Login>,
    /// Why it is a guest although it has a token.
    pub fault: Option<Refusal>,
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
    /// Tell one side of a private conversation.
    Whisper {
        /// The conversation.
        room: RoomId,
        /// The connections of one of the two.
        to: Vec<Listener>,
        /// What.
        event: ServerEvent,
        /// Not this one.
        except: Option<ClientId>,
        /// The entry's number.
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
    /// Private conversations by who has them.
    directs: Directs,
    /// How far accounts have read.
    marks: Marks,
    /// How much is posted by requests.
    posters: Posters,
    /// How much is asked by requests.
    askers: Posters,
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
    /// Clients whose login ends.
    logins: BTreeSet<(Moment, ClientId)>,
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
            directs: Directs::default(),
            marks: Marks::default(),
            posters: Posters::default(),
            askers: Posters::default(),
            tickets: Tickets::default(),
            recalls: Slab::new(),
            waits: 0,
            typing: Typing::default(),
            tally,
            timers: Timers::default(),
            draining: None,
        };
        let (pairs, facts): (Vec<Fact>, Vec<Fact>) =
            opening.facts.into_iter().partition(|fact| fact.shelf == Shelf::Talks);
        chat.restore_rooms(opening.rooms, &pairs);
        for fact in facts {
            chat.restore_fact(&fact);
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
            Input::Asked { caller, network, request } => self.asked(step, caller, network, request),
            Input::Opened { client, hello, seed, visit } => {
                self.opened(step, client, &hello, seed, *visit);
            }
            Input::Closed { client, timed_out } => self.closed(step, client, timed_out),
            Input::CaughtUp { client, missed } => self.caught_up(step, client, &missed),
            Input::Due => {
                self.grace_due(step);
                self.ghosts_due(step);
                self.presence_due(step);
                self.logins_due(step);
                self.save_marks(step, false);
                self.typing_due(step);
                self.days_due(step);
            }
            Input::LoggedOut { author, id } => {
                self.log_out(step, author, Some(id), "logged out");
            }
            Input::Drain { seed } => self.drain(step, seed),
        }
        self.tell_typed(step);
    }

    /// Says when [`Input::Due`] is to come.
    pub fn deadline(&self) -> Moment {
        let Timers { news, grace, ghosts, logins } = &self.timers;
        let fronts = [news.front(), grace.front(), ghosts.front()];
        let fronts = fronts.into_iter().flatten().map(|(due, _)| *due);
        let logins = logins.first().map(|(due, _)| *due);
        let others = [self.marks.deadline(), self.typing.deadline(), self.tally.deadline()];
        fronts.chain(logins).chain(others).min().unwrap_or(Moment::NEVER)
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

    /// Takes in the rooms of before the start. A conversation that nobody can come back to has no
    /// fact any more and is left where it is.
    fn restore_rooms(&mut self, rooms: Vec<RoomRecord>, pairs: &[Fact]) {
        let pairs: HashMap<&str, &str> =
            pairs.iter().filter_map(|fact| Some((&*fact.key, fact.value.as_deref()?))).collect();
        for record in rooms {
            if !record.key.starts_with('@') {
                self.rooms.restore(record);
            } else if let Some(pair) = pairs.get(&*record.key).and_then(|it| Pair::restore(it)) {
                let authors = pair.authors();
                let room = self.rooms.insert_pair(record.key, pair);
                if let Some(inside) = self.rooms.get_mut(room) {
                    inside.top = record.top;
                }
                self.directs.touch(authors, room);
            }
        }
    }

    fn restore_fact(&mut self, fact: &Fact) {
        let Some(value) = fact.value.as_deref() else { return };
        let (room, rest) = fact.key.split_once('/').unwrap_or((&fact.key, ""));
        match fact.shelf {
            Shelf::Accounts => self.people.accounts_mut().restore(&fact.key, value),
            Shelf::Rooms | Shelf::Standings | Shelf::Bans => {
                let Some(key) = self.rooms.find(room) else { return };
                if let Some(room) = self.rooms.get_mut(key) {
                    room.rules_mut().restore(fact.shelf, rest, value);
                }
                self.rooms.reindex(key);
            }
            Shelf::Marks => self.marks.restore(&fact.key, value),
            Shelf::Talks | Shelf::Revoked | Shelf::Days => {}
        }
    }

    /// Removes a room that nobody would miss.
    fn vacate(&mut self, room: u32) {
        if let Some(authors) = self.rooms.vacate(room) {
            self.directs.remove(authors, room);
        }
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
            Answer::Kept { ticket } => {
                if let Some(Awaited::Account(enrolling)) = self.tickets.take(ticket) {
                    self.enrolled(step, enrolling, Ok(()));
                }
            }
            Answer::Added { room, entry } => self.added(step, &room, &entry),
            // The chat tries each time; only the server's readiness depends on it.
            Answer::Health { .. } => {}
        }
    }

    /// Tells a client that reads again what it was not sent.
    fn caught_up(&self, step: &mut Step<'_>, id: ClientId, missed: &[(RoomId, u64, u64)]) {
        let Some(slot) = self.by_id.get(&id) else { return };
        let Some(client) = self.clients.get(*slot as usize) else { return };
        for &(RoomId(key), from, to) in missed {
            let sits = client.seats.as_slice().iter().any(|seat| seat.room == key);
            let own = self.author_of(*slot);
            let hears = |room: &&Room| sits || (room.pair.is_some() && room.may_read(Some(own)));
            if let Some(room) = self.rooms.get(key).filter(hears) {
                let room = Arc::clone(room.name_for(own));
                step.reply(id, ServerEvent::Gap { room, from, to, why: "slow" });
            }
        }
    }
}
