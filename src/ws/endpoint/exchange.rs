//! The HTTP part of a connection: requests, responses, pipelined input.

use super::{Endpoint, Event, Phase};
use crate::clock::{Moment, Now};
use crate::http::{Method, Parser, Response, Status};
use crate::ws::deflate::Shared;
use crate::ws::message::take;

const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// HTTP input that cannot be processed yet.
#[derive(Debug, Default)]
pub(super) struct Exchange {
    parser: Parser,
    /// Input behind a request that is being answered; the first `held_read` bytes are processed.
    held: Vec<u8>,
    held_read: usize,
    /// Bytes of a streamed body since its deadline was set.
    part_bytes: usize,
}

impl Exchange {
    /// Returns the bytes of memory that it takes.
    pub(super) fn memory(&self) -> usize {
        let buffers = self.parser.memory().saturating_add(self.held.capacity());
        size_of::<Self>().saturating_add(buffers)
    }

    fn has_held(&self) -> bool {
        self.held_read < self.held.len()
    }
}

impl Endpoint {
    /// Sends the response to a request answered with [`Answer::Later`](super::Answer::Later).
    /// Returns the rest of its body, which follows what was appended.
    #[must_use]
    pub fn complete(
        &mut self,
        now: Now,
        shared: &Shared,
        response: &Response,
        out: &mut Vec<u8>,
    ) -> &'static [u8] {
        if !matches!(self.phase, Phase::Answering | Phase::Receiving) {
            return &[];
        }
        shared.responses.add(response.status);
        let keep_alive = self.keeps_alive(shared, response);
        let rest = response.encode(&shared.date(now), self.head_only, keep_alive, out);
        self.finish(now, shared, keep_alive);
        rest
    }

    /// Begins the response to a request answered with [`Answer::Later`](super::Answer::Later), whose
    /// body has this length: so many bytes are to follow, and then [`Endpoint::end_sending`].
    /// Returns whether they are awaited.
    pub fn begin_sending(
        &mut self,
        now: Now,
        shared: &Shared,
        response: &Response,
        length: u64,
        out: &mut Vec<u8>,
    ) -> bool {
        if self.phase != Phase::Answering {
            return false;
        }
        shared.responses.add(response.status);
        self.keep_alive = self.keeps_alive(shared, response);
        response.encode_head(&shared.date(now), Some(length), self.keep_alive, out);
        self.phase = Phase::Sending;
        true
    }

    /// Ends a response whose body has been sent.
    pub fn end_sending(&mut self, now: Now, shared: &Shared) {
        if self.phase == Phase::Sending {
            self.finish(now, shared, self.keep_alive);
        }
    }

    /// Whether the rest of a response follows.
    pub fn is_sending(&self) -> bool {
        self.phase == Phase::Sending
    }

    /// Whether the rest of a streamed body follows.
    pub fn is_receiving(&self) -> bool {
        self.phase == Phase::Receiving
    }

    /// Whether another request may follow this response: not after a body that is left unread.
    fn keeps_alive(&self, shared: &Shared, response: &Response) -> bool {
        let unread = self.exchange.as_ref().is_some_and(|it| it.parser.is_streaming());
        self.keep_alive && !response.close && !shared.draining && !unread
    }

    /// Waits for the next request, or ends the connection.
    fn finish(&mut self, now: Now, shared: &Shared, keep_alive: bool) {
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

    /// Begins to receive a body in parts.
    pub(super) fn begin_receiving(&mut self, now: Now, shared: &Shared, out: &mut Vec<u8>) {
        let Some(exchange) = &mut self.exchange else { return };
        if exchange.parser.take_continue() {
            out.extend_from_slice(CONTINUE);
        }
        exchange.part_bytes = 0;
        self.phase = Phase::Receiving;
        self.deadline = now.at.after(shared.limits.body_within);
    }

    pub(super) fn receive_body(
        &mut self,
        now: Now,
        shared: &Shared,
        input: &mut &mut [u8],
        out: &mut Vec<u8>,
    ) -> Option<Event> {
        let exchange = self.exchange.as_mut()?;
        let (mut rest, mut bytes): (&[u8], _) = (input, Vec::new());
        let result = exchange.parser.feed_part(&shared.http, &mut rest, &mut bytes);
        let taken = input.len().saturating_sub(rest.len());
        take(input, taken);
        exchange.part_bytes = exchange.part_bytes.saturating_add(bytes.len());
        match result {
            Ok(false) if bytes.is_empty() => None,
            Ok(false) => Some(Event::Part { bytes, last: false }),
            Ok(true) => {
                self.phase = Phase::Answering;
                self.deadline = Moment::NEVER;
                if self.exchange.as_ref().is_some_and(|it| !it.has_held()) {
                    self.exchange = None;
                }
                Some(Event::Part { bytes, last: true })
            }
            Err(error) => {
                let path = exchange.parser.path();
                let response = (shared.refusal)(path, error.status(), error.reason());
                self.refuse(now, shared, response, out);
                *input = &mut [];
                Some(Event::Cut)
            }
        }
    }

    /// Goes on if enough of a streamed body has come in time, else answers 408.
    pub(super) fn on_body_deadline(
        &mut self,
        now: Now,
        shared: &Shared,
        out: &mut Vec<u8>,
    ) -> Option<Event> {
        let exchange = self.exchange.as_mut()?;
        if exchange.part_bytes >= shared.limits.body_bytes_min {
            exchange.part_bytes = 0;
            self.deadline = now.at.after(shared.limits.body_within);
            return None;
        }
        self.refuse_late(now, shared, out);
        Some(Event::Cut)
    }

    pub(super) fn receive_request(
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
        let result = exchange.parser.feed_streaming(&shared.http, shared.streams, &mut rest);
        let taken = input.len().saturating_sub(rest.len());
        take(input, taken);
        // A streamed body is asked for by the handler's answer.
        if !exchange.parser.is_streaming() && exchange.parser.take_continue() {
            out.extend_from_slice(CONTINUE);
        }
        match result {
            Ok(None) => {
                self.exchange = Some(exchange);
                None
            }
            Ok(Some(request)) => {
                if exchange.has_held() || exchange.parser.is_streaming() {
                    self.exchange = Some(exchange);
                }
                self.phase = Phase::Answering;
                self.deadline = Moment::NEVER;
                self.head_only = request.method == Method::Head;
                // Bytes after a refused upgrade may be frames: never parse them as a request. But for
                // h2c, with which Java's HttpClient begins every connection: no frame comes before
                // the answer (RFC 7540 §3.2).
                let is_h2c = |protocol: &str| protocol.eq_ignore_ascii_case("h2c");
                self.keep_alive = request.keep_alive && request.tokens("upgrade").all(is_h2c);
                Some(Event::Request(Box::new(request)))
            }
            Err(error) => {
                let path = exchange.parser.path();
                let response = (shared.refusal)(path, error.status(), error.reason());
                self.refuse(now, shared, response, out);
                *input = &mut [];
                None
            }
        }
    }

    pub(super) fn refuse(
        &mut self,
        now: Now,
        shared: &Shared,
        response: Response,
        out: &mut Vec<u8>,
    ) {
        shared.responses.add(response.status);
        let rest = response.with_close().encode(&shared.date(now), false, false, out);
        out.extend_from_slice(rest);
        self.shut(now, shared);
    }

    /// Answers a request that is late in coming.
    pub(super) fn refuse_late(&mut self, now: Now, shared: &Shared, out: &mut Vec<u8>) {
        let path = self.exchange.as_ref().map_or("", |exchange| exchange.parser.path());
        let response = (shared.refusal)(path, Status(408), "the request took too long");
        self.refuse(now, shared, response, out);
    }

    /// Whether there is input for [`Endpoint::receive`] to take up.
    pub fn holds_input(&self) -> bool {
        self.exchange.as_ref().is_some_and(|exchange| exchange.has_held())
    }

    /// Keeps input for a later call of [`Endpoint::receive`]. The transport does not read while
    /// there is any, or while [`Endpoint::wants_input`] is false, so it is at most what one turn
    /// reads.
    pub fn hold(&mut self, input: &mut &mut [u8]) {
        let bytes = std::mem::take(input);
        if bytes.is_empty() || matches!(self.phase, Phase::Shut | Phase::Over) {
            return;
        }
        let exchange = self.exchange.get_or_insert_default();
        exchange.held.drain(..exchange.held_read);
        exchange.held_read = 0;
        exchange.held.extend_from_slice(bytes);
    }

    /// Processes held input.
    pub(super) fn receive_held(
        &mut self,
        now: Now,
        shared: &mut Shared,
        out: &mut Vec<u8>,
    ) -> Option<Event> {
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
        } else if self.exchange.as_ref().is_some_and(|exchange| exchange.parser.is_empty()) {
            self.exchange = None;
        }
        event
    }
}
