//! What tokens say.

use serde::de::{Deserializer, Error, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;

/// Is what a token has proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// Whose it is.
    pub subject: Subject,
    /// What its holder is called. From outside it may be any text that is not empty.
    pub name: String,
    /// Whether the outside identity provider makes its holder an administrator here. Never said by
    /// a token of this server: it is the account that knows.
    pub admin: bool,
    /// Names this login, to end it before its time: random in a token of this server; a hash of all
    /// that was signed in one from outside, so that no other spelling of the signature names another.
    pub login: [u8; 16],
    /// When it was issued, in Unix seconds; 0 if it does not say.
    pub issued_s: u64,
    /// From this Unix second on it is refused; the leeway is in it.
    pub expires_s: u64,
}

/// Names whose token it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// The account of this server with this author.
    Own([u8; 16]),
    /// Somebody whom the outside identity provider knows.
    Outside {
        /// Made of its `iss` and `sub`.
        author: [u8; 16],
    },
}

/// Is the payload of a token of this server, as it is written.
#[derive(Serialize)]
pub(super) struct Statement<'a> {
    pub(super) iss: &'a str,
    pub(super) aud: &'a str,
    pub(super) sub: &'a str,
    pub(super) name: &'a str,
    pub(super) iat: u64,
    pub(super) exp: u64,
    pub(super) jti: &'a str,
}

/// Is the payload of any token, as it is read. What must be there is no option; a field that is
/// there twice makes it unreadable.
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
    /// Gives the first of the names that is one.
    pub(super) fn name(&self) -> String {
        [&self.name, &self.preferred_username]
            .into_iter()
            .filter_map(|name| name.as_ref().and_then(Value::as_str))
            .find(|name| !name.trim().is_empty())
            .unwrap_or(&self.sub)
            .to_owned()
    }

    /// Says whether it calls its subject an administrator.
    pub(super) fn is_admins(&self) -> bool {
        let admin = |role: &Value| role.as_str() == Some("admin");
        self.role.as_ref().is_some_and(admin)
            || self
                .roles
                .as_ref()
                .and_then(Value::as_array)
                .is_some_and(|all| all.iter().any(admin))
    }
}

/// Says for whom a token is, RFC 7519 §4.1.3.
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

/// Is a time in Unix seconds, up to the end of the year 9999. It may be written with a fraction
/// (RFC 7519 §2), which is dropped.
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
                    return Err(E::custom("no time"));
                }
                Ok(Seconds(seconds))
            }

            fn visit_f64<E: Error>(self, seconds: f64) -> Result<Seconds, E> {
                if !(0.0..=SECONDS_MAX as f64).contains(&seconds) {
                    return Err(E::custom("no time"));
                }
                Ok(Seconds(seconds as u64))
            }
        }
        deserializer.deserialize_any(Number)
    }
}

const SECONDS_MAX: u64 = 253_402_300_799;
