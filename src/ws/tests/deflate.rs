//! RFC 7692: negotiation (§5, §7.1) and data (§6, §7.2).

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};

use super::*;
use crate::ws::{Deflated, WindowBits};

const OFFER: &str = "Sec-WebSocket-Extensions: permessage-deflate\r\n";

/// Returns the Sec-WebSocket-Extensions of the answer to these header values.
fn answer_to(offers: &[&str], limits: Limits) -> Option<String> {
    let lines: String =
        offers.iter().map(|it| format!("Sec-WebSocket-Extensions: {it}\r\n")).collect();
    let mut peer = Peer::connect(limits);
    peer.send(REQUEST.replace("\r\n\r\n", &format!("\r\n{lines}\r\n")).as_bytes());
    let head = String::from_utf8(peer.out).unwrap();
    assert!(head.starts_with("HTTP/1.1 101 "), "{offers:?}: {head}");
    let mut values =
        head.lines().filter_map(|line| line.strip_prefix("Sec-WebSocket-Extensions: "));
    let value = values.next().map(str::to_owned);
    assert_eq!(values.next(), None);
    assert_eq!(peer.endpoint.deflate().is_some(), value.is_some());
    value
}

#[test]
fn offers_are_answered_as_section_7_1_says() {
    const PLAIN: &str =
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
    let with_window = |bits: u8| Some(format!("{PLAIN}; server_max_window_bits={bits}"));
    let plain = || Some(PLAIN.to_owned());
    for (id, parameters, expected) in [
        ("P01", "", plain()),
        ("P02", "; client_max_window_bits", plain()),
        ("P03", "; client_max_window_bits=10", plain()),
        ("P04", "; server_max_window_bits=10", with_window(10)),
        ("P04 9", "; server_max_window_bits=9", with_window(9)),
        ("P04 15", "; server_max_window_bits=15", with_window(15)),
        ("P05", "; server_max_window_bits=8", None),
        ("P06", "; server_max_window_bits=16", None),
        ("P07", "; server_max_window_bits=7", None),
        ("P08", "; server_max_window_bits", None),
        ("P09", "; server_max_window_bits=010", None),
        ("P09 +", "; server_max_window_bits=+9", None),
        ("P10", "; server_max_window_bits=\"10\"", with_window(10)),
        ("P10 escaped", "; server_max_window_bits=\"\\1\\0\"", with_window(10)),
        ("P11", "; client_max_window_bits=8", plain()),
        ("P12", "; client_max_window_bits=16", None),
        ("P12 7", "; client_max_window_bits=7", None),
        ("P13", "; server_no_context_takeover; client_no_context_takeover", plain()),
        ("P14", "; server_no_context_takeover=1", None),
        ("P14 client", "; client_no_context_takeover=\"\\1\"", None),
        ("P15", "; unknown", None),
        ("P15 case", "; Server_no_context_takeover", None),
        ("P16", "; server_max_window_bits=10; server_max_window_bits=10", None),
        ("P16 flag", "; server_no_context_takeover; server_no_context_takeover", None),
        ("P16 client", "; client_max_window_bits; client_max_window_bits=9", None),
        ("P17", "; unknown, permessage-deflate; server_max_window_bits=9", with_window(9)),
        ("P19", ", permessage-deflate", plain()),
        ("P20", "; server_max_window_bits=abc", None),
        ("P20 client", "; client_max_window_bits=abc", None),
        ("blanks", " ;\tclient_max_window_bits = 9 , x ", plain()),
        ("empty elements", ", ,", plain()),
        // Autobahn 12 and 13.
        ("12", "; client_no_context_takeover; client_max_window_bits", plain()),
        (
            "13.5",
            "; client_no_context_takeover; client_max_window_bits; \
             server_no_context_takeover; server_max_window_bits=9",
            with_window(9),
        ),
        (
            "13.7",
            "; client_no_context_takeover; client_max_window_bits; server_no_context_takeover; \
             server_max_window_bits=9, permessage-deflate; client_no_context_takeover; \
             client_max_window_bits; server_no_context_takeover, permessage-deflate; \
             client_no_context_takeover; client_max_window_bits",
            with_window(9),
        ),
    ] {
        let offer = format!("permessage-deflate{parameters}");
        assert_eq!(answer_to(&[&offer], Limits::default()), expected, "{id}");
    }
    assert_eq!(answer_to(&["x-webkit-deflate-frame"], Limits::default()), None, "P18");
    let two_lines = ["x-other; a=\"b\"", "permessage-deflate; server_max_window_bits=12"];
    assert_eq!(answer_to(&two_lines, Limits::default()), with_window(12));
    let off = Limits { compression: false, ..Limits::default() };
    assert_eq!(answer_to(&["permessage-deflate"], off), None);
}

#[test]
fn a_malformed_list_fails_the_handshake() {
    for value in [
        "permessage-deflate;",
        "permessage-deflate; =1",
        "permessage-deflate; a=",
        "permessage-deflate; a=\"",
        "permessage-deflate; a=\"\"",
        "permessage-deflate; a=\"b c\"",
        "permessage-deflate; a=\"b\"c",
        "permessage-deflate a",
        ",",
        "permessage-deflate; a=\"\u{e9}\"",
        "permessage-deflate, ;",
        "=",
    ] {
        let mut peer = Peer::connect(Limits::default());
        let line = format!("\r\nSec-WebSocket-Extensions: {value}\r\n\r\n");
        peer.send(REQUEST.replace("\r\n\r\n", &line).as_bytes());
        assert!(peer.out.starts_with(b"HTTP/1.1 400 "), "{value}");
    }
}

/// Sends frames whole, byte by byte, and byte by byte without inflaters to lend.
fn heard_with(limits: Limits, frames: &[u8]) -> String {
    let mut whole = Peer::open_with(limits, OFFER);
    whole.send(frames);
    let heard = whole.heard();
    let mut single = Peer::open_with(limits, OFFER);
    single.send_each(frames);
    assert_eq!(single.heard(), heard, "byte by byte");
    assert_eq!(single.events, whole.events);
    if frames.len() > 8 * 1024 {
        return heard;
    }
    let mut collected = Peer::open_with(Limits { inflaters_max: 0, ..limits }, OFFER);
    collected.send_each(frames);
    assert_eq!(collected.heard(), heard, "collected");
    assert_eq!(collected.events, whole.events);
    heard
}

#[test]
fn compressed_messages_are_read_as_section_7_2_says() {
    let hello = "f2 48 cd c9 c9 07 00";
    for (id, frames, expected) in [
        ("D01", vec![(0xc1, hello)], "text Hello"),
        ("D01 twice", vec![(0xc1, hello), (0xc1, hello)], "text Hello, text Hello"),
        ("D02", vec![(0xc1, hello), (0xc1, "f2 00 11 00 00")], "text Hello, close 1007"),
        ("D03", vec![(0xc1, "00 05 00 fa ff 48 65 6c 6c 6f 00")], "text Hello"),
        ("D04", vec![(0xc1, "f3 48 cd c9 c9 07 00 00")], "text Hello"),
        ("D04 end", vec![(0xc1, "f3 48 cd c9 c9 07 00")], "text Hello"),
        ("D04 twice", vec![(0xc1, "f3 48 cd c9 c9 07 00 f2 48 cd c9 c9 07 00")], "text HelloHello"),
        ("D05", vec![(0xc1, "f2 48 05 00 00 00 ff ff ca c9 c9 07 00")], "text Hello"),
        ("D06", vec![(0x81, "48 65 6c 6c 6f")], "text Hello"),
        ("D07", vec![(0x41, "f2 48 cd"), (0x80, "c9 c9 07 00")], "text Hello"),
        (
            "D07 ping",
            vec![(0x41, "f2"), (0x89, ""), (0x80, "48 cd c9 c9 07 00")],
            "pong, text Hello",
        ),
        ("D08", vec![(0x41, "f2 48 cd"), (0xc0, "c9 c9 07 00")], "close 1002"),
        ("D09", vec![(0x01, "61 62"), (0xc0, "c9 c9 07 00")], "close 1002"),
        ("D10", vec![(0xc9, "00")], "close 1002"),
        ("D10 close", vec![(0xc8, "03 e8")], "close 1002"),
        ("D11", vec![(0xa1, "61")], "close 1002"),
        ("D11 RSV3", vec![(0xd1, "61")], "close 1002"),
        ("D12", vec![(0xc1, "ff ff")], "close 1007"),
        ("D12 binary", vec![(0xc2, "ff ff")], "close 1007"),
        ("D13", vec![(0xc1, "")], "close 1007"),
        ("D14", vec![(0xc1, "00")], "text"),
        ("D15", vec![(0xc1, "f2 48 cd c9 c9 07 00 00 00 ff ff")], "text Hello"),
        ("D16", vec![(0xc1, "00 03 00 fc ff 61 62 ff 00")], "close 1007"),
        ("D16 binary", vec![(0xc2, "00 03 00 fc ff 61 62 ff 00")], "binary ab\\xff"),
        ("D21", vec![(0xc1, "f2 48 cd")], "close 1007"),
        ("D22", vec![(0xc1, "f2 00 11 00 00")], "close 1007"),
        ("bad stored length", vec![(0xc1, "00 05 00 fa fe 48")], "close 1007"),
        ("block type 3", vec![(0xc1, "06")], "close 1007"),
    ] {
        let frames: Vec<u8> =
            frames.iter().flat_map(|(first, bytes)| client_frame(*first, &hex(bytes))).collect();
        assert_eq!(heard_with(Limits::default(), &frames), expected, "{id}");
    }
}

fn compress(payload: &[u8], bits: u8) -> Vec<u8> {
    let mut stream = Compress::new_with_window_bits(Compression::best(), false, bits);
    let mut out = Vec::with_capacity(payload.len() + 1024);
    stream.compress_vec(payload, &mut out, FlushCompress::Sync).unwrap();
    assert_eq!(stream.total_in(), payload.len() as u64);
    out.truncate(out.len() - 4);
    out
}

/// D17, D18, V35: counted exactly, while inflating.
#[test]
fn the_inflated_size_is_limited() {
    let limits = Limits::default();
    let max = limits.message_bytes_max;
    for (length, expected) in [
        (max, format!("text [{max}]")),
        (max + 1, "close 1009".to_owned()),
        (max + 2, "close 1009".to_owned()),
        (64 * 1024 * 1024, "close 1009".to_owned()), // D19
    ] {
        let payload = compress(&vec![b'0'; length], 15);
        let mut peer = Peer::open_with(limits, OFFER);
        peer.send(&client_frame(0xc1, &payload));
        assert_eq!(peer.heard(), expected, "{length}");

        let mut peer = Peer::open_with(limits, OFFER);
        for piece in client_frame(0xc1, &payload).chunks(7) {
            peer.send(piece);
        }
        assert_eq!(peer.heard(), expected, "{length}");
    }
}

/// D20: as soon as the sum passes, long before the message ends.
#[test]
fn a_bomb_in_fragments_fails_before_it_is_complete() {
    let limits = Limits { fragments_max: 100_000, ..Limits::default() };
    let payload = compress(&vec![b'0'; 2_000_000], 15);
    let mut peer = Peer::open_with(limits, OFFER);
    peer.send(&client_frame(0x41, b""));
    let mut sent = 0;
    while peer.endpoint.is_open() {
        peer.send(&client_frame(0x00, &payload[sent..=sent]));
        sent += 1;
    }
    assert_eq!(peer.heard(), "close 1009");
    assert!(sent < payload.len() / 10, "{sent} of {}", payload.len());
}

/// Empty blocks inflate to nothing: they are limited by their bytes on the wire.
#[test]
fn compressed_bytes_are_bounded_too() {
    let limits = Limits { fragments_max: 100_000, ..Limits::default() };
    let mut peer = Peer::open_with(limits, OFFER);
    peer.send(&client_frame(0x41, b""));
    let blocks = [0x00, 0x00, 0x00, 0xff, 0xff].repeat(200);
    let mut sent = 0;
    while peer.endpoint.is_open() {
        peer.send(&client_frame(0x00, &blocks));
        sent += blocks.len();
    }
    assert_eq!(peer.heard(), "close 1009");
    assert!(sent <= limits.message_bytes_max + 2000);
}

/// An incompressible message grows a little on the wire, and is still allowed.
#[test]
fn an_incompressible_message_of_the_largest_size_passes() {
    let limits = Limits::default();
    let mut noise = vec![0; limits.message_bytes_max];
    let mut state = 1_u64;
    for byte in &mut noise {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        *byte = (state >> 56) as u8;
    }
    let payload = compress(&noise, 15);
    assert!(payload.len() > noise.len());
    let mut peer = Peer::open_with(limits, OFFER);
    peer.send(&client_frame(0xc2, &payload));
    assert_eq!(peer.events, [Event::Message(Message::Binary(noise))]);
}

/// §8.1 applies to inflated text as it arrives.
#[test]
fn bad_text_fails_within_a_compressed_message() {
    let mut peer = Peer::open_with(Limits::default(), OFFER);
    peer.send(&client_frame(0x41, &hex("00 03 00 fc ff 61 62 ff")));
    assert_eq!(peer.heard(), "close 1007");
    // The first violation counts, though the same bytes also pass the limit and are broken.
    let limits = Limits { message_bytes_max: 3, ..Limits::default() };
    let bytes = client_frame(0xc1, &hex("00 05 00 fa ff 61 ff 62 63 64 06"));
    assert_eq!(heard_with(limits, &bytes), "close 1007");
    let bytes = client_frame(0xc1, &hex("00 05 00 fa ff 61 62 63 64 ff 06"));
    assert_eq!(heard_with(limits, &bytes), "close 1009");
}

/// Returns all events of these bytes, and how many calls of `receive` they took.
fn received(peer: &mut Peer, bytes: &[u8]) -> (Vec<Event>, usize) {
    let mut bytes = bytes.to_vec();
    let (mut input, mut events, mut calls) = (bytes.as_mut_slice(), Vec::new(), 0);
    loop {
        let Peer { endpoint, shared, now, out, .. } = peer;
        calls += 1;
        match endpoint.receive(*now, shared, &mut input, out) {
            Some(event) => events.push(event),
            None if endpoint.goes_on(input) => {}
            None => return (events, calls),
        }
    }
}

#[test]
fn each_frame_of_a_compressed_message_is_announced_before_it_is_inflated() {
    let mut peer = Peer::open_with(Limits::default(), OFFER);
    let payload = compress(b"Hello", 15);
    let (start, end) = payload.split_at(3);
    let frames = [client_frame(0x41, start), client_frame(0x00, b""), client_frame(0x80, end)];
    let (events, _) = received(&mut peer, &frames.concat());
    let deflated = |before: &[u8], bytes: &[u8]| {
        Event::Deflated(Deflated { before: before.len() as u64, bytes: bytes.len() as u64 })
    };
    let message = Event::Message(Message::Text("Hello".into()));
    assert_eq!(events, [deflated(b"", start), deflated(start, end), message]);
}

#[test]
fn a_message_is_inflated_in_steps() {
    let mut peer = Peer::open_with(Limits::default(), OFFER);
    let blocks = [0x00, 0x00, 0x00, 0xff, 0xff].repeat(12_000);
    let frame = client_frame(0xc1, &[&blocks[..], &compress(b"Hello", 15)].concat());
    let (events, calls) = received(&mut peer, &frame);
    assert_eq!(events.last(), Some(&Event::Message(Message::Text("Hello".into()))));
    assert!(calls > blocks.len() / 1024, "{calls} calls");
}

#[test]
fn a_message_that_is_skipped_is_not_inflated_and_changes_nothing_for_the_next() {
    let mut peer = Peer::open_with(Limits::default(), OFFER);
    peer.skips = true;
    let broken = hex("ff ff");
    for frames in [
        vec![client_frame(0xc1, &broken)],
        vec![client_frame(0x41, &broken), client_frame(0x89, b""), client_frame(0x80, &broken)],
        vec![client_frame(0x41, b""), client_frame(0x80, &broken)],
    ] {
        let text = client_frame(0x81, b"Hello");
        for cut in [false, true] {
            let bytes = [frames.concat(), text.clone()].concat();
            if cut {
                peer.send_each(&bytes);
            } else {
                peer.send(&bytes);
            }
            let pongs = if frames.len() == 3 { "pong, " } else { "" };
            let heard = peer.heard();
            assert_eq!(heard.replace(pongs, ""), "text Hello", "{frames:?}");
        }
    }
    peer.skips = false;
    peer.send(&client_frame(0xc1, &compress(b"Hello", 15)));
    assert_eq!(peer.heard(), "text Hello");
}

#[test]
fn inflaters_are_given_back() {
    let limits = Limits { inflaters_max: 2, ..Limits::default() };
    let mut shared = Shared::new(limits, http::Limits::default());
    let mut peers: Vec<Endpoint> = Vec::new();
    for _ in 0..5 {
        let mut peer = Peer::open_with(limits, OFFER);
        std::mem::swap(&mut peer.shared, &mut shared);
        peer.send(&client_frame(0x41, &hex("f2 48")));
        std::mem::swap(&mut peer.shared, &mut shared);
        peers.push(peer.endpoint);
    }
    assert!(shared.lend_inflater().is_none());
    peers.remove(0);
    assert!(shared.lend_inflater().is_some());
}

#[test]
fn without_an_inflater_a_long_compressed_message_is_refused_and_a_short_one_read() {
    let limits = Limits { inflaters_max: 0, ..Limits::default() };
    for (filling, expected) in [(8 * 1024 - 9, "binary"), (8 * 1024, "close 1013")] {
        // Empty stored blocks, then the text: each brings five bytes and nothing to say.
        let mut payload = [0, 0, 0, 0xff, 0xff].repeat(filling / 5);
        payload.extend(hex("f2 48 cd c9 c9 07 00"));
        let (first, second) = payload.split_at(payload.len() / 2);
        for cut in [0, 1, 2000] {
            let mut peer = Peer::open_with(limits, OFFER);
            let frames = [client_frame(0x42, first), client_frame(0x80, second)].concat();
            let (head, tail) = frames.split_at(cut);
            peer.send(head);
            peer.send(tail);
            let heard = peer.heard();
            assert!(heard.starts_with(expected), "{heard:.80} for {filling}");
        }
    }
}

fn inflate(frame: &[u8], bits: u8) -> Vec<u8> {
    assert_eq!(frame[0], 0xc1, "FIN, RSV1, text");
    let header = if frame[1] < 126 { 2 } else { 4 };
    let payload = [&frame[header..], &[0x00, 0x00, 0xff, 0xff]].concat();
    let mut out = Vec::with_capacity(1 << 20);
    Decompress::new_with_window_bits(false, bits)
        .decompress_vec(&payload, &mut out, FlushDecompress::Sync)
        .unwrap();
    out
}

/// S03: our messages can be inflated with the agreed window, each by itself.
#[test]
fn every_window_size_is_kept_to() {
    let mut shared = Shared::new(Limits::default(), http::Limits::default());
    let mut payload = Vec::new();
    let mut state = 1_u64;
    while payload.len() < 60_000 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        payload.extend_from_slice(format!("{} said {}; ", state >> 60, state >> 55).as_bytes());
    }
    for round in 0..2 {
        for bits in 9..=15 {
            for length in [1024, 5000, 60_000] {
                let window = WindowBits::new(bits).unwrap();
                let mut out = b"before".to_vec();
                assert!(shared.deflate(Opcode::Text, window, &payload[..length], &mut out));
                let frame = out.strip_prefix(b"before").unwrap();
                assert!(frame.len() < length);
                assert_eq!(inflate(frame, bits), &payload[..length], "{bits} {length} {round}");
            }
        }
    }
}

#[test]
fn short_or_incompressible_messages_are_not_compressed() {
    let mut shared = Shared::new(Limits::default(), http::Limits::default());
    let mut out = Vec::new();
    assert!(!shared.deflate(Opcode::Text, WindowBits::MAX, &[b'a'; 1023], &mut out));
    assert!(shared.deflate(Opcode::Text, WindowBits::MAX, &[b'a'; 1024], &mut out));
    out.clear();
    let noise: Vec<u8> =
        (0..2000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let mut state = 7_u64;
    let noise: Vec<u8> = noise
        .iter()
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 56) as u8
        })
        .collect();
    assert!(!shared.deflate(Opcode::Text, WindowBits::MAX, &noise, &mut out));
    assert_eq!(out, b"");
}

#[test]
fn window_sizes_are_9_to_15() {
    for bits in 0..=255 {
        let window = WindowBits::new(bits);
        assert_eq!(window.map(WindowBits::get), (9..=15).contains(&bits).then_some(bits));
    }
    assert_eq!(WindowBits::MAX.get(), 15);
}
