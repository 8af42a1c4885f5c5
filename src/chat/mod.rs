//! The domain of chat: who is there, in which rooms, and what they are told.
//!
//! Pure: things that happen go in ([`Input`]), things to be done come out ([`Effect`]). There is no
//! socket, clock, randomness or thread in here; the same inputs have the same effects. What a room
//! shows is what the keeper of records says it shows ([`record`]): a message is an order first, and
//! is told, and acknowledged, when the order is answered.
//!
//! ```text
//! text ─ protocol::parse ─▶ ClientEvent ─ actions::dispatch ─┬─ post ────────▶ Order::Append
//!                                                            ├─ idempotency ─▶ Order::Recognise
//!                                                            ├─ join, rename, status, typing
//!                                                            └─ resume ──────▶ Order::Read
//! request ─ actions::http ─▶ post, history, without a client
//! Answer ─ pending ─┬─ actions::publish ─▶ ack to the sender, broadcast to the room
//!                   └─ actions::resume ──▶ history, missed events, a place in the audience
//! ```
//!
//! | part | holds |
//! |---|---|
//! | `actions` | what can happen, one file each; the only other place with an `impl Chat` |
//! | `people` | persons, their names, accounts, sessions and connections |
//! | `rooms` | rooms, their audience, rules, news of presence, typing, conversations, read markers |
//! | `pending` | what waits for the journal, as plain data |
//! | `stats` | counters |
//! | `protocol` | what clients say and are told, as plain data, and the parser |
//! | [`record`] | the contract with the journal |
//!
//! Each part names only parts below it; `tests/layers` holds that. A *person* has a name, a session
//! and any number of *clients*, its connections; a client has a *seat* in each of its rooms, its
//! person a *place*. A room's *audience* is all that a broadcast needs.
#![cfg_attr(
    not(test),
    deny(clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::unwrap_used)
)]

mod actions;
mod effect;
mod few;
mod ids;
mod input;
mod limits;
mod names;
mod pending;
mod people;
pub mod protocol;
mod rate;
pub mod record;
mod rooms;
mod stats;
mod step;

use std::net::IpAddr;
use std::sync::Arc;

pub use effect::{Effect, Listener};
pub use ids::{ClientId, RoomId};
pub use input::{Input, Visit};
pub use limits::Limits;
pub use people::author_of;
pub use protocol::account::{Account, Registry};
pub use protocol::client_event::{Ask, ClientEvent, Demand, Form, Seek};
pub use protocol::connect::Hello;
pub use protocol::error::{Code, Refusal};
pub use protocol::login::Login;
pub use protocol::payloads::{
    DirectLine, History, Hit, Joined, Missed, Ousted, Resumed, RoomLine, SearchResults, User,
    Welcome,
};
pub use protocol::request::{Body, Post, Request, Speaker};
pub use protocol::server_event::ServerEvent;
pub use protocol::stats::{Busy, Day, Series, Stats};
pub use protocol::status::Status;

use crate::clock::{Moment, Now};
use crate::rate::{Buckets, Rate};
use pending::{Awaited, Numbered, Pending};
use people::People;
use rate::Payer;
use record::{Answer, Fact, Opening, Shelf};
use rooms::{Room, Rooms};
use stats::Tally;
use step::Step;

/// Everybody and every room.
#[derive(Debug)]
pub struct Chat {
    limits: Limits,
    /// Names this incarnation of the journal.
    epoch: Arc<str>,
    /// What an `ack` promises.
    durable: &'static str,
    people: People,
    rooms: Rooms,
    /// What waits for the journal.
    pending: Pending,
    /// How much is posted by requests.
    posters: Buckets<Payer>,
    /// How much is asked by requests.
    askers: Buckets<IpAddr>,
    tally: Tally,
    /// The randomness of the farewell, once it has begun.
    draining: Option<u64>,
}

impl Chat {
    /// Starts with nobody there but the ghosts of before.
    pub fn new(limits: Limits, opening: Opening) -> Self {
        let tally = Tally::restored(&opening);
        let rate = |tokens: Option<u32>, burst| tokens.and_then(|it| Rate::per_second(it, burst));
        let posts = rate(limits.sends_per_second_max, limits.sends_burst_max);
        let posters = Buckets::new(posts, limits.posters_max);
        let queries = rate(limits.requests_per_second_max, limits.requests_burst_max);
        let askers = Buckets::new(queries, limits.posters_max);
        let mut chat = Self {
            limits,
            epoch: opening.epoch.into(),
            durable: opening.durable,
            people: People::default(),
            rooms: Rooms::default(),
            pending: Pending::default(),
            posters,
            askers,
            tally,
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
                self.rooms.presence_due(step, &self.limits);
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

    /// When [`Input::Due`] is to come.
    pub fn deadline(&self) -> Moment {
        let next = [self.people.deadline(), self.rooms.deadline(), self.tally.deadline()];
        next.into_iter().min().unwrap_or(Moment::NEVER)
    }

    /// Lists who is told what happens in a room.
    pub fn audience(&self, room: RoomId) -> &[Listener] {
        self.rooms.get(room).map_or(&[], |room| &room.audience)
    }

    /// How a client reads.
    pub fn form(&self, client: ClientId) -> Form {
        let client =
            self.people.by_id.get(&client).and_then(|slot| self.people.clients.get(slot.index()));
        client.map_or(Form::Json, |client| client.form)
    }

    /// Returns the limits, for reading events.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Counts the open WebSockets.
    pub fn clients(&self) -> usize {
        self.people.clients.len()
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
            Answer::Unknown { ticket } => {
                if let Some(Awaited::Doubt(doubted)) = self.pending.requests.take(ticket) {
                    self.recognised(step, *doubted, Ok(None));
                }
            }
            Answer::Refused { ticket, why } | Answer::Unread { ticket, why } => {
                self.not_done(step, ticket, why);
            }
            Answer::Page(page) => {
                if let Some(Awaited::Page(paging)) = self.pending.requests.take(page.ticket) {
                    self.paged(step, paging, Ok(page));
                }
            }
            Answer::Found(finding) => {
                if let Some(Awaited::Finding(seeking)) = self.pending.requests.take(finding.ticket)
                {
                    self.found(step, seeking, Ok(finding));
                }
            }
            Answer::Kept { ticket } => {
                if let Some(Awaited::Account(enrolling)) = self.pending.requests.take(ticket) {
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
        let Some(slot) = self.people.by_id.get(&id) else { return };
        let Some(client) = self.people.clients.get(slot.index()) else { return };
        for &(key, from, to) in missed {
            let sits = client.seats.as_slice().iter().any(|seat| seat.room == key);
            let own = self.people.author_of(*slot);
            let hears = |room: &&Room| sits || (room.pair.is_some() && room.may_read(Some(own)));
            if let Some(room) = self.rooms.get(key).filter(hears) {
                let room = Arc::clone(room.name_for(own));
                step.reply(id, ServerEvent::Gap { room, from, to, why: "slow" });
            }
        }
    }
}
