//! How a WebSocket ends: close codes, Close frames, the faults that fail a connection (§7).

use std::fmt;

use super::frame::{self, Opcode};

/// Names the close codes this program uses (§7.4.1 and the IANA registry; 4201 is `chat.v1`'s).
pub mod code {
    /// The purpose is fulfilled.
    pub const NORMAL: u16 = 1000;
    /// The endpoint goes away.
    pub const GOING_AWAY: u16 = 1001;
    /// A rule of RFC 6455 or RFC 7692 was broken.
    pub const PROTOCOL_ERROR: u16 = 1002;
    /// A kind of data that is not taken here.
    pub const UNSUPPORTED: u16 = 1003;
    /// Stands for a Close without a code; never sent.
    pub const NONE: u16 = 1005;
    /// Stands for an end without a Close; never sent.
    pub const ABNORMAL: u16 = 1006;
    /// The payload is not what its type says, as text that is no UTF-8.
    pub const INVALID_DATA: u16 = 1007;
    /// A rule of this server was broken.
    pub const POLICY: u16 = 1008;
    /// A message is too big.
    pub const TOO_BIG: u16 = 1009;
    /// The server cannot go on.
    pub const INTERNAL: u16 = 1011;
    /// The server restarts.
    pub const RESTART: u16 = 1012;
    /// No sign of life followed a ping.
    pub const NO_PONG: u16 = 4201;
}

/// Bytes a Close's reason may have: those of a control frame but the code (§5.5).
const REASON_BYTES_MAX: usize = 123;

/// Names a rule the peer broke, one variant for each. Each fails the connection (§7.1.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Violation {
    /// §5.1: a client's frame is not masked.
    Unmasked,
    /// §5.2, RFC 7692 §6: a reserved bit is set that no extension gave a meaning to.
    ReservedBits,
    /// §5.2: the opcode is none of the six.
    ReservedOpcode,
    /// §5.2: the length is not in its shortest form.
    NonMinimalLength,
    /// §5.2: the top bit of a 64-bit length is set.
    LengthTopBit,
    /// §5.5: a control frame is fragmented.
    FragmentedControl,
    /// §5.5: a control frame's payload passes 125 bytes.
    LongControl,
    /// §5.4: a continuation has nothing to continue.
    UnexpectedContinuation,
    /// §5.4: a message begins within another.
    ExpectedContinuation,
    /// §5.5.1: a Close has a body of one byte.
    ShortCloseBody,
    /// §7.4: a close code that may not be sent.
    BadCloseCode,
    /// §8.1: text, or a Close's reason, is not UTF-8.
    InvalidUtf8,
    /// RFC 7692 §7.2.2: the payload is no DEFLATE data.
    BadDeflate,
    /// §10.4: the message passes [`super::Limits::message_bytes_max`].
    MessageTooBig,
    /// §10.4: the message passes [`super::Limits::fragments_max`].
    TooManyFragments,
    /// The message takes longer than [`super::Limits::message_within`].
    MessageTooSlow,
    /// More control frames than [`super::Limits::control_frames_max`].
    TooManyControlFrames,
}

impl Violation {
    /// Gives the code of the Close that answers it (§7.4.1).
    pub fn close_code(self) -> u16 {
        match self {
            Self::InvalidUtf8 | Self::BadDeflate => code::INVALID_DATA,
            Self::MessageTooBig | Self::TooManyFragments => code::TOO_BIG,
            Self::MessageTooSlow | Self::TooManyControlFrames => code::POLICY,
            _ => code::PROTOCOL_ERROR,
        }
    }

    /// Gives the reason of that Close.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Unmasked => "frame is not masked",
            Self::ReservedBits => "reserved bit is set",
            Self::ReservedOpcode => "reserved opcode",
            Self::NonMinimalLength => "length is not minimal",
            Self::LengthTopBit => "top bit of the length is set",
            Self::FragmentedControl => "control frame is fragmented",
            Self::LongControl => "control frame is too long",
            Self::UnexpectedContinuation => "nothing to continue",
            Self::ExpectedContinuation => "message within a message",
            Self::ShortCloseBody => "close body of one byte",
            Self::BadCloseCode => "bad close code",
            Self::InvalidUtf8 => "invalid UTF-8",
            Self::BadDeflate => "invalid DEFLATE data",
            Self::MessageTooBig => "message is too big",
            Self::TooManyFragments => "too many fragments",
            Self::MessageTooSlow => "message takes too long",
            Self::TooManyControlFrames => "too many control frames",
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}

impl std::error::Error for Violation {}

/// Says how a WebSocket ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Closed {
    /// The peer sent the first Close.
    ByPeer {
        /// Its code, if it has one.
        code: Option<u16>,
        /// Its reason, which is the peer's text: escape it in logs.
        reason: Box<str>,
    },
    /// We sent the first Close, whatever the peer made of it.
    ByUs {
        /// Its code.
        code: u16,
    },
    /// We failed the connection.
    Failed(Violation),
    /// No byte followed our ping.
    NoPong,
    /// The transport ended without a Close.
    Lost,
}

impl Closed {
    /// Gives the close code: 1005 if the peer named none, 1006 if there was no Close (§7.1.5).
    pub fn code(&self) -> u16 {
        match self {
            Self::ByPeer { code, .. } => code.unwrap_or(code::NONE),
            Self::ByUs { code } => *code,
            Self::Failed(violation) => violation.close_code(),
            Self::NoPong => code::NO_PONG,
            Self::Lost => code::ABNORMAL,
        }
    }
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ByPeer { reason, .. } if reason.is_empty() => {
                write!(f, "closed by the peer with {}", self.code())
            }
            Self::ByPeer { reason, .. } => {
                write!(f, "closed by the peer with {}: {reason:?}", self.code())
            }
            Self::ByUs { code } => write!(f, "closed by us with {code}"),
            Self::Failed(violation) => write!(f, "failed with {}: {violation}", self.code()),
            Self::NoPong => f.write_str("no sign of life after a ping"),
            Self::Lost => f.write_str("connection lost"),
        }
    }
}

/// Says whether a code may stand in a Close frame (§7.4.2; 1012 to 1014 by IANA).
pub(super) fn is_allowed(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

/// Reads a Close's body into code and reason.
pub(super) fn parse(body: &[u8]) -> Result<(Option<u16>, &str), Violation> {
    let Some((code, reason)) = body.split_first_chunk() else {
        return if body.is_empty() { Ok((None, "")) } else { Err(Violation::ShortCloseBody) };
    };
    let code = u16::from_be_bytes(*code);
    if !is_allowed(code) {
        return Err(Violation::BadCloseCode);
    }
    let reason = simdutf8::basic::from_utf8(reason).map_err(|_| Violation::InvalidUtf8)?;
    Ok((Some(code), reason))
}

/// Appends a Close frame. The reason is cut between code points to fit; a code that may not be
/// sent is our own mistake and goes out as 1011 (§7.4.1).
pub(super) fn encode(code: Option<u16>, reason: &str, out: &mut Vec<u8>) {
    let mut body = Vec::new();
    if let Some(code) = code {
        let code = if is_allowed(code) { code } else { code::INTERNAL };
        let end = reason.floor_char_boundary(REASON_BYTES_MAX);
        body.extend_from_slice(&code.to_be_bytes());
        body.extend_from_slice(reason.get(..end).unwrap_or_default().as_bytes());
    }
    frame::encode(Opcode::Close, false, &body, out);
}
