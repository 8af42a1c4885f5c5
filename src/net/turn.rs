//! What a handler may do with the connections in a turn.

use std::net::IpAddr;
use std::time::Duration;

use super::Limits;
use super::backlog::FrameClass;
use super::broadcast::Broadcast;
use super::conn::{Conn, ConnId};
use super::conns::{Conns, find, find_mut};
use super::counters::{Counters, Gauges, count_many};
use super::listener::ListenerId;
use super::networks::network;
use super::tls::Certificates;
use crate::clock::Now;
use crate::http::{self, Response, Status};
use crate::metrics::Counts;
use crate::ws;

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
        self.deliver(Broadcast::new(FrameClass::Reply, payload), [conn]);
    }

    /// Sends a broadcast to its recipients.
    ///
    /// The frame is encoded for the first recipient of each output form; for the others this is a
    /// lookup. A connection that lags does not get it, and is told so later.
    pub fn deliver(
        &mut self,
        mut broadcast: Broadcast<'_>,
        recipients: impl IntoIterator<Item = ConnId>,
    ) {
        let Conns { slab, frames, shared, dirty, counters, .. } = &mut *self.conns;
        let is_reply = broadcast.class == FrameClass::Reply;
        let (mut sent, mut skipped) = (0_usize, 0_usize);
        for id in recipients {
            let Some(conn) = find_mut(slab, id) else { continue };
            if conn.doomed || !conn.endpoint.is_open() {
                continue;
            }
            if let Some(backlog) = &mut conn.backlog
                && backlog.lagging
                && !is_reply
            {
                backlog.record_missed(broadcast.class);
                skipped = skipped.saturating_add(1);
                continue;
            }
            let frame = broadcast.frame(conn.endpoint.deflate(), frames, shared);
            frames.enqueue(&mut conn.queued, frame);
            conn.sent = conn.sent.saturating_add(1);
            if is_reply {
                conn.count_reply(broadcast.payload.len());
            }
            dirty.insert(id.slot());
            sent = sent.saturating_add(1);
        }
        count_many(&mut counters.sent_messages, sent);
        count_many(&mut counters.deliveries, if is_reply { 0 } else { sent });
        count_many(&mut counters.skipped_deliveries, skipped);
    }

    /// Sends the response to a request answered with [`crate::ws::Answer::Later`].
    pub fn respond(&mut self, id: ConnId, response: &Response) {
        let now = self.now;
        let Conns { slab, frames, shared, .. } = &mut *self.conns;
        let Some(conn) = find_mut(slab, id) else {
            return;
        };
        conn.held = false;
        let rest = conn.endpoint.complete(now, shared, response, frames.buffer());
        self.conns.settle_with(id, rest);
        self.conns.serve_soon(id);
    }

    /// Begins the response to a request answered with [`crate::ws::Answer::Later`]; its body of
    /// `length` bytes follows in parts, the next whenever [`super::Handler::on_drained`] is called.
    /// Returns whether they are awaited; if the connection is gone, they are not.
    pub fn begin_response(&mut self, id: ConnId, response: &Response, length: u64) -> bool {
        let now = self.now;
        let Conns { slab, frames, shared, .. } = &mut *self.conns;
        let Some(conn) = find_mut(slab, id).filter(|conn| !conn.doomed) else { return false };
        let awaited = conn.endpoint.begin_sending(now, shared, response, length, frames.buffer());
        if awaited {
            self.conns.settle(id);
        }
        awaited
    }

    /// Sends a part of the body of such a response, the last one if `last`.
    pub fn send_part(&mut self, id: ConnId, bytes: &[u8], last: bool) {
        let now = self.now;
        let Conns { slab, frames, shared, .. } = &mut *self.conns;
        let Some(conn) = find_mut(slab, id).filter(|conn| conn.endpoint.is_sending()) else {
            return;
        };
        frames.buffer().extend_from_slice(bytes);
        if last {
            conn.endpoint.end_sending(now, shared);
        }
        self.conns.settle(id);
        if last {
            self.conns.serve_soon(id);
        }
    }

    /// Ends a connection at once: the body that it was promised cannot be sent.
    pub fn cut(&mut self, id: ConnId) {
        self.conns.doom(id);
    }

    /// Starts the closing handshake of a WebSocket.
    pub fn close(&mut self, id: ConnId, code: u16, reason: &str) {
        let now = self.now;
        let Conns { slab, frames, shared, .. } = &mut *self.conns;
        let Some(conn) = find_mut(slab, id) else {
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
        let conn = find(&self.conns.slab, id)?;
        Some(conn.address)
    }

    /// Whether the client used TLS for the current request, or for the one that opened the
    /// WebSocket; behind a trusted proxy, according to that.
    pub fn is_secure(&self, id: ConnId) -> bool {
        let conn = find(&self.conns.slab, id);
        conn.is_some_and(|conn| conn.secure)
    }

    /// Returns the listening socket that a connection came by.
    pub fn listener(&self, id: ConnId) -> Option<ListenerId> {
        let conn = find(&self.conns.slab, id)?;
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
        let conn = find(&self.conns.slab, id);
        let ends = conn.and_then(|conn| conn.transport.ends());
        ends.is_some_and(|(own, peer)| own.is_loopback() && !self.conns.trusts(peer))
    }

    /// Whether a connection was made to the address of [`super::Reactor::listen_directly`].
    pub fn is_direct(&self, id: ConnId) -> bool {
        let conn = find(&self.conns.slab, id);
        conn.is_some_and(|conn| self.conns.direct_listener == Some(conn.listener))
    }

    /// Whether the client is on this machine, as far as is known: its connection, and its address if
    /// a trusted proxy named one.
    pub fn is_loopback(&self, id: ConnId) -> bool {
        let conn = find(&self.conns.slab, id);
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
        let conn = find(&self.conns.slab, id);
        conn.map_or((0, 0), |conn| (conn.received, conn.sent))
    }

    /// Reads nothing from an open WebSocket, or of a streamed body, until it is released: its handler
    /// owes it an answer. Its peer is not expected to be heard meanwhile.
    pub fn hold(&mut self, id: ConnId) {
        let is_heard = |conn: &&mut Conn| conn.endpoint.is_open() || conn.endpoint.is_receiving();
        if let Some(conn) = self.conns.get(id).filter(is_heard) {
            conn.held = true;
        }
    }

    /// Resumes reading from a connection.
    pub fn release(&mut self, id: ConnId) {
        let now = self.now;
        let Conns { slab, shared, .. } = &mut *self.conns;
        let conn = find_mut(slab, id).filter(|conn| conn.held);
        if let Some(conn) = conn {
            conn.held = false;
            conn.endpoint.on_drained(now, shared);
            self.conns.arm(id);
            self.conns.serve_soon(id);
        }
    }

    /// Returns the bytes that a connection has not taken yet, without the broadcasts of this turn.
    pub fn owed(&self, id: ConnId) -> usize {
        let conn = find(&self.conns.slab, id);
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
        conns.all(|(_, conn)| {
            let endpoint = &conn.endpoint;
            endpoint.wants_input() && !endpoint.is_receiving() && conn.owed() == 0
        })
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
