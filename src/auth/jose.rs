//! How a signed token is written: three parts with dots between them, RFC 7515 §3.1.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::{DeserializeOwned, Deserializer, IgnoredAny};
use serde::{Deserialize, Serialize};

/// Is a token taken apart. Nothing in it can be believed yet.
pub(super) struct Parts<'a> {
    /// The first part as it was written.
    pub(super) header: &'a str,
    /// The second part as it was written.
    pub(super) payload: &'a str,
    /// What was signed: both, with the dot.
    pub(super) signed: &'a str,
    /// The third part.
    pub(super) signature: Vec<u8>,
}

impl<'a> Parts<'a> {
    /// Takes a token apart; None if it has not three parts, or its signature is no base64url.
    ///
    /// There is one way to write each signature: the decoder takes no padding, no white space and
    /// no left-over bits.
    pub(super) fn of(token: &'a str) -> Option<Self> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?;
        if payload.contains('.') {
            return None;
        }
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        Some(Self { header, payload, signed, signature })
    }
}

/// Is the header of a token by somebody else, as far as it matters. Keys that it brings along or
/// points to (`jwk`, `jku`, `x5c`, `x5u`) do not.
#[derive(Deserialize)]
pub(super) struct Header {
    pub(super) alg: String,
    pub(super) kid: Option<String>,
    typ: Option<String>,
    #[serde(default)]
    cty: Present,
    #[serde(default)]
    crit: Present,
    #[serde(default)]
    enc: Present,
    #[serde(default)]
    zip: Present,
}

impl Header {
    /// Says whether the token is a signed statement and nothing more: no other kind of token (RFC
    /// 8725 §3.11), none within it, nothing encrypted, and nothing that must be understood.
    pub(super) fn is_plain(&self) -> bool {
        let typ = self.typ.as_deref().unwrap_or("JWT");
        // RFC 7515 §4.1.9: the prefix may be left out.
        let typ = match typ.split_once('/') {
            Some((prefix, typ)) if prefix.eq_ignore_ascii_case("application") => typ,
            _ => typ,
        };
        let kind = ["JWT", "at+jwt"].iter().any(|kind| typ.eq_ignore_ascii_case(kind));
        let more = self.cty.0 || self.crit.0 || self.enc.0 || self.zip.0;
        kind && !more
    }
}

/// Says whether a field is there, whatever its value.
#[derive(Default)]
struct Present(bool);

impl<'de> Deserialize<'de> for Present {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self(true))
    }
}

/// Reads a part that is a JSON object; None if it is anything else, or names a field of ours twice.
pub(super) fn read<T: DeserializeOwned>(part: &str) -> Option<T> {
    let json = URL_SAFE_NO_PAD.decode(part).ok()?;
    // An array would be read too, as the fields in their order.
    if json.trim_ascii_start().first() != Some(&b'{') {
        return None;
    }
    serde_json::from_slice(&json).ok()
}

/// Writes a part.
pub(super) fn write<T: Serialize>(part: &T) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(part).unwrap_or_default())
}

/// Reads base64url as it stands in keys and signatures.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Writes base64url.
pub(super) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
