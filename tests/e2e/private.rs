//! Private rooms, probed by every kind of request.

use serde_json::{Value, json};

use crate::client::{Client, Server};
use crate::data::{Data, text};

/// Makes a private room in which something was said.
fn den(server: &Server) -> Client {
    let mut alice = server.join("name=Alice&room=den");
    assert_eq!(alice.post("m1", "the secret word")["seq"], 1);
    alice.send(json!({"type": "moderate", "id": "p", "payload": {"action": "make_private"}}));
    assert_eq!(alice.until("ack")["seq"], 2);
    alice
}

/// Asks the same of a private room and of one that does not exist; gives both answers, the names
/// of the rooms made equal.
fn both(client: &mut Client, event: &Value) -> [Vec<String>; 2] {
    ["den", "nowhere"].map(|room| {
        client.send(json!({"type": "ping", "id": "before"}));
        client.until("pong");
        client.say(&event.to_string().replace("ROOM", room));
        let told = client.settle();
        told.iter().map(|event| event.to_string().replace(room, "ROOM")).collect()
    })
}

#[test]
fn a_private_room_is_hidden_from_strangers_in_every_request() {
    let server = Server::start(&["--rate-limit", "off", "--query-rate-limit", "off"]);
    let mut alice = den(&server);
    let mut eve = server.join("name=Eve");
    eve.settle();
    let mut events = vec![
        json!({"type": "history", "id": "x", "room": "ROOM"}),
        json!({"type": "history", "id": "x", "room": "ROOM", "payload": {"around": 1}}),
        json!({"type": "list_users", "id": "x", "room": "ROOM"}),
        json!({"type": "send_message", "id": "x", "room": "ROOM", "payload": "hi"}),
        json!({"type": "edit_message", "id": "x", "room": "ROOM", "payload": {"mid": 1, "content": "x"}}),
        json!({"type": "delete_message", "id": "x", "room": "ROOM", "payload": {"mid": 1}}),
        json!({"type": "react", "id": "x", "room": "ROOM", "payload": {"mid": 1, "emoji": "👍"}}),
        json!({"type": "set_topic", "id": "x", "room": "ROOM", "payload": "t"}),
        json!({"type": "search", "id": "x", "room": "ROOM", "payload": "secret"}),
        json!({"type": "read", "id": "x", "room": "ROOM", "payload": {"seq": 1}}),
        json!({"type": "typing", "id": "x", "room": "ROOM", "payload": {"on": true}}),
        json!({"type": "leave_room", "id": "x", "payload": "ROOM"}),
        json!({"type": "direct_message", "id": "x", "payload": {"to": "ROOM", "content": "x"}}),
    ];
    for action in ["kick", "ban", "invite", "make_public", "lock", "promote"] {
        let payload = json!({"action": action, "user": "Alice"});
        events.push(json!({"type": "moderate", "id": "x", "room": "ROOM", "payload": payload}));
    }
    for event in &events {
        let [den, nowhere] = both(&mut eve, event);
        assert_eq!(den, nowhere, "{event}");
        // Only what is answered to nobody may be silent.
        assert!(den.len() == 1 || event["type"] == "typing", "{event}: {den:?}");
    }
    for line in ["/who ROOM", "/leave ROOM"] {
        let [den, nowhere] = ["den", "nowhere"].map(|room| {
            eve.say(&line.replace("ROOM", room));
            eve.settle().iter().map(|it| it.to_string().replace(room, "ROOM")).collect::<Vec<_>>()
        });
        assert_eq!(den, nowhere, "{line}");
    }
    for event in [
        json!({"type": "list_rooms", "id": "x"}),
        json!({"type": "search", "id": "x", "payload": "secret"}),
        json!({"type": "ping", "id": "x"}),
        json!({"type": "stats", "id": "x"}),
    ] {
        eve.send(event.clone());
        let told = format!("{:?}", eve.settle());
        assert!(!told.contains("den\\\"") && !told.contains("secret word"), "{event}: {told}");
    }
    assert_eq!(alice.post("m2", "more of it")["seq"], 3);
    assert!(eve.settle().is_empty());
}

#[test]
fn joining_a_private_room_is_forbidden_in_every_form() {
    let server = Server::start(&["--rate-limit", "off", "--query-rate-limit", "off"]);
    let mut alice = den(&server);
    let epoch = alice.epoch();
    let refused = |mut client: Client| {
        assert_eq!(client.welcome["payload"]["current"], "lobby");
        let error = client.until("error");
        assert_eq!(text(&error, "code"), "forbidden");
        let told = client.settle();
        let told = format!("{} {told:?}", client.welcome);
        assert!(!told.contains("secret") && !told.contains("\"den\":"), "{told}");
    };
    refused(server.join("name=E1&room=den"));
    refused(server.join("name=E2&room=DEN"));
    refused(server.join(&format!("name=E3&after=den:0&epoch={epoch}")));
    let mut eve = server.join("name=Eve");
    for event in [
        json!({"type": "join_room", "id": "j", "payload": "den"}),
        json!({"type": "resume", "id": "j", "payload": {"epoch": epoch, "rooms": {"den": 0}}}),
    ] {
        eve.send(event);
        assert_eq!(text(&eve.until("error"), "code"), "forbidden");
    }
    let told = format!("{:?}", alice.settle());
    assert!(!told.contains("Eve") && !told.contains("E1"), "{told}");
}

#[test]
fn a_private_room_is_hidden_over_http() {
    let server = Server::start(&[]);
    let _alice = den(&server);
    let list = server.get("/api/rooms");
    assert!(list.contains("200 OK") && !list.contains("den"), "{list}");
    for query in ["", "?around=1", "?before=9", "?limit=1"] {
        let [den, nowhere] = ["den", "nowhere"].map(|room| {
            let answer = server.get(&format!("/api/rooms/{room}/messages{query}"));
            let lines = answer.lines().filter(|line| !line.to_lowercase().starts_with("date:"));
            lines.collect::<Vec<_>>().join("\n").replace(room, "ROOM")
        });
        assert!(den.contains("404"), "{den}");
        assert_eq!(den, nowhere, "{query}");
    }
    let body = r#"{"content":"hi"}"#;
    let request = format!(
        "POST /api/rooms/den/messages HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n\
         Idempotency-Key: k\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        server.address,
        body.len(),
    );
    let answer = server.exchange(request.as_bytes());
    assert!(answer.contains(" 403 ") && answer.contains("forbidden"), "{answer}");
    for path in ["/", "/healthz", "/readyz", "/api/stats"] {
        assert!(!server.get(path).contains("\"den\""), "{path}");
    }
}

#[test]
fn membership_survives_a_kill() {
    let data = Data::new();
    let mut server = data.start(&[]);
    let mut alice = den(&server);
    let alices = alice.session();
    let mut bob = server.join("name=Bob");
    let bobs = bob.session();
    alice.send(
        json!({"type": "moderate", "id": "i", "payload": {"action": "invite", "user": "Bob"}}),
    );
    assert_eq!(alice.until("ack")["re"], "i");
    assert_eq!(text(&bob.until("notice"), "code"), "invited");
    let mut eve = server.join("name=Eve");
    let eves = eve.session();
    eve.post("e", "hello lobby");
    server.kill();
    let server = data.start(&[]);
    let alice = server.join(&format!("session={alices}"));
    let room = &alice.welcome["payload"]["rooms"]["den"];
    assert_eq!((room["role"].as_str(), room["private"].as_bool()), (Some("owner"), Some(true)));
    let mut bob = server.join(&format!("session={bobs}&room=den"));
    assert_eq!(bob.welcome["payload"]["rooms"]["den"]["role"], "member");
    assert_eq!(bob.until("history")["payload"]["messages"][0]["content"], "the secret word");
    let mut eve = server.join(&format!("session={eves}&room=den"));
    assert_eq!(text(&eve.until("error"), "code"), "forbidden");
    // What was done comes again like all that is in the record, and is done once.
    let mut alice =
        server.join(&format!("session={alices}&after=den:1&epoch={}&room=den", alice.epoch()));
    let moderated = alice.until("moderated");
    assert_eq!((moderated["seq"].as_u64(), text(&moderated, "action")), (Some(2), "make_private"));
    assert_eq!(text(&alice.until("moderated"), "action"), "invite");
    alice.send(
        json!({"type": "moderate", "id": "i", "payload": {"action": "invite", "user": "Bob"}}),
    );
    let ack = alice.until("ack");
    assert_eq!((ack["seq"].as_u64(), ack["payload"]["duplicate"].as_bool()), (Some(3), Some(true)));
}
