//! The public keys of the identity provider, and signatures by them.
//!
//! Each key belongs to one algorithm, by its kind: a token that names another one has no key here.

use std::fmt;

use ring::signature::{self, RsaPublicKeyComponents, UnparsedPublicKey};

/// Why a file of public keys is refused. Completes the sentence "FILE: …".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublicKeyError {
    /// Not a PEM file, or a damaged one.
    NotPem,
    /// More than one key in a PEM file.
    SeveralInPem,
    /// A certificate.
    Certificate,
    /// A private or symmetric key.
    Private,
    /// A key of an unsupported kind.
    OtherKind,
    /// Not a JWKS, or a damaged one.
    NotJwks,
    /// No key that signs tokens.
    NoKey,
    /// More keys than supported.
    TooMany,
    /// Two keys of the same kind and `kid`.
    Duplicate,
    /// An RSA key of an unsupported size.
    RsaSize,
}

/// A public key; its kind settles the algorithm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PublicKey {
    /// EdDSA with Ed25519, RFC 8037.
    Ed25519(Vec<u8>),
    /// ES256: an uncompressed point.
    P256(Vec<u8>),
    /// RS256: modulus and exponent without leading zeros.
    Rsa { n: Vec<u8>, e: Vec<u8> },
}

/// A signature algorithm of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    EdDsa,
    Es256,
    Rs256,
}

impl Algorithm {
    pub(super) fn parse(alg: &str) -> Option<Self> {
        match alg {
            // RFC 9864 adds the second name.
            "EdDSA" | "Ed25519" => Some(Self::EdDsa),
            "ES256" => Some(Self::Es256),
            "RS256" => Some(Self::Rs256),
            _ => None,
        }
    }
}

impl PublicKey {
    pub(super) fn ed25519(key: &[u8]) -> Option<Self> {
        (key.len() == 32).then(|| Self::Ed25519(key.to_vec()))
    }

    pub(super) fn p256(point: &[u8]) -> Option<Self> {
        (point.len() == 65 && point.first() == Some(&4)).then(|| Self::P256(point.to_vec()))
    }

    pub(super) fn rsa(n: &[u8], e: &[u8]) -> Option<Self> {
        let stripped = |mut number: &[u8]| {
            while let [0, rest @ ..] = number {
                number = rest;
            }
            number.to_vec()
        };
        let (n, e) = (stripped(n), stripped(e));
        let odd = |number: &[u8]| number.last().is_some_and(|byte| byte % 2 == 1);
        (odd(&n) && odd(&e) && e != [1]).then_some(Self::Rsa { n, e })
    }

    /// Refuses sizes with which no signature could be verified.
    pub(super) fn check_size(self) -> Result<Self, PublicKeyError> {
        match &self {
            Self::Rsa { n, e } if !(256..=1024).contains(&n.len()) || e.len() > 4 => {
                Err(PublicKeyError::RsaSize)
            }
            _ => Ok(self),
        }
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        match self {
            Self::Ed25519(_) => Algorithm::EdDsa,
            Self::P256(_) => Algorithm::Es256,
            Self::Rsa { .. } => Algorithm::Rs256,
        }
    }

    /// Whether `signature` is this key's signature of `signed`.
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

impl fmt::Display for PublicKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotPem => "not a PEM public key; it begins with -----BEGIN PUBLIC KEY-----",
            Self::SeveralInPem => "more than one key; write one, or a JWKS file with jwks",
            Self::Certificate => {
                "a certificate; write its public key, from openssl x509 -pubkey -noout"
            }
            Self::Private => "a private key; write the public key, and keep the private one secret",
            Self::OtherKind => "unsupported kind of key; write Ed25519, P-256 or RSA",
            Self::NotJwks => "not a JWKS; it looks like {\"keys\":[{\"kty\":\"OKP\",…}]}",
            Self::NoKey => "no key that signs tokens; write Ed25519, P-256 or RSA (RS256)",
            Self::TooMany => "too many keys; write at most 64",
            Self::Duplicate => "two keys of one kind with the same kid; write each kid once",
            Self::RsaSize => "unsupported RSA key size; write a key of 2048 to 8192 bits",
        })
    }
}
