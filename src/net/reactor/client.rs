//! The client of a connection, and the network it counts for.
//!
//! ```text
//!   accept ──► direct: counted now
//!          └─► trusted proxy ──► PROXY header ──► names a client: counted now
//!                            │                └─► names none: not counted
//!                            └─► requests, each with X-Forwarded-For: counted with the one that
//!                                opens the WebSocket
//! ```
//!
//! The address in a PROXY header replaces the proxy's: `X-Forwarded-For` is read only if that
//! address is a trusted proxy, too.

use std::net::IpAddr;

use super::SURPLUS_MAX;
use crate::http::Request;
use crate::net::conn::{Conn, ConnId, Proxied};
use crate::net::conns::Conns;
use crate::net::counters::Refused;
use crate::net::proxy::{Parser, Source, forwarded_for, is_secure};

impl Conns {
    pub(in crate::net) fn trusts(&self, address: IpAddr) -> bool {
        self.limits.trusted_proxies.iter().any(|trusted| trusted.contains(address))
    }

    /// Returns the proxy if this peer is a trusted one, else the result of counting the connection.
    pub(super) fn classify(&mut self, address: IpAddr) -> (Option<Box<Proxied>>, Option<usize>) {
        if !self.trusts(address) {
            return (None, self.networks.count(address));
        }
        let header = self.limits.proxy_protocol.then(Parser::default);
        (Some(Box::new(Proxied { proxy: address, header })), None)
    }

    /// Takes the PROXY header from the front of `input`; returns whether it is complete.
    pub(super) fn take_header(&mut self, id: ConnId, input: &mut &mut [u8]) -> bool {
        let Some(conn) = self.get(id) else { return false };
        let header = conn.proxied.as_mut().and_then(|proxied| proxied.header.as_mut());
        let Some(header) = header else { return true };
        let mut rest: &[u8] = input;
        let result = header.feed(&mut rest);
        let taken = input.len().saturating_sub(rest.len());
        *input = std::mem::take(input).get_mut(taken..).unwrap_or_default();
        match result {
            Ok(None) => return false,
            Ok(Some(source)) => self.set_source(id, source),
            Err(fault) => {
                tracing::debug!(proxy = %conn.address, %fault, "bad PROXY header");
                self.counters.refused.add(Refused::ProxyHeader);
                self.doom(id);
            }
        }
        self.get(id).is_some()
    }

    /// Sets the client's address from a PROXY header, and counts the connection.
    fn set_source(&mut self, id: ConnId, source: Source) {
        let Some(conn) = self.get(id) else { return };
        conn.proxied = None;
        let Source::Address(address) = source else { return };
        conn.address = address;
        if self.trusts(address) {
            let proxied = Box::new(Proxied { proxy: address, header: None });
            return self.get(id).map_or((), |conn| conn.proxied = Some(proxied));
        }
        let over = self.networks.count(address);
        let Some(conn) = self.get(id) else { return };
        conn.counted = over.is_some();
        if let Some(over @ 1..) = over {
            if conn.refusal.is_none() {
                conn.refusal = Some(Refused::Network);
                self.counters.refused.add(Refused::Network);
            }
            let tls = self.get(id).is_some_and(|conn| conn.transport.is_tls());
            if over > SURPLUS_MAX || tls {
                self.doom(id);
            }
        }
    }

    /// Sets the client's address and TLS from a request's headers, if a trusted proxy sent it.
    pub(super) fn read_forwarded(&mut self, id: ConnId, request: &Request) {
        let Some(conn) = self.get(id) else { return };
        let Some(proxy) = conn.proxied.as_ref().map(|proxied| proxied.proxy) else { return };
        let lines = request.headers("x-forwarded-for");
        let client = forwarded_for(lines, |address| self.trusts(address));
        if let Err(unclear) = client {
            tracing::debug!(%proxy, "{unclear}");
        }
        let Some(conn) = self.get(id) else { return };
        conn.address = client.ok().flatten().unwrap_or(proxy);
        let secure = is_secure(request.headers("x-forwarded-proto"));
        conn.secure = secure.unwrap_or_else(|| conn.transport.is_tls());
    }

    /// Admits a client that opens a WebSocket, and counts it if it comes through a trusted proxy. No
    /// request follows this one.
    pub(super) fn admit(&mut self, id: ConnId) -> Result<(), Refused> {
        let admitted = match self.memory_state.is_full {
            true => Err(Refused::Memory),
            false => self.count_proxied(id),
        };
        admitted.inspect_err(|refused| self.counters.refused.add(*refused))
    }

    fn count_proxied(&mut self, id: ConnId) -> Result<(), Refused> {
        let Some(conn) = self.get(id) else { return Ok(()) };
        let address = conn.address;
        if conn.proxied.take().is_none() || self.trusts(address) {
            return Ok(());
        }
        let counted = self.networks.count(address);
        if counted.is_some_and(|over| over > 0) {
            self.networks.discount(address);
            return Err(Refused::Network);
        }
        if let Some(conn) = self.get(id) {
            conn.counted = counted.is_some();
        }
        Ok(())
    }

    /// Removes a connection from the counts.
    pub(super) fn discount(&mut self, conn: &Conn) {
        if conn.counted {
            self.networks.discount(conn.address);
        }
    }
}
