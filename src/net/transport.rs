//! Reads and writes of one connection, plain or by TLS.
//!
//! `WouldBlock` and `Interrupted` are handled here and seen nowhere else.

use std::io::{ErrorKind, IoSlice, Read, Write};
use std::net::{IpAddr, Shutdown};

use mio::net::TcpStream;

use super::tls::Session;

/// The result of a read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Moved {
    /// This many bytes, at least one.
    Some(usize),
    /// Nothing until the next event.
    Blocked,
    /// The peer has ended its side.
    Ended,
    /// The connection is broken.
    Broken(ErrorKind),
}

/// The result of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Written {
    /// Bytes that need not be written again.
    pub(super) taken: usize,
    /// Bytes that the kernel took, encrypted if the connection is.
    pub(super) sent: usize,
    /// Whether the kernel takes no more until the next event.
    pub(super) blocked: bool,
}

impl Written {
    pub(super) const NOTHING: Self = Self { taken: 0, sent: 0, blocked: true };
}

/// The buffers by which all connections encrypt.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    plain: Vec<u8>,
    encrypted: Vec<u8>,
}

/// Bytes encrypted in one write. What the kernel does not take of them waits encrypted.
const ENCRYPTED_AT_ONCE: usize = 32 * 1024;

/// The socket of a connection, and its TLS session.
#[derive(Debug)]
pub(super) struct Transport {
    stream: TcpStream,
    /// Whether it is by TLS, of which nothing has been received yet.
    awaits_tls: bool,
    session: Option<Box<Session>>,
}

impl Transport {
    pub(super) fn new(stream: TcpStream, tls: bool) -> Self {
        Self { stream, awaits_tls: tls, session: None }
    }

    pub(super) fn stream(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// Returns the addresses of our end and of the peer's.
    pub(super) fn ends(&self) -> Option<(IpAddr, IpAddr)> {
        let (own, peer) = (self.stream.local_addr().ok()?, self.stream.peer_addr().ok()?);
        Some((own.ip().to_canonical(), peer.ip().to_canonical()))
    }

    /// Whether it is by TLS.
    pub(super) fn is_tls(&self) -> bool {
        self.awaits_tls || self.session.is_some()
    }

    /// Whether it is by TLS and nothing has been received.
    pub(super) fn awaits_tls(&self) -> bool {
        self.awaits_tls
    }

    /// Sets the session of a connection that awaits one; without one, the connection is plain.
    pub(super) fn secure(&mut self, session: Option<Session>) {
        self.awaits_tls = false;
        self.session = session.map(Box::new);
    }

    pub(super) fn session(&mut self) -> Option<&mut Session> {
        self.session.as_deref_mut()
    }

    /// Returns the bytes of the session and its buffers.
    pub(super) fn memory(&self) -> usize {
        self.session.as_ref().map_or(0, |session| session.memory())
    }

    /// Returns the number of encrypted bytes that the kernel has not taken yet.
    pub(super) fn unsent(&self) -> usize {
        self.session.as_ref().map_or(0, |session| session.outgoing().len())
    }

    /// Reads from the socket; what comes is encrypted if the connection is.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Moved {
        loop {
            return match self.stream.read(buffer) {
                Ok(0) => Moved::Ended,
                Ok(n) => Moved::Some(n),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock => Moved::Blocked,
                Err(error) => Moved::Broken(error.kind()),
            };
        }
    }

    /// Writes as much as the kernel takes in one call.
    ///
    /// # Errors
    /// If the connection is broken.
    pub(super) fn write(
        &mut self,
        slices: &[IoSlice<'_>],
        scratch: &mut Scratch,
    ) -> Result<Written, ErrorKind> {
        let Some(session) = &mut self.session else {
            let length: usize = slices.iter().map(|slice| slice.len()).sum();
            let taken = write(&mut self.stream, slices)?;
            return Ok(Written { taken, sent: taken, blocked: taken < length });
        };
        let waited = write_outgoing(&mut self.stream, session)?;
        if waited.blocked || slices.is_empty() {
            return Ok(waited);
        }
        let Scratch { plain, encrypted } = scratch;
        let plain = gather(slices, plain);
        session.encrypt(plain, encrypted).map_err(|_| ErrorKind::InvalidData)?;
        let sent = write(&mut self.stream, &[IoSlice::new(encrypted)])?;
        let rest = encrypted.get(sent..).unwrap_or_default();
        session.keep(rest);
        let blocked = !rest.is_empty();
        Ok(Written { taken: plain.len(), sent: waited.sent.saturating_add(sent), blocked })
    }

    /// Ends our side; what the kernel still holds is sent first. Returns whether that is done: not
    /// if the kernel has no room for TLS's last word.
    pub(super) fn shut(&mut self) -> bool {
        if !self.say_goodbye() {
            return false;
        }
        // Fails if the peer is already gone, which needs no handling.
        let _ = self.stream.shutdown(Shutdown::Write);
        true
    }

    /// Sends `close_notify`, if that has not been sent. Returns whether the kernel has all.
    pub(super) fn say_goodbye(&mut self) -> bool {
        let Some(session) = &mut self.session else { return true };
        session.close();
        write_outgoing(&mut self.stream, session).is_ok_and(|written| !written.blocked)
    }
}

/// Returns the first bytes of some slices in one piece: without a copy if that is one of them.
fn gather<'a>(slices: &'a [IoSlice<'_>], buffer: &'a mut Vec<u8>) -> &'a [u8] {
    let first: &[u8] = slices.first().map_or(&[], |slice| slice);
    if slices.len() == 1 || first.len() >= ENCRYPTED_AT_ONCE {
        return first.get(..ENCRYPTED_AT_ONCE).unwrap_or(first);
    }
    buffer.clear();
    for slice in slices {
        let room = ENCRYPTED_AT_ONCE.saturating_sub(buffer.len());
        buffer.extend_from_slice(slice.get(..room).unwrap_or(slice));
    }
    buffer
}

/// Writes what is already encrypted.
fn write_outgoing(stream: &mut TcpStream, session: &mut Session) -> Result<Written, ErrorKind> {
    let length = session.outgoing().len();
    if length == 0 {
        return Ok(Written { blocked: false, ..Written::NOTHING });
    }
    let sent = write(stream, &[IoSlice::new(session.outgoing())])?;
    session.advance(sent);
    Ok(Written { taken: 0, sent, blocked: sent < length })
}

/// Writes in one call; returns how many bytes the kernel took, 0 if it has no room.
fn write(stream: &mut TcpStream, slices: &[IoSlice<'_>]) -> Result<usize, ErrorKind> {
    loop {
        // One slice is the usual case, and `send` is cheaper than `sendmsg`.
        let result = match slices {
            [slice] => stream.write(slice),
            slices => stream.write_vectored(slices),
        };
        return match result {
            Ok(n) => Ok(n),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
            Err(error) => Err(error.kind()),
        };
    }
}
