//! Public keys in JWKS files: RFC 7517, RFC 7518 §6, RFC 8037 §2.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::jose;
use super::public_key::{Algorithm, PublicKey, PublicKeyError};

/// Reads a set of public keys, each with its `kid` (RFC 7517 §5). Keys for other purposes are
/// skipped.
pub(super) fn read(text: &str) -> Result<Vec<(Option<String>, PublicKey)>, PublicKeyError> {
    let set: JwkSet = serde_json::from_str(text).map_err(|_| PublicKeyError::NotJwks)?;
    if set.keys.len() > KEYS_MAX {
        return Err(PublicKeyError::TooMany);
    }
    let mut keys: Vec<(Option<String>, PublicKey)> = Vec::new();
    for jwk in set.keys {
        let Some((kid, key)) = jwk.read()? else { continue };
        if keys.iter().any(|(other, it)| *other == kid && it.algorithm() == key.algorithm()) {
            return Err(PublicKeyError::Duplicate);
        }
        keys.push((kid, key));
    }
    if keys.is_empty() { Err(PublicKeyError::NoKey) } else { Ok(keys) }
}

const KEYS_MAX: usize = 64;

#[derive(Deserialize)]
struct JwkSet {
    keys: Vec<Jwk>,
}

/// One key of a JWKS, RFC 7517 §4.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
    d: Option<IgnoredAny>,
    k: Option<IgnoredAny>,
}

impl Jwk {
    /// Returns the `kid` and the key; `None` if it is for another purpose.
    fn read(self) -> Result<Option<(Option<String>, PublicKey)>, PublicKeyError> {
        if self.d.is_some() || self.k.is_some() {
            return Err(PublicKeyError::Private);
        }
        let number = |text: &Option<String>| text.as_deref().and_then(jose::decode);
        let key = match (self.kty.as_str(), self.crv.as_deref()) {
            ("OKP", Some("Ed25519")) => number(&self.x).and_then(|x| PublicKey::ed25519(&x)),
            ("EC", Some("P-256")) => number(&self.x)
                .zip(number(&self.y))
                .filter(|(x, y)| x.len() == 32 && y.len() == 32)
                .and_then(|(x, y)| PublicKey::p256(&[&[4], &*x, &*y].concat())),
            ("RSA", _) => {
                number(&self.n).zip(number(&self.e)).and_then(|(n, e)| PublicKey::rsa(&n, &e))
            }
            _ => return Ok(None),
        };
        let key = key.ok_or(PublicKeyError::NotJwks)?;
        let signs = self.purpose.is_none_or(|purpose| purpose == "sig")
            && self.key_ops.is_none_or(|operations| operations.iter().any(|word| word == "verify"))
            && self.alg.is_none_or(|alg| Algorithm::parse(&alg) == Some(key.algorithm()));
        if !signs {
            return Ok(None);
        }
        Ok(Some((self.kid, key.check_size()?)))
    }
}
