//! §7: the closing handshake.

use super::*;

#[test]
fn closes_are_read_as_section_7_says() {
    check_table(&[
        ("C01", "88 80 37 fa 21 3d", "close"),
        ("C02", "88 81 37 fa 21 3d 34", "close 1002"),
        ("C06", "88 87 37 fa 21 3d 34 12 ef 87 da 5a a1", "close 1007"),
        ("C07", "88 86 37 fa 21 3d 34 12 4e 56 d5 78", "close 1007"),
        ("C08", "88 82 37 fa 21 3d 34 12 81 84 37 fa 21 3d 5b 9b 55 58", "close 1000"),
        ("C09", "88 82 37 fa 21 3d 34 12 89 84 37 fa 21 3d 5b 9b 55 58", "close 1000"),
        ("C10", "88 82 37 fa 21 3d 34 12 88 82 37 fa 21 3d 34 13", "close 1000"),
    ]);
}

fn close_frame(code: u16, reason: &[u8]) -> Vec<u8> {
    client_frame(0x88, &[&code.to_be_bytes(), reason].concat())
}

/// C03.
#[test]
fn codes_that_may_be_sent_are_echoed() {
    for code in [
        1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000,
        4999,
    ] {
        let mut peer = Peer::open();
        peer.send(&close_frame(code, b"why"));
        assert_eq!(peer.heard(), format!("close {code}"));
        let closed = Closed::ByPeer { code: Some(code), reason: "why".into() };
        assert_eq!(peer.closed(), Some(&closed));
        assert_eq!(closed.code(), code);
    }
}

/// C04.
#[test]
fn codes_that_may_not_be_sent_fail_the_connection() {
    for code in [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535] {
        let mut peer = Peer::open();
        peer.send(&close_frame(code, b""));
        assert_eq!(peer.heard(), "close 1002", "{code}");
        assert_eq!(peer.closed(), Some(&Closed::Failed(Violation::BadCloseCode)));
    }
}

#[test]
fn a_reason_may_have_123_bytes() {
    let mut peer = Peer::open();
    peer.send(&close_frame(1000, &[b'*'; 123]));
    assert_eq!(peer.heard(), "close 1000"); // C05
    let Some(Closed::ByPeer { reason, .. }) = peer.closed() else { panic!() };
    assert_eq!(reason.len(), 123);
}

#[test]
fn a_message_before_a_close_is_delivered() {
    let limits = Limits { message_bytes_max: 256 * 1024, ..Limits::default() };
    let mut peer = Peer::open_with(limits, "");
    let mut bytes = client_frame(0x81, &vec![b'x'; 256 * 1024]);
    bytes.extend(close_frame(1000, b""));
    peer.send(&bytes);
    assert_eq!(peer.heard(), "text [262144], close 1000"); // C11
}

#[test]
fn a_closed_connection_is_shut_at_once_and_dropped_in_time() {
    let mut peer = Peer::open();
    peer.send(&close_frame(1000, b""));
    assert_eq!(peer.endpoint.after(), After::Shut); // C20
    assert!(!peer.endpoint.is_open());
    peer.wait(4_999);
    assert_eq!(peer.endpoint.after(), After::Shut);
    peer.wait(1);
    assert_eq!(peer.endpoint.after(), After::Drop);
    assert_eq!(peer.endpoint.deadline(), Moment::NEVER);
    assert!(peer.closed().is_some());

    let mut peer = Peer::open();
    peer.send(&close_frame(1000, b""));
    assert_eq!(peer.endpoint.on_eof(peer.now), None);
    assert_eq!(peer.endpoint.after(), After::Drop);
}

fn close(peer: &mut Peer, code: u16, reason: &str) {
    peer.endpoint.close(peer.now, &peer.shared, code, reason, &mut peer.out);
}

#[test]
fn our_close_is_answered_or_given_up() {
    let mut peer = Peer::open();
    close(&mut peer, 1012, "restart");
    assert_eq!(peer.heard(), "close 1012"); // C28
    assert!(!peer.endpoint.is_open(), "C25");
    assert_eq!(peer.endpoint.after(), After::Keep);
    assert_eq!(peer.closed(), None);
    close(&mut peer, 1011, "again");
    assert_eq!(peer.heard(), "");
    peer.send(&close_frame(1012, b""));
    assert_eq!(peer.heard(), "", "C24: no second Close");
    assert_eq!(peer.closed(), Some(&Closed::ByUs { code: 1012 }));
    assert_eq!(peer.endpoint.after(), After::Shut);

    let mut peer = Peer::open();
    close(&mut peer, 1012, "restart");
    peer.wait(4_999);
    assert_eq!(peer.closed(), None);
    peer.wait(1);
    assert_eq!(peer.closed(), Some(&Closed::ByUs { code: 1012 }));
    assert_eq!(peer.endpoint.after(), After::Drop); // C22

    let mut peer = Peer::open();
    close(&mut peer, 1012, "restart");
    let event = peer.endpoint.on_eof(peer.now);
    assert_eq!(event, Some(Event::Closed(Closed::ByUs { code: 1012 })));
    assert_eq!(peer.endpoint.after(), After::Drop);
}

/// C25, §5.5.1: the peer may go on until it has seen our Close.
#[test]
fn messages_after_our_close_are_not_delivered() {
    let mut peer = Peer::open();
    close(&mut peer, 1001, "");
    peer.out.clear();
    peer.send(&[client_frame(0x81, b"late"), client_frame(0x89, b"ping")].concat());
    assert_eq!(peer.heard(), "");
    assert_eq!(peer.events, []);
    peer.send(&hex("ff ff ff"));
    assert_eq!(peer.heard(), "");
    assert_eq!(peer.closed(), Some(&Closed::ByUs { code: 1001 }));
    assert_eq!(peer.endpoint.after(), After::Shut);
}

/// C26, S04.
#[test]
fn our_closes_are_always_legal() {
    for (code, reason, expected) in [
        (4201, String::new(), hex("88 02 10 69")),
        (1005, "no".into(), hex("88 04 03 f3 6e 6f")),
        (1006, String::new(), hex("88 02 03 f3")),
        (1015, String::new(), hex("88 02 03 f3")),
        (0, String::new(), hex("88 02 03 f3")),
        (1000, "*".repeat(200), [hex("88 7d 03 e8"), vec![b'*'; 123]].concat()),
        (1000, "\u{20ac}".repeat(50), [hex("88 7d 03 e8"), "\u{20ac}".repeat(41).into()].concat()),
        (1000, "\u{e9}".repeat(70), [hex("88 7c 03 e8"), "\u{e9}".repeat(61).into()].concat()),
    ] {
        let mut peer = Peer::open();
        close(&mut peer, code, &reason);
        assert_eq!(peer.out, expected, "{code} {reason}");
    }
}

#[test]
fn nothing_is_read_after_a_violation() {
    let mut peer = Peer::open();
    let mut bytes = hex("81 05 48 65 6c 6c 6f");
    for _ in 0..100_000 {
        bytes.extend(client_frame(0x81, b"more"));
    }
    peer.send(&bytes);
    assert_eq!(peer.heard(), "close 1002"); // C23
    assert_eq!(peer.events.len(), 1);
    peer.send(&bytes);
    assert_eq!(peer.heard(), "");
    assert!(peer.endpoint.keeps_nothing());
}

#[test]
fn an_end_without_a_close_is_reported_once() {
    let mut peer = Peer::open();
    peer.send(&[0x81]);
    assert_eq!(peer.endpoint.on_eof(peer.now), Some(Event::Closed(Closed::Lost))); // C31
    assert_eq!(peer.endpoint.after(), After::Drop);
    assert_eq!(peer.endpoint.on_eof(peer.now), None);
    assert_eq!(Closed::Lost.code(), 1006);
    assert!(peer.endpoint.keeps_nothing());

    let mut peer = Peer::connect(Limits::default());
    assert_eq!(peer.endpoint.on_eof(peer.now), None);
    assert_eq!(peer.endpoint.after(), After::Drop);
}

#[test]
fn a_close_without_a_code_counts_as_1005() {
    let mut peer = Peer::open();
    peer.send(&client_frame(0x88, b""));
    assert_eq!(peer.closed(), Some(&Closed::ByPeer { code: None, reason: "".into() }));
    assert_eq!(peer.closed().unwrap().code(), 1005);
}

#[test]
fn closing_ends_a_connection_that_is_still_http() {
    let mut peer = Peer::connect(Limits::default());
    close(&mut peer, 1001, "");
    assert_eq!(peer.endpoint.after(), After::Drop);
    assert_eq!(peer.out, b"");

    let mut peer = Peer::connect(Limits::default());
    let mut bytes = *b"GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    let mut input = &mut bytes[..];
    peer.endpoint.receive(peer.now, &mut peer.shared, &mut input, &mut peer.out).unwrap();
    close(&mut peer, 1001, "");
    assert_eq!(peer.endpoint.after(), After::Keep);
    let response = http::Response::text(http::Status(200), "last");
    let _ = peer.endpoint.complete(peer.now, &peer.shared, &response, &mut peer.out);
    assert!(String::from_utf8_lossy(&peer.out).contains("\r\nConnection: close\r\n"));
    assert_eq!(peer.endpoint.after(), After::Shut);
}

#[test]
fn the_display_of_an_end_is_safe_to_log() {
    let closed = Closed::ByPeer { code: Some(4000), reason: "a\n\u{202e}b".into() };
    assert_eq!(closed.to_string(), "closed by the peer with 4000: \"a\\n\\u{202e}b\"");
    assert_eq!(Closed::ByUs { code: 1012 }.to_string(), "closed by us with 1012");
    assert_eq!(
        Closed::Failed(Violation::Unmasked).to_string(),
        "failed with 1002: frame is not masked"
    );
}
