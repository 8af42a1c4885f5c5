//! The opening handshake, the server's part (§4.2).

use base64::Engine;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::general_purpose::{GeneralPurpose, PAD, STANDARD as BASE64};
use sha1::{Digest, Sha1};

use super::extension::{self, Deflate, Malformed};
use crate::http::{Date, Method, Request, Response, Status, Version, is_token_byte};

/// §1.3: the suffix of the key in Sec-WebSocket-Accept.
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Decodes keys. The example of §4.1 itself has bits set behind the sixteenth byte.
const LENIENT: GeneralPurpose =
    GeneralPurpose::new(&ALPHABET, PAD.with_decode_allow_trailing_bits(true));

/// Why an opening handshake is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Rejection {
    /// §4.2.1 item 1: the method is not GET.
    NotGet,
    /// §4.2.1 item 1: the version is HTTP/1.0, in which Upgrade must be ignored (RFC 9110 §7.8).
    OldVersion,
    /// §4.2.1 item 3: Upgrade does not name `websocket`.
    NoUpgrade,
    /// §4.2.1 item 4: Connection does not name `Upgrade`.
    NoConnection,
    /// §4.2.1 item 5: Sec-WebSocket-Key is missing, repeated, or not 16 bytes in base64.
    BadKey,
    /// §4.4: Sec-WebSocket-Version is missing or not 13.
    BadVersion,
    /// §11.3.5: Sec-WebSocket-Version is given twice.
    RepeatedVersion,
    /// §4.3: Sec-WebSocket-Protocol is not a list of tokens.
    BadProtocol,
    /// §9.1: Sec-WebSocket-Extensions is not a list of extensions.
    BadExtensions,
}

impl Rejection {
    fn status(self) -> Status {
        match self {
            Self::NotGet => Status(405),
            Self::OldVersion | Self::NoUpgrade | Self::BadVersion => Status(426),
            _ => Status(400),
        }
    }

    fn reason(self) -> &'static str {
        match self {
            Self::NotGet => "a WebSocket is opened with GET",
            Self::OldVersion => "a WebSocket is opened with HTTP/1.1; does a proxy speak HTTP/1.0?",
            Self::NoUpgrade => "WebSocket endpoint: missing Upgrade: websocket",
            Self::NoConnection => "missing Connection: Upgrade",
            Self::BadKey => "bad Sec-WebSocket-Key",
            Self::BadVersion => "unsupported Sec-WebSocket-Version; use 13",
            Self::RepeatedVersion => "more than one Sec-WebSocket-Version",
            Self::BadProtocol => "bad Sec-WebSocket-Protocol",
            Self::BadExtensions => "bad Sec-WebSocket-Extensions",
        }
    }

    /// Returns the answer, which ends the connection.
    pub(super) fn response(self) -> Response {
        let response = Response::text(self.status(), self.reason()).with_close();
        match self {
            Self::NotGet => response.with_header("Allow", "GET"),
            Self::OldVersion | Self::NoUpgrade | Self::BadVersion => response
                .with_header("Upgrade", "websocket")
                .with_header("Sec-WebSocket-Version", "13"),
            _ => response,
        }
    }
}

/// Checks the client's handshake and appends the answer 101 to `out`.
///
/// `protocol` is answered only if the client offered it (§4.2.2 item 5). Returns the agreed
/// compression.
pub(super) fn accept(
    request: &Request,
    date: &Date,
    compression: bool,
    protocol: Option<&'static str>,
    out: &mut Vec<u8>,
) -> Result<Option<Deflate>, Rejection> {
    if request.method != Method::Get {
        return Err(Rejection::NotGet);
    }
    if request.version == Version::Http10 {
        return Err(Rejection::OldVersion);
    }
    if !has_token(request, "upgrade", "websocket") {
        return Err(Rejection::NoUpgrade);
    }
    if !has_token(request, "connection", "upgrade") {
        return Err(Rejection::NoConnection);
    }
    check_version(request)?;
    let key = check_key(request)?;
    check_protocols(request)?;
    let offered = extension::negotiate(request.headers("sec-websocket-extensions"))
        .map_err(|Malformed| Rejection::BadExtensions)?;
    let deflate = offered.filter(|_| compression);

    let mut response = Response::new(Status(101))
        .with_header("Upgrade", "websocket")
        .with_header("Connection", "Upgrade")
        .with_header("Sec-WebSocket-Accept", accept_key(key));
    let offers = |wanted: &&str| request.tokens("sec-websocket-protocol").any(|it| it == *wanted);
    if let Some(protocol) = protocol.filter(offers) {
        response = response.with_header("Sec-WebSocket-Protocol", protocol);
    }
    if let Some(deflate) = deflate {
        response = response.with_header("Sec-WebSocket-Extensions", deflate.answer());
    }
    // Without a body nothing is left to send.
    let _ = response.encode(date, false, true, out);
    Ok(deflate)
}

fn has_token(request: &Request, name: &str, wanted: &str) -> bool {
    request.tokens(name).any(|token| token.eq_ignore_ascii_case(wanted))
}

fn check_version(request: &Request) -> Result<(), Rejection> {
    let mut versions = request.headers("sec-websocket-version");
    let version = versions.next().ok_or(Rejection::BadVersion)?;
    if versions.next().is_some() {
        return Err(Rejection::RepeatedVersion);
    }
    if version == "13" { Ok(()) } else { Err(Rejection::BadVersion) }
}

fn check_key(request: &Request) -> Result<&str, Rejection> {
    let mut keys = request.headers("sec-websocket-key");
    let key = keys.next().ok_or(Rejection::BadKey)?;
    // 16 bytes are 24 characters in base64.
    if keys.next().is_some() || key.len() != 24 {
        return Err(Rejection::BadKey);
    }
    match LENIENT.decode(key) {
        Ok(nonce) if nonce.len() == 16 => Ok(key),
        _ => Err(Rejection::BadKey),
    }
}

/// §4.3: `1#token`; empty elements may be skipped, but one must be there.
fn check_protocols(request: &Request) -> Result<(), Rejection> {
    let name = "sec-websocket-protocol";
    let well_formed = request.tokens(name).all(|token| token.bytes().all(is_token_byte));
    let empty = request.header(name).is_some() && request.tokens(name).next().is_none();
    if well_formed && !empty { Ok(()) } else { Err(Rejection::BadProtocol) }
}

/// §4.2.2 item 5.4.
pub(super) fn accept_key(key: &str) -> String {
    let mut sha1 = Sha1::new();
    sha1.update(key.as_bytes());
    sha1.update(GUID);
    BASE64.encode(sha1.finalize())
}
