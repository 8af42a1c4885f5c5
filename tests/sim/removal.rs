//! Rooms that administrators remove.

use std::net::IpAddr;
use std::time::Duration;

use chinwag::chat::record::JournalError;
use chinwag::chat::{Admission, ClientId, Code, Credential, Input, Limits, Request, ServerEvent};

use crate::society::login;
use crate::world::{World, kind};

const REMOVE: &str = r#"{"type":"moderate","id":"r","room":"dev","payload":{"action":"remove_room","reason":"spam"}}"#;

/// A world with an administrator in the lobby.
fn world() -> (World, ClientId) {
    world_with(|_| {})
}

fn world_with(change: impl FnOnce(&mut Limits)) -> (World, ClientId) {
    let mut world = World::with(change);
    let root = world.register("Root", 9, true);
    let root = world.enter_as(&root, "");
    (world, root)
}

/// The same, in which sessions of guests end soon after their connection.
fn world_with_short_sessions() -> (World, ClientId) {
    world_with(|limits| limits.detached_sessions_max = 0)
}

#[test]
fn whoever_was_in_a_removed_room_is_told_and_stays_connected() {
    let (mut world, root) = world();
    let alice = world.enter("name=Alice&room=dev&history=0");
    let bob = world.enter("name=Bob&room=lobby&room=dev&history=0");
    world.say(alice, "hello");
    world.told.clear();
    world.say(root, REMOVE);
    let told = world.read(root);
    let ack = r#"{"type":"ack","re":"r","room":"dev","ts":1732104000000,"payload":{"action":"remove_room"}}"#;
    assert_eq!(told, [ack]);
    let left =
        r#"{"type":"left","room":"dev","payload":{"why":"removed","by":"Root","reason":"spam"}}"#;
    assert_eq!(world.read(alice), [left]);
    assert_eq!(world.read(bob), [left]);
    assert!(world.closed.is_empty());
    world.say(bob, r#"{"type":"list_rooms"}"#);
    assert!(!world.read(bob).concat().contains("dev"));
    // What is said to it is refused, and nobody is in it.
    world.say(alice, r#"{"type":"send_message","id":"m","room":"dev","payload":"anybody?"}"#);
    let refusal = world.error(alice);
    assert_eq!((refusal.code, refusal.text.as_deref()), (Code::NotInRoom, Some("anybody?")));
}

#[test]
fn a_removed_room_that_is_made_again_has_nothing_of_the_old_one_but_goes_on_counting() {
    let (mut world, root) = world();
    let owner = world.register("Olga", 1, false);
    let olga = world.enter_as(&owner, "room=dev");
    world.say(olga, "one");
    world.say(olga, r#"{"type":"set_topic","payload":"tea"}"#);
    world.say(olga, r#"{"type":"read","payload":{"seq":2}}"#);
    world.say(olga, "/private");
    world.say(olga, "/public");
    world.pass(Duration::from_secs(2));
    world.say(root, REMOVE);
    for restarts in [false, true] {
        let bob = match restarts {
            false => world.open("name=Bob&room=dev"),
            true => {
                world.restart();
                world.open("name=Bob&room=dev")
            }
        };
        let welcome = world.welcome(bob);
        let room = &welcome.rooms[0];
        assert_eq!((room.seq, &*room.topic, room.role), (4, "", Some("owner")), "{restarts}");
        world.close(bob);
        world.pass(Duration::from_secs(700));
    }
    assert!(world.keeper.key_values.keys().all(|(_, key)| !key.contains("dev")));
    let olga = world.enter_as(&owner, "room=dev&history=50");
    world.say(olga, r#"{"type":"send_message","id":"m","payload":"two"}"#);
    let told = world.told(olga);
    assert!(matches!(told[..], [ServerEvent::Ack { seq: 5, mid: 5, .. }]), "{told:?}");
    // Who was away knows what is gone.
    world.say(olga, r#"{"type":"resume","payload":{"rooms":{"dev":1}}}"#);
    let told = world.read(olga).concat();
    assert!(told.contains(r#""lost":{"from":2,"to":4"#), "{told}");
}

#[test]
fn only_administrators_remove_rooms_and_neither_the_lobby_nor_conversations() {
    let (mut world, root) = world();
    let alice = world.enter("name=Alice&room=dev");
    world.say(alice, REMOVE);
    assert_eq!(world.error(alice).code, Code::Forbidden);
    world.say(root, "/msg Alice hi");
    world.told.clear();
    for (room, code) in
        [("lobby", Code::Forbidden), ("@Alice", Code::Forbidden), ("nowhere", Code::NoSuchRoom)]
    {
        world.say(root, &format!("/remove {room}"));
        assert_eq!(world.error(root).code, code, "{room}");
    }
    world.say(root, "/remove");
    assert_eq!(world.error(root).code, Code::MissingField);
    world.say(root, "/remove DEV");
    assert_eq!(world.types(alice), ["left"]);
}

#[test]
fn a_private_room_is_removed_unread_only_once_nobody_is_left_in_it() {
    let (mut world, root) = world();
    let alice = world.enter("name=Alice&room=dev");
    world.say(alice, "hello");
    world.say(alice, "/private");
    world.told.clear();
    world.say(root, REMOVE);
    assert_eq!(world.error(root).code, Code::NoSuchRoom);
    world.close(alice);
    world.pass(Duration::from_secs(700));
    world.say(root, "/join dev");
    assert_eq!(world.error(root).code, Code::Forbidden);
    world.say(root, REMOVE);
    assert_eq!(world.types(root), ["ack"]);
    world.say(root, "/join dev");
    assert!(world.types(root).contains(&"joined".to_owned()));
}

#[test]
fn what_is_said_while_a_room_is_being_removed_is_refused() {
    let (mut world, root) = world();
    let alice = world.enter("name=Alice&room=dev");
    world.enter("name=Eve&room=dev");
    world.say(alice, "before");
    world.told.clear();
    world.prompt = false;
    world.say(alice, r#"{"type":"send_message","id":"m1","payload":"under way"}"#);
    world.say(root, REMOVE);
    for text in [
        "late",
        "/edit late",
        "/delete",
        "/topic late",
        "/kick Eve",
        "/join dev",
        r#"{"type":"react","payload":{"mid":1,"emoji":"+"}}"#,
    ] {
        let bob = if text.starts_with("/join") { world.enter("name=Bob") } else { alice };
        world.say(bob, text);
        let refusal = world.error(bob);
        assert_eq!(refusal.code, Code::NoSuchRoom, "{text}");
        assert!(refusal.message.contains("is being removed"), "{}", refusal.message);
    }
    world.say(root, REMOVE);
    assert_eq!(world.error(root).code, Code::NoSuchRoom);
    world.settle();
    // What was on its way to the record was shown first.
    assert_eq!(world.types(alice), ["ack", "left"]);
    assert_eq!(world.types(root), ["ack"]);
    assert!(world.keeper.rooms["dev"].pruned == 2);
}

/// Has an account in a room made private, of which the moderation is refused, so that its rules are
/// written again; a member's session ends, and an account reads, all while the room is being removed.
fn rules_changed_while_a_room_is_being_removed(world: &mut World, root: ClientId) {
    let olga = world.register("Olga", 1, false);
    let olga = world.enter_as(&olga, "room=dev");
    let guest = world.enter("name=Guest&room=dev");
    world.say(olga, "/private");
    world.say(olga, "/mute Guest");
    world.say(olga, "secret");
    world.say(olga, "/public");
    world.prompt = false;
    world.keeper.refuses = Some(JournalError::Overloaded);
    world.say(olga, "/private");
    world.say(root, REMOVE);
    let refused = loop {
        world.keeper.work();
        if let Some(answer) = world.keeper.fetch(false) {
            break answer;
        }
    };
    world.handle(Input::Answered(refused));
    world.close(guest);
    world.say(olga, r#"{"type":"read","room":"dev","payload":{"seq":4}}"#);
    world.pass(Duration::from_secs(700));
}

/// Lists what is stored of a room beside its record.
fn stored(world: &World) -> Vec<String> {
    let keys = world.keeper.key_values.iter().map(|((space, key), value)| {
        let end = if key.ends_with("/dev") { "read" } else { "" };
        (format!("{space:?} {end}{key}"), value)
    });
    let of_room = keys.filter(|(key, _)| key.contains(" dev") || key.contains("read"));
    of_room.map(|(key, value)| format!("{key} {value}")).collect()
}

#[test]
fn nothing_of_a_room_is_stored_after_its_removal() {
    let (mut world, root) = world_with_short_sessions();
    rules_changed_while_a_room_is_being_removed(&mut world, root);
    world.settle();
    assert!(world.types(root).contains(&"ack".to_owned()));
    assert_eq!(stored(&world), [""; 0]);
}

#[test]
fn what_changed_while_a_room_was_to_be_removed_is_stored_when_it_stays() {
    let (mut world, root) = world_with_short_sessions();
    rules_changed_while_a_room_is_being_removed(&mut world, root);
    world.keeper.refuses = Some(JournalError::Unavailable);
    world.prompt = true;
    world.settle();
    world.pass(Duration::from_secs(10));
    assert!(world.types(root).contains(&"error".to_owned()));
    let stored = stored(&world).concat();
    assert!(stored.contains(r#""private":false"#), "{stored}");
    assert_eq!(stored.matches("MemberStates").count(), 1, "the guest has left: {stored}");
    assert!(stored.contains("ReadMarkers"), "{stored}");
}

#[test]
fn a_room_stays_when_the_journal_cannot_remove_it() {
    let (mut world, root) = world();
    let alice = world.enter("name=Alice&room=dev");
    world.say(alice, "hello");
    world.told.clear();
    world.keeper.refuses = Some(JournalError::Unavailable);
    world.say(root, REMOVE);
    assert_eq!(world.error(root).code, Code::StorageUnavailable);
    world.say(alice, "still here");
    assert_eq!(world.keeper.rooms["dev"].entries.len(), 2);
}

#[test]
fn a_page_that_was_read_before_the_removal_is_not_shown_after_it() {
    let (mut world, root) = world();
    let alice = world.enter("name=Alice&room=dev");
    world.say(alice, "secret");
    world.told.clear();
    world.prompt = false;
    world.say(alice, r#"{"type":"history","id":"h","payload":{"before":9}}"#);
    let bob = world.enter("name=Bob&room=dev");
    let asked = |room: &str| Request::History {
        by: Credential::Nobody,
        room: room.into(),
        span: chinwag::chat::record::Span::Latest,
        limit: None,
    };
    let (caller, network) = (ClientId(1 << 41), IpAddr::from([192, 0, 2, 7]));
    world.handle(Input::Asked { caller, network, request: asked("dev") });
    world.keeper.work();
    world.keeper.work();
    world.keeper.work();
    world.say(root, REMOVE);
    world.keeper.work();
    let removed = world.keeper.fetch(false).unwrap();
    world.handle(Input::Answered(removed));
    // The room is made again before the pages come.
    let eve = world.enter("name=Eve&room=dev");
    world.settle();
    for client in [alice, bob, caller, eve] {
        let told = world.read(client).concat();
        assert!(!told.contains("secret"), "{told}");
    }
}

#[test]
fn a_request_of_an_administrator_removes_a_room() {
    let (mut world, _) = world();
    let account = world.register("Boss", 8, true);
    let plain = world.register("Paul", 7, false);
    let alice = world.enter("name=Alice&room=dev");
    let remove = |world: &mut World, by: Credential| {
        let (caller, network) = (ClientId(1 << 41), IpAddr::from([192, 0, 2, 7]));
        let request = Request::RemoveRoom { by: Some(by), room: "dev".into() };
        world.handle(Input::Asked { caller, network, request });
        world.told(caller).pop().unwrap()
    };
    let logged_in = |account| Credential::Login(Box::new(login(account, 3)));
    for (by, expected) in
        [(Credential::Nobody, Code::AuthRequired), (logged_in(&plain), Code::Forbidden)]
    {
        match remove(&mut world, by) {
            ServerEvent::Error(refusal) => assert_eq!(refusal.code, expected),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(kind(&remove(&mut world, logged_in(&account))), "ack");
    assert_eq!(world.types(alice), ["left"]);
    assert!(matches!(
        remove(&mut world, logged_in(&account)),
        ServerEvent::Error(refusal) if refusal.code == Code::NoSuchRoom
    ));
}

#[test]
fn a_session_that_comes_back_is_not_in_a_removed_room() {
    let (mut world, root) = world();
    let alice = world.open("name=Alice&room=dev&room=ops");
    let session = world.welcome(alice).session;
    world.say(alice, "hello");
    world.close(alice);
    world.pass(Duration::from_secs(60));
    world.told.clear();
    world.say(root, REMOVE);
    for restarts in [false, true] {
        if restarts {
            world.restart();
        }
        let alice = world.open(&format!("session={session}"));
        let rooms: Vec<_> =
            world.welcome(alice).rooms.iter().map(|room| room.room.to_string()).collect();
        assert_eq!(rooms, ["ops"], "{restarts}");
        world.close(alice);
    }
}

#[test]
fn a_network_makes_its_share_of_the_rooms_there_are() {
    let (mut world, root) = world_with(|limits| {
        (limits.network_rooms_max, limits.sends_per_second_max) = (3, None);
        limits.queries_per_second_max = None;
    });
    let from = |world: &mut World, network: [u8; 4], query: &str| {
        let network = Some(network.into());
        world.admission("/ws", query, Admission { network, ..Admission::default() })
    };
    let (one, other, here) = ([192, 0, 2, 1], [192, 0, 2, 2], [127, 0, 0, 1]);
    let eve = from(&mut world, one, "name=Eve&room=lobby&room=a");
    let mallory = from(&mut world, one, "name=Mallory&room=b");
    for text in ["/join c", "in c"] {
        world.say(eve, text);
    }
    world.told.clear();
    // The lobby was there; whoever joins what another made is not counted.
    for (client, room, may) in
        [(eve, "d", false), (mallory, "d", false), (mallory, "a", true), (mallory, "c", true)]
    {
        world.say(client, &format!("/join {room}"));
        let told = world.told(client);
        let code = told.iter().find_map(|event| match event {
            ServerEvent::Error(refusal) => Some(refusal.code),
            _ => None,
        });
        assert_eq!(code, (!may).then_some(Code::TooManyRooms), "{room}: {told:?}");
    }
    // Others and this machine go on.
    for (number, network) in [other, here, here, here, here].into_iter().enumerate() {
        let bob = from(&mut world, network, &format!("name=Bob{number}&room=e{number}"));
        assert_eq!(world.welcome(bob).rooms.len(), 1);
    }
    let post = |world: &mut World, room: &str| {
        let body = chinwag::chat::Body::parse(r#"{"content":"hi"}"#, world.chat.limits()).unwrap();
        let by = Credential::Nobody;
        let post = chinwag::chat::Post { room: room.into(), by, id: None, body };
        let (caller, network) = (ClientId(1 << 41), one.into());
        world.keeper.guests = true;
        world.handle(Input::Asked { caller, network, request: Request::Post(Box::new(post)) });
        world.told(caller).pop().unwrap()
    };
    assert!(matches!(
        post(&mut world, "f"),
        ServerEvent::Error(refusal) if refusal.code == Code::TooManyRooms
    ));
    // What vanishes or is removed makes room.
    world.say(mallory, "/leave b");
    assert!(matches!(post(&mut world, "f"), ServerEvent::Ack { .. }));
    assert!(matches!(post(&mut world, "g"), ServerEvent::Error(_)));
    world.say(root, "/remove f");
    assert!(matches!(post(&mut world, "g"), ServerEvent::Ack { .. }));
}
