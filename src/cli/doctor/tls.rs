//! The certificate of a server, and the versions of TLS that it speaks.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::version::{TLS12, TLS13};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
    SupportedProtocolVersion,
};

use super::connection::{Connection, Deadline, PATIENCE};
use super::outcome::{Outcome, fail, pass, skip};
use super::place::Place;
use crate::cli::tls::roots;
use crate::clock::{Clock, date};
use crate::net::tls::Validity;

/// The lines of these checks.
type Lines = Vec<(&'static str, Outcome)>;

/// Checks how a server does TLS, and has the place speak it from then on.
///
/// # Errors
/// If it does not speak it.
pub(super) fn look(place: &mut Place) -> Result<Lines, String> {
    if !place.is_secure() {
        return Ok(vec![("TLS", skip("the URL begins with http://"))]);
    }
    let examiner = Arc::new(Examiner::new().map_err(|error| error.to_string())?);
    let config = |versions: &[&'static SupportedProtocolVersion]| config(&examiner, versions);
    place.tls = Some(config(&[&TLS13, &TLS12])?);
    place.connect().map_err(|error| {
        format!("no TLS: {error}; is this the port for https://, and has the server a certificate?")
    })?;
    let examined = examiner.examined.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Examined { fault, validity } = examined.ok_or("no certificate was shown")?;
    let now_unix_s = Clock::start().now().unix_ms / 1000;
    let lines = vec![
        ("certificate", certificate(place, fault.as_ref())),
        ("expiry", expiry(validity, now_unix_s)),
        ("TLS versions", versions(place, config(&[&TLS13])?, config(&[&TLS12])?)),
    ];
    place.is_proven = lines.iter().take(2).all(|(_, it)| matches!(it, Outcome::Pass(_)));
    Ok(lines)
}

fn certificate(place: &Place, fault: Option<&Error>) -> Outcome {
    use CertificateError::{NotValidForName, NotValidForNameContext, UnknownIssuer};
    let host = place.host();
    match fault {
        None => pass(format!("it is for {host}, from an authority that is trusted")),
        Some(Error::InvalidCertificate(UnknownIssuer)) => fail(
            "no authority that browsers trust has issued it, or the chain to one is missing; get \
             one from such as Let's Encrypt, and serve it with its chain (fullchain.pem)",
        ),
        Some(Error::InvalidCertificate(NotValidForName | NotValidForNameContext { .. })) => {
            fail(format!("it is not for {host}; get one for this name"))
        }
        Some(error) => fail(format!("{error}; get another one")),
    }
}

fn expiry(validity: Option<Validity>, now_unix_s: u64) -> Outcome {
    let Some(Validity { from_unix_s, until_unix_s }) = validity else {
        return fail("the certificate cannot be read; get another one");
    };
    let (from, until) = (date(from_unix_s / DAY_S), date(until_unix_s / DAY_S));
    let renew = "renew it, and see why that does not happen by itself";
    if now_unix_s < from_unix_s {
        return fail(format!("valid from {from} on only; is the clock here right?"));
    }
    match until_unix_s.checked_sub(now_unix_s).map(|left_s| left_s / DAY_S) {
        None => fail(format!("the certificate has expired on {until}; {renew}")),
        Some(days @ ..DAYS_MIN) => {
            fail(format!("the certificate expires in {days} days, on {until}; {renew}"))
        }
        Some(days) => pass(format!("valid for {days} more days, until {until}")),
    }
}

const DAY_S: u64 = 24 * 60 * 60;
/// Authorities renew 30 days before the end, or later for short lives.
const DAYS_MIN: u64 = 14;

/// Checks which versions a server speaks: 1.2 and 1.3, and none before them (RFC 8996).
fn versions(place: &mut Place, tls13: Arc<ClientConfig>, tls12: Arc<ClientConfig>) -> Outcome {
    let usual = place.tls.take();
    let [speaks_13, speaks_12] = [tls13, tls12].map(|config| {
        place.tls = Some(config);
        place.connect().is_ok()
    });
    place.tls = usual;
    match (speaks_old(place), speaks_13, speaks_12) {
        (Err(error), ..) => skip(format!("cannot try old versions: {error}")),
        (Ok(true), ..) => {
            fail("1.1 or older is accepted; allow 1.2 and 1.3 only (ssl_protocols, ssl-min-ver)")
        }
        (Ok(false), false, _) => fail("1.3 is refused; allow it, browsers start faster with it"),
        (Ok(false), true, true) => pass("1.2 and 1.3"),
        (Ok(false), true, false) => pass("1.3"),
    }
}

/// Whether a server goes on with a handshake of TLS 1.1.
fn speaks_old(place: &Place) -> io::Result<bool> {
    let mut connection = Connection::plain(place.dial()?)?;
    let name = place.server_name().map_err(io::Error::other)?;
    connection.write(&old_hello(&name))?;
    let (mut answer, mut buffer) = (Vec::new(), [0; 64]);
    let deadline = Deadline::after(PATIENCE);
    // A record's header, that of a handshake message, and the version (RFC 4346 §7.4.1.3).
    while answer.len() < 11 {
        match connection.read(&mut buffer, &deadline)? {
            0 => return Ok(false),
            length => answer.extend_from_slice(buffer.get(..length).unwrap_or_default()),
        }
        if answer.first() != Some(&HANDSHAKE) {
            return Ok(false);
        }
    }
    Ok(answer.get(9..11).is_some_and(|version| version < [3, 3].as_slice()))
}

const HANDSHAKE: u8 = 22;

/// Returns the record with a `ClientHello` of TLS 1.1 (RFC 4346 §7.4.1.2).
fn old_hello(name: &ServerName<'_>) -> Vec<u8> {
    let sized = |bytes: &[u8]| {
        let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX).to_be_bytes();
        [&length, bytes].concat()
    };
    let extension = |kind: u16, data: &[u8]| [&kind.to_be_bytes()[..], &sized(data)].concat();
    let mut extensions = [
        // Groups: x25519, P-256, P-384. Points: uncompressed.
        extension(10, &sized(&[0, 29, 0, 23, 0, 24])),
        extension(11, &[1, 0]),
    ]
    .concat();
    if let ServerName::DnsName(name) = name {
        let entry = [&[0][..], &sized(name.as_ref().as_bytes())].concat();
        extensions.extend_from_slice(&extension(0, &sized(&entry)));
    }
    // AES in CBC mode with SHA-1, by ECDHE and RSA; 3DES.
    let suites = [0xc0, 0x14, 0xc0, 0x0a, 0xc0, 0x13, 0xc0, 0x09, 0, 0x35, 0, 0x2f, 0, 0x0a];
    let random: [u8; 32] = crate::server::random();
    let body = [&[3, 2][..], &random, &[0], &sized(&suites), &[1, 0], &sized(&extensions)].concat();
    // Its length has three bytes.
    let hello = [&[1, 0][..], &sized(&body)].concat();
    [&[HANDSHAKE, 3, 1][..], &sized(&hello)].concat()
}

/// Returns how to speak these versions; whatever certificate is shown.
fn config(
    examiner: &Arc<Examiner>,
    versions: &[&'static SupportedProtocolVersion],
) -> Result<Arc<ClientConfig>, String> {
    let verifier: Arc<dyn ServerCertVerifier> = Arc::clone(examiner) as _;
    let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(versions)
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Examines certificates, and accepts all, so that everything else can be checked, too.
#[derive(Debug)]
struct Examiner {
    verifier: Arc<WebPkiServerVerifier>,
    examined: Mutex<Option<Examined>>,
}

#[derive(Debug)]
struct Examined {
    /// What is wrong with it, but for its dates.
    fault: Option<Error>,
    validity: Option<Validity>,
}

impl Examiner {
    /// Returns one that trusts whom the commands trust.
    fn new() -> io::Result<Self> {
        let (roots, provider) = (Arc::new(roots()?), Arc::new(default_provider()));
        let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider)
            .build()
            .map_err(io::Error::other)?;
        Ok(Self { verifier, examined: Mutex::new(None) })
    }
}

impl ServerCertVerifier for Examiner {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let validity = Validity::of(own);
        // One that has expired may lack its chain, too.
        let valid_s = validity
            .map_or(now.as_secs(), |it| now.as_secs().min(it.until_unix_s).max(it.from_unix_s));
        let then = UnixTime::since_unix_epoch(Duration::from_secs(valid_s));
        let fault = self.verifier.verify_server_cert(own, chain, name, ocsp, then).err();
        let mut examined = self.examined.lock().unwrap_or_else(PoisonError::into_inner);
        *examined = Some(Examined { fault, validity });
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_has_to_be_valid_for_two_more_weeks() {
        let at = |days: u64| {
            let validity = Validity { from_unix_s: DAY_S, until_unix_s: 100 * DAY_S };
            expiry(Some(validity), days * DAY_S)
        };
        assert!(matches!(at(0), Outcome::Fail(why) if why.contains("valid from 1970-01-02")));
        assert!(matches!(at(1), Outcome::Pass(_)));
        assert!(matches!(at(86), Outcome::Pass(why) if why.contains("14 more days")));
        assert!(matches!(at(87), Outcome::Fail(why) if why.contains("expires in 13 days")));
        assert!(matches!(at(101), Outcome::Fail(why) if why.contains("has expired")));
        assert!(matches!(expiry(None, 0), Outcome::Fail(_)));
    }
}
