//! Typing indicators.

use std::net::IpAddr;
use std::time::Duration;

use chinwag::chat::{Body, ClientId, Code, Credential, Input, Limits, Post, Request, ServerEvent};

use crate::world::World;

const ON: &str = r#"{"type":"typing","payload":true}"#;
const OFF: &str = r#"{"type":"typing","payload":{"on":false}}"#;

/// Takes the typing events a client received; discards the rest.
fn typing(world: &mut World, client: ClientId) -> Vec<String> {
    let told = world.told(client).into_iter().filter_map(|event| match event {
        ServerEvent::Typing { user, ttl_ms: Some(6000), .. } => Some(format!("+{user}")),
        ServerEvent::Typing { user, ttl_ms: None, .. } => Some(format!("-{user}")),
        ServerEvent::Typing { .. } => panic!("{event:?}"),
        _ => None,
    });
    told.collect()
}

/// Has two people in the lobby.
fn two(change: impl FnOnce(&mut Limits)) -> (World, ClientId, ClientId) {
    let mut world = World::with(change);
    let alice = world.enter("name=Alice");
    let bob = world.enter("name=Bob");
    world.pass(Duration::from_secs(2));
    world.told.clear();
    (world, alice, bob)
}

#[test]
fn typing_is_sent_to_the_others_in_the_room_only() {
    let mut world = World::new();
    let alice = world.open("name=Alice");
    let session = world.welcome(alice).session;
    let tab = world.enter(&format!("session={session}"));
    let others = ["name=Bob", "name=Eve&mode=text", "name=Sim&mode=simple", "name=Far&room=dev"];
    let [bob, text, simple, far] = others.map(|query| world.enter(query));
    world.told.clear();
    world.say(alice, r#"{"type":"typing","id":"t1","room":"lobby","payload":true}"#);
    assert_eq!(
        world.read(bob),
        ["{\"type\":\"typing\",\"room\":\"lobby\",\"payload\":\
          {\"user\":\"Alice\",\"on\":true,\"ttl_ms\":6000}}"]
    );
    for unseen in [text, simple] {
        assert_eq!(world.read(unseen), [""; 0]);
    }
    for other in [alice, tab, far] {
        assert_eq!(world.told(other), []);
    }
    world.say(alice, OFF);
    assert_eq!(
        world.read(bob),
        ["{\"type\":\"typing\",\"room\":\"lobby\",\"payload\":{\"user\":\"Alice\",\"on\":false}}"]
    );
    assert_eq!((world.told(alice), world.told(tab)), (vec![], vec![]));
    assert!(world.orders.is_empty(), "{:?}", world.orders);
}

#[test]
fn typing_is_broadcast_once_in_three_seconds() {
    let (mut world, alice, bob) = two(|_| {});
    let mut told = Vec::new();
    for _ in 0..80 {
        world.say(alice, ON);
        told.extend(typing(&mut world, bob));
        world.pass(Duration::from_millis(100));
        told.extend(typing(&mut world, bob));
    }
    assert_eq!(told, ["+Alice"; 3]);
    world.pass(Duration::from_millis(5899));
    assert_eq!(typing(&mut world, bob), [""; 0]);
    world.pass(Duration::from_millis(1));
    assert_eq!(typing(&mut world, bob), ["-Alice"]);
    world.pass(Duration::from_secs(30));
    assert_eq!(typing(&mut world, bob), [""; 0]);
}

#[test]
fn typing_again_is_shown_after_the_rest() {
    let (mut world, alice, bob) = two(|_| {});
    for event in [ON, OFF, OFF, ON] {
        world.say(alice, event);
    }
    assert_eq!(typing(&mut world, bob), ["+Alice", "-Alice"]);
    world.pass(Duration::from_millis(2999));
    assert_eq!(typing(&mut world, bob), [""; 0]);
    world.pass(Duration::from_millis(1));
    assert_eq!(typing(&mut world, bob), ["+Alice"]);
    // Six seconds after the event, not after it was broadcast.
    world.pass(Duration::from_millis(3000));
    assert_eq!(typing(&mut world, bob), ["-Alice"]);
    world.pass(Duration::from_secs(30));
    for event in [ON, OFF, ON, OFF] {
        world.say(alice, event);
    }
    typing(&mut world, bob);
    world.pass(Duration::from_secs(30));
    assert_eq!(typing(&mut world, bob), [""; 0]);
}

#[test]
fn a_message_ends_typing_once() {
    let (mut world, alice, bob) = two(|_| {});
    world.say(alice, ON);
    world.prompt = false;
    world.say(alice, "Hello");
    assert_eq!(typing(&mut world, bob), ["+Alice"]);
    world.settle();
    assert_eq!(world.types(bob), ["message", "typing"]);
    world.pass(Duration::from_secs(30));
    assert_eq!(typing(&mut world, bob), [""; 0]);
}

#[test]
fn typing_ends_with_a_post_over_http_and_not_with_a_message_elsewhere() {
    let mut world = World::new();
    let alice = world.open("name=Alice&room=lobby&room=dev");
    let session = world.welcome(alice).session;
    let bob = world.enter("name=Bob");
    world.told.clear();
    world.say(alice, ON);
    world.say(alice, r#"{"type":"send_message","room":"dev","payload":"there"}"#);
    assert_eq!(typing(&mut world, bob), ["+Alice"]);
    let body = Body {
        files: Default::default(),
        content: "here".into(),
        reply_to: None,
        ttl: None,
        name: None,
    };
    let network = IpAddr::from([192, 0, 2, 1]);
    let by = Credential::Session(session);
    let post = Box::new(Post { room: "lobby".into(), by, id: None, body });
    let caller = ClientId(u64::MAX);
    world.handle(Input::Asked { caller, network, request: Request::Post(post) });
    assert_eq!(typing(&mut world, bob), ["-Alice"]);
}

#[test]
fn leaving_or_closing_ends_typing() {
    for way in ["/leave", "/quit", "close", "timeout"] {
        let (mut world, alice, bob) = two(|_| {});
        world.say(alice, ON);
        match way {
            "close" | "/quit" => world.close(alice),
            "timeout" => world.handle(Input::Closed { client: alice, timed_out: true }),
            _ => world.say(alice, way),
        }
        assert_eq!(typing(&mut world, bob), ["+Alice", "-Alice"], "{way}");
        world.pass(Duration::from_secs(30));
        assert_eq!(typing(&mut world, bob), [""; 0], "{way}");
    }
}

#[test]
fn typing_ends_with_the_connection_that_last_reported_it() {
    let mut world = World::new();
    let alice = world.open("name=Alice");
    let session = world.welcome(alice).session;
    let tab = world.open(&format!("session={session}"));
    let bob = world.enter("name=Bob");
    world.told.clear();
    world.say(alice, ON);
    world.close(tab);
    assert_eq!(typing(&mut world, bob), ["+Alice"]);
    world.close(alice);
    assert_eq!(typing(&mut world, bob), ["-Alice"]);
}

#[test]
fn becoming_another_person_ends_typing() {
    let mut world = World::new();
    let carol = world.open("name=Carol");
    let session = world.welcome(carol).session;
    let alice = world.enter("name=Alice");
    let bob = world.enter("name=Bob");
    world.told.clear();
    world.say(alice, ON);
    let payload = format!(r#"{{"session":"{session}","epoch":"k3","rooms":{{"lobby":0}}}}"#);
    world.say(alice, &format!(r#"{{"type":"resume","payload":{payload}}}"#));
    assert_eq!(typing(&mut world, bob), ["+Alice", "-Alice"]);
    assert_eq!(typing(&mut world, alice), [""; 0]);
}

#[test]
fn a_rename_ends_typing_under_the_old_name() {
    let (mut world, alice, bob) = two(|_| {});
    world.say(alice, ON);
    world.say(alice, "/name Alma");
    world.pass(Duration::from_secs(4));
    world.say(alice, ON);
    assert_eq!(typing(&mut world, bob), ["+Alice", "-Alice", "+Alma"]);
    world.say(alice, "/name Anna");
    world.say(alice, OFF);
    assert_eq!(typing(&mut world, bob), ["-Alma"]);
}

#[test]
fn nobody_is_told_of_the_end_of_an_indicator_under_its_own_name() {
    let (mut world, alice, bob) = two(|_| {});
    world.say(alice, ON);
    world.say(alice, "/name Alma");
    assert_eq!(typing(&mut world, bob), ["+Alice", "-Alice"]);
    world.say(bob, "/name Alice");
    world.pass(Duration::from_secs(30));
    assert_eq!(typing(&mut world, bob), [""; 0]);
}

#[test]
fn typing_in_a_room_is_limited_for_the_room() {
    let mut world = World::with(|limits| limits.typing_per_second_max = Some(1));
    let reader = world.enter("name=Reader");
    let writers: Vec<ClientId> = (0..10).map(|n| world.enter(&format!("name=N{n}"))).collect();
    world.pass(Duration::from_secs(5));
    world.told.clear();
    for writer in &writers {
        world.say(*writer, ON);
    }
    assert_eq!(typing(&mut world, reader), ["+N0", "+N1", "+N2", "+N3"]);
    // An indicator that was not shown needs no end; those who still type are shown when the rate
    // allows.
    world.pass(Duration::from_secs(3));
    assert_eq!(typing(&mut world, reader), ["+N4", "+N5", "+N6"]);
    world.pass(Duration::from_secs(30));
    let mut ends = typing(&mut world, reader);
    ends.sort();
    assert_eq!(ends, (0..7).map(|n| format!("-N{n}")).collect::<Vec<_>>());
    assert!(writers.iter().all(|writer| !world.types(*writer).contains(&"error".to_owned())));
}

#[test]
fn a_flood_of_typing_reaches_nobody_and_delays_no_message() {
    // Of the signs alone: what all messages may cost is another limit.
    let (mut world, alice, bob) = two(|limits| limits.work_burst_max = 1_000_000);
    for n in 0..20_000 {
        world.say(alice, if n % 2 == 0 { ON } else { OFF });
    }
    assert_eq!(typing(&mut world, bob), ["+Alice", "-Alice"]);
    assert_eq!(world.told(alice), []);
    for n in 0..10 {
        world.say(alice, &format!("m{n}"));
        world.say(alice, "/whoami");
    }
    assert_eq!(world.heard(bob).len(), 10);
    assert_eq!(world.types(alice), ["notice"; 10]);
    assert!(world.closed.is_empty());
}

#[test]
fn typing_in_another_room_is_not_in_room_and_bad_typing_is_an_error() {
    let (mut world, alice, bob) = two(|_| {});
    let far = world.enter("name=Far&room=dev");
    for (event, code) in [
        (r#"{"type":"typing","room":"dev","payload":true}"#, Code::NotInRoom),
        (r#"{"type":"typing","room":"nowhere","payload":true}"#, Code::NotInRoom),
        (r#"{"type":"typing","payload":"yes"}"#, Code::BadField),
        (r#"{"type":"typing","payload":{"on":1}}"#, Code::BadField),
        (r#"{"type":"send_message","payload":true}"#, Code::BadField),
    ] {
        world.say(alice, event);
        assert_eq!(world.error(alice).code, code, "{event}");
    }
    assert_eq!((world.told(bob), world.told(far)), (vec![], vec![]));
    world.say(alice, r#"{"type":"typing"}"#);
    assert_eq!(typing(&mut world, bob), ["+Alice"]);
}
