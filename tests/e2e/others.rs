//! Other programs: old and odd forms of requests, and their answers.

use std::io::{Read, Write};

use crate::client::Server;

/// Returns an opening handshake with this request line and these lines more.
fn handshake(line: &str, more: &str) -> Vec<u8> {
    format!(
        "{line}\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEC==\r\nSec-WebSocket-Version: 13\r\n{more}\r\n"
    )
    .into_bytes()
}

fn opens(server: &Server, request: &[u8]) -> bool {
    let mut stream = server.tcp();
    stream.write_all(request).unwrap();
    let mut start = [0; 12];
    stream.read_exact(&mut start).unwrap();
    &start == b"HTTP/1.1 101"
}

/// Sends a request that is the last on its connection; returns the status, the head and the body.
fn asks(server: &Server, request: &str) -> (u16, String, String) {
    let answer = server.exchange(request.as_bytes());
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head.to_owned(), body.to_owned())
}

#[test]
fn http_1_0_is_answered_and_closed() {
    let server = Server::start(&[]);
    for (request, expected) in [
        ("GET / HTTP/1.0\r\n\r\n", 200),
        ("GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 200),
        // The default check of HAProxy.
        ("OPTIONS / HTTP/1.0\r\n\r\n", 204),
        ("OPTIONS * HTTP/1.0\r\n\r\n", 204),
        ("OPTIONS /readyz HTTP/1.0\r\n\r\n", 200),
        ("GET /api/rooms HTTP/1.0\r\n\r\n", 200),
    ] {
        let (status, head, _) = asks(&server, request);
        assert_eq!(status, expected, "{request}: {head}");
        assert!(head.contains("\r\nConnection: close"), "{head}");
        assert!(head.contains("\r\nDate: "), "{head}");
    }
    for path in ["/", "/ws"] {
        let line = format!("GET {path} HTTP/1.0");
        let answer = server.exchange(&handshake(&line, ""));
        assert!(answer.starts_with("HTTP/1.1 426 "), "{answer}");
    }
}

#[test]
fn an_upgrade_at_the_root_is_one_at_ws() {
    let server = Server::start(&[]);
    for line in ["GET / HTTP/1.1", "GET /?name=Ann HTTP/1.1", "GET /ws HTTP/1.1"] {
        assert!(opens(&server, &handshake(line, "")), "{line}");
    }
    assert!(!opens(&server, &handshake("GET / HTTP/1.1", "Origin: https://evil.example\r\n")));
}

#[test]
fn an_offer_of_http_2_is_ignored() {
    let server = Server::start(&[]);
    let offer = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\n\
        Upgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAB\r\n\r\n";
    let last = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let answer = server.exchange(format!("{offer}{offer}{last}").as_bytes());
    assert_eq!(answer.matches("HTTP/1.1 200 OK").count(), 3, "{answer}");
}

#[test]
fn a_chunked_post_is_accepted() {
    let server = Server::start(&[]);
    let head = "POST /api/rooms/lobby/messages HTTP/1.1\r\nHost: localhost\r\n\
        Content-Type: application/json\r\nConnection: close\r\n";
    let chunked = "Transfer-Encoding: chunked\r\n\r\n\
        10\r\n{\"name\":\"Maya\",\"\r\ne\r\ncontent\":\"hi\"}\r\n0\r\nX: y\r\n\r\n";
    let (status, _, body) = asks(&server, &format!("{head}{chunked}"));
    assert_eq!(status, 201, "{body}");
    let (status, head, _) = asks(&server, &format!("{head}Content-Length: 3\r\n{chunked}"));
    assert_eq!(status, 400, "{head}");
}

#[test]
fn every_error_below_the_api_is_json() {
    let server = Server::start(&[]);
    let post = |headers: &str| {
        format!("POST /api/rooms/lobby/messages HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n")
    };
    let close = "Host: localhost\r\nConnection: close\r\n\r\n";
    for (request, expected) in [
        (format!("GET /api/nothing HTTP/1.1\r\n{close}"), 404),
        (format!("GET /api HTTP/1.1\r\n{close}"), 404),
        (format!("GET /api/ HTTP/1.1\r\n{close}"), 404),
        (format!("PUT /api/rooms HTTP/1.1\r\n{close}"), 405),
        (post("Content-Length: 9999999\r\n"), 413),
        (post("Transfer-Encoding: chunked\r\n\r\nfffffff\r\n"), 413),
        (post("Transfer-Encoding: gzip\r\n"), 501),
        (post("Content-Length: 3\r\nExpect: more\r\n"), 417),
        (post("Content-Length: x\r\n"), 400),
        (post(&"A: b\r\n".repeat(100)), 431),
        (
            post(
                "Connection: close\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x0b",
            ),
            415,
        ),
        ("GET /api/rooms HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n".into(), 421),
    ] {
        let (status, head, body) = asks(&server, &request);
        assert_eq!(status, expected, "{request}: {head}");
        assert!(head.contains("\r\nContent-Type: application/json"), "{request}: {head}");
        assert_eq!(head.matches("\r\nCache-Control: no-store").count(), 1, "{request}: {head}");
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert!(body["code"].is_string() && body["message"].is_string(), "{request}: {body}");
    }
    let (status, head, _) = asks(&server, &format!("GET /nothing HTTP/1.1\r\n{close}"));
    assert!(status == 404 && head.contains("text/plain"), "{head}");
}

#[test]
fn the_library_is_served_to_allowed_origins() {
    let server = Server::start(&["--allow-origin", "https://app.example"]);
    let get = |path: &str, origin: &str| {
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{origin}\r\n");
        asks(&server, &request).1
    };
    for path in ["/chinwag.js", "/client/connection.js"] {
        let head = get(path, "Origin: https://app.example\r\n");
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        assert!(head.contains("\r\nAccess-Control-Allow-Origin: https://app.example"), "{head}");
        assert!(head.contains("\r\nCross-Origin-Resource-Policy: cross-origin"), "{head}");
        assert!(!head.contains("same-origin"), "{head}");
        for origin in ["", "Origin: https://evil.example\r\n"] {
            let head = get(path, origin);
            assert!(!head.contains("Access-Control"), "{head}");
            assert!(head.contains("\r\nCross-Origin-Resource-Policy: same-origin"), "{head}");
            assert!(head.contains("\r\nVary: Origin"), "{head}");
        }
    }
    let page = get("/", "Origin: https://app.example\r\n");
    assert!(!page.contains("Access-Control"), "{page}");
}

#[test]
fn a_proxy_that_changes_the_host_is_reported() {
    let server = Server::start(&[]);
    let own = "Origin: https://chat.example\r\n";
    let answer = server.exchange(&handshake("GET /ws HTTP/1.1", own));
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    for part in ["https://chat.example may", "to localhost", "Host header"] {
        assert!(answer.contains(part), "{part}: {answer}");
    }
    server.logs("host=localhost");
}

#[test]
fn a_foreign_host_name_is_refused() {
    let get = |server: &Server, path: &str, host: &str| {
        asks(server, &format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"))
    };
    let server = Server::start(&[]);
    for path in ["/", "/ws", "/api/rooms", "/chinwag.js", "/nothing"] {
        let (status, _, body) = get(&server, path, "evil.test:8080");
        assert_eq!(status, 421, "{path}");
        for part in ["--allow-host evil.test ", "--trusted-proxy"] {
            assert!(body.contains(part), "{body}");
        }
    }
    server.logs("host=evil.test:8080");
    for host in ["localhost:1", "127.0.0.1", "[::1]:8080", "a.localhost"] {
        assert_eq!(get(&server, "/", host).0, 200, "{host}");
    }
    for path in ["/healthz", "/readyz"] {
        assert_eq!(get(&server, path, "evil.test").0, 200, "{path}");
    }
    let line = "GET /ws HTTP/1.1\r\nOrigin: http://evil.test";
    let rebound = String::from_utf8(handshake(line, "")).unwrap();
    let answer = server.exchange(rebound.replace("localhost", "evil.test").as_bytes());
    assert!(answer.starts_with("HTTP/1.1 421 "), "{answer}");

    let server = Server::start(&["--allow-host", "chat.example", "--trusted-proxy", "127.0.0.1"]);
    assert_eq!(get(&server, "/", "chat.example:99").0, 200);
    assert_eq!(get(&server, "/", "evil.test").0, 421);
    let server = Server::start(&["--trusted-proxy", "127.0.0.1"]);
    assert_eq!(get(&server, "/", "chat.example").0, 200);
}
