//! A connection of a client, plain or by TLS, which never waits.
//!
//! What is read goes through buffers that all connections share; one that is idle has none.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::IpAddr;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use rustls::ClientConfig;
use rustls::client::UnbufferedClientConnection;
use rustls::pki_types::ServerName;
use socket2::{Domain, SockRef, Socket, Type};

use crate::net::tls::{Received, Session};

/// The buffers by which all connections read and encrypt.
#[derive(Debug)]
pub(super) struct Buffers {
    socket: Vec<u8>,
    encrypted: Vec<u8>,
}

impl Buffers {
    pub(super) fn new() -> Self {
        Self { socket: vec![0; READ_BYTES], encrypted: Vec::new() }
    }
}

const READ_BYTES: usize = 256 * 1024;

/// How a connection is opened.
#[derive(Clone, Debug, Default)]
pub(super) struct Opening {
    /// The address of this machine to connect from.
    pub(super) source: Option<IpAddr>,
    /// Whether the kernel is to take little that the client does not read.
    pub(super) narrow: bool,
    pub(super) tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
}

/// A connection.
#[derive(Debug)]
pub(super) struct Link {
    stream: TcpStream,
    tls: Option<Box<Session<UnbufferedClientConnection>>>,
    /// What the socket has not taken yet, of a plain connection.
    out: Vec<u8>,
}

/// What came of a read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Moved {
    /// Bytes were read; whether there may be more.
    Some(bool),
    /// Nothing until the next event.
    Blocked,
    /// The server has ended its side.
    Ended,
}

impl Link {
    /// Begins to connect.
    pub(super) fn open(
        address: SocketAddr,
        opening: Opening,
        registry: &Registry,
        token: Token,
    ) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        socket.set_tcp_nodelay(true)?;
        if opening.narrow {
            socket.set_recv_buffer_size(NARROW_BYTES)?;
            socket.set_tcp_mss(NARROW_SEGMENT_BYTES)?;
        }
        if let Some(source) = opening.source {
            socket.bind(&SocketAddr::new(source, 0).into())?;
        }
        match socket.connect(&address.into()) {
            Err(error) if error.raw_os_error() == Some(IN_PROGRESS) => {}
            connected => connected?,
        }
        let mut stream = TcpStream::from_std(socket.into());
        registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
        let tls = match opening.tls {
            Some((config, name)) => Some(Session::connect(config, name).map_err(io::Error::other)?),
            None => None,
        };
        Ok(Self { stream, tls: tls.map(Box::new), out: Vec::new() })
    }

    /// Whether the connection is there; an error if it cannot be.
    pub(super) fn is_connected(&self) -> io::Result<bool> {
        if let Some(error) = self.stream.take_error()? {
            return Err(error);
        }
        match self.stream.peer_addr() {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotConnected => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether what is sent would have to wait for the TLS handshake.
    pub(super) fn is_handshaking(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.is_handshaking())
    }

    /// Whether the TLS handshake resumed an earlier session; none without TLS.
    pub(super) fn is_resumed(&self) -> Option<bool> {
        self.tls.as_ref().map(|tls| tls.is_resumed())
    }

    /// Returns how many bytes the socket has not taken yet.
    pub(super) fn unsent(&self) -> usize {
        self.out.len() + self.tls.as_ref().map_or(0, |tls| tls.outgoing().len())
    }

    /// Reads up to `bytes_max` bytes once; appends what they mean to `plain`.
    ///
    /// # Errors
    /// If the connection is broken, or the server breaks the rules of TLS.
    pub(super) fn read(
        &mut self,
        bytes_max: usize,
        buffers: &mut Buffers,
        plain: &mut Vec<u8>,
    ) -> io::Result<Moved> {
        let length = bytes_max.min(buffers.socket.len());
        let buffer = &mut buffers.socket[..length];
        let read = match self.stream.read(buffer) {
            Ok(0) => return Ok(Moved::Ended),
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Moved::Blocked),
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(Moved::Some(true)),
            Err(error) => return Err(error),
        };
        // A shorter read has emptied the socket: what comes next is a new event.
        let more = read == length;
        let bytes = &mut buffer[..read];
        let Some(tls) = &mut self.tls else {
            plain.extend_from_slice(bytes);
            return Ok(Moved::Some(more));
        };
        let received = tls.receive(bytes, plain).map_err(io::Error::other);
        let flushed = self.flush();
        match received? {
            Received::Open => flushed.map(|()| Moved::Some(more)),
            Received::Ended => Ok(Moved::Ended),
        }
    }

    /// Sends bytes, now or when the socket takes them.
    pub(super) fn send(&mut self, bytes: &[u8], buffers: &mut Buffers) -> io::Result<()> {
        let Some(tls) = &mut self.tls else {
            if !self.out.is_empty() {
                self.out.extend_from_slice(bytes);
                return Ok(());
            }
            let sent = write(&mut self.stream, bytes)?;
            self.out.extend_from_slice(&bytes[sent..]);
            return Ok(());
        };
        tls.encrypt(bytes, &mut buffers.encrypted).map_err(io::Error::other)?;
        let waits = !tls.outgoing().is_empty();
        let sent = if waits { 0 } else { write(&mut self.stream, &buffers.encrypted)? };
        tls.keep(&buffers.encrypted[sent..]);
        Ok(())
    }

    /// Sends what the socket takes of what waits.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        if let Some(tls) = &mut self.tls {
            while !tls.outgoing().is_empty() {
                match write(&mut self.stream, tls.outgoing())? {
                    0 => break,
                    sent => tls.advance(sent),
                }
            }
        }
        if !self.out.is_empty() {
            let sent = write(&mut self.stream, &self.out)?;
            self.out = self.out.split_off(sent);
        }
        Ok(())
    }

    /// Ends the connection without a word, as when a cable is pulled and the kernel hears of it.
    pub(super) fn cut(self) {
        // It ends one way or another.
        _ = SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
    }
}

/// What a slow client's kernel takes, and in which pieces. On this machine those are of 64 KiB, which
/// such a buffer never has room for.
const NARROW_BYTES: usize = 16 * 1024;
const NARROW_SEGMENT_BYTES: u32 = 1400;

/// `EINPROGRESS`: the connection is being established.
const IN_PROGRESS: i32 = rustix::io::Errno::INPROGRESS.raw_os_error();

/// Returns how many bytes the socket took.
fn write(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<usize> {
    let mut sent = 0;
    while sent < bytes.len() {
        match stream.write(&bytes[sent..]) {
            Ok(0) => break,
            Ok(length) => sent += length,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) => return Err(error),
        }
    }
    Ok(sent)
}
