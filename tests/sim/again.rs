//! Idempotency: repeated requests that would be refused by now, but were done before.

use std::time::Duration;

use chinwag::chat::record::{JournalError, JournalRequest};
use chinwag::chat::{ClientId, Code, Credential, Request, ServerEvent};

use crate::requests::{command, post};
use crate::world::World;

/// Alice owns the room in which Eve is, too, and has said something.
fn world() -> (World, ClientId, ClientId) {
    let mut world = World::with(|limits| limits.errors_max = u32::MAX);
    let alice = world.enter("name=Alice&room=dev");
    let eve = world.enter("name=Eve&room=dev");
    world.say(eve, SAID);
    world.told.clear();
    (world, alice, eve)
}

const SAID: &str = r#"{"type":"send_message","id":"c1","room":"dev","payload":"hi"}"#;
const FRESH: &str = r#"{"type":"send_message","id":"c2","room":"dev","payload":"ho"}"#;

/// Sends again what was said, and then something else; gives what became of that.
fn again(world: &mut World, client: ClientId) -> (Code, Option<String>) {
    world.told.clear();
    world.say(client, SAID);
    let told = world.told(client);
    assert!(matches!(told[..], [ServerEvent::Ack { seq: 1, duplicate: true, .. }]), "{told:?}");
    world.say(client, FRESH);
    let refusal = world.error(client);
    assert_eq!(refusal.re.as_deref(), Some("c2"));
    (refusal.code, refusal.text.map(|text| text.to_string()))
}

fn back(code: Code) -> (Code, Option<String>) {
    (code, Some("ho".to_owned()))
}

#[test]
fn a_repeated_message_is_acknowledged_to_a_user_muted_since() {
    for (line, code) in [("/mute Eve", Code::Muted), ("/lock", Code::RoomLocked)] {
        let (mut world, alice, eve) = world();
        world.say(alice, line);
        assert_eq!(again(&mut world, eve), back(code), "{line}");
        assert_eq!(world.heard(alice), [""; 0]);
    }
}

#[test]
fn a_repeated_message_is_acknowledged_to_a_client_that_left_the_room() {
    let (mut world, _, eve) = world();
    world.say(eve, r#"{"type":"join_room","payload":"other"}"#);
    world.say(eve, r#"{"type":"leave_room","room":"dev"}"#);
    assert_eq!(again(&mut world, eve), back(Code::NotInRoom));
}

#[test]
fn a_repeated_message_in_slow_mode_is_acknowledged_at_once() {
    let (mut world, alice, eve) = world();
    world.say(alice, "/slow 60");
    world.pass(Duration::from_secs(61));
    world.say(eve, FRESH);
    world.told.clear();
    world.say(eve, FRESH);
    assert!(matches!(world.told(eve)[..], [ServerEvent::Ack { duplicate: true, .. }]));
    world.say(eve, r#"{"type":"send_message","id":"c3","payload":"soon"}"#);
    assert_eq!(world.error(eve).code, Code::SlowMode);
}

#[test]
fn a_repeated_moderation_that_can_take_effect_only_once_is_acknowledged_again() {
    let (mut world, alice, eve) = world();
    for (id, action) in [("m1", "kick"), ("m2", "ban"), ("m3", "unban")] {
        if action == "ban" {
            world.say(eve, r#"{"type":"join_room","payload":"dev"}"#);
        }
        let moderation = format!(
            r#"{{"type":"moderate","id":"{id}","room":"dev","payload":{{"action":"{action}","user":"Eve"}}}}"#
        );
        for duplicate in [false, true] {
            world.told.clear();
            world.say(alice, &moderation);
            let told = world.told(alice);
            let acked = |event: &ServerEvent| matches!(event, ServerEvent::Ack { duplicate: it, .. } if *it == duplicate);
            assert!(told.iter().any(acked), "{action}: {told:?}");
        }
    }
    world.told.clear();
    world.say(alice, r#"{"type":"moderate","id":"m4","payload":{"action":"kick","user":"Eve"}}"#);
    assert_eq!(world.error(alice).code, Code::NoSuchUser);
}

#[test]
fn a_post_whose_answer_was_lost_is_acknowledged_again() {
    let (mut world, alice, eve) = world();
    let session = {
        let bob = world.open("name=Bob&room=dev");
        world.welcome(bob).session
    };
    let by = |text: &str| {
        let mut post = post(text);
        (post.room, post.id) = ("dev".into(), Some("p1".into()));
        post.by = Credential::Session(session.clone());
        Request::Post(Box::new(post))
    };
    assert!(matches!(command(&mut world, by("hi")), ServerEvent::Ack { duplicate: false, .. }));
    world.say(alice, "/mute Bob");
    assert!(matches!(command(&mut world, by("hi")), ServerEvent::Ack { duplicate: true, .. }));
    match command(&mut world, by("ho")) {
        ServerEvent::Error(refusal) => {
            assert_eq!((refusal.code, refusal.text.as_deref()), (Code::IdConflict, Some("ho")));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(world.heard(eve), ["hi"]);
}

#[test]
fn an_invalid_post_is_refused_and_charged() {
    let (mut world, alice, _) = world();
    let session = {
        let bob = world.open("name=Bob&room=dev");
        world.welcome(bob).session
    };
    world.say(alice, "/mute Bob");
    let code = |world: &mut World, text: &str| {
        let mut post = post(text);
        (post.room, post.by) = ("dev".into(), Credential::Session(session.clone()));
        match command(world, Request::Post(Box::new(post))) {
            ServerEvent::Error(refusal) => refusal.code,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(code(&mut world, " "), Code::BadField);
    for _ in 0..9 {
        assert_eq!(code(&mut world, "hi"), Code::Muted);
    }
    assert_eq!(code(&mut world, "hi"), Code::RateLimited);
}

#[test]
fn a_replay_check_fails_while_the_journal_is_unavailable() {
    let (mut world, alice, eve) = world();
    world.say(alice, "/mute Eve");
    world.told.clear();
    world.keeper.refuses = Some(JournalError::Unavailable);
    world.say(eve, SAID);
    let refusal = world.error(eve);
    assert_eq!((refusal.code, refusal.text.as_deref()), (Code::StorageUnavailable, Some("hi")));
    assert_eq!(again(&mut world, eve), back(Code::Muted));
}

#[test]
fn requests_for_private_rooms_or_above_the_rate_are_refused() {
    let (mut world, alice, eve) = world();
    world.say(eve, r#"{"type":"join_room","payload":"other"}"#);
    world.say(alice, "/private");
    world.say(alice, "/kick Eve");
    world.told.clear();
    world.orders.clear();
    for _ in 0..100 {
        world.say(eve, FRESH);
        assert_eq!(world.error(eve).code, Code::NotInRoom);
    }
    assert!(!world.orders.iter().any(|order| matches!(order, JournalRequest::CheckReplay(_))));
    world.say(alice, "/public");
    world.say(eve, r#"{"type":"join_room","payload":"dev"}"#);
    world.say(alice, "/mute Eve");
    world.told.clear();
    let codes: Vec<Code> = (0..100)
        .map(|_| {
            world.say(eve, FRESH);
            world.error(eve).code
        })
        .take_while(|code| *code == Code::Muted)
        .collect();
    assert!(codes.len() < 100, "it may ask as often as it likes");
}
