//! Reads and writes of one connection.
//!
//! `WouldBlock` and `Interrupted` are handled here and seen nowhere else.

use std::io::{ErrorKind, IoSlice, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr};

use mio::net::TcpStream;

/// The result of a read or a write.
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

/// The socket of a connection: plain TCP.
#[derive(Debug)]
pub(super) struct Transport {
    stream: TcpStream,
}

impl Transport {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream }
    }

    pub(super) fn stream(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// Returns the addresses of our end and of the peer's.
    pub(super) fn ends(&self) -> Option<(IpAddr, IpAddr)> {
        let (own, peer) = (self.stream.local_addr().ok()?, self.stream.peer_addr().ok()?);
        Some((own.ip().to_canonical(), peer.ip().to_canonical()))
    }

    /// Returns the address of our end.
    pub(super) fn own_address(&self) -> Option<SocketAddr> {
        self.stream.local_addr().ok()
    }

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
    pub(super) fn write(&mut self, slices: &[IoSlice<'_>]) -> Moved {
        loop {
            // One slice is the usual case, and `send` is cheaper than `sendmsg`.
            let result = match slices {
                [slice] => self.stream.write(slice),
                slices => self.stream.write_vectored(slices),
            };
            return match result {
                Ok(0) => Moved::Blocked,
                Ok(n) => Moved::Some(n),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock => Moved::Blocked,
                Err(error) => Moved::Broken(error.kind()),
            };
        }
    }

    /// Ends our side; what the kernel still holds is sent first.
    pub(super) fn shut(&self) {
        // Fails if the peer is already gone, which needs no handling.
        let _ = self.stream.shutdown(Shutdown::Write);
    }
}
