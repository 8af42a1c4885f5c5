//! Asking a server at work over HTTP, as a command beside it does.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    time::Duration,
};

use socket2::{Domain, SockAddr, Socket, Type};

use super::tls;
use crate::{clock::Clock, server::address::ServedAt};

/// How long an answer may take, and how long it may be.
#[derive(Clone, Copy)]
pub(super) struct Bounds {
    /// The time from the first attempt to connect to the last byte; what is late is an error.
    pub(super) within: Duration,
    /// Most bytes of an answer; the rest of a longer one is not read.
    pub(super) bytes_max: usize,
}

/// An answer whose connection the server has closed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
}

/// Sends a request (RFC 9112 §3) and takes in all of the answer. `request` asks for the connection
/// to be closed. Where this machine passes for a proxy, the server reads nothing of what does not
/// begin with a PROXY header, and closes.
pub(super) fn ask(address: &ServedAt, request: &str, bounds: Bounds) -> io::Result<Answer> {
    let clock = Clock::start();
    let answer = exchange(address, "", request, bounds, &clock)?;
    let answer = match &answer[..] {
        [] => exchange(address, "PROXY UNKNOWN\r\n", request, bounds, &clock)?,
        _ => answer,
    };
    if answer.is_empty() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    read(&answer).ok_or_else(|| io::Error::other("answers in a way that is not understood"))
}

fn exchange(
    address: &ServedAt,
    head: &str,
    request: &str,
    bounds: Bounds,
    clock: &Clock,
) -> io::Result<Vec<u8>> {
    let left = || match bounds.within.saturating_sub(clock.elapsed()) {
        Duration::ZERO => Err(io::Error::from(io::ErrorKind::TimedOut)),
        left => Ok(left),
    };
    let mut socket = dial(address, left()?)?;
    socket.set_write_timeout(Some(left()?))?;
    socket.set_read_timeout(Some(left()?))?;
    socket.write_all(head.as_bytes())?;
    let timed = socket.try_clone()?;
    let mut stream: Box<dyn Stream> = match address {
        ServedAt::Https(address) => Box::new(tls::connect(socket, *address)?),
        ServedAt::Http(_) | ServedAt::Unix(_) => Box::new(socket),
    };
    let mut answer = Vec::new();
    match stream.write_all(request.as_bytes()) {
        Err(error) if CLOSED.contains(&error.kind()) => return Ok(answer),
        written => written?,
    }
    let mut bytes = [0; 16 * 1024];
    while answer.len() < bounds.bytes_max {
        timed.set_read_timeout(Some(left()?))?;
        match stream.read(&mut bytes) {
            Ok(0) => break,
            Ok(length) => answer.extend_from_slice(bytes.get(..length).unwrap_or_default()),
            // What was closed before all of it was read comes back as a reset.
            Err(error) if CLOSED.contains(&error.kind()) => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // What a read says that ran into its time limit.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => left().map(drop)?,
            Err(error) => return Err(error),
        }
    }
    Ok(answer)
}

/// Opens a connection. A Unix socket is read and written like one of TCP.
fn dial(address: &ServedAt, within: Duration) -> io::Result<TcpStream> {
    let (domain, address) = match address {
        ServedAt::Http(address) | ServedAt::Https(address) => {
            (Domain::for_address(*address), SockAddr::from(*address))
        }
        ServedAt::Unix(path) => (Domain::UNIX, SockAddr::unix(path)?),
    };
    let socket = Socket::new(domain, Type::STREAM, None)?;
    socket.connect_timeout(&address, within)?;
    Ok(socket.into())
}

trait Stream: Read + Write {}

impl<T: Read + Write> Stream for T {}

/// How reads and writes fail on a connection that the server has closed.
const CLOSED: [io::ErrorKind; 3] =
    [io::ErrorKind::BrokenPipe, io::ErrorKind::ConnectionReset, io::ErrorKind::UnexpectedEof];

/// Reads an answer (RFC 9112 §4), if it is one.
fn read(answer: &[u8]) -> Option<Answer> {
    let (head, body) = std::str::from_utf8(answer).ok()?.split_once("\r\n\r\n")?;
    let (version, rest) = head.split_once(' ')?;
    let status = rest.get(..3)?.parse().ok()?;
    version.starts_with("HTTP/1.").then(|| Answer { status, body: body.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_a_status_and_a_body() {
        let answer = |status, body: &str| Some(Answer { status, body: body.to_owned() });
        assert_eq!(read(b"HTTP/1.1 200 OK\r\nA: b\r\n\r\nc\r\n\r\nd"), answer(200, "c\r\n\r\nd"));
        assert_eq!(read(b"HTTP/1.0 404\r\n\r\n"), answer(404, ""));
        for strange in [
            "",
            "SSH-2.0",
            "HTTP/1.1 200 OK\r\n",
            "\r\n\r\n",
            "HTTP/1.1 x\r\n\r\n",
            "A 200\r\n\r\n",
        ] {
            assert_eq!(read(strange.as_bytes()), None, "{strange}");
        }
    }
}
