//! The accept phase.

use std::net::IpAddr;

use mio::net::TcpStream;
use mio::{Events, Interest};

use super::{NOT_A_CONN, Reactor, SURPLUS_MAX, is_listener};
use crate::net::conn::{Conn, ConnId};
use crate::net::counters::{Refused, count};
use crate::net::listener::{Accepted, ListenerId, Transmission};
use crate::net::transport::Transport;
use crate::ws::Endpoint;

/// TLS handshakes that wait for this server, above which nothing is accepted.
const HANDSHAKES_WAITING_MAX: usize = 64;

impl Reactor {
    pub(super) fn accept(&mut self, events: &Events) {
        for event in events {
            let id = ConnId::from_token(event.token());
            if is_listener(event.token()) {
                self.listeners.mark_ready(ListenerId(id.slot() as u16));
            }
        }
        let hurried = self.conns.handshakes.len() >= HANDSHAKES_WAITING_MAX;
        if hurried || !self.listeners.is_ready(self.now.at) {
            return;
        }
        self.listeners.resume();
        for _ in 0..self.conns.limits.accepts_per_turn_max {
            match self.listeners.accept(self.now.at) {
                Accepted::Conn(stream, address, listener, transmission) => {
                    self.add(stream, address, listener, transmission);
                }
                Accepted::Gone => {}
                Accepted::None => break,
                Accepted::Exhausted(error) => {
                    self.conns.counters.refused.add(Refused::System);
                    tracing::warn!(%error, connections = self.conns.slab.len(), "accepting pauses");
                    break;
                }
            }
        }
    }

    fn add(
        &mut self,
        mut stream: TcpStream,
        address: IpAddr,
        listener: ListenerId,
        transmission: Transmission,
    ) {
        let conns = &mut self.conns;
        count(&mut conns.counters.accepted);
        let over = conns.slab.len().checked_sub(conns.connections_max());
        let mut surplus = over.unwrap_or(0);
        let is_full = conns.memory_state.is_full.then_some(Refused::Memory);
        let mut refusal = over.map(|_| Refused::Connections).or(is_full);
        let is_direct = conns.direct_listener == Some(listener);
        let (proxied, counted) = if is_direct { (None, None) } else { conns.classify(address) };
        if let Some(over @ 1..) = counted
            && refusal.is_none()
        {
            surplus = over;
            refusal = Some(Refused::Network);
        }
        if let Some(refused) = refusal {
            conns.counters.refused.add(refused);
        }
        let entry = conns.slab.vacant_entry();
        let slot = u32::try_from(entry.key()).unwrap_or(u32::MAX);
        conns.serial = conns.serial.wrapping_add(1) % NOT_A_CONN;
        let id = ConnId::new(slot, conns.serial);
        let interest = Interest::READABLE | Interest::WRITABLE;
        let ready = self.poll.registry().register(&mut stream, id.token(), interest);
        let tls = transmission == Transmission::Tls;
        // A refusal by TLS would cost a handshake.
        let unanswered = surplus > SURPLUS_MAX || (tls && refusal.is_some());
        if ready.is_err() || unanswered {
            drop(stream);
            if counted.is_some() {
                conns.networks.discount(address);
            }
            return;
        }
        let endpoint = Endpoint::new(self.now, &conns.shared);
        let transport = Transport::new(stream, tls);
        let conn = entry.insert(Conn::new(id, transport, endpoint, listener, address));
        (conn.proxied, conn.counted, conn.refusal) = (proxied, counted.is_some(), refusal);
        if conn.secure {
            conn.handshake_due = self.now.at.after(conns.limits.tls_handshake_within);
        }
        conns.settle(id);
    }
}
