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
pub enum Received<Payload = Vec<u8>> {
    /// A message.
    Message {
        /// Its payload.
        payload: Payload,
        /// Whether it came compressed.
        compressed: bool,
    },
    /// A ping, to be answered with a pong of this payload.
    Ping(Payload),
    /// A pong.
    Pong,
    /// A Close, with its code and reason.
    Close(Option<u16>, String),
}

impl Received<&[u8]> {
    fn into_owned(self) -> Received {
        match self {
            Received::Message { payload, compressed } => {
                Received::Message { payload: payload.to_vec(), compressed }
            }
            Received::Ping(payload) => Received::Ping(payload.to_vec()),
            Received::Pong => Received::Pong,
            Received::Close(code, reason) => Received::Close(code, reason),
        }
    }
}

/// What is needed to read a message that is compressed or has several frames; connections may share
/// one.
#[derive(Default)]
pub struct Scratch {
    inflater: Option<Inflater>,
    /// The message of several frames that is complete.
    whole: Vec<u8>,
    /// The payload that was inflated last: a broadcast is the same for all.
    deflated: Vec<u8>,
    inflated: Vec<u8>,
}

impl Scratch {
    fn inflate(&mut self, payload: &[u8], bytes_max: usize) -> Result<&[u8], Violation> {
        if payload != self.deflated || payload.is_empty() {
            let inflater = self.inflater.get_or_insert_with(Inflater::new);
            inflater.reset();
            self.deflated.clear();
            self.inflated.clear();
            inflater.inflate(payload, &mut self.inflated, bytes_max)?;
            inflater.finish(&mut self.inflated, bytes_max)?;
            self.deflated.extend_from_slice(payload);
        }
        Ok(&self.inflated)
    }
}

/// The frames from a server.
#[derive(Debug)]
pub struct Frames {
    deflate: bool,
    bytes_max: usize,
    /// The first frames of a message, and whether it is compressed.
    partial: Option<(Vec<u8>, bool)>,
    /// Bytes that were received and not yet taken.
    input: Vec<u8>,
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
        let mut input = std::mem::take(&mut self.input);
        let (mut rest, mut scratch) = (input.as_slice(), Scratch::default());
        let received = self.read(&mut rest, &mut scratch)?.map(Received::into_owned);
        let taken = input.len().saturating_sub(rest.len());
        input.drain(..taken);
        self.input = input;
        Ok(received)
    }

    /// Returns what is complete at the front of `input`, and takes it off. What is left in the end
    /// has to be given again, together with what follows.
    ///
    /// # Errors
    /// If the server breaks a rule; the connection is of no use then.
    pub fn read<'a, 'i: 'a>(
        &mut self,
        input: &mut &'i [u8],
        scratch: &'a mut Scratch,
    ) -> Result<Option<Received<&'a [u8]>>, Violation> {
        loop {
            let Some((header, payload)) = self.read_frame(input)? else { return Ok(None) };
            match header.opcode {
                Opcode::Ping => return Ok(Some(Received::Ping(payload))),
                Opcode::Pong => return Ok(Some(Received::Pong)),
                Opcode::Close => {
                    let (code, reason) = close::parse(payload)?;
                    return Ok(Some(Received::Close(code, reason.to_owned())));
                }
                Opcode::Continuation | Opcode::Text | Opcode::Binary => {}
            }
            let is_first = header.opcode != Opcode::Continuation;
            if is_first && header.fin && self.partial.is_none() {
                let compressed = header.rsv1;
                let payload =
                    if compressed { scratch.inflate(payload, self.bytes_max)? } else { payload };
                return Ok(Some(Received::Message { payload, compressed }));
            }
            let (mut message, compressed) = match (self.partial.take(), is_first) {
                (None, true) => (Vec::new(), header.rsv1),
                (Some(partial), false) => partial,
                (None, false) => return Err(Violation::UnexpectedContinuation),
                (Some(_), true) => return Err(Violation::ExpectedContinuation),
            };
            message.extend_from_slice(payload);
            if message.len() > self.bytes_max {
                return Err(Violation::MessageTooBig);
            }
            if !header.fin {
                self.partial = Some((message, compressed));
                continue;
            }
            if compressed {
                let payload = scratch.inflate(&message, self.bytes_max)?;
                return Ok(Some(Received::Message { payload, compressed }));
            }
            scratch.whole = message;
            return Ok(Some(Received::Message { payload: &scratch.whole, compressed }));
        }
    }

    /// Takes a complete frame off the input.
    fn read_frame<'a>(
        &self,
        input: &mut &'a [u8],
    ) -> Result<Option<(FrameHeader, &'a [u8])>, Violation> {
        let parsed = FrameHeader::parse_unmasked(input, self.deflate)?;
        let Some((header, header_bytes)) = parsed else { return Ok(None) };
        let bytes = usize::try_from(header.payload_bytes).ok();
        let bytes = bytes.filter(|bytes| *bytes <= self.bytes_max);
        let end = header_bytes.saturating_add(bytes.ok_or(Violation::MessageTooBig)?);
        let Some((frame, rest)) = input.split_at_checked(end) else { return Ok(None) };
        *input = rest;
        Ok(Some((header, frame.get(header_bytes..).unwrap_or_default())))
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
