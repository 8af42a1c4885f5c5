//! The directory of rooms.

use chinwag::chat::{ClientId, Code, RoomSummary, ServerEvent};

use crate::society::START;
use crate::world::World;

/// Requests a page of the directory. Returns its rooms and where the next one begins.
fn page(world: &mut World, asker: ClientId, payload: &str) -> (Vec<RoomSummary>, Option<String>) {
    world.told.clear();
    world.say(asker, &format!(r#"{{"type":"list_rooms","payload":{payload}}}"#));
    match world.told(asker).pop() {
        Some(ServerEvent::RoomList { rooms, next, .. }) => (rooms, next.map(String::from)),
        other => panic!("no list but {other:?}"),
    }
}

/// Reads the whole directory in pages of so many rooms.
fn names(world: &mut World, asker: ClientId, limit: usize) -> Vec<String> {
    let (mut names, mut from) = (Vec::new(), None);
    for _ in 0..1000 {
        let after = from.map_or(String::new(), |from: String| format!(r#","from":"{from}""#));
        let (rooms, next) = page(world, asker, &format!(r#"{{"limit":{limit}{after}}}"#));
        assert!(rooms.len() <= limit);
        names.extend(rooms.iter().map(|line| line.room.to_string()));
        match next {
            Some(next) => from = Some(next),
            None => return names,
        }
    }
    panic!("the pages never end");
}

fn unlimited() -> World {
    World::with(|limits| {
        limits.queries_per_second_max = None;
        limits.sends_per_second_max = None;
    })
}

#[test]
fn the_directory_names_topic_people_and_the_time_of_the_last_message() {
    let mut world = unlimited();
    let alice = world.enter("name=Alice&room=dev");
    world.say(alice, "/topic Tools");
    world.say(alice, "hello");
    world.pass(std::time::Duration::from_secs(60));
    world.say(alice, r#"{"type":"react","payload":{"mid":2,"emoji":"+"}}"#);
    let mut bob = world.enter("name=Bob");
    for restarted in [false, true] {
        let (rooms, _) = page(&mut world, bob, "null");
        let dev = rooms.iter().find(|line| &*line.room == "dev").unwrap();
        assert_eq!(
            (dev.users, &*dev.topic, dev.last),
            (1 - usize::from(restarted), "Tools", Some(START))
        );
        let lobby = rooms.iter().find(|line| &*line.room == "lobby").unwrap();
        assert_eq!(lobby.last, None);
        if !restarted {
            world.restart();
            bob = world.enter("name=Bob&room=lobby");
        }
    }
}

#[test]
fn pages_of_the_directory_name_every_room_once() {
    let mut world = unlimited();
    let asker = world.enter("name=Asker");
    let mut expected = vec!["lobby".to_owned()];
    for n in 0..7 {
        let owner = world.enter(&format!("name=N{n}&room=r{n}"));
        if n > 4 {
            world.say(owner, "/private");
            world.say(owner, "/invite Asker");
        } else if n > 2 {
            world.enter(&format!("room=r{n}"));
        }
        expected.push(format!("r{n}"));
    }
    let stranger = world.enter("name=Stranger&room=hidden");
    world.say(stranger, "/private");
    let whole = names(&mut world, asker, 200);
    assert_eq!(whole[..2], ["r5", "r6"], "private ones are first");
    for limit in 1..9 {
        assert_eq!(names(&mut world, asker, limit), whole);
    }
    let mut sorted = whole;
    sorted.sort();
    assert_eq!(sorted, expected);
}

#[test]
fn a_page_of_the_directory_is_bounded_in_rooms_and_bytes() {
    let mut world = unlimited();
    world.reload(|limits| limits.listed_max = 30);
    let asker = world.enter("name=Asker");
    for n in 0..40 {
        let owner = world.enter(&format!("name=N{n}&room=r{n}"));
        world.say(owner, &format!("/topic {}", "x".repeat(500)));
    }
    let (rooms, next) = page(&mut world, asker, r#"{"limit":4000000000}"#);
    assert_eq!((rooms.len(), next.is_some()), (30, true));
    world.reload(|limits| limits.page_bytes_max = 5000);
    let (rooms, next) = page(&mut world, asker, "null");
    assert_eq!((rooms.len(), next.is_some()), (9, true));
    assert_eq!(names(&mut world, asker, 200).len(), 41);
}

#[test]
fn a_long_page_of_the_directory_costs_more_and_a_wrong_position_is_refused() {
    let mut world = World::with(|limits| limits.queries_burst_max = 10);
    let asker = world.enter("name=Asker");
    for n in 0..150 {
        world.enter(&format!("name=N{n}&room=r{n}"));
    }
    for from in ["x", "1.x", "1.2.3"] {
        world.say(
            asker,
            &format!(r#"{{"type":"list_rooms","payload":{{"from":"{from}","limit":1}}}}"#),
        );
        assert_eq!(world.error(asker).code, Code::BadField);
    }
    world.say(asker, r#"{"type":"list_rooms"}"#);
    assert_eq!(world.types(asker), ["room_list"]);
    world.say(asker, r#"{"type":"list_rooms"}"#);
    assert_eq!(world.error(asker).code, Code::RateLimited);
    world.say(asker, r#"{"type":"list_rooms","payload":{"limit":1}}"#);
    assert_eq!(world.types(asker), ["room_list"]);
}
