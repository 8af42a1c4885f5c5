//! Messages: posting, editing, deleting, reacting.

use std::time::Duration;

use chinwag::chat::record::{Change, JournalError, JournalRequest, JournalResponse};
use chinwag::chat::{Code, Input, Refusal, ServerEvent};

use crate::society::START;
use crate::world::World;

#[test]
fn a_message_is_published_and_acknowledged_only_once_recorded() {
    let mut world = World::new();
    let alice = world.enter("name=Alice");
    let bob = world.enter("name=Bob");
    world.told.clear();
    world.prompt = false;
    world.say(alice, r#"{"type":"send_message","id":"c7","payload":"Hello"}"#);
    assert_eq!((world.told(alice), world.told(bob)), (vec![], vec![]));
    world.settle();
    assert_eq!(
        world.read(alice),
        ["{\"type\":\"ack\",\"re\":\"c7\",\"room\":\"lobby\",\"seq\":1,\"ts\":1732104000000,\
          \"payload\":{\"mid\":1,\"durable\":\"memory\",\"duplicate\":false}}"]
    );
    assert_eq!(
        world.read(bob),
        ["{\"type\":\"message\",\"room\":\"lobby\",\"seq\":1,\"ts\":1732104000000,\
          \"payload\":{\"mid\":1,\"sender\":\"Alice\",\"content\":\"Hello\"}}"]
    );
}

#[test]
fn without_an_id_there_is_no_ack_and_with_echo_there_is_a_message() {
    let mut world = World::new();
    let alice = world.enter("name=Alice");
    let bob = world.enter("name=Bob&echo=1");
    world.told.clear();
    world.say(alice, "Hello");
    assert_eq!(world.types(alice), [""; 0]);
    world.told(bob);
    world.say(bob, r#"{"type":"send_message","id":"x","payload":"Hi"}"#);
    assert_eq!(world.types(bob), ["ack", "message"]);
    let mut world = World::with(|limits| limits.echo = true);
    let alice = world.enter("name=Alice");
    let quiet = world.enter("name=Bob&echo=0");
    world.told.clear();
    world.say(alice, "Hello");
    assert_eq!(world.types(alice), ["message"]);
    world.told(quiet);
    world.say(quiet, "Hello");
    assert_eq!(world.types(quiet), [""; 0]);
}

#[test]
fn an_invalid_message_is_refused_with_the_reason_and_its_text() {
    let mut world = World::new();
    let alice = world.enter("name=Alice");
    let long = "é".repeat(4001);
    let back = |world: &mut World, text: &str| {
        world.say(alice, text);
        let Refusal { code, text, re, .. } = world.error(alice);
        (code, text.map(|text| text.to_string()), re.map(|re| re.to_string()))
    };
    assert_eq!(back(&mut world, &long), (Code::TooLong, Some(long.clone()), None));
    let fits = "é".repeat(4000);
    world.say(alice, &fits);
    assert_eq!(world.told(alice), []);
    for (event, code, text) in [
        (r#"{"type":"send_message","id":"a","payload":" "}"#, Code::BadField, None),
        (
            r#"{"type":"send_message","id":"a","room":"dev","payload":"x"}"#,
            Code::NotInRoom,
            Some("x"),
        ),
        (
            r#"{"type":"send_message","id":"a","payload":{"content":"x","ttl":4}}"#,
            Code::BadField,
            None,
        ),
        (
            r#"{"type":"send_message","id":"a","payload":{"content":"x","ttl":604801}}"#,
            Code::BadField,
            None,
        ),
        (
            r#"{"type":"send_message","id":"a","payload":{"content":"x","reply_to":9}}"#,
            Code::NoSuchMessage,
            Some("x"),
        ),
        (r#"{"type":"react","id":"a","payload":{"mid":1,"emoji":"ab"}}"#, Code::BadField, None),
        (
            r#"{"type":"react","id":"a","payload":{"mid":9,"emoji":"👍"}}"#,
            Code::NoSuchMessage,
            None,
        ),
        (r#"{"type":"shout","id":"a"}"#, Code::UnknownType, None),
    ] {
        let expected = (code, text.map(str::to_owned), Some("a".to_owned()));
        assert_eq!(back(&mut world, event), expected, "{event}");
    }
    assert_eq!(back(&mut world, "/jion dev").0, Code::UnknownCommand);
    assert_eq!(back(&mut world, "{oops").1.as_deref(), Some("{oops"));
    world.handle(Input::Received { client: alice, event: Err(Refusal::binary()) });
    assert_eq!(world.error(alice).code, Code::BinaryUnsupported);
    world.say(alice, " \n");
    assert_eq!(world.told(alice), []);
}

#[test]
fn a_repeated_id_is_the_same_message() {
    let mut world = World::new();
    let alice = world.enter("name=Alice");
    let bob = world.enter("name=Bob");
    world.told.clear();
    let event = r#"{"type":"send_message","id":"c7","payload":"Hello"}"#;
    world.say(alice, event);
    let first = world.told(alice);
    world.pass(Duration::from_secs(1));
    world.say(alice, event);
    let [ServerEvent::Ack { seq: 1, mid: 1, ts: START, duplicate: true, .. }] =
        world.told(alice)[..]
    else {
        panic!("not acked again: {first:?}");
    };
    world.say(alice, r#"{"type":"send_message","id":"c7","payload":"Other"}"#);
    let refusal = world.error(alice);
    assert_eq!((refusal.code, refusal.re.as_deref()), (Code::IdConflict, Some("c7")));
    world.say(bob, event);
    assert_eq!(world.heard(bob), ["Hello"]);
    assert_eq!(world.heard(alice), ["Hello"]);
}

#[test]
fn a_failed_append_is_reported_with_its_text_and_can_be_retried() {
    let mut world = World::new();
    let alice = world.enter("name=Alice");
    let bob = world.enter("name=Bob");
    world.told.clear();
    let event = r#"{"type":"send_message","id":"c7","payload":"Hello"}"#;
    for (why, code) in [
        (JournalError::Overloaded, Code::Overloaded),
        (JournalError::Unavailable, Code::StorageUnavailable),
    ] {
        world.prompt = false;
        world.say(alice, event);
        let Some(JournalRequest::Append(draft)) = world.orders.last() else { panic!("no append") };
        let answer = JournalResponse::Rejected { request_id: draft.request_id, why };
        world.handle(Input::Answered(answer.clone()));
        let refusal = world.error(alice);
        assert_eq!((refusal.code, refusal.text.as_deref()), (code, Some("Hello")));
        assert_eq!(refusal.room.as_deref(), Some("lobby"));
        assert!(refusal.code.retryable());
        assert_eq!(world.told(bob), []);
        // An answer that comes twice is nobody's.
        world.handle(Input::Answered(answer));
        assert_eq!(world.told(alice), []);
    }
    world.handle(Input::Answered(JournalResponse::Health { writable: true }));
}

#[test]
fn a_message_is_published_although_its_sender_has_left() {
    let mut world = World::new();
    let alice = world.enter("name=Alice");
    let bob = world.enter("name=Bob");
    world.prompt = false;
    world.say(alice, r#"{"type":"send_message","id":"c7","payload":"Hello"}"#);
    world.close(alice);
    world.told.clear();
    world.settle();
    assert_eq!(world.heard(bob), ["Hello"]);
    assert!(world.told.is_empty());
}

#[test]
fn a_reaction_is_one_however_its_emoji_is_written() {
    let mut world = World::new();
    let alice = world.enter("name=Alice");
    world.say(alice, "Hello");
    for (written, one) in [
        ("👍", "👍"),
        ("👍\u{FE0F}", "👍"),
        ("❤", "❤\u{FE0F}"),
        ("❤\u{FE0F}", "❤\u{FE0F}"),
        ("❤\u{FE0E}", "❤\u{FE0F}"),
        ("👁\u{200D}🗨", "👁\u{FE0F}\u{200D}🗨\u{FE0F}"),
        ("👍🏽", "👍🏽"),
        ("ß", "ß"),
    ] {
        for on in [true, false] {
            world.pass(Duration::from_secs(5));
            world.told.clear();
            let payload = format!(r#"{{"mid":1,"emoji":"{written}","on":{on}}}"#);
            world.say(
                alice,
                &format!(r#"{{"type":"react","id":"{written}{on}","payload":{payload}}}"#),
            );
            let emoji = world.told(alice).into_iter().find_map(|event| match event {
                ServerEvent::Reaction { emoji, .. } => Some(emoji),
                _ => None,
            });
            assert_eq!(emoji.as_deref(), Some(one), "{written:?} {on}");
        }
    }
}

#[test]
fn messages_can_be_edited_deleted_and_reacted_to() {
    let mut world = World::new();
    let alice = world.enter("name=Alice");
    let bob = world.enter("name=Bob");
    world.say(alice, "Helo");
    world.told.clear();
    for (client, event, types) in [
        (
            alice,
            r#"{"type":"edit_message","id":"1","payload":{"mid":1,"content":"Hello"}}"#,
            "message_edited",
        ),
        (bob, r#"{"type":"react","id":"2","payload":{"mid":1,"emoji":"👍"}}"#, "reaction"),
        (bob, r#"{"type":"set_topic","id":"3","payload":"Release day"}"#, "topic"),
        (alice, r#"{"type":"delete_message","id":"4","payload":{"mid":1}}"#, "message_deleted"),
    ] {
        world.say(client, event);
        let other = if client == alice { bob } else { alice };
        assert_eq!(world.types(client), ["ack", types]);
        assert_eq!(world.types(other), [types]);
    }
    world.say(bob, r#"{"type":"edit_message","id":"5","payload":{"mid":1,"content":"x"}}"#);
    assert_eq!(world.error(bob).code, Code::NoSuchMessage);
    world.say(alice, "mine");
    world.told.clear();
    world.say(bob, r#"{"type":"delete_message","id":"6","payload":{"mid":6}}"#);
    assert_eq!(world.error(bob).code, Code::Forbidden);
    world.say(bob, "/topic");
    let told = world.read(bob);
    assert!(told[0].contains("Release day"), "{told:?}");
    let late = world.open("name=Late&history=0");
    assert_eq!(&*world.welcome(late).rooms[0].topic, "Release day");
}

#[test]
fn a_message_can_expire() {
    let mut world = World::with(|limits| limits.message_ttl = Some(Duration::from_secs(3600)));
    let alice = world.enter("name=Alice");
    let bob = world.enter("name=Bob");
    world.told.clear();
    world.say(alice, "/expire 60 soon gone");
    world.say(alice, "gone in an hour");
    let ends: Vec<Option<u64>> = world
        .told(bob)
        .iter()
        .map(|event| match event {
            ServerEvent::Message { expires, .. } => *expires,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(ends, [Some(START + 60_000), Some(START + 3_600_000)]);
    world.keeper.expire("lobby", 1);
    world.settle();
    for client in [alice, bob] {
        assert_eq!(
            world.read(client),
            ["{\"type\":\"message_deleted\",\"room\":\"lobby\",\"seq\":3,\"ts\":0,\
              \"payload\":{\"mid\":1,\"by\":\"*\",\"why\":\"expired\"}}"]
        );
    }
}

#[test]
fn slash_commands_do_what_events_do() {
    let mut world = World::with(|limits| limits.sends_per_second_max = None);
    let alice = world.enter("name=Alice");
    let bob = world.enter("name=Bob");
    world.told.clear();
    world.say(alice, "/reply to nobody");
    assert_eq!(world.error(alice).code, Code::NoSuchMessage);
    world.say(alice, "/edit nothing");
    assert_eq!(world.error(alice).code, Code::NoSuchMessage);
    world.say(alice, "Helo");
    world.say(alice, "/edit Hello");
    world.say(bob, "/reply Hi");
    world.say(bob, "/me waves");
    world.say(alice, "/topic A topic");
    world.say(alice, "/delete");
    world.say(bob, "/delete 4");
    world.say(bob, "//quit is a word");
    let changes: Vec<Change> =
        world.keeper.rooms["lobby"].entries.iter().map(|entry| entry.change.clone()).collect();
    let message = |content: &str, reply_to| Change::Message {
        files: Default::default(),
        content: content.into(),
        reply_to,
        expires: None,
    };
    let gone = chinwag::chat::record::DeletionReason::Author;
    assert_eq!(
        changes,
        [
            message("Helo", None),
            Change::Edited { mid: 1, content: "Hello".into() },
            message("Hi", Some(1)),
            message("/me waves", None),
            Change::Topic { topic: "A topic".into() },
            Change::Deleted { mid: 1, why: gone },
            Change::Deleted { mid: 4, why: gone },
            message("/quit is a word", None),
        ]
    );
    world.told.clear();
    for line in ["/help", "/whoami", "/topic"] {
        world.say(alice, line);
    }
    assert_eq!(world.types(alice), ["notice"; 3]);
    assert_eq!(world.told(bob), []);
}

#[test]
fn a_pong_has_the_top_of_each_room() {
    let mut world = World::new();
    let alice = world.enter("name=Alice&room=dev&room=lobby");
    world.say(alice, "one");
    world.say(alice, r#"{"type":"ping","id":"p1"}"#);
    assert_eq!(
        world.read(alice),
        ["{\"type\":\"pong\",\"re\":\"p1\",\"ts\":1732104000000,\
          \"payload\":{\"rooms\":{\"lobby\":0,\"dev\":1}}}"]
    );
}
