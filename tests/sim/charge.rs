//! The price of messages: each is charged to the bucket of its connection and that of its network.

use std::net::IpAddr;
use std::time::Duration;

use chinwag::chat::{Admission, ClientId, Code, ServerEvent};

use crate::world::World;

const NETWORK: [u8; 4] = [203, 0, 113, 7];

fn enter_from(world: &mut World, network: impl Into<IpAddr>) -> ClientId {
    let network = Some(network.into());
    let client = world.admission("/ws", "history=0", Admission { network, ..Admission::default() });
    world.told.clear();
    client
}

/// Counts the refusals for the rate, which must be all that a client received.
fn refused(world: &mut World, client: ClientId) -> usize {
    let told = world.told(client);
    for event in &told {
        assert!(
            matches!(event, ServerEvent::Error(it) if it.code == Code::RateLimited),
            "{event:?}"
        );
    }
    told.len()
}

#[test]
fn white_space_is_charged_like_words_and_can_be_a_flood() {
    let mut world = World::new();
    let eve = world.enter("name=Eve");
    for _ in 0..300 {
        world.say(eve, " ");
    }
    assert_eq!(refused(&mut world, eve), 0);
    world.say(eve, " ");
    assert_eq!(refused(&mut world, eve), 1);
    // It goes on ten times as fast as it may.
    for _ in 0..11_000 {
        world.pass(Duration::from_millis(1));
        world.say(eve, " ");
        if world.closed.contains_key(&eve) {
            break;
        }
    }
    assert_eq!(world.closed[&eve], 4101);
    assert!(world.now.at.since(chinwag::clock::Moment::default()) >= Duration::from_secs(10));
}

#[test]
fn a_client_within_its_rate_is_never_closed() {
    let mut world = World::new();
    let alice = world.enter("name=Alice");
    for _ in 0..3000 {
        world.pass(Duration::from_millis(10));
        world.say(alice, " ");
    }
    assert_eq!(refused(&mut world, alice), 0);
    assert!(world.closed.is_empty());
}

#[test]
fn a_message_is_charged_by_its_size_whether_or_not_it_is_valid() {
    let mut world = World::with(|limits| limits.errors_max = u32::MAX);
    let eve = world.enter("name=Eve");
    let broken = format!("{{{}", "x".repeat(60_000));
    for _ in 0..10 {
        world.say(eve, &broken);
    }
    let codes: Vec<Code> = world
        .told(eve)
        .iter()
        .map(|event| match event {
            ServerEvent::Error(refusal) => refusal.code,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(codes, [Code::BadJson; 10]);
    world.say(eve, &broken);
    assert_eq!(refused(&mut world, eve), 1);
}

#[test]
fn a_refusal_of_a_short_message_has_its_id_and_its_text() {
    let mut world = World::with(|limits| limits.sends_burst_max = 1000);
    let eve = world.enter("name=Eve");
    for _ in 0..300 {
        world.say(eve, " ");
    }
    world.say(eve, r#"{"type":"send_message","id":"m1","payload":"hello"}"#);
    let refusal = world.error(eve);
    assert_eq!(refusal.code, Code::RateLimited);
    assert_eq!((refusal.re.as_deref(), refusal.text.as_deref()), (Some("m1"), Some("hello")));
    // What is long is not read to name it.
    let long = "x".repeat(4090);
    world.say(eve, &format!(r#"{{"type":"send_message","id":"m2","payload":"{long}"}}"#));
    assert_eq!(world.error(eve).re, None);
}

#[test]
fn an_exhausted_network_refuses_its_busy_connections_and_closes_none() {
    let mut world = World::with(|limits| limits.network_share = 2);
    let calm = enter_from(&mut world, NETWORK);
    let busy: Vec<ClientId> = (0..4).map(|_| enter_from(&mut world, NETWORK)).collect();
    let elsewhere = enter_from(&mut world, [203, 0, 113, 8]);
    // Two connections may use up all that two connections may.
    for &client in &busy {
        for _ in 0..290 {
            world.say(client, " ");
        }
    }
    assert_eq!(refused(&mut world, busy[0]), 0);
    assert!(refused(&mut world, busy[3]) > 0, "above half of what it may");
    for _ in 0..100 {
        world.say(calm, " ");
        world.say(elsewhere, " ");
    }
    assert_eq!((refused(&mut world, calm), refused(&mut world, elsewhere)), (0, 0));
    assert!(world.closed.is_empty());
}

#[test]
fn loopback_is_no_network() {
    let mut world = World::with(|limits| limits.network_share = 1);
    let clients: Vec<ClientId> = (0..4).map(|_| enter_from(&mut world, [127, 0, 0, 1])).collect();
    for &client in &clients {
        for _ in 0..290 {
            world.say(client, " ");
        }
        assert_eq!(refused(&mut world, client), 0);
    }
}

#[test]
fn without_a_send_rate_work_is_unlimited() {
    let mut world = World::with(|limits| limits.sends_per_second_max = None);
    let eve = world.enter("name=Eve");
    for _ in 0..3000 {
        world.say(eve, " ");
    }
    assert_eq!(refused(&mut world, eve), 0);
}

#[test]
fn an_object_has_at_most_64_fields() {
    let mut world = World::new();
    let eve = world.enter("name=Eve");
    let event = |more: usize| {
        let more: String = (0..more).map(|n| format!(",\"x{n}\":1")).collect();
        format!(r#"{{"type":"ping","id":"p1"{more}}}"#)
    };
    world.say(eve, &event(62));
    assert_eq!(world.types(eve), ["pong"]);
    world.say(eve, &event(63));
    let refusal = world.error(eve);
    assert_eq!((refusal.code, refusal.re.as_deref()), (Code::BadJson, Some("p1")));
    assert!(refusal.message.contains("more than 64 fields"), "{}", refusal.message);
}

#[test]
fn names_are_limited_before_they_are_looked_up() {
    let mut world = World::new();
    let eve = world.enter("name=Eve");
    let name = |bytes: usize| "x".repeat(bytes);
    for (event, field) in [
        (r#"{"type":"send_message","room":"NAME","payload":"hello"}"#, "room"),
        (r#"{"type":"join_room","payload":"NAME"}"#, "room"),
        (r#"{"type":"direct_message","payload":{"to":"NAME","content":"hello"}}"#, "to"),
        (r#"{"type":"moderate","payload":{"action":"mute","user":"NAME"}}"#, "user"),
        (r#"{"type":"resume","payload":{"rooms":{"NAME":1}}}"#, "rooms"),
        ("/join NAME", "room"),
        ("/msg NAME hello", "to"),
    ] {
        world.say(eve, &event.replace("NAME", &name(514)));
        let refusal = world.error(eve);
        let message = format!("{field}: at most 513 bytes for a name");
        assert_eq!((refusal.code, &*refusal.message), (Code::BadField, &*message), "{event}");
        let sends = event.contains("hello");
        assert_eq!(refusal.text.as_deref(), sends.then_some("hello"), "{event}");
        world.say(eve, &event.replace("NAME", &name(513)));
        let told = world.told(eve);
        assert!(!format!("{told:?}").contains("bytes for a name"), "{event}");
    }
}

#[test]
fn ligatures_count_as_the_letters_they_stand_for() {
    let mut world = World::new();
    let eve = world.enter("name=Eve");
    world.say(eve, &format!("/name {}", "\u{FDFA}".repeat(7)));
    assert_eq!(world.types(eve), ["notice"]);
    world.say(eve, &format!("/name {}", "\u{FDFA}".repeat(8)));
    assert_eq!(world.error(eve).code, Code::NameInvalid);
    world.say(eve, &format!("/join {}", "\u{FDFA}".repeat(8)));
    assert_eq!(world.error(eve).code, Code::BadField);
}

#[test]
fn positions_on_connecting_are_limited() {
    let mut world = World::with(|limits| limits.positions_max = 3);
    let bob = world.open("name=Bob&after=r0:1&after=r1:1&after=r2:1&after=r3:1&after=r4:1");
    let told = world.told(bob);
    let notices: Vec<_> = told
        .iter()
        .filter_map(|event| match event {
            ServerEvent::Notice { code: "rooms_left_out", message, .. } => Some(&**message),
            _ => None,
        })
        .collect();
    assert_eq!(notices.len(), 1, "{told:?}");
    assert!(notices[0].ends_with(": r3, r4"), "{notices:?}");
}

#[test]
fn a_resume_names_at_most_as_many_rooms_as_a_connection_can_join() {
    let mut world = World::new();
    let eve = world.enter("name=Eve");
    let resume = |count: usize| {
        let rooms: Vec<String> = (0..count).map(|n| format!("\"r{n}\":1")).collect();
        format!(r#"{{"type":"resume","payload":{{"rooms":{{{}}}}}}}"#, rooms.join(","))
    };
    world.say(eve, &resume(33));
    assert_eq!(world.error(eve).code, Code::TooManyRooms);
    world.say(eve, &resume(31));
    assert!(world.types(eve).contains(&"resumed".to_owned()));
}

#[test]
fn names_that_differ_after_a_ligature_are_different() {
    let mut world = World::new();
    let eve = world.enter("name=Eve");
    let name = |end: &str| format!("\u{A9}\u{FE0F}\u{AE}\u{FE0F}{}{end}", "\u{FDFA}".repeat(7));
    world.say(eve, &format!("/join {}", name("a")));
    let first = world.types(eve);
    world.say(eve, &format!("/join {}", name("b")));
    let second = world.types(eve);
    // Either both rooms are there, or neither: never one for both.
    assert_eq!(first, second);
    world.say(eve, r#"{"type":"list_rooms"}"#);
    let rooms = format!("{:?}", world.told(eve));
    let expected = if first.contains(&"error".to_owned()) { 0 } else { 2 };
    assert_eq!(rooms.matches("room: \"\u{A9}").count(), expected, "{rooms}");
}

#[test]
fn many_pages_requested_at_once_are_shorter() {
    let mut world = World::new();
    let alice = world.enter("name=Alice&room=a&room=b&room=c&history=0");
    for room in ["a", "b", "c"] {
        world.say(alice, &format!(r#"{{"type":"send_message","room":"{room}","payload":"x"}}"#));
    }
    world.orders.clear();
    let bob = world.open("room=a&room=b&room=c");
    assert!(!world.told(bob).is_empty());
    let bytes: Vec<usize> = world
        .orders
        .iter()
        .filter_map(|order| match order {
            chinwag::chat::record::JournalRequest::Read(query) => Some(query.bytes_max),
            _ => None,
        })
        .collect();
    let most = 128 * 1024;
    assert_eq!(bytes, [most, most / 2, most / 3]);
}

#[test]
fn inflating_is_paid_for_by_the_compressed_bytes_however_they_are_cut() {
    let mut world = World::new();
    let (whole, cut) = (world.enter("name=Whole"), world.enter("name=Cut"));
    let now = world.now;
    let mut charge = |client, before, bytes| {
        world.chat.charge_inflating(now, client, before, bytes).map_err(|refusal| refusal.code)
    };
    // The burst is 300 units, of 256 bytes each.
    assert_eq!(charge(whole, 0, 200 * 256), Ok(()));
    for at in 0..200 * 256 {
        assert_eq!(charge(cut, at, 1), Ok(()), "{at}");
    }
    for client in [whole, cut] {
        assert_eq!(charge(client, 0, 101 * 256), Err(Code::RateLimited));
        assert_eq!(charge(client, 0, 100 * 256), Ok(()));
        assert_eq!(charge(client, 0, 1), Err(Code::RateLimited));
    }
}

#[test]
fn an_empty_bucket_of_a_network_keeps_its_busy_connections_from_inflating() {
    let mut world = World::with(|limits| limits.network_share = 1);
    let (eve, other) = (enter_from(&mut world, NETWORK), enter_from(&mut world, NETWORK));
    let now = world.now;
    let mut charge = |client, units: u64| {
        let paid = world.chat.charge_inflating(now, client, 0, units * 256);
        paid.map_err(|refusal| refusal.code)
    };
    assert_eq!(charge(eve, 299), Ok(()));
    // It has taken less than its share.
    assert_eq!([charge(other, 150), charge(other, 1)], [Ok(()), Ok(())]);
    assert_eq!(charge(other, 1), Err(Code::RateLimited));
    assert!(world.closed.is_empty());
}

#[test]
fn a_reload_does_not_fill_the_bucket_of_a_network() {
    let mut world = World::with(|limits| limits.network_share = 1);
    let (eve, other) = (enter_from(&mut world, NETWORK), enter_from(&mut world, NETWORK));
    let now = world.now;
    let charge = |world: &mut World, client, units: u64| {
        world.chat.charge_inflating(now, client, 0, units * 256).map_err(|refusal| refusal.code)
    };
    assert_eq!(charge(&mut world, eve, 299), Ok(()));
    assert_eq!(charge(&mut world, other, 151), Ok(()));
    world.reload(|limits| limits.errors_max = 5);
    assert_eq!(charge(&mut world, other, 2), Err(Code::RateLimited));
    world.reload(|limits| limits.network_share = 2);
    assert_eq!(charge(&mut world, other, 2), Ok(()));
}
