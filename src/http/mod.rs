//! HTTP/1.1 as far as a chat server needs it: request heads, bodies small or in parts, responses.
//!
//! RFC 9112 and RFC 9110; section numbers in this directory are RFC 9112's unless another one is
//! named. [`Parser`] takes bytes as they arrive and returns complete [`Request`]s; [`Response`] encodes
//! itself into a buffer. There are no sockets, no time and no routes here. A request of HTTP/1.0 is the
//! last on its connection. What two HTTP implementations could read differently is refused. An error
//! ends the connection.
#![cfg_attr(
    not(test),
    deny(clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::unwrap_used)
)]

mod chunked;
mod date;
mod head;
mod parser;
mod request;
mod response;

pub use date::Date;
pub use head::is_token_byte;
pub use parser::Parser;
pub use request::{Method, Request, StreamedLength, Version};
pub use response::{Response, Status};

use std::fmt;

/// Bounds what one request may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a request line and its headers with all line ends; more is answered 431.
    pub head_bytes_max: usize,
    /// Header lines of a request; more is answered 431.
    pub headers_max: usize,
    /// Bytes of a request's body that is not streamed; more is answered 413, before any of it is
    /// read, or of the chunk that passes the limit.
    pub body_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { head_bytes_max: 8 * 1024, headers_max: 64, body_bytes_max: 64 * 1024 }
    }
}

/// Why a request is refused. Ends the connection, because the request's end is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Error {
    /// The first byte cannot begin a request, as with TLS on a plain port (§3).
    NotHttp,
    /// The request line is not `METHOD SP TARGET SP VERSION` (§3).
    BadRequestLine,
    /// The request target has a form that its method does not allow (§3.2).
    BadTarget,
    /// The version is neither HTTP/1.1 nor HTTP/1.0 (RFC 9110 §15.6.6).
    UnsupportedVersion,
    /// A line feed without CR: implementations disagree on whether it ends a line (§2.2).
    BareLineFeed,
    /// More than one empty line before the request line (§2.2).
    EmptyLines,
    /// A header's name is not a token, or is separated from its colon (§5.1).
    BadHeaderName,
    /// A header's value has control characters or is folded (§5.2, RFC 9110 §5.5).
    BadHeaderValue,
    /// The head passes [`Limits::head_bytes_max`] (RFC 6585 §5).
    HeadTooLarge,
    /// There are more headers than [`Limits::headers_max`] (RFC 6585 §5).
    TooManyHeaders,
    /// There is no Host header (§3.2).
    MissingHost,
    /// There is more than one Host header (§3.2).
    RepeatedHost,
    /// The Host header's value is not a host and port (§3.2).
    BadHost,
    /// Content-Length is repeated, a list, or not a plain number (§6.3).
    BadContentLength,
    /// Both Content-Length and Transfer-Encoding are given, or the latter in HTTP/1.0 (§6.1).
    AmbiguousLength,
    /// A body with a method that has none (RFC 9110 §9.3.1).
    UnexpectedBody,
    /// Transfer-Encoding is not `chunked` alone (§6.1).
    UnknownCoding,
    /// A chunk is not a size in hex, a line end, that many bytes and a line end (§7.1).
    BadChunk,
    /// The body passes [`Limits::body_bytes_max`] (RFC 9110 §15.5.14).
    BodyTooLarge,
    /// Something other than `100-continue` is expected (RFC 9110 §10.1.1).
    UnknownExpectation,
}

impl Error {
    /// Returns the status of the response.
    pub fn status(self) -> Status {
        match self {
            Self::UnsupportedVersion => Status(505),
            Self::HeadTooLarge | Self::TooManyHeaders => Status(431),
            Self::UnknownCoding => Status(501),
            Self::BodyTooLarge => Status(413),
            Self::UnknownExpectation => Status(417),
            _ => Status(400),
        }
    }

    /// Returns one line for the body of the response.
    pub fn reason(self) -> &'static str {
        match self {
            Self::NotHttp => "not an HTTP request",
            Self::BadRequestLine => "bad request line",
            Self::BadTarget => "bad request target",
            Self::UnsupportedVersion => "unsupported HTTP version; use HTTP/1.1",
            Self::BareLineFeed => "lines must end with CR LF",
            Self::EmptyLines => "empty lines before the request line",
            Self::BadHeaderName => "bad header name",
            Self::BadHeaderValue => "bad header value",
            Self::HeadTooLarge => "request head too large",
            Self::TooManyHeaders => "too many headers",
            Self::MissingHost => "missing Host header",
            Self::RepeatedHost => "more than one Host header",
            Self::BadHost => "bad Host header",
            Self::BadContentLength => "bad Content-Length",
            Self::AmbiguousLength => {
                "ambiguous length: Transfer-Encoding beside Content-Length, or in HTTP/1.0"
            }
            Self::UnexpectedBody => "unexpected body for this method",
            Self::UnknownCoding => "unsupported Transfer-Encoding; use chunked",
            Self::BadChunk => "bad chunk in the body",
            Self::BodyTooLarge => "body too large",
            Self::UnknownExpectation => "unsupported Expect; use 100-continue",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests;
