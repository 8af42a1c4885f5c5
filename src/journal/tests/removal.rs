//! What is left of removed rooms on disk.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;

use super::changes::{expiring, key_value, message};
use super::scratch::{copy, found_in};
use super::world::World;
use crate::chat::record::{KeyValue, Namespace};
use crate::clock::Clock;

/// More than one step erases.
const MANY: u64 = 300;

fn filled(mut world: World) -> World {
    for number in 0..MANY {
        let expires = world.now.unix_ms + 60_000;
        match number % 3 {
            0 => world.change(expiring("a secretword", expires)),
            _ => world.say("a secretword"),
        };
    }
    world
}

/// Waits until the removed rooms are erased, their text is out of the files, and the index is sound;
/// `left` entries are those of other rooms.
fn is_erased(world: &World, left: i64) {
    world.until("SELECT NOT EXISTS (SELECT 1 FROM removed)");
    let clock = Clock::start();
    let deadline = clock.now().at.after(Duration::from_secs(10));
    while found_in(&world.dir(), b"secretword") {
        assert!(clock.now().at < deadline, "it is still there");
    }
    let db = Connection::open(world.dir().join("journal.db")).unwrap();
    let count = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM entries"), left);
    assert_eq!(count("SELECT count(*) FROM ids"), 0);
    assert_eq!(count("SELECT count(*) FROM search WHERE search MATCH 'secretword'"), 0);
}

#[test]
fn the_text_of_a_removed_room_leaves_the_files_indexed_or_not() {
    for world in [World::sqlite(), World::indexed()] {
        let mut world = filled(world);
        world.settle();
        world.remove("lobby");
        is_erased(&world, 0);
    }
}

#[test]
fn the_text_of_a_removed_room_leaves_the_pages_that_it_was_moved_from() {
    let mut world = World::sqlite();
    for _ in 0..MANY {
        world.say("a secretword");
        let mut draft = world.draft(message("stays"));
        draft.room = "tea".into();
        world.add(draft);
    }
    world.remove("lobby");
    is_erased(&world, MANY.cast_signed());
}

#[test]
fn a_room_removed_before_a_crash_is_erased_after_the_next_start() {
    let mut world = filled(World::indexed());
    world.settle();
    world.remove("lobby");
    let image = copy(&world.dir());
    let mut after = World::open(image.engine(), world.limits.clone(), world.now).unwrap();
    after.scratch = Some(Arc::new(image));
    assert_eq!((after.opening.rooms.len(), &*after.opening.rooms[0].name), (1, ""));
    assert_eq!(after.history(), []);
    is_erased(&after, 0);
    assert_eq!(after.say("again"), MANY + 1);
}

#[test]
fn messages_of_a_removed_room_that_expire_before_they_are_erased_leave_the_index() {
    let mut world = filled(World::indexed());
    world.settle();
    world.remove("lobby");
    world.pass(120_000);
    for number in 1..=20 {
        world.pass(1000);
        assert_eq!(world.say("next"), MANY + number);
    }
    world.remove("lobby");
    is_erased(&world, 0);
}

#[test]
fn what_is_stored_beside_a_removed_room_is_deleted_and_nothing_else() {
    let mut world = World::sqlite();
    let author = "0a".repeat(16);
    let about = |room: &str| {
        [
            key_value(Namespace::Rooms, room, "{}"),
            key_value(Namespace::MemberStates, &format!("{room}/{author}"), "{}"),
            key_value(Namespace::Bans, &format!("{room}/{author}"), "{}"),
            key_value(Namespace::Mutes, &format!("{room}/{author}"), "{}"),
            key_value(Namespace::Hooks, &format!("{room}/{author}"), "{}"),
            key_value(Namespace::HookPositions, &format!("{room}/{author}"), "{}"),
            key_value(Namespace::ReadMarkers, &format!("{author}/{room}"), "1"),
            key_value(Namespace::Memberships, &format!("{author}/{room}"), "{}"),
            key_value(Namespace::Pins, &format!("{room}/7"), "1"),
            key_value(Namespace::Invitations, &format!("{author}/{room}"), "{}"),
        ]
    };
    let rooms = ["lobby", "lobby2", "lobb", "y"];
    for room in rooms {
        let mut draft = world.draft(message("hi"));
        (draft.room, draft.key_values) = (room.into(), about(room).to_vec());
        world.add(draft);
    }
    world.remove("lobby");
    let world = world.again();
    let mut left: Vec<_> = rooms[1..].iter().flat_map(|room| about(room)).collect();
    let by_place = |one: &_, other: &_| {
        let place = |it: &KeyValue| (it.namespace, Arc::clone(&it.key));
        place(one).cmp(&place(other))
    };
    let mut found = world.opening.key_values.clone();
    found.sort_by(by_place);
    left.sort_by(by_place);
    assert_eq!(found, left);
}
