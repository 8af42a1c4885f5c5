//! How a WebSocket ends, and its Close frames (§5.5.1, §7).

use std::fmt;

use super::frame::{self, Opcode};
use super::violation::{Violation, code};

/// Bytes of a Close's reason at most: a control frame's payload without the code (§5.5).
const REASON_BYTES_MAX: usize = 123;

/// The way a WebSocket ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Closed {
    /// The peer sent the first Close.
    ByPeer {
        /// Its code, if it has one.
        code: Option<u16>,
        /// Its reason. Written by the peer: escape it in logs.
        reason: Box<str>,
    },
    /// We sent the first Close, answered or not.
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
    /// Returns the close code: 1005 if the peer's Close had none, 1006 if there was no Close (§7.1.5).
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

/// Whether a code may stand in a Close frame (§7.4.2; 1012 to 1014 by IANA).
pub(super) fn is_allowed(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

/// Parses the body of a Close into code and reason.
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
/// sent is our own bug and becomes 1011 (§7.4.1).
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
