//! The client's side of a WebSocket: its opening handshake (§4.1) and its frames.
//!
//! For commands that look at a server as its clients do. It asks for no context takeover, so each
//! message is compressed for itself. Deadlines, answers to pings and the closing handshake are the
//! caller's.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::close;
use super::deflate::{Inflater, deflate_once};
use super::frame::{self, FrameHeader, Opcode};
use super::handshake::accept_key;
use super::violation::Violation;

/// What to offer in Sec-WebSocket-Extensions.
pub const OFFER: &str =
    "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

/// The key of an opening handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// Makes a key of random bytes.
    pub fn new(nonce: [u8; 16]) -> Self {
        Self(BASE64.encode(nonce))
    }

    /// Returns the value of Sec-WebSocket-Key.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// Whether Sec-WebSocket-Accept answers this key (§4.1).
    pub fn is_answered_by(&self, accept: &str) -> bool {
        accept_key(&self.0) == accept
    }
}

/// What a server sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// A message.
    Message {
        /// Its payload.
        payload: Vec<u8>,
        /// Whether it came compressed.
        compressed: bool,
    },
    /// A ping, to be answered with a pong of this payload.
    Ping(Vec<u8>),
    /// A pong.
    Pong,
    /// A Close, with its code and reason.
    Close(Option<u16>, String),
}

/// The frames from a server.
#[derive(Debug)]
pub struct Frames {
    deflate: bool,
    bytes_max: usize,
    /// Bytes that were received and not yet read.
    input: Vec<u8>,
    /// The first frames of a message, and whether it is compressed.
    partial: Option<(Vec<u8>, bool)>,
}

impl Frames {
    /// Returns the frames of a connection that has just opened, with or without permessage-deflate.
    /// Messages of more than `bytes_max` bytes are a violation.
    pub fn new(deflate: bool, bytes_max: usize) -> Self {
        Self { deflate, bytes_max, input: Vec::new(), partial: None }
    }

    /// Whether messages may be compressed.
    pub fn deflates(&self) -> bool {
        self.deflate
    }

    /// Takes in bytes.
    pub fn receive(&mut self, bytes: &[u8]) {
        self.input.extend_from_slice(bytes);
    }

    /// Returns what is complete of what was received.
    ///
    /// # Errors
    /// If the server breaks a rule; the connection is of no use then.
    pub fn take(&mut self) -> Result<Option<Received>, Violation> {
        loop {
            let Some((header, payload)) = self.take_frame()? else { return Ok(None) };
            match header.opcode {
                Opcode::Ping => return Ok(Some(Received::Ping(payload))),
                Opcode::Pong => return Ok(Some(Received::Pong)),
                Opcode::Close => {
                    let (code, reason) = close::parse(&payload)?;
                    return Ok(Some(Received::Close(code, reason.to_owned())));
                }
                Opcode::Continuation | Opcode::Text | Opcode::Binary => {}
            }
            let is_first = header.opcode != Opcode::Continuation;
            let (mut message, compressed) = match (self.partial.take(), is_first) {
                (None, true) => (Vec::new(), header.rsv1),
                (Some(partial), false) => partial,
                (None, false) => return Err(Violation::UnexpectedContinuation),
                (Some(_), true) => return Err(Violation::ExpectedContinuation),
            };
            message.extend_from_slice(&payload);
            if message.len() > self.bytes_max {
                return Err(Violation::MessageTooBig);
            }
            if !header.fin {
                self.partial = Some((message, compressed));
                continue;
            }
            let payload = if compressed { inflate(&message, self.bytes_max)? } else { message };
            return Ok(Some(Received::Message { payload, compressed }));
        }
    }

    /// Takes a complete frame off the input.
    fn take_frame(&mut self) -> Result<Option<(FrameHeader, Vec<u8>)>, Violation> {
        let parsed = FrameHeader::parse_unmasked(&self.input, self.deflate)?;
        let Some((header, header_bytes)) = parsed else { return Ok(None) };
        let bytes = usize::try_from(header.payload_bytes).ok();
        let bytes = bytes.filter(|bytes| *bytes <= self.bytes_max);
        let end = header_bytes.saturating_add(bytes.ok_or(Violation::MessageTooBig)?);
        let Some(payload) = self.input.get(header_bytes..end) else { return Ok(None) };
        let payload = payload.to_vec();
        self.input.drain(..end);
        Ok(Some((header, payload)))
    }

    /// Appends a message or a control frame, masked with a key of random bytes; `compress` has no
    /// effect without permessage-deflate.
    pub fn encode(
        &self,
        opcode: Opcode,
        payload: &[u8],
        compress: bool,
        key: [u8; 4],
        out: &mut Vec<u8>,
    ) {
        let deflated = (compress && self.deflate).then(|| deflate_once(payload)).flatten();
        let payload = deflated.as_deref().unwrap_or(payload);
        frame::encode_masked(opcode, deflated.is_some(), payload, key, out);
    }
}

fn inflate(payload: &[u8], bytes_max: usize) -> Result<Vec<u8>, Violation> {
    let (mut inflater, mut message) = (Inflater::new(), Vec::new());
    inflater.inflate(payload, &mut message, bytes_max)?;
    inflater.finish(&mut message, bytes_max)?;
    Ok(message)
}
