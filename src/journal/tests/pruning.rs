//! How soon what is no longer kept is gone.

use std::sync::Arc;
use std::time::Duration;

use super::changes::message;
use super::world::World;
use crate::chat::record::{Draft, JournalRequest};
use crate::journal::Limits;

#[test]
fn all_rooms_are_pruned_without_a_pause_between_the_steps() {
    const ROOMS: i64 = 2000;
    let mut world = World::sqlite();
    for number in 0..ROOMS {
        let draft = world.draft(message("old"));
        let room = Arc::from(format!("room{number}"));
        world.submit(JournalRequest::Append(Draft { room, ..draft }));
    }
    world.settle();
    world.pass(60_000);
    world.say("young");
    let mut world =
        world.with(Limits { keep_for: Some(Duration::from_secs(30)), ..Limits::default() });
    let start = world.now.at;
    let db = rusqlite::Connection::open(world.dir().join("journal.db")).unwrap();
    let left = || db.query_row("SELECT count(*) FROM entries", [], |row| row.get::<_, i64>(0));
    while left().unwrap() > 1 {
        world.pass(15);
        world.settle();
        assert!(
            world.now.at < start.after(Duration::from_secs(15)),
            "{} are left",
            left().unwrap()
        );
    }
}
