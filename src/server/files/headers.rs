//! The headers of requests for files and of responses with them: RFC 9110 (ranges, entity tags),
//! RFC 6266 and RFC 8187 (names).

use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::chat::record::File;
use crate::files::{BYTES, is_shown};
use crate::http::{Method, Request, Response, Status};

/// Whether the body of a request is streamed.
pub(in crate::server) fn streams(request: &Request) -> bool {
    request.method == Method::Post && super::uploads::room_of(&request.path).is_some()
}

/// What a request says of the copy that its client has, and of the part that it wants.
#[derive(Debug)]
pub(super) struct Conditions {
    if_none_match: Vec<String>,
    range: Option<Range>,
    if_range: Option<String>,
}

/// A range of bytes (RFC 9110 §14.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Range {
    /// From the first to the last byte, or to the end.
    From(u64, Option<u64>),
    /// So many bytes at the end.
    Last(u64),
}

/// What follows the head of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Nothing: the response is complete.
    NoBody,
    /// These bytes of the file.
    Bytes {
        /// The first one.
        offset: u64,
        /// How many.
        length: u64,
    },
}

impl Conditions {
    pub(super) fn of(request: &Request) -> Self {
        Self {
            if_none_match: request.tokens("if-none-match").map(str::to_owned).collect(),
            // RFC 9110 §14.2: only GET has ranges.
            range: request
                .header("range")
                .filter(|_| request.method == Method::Get)
                .and_then(Range::parse),
            if_range: request.header("if-range").map(str::to_owned),
        }
    }

    /// Whether the client has the file.
    fn are_met_by(&self, etag: &str) -> bool {
        self.if_none_match
            .iter()
            .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
    }
}

impl Range {
    /// Parses one range; several, and other units, are ignored, so that the whole file is sent.
    fn parse(value: &str) -> Option<Self> {
        let digits = |text: &str| {
            let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| text.parse().unwrap_or(u64::MAX))
        };
        let (first, last) = value.trim().strip_prefix("bytes=")?.split_once('-')?;
        match (first.trim(), last.trim()) {
            ("", last) => digits(last).map(Self::Last),
            (first, "") => Some(Self::From(digits(first)?, None)),
            (first, last) => {
                let (first, last) = (digits(first)?, digits(last)?);
                (first <= last).then_some(Self::From(first, Some(last)))
            }
        }
    }

    /// Returns the first byte and the number of bytes in a file of this size; `None` if there are none.
    fn within(self, bytes: u64) -> Option<(u64, u64)> {
        match self {
            Self::Last(0) => None,
            Self::Last(last) => (bytes > 0).then(|| {
                let length = last.min(bytes);
                (bytes.saturating_sub(length), length)
            }),
            Self::From(first, last) => (first < bytes).then(|| {
                let end = last.map_or(bytes, |last| last.saturating_add(1).min(bytes));
                (first, end.saturating_sub(first))
            }),
        }
    }
}

/// Returns the head of the response with a file, and what follows it.
pub(super) fn response(file: &File, conditions: &Conditions) -> (Response, Outcome) {
    let etag = format!("\"{}\"", file.blob.to_hex());
    if conditions.are_met_by(&etag) {
        return (with_caching(Response::new(Status(304)), etag), Outcome::NoBody);
    }
    let range = conditions
        .range
        .filter(|_| conditions.if_range.as_ref().is_none_or(|known| *known == etag));
    let (status, offset, length) = match range.map(|range| range.within(file.bytes)) {
        None => (Status(200), 0, file.bytes),
        Some(Some((offset, length))) => (Status(206), offset, length),
        Some(None) => {
            let all = format!("bytes */{}", file.bytes);
            let response = Response::new(Status(416)).with_header("Content-Range", all);
            return (response, Outcome::NoBody);
        }
    };
    let shown = is_shown(&file.media_type);
    let media_type = match &*file.media_type {
        "text/plain" => "text/plain; charset=utf-8",
        shown_type if shown => shown_type,
        _ => BYTES,
    };
    let mut response = with_caching(Response::new(status), etag)
        .with_header("Content-Type", media_type.to_owned())
        .with_header("Content-Disposition", disposition(shown, &file.name))
        .with_header("Content-Security-Policy", "sandbox; default-src 'none'")
        .with_header("X-Content-Type-Options", "nosniff")
        .with_header("Cross-Origin-Resource-Policy", "same-origin")
        .with_header("Accept-Ranges", "bytes");
    if status == Status(206) {
        let last = offset.saturating_add(length).saturating_sub(1);
        let part = format!("bytes {offset}-{last}/{}", file.bytes);
        response = response.with_header("Content-Range", part);
    }
    (response, Outcome::Bytes { offset, length })
}

fn with_caching(response: Response, etag: String) -> Response {
    response
        .with_header("ETag", etag)
        .with_header("Cache-Control", "private, max-age=31536000, immutable")
}

/// Returns how a browser is to treat a file, and its name: in ASCII, and as it is (RFC 8187).
fn disposition(shown: bool, name: &str) -> String {
    let plain = |c: char| match c {
        '"' | '\\' | '%' => '_',
        ' '..='~' => c,
        _ => '_',
    };
    let ascii: String = name.chars().map(plain).collect();
    let mut text = if shown { "inline" } else { "attachment" }.to_owned();
    let _ = write!(text, "; filename=\"{ascii}\"");
    if ascii != name {
        let _ = write!(text, "; filename*=UTF-8''{}", utf8_percent_encode(name, ATTR_CHAR));
    }
    text
}

/// All but the characters of `attr-char` (RFC 8187 §3.2.1).
const ATTR_CHAR: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::record::FileId;

    fn file(name: &str, media_type: &str, bytes: u64) -> File {
        let (name, media_type) = (name.into(), media_type.into());
        File { name, media_type, bytes, ..File::unknown(FileId([1; 16])) }
    }

    fn conditions(range: Option<&str>, tags: &[&str]) -> Conditions {
        Conditions {
            if_none_match: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            range: range.and_then(Range::parse),
            if_range: None,
        }
    }

    fn header<'a>(response: &'a Response, name: &str) -> &'a str {
        let found = response.headers.iter().find(|(known, _)| *known == name);
        found.map_or("", |(_, value)| value)
    }

    #[test]
    fn one_range_is_served_and_others_are_ignored() {
        for (range, bytes, status, offset, length) in [
            ("bytes=0-3", 10, 206, 0, 4),
            ("bytes=4-", 10, 206, 4, 6),
            ("bytes=9-99", 10, 206, 9, 1),
            ("bytes=-3", 10, 206, 7, 3),
            ("bytes=-99", 10, 206, 0, 10),
            ("bytes=10-", 10, 416, 0, 0),
            ("bytes=-0", 10, 416, 0, 0),
            ("bytes=0-", 0, 416, 0, 0),
            ("bytes=0-1,3-4", 10, 200, 0, 10),
            ("bytes=5-4", 10, 200, 0, 10),
            ("bytes=a-4", 10, 200, 0, 10),
            ("bytes=", 10, 200, 0, 10),
            ("lines=0-3", 10, 200, 0, 10),
        ] {
            let (response, outcome) =
                response(&file("a", "image/png", bytes), &conditions(Some(range), &[]));
            let expected = match status {
                416 => Outcome::NoBody,
                _ => Outcome::Bytes { offset, length },
            };
            assert_eq!((response.status, outcome), (Status(status), expected), "{range} {bytes}");
        }
        let (part, _) = response(&file("a", "image/png", 10), &conditions(Some("bytes=-3"), &[]));
        assert_eq!(header(&part, "Content-Range"), "bytes 7-9/10");
    }

    #[test]
    fn a_copy_that_is_fresh_is_not_sent_again() {
        let etag = format!("\"{}\"", "0".repeat(64));
        for (tag, status) in
            [(&*etag, 304), ("*", 304), (&format!("W/{etag}"), 304), ("\"x\"", 200)]
        {
            let found = response(&file("a", "image/png", 10), &conditions(None, &["\"y\"", tag]));
            assert_eq!(found.0.status, Status(status), "{tag}");
        }
        let stale =
            Conditions { if_range: Some("\"x\"".into()), ..conditions(Some("bytes=1-"), &[]) };
        assert_eq!(response(&file("a", "image/png", 10), &stale).0.status, Status(200));
    }

    #[test]
    fn only_what_browsers_show_safely_is_shown() {
        for (media_type, sent, shown) in [
            ("image/png", "image/png", true),
            ("text/plain", "text/plain; charset=utf-8", true),
            ("application/pdf", "application/pdf", true),
            ("text/html", BYTES, false),
            ("image/svg+xml", BYTES, false),
            (BYTES, BYTES, false),
        ] {
            let (response, _) = response(&file("a", media_type, 1), &conditions(None, &[]));
            assert_eq!(header(&response, "Content-Type"), sent);
            assert_eq!(header(&response, "Content-Disposition").starts_with("inline"), shown);
            assert_eq!(header(&response, "X-Content-Type-Options"), "nosniff");
            assert!(header(&response, "Content-Security-Policy").starts_with("sandbox"));
        }
    }

    #[test]
    fn a_name_is_sent_in_ascii_and_as_it_is() {
        for (name, expected) in [
            ("a b.txt", "inline; filename=\"a b.txt\""),
            ("a\"\\.txt", "inline; filename=\"a__.txt\"; filename*=UTF-8''a%22%5C.txt"),
            ("é%.png", "inline; filename=\"__.png\"; filename*=UTF-8''%C3%A9%25.png"),
        ] {
            assert_eq!(disposition(true, name), expected);
        }
    }
}
