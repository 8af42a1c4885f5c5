//! The reactor: one thread, sockets, timers and the turn.
//!
//! `net` moves bytes between sockets and [`crate::ws::Endpoint`]s and calls a [`Handler`] with what
//! came of it. It knows nothing of chat: meaning, recipients and storage of messages are the
//! handler's. It does no name resolution and touches no disk.
//!
//! ```text
//! poll → accept → read → wake → deadlines → flush → reap
//! ```
//!
//! Each phase ends before the next begins and leaves work to others in queues: frames to send in
//! `queue::Frames`, connections to write to in the dirty set, connections to remove in the doomed
//! list. So there is one write per connection and turn, and no connection disappears in the middle
//! of a turn.
//!
//! Connections that are ready are served in turn: each has a budget of bytes, messages and time, and
//! nobody is served again before everybody ready was served once. Those that took long when they
//! were served last come after the others, but at least one of them each turn: whoever asks for
//! little does not wait for all who ask for much. What is left of a read, and of a phase that took
//! too long, waits for the next turn, which comes at once.
//!
//! Those in a TLS handshake are served after all others, in a time of their own: a handshake costs as
//! much as some hundred messages.
//!
//! A connection counts for the network of its client. A direct one is counted when it is accepted;
//! one from a trusted proxy counts for the client that its PROXY header names, or for the one whose
//! request opens a WebSocket ([`proxy`], `X-Forwarded-For`).
#![cfg_attr(
    not(test),
    deny(clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::unwrap_used)
)]

mod backlog;
mod broadcast;
mod conn;
mod conns;
mod counters;
mod listener;
mod memory;
mod networks;
pub mod proxy;
mod queue;
mod reactor;
mod slices;
mod slots;
pub mod tls;
mod transport;
mod turn;
mod wheel;

use std::time::Duration;

use crate::clock::Moment;
use crate::http::Request;
use crate::ws::{Answer, Closed, Deflated, Message};

use proxy::Trusted;

pub use backlog::{FrameClass, Missed};
pub use broadcast::Broadcast;
pub use conn::ConnId;
pub use counters::{Counters, Gauges, Memory, Refused};
pub use listener::{ListenerId, Transmission};
pub use reactor::Reactor;
pub use turn::Turn;

/// The reactor's limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes read from one connection in one turn. At the limit the connection waits for the next
    /// turn, which comes at once.
    pub read_bytes_per_turn_max: usize,
    /// Messages passed to the handler from one connection in one turn; a request is as much as all of
    /// them. At the limit the rest of what was read is held until the next turn.
    pub messages_per_turn_max: u32,
    /// Time that the messages of one connection may take in one turn. At the limit the rest of what
    /// was read is held until the next turn. After a quarter of it others are served before it, and
    /// all connections that take so long have this time together.
    pub conn_time_per_turn_max: Duration,
    /// Time that reading from all connections may take in one turn, and as much again the handler's
    /// results of workers. At the limit the others wait for the next turn.
    pub phase_max: Duration,
    /// Bytes queued for sending in one turn, for all connections together, each broadcast counted
    /// once. At the limit reading stops until the next turn, which comes at once.
    pub turn_bytes_max: usize,
    /// Bytes that wait for one connection to read them. At the limit the connection *lags*: its
    /// broadcasts are dropped, and it is told what it missed when it reads again. While its queue
    /// is over the limit, replies included, nothing more is read from it; from one that is no
    /// WebSocket nothing is read while it is owed anything.
    pub send_queue_bytes_max: usize,
    /// How long a connection may leave its queue untouched; while it is owed anything, it has no
    /// other deadline. At the limit it is closed with 4102.
    pub lag_max: Duration,
    /// What the kernel may hold for one connection that does not read (`SO_SNDBUF`; Linux doubles
    /// the figure). At the limit the rest waits in the send queue.
    pub socket_send_buffer_bytes: usize,
    /// Connections at once; none: what the file limit allows, less 64. At the limit a request is
    /// answered 503.
    pub connections_max: Option<usize>,
    /// Connections at once from one network (IPv4 address, IPv6 /64); loopback and trusted proxies
    /// are exempt. At the limit a request is answered 429.
    pub connections_per_address_max: Option<usize>,
    /// The peers whose forwarding headers are trusted; no others are.
    pub trusted_proxies: Vec<Trusted>,
    /// Whether connections of trusted proxies must begin with a PROXY header. Without one, or with a
    /// malformed one, they are closed without an answer.
    pub proxy_protocol: bool,
    /// Bytes of memory of connections, their queues and the handler, as far as they are accounted
    /// for. Above it a request of a new connection is answered 503; an eighth above it, connections
    /// that have not taken what waits for them are closed, those with most first, until it holds.
    pub memory_max: Option<u64>,
    /// From a connection's first byte to the end of its TLS handshake. At the limit it is closed.
    pub tls_handshake_within: Duration,
    /// TLS handshakes that wait for their clients at once, each with at most some 40 KB. At the limit
    /// the oldest is closed.
    pub tls_handshakes_max: usize,
    /// Time that TLS handshakes may take in one turn, one of them at least. At the limit the others
    /// wait for the next turn, and while 64 do, no connection is accepted.
    pub tls_time_per_turn_max: Duration,
    /// Connections accepted in one turn. At the limit the others wait for the next turn.
    pub accepts_per_turn_max: usize,
    /// Connections the kernel holds until they are accepted.
    pub backlog: u32,
}

impl Limits {
    /// Returns from when on the service of a connection in one turn has taken long.
    fn slow_from(&self) -> Duration {
        self.conn_time_per_turn_max.checked_div(4).unwrap_or_default()
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            read_bytes_per_turn_max: 64 * 1024,
            messages_per_turn_max: 32,
            conn_time_per_turn_max: Duration::from_millis(1),
            phase_max: Duration::from_millis(5),
            turn_bytes_max: 4 * 1024 * 1024,
            send_queue_bytes_max: 256 * 1024,
            lag_max: Duration::from_secs(30),
            socket_send_buffer_bytes: 64 * 1024,
            connections_max: None,
            connections_per_address_max: Some(64),
            trusted_proxies: Vec::new(),
            proxy_protocol: false,
            memory_max: None,
            tls_handshake_within: Duration::from_secs(5),
            tls_handshakes_max: 1024,
            tls_time_per_turn_max: Duration::from_millis(2),
            accepts_per_turn_max: 64,
            backlog: 4096,
        }
    }
}

/// The application: is called with what happens on the sockets, and acts through the [`Turn`].
///
/// No method may block: slow work (a disk, a password hash) belongs to a worker that wakes the
/// reactor.
pub trait Handler {
    /// Answers an HTTP request. [`Answer::Later`] is completed with [`Turn::respond`].
    fn on_request(&mut self, turn: &mut Turn<'_>, conn: ConnId, request: &Request) -> Answer;

    /// Handles a new WebSocket, opened by `request`.
    fn on_open(&mut self, turn: &mut Turn<'_>, conn: ConnId, request: &Request);

    /// Returns whether a frame of a compressed message may be inflated; if not, the message is
    /// discarded.
    fn on_deflated(&mut self, _turn: &mut Turn<'_>, _conn: ConnId, _deflated: Deflated) -> bool {
        true
    }

    /// Handles a message.
    fn on_message(&mut self, turn: &mut Turn<'_>, conn: ConnId, message: Message);

    /// Handles a part of a body answered with [`Answer::Receive`]; after the last one the response is
    /// due.
    fn on_part(&mut self, _turn: &mut Turn<'_>, _conn: ConnId, _bytes: Vec<u8>, _last: bool) {}

    /// Handles that a connection has taken all that was sent of a response begun with
    /// [`Turn::begin_response`].
    fn on_drained(&mut self, _turn: &mut Turn<'_>, _conn: ConnId) {}

    /// Handles that a streamed body or response ends before it is complete.
    fn on_cut(&mut self, _turn: &mut Turn<'_>, _conn: ConnId) {}

    /// Handles the end of a WebSocket; called once for each [`Handler::on_open`].
    fn on_close(&mut self, turn: &mut Turn<'_>, conn: ConnId, closed: Closed);

    /// Handles that a connection that lagged reads again, having missed these broadcasts.
    fn on_caught_up(&mut self, _turn: &mut Turn<'_>, _conn: ConnId, _missed: &[Missed]) {}

    /// Handles the results of workers; called once per turn, after reading.
    fn on_wake(&mut self, _turn: &mut Turn<'_>) {}

    /// Returns when [`Handler::on_deadline`] is due.
    fn deadline(&self) -> Moment {
        Moment::NEVER
    }

    /// Handles that [`Handler::deadline`] has passed.
    fn on_deadline(&mut self, _turn: &mut Turn<'_>) {}

    /// Returns the bytes of memory that the handler has, as far as they are accounted for; called
    /// once per turn.
    fn memory(&self) -> usize {
        0
    }

    /// Whether a request is passed on although the server is full: one by which it is watched.
    fn serves_when_full(&self, _request: &Request) -> bool {
        false
    }

    /// Handles a signal watched with [`Reactor::watch_signals`].
    fn on_signal(&mut self, _turn: &mut Turn<'_>, _signal: i32) {}
}
