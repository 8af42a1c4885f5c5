//! Accepting, and what happens when there are too many connections.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use mio::net::{TcpListener, TcpStream};
use socket2::{Domain, Protocol, Socket, Type};

use super::Limits;
use crate::clock::Moment;

/// How long accepting pauses when there is no file descriptor left, unless one is freed.
const PAUSE: Duration = Duration::from_millis(100);

/// Is what came of an attempt to accept.
#[derive(Debug)]
pub(super) enum Accepted {
    /// A connection.
    Conn(TcpStream, SocketAddr),
    /// Nobody waits.
    Nobody,
    /// One that came was gone again; there may be others.
    Gone,
    /// No file descriptor is left; accepting pauses.
    Exhausted(ErrorKind),
}

/// Holds the listening sockets and one spare file descriptor.
#[derive(Debug)]
pub(super) struct Listeners {
    sockets: Vec<TcpListener>,
    /// Is given up to turn somebody away when there is no other descriptor.
    spare: Option<File>,
    /// Which sockets may have somebody waiting: an edge is told once.
    ready: Vec<bool>,
    paused_until: Option<Moment>,
}

impl Listeners {
    pub(super) fn new() -> io::Result<Self> {
        let spare = Some(spare()?);
        Ok(Self { sockets: Vec::new(), spare, ready: Vec::new(), paused_until: None })
    }

    /// Adds a listening socket and gives it, to be registered.
    pub(super) fn bind(
        &mut self,
        address: SocketAddr,
        limits: &Limits,
    ) -> io::Result<&mut TcpListener> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        if address.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        // A server that was just stopped leaves connections in TIME_WAIT behind.
        socket.set_reuse_address(true)?;
        // What is accepted takes this over from the listener.
        socket.set_send_buffer_size(limits.socket_send_buffer_bytes)?;
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        socket.listen(i32::try_from(limits.backlog).unwrap_or(i32::MAX))?;
        self.sockets.push(TcpListener::from_std(socket.into()));
        self.ready.push(true);
        let index = self.sockets.len() - 1;
        Ok(&mut self.sockets[index])
    }

    pub(super) fn len(&self) -> usize {
        self.sockets.len()
    }

    /// Notes that somebody waits at a socket.
    pub(super) fn mark_ready(&mut self, index: usize) {
        if let Some(ready) = self.ready.get_mut(index) {
            *ready = true;
        }
    }

    /// Says whether accepting would be tried now.
    pub(super) fn is_ready(&self, now: Moment) -> bool {
        self.paused_until.is_none_or(|until| until <= now) && self.ready.contains(&true)
    }

    /// Says when accepting goes on, if it pauses.
    pub(super) fn paused_until(&self) -> Option<Moment> {
        self.paused_until
    }

    /// Goes on accepting: a descriptor was freed.
    pub(super) fn resume(&mut self) {
        self.paused_until = None;
    }

    /// Stops listening: whoever comes is refused by the kernel.
    pub(super) fn close(&mut self) {
        self.sockets.clear();
        self.ready.clear();
        self.paused_until = None;
    }

    /// Accepts one connection.
    pub(super) fn accept(&mut self, now: Moment) -> Accepted {
        while let Some(index) = self.ready.iter().position(|ready| *ready) {
            match self.sockets[index].accept() {
                Ok((stream, address)) => return Accepted::Conn(stream, address),
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => self.ready[index] = false,
                    ErrorKind::Interrupted => {}
                    // The peer gave up while it waited.
                    ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset => {
                        return Accepted::Gone;
                    }
                    kind => {
                        self.turn_away(index);
                        self.paused_until = Some(now.after(PAUSE));
                        return Accepted::Exhausted(kind);
                    }
                },
            }
        }
        Accepted::Nobody
    }

    /// Turns those away who wait at this socket, so that they learn of it at once.
    ///
    /// `accept` reports the lack of a descriptor also when nobody waits; so the loop ends with the
    /// first attempt that had the spare descriptor to use and yet found nobody.
    fn turn_away(&mut self, index: usize) {
        const AT_ONCE_MAX: usize = 1024;
        for _ in 0..AT_ONCE_MAX {
            if self.spare.take().is_none() {
                break;
            }
            let accepted = self.sockets[index].accept();
            let somebody = accepted.is_ok();
            drop(accepted);
            self.spare = spare().ok();
            if !somebody {
                break;
            }
        }
        if self.spare.is_none() {
            self.spare = spare().ok();
        }
    }
}

fn spare() -> io::Result<File> {
    File::open("/dev/null")
}
