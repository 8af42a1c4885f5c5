//! What a handler may do, and the connections it acts on.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use slab::Slab;

use super::Limits;
use super::broadcast::Broadcast;
use super::conn::{Conn, ConnId};
use super::counters::{Counters, Gauges, Memory, MemoryState, count};
use super::listener::ListenerId;
use super::networks::{Networks, network};
use super::queue::{FrameClass, Frames};
use super::slots::SlotSet;
use super::tls::{Acceptor, Certificates};
use super::transport::Scratch;
use super::wheel::Wheel;
use crate::clock::{Clock, Now};
use crate::http::{self, Response, Status};
use crate::metrics::Counts;
use crate::rate::Bucket;
use crate::ws::{self, After, Shared};

/// All connections, and the work queued for them.
#[derive(Debug)]
pub(super) struct Conns {
    pub(super) slab: Slab<Conn>,
    pub(super) serial: u32,
    pub(super) limits: Limits,
    pub(super) shared: Shared,
    pub(super) frames: Frames,
    pub(super) wheel: Wheel,
    /// Slots of connections to flush: with frames to send, or about to end.
    pub(super) dirty: SlotSet,
    /// Connections to serve: those with events, and those with input that no event will report again.
    pub(super) ready: VecDeque<ConnId>,
    /// Those of them that took long when they were served last.
    pub(super) ready_slow: VecDeque<ConnId>,
    /// Connections to serve whose TLS handshake is incomplete.
    pub(super) handshakes: VecDeque<ConnId>,
    /// Connections that have begun a TLS handshake, in that order; some may have completed it.
    pub(super) handshaking: VecDeque<ConnId>,
    /// The number of incomplete TLS handshakes.
    pub(super) handshaking_count: usize,
    pub(super) tls: Option<Acceptor>,
    pub(super) scratch: Scratch,
    /// How often it is logged that a client speaks TLS to a port without it.
    pub(super) misdirected_tls: Bucket,
    /// How often it is logged that a client speaks no TLS to a port with it.
    pub(super) misdirected_plain: Bucket,
    /// Connections that lagged and have caught up.
    pub(super) caught_up: Vec<ConnId>,
    /// Connections to remove.
    pub(super) doomed: Vec<ConnId>,
    pub(super) networks: Networks,
    /// The listener that no proxy is in front of, see [`super::Reactor::listen_directly`].
    pub(super) direct_listener: Option<ListenerId>,
    pub(super) counters: Counters,
    pub(super) memory_state: MemoryState,
    /// The process's limit of open files.
    files_max: usize,
    pub(super) clock: Clock,
    /// When this phase of the turn is to end, by [`Clock::elapsed`].
    until: Duration,
    /// Whether the next turn comes at once.
    pub(super) again: bool,
    pub(super) exit: bool,
}

impl Conns {
    pub(super) fn new(limits: Limits, shared: Shared, clock: Clock, files_max: usize) -> Self {
        let networks = Networks::new(limits.connections_per_address_max);
        Self {
            slab: Slab::new(),
            serial: 0,
            limits,
            shared,
            frames: Frames::default(),
            wheel: Wheel::new(),
            dirty: SlotSet::default(),
            ready: VecDeque::new(),
            ready_slow: VecDeque::new(),
            handshakes: VecDeque::new(),
            handshaking: VecDeque::new(),
            handshaking_count: 0,
            tls: None,
            scratch: Scratch::default(),
            misdirected_tls: Bucket::default(),
            misdirected_plain: Bucket::default(),
            caught_up: Vec::new(),
            doomed: Vec::new(),
            networks,
            direct_listener: None,
            counters: Counters::new(),
            memory_state: MemoryState::default(),
            files_max,
            clock,
            until: Duration::ZERO,
            again: false,
            exit: false,
        }
    }

    /// Returns the limit of connections.
    pub(super) fn connections_max(&self) -> usize {
        let by_files = || self.files_max.saturating_sub(64).max(1);
        self.limits.connections_max.unwrap_or_else(by_files)
    }

    pub(super) fn get(&mut self, id: ConnId) -> Option<&mut Conn> {
        self.slab.get_mut(id.slot() as usize).filter(|conn| conn.id == id && !conn.doomed)
    }

    /// Handles what a call to the endpoint left: bytes to send, an end, an earlier deadline.
    pub(super) fn settle(&mut self, id: ConnId) {
        let bytes = self.frames.unfinished_len();
        let frame = self.frames.finish(FrameClass::Reply);
        let Some(conn) = self.slab.get_mut(id.slot() as usize).filter(|conn| conn.id == id) else {
            return;
        };
        if let Some(frame) = frame {
            self.frames.enqueue(&mut conn.queued, frame);
            conn.count_reply(bytes);
        }
        let ends = match conn.endpoint.after() {
            After::Keep => false,
            After::Shut => !conn.is_shut(),
            After::Drop => !conn.doomed,
        };
        if frame.is_some() || ends {
            self.dirty.insert(id.slot());
        }
        self.arm(id);
    }

    /// As [`Conns::settle`]; `rest` is the end of what was appended, without being copied.
    pub(super) fn settle_with(&mut self, id: ConnId, rest: &'static [u8]) {
        self.settle(id);
        if rest.is_empty() {
            return;
        }
        if let Some(conn) = self.slab.get_mut(id.slot() as usize).filter(|conn| conn.id == id) {
            self.frames.enqueue_uncopied(&mut conn.queued, rest);
            conn.count_reply(rest.len());
            self.dirty.insert(id.slot());
        }
    }

    /// Ensures that the wheel fires by the connection's deadline.
    pub(super) fn arm(&mut self, id: ConnId) {
        let Some(conn) = self.slab.get_mut(id.slot() as usize).filter(|conn| conn.id == id) else {
            return;
        };
        let due = conn.due(&self.limits);
        if due < conn.armed {
            conn.armed = self.wheel.insert(due, id).min(due);
        }
    }

    /// Lists a connection to be served, behind all of its kind that are listed.
    pub(super) fn serve_soon(&mut self, id: ConnId) {
        let Some(conn) = self.slab.get_mut(id.slot() as usize).filter(|conn| conn.id == id) else {
            return;
        };
        if !conn.listed {
            conn.listed = true;
            let ready = if conn.is_handshaking() {
                &mut self.handshakes
            } else if conn.slow {
                &mut self.ready_slow
            } else {
                &mut self.ready
            };
            ready.push_back(id);
        }
    }

    /// Begins a phase whose work may take [`Limits::phase_max`].
    pub(super) fn begin_phase(&mut self) {
        self.until = self.clock.elapsed().saturating_add(self.limits.phase_max);
    }

    /// Lists a connection to be removed at the end of the turn.
    pub(super) fn doom(&mut self, id: ConnId) {
        if let Some(conn) = self.get(id) {
            conn.doomed = true;
            self.doomed.push(id);
        }
    }

    /// Returns the memory in use.
    pub(super) fn memory(&self) -> Memory {
        Memory {
            connections: self.slab.len().saturating_mul(size_of::<Conn>()),
            received: self.memory_state.received,
            queued: self.frames.memory(),
            handler: self.memory_state.handler,
        }
    }

    /// Whether the frames of this turn, or the time of this phase, have reached the limit.
    pub(super) fn is_full(&self) -> bool {
        self.has_no_room() || self.clock.elapsed() >= self.until
    }

    /// Whether the frames of this turn have reached the limit.
    pub(super) fn has_no_room(&self) -> bool {
        self.frames.len() >= self.limits.turn_bytes_max
    }
}

/// The actions of a handler. All of them take effect at the end of the turn.
#[derive(Debug)]
pub struct Turn<'a> {
    pub(super) conns: &'a mut Conns,
    pub(super) now: Now,
}

impl Turn<'_> {
    /// Returns the time of this turn.
    pub fn now(&self) -> Now {
        self.now
    }

    /// Sends a text message to one connection.
    pub fn send(&mut self, conn: ConnId, payload: &[u8]) {
        self.deliver(&mut Broadcast::new(FrameClass::Reply, payload), conn);
    }

    /// Sends a broadcast to one of its recipients.
    ///
    /// The frame is encoded for the first recipient of each output form; for the others this is a
    /// lookup. A connection that lags does not get it, and is told so later.
    pub fn deliver(&mut self, broadcast: &mut Broadcast<'_>, id: ConnId) {
        let Conns { slab, frames, shared, dirty, counters, .. } = &mut *self.conns;
        let Some(conn) = slab.get_mut(id.slot() as usize) else { return };
        if conn.id != id || conn.doomed || !conn.endpoint.is_open() {
            return;
        }
        if let Some(backlog) = conn.backlog.as_mut().filter(|backlog| backlog.lagging)
            && broadcast.class != FrameClass::Reply
        {
            backlog.record_missed(broadcast.class);
            count(&mut counters.skipped_deliveries);
            return;
        }
        let frame = broadcast.frame(conn.endpoint.deflate(), frames, shared);
        conn.sent = conn.sent.saturating_add(1);
        count(&mut counters.sent_messages);
        frames.enqueue(&mut conn.queued, frame);
        if broadcast.class == FrameClass::Reply {
            conn.count_reply(broadcast.payload.len());
        } else {
            count(&mut counters.deliveries);
        }
        dirty.insert(id.slot());
    }

    /// Sends the response to a request answered with [`crate::ws::Answer::Later`].
    pub fn respond(&mut self, id: ConnId, response: &Response) {
        let now = self.now;
        let Conns { slab, frames, shared, .. } = &mut *self.conns;
        let Some(conn) = slab.get_mut(id.slot() as usize).filter(|conn| conn.id == id) else {
            return;
        };
        let rest = conn.endpoint.complete(now, shared, response, frames.buffer());
        self.conns.settle_with(id, rest);
        self.conns.serve_soon(id);
    }

    /// Starts the closing handshake of a WebSocket.
    pub fn close(&mut self, id: ConnId, code: u16, reason: &str) {
        let now = self.now;
        let Conns { slab, frames, shared, .. } = &mut *self.conns;
        let Some(conn) = slab.get_mut(id.slot() as usize).filter(|conn| conn.id == id) else {
            return;
        };
        let held = std::mem::take(&mut conn.held);
        conn.endpoint.close(now, shared, code, reason, frames.buffer());
        self.conns.settle(id);
        if held {
            self.conns.serve_soon(id);
        }
    }

    /// Returns the client's address: of the connection, or behind a trusted proxy, of the current
    /// request.
    pub fn address(&self, id: ConnId) -> Option<IpAddr> {
        let conn = self.conns.slab.get(id.slot() as usize).filter(|conn| conn.id == id)?;
        Some(conn.address)
    }

    /// Whether the client used TLS for the current request, or for the one that opened the
    /// WebSocket; behind a trusted proxy, according to that.
    pub fn is_secure(&self, id: ConnId) -> bool {
        let conn = self.conns.slab.get(id.slot() as usize).filter(|conn| conn.id == id);
        conn.is_some_and(|conn| conn.secure)
    }

    /// Returns the listening socket that a connection came by.
    pub fn listener(&self, id: ConnId) -> Option<ListenerId> {
        let conn = self.conns.slab.get(id.slot() as usize).filter(|conn| conn.id == id)?;
        Some(conn.listener)
    }

    /// Uses these certificates for the TLS sessions that begin from now on.
    pub fn replace_certificates(&mut self, certificates: Certificates) {
        if let Some(tls) = &mut self.conns.tls {
            tls.replace(certificates);
        }
    }

    /// Whether a connection was made to a loopback address, and not by a trusted proxy.
    pub fn is_local(&self, id: ConnId) -> bool {
        let conn = self.conns.slab.get(id.slot() as usize).filter(|conn| conn.id == id);
        let ends = conn.and_then(|conn| conn.transport.ends());
        ends.is_some_and(|(own, peer)| own.is_loopback() && !self.conns.trusts(peer))
    }

    /// Whether a connection was made to the address of [`super::Reactor::listen_directly`].
    pub fn is_direct(&self, id: ConnId) -> bool {
        let conn = self.conns.slab.get(id.slot() as usize).filter(|conn| conn.id == id);
        conn.is_some_and(|conn| self.conns.direct_listener == Some(conn.listener))
    }

    /// Whether the client is on this machine, as far as is known: its connection, and its address if
    /// a trusted proxy named one.
    pub fn is_loopback(&self, id: ConnId) -> bool {
        let conn = self.conns.slab.get(id.slot() as usize).filter(|conn| conn.id == id);
        conn.is_some_and(|conn| {
            let ends = conn.transport.ends();
            ends.is_some_and(|(_, peer)| peer.is_loopback()) && conn.address.is_loopback()
        })
    }

    /// Returns the network of [`Turn::address`]: an IPv4 address, or an IPv6 /64. A trusted proxy
    /// that names no client has none, for all its clients would share it.
    pub fn network(&self, id: ConnId) -> Option<IpAddr> {
        self.address(id).filter(|address| !self.conns.trusts(*address)).map(network)
    }

    /// Returns how many messages were received from and sent to a connection.
    pub fn counts(&self, id: ConnId) -> (u32, u32) {
        let conn = self.conns.slab.get(id.slot() as usize).filter(|conn| conn.id == id);
        conn.map_or((0, 0), |conn| (conn.received, conn.sent))
    }

    /// Reads nothing from an open WebSocket until it is released: its handler owes it an answer. Its
    /// peer is not expected to be heard meanwhile.
    pub fn hold(&mut self, id: ConnId) {
        if let Some(conn) = self.conns.get(id).filter(|conn| conn.endpoint.is_open()) {
            conn.held = true;
        }
    }

    /// Resumes reading from a connection.
    pub fn release(&mut self, id: ConnId) {
        let now = self.now;
        let Conns { slab, shared, .. } = &mut *self.conns;
        let conn = slab.get_mut(id.slot() as usize).filter(|conn| conn.id == id && conn.held);
        if let Some(conn) = conn {
            conn.held = false;
            conn.endpoint.on_drained(now, shared);
            self.conns.arm(id);
            self.conns.serve_soon(id);
        }
    }

    /// Returns the bytes that a connection has not taken yet, without the broadcasts of this turn.
    pub fn owed(&self, id: ConnId) -> usize {
        let conn = self.conns.slab.get(id.slot() as usize).filter(|conn| conn.id == id);
        conn.map_or(0, Conn::owed)
    }

    /// Returns the number of connections, WebSocket or not.
    pub fn connections(&self) -> usize {
        self.conns.slab.len()
    }

    /// Returns the state of all connections at this moment.
    pub fn gauges(&self) -> Gauges {
        let owed = self.conns.frames.owed();
        Gauges {
            connections: self.conns.slab.len(),
            behind: owed.behind.get(),
            lagging: owed.lagging.get(),
            queued_bytes: owed.bytes.get(),
            memory: self.conns.memory(),
            memory_max: self.conns.limits.memory_max,
        }
    }

    /// Returns what was counted since the start, up to this turn.
    pub fn counters(&self) -> Counters {
        let Conns { counters, frames, .. } = &*self.conns;
        Counters { sent_bytes: frames.sent_bytes, ..counters.clone() }
    }

    /// Returns the responses since the start by status.
    pub fn responses(&self) -> &Counts<Status> {
        &self.conns.shared.responses
    }

    /// Prepares the end: idle connections are closed, each other one after its next response, and a
    /// peer that does nothing holds the end up for at most `silence_max`. Connections are still
    /// accepted: they are to learn why they are refused.
    pub fn drain(&mut self, silence_max: Duration) {
        let conns = &mut *self.conns;
        conns.shared.draining = true;
        let close_within = &mut conns.shared.limits.close_within;
        *close_within = silence_max.min(*close_within);
        conns.limits.lag_max = silence_max.min(conns.limits.lag_max);
        let ids: Vec<ConnId> = conns.slab.iter().map(|(_, conn)| conn.id).collect();
        for id in ids {
            if let Some(conn) = conns.get(id) {
                conn.endpoint.close_idle();
            }
            conns.settle(id);
        }
    }

    /// Changes the limits, for connections that are open, too.
    pub fn set_limits(&mut self, limits: Limits, ws: ws::Limits, http: http::Limits) {
        self.conns.networks.set_max(limits.connections_per_address_max);
        self.conns.limits = limits;
        (self.conns.shared.limits, self.conns.shared.http) = (ws, http);
    }

    /// Whether no connection waits for a response, or for the rest of one.
    pub fn is_settled(&self) -> bool {
        let mut conns = self.conns.slab.iter();
        conns.all(|(_, conn)| conn.endpoint.wants_input() && conn.owed() == 0)
    }

    /// Whether this turn's output or time has reached its limit, so that the rest of the work should
    /// wait for the next turn; [`Turn::again`] starts that at once.
    pub fn is_full(&self) -> bool {
        self.conns.is_full()
    }

    /// Starts the next turn without waiting for an event.
    pub fn again(&mut self) {
        self.conns.again = true;
    }

    /// Ends the reactor after this turn.
    pub fn exit(&mut self) {
        self.conns.exit = true;
    }
}
