//! A connection of bounded patience, and HTTP requests over it.

use std::{
    io::{self, Read, Write},
    net::{IpAddr, TcpStream},
    sync::Arc,
    time::Duration,
};

use rustls::{ClientConfig, ClientConnection, StreamOwned, pki_types::ServerName};

use crate::clock::Clock;

/// How long any one step may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// The end of a wait.
#[derive(Debug)]
pub(super) struct Deadline {
    clock: Clock,
    within: Duration,
}

impl Deadline {
    pub(super) fn after(within: Duration) -> Self {
        Self { clock: Clock::start(), within }
    }

    /// Returns the time that is left; an error if there is none.
    pub(super) fn left(&self) -> io::Result<Duration> {
        match self.within.saturating_sub(self.elapsed()) {
            Duration::ZERO => {
                let within = self.within.as_secs();
                let why = format!("nothing came within {within} s");
                Err(io::Error::new(io::ErrorKind::TimedOut, why))
            }
            left => Ok(left),
        }
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.clock.elapsed()
    }
}

/// A connection.
pub(super) struct Connection {
    stream: Box<dyn Stream>,
    /// The same socket, for its time limits.
    socket: TcpStream,
}

trait Stream: Read + Write {}

impl<T: Read + Write> Stream for T {}

impl Connection {
    pub(super) fn plain(stream: TcpStream) -> io::Result<Self> {
        let socket = stream.try_clone()?;
        socket.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { stream: Box::new(stream), socket })
    }

    /// Completes a TLS handshake.
    pub(super) fn secure(
        stream: TcpStream,
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
    ) -> io::Result<Self> {
        let client = ClientConnection::new(config, name).map_err(io::Error::other)?;
        let (mut stream, socket) = (StreamOwned::new(client, stream.try_clone()?), stream);
        socket.set_write_timeout(Some(PATIENCE))?;
        let deadline = Deadline::after(PATIENCE);
        while stream.conn.is_handshaking() {
            socket.set_read_timeout(Some(deadline.left()?))?;
            match stream.conn.complete_io(&mut stream.sock) {
                Err(error) if is_late(&error) => {}
                result => _ = result?,
            }
        }
        Ok(Self { stream: Box::new(stream), socket })
    }

    /// Returns the address of this end.
    pub(super) fn own_ip(&self) -> Option<IpAddr> {
        self.socket.local_addr().ok().map(|address| address.ip().to_canonical())
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).and_then(|()| self.stream.flush()).map_err(|error| {
            if !is_late(&error) {
                return error;
            }
            let why = format!("nothing was taken within {} s", PATIENCE.as_secs());
            io::Error::new(io::ErrorKind::TimedOut, why)
        })
    }

    /// Reads what comes next; nothing at the end.
    pub(super) fn read(&mut self, buffer: &mut [u8], deadline: &Deadline) -> io::Result<usize> {
        loop {
            self.socket.set_read_timeout(Some(deadline.left()?))?;
            match self.stream.read(buffer) {
                Err(error) if is_late(&error) => {}
                // Without a word of TLS; or what was sent was not read.
                Err(error) if ENDS.contains(&error.kind()) => return Ok(0),
                result => return result,
            }
        }
    }
}

/// Whether a read has ended without a result, for which there may be time.
fn is_late(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    [Interrupted, TimedOut, WouldBlock].contains(&error.kind())
}

const ENDS: [io::ErrorKind; 2] = [io::ErrorKind::ConnectionReset, io::ErrorKind::UnexpectedEof];

/// The head of an answer, and what came of its body along with it.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Reply {
    /// Returns the value of a header, whose name is in lower case.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Returns the first line of the body.
    pub(super) fn line(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        text.lines().next().unwrap_or_default().trim().to_owned()
    }

    /// Returns the body as JSON.
    pub(super) fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// Reads the head of an answer (RFC 9112 §4).
    pub(super) fn read(connection: &mut Connection, deadline: &Deadline) -> io::Result<Self> {
        let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
        loop {
            let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
            let mut head = httparse::Response::new(&mut headers);
            let parsed = head.parse(&bytes).map_err(|_| io::Error::other(NO_HTTP))?;
            if let httparse::Status::Complete(end) = parsed {
                let status = head.code.unwrap_or_default();
                let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
                let headers = head.headers.iter();
                let headers =
                    headers.map(|it| (it.name.to_ascii_lowercase(), text(it.value))).collect();
                return Ok(Self { status, headers, body: bytes.split_off(end) });
            }
            match connection.read(&mut buffer, deadline)? {
                0 if bytes.is_empty() => return Err(io::Error::other("ends without an answer")),
                0 => return Err(io::Error::other(NO_HTTP)),
                length => bytes.extend_from_slice(buffer.get(..length).unwrap_or_default()),
            }
            if bytes.len() > HEAD_BYTES_MAX {
                return Err(io::Error::other(NO_HTTP));
            }
        }
    }

    /// Reads the rest of the body: as much as it says, or all until the end of the connection.
    pub(super) fn complete(
        &mut self,
        connection: &mut Connection,
        deadline: &Deadline,
    ) -> io::Result<()> {
        let length = self.header("content-length").and_then(|length| length.parse().ok());
        let length = length.unwrap_or(BODY_BYTES_MAX).min(BODY_BYTES_MAX);
        let mut buffer = [0; 4096];
        while self.body.len() < length {
            match connection.read(&mut buffer, deadline)? {
                0 => break,
                length => self.body.extend_from_slice(buffer.get(..length).unwrap_or_default()),
            }
        }
        if self.header("transfer-encoding").is_some_and(|it| it.eq_ignore_ascii_case("chunked")) {
            self.body = unchunked(&self.body);
        }
        Ok(())
    }
}

const NO_HTTP: &str = "does not speak HTTP/1.1";
const HEADERS_MAX: usize = 64;
const HEAD_BYTES_MAX: usize = 32 * 1024;
const BODY_BYTES_MAX: usize = 256 * 1024;

/// Returns the data of the chunks that are complete (RFC 9112 §7.1).
fn unchunked(mut bytes: &[u8]) -> Vec<u8> {
    let mut data = Vec::new();
    while let Ok(httparse::Status::Complete((start, size))) = httparse::parse_chunk_size(bytes) {
        let end = usize::try_from(size).ok().and_then(|size| start.checked_add(size));
        let Some(chunk) = end.and_then(|end| bytes.get(start..end)) else { break };
        data.extend_from_slice(chunk);
        bytes = end.and_then(|end| bytes.get(end.checked_add(2)?..)).unwrap_or_default();
        if chunk.is_empty() {
            break;
        }
    }
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_joined_as_far_as_they_are_complete() {
        for (bytes, data) in [
            ("3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n", "abcde"),
            ("3\r\nabc\r\n5\r\nde", "abc"),
            ("0\r\n\r\n", ""),
            ("", ""),
            ("x", ""),
            ("ffffffffffffffff\r\na", ""),
        ] {
            assert_eq!(unchunked(bytes.as_bytes()), data.as_bytes(), "{bytes}");
        }
    }
}
