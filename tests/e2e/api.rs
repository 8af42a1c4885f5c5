//! `/api`: reading and posting without a WebSocket.

use std::io::{Read, Write};

use serde_json::{Value, json};

use crate::client::Server;

/// What came back of a request.
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Value,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }
}

pub fn request(server: &Server, line: &str, headers: &str, body: &str) -> Answer {
    let length =
        if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    let answer = server.exchange(
        format!(
            "{line} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{headers}{length}\r\n{body}",
            server.address
        )
        .as_bytes(),
    );
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    Answer {
        status: head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status"),
        head: head.to_owned(),
        body: serde_json::from_str(body).unwrap_or(Value::Null),
    }
}

fn get(server: &Server, path: &str) -> Answer {
    request(server, &format!("GET {path}"), "", "")
}

fn post(server: &Server, room: &str, headers: &str, body: &Value) -> Answer {
    let line = format!("POST /api/rooms/{room}/messages");
    request(server, &line, headers, &body.to_string())
}

#[test]
fn posted_messages_are_broadcast_and_readable() {
    let server = Server::start(&[]);
    let mut alice = server.join("name=Alice");
    let answer = post(&server, "lobby", "", &json!({"content": "Hello", "name": "Bot"}));
    assert_eq!(answer.status, 201);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let ts = &answer.body["ts"];
    assert!(ts.is_u64());
    assert_eq!(
        answer.body,
        json!({"room": "lobby", "seq": 1, "mid": 1, "ts": ts, "durable": "memory",
               "duplicate": false})
    );
    let heard = alice.hears("Hello");
    assert_eq!((&heard["seq"], &heard["payload"]["sender"]), (&json!(1), &json!("Bot")));
    post(&server, "caf%C3%A9", "", &json!({"content": "Salut", "ttl": 60}));
    let rooms = get(&server, "/api/rooms");
    assert_eq!(rooms.status, 200);
    let mut listed = rooms.body["rooms"].clone();
    for room in listed.as_array_mut().unwrap() {
        assert!(room.as_object_mut().unwrap().remove("last").unwrap().is_u64());
    }
    assert_eq!(
        listed,
        json!([{"room": "lobby", "seq": 1, "users": 1, "topic": ""},
               {"room": "café", "seq": 1, "users": 0, "topic": ""}])
    );
    let page = get(&server, "/api/rooms/CAF%C3%89/messages").body;
    assert_eq!(page["messages"][0]["content"], "Salut");
    assert_eq!(page["messages"][0]["sender"], "Anonymous");
    assert!(page["messages"][0]["expires"].is_u64() && page["epoch"].is_string());
    let head = request(&server, "HEAD /api/rooms", "", "");
    assert_eq!((head.status, head.body), (200, Value::Null));
}

#[test]
fn a_record_is_read_page_by_page() {
    let server = Server::start(&[
        "--rate-limit",
        "off",
        "--limit",
        "history_max=5",
        "--history-default",
        "5",
    ]);
    for n in 1..=9 {
        assert_eq!(post(&server, "dev", "", &json!({"content": n.to_string()})).status, 201);
    }
    for (query, mids, more) in [
        ("", json!([5, 6, 7, 8, 9]), true),
        ("?after=2&limit=3", json!([3, 4, 5]), true),
        ("?after=7&before=&around=&limit=50", json!([8, 9]), false),
        ("?before=4", json!([1, 2, 3]), false),
        ("?around=5&limit=3", json!([4, 5, 6]), true),
    ] {
        let page = get(&server, &format!("/api/rooms/dev/messages{query}")).body;
        let messages = page["messages"].as_array().expect("messages").iter();
        let read: Vec<&Value> = messages.map(|it| &it["mid"]).collect();
        assert_eq!((json!(read), &page["more"]), (mids, &json!(more)), "{query}");
        assert_eq!(page["top"], 9);
    }
    let bad = get(&server, "/api/rooms/dev/messages?limit=many");
    assert_eq!((bad.status, &bad.body["code"]), (400, &json!("bad_field")));
    let none = get(&server, "/api/rooms/ops/messages");
    assert_eq!((none.status, &none.body["code"]), (404, &json!("no_such_room")));
    assert!(none.body["message"].is_string());
}

#[test]
fn a_repeated_id_gets_the_first_answer_and_another_body_a_conflict() {
    let server = Server::start(&[]);
    let mut alice = server.join("name=Alice");
    let session = alice.welcome["payload"]["session"].as_str().unwrap().to_owned();
    let bearer = format!("Authorization: Bearer {session}\r\nIdempotency-Key: k1\r\n");
    for headers in ["Idempotency-Key: k1\r\n", &bearer] {
        let hi = json!({"content": "hi", "name": "Bot"});
        let first = post(&server, "lobby", headers, &hi);
        assert_eq!((first.status, &first.body["duplicate"]), (201, &json!(false)));
        let again = post(&server, "lobby", headers, &hi);
        assert_eq!((again.status, &again.body["duplicate"]), (201, &json!(true)));
        assert_eq!(first.body["seq"], again.body["seq"]);
        let other = post(&server, "lobby", headers, &json!({"content": "ho", "name": "Bot"}));
        assert_eq!((other.status, &other.body["code"]), (409, &json!("id_conflict")));
        assert_eq!(other.body["text"], "ho");
    }
    assert_eq!(alice.hears("hi")["payload"]["sender"], "Bot");
    assert_eq!(alice.hears("hi")["payload"]["sender"], "Alice");
    // The session's ids are the same whichever way they come.
    let ack = alice.post("k1", "hi");
    assert_eq!((&ack["seq"], &ack["payload"]["duplicate"]), (&json!(2), &json!(true)));
}

#[test]
fn user_commands_report_refusals_of_the_server() {
    let server = Server::start(&["--rate-limit", "off"]);
    let hi = json!({"content": "hi"});
    let long = json!({"content": "x".repeat(4001)});
    let json_only = "Content-Type: text/plain\r\n";
    for (room, headers, body, status, code) in [
        ("a", "", &json!({}), 400, "missing_field"),
        ("a", "", &json!([1]), 400, "bad_json"),
        ("a", "", &json!({"content": 1}), 400, "bad_field"),
        ("a", "", &json!({"content": "hi", "ttl": 1}), 400, "bad_field"),
        ("a", "", &json!({"content": "hi", "name": "\u{202e}x"}), 400, "name_invalid"),
        ("a", "", &long, 413, "too_long"),
        ("a", "Idempotency-Key:\r\n", &hi, 400, "bad_field"),
        ("a", json_only, &hi, 415, "bad_json"),
        ("%40Bob", "", &hi, 401, "unauthorized"),
        ("%zz", "", &hi, 400, "bad_field"),
        ("a", "Authorization: Bearer nobody\r\n", &hi, 401, "unauthorized"),
    ] {
        let answer = post(&server, room, headers, body);
        assert_eq!((answer.status, &answer.body["code"]), (status, &json!(code)), "{body}");
        assert_eq!(answer.body["retryable"], false);
        assert_eq!(answer.header("www-authenticate").is_some(), status == 401);
    }
    for (line, status, allow) in [
        ("DELETE /api/rooms/a/messages", 405, Some("GET, HEAD, POST, OPTIONS")),
        ("POST /api/rooms", 405, Some("GET, HEAD, OPTIONS")),
        ("OPTIONS /api/rooms", 204, Some("GET, HEAD, OPTIONS")),
        ("GET /api/nothing", 404, None),
    ] {
        let answer = request(&server, line, "", "");
        assert_eq!((answer.status, answer.header("allow")), (status, allow), "{line}");
    }
    assert_eq!(get(&server, "/api/rooms").body["rooms"], json!([]));
}

#[test]
fn a_flood_is_refused_with_a_wait() {
    let server = Server::start(&["--rate-limit", "1", "--limit", "sends_burst_max=2"]);
    let mut alice = server.join("name=Alice");
    let session = alice.welcome["payload"]["session"].as_str().unwrap().to_owned();
    let hi = json!({"content": "hi"});
    let limited = (0..5).map(|_| post(&server, "lobby", "", &hi)).find(|it| it.status != 201);
    let limited = limited.expect("a limit");
    assert_eq!((limited.status, &limited.body["code"]), (429, &json!("rate_limited")));
    assert_eq!(limited.body["text"], "hi");
    assert_eq!(limited.header("retry-after"), Some("1"));
    let bearer = format!("Authorization: Bearer {session}\r\n");
    assert_eq!(post(&server, "lobby", &bearer, &json!({"content": "mine"})).status, 201);
    alice.hears("mine");
}

#[test]
fn foreign_origins_need_permission() {
    let server = Server::start(&["--allow-origin", "https://app.example"]);
    let hi = json!({"content": "hi"});
    let foreign = post(&server, "lobby", "Origin: https://evil.example\r\n", &hi);
    assert_eq!((foreign.status, &foreign.body["code"]), (403, &json!("forbidden")));
    assert_eq!(foreign.header("access-control-allow-origin"), None);
    let friend = "Origin: https://app.example\r\n";
    for answer in [
        post(&server, "lobby", friend, &hi),
        request(&server, "GET /api/rooms", friend, ""),
        request(&server, "GET /api/rooms/none/messages", friend, ""),
        request(&server, "OPTIONS /api/rooms/lobby/messages", friend, ""),
    ] {
        let allowed = answer.header("access-control-allow-origin");
        assert_eq!(allowed, Some("https://app.example"), "{}", answer.head);
        assert_eq!(answer.header("vary"), Some("Origin"));
        if answer.status == 204 {
            let headers = answer.header("access-control-allow-headers");
            assert_eq!(headers, Some("Authorization, Content-Type, Idempotency-Key"));
            let methods = answer.header("access-control-allow-methods");
            assert_eq!(methods, Some("GET, HEAD, POST, OPTIONS"));
        }
    }
    assert_eq!(request(&server, "GET /api/rooms", "", "").header("vary"), None);
}

#[test]
fn requests_on_one_connection_are_answered_in_order_and_one_that_goes_leaves_nothing() {
    let server = Server::start(&[]);
    let mut alice = server.join("name=Alice");
    let post = |content: &str| {
        let body = json!({"content": content, "name": "Bot"}).to_string();
        let (host, length) = (&server.address, body.len());
        format!(
            "POST /api/rooms/lobby/messages HTTP/1.1\r\nHost: {host}\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        )
    };
    let rooms = format!("GET /api/rooms HTTP/1.1\r\nHost: {}\r\n", server.address);
    let all = format!("{}{rooms}\r\n{}{rooms}Connection: close\r\n\r\n", post("1"), post("2"));
    let answers = server.exchange(all.as_bytes());
    let statuses: Vec<&str> = answers.split("HTTP/1.1 ").skip(1).map(|it| &it[..3]).collect();
    assert_eq!(statuses, ["201", "200", "201", "200"], "{answers}");
    // One that closes at once, and one that has said all and still reads.
    let mut stream = server.tcp();
    stream.write_all(post("3").as_bytes()).unwrap();
    drop(stream);
    let mut stream = server.tcp();
    stream.write_all(post("4").as_bytes()).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    alice.hears("4");
    let bot = server.join("name=Bot");
    assert_eq!(bot.welcome["payload"]["renamed"], false);
}
