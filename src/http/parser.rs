//! The incremental parser of requests.
//!
//! It finds the end of a head byte by byte and leaves parsing it to `head`, so that a head that
//! trickles in costs no more than one sent at once. It holds bytes only while a head or a body is
//! incomplete.
//!
//! ```text
//!            blank line, no body
//!          ┌───────────────────────► Request
//!   Head ──┤                            ▲
//!          ├──► Body ───────────────────┘
//!          │         Content-Length bytes,
//!          │         or the last chunk
//!          └──► Request, then Streamed ──► part, part, last part
//!   blank line, a body that is streamed
//! ```

use std::mem;

use super::chunked::Chunked;
use super::head::{self, BodyLength, Head};
use super::request::{Request, StreamedLength};
use super::{Error, Limits};

/// The incremental parser of requests.
#[derive(Clone, Debug, Default)]
pub struct Parser {
    /// The beginning of a head whose blank line has not arrived.
    head: Vec<u8>,
    /// Bytes of the head's last line so far, without its line feed.
    line_bytes: usize,
    /// Whether the one empty line allowed before a request has been skipped.
    skipped: bool,
    /// A request whose body is incomplete; then `head` is empty.
    unfinished: Option<(Request, Missing)>,
    /// The body of the last request, as long as it is streamed and incomplete.
    streamed: Option<Streamed>,
    wants_continue: bool,
}

/// A body that is taken in parts.
#[derive(Clone, Debug)]
struct Streamed {
    /// The path of its request.
    path: String,
    missing: Missing,
}

/// The bytes a body still lacks.
#[derive(Clone, Debug)]
enum Missing {
    /// This many bytes.
    Bytes(u64),
    Chunks(Chunked),
}

impl Parser {
    /// Returns the bytes of memory that an incomplete request takes.
    pub fn memory(&self) -> usize {
        let body = self.unfinished.as_ref().map_or(0, |(request, _)| request.body.capacity());
        self.head.capacity().saturating_add(body)
    }

    /// Takes bytes from the front of `input` up to the end of one request.
    ///
    /// Returns `None` when all of `input` is used up and the request is not complete.
    ///
    /// # Errors
    ///
    /// After an error close the connection; the parser must not be used again.
    pub fn feed(&mut self, limits: &Limits, input: &mut &[u8]) -> Result<Option<Request>, Error> {
        self.feed_streaming(limits, |_| false, input)
    }

    /// As [`Parser::feed`]. A request for which `streams` is true is returned without its body, which
    /// [`Parser::feed_part`] must take before this is called again.
    ///
    /// # Errors
    ///
    /// As [`Parser::feed`].
    pub fn feed_streaming(
        &mut self,
        limits: &Limits,
        streams: fn(&Request) -> bool,
        input: &mut &[u8],
    ) -> Result<Option<Request>, Error> {
        if self.unfinished.is_none() {
            let Some(Head { mut request, body, expects_continue }) =
                self.feed_head(limits, input)?
            else {
                return Ok(None);
            };
            let (missing, streamed) = match body {
                BodyLength::Bytes(bytes) => (Missing::Bytes(bytes), StreamedLength::Bytes(bytes)),
                BodyLength::Chunked => {
                    (Missing::Chunks(Chunked::default()), StreamedLength::Chunked)
                }
            };
            if streams(&request) {
                self.wants_continue = expects_continue;
                request.streamed = Some(streamed);
                self.streamed = Some(Streamed { path: request.path.clone(), missing });
                return Ok(Some(request));
            }
            if body == BodyLength::Bytes(0) {
                return Ok(Some(request));
            }
            let most = limits.body_bytes_max as u64;
            let too_large = matches!(body, BodyLength::Bytes(bytes) if bytes > most);
            self.wants_continue = expects_continue && !too_large;
            self.unfinished = Some((request, missing));
            if too_large {
                return Err(Error::BodyTooLarge);
            }
        }
        self.feed_body(limits, input)
    }

    /// Takes bytes of a streamed body from the front of `input` and appends the data to `out`; returns
    /// whether the body is complete. Its size is not limited.
    ///
    /// # Errors
    ///
    /// If a chunk is malformed. As after [`Parser::feed`].
    pub fn feed_part(
        &mut self,
        limits: &Limits,
        input: &mut &[u8],
        out: &mut Vec<u8>,
    ) -> Result<bool, Error> {
        let Some(streamed) = &mut self.streamed else { return Ok(true) };
        let limits = Limits { body_bytes_max: usize::MAX, ..*limits };
        let complete = streamed.missing.feed(&limits, input, out)?;
        if complete {
            self.streamed = None;
        }
        Ok(complete)
    }

    /// Whether a streamed body is incomplete.
    pub fn is_streaming(&self) -> bool {
        self.streamed.is_some()
    }

    /// Returns the path of an incomplete request, or of the one refused, as far as it can be read;
    /// empty otherwise.
    pub fn path(&self) -> &str {
        if let Some((request, _)) = &self.unfinished {
            return &request.path;
        }
        if let Some(streamed) = &self.streamed {
            return &streamed.path;
        }
        let line = self.head.split(|&byte| byte == b'\r').next().unwrap_or_default();
        let target = line.split(|&byte| byte == b' ').nth(1).unwrap_or_default();
        let path = target.split(|&byte| byte == b'?').next().unwrap_or_default();
        std::str::from_utf8(path).unwrap_or_default()
    }

    /// Whether no part of a request has arrived.
    pub fn is_empty(&self) -> bool {
        self.head.is_empty()
            && self.unfinished.is_none()
            && self.streamed.is_none()
            && !self.skipped
    }

    /// Whether the peer waits for `100 Continue` before it sends the body
    /// (RFC 9110 §10.1.1); returned once. True also if the body has arrived, so that the response does
    /// not depend on how the bytes were cut.
    pub fn take_continue(&mut self) -> bool {
        mem::take(&mut self.wants_continue)
    }

    /// Searches only new bytes for the blank line.
    fn feed_head(&mut self, limits: &Limits, input: &mut &[u8]) -> Result<Option<Head>, Error> {
        self.skip_empty_line(input)?;
        if self.head.is_empty()
            && let Some(first) = input.first()
            && !head::is_token_byte(*first)
        {
            return Err(Error::NotHttp);
        }
        let room = limits.head_bytes_max.saturating_sub(self.head.len());
        let window = input.get(..room).unwrap_or(input);
        let found = self.find_end(window);
        if found.is_err() {
            self.head.extend_from_slice(window);
        }
        let Some(end) = found? else {
            if window.len() == room {
                self.head.extend_from_slice(window);
                return Err(Error::HeadTooLarge);
            }
            self.head.extend_from_slice(window);
            *input = &[];
            return Ok(None);
        };
        let (last, rest) = input.split_at_checked(end).unwrap_or((input, &[]));
        *input = rest;
        self.line_bytes = 0;
        self.skipped = false;
        let mut whole = mem::take(&mut self.head);
        let parsed = if whole.is_empty() {
            head::parse(limits, last)
        } else {
            whole.extend_from_slice(last);
            head::parse(limits, &whole)
        };
        if parsed.is_err() {
            self.head = if whole.is_empty() { last.to_vec() } else { whole };
        }
        parsed.map(Some)
    }

    /// Returns where in `window` the head ends, if it does.
    fn find_end(&mut self, window: &[u8]) -> Result<Option<usize>, Error> {
        let mut line_bytes = self.line_bytes;
        let mut end: usize = 0;
        let mut before = self.head.last().copied();
        for piece in window.split_inclusive(|&byte| byte == b'\n') {
            end = end.saturating_add(piece.len());
            let Some((b'\n', line)) = piece.split_last() else {
                line_bytes = line_bytes.saturating_add(piece.len());
                break;
            };
            line_bytes = line_bytes.saturating_add(line.len());
            // §2.2: whether a lone LF ends a line is up to the parser, which allows smuggling.
            if line.last().copied().or(before) != Some(b'\r') {
                return Err(Error::BareLineFeed);
            }
            if line_bytes == 1 {
                return Ok(Some(end));
            }
            line_bytes = 0;
            before = Some(b'\n');
        }
        self.line_bytes = line_bytes;
        Ok(None)
    }

    /// Skips one empty line before a request (§2.2); old clients send it after a body.
    fn skip_empty_line(&mut self, input: &mut &[u8]) -> Result<(), Error> {
        while let Some((&first, rest)) = input.split_first() {
            match (self.head.as_slice(), first) {
                ([], b'\r') if self.skipped => return Err(Error::EmptyLines),
                ([], b'\r') => self.head.push(b'\r'),
                (b"\r", b'\n') => {
                    self.head.clear();
                    self.skipped = true;
                }
                (b"\r", _) => return Err(Error::BadRequestLine),
                _ => return Ok(()),
            }
            *input = rest;
        }
        Ok(())
    }

    /// Collects the body; memory grows with the bytes received, not with those announced.
    fn feed_body(&mut self, limits: &Limits, input: &mut &[u8]) -> Result<Option<Request>, Error> {
        let Some((request, missing)) = &mut self.unfinished else { return Ok(None) };
        let complete = missing.feed(limits, input, &mut request.body)?;
        Ok(if complete { self.unfinished.take().map(|(request, _)| request) } else { None })
    }
}

impl Missing {
    /// Takes bytes from the front of `input` and appends the data to `body`; returns whether the body
    /// is complete.
    fn feed(
        &mut self,
        limits: &Limits,
        input: &mut &[u8],
        body: &mut Vec<u8>,
    ) -> Result<bool, Error> {
        match self {
            Self::Bytes(missing) => {
                let most = usize::try_from(*missing).unwrap_or(usize::MAX);
                let (data, rest) = input.split_at_checked(most).unwrap_or((input, &[]));
                *input = rest;
                body.extend_from_slice(data);
                *missing = missing.saturating_sub(data.len() as u64);
                Ok(*missing == 0)
            }
            Self::Chunks(chunked) => chunked.feed(limits, input, body),
        }
    }
}
