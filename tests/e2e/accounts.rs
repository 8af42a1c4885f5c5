//! Accounts over HTTP: registration, login, logout, admission.

use std::io::{Read as _, Write as _};
use std::time::Instant;

use serde_json::{Value, json};

use crate::api::{Answer, request};
use crate::client::{Client, PATIENCE, Server};
use crate::data::{Data, text, until};

pub const PASSWORD: &str = "correct horse";

/// Posts JSON.
pub fn post(server: &Server, path: &str, headers: &str, body: &Value) -> Answer {
    let headers = format!("Content-Type: application/json\r\n{headers}");
    request(server, &format!("POST {path}"), &headers, &body.to_string())
}

pub fn register(server: &Server, name: &str) -> Answer {
    post(server, "/api/register", "", &json!({ "name": name, "password": PASSWORD }))
}

pub fn log_in(server: &Server, name: &str, password: &str) -> Answer {
    post(server, "/api/login", "", &json!({ "name": name, "password": password }))
}

pub fn token(answer: &Answer) -> String {
    let token = answer.body["token"].as_str();
    token.unwrap_or_else(|| panic!("no token: {} {}", answer.head, answer.body)).to_owned()
}

pub fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}\r\n")
}

/// Asks for a WebSocket and gives the status of the answer.
pub fn knocks(server: &Server, query: &str, headers: &str) -> u16 {
    let mut stream = server.tcp();
    let head = format!(
        "GET /ws?{query} HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{headers}\r\n",
        server.address
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut start = [0; 12];
    stream.read_exact(&mut start).unwrap();
    String::from_utf8_lossy(&start[9..]).parse().unwrap()
}

/// Comes in with a token in a cookie.
pub fn with_cookie(server: &Server, token: &str) -> Client {
    server.join_with("/ws", &[("Cookie", &format!("theme=dark; chinwag={token}"))])
}

#[test]
fn registration_sets_a_cookie_that_gives_the_name() {
    let server = Server::start(&[]);
    let made = register(&server, " Alice ");
    assert_eq!((made.status, &made.body["name"]), (201, &json!("Alice")), "{}", made.body);
    let token = token(&made);
    assert_eq!(
        made.header("set-cookie"),
        Some(&*format!(
            "chinwag={token}; HttpOnly; SameSite=Strict; Path=/; Max-Age={}",
            30 * 24 * 60 * 60
        ))
    );
    assert_eq!(made.header("cache-control"), Some("no-store"));
    let mut alice = with_cookie(&server, &token);
    let welcome = &alice.welcome["payload"];
    assert_eq!((&welcome["you"], &welcome["account"]), (&json!("Alice"), &json!(true)));
    assert_eq!(welcome["session"], Value::Null);
    let guest = server.join("name=alice");
    assert_eq!(guest.welcome["payload"]["you"], "alice-2");
    let cookie = format!("Cookie: chinwag={token}\r\n");
    let said = post(&server, "/api/rooms/lobby/messages", &cookie, &json!({ "content": "hi" }));
    assert_eq!(said.status, 201, "{}", said.body);
    assert_eq!(alice.hears("hi")["payload"]["sender"], "Alice");
}

#[test]
fn a_cookie_set_over_tls_is_secure() {
    let server = Server::start(&["--trusted-proxy", "loopback"]);
    for (name, headers, secure) in [
        ("A", "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\n".to_owned(), true),
        ("B", format!("Origin: https://{}\r\n", server.address), true),
        ("C", format!("Origin: http://{}\r\n", server.address), false),
    ] {
        let body = json!({ "name": name, "password": PASSWORD });
        let made = post(&server, "/api/register", &headers, &body);
        let cookie = made.header("set-cookie").unwrap();
        assert_eq!(cookie.ends_with("; Secure"), secure, "{cookie}");
        let headers = format!("{headers}{}", bearer(&token(&made)));
        let left = request(&server, "POST /api/logout", &headers, "");
        assert_eq!(left.header("set-cookie").unwrap().ends_with("; Secure"), secure);
    }
}

#[test]
fn a_wrong_password_and_an_unknown_name_are_answered_alike() {
    let server = Server::start(&[]);
    register(&server, "Alice");
    let right = log_in(&server, "Alice", PASSWORD);
    assert_eq!((right.status, &right.body["name"]), (200, &json!("Alice")));
    assert_eq!(with_cookie(&server, &token(&right)).welcome["payload"]["you"], "Alice");
    assert_eq!(log_in(&server, "ALICE", PASSWORD).body["name"], "Alice");
    let wrong = log_in(&server, "Alice", "correct house");
    let nobody = log_in(&server, "Nobody", PASSWORD);
    assert_eq!((wrong.status, nobody.status), (401, 401));
    assert_eq!(wrong.body, nobody.body);
    let undated = |head: &str| {
        let (before, date) = head.split_once("\r\nDate: ").unwrap();
        before.to_owned() + date.split_once("\r\n").unwrap().1
    };
    assert_eq!(undated(&wrong.head), undated(&nobody.head));
    assert_eq!(wrong.header("set-cookie"), None);
}

#[test]
fn after_too_many_guesses_even_the_right_password_has_to_wait() {
    let server = Server::start(&["--limit", "login_burst=2", "--limit", "login_every=10s"]);
    register(&server, "Alice");
    let began = Instant::now();
    for name in ["Alice", "alice"] {
        assert_eq!(log_in(&server, name, "a wrong one").status, 401);
    }
    let refused = log_in(&server, "Аlice", PASSWORD);
    assert_eq!((refused.status, &refused.body["code"]), (429, &json!("rate_limited")));
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=10).contains(&wait), "{wait}");
    // Other accounts are not affected.
    assert_eq!(log_in(&server, "Bob", "a wrong one").status, 401);
    until("the right password is good again", || log_in(&server, "Alice", PASSWORD).status == 200);
    assert!(began.elapsed().as_secs() >= 2);
    assert_eq!(log_in(&server, "Alice", "a wrong one").status, 401, "failures are forgotten");
}

#[test]
fn of_two_simultaneous_registrations_one_succeeds() {
    let data = Data::new();
    let server = data.start(&[]);
    let body = json!({ "name": "Alice", "password": PASSWORD }).to_string();
    let head = format!(
        "POST /api/register HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        server.address,
        body.len()
    );
    let mut streams = [(); 2].map(|()| server.tcp());
    for stream in &mut streams {
        stream.write_all(head.as_bytes()).unwrap();
    }
    let mut statuses = streams.map(|mut stream| {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer[9..12].to_owned()
    });
    statuses.sort();
    assert_eq!(statuses, ["201", "409"]);
    assert_eq!(register(&server, "A1ice").status, 409, "what looks alike is the same name");
    let guest = server.join("name=Guest");
    assert_eq!(register(&server, "guest").status, 409);
    drop(guest);
}

#[test]
fn a_guest_registers_the_name_it_has_and_goes_on_as_the_account() {
    let server = Server::start(&[]);
    let mut alice = server.join("name=Alice");
    let mut bob = server.join("name=Bob");
    let body = json!({ "name": "Alice", "password": PASSWORD });
    let made = post(&server, "/api/register", &bearer(&alice.session()), &body);
    assert_eq!(made.status, 201, "{}", made.body);
    let other = json!({ "name": "Bob", "password": PASSWORD });
    let taken = post(&server, "/api/register", &bearer(&alice.session()), &other);
    assert_eq!((taken.status, &taken.body["code"]), (409, &json!("name_taken")));
    alice.send(json!({ "type": "auth", "id": "a1", "payload": { "token": token(&made) } }));
    assert_eq!(alice.until("ack")["payload"]["you"], "Alice");
    alice.say("still me");
    assert_eq!(bob.hears("still me")["payload"]["sender"], "Alice");
}

#[test]
fn correct_logins_cost_a_tenth_of_wrong_ones() {
    let limits = ["--limit", "login_network_burst=3", "--limit", "login_network_every=1h"];
    let server = Server::start(&limits);
    // This is the price of ten logins, which leaves that of twenty.
    register(&server, "Alice");
    for _ in 0..11 {
        assert_eq!(log_in(&server, "Alice", PASSWORD).status, 200);
    }
    // Nine are left, and an attempt needs ten before it is known to be right.
    let refused = log_in(&server, "Alice", PASSWORD);
    assert_eq!((refused.status, &refused.body["code"]), (429, &json!("rate_limited")));
}

#[test]
fn a_logout_ends_the_login_on_all_connections_for_good() {
    let data = Data::new();
    let mut server = data.start(&[]);
    let first = token(&register(&server, "Alice"));
    let other = token(&log_in(&server, "Alice", PASSWORD));
    let mut socket = with_cookie(&server, &first);
    let mut kept = with_cookie(&server, &other);
    let cookie = format!("Cookie: chinwag={first}\r\n");
    let left = request(&server, "POST /api/logout", &cookie, "");
    assert_eq!(left.status, 204, "{}", left.head);
    let cleared = "chinwag=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0";
    assert_eq!(left.header("set-cookie"), Some(cleared));
    assert_eq!(socket.closed().0, 4001);
    kept.settle();
    // A browser that still has the cookie can lose it.
    assert_eq!(request(&server, "POST /api/logout", &cookie, "").status, 204);
    for _ in 0..2 {
        for (query, headers) in
            [(format!("token={first}"), String::new()), (String::new(), bearer(&first))]
        {
            assert_eq!(knocks(&server, &query, &headers), 401);
            for line in [
                format!("GET /api/rooms?{query}"),
                format!("GET /api/rooms/lobby/messages?{query}"),
                format!("POST /api/logout?{query}"),
            ] {
                assert_eq!(request(&server, &line, &headers, "").status, 401, "{line}");
            }
        }
        let mut guest = with_cookie(&server, &first);
        assert_ne!(guest.welcome["payload"]["you"], "Alice");
        assert_eq!(text(&guest.until("error"), "code"), "unauthorized");
        guest.send(json!({ "type": "auth", "id": "a1", "payload": first }));
        let error = guest.until("error");
        assert_eq!((&error["re"], text(&error, "code")), (&json!("a1"), "unauthorized"));
        server.kill();
        server = data.start(&[]);
        assert_eq!(with_cookie(&server, &other).welcome["payload"]["you"], "Alice");
    }
}

#[test]
fn logouts_of_an_account_are_limited() {
    let server = Server::start(&["--limit", "logouts_max=1"]);
    let tokens = [token(&register(&server, "Alice")), token(&log_in(&server, "Alice", PASSWORD))];
    let [first, second] = tokens.map(|it| request(&server, "POST /api/logout", &bearer(&it), ""));
    assert_eq!((first.status, second.status), (204, 503));
    let bob = token(&register(&server, "Bob"));
    assert_eq!(request(&server, "POST /api/logout", &bearer(&bob), "").status, 204);
}

#[test]
fn refused_registrations_and_logins_are_explained() {
    let server = Server::start(&[]);
    let with = |name: &str, password: &str| json!({ "name": name, "password": password });
    let long = "x".repeat(1025);
    for (path, body, status, code) in [
        ("register", json!({}), 400, "bad_field"),
        ("register", json!([]), 400, "bad_field"),
        ("register", json!({ "name": "Alice", "password": 7 }), 400, "bad_field"),
        ("register", with("Alice", "short"), 400, "bad_field"),
        ("register", with("Alice", &long), 413, "too_long"),
        ("register", with("*", PASSWORD), 400, "name_invalid"),
        ("register", with(&"x".repeat(200), PASSWORD), 400, "name_invalid"),
        ("login", json!({ "name": "Alice" }), 400, "bad_field"),
        ("login", with("Alice", &long), 413, "too_long"),
        ("login", with(&long, PASSWORD), 400, "name_invalid"),
    ] {
        let answer = post(&server, &format!("/api/{path}"), "", &body);
        assert_eq!((answer.status, &answer.body["code"]), (status, &json!(code)), "{body}");
    }
    for path in ["/api/register", "/api/login"] {
        let line = format!("POST {path}");
        let body = with("Alice", PASSWORD).to_string();
        for kind in ["text/plain", "application/x-www-form-urlencoded"] {
            let answer = request(&server, &line, &format!("Content-Type: {kind}\r\n"), &body);
            assert_eq!(answer.status, 415);
        }
        assert_eq!(request(&server, &line, "", "{\"name\":").body["code"], "bad_json");
        let foreign = post(&server, path, "Origin: https://evil.example\r\n", &json!({}));
        assert_eq!(foreign.status, 403);
        let get = request(&server, &format!("GET {path}"), "", "");
        assert_eq!((get.status, get.header("allow")), (405, Some("POST, OPTIONS")));
        assert_eq!(request(&server, &format!("OPTIONS {path}"), "", "").status, 204);
    }
    let closed = Server::start(&["--registration", "off"]);
    let refused = register(&closed, "Alice");
    assert_eq!((refused.status, &refused.body["code"]), (403, &json!("forbidden")));
}

#[test]
fn abandoned_password_jobs_leave_nothing() {
    let server =
        Server::start(&["--limit", "password_jobs_max=1", "--limit", "login_network_burst=1000"]);
    let body = json!({ "name": "Alice", "password": PASSWORD }).to_string();
    let head = format!(
        "POST /api/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut busy = 0;
    let began = Instant::now();
    while busy < 3 {
        assert!(began.elapsed() < PATIENCE, "the queue is never full");
        // One that goes away at once, and one that is told that another is in front of it.
        server.tcp().write_all(head.as_bytes()).unwrap();
        let answer = register(&server, "Bob");
        match answer.status {
            503 => {
                assert_eq!(answer.body["code"], "overloaded");
                assert!(answer.header("retry-after").is_some());
                busy += 1;
            }
            status => assert!([201, 409].contains(&status), "{status}"),
        }
    }
    until("there is room again", || log_in(&server, "Nobody", PASSWORD).status == 401);
}

#[test]
fn hashing_a_password_delays_nobody() {
    let server = Server::start(&[
        "--limit",
        "password_memory_bytes=128MiB",
        "--limit",
        "password_passes=16",
    ]);
    let mut alice = server.join("name=Alice");
    let body = json!({ "name": "Nobody", "password": PASSWORD }).to_string();
    let length = body.len();
    let head =
        format!("POST /api/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n");
    let mut stream = server.tcp();
    stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
    assert_eq!(alice.post("c1", "meanwhile")["seq"], 1);
    stream.set_nonblocking(true).unwrap();
    let early = stream.read(&mut [0]).unwrap_err();
    assert_eq!(early.kind(), std::io::ErrorKind::WouldBlock);
    stream.set_nonblocking(false).unwrap();
    let mut start = [0; 12];
    stream.read_exact(&mut start).unwrap();
    assert_eq!(&start, b"HTTP/1.1 401");
}
