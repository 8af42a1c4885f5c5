//! How bytes get in and out of a connection: the place where TLS will go.
//!
//! `WouldBlock` and `Interrupted` are dealt with here and seen nowhere else.

use std::io::{ErrorKind, IoSlice, Read, Write};
use std::net::Shutdown;

use mio::net::TcpStream;

/// Returns how a read or a write went.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Moved {
    /// So many bytes, at least one.
    Some(usize),
    /// Nothing now; the poll will tell.
    Blocked,
    /// Nothing any more: the peer has ended its side.
    Ended,
    /// The connection is broken.
    Broken(ErrorKind),
}

/// The bottom of a connection: plain TCP.
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
            // A single slice is the usual case, and `send` is cheaper than `sendmsg`.
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
        // A peer that is gone already makes this fail, and there is nobody left to tell.
        let _ = self.stream.shutdown(Shutdown::Write);
    }
}
