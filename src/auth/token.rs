//! Tokens: issued and verified.

use std::fmt;

use ring::{digest, hmac};
use sha1::{Digest as _, Sha1};

use super::claims::{Claims, Payload, Statement, Subject};
use super::jose::{self, Header, Parts};
use super::limit::Limits;
use super::provider::Outside;
use super::signing_key::Key;
use super::{OPERATORS, OWN_ISSUER, provider};

/// Issues this server's tokens, and verifies those and the outside identity provider's.
pub struct Tokens {
    own: hmac::Key,
    outside: Option<Outside>,
    life_s: u64,
    bytes_max: usize,
    leeway_s: u64,
}

/// Is somebody who has logged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Login<'a> {
    /// The account's author.
    pub author: [u8; 16],
    /// The account's name.
    pub name: &'a str,
    /// Names this login: random bytes.
    pub login: [u8; 16],
}

/// Is a token that was issued: letters, digits, `-`, `_` and two dots, so that it can stand in a
/// header, a cookie and a query as it is. It is as good as a password, so only [`Token::as_str`]
/// shows it.
#[derive(Clone)]
pub struct Token(String);

/// Says what is wrong with a token. `Display` is for whoever runs the server and says nothing of
/// what the token holds; [`Fault::reason`] is for whoever sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is longer than any.
    TooLong,
    /// It is no signed token, or lacks a claim, or has one that makes no sense.
    Malformed,
    /// There is no key for what its header says: its algorithm, its `kid`, or that it is a plain
    /// token at all.
    Header,
    /// The key did not sign it.
    Signature,
    /// Somebody else than the key's owner speaks.
    Issuer,
    /// It is for somebody else.
    Audience,
    /// It was good once.
    Expired,
    /// It will be good.
    Early,
}

impl Tokens {
    /// Takes the keys.
    pub fn new(limits: &Limits, own: &Key, outside: Option<Outside>) -> Self {
        Self {
            own: hmac::Key::new(hmac::HMAC_SHA256, own.bytes()),
            outside,
            life_s: limits.token_life.as_secs(),
            bytes_max: limits.token_bytes_max,
            leeway_s: limits.leeway.as_secs(),
        }
    }

    /// Issues a token of this server.
    pub fn issue(&self, login: &Login<'_>, now_unix_s: u64) -> Token {
        self.sign(&Statement {
            iss: OWN_ISSUER,
            aud: OWN_ISSUER,
            sub: &hex(login.author),
            name: login.name,
            iat: now_unix_s,
            exp: now_unix_s.saturating_add(self.life_s),
            jti: &hex(login.login),
        })
    }

    /// Issues a token for administering this server, good for a minute. Whoever can read the key
    /// can make one, and it is nobody's account: [`Tokens::verify`] refuses it.
    pub fn issue_operators(&self, now_unix_s: u64) -> Token {
        self.sign(&Statement {
            iss: OWN_ISSUER,
            aud: OPERATORS,
            sub: OPERATORS,
            name: OPERATORS,
            iat: now_unix_s,
            exp: now_unix_s.saturating_add(OPERATORS_LIFE_S),
            jti: OPERATORS,
        })
    }

    fn sign(&self, statement: &Statement<'_>) -> Token {
        let signed = format!("{OWN_HEADER}.{}", jose::write(statement));
        let signature = hmac::sign(&self.own, signed.as_bytes());
        Token(format!("{signed}.{}", jose::encode(signature.as_ref())))
    }

    /// Says what a token proves, or why it proves nothing. At most one signature is computed.
    pub fn verify(&self, token: &str, now_unix_s: u64) -> Result<Claims, Fault> {
        let parts = self.parts(token)?;
        // The header that this server writes, and no other way to say the same, means its own key.
        if parts.header == OWN_HEADER {
            self.own(&parts, now_unix_s)
        } else {
            self.outside(&parts, now_unix_s)
        }
    }

    /// Says whether a token is one of [`Tokens::issue_operators`], with the same key.
    pub fn verify_operators(&self, token: &str, now_unix_s: u64) -> Result<(), Fault> {
        let parts = self.parts(token)?;
        if parts.header != OWN_HEADER {
            return Err(Fault::Header);
        }
        self.own_payload(&parts, OPERATORS, now_unix_s).map(drop)
    }

    fn parts<'a>(&self, token: &'a str) -> Result<Parts<'a>, Fault> {
        if token.len() > self.bytes_max {
            return Err(Fault::TooLong);
        }
        Parts::of(token).ok_or(Fault::Malformed)
    }

    /// Reads what this server has signed for somebody, and until when that is good.
    fn own_payload(
        &self,
        parts: &Parts<'_>,
        audience: &str,
        now_unix_s: u64,
    ) -> Result<(Payload, u64), Fault> {
        hmac::verify(&self.own, parts.signed.as_bytes(), &parts.signature)
            .map_err(|_| Fault::Signature)?;
        let payload = read(parts, OWN_ISSUER, audience)?;
        // One clock wrote it and reads it.
        let expires_s = in_time(&payload, now_unix_s, 0)?;
        Ok((payload, expires_s))
    }

    fn own(&self, parts: &Parts<'_>, now_unix_s: u64) -> Result<Claims, Fault> {
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

    fn outside(&self, parts: &Parts<'_>, now_unix_s: u64) -> Result<Claims, Fault> {
        let outside = self.outside.as_ref().ok_or(Fault::Header)?;
        let header: Header = jose::read(parts.header).ok_or(Fault::Malformed)?;
        let key = outside.key(&header).filter(|_| header.is_plain()).ok_or(Fault::Header)?;
        if !key.verify(parts.signed.as_bytes(), &parts.signature) {
            return Err(Fault::Signature);
        }
        let provider::Trust { issuer, audience, admins } = &outside.trust;
        let payload = read(parts, issuer, audience)?;
        let expires_s = in_time(&payload, now_unix_s, self.leeway_s)?;
        if payload.sub.is_empty() {
            return Err(Fault::Malformed);
        }
        let author = Sha1::digest(format!("{issuer}\n{}", payload.sub));
        let login = digest::digest(&digest::SHA256, parts.signed.as_bytes());
        Ok(Claims {
            subject: Subject::Outside { author: first(&author) },
            name: payload.name(),
            admin: *admins && payload.is_admins(),
            login: first(login.as_ref()),
            issued_s: payload.iat.map_or(0, |seconds| seconds.0),
            expires_s,
        })
    }
}

/// Reads what was signed, if its issuer is the owner of the key and it is for us.
fn read(parts: &Parts<'_>, issuer: &str, audience: &str) -> Result<Payload, Fault> {
    let payload: Payload = jose::read(parts.payload).ok_or(Fault::Malformed)?;
    if payload.iss != issuer {
        return Err(Fault::Issuer);
    }
    if !payload.aud.has(audience) {
        return Err(Fault::Audience);
    }
    Ok(payload)
}

/// Says until when a token is good, if it is good now.
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

/// How long an operator's token is good, in seconds: for one request, and a clock that is set.
const OPERATORS_LIFE_S: u64 = 60;
/// Is `{"alg":"HS256","typ":"JWT"}`.
const OWN_HEADER: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";

fn first(bytes: &[u8]) -> [u8; 16] {
    bytes.first_chunk().copied().unwrap_or_default()
}

/// Writes bytes as they stand in `sub` and `jti`.
fn hex(bytes: [u8; 16]) -> String {
    format!("{:032x}", u128::from_be_bytes(bytes))
}

/// Reads them; there is one way to write each.
fn unhex(text: &str) -> Option<[u8; 16]> {
    let lower = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let number = (text.len() == 32 && lower).then(|| u128::from_str_radix(text, 16).ok());
    number.flatten().map(u128::to_be_bytes)
}

impl Token {
    /// Gives the text, for whoever logged in and nobody else.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Fault {
    /// Says in a sentence what its holder can do about it. Everything that a forger could learn
    /// from is one sentence; a token that only came too late has proved who made it.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Expired => "this token has expired; log in again",
            Self::Early => "this token is not good yet",
            _ => "this token is not accepted; log in again",
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
        f.debug_struct("Tokens").field("outside", &self.outside).finish_non_exhaustive()
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "longer than token-bytes-max",
            Self::Malformed => "no token, or claims that are missing or make no sense",
            Self::Header => "no key for its algorithm, kid or kind",
            Self::Signature => "signed by another key",
            Self::Issuer => "made by another issuer",
            Self::Audience => "made for another audience",
            Self::Expired => "expired",
            Self::Early => "not good yet",
        })
    }
}
