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
//!          └──► Body ───────────────────┘
//!   blank line,      Content-Length bytes,
//!   body             or the last chunk
//! ```

use std::mem;

use super::chunked::Chunked;
use super::head::{self, BodyLength, Head};
use super::request::Request;
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
    wants_continue: bool,
}

/// The bytes a body still lacks.
#[derive(Clone, Debug)]
enum Missing {
    /// This many bytes, > 0.
    Bytes(usize),
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
        if self.unfinished.is_none() {
            let Some(Head { request, body, expects_continue }) = self.feed_head(limits, input)?
            else {
                return Ok(None);
            };
            let missing = match body {
                BodyLength::Bytes(0) => return Ok(Some(request)),
                BodyLength::Bytes(bytes) => Missing::Bytes(bytes),
                BodyLength::Chunked => Missing::Chunks(Chunked::default()),
            };
            self.wants_continue = expects_continue;
            self.unfinished = Some((request, missing));
        }
        self.feed_body(limits, input)
    }

    /// Returns the path of an incomplete request, or of the one refused, as far as it can be read;
    /// empty otherwise.
    pub fn path(&self) -> &str {
        if let Some((request, _)) = &self.unfinished {
            return &request.path;
        }
        let line = self.head.split(|&byte| byte == b'\r').next().unwrap_or_default();
        let target = line.split(|&byte| byte == b' ').nth(1).unwrap_or_default();
        let path = target.split(|&byte| byte == b'?').next().unwrap_or_default();
        std::str::from_utf8(path).unwrap_or_default()
    }

    /// Whether no part of a request has arrived.
    pub fn is_empty(&self) -> bool {
        self.head.is_empty() && self.unfinished.is_none() && !self.skipped
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
        let complete = match missing {
            Missing::Bytes(missing) => {
                let (body, rest) = input.split_at_checked(*missing).unwrap_or((input, &[]));
                *input = rest;
                request.body.extend_from_slice(body);
                *missing = missing.saturating_sub(body.len());
                *missing == 0
            }
            Missing::Chunks(chunked) => chunked.feed(limits, input, &mut request.body)?,
        };
        Ok(if complete { self.unfinished.take().map(|(request, _)| request) } else { None })
    }
}
