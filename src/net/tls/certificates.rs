//! The server's certificates, and which of them a client gets.

use std::fmt::{self, Display, Formatter};
use std::sync::Arc;

use rustls::client::verify_server_name;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::{ClientHello, ParsedCertificate, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::validity::Validity;

/// A certificate with its chain and its private key.
#[derive(Clone, Debug)]
pub struct Certificate {
    key: Arc<CertifiedKey>,
    validity: Validity,
}

/// Why a certificate cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// The file of the certificate has none.
    NoCertificate,
    /// The certificate is malformed.
    BadCertificate,
    /// The file of the key has none that is not encrypted.
    NoKey,
    /// The key is malformed or of an unsupported kind.
    BadKey,
    /// The key belongs to another certificate.
    OtherKey,
}

impl Unusable {
    /// Whether the file of the key is at fault, and not that of the certificate.
    pub fn is_of_key(self) -> bool {
        matches!(self, Self::NoKey | Self::BadKey | Self::OtherKey)
    }
}

impl Display for Unusable {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoCertificate => "no certificate in it; use a PEM file with CERTIFICATE in it",
            Self::BadCertificate => "not a certificate; the first one must be the server's own",
            Self::NoKey => "no private key in it; use a PEM file with a key that is not encrypted",
            Self::BadKey => "not a usable key; use ECDSA (P-256 or P-384), RSA or Ed25519",
            Self::OtherKey => "the key does not belong to the certificate",
        })
    }
}

impl Certificate {
    /// Reads a certificate, followed by its chain, and its key, both in PEM (RFC 7468).
    ///
    /// # Errors
    /// If one of them is missing or malformed, or they do not belong together.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, Unusable> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(chain).collect();
        let chain = chain.map_err(|_| Unusable::BadCertificate)?;
        let own = chain.first().ok_or(Unusable::NoCertificate)?;
        let validity = Validity::of(own).ok_or(Unusable::BadCertificate)?;
        ParsedCertificate::try_from(own).map_err(|_| Unusable::BadCertificate)?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| Unusable::NoKey)?;
        let key = any_supported_type(&key).map_err(|_| Unusable::BadKey)?;
        let key = CertifiedKey::new(chain, key);
        key.keys_match().map_err(|_| Unusable::OtherKey)?;
        Ok(Self { key: Arc::new(key), validity })
    }

    /// Returns when it is valid.
    pub fn validity(&self) -> Validity {
        self.validity
    }

    #[cfg(test)]
    pub(super) fn der(&self) -> &CertificateDer<'static> {
        &self.key.cert[0]
    }

    /// Whether it is for this name.
    fn is_for(&self, name: &ServerName<'_>) -> bool {
        let parsed = self.key.end_entity_cert().and_then(ParsedCertificate::try_from);
        parsed.is_ok_and(|parsed| verify_server_name(&parsed, name).is_ok())
    }
}

/// All certificates of the server.
#[derive(Clone, Debug)]
pub struct Certificates {
    first: Certificate,
    others: Vec<Certificate>,
}

impl Certificates {
    /// Returns the certificates in their order; `None` for none.
    pub fn new(all: impl IntoIterator<Item = Certificate>) -> Option<Self> {
        let mut all = all.into_iter();
        Some(Self { first: all.next()?, others: all.collect() })
    }

    /// Returns them in their order.
    pub fn iter(&self) -> impl Iterator<Item = &Certificate> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// Returns the first certificate for a name, or else the first of all.
    pub(super) fn choose(&self, name: Option<&str>) -> &Certificate {
        let name = name.filter(|_| !self.others.is_empty());
        let name = name.and_then(|name| ServerName::try_from(name).ok());
        let fits = name.and_then(|name| self.iter().find(|certificate| certificate.is_for(&name)));
        fits.unwrap_or(&self.first)
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.choose(hello.server_name()).key))
    }
}
