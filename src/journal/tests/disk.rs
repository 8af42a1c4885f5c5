//! What only an engine on disk has to do.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;

use super::changes::{deleted, edited, expiring, message, reaction, topic};
use super::scratch::{found_in, fsync};
use super::world::{ALICE, BOB, World, request_id_of, said};
use crate::chat::record::{
    Change, DeletionReason, JournalError, JournalRequest, JournalResponse, Online, RoomRecord,
    SessionRecord, Span,
};
use crate::journal::Limits;

#[test]
fn messages_are_there_after_a_restart() {
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
        last: world.history()[0].ts,
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
        JournalResponse::Appended { seq: 1, duplicate: true, .. }
    ));
    draft.change = message("twice");
    assert_eq!(world.refuse(draft), JournalError::IdConflict);
}

#[test]
fn an_id_can_outlive_its_entry() {
    let keep_for = Some(Duration::from_secs(1));
    let ids_kept_for = Some(Duration::from_secs(60));
    let mut world = World::sqlite().with(Limits { keep_for, ids_kept_for, ..Limits::default() });
    let mut draft = world.draft(message("once"));
    draft.id = Some(Arc::from("c1"));
    world.add(draft.clone());
    world.pass(5000);
    world.settle();
    assert_eq!(world.page(Span::Latest, 10).lost, [(1, 1)]);
    assert!(matches!(
        world.append(draft.clone()),
        JournalResponse::Appended { seq: 1, duplicate: true, .. }
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
    assert_eq!(world.history()[0].deleted, Some(DeletionReason::Expired));
    assert_eq!(world.entries()[1].change, Change::Deleted { mid: 1, why: DeletionReason::Expired });
}

#[test]
fn many_messages_expire_in_steps() {
    let mut world = World::sqlite();
    let expires = world.now.unix_ms + 5000;
    for _ in 0..1200 {
        let draft = world.draft(expiring("soon gone", expires));
        world.submit(JournalRequest::Append(draft));
    }
    world.settle();
    world.pass(5000);
    let mut steps = Vec::new();
    while steps.iter().sum::<usize>() < 1200 {
        // One step is under way at a time.
        steps.push(world.responses().len());
        if steps.last() == Some(&0) {
            world.wait();
        }
    }
    assert!(steps.iter().all(|gone| *gone <= 16), "{steps:?}");
    world.settle();
    assert_eq!(world.page(Span::Latest, 1).top, 2400);
}

#[test]
fn a_session_of_version_0_1_0_is_read() {
    let mut world = World::sqlite();
    let rooms = vec![Arc::from("lobby")];
    let session = SessionRecord {
        key: ALICE,
        name: Arc::from("Alice"),
        rooms,
        since: 0,
        network: None,
        online: None,
    };
    world.submit(JournalRequest::PutSession(session.clone()));
    let world = world.again();
    assert_eq!(world.opening.sessions, [session]);
}

#[test]
fn sessions_outlive_the_server() {
    let mut world = World::sqlite();
    let mut session = SessionRecord {
        key: ALICE,
        name: Arc::from("Alice"),
        rooms: vec![Arc::from("lobby"), Arc::from("Dev \"1\"")],
        since: 7,
        network: Some([192, 0, 2, 7].into()),
        online: Some(Online { at: 9, owned: vec![Arc::from("lobby")] }),
    };
    world.submit(JournalRequest::PutSession(SessionRecord { key: BOB, ..session.clone() }));
    world.submit(JournalRequest::PutSession(session.clone()));
    world.submit(JournalRequest::DropSession(BOB));
    let mut world = world.again();
    assert_eq!(world.opening.sessions, [session.clone()]);
    (session.name, session.online) = (Arc::from("Alice B"), None);
    world.submit(JournalRequest::PutSession(session.clone()));
    let mut world = world.again();
    assert_eq!(world.opening.sessions, [session]);
    world.submit(JournalRequest::DropSession(ALICE));
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
fn every_answer_has_been_committed() {
    let mut world = World::sqlite();
    let mut reader = Connection::open(world.dir().join("journal.db")).unwrap();
    for _ in 0..100 {
        let seqs: Vec<u64> = (0..7)
            .map(|_| {
                let draft = world.draft(message("hi"));
                let request_id = draft.request_id;
                world.submit(JournalRequest::Append(draft));
                request_id.0
            })
            .collect();
        let mut told = 0;
        while told < seqs.len() {
            for answer in world.responses() {
                let JournalResponse::Appended { seq, .. } = answer else { panic!("{answer:?}") };
                assert!(request_id_of(&answer).is_some());
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

#[test]
fn what_is_too_much_is_pruned_in_steps() {
    let mut world = World::sqlite();
    for _ in 0..300 {
        world.say("hi");
    }
    let limits = world.limits.clone();
    let mut world = world.with(Limits { keep_messages: Some(10), ..limits });
    let pruned = |world: &mut World| match world.page(Span::Entries(0), 1).lost[..] {
        [] => 0,
        [(1, last)] => last,
        ref other => panic!("{other:?}"),
    };
    world.say("hi");
    let mut before = pruned(&mut world);
    // With the message, and in the sweep of the start.
    assert!((16..=80).contains(&before), "{before} at once");
    let mut steps = 0;
    while before < 291 {
        world.pass(1000);
        world.settle();
        let now = pruned(&mut world);
        assert!(now > before && now <= before + 64, "{before} to {now}");
        (before, steps) = (now, steps + 1);
    }
    assert!((3..=6).contains(&steps), "{steps} steps");
    assert_eq!(world.history().len(), 10);
}
