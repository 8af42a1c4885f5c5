//! Counts of unread messages, and the read marker.

use chinwag::chat::{Account, Admission, ClientId, Code, ServerEvent};

use crate::society::login;
use crate::world::World;

/// Opens a connection of an account. Returns it, and the marker and the count of the lobby that it
/// was told in the end.
fn counted(world: &mut World, account: &Account) -> (ClientId, (u64, u64)) {
    let admission = Admission { login: Some(login(account, 7)), ..Admission::default() };
    let client = world.admission("/ws", "room=lobby", admission);
    let mut counts = None;
    for event in world.told(client) {
        match event {
            ServerEvent::Welcome(welcome) => {
                let state = welcome.rooms[0].read.unwrap();
                counts = Some((state.read, state.unread));
            }
            ServerEvent::Read { seq, unread, .. } => counts = Some((seq, unread)),
            _ => {}
        }
    }
    world.told.clear();
    (client, counts.expect("no count"))
}

fn world() -> (World, Account) {
    let mut world = World::with(|limits| {
        limits.sends_per_second_max = None;
        limits.account_sends_per_second_max = None;
    });
    let bob = world.register("Bob", 1, false);
    (world, bob)
}

#[test]
fn messages_of_others_that_exist_are_unread_and_nothing_else() {
    let (mut world, bob) = world();
    let alice = world.enter("name=Alice");
    let client = world.enter_as(&bob, "room=lobby");
    world.say(alice, "one");
    world.say(client, "own");
    world.say(alice, "two");
    world.say(alice, "three");
    world.say(alice, r#"{"type":"edit_message","payload":{"mid":3,"content":"2"}}"#);
    world.say(alice, r#"{"type":"react","payload":{"mid":3,"emoji":"+"}}"#);
    world.say(alice, "/topic tea");
    world.say(alice, r#"{"type":"delete_message","payload":{"mid":4}}"#);
    world.keeper.expire("lobby", 1);
    world.settle();
    for _ in 0..2 {
        // Before the messages were ever counted, and after.
        for _ in 0..2 {
            assert_eq!(counted(&mut world, &bob).1, (0, 1));
        }
        world.restart();
    }
    let alice = world.enter("name=Alice");
    world.say(alice, "four");
    assert_eq!(counted(&mut world, &bob).1, (0, 2));
    let last = world.keeper.rooms["lobby"].entries.len();
    world.say(alice, &format!(r#"{{"type":"delete_message","payload":{{"mid":{last}}}}}"#));
    assert_eq!(counted(&mut world, &bob).1, (0, 1));
}

#[test]
fn a_count_that_was_told_right_is_not_told_again() {
    let (mut world, bob) = world();
    let alice = world.enter("name=Alice");
    world.say(alice, "one");
    let admission = Admission { login: Some(login(&bob, 7)), ..Admission::default() };
    let client = world.admission("/ws", "history=0", admission);
    assert_eq!(world.types(client), ["welcome"]);
}

#[test]
fn a_hundred_unread_messages_mean_as_many_or_more() {
    let (mut world, bob) = world();
    let alice = world.enter("name=Alice");
    for n in 0..130 {
        world.say(alice, &format!("m{n}"));
    }
    let (client, counts) = counted(&mut world, &bob);
    assert_eq!(counts, (0, 100));
    for (seq, unread) in [(10, 100), (30, 100), (31, 99), (129, 1), (130, 0)] {
        world.say(client, &format!(r#"{{"type":"read","payload":{{"seq":{seq}}}}}"#));
        assert_eq!(counted(&mut world, &bob).1, (seq, unread));
    }
}

#[test]
fn a_marker_moves_back_only_by_an_event_of_its_own() {
    let (mut world, bob) = world();
    let alice = world.enter("name=Alice");
    for n in 0..5 {
        world.say(alice, &format!("m{n}"));
    }
    let (first, _) = counted(&mut world, &bob);
    let (second, _) = counted(&mut world, &bob);
    let wscat = world.enter_as(&bob, "mode=text");
    world.say(first, r#"{"type":"read","payload":{"seq":5}}"#);
    let read = |seq, unread| {
        format!(r#"{{"type":"read","room":"lobby","payload":{{"seq":{seq},"unread":{unread}}}}}"#)
    };
    assert_eq!((world.read(first), world.read(second)), (vec![], vec![read(5, 0)]));
    world.say(first, r#"{"type":"read","payload":{"seq":2}}"#);
    assert_eq!((world.read(first), world.read(second)), (vec![], vec![]));
    world.say(first, r#"{"type":"mark_unread","id":"u","payload":{"mid":4}}"#);
    let answer = read(3, 2).replace(r#""read","#, r#""read","re":"u","#);
    assert_eq!((world.read(first), world.read(second)), (vec![answer], vec![read(3, 2)]));
    assert_eq!(world.read(wscat), [""; 0]);
    // What is unread already stays where it is.
    world.say(first, r#"{"type":"mark_unread","id":"u","payload":{"mid":5}}"#);
    assert_eq!((world.read(first).len(), world.read(second)), (1, vec![]));
    world.pass(std::time::Duration::from_secs(2));
    world.restart();
    assert_eq!(counted(&mut world, &bob).1, (3, 2));
    let guest = world.enter("name=Guest");
    world.say(guest, r#"{"type":"mark_unread","payload":{"mid":4}}"#);
    assert_eq!(world.error(guest).code, Code::AuthRequired);
}

#[test]
fn a_conversation_counts_what_the_other_said() {
    let (mut world, bob) = world();
    let carol = world.register("Carol", 2, false);
    let client = world.enter_as(&bob, "");
    let other = world.enter_as(&carol, "");
    world.say(client, "/msg Carol one");
    world.say(other, "/msg Bob two");
    world.say(other, r#"{"type":"react","room":"@Bob","payload":{"mid":1,"emoji":"+"}}"#);
    world.restart();
    for expected in [["{\"seq\":0,\"unread\":1}"; 1].to_vec(), vec![]] {
        let admission = Admission { login: Some(login(&bob, 7)), ..Admission::default() };
        let client = world.admission("/ws", "", admission);
        let told = world.read(client);
        let corrections = told.iter().filter_map(|line| line.split_once("\"@Carol\",\"payload\":"));
        let corrections: Vec<&str> =
            corrections.map(|(_, payload)| payload.strip_suffix('}').unwrap()).collect();
        assert_eq!(corrections, expected);
    }
}
