//! §5: frames, fragments, and text as it arrives.

use super::*;

#[test]
fn frames_are_read_as_section_5_says() {
    check_table(&[
        ("F01", "81 85 37 fa 21 3d 7f 9f 4d 51 58", "text Hello"),
        ("F02", "81 80 37 fa 21 3d", "text"),
        ("F03", "82 80 37 fa 21 3d", "binary"),
        ("F05", "81 85 00 00 00 00 48 65 6c 6c 6f", "text Hello"),
        (
            "F07",
            "81 81 37 fa 21 3d 56 81 81 37 fa 21 3d 55 89 80 37 fa 21 3d 88 82 37 fa 21 3d 34 12",
            "text a, text b, pong, close 1000",
        ),
        ("F10", "81 05 48 65 6c 6c 6f", "close 1002"),
        ("F11", "89 05 48 65 6c 6c 6f", "close 1002"),
        ("F12", "88 02 03 e8", "close 1002"),
        ("F13", "91 85 37 fa 21 3d 7f 9f 4d 51 58", "close 1002"),
        ("F13", "a1 85 37 fa 21 3d 7f 9f 4d 51 58", "close 1002"),
        ("F13", "b1 85 37 fa 21 3d 7f 9f 4d 51 58", "close 1002"),
        ("F13", "c1 85 37 fa 21 3d 7f 9f 4d 51 58", "close 1002"),
        ("F13", "d1 85 37 fa 21 3d 7f 9f 4d 51 58", "close 1002"),
        ("F13", "e1 85 37 fa 21 3d 7f 9f 4d 51 58", "close 1002"),
        ("F13", "f1 85 37 fa 21 3d 7f 9f 4d 51 58", "close 1002"),
        ("F14", "c9 85 37 fa 21 3d 7f 9f 4d 51 58", "close 1002"),
        ("F14", "98 82 37 fa 21 3d 34 12", "close 1002"),
        ("F14", "01 82 37 fa 21 3d 7f 9f c0 83 37 fa 21 3d 5b 96 4e", "close 1002"),
        ("F15", "83 80 37 fa 21 3d", "close 1002"),
        ("F15", "84 80 37 fa 21 3d", "close 1002"),
        ("F15", "85 80 37 fa 21 3d", "close 1002"),
        ("F15", "86 80 37 fa 21 3d", "close 1002"),
        ("F15", "87 80 37 fa 21 3d", "close 1002"),
        ("F15", "8b 80 37 fa 21 3d", "close 1002"),
        ("F15", "8c 80 37 fa 21 3d", "close 1002"),
        ("F15", "8d 80 37 fa 21 3d", "close 1002"),
        ("F15", "8e 80 37 fa 21 3d", "close 1002"),
        ("F15", "8f 80 37 fa 21 3d", "close 1002"),
    ]);
}

#[test]
fn lengths_are_read_as_section_5_2_says() {
    check_table(&[
        ("F16-a", "81 fe 00 05 37 fa 21 3d 7f 9f 4d 51 58", "close 1002"),
        ("F16-b", "82 fe 00 7d 37 fa 21 3d", "close 1002"),
        ("F16-c", "81 ff 00 00 00 00 00 00 00 05 37 fa 21 3d 7f 9f 4d 51 58", "close 1002"),
        ("F16-d", "82 ff 00 00 00 00 00 00 ff ff 37 fa 21 3d", "close 1002"),
        ("F17-a", "82 ff 80 00 00 00 00 00 00 00 37 fa 21 3d", "close 1002"),
        ("V01", "82 ff 80 00 00 00 00 00 00 01 37 fa 21 3d", "close 1002"),
        ("F17-b", "82 ff ff ff ff ff ff ff ff ff 37 fa 21 3d", "close 1002"),
        ("F17-c", "82 ff ff ff ff ff ff ff ff fc 37 fa 21 3d 56 98 42 59", "close 1002"),
        ("F18-a", "82 ff 7f ff ff ff ff ff ff ff 37 fa 21 3d", "close 1009"),
        ("F18-b", "82 ff 00 00 00 01 00 00 00 00 37 fa 21 3d", "close 1009"),
        ("limit + 1", "82 ff 00 00 00 00 00 01 00 01 37 fa 21 3d", "close 1009"),
    ]);
}

/// F04, S02, S08.
#[test]
fn every_form_of_length_is_read_and_written() {
    for length in [125, 126, 127, 128, 1000, 65535, 65536] {
        let payload = vec![0xfe; length];
        for step in [1, 997, usize::MAX] {
            let mut peer = Peer::open();
            for piece in client_frame(0x82, &payload).chunks(step) {
                peer.send(piece);
            }
            assert_eq!(peer.events, [Event::Message(Message::Binary(payload.clone()))]);
            assert_eq!(peer.heard(), format!("binary [{length}]"), "F04");
        }
    }
}

#[test]
fn control_frames_are_read_as_section_5_5_says() {
    let ten_pings = "89 82 37 fa 21 3d 06 c8".repeat(10);
    check_table(&[
        ("F20", "89 80 37 fa 21 3d", "pong"),
        ("F21", "89 85 37 fa 21 3d 7f 9f 4d 51 58", "pong Hello"),
        ("F23", "89 fe 00 7e 37 fa 21 3d c9 04 df c3 c9 04", "close 1002"),
        ("F24", "09 81 37 fa 21 3d 4f", "close 1002"),
        ("F25", "0a 81 37 fa 21 3d 4f", "close 1002"),
        ("F26", "08 82 37 fa 21 3d 34 12", "close 1002"),
        ("F27", "89 fe 00 05 37 fa 21 3d 7f 9f 4d 51 58", "close 1002"),
        ("F28", "88 fe 00 7e 37 fa 21 3d 34 12 0b 17 1d d0", "close 1002"),
        ("F29", "8a 85 37 fa 21 3d 7f 9f 4d 51 58", ""),
        ("F2A", &ten_pings, &["pong 12"; 10].join(", ")),
    ]);
    let mut peer = Peer::open();
    peer.send_each(&client_frame(0x89, &[0xfe; 125]));
    let mut pong = vec![0x8a, 125];
    pong.extend([0xfe; 125]);
    assert_eq!(peer.out, pong, "F22, F2B");
}

#[test]
fn fragments_are_put_together_as_section_5_4_says() {
    check_table(&[
        ("F30", "01 83 37 fa 21 3d 7f 9f 4d 80 82 37 fa 21 3d 5b 95", "text Hello"),
        (
            "F31",
            "01 83 37 fa 21 3d 7f 9f 4d 89 81 37 fa 21 3d 47 80 82 37 fa 21 3d 5b 95",
            "pong p, text Hello",
        ),
        ("F32", "01 80 37 fa 21 3d 00 80 37 fa 21 3d 80 80 37 fa 21 3d", "text"),
        ("F33", "80 85 37 fa 21 3d 7f 9f 4d 51 58", "close 1002"),
        ("F34", "00 85 37 fa 21 3d 7f 9f 4d 51 58", "close 1002"),
        ("F35", "01 81 37 fa 21 3d 56 81 81 37 fa 21 3d 55", "close 1002"),
        ("F36", "01 81 37 fa 21 3d 56 02 81 37 fa 21 3d 55", "close 1002"),
        (
            "F37",
            "01 81 37 fa 21 3d 56 80 81 37 fa 21 3d 55 80 81 37 fa 21 3d 54",
            "text ab, close 1002",
        ),
        ("F38", "01 81 37 fa 21 3d 56 88 82 37 fa 21 3d 34 12 80 81 37 fa 21 3d 55", "close 1000"),
    ]);
}

#[test]
fn text_is_checked_as_section_8_1_says() {
    check_table(&[
        ("F40", "01 81 37 fa 21 3d f9 80 81 37 fa 21 3d 8d", "text \\xce\\xba"),
        (
            "F41",
            "01 82 37 fa 21 3d c7 65 89 81 37 fa 21 3d 47 80 82 37 fa 21 3d af 7a",
            "pong p, text \\xf0\\x9f\\x98\\x80",
        ),
        ("F42 ff", "81 81 37 fa 21 3d c8", "close 1007"),
        ("F42 c0 80", "81 82 37 fa 21 3d f7 7a", "close 1007"),
        ("F42 ed a0 80", "81 83 37 fa 21 3d da 5a a1", "close 1007"),
        ("F42 f4 90 80 80", "81 84 37 fa 21 3d c3 6a a1 bd", "close 1007"),
        ("F42 f8 88 80 80 80", "81 85 37 fa 21 3d cf 72 a1 bd b7", "close 1007"),
        ("F42 80", "81 81 37 fa 21 3d b7", "close 1007"),
        ("F42 cut ce", "81 81 37 fa 21 3d f9", "close 1007"),
        ("F42 e0 80 80", "81 83 37 fa 21 3d d7 7a a1", "close 1007"),
        ("F43", "01 8f 37 fa 21 3d f9 40 c0 80 8e 35 a2 f3 8b 34 94 c9 a7 7a a1", "close 1007"),
        ("F44", "81 e4 37 fa 21 3d 56 98 de", "close 1007"),
        ("F45", "82 82 37 fa 21 3d c8 04", "binary \\xff\\xfe"),
        (
            "F46",
            "81 87 37 fa 21 3d d8 45 9f c9 b8 45 9e",
            "text \\xef\\xbf\\xbe\\xf4\\x8f\\xbf\\xbf",
        ),
        ("F47", "81 81 37 fa 21 3d 37", "text \\x00"),
        ("F48", "81 85 37 fa 21 3d d8 41 9e 55 5e", "text \\xef\\xbb\\xbfhi"),
    ]);
}

/// Autobahn 6.4: invalid text is found with its first bad byte, and not before.
#[test]
fn bad_text_fails_at_its_first_bad_byte() {
    let kosme = hex("ce ba e1 bd b9 cf 83 ce bc ce b5");
    for (bad, at) in [
        ("f4 90 80 80", 1),
        ("f5", 0),
        ("ed a0 80", 1),
        ("c0 80", 0),
        ("e0 80 80", 1),
        ("f0 80 80 80", 1),
        ("ce ce", 1),
        ("e1 bd 41", 2),
        ("f0 9f 98 41", 3),
        ("80", 0),
        ("ff", 0),
    ] {
        let payload = [kosme.as_slice(), &hex(bad), b"edited"].concat();
        for first in [0x81, 0x01] {
            let frame = client_frame(first, &payload);
            let fine = 2 + 4 + kosme.len() + at;
            let mut peer = Peer::open();
            peer.send_each(&frame[..fine]);
            assert_eq!(peer.heard(), "", "{bad}");
            peer.send(&frame[fine..=fine]);
            assert_eq!(peer.heard(), "close 1007", "{bad}");
            assert_eq!(peer.closed(), Some(&Closed::Failed(Violation::InvalidUtf8)));
        }
    }
}

/// Every sequence, cut at every byte into frames, with a ping at the cut.
#[test]
fn code_points_may_be_cut_anywhere() {
    let text = "a\u{e9}\u{20ac}\u{10348}\u{7f}\u{7ff}\u{ffff}\u{10ffff}\u{0}\u{800}\u{10000}";
    for cut in 0..=text.len() {
        let (one, two) = text.as_bytes().split_at(cut);
        let frames =
            [client_frame(0x01, one), client_frame(0x89, b""), client_frame(0x80, two)].concat();
        let mut peer = Peer::open();
        peer.send(&frames);
        assert_eq!(peer.events, [Event::Message(Message::Text(text.into()))], "{cut}");
        assert!(peer.heard().starts_with("pong, text"), "{cut}");
    }
}

#[test]
fn a_message_is_bounded_over_its_fragments() {
    let limits = Limits { message_bytes_max: 10, fragments_max: 3, ..Limits::default() };
    for (frames, expected) in [
        (vec![client_frame(0x01, b"12345"), client_frame(0x80, b"67890")], "text 1234567890"),
        (vec![client_frame(0x01, b"12345"), client_frame(0x80, b"678901")], "close 1009"),
        (vec![client_frame(0x81, b"12345678901")], "close 1009"),
        (
            vec![client_frame(0x01, b"1"), client_frame(0x00, b""), client_frame(0x80, b"")],
            "text 1",
        ),
        // V12: empty fragments count.
        (
            vec![
                client_frame(0x01, b""),
                client_frame(0x00, b""),
                client_frame(0x00, b""),
                client_frame(0x80, b""),
            ],
            "close 1009",
        ),
    ] {
        let mut peer = Peer::open_with(limits, "");
        peer.send(&frames.concat());
        assert_eq!(peer.heard(), expected);
        let mut peer = Peer::open_with(limits, "");
        peer.send_each(&frames.concat());
        assert_eq!(peer.heard(), expected);
    }
}

/// F18: the sum of announced lengths cannot wrap.
#[test]
fn announced_lengths_are_added_without_wrapping() {
    let mut peer =
        Peer::open_with(Limits { message_bytes_max: usize::MAX, ..Limits::default() }, "");
    peer.send(&client_frame(0x02, b"12345678"));
    peer.send(&hex("80 ff 7f ff ff ff ff ff ff ff 37 fa 21 3d 00"));
    assert_eq!(peer.heard(), "");
    assert!(peer.endpoint.is_open());
}

#[test]
fn a_flood_of_frames_goes_unanswered_and_then_fails_the_connection() {
    let limits = Limits::default();
    for flood in [
        client_frame(0x89, b""),
        client_frame(0x8a, b""),
        [client_frame(0x01, b""), client_frame(0x80, b"")].concat(),
        [client_frame(0x01, b"a"), client_frame(0x00, b"b"), client_frame(0x80, b"")].concat(),
    ] {
        for whole in [true, false] {
            let mut peer = Peer::open();
            let send = |peer: &mut Peer, bytes: &[u8]| {
                if whole { peer.send(bytes) } else { peer.send_each(bytes) }
            };
            for _ in 0..=limits.frames_burst {
                send(&mut peer, &flood);
            }
            assert!(peer.endpoint.is_open() && peer.endpoint.is_flooding());
            peer.out.clear();
            send(&mut peer, &client_frame(0x89, b""));
            assert_eq!(peer.heard(), "");
            for _ in 0..49 {
                peer.wait(100);
                (0..20).for_each(|_| send(&mut peer, &flood));
            }
            assert!(peer.endpoint.is_open());
            peer.out.clear();
            peer.wait(100);
            (0..20).for_each(|_| send(&mut peer, &flood));
            assert_eq!(peer.heard().split(", ").last(), Some("close 4101"));
        }
    }
}

#[test]
fn frames_within_their_rate_are_answered_for_ever() {
    let mut peer = Peer::open();
    for _ in 0..3000 {
        peer.send(&client_frame(0x89, b""));
        peer.wait(10);
    }
    peer.out.clear();
    // After a burst a connection recovers.
    for _ in 0..4 {
        (0..1000).for_each(|_| peer.send(&client_frame(0x8a, b"")));
        peer.wait(11_000);
        peer.out.clear();
        peer.send(&client_frame(0x89, b"here"));
        assert_eq!(peer.heard(), "pong here");
    }
    // Messages of one frame do not count.
    (0..10_000).for_each(|_| peer.send(&client_frame(0x81, b"")));
    peer.out.clear();
    peer.send(&client_frame(0x89, b"here"));
    assert_eq!(peer.heard(), "pong here");
}

#[test]
fn an_idle_endpoint_is_small() {
    assert!(size_of::<Endpoint>() <= 64, "{}", size_of::<Endpoint>());
}

#[test]
fn an_idle_endpoint_holds_nothing() {
    let mut peer = Peer::open();
    peer.send_each(&client_frame(0x81, b"Hello"));
    peer.send_each(&[client_frame(0x01, b"Hel"), client_frame(0x80, b"lo")].concat());
    assert!(peer.endpoint.keeps_nothing());
    peer.send(&[0x81]);
    assert!(!peer.endpoint.keeps_nothing());
}
