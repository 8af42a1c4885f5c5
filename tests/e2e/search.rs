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
fn filters_narrow_a_search() {
    let server = Server::start(&["--query-rate-limit", "off"]);
    let mut alice = server.join("name=Alice&room=lobby&room=dev");
    let mut bob = server.join("name=Bob%20B&room=lobby");
    alice.post("c1", "tea at https://tea.example");
    bob.post("b1", "more tea");
    alice.send(json!({"type": "send_message", "id": "c2", "room": "dev", "payload": "dev tea"}));
    alice.until("ack");
    let mut found = |query: &str| {
        let payload = json!({"query": query, "zone": "+14:00"});
        let event = json!({"type": "search", "id": "s1", "payload": payload});
        let found = search(&mut alice, event);
        contents(&found).join(", ")
    };
    assert_eq!(found("tea from:alice in:lobby"), "tea at https://tea.example");
    assert_eq!(found("from:\"bob b\""), "more tea");
    assert_eq!(found("in:dev tea"), "dev tea");
    assert_eq!(found("has:link"), "tea at https://tea.example");
    assert_eq!(found("tea before:2026-01-01"), "");
    assert_eq!(found("from:bob after:2020-01-01"), "");
    for (query, code) in [("in:secret tea", "not_in_room"), ("before:soon", "bad_field")] {
        alice.send(json!({"type": "search", "payload": query}));
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
    terry.say("/search tea from:alice");
    assert_eq!(terry.text(), text);
    terry.say("/search before:tomorrow");
    assert_eq!(terry.text(), "! query: a date such as 2026-11-20 is expected after before:");
}
