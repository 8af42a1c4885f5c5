//! What a start makes of what it finds on the disk.

use std::fs;

use rusqlite::Connection;

use super::scratch::{Scratch, copy, files, fsync};
use super::world::World;
use crate::journal::{Engine, Limits, OpenError};

#[test]
fn a_second_server_is_refused() {
    let world = World::sqlite();
    let second = World::open(world.engine.clone(), Limits::default(), world.now);
    let Err(OpenError::Locked { path }) = second else { panic!("it is not locked") };
    assert_eq!(path, world.dir());
}

#[test]
fn a_newer_version_is_refused_and_left_as_it_is() {
    let mut world = World::sqlite();
    world.say("from the future");
    world.stop();
    let db = Connection::open(world.dir().join("journal.db")).unwrap();
    db.pragma_update(None, "user_version", 99).unwrap();
    db.close().unwrap();
    let before = files(&world.dir());
    let error = refused(&world, world.engine.clone());
    assert!(matches!(error, OpenError::Newer { found: 99, known: 10, .. }), "{error}");
    assert!(error.to_string().contains("99"), "{error}");
    assert!(files(&world.dir()) == before, "it was touched");
}

#[test]
fn what_is_no_journal_is_refused_and_left_as_it_is() {
    let mut world = World::sqlite();
    world.stop();
    let path = world.dir().join("journal.db");
    let mut sound = fs::read(&path).unwrap();
    fs::write(&path, "Dear diary,\n").unwrap();
    assert_left_alone(&world);
    sound[0] = 0;
    fs::write(&path, &sound).unwrap();
    assert_left_alone(&world);
    fs::remove_file(&path).unwrap();
    let foreign = Connection::open(&path).unwrap();
    foreign.execute_batch("CREATE TABLE recipes (name TEXT)").unwrap();
    foreign.close().unwrap();
    assert_left_alone(&world);
}

#[test]
fn a_damaged_journal_is_refused_and_left_as_it_is() {
    let mut world = World::sqlite();
    for _ in 0..200 {
        world.say("something to fill a page or two with, and then some more of the same");
    }
    world.stop();
    let path = world.dir().join("journal.db");
    let mut bytes = fs::read(&path).unwrap();
    // Everything behind the schema.
    for byte in bytes.iter_mut().skip(2 * 4096) {
        *byte ^= 0xFF;
    }
    fs::write(&path, &bytes).unwrap();
    let before = files(&world.dir());
    let Engine::Sqlite { dir, durability, accept_loss, .. } = world.engine.clone() else {
        panic!("it is on disk")
    };
    let engine = Engine::Sqlite { dir, durability, accept_loss, check: true };
    let error = refused(&world, engine);
    assert!(matches!(error, OpenError::Corrupt { .. }), "{error:?}");
    assert!(files(&world.dir()) == before, "it was touched");
}

#[test]
fn a_file_in_place_of_the_directory_is_named() {
    let scratch = Scratch::new();
    fs::write(scratch.path().join("data"), "no directory").unwrap();
    let error = World::open(scratch.engine(), Limits::default(), super::world::NOON).err().unwrap();
    assert!(matches!(error, OpenError::Directory { .. }), "{error:?}");
    assert!(error.to_string().contains("data"), "{error}");
}

#[test]
fn a_journal_behind_its_mark_is_refused_unless_the_loss_is_accepted() {
    let mut world = fsync(World::sqlite());
    let epoch = world.opening.epoch.clone();
    world.say("one");
    world.say("two");
    // The next commit finds the mark older than a second.
    world.pass(1000);
    world.say("three");
    world.stop();
    let path = world.dir().join("journal.db");
    let db = Connection::open(&path).unwrap();
    db.execute_batch("DELETE FROM entries WHERE entry & 0xFF > 1; UPDATE rooms SET top = 1")
        .unwrap();
    db.close().unwrap();
    let error = refused(&world, world.engine.clone());
    assert!(matches!(error, OpenError::Behind { found: 1, marked: 3, .. }), "{error:?}");
    // Nor does it help to remove the database.
    let bytes = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    let error = refused(&world, world.engine.clone());
    assert!(matches!(error, OpenError::Behind { found: 0, marked: 3, .. }), "{error:?}");
    fs::write(&path, bytes).unwrap();

    let Engine::Sqlite { dir, durability, check, .. } = world.engine.clone() else {
        panic!("it is on disk")
    };
    let engine = Engine::Sqlite { dir, durability, accept_loss: true, check };
    world.pass(1);
    let mut lossy = World::open(engine, Limits::default(), world.now).unwrap();
    assert_ne!(lossy.opening.epoch, epoch);
    assert_eq!(lossy.say("two again"), 2);
    lossy.stop();
    World::open(world.engine.clone(), Limits::default(), world.now).unwrap();
}

#[test]
fn a_journal_without_its_mark_goes_on() {
    let mut world = World::sqlite();
    world.say("one");
    world.stop();
    fs::remove_file(world.dir().join("mark")).unwrap();
    let mut world = World::open(world.engine.clone(), Limits::default(), world.now).unwrap();
    assert_eq!(world.say("two"), 2);
}

#[test]
fn a_lost_log_is_noticed() {
    let mut world = fsync(World::sqlite());
    world.say("one");
    world.pass(1000);
    world.say("two");
    world.settle();
    let image = copy(&world.dir());
    // The mark is written after the answer.
    fs::write(image.path().join("data/mark"), "chinwag journal, entries: 00000000000000000002\n")
        .unwrap();
    fs::remove_file(image.path().join("data/journal.db-wal")).unwrap();
    let error = World::open(image.engine(), Limits::default(), world.now).err().unwrap();
    assert!(matches!(error, OpenError::Behind { marked: 2, .. }), "{error:?}");
}

#[test]
fn a_log_left_beside_an_empty_database_is_no_other_server() {
    let mut world = World::sqlite();
    world.say("lost");
    let image = copy(&world.dir());
    fs::write(image.path().join("data/journal.db"), "").unwrap();
    // The log made anew must not be given the number of the old one.
    let log = image.path().join("data/journal.db-wal");
    fs::hard_link(&log, image.path().join("log")).unwrap();
    let mut after = World::open(image.engine(), Limits::default(), world.now).unwrap();
    assert_eq!(after.say("new"), 1);
}

fn refused(world: &World, engine: Engine) -> OpenError {
    World::open(engine, Limits::default(), world.now).err().expect("it is opened")
}

fn assert_left_alone(world: &World) {
    let before = files(&world.dir());
    let error = refused(world, world.engine.clone());
    assert!(matches!(error, OpenError::NotAJournal { .. }), "{error:?}");
    assert!(error.to_string().contains("journal.db"), "{error}");
    assert!(files(&world.dir()) == before, "it was touched");
}
