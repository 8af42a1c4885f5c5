//! What only an index of words on disk has to do.

use std::fs;

use rusqlite::Connection;

use super::changes::{deleted, edited, expiring};
use super::world::World;
use crate::chat::record::{
    JournalError, JournalRequest, JournalResponse, RequestId, RoomKey, Search,
};
use crate::journal::Limits;

#[test]
fn a_deleted_word_is_in_no_file_of_the_index_either() {
    let mut world = World::indexed();
    for number in 0..50 {
        world.say(&format!("a harmless text, number {number}"));
    }
    let mid = world.say("the verysecret word");
    world.change(edited(mid, "the otherverysecret word"));
    let expires = world.now.unix_ms + 5000;
    world.change(expiring("soonsecret too", expires));
    world.say("later");
    let limits = world.limits.clone();
    let mut world = world.with(Limits { keep_messages: Some(50), ..limits });
    assert_eq!(world.finds("otherverysecret"), [mid]);
    world.change(deleted(mid));
    world.pass(5000);
    world.settle();
    for number in 0..30 {
        world.say(&format!("and more, number {number}"));
    }
    world.settle();
    world.stop();
    for entry in fs::read_dir(world.dir()).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(6).any(|part| part == b"secret"));
    }
    let db = Connection::open(world.dir().join("journal.db")).unwrap();
    let check = "INSERT INTO search (search) VALUES ('integrity-check')";
    db.execute(check, []).unwrap();
}

#[test]
fn a_journal_from_before_the_index_is_indexed_in_steps() {
    let mut world = World::sqlite();
    for number in 1..=2000 {
        let draft = world.draft(super::changes::message(&format!("word number{number}")));
        world.submit(JournalRequest::Append(draft));
    }
    world.settle();
    world.change(edited(7, "changed"));
    world.stop();
    let db = Connection::open(world.dir().join("journal.db")).unwrap();
    db.execute_batch(
        "DROP TABLE facts; DROP TABLE removed; ALTER TABLE entries DROP COLUMN account;
             DROP TABLE files; ALTER TABLE entries DROP COLUMN files; DROP INDEX replies;
             DROP TABLE search; ALTER TABLE rooms DROP COLUMN searched; PRAGMA user_version = 1",
    )
    .unwrap();
    db.close().unwrap();
    let limits = Limits { unsearched_entries_max: 300, ..Limits::default() };
    let scratch = world.scratch.take();
    let mut world = World::open(world.engine.clone(), limits, world.now).unwrap();
    world.scratch = scratch;
    // It is found whether the index has got there or not.
    for _ in 0..20 {
        assert_eq!(world.finds("\"number7\""), [0; 0]);
        assert_eq!(world.finds("changed"), [7]);
        assert_eq!(world.finds("number2000"), [2000]);
        assert_eq!(world.search(&["lobby"], "word", Some(3), 5).hits.len(), 2);
    }
    let indexed = || {
        let db = Connection::open(world.dir().join("journal.db")).unwrap();
        db.query_row("SELECT searched FROM rooms", [], |row| row.get::<_, i64>(0)).unwrap()
    };
    for _ in 0..2000 {
        if indexed() < 1700 {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }
    assert!(indexed() >= 1700, "the index does not get on");
    assert!(indexed() < 2000, "the newest stay out");
    world.change(deleted(7));
    assert_eq!(world.finds("changed"), [0; 0]);
    assert_eq!(world.finds("\"number8\""), [8]);
}

#[test]
fn the_parts_of_the_index_are_merged_as_they_come() {
    let mut world = World::indexed();
    let db = Connection::open(world.dir().join("journal.db")).unwrap();
    let mut parts = db.prepare("SELECT count(DISTINCT segid) FROM search_idx").unwrap();
    let mut most = 0;
    for number in 0..2000 {
        world.say(&format!("word number{number}"));
        if number % 16 == 0 {
            most = most.max(parts.query_row([], |row| row.get::<_, i64>(0)).unwrap());
        }
    }
    // By itself it would merge sixteen at a time, all that is in them within one commit.
    assert!((3..12).contains(&most), "{most} parts");
    assert_eq!(world.finds("\"number123\""), [124]);
}

#[test]
fn too_much_that_is_in_no_index_is_not_looked_through() {
    let mut world = World::sqlite();
    world.say("old word");
    for _ in 0..20 {
        world.say("something else");
    }
    let mut world = world.with(Limits { scan_entries_max: 10, ..Limits::default() });
    let page = world.search(&["lobby"], "word", None, 5);
    assert_eq!((page.hits.len(), page.more), (0, true));
    let page = world.search(&["lobby"], "word", Some(11), 5);
    assert_eq!((page.hits.len(), page.more), (1, false));
}

#[test]
fn too_many_searches_are_refused() {
    let mut world = World::sqlite().with(Limits { queue_searches_max: 0, ..Limits::default() });
    world.say("word");
    let request_id = RequestId(99);
    let rooms = vec![RoomKey::from("lobby")];
    let words = "word".into();
    let search = Search {
        request_id,
        asker: 0,
        rooms,
        words,
        filter: Default::default(),
        before: None,
        limit: 1,
        bytes_max: 100,
    };
    world.submit(JournalRequest::Search(search));
    let told = JournalResponse::ReadFailed { request_id, why: JournalError::Overloaded };
    assert_eq!(world.answer_to(request_id), told);
}
