//! The HTTP part of a connection: requests, responses, pipelined input.

use super::{Endpoint, Event, Phase};
use crate::clock::{Moment, Now};
use crate::http::{Method, Parser, Response};
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
}

impl Exchange {
    fn has_held(&self) -> bool {
        self.held_read < self.held.len()
    }
}

impl Endpoint {
    /// Sends the response to a request answered with [`Answer::Later`](super::Answer::Later).
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
                if exchange.has_held() {
                    self.exchange = Some(exchange);
                }
                self.phase = Phase::Answering;
                self.deadline = Moment::NEVER;
                self.head_only = request.method == Method::Head;
                // Bytes after a refused upgrade may be frames: never parse them as a request.
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

    pub(super) fn refuse(
        &mut self,
        now: Now,
        shared: &Shared,
        response: Response,
        out: &mut Vec<u8>,
    ) {
        response.with_close().encode(false, false, out);
        self.shut(now, shared);
    }

    pub(super) fn holds_input(&self) -> bool {
        self.exchange.as_ref().is_some_and(|exchange| exchange.has_held())
    }

    /// `input` for later.
    pub(super) fn hold(&mut self, shared: &Shared, input: &mut &mut [u8]) {
        let bytes = std::mem::take(input);
        if bytes.is_empty() {
            return;
        }
        let exchange = self.exchange.get_or_insert_default();
        exchange.held.drain(..exchange.held_read);
        exchange.held_read = 0;
        if exchange.held.len().saturating_add(bytes.len()) > shared.limits.pipelined_bytes_max {
            self.over();
        } else {
            exchange.held.extend_from_slice(bytes);
        }
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
