//! The time in which a certificate is valid, RFC 5280 §4.1.2.5.

use std::time::Duration;

use rustls::pki_types::CertificateDer;
use spki::der::asn1::{AnyRef, GeneralizedTime, UtcTime};
use spki::der::{Decode as _, Reader as _, SliceReader, Tag, Tagged as _};

/// The first and the last second of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// `notBefore`, in seconds since 1970.
    pub from_unix_s: u64,
    /// `notAfter`, in seconds since 1970.
    pub until_unix_s: u64,
}

impl Validity {
    /// Reads it from a certificate; `None` if that is malformed, or older than 1970.
    pub fn of(certificate: &CertificateDer<'_>) -> Option<Self> {
        let signed = field(&mut inside(AnyRef::from_der(certificate).ok()?)?)?;
        let mut fields = inside(signed)?;
        let version_or_serial = field(&mut fields)?;
        if version_or_serial.tag().is_context_specific() {
            let _serial = field(&mut fields)?;
        }
        let (_algorithm, _issuer) = (field(&mut fields)?, field(&mut fields)?);
        let mut validity = inside(field(&mut fields)?)?;
        let mut seconds = || time(field(&mut validity)?).map(|time| time.as_secs());
        Some(Self { from_unix_s: seconds()?, until_unix_s: seconds()? })
    }
}

/// Returns a reader of the fields of a sequence.
fn inside(sequence: AnyRef<'_>) -> Option<SliceReader<'_>> {
    SliceReader::new((sequence.tag() == Tag::Sequence).then_some(sequence.value())?).ok()
}

fn field<'a>(reader: &mut SliceReader<'a>) -> Option<AnyRef<'a>> {
    reader.decode().ok()
}

fn time(field: AnyRef<'_>) -> Option<Duration> {
    match field.tag() {
        Tag::UtcTime => field.decode_as::<UtcTime>().ok().map(|time| time.to_unix_duration()),
        Tag::GeneralizedTime => {
            field.decode_as::<GeneralizedTime>().ok().map(|time| time.to_unix_duration())
        }
        _ => None,
    }
}
