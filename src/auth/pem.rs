//! Public keys in PEM files: RFC 7468 around RFC 5280 and RFC 8017.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::provider::{Material, OutsideError};

/// Reads the one public key of a PEM file.
pub(super) fn read_pem(text: &str) -> Result<Material, OutsideError> {
    let (_, rest) = text.split_once("-----BEGIN ").ok_or(OutsideError::NotPem)?;
    let (label, rest) = rest.split_once("-----").ok_or(OutsideError::NotPem)?;
    let end = format!("-----END {label}-----");
    let (body, rest) = rest.split_once(&end).ok_or(OutsideError::NotPem)?;
    if rest.contains("-----BEGIN ") {
        return Err(OutsideError::SeveralInPem);
    }
    let body: String = body.split_ascii_whitespace().collect();
    let der = STANDARD.decode(body).map_err(|_| OutsideError::NotPem)?;
    match label {
        "PUBLIC KEY" => public_key_info(&der),
        "RSA PUBLIC KEY" => rsa(&der).ok_or(OutsideError::NotPem),
        "CERTIFICATE" => Err(OutsideError::Certificate),
        _ if label.ends_with("PRIVATE KEY") => Err(OutsideError::Private),
        _ => Err(OutsideError::NotPem),
    }
}

/// Reads a SubjectPublicKeyInfo, RFC 5280 §4.1.2.7.
fn public_key_info(der: &[u8]) -> Result<Material, OutsideError> {
    let parts = || {
        let (info, rest) = value(SEQUENCE, der)?;
        let (algorithm, after) = value(SEQUENCE, info)?;
        let (bits, end) = value(BIT_STRING, after)?;
        let (name, parameters) = value(OBJECT_IDENTIFIER, algorithm)?;
        // The first byte counts unused bits.
        let key = bits.strip_prefix(&[0])?;
        (rest.is_empty() && end.is_empty()).then_some((name, parameters, key))
    };
    let (name, parameters, key) = parts().ok_or(OutsideError::NotPem)?;
    let material = match name {
        RSA => rsa(key),
        ED25519 => Material::ed25519(key),
        ELLIPTIC => match value(OBJECT_IDENTIFIER, parameters) {
            Some((P256, [])) => Material::p256(key),
            _ => return Err(OutsideError::OtherKind),
        },
        _ => return Err(OutsideError::OtherKind),
    };
    material.ok_or(OutsideError::NotPem)
}

/// Reads an RSAPublicKey, RFC 8017 §A.1.1.
fn rsa(der: &[u8]) -> Option<Material> {
    let (numbers, rest) = value(SEQUENCE, der)?;
    let (n, after) = value(INTEGER, numbers)?;
    let (e, end) = value(INTEGER, after)?;
    (rest.is_empty() && end.is_empty()).then(|| Material::rsa(n, e)).flatten()
}

/// Takes the value off that begins here, and gives what comes behind it.
fn value(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&first, rest) = der.split_first()?;
    let (&length, rest) = rest.split_first()?;
    let (length, rest) = match length {
        0..=0x7F => (usize::from(length), rest),
        // The length of the length; no key needs more than two bytes.
        0x81 => rest.split_first().map(|(length, rest)| (usize::from(*length), rest))?,
        0x82 => {
            let (length, rest) = rest.split_first_chunk()?;
            (usize::from(u16::from_be_bytes(*length)), rest)
        }
        _ => return None,
    };
    (first == tag).then(|| rest.split_at_checked(length)).flatten()
}

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OBJECT_IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;

/// 1.2.840.113549.1.1.1
const RSA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01];
/// 1.2.840.10045.2.1
const ELLIPTIC: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01];
/// 1.2.840.10045.3.1.7
const P256: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07];
/// 1.3.101.112
const ED25519: &[u8] = &[0x2B, 0x65, 0x70];
