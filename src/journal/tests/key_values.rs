//! What is kept beside the records, on disk.

use std::sync::Arc;
use std::thread;

use rusqlite::Connection;

use super::changes::{edited, forgotten, key_value, message, moderated};
use super::scratch::nearly_full;
use super::world::{World, hold};
use crate::chat::record::{
    JournalError, JournalRequest, JournalResponse, KeyValue, Namespace, PutKeyValues, Span,
};
use crate::clock::{Clock, Moment};
use crate::journal::Limits;

#[test]
fn key_values_survive_a_restart() {
    let mut world = World::sqlite();
    assert_eq!(world.opening.key_values, []);
    world.keep(vec![
        key_value(Namespace::Rooms, "dev", "1"),
        key_value(Namespace::Accounts, "b", "2"),
    ]);
    world.keep(vec![
        key_value(Namespace::Accounts, "a", "3"),
        key_value(Namespace::Accounts, "c", "4"),
    ]);
    let mut world = world.again();
    let kept = |name: &str, value: &str| key_value(Namespace::Accounts, name, value);
    let room = key_value(Namespace::Rooms, "dev", "1");
    assert_eq!(
        world.opening.key_values,
        [kept("a", "3"), kept("b", "2"), kept("c", "4"), room.clone()]
    );
    world.keep(vec![forgotten(Namespace::Accounts, "c"), kept("a", "5"), kept("a", "6")]);
    world.keep(vec![forgotten(Namespace::Days, "never there")]);
    assert_eq!(world.again().opening.key_values, [kept("a", "6"), kept("b", "2"), room]);
}

#[test]
fn every_namespace_is_stored() {
    use Namespace::{
        Accounts, Bans, Days, DirectRooms, MemberStates, ReadMarkers, RevokedTokens, Rooms,
    };
    let shelves =
        [Accounts, Rooms, MemberStates, Bans, DirectRooms, ReadMarkers, RevokedTokens, Days];
    let key_values: Vec<KeyValue> =
        shelves.map(|namespace| key_value(namespace, "key", "value")).into();
    let mut world = World::sqlite();
    world.keep(key_values.iter().rev().cloned().collect());
    assert_eq!(world.again().opening.key_values, key_values);
}

#[test]
fn key_values_without_a_request_id_are_stored_in_order() {
    let mut world = World::sqlite();
    let mark = |value| key_value(Namespace::ReadMarkers, "a", value);
    let keep = |key_values| JournalRequest::Put(PutKeyValues { request_id: None, key_values });
    let mut draft = world.draft(message("hi"));
    draft.key_values = vec![mark("2")];
    world.submit(keep(vec![mark("1")]));
    world.submit(JournalRequest::Append(draft));
    world.submit(keep(vec![mark("3")]));
    world.settle();
    assert_eq!(world.aside.len(), 1, "only the message is answered");
    assert_eq!(world.again().opening.key_values, [mark("3")]);
}

#[test]
fn key_values_of_a_draft_are_stored_only_with_a_new_entry() {
    let mut world = World::sqlite();
    let owner = |value| key_value(Namespace::Rooms, "lobby", value);
    let mut draft = world.draft(message("once"));
    (draft.id, draft.key_values) = (Some(Arc::from("c1")), vec![owner("Alice")]);
    world.add(draft.clone());
    draft.key_values = vec![owner("Eve")];
    assert!(matches!(
        world.append(draft.clone()),
        JournalResponse::Appended { duplicate: true, .. }
    ));
    draft.change = message("twice");
    assert_eq!(world.refuse(draft), JournalError::IdConflict);
    let mut late = world.draft(edited(7, "text"));
    late.key_values = vec![owner("Eve")];
    assert_eq!(world.refuse(late), JournalError::NoSuchMessage);
    let mut world = world.again();
    assert_eq!(world.opening.key_values, [owner("Alice")]);
    let mut draft = world.draft(moderated("Bob"));
    draft.key_values = vec![owner("Bob")];
    world.add(draft);
    assert_eq!(world.again().opening.key_values, [owner("Bob")]);
}

#[test]
fn key_values_beyond_the_queue_are_refused() {
    let mut world = World::sqlite().with(Limits { queue_entries_max: 1, ..Limits::default() });
    let hold = hold(&world);
    let first = world.submit_keep(vec![key_value(Namespace::Bans, "lobby/a", "1")]);
    let second = world.submit_keep(vec![key_value(Namespace::Bans, "lobby/b", "1")]);
    let refusal = JournalResponse::Rejected { request_id: second, why: JournalError::Overloaded };
    assert_eq!(world.responses(), [refusal]);
    drop(hold);
    assert_eq!(world.answer_to(first), JournalResponse::Saved { request_id: first });
    assert!(!world.journal().busy());
    world.keep(vec![key_value(Namespace::Bans, "lobby/b", "2")]);

    let mut world = world.with(Limits { queue_bytes_max: 1000, ..Limits::default() });
    let many = world.submit_keep(vec![key_value(Namespace::Bans, "lobby/c", &"x".repeat(1000))]);
    let refusal = JournalResponse::Rejected { request_id: many, why: JournalError::Overloaded };
    assert_eq!(world.responses(), [refusal]);
    assert_eq!(world.again().opening.key_values.len(), 2);
}

#[test]
fn a_full_disk_refuses_key_values_but_loses_none_without_a_request_id() {
    let (mut world, ballast) = nearly_full();
    let unasked = |value| {
        let key_values = vec![
            key_value(Namespace::ReadMarkers, "a", value),
            forgotten(Namespace::ReadMarkers, "b"),
        ];
        JournalRequest::Put(PutKeyValues { request_id: None, key_values })
    };
    world.keep(vec![key_value(Namespace::ReadMarkers, "b", "1")]);
    // All or none, with the commit that fails and while nothing can be written.
    for value in ["1", "2"] {
        world.submit(unasked(value));
        let small = key_value(Namespace::Rooms, "dev", value);
        let large = key_value(Namespace::Days, "today", &"x".repeat(1_000_000));
        let request_id = world.submit_keep(vec![small, large]);
        let refusal = JournalResponse::Rejected { request_id, why: JournalError::Unavailable };
        assert_eq!(world.answer_to(request_id), refusal);
    }
    assert!(!world.journal().writable());
    ballast.execute_batch("DROP TABLE ballast").unwrap();
    while !world.journal().writable() {
        world.wait();
        world.settle();
    }
    // They are there although nothing was submitted since.
    let mark = "SELECT value FROM facts WHERE shelf = 5 AND key = 'a'";
    let clock = Clock::start();
    while ballast.query_row(mark, [], |row| row.get::<_, String>(0)).ok().as_deref() != Some("2") {
        assert!(clock.now().at < Moment::from_millis(20_000), "it is not kept");
        thread::yield_now();
    }
    assert_eq!(world.again().opening.key_values, [key_value(Namespace::ReadMarkers, "a", "2")]);
}

#[test]
fn a_journal_without_key_values_is_upgraded_without_loss() {
    let mut world = World::sqlite();
    world.say("helo");
    world.change(edited(1, "hello"));
    let (history, entries) = (world.history(), world.entries());
    world.stop();
    let path = world.dir().join("journal.db");
    let db = Connection::open(&path).unwrap();
    db.execute_batch(
        "DROP TABLE facts; DROP TABLE removed; ALTER TABLE entries DROP COLUMN account;
         DROP TABLE files; ALTER TABLE entries DROP COLUMN files; DROP INDEX replies;
         PRAGMA user_version = 2",
    )
    .unwrap();
    db.close().unwrap();
    let mut world = world.started();
    assert_eq!((world.history(), world.entries()), (history, entries));
    world.keep(vec![key_value(Namespace::DirectRooms, "@a", "b")]);
    world.change(moderated("Bob"));
    let mut world = world.again();
    assert_eq!(world.opening.key_values, [key_value(Namespace::DirectRooms, "@a", "b")]);
    assert_eq!(world.page(Span::Entries(0), 10).top, 3);
    world.stop();
    let version = Connection::open(&path).unwrap();
    let version: i64 = version.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    assert_eq!(version, 10);
}

#[test]
fn a_full_database_of_an_older_version_is_opened() {
    let mut world = World::sqlite();
    world.say("hi");
    world.stop();
    let db = Connection::open(world.dir().join("journal.db")).unwrap();
    // Without a free page, of which the index could be made.
    db.execute_batch("DROP INDEX replies; PRAGMA user_version = 9; VACUUM").unwrap();
    db.close().unwrap();
    world.limits.database_bytes_max = Some(1);
    let mut world = world.started();
    assert_eq!(world.history().len(), 1);
}
