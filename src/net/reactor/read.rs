//! The read phase: bytes to the endpoints, their events to the handler.

use std::time::Duration;

use mio::Events;
use mio::event::Event as Ready;
use signal_hook_mio::v1_0::Signals;

use super::secure::Decrypted;
use super::{Conns, Reactor, SIGNALS, Turn, WAKER, is_listener};
use crate::clock::Clock;
use crate::http::Request;
use crate::net::conn::ConnId;
use crate::net::counters::{Refused, count, count_many};
use crate::net::transport::Moved;
use crate::net::{Handler, Limits};
use crate::ws::{Answer, Answered, Event};

impl Reactor {
    /// Serves the connections that are ready, in the order in which they became so: first those that
    /// were quick the last time, then those that were not: at least one of them, and all together for
    /// as long as one of them may take.
    pub(super) fn read(&mut self, events: &Events, handler: &mut impl Handler) {
        for event in events {
            let id = ConnId::from_token(event.token());
            if event.token() == SIGNALS.token() {
                self.take_signals(handler);
            } else if event.token() != WAKER.token() && !is_listener(event.token()) {
                self.on_ready(id, event);
            }
        }
        // One look at the clock between two connections.
        let mut at = self.conns.begin_phase();
        let (quick, slow) = (self.conns.ready.len(), self.conns.ready_slow.len());
        for _ in 0..quick {
            if self.conns.is_full_at(at) {
                break;
            }
            let Some(id) = self.conns.ready.pop_front() else { break };
            at = self.serve_timed(id, at, handler);
        }
        let slow_until = at.saturating_add(self.conns.limits.conn_time_per_turn_max);
        for number in 0..slow {
            let is_over = at >= slow_until || self.conns.is_full_at(at);
            if self.conns.has_no_room() || (number > 0 && is_over) {
                break;
            }
            let Some(id) = self.conns.ready_slow.pop_front() else { break };
            at = self.serve_timed(id, at, handler);
        }
        self.shake_hands(at, handler);
    }

    /// Serves a connection that was listed, and notes whether it took long. Returns when it ended;
    /// both times are by [`Clock::elapsed`].
    fn serve_timed(&mut self, id: ConnId, began: Duration, handler: &mut impl Handler) -> Duration {
        let Some(conn) = self.conns.get(id) else { return began };
        conn.listed = false;
        let goes_on = self.serve(id, began, handler);
        let ended = self.conns.clock.elapsed();
        let slow_from = self.conns.limits.slow_from();
        let Some(conn) = self.conns.get(id) else { return ended };
        conn.slow = ended.saturating_sub(began) >= slow_from;
        if goes_on {
            self.conns.serve_soon(id);
        }
        ended
    }

    /// Serves the connections in a TLS handshake until their time in this turn is up.
    fn shake_hands(&mut self, mut at: Duration, handler: &mut impl Handler) {
        let until = at.saturating_add(self.conns.limits.tls_time_per_turn_max);
        for _ in 0..self.conns.handshakes.len() {
            let Some(id) = self.conns.handshakes.pop_front() else { break };
            if let Some(conn) = self.conns.get(id) {
                conn.listed = false;
                if self.serve(id, at, handler) {
                    self.conns.serve_soon(id);
                }
            }
            at = self.conns.clock.elapsed();
            if at >= until {
                break;
            }
        }
    }

    fn take_signals(&mut self, handler: &mut impl Handler) {
        let pending: Vec<i32> = self.signals.iter_mut().flat_map(Signals::pending).collect();
        for signal in pending {
            handler.on_signal(&mut Turn { conns: &mut self.conns, now: self.now }, signal);
        }
    }

    fn on_ready(&mut self, id: ConnId, event: &Ready) {
        let Some(conn) = self.conns.get(id) else { return };
        let unblocked = event.is_writable() && conn.blocked;
        conn.blocked &= !unblocked;
        // A short read empties the socket, but does not show whether the peer has ended its side.
        conn.ending |= event.is_read_closed() || event.is_error();
        let readable = event.is_readable() || conn.ending;
        conn.unread |= readable;
        if unblocked {
            self.conns.dirty.insert(id.slot());
        }
        if readable {
            self.conns.serve_soon(id);
        }
    }

    /// Reads a connection until it is empty or has used up its budget for this turn; returns whether
    /// there is more. It began at this time, by [`Clock::elapsed`].
    fn serve(&mut self, id: ConnId, began: Duration, handler: &mut impl Handler) -> bool {
        let mut scratch = std::mem::take(&mut self.scratch);
        let mut budget = Budget::new(&self.conns.limits, began);
        // Input held since an earlier turn comes first.
        if self.conns.get(id).is_some_and(|conn| conn.endpoint.holds_input()) {
            self.feed(id, &mut [], &mut budget, handler);
        }
        let goes_on = loop {
            let Conns { slab, limits, .. } = &mut self.conns;
            let Some(conn) = slab.get_mut(id.slot() as usize) else { break false };
            if conn.doomed || !conn.has_input() || !conn.may_proceed(limits) {
                break false;
            }
            if conn.endpoint.is_flooding() {
                budget.bytes = budget.bytes.min(FLOOD_BYTES);
            }
            if conn.endpoint.holds_input() || budget.bytes == 0 || budget.messages == 0 {
                break true;
            }
            let room = scratch.len().min(budget.bytes);
            let buffer = scratch.get_mut(..room).unwrap_or_default();
            match conn.transport.read(buffer) {
                Moved::Some(n) => {
                    conn.unread = n == room || conn.ending;
                    budget.bytes = budget.bytes.saturating_sub(n);
                    count_many(&mut self.conns.counters.received_bytes, n);
                    let input = buffer.get_mut(..n).unwrap_or_default();
                    self.take_in(id, input, &mut budget, handler);
                }
                Moved::Blocked => conn.unread = false,
                Moved::Ended => self.end(id, false, handler),
                Moved::Broken(_) => self.end(id, true, handler),
            }
        };
        self.scratch = scratch;
        self.conns.weigh_received(id);
        goes_on
    }

    /// Passes bytes from the network on, without the PROXY header and decrypted.
    fn take_in(
        &mut self,
        id: ConnId,
        mut input: &mut [u8],
        budget: &mut Budget,
        handler: &mut impl Handler,
    ) {
        if !self.conns.take_header(id, &mut input) {
            return;
        }
        let mut plain = std::mem::take(&mut self.plain);
        plain.clear();
        let decrypted = self.conns.decrypt(id, self.now.at, input, &mut plain);
        if decrypted == Decrypted::Plain {
            self.feed(id, input, budget, handler);
        } else if !plain.is_empty() {
            self.feed(id, &mut plain, budget, handler);
        }
        self.plain = plain;
        match decrypted {
            Decrypted::Plain | Decrypted::Open => {}
            Decrypted::Ended => self.end(id, false, handler),
            Decrypted::Failed => self.conns.doom(id),
        }
    }

    /// Passes bytes to the endpoint, and its events to the handler; what is above the budget is held.
    fn feed(
        &mut self,
        id: ConnId,
        mut input: &mut [u8],
        budget: &mut Budget,
        handler: &mut impl Handler,
    ) {
        loop {
            let Conns { slab, shared, frames, limits, clock, .. } = &mut self.conns;
            let Some(conn) = slab.get_mut(id.slot() as usize) else { return };
            let has_more = !input.is_empty() || conn.endpoint.holds_input();
            if has_more && (budget.is_spent(clock) || !conn.may_proceed(limits)) {
                conn.endpoint.hold(&mut input);
                return;
            }
            let event = conn.endpoint.receive(self.now, shared, &mut input, frames.buffer());
            self.conns.settle(id);
            if let Some(event) = event {
                budget.take(&event);
                self.dispatch(id, event, handler);
            } else if self.conns.get(id).is_none_or(|conn| !conn.endpoint.goes_on(input)) {
                return;
            }
        }
    }

    pub(super) fn dispatch(&mut self, id: ConnId, event: Event, handler: &mut impl Handler) {
        let mut turn = Turn { conns: &mut self.conns, now: self.now };
        match event {
            Event::Message(message) => {
                if let Some(conn) = turn.conns.get(id) {
                    conn.received = conn.received.saturating_add(1);
                }
                count(&mut turn.conns.counters.received_messages);
                handler.on_message(&mut turn, id, message);
            }
            Event::Deflated(deflated) => {
                if !handler.on_deflated(&mut turn, id, deflated)
                    && let Some(conn) = turn.conns.get(id)
                {
                    conn.endpoint.skip_message();
                }
            }
            Event::Closed(closed) => handler.on_close(&mut turn, id, closed),
            Event::Part { bytes, last } => handler.on_part(&mut turn, id, bytes, last),
            Event::Cut => handler.on_cut(&mut turn, id),
            Event::Request(request) => {
                turn.conns.read_forwarded(id, &request);
                let Some(conn) = turn.conns.get(id) else { return };
                let mut answer = match conn.refusal {
                    Some(refused) if !(refused.is_full() && handler.serves_when_full(&request)) => {
                        refuse(&request, refused, turn.conns, id)
                    }
                    None => handler.on_request(&mut turn, id, &request),
                    Some(_) => match handler.on_request(&mut turn, id, &request) {
                        Answer::Respond(response) => Answer::Respond(response.with_close()),
                        answer => answer,
                    },
                };
                if matches!(answer, Answer::Upgrade { .. })
                    && let Err(refused) = self.conns.admit(id)
                {
                    answer = refuse(&request, refused, &self.conns, id);
                }
                let Conns { slab, shared, frames, .. } = &mut self.conns;
                let Some(conn) = slab.get_mut(id.slot() as usize) else { return };
                let buffer = frames.buffer();
                let answered = conn.endpoint.answer(self.now, shared, &request, answer, buffer);
                let rest = if let Answered::Responded(rest) = answered { rest } else { &[] };
                self.conns.settle_with(id, rest);
                if answered == Answered::Opened {
                    let mut turn = Turn { conns: &mut self.conns, now: self.now };
                    handler.on_open(&mut turn, id, &request);
                }
            }
        }
    }

    /// Handles the end of input; if `broken`, nothing can be sent either.
    fn end(&mut self, id: ConnId, broken: bool, handler: &mut impl Handler) {
        let Some(conn) = self.conns.get(id) else { return };
        conn.ended = true;
        conn.unread = false;
        let event = conn.endpoint.on_eof(self.now);
        self.conns.settle(id);
        if broken {
            self.conns.doom(id);
        }
        if let Some(event) = event {
            self.dispatch(id, event, handler);
        }
    }
}

/// Bytes read in one turn from a connection that floods the server with frames.
const FLOOD_BYTES: usize = 4096;

/// The remaining budget of one connection in this turn.
struct Budget {
    bytes: usize,
    messages: u32,
    /// When its time is over, by [`Clock::elapsed`].
    until: Duration,
    /// Whether anything was passed on.
    is_begun: bool,
}

impl Budget {
    fn new(limits: &Limits, began: Duration) -> Self {
        Self {
            bytes: limits.read_bytes_per_turn_max,
            messages: limits.messages_per_turn_max,
            until: began.saturating_add(limits.conn_time_per_turn_max),
            is_begun: false,
        }
    }

    /// Counts an event. A request may be answered with a file: it is as much as all messages.
    fn take(&mut self, event: &Event) {
        let cost = if matches!(event, Event::Request(_)) { self.messages } else { 1 };
        self.messages = self.messages.saturating_sub(cost);
    }

    /// Whether nothing more may be passed on. Most connections send one message at a time, and need
    /// no look at the clock.
    fn is_spent(&mut self, clock: &Clock) -> bool {
        let is_begun = std::mem::replace(&mut self.is_begun, true);
        self.messages == 0 || (is_begun && clock.elapsed() >= self.until)
    }
}

/// Refuses a request, because of its connection.
fn refuse(request: &Request, refused: Refused, conns: &Conns, id: ConnId) -> Answer {
    let (status, cause) = (refused.status(), refused.cause());
    let conn = conns.slab.get(id.slot() as usize);
    let address = conn.map(|conn| tracing::field::display(conn.address));
    let response = (conns.shared.refusal)(&request.path, status, refused.line()).with_close();
    if refused == Refused::NoTls {
        // Logged before, and trying again is of no use.
        return Answer::Respond(response);
    }
    tracing::info!(address, status = status.0, "refused: {cause}");
    if response.headers.iter().any(|(name, _)| *name == RETRY_AFTER) {
        return Answer::Respond(response);
    }
    Answer::Respond(response.with_header(RETRY_AFTER, RETRY_AFTER_S))
}

const RETRY_AFTER: &str = "Retry-After";
const RETRY_AFTER_S: &str = "10";
