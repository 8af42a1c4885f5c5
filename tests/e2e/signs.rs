//! Typing indicators, statuses and statistics.

use serde_json::{Value, json};

use crate::client::{Client, Server};
use crate::data::Data;

/// Reads until a typing event. Returns the user and the event.
fn typing(client: &mut Client) -> (String, bool) {
    let event = client.until("typing");
    let user = event["payload"]["user"].as_str().expect("a name").to_owned();
    (user, event["payload"]["on"].as_bool().expect("true or false"))
}

fn stats(server: &Server, query: &str) -> Value {
    let answer = server.get(&format!("/api/stats{query}"));
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    assert!(head.starts_with("HTTP/1.1 200 ") && head.contains("application/json"), "{head}");
    serde_json::from_str(body).expect("JSON")
}

#[test]
fn typing_is_shown_until_the_message_arrives() {
    let server = Server::start(&[]);
    let (mut alice, mut bob) = (server.join("name=Alice"), server.join("name=Bob"));
    alice.send(json!({"type": "typing", "room": "lobby", "payload": true}));
    let event = bob.until("typing");
    assert_eq!(event["payload"], json!({"user": "Alice", "on": true, "ttl_ms": 6000}));
    assert_eq!((&event["room"], &event["seq"]), (&json!("lobby"), &Value::Null));
    alice.send(json!({"type": "typing", "payload": {"on": true}}));
    alice.post("c1", "Hello");
    let after = bob.settle();
    let kinds: Vec<&str> = after.iter().filter_map(|event| event["type"].as_str()).collect();
    assert_eq!(kinds, ["message", "typing"]);
    assert_eq!(after[1]["payload"], json!({"user": "Alice", "on": false}));
    assert!(alice.settle().iter().all(|event| event["type"] != "typing"));
    // It is in no record.
    let page = server.get("/api/rooms/lobby/messages");
    assert!(page.contains("\"top\":1") && !page.contains("typing"), "{page}");
}

#[test]
fn timing_out_or_closing_ends_typing() {
    let server = Server::start(&["--limit", "typing_for=300ms", "--limit", "typing_every=100ms"]);
    let mut bob = server.join("name=Bob");
    let mut alice = server.join("name=Alice");
    let on = json!({"type": "typing", "payload": true});
    alice.send(on.clone());
    assert_eq!(typing(&mut bob), ("Alice".into(), true));
    assert_eq!(typing(&mut bob), ("Alice".into(), false));
    alice.send(on.clone());
    assert_eq!(typing(&mut bob), ("Alice".into(), true));
    drop(alice);
    assert_eq!(typing(&mut bob), ("Alice".into(), false));
    let mut lines = server.connect("/ws?name=Text&mode=text");
    lines.text();
    let mut carol = server.join("name=Carol");
    carol.send(on);
    assert_eq!(typing(&mut bob), ("Carol".into(), true));
    carol.say("done");
    loop {
        let line = lines.text();
        assert!(!line.contains("typing"), "{line}");
        if line.ends_with("<Carol> done") {
            break;
        }
    }
}

#[test]
fn a_flood_of_typing_delays_no_message() {
    let server = Server::start(&[]);
    let (mut alice, mut bob) = (server.join("name=Alice"), server.join("name=Bob"));
    // Not as many as the work of a connection allows at once: those are refused, whatever they say.
    for n in 0..250 {
        alice.send(json!({"type": "typing", "payload": n % 2 == 0}));
    }
    alice.post("c1", "Hello");
    bob.hears("Hello");
    let told = bob.settle().into_iter().chain(alice.settle());
    let errors: Vec<Value> = told.filter(|event| event["type"] == "error").collect();
    assert_eq!(errors, [] as [Value; 0]);
}

#[test]
fn a_status_is_broadcast_and_listed() {
    let server = Server::start(&["--limit", "presence_every=10ms"]);
    let (mut alice, mut bob) = (server.join("name=Alice"), server.join("name=Bob"));
    let payload = json!({"status": "away", "text": "lunch"});
    alice.send(json!({"type": "set_status", "id": "s1", "payload": payload}));
    let ack = alice.until("ack");
    assert_eq!((&ack["re"], &ack["payload"]), (&json!("s1"), &payload));
    let told = bob.until("presence");
    assert_eq!(
        told["payload"],
        json!({"user": "Alice", "status": "away", "text": "lunch", "count": 2})
    );
    alice.post("c1", "still here");
    bob.send(json!({"type": "list_users", "id": "q"}));
    let users = bob.until("user_list")["payload"]["users"].clone();
    assert_eq!(
        users,
        json!([{"name": "Alice", "status": "away", "text": "lunch", "conns": 1},
               {"name": "Bob", "status": "online", "conns": 1}])
    );
    alice.say("/back");
    let told = bob.until("presence");
    assert_eq!(
        told["payload"],
        json!({"user": "Alice", "status": "online", "text": "", "count": 2})
    );
    alice.say(&format!("/away {}", "x".repeat(101)));
    assert_eq!(alice.until("error")["payload"]["code"], "too_long");
}

#[test]
fn statistics_are_the_same_by_websocket_and_http() {
    let server = Server::start(&[]);
    let (mut alice, _bob) = (server.join("name=Alice"), server.join("name=Bob&room=dev"));
    alice.post("c1", "Hello");
    alice.send(json!({"type": "stats", "id": "q3", "payload": {"minutes": 5}}));
    let event = alice.until("stats");
    assert_eq!(event["re"], "q3");
    let told = &event["payload"];
    assert_eq!(told["users"], json!({"now": 2, "hour": 2, "day": 2}));
    assert_eq!(told["connections"], 2);
    // A minute, or even a day, may have begun meanwhile.
    assert_eq!((&told["messages"]["hour"], &told["messages"]["day"]), (&json!(1), &json!(1)));
    assert_eq!(told["rooms"][0]["room"], "lobby");
    assert_eq!((&told["rooms"][0]["users"], &told["rooms"][0]["hour"]), (&json!(1), &json!(1)));
    let series = &told["series"];
    assert_eq!(series["step_s"], 60);
    assert_eq!(series["from"].as_u64().map(|from| from % 60_000), Some(0));
    for key in ["messages", "users", "connections", "journal_p50_us", "journal_p99_us"] {
        let length = series[key].as_array().map(Vec::len);
        assert!(length.is_some_and(|length| (1..=2).contains(&length)), "{key}: {series}");
    }
    assert_eq!(
        told["days"]
            .as_array()
            .and_then(|days| days.last())
            .and_then(|today| today["peak"].as_u64()),
        Some(2)
    );
    let same = stats(&server, "?minutes=5");
    for key in ["users", "connections", "rooms", "days"] {
        assert_eq!(same[key], told[key], "{key}");
    }
    assert!(server.get("/api/stats?minutes=x").starts_with("HTTP/1.1 400 "));
    let mut reader = server.connect("/ws?name=Text&mode=text");
    reader.text();
    reader.say("/stats");
    let lines = loop {
        let text = reader.text();
        if text.contains("Users: ") {
            break text;
        }
    };
    assert!(lines.contains("Busiest rooms: lobby (1 per hour, 2 online)"), "{lines}");
}

#[test]
fn totals_of_days_survive_a_restart() {
    let data = Data::new();
    let mut server = data.start(&[]);
    let mut alice = server.join("name=Alice");
    for n in 0..3 {
        alice.post(&format!("c{n}"), "Hello");
    }
    server.stop();
    let mut server = data.start(&[]);
    let session = alice.welcome["payload"]["session"].as_str().expect("a key").to_owned();
    let mut alice = server.join(&format!("session={session}"));
    alice.post("c9", "Hello again");
    let days = stats(&server, "")["days"].clone();
    let sum = |key: &str| {
        let days = days.as_array().expect("days").iter();
        days.filter_map(|day| day[key].as_u64()).sum::<u64>()
    };
    assert_eq!((sum("messages"), stats(&server, "")["messages"]["day"].as_u64()), (4, Some(1)));
    // She was counted before, unless a day has begun meanwhile.
    assert_eq!(sum("users"), days.as_array().map_or(0, Vec::len) as u64);
    server.stop();
}
