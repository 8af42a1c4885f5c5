//! Public keys in PEM files: RFC 7468 around RFC 5280 and RFC 8017.

use pem_rfc7468::Decoder;
use spki::der::asn1::UintRef;
use spki::der::{Decode as _, Error, Reader as _, SliceReader};
use spki::{ObjectIdentifier, SubjectPublicKeyInfoRef};

use super::public_key::{PublicKey, PublicKeyError};

/// Reads the one public key of a PEM file.
pub(super) fn read(text: &str) -> Result<PublicKey, PublicKeyError> {
    if text.matches("-----BEGIN ").count() > 1 {
        return Err(PublicKeyError::SeveralInPem);
    }
    // The decoder wants the file to end here; other programs write text behind it.
    let end = text.rfind(DASHES).and_then(|start| start.checked_add(DASHES.len()));
    let text = end.and_then(|end| text.get(..end)).unwrap_or_default();
    let mut decoder =
        Decoder::new_detect_wrap(text.as_bytes()).map_err(|_| PublicKeyError::NotPem)?;
    let label = decoder.type_label();
    let mut der = Vec::new();
    decoder.decode_to_end(&mut der).map_err(|_| PublicKeyError::NotPem)?;
    match label {
        "PUBLIC KEY" => public_key_info(&der),
        "RSA PUBLIC KEY" => rsa(&der).ok_or(PublicKeyError::NotPem),
        "CERTIFICATE" => Err(PublicKeyError::Certificate),
        _ if label.ends_with("PRIVATE KEY") => Err(PublicKeyError::Private),
        _ => Err(PublicKeyError::NotPem),
    }
}

/// Reads a SubjectPublicKeyInfo, RFC 5280 §4.1.2.7.
fn public_key_info(der: &[u8]) -> Result<PublicKey, PublicKeyError> {
    let info = SubjectPublicKeyInfoRef::try_from(der).map_err(|_| PublicKeyError::NotPem)?;
    let key = info.subject_public_key.as_bytes().ok_or(PublicKeyError::NotPem)?;
    let key = match info.algorithm.oid {
        RSA => rsa(key),
        ED25519 => PublicKey::ed25519(key),
        ELLIPTIC if info.algorithm.parameters_oid() == Ok(P256) => PublicKey::p256(key),
        _ => return Err(PublicKeyError::OtherKind),
    };
    key.ok_or(PublicKeyError::NotPem)
}

/// Reads an RSAPublicKey, RFC 8017 §A.1.1.
fn rsa(der: &[u8]) -> Option<PublicKey> {
    let mut reader = SliceReader::new(der).ok()?;
    let (n, e) = reader
        .sequence(|reader| Ok::<_, Error>((UintRef::decode(reader)?, UintRef::decode(reader)?)))
        .ok()?;
    reader.finish().ok()?;
    PublicKey::rsa(n.as_bytes(), e.as_bytes())
}

const DASHES: &str = "-----";
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const ELLIPTIC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
