//! Pinned messages.

use chinwag::chat::record::Namespace;
use chinwag::chat::{ClientId, Code, ServerEvent};

use crate::world::World;

fn pin(mid: u64) -> String {
    format!(r#"{{"type":"pin","id":"p{mid}","room":"dev","payload":{{"mid":{mid}}}}}"#)
}

/// Reads the list of pinned messages of a room.
fn pinned(world: &mut World, asker: ClientId) -> Vec<u64> {
    world.told.clear();
    world.say(asker, r#"{"type":"list_pins","room":"dev"}"#);
    match world.told(asker).pop() {
        Some(ServerEvent::Pins(pins)) => pins.messages.iter().map(|said| said.mid).collect(),
        other => panic!("no pins but {other:?}"),
    }
}

fn stored(world: &World) -> Vec<String> {
    let stored = world.keeper.key_values.keys().filter(|(of, _)| *of == Namespace::Pins);
    stored.map(|(_, key)| key.to_string()).collect()
}

/// Makes a room of Alice's in which so much was said.
fn world(messages: u64) -> (World, ClientId, ClientId) {
    let mut world = World::with(|limits| {
        limits.sends_per_second_max = None;
        limits.moderator_sends_per_second_max = None;
        limits.queries_per_second_max = None;
    });
    let alice = world.enter("name=Alice&room=dev&history=0");
    let bob = world.enter("name=Bob&room=dev&history=0");
    for n in 1..=messages {
        world.say(alice, &format!("m{n}"));
    }
    world.told.clear();
    (world, alice, bob)
}

#[test]
fn a_moderator_pins_and_unpins_and_everybody_is_told() {
    let (mut world, alice, bob) = world(3);
    world.say(alice, &pin(2));
    let told = r#"{"type":"message_pinned","room":"dev","seq":4,"ts":1732104000000,"payload":{"mid":2,"by":"Alice","on":true}}"#;
    assert_eq!(world.read(bob), [told]);
    world.pass(std::time::Duration::from_secs(1));
    world.say(alice, &pin(1));
    for _ in 0..2 {
        let asker = world.enter("name=Carol&room=dev");
        assert_eq!(pinned(&mut world, asker), [1, 2]);
        world.say(asker, r#"{"type":"history","room":"dev"}"#);
        let ServerEvent::History(history) = &world.told(asker)[0] else { panic!("no history") };
        assert_eq!(history.pins, [1, 2]);
        world.restart();
    }
    let alice = world.enter("name=Root&room=dev");
    assert_eq!(pinned(&mut world, alice), [1, 2]);
}

#[test]
fn a_pin_ends_when_it_is_taken_away_and_with_its_message() {
    let (mut world, alice, bob) = world(4);
    (1..=4).for_each(|mid| world.say(alice, &pin(mid)));
    world.say(alice, "/unpin 1");
    world.say(alice, "/delete 2");
    world.keeper.expire("dev", 3);
    world.settle();
    assert_eq!((pinned(&mut world, bob), stored(&world)), (vec![4], vec!["dev/4".to_owned()]));
    world.say(alice, &pin(2).replace("p2", "p2again"));
    assert_eq!(world.error(alice).code, Code::NoSuchMessage);
    // A message that is no longer kept.
    world.keeper.rooms.get_mut("dev").unwrap().said.remove(&4);
    assert_eq!((pinned(&mut world, bob), stored(&world)), (vec![], vec![]));
}

#[test]
fn only_moderators_pin_and_in_a_conversation_both() {
    let (mut world, alice, bob) = world(1);
    world.say(bob, &pin(1));
    assert_eq!(world.error(bob).code, Code::Forbidden);
    world.say(alice, "/promote Bob");
    world.told.clear();
    world.say(bob, &pin(1).replace("p1", "p1again"));
    assert_eq!(world.types(alice), ["message_pinned"]);
    world.say(alice, "/msg Bob psst");
    world.told.clear();
    world.say(bob, r#"{"type":"pin","room":"@Alice","payload":{"mid":1}}"#);
    assert_eq!((world.types(alice).len(), world.types(bob).len()), (1, 1));
}

#[test]
fn a_pin_that_was_recorded_is_acknowledged_again() {
    let (mut world, alice, _) = world(1);
    world.say(alice, "/promote Bob");
    world.say(alice, &pin(1));
    world.reload(|limits| limits.pins_max = 1);
    world.told.clear();
    world.say(alice, &pin(1));
    let told = world.told(alice);
    assert!(matches!(told[..], [ServerEvent::Ack { duplicate: true, .. }]), "{told:?}");
}

#[test]
fn the_pins_of_a_room_are_limited() {
    let (mut world, alice, _) = world(60);
    (1..=60).for_each(|mid| world.say(alice, &pin(mid)));
    let told = world.told(alice);
    let refused = |event: &ServerEvent| matches!(event, ServerEvent::Error(it) if it.code == Code::TooManyPins);
    assert_eq!(told.iter().filter(|event| refused(event)).count(), 10);
    assert_eq!(pinned(&mut world, alice).len(), 50);
    world.reload(|limits| limits.page_bytes_max = 2000);
    assert!(pinned(&mut world, alice).len() < 15);
}

#[test]
fn pins_are_shown_in_text_and_gone_with_their_room() {
    let (mut world, alice, _) = world(2);
    let root = world.register("Root", 2, true);
    let root = world.enter_as(&root, "mode=text&room=dev&history=0");
    world.say(root, "/pins");
    assert_eq!(world.read(root), ["* Nothing is pinned in dev."]);
    world.say(alice, &pin(2));
    assert_eq!(world.read(root), ["* Alice pinned message 2"]);
    world.say(root, "/pins");
    assert_eq!(world.read(root), ["* Pinned in dev:\n    [12:00:00] dev <Alice> m2"]);
    world.say(root, "/remove dev");
    assert_eq!(stored(&world), [""; 0]);
}
