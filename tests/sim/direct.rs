//! Private conversations.

use std::time::Duration;

use chinwag::chat::{Admission, Code};

use crate::society::login;
use crate::world::World;

fn dm(world: &mut World, client: chinwag::chat::ClientId, to: &str, content: &str) {
    let text = format!(
        r#"{{"type":"direct_message","id":"{content}","payload":{{"to":"{to}","content":"{content}"}}}}"#
    );
    world.say(client, &text);
}

#[test]
fn both_hear_a_private_message_on_all_connections_and_nobody_else_does() {
    let mut world = World::new();
    let alice = world.open("name=Alice");
    let session = world.welcome(alice).session;
    let phone = world.enter(&format!("session={session}"));
    let bob = world.enter("name=Bob");
    let eve = world.enter("name=Eve&mode=text");
    dm(&mut world, alice, "bob", "psst");
    assert_eq!(
        world.read(alice),
        ["{\"type\":\"ack\",\"re\":\"psst\",\"room\":\"@Bob\",\"seq\":1,\"ts\":1732104000000,\
          \"payload\":{\"mid\":1,\"durable\":\"memory\",\"duplicate\":false}}"]
    );
    let message = |room: &str| {
        format!(
            "{{\"type\":\"message\",\"room\":\"{room}\",\"seq\":1,\"ts\":1732104000000,\
             \"payload\":{{\"mid\":1,\"sender\":\"Alice\",\"content\":\"psst\"}}}}"
        )
    };
    assert_eq!(world.read(phone), [message("@Bob")]);
    assert_eq!(world.read(bob), [message("@Alice")]);
    assert_eq!(world.read(eve), [""; 0]);
    dm(&mut world, bob, "Alice", "what");
    assert_eq!(world.types(alice), ["message"]);
    world.say(bob, r#"{"type":"send_message","room":"@Alice","payload":"then"}"#);
    assert_eq!(world.heard(alice), ["then"]);
    assert_eq!(world.heard(eve), [""; 0]);
}

#[test]
fn private_messages_in_text_mode_name_sender_and_recipient() {
    let mut world = World::new();
    let alice = world.enter("name=Alice&mode=text&echo=1");
    let bob = world.enter("name=Bob&mode=text");
    world.say(alice, "/msg Bob psst");
    assert_eq!(world.read(alice), ["[12:00:00] <you -> Bob> psst"]);
    assert_eq!(world.read(bob), ["[12:00:00] <Alice -> you> psst"]);
    world.say(bob, "/join @Alice");
    assert_eq!(
        world.read(bob),
        ["* You are in @Alice (2 online)", "[12:00:00] <Alice -> you> psst"]
    );
    world.say(bob, "yes?");
    assert_eq!(world.read(alice), ["[12:00:00] <Bob -> you> yes?"]);
}

#[test]
fn a_private_message_to_nobody_or_oneself_is_refused_with_its_text() {
    let mut world = World::new();
    let alice = world.enter("name=Alice");
    dm(&mut world, alice, "Bob", "hi");
    let refusal = world.error(alice);
    assert_eq!((refusal.code, refusal.text.as_deref()), (Code::NoSuchUser, Some("hi")));
    dm(&mut world, alice, "alice", "hi");
    assert_eq!(world.error(alice).code, Code::BadField);
    for text in [r#"{"type":"history","room":"@Bob"}"#, r#"{"type":"list_users","room":"@Bob"}"#] {
        world.say(alice, text);
        assert_eq!(world.error(alice).code, Code::NoSuchRoom, "{text}");
    }
    for text in [
        r#"{"type":"react","room":"@Bob","payload":{"mid":1,"emoji":"x"}}"#,
        r#"{"type":"leave_room","room":"@Bob"}"#,
        r#"{"type":"set_topic","room":"@Bob","payload":"x"}"#,
        r#"{"type":"search","room":"@Bob","payload":"x"}"#,
    ] {
        world.say(alice, text);
        assert_eq!(world.error(alice).code, Code::NotInRoom, "{text}");
    }
}

#[test]
fn a_later_guest_of_the_same_name_sees_nothing_of_the_former_ones() {
    let mut world = World::new();
    let alice = world.enter("name=Alice");
    let bob = world.enter("name=Bob");
    dm(&mut world, alice, "Bob", "secret");
    world.close(bob);
    world.pass(Duration::from_secs(11));
    world.told.clear();
    let other = world.open("name=Bob");
    let welcome = world.welcome(other);
    assert_eq!((&*welcome.you, welcome.directs.len()), ("Bob", 0));
    for text in [
        r#"{"type":"history","room":"@Alice"}"#,
        r#"{"type":"join_room","payload":{"room":"@Alice","history":10}}"#,
        r#"{"type":"search","payload":"secret"}"#,
    ] {
        world.say(other, text);
        let read = world.read(other).join("");
        assert!(!read.contains("secret\""), "{read}");
    }
    world.told.clear();
    // What Alice says to the Bob of now goes there, under a name of its own.
    dm(&mut world, alice, "Bob", "hello");
    assert!(world.read(alice)[0].contains("\"room\":\"@Bob-2\",\"seq\":1"));
    assert_eq!(world.heard(other), ["hello"]);
    // The former one has not come back yet, but may.
    world.say(alice, r#"{"type":"send_message","room":"@Bob","payload":"still there?"}"#);
    assert_eq!(world.heard(other), [""; 0]);
    world.told.clear();
    // After its session nobody could read it.
    world.pass(Duration::from_secs(700));
    world.told.clear();
    world.say(alice, r#"{"type":"send_message","room":"@Bob","payload":"hello?"}"#);
    let refusal = world.error(alice);
    assert_eq!((refusal.code, refusal.text.as_deref()), (Code::NoSuchUser, Some("hello?")));
    world.say(alice, r#"{"type":"history","room":"@Bob"}"#);
    assert!(world.read(alice)[0].contains("secret"));
}

#[test]
fn a_resumed_conversation_repeats_what_was_missed_and_is_no_room() {
    let mut world = World::new();
    let alice = world.enter("name=Alice");
    let bob = world.open("name=Bob");
    let session = world.welcome(bob).session;
    dm(&mut world, alice, "Bob", "one");
    world.close(bob);
    dm(&mut world, alice, "Bob", "two");
    world.told.clear();
    let bob = world.open(&format!("session={session}&history=0&after=@Alice:1&epoch=k3"));
    let told = world.read(bob);
    // The current room stays the same, so that plain text goes where it went before.
    assert!(told[0].contains("\"current\":\"lobby\",\"rooms\":{\"lobby\":"), "{told:?}");
    assert!(told[0].contains("\"direct\":{\"@Alice\":{\"with\":\"Alice\",\"seq\":2}}"), "{told:?}");
    assert!(told[1].contains("\"@Alice\":{\"from\":2,\"to\":2,\"complete\":true}"), "{told:?}");
    assert!(told[2].contains("\"room\":\"@Alice\",\"seq\":2"), "{told:?}");
    assert!(told[3].contains("\"type\":\"live\",\"room\":\"@Alice\""), "{told:?}");
    world.told.clear();
    // It heard it once and goes on hearing, without a seat.
    dm(&mut world, alice, "Bob", "three");
    assert_eq!(world.heard(bob), ["three"]);
    world.say(bob, r#"{"type":"leave_room","room":"@Alice"}"#);
    assert_eq!(world.error(bob).code, Code::NotInRoom);
    world.say(bob, r#"{"type":"resume","payload":{"epoch":"k3","rooms":{"@Alice":1}}}"#);
    assert_eq!(world.types(bob), ["resumed", "message", "message", "live"]);
}

#[test]
fn messages_posted_while_a_page_is_pending_arrive_once_and_in_order() {
    let mut world = World::new();
    let alice = world.enter("name=Alice");
    let bob = world.enter("name=Bob");
    for content in ["one", "two"] {
        dm(&mut world, alice, "Bob", content);
    }
    world.told.clear();
    world.prompt = false;
    world.say(bob, r#"{"type":"resume","payload":{"epoch":"k3","rooms":{"@Alice":0}}}"#);
    dm(&mut world, alice, "Bob", "three");
    world.settle();
    let told = world.read(bob);
    let seqs: Vec<bool> = (1..=3)
        .map(|seq| told.iter().any(|it| it.contains(&format!("\"seq\":{seq},\"ts\""))))
        .collect();
    assert_eq!((seqs, told.len()), (vec![true; 3], 5), "{told:?}");
}

#[test]
fn conversations_survive_a_restart() {
    let mut world = World::new();
    let alice = world.open("name=Alice");
    let session = world.welcome(alice).session;
    let bob = world.enter("name=Bob");
    dm(&mut world, alice, "Bob", "before");
    dm(&mut world, bob, "Alice", "yes");
    world.restart();
    let alice = world.open(&format!("session={session}&history=0"));
    let welcome = world.welcome(alice);
    let line = &welcome.directs[0];
    assert_eq!((&*line.room, &*line.with, line.seq), ("@Bob", "Bob", 2));
    world.say(alice, r#"{"type":"history","room":"@Bob","payload":{"limit":5}}"#);
    assert!(world.read(alice)[0].contains("before"));
}

#[test]
fn conversations_of_a_user_are_limited() {
    let mut world = World::with(|limits| limits.directs_max = 2);
    let alice = world.enter("name=Alice");
    for name in ["A", "B", "C"] {
        world.enter(&format!("name={name}"));
        dm(&mut world, alice, name, "hi");
    }
    assert_eq!(world.types(alice).last().map(String::as_str), Some("error"));
}

#[test]
fn a_conversation_without_a_message_leaves_nothing() {
    let mut world = World::with(|limits| limits.content_chars_max = 3);
    let alice = world.enter("name=Alice");
    let bob = world.enter("name=Bob");
    dm(&mut world, alice, "Bob", "long");
    assert_eq!(world.error(alice).code, Code::TooLong);
    world.say(alice, "/join @Bob");
    world.say(alice, "/leave @Bob");
    world.told.clear();
    world.say(bob, r#"{"type":"history","room":"@Alice"}"#);
    assert_eq!(world.error(bob).code, Code::NoSuchRoom);
}

#[test]
fn private_messages_of_a_user_who_left_for_good_can_be_read() {
    let mut world = World::new();
    let account = world.register("Alice", 1, false);
    let bob = world.enter("name=Bob");
    for content in ["one", "two"] {
        dm(&mut world, bob, "Alice", content);
    }
    world.close(bob);
    world.pass(Duration::from_secs(700));
    let admission = || Admission { login: Some(login(&account, 7)), ..Admission::default() };
    let alice = world.admission("/ws", "history=0&after=@Bob:1&epoch=k3", admission());
    assert_eq!(world.types(alice), ["welcome", "resumed", "message", "live"]);
    world.say(alice, "/join @Bob");
    assert_eq!(world.types(alice), ["joined", "history"]);
    world.say(alice, "anybody there?");
    let refusal = world.error(alice);
    assert_eq!((refusal.code, refusal.text.as_deref()), (Code::NoSuchUser, Some("anybody there?")));
}

#[test]
fn a_silent_recipient_finds_its_conversation_after_a_crash() {
    let mut world = World::new();
    let alice = world.enter("name=Alice");
    let bob = world.open("name=Bob");
    let session = world.welcome(bob).session;
    dm(&mut world, alice, "Bob", "hi");
    world.restart();
    let bob = world.open(&format!("session={session}"));
    let welcome = world.welcome(bob);
    assert_eq!((&*welcome.you, welcome.directs.len()), ("Bob", 1));
}

#[test]
fn starting_conversations_is_charged_even_without_a_message() {
    let mut world = World::with(|limits| {
        limits.content_chars_max = 1;
        limits.errors_max = u32::MAX;
        (limits.queries_burst_max, limits.queries_per_second_max) = (5, Some(1));
    });
    let alice = world.enter("name=Alice");
    world.enter("name=Bob");
    for _ in 0..9 {
        dm(&mut world, alice, "Bob", "too long");
    }
    let told = world.read(alice);
    assert_eq!(told.iter().filter(|it| it.contains("too_long")).count(), 5, "{told:?}");
    assert_eq!(told.iter().filter(|it| it.contains("rate_limited")).count(), 4);
    assert!(told.iter().all(|it| it.contains("\"text\":\"too long\"")));
}

#[test]
fn the_numbered_name_of_a_conversation_is_no_other_users() {
    let mut world = World::new();
    let alice = world.enter("name=Alice");
    let tom = world.enter("name=Tom");
    dm(&mut world, alice, "Tom", "one");
    world.close(tom);
    world.pass(Duration::from_secs(11));
    let second = world.enter("name=Tom");
    let other = world.enter("name=Tom-2");
    world.told.clear();
    dm(&mut world, alice, "Tom", "two");
    assert!(world.read(alice)[0].contains("\"room\":\"@Tom-3\""));
    assert_eq!(world.heard(second), ["two"]);
    world.say(alice, r#"{"type":"send_message","room":"@Tom-2","payload":"three"}"#);
    assert_eq!((world.heard(other), world.heard(second).len()), (vec!["three".to_owned()], 0));
    // Later a user takes the number that a conversation has.
    let late = world.enter("name=Tom-3");
    world.told.clear();
    for text in [
        r#"{"type":"send_message","room":"@Tom-3","payload":"four"}"#,
        r#"{"type":"join_room","payload":"@Tom-3"}"#,
    ] {
        world.say(alice, text);
        assert_eq!(world.error(alice).code, Code::BadField, "{text}");
    }
    world.say(alice, r#"{"type":"history","room":"@Tom-3"}"#);
    assert!(world.read(alice)[0].contains("two"));
    dm(&mut world, alice, "Tom-3", "five");
    assert_eq!((world.heard(late), world.heard(second).len()), (vec!["five".to_owned()], 0));
    // The one it was is still reached by its own name.
    dm(&mut world, alice, "Tom", "six");
    assert_eq!(world.heard(second), ["six"]);
}
