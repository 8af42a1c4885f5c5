//! The assembly of messages and control frames from bytes as they arrive (§5.4, §5.5).
//!
//! A message that lies in the read buffer as one frame is unmasked and checked there and copied
//! once, into its `String`. What is incomplete at the buffer's end goes into an [`Incoming`], which
//! lives until it is complete; so does what is compressed, since it is announced before it is
//! inflated, and inflated in steps.

use super::Limits;
use super::deflate::{Lease, Shared};
use super::frame::{FrameHeader, HEADER_BYTES_MAX, Opcode};
use super::mask::{rotate, unmask};
use super::utf8::Utf8;
use super::violation::Violation;
use crate::clock::Moment;

/// A message (§5.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Vec<u8>),
}

/// The payload of a frame of a compressed message, before it is inflated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deflated {
    /// Compressed bytes of the message's earlier frames.
    pub before: u64,
    /// Compressed bytes of this frame, at least 1.
    pub bytes: u64,
}

/// A complete message or control frame, or a step towards a compressed message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Message(Message),
    /// A frame of a compressed message has begun.
    Deflated(Deflated),
    Ping(Vec<u8>),
    Pong,
    Close(Vec<u8>),
}

impl Unit {
    fn control(opcode: Opcode, payload: Vec<u8>) -> Self {
        match opcode {
            Opcode::Ping => Self::Ping(payload),
            Opcode::Close => Self::Close(payload),
            _ => Self::Pong,
        }
    }
}

/// Takes a unit that is one frame, not compressed, and complete in `input`. Takes nothing otherwise,
/// also where [`Incoming`] will find a limit passed.
pub(super) fn take_whole(
    limits: &Limits,
    deflate: bool,
    input: &mut &mut [u8],
) -> Result<Option<Unit>, Violation> {
    let Some((header, header_bytes)) = FrameHeader::parse(input, deflate)? else {
        return Ok(None);
    };
    let is_message = matches!(header.opcode, Opcode::Text | Opcode::Binary)
        && !header.rsv1
        && header.payload_bytes <= wire_bytes_max(limits, false);
    if !header.fin || !(is_message || header.opcode.is_control()) {
        return Ok(None);
    }
    let end = usize::try_from(header.payload_bytes).ok().and_then(|n| n.checked_add(header_bytes));
    let Some(end) = end.filter(|&end| end <= input.len()) else {
        return Ok(None);
    };
    let frame = take(input, end);
    let payload = frame.get_mut(header_bytes..).unwrap_or_default();
    unmask(payload, header.masking_key);
    if header.opcode.is_control() {
        return Ok(Some(Unit::control(header.opcode, payload.to_vec())));
    }
    let message = if header.opcode == Opcode::Text {
        let text = simdutf8::basic::from_utf8(payload).map_err(|_| Violation::InvalidUtf8)?;
        Message::Text(text.to_owned())
    } else {
        Message::Binary(payload.to_vec())
    };
    Ok(Some(Unit::Message(message)))
}

/// Inflates a complete message. Of two violations the first one counts, as it would if the bytes
/// arrived one by one.
fn inflate_whole(shared: &mut Shared, is_text: bool, payload: &[u8]) -> Result<Unit, Violation> {
    let (payload, result) = shared.inflate(payload);
    if is_text && result.is_err() {
        Utf8::default().check(&payload)?;
    }
    result?;
    finish(is_text, payload)
}

fn finish(is_text: bool, payload: Vec<u8>) -> Result<Unit, Violation> {
    let message = if is_text {
        Message::Text(String::from_utf8(payload).map_err(|_| Violation::InvalidUtf8)?)
    } else {
        Message::Binary(payload)
    };
    Ok(Unit::Message(message))
}

/// Returns the bytes of a message on the wire at most. A compressed message may exceed its size a
/// little (zlib's `compressBound`); beyond that it has empty blocks.
fn wire_bytes_max(limits: &Limits, compressed: bool) -> u64 {
    let plain = u64::try_from(limits.message_bytes_max).unwrap_or(u64::MAX);
    if compressed { plain.saturating_add(plain >> 10).saturating_add(64) } else { plain }
}

/// The received part of an incomplete frame or message.
#[derive(Debug)]
pub(super) struct Incoming {
    /// When the first byte arrived.
    pub(super) started: Moment,
    /// The first `header_bytes` of an incomplete header.
    header: [u8; HEADER_BYTES_MAX],
    header_bytes: usize,
    /// The frame whose payload is arriving; `payload_bytes` are those missing, `masking_key` is
    /// rotated to the next of them.
    frame: Option<FrameHeader>,
    /// The payload of an incomplete control frame.
    control: Vec<u8>,
    /// Fragments and control frames that began since [`Incoming::take_uncounted`].
    uncounted: u32,
    message: Option<Partial>,
}

impl Incoming {
    pub(super) fn new(started: Moment) -> Self {
        Self {
            started,
            header: [0; HEADER_BYTES_MAX],
            header_bytes: 0,
            frame: None,
            control: Vec::new(),
            uncounted: 0,
            message: None,
        }
    }

    /// Whether nothing is incomplete.
    pub(super) fn is_empty(&self) -> bool {
        self.header_bytes == 0 && self.frame.is_none() && self.message.is_none()
    }

    /// Returns the bytes of memory that it takes.
    pub(super) fn memory(&self) -> usize {
        let message = self.message.as_ref().map_or(0, |message| {
            message.payload.capacity().saturating_add(match &message.coding {
                Coding::Plain | Coding::Deflated | Coding::Skipped => 0,
                Coding::Inflated(_) => INFLATER_BYTES,
                Coding::Collected(bytes) => bytes.capacity(),
            })
        });
        size_of::<Self>().saturating_add(self.control.capacity()).saturating_add(message)
    }

    /// Returns how many fragments and control frames have begun since the last call.
    pub(super) fn take_uncounted(&mut self) -> u32 {
        std::mem::take(&mut self.uncounted)
    }

    /// Takes bytes until a unit is complete; `None` when `input` is used up, or after as much of it
    /// as is inflated in one step.
    pub(super) fn receive(
        &mut self,
        shared: &mut Shared,
        deflate: bool,
        input: &mut &mut [u8],
    ) -> Result<Option<Unit>, Violation> {
        loop {
            let mut frame = match self.frame.take() {
                Some(frame) => frame,
                None => {
                    let Some(header) = self.take_header(deflate, input)? else {
                        return Ok(None);
                    };
                    self.begin(shared, header)?;
                    if let Some(deflated) = self.announced(header) {
                        self.frame = Some(header);
                        return Ok(Some(Unit::Deflated(deflated)));
                    }
                    header
                }
            };
            let inflates =
                !frame.opcode.is_control() && self.message.as_ref().is_some_and(Partial::inflates);
            let step = if inflates { STEP_BYTES } else { usize::MAX };
            let piece = take_piece(&mut frame, step, input);
            let ended = frame.payload_bytes == 0;
            if frame.opcode.is_control() {
                self.control.extend_from_slice(piece);
                if ended {
                    let payload = std::mem::take(&mut self.control);
                    return Ok(Some(Unit::control(frame.opcode, payload)));
                }
            } else if let Some(message) = &mut self.message {
                let is_last = ended && frame.fin;
                message.append(shared, piece, is_last)?;
                if is_last
                    && let Some(message) = self.message.take()
                    && !matches!(message.coding, Coding::Skipped)
                {
                    return message.finish(shared).map(Some);
                }
            }
            if !ended {
                self.frame = Some(frame);
                return Ok(None);
            }
        }
    }

    /// Discards the message that is arriving, without inflating the rest of it.
    pub(super) fn skip(&mut self) {
        if let Some(message) = &mut self.message {
            (message.coding, message.payload) = (Coding::Skipped, Vec::new());
        }
    }

    /// Returns what is to be inflated next, if the frame that begins is a part of it.
    fn announced(&self, header: FrameHeader) -> Option<Deflated> {
        let message = self.message.as_ref().filter(|message| message.inflates())?;
        let bytes = header.payload_bytes;
        let announced = !header.opcode.is_control() && bytes > 0;
        announced.then(|| Deflated { before: message.wire_bytes.saturating_sub(bytes), bytes })
    }

    fn take_header(
        &mut self,
        deflate: bool,
        input: &mut &mut [u8],
    ) -> Result<Option<FrameHeader>, Violation> {
        let before = self.header_bytes;
        let mut filled = before;
        for (slot, &byte) in self.header.iter_mut().skip(before).zip(input.iter()) {
            *slot = byte;
            filled = filled.saturating_add(1);
        }
        let bytes = self.header.get(..filled).unwrap_or_default();
        let parsed = FrameHeader::parse(bytes, deflate)?;
        let header_bytes = parsed.map_or(filled, |(_, header_bytes)| header_bytes);
        take(input, header_bytes.saturating_sub(before));
        self.header_bytes = if parsed.is_some() { 0 } else { filled };
        Ok(parsed.map(|(header, _)| header))
    }

    /// Checks a header against the frames before it (§5.4) and against the limits.
    fn begin(&mut self, shared: &Shared, header: FrameHeader) -> Result<(), Violation> {
        let is_message = header.fin && matches!(header.opcode, Opcode::Text | Opcode::Binary);
        self.uncounted = self.uncounted.saturating_add(u32::from(!is_message));
        match (header.opcode, &mut self.message) {
            (Opcode::Continuation, Some(message)) => message.extend(&shared.limits, header),
            (Opcode::Continuation, None) => Err(Violation::UnexpectedContinuation),
            (Opcode::Text | Opcode::Binary, Some(_)) => Err(Violation::ExpectedContinuation),
            (Opcode::Text | Opcode::Binary, message) => {
                message.insert(Partial::new(header)).extend(&shared.limits, header)
            }
            _ => Ok(()),
        }
    }
}

/// An incomplete message.
#[derive(Debug)]
struct Partial {
    is_text: bool,
    /// The payload so far, inflated.
    payload: Vec<u8>,
    utf8: Utf8,
    fragments: u32,
    /// Payload bytes announced so far, as on the wire.
    wire_bytes: u64,
    coding: Coding,
}

/// What an inflater takes, roughly.
const INFLATER_BYTES: usize = 50 * 1024;

/// How a message's bytes become its payload.
#[derive(Debug)]
enum Coding {
    Plain,
    /// Compressed, and nothing is inflated yet.
    Deflated,
    /// Inflated as they arrive.
    Inflated(Box<Lease>),
    /// Collected, and inflated when complete: too many inflaters are lent.
    Collected(Vec<u8>),
    /// Compressed, and discarded.
    Skipped,
}

/// Compressed bytes that are inflated in one step. The worst of them take some 200 µs: blocks
/// without content that each bring a code of their own.
const STEP_BYTES: usize = 1024;

/// Compressed bytes that are inflated at once where no inflater is free: eight steps.
const COLLECTED_BYTES_MAX: u64 = 8 * 1024;

impl Partial {
    fn new(header: FrameHeader) -> Self {
        let coding = if header.rsv1 { Coding::Deflated } else { Coding::Plain };
        Self {
            is_text: header.opcode == Opcode::Text,
            payload: Vec::new(),
            utf8: Utf8::default(),
            fragments: 0,
            wire_bytes: 0,
            coding,
        }
    }

    /// Counts one more frame. Empty ones count too: they cost time.
    fn extend(&mut self, limits: &Limits, header: FrameHeader) -> Result<(), Violation> {
        self.fragments = self.fragments.saturating_add(1);
        if self.fragments > limits.fragments_max {
            return Err(Violation::TooManyFragments);
        }
        self.wire_bytes = self.wire_bytes.saturating_add(header.payload_bytes);
        let compressed = !matches!(self.coding, Coding::Plain);
        if self.wire_bytes > wire_bytes_max(limits, compressed) {
            return Err(Violation::MessageTooBig);
        }
        Ok(())
    }

    /// Whether what arrives of it is to be inflated.
    fn inflates(&self) -> bool {
        !matches!(self.coding, Coding::Plain | Coding::Skipped)
    }

    fn append(
        &mut self,
        shared: &mut Shared,
        piece: &[u8],
        is_last: bool,
    ) -> Result<(), Violation> {
        if matches!(self.coding, Coding::Deflated) {
            if is_last {
                let (payload, result) = shared.inflate(piece);
                (self.payload, self.coding) = (payload, Coding::Plain);
                self.check_text()?;
                return result;
            }
            self.coding = match shared.lend_inflater() {
                Some(lease) => Coding::Inflated(Box::new(lease)),
                None => Coding::Collected(Vec::new()),
            };
        }
        let result = match &mut self.coding {
            Coding::Plain => {
                self.payload.extend_from_slice(piece);
                Ok(())
            }
            Coding::Inflated(lease) => {
                let bytes_max = shared.limits.message_bytes_max;
                lease.inflater.inflate(piece, &mut self.payload, bytes_max)
            }
            Coding::Collected(_) if self.wire_bytes > COLLECTED_BYTES_MAX => {
                Err(Violation::TooManyCompressed)
            }
            Coding::Collected(bytes) => {
                bytes.extend_from_slice(piece);
                Ok(())
            }
            Coding::Deflated | Coding::Skipped => Ok(()),
        };
        // First: invalid text precedes the other violation.
        self.check_text()?;
        result
    }

    fn finish(mut self, shared: &mut Shared) -> Result<Unit, Violation> {
        match &mut self.coding {
            Coding::Plain | Coding::Deflated | Coding::Skipped => {}
            Coding::Inflated(lease) => {
                let bytes_max = shared.limits.message_bytes_max;
                let result = lease.inflater.finish(&mut self.payload, bytes_max);
                self.check_text()?;
                result?;
            }
            Coding::Collected(bytes) => return inflate_whole(shared, self.is_text, bytes),
        }
        finish(self.is_text, self.payload)
    }

    fn check_text(&mut self) -> Result<(), Violation> {
        if self.is_text { self.utf8.check(&self.payload) } else { Ok(()) }
    }
}

/// Takes and unmasks the part of a frame's payload that is in `input`, up to `bytes_max` bytes.
fn take_piece<'a>(
    frame: &mut FrameHeader,
    bytes_max: usize,
    input: &mut &'a mut [u8],
) -> &'a mut [u8] {
    let missing = usize::try_from(frame.payload_bytes).unwrap_or(usize::MAX);
    let piece = take(input, missing.min(bytes_max));
    unmask(piece, frame.masking_key);
    frame.masking_key = rotate(frame.masking_key, piece.len());
    let taken = u64::try_from(piece.len()).unwrap_or(u64::MAX);
    frame.payload_bytes = frame.payload_bytes.saturating_sub(taken);
    piece
}

/// Takes up to `bytes` bytes from the front of `input`.
pub(super) fn take<'a>(input: &mut &'a mut [u8], bytes: usize) -> &'a mut [u8] {
    let whole = std::mem::take(input);
    let (front, rest) = whole.split_at_mut(bytes.min(whole.len()));
    *input = rest;
    front
}
