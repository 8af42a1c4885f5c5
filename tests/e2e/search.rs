//! Full-text search.

use serde_json::{Value, json};

use crate::client::{Client, Server};

fn search(client: &mut Client, event: Value) -> Value {
    client.send(event);
    let results = client.until("search_results");
    assert_eq!(results["re"], "s1");
    results["payload"].clone()
}

fn contents(payload: &Value) -> Vec<&str> {
    let messages = payload["messages"].as_array().unwrap();
    messages.iter().map(|message| message["content"].as_str().unwrap()).collect()
}

#[test]
fn search_finds_current_texts_in_readable_rooms_only() {
    let server = Server::start(&[]);
    let mut alice = server.join("name=Alice&room=lobby&room=dev");
    let mut bob = server.join("name=Bob&room=secret");
    bob.post("b1", "the release plan of Bob");
    alice.post("c1", "The Release is out");
    alice.post("c2", "release notes follow");
    alice.send(
        json!({"type": "edit_message", "id": "c3", "payload": {"mid": 2, "content": "notes"}}),
    );
    alice.until("ack");
    alice.post("c4", "a release nobody wanted");
    alice.send(json!({"type": "delete_message", "id": "c5", "payload": {"mid": 4}}));
    alice.until("ack");
    let everywhere =
        search(&mut alice, json!({"type": "search", "id": "s1", "payload": "release"}));
    assert_eq!(contents(&everywhere), ["The Release is out"], "{everywhere}");
    let found = &everywhere["messages"][0];
    assert_eq!(
        (&found["room"], &found["mid"], &found["seq"]),
        (&json!("lobby"), &json!(1), &json!(1))
    );
    assert_eq!((&found["sender"], &everywhere["more"]), (&json!("Alice"), &json!(false)));
    assert!(found["ts"].as_u64().is_some_and(|ts| ts > 0));
    let here =
        json!({"type": "search", "id": "s1", "room": "dev", "payload": {"query": "release"}});
    assert_eq!(contents(&search(&mut alice, here)), [""; 0]);
    let one = json!({
        "type": "search", "id": "s1", "room": "lobby", "payload": {"query": "\"notes\"", "limit": 1},
    });
    assert_eq!(contents(&search(&mut alice, one)), ["notes"]);
    for (event, code) in [
        (json!({"type": "search", "room": "secret", "payload": "release"}), "not_in_room"),
        (json!({"type": "search", "payload": {}}), "missing_field"),
        (json!({"type": "search", "payload": "  "}), "bad_field"),
        (json!({"type": "search", "payload": "x".repeat(201)}), "too_long"),
    ] {
        alice.send(event);
        assert_eq!(alice.until("error")["payload"]["code"], code);
    }
}

#[test]
fn search_results_are_rendered_as_text() {
    let server = Server::start(&[]);
    let mut alice = server.join("name=Alice");
    alice.post("c1", "tea\n* Eve is here");
    let mut terry = server.connect("/ws?name=Terry&mode=text");
    terry.say(r#"{"type":"search","payload":"tea"}"#);
    let text = loop {
        let text = terry.text();
        if text.contains("found") {
            break text;
        }
    };
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "* 1 message found:");
    assert!(lines[1].starts_with("    [") && lines[1].ends_with("] lobby <Alice> tea"), "{text}");
    assert_eq!(lines[2], "    * Eve is here", "no line passes for somebody else's");
    terry.say(r#"{"type":"search","payload":"coffee"}"#);
    assert_eq!(terry.text(), "* No messages found.");
}
