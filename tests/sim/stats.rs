//! Statistics.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use chinwag::chat::record::{JournalRequest, KeyValue, Namespace, PutKeyValues};
use chinwag::chat::{
    Body, Busy, ClientId, Credential, Day, Input, Post, Request, ServerEvent, Stats,
};

use crate::society::START;
use crate::world::World;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const CALLER: ClientId = ClientId(u64::MAX);
const NETWORK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Asks over HTTP, which needs nobody to be there.
fn stats(world: &mut World, minutes: u32) -> Stats {
    world.told(CALLER);
    let request = Request::Stats { minutes: Some(minutes) };
    world.handle(Input::Asked { caller: CALLER, network: NETWORK, request });
    let mut told = world.told(CALLER);
    match (told.pop(), told.is_empty()) {
        (Some(ServerEvent::Stats(stats)), true) => *stats,
        other => panic!("no statistics but {told:?} {other:?}"),
    }
}

fn post(world: &mut World, room: &str, name: &str) {
    world.keeper.guests = true;
    let body = Body {
        files: Default::default(),
        content: "hi".into(),
        reply_to: None,
        ttl: None,
        name: Some(name.into()),
    };
    let post = Post { room: room.into(), by: Credential::Nobody, id: None, body };
    world.handle(Input::Asked {
        caller: CALLER,
        network: NETWORK,
        request: Request::Post(Box::new(post)),
    });
}

/// Lets time pass a minute at a time.
fn pass(world: &mut World, minutes: u32) {
    for _ in 0..minutes {
        world.pass(MINUTE);
    }
}

fn rooms(stats: &Stats) -> Vec<(&str, usize, u32, u32)> {
    let line = |busy: &'_ Busy| (busy.users, busy.minute, busy.hour);
    stats.rooms.iter().map(|busy| (&*busy.room, line(busy).0, line(busy).1, line(busy).2)).collect()
}

#[test]
fn messages_are_counted_by_minute_hour_and_day_and_by_room() {
    let mut world = World::with(|limits| limits.sends_per_second_max = None);
    let alice = world.enter("name=Alice&room=lobby&room=dev");
    let say = |world: &mut World, room: &str, count: u32| {
        for _ in 0..count {
            world
                .say(alice, &format!(r#"{{"type":"send_message","room":"{room}","payload":"x"}}"#));
        }
    };
    say(&mut world, "lobby", 2);
    say(&mut world, "dev", 3);
    world.say(alice, r#"{"type":"react","room":"dev","payload":{"mid":1,"emoji":"👍"}}"#);
    world.say(alice, r#"{"type":"edit_message","room":"dev","payload":{"mid":1,"content":"y"}}"#);
    world.say(alice, r#"{"type":"set_topic","room":"dev","payload":"No message"}"#);
    pass(&mut world, 1);
    say(&mut world, "lobby", 1);
    let now = stats(&mut world, 5);
    assert_eq!((now.ts, now.messages), (START + 60_000, [1, 6, 6]));
    assert_eq!(rooms(&now), [("lobby", 1, 1, 3), ("dev", 1, 0, 3)]);
    assert_eq!((now.series.from, &now.series.messages[..]), (START, &[5, 1][..]));
    pass(&mut world, 59);
    let now = stats(&mut world, 60);
    assert_eq!((now.messages, rooms(&now)), ([0, 1, 6], vec![("lobby", 1, 0, 1)]));
    assert_eq!(now.series.from, START + 60_000);
    assert_eq!((now.series.messages.len(), now.series.messages[0]), (60, 1));
    world.pass(23 * HOUR);
    assert_eq!(stats(&mut world, 1).messages, [0, 0, 1]);
    pass(&mut world, 1);
    assert_eq!(stats(&mut world, 1).messages, [0, 0, 0]);
}

#[test]
fn only_the_ten_busiest_rooms_are_listed() {
    let mut world = World::with(|limits| limits.sends_per_second_max = None);
    for room in 0..12 {
        for _ in 0..=room {
            post(&mut world, &format!("r{room}"), "Bot");
        }
    }
    let now = stats(&mut world, 1);
    let hours: Vec<u32> = now.rooms.iter().map(|busy| busy.hour).collect();
    assert_eq!(hours, (3..=12).rev().collect::<Vec<_>>());
}

#[test]
fn people_are_counted_once_however_often_they_connect() {
    let mut world = World::new();
    let alice = world.open("name=Alice");
    let session = world.welcome(alice).session;
    let tab = world.open(&format!("session={session}"));
    let bob = world.open("name=Bob");
    let now = stats(&mut world, 1);
    assert_eq!((now.users, now.connections), ([2, 2, 2], 3));
    world.close(tab);
    world.close(bob);
    for _ in 0..3 {
        world.close(alice);
        world.open(&format!("session={session}"));
    }
    let now = stats(&mut world, 1);
    assert_eq!((now.users, now.connections), ([1, 2, 2], 3));
    pass(&mut world, 1);
    post(&mut world, "lobby", "Bot");
    post(&mut world, "lobby", "Bot");
    let now = stats(&mut world, 9);
    assert_eq!((now.users, &now.series.users[..]), ([1, 3, 3], &[2, 2][..]));
    assert_eq!(now.series.connections, [3, 3]);
    pass(&mut world, 59);
    assert_eq!(stats(&mut world, 1).users, [1, 2, 3]);
    pass(&mut world, 1);
    assert_eq!(stats(&mut world, 1).users, [1, 1, 3]);
    world.pass(23 * HOUR);
    assert_eq!(stats(&mut world, 1).users, [1, 1, 1]);
    let day = |day: &str, users, peak| Day { day: day.into(), messages: 2, users, peak };
    let days = stats(&mut world, 1).days;
    assert_eq!(days, [day("2024-11-20", 3, 3), Day { messages: 0, ..day("2024-11-21", 1, 3) }]);
}

#[test]
fn a_client_that_resumes_a_session_is_counted_as_one_person() {
    let mut world = World::new();
    let alice = world.open("name=Alice");
    let session = world.welcome(alice).session;
    world.close(alice);
    let back = world.open("name=Guest");
    assert_eq!(stats(&mut world, 1).users, [1, 2, 2]);
    let payload = format!(r#"{{"session":"{session}","epoch":"k3","rooms":{{"lobby":0}}}}"#);
    world.say(back, &format!(r#"{{"type":"resume","payload":{payload}}}"#));
    let now = stats(&mut world, 1);
    assert_eq!((now.users, now.series.users[0], now.days[0].users), ([1, 1, 1], 1, 1));
}

#[test]
fn journal_latency_is_measured_from_request_to_answer() {
    let mut world = World::with(|limits| limits.sends_per_second_max = None);
    let alice = world.enter("name=Alice");
    for millis in [vec![2; 98], vec![7, 30]].concat() {
        world.prompt = false;
        world.say(alice, "Hello");
        world.pass(Duration::from_millis(millis));
        world.settle();
    }
    world.pass(MINUTE);
    let series = stats(&mut world, 9).series;
    assert_eq!(
        (&series.journal_p50_us[..], &series.journal_p99_us[..]),
        (&[2000, 0][..], &[7000, 0][..])
    );
}

#[test]
fn an_event_returns_an_hour_of_statistics_by_default() {
    let mut world = World::new();
    let alice = world.enter("name=Alice&mode=text");
    world.say(alice, "Hello");
    world.say(alice, "/stats");
    let lines = world.read(alice);
    let [text] = &lines[..] else { panic!("{lines:?}") };
    assert!(text.starts_with("* Users: 1 online, 1 in the last hour"), "{text}");
    assert!(text.contains("\n    Busiest rooms: lobby (1 per hour, 1 online)."), "{text}");
    pass(&mut world, 100);
    for (event, length) in [
        (r#"{"type":"stats","id":"q3"}"#, 60),
        (r#"{"type":"stats","id":"q3","payload":{"minutes":0}}"#, 1),
        (r#"{"type":"stats","id":"q3","payload":{"minutes":7}}"#, 7),
        (r#"{"type":"stats","id":"q3","payload":{"minutes":99999999999}}"#, 101),
    ] {
        world.told(alice);
        world.say(alice, event);
        let told = world.told(alice);
        let [ServerEvent::Stats(stats)] = &told[..] else { panic!("{told:?}") };
        assert_eq!((stats.re.as_deref(), stats.series.messages.len()), (Some("q3"), length));
    }
    world.say(alice, r#"{"type":"stats","payload":{"minutes":"7"}}"#);
    assert_eq!(world.error(alice).code.word(), "bad_field");
}

#[test]
fn minutes_are_kept_for_a_day_and_a_leap_of_the_clock_loses_no_others() {
    let mut world = World::new();
    let alice = world.enter("name=Alice");
    world.say(alice, "Hello");
    pass(&mut world, 1440);
    let series = stats(&mut world, 1440).series;
    assert_eq!((series.messages.len(), series.from), (1440, START + 60_000));
    world.now.unix_ms += 400 * 24 * 3_600_000;
    world.say(alice, "Hello");
    let now = stats(&mut world, 1440);
    assert_eq!((now.messages, now.series.messages.len()), ([1, 1, 1], 1440));
    // A little back makes a long minute, much back a new beginning.
    world.now.unix_ms -= 60_000;
    world.say(alice, "Hello");
    assert_eq!(stats(&mut world, 1440).messages, [2, 2, 2]);
    world.now.unix_ms = START;
    world.say(alice, "Hello");
    let now = stats(&mut world, 1440);
    assert_eq!((now.messages, now.users, now.series.from), ([1, 1, 1], [1, 1, 1], START));
    assert_eq!(now.series.messages, [1]);
    pass(&mut world, 2);
    assert_eq!(stats(&mut world, 1440).series.messages, [1, 0, 0]);
}

/// Returns what was kept of days since this was asked last.
fn kept(world: &mut World) -> Vec<Vec<(String, Option<String>)>> {
    let text = |it: &Arc<str>| it.to_string();
    let keeps = world.orders.drain(..).filter_map(|order| match order {
        JournalRequest::Put(PutKeyValues { request_id: None, key_values }) => Some(key_values),
        _ => None,
    });
    let days = |key_values: Vec<KeyValue>| {
        let days = key_values.iter().filter(|key_value| key_value.namespace == Namespace::Days);
        days.map(|key_value| (text(&key_value.key), key_value.value.as_ref().map(text))).collect()
    };
    keeps.map(days).collect()
}

#[test]
fn totals_of_days_are_saved_once_a_minute_and_on_shutdown() {
    let mut world = World::new();
    let alice = world.enter("name=Alice");
    for _ in 0..70 {
        world.say(alice, "Hello");
        world.pass(Duration::from_secs(1));
    }
    let today = |messages| {
        let totals = format!(r#"{{"messages":{messages},"users":1,"peak":1}}"#);
        vec![("2024-11-20".to_owned(), Some(totals))]
    };
    assert_eq!(kept(&mut world), [today(60)]);
    world.pass(HOUR);
    assert_eq!(kept(&mut world), [today(70)]);
    world.say(alice, "Hello");
    world.prompt = false;
    world.say(alice, "late");
    world.handle(Input::Drain { seed: 1 });
    assert_eq!(kept(&mut world), [today(71)]);
    // What is in the record only then counts all the same.
    world.settle();
    world.pass(Duration::ZERO);
    assert_eq!(kept(&mut world), [today(72)]);
}

#[test]
fn a_restart_continues_the_day_and_ninety_days_are_kept() {
    let mut world = World::new();
    let alice = world.open("name=Alice");
    let session = world.welcome(alice).session;
    world.say(alice, "Hello");
    world.pass(MINUTE);
    world.restart();
    let alice = world.open(&format!("session={session}"));
    world.open("name=Bob");
    world.say(alice, "Hello");
    let day = |day: &str, messages, users, peak| Day { day: day.into(), messages, users, peak };
    assert_eq!(stats(&mut world, 1).days, [day("2024-11-20", 2, 2, 2)]);
    assert_eq!(stats(&mut world, 1).messages, [1, 1, 1]);
    for _ in 0..100 {
        world.pass(24 * HOUR);
        world.handle(Input::Due);
    }
    world.pass(MINUTE);
    let days = stats(&mut world, 1).days;
    assert_eq!((days.len(), &*days[0].day, &*days[89].day), (90, "2024-12-01", "2025-02-28"));
    let known: Vec<_> =
        world.keeper.key_values.keys().map(|(namespace, day)| (*namespace, &**day)).collect();
    assert_eq!((known.len(), known[0]), (90, (Namespace::Days, "2024-12-01")));
}

#[test]
fn statistics_of_many_rooms_and_people_stay_within_the_limits() {
    let mut world = World::with(|limits| {
        (limits.stats_rooms_max, limits.stats_users_max) = (8, 16);
        limits.sends_per_second_max = None;
    });
    for n in 0..100 {
        post(&mut world, &format!("r{n}"), &format!("N{n}"));
    }
    let now = stats(&mut world, 1);
    assert_eq!((now.messages, now.users), ([100, 100, 100], [0, 16, 16]));
    assert!((1..=8).contains(&now.rooms.len()), "{:?}", now.rooms);
}
