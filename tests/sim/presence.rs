//! Presence: joins, leaves and renames.

use std::time::Duration;

use chinwag::chat::{
    Chat, ClientId, ConnectParams, Effect, Input, Limits, OutputMode, ServerEvent,
};
use chinwag::clock::{Moment, Now};

use crate::keeper::Keeper;
use crate::society::START;
use crate::world::World;

fn news(world: &mut World, client: ClientId) -> Vec<String> {
    let told = world.told(client).into_iter().filter_map(|event| match event {
        ServerEvent::UserJoined { user, count, .. } => Some(format!("+{user} {count}")),
        ServerEvent::UserLeft { user, count, why, .. } => Some(format!("-{user} {count} {why}")),
        ServerEvent::Presence { count, .. } => Some(format!("{count}")),
        _ => None,
    });
    told.collect()
}

#[test]
fn joins_are_sent_at_once_and_then_in_batches() {
    let mut world = World::new();
    let alice = world.enter("name=Alice");
    let bob = world.enter("name=Bob");
    let told = world.open("name=Carol");
    assert_eq!(world.types(told), ["welcome"]);
    world.enter("name=Dan");
    world.told.clear();
    assert_eq!(world.told(alice), []);
    world.pass(Duration::from_millis(1000));
    assert_eq!(news(&mut world, alice), ["+Carol 4", "+Dan 4"]);
    assert_eq!(news(&mut world, bob), ["+Carol 4", "+Dan 4"]);
    world.pass(Duration::from_millis(1001));
    world.open("name=Eve");
    assert_eq!(news(&mut world, alice), ["+Eve 5"]);
}

#[test]
fn a_leave_is_sent_after_the_grace() {
    let mut world = World::new();
    let alice = world.enter("name=Alice");
    let bob = world.open("name=Bob");
    let session = world.welcome(bob).session;
    world.told.clear();
    world.close(bob);
    world.pass(Duration::from_millis(9999));
    assert_eq!(news(&mut world, alice), [""; 0]);
    let bob = world.open(&format!("session={session}"));
    world.pass(Duration::from_secs(60));
    assert_eq!(news(&mut world, alice), [""; 0]);
    world.handle(Input::Closed { client: bob, timed_out: true });
    world.pass(Duration::from_secs(10));
    assert_eq!(news(&mut world, alice), ["-Bob 1 timeout"]);
}

#[test]
fn leaving_a_room_is_sent_at_once() {
    let mut world = World::new();
    let alice = world.enter("name=Alice");
    let bob = world.enter("name=Bob");
    world.pass(Duration::from_secs(2));
    world.told.clear();
    world.say(bob, r#"{"type":"leave_room","id":"j2"}"#);
    assert_eq!(world.read(bob), ["{\"type\":\"left\",\"re\":\"j2\",\"room\":\"lobby\"}"]);
    assert_eq!(news(&mut world, alice), ["-Bob 1 left"]);
}

#[test]
fn a_room_left_by_one_tab_is_left_after_the_grace_of_the_other() {
    let mut world = World::new();
    let alice = world.enter("name=Alice&room=dev");
    let bob = world.open("name=Bob&room=dev");
    let session = world.welcome(bob).session;
    let tab = world.open(&format!("session={session}&room=ops"));
    world.say(tab, "/leave dev");
    world.close(bob);
    world.told.clear();
    world.pass(Duration::from_secs(11));
    assert_eq!(news(&mut world, alice), ["-Bob 1 closed"]);
    let other = world.open("name=Bob");
    assert_eq!(&*world.welcome(other).you, "Bob-2");
}

#[test]
fn in_a_full_room_only_the_count_is_sent() {
    let mut world = World::with(|limits| limits.presence_users_max = 3);
    let alice = world.enter("name=Alice");
    for n in 0..3 {
        world.open(&format!("name=N{n}"));
        world.pass(Duration::from_secs(2));
    }
    assert_eq!(news(&mut world, alice), ["+N0 2", "+N1 3", "4"]);
    for n in 3..50 {
        world.enter(&format!("name=N{n}"));
    }
    world.told.clear();
    world.pass(Duration::from_secs(1));
    assert_eq!(news(&mut world, alice), ["51"]);
}

#[test]
fn presence_of_many_rooms_is_sent_a_few_at_a_time() {
    let mut world = World::new();
    for number in 0..800 {
        world.enter(&format!("name=Guest&room=r{}&session=none{number}", number % 8));
    }
    world.pass(Duration::from_secs(5));
    // The first join of each room is sent at once, the second a second later.
    for number in 0..16 {
        world.enter(&format!("name=New&room=r{}", number % 8));
    }
    world.now.at = world.now.at.after(Duration::from_secs(1));
    let mut steps = Vec::new();
    while world.chat.deadline() <= world.now.at {
        world.told.clear();
        world.handle(Input::Due);
        steps.push(world.told.len());
    }
    assert!(steps.iter().all(|told| *told <= 400), "{steps:?}");
    assert_eq!(steps.iter().sum::<usize>(), 8 * 101, "{steps:?}");
}

#[test]
fn ten_thousand_joins_within_ten_seconds_cost_each_client_a_few_events() {
    let mut world = World::new();
    let alice = world.enter("name=Alice");
    let mut told = 0;
    for n in 0..10_000 {
        world.open(&format!("name=N{n}"));
        told += world.told(alice).len();
        world.told.clear();
        if n % 10 == 0 {
            world.pass(Duration::from_millis(10));
            told += world.told(alice).len();
            world.told.clear();
        }
    }
    assert!(told < 220, "{told} events for one client");
}

/// Has so many guests join one room within ten seconds; gives how many events, and bytes of
/// them, all were told in all.
fn arrivals(count: u64) -> (u64, u64) {
    let mut chat = Chat::new(Limits::default(), Keeper::default().opening("k3"));
    let (mut events, mut bytes) = (0, 0);
    let (mut effects, mut written) = (Vec::new(), Vec::new());
    for n in 0..=count {
        let millis = n * 10_000 / count;
        let now = Now { at: Moment::from_millis(millis), unix_ms: START + millis };
        let mut seed = [0; 16];
        seed[..8].copy_from_slice(&n.to_be_bytes());
        // Names as long as each other, or the bytes would not compare.
        let params = ConnectParams::parse("/ws", &format!("name=N{n:05}"));
        let mut inputs = vec![Input::Opened {
            client: ClientId(n + 1),
            params,
            seed,
            admission: Box::default(),
        }];
        if chat.deadline() <= now.at {
            inputs.push(Input::Due);
        }
        for input in inputs {
            chat.handle(now, input, &mut effects);
            for effect in effects.drain(..) {
                let (event, readers) = match effect {
                    Effect::Reply { event, .. } => (event, 1),
                    Effect::Broadcast { room, event, except, .. } => {
                        let spared = u64::from(except.is_some());
                        (event, chat.audience(room).len() as u64 - spared)
                    }
                    Effect::Journal(_) => continue,
                    other => panic!("{other:?}"),
                };
                written.clear();
                event.render(OutputMode::Json, 0, None, &mut written);
                events += readers;
                bytes += readers * written.len() as u64;
            }
        }
    }
    (events, bytes)
}

#[test]
fn a_join_costs_the_same_however_many_join() {
    let ((few_events, few_bytes), (many_events, many_bytes)) = (arrivals(2_500), arrivals(10_000));
    let each = |sum: u64, count: u64| sum as f64 / count as f64;
    let events = each(many_events, 10_000) / each(few_events, 2_500);
    let bytes = each(many_bytes, 10_000) / each(few_bytes, 2_500);
    // The first 200 are told by name, which costs a room the same once: many pay less for it.
    assert!((0.2..1.1).contains(&events), "{few_events} and {many_events} events: {events:.2}");
    assert!((0.2..1.1).contains(&bytes), "{few_bytes} and {many_bytes} bytes: {bytes:.2}");
}

#[test]
fn a_list_names_200_and_counts_all() {
    let mut world = World::new();
    let alice = world.enter("name=Alice");
    for n in 0..299 {
        world.enter(&format!("name=N{n}"));
    }
    world.told.clear();
    world.say(alice, r#"{"type":"list_users","id":"q2"}"#);
    let told = world.told(alice);
    let [ServerEvent::UserList { count: 300, users, .. }] = &told[..] else { panic!("{told:?}") };
    assert_eq!(users.len(), 200);
    world.say(alice, "/join lobby");
    let told = world.told(alice);
    let [ServerEvent::Joined(joined)] = &told[..] else { panic!("{told:?}") };
    assert_eq!((joined.count, joined.users.len()), (300, 200));
}

#[test]
fn rooms_are_listed_fullest_first() {
    let mut world = World::new();
    for query in ["room=a", "room=b", "room=b", "room=c&room=b", "room=c"] {
        world.enter(query);
    }
    let asker = world.enter("room=c");
    world.say(asker, r#"{"type":"list_rooms","id":"q1"}"#);
    let told = world.told(asker);
    let [ServerEvent::RoomList { re, rooms, next: None }] = &told[..] else { panic!("{told:?}") };
    let rooms: Vec<(&str, usize)> = rooms.iter().map(|line| (&*line.room, line.users)).collect();
    assert_eq!((re.as_deref(), &rooms[..]), (Some("q1"), &[("b", 3), ("c", 3), ("a", 1)][..]));
    world.say(asker, r#"{"type":"list_users","room":"a"}"#);
    assert_eq!(world.types(asker), ["user_list"]);
    world.say(asker, r#"{"type":"list_users","room":"z"}"#);
    assert_eq!(world.error(asker).code.word(), "no_such_room");
}
