//! What happens at each limit.

use std::time::Duration;

use chinwag::chat::{ClientId, Code, ServerEvent};

use crate::world::World;

#[test]
fn sends_above_the_rate_are_refused_with_the_wait_and_the_text() {
    let mut world = World::new();
    let alice = world.enter("name=Alice");
    for n in 0..10 {
        world.say(alice, &format!("m{n}"));
    }
    world.say(alice, "one too many");
    let refusal = world.error(alice);
    assert_eq!((refusal.code, refusal.retry_after_ms), (Code::RateLimited, Some(200)));
    assert_eq!((&*refusal.message, refusal.text.as_deref()), ("wait 0.2 s", Some("one too many")));
    world.pass(Duration::from_millis(200));
    world.say(alice, "in time");
    assert_eq!(world.told(alice), []);
    assert_eq!(world.keeper.rooms["lobby"].entries.len(), 11);
}

#[test]
fn the_send_rate_can_be_disabled() {
    let mut world = World::with(|limits| limits.sends_per_second_max = None);
    let alice = world.enter("name=Alice");
    for _ in 0..1000 {
        world.say(alice, "fast");
    }
    assert_eq!(world.told(alice), []);
}

/// Sends so often for so long; gives after how many milliseconds it was closed, and how.
fn flood(world: &mut World, client: ClientId, every: u64, millis: u64) -> Option<(u64, u16)> {
    for passed in 0..millis / every {
        world.say(client, "flood");
        if let Some(code) = world.closed.get(&client) {
            return Some((passed * every, *code));
        }
        world.pass(Duration::from_millis(every));
    }
    None
}

#[test]
fn flooding_for_ten_seconds_closes_the_connection() {
    let mut world = World::new();
    let alice = world.enter("name=Alice");
    let (after, code) = flood(&mut world, alice, 10, 20_000).expect("still open");
    assert_eq!(code, 4101);
    assert!((10_000..10_200).contains(&after), "after {after} ms");
    let slightly = world.enter("name=Slightly");
    assert!(flood(&mut world, slightly, 160, 60_000).is_some_and(|(_, code)| code == 4101));
    let steady = world.enter("name=Steady");
    assert_eq!(flood(&mut world, steady, 200, 60_000), None);
}

#[test]
fn occasional_bursts_are_no_flood() {
    let mut world = World::new();
    let alice = world.enter("name=Alice");
    for _ in 0..10 {
        for _ in 0..20 {
            world.say(alice, "burst");
        }
        world.pass(Duration::from_secs(5));
    }
    assert!(world.closed.is_empty());
}

#[test]
fn queries_have_a_rate_of_their_own() {
    let mut world = World::new();
    let alice = world.enter("name=Alice");
    for _ in 0..30 {
        world.say(alice, "/whoami");
    }
    world.told(alice);
    world.say(alice, r#"{"type":"ping","id":"p"}"#);
    let refusal = world.error(alice);
    assert_eq!((refusal.code, refusal.re.as_deref()), (Code::RateLimited, Some("p")));
    world.say(alice, "still talking");
    assert_eq!(world.told(alice), []);
    world.pass(Duration::from_millis(100));
    world.say(alice, "/whoami");
    assert_eq!(world.types(alice), ["notice"]);
}

#[test]
fn a_search_costs_as_much_as_five_pings() {
    let mut world = World::new();
    let alice = world.enter("name=Alice");
    world.say(alice, "hello");
    world.told(alice);
    for _ in 0..6 {
        world.say(alice, r#"{"type":"search","payload":{"query":"hello"}}"#);
    }
    assert!(world.types(alice).iter().all(|it| it == "search_results"));
    world.say(alice, r#"{"type":"ping"}"#);
    assert_eq!(world.error(alice).code, Code::RateLimited);
}

#[test]
fn fifty_errors_close_a_connection_unless_time_passes() {
    let mut world = World::new();
    let alice = world.enter("name=Alice");
    for _ in 0..49 {
        world.say(alice, "{");
        world.say(alice, r#"{"type":"typing","payload":false}"#);
    }
    world.pass(Duration::from_secs(20));
    for _ in 0..20 {
        world.say(alice, "{");
    }
    assert!(world.closed.is_empty());
    world.say(alice, "/nonsense");
    assert_eq!(world.closed[&alice], 4000);
    world.told(alice);
    world.say(alice, "a word");
    assert_eq!(world.told(alice), []);
}

#[test]
fn a_slow_journal_costs_a_room_no_more_than_its_limit() {
    let mut world = World::with(|limits| {
        limits.sends_per_second_max = None;
        limits.catch_up_max = 10;
    });
    let alice = world.enter("name=Alice");
    world.say(alice, "m1");
    world.prompt = false;
    let bob = world.open("name=Bob");
    world.told.clear();
    world.keeper.work();
    let page = world.keeper.fetch(true).unwrap();
    for n in 2..=31 {
        world.say(alice, &format!("m{n}"));
    }
    world.settle();
    world.handle(chinwag::chat::Input::Answered(page));
    let told = world.told(bob);
    assert!(matches!(told[0], ServerEvent::History(_)));
    assert!(matches!(told[1], ServerEvent::Gap { from: 2, to: 21, why: "slow", .. }), "{told:?}");
    assert_eq!(told.len(), 12);
    world.prompt = true;
    world.say(alice, "m32");
    assert_eq!(world.heard(bob), ["m32"]);
}

#[test]
fn the_number_of_rooms_and_conversations_is_limited() {
    let mut world = World::with(|limits| limits.records_max = 3);
    let alice = world.enter("name=Alice");
    world.enter("name=Bob");
    world.say(alice, "/join one");
    world.say(alice, "/msg Bob hi");
    world.told.clear();
    world.say(alice, "/join two");
    assert_eq!(world.error(alice).code, Code::Overloaded);
    world.enter("name=Eve");
    world.say(alice, "/msg Eve hi");
    let refusal = world.error(alice);
    assert_eq!((refusal.code, refusal.text.as_deref()), (Code::Overloaded, Some("hi")));
    // What nothing was said in makes room.
    world.say(alice, "/leave one");
    world.say(alice, "/join two");
    assert!(world.types(alice).contains(&"joined".to_owned()));
}

#[test]
fn a_long_reason_is_refused() {
    let mut world = World::with(|limits| limits.reason_chars_max = 4);
    let alice = world.enter("name=Alice&room=dev");
    world.enter("name=Eve&room=dev");
    world.say(alice, "/kick Eve \u{e9}\u{e9}\u{e9}\u{e9}\u{e9}");
    assert_eq!(world.error(alice).code, Code::TooLong);
    world.say(alice, "/kick Eve \u{e9}\u{e9}\u{e9}\u{e9}");
    assert!(world.types(alice).contains(&"moderated".to_owned()));
}

#[test]
fn the_read_markers_of_an_account_are_limited() {
    let mut world = World::with(|limits| limits.read_markers_max = 1);
    let bob = world.register("Bob", 1, false);
    let client = world.enter_as(&bob, "room=dev&room=ops");
    for room in ["dev", "ops"] {
        for event in
            [r#""type":"send_message","payload":"hi""#, r#""type":"read","payload":{"seq":1}"#]
        {
            world.say(client, &format!(r#"{{"room":"{room}",{event}}}"#));
        }
    }
    world.pass(Duration::from_secs(2));
    world.restart();
    let client = world.open_with(&bob);
    let rooms = world.welcome(client).rooms;
    let read: Vec<_> =
        rooms.iter().map(|room| (&*room.room, room.read.map(|state| state.read))).collect();
    assert_eq!(read, [("dev", Some(1)), ("ops", Some(0))]);
}

#[test]
fn accounts_and_moderators_have_rates_of_their_own() {
    let mut world = World::with(|limits| {
        (limits.sends_burst_max, limits.sends_per_second_max) = (2, Some(1));
        (limits.account_sends_burst_max, limits.account_sends_per_second_max) = (3, Some(1));
        (limits.moderator_sends_burst_max, limits.moderator_sends_per_second_max) = (4, Some(1));
    });
    let bob = world.register("Bob", 1, false);
    let clients =
        [world.enter("name=Guest"), world.enter_as(&bob, ""), world.enter("name=Owner&room=own")];
    let sent = clients.map(|client| {
        (0..9).for_each(|n| world.say(client, &format!("m{n}")));
        9 - world.types(client).iter().filter(|kind| *kind == "error").count()
    });
    assert_eq!(sent, [2, 3, 4]);
    let refused = world.register("Root", 2, true);
    let root = world.enter_as(&refused, "");
    (0..9).for_each(|n| world.say(root, &format!("m{n}")));
    assert_eq!(world.types(root).len(), 5);
}

#[test]
fn nothing_is_read_from_a_client_that_waits_for_a_page() {
    let mut world = World::new();
    let alice = world.enter("name=Alice");
    world.say(alice, "hello");
    world.told(alice);
    world.prompt = false;
    for query in [
        r#"{"type":"history"}"#,
        r#"{"type":"search","payload":{"query":"hello"}}"#,
        r#"{"type":"resume","payload":{"rooms":{"lobby":0}}}"#,
    ] {
        world.say(alice, query);
        assert!(world.held.contains(&alice), "{query}");
        world.settle();
        assert!(world.held.is_empty(), "{query}");
    }
}
