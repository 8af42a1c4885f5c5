//! Bytes for the server and from it: heads, frames and what is read of the answers.

use std::net::Ipv4Addr;

use flate2::{Compress, Compression, FlushCompress};

/// Opens a WebSocket at a path with a query.
pub(crate) fn upgrade(path: &str, deflate: bool) -> Vec<u8> {
    let offer = if deflate { "Sec-WebSocket-Extensions: permessage-deflate\r\n" } else { "" };
    let head = format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{offer}\r\n"
    );
    head.into_bytes()
}

/// Returns a request with a body of JSON.
pub(crate) fn post(path: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// Returns a request without a body.
pub(crate) fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").into_bytes()
}

/// Returns what a proxy says first of a connection.
pub(crate) fn proxied(client: Ipv4Addr) -> Vec<u8> {
    format!("PROXY TCP4 {client} 127.0.0.1 5000 80\r\n").into_bytes()
}

/// Returns a text message in one frame.
pub(crate) fn text(payload: &str) -> Vec<u8> {
    frame(0x81, payload.as_bytes())
}

/// Returns a frame with this first byte; its mask of zeros changes nothing.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        length @ 0..=125 => frame.push(0x80 | length as u8),
        length @ 126..=0xffff => {
            frame.push(0x80 | 126);
            frame.extend((length as u16).to_be_bytes());
        }
        length => {
            frame.push(0x80 | 127);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

/// Returns a text message in one compressed frame.
pub(crate) fn deflated(payload: &str) -> Vec<u8> {
    let mut stream = Compress::new(Compression::best(), false);
    let mut out = Vec::with_capacity(payload.len() + 1000);
    stream.compress_vec(payload.as_bytes(), &mut out, FlushCompress::Sync).expect("room in memory");
    out.truncate(out.len() - 4);
    frame(0xc1, &out)
}

/// What has been read of a connection: the answer to a handshake, then frames; or answers to
/// requests.
#[derive(Default)]
pub(crate) struct Inbox {
    bytes: Vec<u8>,
    at: usize,
}

impl Inbox {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.at);
        self.at = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// Takes the head of an answer, and returns its status and how long its body is.
    pub(crate) fn head(&mut self) -> Option<(u16, usize)> {
        let rest = &self.bytes[self.at..];
        let end = rest.windows(4).position(|it| it == b"\r\n\r\n")? + 4;
        let head = String::from_utf8_lossy(&rest[..end]).to_ascii_lowercase();
        let status = head.split(' ').nth(1).and_then(|it| it.parse().ok()).unwrap_or(0);
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
        self.at += end;
        Some((status, length.and_then(|it| it.trim().parse().ok()).unwrap_or(0)))
    }

    /// Takes this many bytes, or as many as there are.
    pub(crate) fn take(&mut self, bytes: usize) -> &[u8] {
        let from = self.at;
        self.at = self.bytes.len().min(from.saturating_add(bytes));
        &self.bytes[from..self.at]
    }

    /// Takes a whole frame, and returns its opcode and payload.
    pub(crate) fn frame(&mut self) -> Option<(u8, Vec<u8>)> {
        let rest = &self.bytes[self.at..];
        let (first, second) = (*rest.first()?, *rest.get(1)?);
        let (header, length) = match second & 0x7f {
            126 => (4, u16::from_be_bytes(rest.get(2..4)?.try_into().ok()?) as usize),
            127 => (10, u64::from_be_bytes(rest.get(2..10)?.try_into().ok()?) as usize),
            length => (2, length as usize),
        };
        let payload = rest.get(header..header + length)?.to_vec();
        self.at += header + length;
        Some((first & 0x0f, payload))
    }
}

/// Returns the code of a close frame.
pub(crate) fn close_code(payload: &[u8]) -> u16 {
    payload.first_chunk().map_or(1005, |code| u16::from_be_bytes(*code))
}
