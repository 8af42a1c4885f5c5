//! The TLS of a connection: its beginning, and its input.
//!
//! ```text
//!   accept ──► awaited ──► first byte is that of a handshake ──► session ──► handshake complete
//!                      └─► it is not: plain, and any request of it is answered 400
//! ```

use std::time::Duration;

use crate::clock::Moment;
use crate::net::conn::{Conn, ConnId};
use crate::net::conns::Conns;
use crate::net::counters::Refused;
use crate::net::tls::Received;
use crate::rate::{Bucket, Rate, Taken};

/// What came of bytes from the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decrypted {
    /// They are not encrypted.
    Plain,
    /// They were decrypted.
    Open,
    /// They were decrypted, and the peer has ended its side.
    Ended,
    /// The session has failed.
    Failed,
}

/// The content type of a handshake record (RFC 8446 §5.1): no request begins with it.
const HANDSHAKE: u8 = 22;

impl Conns {
    /// Decrypts bytes of a connection and appends what is in them to `plain`.
    pub(super) fn decrypt(
        &mut self,
        id: ConnId,
        now: Moment,
        input: &mut [u8],
        plain: &mut Vec<u8>,
    ) -> Decrypted {
        let Some(conn) = self.get(id) else { return Decrypted::Failed };
        let Some(&first) = input.first() else { return Decrypted::Open };
        if !conn.transport.is_tls() {
            let begins = !conn.endpoint.is_websocket() && conn.endpoint.keeps_nothing();
            if begins && first == HANDSHAKE {
                let address = conn.address;
                if is_due(&mut self.misdirected_tls, now) {
                    tracing::warn!(%address, "a client speaks TLS to a port without it");
                }
            }
            return Decrypted::Plain;
        }
        if conn.transport.awaits_tls() && !self.begin_session(id, now, first) {
            return Decrypted::Plain;
        }
        let Some(conn) = self.get(id) else { return Decrypted::Failed };
        let Some(session) = conn.transport.session() else { return Decrypted::Failed };
        let received = session.receive(input, plain);
        if !session.is_handshaking() && conn.is_handshaking() {
            conn.handshake_due = Moment::NEVER;
            self.handshaking_count = self.handshaking_count.saturating_sub(1);
        }
        let Some(conn) = self.get(id) else { return Decrypted::Failed };
        let owes = conn.transport.unsent() > 0;
        let address = conn.address;
        self.weigh_received(id);
        if owes {
            self.dirty.insert(id.slot());
        }
        match received {
            Ok(Received::Open) => Decrypted::Open,
            Ok(Received::Ended) => Decrypted::Ended,
            Err(fault) => {
                tracing::debug!(%address, %fault, "TLS failed");
                Decrypted::Failed
            }
        }
    }

    /// Begins the session of a connection by its first byte; if that is no TLS, the connection is
    /// plain from now on, and refused. Returns whether there is a session.
    fn begin_session(&mut self, id: ConnId, now: Moment, first: u8) -> bool {
        let session = self.tls.as_ref().filter(|_| first == HANDSHAKE);
        let session = session.and_then(|tls| tls.session().ok());
        let is_secure = session.is_some();
        let Some(conn) = self.get(id) else { return false };
        conn.transport.secure(session);
        if is_secure {
            self.handshaking.push_back(id);
            self.handshaking_count = self.handshaking_count.saturating_add(1);
            if self.handshaking_count > self.limits.tls_handshakes_max {
                self.drop_oldest_handshake();
            }
        } else {
            conn.secure = false;
            conn.handshake_due = Moment::NEVER;
            let address = conn.address;
            if conn.refusal.is_none() {
                conn.refusal = Some(Refused::NoTls);
                self.counters.refused.add(Refused::NoTls);
            }
            if is_due(&mut self.misdirected_plain, now) {
                tracing::warn!(%address, "a client speaks no TLS to a port with it");
            }
        }
        is_secure
    }

    /// Closes the connection whose handshake has lasted longest.
    fn drop_oldest_handshake(&mut self) {
        while let Some(oldest) = self.handshaking.pop_front() {
            if self.get(oldest).is_some_and(|conn| conn.is_handshaking()) {
                self.doom(oldest);
                return;
            }
        }
    }

    /// Removes a connection from the count of handshakes, if its own is incomplete.
    pub(super) fn forget_handshake(&mut self, conn: &Conn) {
        if conn.is_handshaking() && !conn.transport.awaits_tls() {
            self.handshaking_count = self.handshaking_count.saturating_sub(1);
        }
        if self.handshaking_count == 0 {
            self.handshaking.clear();
        }
    }
}

/// Whether to log what is logged once a minute at most.
fn is_due(bucket: &mut Bucket, now: Moment) -> bool {
    !matches!(bucket.take(now, Some(Rate::every(Duration::from_secs(60), 1))), Taken::No(_))
}
