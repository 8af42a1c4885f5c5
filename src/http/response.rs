//! Responses, and their encoding.

use std::borrow::Cow;
use std::fmt;

use super::Date;

/// A status code (RFC 9110 §15).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Status(pub u16);

/// Makes the table of the statuses that this program sends, and their reason phrases.
macro_rules! statuses {
    ($($code:literal => $reason:literal,)+) => {
        /// The statuses that this program sends.
        pub const ALL: &'static [Self] = &[$(Self($code)),+];

        /// Returns the reason phrase; empty for a code that this program never sends.
        pub fn reason(self) -> &'static str {
            match self.0 {
                $($code => $reason,)+
                _ => "",
            }
        }
    };
}

impl Status {
    statuses! {
        101 => "Switching Protocols",
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        206 => "Partial Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        408 => "Request Timeout",
        409 => "Conflict",
        411 => "Length Required",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        414 => "URI Too Long",
        415 => "Unsupported Media Type",
        416 => "Range Not Satisfiable",
        417 => "Expectation Failed",
        421 => "Misdirected Request",
        422 => "Unprocessable Content",
        426 => "Upgrade Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        505 => "HTTP Version Not Supported",
    }

    /// Whether a response of this status never has a body (RFC 9110 §6.4.1).
    fn is_bodiless(self) -> bool {
        matches!(self.0, 100..=199 | 204 | 304)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0, self.reason())
    }
}

/// A response to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status.
    pub status: Status,
    /// All headers but Date, Content-Length and Connection, which [`Response::encode`] adds.
    pub headers: Vec<(&'static str, Cow<'static, str>)>,
    /// The body.
    pub body: Cow<'static, [u8]>,
    /// Whether the connection ends after this response.
    pub close: bool,
}

impl Response {
    /// Returns a response without headers or body.
    pub fn new(status: Status) -> Self {
        Self { status, headers: Vec::new(), body: Cow::Borrowed(&[]), close: false }
    }

    /// Returns a response of one line of plain text.
    pub fn text(status: Status, line: &str) -> Self {
        let mut body = Vec::with_capacity(line.len().saturating_add(1));
        body.extend_from_slice(line.as_bytes());
        body.push(b'\n');
        Self { body: Cow::Owned(body), ..Self::new(status) }
            .with_header("Content-Type", "text/plain; charset=utf-8")
    }

    /// Returns a response of JSON.
    pub fn json(status: Status, json: String) -> Self {
        Self { body: Cow::Owned(json.into_bytes()), ..Self::new(status) }
            .with_header("Content-Type", "application/json")
    }

    /// Adds a header.
    pub fn with_header(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Ends the connection after this response.
    pub fn with_close(mut self) -> Self {
        self.close = true;
        self
    }

    /// Appends the response to `out`, without the body if the request was a HEAD. A large body of
    /// static bytes is not copied but returned; it follows what was appended.
    ///
    /// `Connection: close` is sent if the response or the request asks for it. Control characters in
    /// a header's value become spaces, so that no value can add a header.
    #[must_use]
    pub fn encode(
        &self,
        date: &Date,
        head_only: bool,
        keep_alive: bool,
        out: &mut Vec<u8>,
    ) -> &'static [u8] {
        let bodiless = self.status.is_bodiless();
        self.encode_head(date, (!bodiless).then_some(self.body.len() as u64), keep_alive, out);
        match &self.body {
            _ if bodiless || head_only => &[],
            Cow::Borrowed(body) if body.len() >= UNCOPIED_BYTES_MIN => body,
            body => {
                out.extend_from_slice(body);
                &[]
            }
        }
    }

    /// Appends all but the body, which has this length; a response without one has none.
    pub fn encode_head(
        &self,
        date: &Date,
        length: Option<u64>,
        keep_alive: bool,
        out: &mut Vec<u8>,
    ) {
        put(out, &["HTTP/1.1 ", &self.status.0.to_string(), " ", self.status.reason(), "\r\n"]);
        for (name, value) in &self.headers {
            put(out, &[name, ": "]);
            out.extend(value.bytes().map(|byte| if byte.is_ascii_control() { b' ' } else { byte }));
            put(out, &["\r\n"]);
        }
        if let Some(length) = length {
            put(out, &["Content-Length: ", &length.to_string(), "\r\n"]);
        }
        if self.status.0 >= 200 {
            put(out, &["Date: "]);
            out.extend_from_slice(date.as_bytes());
            put(out, &["\r\n"]);
        }
        if self.close || !keep_alive {
            put(out, &["Connection: close\r\n"]);
        }
        put(out, &["\r\n"]);
    }
}

/// Smaller bodies are copied: one slice is cheaper to write than two.
const UNCOPIED_BYTES_MIN: usize = 4096;

fn put(out: &mut Vec<u8>, parts: &[&str]) {
    for part in parts {
        out.extend_from_slice(part.as_bytes());
    }
}
