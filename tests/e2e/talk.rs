//! Connecting, posting, joining, leaving.

use serde_json::json;
use tungstenite::Message;

use crate::client::Server;

#[test]
fn two_clients_talk_in_the_lobby() {
    let server = Server::start(&[]);
    let mut alice = server.join("name=Alice");
    let mut bob = server.join("name=Bob");
    assert_eq!(alice.welcome["type"], "welcome");
    assert_eq!(alice.welcome["payload"]["you"], "Alice");
    assert_eq!(alice.welcome["payload"]["current"], "lobby");
    alice.say("Hello there");
    let message = bob.until("message");
    assert_eq!(message["room"], "lobby");
    assert_eq!(message["seq"], 1);
    assert_eq!(message["payload"]["sender"], "Alice");
    assert_eq!(message["payload"]["content"], "Hello there");
    assert!(alice.settle().iter().all(|event| event["type"] != "message"), "no echo unless asked");
}

#[test]
fn all_forms_of_a_message_are_accepted() {
    let server = Server::start(&["--rate-limit", "off"]);
    let (mut alice, mut bob) = (server.join("name=Alice"), server.join("name=Bob"));
    for (sent, heard) in [
        ("plain words", "plain words"),
        ("//not a command", "/not a command"),
        ("\"hi\"", "\"hi\""),
        ("[1,2]", "[1,2]"),
        ("42", "42"),
        ("two\nlines\n", "two\nlines"),
        (r#"{"type":"send_message","payload":"as a string"}"#, "as a string"),
        (r#"{"type":"send_message","payload":{"content":"in full"},"x":1}"#, "in full"),
        (r#"{"sender":"Alice","content":"simple"}"#, "simple"),
        (r#"{"text":"by text"}"#, "by text"),
        (r#"{"message":"by message"}"#, "by message"),
        (r#"{"type":"send_message","payload":"/me too"}"#, "/me too"),
        (r#"{"type":"send_message","payload":{"message":"by message","from":"A"}}"#, "by message"),
        ("\u{FEFF}\n {\"content\":\"after a BOM\"}", "after a BOM"),
    ] {
        alice.say(sent);
        assert_eq!(bob.until("message")["payload"]["content"], heard, "{sent}");
        alice.socket.send(Message::binary(sent.as_bytes().to_vec())).unwrap();
        assert_eq!(bob.until("message")["payload"]["content"], heard, "{sent}, binary");
    }
}

#[test]
fn errors_keep_the_connection_open() {
    let server = Server::start(&["--rate-limit", "off", "--query-rate-limit", "off"]);
    let (mut alice, mut bob) = (server.join("name=Alice"), server.join("name=Bob"));
    let deep = format!("{{\"type\":{}1{}}}", "[".repeat(5_000), "]".repeat(5_000));
    for (sent, code) in [
        ("{\"type\":", "bad_json"),
        ("{} {}", "bad_json"),
        (&deep, "bad_json"),
        (r#"{"type":"no_such_thing"}"#, "unknown_type"),
        (r#"{"sender":"Alice"}"#, "missing_field"),
        (r#"{"type":"send_message","payload":{"content":7}}"#, "bad_field"),
        (r#"{"type":"send_message","payload":"x","room":"elsewhere"}"#, "not_in_room"),
        (r#"{"type":"join_room","payload":"a/b"}"#, "bad_field"),
        ("/helpp", "unknown_command"),
        (&"x".repeat(4_001), "too_long"),
    ] {
        alice.say(sent);
        let error = alice.until("error");
        assert_eq!(error["payload"]["code"], code, "{sent:.60}");
        assert!(error["payload"]["message"].as_str().is_some_and(|it| !it.is_empty()));
    }
    for bytes in [&b"\xFF"[..], b"cut \xF0\x9F\x98", b"\xED\xA0\xBD", b"{\"content\":\"\xC0\x80\"}"]
    {
        alice.socket.send(Message::binary(bytes.to_vec())).unwrap();
        assert_eq!(alice.until("error")["payload"]["code"], "binary_unsupported", "{bytes:?}");
    }
    for nothing in ["", "   ", "\n"] {
        alice.say(nothing);
    }
    alice.say("still here");
    assert_eq!(bob.until("message")["payload"]["content"], "still here");
}

#[test]
fn an_id_is_acknowledged_once_and_a_repeat_gets_the_first_answer() {
    let server = Server::start(&[]);
    let (mut alice, mut bob) = (server.join("name=Alice"), server.join("name=Bob"));
    let first = alice.post("c1", "once");
    assert_eq!((&first["re"], &first["seq"]), (&json!("c1"), &json!(1)));
    assert_eq!(first["payload"]["durable"], "memory");
    assert_eq!(first["payload"]["duplicate"], false);
    let again = alice.post("c1", "once");
    assert_eq!((&again["seq"], &again["payload"]["duplicate"]), (&json!(1), &json!(true)));
    alice.send(json!({"type": "send_message", "id": "c1", "payload": "other"}));
    assert_eq!(alice.until("error")["payload"]["code"], "id_conflict");
    alice.say("after");
    bob.hears("once");
    assert_eq!(bob.until("message")["payload"]["content"], "after");
}

#[test]
fn rooms_are_created_on_demand_and_separate() {
    let server = Server::start(&[]);
    let mut alice = server.join("name=Alice&room=dev");
    let mut bob = server.join("name=Bob");
    alice.post("c1", "in dev");
    bob.send(json!({"type": "join_room", "id": "j1", "payload": {"room": "dev", "history": 0}}));
    let joined = bob.until("joined");
    assert_eq!((&joined["re"], &joined["room"]), (&json!("j1"), &json!("dev")));
    alice.say("again");
    assert_eq!(bob.until("message")["payload"]["content"], "again");
    bob.send(json!({"type": "leave_room", "id": "j2", "payload": "dev"}));
    assert_eq!(bob.until("left")["room"], "dev");
    alice.say("alone");
    assert!(bob.settle().iter().all(|event| event["type"] != "message"));
    bob.send(json!({"type": "list_rooms", "id": "q1"}));
    let rooms = bob.until("room_list");
    let names: Vec<_> = rooms["payload"]["rooms"].as_array().unwrap().iter().collect();
    assert!(names.iter().any(|room| room["room"] == "dev" && room["users"] == 1), "{rooms}");
}

#[test]
fn a_name_in_use_gets_a_number_and_names_can_change() {
    let server = Server::start(&[]);
    let mut one = server.join("name=Alice");
    let two = server.join("name=ALICE");
    assert_eq!(two.welcome["payload"]["you"], "ALICE-2");
    assert_eq!(two.welcome["payload"]["renamed"], true);
    one.send(json!({"type": "set_name", "id": "n1", "payload": "alice-2"}));
    assert_eq!(one.until("error")["payload"]["code"], "name_taken");
    one.send(json!({"type": "set_name", "id": "n2", "payload": "Carol"}));
    assert_eq!(one.until("ack")["re"], "n2");
    for bad in ["name=a%00b", "name=%E2%80%AEx", "name=a%E2%80%8Bb", "name=%ff%zz"] {
        let client = server.join(bad);
        assert_eq!(client.welcome["type"], "welcome", "{bad}: a guest is never refused");
    }
    let long = server.join(&format!("name={}", "x".repeat(33)));
    assert!(long.welcome["payload"]["you"].as_str().unwrap().starts_with("Anonymous"));
}

#[test]
fn a_resumed_session_restores_name_and_rooms() {
    let server = Server::start(&[]);
    let mut alice = server.join("name=Alice&room=dev&room=ops");
    let key = alice.welcome["payload"]["session"].as_str().unwrap().to_owned();
    alice.say("here");
    alice.settle();
    drop(alice);
    let back = server.join(&format!("session={key}"));
    assert_eq!(back.welcome["payload"]["you"], "Alice");
    let rooms = back.welcome["payload"]["rooms"].as_object().unwrap();
    assert_eq!(rooms.keys().collect::<Vec<_>>(), ["dev", "ops"]);
    assert!(!server.log().contains(&key), "a session key never stands in the log");
}

#[test]
fn text_and_simple_modes_are_rendered() {
    let server = Server::start(&["--mode", "simple"]);
    let mut text = server.connect("/ws?name=Terry&mode=text");
    let mut simple = server.connect("/ws/lobby/Sam");
    let mut alice = server.join_with("/ws?name=Alice", &[("Sec-WebSocket-Protocol", "chat.v1")]);
    alice.say("Hello\nagain");
    loop {
        let line = text.text();
        if line.contains("<Alice>") {
            assert!(line.starts_with('[') && line.contains("] <Alice> Hello\n"), "{line}");
            break;
        }
    }
    loop {
        let event = simple.next();
        if event["sender"] == "Alice" {
            assert_eq!(event["content"], "Hello\nagain");
            assert_eq!(event.as_object().map(|it| it.len()), Some(3));
            break;
        }
        assert_eq!(event["sender"], "*");
        let time = event["timestamp"].as_str().unwrap();
        assert!(time.len() == 24 && time.starts_with("20") && time.ends_with('Z'), "{time}");
    }
    text.say("from a terminal");
    assert_eq!(alice.until("message")["payload"]["content"], "from a terminal");
    simple.say(r#"{"sender":"Sam","content":"from a script"}"#);
    assert_eq!(alice.until("message")["payload"]["sender"], "Sam");
}

#[test]
fn echo_gives_the_sender_its_own_messages() {
    let server = Server::start(&[]);
    let mut alice = server.join("name=Alice&echo=1");
    alice.say("mirror");
    alice.hears("mirror");
    let server = Server::start(&["--echo"]);
    let mut bob = server.join("name=Bob");
    bob.say("mirror");
    bob.hears("mirror");
}

#[test]
fn sends_above_the_rate_get_the_wait_and_the_text() {
    let server = Server::start(&["--rate-limit", "1", "--limit", "sends_burst_max=2"]);
    let mut alice = server.join("name=Alice");
    for n in 0..3 {
        alice.say(&format!("text {n}"));
    }
    let error = alice.until("error");
    assert_eq!(error["payload"]["code"], "rate_limited");
    assert_eq!(error["payload"]["text"], "text 2");
    assert_eq!(error["payload"]["retryable"], true);
    assert!(error["payload"]["retry_after_ms"].as_u64().is_some_and(|ms| ms > 0 && ms <= 1_000));
}

#[test]
fn too_many_errors_close_the_connection() {
    let server = Server::start(&["--limit", "errors_max=5", "--rate-limit", "off"]);
    let mut alice = server.join("name=Alice");
    for _ in 0..5 {
        alice.say("{");
    }
    assert_eq!(alice.closed().0, 4000);
}

#[test]
fn a_client_in_too_many_rooms_gets_an_error() {
    let server = Server::start(&["--limit", "rooms_per_client_max=2"]);
    let mut alice = server.join("name=Alice&room=a&room=b");
    alice.send(json!({"type": "join_room", "id": "j", "payload": "c"}));
    assert_eq!(alice.until("error")["payload"]["code"], "too_many_rooms");
}

#[test]
fn joins_and_leaves_are_broadcast() {
    let server = Server::start(&[]);
    let mut alice = server.join("name=Alice");
    let bob = server.join("name=Bob");
    assert_eq!(alice.until("user_joined")["payload"]["user"], "Bob");
    alice.send(json!({"type": "list_users", "id": "q", "room": "lobby"}));
    let list = alice.until("user_list");
    let users: Vec<_> = list["payload"]["users"].as_array().unwrap().iter().collect();
    assert_eq!(users.len(), 2, "{list}");
    drop(bob);
    let left = alice.until("user_left");
    assert_eq!((&left["payload"]["user"], &left["payload"]["count"]), (&json!("Bob"), &json!(1)));
}
