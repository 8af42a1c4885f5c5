//! The incremental decoder of chunked bodies (§7.1).
//!
//! ```text
//!          CRLF          size bytes          CRLF
//!   Size ───────► Data ────────────► End ──────────► Size
//!     │ size 0, CRLF
//!     └──────────────► Trailer ── empty line ──► complete
//! ```
//!
//! Extensions of chunks and trailers are read and ignored. Lines must end with CR LF, as in a head.

use super::{Error, Limits};

/// The decoder of one body.
#[derive(Clone, Debug, Default)]
pub(super) struct Chunked {
    state: State,
    /// Whether the line has anything in it so far.
    begun: bool,
    /// Bytes of all lines, of chunks and of the trailer.
    lines_bytes: usize,
    /// Bytes of data so far.
    data_bytes: usize,
    /// Whether the last byte of a line was a CR.
    cr: bool,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// In the line of a chunk: its size so far, and what may come next.
    Size(usize, Part),
    /// In the data of a chunk, of which this many bytes are missing, > 0.
    Data(usize),
    /// In the line end behind the data.
    End,
    Trailer,
}

/// A part of the line of a chunk. Blanks stand only before an extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Digits,
    Blanks,
    Extension,
}

impl Default for State {
    fn default() -> Self {
        Self::Size(0, Part::Digits)
    }
}

impl Chunked {
    /// Takes bytes from the front of `input` and appends the data to `body`; returns whether the body
    /// is complete.
    pub(super) fn feed(
        &mut self,
        limits: &Limits,
        input: &mut &[u8],
        body: &mut Vec<u8>,
    ) -> Result<bool, Error> {
        while let Some((&byte, rest)) = input.split_first() {
            if let State::Data(missing) = self.state {
                let (data, rest) = input.split_at_checked(missing).unwrap_or((input, &[]));
                body.extend_from_slice(data);
                self.data_bytes = self.data_bytes.saturating_add(data.len());
                *input = rest;
                self.state = match missing.saturating_sub(data.len()) {
                    0 => State::End,
                    missing => State::Data(missing),
                };
                continue;
            }
            *input = rest;
            if self.take_byte(limits, byte)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Takes a byte of a line; returns whether it ends the body.
    fn take_byte(&mut self, limits: &Limits, byte: u8) -> Result<bool, Error> {
        let body_bytes = self.data_bytes;
        self.lines_bytes = self.lines_bytes.saturating_add(1);
        // A chunk of one byte has a line of three bytes and a line end.
        if self.lines_bytes > limits.head_bytes_max.saturating_add(body_bytes.saturating_mul(8)) {
            return Err(Error::BodyTooLarge);
        }
        match (self.cr, byte) {
            (true, b'\n') => {
                self.cr = false;
                let begun = std::mem::take(&mut self.begun);
                return self.end_line(limits, begun);
            }
            (true, _) => return Err(Error::BadChunk),
            (false, b'\n') => return Err(Error::BareLineFeed),
            (false, b'\r') => {
                self.cr = true;
                return Ok(false);
            }
            (false, _) => {}
        }
        let first = !std::mem::replace(&mut self.begun, true);
        match &mut self.state {
            State::Size(size, part) => match (*part, byte, char::from(byte).to_digit(16)) {
                (Part::Digits, _, Some(digit)) => {
                    *size = size.saturating_mul(16).saturating_add(digit as usize);
                }
                (Part::Digits | Part::Blanks, b';', _) if !first => *part = Part::Extension,
                (Part::Digits | Part::Blanks, b' ' | b'\t', _) if !first => *part = Part::Blanks,
                (Part::Extension, b'\t' | b' '..=b'~' | 0x80.., _) => {}
                _ => return Err(Error::BadChunk),
            },
            State::End => return Err(Error::BadChunk),
            State::Data(_) | State::Trailer => {}
        }
        Ok(false)
    }

    fn end_line(&mut self, limits: &Limits, begun: bool) -> Result<bool, Error> {
        let body_bytes = self.data_bytes;
        self.state = match self.state {
            State::Size(_, part) if !begun || part == Part::Blanks => return Err(Error::BadChunk),
            State::Size(0, _) => State::Trailer,
            State::Size(size, _) if size > limits.body_bytes_max.saturating_sub(body_bytes) => {
                return Err(Error::BodyTooLarge);
            }
            State::Size(size, _) => State::Data(size),
            State::Trailer if !begun => return Ok(true),
            State::Trailer => State::Trailer,
            State::End | State::Data(_) => State::default(),
        };
        Ok(false)
    }
}
