//! Users: their names, and private messages.

use serde_json::json;

use crate::client::{Client, Server};
use crate::data::{Data, text};

#[test]
fn an_invalid_name_is_an_error_that_closes_no_connection() {
    let server = Server::start(&[]);
    for name in [
        // Bidirectional overrides and isolates, zero width, a soft hyphen, a tag, marks without end.
        "Al%E2%80%AEice",
        "Al%E2%81%A6ice",
        "Al%E2%80%8Bice",
        "Al%C2%ADice",
        "Al%F3%A0%80%A1ice",
        "a%CC%81%CC%81%CC%81%CC%81%CC%81%CC%81",
        "%CC%81ice",
        "%EF%BF%BD",
        "%C3",
        "*",
    ] {
        let mut client = server.join(&format!("name={name}"));
        assert!(text(&client.welcome, "you").starts_with("Anonymous"), "{name}");
        assert_eq!(text(&client.until("error"), "code"), "name_invalid", "{name}");
    }
    for name in [
        "Zoe%CC%88",
        "%E6%BC%A2%E5%AD%97",
        "%D8%B9%D9%84%D9%8A",
        "%F0%9F%91%A9%E2%80%8D%F0%9F%9A%80",
    ] {
        let client = server.join(&format!("name={name}"));
        assert_eq!(client.welcome["payload"]["renamed"], false, "{name}");
    }
}

#[test]
fn a_look_alike_name_gets_a_number() {
    let server = Server::start(&[]);
    let _bob = server.join("name=Bob");
    for (name, called) in [
        ("bob", "bob-2"),
        // Fullwidth, Cyrillic, Greek capital, digit for letter.
        ("%EF%BC%A2ob", "\u{FF22}ob-3"),
        ("B%D0%BEb", "B\u{43E}b-4"),
        ("%CE%92ob", "\u{392}ob-5"),
        ("B0b", "B0b-6"),
    ] {
        let client = server.join(&format!("name={name}"));
        assert_eq!(text(&client.welcome, "you"), called);
        assert_eq!(client.welcome["payload"]["renamed"], true);
        std::mem::forget(client);
    }
    let mut eve = server.join("name=Eve");
    eve.send(json!({"type": "set_name", "id": "n", "payload": "B\u{43E}b"}));
    assert_eq!(text(&eve.until("error"), "code"), "name_taken");
}

#[test]
fn a_session_can_be_resumed_while_its_dead_connection_seems_open() {
    let server = Server::start(&[]);
    let ghost = server.join("name=Alice&room=dev&room=ops");
    let mut alice = server.join(&format!("session={}", ghost.session()));
    let welcome = &alice.welcome["payload"];
    assert_eq!(
        (welcome["you"].as_str(), welcome["renamed"].as_bool()),
        (Some("Alice"), Some(false))
    );
    assert!(welcome["rooms"]["dev"].is_object() && welcome["rooms"]["ops"].is_object());
    let mut thief = server.join("session=AAAAAAAAAAAAAAAAAAAAAA&name=Thief");
    assert_eq!(text(&thief.welcome, "you"), "Thief");
    alice.send(json!({"type": "list_users", "id": "u", "room": "dev"}));
    let list = alice.until("user_list");
    assert_eq!(list["payload"]["users"][0]["conns"], 2);
    thief.settle();
    drop(ghost);
}

fn whisper(from: &mut Client, to: &str, content: &str) {
    from.send(
        json!({"type": "direct_message", "id": content, "payload": {"to": to, "content": content}}),
    );
}

#[test]
fn a_private_message_reaches_all_connections_of_both_and_nobody_else() {
    let server = Server::start(&[]);
    let mut alice = server.join("name=Alice");
    let mut phone = server.join(&format!("session={}", alice.session()));
    let mut bob = server.join("name=Bob&room=elsewhere");
    let mut tab = server.join(&format!("session={}", bob.session()));
    let mut eve = server.join("name=Eve");
    whisper(&mut alice, "bob", "psst");
    let ack = alice.until("ack");
    assert_eq!((ack["room"].as_str(), ack["seq"].as_u64()), (Some("@Bob"), Some(1)));
    assert_eq!(phone.hears("psst")["room"], "@Bob");
    assert_eq!(bob.hears("psst")["room"], "@Alice");
    assert_eq!(tab.hears("psst")["room"], "@Alice");
    let heard = eve.settle();
    assert!(heard.iter().all(|event| !event.to_string().contains("psst")), "{heard:?}");
    whisper(&mut alice, "Nobody", "hello?");
    let error = alice.until("error");
    assert_eq!((text(&error, "code"), text(&error, "text")), ("no_such_user", "hello?"));
    for room in ["@Bob", "@Alice"] {
        eve.send(json!({"type": "history", "id": "h", "room": room}));
        assert_eq!(text(&eve.until("error"), "code"), "no_such_room");
    }
}

#[test]
fn a_conversation_waits_for_an_offline_user_and_survives_a_restart() {
    let data = Data::new();
    let mut server = data.start(&[]);
    let mut alice = server.join("name=Alice");
    let (alices, epoch) = (alice.session(), alice.epoch());
    let mut bob = server.join("name=Bob");
    let bobs = bob.session();
    whisper(&mut alice, "Bob", "one");
    bob.hears("one");
    drop(bob);
    whisper(&mut alice, "Bob", "two");
    alice.until("ack");
    assert_eq!(alice.until("ack")["re"], "two");
    server.kill();
    let server = data.start(&[]);
    let mut bob = server.join(&format!("session={bobs}&history=0&after=@Alice:1&epoch={epoch}"));
    let direct = &bob.welcome["payload"]["direct"]["@Alice"];
    assert_eq!((direct["with"].as_str(), direct["seq"].as_u64()), (Some("Alice"), Some(2)));
    assert_eq!(bob.until("resumed")["payload"]["rooms"]["@Alice"]["complete"], true);
    assert_eq!(bob.until("message")["seq"], 2);
    assert_eq!(bob.until("live")["room"], "@Alice");
    // Sent again after the crash it is there once.
    let mut alice = server.join(&format!("session={alices}&history=0"));
    whisper(&mut alice, "Bob", "two");
    let ack = alice.until("ack");
    assert_eq!((ack["seq"].as_u64(), ack["payload"]["duplicate"].as_bool()), (Some(2), Some(true)));
    // A later guest of that name is another author.
    let mut other = server.join("name=Robert&history=0");
    other.send(json!({"type": "search", "id": "s", "payload": "two"}));
    assert_eq!(other.until("search_results")["payload"]["messages"], json!([]));
    bob.send(json!({"type": "search", "id": "s", "payload": "two"}));
    let found = bob.until("search_results");
    assert_eq!(found["payload"]["messages"][0]["room"], "@Alice", "{found}");
}
