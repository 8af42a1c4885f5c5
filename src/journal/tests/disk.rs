//! What only an engine on disk has to do.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;

use super::world::{
    ALICE, BOB, Scratch, World, deleted, edited, expiring, hold, message, mids, reaction, said,
    ticket_of, topic,
};
use crate::chat::record::{
    Answer, Change, Gone, Order, Query, Refused, RoomKey, RoomRecord, SessionRecord, Span, Ticket,
};
use crate::clock::Moment;
use crate::journal::{Durability, Engine, Limits, OpenError};

#[test]
fn what_was_said_is_there_after_a_restart() {
    let mut world = World::sqlite();
    world.say("helo");
    world.change(edited(1, "hello"));
    world.change(reaction(1, "+", true));
    world.change(topic("tea"));
    let (history, entries) = (world.history(), world.entries());
    let epoch = world.opening.epoch.clone();
    world.pass(1000);
    let mut world = world.again();
    let room = RoomRecord {
        key: Arc::from("lobby"),
        name: Arc::from("Lobby"),
        top: 4,
        topic: Arc::from("tea"),
    };
    assert_eq!((&world.opening.rooms, &world.opening.epoch), (&vec![room], &epoch));
    assert_eq!((world.history(), world.entries()), (history, entries));
    assert_eq!(world.say("again"), 5);
}

#[test]
fn another_journal_has_another_epoch() {
    let (mut one, mut other) = (World::sqlite(), World::sqlite());
    other.pass(1);
    fs::remove_dir_all({
        other.stop();
        other.dir()
    })
    .unwrap();
    let other = World::open(other.engine.clone(), Limits::default(), other.now).unwrap();
    assert_ne!(one.opening.epoch, other.opening.epoch);
    one.stop();
}

#[test]
fn the_answer_says_how_durable_it_is() {
    let world = World::sqlite();
    assert_eq!(world.opening.durable, "write");
    let world = fsync(world);
    assert_eq!(world.opening.durable, "fsync");
}

#[test]
fn an_id_is_known_after_a_restart() {
    let mut world = World::sqlite();
    let mut draft = world.draft(message("once"));
    draft.id = Some(Arc::from("c1"));
    world.add(draft.clone());
    let mut world = world.again();
    assert!(matches!(
        world.append(draft.clone()),
        Answer::Appended { seq: 1, duplicate: true, .. }
    ));
    draft.change = message("twice");
    assert_eq!(world.refuse(draft), Refused::IdConflict);
}

#[test]
fn an_id_can_outlive_its_entry() {
    let keep_for = Some(Duration::from_secs(1));
    let ids_kept_for = Duration::from_secs(60);
    let mut world = World::sqlite().with(Limits { keep_for, ids_kept_for, ..Limits::default() });
    let mut draft = world.draft(message("once"));
    draft.id = Some(Arc::from("c1"));
    world.add(draft.clone());
    world.pass(5000);
    world.settle();
    assert_eq!(world.page(Span::Latest, 10).lost, [(1, 1)]);
    assert!(matches!(
        world.append(draft.clone()),
        Answer::Appended { seq: 1, duplicate: true, .. }
    ));
    world.pass(60_000);
    world.settle();
    assert_eq!(world.add(draft), 2);
}

#[test]
fn a_message_expires_while_the_server_is_down() {
    let mut world = World::sqlite();
    let change = expiring("soon gone", world.now.unix_ms + 5000);
    world.change(change);
    world.stop();
    world.pass(6000);
    let mut world = World::open(world.engine.clone(), Limits::default(), world.now).unwrap();
    assert_eq!(said(world.page(Span::Latest, 10))[0].content.len(), 0);
    world.settle();
    assert_eq!(world.aside.len(), 1);
    assert_eq!(world.history()[0].gone, Some(Gone::Expired));
    assert_eq!(world.entries()[1].change, Change::Deleted { mid: 1, why: Gone::Expired });
}

#[test]
fn many_messages_expire_in_steps() {
    let mut world = World::sqlite();
    let expires = world.now.unix_ms + 5000;
    for _ in 0..1200 {
        let draft = world.draft(expiring("soon gone", expires));
        world.submit(Order::Append(draft));
    }
    world.settle();
    world.aside.clear();
    world.pass(5000);
    world.settle();
    assert_eq!(world.aside.len(), 1200);
    assert_eq!(world.page(Span::Latest, 1).top, 2400);
}

#[test]
fn sessions_outlive_the_server() {
    let mut world = World::sqlite();
    let mut session = SessionRecord {
        key: ALICE,
        name: Arc::from("Alice"),
        rooms: vec![Arc::from("lobby"), Arc::from("Dev \"1\"")],
    };
    world.submit(Order::PutSession(SessionRecord { key: BOB, ..session.clone() }));
    world.submit(Order::PutSession(session.clone()));
    world.submit(Order::DropSession(BOB));
    let mut world = world.again();
    assert_eq!(world.opening.sessions, [session.clone()]);
    session.name = Arc::from("Alice B");
    world.submit(Order::PutSession(session.clone()));
    let mut world = world.again();
    assert_eq!(world.opening.sessions, [session]);
    world.submit(Order::DropSession(ALICE));
    assert_eq!(world.again().opening.sessions, []);
}

#[test]
fn a_deleted_text_is_in_no_file() {
    let mut world = World::sqlite();
    for number in 0..50 {
        world.say(&format!("a harmless text, number {number}"));
    }
    let mid = world.say("the verysecret word");
    world.change(edited(mid, "the otherverysecret word"));
    world.say("later");
    let mut world = world.again();
    assert!(found_in(&world.dir(), b"verysecret"));
    world.change(deleted(mid));
    world.stop();
    assert!(!found_in(&world.dir(), b"verysecret"));
    assert!(found_in(&world.dir(), b"harmless"));
}

#[test]
fn an_expired_and_a_pruned_text_are_in_no_file() {
    let mut world = World::sqlite().with(Limits { keep_messages: Some(1), ..Limits::default() });
    let change = expiring("verysecret", world.now.unix_ms + 5000);
    world.change(change);
    world.pass(5000);
    world.settle();
    world.say("alsosecret");
    world.say("open");
    world.stop();
    assert!(!found_in(&world.dir(), b"secret"));
}

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
    assert!(matches!(error, OpenError::Newer { found: 99, known: 3, .. }), "{error}");
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
fn appends_beyond_the_queue_are_refused_and_a_retry_succeeds() {
    let limits = Limits { queue_entries_max: 3, ..Limits::default() };
    let mut world = World::sqlite().with(limits);
    let hold = hold(&world);
    let mut drafts = Vec::new();
    for number in 0..5 {
        let mut draft = world.draft(message("hi"));
        draft.id = Some(Arc::from(format!("c{number}")));
        drafts.push(draft.clone());
        world.submit(Order::Append(draft));
    }
    let refusal = |at: usize| {
        let ticket = drafts[at].ticket;
        Answer::Refused { ticket, why: Refused::Overloaded }
    };
    assert_eq!(world.answers(), [refusal(3), refusal(4)]);
    drop(hold);
    world.settle();
    for (seq, draft) in (1..).zip(drafts) {
        let duplicate_expected = seq <= 3;
        let answer = world.append(draft);
        let Answer::Appended { seq: got, duplicate, .. } = answer else { panic!("{answer:?}") };
        assert_eq!((got, duplicate), (seq, duplicate_expected));
    }
}

#[test]
fn too_many_bytes_are_too_much() {
    let limits = Limits { queue_bytes_max: 5000, ..Limits::default() };
    let mut world = World::sqlite().with(limits);
    let draft = world.draft(message(&"x".repeat(5000)));
    assert_eq!(world.refuse(draft), Refused::Overloaded);
    assert_eq!(world.say("hi"), 1);
}

#[test]
fn reads_go_on_while_the_worker_hangs() {
    let limits = Limits { recent_entries_max: 2, ..Limits::default() };
    let mut world = World::sqlite().with(limits);
    for _ in 0..6 {
        world.say("hi");
    }
    let mut world = world.again();
    let hold = hold(&world);
    let draft = world.draft(message("waits"));
    let ticket = draft.ticket;
    // Of another room, so that the reads need not wait for it.
    world.submit(Order::Append(crate::chat::record::Draft { room: Arc::from("dev"), ..draft }));
    assert_eq!(mids(world.page(Span::Latest, 2)), [5, 6]);
    assert_eq!(mids(world.page(Span::Before(4), 2)), [2, 3]);
    drop(hold);
    assert!(matches!(world.answer_to(ticket), Answer::Appended { seq: 1, .. }));
}

#[test]
fn a_read_waits_for_the_appends_before_it_but_not_for_long() {
    for recent_entries_max in [512, 2] {
        let limits = Limits { recent_entries_max, ..Limits::default() };
        let mut world = World::sqlite().with(limits);
        for _ in 0..6 {
            world.say("hi");
        }
        let mut world = world.again();
        let hold = hold(&world);
        let draft = world.draft(message("waits"));
        world.submit(Order::Append(draft));
        let read = |world: &mut World, ticket, span| {
            let (ticket, room) = (Ticket(ticket), RoomKey::from("lobby"));
            world.submit(Order::Read(Query { ticket, room, span, limit: 2, bytes_max: 100 }));
            ticket
        };
        let latest = read(&mut world, 101, Span::Latest);
        world.pass(249);
        let (now, before) = (world.now.at, read(&mut world, 102, Span::Before(4)));
        assert_eq!((world.answers(), world.journal().deadline()), (vec![], now.after(MILLI)));
        world.pass(1);
        let Answer::Page(page) = world.answer_to(latest) else { panic!("no page") };
        assert_eq!((page.top, mids(page)), (6, vec![5, 6]));
        assert!(world.journal().deadline() > world.now.at);
        world.pass(249);
        let Answer::Page(page) = world.answer_to(before) else { panic!("no page") };
        assert_eq!((page.top, mids(page)), (6, vec![2, 3]));
        assert_eq!(world.journal().deadline(), Moment::NEVER);
        // Whoever comes after the answer sees what it told of.
        let after = read(&mut world, 103, Span::Latest);
        drop(hold);
        world.settle();
        let mut told = world.aside.drain(..);
        let appended = told.next();
        assert!(matches!(appended, Some(Answer::Appended { seq: 7, .. })), "{appended:?}");
        let Some(Answer::Page(page)) = told.next() else { panic!("no page") };
        assert_eq!((page.ticket, page.top, mids(page)), (after, 7, vec![6, 7]));
    }
}

#[test]
fn reads_beyond_the_limit_are_refused() {
    let limits = Limits { queue_reads_max: 1, ..Limits::default() };
    let mut world = World::sqlite().with(limits);
    world.say("hi");
    let mut world = world.again();
    for ticket in [101, 102] {
        let room = RoomKey::from("lobby");
        let (ticket, span) = (Ticket(ticket), Span::Latest);
        world.submit(Order::Read(Query { ticket, room, span, limit: 1, bytes_max: 100 }));
    }
    let why = Refused::Overloaded;
    world.settle();
    world.aside.sort_by_key(ticket_of);
    assert!(matches!(world.aside[0], Answer::Page(_)));
    assert_eq!(world.aside[1], Answer::Unread { ticket: Ticket(102), why });
}

#[test]
fn a_full_disk_refuses_appends_until_there_is_space() {
    let world = World::sqlite();
    let ballast = Connection::open(world.dir().join("journal.db")).unwrap();
    ballast
        .execute_batch(
            "CREATE TABLE ballast (bytes BLOB);
             INSERT INTO ballast VALUES (zeroblob(1000000));",
        )
        .unwrap();
    let limits = Limits { database_bytes_max: Some(1_300_000), ..Limits::default() };
    let mut world = world.with(limits);
    let text = "x".repeat(10_000);
    let mut said = 0;
    let mut draft = loop {
        assert!(said < 100, "the disk is never full");
        let mut draft = world.draft(message(&text));
        draft.id = Some(Arc::from(format!("c{said}")));
        match world.append(draft.clone()) {
            Answer::Appended { .. } => said += 1,
            Answer::Refused { why: Refused::Unavailable, .. } => break draft,
            other => panic!("{other:?}"),
        }
    };
    world.settle();
    assert_eq!(world.aside, [Answer::Health { writable: false }]);
    assert!(!world.journal().writable());
    // What is there can be read, from memory and from disk.
    assert_eq!(world.page(Span::Latest, 2).top, said);
    assert_eq!(world.page(Span::Before(3), 2).top, said);
    let session = SessionRecord { key: ALICE, name: Arc::from("Alice"), rooms: Vec::new() };
    world.submit(Order::PutSession(session.clone()));
    // It stays so as long as there is no space.
    std::thread::sleep(Duration::from_millis(600));
    assert_eq!(world.refuse(draft.clone()), Refused::Unavailable);
    assert_eq!(world.aside.len(), 1);

    ballast.execute_batch("DROP TABLE ballast").unwrap();
    while !world.journal().writable() {
        world.wait();
        world.settle();
    }
    assert_eq!(world.aside[1], Answer::Health { writable: true });
    draft.ts += 1;
    assert_eq!(world.add(draft), said + 1);
    let mut world = world.again();
    assert_eq!(world.page(Span::Entries(0), 1000).top, said + 1);
    assert_eq!(world.opening.sessions, [session]);
}

#[test]
fn a_torn_log_keeps_what_was_synced_before() {
    for seed in 1..=20_usize {
        let mut world = fsync(World::sqlite());
        for _ in 0..5 {
            world.say("acked");
        }
        let wal = world.dir().join("journal.db-wal");
        let synced = fs::metadata(&wal).unwrap().len();
        for _ in 0..5 {
            world.say("on its way when the power went");
        }
        let image = copy(&world.dir());
        let path = image.path().join("data/journal.db-wal");
        let bytes = fs::read(&path).unwrap();
        let tail = bytes.len() - usize::try_from(synced).unwrap();
        let cut = bytes.len() - seed * 7919 % tail;
        let mut torn = bytes[..cut].to_vec();
        if seed % 2 == 0 {
            // Space was made for the rest, but nothing of it arrived.
            torn.resize(bytes.len(), 0);
        }
        fs::write(&path, torn).unwrap();
        // On a slow machine it may name what is cut off here.
        fs::remove_file(image.path().join("data/mark")).unwrap();
        let mut after = World::open(image.engine(), Limits::default(), world.now).unwrap();
        let top = after.page(Span::Latest, 1).top;
        assert!((5..=10).contains(&top), "seed {seed}: {top} are left");
        let left: Vec<u64> = after.entries().iter().map(|entry| entry.seq).collect();
        assert_eq!(left, (1..=top).collect::<Vec<_>>(), "seed {seed}");
        assert_eq!(after.say("on"), top + 1);
    }
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
fn every_answer_has_been_committed() {
    let mut world = World::sqlite();
    let mut reader = Connection::open(world.dir().join("journal.db")).unwrap();
    for _ in 0..100 {
        let seqs: Vec<u64> = (0..7)
            .map(|_| {
                let draft = world.draft(message("hi"));
                let ticket = draft.ticket;
                world.submit(Order::Append(draft));
                ticket.0
            })
            .collect();
        let mut told = 0;
        while told < seqs.len() {
            for answer in world.answers() {
                let Answer::Appended { seq, .. } = answer else { panic!("{answer:?}") };
                assert!(ticket_of(&answer).is_some());
                let snapshot = reader.transaction().unwrap();
                let top: u64 = snapshot
                    .query_row("SELECT top FROM rooms", [], |row| row.get::<_, i64>(0))
                    .unwrap()
                    .try_into()
                    .unwrap();
                assert!(top >= seq);
                told += 1;
            }
            if told < seqs.len() {
                world.wait();
            }
        }
    }
}

const MILLI: Duration = Duration::from_millis(1);

/// Starts anew with a sync for each commit.
fn fsync(world: World) -> World {
    let Engine::Sqlite { dir, accept_loss, check, .. } = world.engine.clone() else {
        panic!("it is on disk")
    };
    let durability = Durability::Fsync;
    let engine = Engine::Sqlite { dir, durability, accept_loss, check };
    let limits = world.limits.clone();
    world.restart(engine, limits).unwrap()
}

/// Copies a journal as it lies there, in use or not.
fn copy(dir: &Path) -> Scratch {
    let scratch = Scratch::new();
    let data = scratch.path().join("data");
    fs::create_dir(&data).unwrap();
    for (path, bytes) in files(dir) {
        fs::write(data.join(path.file_name().unwrap()), bytes).unwrap();
    }
    scratch
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

/// Gives all files of a directory with what is in them, without what SQLite makes by looking.
fn files(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let paths = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = paths.map(|path| (path.clone(), fs::read(path).unwrap())).collect();
    let by_product = |path: &Path, bytes: &[u8]| {
        path.ends_with("journal.db-shm") || (path.ends_with("journal.db-wal") && bytes.is_empty())
    };
    files.retain(|(path, bytes)| !by_product(path, bytes));
    files.sort();
    files
}

fn found_in(dir: &Path, needle: &[u8]) -> bool {
    files(dir).iter().any(|(_, bytes)| bytes.windows(needle.len()).any(|part| part == needle))
}
