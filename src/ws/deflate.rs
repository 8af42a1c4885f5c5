//! permessage-deflate (RFC 7692): the compressors, shared by all connections.
//!
//! There is no context takeover in either direction: so one inflater and one deflater for each
//! window size serve all connections, and a broadcast is compressed once per size. `extension`
//! negotiates the parameters.

use std::cell::Cell;
use std::num::NonZeroU8;
use std::sync::Arc;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::Limits;
use super::frame::{self, Opcode};
use super::violation::Violation;
use crate::clock::Now;
use crate::http::{self, Date, Request, Response};
use crate::metrics::Counts;

/// RFC 7692 §7.2.1: the end of a flushed block; the sender removes it, the receiver appends it.
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

/// An empty block with BFINAL. Only a stream at the end of a block is ended by it.
const FINAL: [u8; 5] = [0x01, 0x00, 0x00, 0xff, 0xff];

/// The compression level. Measured on 4 KB of JSON: as small as level 6, in two thirds of the time;
/// level 1 is little faster and twice as large.
const LEVEL: u32 = 2;

/// The size of the window a compressor may look back into: 2^9 to 2^15 bytes.
///
/// RFC 7692 also allows 2^8, which zlib cannot do without a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WindowBits(NonZeroU8);

impl WindowBits {
    /// The default size.
    pub const MAX: Self = Self(NonZeroU8::MIN.saturating_add(14));

    /// Returns a window size of 9 to 15 bits.
    pub fn new(bits: u8) -> Option<Self> {
        if !(9..=15).contains(&bits) {
            return None;
        }
        NonZeroU8::new(bits).map(Self)
    }

    /// Returns the number of bits.
    pub fn get(self) -> u8 {
        self.0.get()
    }
}

/// The state shared by all endpoints of a reactor: limits and compressors.
#[derive(Debug)]
pub struct Shared {
    /// The limits of WebSockets.
    pub limits: Limits,
    /// The limits of requests.
    pub http: http::Limits,
    /// Makes the response to a request that is not passed to the handler, from its path, the status
    /// and one line of text.
    pub refusal: fn(&str, http::Status, &str) -> Response,
    /// Whether the body of a request is passed to the handler in parts, as it comes.
    pub streams: fn(&Request) -> bool,
    /// Responses since the start, by status.
    pub responses: Counts<http::Status>,
    /// Whether each connection ends after its next response.
    pub draining: bool,
    date: Cell<Date>,
    inflater: Option<Inflater>,
    /// One for each window size, made when first needed; some 300 KiB each.
    deflaters: [Option<Box<Compress>>; 7],
    /// The output buffer of the deflaters.
    deflated: Vec<u8>,
    /// Counts the leases, which each hold a clone.
    permit: Arc<()>,
}

impl Shared {
    /// Returns the shared state of endpoints with these limits.
    pub fn new(limits: Limits, http: http::Limits) -> Self {
        Self {
            limits,
            http,
            refusal: |_, status, line| Response::text(status, line),
            streams: |_| false,
            responses: Counts::new(http::Status::ALL),
            draining: false,
            date: Cell::new(Date::of(0)),
            inflater: None,
            deflaters: [const { None }; 7],
            deflated: Vec::new(),
            permit: Arc::new(()),
        }
    }

    /// Returns the date of the current second.
    pub(super) fn date(&self, now: Now) -> Date {
        let date = self.date.get().at(now.unix_ms / 1000);
        self.date.set(date);
        date
    }

    /// Appends one frame whose payload is compressed for this window size.
    ///
    /// Returns `false` and appends nothing if the payload is below the threshold or would not
    /// shrink.
    pub fn deflate(
        &mut self,
        opcode: Opcode,
        bits: WindowBits,
        payload: &[u8],
        out: &mut Vec<u8>,
    ) -> bool {
        if payload.len() < self.limits.deflate_bytes_min {
            return false;
        }
        let slot = usize::from(bits.get()).saturating_sub(9);
        let Some(deflater) = self.deflaters.get_mut(slot) else {
            return false;
        };
        let deflater = deflater.get_or_insert_with(|| {
            let level = Compression::new(LEVEL);
            Box::new(Compress::new_with_window_bits(level, false, bits.get()))
        });
        deflater.reset();
        self.deflated.clear();
        let done = deflate(deflater, payload, &mut self.deflated);
        let shorter = done && self.deflated.len() < payload.len();
        if shorter {
            frame::encode(opcode, true, &self.deflated, out);
        }
        shorter
    }

    /// Inflates a whole message.
    pub(super) fn inflate(&mut self, payload: &[u8]) -> (Vec<u8>, Result<(), Violation>) {
        let bytes_max = self.limits.message_bytes_max;
        let inflater = self.inflater.get_or_insert_with(Inflater::new);
        inflater.reset();
        let mut out = Vec::new();
        let result = inflater
            .inflate(payload, &mut out, bytes_max)
            .and_then(|()| inflater.finish(&mut out, bytes_max));
        (out, result)
    }

    /// Lends an inflater for a message that arrives in pieces; `None` if too many are lent.
    pub(super) fn lend_inflater(&self) -> Option<Lease> {
        let lent = Arc::strong_count(&self.permit).saturating_sub(1);
        (lent < self.limits.inflaters_max)
            .then(|| Lease { inflater: Inflater::new(), _permit: Arc::clone(&self.permit) })
    }
}

/// An inflater lent for one incomplete message until dropped.
#[derive(Debug)]
pub(super) struct Lease {
    pub(super) inflater: Inflater,
    _permit: Arc<()>,
}

/// The decompression of one message.
#[derive(Debug)]
pub(super) struct Inflater {
    stream: Decompress,
    /// Whether a block with BFINAL has ended the stream (RFC 7692 §7.2.3.4).
    ended: bool,
    /// The last bytes of input.
    last: [u8; TAIL.len()],
}

impl Inflater {
    /// Returns an inflater with a window of 15 bits, which suits any smaller one of the sender.
    pub(super) fn new() -> Self {
        Self { stream: Decompress::new(false), ended: false, last: [0; TAIL.len()] }
    }

    pub(super) fn reset(&mut self) {
        self.stream.reset(false);
        self.ended = false;
        self.last = [0; TAIL.len()];
    }

    /// Inflates the next piece of a message, appending to `out`.
    ///
    /// `out` never exceeds `bytes_max` bytes: a bomb costs no more memory than the largest message.
    pub(super) fn inflate(
        &mut self,
        mut piece: &[u8],
        out: &mut Vec<u8>,
        bytes_max: usize,
    ) -> Result<(), Violation> {
        for &byte in piece.get(piece.len().saturating_sub(TAIL.len())..).unwrap_or_default() {
            let [_, b, c, d] = self.last;
            self.last = [b, c, d, byte];
        }
        loop {
            if self.ended {
                if piece.is_empty() {
                    return Ok(());
                }
                self.stream.reset(false);
                self.ended = false;
            }
            if out.len() == out.capacity() {
                // One byte more than the limit, to notice when it is passed.
                let room = bytes_max.saturating_sub(out.len()).saturating_add(1);
                let wanted = piece.len().saturating_mul(4).max(out.len()).max(64);
                out.reserve_exact(wanted.min(room));
            }
            let taken_before = self.stream.total_in();
            let length_before = out.len();
            let status = self.stream.decompress_vec(piece, out, FlushDecompress::None);
            if out.len() > bytes_max {
                out.truncate(bytes_max);
                return Err(Violation::MessageTooBig);
            }
            let status = status.map_err(|_| Violation::BadDeflate)?;
            let taken = self.stream.total_in().saturating_sub(taken_before);
            piece = usize::try_from(taken).ok().and_then(|n| piece.get(n..)).unwrap_or_default();
            match status {
                Status::StreamEnd => self.ended = true,
                _ if out.len() == out.capacity() => {}
                _ if piece.is_empty() => return Ok(()),
                // No progress although there is room.
                _ if taken == 0 && out.len() == length_before => {
                    return Err(Violation::BadDeflate);
                }
                _ => {}
            }
        }
    }

    /// Ends the message (RFC 7692 §7.2.2), and checks that it was complete.
    ///
    /// A sender may have left the tail in place: a message without it cannot end in the same bytes,
    /// since its last byte has the three zero bits of a block header.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>, bytes_max: usize) -> Result<(), Violation> {
        if self.ended {
            return Ok(());
        }
        let length = out.len();
        if self.last != TAIL {
            self.inflate(&TAIL, out, bytes_max)?;
        }
        self.inflate(&FINAL, out, bytes_max)?;
        if self.ended && out.len() == length { Ok(()) } else { Err(Violation::BadDeflate) }
    }
}

/// Returns `payload` compressed as one message of its own.
pub(super) fn deflate_once(payload: &[u8]) -> Option<Vec<u8>> {
    let mut deflated = Vec::new();
    let done = deflate(&mut Compress::new(Compression::new(LEVEL), false), payload, &mut deflated);
    done.then_some(deflated)
}

/// Compresses `payload` as one message, without the tail.
fn deflate(deflater: &mut Compress, mut payload: &[u8], out: &mut Vec<u8>) -> bool {
    loop {
        out.reserve(payload.len().saturating_div(2).saturating_add(64));
        let taken_before = deflater.total_in();
        if deflater.compress_vec(payload, out, FlushCompress::Sync).is_err() {
            return false;
        }
        let taken = deflater.total_in().saturating_sub(taken_before);
        payload = usize::try_from(taken).ok().and_then(|n| payload.get(n..)).unwrap_or_default();
        if payload.is_empty() && out.len() < out.capacity() {
            break;
        }
    }
    let Some(length) = out.strip_suffix(&TAIL).map(<[u8]>::len) else {
        return false;
    };
    out.truncate(length);
    true
}
