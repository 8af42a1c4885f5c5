//! Claims of tokens: RFC 7519 §4.

use serde::de::{Deserializer, Error, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;

/// The verified claims of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// Who it was issued to.
    pub subject: Subject,
    /// The subject's name. From the identity provider it may be any text that is not empty.
    pub name: String,
    /// Whether the identity provider makes the subject an administrator. `false` in a token of this
    /// server: there the account decides.
    pub admin: bool,
    /// Id of this login, by which it is revoked: random in a token of this server, a hash of the
    /// signed text in one of the identity provider, so that it does not depend on the signature's
    /// encoding.
    pub login: [u8; 16],
    /// When it was issued, in Unix seconds; 0 without `iat`.
    pub issued_s: u64,
    /// From this Unix second on it is refused; includes the leeway.
    pub expires_s: u64,
}

/// The subject of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// The account of this server with this author.
    Own([u8; 16]),
    /// A subject of the identity provider.
    External {
        /// Hash of `iss` and `sub`.
        author: [u8; 16],
    },
}

/// The payload of a token of this server, to be written.
#[derive(Serialize)]
pub(super) struct OwnPayload<'a> {
    pub(super) iss: &'a str,
    pub(super) aud: &'a str,
    pub(super) sub: &'a str,
    pub(super) name: &'a str,
    pub(super) iat: u64,
    pub(super) exp: u64,
    pub(super) jti: &'a str,
}

/// The payload of any token, as it is read. A missing field that is no option, or a field given
/// twice, is an error.
#[derive(Deserialize)]
pub(super) struct Payload {
    pub(super) iss: String,
    pub(super) aud: Audience,
    pub(super) sub: String,
    pub(super) exp: Seconds,
    pub(super) nbf: Option<Seconds>,
    pub(super) iat: Option<Seconds>,
    pub(super) jti: Option<Value>,
    name: Option<Value>,
    preferred_username: Option<Value>,
    role: Option<Value>,
    roles: Option<Value>,
}

impl Payload {
    /// Returns the first name that is not blank.
    pub(super) fn name(&self) -> String {
        [&self.name, &self.preferred_username]
            .into_iter()
            .filter_map(|name| name.as_ref().and_then(Value::as_str))
            .find(|name| !name.trim().is_empty())
            .unwrap_or(&self.sub)
            .to_owned()
    }

    /// Whether it claims that its subject is an administrator.
    pub(super) fn is_admin(&self) -> bool {
        let admin = |role: &Value| role.as_str() == Some("admin");
        self.role.as_ref().is_some_and(admin)
            || self
                .roles
                .as_ref()
                .and_then(Value::as_array)
                .is_some_and(|all| all.iter().any(admin))
    }
}

/// The audience of a token, RFC 7519 §4.1.3.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    pub(super) fn has(&self, wanted: &str) -> bool {
        match self {
            Self::One(one) => one == wanted,
            Self::Several(several) => several.iter().any(|one| one == wanted),
        }
    }
}

/// A time in Unix seconds, up to the end of the year 9999. A fraction (RFC 7519 §2) is dropped.
#[derive(Clone, Copy)]
pub(super) struct Seconds(pub(super) u64);

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Number;
        impl Visitor<'_> for Number {
            type Value = Seconds;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time")
            }

            fn visit_u64<E: Error>(self, seconds: u64) -> Result<Seconds, E> {
                if seconds > SECONDS_MAX {
                    return Err(E::custom("time out of range"));
                }
                Ok(Seconds(seconds))
            }

            fn visit_f64<E: Error>(self, seconds: f64) -> Result<Seconds, E> {
                if !(0.0..=SECONDS_MAX as f64).contains(&seconds) {
                    return Err(E::custom("time out of range"));
                }
                Ok(Seconds(seconds as u64))
            }
        }
        deserializer.deserialize_any(Number)
    }
}

const SECONDS_MAX: u64 = 253_402_300_799;
