//! A journal that cannot be opened, and one whose worker does not keep up.

use std::fs;

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::data::{Data, text, until};

#[test]
fn a_damaged_database_is_reported_and_left_as_it_is() {
    let data = Data::new();
    let mut server = data.start(&["--rate-limit", "off"]);
    let filler = "x".repeat(3_000);
    server.join("name=Alice").talk((0..50).map(|n| format!("{n} {filler}")[..60].to_owned()));
    server.stop();
    let sound = fs::read(data.database()).unwrap();
    let damaged: Vec<u8> = sound.iter().enumerate().map(spoilt_after_the_schema).collect();
    let torn = sound[..sound.len() - 4096].to_vec();
    let cases: [(&str, Vec<u8>, &[&str]); 4] = [
        ("no database", b"Dear diary,\n".to_vec(), &[]),
        ("no head", [&[0; 100], &sound[100..]].concat(), &[]),
        ("spoilt pages", damaged, &["--check-data"]),
        ("cut short", torn, &["--check-data"]),
    ];
    for (what, bytes, arguments) in cases {
        fs::write(data.database(), bytes).unwrap();
        let before = data.files();
        let said = data.fails_to_start(arguments);
        assert!(said.contains("journal.db"), "{what}: {said}");
        assert!(said.contains("was left as it is"), "{what}: {said}");
        assert!(data.files() == before, "{what}: it was touched");
    }
    fs::write(data.database(), sound).unwrap();
    assert_eq!(data.start(&[]).join("name=Alice").messages(0).len(), 50);
}

#[test]
fn a_second_server_is_told_which_directory_is_in_use() {
    let data = Data::new();
    let server = data.start(&[]);
    let said = data.fails_to_start(&[]);
    assert!(said.contains("another server"), "{said}");
    assert!(said.contains(data.dir().to_str().unwrap()), "{said}");
    assert_eq!(server.join("name=Alice").post("c1", "undisturbed")["seq"], 1);
}

#[test]
fn a_database_of_a_newer_server_is_left_as_it_is() {
    let data = Data::new();
    data.start(&[]).stop();
    let db = Connection::open(data.database()).unwrap();
    db.pragma_update(None, "user_version", 99).unwrap();
    db.close().unwrap();
    let before = data.files();
    let said = data.fails_to_start(&[]);
    assert!(said.contains("version 99") && said.contains("newer server"), "{said}");
    assert!(data.files() == before, "it was touched");
}

#[test]
fn a_hanging_worker_stops_only_appends() {
    let data = Data::new();
    let server = data.start(&[]);
    let mut alice = server.join("name=Alice&room=dev&room=lobby");
    let mut bob = server.join("name=Bob&room=lobby&room=dev");
    bob.post("c1", "before");
    alice.hears("before");
    let hold = data.hold();
    alice.send(json!({"type": "send_message", "id": "c2", "room": "dev", "payload": "waits"}));
    for client in [&mut alice, &mut bob] {
        let events = client.settle();
        let early = |event: &Value| event["type"] == "ack" || event["type"] == "message";
        assert!(!events.iter().any(early), "nothing is told before it is written: {events:?}");
    }
    assert!(server.get("/healthz").starts_with("HTTP/1.1 200"));
    assert_eq!(bob.page(json!({"limit": 10}))["messages"][0]["content"], "before");
    let mut carol = server.join("name=Carol");
    assert_eq!(carol.until("history")["payload"]["messages"][0]["content"], "before");
    drop(hold);
    let mut answer = alice.next();
    while answer["re"] != "c2" {
        answer = alice.next();
    }
    assert_eq!((&answer["type"], &answer["seq"]), (&json!("ack"), &json!(1)), "{answer}");
    bob.hears("waits");
}

#[test]
fn a_full_queue_is_reported_and_a_retry_succeeds() {
    let data = Data::new();
    let server = data.start(&["--limit", "queue_entries_max=1", "--rate-limit", "off"]);
    let mut alice = server.join("name=Alice");
    let mut waiting: Vec<String> = (0..20).map(|n| format!("text {n}")).collect();
    let hold = data.hold();
    let mut hold = Some(hold);
    let mut refused = 0;
    while !waiting.is_empty() {
        for text in &waiting {
            alice.send(json!({"type": "send_message", "id": text, "payload": text}));
        }
        for _ in 0..waiting.len() {
            let answer = loop {
                let event = alice.next();
                if ["ack", "error"].contains(&event["type"].as_str().unwrap()) {
                    break event;
                }
            };
            if answer["type"] == "ack" {
                waiting.retain(|text| answer["re"] != text.as_str());
                continue;
            }
            assert_eq!(text(&answer, "code"), "overloaded");
            assert_eq!(answer["payload"]["retryable"], true);
            assert_eq!(answer["re"], answer["payload"]["text"], "the text is handed back");
            refused += 1;
            hold = None;
        }
    }
    assert!(hold.is_none() && refused >= 19, "{refused} were refused");
    let mut said: Vec<_> = alice.messages(0);
    said.sort_by_key(|message| message["content"].to_string());
    said.dedup_by_key(|message| message["content"].to_string());
    assert_eq!(said.len(), 20);
    until("it is ready", || server.get("/readyz").starts_with("HTTP/1.1 200"));
    assert_eq!(alice.page(json!({}))["top"], 20, "each is there once");
}

fn spoilt_after_the_schema((at, byte): (usize, &u8)) -> u8 {
    if at < 2 * 4096 { *byte } else { !byte }
}
