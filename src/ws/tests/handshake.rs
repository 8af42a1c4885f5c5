//! §4.2: the opening handshake.

use super::*;
use crate::clock::Clock;
use crate::ws::Answered;

/// Returns H01 with a line replaced, or with lines added if `line` is empty.
fn changed(line: &str, by: &str) -> String {
    if line.is_empty() {
        return REQUEST.replace("\r\n\r\n", &format!("\r\n{by}\r\n\r\n"));
    }
    let start = REQUEST.find(line).unwrap();
    let end = start + REQUEST[start..].find("\r\n").unwrap() + 2;
    let by = if by.is_empty() { String::new() } else { format!("{by}\r\n") };
    format!("{}{by}{}", &REQUEST[..start], &REQUEST[end..])
}

fn without(line: &str) -> String {
    changed(line, "")
}

/// Sends a request and returns the head of the response. Checks what every refusal must have.
fn answer_to(request: &str) -> String {
    let mut peer = Peer::connect(Limits::default());
    peer.send(request.as_bytes());
    let answer = String::from_utf8(peer.out.clone()).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let upgraded = head.starts_with("HTTP/1.1 101 ");
    assert_eq!(peer.endpoint.is_open(), upgraded);
    if upgraded {
        assert_eq!(body, "");
        assert!(!head.contains("Content-Length"));
        assert!(!head.contains("Connection: close"));
    } else {
        assert!(head.contains("\r\nConnection: close"), "{head}");
        assert!(head.contains(&format!("\r\nContent-Length: {}", body.len())), "{head}");
        assert_eq!(body.lines().count(), 1, "{body}");
        assert_eq!(peer.endpoint.after(), After::Shut);
        peer.out.clear();
        peer.send(REQUEST.as_bytes());
        assert_eq!(peer.out, b"", "RFC 9931: nothing is read behind a refused upgrade");
    }

    let mut single = Peer::connect(Limits::default());
    single.send_each(request.as_bytes());
    assert_eq!(String::from_utf8(single.out).unwrap(), answer, "byte by byte");
    head.to_owned()
}

fn status_of(request: &str) -> u16 {
    answer_to(request)["HTTP/1.1 ".len()..][..3].parse().unwrap()
}

#[test]
fn the_answer_to_the_rfcs_request_is_the_rfcs() {
    let expected = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
        Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
    assert_eq!(answer_to(REQUEST), expected);
}

#[test]
fn requests_are_judged_as_section_4_says() {
    let key = "Sec-WebSocket-Key: ";
    let version = "Sec-WebSocket-Version: ";
    let protocol = "Sec-WebSocket-Protocol: ";
    let extensions = "Sec-WebSocket-Extensions: ";
    for (id, request, expected) in [
        ("H02", REQUEST.replace("GET", "POST"), 405),
        ("H02 PUT", REQUEST.replace("GET", "PUT"), 405),
        ("H03", REQUEST.replace("HTTP/1.1", "HTTP/1.0"), 426),
        ("H04", REQUEST.replace("HTTP/1.1", "HTTP/2.0"), 505),
        ("H05", without("Host"), 400),
        ("H06", changed("", "Host: 127.0.0.1"), 400),
        ("H07", without("Upgrade"), 426),
        ("H08", changed("Upgrade", "Upgrade: WebSocket"), 101),
        ("H09", changed("Upgrade", "Upgrade: h2c"), 426),
        ("H10", changed("Upgrade", "Upgrade: websocketx"), 426),
        ("H11", changed("Upgrade", "Upgrade: h2c, websocket"), 101),
        ("H12", changed("Connection", "Connection: keep-alive, Upgrade"), 101),
        ("H13", changed("Connection", "Connection: upgrade"), 101),
        ("H14", changed("Connection", "Connection: keep-alive\r\nConnection: Upgrade"), 101),
        ("H15", changed("Connection", "Connection: keep-alive"), 400),
        ("H16", changed("Connection", "Connection: Upgradex"), 400),
        ("H17", without("Connection"), 400),
        ("H18", without(key), 400),
        ("H19", changed(key, key), 400),
        ("H20", changed(key, &format!("{key}AAAAAAAAAAAAAAAAAAAA")), 400),
        ("H21", changed(key, &format!("{key}AAAAAAAAAAAAAAAAAAAAAAA=")), 400),
        ("H22", changed(key, &format!("{key}!!!!!!!!!!!!!!!!!!!!!!==")), 400),
        ("H23", changed(key, &format!("{key}-_-_-_-_-_-_-_-_-_-_-A==")), 400),
        ("§4.1's example", changed(key, &format!("{key}AQIDBAUGBwgJCgsMDQ4PEC==")), 101),
        ("unpadded key", changed(key, &format!("{key}dGhlIHNhbXBsZSBub25jZQ")), 400),
        ("V50", changed(key, &format!("{key}{}", "A".repeat(7000))), 400),
        ("H24", changed("", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="), 400),
        ("H25", without(version), 426),
        ("H26", changed(version, &format!("{version}8")), 426),
        ("H27", changed(version, &format!("{version}14")), 426),
        ("H28", changed(version, &format!("{version}013")), 426),
        ("H29", changed(version, &format!("{version}13, 8")), 426),
        ("H30", changed("", &format!("{version}8")), 400),
        ("H31", changed("", &format!("{protocol}zz")), 101),
        ("H32", changed("", &format!("{protocol}a b")), 400),
        ("H33", changed("", protocol), 400),
        ("H34", changed("", &format!("{protocol}a,,b")), 101),
        ("H35", changed("", &format!("{extensions}x-unknown; a=1")), 101),
        ("H36", changed("", &format!("{extensions};;")), 400),
        ("H36 empty", changed("", extensions), 400),
        ("H39", changed("", &format!("{extensions}constructor")), 101),
        ("H40", changed("", "Content-Length: 5"), 400),
        ("H41", changed("", "Transfer-Encoding: chunked"), 400),
        ("H42", changed("", "Content-Length: 5\r\nTransfer-Encoding: chunked"), 400),
        ("H43", REQUEST.replace("\r\n", "\n"), 400),
        ("H44", changed("", "A : b"), 400),
        ("H45", changed("", "A: b\r\n c"), 400),
        ("H46", changed("", "A: \0"), 400),
        ("H49", "\x16\x03\x01".to_owned(), 400),
        ("H50", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), 505),
        ("H51", changed("", &["A: b"; 100].join("\r\n")), 431),
        ("H52", changed("", &["A: b"; 2000].join("\r\n")), 431),
        ("H53", changed("", &format!("A: {}", "x".repeat(16 * 1024))), 431),
        ("H54", REQUEST.replace("GET /", &format!("GET /{}", "x".repeat(8 * 1024))), 431),
        ("H55", REQUEST.replace("GET", "get"), 405),
        ("H56", REQUEST.replace("GET /", "GET http://127.0.0.1/"), 101),
    ] {
        assert_eq!(status_of(&request), expected, "{id}");
    }
}

#[test]
fn refusals_name_what_is_supported() {
    let head = answer_to(&REQUEST.replace("GET", "POST"));
    assert!(head.contains("\r\nAllow: GET"), "H02: {head}");
    for (id, request) in [
        ("H07", without("Upgrade")),
        ("H25", without("Sec-WebSocket-Version")),
        ("H26", REQUEST.replace(": 13", ": 8")),
    ] {
        let head = answer_to(&request);
        assert!(head.contains("\r\nUpgrade: websocket"), "{id}: {head}");
        assert!(head.contains("\r\nSec-WebSocket-Version: 13"), "{id}: {head}");
    }
}

/// H31, H34, H68.
#[test]
fn a_subprotocol_is_named_only_if_it_was_offered() {
    for (offers, named) in [
        ("zz", false),
        ("chat.v1", true),
        ("zz, chat.v1", true),
        ("zz,,chat.v1", true),
        ("zz\r\nSec-WebSocket-Protocol: chat.v1", true),
        ("chat.v1, base64url.bearer.x.a-jwt", true),
        ("CHAT.V1", false),
        ("chat.v12", false),
    ] {
        let head = answer_to(&changed("", &format!("Sec-WebSocket-Protocol: {offers}")));
        let expected = if named { 1 } else { 0 };
        assert_eq!(head.matches("Sec-WebSocket-Protocol").count(), expected, "{offers}");
        assert_eq!(head.contains("\r\nSec-WebSocket-Protocol: chat.v1"), named, "{offers}");
        assert!(!head.contains("bearer"));
    }
}

/// H37, H38: guards against quadratic time. As many bytes in lists of four times the length must
/// take as long.
#[test]
fn hostile_lists_are_refused_in_linear_time() {
    let shapes: [fn(usize) -> String; 4] = [
        |n| format!("Sec-WebSocket-Extensions: a; b=\"{}", "\\a".repeat(n)),
        |n| format!("Sec-WebSocket-Extensions: a; b=\"{}", "c\\\\".repeat(n / 3 * 2)),
        |n| format!("Sec-WebSocket-Protocol: b{}x", " ".repeat(n)),
        |n| format!("Sec-WebSocket-Extensions: {}", "a;".repeat(n)),
    ];
    for shape in shapes {
        let cost = |times: usize, length: usize| {
            let request = changed("", &shape(length));
            let clock = Clock::start();
            for _ in 0..times {
                let mut peer = Peer::connect(Limits::default());
                peer.send(request.as_bytes());
                assert!(peer.out.starts_with(b"HTTP/1.1 400 "));
            }
            clock.now().at.as_millis()
        };
        // The minimum of several: other load of the machine only adds to it.
        let (mut short, mut long) = (u64::MAX, u64::MAX);
        for _ in 0..5 {
            short = short.min(cost(80, 900));
            long = long.min(cost(20, 3600));
        }
        assert!(long < 3 * short.max(5), "{long} ms for long lists, {short} ms for short ones");
    }
}

#[test]
fn frames_may_follow_the_request_at_once() {
    let mut peer = Peer::connect(Limits::default());
    let mut bytes = REQUEST.as_bytes().to_vec();
    bytes.extend(hex("81 85 37 fa 21 3d 7f 9f 4d 51 58"));
    peer.send(&bytes);
    let end = peer.out.windows(4).position(|it| it == b"\r\n\r\n").unwrap() + 4;
    assert_eq!(describe(&peer.out[end..]), "text Hello"); // H47
}

#[test]
fn a_request_behind_the_upgrade_is_frames() {
    let mut peer = Peer::open();
    peer.send(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    assert_eq!(peer.heard(), "close 1002"); // H48
}

/// H65.
#[test]
fn the_order_of_headers_does_not_matter() {
    let lines: Vec<&str> = REQUEST.trim_end().split("\r\n").collect();
    for turn in 1..lines.len() {
        let mut headers = lines[1..].to_vec();
        headers.rotate_left(turn);
        if turn % 2 == 0 {
            headers.reverse();
        }
        headers.insert(turn, "X-Unknown: y");
        assert_eq!(status_of(&format!("{}\r\n{}\r\n\r\n", lines[0], headers.join("\r\n"))), 101);
    }
}

#[test]
fn a_request_may_be_cut_anywhere() {
    for cut in 1..REQUEST.len() {
        let mut peer = Peer::connect(Limits::default());
        peer.send(&REQUEST.as_bytes()[..cut]);
        assert_eq!(peer.out, b"");
        peer.send(&REQUEST.as_bytes()[cut..]);
        assert!(peer.endpoint.is_open(), "H69, {cut}");
    }
}

/// Drives an endpoint as HTTP, answering each request with its path.
fn serve(endpoint: &mut Endpoint, shared: &mut Shared, bytes: &[u8], out: &mut Vec<u8>) {
    let now = Now::default();
    let mut bytes = bytes.to_vec();
    let mut input = bytes.as_mut_slice();
    while let Some(event) = endpoint.receive(now, shared, &mut input, out) {
        let Event::Request(request) = event else { panic!("{event:?}") };
        let response = http::Response::text(http::Status(200), &request.path);
        endpoint.answer(now, shared, &request, Answer::Respond(response), out);
    }
}

fn bodies(out: &[u8]) -> Vec<String> {
    let text = String::from_utf8(out.to_vec()).unwrap();
    text.split("HTTP/1.1 ")
        .skip(1)
        .map(|it| it.split("\r\n\r\n").nth(1).unwrap().trim().into())
        .collect()
}

#[test]
fn requests_on_one_connection_are_answered_in_order() {
    let mut shared = Shared::new(Limits::default(), http::Limits::default());
    let mut endpoint = Endpoint::new(Now::default(), &shared);
    let mut out = Vec::new();
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n");
    let bytes = [get("/"), get("/app.js"), get("/3")].concat();
    serve(&mut endpoint, &mut shared, bytes.as_bytes(), &mut out);
    assert_eq!(bodies(&out), ["/", "/app.js", "/3"]); // H70
    assert_eq!(endpoint.after(), After::Keep);

    out.clear();
    let last = get("/4").replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
    serve(&mut endpoint, &mut shared, (last + &get("/5")).as_bytes(), &mut out);
    assert_eq!(bodies(&out), ["/4"]);
    assert_eq!(endpoint.after(), After::Shut);
}

#[test]
fn a_refused_upgrade_is_the_last_request() {
    let mut shared = Shared::new(Limits::default(), http::Limits::default());
    let mut endpoint = Endpoint::new(Now::default(), &shared);
    let mut out = Vec::new();
    serve(&mut endpoint, &mut shared, [REQUEST, REQUEST].concat().as_bytes(), &mut out);
    assert_eq!(bodies(&out).len(), 1);
    assert!(String::from_utf8(out).unwrap().contains("Connection: close"));
    assert_eq!(endpoint.after(), After::Shut);
}

#[test]
fn the_body_of_an_answer_to_head_is_left_out() {
    let mut shared = Shared::new(Limits::default(), http::Limits::default());
    let mut endpoint = Endpoint::new(Now::default(), &shared);
    let mut out = Vec::new();
    serve(&mut endpoint, &mut shared, b"HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n", &mut out);
    let text = String::from_utf8(out).unwrap();
    assert!(text.contains("Content-Length: 3\r\n") && text.ends_with("\r\n\r\n"), "{text}");
}

#[test]
fn pipelined_input_waits_for_the_answer() {
    let (now, limits) = (Now::default(), Limits::default());
    let mut shared = Shared::new(limits, http::Limits::default());
    let mut endpoint = Endpoint::new(now, &shared);
    let mut out = Vec::new();
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n");
    let mut bytes = [get("/1"), get("/2"), REQUEST.into()].concat().into_bytes();
    bytes.extend(client_frame(0x81, b"Hello"));
    let (first, second) = bytes.split_at_mut(get("/1").len() + 10);

    let mut input = first;
    let Some(Event::Request(one)) = endpoint.receive(now, &mut shared, &mut input, &mut out) else {
        panic!()
    };
    assert_eq!(endpoint.answer(now, &mut shared, &one, Answer::Later, &mut out), Answered::Later);
    assert!(!endpoint.wants_input());
    assert_eq!(endpoint.deadline(), Moment::NEVER);
    assert_eq!(endpoint.receive(now, &mut shared, &mut input, &mut out), None);
    assert!(input.is_empty());
    let mut input = second;
    assert_eq!(endpoint.receive(now, &mut shared, &mut input, &mut out), None);
    // The peer has ended its side; its requests are still answered.
    assert_eq!(endpoint.on_eof(now), None);
    assert_eq!(endpoint.after(), After::Keep);
    assert_eq!(out, b"");

    let response = http::Response::text(http::Status(200), "one");
    let _ = endpoint.complete(now, &shared, &response, &mut out);
    let mut none: &mut [u8] = &mut [];
    let Some(Event::Request(two)) = endpoint.receive(now, &mut shared, &mut none, &mut out) else {
        panic!()
    };
    assert_eq!(two.path, "/2");
    let _ = endpoint.complete(now, &shared, &response, &mut out);
    let Some(Event::Request(three)) = endpoint.receive(now, &mut shared, &mut none, &mut out)
    else {
        panic!()
    };
    let upgrade = Answer::Upgrade { protocol: None };
    assert_eq!(endpoint.answer(now, &mut shared, &three, upgrade, &mut out), Answered::Opened);
    let message = Event::Message(Message::Text("Hello".into()));
    assert_eq!(endpoint.receive(now, &mut shared, &mut none, &mut out), Some(message));
    let lost = Event::Closed(Closed::Lost);
    assert_eq!(endpoint.receive(now, &mut shared, &mut none, &mut out), Some(lost));
    assert_eq!(endpoint.receive(now, &mut shared, &mut none, &mut out), None);
    assert_eq!(endpoint.after(), After::Drop);
    assert_eq!(String::from_utf8_lossy(&out).matches("HTTP/1.1 ").count(), 3);
}

#[test]
fn a_body_after_expect_is_requested() {
    let mut peer = Peer::connect(Limits::default());
    let head = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n";
    peer.send(head.as_bytes());
    assert_eq!(peer.out, b"HTTP/1.1 100 Continue\r\n\r\n");
    peer.send(b"ab");
    assert!(peer.out.starts_with(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 405 "));

    let mut peer = Peer::connect(Limits::default());
    peer.send(head.replace(": 2", ": 65537").as_bytes());
    assert!(peer.out.starts_with(b"HTTP/1.1 413 "));
}
