//! The chat domain: people, rooms, and the events they receive.
//!
//! Pure: inputs go in ([`Input`]), effects come out ([`Effect`]). There is no socket, clock,
//! randomness or thread in here; the same inputs have the same effects. A room publishes only what
//! the journal has recorded ([`record`]): a message is first a request to the journal, and is
//! broadcast and acknowledged when the journal has answered.
//!
//! ```text
//! message  text ─ read: charge, parse ─▶ Received ─ dispatch ─▶ post ─▶ append ─▶ Journal(Append)
//!          Answered(Appended) ─ answered ─▶ publish ─▶ ack to the sender, broadcast to the room
//!
//! return   Opened(session, after) ─ connect ─▶ resume ─▶ Journal(Read) for each room
//!          Answered(Page) ─ answered ─▶ resume ─▶ missed entries, then those published meanwhile,
//!                                                  then live: the client is in the audience again
//!
//! retry    refused, but has an id ─ idempotency ─▶ Journal(CheckReplay) ─▶ ack or error
//! HTTP     Asked ─ http ─▶ rooms, history, post, accounts, hooks: one Respond each
//!
//! hooks    publish ─ deliver ─▶ Journal(Read) ─▶ Deliver ─ Delivered ─▶ the next message, or again
//! ```
//!
//! | part | contents |
//! |---|---|
//! | `actions` | handlers of inputs, one file per subject; the only other `impl Chat` |
//! | `people` | people, their names, accounts, sessions, connections and timers |
//! | `rooms` | rooms, audience, presence, typing, rules, private conversations, read markers |
//! | `pending` | what waits for the journal, as plain data |
//! | `uploads` | files that no message carries yet |
//! | `stats` | counters |
//! | [`protocol`] | events of clients and server, as plain data, and the parser |
//! | [`record`] | the contract with the journal |
//!
//! Each part names only parts below it; `tests/layers` enforces that. A *person* has a name, a
//! session and any number of *clients*, its connections. A client has a *subscription* to each of
//! its rooms, its person a *membership*. A room's *audience* lists the clients that a broadcast
//! goes to.
#![cfg_attr(
    not(test),
    deny(clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::unwrap_used)
)]

mod actions;
mod effect;
mod farewell;
mod few;
mod ids;
mod input;
mod limits;
mod names;
mod output_mode;
mod pending;
mod people;
pub mod protocol;
mod rate;
pub mod record;
mod rooms;
mod stats;
mod step;
mod uploads;

use std::net::IpAddr;
use std::sync::Arc;

pub use effect::{Effect, Listener};
pub use ids::{ClientId, RoomId};
pub use input::{Admission, Input};
pub use limits::Limits;
pub use names::hook_of;
pub use output_mode::OutputMode;
pub use people::author_of;
pub use protocol::account::{Account, AccountRequest, Registered};
pub use protocol::administration::{Connection, ListedRoom, Part};
pub use protocol::client_event::{ClientEvent, Command, ModerationRequest, SearchQuery};
pub use protocol::connect::ConnectParams;
pub use protocol::delivery::{Delivered, Delivery};
pub use protocol::error::{Code, Refusal};
pub use protocol::form::{Field, Need, PayloadForm, ValueForm};
pub use protocol::hook::{Hook, HookAction, HookKind, HookPost};
pub use protocol::kind::EventKind;
pub use protocol::literal::is_literal;
pub use protocol::login::Login;
pub use protocol::membership::{Invitation, MembershipSummary, Notify};
pub use protocol::payloads::{
    DirectSummary, History, Hit, Joined, Member, Missed, Pins, ReadState, Removed, Replies,
    Resumed, RoomSummary, SearchResults, User, Welcome,
};
pub use protocol::request::{Body, Credential, NewFile, Post, Request, Uploader};
pub use protocol::server_event::ServerEvent;
pub use protocol::stats::{Busy, Day, Series, Stats};
pub use protocol::status::Status;
pub use uploads::upload_blobs;

use crate::clock::{Moment, Now};
use crate::rate::Buckets;
use farewell::Farewell;
use pending::Pending;
use people::client::Client;
use people::{People, Person};
use rate::{RateKey, Work, download_rate, post_rate, query_rate};
use record::{KeyValue, Namespace, Snapshot};
use rooms::{Room, Rooms};
use stats::Counters;
use step::Step;
use uploads::Uploads;

/// What a connection takes: itself, its entries in lists, and those of the rooms it is in.
const CLIENT_BYTES: usize = size_of::<Client>().saturating_add(256);
/// What a person takes: itself, a name, a key, and its entries in lists.
const PERSON_BYTES: usize = size_of::<Person>().saturating_add(512);
/// What a room takes: itself, a name, and its entries in lists.
const ROOM_BYTES: usize = size_of::<Room>().saturating_add(256);
/// What a hook takes: itself, a name, a URL, and its entries in lists.
const HOOK_BYTES: usize = size_of::<Hook>().saturating_add(512);

/// The state of the chat: all people and all rooms.
#[derive(Debug)]
pub struct Chat {
    limits: Limits,
    /// The journal's incarnation.
    epoch: Arc<str>,
    /// The durability that an `ack` reports.
    durable: &'static str,
    people: People,
    rooms: Rooms,
    /// Everything that waits for the journal.
    pending: Pending,
    /// Buckets of posts over HTTP.
    post_buckets: Buckets<RateKey>,
    /// Buckets of queries over HTTP.
    query_buckets: Buckets<IpAddr>,
    /// Buckets of files that are asked for.
    download_buckets: Buckets<IpAddr>,
    /// Buckets of the work of messages.
    work: Work,
    uploads: Uploads,
    counters: Counters,
    /// The reconnect times, once the server is draining.
    farewell: Option<Farewell>,
}

impl Chat {
    /// Restores the chat from a snapshot; its sessions start detached.
    pub fn new(limits: Limits, opening: Snapshot) -> Self {
        let counters = Counters::restored(&opening);
        let post_buckets = Buckets::new(post_rate(&limits), limits.networks_max);
        let query_buckets = Buckets::new(query_rate(&limits), limits.networks_max);
        let download_buckets = Buckets::new(download_rate(&limits), limits.networks_max);
        let work = Work::new(&limits);
        let uploads = Uploads::new(&limits);
        let mut chat = Self {
            limits,
            epoch: opening.epoch.into(),
            durable: opening.durable,
            people: People::default(),
            rooms: Rooms::default(),
            pending: Pending::default(),
            post_buckets,
            query_buckets,
            download_buckets,
            work,
            uploads,
            counters,
            farewell: None,
        };
        let (pairs, key_values): (Vec<KeyValue>, Vec<KeyValue>) = opening
            .key_values
            .into_iter()
            .partition(|key_value| key_value.namespace == Namespace::DirectRooms);
        chat.restore_rooms(opening.rooms, &pairs);
        chat.restore_key_values(&key_values);
        chat.restore_sessions(opening.sessions, opening.taken_at);
        chat.restore_stamp();
        chat
    }

    /// Handles an input and appends its effects. They must be carried out in order and before the
    /// next input: a broadcast goes to the audience as it is right after this call.
    pub fn handle(&mut self, now: Now, input: Input, effects: &mut Vec<Effect>) {
        let step = &mut Step { now, effects };
        self.counters.advance(now);
        self.people.advance(now);
        match input {
            Input::Received { client, event } => self.received(step, client, event),
            Input::Answered(answer) => self.answered(step, answer),
            Input::Asked { caller, network, request } => self.asked(step, caller, network, request),
            Input::Opened { client, params, seed, admission } => {
                self.opened(step, client, params, seed, *admission);
            }
            Input::Closed { client, timed_out } => self.closed(step, client, timed_out),
            Input::CaughtUp { client, missed } => self.caught_up(step, client, &missed),
            Input::Due => {
                self.grace_due(step);
                self.end_detached(step);
                self.rooms.presence_due(step, &self.limits);
                self.logins_due(step);
                self.save_read_markers(step, false);
                self.typing_due(step);
                self.days_due(step);
                self.uploads_due(step);
            }
            Input::Delivered { hook, seq, outcome } => self.delivered(step, hook, seq, outcome),
            Input::LoggedOut { author, id } => {
                self.log_out(step, author, id, "logged out");
            }
            Input::Announced { message } => self.announce(step, &message),
            Input::Drain { seed } => self.drain(step, seed),
        }
        self.send_to_hooks(step);
        self.tell_typed(step);
    }

    /// Returns when [`Input::Due`] is due.
    pub fn deadline(&self) -> Moment {
        let next = [
            self.people.deadline(),
            self.rooms.deadline(),
            self.counters.deadline(),
            self.uploads.deadline(),
        ];
        next.into_iter().min().unwrap_or(Moment::NEVER)
    }

    /// Returns the audience of a room.
    pub fn audience(&self, room: RoomId) -> &[Listener] {
        self.rooms.get(room).map_or(&[], |room| &room.audience)
    }

    /// Returns the output mode of a client.
    pub fn output_mode(&self, client: ClientId) -> OutputMode {
        let client =
            self.people.by_id.get(&client).and_then(|slot| self.people.clients.get(slot.index()));
        client.map_or(OutputMode::Json, |client| client.mode)
    }

    /// Changes the limits. What exceeds them stays until it ends by itself.
    pub fn set_limits(&mut self, limits: Limits) {
        self.post_buckets.set_limits(post_rate(&limits), limits.networks_max);
        self.query_buckets.set_limits(query_rate(&limits), limits.networks_max);
        self.download_buckets.set_limits(download_rate(&limits), limits.networks_max);
        self.work.set_limits(&limits);
        self.uploads.set_limits(&limits);
        self.people.reschedule(&limits);
        self.limits = limits;
    }

    /// Returns the journal's incarnation.
    pub fn epoch(&self) -> &str {
        &self.epoch
    }

    /// Returns the limits, for parsing events.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Charges a network for a query over HTTP that the server itself answers.
    pub fn charge_request(&mut self, now: Now, network: IpAddr) -> Result<(), Refusal> {
        self.query_buckets.take(now.at, network).map_err(rate::refused)
    }

    /// Returns the bytes of memory that people, their connections, the rooms and their hooks take: each counts
    /// as much as a usual one.
    pub fn memory(&self) -> usize {
        let parts = [
            self.people.clients.len().saturating_mul(CLIENT_BYTES),
            self.people.len().saturating_mul(PERSON_BYTES),
            self.rooms.len().saturating_mul(ROOM_BYTES),
            self.rooms.hooks.len().saturating_mul(HOOK_BYTES),
            self.uploads.memory(),
        ];
        parts.into_iter().fold(0, usize::saturating_add)
    }

    /// Counts the sessions without a connection.
    pub fn detached_sessions(&self) -> usize {
        self.people.detached_sessions()
    }

    /// Counts the open WebSockets.
    pub fn clients(&self) -> usize {
        self.people.clients.len()
    }

    /// Counts the rooms with people in them.
    pub fn rooms(&self) -> usize {
        self.rooms.live()
    }

    /// Sends a client that has caught up a `gap` for each range it was not sent.
    fn caught_up(&self, step: &mut Step<'_>, id: ClientId, missed: &[(RoomId, u64, u64)]) {
        let Some(slot) = self.people.by_id.get(&id) else { return };
        let Some(client) = self.people.clients.get(slot.index()) else { return };
        for &(key, from, to) in missed {
            let is_subscribed =
                client.subscriptions.as_slice().iter().any(|subscription| subscription.room == key);
            let own = self.people.author_of(*slot);
            let hears = |room: &&Room| {
                is_subscribed || (room.direct_room.is_some() && room.may_read(Some(own)))
            };
            if let Some(room) = self.rooms.get(key).filter(hears) {
                let room = Arc::clone(room.name_for(own));
                step.reply(id, ServerEvent::Gap { room, from, to, why: "slow" });
            }
        }
    }
}
