//! Rows that contradict each other, and rooms without numbers left: only they suffer.

use std::sync::Arc;

use rusqlite::Connection;

use super::changes::{expiring, key_value, message};
use super::scratch::found_in;
use super::world::{ALICE, BOB, World, mids};
use crate::chat::record::{
    Draft, JournalError, JournalRequest, JournalResponse, Namespace, PutKeyValues, RoomKey,
    SessionRecord, Span,
};
use crate::clock::Moment;
use crate::journal::Limits;

#[test]
fn a_room_at_the_last_number_refuses_alone() {
    let mut world = World::sqlite();
    let expires = world.now.unix_ms + 5000;
    world.change(expiring("a secretword", expires));
    let mut world = changed(world, "UPDATE rooms SET top = (1 << 40) - 1");
    for _ in 0..2 {
        let draft = world.draft(message("no number is left"));
        assert_eq!(world.refuse(draft), JournalError::Unavailable);
        say_elsewhere(&mut world);
    }
    world.pass(5000);
    world.settle();
    assert_eq!(world.journal().deadline(), Moment::NEVER, "it expires again and again");
    assert_well(&mut world);
    world.stop();
    assert!(!found_in(&world.dir(), b"secretword"));
}

#[test]
fn a_room_that_counts_too_few_messages_is_mended() {
    let mut world = World::sqlite();
    for _ in 0..5 {
        world.say("hi");
    }
    let mut world = changed(world, "UPDATE rooms SET messages = 1");
    let limits = Limits { keep_for: Some(std::time::Duration::from_secs(60)), ..Limits::default() };
    world.pass(50_000);
    world.say("later");
    let mut world = world.with(limits);
    world.pass(20_000);
    world.settle();
    assert_eq!(world.page(Span::Latest, 10).lost, [(1, 5)]);
    assert_well(&mut world);
    world.stop();
    let db = Connection::open(world.dir().join("journal.db")).unwrap();
    let messages: i64 = db.query_row("SELECT messages FROM rooms", [], |row| row.get(0)).unwrap();
    assert_eq!(messages, 1);
}

#[test]
fn a_room_behind_its_entries_is_mended() {
    let mut world = World::sqlite();
    for _ in 0..5 {
        world.say("hi");
    }
    let mut world = changed(
        world,
        "UPDATE rooms SET top = 3; INSERT INTO rooms (key, name, top) VALUES ('x', 'x', 2)",
    );
    assert_eq!(mids(world.page(Span::Latest, 10)), [1, 2, 3]);
    assert_eq!(world.say("goes on"), 6);
    assert_eq!(mids(world.page(Span::Latest, 10)), [1, 2, 3, 4, 5, 6]);
    say_elsewhere(&mut world);
    assert_well(&mut world);
}

#[test]
fn a_message_without_its_room_expires_without_an_entry() {
    let mut world = World::sqlite();
    let expires = world.now.unix_ms + 5000;
    world.change(expiring("a secretword", expires));
    let mut world = changed(world, "UPDATE entries SET entry = entry | 1 << 50");
    world.pass(5000);
    world.settle();
    assert_eq!(world.journal().deadline(), Moment::NEVER);
    assert_well(&mut world);
}

#[test]
fn what_cannot_be_mended_is_refused_alone() {
    let world = World::sqlite();
    let mut world = changed(
        world,
        "CREATE TRIGGER broken BEFORE INSERT ON entries WHEN new.text = 'bad'
         BEGIN SELECT raise(ABORT, 'a constraint'); END",
    );
    let bad = world.draft(message("bad"));
    let request_id = bad.request_id;
    world.submit(JournalRequest::Append(bad));
    say_elsewhere(&mut world);
    world.settle();
    let refusal = JournalResponse::Rejected { request_id, why: JournalError::Unavailable };
    assert!(world.aside.contains(&refusal), "{:?}", world.aside);
    assert_eq!(world.say("good"), 1);
    assert_well(&mut world);
}

#[test]
fn text_that_is_no_text_does_not_stop_the_index() {
    let mut world = World::sqlite();
    for content in ["a blob", "broken", "sound"] {
        world.say(content);
    }
    let world = changed(
        world,
        "UPDATE entries SET text = x'00ff' WHERE text = 'a blob';
         UPDATE entries SET text = CAST(x'ff41' AS TEXT) WHERE text = 'broken'",
    );
    let mut world = world.with(Limits { unsearched_entries_max: 0, ..Limits::default() });
    world.until("SELECT searched = 3 FROM rooms");
    say_elsewhere(&mut world);
    assert_eq!(world.finds("sound"), [3]);
    assert_well(&mut world);
}

#[test]
fn a_broken_index_stops_only_the_indexing() {
    let mut world = World::sqlite();
    world.say("a word");
    let world = changed(world, "DELETE FROM search_data");
    let mut world = world.with(Limits { unsearched_entries_max: 0, ..Limits::default() });
    for _ in 0..50 {
        world.say("another word");
    }
    world.settle();
    assert_eq!(world.finds("word").len(), 51);
    assert_well(&mut world);
}

#[test]
fn a_mend_that_fails_counts_no_entries() {
    let mut world = World::sqlite();
    for _ in 0..5 {
        world.say("hi");
    }
    let mut world = changed(
        world,
        "UPDATE rooms SET top = 3;
         CREATE TRIGGER broken BEFORE UPDATE ON rooms BEGIN SELECT raise(ABORT, 'a constraint'); END",
    );
    for _ in 0..2 {
        let draft = world.draft(message("refused"));
        assert_eq!(world.refuse(draft), JournalError::Unavailable);
    }
    assert_well(&mut world);
    // A mark that names more entries than there are would refuse the start.
    world.again();
}

#[test]
fn the_ids_of_a_mended_room_are_known() {
    let mut world = World::sqlite();
    for _ in 0..3 {
        world.say("hi");
    }
    let mut draft = world.draft(message("once"));
    draft.id = Some(Arc::from("c1"));
    world.add(draft.clone());
    let mut world = changed(world, "UPDATE rooms SET top = 2");
    assert_eq!(world.page(Span::Latest, 10).top, 2);
    let again = world.append(draft);
    assert!(
        matches!(again, JournalResponse::Appended { seq: 4, duplicate: true, .. }),
        "{again:?}"
    );
    // What was found is shown although nothing was added.
    assert_eq!(mids(world.page(Span::Latest, 10)), [1, 2, 3, 4]);
    assert_eq!(world.say("goes on"), 5);
    assert_well(&mut world);
}

#[test]
fn what_can_never_be_saved_is_dropped_alone() {
    let world = World::sqlite();
    let mut world = changed(
        world,
        "CREATE TRIGGER bad_fact BEFORE INSERT ON facts WHEN new.value = 'bad'
         BEGIN SELECT raise(ABORT, 'a constraint'); END;
         CREATE TRIGGER bad_session BEFORE INSERT ON sessions WHEN new.name = 'bad'
         BEGIN SELECT raise(ABORT, 'a constraint'); END",
    );
    let session = |key, name: &str| {
        let name = Arc::from(name);
        SessionRecord { key, name, rooms: Vec::new(), since: 0, network: None, online: None }
    };
    let fact = |value| key_value(Namespace::Days, value, value);
    for value in ["bad", "good"] {
        let key_values = vec![fact(value)];
        world.submit(JournalRequest::Put(PutKeyValues { request_id: None, key_values }));
        world.settle();
    }
    world.submit(JournalRequest::PutSession(session(ALICE, "bad")));
    world.submit(JournalRequest::PutSession(session(BOB, "good")));
    assert_eq!(world.say("goes on"), 1);
    assert_well(&mut world);
    let world = world.again();
    assert_eq!(world.opening.key_values, [fact("good")]);
    assert_eq!(world.opening.sessions, [session(BOB, "good")]);
}

#[test]
fn what_is_refused_costs_the_others_few_transactions() {
    let world = World::sqlite();
    let mut world = changed(
        world,
        "CREATE TRIGGER broken BEFORE INSERT ON entries WHEN new.text = 'bad'
         BEGIN SELECT raise(ABORT, 'a constraint'); END",
    );
    let before = commits(&world);
    for number in 0..64 {
        let draft = world.draft(message(if number == 40 { "bad" } else { "good" }));
        world.submit(JournalRequest::Append(draft));
    }
    world.settle();
    let refused = |told: &&JournalResponse| matches!(told, JournalResponse::Rejected { .. });
    assert_eq!(world.aside.iter().filter(refused).count(), 1);
    assert_eq!(world.page(Span::Latest, 1).top, 63);
    let commits = commits(&world) - before;
    assert!(commits <= 8, "{commits} transactions");
    assert_well(&mut world);
}

/// Changes the database behind the journal's back.
fn changed(mut world: World, sql: &str) -> World {
    world.stop();
    let db = Connection::open(world.dir().join("journal.db")).unwrap();
    db.execute_batch(sql).unwrap();
    db.close().unwrap();
    std::fs::remove_file(world.dir().join("mark")).unwrap();
    world.started()
}

fn say_elsewhere(world: &mut World) {
    let draft = world.draft(message("elsewhere"));
    world.add(Draft { room: RoomKey::from("dev"), room_name: Arc::from("Dev"), ..draft });
}

fn assert_well(world: &mut World) {
    assert!(world.journal().writable());
    let health = |told: &&JournalResponse| matches!(told, JournalResponse::Health { .. });
    assert_eq!(world.aside.iter().find(health), None);
}

/// Counts the transactions in the write-ahead log.
fn commits(world: &World) -> usize {
    let log = std::fs::read(world.dir().join("journal.db-wal")).unwrap();
    let (_, frames) = log.split_at(32.min(log.len()));
    // The last frame of a transaction names the size of the database.
    frames.chunks(24 + 4096).filter(|frame| frame[4..8] != [0; 4]).count()
}
