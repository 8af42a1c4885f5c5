//! Bodies that are received and sent in parts.

use super::*;
use crate::http::{Response, Status};

const HEAD: &str = "POST /s HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n";

/// Returns a peer whose requests have streamed bodies, after these bytes.
fn peer(bytes: &str) -> Peer {
    let mut peer = Peer::connect(Limits::default());
    peer.shared.streams = |request| request.path == "/s";
    peer.send(bytes.as_bytes());
    peer
}

fn part(bytes: &[u8], last: bool) -> Event {
    Event::Part { bytes: bytes.to_vec(), last }
}

fn complete(peer: &mut Peer) {
    let response = Response::text(Status(201), "done");
    let _ = peer.endpoint.complete(peer.now, &peer.shared, &response, &mut peer.out);
}

#[test]
fn a_streamed_body_is_passed_on_as_it_comes_and_the_next_request_waits() {
    let mut peer = peer(&format!("{HEAD}\r\n012"));
    peer.send(b"3456789GET /next HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(peer.events, [part(b"012", false), part(b"3456789", true)]);
    assert!(!peer.endpoint.wants_input() && peer.out.is_empty());
    complete(&mut peer);
    let mut none: &mut [u8] = &mut [];
    let next = peer.endpoint.receive(peer.now, &mut peer.shared, &mut none, &mut peer.out);
    let Some(Event::Request(next)) = next else { panic!("{next:?}") };
    assert_eq!(next.path, "/next");
}

#[test]
fn a_streamed_body_is_asked_for_when_it_is_wanted() {
    let head = format!("{HEAD}Expect: 100-continue\r\n\r\n");
    assert_eq!(peer(&head).out, b"HTTP/1.1 100 Continue\r\n\r\n");
    // Refused, it is not asked for, and nothing after it is read.
    let mut peer = Peer::connect(Limits::default());
    peer.shared.streams = |_| true;
    let mut bytes = head.into_bytes();
    let mut input = bytes.as_mut_slice();
    let event = peer.endpoint.receive(peer.now, &mut peer.shared, &mut input, &mut peer.out);
    let Some(Event::Request(request)) = event else { panic!("{event:?}") };
    let answer = Answer::Respond(Response::text(Status(413), "too large"));
    peer.endpoint.answer(peer.now, &mut peer.shared, &request, answer, &mut peer.out);
    let out = String::from_utf8_lossy(&peer.out).into_owned();
    assert!(out.starts_with("HTTP/1.1 413 ") && out.contains("Connection: close\r\n"), "{out}");
    assert_eq!(peer.endpoint.after(), After::Shut);
}

#[test]
fn an_empty_streamed_body_is_complete_at_once() {
    let mut peer = peer("POST /s HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(peer.events, [part(b"", true)]);
    complete(&mut peer);
    assert_eq!(peer.endpoint.after(), After::Keep);
}

#[test]
fn a_response_before_the_end_of_a_streamed_body_ends_the_connection() {
    let mut peer = peer(&format!("{HEAD}\r\n012"));
    complete(&mut peer);
    assert_eq!(peer.endpoint.after(), After::Shut);
    peer.send(b"3456789");
    assert_eq!(peer.events, [part(b"012", false)]);
}

#[test]
fn a_streamed_body_that_breaks_off_is_cut_once() {
    let mut cut = peer(&format!("{HEAD}\r\n012"));
    assert_eq!(cut.endpoint.on_eof(cut.now), Some(Event::Cut));
    assert_eq!((cut.endpoint.on_lost(), cut.endpoint.after()), (None, After::Drop));

    let mut lost = peer(&format!("{HEAD}\r\n012"));
    assert_eq!((lost.endpoint.on_lost(), lost.endpoint.on_lost()), (Some(Event::Cut), None));

    let chunked = "POST /s HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nx";
    let bad = peer(chunked);
    assert_eq!((&bad.events[..], bad.endpoint.after()), (&[Event::Cut][..], After::Shut));
    assert!(bad.out.starts_with(b"HTTP/1.1 400 "));
}

#[test]
fn a_slow_body_goes_on_and_one_that_hardly_moves_is_late() {
    let head = "POST /s HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999\r\n\r\n";
    let mut peer = peer(head);
    let limits = Limits::default();
    for bytes in [limits.body_bytes_min, limits.body_bytes_min, 99] {
        peer.send(&vec![b'x'; bytes]);
        assert_eq!(peer.endpoint.deadline(), peer.now.at.after(limits.body_within));
        peer.now.at = peer.endpoint.deadline();
        let event = peer.endpoint.on_deadline(peer.now, &peer.shared, &mut peer.out);
        assert_eq!(event, (bytes == 99).then_some(Event::Cut));
    }
    assert!(peer.out.starts_with(b"HTTP/1.1 408 "));
    // What the server itself delays does not count.
    let mut held = self::peer(head);
    held.now.at = held.endpoint.deadline();
    held.endpoint.on_drained(held.now, &held.shared);
    assert_eq!(held.endpoint.deadline(), held.now.at.after(limits.body_within));
}

#[test]
fn a_response_is_sent_in_parts() {
    for keeps_alive in [true, false] {
        let mut peer = peer("POST /s HTTP/1.1\r\nHost: h\r\n\r\n");
        let response = Response::new(Status(200));
        let response = if keeps_alive { response } else { response.with_close() };
        let Peer { endpoint, shared, now, out, .. } = &mut peer;
        assert!(endpoint.begin_sending(*now, shared, &response, 5, out));
        assert!(endpoint.is_sending() && !endpoint.wants_input());
        let head = String::from_utf8_lossy(out).into_owned();
        assert!(head.contains("Content-Length: 5\r\n") && head.ends_with("\r\n\r\n"), "{head}");
        assert_eq!(head.contains("Connection: close"), !keeps_alive);
        assert_eq!(endpoint.after(), After::Keep);
        endpoint.end_sending(*now, shared);
        assert_eq!(endpoint.after(), if keeps_alive { After::Keep } else { After::Shut });
    }
}

#[test]
fn a_response_that_cannot_be_sent_is_cut_once() {
    let mut peer = peer("POST /s HTTP/1.1\r\nHost: h\r\n\r\n");
    let Peer { endpoint, shared, now, out, .. } = &mut peer;
    assert!(endpoint.begin_sending(*now, shared, &Response::new(Status(200)), 5, out));
    assert_eq!(endpoint.on_eof(*now), None, "it still reads");
    assert_eq!((endpoint.on_lost(), endpoint.on_lost()), (Some(Event::Cut), None));
}
