//! How soon text is gone from the files once it was erased.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;

use super::changes::{deleted, edited, expiring, message};
use super::scratch::{copy, found_in};
use super::world::World;
use crate::chat::record::Draft;
use crate::clock::Clock;
use crate::journal::Limits;

#[test]
fn deleted_text_leaves_the_files_of_an_idle_journal() {
    let mut world = World::sqlite();
    let mid = world.say("a secretword");
    world.change(edited(mid, "another secretword"));
    world.change(deleted(mid));
    assert!(found_in(&world.dir(), b"secretword"), "the log is not looked at");
    goes(&mut world, |_| {});
}

#[test]
fn deleted_text_leaves_the_files_of_a_busy_journal() {
    let mut world = World::sqlite();
    let mid = world.say("a secretword");
    world.change(deleted(mid));
    let start = world.now.at;
    goes(&mut world, |world| {
        world.pass(20);
        world.say("busy");
    });
    assert!(world.now.at <= start.after(Duration::from_secs(5)));
}

#[test]
fn expired_text_leaves_the_files() {
    let mut world = World::sqlite();
    let expires = world.now.unix_ms + 5000;
    world.change(expiring("a secretword", expires));
    world.pass(5000);
    world.settle();
    goes(&mut world, |_| {});
}

#[test]
fn pruned_text_leaves_the_files() {
    let limits = Limits { keep_messages: Some(1), ..Limits::default() };
    let mut world = World::sqlite().with(limits);
    world.say("a secretword");
    world.say("the next");
    world.settle();
    goes(&mut world, |_| {});
}

#[test]
fn erased_text_leaves_the_files_when_an_export_ends() {
    let mut world = World::sqlite();
    let mid = world.say("a secretword");
    let export = Connection::open(world.dir().join("journal.db")).unwrap();
    let reads = "BEGIN; SELECT count(*) FROM entries";
    export.query_row("SELECT count(*) FROM entries", [], |_| Ok(())).unwrap();
    export.execute_batch(reads).unwrap();
    world.change(deleted(mid));
    for _ in 0..100 {
        world.pass(20);
        world.say("nobody waits for it");
    }
    assert!(found_in(&world.dir(), b"secretword"), "nothing holds it");
    export.execute_batch("COMMIT").unwrap();
    goes(&mut world, |_| {});
}

/// Waits until the text is gone.
fn goes(world: &mut World, mut meanwhile: impl FnMut(&mut World)) {
    let clock = Clock::start();
    let deadline = clock.now().at.after(Duration::from_secs(5));
    while found_in(&world.dir(), b"secretword") {
        assert!(clock.now().at < deadline, "it is still there");
        meanwhile(world);
    }
}

#[test]
fn text_deleted_before_a_crash_leaves_the_files_after_the_next_start() {
    let mut world = World::sqlite();
    let mid = world.say("a secretword");
    world.change(deleted(mid));
    let image = copy(&world.dir());
    let mut after = World::open(image.engine(), Limits::default(), world.now).unwrap();
    after.scratch = Some(Arc::new(image));
    assert!(found_in(&after.dir(), b"secretword"), "the log is not looked at");
    goes(&mut after, |_| {});
}

#[test]
fn deleted_text_leaves_the_files_while_other_requests_come() {
    let mut world = World::sqlite();
    let mid = world.say("a secretword");
    world.change(deleted(mid));
    goes(&mut world, |world| {
        world.pass(20);
        world.author(mid);
    });
}

/// Fills two rooms in turns, so that rows are moved whenever a page is full.
fn in_two_rooms(world: &mut World) -> Vec<Draft> {
    let mut said = Vec::new();
    for number in 0..400 {
        let length = number * 7919 % 23;
        let mut draft =
            world.draft(message(&format!("a secretword {}", "and more ".repeat(length))));
        draft.room = Arc::from(["lobby", "tea"][number % 2]);
        let mid = world.add(draft.clone());
        said.push(Draft { change: deleted(mid), ..draft });
    }
    said
}

#[test]
fn deleted_text_leaves_the_pages_that_it_was_moved_from() {
    let mut world = World::sqlite();
    for draft in in_two_rooms(&mut world) {
        let request_id = world.draft(draft.change.clone()).request_id;
        world.add(Draft { request_id, ..draft });
    }
    goes(&mut world, |_| {});
}

#[test]
fn deleted_text_leaves_the_pages_that_an_earlier_version_moved_it_from() {
    let mut world = World::sqlite();
    in_two_rooms(&mut world);
    world.stop();
    let db = Connection::open(world.dir().join("journal.db")).unwrap();
    // Rows that become longer are moved.
    let sql = "PRAGMA secure_delete = ON; UPDATE entries SET text = text || text || text;
               UPDATE entries SET text = ''";
    db.execute_batch(sql).unwrap();
    db.close().unwrap();
    assert!(found_in(&world.dir(), b"secretword"), "nothing was moved");
    let mut world = world.started();
    goes(&mut world, |_| {});
}
