//! Tokens: issued and verified.

use std::fmt;

use ring::{digest, hmac};
use sha1::{Digest as _, Sha1};

use super::claims::{Claims, OwnPayload, Payload, Subject};
use super::jose::{self, Header, Parts};
use super::limit::Limits;
use super::provider::{IdentityProvider, Trust};
use super::signing_key::SigningKey;
use super::{OPERATOR_AUDIENCE, OWN_ISSUER};

/// Issues this server's tokens, and verifies those and the identity provider's.
pub struct Tokens {
    own: hmac::Key,
    provider: Option<IdentityProvider>,
    life_s: u64,
    bytes_max: usize,
    leeway_s: u64,
}

/// The purpose of a token of this server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Login<'a> {
    /// The account's author.
    pub author: [u8; 16],
    /// The account's name.
    pub name: &'a str,
    /// Random id of this login.
    pub login: [u8; 16],
}

/// An issued token: letters, digits, `-`, `_` and two dots, so that it needs no escapes in a
/// header, a cookie or a query. It is a secret, so only [`Token::as_str`] shows it.
#[derive(Clone)]
pub struct Token(String);

/// What is wrong with a token. `Display` is for the operator and shows nothing of the token;
/// [`Fault::reason`] is for its sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Longer than [`Limits::token_bytes_max`].
    TooLong,
    /// Not a signed token, or a claim is missing or invalid.
    Malformed,
    /// No key matches its header's algorithm and `kid`, or the header asks for more than a plain
    /// signed token.
    Header,
    /// The signature is not the key's.
    Signature,
    /// The issuer is not the key's owner.
    Issuer,
    /// The audience is another service.
    Audience,
    /// No longer valid.
    Expired,
    /// Not valid yet.
    Early,
}

impl Tokens {
    /// Returns an issuer with the server's key and a verifier with all keys.
    pub fn new(limits: &Limits, own: &SigningKey, provider: Option<IdentityProvider>) -> Self {
        Self {
            own: hmac::Key::new(hmac::HMAC_SHA256, own.bytes()),
            provider,
            life_s: limits.token_life.as_secs(),
            bytes_max: limits.token_bytes_max,
            leeway_s: limits.leeway.as_secs(),
        }
    }

    /// Changes the limits, and the identity provider with its keys. The server's key stays.
    pub fn reload(&mut self, limits: &Limits, provider: Option<IdentityProvider>) {
        self.provider = provider;
        self.life_s = limits.token_life.as_secs();
        self.bytes_max = limits.token_bytes_max;
        self.leeway_s = limits.leeway.as_secs();
    }

    /// Issues a token of this server.
    pub fn issue(&self, login: &Login<'_>, now_unix_s: u64) -> Token {
        self.sign(&OwnPayload {
            iss: OWN_ISSUER,
            aud: OWN_ISSUER,
            sub: &hex(login.author),
            name: login.name,
            iat: now_unix_s,
            exp: now_unix_s.saturating_add(self.life_s),
            jti: &hex(login.login),
        })
    }

    /// Issues a token for administering this server, valid for a minute. It belongs to no account:
    /// [`Tokens::verify`] refuses it.
    pub fn issue_operator_token(&self, now_unix_s: u64) -> Token {
        self.sign(&OwnPayload {
            iss: OWN_ISSUER,
            aud: OPERATOR_AUDIENCE,
            sub: OPERATOR_AUDIENCE,
            name: OPERATOR_AUDIENCE,
            iat: now_unix_s,
            exp: now_unix_s.saturating_add(OPERATOR_LIFE_S),
            jti: OPERATOR_AUDIENCE,
        })
    }

    fn sign(&self, payload: &OwnPayload<'_>) -> Token {
        let signed = format!("{OWN_HEADER}.{}", jose::encode_json(payload));
        let signature = hmac::sign(&self.own, signed.as_bytes());
        Token(format!("{signed}.{}", jose::encode(signature.as_ref())))
    }

    /// Verifies a token and returns its claims. At most one signature is computed.
    pub fn verify(&self, token: &str, now_unix_s: u64) -> Result<Claims, Fault> {
        let parts = self.parts(token)?;
        // Only the exact header that this server writes means its own key.
        if parts.header == OWN_HEADER {
            self.verify_own(&parts, now_unix_s)
        } else {
            self.verify_external(&parts, now_unix_s)
        }
    }

    /// Verifies a token of [`Tokens::issue_operator_token`].
    pub fn verify_operator_token(&self, token: &str, now_unix_s: u64) -> Result<(), Fault> {
        let parts = self.parts(token)?;
        if parts.header != OWN_HEADER {
            return Err(Fault::Header);
        }
        self.own_payload(&parts, OPERATOR_AUDIENCE, now_unix_s).map(drop)
    }

    fn parts<'a>(&self, token: &'a str) -> Result<Parts<'a>, Fault> {
        if token.len() > self.bytes_max {
            return Err(Fault::TooLong);
        }
        Parts::parse(token).ok_or(Fault::Malformed)
    }

    /// Verifies a token of this server; returns its payload and when it expires.
    fn own_payload(
        &self,
        parts: &Parts<'_>,
        audience: &str,
        now_unix_s: u64,
    ) -> Result<(Payload, u64), Fault> {
        hmac::verify(&self.own, parts.signed.as_bytes(), &parts.signature)
            .map_err(|_| Fault::Signature)?;
        let payload = read(parts, OWN_ISSUER, audience)?;
        // No leeway: the same clock issued it.
        let expires_s = in_time(&payload, now_unix_s, 0)?;
        Ok((payload, expires_s))
    }

    fn verify_own(&self, parts: &Parts<'_>, now_unix_s: u64) -> Result<Claims, Fault> {
        let (payload, expires_s) = self.own_payload(parts, OWN_ISSUER, now_unix_s)?;
        let login = payload.jti.as_ref().and_then(serde_json::Value::as_str).and_then(unhex);
        Ok(Claims {
            subject: Subject::Own(unhex(&payload.sub).ok_or(Fault::Malformed)?),
            name: payload.name(),
            admin: false,
            login: login.ok_or(Fault::Malformed)?,
            issued_s: payload.iat.map_or(0, |seconds| seconds.0),
            expires_s,
        })
    }

    fn verify_external(&self, parts: &Parts<'_>, now_unix_s: u64) -> Result<Claims, Fault> {
        let provider = self.provider.as_ref().ok_or(Fault::Header)?;
        let header: Header = jose::decode_json(parts.header).ok_or(Fault::Malformed)?;
        let key = provider.key(&header).filter(|_| header.is_plain()).ok_or(Fault::Header)?;
        if !key.verify(parts.signed.as_bytes(), &parts.signature) {
            return Err(Fault::Signature);
        }
        let Trust { issuer, audience, admins } = &provider.trust;
        let payload = read(parts, issuer, audience)?;
        let expires_s = in_time(&payload, now_unix_s, self.leeway_s)?;
        if payload.sub.is_empty() {
            return Err(Fault::Malformed);
        }
        let author = Sha1::digest(format!("{issuer}\n{}", payload.sub));
        let login = digest::digest(&digest::SHA256, parts.signed.as_bytes());
        Ok(Claims {
            subject: Subject::External { author: first(&author) },
            name: payload.name(),
            admin: *admins && payload.is_admin(),
            login: first(login.as_ref()),
            issued_s: payload.iat.map_or(0, |seconds| seconds.0),
            expires_s,
        })
    }
}

/// Reads the payload, and checks its issuer and audience.
fn read(parts: &Parts<'_>, issuer: &str, audience: &str) -> Result<Payload, Fault> {
    let payload: Payload = jose::decode_json(parts.payload).ok_or(Fault::Malformed)?;
    if payload.iss != issuer {
        return Err(Fault::Issuer);
    }
    if !payload.aud.has(audience) {
        return Err(Fault::Audience);
    }
    Ok(payload)
}

/// Returns when a token expires, if it is valid now.
fn in_time(payload: &Payload, now_unix_s: u64, leeway_s: u64) -> Result<u64, Fault> {
    let expires_s = payload.exp.0.saturating_add(leeway_s);
    if now_unix_s >= expires_s {
        return Err(Fault::Expired);
    }
    if payload.nbf.is_some_and(|begin| now_unix_s.saturating_add(leeway_s) < begin.0) {
        return Err(Fault::Early);
    }
    Ok(expires_s)
}

/// Life of an operator token in seconds: one request, and some adjustment of the clock.
const OPERATOR_LIFE_S: u64 = 60;
/// `{"alg":"HS256","typ":"JWT"}`.
const OWN_HEADER: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";

fn first(bytes: &[u8]) -> [u8; 16] {
    bytes.first_chunk().copied().unwrap_or_default()
}

/// Formats an id as in `sub` and `jti`.
fn hex(bytes: [u8; 16]) -> String {
    format!("{:032x}", u128::from_be_bytes(bytes))
}

/// Parses an id; there is one spelling of each.
fn unhex(text: &str) -> Option<[u8; 16]> {
    let lower = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let number = (text.len() == 32 && lower).then(|| u128::from_str_radix(text, 16).ok());
    number.flatten().map(u128::to_be_bytes)
}

impl Token {
    /// Returns the text, for its owner only.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Fault {
    /// Returns a sentence for the token's sender. All faults that a forger could learn from share
    /// one; a token that is only too old was verified before.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Expired => "token has expired; log in again",
            Self::Early => "token is not valid yet",
            _ => "token is not accepted; log in again",
        }
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("provider", &self.provider).finish_non_exhaustive()
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "longer than token-bytes-max",
            Self::Malformed => "not a token, or claims are missing or invalid",
            Self::Header => "no key for its algorithm, kid or type",
            Self::Signature => "signed with another key",
            Self::Issuer => "issued by another issuer",
            Self::Audience => "issued for another audience",
            Self::Expired => "expired",
            Self::Early => "not valid yet",
        })
    }
}
