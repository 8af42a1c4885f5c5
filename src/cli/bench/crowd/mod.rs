//! All clients, and the loop that turns them.

mod ending;
mod hindering;
mod opening;
mod receiving;
mod sending;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::io;
use std::time::Duration;

use mio::{Events, Poll};

use super::chat::Position;
use super::ledger::Ledger;
use super::link::{Buffers, Link};
use super::marker::{self, Marker, Scanner};
use super::options::Options;
use super::shape::Shape;
use super::tally::Tally;
use super::target::Target;
use super::template::{MARKER, Template};
use crate::clock::Clock;
use crate::server::random;
use crate::ws::client::{Frames, Key, Scratch};

/// How far a client has come.
#[derive(Debug)]
enum Stage {
    /// Without a connection.
    Away,
    Connecting,
    /// In the TLS handshake.
    Securing,
    /// In the opening handshake.
    Upgrading(Key),
    /// The WebSocket is open, and the server has yet to say that the client is in its room.
    Entering,
    There,
    /// It has said goodbye.
    Leaving,
}

/// How a client reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    Freely,
    /// Some bytes now and then.
    Slowly,
    Never,
}

/// A client.
#[derive(Debug)]
struct Client {
    stage: Stage,
    link: Option<Link>,
    frames: Frames,
    /// The beginning of what has not come in full.
    rest: Vec<u8>,
    /// How it reads while clients are hindered.
    handicap: Reading,
    /// When its connection was begun.
    began_us: u64,
    /// Whether it has been there.
    returns: bool,
    /// Whether it has yet to answer a ping of ours.
    owes_pong: bool,
    /// Where it stands in a chinwag.
    position: Option<Box<Position>>,
    /// What has not been acknowledged, with a chinwag.
    unacked: VecDeque<Marker>,
    /// How many messages it may send.
    credit: u32,
}

/// What is to be done at some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    Connect(usize),
    /// What a sender may send again after a refusal.
    Credit(usize, u32),
    /// The question for what was left out.
    Ask(usize),
}

/// The clients.
pub(super) struct Crowd {
    target: Target,
    hello: Vec<String>,
    deflate: bool,
    echo: bool,
    poll: Poll,
    events: Option<Events>,
    clock: Clock,
    now_us: u64,
    clients: Vec<Client>,
    /// By sender.
    templates: Vec<Template>,
    /// The names of the rooms.
    rooms: Vec<String>,
    timers: BinaryHeap<Reverse<(u64, Timer)>>,
    /// Clients that wait for their first connection.
    queue: VecDeque<usize>,
    /// Connections that are being opened.
    pending: usize,
    /// Clients that are there.
    there: usize,
    /// When something last came that had to.
    progress_us: u64,
    /// When anything last came.
    read_us: u64,
    /// Whether senders send as soon as they may.
    sends: bool,
    /// Whether some read badly.
    hindered: bool,
    pub(super) ledger: Ledger,
    pub(super) tally: Tally,
    scanner: Scanner,
    buffers: Buffers,
    scratch: Scratch,
    plain: Vec<u8>,
    frame: Vec<u8>,
    random: u64,
}

/// Most first connections that are being opened at once.
const PENDING_MAX: usize = 256;

impl Crowd {
    /// Makes clients, none of which is connected.
    pub(super) fn new(target: Target, options: &Options) -> io::Result<Self> {
        let [a, b, c] = random::<3>();
        let run = u32::from_be_bytes([0, a, b, c]);
        let Options { clients, senders, rooms, echo, .. } = *options;
        let shape = Shape { run, clients, senders, rooms, echo };
        let chat = options.text.is_none();
        let template = |sender| {
            let (text, bytes) = match &options.text {
                Some(text) => (Template::fill(text, sender, sender % rooms), options.size),
                // The text alone has the size.
                None => (CHAT_TEXT.to_owned(), options.size + CHAT_TEXT_BYTES),
            };
            Template::new(&text, bytes)
        };
        let client = |id: usize| {
            let others = clients - id;
            let handicap = if others <= options.chaos.stall {
                Reading::Never
            } else if others <= options.chaos.stall + options.chaos.slow {
                Reading::Slowly
            } else {
                Reading::Freely
            };
            Client {
                stage: Stage::Away,
                link: None,
                frames: Frames::new(false, 0),
                rest: Vec::new(),
                handicap,
                began_us: 0,
                returns: false,
                owes_pong: false,
                position: chat.then(Box::default),
                unacked: VecDeque::new(),
                credit: 0,
            }
        };
        Ok(Self {
            target,
            hello: options.hello.clone(),
            deflate: options.deflate,
            echo,
            poll: Poll::new()?,
            events: Some(Events::with_capacity(EVENTS)),
            clock: Clock::start(),
            now_us: 0,
            clients: (0..clients).map(client).collect(),
            templates: (0..senders).map(template).collect(),
            rooms: (0..rooms).map(|room| format!("bench-{run:06x}-{room}")).collect(),
            timers: BinaryHeap::new(),
            queue: VecDeque::new(),
            pending: 0,
            there: 0,
            progress_us: 0,
            read_us: 0,
            sends: false,
            hindered: false,
            ledger: Ledger::new(shape),
            tally: Tally::new(),
            scanner: Scanner::new(),
            buffers: Buffers::new(),
            scratch: Scratch::default(),
            plain: Vec::new(),
            frame: Vec::new(),
            random: u64::from_be_bytes(random()),
        })
    }

    /// Reads the clock, and returns the microseconds since the start.
    pub(super) fn now_us(&mut self) -> u64 {
        self.now_us = u64::try_from(self.clock.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.now_us
    }

    /// Begins to connect all clients, over this time.
    pub(super) fn connect_all(&mut self, ramp: Duration) {
        let ramp_us = u64::try_from(ramp.as_micros()).unwrap_or(u64::MAX);
        let (start, count) = (self.now_us(), self.clients.len() as u64);
        for client in 0..self.clients.len() {
            let after_us = (u128::from(ramp_us) * client as u128 / u128::from(count)) as u64;
            self.timers.push(Reverse((start + after_us, Timer::Connect(client))));
        }
    }

    /// Whether all clients are there.
    pub(super) fn is_complete(&self) -> bool {
        self.there == self.clients.len()
    }

    /// Whether no client is on its way any more, as at the end of the ramp.
    pub(super) fn is_decided(&self) -> bool {
        self.pending == 0 && self.queue.is_empty() && self.timers.is_empty()
    }

    /// Returns how many clients are there.
    pub(super) fn there(&self) -> usize {
        self.there
    }

    /// Returns the time since something last came that had to.
    pub(super) fn quiet_us(&self) -> u64 {
        self.now_us.saturating_sub(self.progress_us)
    }

    /// Returns the time since anything last came.
    pub(super) fn silent_us(&self) -> u64 {
        self.now_us.saturating_sub(self.read_us)
    }

    /// Waits for events until this time at most, and handles them.
    ///
    /// # Errors
    /// If the system refuses to wait.
    pub(super) fn turn(&mut self, until_us: u64) -> io::Result<()> {
        let next = self.timers.peek().map_or(until_us, |Reverse((at, _))| until_us.min(*at));
        let wait_us = next.saturating_sub(self.now_us());
        // The system waits for whole milliseconds and wakes late; what is nearer is not waited for.
        let wait = Duration::from_millis((wait_us / 1000).saturating_sub(1));
        let Some(mut events) = self.events.take() else { return Ok(()) };
        let polled = match self.poll.poll(&mut events, Some(wait)) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            polled => polled,
        };
        if polled.is_ok() {
            for event in &events {
                let ends = event.is_read_closed() || event.is_error();
                self.on_event(event.token().0, event.is_readable() || ends, event.is_writable());
            }
        }
        self.events = Some(events);
        self.now_us();
        self.run_timers();
        self.ledger_turn();
        polled
    }

    fn run_timers(&mut self) {
        while let Some(Reverse((at, timer))) = self.timers.peek().copied()
            && at <= self.now_us
        {
            self.timers.pop();
            match timer {
                Timer::Connect(client) if self.clients[client].returns => self.connect(client),
                Timer::Connect(client) => self.queue.push_back(client),
                Timer::Credit(sender, credit) => self.give(sender, credit),
                Timer::Ask(client) => self.ask_again(client),
            }
        }
        while self.pending < PENDING_MAX
            && let Some(client) = self.queue.pop_front()
        {
            self.connect(client);
        }
    }

    /// Lets senders send more whose messages are complete.
    fn ledger_turn(&mut self) {
        for (sender, complete) in self.ledger.take_complete() {
            self.give(sender, complete);
        }
    }

    /// Returns a number that nobody needs to guess.
    fn dice(&mut self) -> u64 {
        // xorshift64; a state of 0 would stay.
        let mut next = self.random | 1;
        next ^= next << 13;
        next ^= next >> 7;
        next ^= next << 17;
        self.random = next;
        next
    }
}

const EVENTS: usize = 2048;

/// What is sent to a chinwag; the id is the marker, too.
const CHAT_TEXT: &str = r#"{"type":"send_message","id":"{marker}","payload":"{marker} {pad}"}"#;
/// Its bytes beside the text.
const CHAT_TEXT_BYTES: usize = CHAT_TEXT.len() - 2 * MARKER.len() - " {pad}".len() + marker::BYTES;
