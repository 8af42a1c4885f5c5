//! A shutdown and the start after it: what clients see, and what they do not.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::client::Server;
use crate::data::Data;

/// Lets a client that does not answer the closing handshake hold up the end for ten minutes.
const SLOW_END: &[&str] = &["--drain", "1h", "--limit", "close_within=10m"];

fn upgrade(server: &Server) -> String {
    let host = &server.address;
    let head = format!(
        "GET /ws HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    );
    server.exchange(head.as_bytes())
}

/// Reads the head of a response, and its body by Content-Length.
fn response(stream: &mut TcpStream) -> String {
    let (mut all, mut byte) = (Vec::new(), [0]);
    while !all.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        all.push(byte[0]);
    }
    let head = String::from_utf8(all).unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
    let mut body = vec![0; length.unwrap_or("0").parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    head + String::from_utf8_lossy(&body).trim_end()
}

#[test]
fn while_the_server_ends_requests_are_answered_once_and_upgrades_are_refused() {
    let mut server = Server::start(SLOW_END);
    let _silent = server.join("name=Silent");
    let host = &server.address;
    let request = format!("GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n");
    let mut idle = server.tcp();
    idle.write_all(request.as_bytes()).unwrap();
    assert!(!response(&mut idle).contains("Connection: close"));
    let mut late = server.tcp();
    let (first, rest) = request.split_at(20);
    late.write_all(first.as_bytes()).unwrap();
    assert!(server.get("/readyz").starts_with("HTTP/1.1 200 "));

    server.signal("-TERM");
    server.logs("draining");
    assert_eq!(idle.read(&mut [0]).unwrap(), 0, "an idle connection is closed");
    late.write_all(rest.as_bytes()).unwrap();
    let answer = response(&mut late);
    assert!(answer.contains("Connection: close") && answer.ends_with("alive"), "{answer}");
    assert!(server.get("/readyz").starts_with("HTTP/1.1 503 "));
    let refused = upgrade(&server);
    assert!(refused.starts_with("HTTP/1.1 503 "), "{refused}");
    let after = refused.lines().find_map(|line| line.strip_prefix("Retry-After: ")).unwrap();
    assert!((2..=3).contains(&after.parse::<u32>().unwrap()), "{refused}");
    // Without asking for it, the connection ends after the response.
    let page = server.exchange(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes());
    assert!(page.starts_with("HTTP/1.1 200 ") && page.contains("Connection: close"), "{page}");
    assert!(page.trim_end().ends_with("</html>"));

    server.signal("-TERM");
    assert!(server.exits().success());
}

#[test]
fn the_end_comes_when_the_last_client_has_left() {
    let mut server = Server::start(SLOW_END);
    let mut clients: Vec<_> = (0..20).map(|n| server.join(&format!("name=Guest{n}"))).collect();
    let silent = server.join("name=Silent");
    server.signal("-TERM");
    let delays: Vec<u64> = clients
        .iter_mut()
        .map(|client| {
            let bye = client.until("bye");
            client.closed();
            bye["payload"]["after_ms"].as_u64().unwrap()
        })
        .collect();
    let mut distinct = delays.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), 20, "each has a delay of its own: {delays:?}");
    assert!(distinct[0] >= 1000 && distinct[19] < 2200, "{delays:?}");
    drop(clients);
    server.logs("closed by us with 1001");
    assert!(server.is_running());
    // It leaves without a closing handshake.
    drop(silent);
    assert!(server.exits().success());
}

#[test]
fn nobody_is_seen_leaving_or_joining_over_a_restart() {
    let data = Data::new();
    let mut server = data.start(&[]);
    let mut alice = server.join("name=Alice&room=dev");
    let bob = server.join("name=Bob&room=dev");
    let (sessions, epoch) = ([alice.session(), bob.session()], alice.epoch());
    alice.post("c1", "before");
    server.signal("-TERM");
    alice.until("bye");
    assert!(server.exits().success());

    let server = data.start(&[]);
    let back = |session: &str| {
        server.join(&format!("session={session}&room=dev&after=dev:1&epoch={epoch}"))
    };
    let mut bob = back(&sessions[1]);
    assert_eq!(bob.welcome["payload"]["rooms"]["dev"]["users"], 2);
    let mut alice = back(&sessions[0]);
    assert_eq!(alice.welcome["payload"]["renamed"], false);
    alice.post("c2", "after");
    let mut seen: Vec<Value> = Vec::new();
    loop {
        let event = bob.next();
        if event["type"] == "message" && event["payload"]["content"] == "after" {
            break;
        }
        seen.push(event["type"].clone());
    }
    seen.extend(bob.settle().iter().map(|event| event["type"].clone()));
    assert_eq!(seen, [json!("resumed"), json!("live")]);
}

#[test]
fn what_was_acknowledged_before_the_end_is_there_after_it() {
    for second_signal in [false, true] {
        let data = Data::new();
        let mut server = data.start(&["--rate-limit", "off"]);
        let mut alice = server.join("name=Alice");
        let silent = server.join("name=Silent");
        for n in 0..300 {
            alice.send(json!({"type": "send_message", "id": format!("c{n}"), "payload": "x"}));
        }
        assert_eq!(alice.until("ack")["seq"], 1);
        server.signal("-TERM");
        if second_signal {
            server.signal("-INT");
        }
        let mut acknowledged = 1;
        while let Some(event) = alice.try_next() {
            if event["type"] == "ack" {
                acknowledged = event["seq"].as_u64().unwrap();
            }
        }
        drop((alice, silent));
        assert!(server.exits().success());
        let mut alice = data.start(&[]).join("name=Alice&history=0");
        let top = alice.welcome["payload"]["rooms"]["lobby"]["seq"].as_u64().unwrap();
        assert!(top >= acknowledged, "{acknowledged} were acknowledged, {top} are there");
        alice.socket.close(None).unwrap();
    }
}
