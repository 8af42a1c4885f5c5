//! The record after a restart on the same directory.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::client::{Client, Server};
use crate::data::{Data, text, until};

#[test]
fn messages_survive_a_restart() {
    let data = Data::new();
    let mut server = data.start(&[]);
    server.join("name=Alice").post("c1", "remember me");
    server.stop();
    let server = data.start(&[]);
    let mut bob = server.join("name=Bob");
    assert_eq!(bob.welcome["payload"]["rooms"]["lobby"]["seq"], 1);
    let history = bob.until("history");
    let messages = history["payload"]["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0]["content"], "remember me");
    assert_eq!(messages[0]["sender"], "Alice");
    assert_eq!(bob.post("c1", "I do")["seq"], 2);
}

#[test]
fn a_session_and_its_ids_survive_a_kill() {
    let data = Data::new();
    let mut server = data.start(&[]);
    let mut alice = server.join("name=Alice&room=dev&room=ops");
    let (session, epoch) = (alice.session(), alice.epoch());
    let first = alice.post("c1", "once");
    assert_eq!(first["payload"]["durable"], "fsync");
    server.kill();
    let server = data.start(&[]);
    let mut alice = server.join(&format!("session={session}"));
    assert_eq!(text(&alice.welcome, "you"), "Alice");
    assert_eq!((text(&alice.welcome, "current"), alice.epoch()), ("dev", epoch));
    assert_eq!(alice.session(), session);
    let rooms = alice.welcome["payload"]["rooms"].as_object().unwrap();
    assert_eq!(rooms.keys().collect::<Vec<_>>(), ["dev", "ops"]);
    let again = alice.post("c1", "once");
    assert_eq!((&again["seq"], &again["ts"]), (&first["seq"], &first["ts"]));
    assert_eq!(again["payload"]["duplicate"], true);
    alice.send(json!({"type": "send_message", "id": "c1", "payload": "twice"}));
    assert_eq!(text(&alice.until("error"), "code"), "id_conflict");
    // The id is Alice's alone.
    let other = server.join("name=Bob&room=dev").post("c1", "once");
    assert_eq!((&other["seq"], &other["payload"]["duplicate"]), (&json!(2), &json!(false)));
}

#[test]
fn edits_survive_a_restart_and_deleted_texts_are_in_no_file() {
    let data = Data::new();
    let mut server = data.start(&["--rate-limit", "off"]);
    let mut alice = server.join("name=Alice");
    alice.post("c1", "helo");
    alice.post("c2", "a verysecret word");
    alice.post("c3", "never harmed");
    change(&mut alice, json!({"type": "edit_message", "payload": {"mid": 1, "content": "hello"}}));
    let edit = json!({"mid": 2, "content": "an otherverysecret word"});
    change(&mut alice, json!({"type": "edit_message", "payload": edit}));
    change(&mut alice, json!({"type": "delete_message", "payload": {"mid": 2}}));
    let reaction = json!({"mid": 1, "emoji": "👍", "on": true});
    change(&mut alice, json!({"type": "react", "payload": reaction}));
    change(&mut alice, json!({"type": "set_topic", "payload": "Release day"}));
    let before = alice.messages(0);
    server.stop();
    assert!(data.holds("never harmed"));
    assert!(!data.holds("verysecret"), "the bytes are in a file");

    let mut server = data.start(&["--rate-limit", "off"]);
    let mut bob = server.join("name=Bob");
    assert_eq!(bob.welcome["payload"]["rooms"]["lobby"]["topic"], "Release day");
    assert_eq!(bob.welcome["payload"]["rooms"]["lobby"]["seq"], 8);
    let after = bob.messages(0);
    assert_eq!(after, before);
    assert_eq!((&after[0]["content"], &after[0]["edited"]), (&json!("hello"), &json!(true)));
    assert_eq!(after[0]["reactions"], json!([{"emoji": "👍", "users": ["Alice"]}]));
    assert_eq!((&after[1]["content"], &after[1]["deleted"]), (&json!(""), &json!("author")));
    // An id whose message was deleted is still known.
    let mut alice = server.join(&format!("session={}", alice.session()));
    let again = alice.post("c2", "a verysecret word");
    assert_eq!((&again["seq"], &again["payload"]["duplicate"]), (&json!(2), &json!(true)));
    server.kill();
    data.start(&[]).stop();
    assert!(!data.holds("verysecret"), "the bytes came back");
}

#[test]
fn a_deleted_text_is_in_no_file_even_after_a_kill() {
    let data = Data::new();
    let mut server = data.start(&[]);
    let mut alice = server.join("name=Alice");
    let session = alice.session();
    alice.post("c1", "a verysecret word");
    server.kill();
    let mut server = data.start(&[]);
    let mut alice = server.join(&format!("session={session}"));
    change(&mut alice, json!({"type": "delete_message", "payload": {"mid": 1}}));
    server.kill();
    data.start(&[]).stop();
    assert!(!data.holds("verysecret"), "the bytes are in a file");
}

#[test]
fn a_message_expires_at_its_time() {
    let data = Data::new();
    let mut server = data.start(&["--limit", "ttl_min=1s"]);
    let (mut alice, mut bob) = (server.join("name=Alice"), server.join("name=Bob"));
    vanishing(&mut alice, "a verysecret word");
    assert!(bob.hears("a verysecret word")["payload"]["expires"].is_u64());
    for client in [&mut alice, &mut bob] {
        is_expiry_of_the_first(&client.until("message_deleted"));
    }
    let messages = bob.messages(0);
    assert_eq!((&messages[0]["content"], &messages[0]["deleted"]), (&json!(""), &json!("expired")));
    let again = vanishing(&mut alice, "a verysecret word");
    assert_eq!((&again["seq"], &again["payload"]["duplicate"]), (&json!(1), &json!(true)));
    server.stop();
    assert!(!data.holds("verysecret"), "the bytes are in a file");
}

#[test]
fn a_message_expires_while_the_server_is_down() {
    for ends in [Server::stop, Server::kill] {
        let data = Data::new();
        let mut server = data.start(&["--limit", "ttl_min=1s"]);
        let mut alice = server.join("name=Alice");
        let ts = vanishing(&mut alice, "a verysecret word")["ts"].as_u64().unwrap();
        ends(&mut server);
        until("its time has come", || unix_ms() > ts + 1_000);
        let mut server = data.start(&["--limit", "ttl_min=1s"]);
        let mut bob = server.join(&format!("name=Bob&after=lobby:1&epoch={}", alice.epoch()));
        is_expiry_of_the_first(&bob.until("message_deleted"));
        let messages = bob.messages(0);
        assert_eq!((messages.len(), &messages[0]["content"]), (1, &json!("")));
        server.stop();
        assert!(!data.holds("verysecret"), "the bytes are in a file");
    }
}

#[test]
fn all_messages_of_a_server_can_expire() {
    let data = Data::new();
    let mut server = data.start(&["--limit", "ttl_min=1s", "--message-ttl", "1s"]);
    let mut alice = server.join("name=Alice");
    alice.post("c1", "a verysecret word");
    is_expiry_of_the_first(&alice.until("message_deleted"));
    server.stop();
    assert!(!data.holds("verysecret"), "the bytes are in a file");
}

/// Sends a change with an id of its own and waits until it is acknowledged.
fn change(client: &mut Client, mut event: Value) {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    event["id"] = format!("change {}", NUMBER.fetch_add(1, Ordering::Relaxed)).into();
    let id = event["id"].clone();
    client.send(event);
    let answer = loop {
        let answer = client.next();
        if answer["re"] == id {
            break answer;
        }
    };
    assert_eq!(answer["type"], "ack", "{answer}");
}

fn vanishing(client: &mut Client, text: &str) -> Value {
    let payload = json!({"content": text, "ttl": 1});
    client.send(json!({"type": "send_message", "id": "v", "payload": payload}));
    client.until("ack")
}

fn is_expiry_of_the_first(event: &Value) {
    assert_eq!((&event["seq"], &event["payload"]["mid"]), (&json!(2), &json!(1)), "{event}");
    assert_eq!(text(event, "why"), "expired");
}

fn unix_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis().try_into().unwrap()
}

#[test]
fn a_server_starts_although_it_cannot_write_its_address() {
    let data = Data::new();
    let mut server = data.start(&[]);
    server.join("name=Alice").post("c1", "remember me");
    server.stop();
    // As on a full disk, the file cannot be made.
    std::fs::create_dir(data.dir().join("server.addr.new")).unwrap();
    let server = data.start(&[]);
    let history = server.join("name=Bob").until("history");
    assert_eq!(history["payload"]["messages"][0]["content"], "remember me");
    server.logs("cannot write the address file");
}

#[test]
fn a_server_whose_database_is_gone_is_not_ready() {
    let data = Data::new();
    let server = data.start(&[]);
    let mut alice = server.join("name=Alice");
    alice.post("c1", "remember me");
    std::fs::remove_file(data.dir().join("journal.db")).unwrap();
    until("it is noticed", || server.get("/readyz").starts_with("HTTP/1.1 503"));
    alice.send(json!({"type": "send_message", "id": "c2", "payload": "lost"}));
    assert_eq!(alice.until("error")["payload"]["code"], "storage_unavailable");
}
