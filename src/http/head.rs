//! Parsing of a complete request head: httparse for the syntax, then our own checks.
//!
//! httparse accepts several Host headers, a Content-Length beside a Transfer-Encoding, and a `#` in
//! the target.

use httparse::Error as Syntax;

use super::request::{Fields, Method, Request, Version};
use super::{Error, Limits};

/// A request without its body, and what the head announces of the body.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) request: Request,
    pub(super) body: BodyLength,
    pub(super) expects_continue: bool,
}

/// What delimits a body (§6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyLength {
    /// This many bytes.
    Bytes(u64),
    /// The last chunk.
    Chunked,
}

/// Parses `bytes`, which end with the head's blank line.
pub(super) fn parse(limits: &Limits, bytes: &[u8]) -> Result<Head, Error> {
    let version = version(bytes)?;
    let mut headers = vec![httparse::EMPTY_HEADER; limits.headers_max];
    let mut parsed = httparse::Request::new(&mut headers);
    match parsed.parse(bytes) {
        Ok(httparse::Status::Complete(_)) => {}
        Ok(httparse::Status::Partial) => return Err(Error::BadRequestLine),
        Err(fault) => return Err(error_of(fault)),
    }
    let method = method_of(parsed.method.unwrap_or_default());
    let (authority, path, query) = split_target(method, parsed.path.unwrap_or_default())?;
    let mut fields = Fields::default();
    for header in parsed.headers.iter() {
        fields.push(header.name, header.value);
    }
    let host = check_host(version, &fields)?;
    let body = body_length(version, method, &fields)?;
    let expects_continue = expects_continue(version, &fields)?;
    let mut request = Request {
        method,
        path: path.to_owned(),
        query: query.to_owned(),
        body: Vec::new(),
        version,
        keep_alive: true,
        streamed: None,
        host: authority.unwrap_or(host).to_owned(),
        fields,
    };
    let closes = request.tokens("connection").any(|token| token.eq_ignore_ascii_case("close"));
    request.keep_alive = version == Version::Http11 && !closes;
    Ok(Head { request, body, expects_continue })
}

/// Whether a token may contain this byte (RFC 9110 §5.6.2).
pub fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn error_of(fault: Syntax) -> Error {
    match fault {
        Syntax::HeaderName => Error::BadHeaderName,
        Syntax::HeaderValue | Syntax::NewLine => Error::BadHeaderValue,
        Syntax::TooManyHeaders => Error::TooManyHeaders,
        Syntax::Token | Syntax::Status | Syntax::Version => Error::BadRequestLine,
    }
}

/// Returns the version; distinguishes an unsupported one from a malformed request line (§2.3).
fn version(bytes: &[u8]) -> Result<Version, Error> {
    let line = bytes.split(|&byte| byte == b'\r').next().unwrap_or_default();
    match line.rsplit(|&byte| byte == b' ').next().unwrap_or_default() {
        b"HTTP/1.1" => Ok(Version::Http11),
        b"HTTP/1.0" => Ok(Version::Http10),
        [b'H', b'T', b'T', b'P', b'/', major, b'.', minor]
            if major.is_ascii_digit() && minor.is_ascii_digit() =>
        {
            Err(Error::UnsupportedVersion)
        }
        _ => Err(Error::BadRequestLine),
    }
}

fn method_of(token: &str) -> Method {
    match token {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "DELETE" => Method::Delete,
        "OPTIONS" => Method::Options,
        _ => Method::Other,
    }
}

/// Splits a target into authority, path and query (§3.2).
fn split_target(method: Method, target: &str) -> Result<(Option<&str>, &str, &str), Error> {
    // A fragment is never sent.
    if target.contains('#') {
        return Err(Error::BadTarget);
    }
    let (authority, local) = match target {
        _ if target.starts_with('/') => (None, target),
        "*" if method == Method::Options => (None, target),
        _ => match strip_scheme(target) {
            Some(rest) => {
                let end = rest.find(['/', '?']).unwrap_or(rest.len());
                let (authority, local) = rest.split_at_checked(end).unwrap_or((rest, ""));
                if !is_authority(authority) {
                    return Err(Error::BadTarget);
                }
                (Some(authority), local)
            }
            // §3.2.3: the authority form of CONNECT, which the router answers 405.
            None if method == Method::Other => (None, target),
            None => return Err(Error::BadTarget),
        },
    };
    let (path, query) = local.split_once('?').unwrap_or((local, ""));
    Ok((authority, if path.is_empty() { "/" } else { path }, query))
}

fn strip_scheme(target: &str) -> Option<&str> {
    let (scheme, rest) = target.split_once("://")?;
    let known = ["http", "https", "ws", "wss"];
    known.iter().any(|known| scheme.eq_ignore_ascii_case(known)).then_some(rest)
}

/// Returns the value of the one Host header, which HTTP/1.1 requires (§3.2); empty without one.
fn check_host(version: Version, fields: &Fields) -> Result<&str, Error> {
    let mut hosts = fields.values("host");
    let Some(host) = hosts.next() else {
        return if version == Version::Http10 { Ok("") } else { Err(Error::MissingHost) };
    };
    if hosts.next().is_some() {
        return Err(Error::RepeatedHost);
    }
    if is_authority(host) { Ok(host) } else { Err(Error::BadHost) }
}

/// Whether this has the characters of `uri-host [ ":" port ]`; there is no user part.
fn is_authority(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=:[]".contains(&byte);
    !text.is_empty() && text.bytes().all(allowed)
}

/// Returns what delimits the body; refuses what could be read in two ways (§6.3).
fn body_length(version: Version, method: Method, fields: &Fields) -> Result<BodyLength, Error> {
    let mut lengths = fields.values("content-length");
    let length = lengths.next();
    let mut codings = fields.values("transfer-encoding");
    let coding = codings.next();
    if coding.is_some() && (length.is_some() || version == Version::Http10) {
        return Err(Error::AmbiguousLength);
    }
    let bodiless = matches!(method, Method::Get | Method::Head);
    if let Some(coding) = coding {
        if bodiless {
            return Err(Error::UnexpectedBody);
        }
        let chunked = coding.eq_ignore_ascii_case("chunked") && codings.next().is_none();
        return if chunked { Ok(BodyLength::Chunked) } else { Err(Error::UnknownCoding) };
    }
    let Some(length) = length else {
        return Ok(BodyLength::Bytes(0));
    };
    let plain = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
    if !plain || lengths.next().is_some() {
        return Err(Error::BadContentLength);
    }
    // All digits: a number that does not fit is too large.
    let length = length.parse().unwrap_or(u64::MAX);
    if length > 0 && bodiless {
        return Err(Error::UnexpectedBody);
    }
    Ok(BodyLength::Bytes(length))
}

fn expects_continue(version: Version, fields: &Fields) -> Result<bool, Error> {
    // RFC 9110 §10.1.1: HTTP/1.0 has no expectations.
    if version == Version::Http10 {
        return Ok(false);
    }
    let mut expected = false;
    for value in fields.values("expect") {
        if !value.eq_ignore_ascii_case("100-continue") {
            return Err(Error::UnknownExpectation);
        }
        expected = true;
    }
    Ok(expected)
}
