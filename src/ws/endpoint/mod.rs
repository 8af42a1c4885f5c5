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
//! A request whose body is streamed goes from `Answering` to `Receiving` and back, and one whose
//! response is goes on to `Sending`, which ends like `Answering`.
//!
//! In `Shut` all output is sent: input is discarded until the peer ends the connection, so that no
//! reset overtakes our last bytes (§7.1.1).

mod exchange;
mod frames;

use self::exchange::Exchange;
use super::close::{self, Closed};
use super::deflate::{Shared, WindowBits};
use super::handshake;
use super::message::{Deflated, Incoming, Message};
use super::violation::code;
use crate::clock::{Moment, Now};
use crate::http::{Request, Response, Status};
use crate::rate::Bucket;

/// An event of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A request is complete and waits for [`Endpoint::answer`].
    Request(Box<Request>),
    /// A frame of a compressed message has begun. Its payload is inflated by the next calls of
    /// [`Endpoint::receive`], unless [`Endpoint::skip_message`] comes first.
    Deflated(Deflated),
    /// A message is complete.
    Message(Message),
    /// The WebSocket has ended. Returned exactly once for each that was opened.
    Closed(Closed),
    /// A part of a streamed body, see [`Answer::Receive`].
    Part {
        /// The bytes.
        bytes: Vec<u8>,
        /// Whether the body is complete; then the response is due.
        last: bool,
    },
    /// The connection has ended before a streamed body was complete, or before a streamed response
    /// was. Nothing more can be received or sent.
    Cut,
}

/// The handler's answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Open a WebSocket, if the request is a valid opening handshake.
    Upgrade {
        /// The subprotocol, answered if the client offered it.
        protocol: Option<&'static str>,
    },
    /// Send this response.
    Respond(Response),
    /// The response follows with [`Endpoint::complete`].
    Later,
    /// Receive the streamed body of the request ([`Request::streamed`]) in parts; the response
    /// follows with [`Endpoint::complete`], after the last part or before.
    Receive,
}

/// The outcome of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// The WebSocket is open.
    Opened,
    /// The response was appended, but for this rest of its body.
    Responded(&'static [u8]),
    /// The response follows with [`Endpoint::complete`].
    Later,
}

/// What to do with the transport once all output is flushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// Nothing: the connection goes on.
    Keep,
    /// Shut down writing, and continue reading.
    Shut,
    /// Close the socket.
    Drop,
}

/// The protocol state of one connection.
#[derive(Debug)]
pub struct Endpoint {
    /// When the last byte was received, or the last write succeeded.
    heard: Moment,
    deadline: Moment,
    /// By when a byte must follow our ping; `NEVER` without a ping.
    pong_due: Moment,
    /// Held HTTP input.
    exchange: Option<Box<Exchange>>,
    /// The incomplete frame or message.
    incoming: Option<Box<Incoming>>,
    /// Fragments and control frames.
    frames: Bucket,
    /// One more than the second since which there are too many of them; 0 if there are not.
    over_since: u32,
    /// The code of our Close, once it is sent.
    close_code: u16,
    phase: Phase,
    deflate: Option<WindowBits>,
    /// Whether the request being answered is a HEAD.
    head_only: bool,
    /// Whether another request may follow the one being answered.
    keep_alive: bool,
    /// Whether the peer has ended its side.
    ended: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    Reading,
    Answering,
    Receiving,
    Sending,
    Open,
    Closing,
    Shut,
    Over,
}

impl Endpoint {
    /// Returns the endpoint of a connection just accepted.
    pub fn new(now: Now, shared: &Shared) -> Self {
        Self {
            heard: now.at,
            deadline: now.at.after(shared.limits.handshake_within),
            pong_due: Moment::NEVER,
            exchange: None,
            incoming: None,
            frames: Bucket::default(),
            over_since: 0,
            close_code: code::ABNORMAL,
            phase: Phase::Reading,
            deflate: None,
            head_only: false,
            keep_alive: true,
            ended: false,
        }
    }

    /// Takes bytes from the front of `input`, appends output to `out`, and returns the next event;
    /// `None` when the input is used up, or earlier, after a step of inflating: then
    /// [`Endpoint::goes_on`]. Payloads are unmasked within `input`.
    ///
    /// While a request is being answered the rest of the input is held; to process it, call this once
    /// more after the answer, if only with no bytes. After the end input is discarded.
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
        if self.holds_input() && self.wants_input() {
            self.hold(input);
            let event = self.receive_held(now, shared, out);
            if event.is_some() || self.holds_input() {
                return event;
            }
        }
        let event = self.receive_now(now, shared, input, out);
        if event.is_none() && self.ended && input.is_empty() { self.end() } else { event }
    }

    /// Whether [`Endpoint::receive`] is to be called again although it returned no event.
    pub fn goes_on(&self, input: &[u8]) -> bool {
        self.wants_input() && (!input.is_empty() || self.holds_input())
    }

    /// Whether [`Endpoint::receive`] processes input now.
    pub fn wants_input(&self) -> bool {
        !matches!(self.phase, Phase::Answering | Phase::Sending)
    }

    /// Answers the last request.
    ///
    /// An invalid opening handshake is answered with an error.
    pub fn answer(
        &mut self,
        now: Now,
        shared: &mut Shared,
        request: &Request,
        answer: Answer,
        out: &mut Vec<u8>,
    ) -> Answered {
        if self.phase != Phase::Answering {
            return Answered::Later;
        }
        let protocol = match answer {
            Answer::Later => return Answered::Later,
            Answer::Receive => {
                self.begin_receiving(now, shared, out);
                return Answered::Later;
            }
            Answer::Respond(response) => {
                return Answered::Responded(self.complete(now, shared, &response, out));
            }
            Answer::Upgrade { protocol } => protocol,
        };
        let date = shared.date(now);
        match handshake::accept(request, &date, shared.limits.compression, protocol, out) {
            Ok(deflate) => {
                shared.responses.add(Status(101));
                self.phase = Phase::Open;
                self.deflate = deflate.map(|deflate| deflate.window);
                self.heard = now.at;
                self.deadline = now.at.after(shared.limits.ping_after);
                Answered::Opened
            }
            Err(rejection) => {
                Answered::Responded(self.complete(now, shared, &rejection.response(), out))
            }
        }
    }

    /// Whether data frames may be sent.
    pub fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    /// Returns the window size to compress for; `None` if nothing may be compressed.
    pub fn deflate(&self) -> Option<WindowBits> {
        self.deflate
    }

    /// Starts the closing handshake (§7.1.2). Does nothing if it has started.
    ///
    /// The reason is cut between code points to 123 bytes; a code that may not be sent becomes
    /// 1011. A connection that is still HTTP ends after the request being answered.
    pub fn close(&mut self, now: Now, shared: &Shared, code: u16, reason: &str, out: &mut Vec<u8>) {
        match self.phase {
            Phase::Open => {
                close::encode(Some(code), reason, out);
                self.close_code = code;
                self.phase = Phase::Closing;
                self.deadline = now.at.after(shared.limits.close_within);
            }
            Phase::Answering | Phase::Receiving | Phase::Sending => self.keep_alive = false,
            Phase::Idle | Phase::Reading => self.over(),
            Phase::Closing | Phase::Shut | Phase::Over => {}
        }
    }

    /// Closes the connection if it waits for another request.
    pub fn close_idle(&mut self) {
        if self.phase == Phase::Idle {
            self.over();
        }
    }

    /// Handles the end of input: the peer's FIN, or a transport error.
    ///
    /// A request that is being answered is still answered.
    pub fn on_eof(&mut self, _now: Now) -> Option<Event> {
        self.ended = true;
        if !self.wants_input() || self.holds_input() { None } else { self.end() }
    }

    /// Handles that the connection is lost: input that is held is not handled any more.
    pub fn on_lost(&mut self) -> Option<Event> {
        self.ended = true;
        if self.phase == Phase::Sending {
            self.over();
            return Some(Event::Cut);
        }
        self.end()
    }

    /// Returns when to call [`Endpoint::on_deadline`].
    pub fn deadline(&self) -> Moment {
        self.deadline
    }

    /// Handles the deadline: answers 408, pings, or ends the connection.
    pub fn on_deadline(&mut self, now: Now, shared: &Shared, out: &mut Vec<u8>) -> Option<Event> {
        if now.at < self.deadline {
            return None;
        }
        match self.phase {
            Phase::Reading => {
                self.refuse_late(now, shared, out);
                None
            }
            Phase::Receiving => self.on_body_deadline(now, shared, out),
            Phase::Open => self.on_open_deadline(now, shared, out),
            Phase::Closing => self.end(),
            Phase::Idle | Phase::Answering | Phase::Sending | Phase::Shut | Phase::Over => {
                self.over();
                None
            }
        }
    }

    /// Returns what to do with the transport; check after each call.
    pub fn after(&self) -> After {
        match self.phase {
            Phase::Over => After::Drop,
            Phase::Shut => After::Shut,
            _ => After::Keep,
        }
    }

    /// Handles a sign of life, such as a successful write.
    pub fn touch(&mut self, now: Now) {
        self.heard = now.at;
        self.pong_due = Moment::NEVER;
    }

    /// Handles that the peer has taken all that it was owed: what it is to do next it could not do
    /// before, so its time begins anew.
    pub fn on_drained(&mut self, now: Now, shared: &Shared) {
        self.touch(now);
        let limits = &shared.limits;
        let within = match self.phase {
            Phase::Idle => limits.keep_alive_within,
            Phase::Reading => limits.handshake_within,
            Phase::Receiving => limits.body_within,
            Phase::Closing | Phase::Shut => limits.close_within,
            Phase::Open => {
                if let Some(incoming) = &mut self.incoming {
                    incoming.started = now.at;
                }
                return;
            }
            Phase::Answering | Phase::Sending | Phase::Over => return,
        };
        self.deadline = now.at.after(within);
    }

    /// Whether a WebSocket is open, or in its closing handshake.
    pub fn is_websocket(&self) -> bool {
        matches!(self.phase, Phase::Open | Phase::Closing)
    }

    /// Whether no partial request, frame or message is held.
    pub fn keeps_nothing(&self) -> bool {
        self.exchange.is_none() && self.incoming.is_none()
    }

    /// Returns the bytes of memory that a partial request, frame or message takes.
    pub fn held_memory(&self) -> usize {
        let exchange = self.exchange.as_ref().map_or(0, |exchange| exchange.memory());
        let incoming = self.incoming.as_ref().map_or(0, |incoming| incoming.memory());
        exchange.saturating_add(incoming)
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
            Phase::Receiving => self.receive_body(now, shared, input, out),
            Phase::Answering | Phase::Sending => {
                self.hold(input);
                None
            }
            Phase::Shut | Phase::Over => {
                *input = &mut [];
                None
            }
        }
    }

    /// All output is sent.
    fn shut(&mut self, now: Now, shared: &Shared) {
        self.over();
        if !self.ended {
            self.phase = Phase::Shut;
            self.deadline = now.at.after(shared.limits.close_within);
        }
    }

    /// The connection is over.
    fn over(&mut self) {
        self.phase = Phase::Over;
        self.deadline = Moment::NEVER;
        self.exchange = None;
        self.incoming = None;
    }

    /// Ends the connection after the end of input or a timeout.
    fn end(&mut self) -> Option<Event> {
        let closed = match self.phase {
            Phase::Answering | Phase::Sending => return None,
            Phase::Receiving => {
                self.over();
                return Some(Event::Cut);
            }
            Phase::Open => Some(Closed::Lost),
            Phase::Closing => Some(Closed::ByUs { code: self.close_code }),
            _ => None,
        };
        self.over();
        closed.map(Event::Closed)
    }
}
