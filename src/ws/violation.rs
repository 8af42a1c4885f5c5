//! Violations that fail a connection (§7.1.7), and close codes (§7.4).

use std::fmt;

/// The close codes this program uses (§7.4.1 and the IANA registry; 4101 and 4201 are `chat.v1`'s).
pub mod code {
    /// Normal closure.
    pub const NORMAL: u16 = 1000;
    /// Going away.
    pub const GOING_AWAY: u16 = 1001;
    /// Violation of RFC 6455 or RFC 7692.
    pub const PROTOCOL_ERROR: u16 = 1002;
    /// Unsupported type of data.
    pub const UNSUPPORTED: u16 = 1003;
    /// A Close without a code; never sent.
    pub const NONE: u16 = 1005;
    /// An end without a Close; never sent.
    pub const ABNORMAL: u16 = 1006;
    /// Data that does not match its type, such as text that is not UTF-8.
    pub const INVALID_DATA: u16 = 1007;
    /// Violation of this server's policy.
    pub const POLICY: u16 = 1008;
    /// Message too big.
    pub const TOO_BIG: u16 = 1009;
    /// Internal error.
    pub const INTERNAL: u16 = 1011;
    /// Service restart.
    pub const RESTART: u16 = 1012;
    /// Try again later.
    pub const TRY_AGAIN: u16 = 1013;
    /// Too many frames for too long.
    pub const TOO_MANY: u16 = 4101;
    /// No sign of life after a ping.
    pub const NO_PONG: u16 = 4201;
}

/// A rule broken by the peer, one variant for each. Fails the connection (§7.1.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Violation {
    /// §5.1: a client's frame is not masked.
    Unmasked,
    /// §5.1: a server's frame is masked.
    Masked,
    /// §5.2, RFC 7692 §6: a reserved bit is set without an extension that uses it.
    ReservedBits,
    /// §5.2: the opcode is reserved.
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
    /// RFC 7692 §7.2.2: the payload is not DEFLATE data.
    BadDeflate,
    /// §10.4: the message passes [`super::Limits::message_bytes_max`].
    MessageTooBig,
    /// §10.4: the message passes [`super::Limits::fragments_max`].
    TooManyFragments,
    /// The message is compressed and long, and as many as [`super::Limits::inflaters_max`] are
    /// arriving.
    TooManyCompressed,
    /// The message takes longer than [`super::Limits::message_within`].
    MessageTooSlow,
    /// More fragments and control frames than [`super::Limits::frames_per_second`], for
    /// [`super::Limits::frames_over_max`].
    TooManyFrames,
}

impl Violation {
    /// Returns the code of the Close that answers it (§7.4.1).
    pub fn close_code(self) -> u16 {
        match self {
            Self::InvalidUtf8 | Self::BadDeflate => code::INVALID_DATA,
            Self::MessageTooBig | Self::TooManyFragments => code::TOO_BIG,
            Self::TooManyCompressed => code::TRY_AGAIN,
            Self::MessageTooSlow => code::POLICY,
            Self::TooManyFrames => code::TOO_MANY,
            _ => code::PROTOCOL_ERROR,
        }
    }

    /// Returns the reason of that Close.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Unmasked => "frame is not masked",
            Self::Masked => "frame of a server is masked",
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
            Self::TooManyCompressed => "too many compressed messages",
            Self::MessageTooSlow => "message takes too long",
            Self::TooManyFrames => "too many frames",
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}

impl std::error::Error for Violation {}
