//! Sessions against rustls's own client, without sockets.

use std::io::{Read as _, Write as _};
use std::sync::Arc;

use rustls::crypto::ring::default_provider;
use rustls::pki_types::ServerName;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ClientConnection, RootCertStore, SupportedProtocolVersion};

use super::*;

const VERSIONS: [&SupportedProtocolVersion; 2] = [&TLS12, &TLS13];

/// A server's certificate, and the settings of a client that trusts it.
struct World {
    acceptor: Acceptor,
    client: Arc<ClientConfig>,
}

impl World {
    fn new(version: &'static SupportedProtocolVersion) -> Self {
        let made = rcgen::generate_simple_self_signed(["chat.example".to_owned()]).unwrap();
        let key = made.signing_key.serialize_pem();
        let certificate = Certificate::from_pem(made.cert.pem().as_bytes(), key.as_bytes());
        let mut roots = RootCertStore::empty();
        roots.add(made.cert.der().clone()).unwrap();
        let client = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let certificates = Certificates::new([certificate.unwrap()]).unwrap();
        Self { acceptor: Acceptor::new(certificates).unwrap(), client: Arc::new(client) }
    }

    fn pair(&self) -> Pair {
        let name = ServerName::try_from("chat.example").unwrap();
        Pair {
            client: ClientConnection::new(Arc::clone(&self.client), name).unwrap(),
            session: self.acceptor.session().unwrap(),
            received: Vec::new(),
            answered: Vec::new(),
        }
    }
}

/// A client, a session, and what they have received from each other.
struct Pair {
    client: ClientConnection,
    session: Session,
    received: Vec<u8>,
    answered: Vec<u8>,
}

impl Pair {
    /// Returns what the client has to send.
    fn flight(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        while self.client.wants_write() {
            self.client.write_tls(&mut bytes).unwrap();
        }
        bytes
    }

    fn answer(&mut self) -> bool {
        let bytes = self.session.outgoing().to_vec();
        self.session.advance(bytes.len());
        let mut rest = &bytes[..];
        while self.client.read_tls(&mut rest).is_ok_and(|read| read > 0) {
            if self.client.process_new_packets().is_err() {
                return false;
            }
            // It ends with `WouldBlock` until the session is closed.
            let _ = self.client.reader().read_to_end(&mut self.answered);
        }
        !bytes.is_empty()
    }

    /// Exchanges all that is to be sent, in pieces of some bytes.
    fn exchange(&mut self, piece: usize) -> Received {
        let mut received = Received::Open;
        loop {
            let mut flight = self.flight();
            for bytes in flight.chunks_mut(piece) {
                received = self.session.receive(bytes, &mut self.received).unwrap();
            }
            if !self.answer() && flight.is_empty() {
                return received;
            }
        }
    }
}

/// Returns bytes that repeat nowhere soon.
fn noise(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * at / 7) as u8).collect()
}

#[test]
fn a_stream_cut_anywhere_is_the_same_stream() {
    for version in VERSIONS {
        let world = World::new(version);
        for piece in [1, 2, 3, 5, 7, 64, 1000, 16_000, usize::MAX] {
            let mut pair = world.pair();
            pair.exchange(piece);
            assert!(!pair.session.is_handshaking());
            assert_eq!(pair.client.alpn_protocol(), None, "it offered none");
            let sent = noise(40_000);
            for part in [&sent[..5], &sent[5..6], &sent[6..]] {
                pair.client.writer().write_all(part).unwrap();
            }
            pair.exchange(piece);
            assert!(pair.received == sent, "{piece}");

            let mut encrypted = Vec::new();
            pair.session.encrypt(&sent, &mut encrypted).unwrap();
            let overhead = encrypted.len() - sent.len();
            assert!(overhead <= 3 * RECORD_OVERHEAD, "three records: {overhead}");
            pair.session.keep(&encrypted);
            pair.exchange(piece);
            assert!(pair.answered == sent, "{piece}");
        }
    }
}

/// A record's header, nonce and tag at most.
const RECORD_OVERHEAD: usize = 30;

#[test]
fn an_idle_session_holds_no_buffer() {
    for version in VERSIONS {
        let mut pair = World::new(version).pair();
        pair.exchange(usize::MAX);
        pair.client.writer().write_all(&noise(20_000)).unwrap();
        pair.exchange(1000);
        assert_eq!(pair.session.buffers(), 0);
    }
    assert!(size_of::<Session>() <= 1200, "{}", size_of::<Session>());
}

#[test]
fn either_side_ends_with_close_notify_and_the_other_may_go_on() {
    for version in VERSIONS {
        let mut pair = World::new(version).pair();
        pair.exchange(usize::MAX);
        pair.client.writer().write_all(b"last words").unwrap();
        pair.client.send_close_notify();
        assert_eq!(pair.exchange(usize::MAX), Received::Ended);
        assert_eq!(pair.received, b"last words");
        let mut encrypted = Vec::new();
        pair.session.encrypt(b"an answer", &mut encrypted).unwrap();
        pair.session.keep(&encrypted);
        pair.session.close();
        let once = pair.session.outgoing().len();
        pair.session.close();
        assert_eq!(pair.session.outgoing().len(), once);
        pair.answer();
        assert_eq!(pair.answered, b"an answer");
        assert_eq!(pair.client.reader().read(&mut [0]).unwrap(), 0, "a clean end");
    }
}

#[test]
fn what_follows_the_end_is_ignored() {
    let mut pair = World::new(&TLS13).pair();
    pair.exchange(usize::MAX);
    pair.client.send_close_notify();
    let mut bytes = pair.flight();
    bytes.extend(noise(1000));
    assert_eq!(pair.session.receive(&mut bytes, &mut pair.received), Ok(Received::Ended));
    let again = pair.session.receive(&mut noise(1000), &mut pair.received);
    assert_eq!((again, pair.session.buffers()), (Ok(Received::Ended), 0));
}

#[test]
fn new_keys_are_taken_over() {
    let mut pair = World::new(&TLS13).pair();
    pair.exchange(usize::MAX);
    for _ in 0..3 {
        pair.client.refresh_traffic_keys().unwrap();
        pair.client.writer().write_all(b"abc").unwrap();
        pair.exchange(2);
    }
    assert_eq!(pair.received, b"abcabcabc");
    let mut encrypted = Vec::new();
    pair.session.encrypt(b"abc", &mut encrypted).unwrap();
    pair.session.keep(&encrypted);
    pair.answer();
    assert_eq!(pair.answered, b"abc");
}

/// Splits a record into records of one byte.
fn in_records_of_one_byte(record: &[u8]) -> Vec<u8> {
    record[5..].iter().flat_map(|byte| [&record[..3], &[0, 1, *byte]].concat()).collect()
}

#[test]
fn a_hello_in_records_of_one_byte_is_understood() {
    for version in VERSIONS {
        for piece in [1, 7, usize::MAX] {
            let mut pair = World::new(version).pair();
            let mut hello = in_records_of_one_byte(&pair.flight());
            for bytes in hello.chunks_mut(piece) {
                pair.session.receive(bytes, &mut pair.received).unwrap();
                // Whatever is there of it.
                assert!(pair.session.encrypt(b"early", &mut Vec::new()).is_err());
            }
            pair.exchange(piece);
            assert!(!pair.session.is_handshaking());
        }
    }
}

#[test]
fn a_hello_without_an_end_is_refused() {
    let mut session = World::new(&TLS13).acceptor.session().unwrap();
    let mut kept_max = 0;
    let mut result = Ok(Received::Open);
    // A message of 64 KiB.
    let mut record = [&[22, 3, 1, 4, 0, 1, 0, 0xff, 0xff][..], &[0; 1020]].concat();
    for _ in 0..64 {
        result = session.receive(&mut record, &mut Vec::new());
        kept_max = kept_max.max(session.buffers());
        if result.is_err() {
            break;
        }
        record[5..9].fill(0);
    }
    assert!(result.is_err());
    assert!(kept_max <= 40 * 1024, "{kept_max}");
}

#[test]
fn a_fault_is_answered_by_an_alert() {
    for version in VERSIONS {
        let mut pair = World::new(version).pair();
        pair.exchange(usize::MAX);
        pair.client.writer().write_all(b"abc").unwrap();
        let mut forged = pair.flight();
        *forged.last_mut().unwrap() ^= 1;
        assert!(pair.session.receive(&mut forged, &mut pair.received).is_err());
        assert!(pair.received.is_empty());
        assert!(!pair.session.outgoing().is_empty());
        pair.answer();
        let told = pair.client.process_new_packets().unwrap_err().to_string();
        assert!(told.contains("BadRecordMac"), "{told}");
        // And it stays so.
        assert!(pair.session.receive(&mut noise(10), &mut Vec::new()).is_err());
        assert!(pair.session.encrypt(b"abc", &mut Vec::new()).is_err());
        pair.session.close();
    }
}

#[test]
fn no_bytes_make_it_panic() {
    let mut random = 7_u64;
    let mut below = |limit: usize| {
        random =
            random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) as usize % limit.max(1)
    };
    for version in VERSIONS {
        let world = World::new(version);
        for round in 0..600 {
            let mut pair = world.pair();
            for _ in 0..below(3) {
                let mut flight = pair.flight();
                if pair.session.receive(&mut flight, &mut pair.received).is_ok() {
                    pair.answer();
                }
            }
            if !pair.client.is_handshaking() {
                pair.client.writer().write_all(&noise(below(100))).unwrap();
            }
            let mut flight = pair.flight();
            if round % 2 == 0 && flight.len() > 5 {
                flight = in_records_of_one_byte(&flight);
            }
            for _ in 0..below(4) {
                let at = below(flight.len());
                match below(4) {
                    0 => flight.truncate(at),
                    1 => flight.insert(at, below(256) as u8),
                    2 => flight.extend_from_within(at..),
                    _ => flight.get_mut(at).into_iter().for_each(|byte| *byte = below(256) as u8),
                }
            }
            let piece = 1 + below(200);
            for bytes in flight.chunks_mut(piece) {
                let failed = pair.session.receive(bytes, &mut pair.received).is_err();
                let _ = pair.session.encrypt(b"abc", &mut Vec::new());
                if failed {
                    break;
                }
            }
            pair.session.close();
        }
    }
}

#[test]
fn a_client_gets_the_certificate_of_its_name_or_else_the_first() {
    let made = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        let (chain, key) = (made.cert.pem(), made.signing_key.serialize_pem());
        (made.cert.der().clone(), Certificate::from_pem(chain.as_bytes(), key.as_bytes()).unwrap())
    };
    let all = [made(&["a.example"]), made(&["b.example", "*.b.example"]), made(&["c.example"])];
    let certificates = Certificates::new(all.iter().map(|(_, certificate)| certificate.clone()));
    let certificates = certificates.unwrap();
    for (name, expected) in [
        (Some("a.example"), 0),
        (Some("b.example"), 1),
        (Some("x.b.example"), 1),
        (Some("C.EXAMPLE"), 2),
        (Some("x.c.example"), 0),
        (Some("unknown.example"), 0),
        (Some("not a name"), 0),
        (None, 0),
    ] {
        let chosen = certificates.choose(name);
        assert_eq!(chosen.der(), &all[expected].0, "{name:?}");
    }
}

#[test]
fn what_is_no_certificate_or_no_key_is_named() {
    let [one, other] = ["a.example", "b.example"].map(|name| {
        let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
        (made.cert.pem(), made.signing_key.serialize_pem())
    });
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let bad_key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    for (chain, key, unusable) in [
        (&*one.0, &*other.1, Unusable::OtherKey),
        ("", &*one.1, Unusable::NoCertificate),
        (&*one.1, &*one.1, Unusable::NoCertificate),
        (broken, &*one.1, Unusable::BadCertificate),
        ("-----BEGIN CERTIFICATE-----\n!", &*one.1, Unusable::BadCertificate),
        (&*one.0, "", Unusable::NoKey),
        (&*one.0, &*one.0, Unusable::NoKey),
        (&*one.0, bad_key, Unusable::BadKey),
    ] {
        let result = Certificate::from_pem(chain.as_bytes(), key.as_bytes());
        assert_eq!(result.err(), Some(unusable), "{unusable}");
    }
}
