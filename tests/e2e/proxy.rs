//! Proxies: which are trusted, and which network a client counts for.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use serde_json::{Value, json};
use socket2::{Domain, Socket, Type};

use crate::client::{PATIENCE, Server};
use crate::data::until;

/// The addresses of the trusted proxy and of another peer.
const PROXY: [u8; 4] = [127, 0, 0, 1];
const OTHER: [u8; 4] = [127, 0, 0, 2];

const V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
const LOCAL: [&[u8]; 2] = [V2, b"\x20\0\0\0"];

fn start(more: &[&str]) -> Server {
    Server::start(&[&["--trusted-proxy", "127.0.0.1", "--log-level", "debug"], more].concat())
}

fn connect(server: &Server, from: [u8; 4]) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from((from, 0)).into()).unwrap();
    let address: SocketAddr = server.address.parse().unwrap();
    socket.connect(&address.into()).unwrap();
    let stream = TcpStream::from(socket);
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn upgrade(headers: &str) -> String {
    format!(
        "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{headers}\r\n"
    )
}

fn forwarded_for(client: &str) -> String {
    format!("X-Forwarded-For: {client}\r\n")
}

/// Sends bytes and gives the status of the answer; 0 if the connection ends without one.
fn asks(stream: &mut TcpStream, bytes: &[u8]) -> u16 {
    // What was refused early resets the connection.
    let _ = stream.write_all(bytes);
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    if head.is_empty() {
        return 0;
    }
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).unwrap();
    head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap()
}

/// Opens a WebSocket through the proxy, for this client; none if there are too many.
fn opens(server: &Server, client: &str) -> Option<TcpStream> {
    begins(server, PROXY, b"", &forwarded_for(client))
}

/// Opens a WebSocket behind what begins the connection.
fn begins(server: &Server, from: [u8; 4], first: &[u8], headers: &str) -> Option<TcpStream> {
    let mut stream = connect(server, from);
    let bytes = [first, upgrade(headers).as_bytes()].concat();
    match asks(&mut stream, &bytes) {
        101 => Some(stream),
        429 => None,
        status => panic!("{status}"),
    }
}

fn line(source: &str) -> Vec<u8> {
    format!("PROXY TCP4 {source} 127.0.0.1 5 80\r\n").into_bytes()
}

#[test]
fn clients_of_a_proxy_are_counted_each_for_its_own_network() {
    let server = start(&["--connections-per-address", "2"]);
    let one = opens(&server, "192.0.2.1").expect("the first");
    let two = opens(&server, "203.0.113.9, 192.0.2.1:5").expect("the second");
    assert!(opens(&server, "::ffff:192.0.2.1").is_none());
    server.logs("refused: too many connections address=192.0.2.1");
    let v6 = ["2001:db8::1", "[2001:db8::2]:5"].map(|client| opens(&server, client).expect(client));
    assert!(opens(&server, "2001:db8::3").is_none());
    let _other = opens(&server, "192.0.2.2").expect("another network");
    // One goes, and one may come: it is not taken out twice, nor are those that were refused.
    drop(one);
    let mut again = None;
    until("there is room again", || {
        again = opens(&server, "192.0.2.1");
        again.is_some()
    });
    assert!(opens(&server, "192.0.2.1").is_none());
    assert!(opens(&server, "2001:db8::3").is_none());
    drop((two, v6));
}

#[test]
fn clients_behind_a_proxy_are_not_limited_as_one() {
    // Nor is one who says nothing of use taken for a single client.
    let server = start(&["--connections-per-address", "1"]);
    let said = ["", "X-Forwarded-For: unknown\r\n", "X-Forwarded-For:\r\n"];
    let sockets = said.map(|headers| begins(&server, PROXY, b"", headers).expect("a WebSocket"));
    server.logs("X-Forwarded-For names no client proxy=127.0.0.1");
    server.logs("address=127.0.0.1");
    drop(sockets);
}

#[test]
fn an_untrusted_proxy_cannot_set_the_client_address() {
    let server = start(&["--connections-per-address", "1"]);
    let spoofed = forwarded_for("192.0.2.1");
    // The client at 127.0.0.2 is not counted; at 192.0.2.1 the second would be too many.
    let _sockets = [(); 2].map(|()| begins(&server, OTHER, b"", &spoofed).expect("a WebSocket"));
    server.logs("address=127.0.0.2");
    assert!(!server.log().contains("192.0.2.1"), "{}", server.log());
    let _real = opens(&server, "192.0.2.1").expect("the real one");
    // What a client put in front of what the proxy appends is not believed either.
    assert!(opens(&server, "192.0.2.7, 192.0.2.1").is_none());
    let two_lines = "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-For: 192.0.2.1\r\n";
    assert!(begins(&server, PROXY, b"", two_lines).is_none());
}

#[test]
fn requests_of_several_clients_share_a_connection() {
    let server = start(&["--connections-per-address", "1"]);
    let mut shared = connect(&server, PROXY);
    for client in ["192.0.2.1", "192.0.2.2", "192.0.2.1", "192.0.2.3"] {
        let headers = forwarded_for(client);
        let request = format!("GET /api/rooms HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n");
        assert_eq!(asks(&mut shared, request.as_bytes()), 200);
    }
    let last = upgrade(&forwarded_for("192.0.2.3"));
    assert_eq!(asks(&mut shared, last.as_bytes()), 101);
    // Requests were not counted; the WebSocket is, for the client that opened it.
    let _others = ["192.0.2.1", "192.0.2.2"].map(|client| opens(&server, client).expect(client));
    assert!(opens(&server, "192.0.2.3").is_none());
    drop(shared);
    until("there is room again", || opens(&server, "192.0.2.3").is_some());
}

#[test]
fn a_handshake_that_fails_leaves_no_count_behind() {
    let server = start(&["--connections-per-address", "1"]);
    let bad = upgrade(&forwarded_for("192.0.2.1")).replace("Version: 13", "Version: 12");
    for _ in 0..3 {
        until("the last one is gone", || asks(&mut connect(&server, PROXY), bad.as_bytes()) == 426);
    }
    until("nobody is counted", || opens(&server, "192.0.2.1").is_some());
}

#[test]
fn a_proxy_header_names_the_client_of_a_connection() {
    let server = start(&["--proxy-protocol", "on", "--connections-per-address", "1"]);
    let v4 = |last: u8| [V2, b"\x21\x11\0\x0c", &[192, 0, 2, last], &[0; 8]].concat();
    let v6 = |last: u8| [V2, b"\x21\x21\0\x24\x20\x01\x0d\xb8", &[last; 32]].concat();
    let one = begins(&server, PROXY, &line("192.0.2.1"), "").expect("the first");
    let _two = begins(&server, PROXY, &v4(2), "").expect("another network");
    let _six = begins(&server, PROXY, &v6(7), "").expect("another network");
    server.logs("address=192.0.2.1");
    server.logs("address=192.0.2.2");
    server.logs("address=2001:db8:707:");
    for taken in [line("192.0.2.1"), line("192.0.2.2"), v4(1), v4(2), v6(7)] {
        assert!(begins(&server, PROXY, &taken, "").is_none());
        // Whatever is asked then has this answer.
        let get = [&taken[..], b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"].concat();
        assert_eq!(asks(&mut connect(&server, PROXY), &get), 429);
    }
    // The client of such a connection is no proxy: what it says itself is not believed.
    assert!(begins(&server, PROXY, &line("192.0.2.1"), &forwarded_for("192.0.2.9")).is_none());
    let _three = begins(&server, PROXY, &line("192.0.2.3"), &forwarded_for("192.0.2.9"));
    server.logs("address=192.0.2.3");
    assert!(!server.log().contains("192.0.2.9"), "{}", server.log());
    drop(one);
    until("there is room again", || begins(&server, PROXY, &v4(1), "").is_some());
}

#[test]
fn a_proxy_header_without_an_address_keeps_the_proxys() {
    let server = start(&["--proxy-protocol", "on", "--connections-per-address", "1"]);
    let unknown: &[u8] = b"PROXY UNKNOWN\r\n";
    let spoofed = forwarded_for("192.0.2.9");
    for first in [LOCAL.concat(), unknown.to_vec()].iter().flat_map(|it| [it, it]) {
        drop(begins(&server, PROXY, first, &spoofed).expect("a WebSocket"));
    }
    server.logs("address=127.0.0.1");
    assert!(!server.log().contains("192.0.2.9"), "{}", server.log());
}

#[test]
fn a_trusted_proxy_behind_another_is_trusted() {
    let trusted = ["--trusted-proxy", "127.0.0.1,10.0.0.0/8", "--connections-per-address", "1"];
    let server = Server::start(&[&trusted[..], &["--proxy-protocol", "on"]].concat());
    let inner = line("10.0.0.1");
    let chain = forwarded_for("192.0.2.1, 10.0.0.2");
    let _one = begins(&server, PROXY, &inner, &chain).expect("the first");
    server.logs("address=192.0.2.1");
    assert!(begins(&server, PROXY, &inner, &chain).is_none());
    assert!(begins(&server, PROXY, &line("192.0.2.1"), "").is_none());
    let _two = begins(&server, PROXY, &inner, &forwarded_for("192.0.2.2")).expect("another");
    // Proxies are not counted, even if nothing leads beyond them.
    let ends = ["", &forwarded_for("10.0.0.3, 10.0.0.2"), &forwarded_for("10.0.0.3"), ""];
    let sockets = ends.map(|headers| begins(&server, PROXY, &inner, headers).expect("a proxy"));
    server.logs("address=10.0.0.1");
    server.logs("address=10.0.0.3");
    drop(sockets);
}

#[test]
fn refusals_above_the_connection_limit_are_limited() {
    let server = start(&["--proxy-protocol", "on", "--connections-per-address", "1"]);
    let one = begins(&server, PROXY, &line("192.0.2.1"), "").expect("the first");
    let mut surplus: Vec<TcpStream> = (0..33).map(|_| connect(&server, PROXY)).collect();
    for stream in &mut surplus {
        stream.write_all(&line("192.0.2.1")).unwrap();
    }
    let get = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let statuses = surplus.iter_mut().map(|stream| asks(stream, get));
    let mut statuses: Vec<u16> = statuses.collect();
    statuses.sort_unstable();
    assert_eq!(statuses[..2], [0, 429]);
    assert_eq!(statuses[32], 429);
    drop((one, surplus));
    until("there is room again", || begins(&server, PROXY, &line("192.0.2.1"), "").is_some());
}

#[test]
fn a_proxy_header_must_come_first_and_be_valid() {
    let server = start(&["--proxy-protocol", "on"]);
    let get = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for bytes in [
        get.to_owned(),
        format!("PROXY TCP4 192.0.2.1\r\n{get}"),
        format!("PROXY UNKNOWN {}", "x".repeat(200)),
        format!("\r\n\r\n\0\r\nQUIT\n\x21\x11\x02\x09{}", "x".repeat(0x209)),
        "\x16\x03\x01".to_owned(),
    ] {
        assert_eq!(asks(&mut connect(&server, PROXY), bytes.as_bytes()), 0, "{bytes:?}");
    }
    server.logs("bad PROXY header proxy=127.0.0.1 fault=not a PROXY header");
    server.logs("fault=the header is too long");
    // One that ends in the middle of it is gone without a word, too.
    let mut stream = connect(&server, PROXY);
    stream.write_all(b"PROXY TCP4 192").unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(asks(&mut stream, b""), 0);
    // A repeated one is no request.
    let twice = [line("192.0.2.1"), line("192.0.2.2"), get.into()].concat();
    assert_eq!(asks(&mut connect(&server, PROXY), &twice), 400);
}

#[test]
fn a_proxy_header_is_refused_where_it_is_not_expected() {
    for (arguments, from) in [(&["--proxy-protocol", "on"][..], OTHER), (&[], PROXY)] {
        let server = start(arguments);
        let get = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n".as_bytes();
        for first in [line("192.0.2.1"), LOCAL.concat()] {
            let bytes = [first.as_slice(), get].concat();
            assert_eq!(asks(&mut connect(&server, from), &bytes), 400);
        }
        assert_eq!(asks(&mut connect(&server, from), get), 200);
        assert!(!server.log().contains("192.0.2.1"), "{}", server.log());
    }
}

#[test]
fn a_proxy_header_can_arrive_byte_by_byte() {
    let server = start(&["--proxy-protocol", "on"]);
    let v2 = [V2, b"\x21\x11\0\x0f\xc0\0\x02\x02", &[0; 11]].concat();
    for (first, logged) in [(line("192.0.2.1"), "address=192.0.2.1"), (v2, "address=192.0.2.2")] {
        let mut stream = connect(&server, PROXY);
        for byte in first {
            stream.write_all(&[byte]).unwrap();
        }
        assert_eq!(asks(&mut stream, upgrade("").as_bytes()), 101);
        server.logs(logged);
    }
}

#[test]
fn a_proxy_header_has_the_deadline_of_the_handshake() {
    let server = start(&["--proxy-protocol", "on", "--limit", "handshake_within=2s"]);
    for first in [&b""[..], b"PROXY TCP4 192.0.2", V2] {
        assert_eq!(asks(&mut connect(&server, PROXY), first), 0, "{first:?}");
    }
    // With a header, the request has begun and is answered.
    assert_eq!(asks(&mut connect(&server, PROXY), &line("192.0.2.1")), 408);
}

#[test]
fn query_rates_apply_per_client_behind_a_proxy() {
    let server = start(&["--http-query-rate-limit", "1", "--limit", "requests_burst_max=2"]);
    let get = |from, path: &str, client: &str| {
        let headers = forwarded_for(client);
        let text =
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n");
        let mut stream = connect(&server, from);
        stream.write_all(text.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let limited = (0..5).map(|_| get(PROXY, "/api/rooms", "192.0.2.1"));
    let limited = limited.skip(2).find(|it| !it.starts_with("HTTP/1.1 200 ")).expect("a limit");
    let (head, body) = limited.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 429 ") && head.contains("Retry-After: 1"), "{head}");
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!((&body["code"], &body["retryable"]), (&json!("rate_limited"), &json!(true)));
    assert!(body["retry_after_ms"].is_u64(), "{body}");
    assert!(get(PROXY, "/api/rooms", "192.0.2.2").starts_with("HTTP/1.1 200 "));
    assert!(get(PROXY, "/healthz", "192.0.2.1").starts_with("HTTP/1.1 200 "));
    // Who is not believed pays for itself, loopback too.
    let other = (0..5).map(|n| get(OTHER, "/api/rooms", &format!("192.0.2.{}", 100 + n)));
    assert!(other.skip(2).any(|it| it.starts_with("HTTP/1.1 429 ")));
}

#[test]
fn anybody_can_ask_what_the_server_sees_of_the_client() {
    let server = start(&["--auth", "required"]);
    let asked = |headers: &str, from| {
        let mut stream = connect(&server, from);
        let head = "GET /api/client HTTP/1.1\r\nConnection: close\r\n";
        stream.write_all(format!("{head}{headers}\r\n").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 ") && head.contains("no-store"), "{head}");
        serde_json::from_str::<Value>(body).unwrap()
    };
    let forwarded = "Host: chat.localhost:99\r\nX-Forwarded-For: 192.0.2.7\r\n\
                     X-Forwarded-Proto: https\r\n";
    let seen = json!({"address": "192.0.2.7", "secure": true, "host": "chat.localhost:99"});
    assert_eq!(asked(forwarded, PROXY), seen);
    let direct = json!({"address": "127.0.0.2", "secure": false, "host": "chat.localhost:99"});
    assert_eq!(asked(forwarded, OTHER), direct);
}

#[test]
fn the_public_url_is_a_name_of_this_server() {
    let server = start(&["--public-url", "https://chat.example/talk/"]);
    let get = |path: &str, headers: &str| {
        let head = format!("GET {path} HTTP/1.1\r\nConnection: close\r\n{headers}\r\n");
        server.exchange(head.as_bytes())
    };
    let page = get("/stats", "Host: localhost\r\n");
    assert!(page.contains("\r\nLink: <https://chat.example/talk/stats>; rel=\"canonical\"\r\n"));
    assert!(!get("/app.js", "Host: localhost\r\n").contains("\r\nLink: "));
    // A proxy that replaces the host.
    let origin = "Host: localhost\r\nOrigin: https://chat.example\r\n";
    assert!(get("/api/rooms", origin).starts_with("HTTP/1.1 200 "));
    let evil = "Host: localhost\r\nOrigin: https://evil.example\r\n";
    assert!(get("/api/rooms", evil).starts_with("HTTP/1.1 403 "));
    // A client on this machine that asks by that name.
    let other = |host: &str| {
        let mut stream = connect(&server, OTHER);
        asks(&mut stream, format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes())
    };
    assert_eq!([other("chat.example"), other("evil.example")], [200, 421]);
}
