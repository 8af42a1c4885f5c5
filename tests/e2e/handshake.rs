//! Opening handshakes, and other HTTP requests.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use crate::client::{PATIENCE, Server};

const KEY: &str = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";

fn handshake(change: impl Fn(&mut Vec<String>)) -> Vec<u8> {
    let mut lines: Vec<String> = [
        "GET /ws HTTP/1.1",
        "Host: 127.0.0.1",
        "Upgrade: websocket",
        "Connection: Upgrade",
        KEY,
        "Sec-WebSocket-Version: 13",
    ]
    .map(str::to_owned)
    .into();
    change(&mut lines);
    (lines.join("\r\n") + "\r\n\r\n").into_bytes()
}

fn without(name: &'static str) -> impl Fn(&mut Vec<String>) {
    move |lines| lines.retain(|line| !line.starts_with(name))
}

fn with(line: &'static str) -> impl Fn(&mut Vec<String>) {
    move |lines| lines.push(line.to_owned())
}

#[test]
fn a_bad_handshake_is_answered_with_the_reason() {
    let server = Server::start(&[]);
    let path =
        |path: &'static str| handshake(move |lines| lines[0] = format!("GET {path} HTTP/1.1"));
    let method =
        |method: &'static str| handshake(move |lines| lines[0] = format!("{method} /ws HTTP/1.1"));
    let long = format!("X-Long: {}", "x".repeat(9_000));
    let many: Vec<String> = (0..70).map(|n| format!("X-{n}: x")).collect();
    for (name, request, status, part) in [
        ("method", method("DELETE"), 405, "Allow: GET"),
        ("no upgrade", handshake(without("Upgrade")), 426, "Upgrade: websocket"),
        ("no version", handshake(without("Sec-WebSocket-V")), 426, "Sec-WebSocket-Version: 13"),
        ("no key", handshake(without("Sec-WebSocket-K")), 400, "Sec-WebSocket-Key"),
        ("no host", handshake(without("Host")), 400, "Host"),
        ("two hosts", handshake(with("Host: b")), 400, "Host"),
        (
            "two lengths",
            handshake(|it| it.extend(["Content-Length: 1".into(), "Content-Length: 2".into()])),
            400,
            "",
        ),
        (
            "length and chunked",
            handshake(|it| {
                it.extend(["Content-Length: 1".into(), "Transfer-Encoding: chunked".into()]);
            }),
            400,
            "",
        ),
        ("folded", handshake(with("X-A: b\r\n c")), 400, ""),
        ("NUL", handshake(with("X-A: b\0c")), 400, ""),
        ("bare LF", b"GET / HTTP/1.1\nHost: a\n\n".to_vec(), 400, "CR LF"),
        ("oversized", handshake(|lines| lines.push(long.clone())), 431, ""),
        ("many headers", handshake(|lines| lines.extend(many.clone())), 431, ""),
        ("unknown path", path("/nope"), 404, ""),
        ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(), 400, ""),
    ] {
        let answer = if name == "unknown path" {
            let mut request = request;
            request.truncate(request.len() - 2);
            request.extend(b"Connection: close\r\n\r\n");
            server.exchange(&request)
        } else {
            server.exchange(&request)
        };
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{name}: {answer}");
        assert!(answer.contains("Connection: close"), "{name}: {answer}");
        assert!(answer.contains(part), "{name}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{name}: one answer");
    }
    server.join("name=Alice").settle();
}

#[test]
fn a_foreign_origin_is_refused_with_the_setting_that_allows_it() {
    let server = Server::start(&[]);
    let answer = server.exchange(&handshake(with("Origin: https://evil.example")));
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    assert!(answer.contains("--allow-origin https://evil.example"), "{answer}");
    server.logs("evil.example");
    let allowing = Server::start(&["--allow-origin", "https://app.example"]);
    let mut stream = allowing.tcp();
    stream.write_all(&handshake(with("Origin: https://app.example"))).unwrap();
    let mut start = [0; 12];
    stream.read_exact(&mut start).unwrap();
    assert_eq!(&start, b"HTTP/1.1 101");
}

#[test]
fn a_handshake_that_trickles_in_is_cut_off_in_time() {
    let server = Server::start(&["--limit", "handshake_within=1s"]);
    let mut stream = server.tcp();
    let start = Instant::now();
    let mut answer = Vec::new();
    stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    for byte in b"GET /ws HTTP/1.1\r\nHost: localhost\r\n".iter().cycle() {
        let _ = stream.write_all(&[*byte]);
        let mut buffer = [0; 1024];
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => answer.extend(&buffer[..n]),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => break,
        }
        assert!(start.elapsed() < PATIENCE, "still open");
    }
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

#[test]
fn the_page_is_served_with_strict_headers() {
    let server = Server::start(&[]);
    let page = server.get("/");
    assert!(page.starts_with("HTTP/1.1 200 "), "{page}");
    let head = page.split("\r\n\r\n").next().unwrap().to_lowercase();
    assert!(head.contains("content-security-policy: default-src 'none'"), "{head}");
    assert!(!head.contains("unsafe"), "{head}");
    assert!(head.contains("x-content-type-options: nosniff"), "{head}");
    let tag = head.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap();
    let again = server.exchange(
        format!(
            "GET / HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: {tag}\r\nConnection: close\r\n\r\n"
        )
        .as_bytes(),
    );
    assert!(again.starts_with("HTTP/1.1 304 "), "{again}");
    let posted = server.exchange(
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    );
    assert!(posted.starts_with("HTTP/1.1 405 ") && posted.contains("Allow: GET"), "{posted}");
}

#[test]
fn odd_paths_find_nothing() {
    let server = Server::start(&[]);
    for path in ["/../Cargo.toml", "/%2e%2e/Cargo.toml", "/..%2fx", "//etc/passwd", "/%00", "/.git"]
    {
        let answer = server.get(path);
        assert!(
            answer.starts_with("HTTP/1.1 404 ") || answer.starts_with("HTTP/1.1 400 "),
            "{path}: {answer}"
        );
    }
}

#[test]
fn health_and_readiness_are_reported() {
    let server = Server::start(&[]);
    assert!(server.get("/healthz").starts_with("HTTP/1.1 200 "));
    assert!(server.get("/readyz").starts_with("HTTP/1.1 200 "));
}

#[test]
fn a_request_body_over_the_limit_is_refused_before_it_is_read() {
    let server = Server::start(&["--limit", "body_bytes_max=1KiB"]);
    let head = "POST /api/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1025\r\n\r\n";
    assert!(server.exchange(head.as_bytes()).starts_with("HTTP/1.1 413 "));
}

#[test]
fn a_handshake_can_be_split_anywhere() {
    let server = Server::start(&[]);
    let request = handshake(|_| {});
    for cut in (1..request.len()).step_by(7) {
        let mut stream = server.tcp();
        stream.write_all(&request[..cut]).unwrap();
        stream.write_all(&request[cut..]).unwrap();
        let mut start = [0; 12];
        stream.read_exact(&mut start).unwrap();
        assert_eq!(&start, b"HTTP/1.1 101", "cut at {cut}");
    }
}
