//! The client's side against the endpoint, and against servers that break the rules.

use super::super::client::{Frames, Key, OFFER, Received};
use super::super::frame::{self, Opcode};
use super::super::violation::Violation;
use super::{KEY, Peer};
use crate::ws::{Event, Limits, Message};

fn all(frames: &mut Frames) -> Result<Vec<Received>, Violation> {
    std::iter::from_fn(|| frames.take().transpose()).collect()
}

#[test]
fn a_key_is_answered_as_in_the_example_of_section_1_3() {
    let key = Key::new(*b"the sample nonce");
    assert_eq!(key.text(), "dGhlIHNhbXBsZSBub25jZQ==");
    assert!(key.is_answered_by("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    assert!(!key.is_answered_by("dGhlIHNhbXBsZSBub25jZQ=="));
}

#[test]
fn what_a_client_sends_an_endpoint_reads() {
    let text = "compressible ".repeat(500);
    for compress in [false, true] {
        let header = format!("Sec-WebSocket-Extensions: {OFFER}\r\n");
        let mut peer = Peer::open_with(Limits::default(), &header);
        let (frames, mut bytes) = (Frames::new(true, 0), Vec::new());
        frames.encode(Opcode::Text, text.as_bytes(), compress, KEY, &mut bytes);
        assert_eq!(bytes.len() < text.len(), compress);
        peer.send(&bytes);
        let expected = Event::Message(Message::Text(text.clone()));
        assert!(peer.events.contains(&expected), "{:?}", peer.events);
    }
}

#[test]
fn what_a_server_sends_a_client_reads_however_it_is_cut() {
    let mut bytes = vec![0x01, 0x02, b'a', b'b'];
    frame::encode(Opcode::Ping, false, b"p", &mut bytes);
    bytes.extend_from_slice(&[0x80, 0x01, b'c']);
    let deflated = super::super::deflate::deflate_once(&[b'x'; 3000]).unwrap();
    frame::encode(Opcode::Text, true, &deflated, &mut bytes);
    frame::encode(Opcode::Pong, false, b"", &mut bytes);
    frame::encode(Opcode::Close, false, &[0x03, 0xf4, b'!'], &mut bytes);
    let message =
        |payload: &[u8], compressed| Received::Message { payload: payload.into(), compressed };
    let expected = [
        Received::Ping(b"p".into()),
        message(b"abc", false),
        message(&[b'x'; 3000], true),
        Received::Pong,
        Received::Close(Some(1012), "!".into()),
    ];
    for piece in [1, 2, 7, bytes.len()] {
        let (mut frames, mut found) = (Frames::new(true, 4096), Vec::new());
        for piece in bytes.chunks(piece) {
            frames.receive(piece);
            found.extend(all(&mut frames).unwrap());
        }
        assert_eq!(found, expected);
    }
}

#[test]
fn a_server_that_breaks_a_rule_is_found_out() {
    let bomb = super::super::deflate::deflate_once(&[0; 5000]).unwrap();
    let mut bombing = Vec::new();
    frame::encode(Opcode::Text, true, &bomb, &mut bombing);
    for (bytes, violation) in [
        (&[0x81, 0x81, 0, 0, 0, 0, b'a'][..], Violation::Masked),
        (&[0x80, 0x00], Violation::UnexpectedContinuation),
        (&[0x01, 0x00, 0x01, 0x00], Violation::ExpectedContinuation),
        (&[0x81, 126, 0x10, 0x01], Violation::MessageTooBig),
        (&[0x81, 127, 0, 0, 0, 0, 0xff, 0, 0, 0], Violation::MessageTooBig),
        (&bombing, Violation::MessageTooBig),
        (&[0x83, 0x00], Violation::ReservedOpcode),
        (b"HTTP/1.1 400", Violation::ReservedBits),
    ] {
        let mut frames = Frames::new(true, 4096);
        frames.receive(bytes);
        assert_eq!(all(&mut frames), Err(violation), "{bytes:?}");
    }
}
