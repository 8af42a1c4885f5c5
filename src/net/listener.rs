//! Accepting connections, also when no file descriptor is left.

use std::io::{self, ErrorKind};
use std::net::{self, IpAddr, Ipv4Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::time::Duration;

use mio::net::{TcpListener, TcpStream, UnixListener};
use rustix::io::Errno;
use socket2::{Domain, Protocol, SockRef, Socket, Type};

use super::Limits;
use crate::clock::Moment;

/// How long accepting pauses when no file descriptor is left, unless one is freed.
const PAUSE: Duration = Duration::from_millis(100);

/// A listening socket, by the order in which they were opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListenerId(pub(super) u16);

/// What connections of a listening socket begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transmission {
    /// HTTP.
    Plain,
    /// A TLS handshake.
    Tls,
}

/// The result of an attempt to accept.
#[derive(Debug)]
pub(super) enum Accepted {
    /// A connection.
    Conn(TcpStream, IpAddr, ListenerId, Transmission),
    /// No connection waits.
    None,
    /// A connection failed before it was accepted; there may be others.
    Gone,
    /// No file descriptor or memory is left; accepting pauses.
    Exhausted(io::Error),
}

/// What accepting lacks. Any other error is that of the connection that waited first (`accept(2)`
/// passes on the errors of the network), and the next may be accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lack {
    Files,
    Memory,
}

impl Lack {
    fn of(error: &io::Error) -> Option<Self> {
        match Errno::from_io_error(error)? {
            Errno::MFILE | Errno::NFILE => Some(Self::Files),
            Errno::NOBUFS | Errno::NOMEM => Some(Self::Memory),
            _ => None,
        }
    }
}

/// The listening sockets, and a spare file descriptor.
#[derive(Debug)]
pub(super) struct Listeners {
    listeners: Vec<Listener>,
    /// Closed to accept and drop connections when no other descriptor is left.
    spare: Option<Socket>,
    paused_until: Option<Moment>,
}

/// A socket that listens.
#[derive(Debug)]
pub(super) enum ListeningSocket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl ListeningSocket {
    /// Accepts a connection, with the address of its peer; of this machine, if it has none.
    fn accept(&self) -> io::Result<(TcpStream, IpAddr)> {
        match self {
            Self::Tcp(socket) => {
                let (stream, address) = socket.accept()?;
                // Small messages must not wait for the acknowledgement of earlier ones.
                stream.set_nodelay(true)?;
                Ok((stream, address.ip().to_canonical()))
            }
            Self::Unix(socket) => {
                let (stream, _) = socket.accept()?;
                // It is read, written and shut like one of TCP, which only has more options.
                Ok((OwnedFd::from(stream).into(), Ipv4Addr::LOCALHOST.into()))
            }
        }
    }
}

#[derive(Debug)]
struct Listener {
    socket: ListeningSocket,
    id: ListenerId,
    transmission: Transmission,
    /// Whether connections may wait: the poll reports an edge once.
    ready: bool,
}

/// Opens a listening socket.
pub(super) fn bind(address: SocketAddr, limits: &Limits) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // A server that was just stopped leaves connections in TIME_WAIT behind.
    socket.set_reuse_address(true)?;
    // Accepted sockets inherit this.
    socket.set_send_buffer_size(limits.socket_send_buffer_bytes)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(i32::try_from(limits.backlog).unwrap_or(i32::MAX))?;
    Ok(TcpListener::from_std(socket.into()))
}

/// Sets the properties of a passed listening socket to those that [`bind`] sets.
pub(super) fn prepare(socket: net::TcpListener, limits: &Limits) -> io::Result<TcpListener> {
    SockRef::from(&socket).set_send_buffer_size(limits.socket_send_buffer_bytes)?;
    socket.set_nonblocking(true)?;
    Ok(TcpListener::from_std(socket))
}

impl Listeners {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { listeners: Vec::new(), spare: Some(spare()?), paused_until: None })
    }

    /// Returns the id of the socket to be added next.
    pub(super) fn next_id(&self) -> ListenerId {
        ListenerId(u16::try_from(self.listeners.len()).unwrap_or(u16::MAX))
    }

    /// Adds a socket, which is registered with its id.
    pub(super) fn add(&mut self, socket: ListeningSocket, transmission: Transmission) {
        let id = self.next_id();
        self.listeners.push(Listener { socket, id, transmission, ready: true });
    }

    /// Notes that connections wait at a socket.
    pub(super) fn mark_ready(&mut self, id: ListenerId) {
        if let Some(listener) = self.listeners.get_mut(usize::from(id.0)) {
            listener.ready = true;
        }
    }

    /// Whether to accept now.
    pub(super) fn is_ready(&self, now: Moment) -> bool {
        self.paused_until.is_none_or(|until| until <= now)
            && self.listeners.iter().any(|listener| listener.ready)
    }

    /// Returns when accepting resumes, if it pauses.
    pub(super) fn paused_until(&self) -> Option<Moment> {
        self.paused_until
    }

    /// Resumes accepting: a descriptor was freed.
    pub(super) fn resume(&mut self) {
        self.paused_until = None;
    }

    /// Accepts one connection.
    pub(super) fn accept(&mut self, now: Moment) -> Accepted {
        while let Some(listener) = self.listeners.iter_mut().find(|listener| listener.ready) {
            match listener.socket.accept() {
                Ok((stream, address)) => {
                    return Accepted::Conn(stream, address, listener.id, listener.transmission);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => listener.ready = false,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    let Some(lack) = Lack::of(&error) else { return Accepted::Gone };
                    if lack == Lack::Files {
                        turn_away(&listener.socket, &mut self.spare);
                    }
                    self.paused_until = Some(now.after(PAUSE));
                    return Accepted::Exhausted(error);
                }
            }
        }
        Accepted::None
    }
}

/// Accepts and closes the connections that wait at a socket, so that their peers notice at once.
///
/// `accept` reports the lack of a descriptor also when no connection waits; so the loop ends with
/// the first attempt that had the spare descriptor to use and yet found none.
fn turn_away(socket: &ListeningSocket, spare_socket: &mut Option<Socket>) {
    const AT_ONCE_MAX: usize = 1024;
    for _ in 0..AT_ONCE_MAX {
        if spare_socket.take().is_none() {
            break;
        }
        let accepted = socket.accept();
        let found = accepted.is_ok();
        drop(accepted);
        *spare_socket = spare().ok();
        if !found {
            break;
        }
    }
    if spare_socket.is_none() {
        *spare_socket = spare().ok();
    }
}

/// Opens a descriptor that needs no file: the program also runs where there is none.
fn spare() -> io::Result<Socket> {
    Socket::new(Domain::UNIX, Type::DGRAM, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lack_of_files_or_memory_pauses_accepting() {
        let lack = |errno: Errno| Lack::of(&io::Error::from(errno));
        assert_eq!([Errno::MFILE, Errno::NFILE].map(lack), [Some(Lack::Files); 2]);
        assert_eq!([Errno::NOBUFS, Errno::NOMEM].map(lack), [Some(Lack::Memory); 2]);
        for errno in [
            Errno::PROTO,
            Errno::PERM,
            Errno::HOSTUNREACH,
            Errno::NETUNREACH,
            Errno::NETDOWN,
            Errno::HOSTDOWN,
            Errno::OPNOTSUPP,
            Errno::NOPROTOOPT,
            Errno::CONNABORTED,
            Errno::CONNRESET,
            Errno::TIMEDOUT,
        ] {
            assert_eq!(lack(errno), None, "{errno}");
        }
    }
}
