//! The life of the process and of its connections.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Command;
use std::time::Duration;

use serde_json::json;

use crate::client::{Client, Server, binary};
use crate::data::until;

#[test]
fn a_signal_ends_the_server_with_bye() {
    for signal in ["-TERM", "-INT"] {
        let mut server = Server::start(&[]);
        let session = server.join("name=Back").welcome["payload"]["session"].clone();
        let session = session.as_str().unwrap();
        let bearer = format!("Bearer {session}");
        let mut clients: Vec<(Client, u16)> =
            (0..5).map(|n| (server.join(&format!("name=Guest{n}")), 1001)).collect();
        for (query, headers) in [
            ("", &[("Sec-WebSocket-Protocol", "chat.v1")][..]),
            ("after=lobby:0", &[]),
            (&format!("session={session}"), &[]),
            ("", &[("Authorization", &bearer)]),
        ] {
            clients.push((server.join_with(&format!("/ws?{query}"), headers), 1012));
        }
        server.signal(signal);
        for (client, code) in &mut clients {
            let bye = client.until("bye");
            assert_eq!(bye["payload"]["code"], *code);
            assert_eq!(bye["payload"]["reconnect"], true);
            assert!(bye["payload"]["after_ms"].is_u64());
            assert_eq!(client.closed().0, *code);
        }
        assert!(server.exits().success());
    }
}

#[test]
fn a_client_that_never_answers_the_close_does_not_delay_shutdown() {
    let mut server = Server::start(&["--drain", "200ms"]);
    let _silent = server.join("name=Silent");
    server.signal("-TERM");
    assert!(server.exits().success());
}

#[test]
fn a_second_signal_ends_the_server_at_once() {
    let mut server = Server::start(&["--drain", "1h", "--limit", "close_within=1h"]);
    let _silent = server.join("name=Silent");
    server.signal("-TERM");
    server.logs("draining");
    server.signal("-TERM");
    server.exits();
}

#[test]
fn the_server_exits_after_its_last_client_left() {
    let mut server = Server::start(&["--exit-when-empty", "300ms"]);
    let first = server.join("name=First");
    let second = server.join("name=Second");
    drop(first);
    server.logs("disconnected");
    assert!(server.is_running());
    drop(second);
    assert!(server.exits().success());
}

#[test]
fn an_address_in_use_is_reported() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output =
        Command::new(binary()).args(["--data", "none", "--listen", &address]).output().unwrap();
    assert!(!output.status.success());
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains(&address) && text.contains("in use"), "{text}");
}

#[test]
fn the_server_can_listen_on_several_addresses() {
    // `Server` adds one address of its own.
    let server = Server::start(&["--listen", "[::1]:0"]);
    server.join("name=Alice").settle();
    server.logs("[::1]:");
}

#[test]
fn a_silent_client_is_dropped_and_others_see_it_leave() {
    let server = Server::start(&["--ping-after", "500ms", "--pong-within", "3s"]);
    let mut alice = server.join("name=Alice");
    let ghost = server.join("name=Ghost");
    // Reading answers pings by itself; the ghost does not read.
    loop {
        let event = alice.until("user_left");
        if event["payload"]["user"] == "Ghost" {
            assert_eq!(event["payload"]["why"], "timeout");
            break;
        }
    }
    drop(ghost);
}

#[test]
fn the_log_has_connections_but_no_message_texts() {
    let server = Server::start(&["--log-level", "debug", "--log-format", "json"]);
    let mut alice = server.join("name=Alice");
    alice.post("c1", "a deep secret");
    alice.socket.close(None).unwrap();
    server.logs("disconnected");
    let log = server.log();
    assert!(log.contains("connected") && log.contains("\"seq\":1"), "{log}");
    assert!(!log.contains("deep secret"), "{log}");
    for line in log.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
}

#[test]
fn half_closed_and_reset_connections_disturb_nobody() {
    let server = Server::start(&[]);
    let mut alice = server.join("name=Alice");
    for n in 0..20 {
        let mut client = server.join(&format!("name=Guest{n}"));
        let stream = client.socket.get_mut();
        if n % 2 == 0 {
            stream.shutdown(Shutdown::Write).unwrap();
            let mut rest = Vec::new();
            let _ = stream.read_to_end(&mut rest);
        } else {
            stream.write_all(&[0x81, 0xfe, 0x01]).unwrap();
            socket2::SockRef::from(&*stream).set_linger(Some(Duration::ZERO)).unwrap();
        }
    }
    assert_eq!(alice.post("c1", "fine")["seq"], 1);
}

#[test]
fn running_out_of_file_descriptors_disturbs_nobody_and_accepting_resumes() {
    let mut server = Server::start(&["--connections-per-address", "off"]);
    let mut alice = server.join("name=Alice");
    let limit = format!("--nofile={}:{}", 48, 48);
    let pid = server.pid().to_string();
    let lowered = Command::new("prlimit").args(["--pid", &pid, &limit]).status();
    if !lowered.is_ok_and(|status| status.success()) {
        eprintln!("skipped: prlimit (util-linux) is not here");
        return;
    }
    // More than the limit allows: the surplus is accepted and closed at once.
    let held: Vec<_> = (0..100).map(|_| server.tcp()).collect();
    assert_eq!(alice.post("c1", "still served")["seq"], 1);
    server.logs("accepting pauses");
    held.iter().for_each(|stream| stream.set_nonblocking(true).unwrap());
    let is_closed = |stream: &&TcpStream| matches!(stream.peek(&mut [0]), Ok(0));
    until("30 connections are closed", || held.iter().filter(is_closed).count() >= 30);
    drop(held);
    // New connections meet the limit until the server has closed the dropped ones.
    let mut bob = None;
    until("a new connection is served", || {
        bob = server.try_connect("/ws?name=Bob");
        bob.is_some()
    });
    bob.unwrap().settle();
    assert_eq!(alice.post("c2", "and on")["seq"], 2);
    assert!(server.is_running());
}

#[test]
fn a_client_that_never_reads_costs_the_others_nothing() {
    let server = Server::start(&[
        "--rate-limit",
        "off",
        "--limit",
        "memory_bytes_max=64MiB",
        "--limit",
        "send_queue_bytes_max=256KiB",
        "--limit",
        "socket_send_buffer_bytes=8KiB",
    ]);
    let mut alice = server.join("name=Alice");
    let mut sleeper = server.join("name=Sleeper");
    let filler = "x".repeat(3_900);
    for n in 0..2_000 {
        alice.send(json!({
            "type": "send_message", "id": format!("c{n}"), "payload": format!("{n} {filler}"),
        }));
        assert_eq!(alice.until("ack")["seq"], n + 1);
    }
    // The sleeper wakes up: its messages and gaps cover the whole, in order.
    let (mut next, mut missed) = (1, None);
    while next <= 2_000 {
        let event = sleeper.next();
        match event["type"].as_str() {
            Some("message") => {
                assert_eq!(event["seq"], next);
                next += 1;
            }
            Some("gap") => {
                assert_eq!(event["payload"]["from"], next);
                assert_eq!(event["payload"]["why"], "slow");
                missed = Some(next);
                next = event["payload"]["to"].as_u64().unwrap() + 1;
            }
            _ => {}
        }
    }
    let missed = missed.expect("a gap");
    sleeper
        .send(json!({"type": "history", "id": "h", "payload": {"after": missed - 1, "limit": 5}}));
    let page = sleeper.until("history");
    assert_eq!(page["payload"]["messages"][0]["mid"], missed);
}
