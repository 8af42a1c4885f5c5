//! The encoding of signed tokens: three parts with dots between them, RFC 7515 §3.1.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::{DeserializeOwned, Deserializer, IgnoredAny};
use serde::{Deserialize, Serialize};

/// The parts of a token, not verified yet.
pub(super) struct Parts<'a> {
    /// The first part, encoded.
    pub(super) header: &'a str,
    /// The second part, encoded.
    pub(super) payload: &'a str,
    /// The signed text: both, with the dot.
    pub(super) signed: &'a str,
    /// The third part, decoded.
    pub(super) signature: Vec<u8>,
}

impl<'a> Parts<'a> {
    /// Splits a token; `None` if it has not three parts, or its signature is not base64url.
    ///
    /// Each signature has one encoding: the decoder takes no padding, no white space and no
    /// trailing bits.
    pub(super) fn parse(token: &'a str) -> Option<Self> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?;
        if payload.contains('.') {
            return None;
        }
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        Some(Self { header, payload, signed, signature })
    }
}

/// The header of a token of the identity provider. Keys or links to keys in it (`jwk`, `jku`, `x5c`,
/// `x5u`) are ignored.
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
    /// Whether the token is a plain signed JWT: of no other type (RFC 8725 §3.11), not nested, not
    /// encrypted, and without critical extensions.
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

/// Whether a field is present, whatever its value.
#[derive(Default)]
struct Present(bool);

impl<'de> Deserialize<'de> for Present {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self(true))
    }
}

/// Decodes a part that is a JSON object; `None` if it is anything else, or a field of `T` is
/// given twice.
pub(super) fn decode_json<T: DeserializeOwned>(part: &str) -> Option<T> {
    let json = URL_SAFE_NO_PAD.decode(part).ok()?;
    // Serde would also read an array, as the fields in their order.
    if json.trim_ascii_start().first() != Some(&b'{') {
        return None;
    }
    serde_json::from_slice(&json).ok()
}

/// Encodes a part.
pub(super) fn encode_json<T: Serialize>(part: &T) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(part).unwrap_or_default())
}

/// Decodes base64url.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Encodes base64url.
pub(super) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
