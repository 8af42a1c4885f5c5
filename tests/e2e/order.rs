//! Moderation, and limits that keep one client from using up what is for all.

use std::fs;

use serde_json::{Value, json};

use crate::client::{Client, Server};
use crate::data::{Data, text};

/// Alice owns the room; the others are in it.
fn room(server: &Server, others: &[&str]) -> (Client, Vec<Client>) {
    let mut alice = server.join("name=Alice&room=dev");
    alice.post("first", "welcome");
    let others = others.iter().map(|name| server.join(&format!("name={name}&room=dev&history=0")));
    (alice, others.collect())
}

fn does(by: &mut Client, payload: Value) -> Value {
    by.send(json!({"type": "moderate", "id": payload.to_string().chars().take(60).collect::<String>(), "payload": payload}));
    by.until("ack")
}

fn refusal(client: &mut Client) -> String {
    text(&client.until("error"), "code").to_owned()
}

#[test]
fn kicked_and_banned_users_are_told_and_closed() {
    let data = Data::new();
    let mut server = data.start(&[]);
    let (mut alice, mut others) = room(&server, &["Bob", "Eve"]);
    let [bob, eve] = &mut others[..] else { unreachable!() };
    let eves = eve.session();
    does(&mut alice, json!({"action": "kick", "user": "Bob", "reason": "enough"}));
    let left = bob.until("left");
    assert_eq!(
        (text(&left, "why"), text(&left, "by"), text(&left, "reason")),
        ("kicked", "Alice", "enough")
    );
    assert_eq!(bob.closed(), (4004, "kicked".into()));
    does(&mut alice, json!({"action": "ban", "user": "Eve", "seconds": 600}));
    assert_eq!(text(&eve.until("left"), "why"), "banned");
    assert_eq!(eve.closed(), (4003, "banned".into()));
    let barred = |server: &Server, query: &str| {
        let mut client = server.join(query);
        assert_eq!(client.welcome["payload"]["current"], "lobby", "{query}");
        let error = client.until("error");
        assert_eq!(text(&error, "code"), "banned");
        assert!(error["payload"]["retry_after_ms"].as_u64().unwrap() <= 600_000);
        client
    };
    let mut eve = barred(&server, &format!("session={eves}&room=dev"));
    eve.say("/join dev");
    assert_eq!(refusal(&mut eve), "banned");
    let alices = alice.session();
    server.kill();
    let server = data.start(&[]);
    drop(barred(&server, &format!("session={eves}&room=dev")));
    let mut alice = server.join(&format!("session={alices}&room=dev"));
    // Sent again after the crash it is done once.
    let again = does(&mut alice, json!({"action": "ban", "user": "Eve", "seconds": 600}));
    assert_eq!(again["payload"]["duplicate"], true);
    does(&mut alice, json!({"action": "unban", "user": "Eve"}));
    let eve = server.join(&format!("session={eves}&room=dev"));
    assert_eq!(eve.welcome["payload"]["current"], "dev");
}

#[test]
fn refusals_for_mute_lock_and_slow_mode_have_the_text() {
    let server = Server::start(&[]);
    let (mut alice, mut others) = room(&server, &["Bob"]);
    let bob = &mut others[0];
    let said = |bob: &mut Client, code: &str, waits: bool| {
        bob.say("hello?");
        let error = bob.until("error");
        assert_eq!((text(&error, "code"), text(&error, "text")), (code, "hello?"));
        assert_eq!(error["payload"]["retry_after_ms"].is_u64(), waits, "{error}");
    };
    does(&mut alice, json!({"action": "mute", "user": "Bob", "seconds": 60}));
    said(bob, "muted", true);
    does(&mut alice, json!({"action": "unmute", "user": "Bob"}));
    does(&mut alice, json!({"action": "lock"}));
    said(bob, "room_locked", false);
    does(&mut alice, json!({"action": "unlock"}));
    does(&mut alice, json!({"action": "slow", "seconds": 600}));
    assert_eq!(bob.post("b1", "hello!")["seq"], 7);
    said(bob, "slow_mode", true);
    does(&mut alice, json!({"action": "slow", "seconds": 0}));
    assert_eq!(bob.post("b2", "hello again")["seq"], 9);
}

#[test]
fn moderation_without_a_role_or_of_oneself_is_refused() {
    let server = Server::start(&["--rate-limit", "off"]);
    let (mut alice, mut others) = room(&server, &["Bob", "Eve"]);
    let bob = &mut others[0];
    for line in [
        "/kick Eve",
        "/ban Eve",
        "/unban Eve",
        "/mute Eve",
        "/unmute Eve",
        "/lock",
        "/unlock",
        "/slow 5",
        "/private",
        "/public",
        "/promote Bob",
        "/demote Alice",
        "/kick Alice",
    ] {
        bob.say(line);
        assert_eq!(refusal(bob), "forbidden", "{line}");
    }
    for line in ["/ban Alice", "/kick Alice", "/mute Alice"] {
        alice.say(line);
        assert_eq!(refusal(&mut alice), "bad_field", "{line}");
    }
    alice.say("/kick Nobody");
    assert_eq!(refusal(&mut alice), "no_such_user");
    let mut guest = server.join("name=Guest");
    guest.say("/lock");
    assert_eq!(refusal(&mut guest), "forbidden");
}

#[test]
fn a_moderator_owns_the_room_when_its_owner_has_gone() {
    let server = Server::start(&["--session-life", "300ms", "--leave-grace", "100ms"]);
    let (mut alice, mut others) = room(&server, &["Bob", "Eve"]);
    let [bob, eve] = &mut others[..] else { unreachable!() };
    does(&mut alice, json!({"action": "promote", "user": "Bob"}));
    drop(alice);
    crate::data::until("Bob owns the room", || {
        bob.send(json!({"type": "list_users", "id": "u"}));
        let list = bob.until("user_list");
        let users = list["payload"]["users"].as_array().unwrap();
        users.iter().any(|user| user["name"] == "Bob" && user["role"] == "owner")
    });
    does(bob, json!({"action": "make_private"}));
    eve.post("e1", "still a member");
    eve.say("/promote Eve");
    assert_eq!(refusal(eve), "forbidden");
}

#[test]
fn flooding_is_refused_with_a_wait_and_then_closed() {
    let server = Server::start(&["--limit", "flood_within=300ms"]);
    let mut eve = server.join("name=Eve");
    let mut bob = server.join("name=Bob");
    let mut refused = 0;
    let code = 'flood: loop {
        for n in 0..20 {
            if eve.socket.send(tungstenite::Message::text(format!("flood {n}"))).is_err() {
                break;
            }
        }
        for _ in 0..20 {
            match eve.socket.read() {
                Ok(tungstenite::Message::Text(event)) => {
                    let event: Value = serde_json::from_str(&event).unwrap();
                    if event["type"] == "error" {
                        assert_eq!(text(&event, "code"), "rate_limited");
                        assert!(text(&event, "text").starts_with("flood"));
                        assert!(event["payload"]["retry_after_ms"].as_u64().unwrap() > 0);
                        refused += 1;
                    } else {
                        break;
                    }
                }
                Ok(tungstenite::Message::Close(Some(frame))) => break 'flood u16::from(frame.code),
                Ok(_) => {}
                Err(error) => panic!("{error}"),
            }
        }
    };
    assert_eq!(code, 4101);
    assert!(refused > 10);
    assert_eq!(bob.post("b", "the others go on")["re"], "b");
}

#[test]
fn thousands_of_empty_rooms_leave_nothing() {
    let server = Server::start(&["--rate-limit", "off", "--query-rate-limit", "off"]);
    let mut eve = server.join("name=Eve");
    // What the first rounds need is there for all that follow.
    churn(&mut eve, 0..10_000);
    let before = resident(&server);
    churn(&mut eve, 10_000..100_000);
    let after = resident(&server);
    println!("{before} KiB after 10,000 rooms, {after} KiB after 100,000");
    assert!(after < before * 3 / 2, "{before} KiB, then {after} KiB");
    eve.send(json!({"type": "list_rooms", "id": "l"}));
    let list = eve.until("room_list");
    assert_eq!(list["payload"]["rooms"].as_array().unwrap().len(), 1, "{list}");
}

#[test]
fn the_number_of_stored_rooms_is_limited() {
    let mut arguments = vec!["--limit", "records_max=20", "--rate-limit", "off"];
    arguments.extend([
        "--limit",
        "moderator_sends_per_second_max=off",
        "--query-rate-limit",
        "off",
    ]);
    let server = Server::start(&arguments);
    let mut eve = server.join("name=Eve");
    let mut refused = 0;
    for n in 0..30 {
        eve.send(json!({"type": "join_room", "id": "j", "payload": format!("room {n}")}));
        let told = eve.settle();
        match told.iter().find(|event| event["re"] == "j").map(|event| event["type"].clone()) {
            Some(kind) if kind == "joined" => {
                eve.post(&format!("m{n}"), "to be kept");
                eve.send(json!({"type": "leave_room", "payload": format!("room {n}")}));
            }
            _ => {
                let error = told.iter().find(|event| event["type"] == "error").unwrap();
                assert_eq!(text(error, "code"), "overloaded");
                refused += 1;
            }
        }
    }
    // The lobby is one of them.
    assert_eq!(refused, 11);
}

/// Joins and leaves rooms, a hundred under way at a time.
fn churn(client: &mut Client, rooms: std::ops::Range<u32>) {
    for first in rooms.step_by(100) {
        let mut text = Vec::new();
        for n in first..first + 100 {
            text.push(json!({"type": "join_room", "payload": format!("room {n}")}).to_string());
            text.push(json!({"type": "leave_room", "payload": format!("room {n}")}).to_string());
        }
        for event in text {
            client.socket.write(tungstenite::Message::text(event)).unwrap();
        }
        client.socket.flush().unwrap();
        client.settle();
    }
}

/// Returns the memory of the server in KiB.
fn resident(server: &Server) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
