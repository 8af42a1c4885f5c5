//! Deadlines of silent and slow peers.

use super::*;

#[test]
fn a_request_that_does_not_come_is_answered_408() {
    for sent in
        ["", "GET / HT", "\r\n", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nab"]
    {
        let mut peer = Peer::connect(Limits::default());
        peer.send(sent.as_bytes());
        peer.wait(9_999);
        assert_eq!(peer.out, b"", "{sent}");
        peer.wait(1);
        assert!(peer.out.starts_with(b"HTTP/1.1 408 "), "{sent}");
        assert!(String::from_utf8_lossy(&peer.out).contains("Connection: close"));
        assert_eq!(peer.endpoint.after(), After::Shut);
        peer.wait(5_000);
        assert_eq!(peer.endpoint.after(), After::Drop);
        assert_eq!(peer.events, []);
    }
}

#[test]
fn trickling_does_not_extend_the_deadline() {
    let mut peer = Peer::connect(Limits::default());
    for byte in &REQUEST.as_bytes()[..100] {
        peer.send(&[*byte]);
        peer.wait(100);
    }
    assert!(peer.out.starts_with(b"HTTP/1.1 408 "));
}

fn answer_one(peer: &mut Peer) {
    let mut bytes = *b"GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    let mut input = &mut bytes[..];
    peer.endpoint.receive(peer.now, &mut peer.shared, &mut input, &mut peer.out).unwrap();
    let response = http::Response::text(http::Status(200), "x");
    let _ = peer.endpoint.complete(peer.now, &peer.shared, &response, &mut peer.out);
    peer.out.clear();
}

#[test]
fn an_idle_connection_is_closed_without_a_response() {
    let mut peer = Peer::connect(Limits::default());
    answer_one(&mut peer);
    peer.wait(9_999);
    assert_eq!(peer.endpoint.after(), After::Keep);
    answer_one(&mut peer);
    peer.wait(10_000);
    assert_eq!(peer.out, b"");
    assert_eq!(peer.endpoint.after(), After::Drop);

    let mut peer = Peer::connect(Limits::default());
    answer_one(&mut peer);
    peer.wait(9_000);
    peer.send(b"G");
    peer.wait(9_999);
    assert_eq!(peer.out, b"");
    peer.wait(1);
    assert!(peer.out.starts_with(b"HTTP/1.1 408 "));
}

/// 9 s of silence, a ping, 10 s, 4201.
#[test]
fn silence_is_pinged_and_then_ended() {
    let mut peer = Peer::open();
    peer.wait(8_999);
    assert_eq!(peer.heard(), "");
    peer.wait(1);
    assert_eq!(peer.heard(), "ping");
    peer.wait(9_999);
    assert_eq!(peer.heard(), "");
    assert!(peer.endpoint.is_open());
    peer.wait(1);
    assert_eq!(peer.heard(), "close 4201");
    assert_eq!(peer.closed(), Some(&Closed::NoPong));
    assert_eq!(peer.endpoint.after(), After::Drop);
    peer.wait(100_000);
    assert_eq!(peer.heard(), "");
    assert!(peer.closed().is_some());
}

#[test]
fn any_byte_counts_as_activity() {
    let mut peer = Peer::open();
    for _ in 0..10 {
        peer.wait(8_000);
        peer.send(&client_frame(0x81, b"x"));
        assert_eq!(peer.heard(), "text x");
    }
    peer.wait(9_000);
    assert_eq!(peer.heard(), "ping");
    peer.wait(9_999);
    peer.send(&[0x8a]);
    peer.wait(1);
    peer.wait(8_998);
    assert_eq!(peer.heard(), "");
    peer.wait(1);
    assert_eq!(peer.heard(), "ping");
    peer.endpoint.touch(peer.now);
    peer.wait(10_000);
    assert!(peer.endpoint.is_open());
}

#[test]
fn a_deadline_fires_at_most_once_too_often() {
    let mut peer = Peer::open();
    peer.wait(5_000);
    peer.send(&client_frame(0x81, b"x"));
    peer.out.clear();
    assert_eq!(peer.endpoint.deadline(), Moment::from_millis(9_000));
    peer.wait(4_000);
    assert_eq!(peer.heard(), "");
    assert_eq!(peer.endpoint.deadline(), Moment::from_millis(14_000));
}

#[test]
fn a_message_has_to_end_in_time() {
    for start in [hex("01 80 37 fa 21 3d"), hex("82 fe 00 7e 37 fa"), hex("89 fd")] {
        let mut peer = Peer::open();
        let mut bytes = start.into_iter().chain([0x37; 40]);
        for _ in 0..6 {
            peer.send(&[bytes.next().unwrap()]);
            peer.wait(4_999);
            assert_eq!(peer.heard(), "");
        }
        peer.wait(6);
        assert_eq!(peer.heard(), "close 1008");
        assert_eq!(peer.closed(), Some(&Closed::Failed(Violation::MessageTooSlow)));
        assert_eq!(peer.endpoint.after(), After::Shut);
    }
}

#[test]
fn a_message_limit_below_the_ping_interval_applies() {
    let limits = Limits { message_within: std::time::Duration::from_secs(1), ..Limits::default() };
    let mut peer = Peer::open_with(limits, "");
    peer.send(&[0x81]);
    peer.wait(1_000);
    assert_eq!(peer.heard(), "close 1008");
}
