//! The outside identity provider: whose tokens are believed, and by which keys.
//!
//! Keys come from a file named in the configuration and from nowhere else. Each belongs to one
//! algorithm, by its kind: a token that names another one has no key here.

use std::fmt;

use ring::signature::{self, RsaPublicKeyComponents, UnparsedPublicKey};
use serde::Deserialize;

use super::jose::{self, Header};
use super::limit::Limits;
use super::pem;

/// Is an outside identity provider: what it is called, what it may say, and its public keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outside {
    pub(super) trust: Trust,
    keys: Vec<PublicKey>,
}

/// Says which tokens of the outside identity provider are meant for this server, and what they may
/// say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trust {
    /// The only `iss` that is accepted.
    pub issuer: String,
    /// What `aud` must be, or have among others.
    pub audience: String,
    /// Whether `"role":"admin"`, or `"admin"` among `roles`, makes an administrator of this server.
    pub admins: bool,
}

/// Says why a file gives no keys. Completes the sentence "FILE: …".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutsideError {
    /// It is no PEM file, or damaged.
    NotPem,
    /// It has more than one.
    SeveralInPem,
    /// It has a certificate.
    Certificate,
    /// It has a secret.
    Private,
    /// It has a key of another kind.
    OtherKind,
    /// It is no JWKS, or damaged.
    NotJwks,
    /// It has no key that signs tokens.
    NoKey,
    /// It has more keys than anybody needs.
    TooMany,
    /// It has two keys of the same kind and name.
    SameTwice,
    /// It has an RSA key that is too small, or larger than any.
    RsaSize,
}

/// Is a public key.
#[derive(Clone, Debug, PartialEq, Eq)]
struct PublicKey {
    kid: Option<String>,
    material: Material,
}

/// Is what a key is made of; its kind settles the algorithm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Material {
    /// EdDSA with Ed25519, RFC 8037.
    Ed25519(Vec<u8>),
    /// ES256: an uncompressed point.
    P256(Vec<u8>),
    /// RS256: modulus and exponent without leading zeros.
    Rsa {
        /// The modulus.
        n: Vec<u8>,
        /// The exponent.
        e: Vec<u8>,
    },
}

impl Outside {
    /// Reads one public key: Ed25519, P-256 or RSA of at least 2048 bits.
    pub fn from_pem(text: &str, trust: Trust) -> Result<Self, OutsideError> {
        let material = pem::read_pem(text)?.sized()?;
        Ok(Self { trust, keys: vec![PublicKey { kid: None, material }] })
    }

    /// Reads a set of public keys, RFC 7517 §5. Keys that are for something else are passed over.
    pub fn from_jwks(text: &str, trust: Trust) -> Result<Self, OutsideError> {
        let set: JwkSet = serde_json::from_str(text).map_err(|_| OutsideError::NotJwks)?;
        if set.keys.len() > KEYS_MAX {
            return Err(OutsideError::TooMany);
        }
        let mut keys: Vec<PublicKey> = Vec::new();
        for jwk in set.keys {
            let Some(key) = jwk.read()? else { continue };
            let same = |other: &PublicKey| {
                other.kid == key.kid && other.material.algorithm() == key.material.algorithm()
            };
            if keys.iter().any(same) {
                return Err(OutsideError::SameTwice);
            }
            keys.push(key);
        }
        if keys.is_empty() { Err(OutsideError::NoKey) } else { Ok(Self { trust, keys }) }
    }

    /// Finds the one key that a header can mean. None if there is none, and if there are several:
    /// a token that does not say by which key it was signed gets no try with each.
    pub(super) fn key(&self, header: &Header) -> Option<&Material> {
        let algorithm = Algorithm::parse(&header.alg)?;
        let named = header.kid.is_some() && self.keys.iter().any(|key| key.kid == header.kid);
        let mut fitting = self.keys.iter().filter(|key| {
            let right = match &header.kid {
                Some(_) if named => key.kid == header.kid,
                Some(_) => key.kid.is_none(),
                None => true,
            };
            right && key.material.algorithm() == algorithm
        });
        match (fitting.next(), fitting.next()) {
            (Some(key), None) => Some(&key.material),
            _ => None,
        }
    }
}

/// Names how tokens are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithm {
    EdDsa,
    Es256,
    Rs256,
}

impl Algorithm {
    fn parse(alg: &str) -> Option<Self> {
        match alg {
            // RFC 9864 gives it the second name.
            "EdDSA" | "Ed25519" => Some(Self::EdDsa),
            "ES256" => Some(Self::Es256),
            "RS256" => Some(Self::Rs256),
            _ => None,
        }
    }
}

impl Material {
    pub(super) fn ed25519(key: &[u8]) -> Option<Self> {
        (key.len() == 32).then(|| Self::Ed25519(key.to_vec()))
    }

    pub(super) fn p256(point: &[u8]) -> Option<Self> {
        (point.len() == 65 && point.first() == Some(&4)).then(|| Self::P256(point.to_vec()))
    }

    pub(super) fn rsa(n: &[u8], e: &[u8]) -> Option<Self> {
        let plain = |mut number: &[u8]| {
            while let [0, rest @ ..] = number {
                number = rest;
            }
            number.to_vec()
        };
        let (n, e) = (plain(n), plain(e));
        let odd = |number: &[u8]| number.last().is_some_and(|byte| byte % 2 == 1);
        (odd(&n) && odd(&e) && e != [1]).then_some(Self::Rsa { n, e })
    }

    /// Refuses sizes with which nothing could ever be verified.
    fn sized(self) -> Result<Self, OutsideError> {
        match &self {
            Self::Rsa { n, e } if !(256..=1024).contains(&n.len()) || e.len() > 4 => {
                Err(OutsideError::RsaSize)
            }
            _ => Ok(self),
        }
    }

    fn algorithm(&self) -> Algorithm {
        match self {
            Self::Ed25519(_) => Algorithm::EdDsa,
            Self::P256(_) => Algorithm::Es256,
            Self::Rsa { .. } => Algorithm::Rs256,
        }
    }

    /// Says whether this key has signed the text.
    pub(super) fn verify(&self, signed: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Ed25519(key) => {
                UnparsedPublicKey::new(&signature::ED25519, key).verify(signed, signature)
            }
            Self::P256(point) => UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, point)
                .verify(signed, signature),
            Self::Rsa { n, e } => RsaPublicKeyComponents { n, e }.verify(
                &signature::RSA_PKCS1_2048_8192_SHA256,
                signed,
                signature,
            ),
        }
        .is_ok()
    }
}

#[derive(Deserialize)]
struct JwkSet {
    keys: Vec<Jwk>,
}

/// Is one key of a JWKS, RFC 7517 §4, RFC 7518 §6, RFC 8037 §2.
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
    d: Option<serde::de::IgnoredAny>,
    k: Option<serde::de::IgnoredAny>,
}

impl Jwk {
    /// Reads the key; None if it is for something else.
    fn read(self) -> Result<Option<PublicKey>, OutsideError> {
        if self.d.is_some() || self.k.is_some() {
            return Err(OutsideError::Private);
        }
        let number = |text: &Option<String>| text.as_deref().and_then(jose::decode);
        let material = match (self.kty.as_str(), self.crv.as_deref()) {
            ("OKP", Some("Ed25519")) => number(&self.x).and_then(|x| Material::ed25519(&x)),
            ("EC", Some("P-256")) => number(&self.x)
                .zip(number(&self.y))
                .filter(|(x, y)| x.len() == 32 && y.len() == 32)
                .and_then(|(x, y)| Material::p256(&[&[4], &*x, &*y].concat())),
            ("RSA", _) => {
                number(&self.n).zip(number(&self.e)).and_then(|(n, e)| Material::rsa(&n, &e))
            }
            _ => return Ok(None),
        };
        let material = material.ok_or(OutsideError::NotJwks)?;
        let signs = self.purpose.is_none_or(|purpose| purpose == "sig")
            && self.key_ops.is_none_or(|operations| operations.iter().any(|word| word == "verify"))
            && self.alg.is_none_or(|alg| Algorithm::parse(&alg) == Some(material.algorithm()));
        if !signs {
            return Ok(None);
        }
        Ok(Some(PublicKey { kid: self.kid, material: material.sized()? }))
    }
}

const KEYS_MAX: usize = 64;

impl Limits {
    /// Is the largest file of keys that is read.
    pub const KEY_FILE_BYTES_MAX: u64 = 256 * 1024;
}

impl fmt::Display for OutsideError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotPem => "no public key in PEM; it begins with -----BEGIN PUBLIC KEY-----",
            Self::SeveralInPem => "more than one key; write one, or a JWKS file with jwks",
            Self::Certificate => {
                "a certificate; write its public key, from openssl x509 -pubkey -noout"
            }
            Self::Private => {
                "a secret key; this server needs the public one only, and nobody else should see \
                 the secret"
            }
            Self::OtherKind => "another kind of key; write Ed25519, P-256 or RSA",
            Self::NotJwks => "no JWKS; it looks like {\"keys\":[{\"kty\":\"OKP\",…}]}",
            Self::NoKey => "no key that signs tokens; write Ed25519, P-256 or RSA (RS256)",
            Self::TooMany => "too many keys; write at most 64",
            Self::SameTwice => "two keys of one kind with the same kid; write each kid once",
            Self::RsaSize => "an RSA key of the wrong size; write one of 2048 to 8192 bits",
        })
    }
}
