//! The record: history, resumes, gaps.

use std::time::Duration;

use chinwag::chat::record::{JournalError, JournalRequest, JournalResponse};
use chinwag::chat::{ClientId, Code, Input, Missed, ServerEvent};

use crate::world::World;

/// Makes a room in which so much was said, one entry a message.
fn with_messages(count: usize) -> (World, ClientId) {
    let mut world = World::with(|limits| {
        limits.sends_per_second_max = None;
        limits.queries_per_second_max = None;
    });
    let alice = world.enter("name=Alice");
    for n in 1..=count {
        world.say(alice, &format!("m{n}"));
    }
    world.told.clear();
    (world, alice)
}

fn mids(event: &ServerEvent) -> Vec<u64> {
    match event {
        ServerEvent::History(history) => history.messages.iter().map(|said| said.mid).collect(),
        other => panic!("no history but {other:?}"),
    }
}

#[test]
fn joining_sends_the_last_messages() {
    let (mut world, _) = with_messages(60);
    let bob = world.open("name=Bob");
    let told = world.told(bob);
    assert!(matches!(told[0], ServerEvent::Welcome(_)));
    assert_eq!(mids(&told[1]), (11..=60).collect::<Vec<u64>>());
    let few = world.open("name=Few&history=2");
    assert_eq!(mids(&world.told(few)[1]), [59, 60]);
    let none = world.open("name=None&history=0");
    assert_eq!(world.types(none), ["welcome"]);
    let empty = world.open("name=Empty&room=quiet");
    assert_eq!(world.types(empty), ["welcome"]);
    let lines = world.open("name=Lines&mode=text&history=2");
    assert_eq!(
        world.read(lines),
        [
            "* Welcome, Lines. You are in lobby (5 online). /help lists the commands.",
            "[12:00:00] <Alice> m59",
            "[12:00:00] <Alice> m60"
        ]
    );
    world.say(few, r#"{"type":"join_room","id":"j1","payload":{"room":"quiet"}}"#);
    world.say(empty, r#"{"type":"join_room","id":"j1","payload":{"room":"lobby","history":1}}"#);
    assert_eq!(world.types(few), ["joined"]);
    let told = world.told(empty);
    assert!(matches!(told[1], ServerEvent::Joined(_)), "{told:?}");
    assert_eq!(mids(&told[2]), [60]);
}

#[test]
fn history_precedes_live_messages_without_a_gap() {
    let (mut world, alice) = with_messages(2);
    world.prompt = false;
    let bob = world.open("name=Bob");
    assert_eq!(world.types(bob), ["welcome"]);
    world.say(alice, "m3");
    // The page is read, then the message is recorded and shown before the page comes.
    world.keeper.work();
    world.keeper.work();
    let appended = world.keeper.fetch(false).unwrap();
    world.handle(Input::Answered(appended));
    assert_eq!(world.told(bob), []);
    let page = world.keeper.fetch(true).unwrap();
    world.handle(Input::Answered(page));
    let told = world.told(bob);
    assert_eq!(mids(&told[0]), [1, 2]);
    assert!(matches!(told[1], ServerEvent::Message { seq: 3, .. }), "{told:?}");
    assert_eq!(told.len(), 2);
    world.prompt = true;
    world.say(alice, "m4");
    assert_eq!(world.heard(bob), ["m4"]);
}

#[test]
fn a_page_is_cut_at_the_last_published_entry() {
    let (mut world, alice) = with_messages(2);
    world.prompt = false;
    world.say(alice, "m3");
    let bob = world.open("name=Bob");
    world.told(bob);
    world.keeper.work();
    world.keeper.work();
    let page = world.keeper.fetch(true).unwrap();
    assert!(matches!(&page, JournalResponse::Page(page) if page.top == 3));
    world.handle(Input::Answered(page));
    let told = world.told(bob);
    assert_eq!(mids(&told[0]), [1, 2]);
    let ServerEvent::History(history) = &told[0] else { panic!() };
    assert_eq!(history.top, 2);
    world.settle();
    assert_eq!(world.heard(bob), ["m3"]);
}

#[test]
fn a_failed_read_is_an_error_and_the_client_goes_live() {
    let (mut world, alice) = with_messages(2);
    world.prompt = false;
    let bob = world.open("name=Bob");
    world.told(bob);
    let Some(JournalRequest::Read(query)) = world.orders.last() else { panic!("no read") };
    let (request_id, why) = (query.request_id, JournalError::Unavailable);
    world.handle(Input::Answered(JournalResponse::ReadFailed { request_id, why }));
    assert_eq!(world.error(bob).code, Code::StorageUnavailable);
    world.say(alice, "m3");
    world.settle();
    assert_eq!(world.heard(bob), ["m3"]);
}

#[test]
fn history_is_read_by_seq() {
    let (mut world, alice) = with_messages(20);
    for (payload, expected) in [
        ("{}", (1..=20).collect::<Vec<u64>>()),
        (r#"{"limit":3}"#, vec![18, 19, 20]),
        (r#"{"before":5,"limit":2}"#, vec![3, 4]),
        (r#"{"after":5,"limit":2}"#, vec![6, 7]),
        (r#"{"after":20}"#, vec![]),
        (r#"{"limit":0}"#, vec![]),
    ] {
        world.say(alice, &format!(r#"{{"type":"history","id":"h1","payload":{payload}}}"#));
        let told = world.told(alice);
        assert_eq!(mids(&told[0]), expected, "{payload}");
        let ServerEvent::History(history) = &told[0] else { panic!() };
        assert_eq!((history.re.as_deref(), history.top), (Some("h1"), 20));
    }
    let outside = world.open("name=Bob&room=dev");
    world.told(outside);
    world.say(outside, r#"{"type":"history","room":"lobby","payload":{"limit":1}}"#);
    assert_eq!(mids(&world.told(outside)[0]), [20]);
    world.say(outside, r#"{"type":"history","room":"nowhere"}"#);
    assert_eq!(world.error(outside).code, Code::NoSuchRoom);
    world.say(outside, "/mode text");
    world.told(outside);
    world.say(outside, "/history");
    assert_eq!(world.read(outside), ["* There is nothing."]);
}

#[test]
fn a_resuming_client_gets_what_it_missed_and_then_goes_live() {
    let (mut world, alice) = with_messages(5);
    let bob = world.open("name=Bob&after=lobby:3&epoch=k3");
    assert_eq!(
        world.read(bob)[1..],
        [
            "{\"type\":\"resumed\",\"payload\":{\"you\":\"Bob\",\"epoch\":\"k3\",\"rooms\":\
             {\"lobby\":{\"from\":4,\"to\":5,\"complete\":true}}}}",
            "{\"type\":\"message\",\"room\":\"lobby\",\"seq\":4,\"ts\":1732104000000,\
             \"payload\":{\"mid\":4,\"sender\":\"Alice\",\"content\":\"m4\"}}",
            "{\"type\":\"message\",\"room\":\"lobby\",\"seq\":5,\"ts\":1732104000000,\
             \"payload\":{\"mid\":5,\"sender\":\"Alice\",\"content\":\"m5\"}}",
            "{\"type\":\"live\",\"room\":\"lobby\",\"payload\":{\"seq\":5}}",
        ]
    );
    world.say(alice, "m6");
    assert_eq!(world.heard(bob), ["m6"]);
}

#[test]
fn a_resume_handles_nothing_missed_positions_above_the_top_and_another_epoch() {
    let (mut world, alice) = with_messages(5);
    let resumed = |world: &mut World, query: &str| {
        let client = world.open(query);
        let told = world.told(client);
        let rooms = told.iter().find_map(|event| match event {
            ServerEvent::Resumed(resumed) => Some(resumed.rooms.clone()),
            _ => None,
        });
        let live = told.iter().any(|event| matches!(event, ServerEvent::Live { seq: 5, .. }));
        assert!(live || rooms.is_none());
        world.say(alice, "again");
        assert_eq!(world.heard(client).len(), 1);
        world.keeper.rooms.get_mut("lobby").unwrap().entries.truncate(5);
        world.chat =
            chinwag::chat::Chat::new(world.chat.limits().clone(), world.keeper.opening("k3"));
        world.handle(Input::Opened {
            client: alice,
            params: chinwag::chat::ConnectParams::default(),
            seed: [9; 16],
            admission: Box::default(),
        });
        rooms
    };
    let missed = |from, to, lost| Some(vec![Missed { room: "lobby".into(), from, to, lost }]);
    assert_eq!(resumed(&mut world, "after=lobby:5&epoch=k3"), missed(6, 5, None));
    assert_eq!(resumed(&mut world, "after=lobby:5"), missed(6, 5, None));
    let unknown = missed(10, 5, Some((6, 9, "unknown")));
    assert_eq!(resumed(&mut world, "after=lobby:9&epoch=k3"), unknown);
    world.keeper.rooms.get_mut("lobby").unwrap().pruned = 3;
    let retention = missed(2, 5, Some((2, 3, "retention")));
    assert_eq!(resumed(&mut world, "after=lobby:1&epoch=k3"), retention);
    assert_eq!(resumed(&mut world, "after=lobby:5&epoch=old"), None);
    let wrong = world.open("after=lobby:5&epoch=old");
    let types = world.types(wrong);
    assert_eq!(types, ["welcome", "error"]);
    world
        .say(wrong, r#"{"type":"resume","id":"r1","payload":{"epoch":"old","rooms":{"lobby":1}}}"#);
    let refusal = world.error(wrong);
    assert_eq!((refusal.code, refusal.re.as_deref()), (Code::EpochMismatch, Some("r1")));
}

#[test]
fn a_resume_repeats_at_most_a_thousand_events() {
    let (mut world, _) = with_messages(1500);
    let bob = world.open("name=Bob&after=lobby:100&epoch=k3");
    let told = world.told(bob);
    let ServerEvent::Resumed(resumed) = &told[1] else { panic!("{:?}", told[1]) };
    let lost = Some((1101, 1500, "page"));
    assert_eq!(resumed.rooms, [Missed { room: "lobby".into(), from: 101, to: 1500, lost }]);
    assert_eq!(told.len(), 1003);
    assert!(matches!(told[1001], ServerEvent::Message { seq: 1100, .. }));
    assert!(matches!(told[1002], ServerEvent::Live { seq: 1500, .. }));
}

#[test]
fn a_resume_fits_into_a_send_queue() {
    let mut world = World::with(|limits| limits.sends_per_second_max = None);
    let alice = world.enter("name=Alice");
    for _ in 0..200 {
        world.say(alice, &"\"".repeat(3000));
    }
    let bob = world.open("name=Bob&after=lobby:0&epoch=k3");
    let bytes: usize = world.read(bob).iter().map(String::len).sum();
    assert!((150 * 1024..256 * 1024).contains(&bytes), "{bytes} bytes");
    let carol = world.open("name=Carol&history=200");
    let bytes: usize = world.read(carol).iter().map(String::len).sum();
    assert!((100 * 1024..132 * 1024).contains(&bytes), "{bytes} bytes");
}

#[test]
fn an_open_client_can_resume() {
    let (mut world, alice) = with_messages(3);
    let bob = world.open("name=Bob&room=dev");
    let session = world.welcome(bob).session;
    world.say(bob, "hello, dev");
    world.close(bob);
    world.pass(Duration::from_secs(1));
    let back = world.open("room=tea");
    assert_eq!(&*world.welcome(back).you, "Anonymous");
    world.prompt = false;
    world.say(
        back,
        &format!(
            r#"{{"type":"resume","id":"r1","payload":{{"session":"{session}","epoch":"k3",
                "rooms":{{"lobby":2,"dev":1}}}}}}"#
        ),
    );
    world.say(alice, "m4");
    world.settle();
    let told = world.told(back);
    // The guest it was until now has left the room that it is in.
    let [ServerEvent::UserLeft { .. }, ServerEvent::Resumed(resumed), ..] = &told[..] else {
        panic!("{told:?}");
    };
    assert_eq!((resumed.re.as_deref(), &*resumed.you), (Some("r1"), "Bob"));
    let seen: Vec<String> = told[1..]
        .iter()
        .filter_map(|event| match event {
            ServerEvent::Message { room, seq, .. } => Some(format!("{room} {seq}")),
            ServerEvent::Live { room, seq } => Some(format!("live {room} {seq}")),
            _ => None,
        })
        .collect();
    assert_eq!(seen, ["lobby 3", "live lobby 3", "live dev 1", "lobby 4"]);
    world.prompt = true;
    world.told.clear();
    world.say(back, "/whoami");
    assert!(world.read(back)[0].contains("You are Bob."));
    world.say(back, "in tea still");
    assert_eq!(world.keeper.rooms["tea"].entries.len(), 1);
    // The guest it was for a moment is no more.
    let guest = world.open("");
    assert_eq!(&*world.welcome(guest).you, "Anonymous");
}

#[test]
fn joining_after_a_seq_resumes_the_room() {
    let (mut world, _) = with_messages(3);
    let bob = world.open("name=Bob&room=dev");
    world.told(bob);
    world.say(
        bob,
        r#"{"type":"join_room","id":"j1","payload":{"room":"lobby","after":2,"epoch":"k3"}}"#,
    );
    assert_eq!(world.types(bob), ["joined", "resumed", "message", "live"]);
}

#[test]
fn a_gap_names_what_a_slow_client_was_not_sent() {
    let (mut world, alice) = with_messages(3);
    let room = world.room_with(alice).unwrap();
    world.handle(Input::CaughtUp { client: alice, missed: vec![(room, 58, 90)] });
    assert_eq!(
        world.read(alice),
        [
            "{\"type\":\"gap\",\"room\":\"lobby\",\"payload\":{\"from\":58,\"to\":90,\"why\":\"slow\"}}"
        ]
    );
    world.say(alice, "/leave");
    world.told(alice);
    world.handle(Input::CaughtUp { client: alice, missed: vec![(room, 58, 90)] });
    assert_eq!(world.told(alice), []);
}

#[test]
fn a_client_that_leaves_while_a_page_is_pending_has_left() {
    let (mut world, alice) = with_messages(3);
    world.prompt = false;
    let bob = world.open("name=Bob&room=dev");
    world.say(bob, "/join lobby");
    world.say(bob, "/leave");
    world.say(bob, "/join lobby");
    world.told(bob);
    world.say(alice, "m4");
    world.settle();
    let told = world.told(bob);
    assert_eq!(mids(&told[0]), [1, 2, 3]);
    assert_eq!(told.len(), 2, "{told:?}");
    world.say(bob, "/leave");
    world.close(bob);
    world.settle();
    world.told.clear();
    world.say(alice, "m5");
    world.settle();
    assert!(world.told.is_empty());
}
