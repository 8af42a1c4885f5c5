//! The identity provider: whose tokens are accepted besides the server's own, and by which keys.
//!
//! Keys come from a file named in the configuration and from nowhere else.

use super::jose::Header;
use super::public_key::{Algorithm, PublicKey, PublicKeyError};
use super::{jwks, pem};

/// An identity provider: its tokens' issuer and audience, and its public keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityProvider {
    pub(super) trust: Trust,
    /// Each with its `kid`.
    keys: Vec<(Option<String>, PublicKey)>,
}

/// Which tokens of the identity provider are meant for this server, and what they may grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trust {
    /// The only `iss` that is accepted.
    pub issuer: String,
    /// What `aud` must be or contain.
    pub audience: String,
    /// Whether `"role":"admin"`, or `"admin"` among `roles`, makes an administrator of this server.
    pub admins: bool,
}

impl IdentityProvider {
    /// Reads one public key: Ed25519, P-256 or RSA of at least 2048 bits.
    pub fn from_pem(text: &str, trust: Trust) -> Result<Self, PublicKeyError> {
        Ok(Self { trust, keys: vec![(None, pem::read(text)?.check_size()?)] })
    }

    /// Reads a set of public keys, RFC 7517 §5. Keys for other purposes are skipped.
    pub fn from_jwks(text: &str, trust: Trust) -> Result<Self, PublicKeyError> {
        Ok(Self { trust, keys: jwks::read(text)? })
    }

    /// Returns the one key that a header can mean; `None` if several match: a token that does not
    /// name its key is not tried with each.
    pub(super) fn key(&self, header: &Header) -> Option<&PublicKey> {
        let algorithm = Algorithm::parse(&header.alg)?;
        let named = header.kid.is_some() && self.keys.iter().any(|(kid, _)| *kid == header.kid);
        let mut matching = self.keys.iter().filter(|(kid, key)| {
            let right = match &header.kid {
                Some(_) if named => *kid == header.kid,
                Some(_) => kid.is_none(),
                None => true,
            };
            right && key.algorithm() == algorithm
        });
        match (matching.next(), matching.next()) {
            (Some((_, key)), None) => Some(key),
            _ => None,
        }
    }
}
