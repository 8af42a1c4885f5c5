//! What the reactor counts: plain integers of its thread, copied when somebody asks.

use std::cell::Cell;
use std::rc::Rc;

use crate::clock::Moment;
use crate::http::Status;
use crate::metrics::{Counts, Histogram};

/// Why a connection, or the WebSocket that it asks for, is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// As many connections are open as may be.
    Connections,
    /// As many are open from its network as may be.
    Network,
    /// More memory is in use than may be.
    Memory,
    /// Its PROXY header is malformed or missing.
    ProxyHeader,
    /// It does not speak TLS to a port with it.
    NoTls,
    /// No file descriptor or memory of the system was left; nothing was answered.
    System,
}

impl Refused {
    /// All reasons.
    pub const ALL: [Self; 6] = [
        Self::Connections,
        Self::Network,
        Self::Memory,
        Self::ProxyHeader,
        Self::NoTls,
        Self::System,
    ];

    /// Returns the reason in one word, for programs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Connections => "connections",
            Self::Network => "network",
            Self::Memory => "memory",
            Self::ProxyHeader => "proxy_header",
            Self::NoTls => "no_tls",
            Self::System => "system",
        }
    }

    /// Returns the status of the answer, where there is one.
    pub(super) fn status(self) -> Status {
        Status(match self {
            Self::Network => 429,
            Self::NoTls => 400,
            _ => 503,
        })
    }

    /// Whether the server as a whole has no place left.
    pub(super) fn is_full(self) -> bool {
        matches!(self, Self::Connections | Self::Memory)
    }

    /// Returns what the log says.
    pub(super) fn cause(self) -> &'static str {
        match self {
            Self::Memory => "out of memory",
            Self::NoTls => "no TLS",
            _ => "too many connections",
        }
    }

    /// Returns the line of the answer.
    pub(super) fn line(self) -> &'static str {
        match self {
            Self::Network => "too many connections from your network",
            Self::Memory => "the server is full; try again later",
            Self::NoTls => "this port is for https:// and wss:// only",
            _ => self.cause(),
        }
    }
}

/// What the reactor has counted since its start.
#[derive(Clone, Debug)]
pub struct Counters {
    /// Connections accepted.
    pub accepted: u64,
    /// Connections and WebSockets refused, by reason.
    pub refused: Counts<Refused>,
    /// Bytes read from sockets.
    pub received_bytes: u64,
    /// Bytes written to sockets.
    pub sent_bytes: u64,
    /// Messages of clients.
    pub received_messages: u64,
    /// Messages queued for a client, replies and deliveries.
    pub sent_messages: u64,
    /// Broadcasts queued for a recipient.
    pub deliveries: u64,
    /// Broadcasts not queued for a recipient, because it lags.
    pub skipped_deliveries: u64,
    /// How long turns took, without waiting for events, in microseconds.
    pub turn_us: Histogram,
    /// Events per turn.
    pub events: Histogram,
}

impl Counters {
    pub(super) fn new() -> Self {
        Self {
            accepted: 0,
            refused: Counts::new(&Refused::ALL),
            received_bytes: 0,
            sent_bytes: 0,
            received_messages: 0,
            sent_messages: 0,
            deliveries: 0,
            skipped_deliveries: 0,
            turn_us: Histogram::new(&TURN_US),
            events: Histogram::new(&EVENTS),
        }
    }
}

/// Bounds of a turn's duration: 100 µs to 1 s.
const TURN_US: [u64; 11] =
    [100, 250, 500, 1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000, 1_000_000];
const EVENTS: [u64; 10] = [0, 1, 2, 5, 10, 25, 50, 100, 250, 1000];

/// Counts one more.
pub(super) fn count(counter: &mut u64) {
    count_many(counter, 1);
}

/// Counts so many more.
pub(super) fn count_many(counter: &mut u64, more: usize) {
    *counter = counter.saturating_add(more as u64);
}

/// What all connections are owed. Each part keeps its share up to date and takes it out when it is
/// dropped.
#[derive(Debug, Default)]
pub(super) struct Owed {
    /// Connections that have not taken all of an earlier turn.
    pub(super) behind: Tally,
    /// Those of them that lag.
    pub(super) lagging: Tally,
    /// Bytes that they have not taken; a frame counts for each.
    pub(super) bytes: Tally,
    /// Frames that wait, for each connection.
    pub(super) waiting: Tally,
    /// Bytes of memory that these frames take; a frame counts once.
    pub(super) frame_bytes: Tally,
}

/// The [`Owed`] of a reactor.
pub(super) type SharedOwed = Rc<Owed>;

/// A number that goes up and down.
#[derive(Debug, Default)]
pub(super) struct Tally(Cell<usize>);

impl Tally {
    pub(super) fn get(&self) -> usize {
        self.0.get()
    }

    /// Replaces a share of `before` by one of `after`.
    pub(super) fn replace(&self, before: usize, after: usize) {
        self.0.set(self.0.get().saturating_add(after).saturating_sub(before));
    }
}

/// The state of all connections at this moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gauges {
    /// Connections, WebSocket or not.
    pub connections: usize,
    /// Connections that have not taken all of an earlier turn.
    pub behind: usize,
    /// Those of them that lag.
    pub lagging: usize,
    /// Bytes that wait for connections to take them.
    pub queued_bytes: usize,
    /// Memory in use.
    pub memory: Memory,
    /// Most memory, if that is limited.
    pub memory_max: Option<u64>,
}

/// Bytes of memory, as far as they are accounted for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Connections themselves.
    pub connections: usize,
    /// Partial requests, frames and messages.
    pub received: usize,
    /// What waits for connections to take it; a frame counts once, whatever their number.
    pub queued: usize,
    /// What the handler has.
    pub handler: usize,
}

impl Memory {
    /// Returns the sum.
    pub fn total(&self) -> u64 {
        let Self { connections, received, queued, handler } = *self;
        [connections, received, queued, handler].into_iter().fold(0, usize::saturating_add) as u64
    }
}

/// The memory in use, and how it stands to the limit.
#[derive(Debug, Default)]
pub(super) struct MemoryState {
    /// Bytes of partial requests, frames and messages.
    pub(super) received: usize,
    /// Bytes of the handler, as of the begin of this turn.
    pub(super) handler: usize,
    /// Whether more is in use than may be.
    pub(super) is_full: bool,
    /// When to look next for connections to close.
    pub(super) relief_from: Moment,
}
