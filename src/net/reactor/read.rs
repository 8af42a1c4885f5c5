//! The read phase: bytes to the endpoints, their events to the handler.

use mio::Events;
use mio::event::Event as Ready;
use signal_hook_mio::v1_0::Signals;

use super::{Conns, Reactor, SIGNALS, Turn, WAKER, is_listener};
use crate::http::{Response, Status};
use crate::net::Handler;
use crate::net::conn::{Conn, ConnId};
use crate::net::transport::Moved;
use crate::ws::{Answer, Event};

impl Reactor {
    /// Reads from all ready connections, first from those left over from the last turn.
    pub(super) fn read(&mut self, events: &Events, handler: &mut impl Handler) {
        let mut unfinished = std::mem::take(&mut self.conns.unfinished);
        for id in unfinished.drain(..) {
            if let Some(conn) = self.conns.get(id) {
                conn.unfinished = false;
                self.read_conn(id, handler);
            }
        }
        // Reuse the allocation, unless connections were listed again meanwhile.
        if self.conns.unfinished.is_empty() {
            self.conns.unfinished = unfinished;
        }
        for event in events {
            let id = ConnId::from_token(event.token());
            if event.token() == SIGNALS.token() {
                self.take_signals(handler);
            } else if event.token() != WAKER.token() && !is_listener(event.token()) {
                self.on_ready(id, event, handler);
            }
        }
    }

    fn take_signals(&mut self, handler: &mut impl Handler) {
        let pending: Vec<i32> = self.signals.iter_mut().flat_map(Signals::pending).collect();
        for signal in pending {
            handler.on_signal(&mut Turn { conns: &mut self.conns, now: self.now }, signal);
        }
    }

    fn on_ready(&mut self, id: ConnId, event: &Ready, handler: &mut impl Handler) {
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
            self.read_conn(id, handler);
        }
    }

    /// Reads a connection until it is empty or has used up its budget for this turn.
    fn read_conn(&mut self, id: ConnId, handler: &mut impl Handler) {
        let mut scratch = std::mem::take(&mut self.scratch);
        let mut budget = self.conns.limits.read_bytes_per_turn_max;
        // Input held while a request was being answered comes first.
        self.feed(id, &mut [], handler);
        loop {
            let full = self.conns.is_full();
            let Some(conn) = self.conns.slab.get_mut(id.slot() as usize) else { break };
            if !conn.unread || conn.doomed || !conn.may_read(&self.conns.limits) {
                break;
            }
            if budget == 0 || full {
                self.conns.read_soon(id);
                break;
            }
            let room = scratch.len().min(budget);
            let buffer = scratch.get_mut(..room).unwrap_or_default();
            match conn.transport.read(buffer) {
                Moved::Some(n) => {
                    conn.unread = n == room || conn.ending;
                    budget = budget.saturating_sub(n);
                    self.feed(id, buffer.get_mut(..n).unwrap_or_default(), handler);
                }
                Moved::Blocked => conn.unread = false,
                Moved::Ended => self.end(id, false, handler),
                Moved::Broken(_) => self.end(id, true, handler),
            }
        }
        self.scratch = scratch;
    }

    /// Passes bytes to the endpoint, and its events to the handler.
    fn feed(&mut self, id: ConnId, mut input: &mut [u8], handler: &mut impl Handler) {
        if !self.conns.take_header(id, &mut input) {
            return;
        }
        loop {
            let Conns { slab, shared, frames, .. } = &mut self.conns;
            let Some(conn) = slab.get_mut(id.slot() as usize) else { return };
            let event = conn.endpoint.receive(self.now, shared, &mut input, frames.buffer());
            self.conns.settle(id);
            let Some(event) = event else { return };
            self.dispatch(id, event, handler);
        }
    }

    pub(super) fn dispatch(&mut self, id: ConnId, event: Event, handler: &mut impl Handler) {
        let mut turn = Turn { conns: &mut self.conns, now: self.now };
        match event {
            Event::Message(message) => {
                if let Some(conn) = turn.conns.get(id) {
                    conn.received = conn.received.saturating_add(1);
                }
                handler.on_message(&mut turn, id, message);
            }
            Event::Closed(closed) => handler.on_close(&mut turn, id, closed),
            Event::Request(request) => {
                turn.conns.read_forwarded(id, &request);
                let Some(conn) = turn.conns.get(id) else { return };
                let mut answer = match conn.refusal {
                    Some(status) => refuse(status, conn),
                    None => handler.on_request(&mut turn, id, &request),
                };
                if matches!(answer, Answer::Upgrade { .. })
                    && !self.conns.admit(id)
                    && let Some(conn) = self.conns.get(id)
                {
                    answer = refuse(Status(429), conn);
                }
                let Conns { slab, shared, frames, .. } = &mut self.conns;
                let Some(conn) = slab.get_mut(id.slot() as usize) else { return };
                let buffer = frames.buffer();
                let open = conn.endpoint.answer(self.now, shared, &request, answer, buffer);
                self.conns.settle(id);
                if open {
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

/// Returns the answer to a request over the limit of connections.
fn refuse(status: Status, conn: &Conn) -> Answer {
    tracing::info!(address = %conn.address, status = status.0, "refused: too many connections");
    let text = if status == Status(429) {
        "too many connections from your network"
    } else {
        "too many connections"
    };
    Answer::Respond(Response::text(status, text).with_close())
}
