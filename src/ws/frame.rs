//! Frames: the header of one received, and the encoding of one sent (§5.2).
//!
//! Clients mask their frames, servers do not (§5.1); all else is the same both ways.

use super::mask::unmask;
use super::violation::Violation;

/// The type of a frame (§5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Opcode {
    /// Continues a message.
    Continuation = 0x0,
    /// Begins a text message.
    Text = 0x1,
    /// Begins a binary message.
    Binary = 0x2,
    /// Begins or ends the closing handshake.
    Close = 0x8,
    /// Requests a pong.
    Ping = 0x9,
    /// Answers a ping, or is an unsolicited heartbeat.
    Pong = 0xa,
}

impl Opcode {
    /// Whether this is the opcode of a control frame (§5.5).
    pub fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }

    fn parse(bits: u8) -> Result<Self, Violation> {
        match bits {
            0x0 => Ok(Self::Continuation),
            0x1 => Ok(Self::Text),
            0x2 => Ok(Self::Binary),
            0x8 => Ok(Self::Close),
            0x9 => Ok(Self::Ping),
            0xa => Ok(Self::Pong),
            _ => Err(Violation::ReservedOpcode),
        }
    }
}

const FIN: u8 = 0x80;
const RSV1: u8 = 0x40;
const RSV2_RSV3: u8 = 0x30;
const MASK: u8 = 0x80;
const LENGTH_16: u8 = 126;
const LENGTH_64: u8 = 127;

/// Bytes of the longest header.
pub(super) const HEADER_BYTES_MAX: usize = 14;

/// The header of a frame.
///
/// | byte | bits |
/// |---|---|
/// | 0 | FIN, RSV1, RSV2, RSV3, opcode (4) |
/// | 1 | MASK, length (7): 126 if 2 bytes of length follow, 127 if 8 do |
/// | 2… | the length if it is longer, big-endian |
/// | … | masking key (4 bytes), in a client's frame |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FrameHeader {
    pub(super) fin: bool,
    /// Whether the message is compressed (RFC 7692 §6).
    pub(super) rsv1: bool,
    pub(super) opcode: Opcode,
    pub(super) payload_bytes: u64,
    /// All zero in a server's frame.
    pub(super) masking_key: [u8; 4],
}

impl FrameHeader {
    /// Parses the header of a client's frame at the front of `bytes`; returns it and its length,
    /// `None` while it is incomplete. A violation is found with its first byte.
    pub(super) fn parse(bytes: &[u8], deflate: bool) -> Result<Option<(Self, usize)>, Violation> {
        let Some((mut header, rest)) = Self::parse_unkeyed(bytes, deflate, MASK)? else {
            return Ok(None);
        };
        let Some((&masking_key, rest)) = rest.split_first_chunk() else {
            return Ok(None);
        };
        header.masking_key = masking_key;
        Ok(Some((header, bytes.len().saturating_sub(rest.len()))))
    }

    /// Parses the header of a server's frame, as [`FrameHeader::parse`] does a client's.
    pub(super) fn parse_unmasked(
        bytes: &[u8],
        deflate: bool,
    ) -> Result<Option<(Self, usize)>, Violation> {
        let parsed = Self::parse_unkeyed(bytes, deflate, 0)?;
        Ok(parsed.map(|(header, rest)| (header, bytes.len().saturating_sub(rest.len()))))
    }

    /// Parses a header up to the masking key; `mask` is what its MASK bit must be.
    #[inline]
    fn parse_unkeyed(
        bytes: &[u8],
        deflate: bool,
        mask: u8,
    ) -> Result<Option<(Self, &[u8])>, Violation> {
        let Some((&first, rest)) = bytes.split_first() else {
            return Ok(None);
        };
        let (fin, rsv1) = (first & FIN != 0, first & RSV1 != 0);
        let opcode = Opcode::parse(first & 0x0f)?;
        // RFC 7692 §6: RSV1 marks a whole message, on its first frame only.
        let may_be_compressed = deflate && matches!(opcode, Opcode::Text | Opcode::Binary);
        if first & RSV2_RSV3 != 0 || (rsv1 && !may_be_compressed) {
            return Err(Violation::ReservedBits);
        }
        if opcode.is_control() && !fin {
            return Err(Violation::FragmentedControl);
        }
        let Some((&second, rest)) = rest.split_first() else {
            return Ok(None);
        };
        if second & MASK != mask {
            return Err(if mask == 0 { Violation::Masked } else { Violation::Unmasked });
        }
        let length = second & !MASK;
        if opcode.is_control() && length > 125 {
            return Err(Violation::LongControl);
        }
        let Some((payload_bytes, rest)) = parse_length(length, rest)? else {
            return Ok(None);
        };
        Ok(Some((Self { fin, rsv1, opcode, payload_bytes, masking_key: [0; 4] }, rest)))
    }
}

/// §5.2: the shortest form MUST be used. A second form of one length could pass a filter unseen.
fn parse_length(length: u8, rest: &[u8]) -> Result<Option<(u64, &[u8])>, Violation> {
    let (length, minimum, rest) = match length {
        LENGTH_16 => match rest.split_first_chunk() {
            Some((bytes, rest)) => (u64::from(u16::from_be_bytes(*bytes)), 126, rest),
            None => return Ok(None),
        },
        LENGTH_64 => match rest.split_first_chunk() {
            Some((bytes, rest)) => (u64::from_be_bytes(*bytes), 0x1_0000, rest),
            None => return Ok(None),
        },
        length => (u64::from(length), 0, rest),
    };
    if length >> 63 != 0 {
        return Err(Violation::LengthTopBit);
    }
    if length < minimum {
        return Err(Violation::NonMinimalLength);
    }
    Ok(Some((length, rest)))
}

/// Appends one frame that ends its message: never masked (§5.1), length in its shortest form.
pub fn encode(opcode: Opcode, rsv1: bool, payload: &[u8], out: &mut Vec<u8>) {
    encode_header(opcode, rsv1, 0, payload.len(), out);
    out.extend_from_slice(payload);
}

/// Appends one frame that ends its message, masked as a client has to (§5.3).
pub(super) fn encode_masked(
    opcode: Opcode,
    rsv1: bool,
    payload: &[u8],
    key: [u8; 4],
    out: &mut Vec<u8>,
) {
    encode_header(opcode, rsv1, MASK, payload.len(), out);
    out.extend_from_slice(&key);
    let start = out.len();
    out.extend_from_slice(payload);
    unmask(out.get_mut(start..).unwrap_or_default(), key);
}

#[inline]
fn encode_header(opcode: Opcode, rsv1: bool, mask: u8, payload_bytes: usize, out: &mut Vec<u8>) {
    let first = FIN | if rsv1 { RSV1 } else { 0 } | opcode as u8;
    match payload_bytes {
        length @ 0..=125 => out.extend_from_slice(&[first, mask | length as u8]),
        length @ 126..=0xffff => {
            out.extend_from_slice(&[first, mask | LENGTH_16]);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            out.extend_from_slice(&[first, mask | LENGTH_64]);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
}
