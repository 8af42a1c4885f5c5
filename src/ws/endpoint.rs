//! One connection from its first byte to its last.
//!
//! ```text
//!            first byte           request complete
//!   Idle ──────────────► Reading ──────────────────► Answering
//!    ▲                      │ bad, late                │ │ │
//!    │                      ▼                          │ │ │
//!    └─────────────────── (Shut) ◄─── refused, close ──┘ │ │
//!      answered, keep-alive  ▲ ◄─────────────────────────┼─┘
//!                            │                           │ 101
//!            violation,      │        close()            ▼
//!            peer's Close    ├──────── Closing ◄──────── Open
//!                            │ Close      │               │
//!                            ▼            │ close_within  │ no pong, end of input
//!                          Shut ────────► Over ◄──────────┘
//!                             end of input,
//!                             close_within
//! ```
//!
//! In `Shut` the last word is said: what still comes is thrown away until the peer ends the
//! connection, so that no reset overtakes our last bytes (§7.1.1).

use super::close::{self, Closed, Violation, code};
use super::deflate::{Shared, WindowBits};
use super::frame::{self, Opcode};
use super::handshake;
use super::message::{self, Incoming, Message, Unit, take};
use crate::clock::{Moment, Now};
use crate::http::{Method, Parser, Request, Response, Status};

/// Is what a connection tells its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A request is complete and waits for [`Endpoint::answer`].
    Request(Box<Request>),
    /// A message is complete.
    Message(Message),
    /// The WebSocket has ended. Told exactly once for each that was opened.
    Closed(Closed),
}

/// Is what is to be done with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Open a WebSocket, if the request is a right opening handshake. The protocol is named in
    /// the answer if the client offered it.
    Upgrade {
        /// The subprotocol picked.
        protocol: Option<&'static str>,
    },
    /// Send this.
    Respond(Response),
    /// The answer will come with [`Endpoint::complete`].
    Later,
}

/// Says what the transport has to do once all output is flushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// Nothing: the connection goes on.
    Keep,
    /// Shut down writing, and go on reading.
    Shut,
    /// Close the socket. Flushing may be given up if the peer does not read.
    Drop,
}

/// Is the protocol state of one connection.
#[derive(Debug)]
pub struct Endpoint {
    /// When the last byte came, or the last write went.
    heard: Moment,
    deadline: Moment,
    /// By when a byte must follow our ping; `NEVER` if none is awaited.
    pong_due: Moment,
    /// What has come of a request, and what waits behind one.
    exchange: Option<Box<Exchange>>,
    /// What has come of a frame or message.
    incoming: Option<Box<Incoming>>,
    /// The second in which counting control frames began.
    control_since: u32,
    control_frames: u16,
    /// The code of our Close, once it is sent.
    close_code: u16,
    phase: Phase,
    deflate: Option<WindowBits>,
    /// Whether the request to be answered is a HEAD.
    head_only: bool,
    /// Whether another request may follow the one to be answered.
    keep_alive: bool,
    /// Whether the peer has ended its side.
    ended: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    Reading,
    Answering,
    Open,
    Closing,
    Shut,
    Over,
}

/// Holds the bytes of HTTP that cannot be worked off yet.
#[derive(Debug, Default)]
struct Exchange {
    parser: Parser,
    /// What came behind a request that is being answered; the first `held_read` are worked off.
    held: Vec<u8>,
    held_read: usize,
}

const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

impl Endpoint {
    /// Begins with a connection just accepted, which has to bring its first request in time.
    pub fn new(now: Now, shared: &Shared) -> Self {
        Self {
            heard: now.at,
            deadline: now.at.after(shared.limits.handshake_within),
            pong_due: Moment::NEVER,
            exchange: None,
            incoming: None,
            control_since: 0,
            control_frames: 0,
            close_code: code::ABNORMAL,
            phase: Phase::Reading,
            deflate: None,
            head_only: false,
            keep_alive: true,
            ended: false,
        }
    }

    /// Takes bytes from the front of `input`, appends to `out` what is to be sent, and gives the
    /// next event; `None` when the input is used up. Payloads are unmasked within `input`.
    ///
    /// While an answer is awaited the rest of the input is kept; to have it worked off, call this
    /// once more after the answer, if only with no bytes. After the end input is thrown away.
    pub fn receive(
        &mut self,
        now: Now,
        shared: &mut Shared,
        input: &mut &mut [u8],
        out: &mut Vec<u8>,
    ) -> Option<Event> {
        if !input.is_empty() {
            self.touch(now);
        }
        if self.holds_input() && self.phase != Phase::Answering {
            self.hold(shared, input);
            let event = self.receive_held(now, shared, out);
            if event.is_some() || self.holds_input() {
                return event;
            }
        }
        let event = self.receive_now(now, shared, input, out);
        if event.is_none() && self.ended { self.end() } else { event }
    }

    /// Says whether [`Endpoint::receive`] can make use of input now.
    pub fn wants_input(&self) -> bool {
        self.phase != Phase::Answering
    }

    /// Answers the request handed out last, and says whether the WebSocket is open now.
    ///
    /// An opening handshake that breaks a rule is answered with its error instead.
    pub fn answer(
        &mut self,
        now: Now,
        shared: &mut Shared,
        request: &Request,
        answer: Answer,
        out: &mut Vec<u8>,
    ) -> bool {
        if self.phase != Phase::Answering {
            return false;
        }
        let protocol = match answer {
            Answer::Later => return false,
            Answer::Respond(response) => {
                self.complete(now, shared, &response, out);
                return false;
            }
            Answer::Upgrade { protocol } => protocol,
        };
        match handshake::accept(request, shared.limits.compression, protocol, out) {
            Ok(deflate) => {
                self.phase = Phase::Open;
                self.deflate = deflate.map(|deflate| deflate.window);
                self.heard = now.at;
                self.deadline = now.at.after(shared.limits.ping_after);
                true
            }
            Err(rejection) => {
                self.complete(now, shared, &rejection.response(), out);
                false
            }
        }
    }

    /// Sends the answer that was put off.
    pub fn complete(&mut self, now: Now, shared: &Shared, response: &Response, out: &mut Vec<u8>) {
        if self.phase != Phase::Answering {
            return;
        }
        let keep_alive = self.keep_alive && !response.close;
        response.encode(self.head_only, keep_alive, out);
        if keep_alive {
            self.phase = Phase::Idle;
            self.deadline = now.at.after(shared.limits.keep_alive_within);
        } else {
            self.shut(now, shared);
        }
        if self.ended && !self.holds_input() {
            self.over();
        }
    }

    /// Says whether data frames may be sent.
    pub fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    /// Gives the window size to compress for; `None` if nothing may be compressed.
    pub fn deflate(&self) -> Option<WindowBits> {
        self.deflate
    }

    /// Starts the closing handshake (§7.1.2). Does nothing if it is already on its way.
    ///
    /// The reason is cut between code points to 123 bytes; a code that may not be sent becomes
    /// 1011. On a connection that is still HTTP, ends it after the request being answered.
    pub fn close(&mut self, now: Now, shared: &Shared, code: u16, reason: &str, out: &mut Vec<u8>) {
        match self.phase {
            Phase::Open => {
                close::encode(Some(code), reason, out);
                self.close_code = code;
                self.phase = Phase::Closing;
                self.deadline = now.at.after(shared.limits.close_within);
            }
            Phase::Answering => self.keep_alive = false,
            Phase::Idle | Phase::Reading => self.over(),
            Phase::Closing | Phase::Shut | Phase::Over => {}
        }
    }

    /// Takes note that no more input will come: the peer's FIN, or a transport error.
    ///
    /// A request that is being answered is still answered.
    pub fn on_eof(&mut self, _now: Now) -> Option<Event> {
        self.ended = true;
        if self.phase == Phase::Answering || self.holds_input() { None } else { self.end() }
    }

    /// Gives the moment at which [`Endpoint::on_deadline`] is to be called.
    pub fn deadline(&self) -> Moment {
        self.deadline
    }

    /// Does what is due: answers 408, pings, gives up waiting. Moves the deadline.
    pub fn on_deadline(&mut self, now: Now, shared: &Shared, out: &mut Vec<u8>) -> Option<Event> {
        if now.at < self.deadline {
            return None;
        }
        match self.phase {
            Phase::Reading => {
                let line = "the request took too long";
                self.refuse(now, shared, Response::text(Status(408), line), out);
                None
            }
            Phase::Open => self.on_open_deadline(now, shared, out),
            Phase::Closing => self.end(),
            Phase::Idle | Phase::Answering | Phase::Shut | Phase::Over => {
                self.over();
                None
            }
        }
    }

    /// Says what is to be done with the transport; asked after each call.
    pub fn after(&self) -> After {
        match self.phase {
            Phase::Over => After::Drop,
            Phase::Shut => After::Shut,
            _ => After::Keep,
        }
    }

    /// Takes note that the transport could write: a sign of life.
    pub fn touch(&mut self, now: Now) {
        self.heard = now.at;
        self.pong_due = Moment::NEVER;
    }

    fn receive_now(
        &mut self,
        now: Now,
        shared: &mut Shared,
        input: &mut &mut [u8],
        out: &mut Vec<u8>,
    ) -> Option<Event> {
        match self.phase {
            Phase::Open | Phase::Closing => self.receive_frames(now, shared, input, out),
            Phase::Idle | Phase::Reading => self.receive_request(now, shared, input, out),
            Phase::Answering => {
                self.hold(shared, input);
                None
            }
            Phase::Shut | Phase::Over => {
                *input = &mut [];
                None
            }
        }
    }

    fn receive_request(
        &mut self,
        now: Now,
        shared: &Shared,
        input: &mut &mut [u8],
        out: &mut Vec<u8>,
    ) -> Option<Event> {
        if input.is_empty() {
            return None;
        }
        if self.phase == Phase::Idle {
            self.phase = Phase::Reading;
            self.deadline = now.at.after(shared.limits.handshake_within);
        }
        let mut exchange = self.exchange.take().unwrap_or_default();
        let mut rest: &[u8] = input;
        let result = exchange.parser.feed(&shared.http, &mut rest);
        let taken = input.len().saturating_sub(rest.len());
        take(input, taken);
        if exchange.parser.take_continue() {
            out.extend_from_slice(CONTINUE);
        }
        match result {
            Ok(None) => {
                self.exchange = Some(exchange);
                None
            }
            Ok(Some(request)) => {
                if exchange.held_read < exchange.held.len() {
                    self.exchange = Some(exchange);
                }
                self.phase = Phase::Answering;
                self.deadline = Moment::NEVER;
                self.head_only = request.method == Method::Head;
                // What follows a refused upgrade may be frames: never read it as a request.
                self.keep_alive = request.keep_alive && request.header("upgrade").is_none();
                Some(Event::Request(Box::new(request)))
            }
            Err(error) => {
                let response = Response::text(error.status(), error.reason());
                self.refuse(now, shared, response, out);
                *input = &mut [];
                None
            }
        }
    }

    fn receive_frames(
        &mut self,
        now: Now,
        shared: &mut Shared,
        input: &mut &mut [u8],
        out: &mut Vec<u8>,
    ) -> Option<Event> {
        loop {
            let unit = match self.receive_unit(now, shared, input) {
                Ok(Some(unit)) => unit,
                Ok(None) => return None,
                Err(violation) => {
                    *input = &mut [];
                    return Some(self.fail(now, shared, violation, out));
                }
            };
            match unit {
                Unit::Message(message) if self.is_open() => return Some(Event::Message(message)),
                // Our Close is sent: only the peer's Close counts any more.
                Unit::Message(_) => {}
                Unit::Close(body) => {
                    *input = &mut [];
                    return Some(self.on_close(now, shared, &body, out));
                }
                Unit::Ping(_) | Unit::Pong if self.has_too_many_controls(now, shared) => {
                    *input = &mut [];
                    let violation = Violation::TooManyControlFrames;
                    return Some(self.fail(now, shared, violation, out));
                }
                Unit::Ping(payload) if self.is_open() => {
                    frame::encode(Opcode::Pong, false, &payload, out);
                }
                Unit::Ping(_) | Unit::Pong => {}
            }
        }
    }

    fn receive_unit(
        &mut self,
        now: Now,
        shared: &mut Shared,
        input: &mut &mut [u8],
    ) -> Result<Option<Unit>, Violation> {
        if input.is_empty() {
            return Ok(None);
        }
        let deflate = self.deflate.is_some();
        if self.incoming.is_none() {
            let unit = message::take_whole(shared, deflate, input)?;
            if unit.is_some() {
                return Ok(unit);
            }
            if self.is_open() {
                let message_due = now.at.after(shared.limits.message_within);
                self.deadline = self.deadline.min(message_due);
            }
        }
        let mut incoming = self.incoming.take().unwrap_or_else(|| Box::new(Incoming::new(now.at)));
        let unit = incoming.receive(shared, deflate, input)?;
        if !incoming.is_empty() {
            self.incoming = Some(incoming);
        }
        Ok(unit)
    }

    /// Counts a ping or pong: each costs work and moves nothing forward.
    fn has_too_many_controls(&mut self, now: Now, shared: &Shared) -> bool {
        let span = shared.limits.control_frames_within.as_secs().max(1);
        let second = now.at.as_millis().saturating_div(1000);
        let second = u32::try_from(second).unwrap_or(u32::MAX);
        if u64::from(second.saturating_sub(self.control_since)) >= span {
            self.control_since = second;
            self.control_frames = 0;
        }
        self.control_frames = self.control_frames.saturating_add(1);
        self.control_frames > shared.limits.control_frames_max
    }

    /// §5.5.1: answers the peer's Close with its own code, or takes it as the answer to ours.
    fn on_close(&mut self, now: Now, shared: &Shared, body: &[u8], out: &mut Vec<u8>) -> Event {
        let (code, reason) = match close::parse(body) {
            Ok(parsed) => parsed,
            Err(violation) => return self.fail(now, shared, violation, out),
        };
        let was_open = self.is_open();
        self.shut(now, shared);
        if !was_open {
            return Event::Closed(Closed::ByUs { code: self.close_code });
        }
        close::encode(code, "", out);
        Event::Closed(Closed::ByPeer { code, reason: reason.into() })
    }

    /// Fails the connection (§7.1.7): one Close, unless ours is sent, and not a byte more is read.
    fn fail(
        &mut self,
        now: Now,
        shared: &Shared,
        violation: Violation,
        out: &mut Vec<u8>,
    ) -> Event {
        let was_open = self.is_open();
        self.shut(now, shared);
        if !was_open {
            return Event::Closed(Closed::ByUs { code: self.close_code });
        }
        close::encode(Some(violation.close_code()), violation.reason(), out);
        Event::Closed(Closed::Failed(violation))
    }

    fn on_open_deadline(&mut self, now: Now, shared: &Shared, out: &mut Vec<u8>) -> Option<Event> {
        let limits = &shared.limits;
        let message_due = self
            .incoming
            .as_ref()
            .map_or(Moment::NEVER, |incoming| incoming.started.after(limits.message_within));
        if message_due <= now.at {
            return Some(self.fail(now, shared, Violation::MessageTooSlow, out));
        }
        if self.pong_due <= now.at {
            // Nobody is there to answer: no closing handshake.
            close::encode(Some(code::NO_PONG), "no pong", out);
            self.over();
            return Some(Event::Closed(Closed::NoPong));
        }
        let ping_due = self.heard.after(limits.ping_after);
        if self.pong_due == Moment::NEVER && ping_due <= now.at {
            frame::encode(Opcode::Ping, false, &[], out);
            self.pong_due = now.at.after(limits.pong_within);
        }
        let life_due = if self.pong_due == Moment::NEVER { ping_due } else { self.pong_due };
        self.deadline = life_due.min(message_due);
        None
    }

    fn refuse(&mut self, now: Now, shared: &Shared, response: Response, out: &mut Vec<u8>) {
        response.with_close().encode(false, false, out);
        self.shut(now, shared);
    }

    /// The last word is said.
    fn shut(&mut self, now: Now, shared: &Shared) {
        self.over();
        if !self.ended {
            self.phase = Phase::Shut;
            self.deadline = now.at.after(shared.limits.close_within);
        }
    }

    /// Nothing more can come of this connection.
    fn over(&mut self) {
        self.phase = Phase::Over;
        self.deadline = Moment::NEVER;
        self.exchange = None;
        self.incoming = None;
    }

    /// Ends with what the peer's silence makes of it.
    fn end(&mut self) -> Option<Event> {
        let closed = match self.phase {
            Phase::Answering => return None,
            Phase::Open => Some(Closed::Lost),
            Phase::Closing => Some(Closed::ByUs { code: self.close_code }),
            _ => None,
        };
        self.over();
        closed.map(Event::Closed)
    }

    fn holds_input(&self) -> bool {
        self.exchange.as_ref().is_some_and(|it| it.held_read < it.held.len())
    }

    /// Keeps `input` for later.
    fn hold(&mut self, shared: &Shared, input: &mut &mut [u8]) {
        let bytes = std::mem::take(input);
        if bytes.is_empty() {
            return;
        }
        let exchange = self.exchange.get_or_insert_default();
        let held = exchange.held.len().saturating_sub(exchange.held_read);
        if held.saturating_add(bytes.len()) > shared.limits.pipelined_bytes_max {
            self.over();
        } else {
            exchange.held.extend_from_slice(bytes);
        }
    }

    /// Works off what was held.
    fn receive_held(&mut self, now: Now, shared: &mut Shared, out: &mut Vec<u8>) -> Option<Event> {
        let exchange = self.exchange.as_mut()?;
        let mut held = std::mem::take(&mut exchange.held);
        let mut rest = held.get_mut(exchange.held_read..).unwrap_or_default();
        exchange.held_read = 0;
        let event = self.receive_now(now, shared, &mut rest, out);
        let left = rest.len();
        if left > 0 {
            let exchange = self.exchange.get_or_insert_default();
            exchange.held_read = held.len().saturating_sub(left);
            exchange.held = held;
        }
        event
    }
}
