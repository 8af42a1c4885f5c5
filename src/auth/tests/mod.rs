//! Tests of passwords and tokens, and helpers to make tokens.

mod attempts;
mod hostile;
mod passwords;
mod public_keys;
mod signing_key;
mod tokens;

use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use serde_json::{Value, json};

use super::jose;
use super::*;

const NOW: u64 = 1_800_000_000;
const SECRET: [u8; 32] = [7; 32];
const AUTHOR: [u8; 16] = [0xAB; 16];
const LOGIN: [u8; 16] = [0xCD; 16];
const ISSUER: &str = "https://id.example";
const AUDIENCE: &str = "chat";

const ED25519: &str = include_str!("keys/ed25519.pem");
const P256: &str = include_str!("keys/p256.pem");
const RSA: &str = include_str!("keys/rsa.pem");

/// A signer, with one of the keys in `keys/`.
enum Signer {
    Secret(Vec<u8>),
    Ed25519(Ed25519KeyPair),
    P256(EcdsaKeyPair),
    Rsa(Box<RsaKeyPair>),
}

impl Signer {
    fn ed25519() -> Self {
        let der = der(include_str!("keys/ed25519.secret.pem"));
        Self::Ed25519(Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).unwrap())
    }

    /// Returns a signer whose key is in no file.
    fn stranger() -> Self {
        Self::Ed25519(Ed25519KeyPair::from_seed_unchecked(&[9; 32]).unwrap())
    }

    fn p256() -> Self {
        let der = der(include_str!("keys/p256.secret.pem"));
        let random = SystemRandom::new();
        let kind = &ECDSA_P256_SHA256_FIXED_SIGNING;
        Self::P256(EcdsaKeyPair::from_pkcs8(kind, &der, &random).unwrap())
    }

    fn rsa() -> Self {
        let der = der(include_str!("keys/rsa.secret.pem"));
        Self::Rsa(Box::new(RsaKeyPair::from_pkcs8(&der).unwrap()))
    }

    fn alg(&self) -> &'static str {
        match self {
            Self::Secret(_) => "HS256",
            Self::Ed25519(_) => "EdDSA",
            Self::P256(_) => "ES256",
            Self::Rsa(_) => "RS256",
        }
    }

    fn sign(&self, text: &str) -> Vec<u8> {
        let (bytes, random) = (text.as_bytes(), SystemRandom::new());
        match self {
            Self::Secret(key) => {
                hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), bytes).as_ref().to_vec()
            }
            Self::Ed25519(pair) => pair.sign(bytes).as_ref().to_vec(),
            Self::P256(pair) => pair.sign(&random, bytes).unwrap().as_ref().to_vec(),
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, bytes, &mut signature).unwrap();
                signature
            }
        }
    }

    /// Signs any header and payload, JSON or not.
    fn raw(&self, header: &str, payload: &str) -> String {
        let parts = [header, payload].map(|part| jose::encode(part.as_bytes())).join(".");
        let signature = self.sign(&parts);
        format!("{parts}.{}", jose::encode(&signature))
    }

    fn token(&self, header: &Value, payload: &Value) -> String {
        self.raw(&header.to_string(), &payload.to_string())
    }

    /// Returns a token of the identity provider with some claims changed; null removes one.
    fn claiming(&self, changes: &Value) -> String {
        self.token(&json!({ "alg": self.alg() }), &with(claims(), changes))
    }
}

/// Returns valid claims of a token of the identity provider.
fn claims() -> Value {
    json!({ "iss": ISSUER, "aud": AUDIENCE, "sub": "u1", "name": "Alice", "exp": NOW + 60 })
}

/// Changes some fields; null removes one.
fn with(mut object: Value, changes: &Value) -> Value {
    let fields = object.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => fields.remove(name),
            value => fields.insert(name.clone(), value.clone()),
        };
    }
    object
}

fn trust() -> Trust {
    Trust { issuer: ISSUER.into(), audience: AUDIENCE.into(), admins: false }
}

/// Returns a server without an identity provider.
fn alone() -> Tokens {
    Tokens::new(&Limits::default(), &SigningKey::ephemeral(SECRET), None)
}

/// Returns a server with an identity provider by a PEM file.
fn beside(pem: &str) -> Tokens {
    let outside = IdentityProvider::from_pem(pem, trust()).unwrap();
    Tokens::new(&Limits::default(), &SigningKey::ephemeral(SECRET), Some(outside))
}

/// Returns a server with an identity provider by a set of keys.
fn beside_set(set: &Value) -> Tokens {
    let outside = IdentityProvider::from_jwks(&set.to_string(), trust()).unwrap();
    Tokens::new(&Limits::default(), &SigningKey::ephemeral(SECRET), Some(outside))
}

fn alice() -> Login<'static> {
    Login { author: AUTHOR, name: "Alice", login: LOGIN }
}

/// Returns the DER of a PEM file.
fn der(pem: &str) -> Vec<u8> {
    use base64::Engine as _;
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    base64::engine::general_purpose::STANDARD.decode(body).unwrap()
}
