//! What becomes of orders when the disk or the worker does not keep up, or fails.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;

use super::changes::message;
use super::scratch::{copy, fsync, nearly_full};
use super::world::{ALICE, World, hold, mids, request_id_of};
use crate::chat::record::{
    BlobHash, JournalError, JournalRequest, JournalResponse, Query, RequestId, RoomKey,
    SessionRecord, Span,
};
use crate::clock::Moment;
use crate::journal::Limits;

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
        world.submit(JournalRequest::Append(draft));
    }
    let refusal = |at: usize| {
        let request_id = drafts[at].request_id;
        JournalResponse::Rejected { request_id, why: JournalError::Overloaded }
    };
    assert_eq!(world.responses(), [refusal(3), refusal(4)]);
    drop(hold);
    world.settle();
    for (seq, draft) in (1..).zip(drafts) {
        let duplicate_expected = seq <= 3;
        let answer = world.append(draft);
        let JournalResponse::Appended { seq: got, duplicate, .. } = answer else {
            panic!("{answer:?}")
        };
        assert_eq!((got, duplicate), (seq, duplicate_expected));
    }
}

#[test]
fn too_many_bytes_are_too_much() {
    let limits = Limits { queue_bytes_max: 5000, ..Limits::default() };
    let mut world = World::sqlite().with(limits);
    let draft = world.draft(message(&"x".repeat(5000)));
    assert_eq!(world.refuse(draft), JournalError::Overloaded);
    assert_eq!(world.say("hi"), 1);
}

#[test]
fn reads_go_on_while_the_worker_hangs() {
    let (mut world, hold) = hung(2);
    let draft = world.draft(message("waits"));
    let request_id = draft.request_id;
    // Of another room, so that the reads need not wait for it.
    world.submit(JournalRequest::Append(crate::chat::record::Draft {
        room: Arc::from("dev"),
        ..draft
    }));
    assert_eq!(mids(world.page(Span::Latest, 2)), [5, 6]);
    assert_eq!(mids(world.page(Span::Before(4), 2)), [2, 3]);
    drop(hold);
    assert!(matches!(world.answer_to(request_id), JournalResponse::Appended { seq: 1, .. }));
}

#[test]
fn a_read_waits_for_the_appends_before_it_but_not_for_long() {
    for recent_entries_max in [512, 2] {
        let (mut world, hold) = hung(recent_entries_max);
        let draft = world.draft(message("waits"));
        world.submit(JournalRequest::Append(draft));
        let read = |world: &mut World, request_id, span| {
            let (request_id, room) = (RequestId(request_id), RoomKey::from("lobby"));
            world.submit(JournalRequest::Read(Query {
                request_id,
                room,
                span,
                limit: 2,
                bytes_max: 100,
            }));
            request_id
        };
        let latest = read(&mut world, 101, Span::Latest);
        world.pass(249);
        let (now, before) = (world.now.at, read(&mut world, 102, Span::Before(4)));
        assert_eq!((world.responses(), world.journal().deadline()), (vec![], now.after(MILLI)));
        world.pass(1);
        let JournalResponse::Page(page) = world.answer_to(latest) else { panic!("no page") };
        assert_eq!((page.top, mids(page)), (6, vec![5, 6]));
        assert!(world.journal().deadline() > world.now.at);
        world.pass(249);
        let JournalResponse::Page(page) = world.answer_to(before) else { panic!("no page") };
        assert_eq!((page.top, mids(page)), (6, vec![2, 3]));
        assert_eq!(world.journal().deadline(), Moment::NEVER);
        // Whoever comes after the answer sees what it told of.
        let after = read(&mut world, 103, Span::Latest);
        drop(hold);
        world.settle();
        let mut told = world.aside.drain(..);
        let appended = told.next();
        assert!(matches!(appended, Some(JournalResponse::Appended { seq: 7, .. })), "{appended:?}");
        let Some(JournalResponse::Page(page)) = told.next() else { panic!("no page") };
        assert_eq!((page.request_id, page.top, mids(page)), (after, 7, vec![6, 7]));
    }
}

#[test]
fn reads_beyond_the_limit_are_refused() {
    let limits = Limits { queue_reads_max: 1, ..Limits::default() };
    let mut world = World::sqlite().with(limits);
    world.say("hi");
    let mut world = world.again();
    for request_id in [101, 102] {
        let room = RoomKey::from("lobby");
        let (request_id, span) = (RequestId(request_id), Span::Latest);
        world.submit(JournalRequest::Read(Query {
            request_id,
            room,
            span,
            limit: 1,
            bytes_max: 100,
        }));
    }
    let why = JournalError::Overloaded;
    world.settle();
    world.aside.sort_by_key(request_id_of);
    assert!(matches!(world.aside[0], JournalResponse::Page(_)));
    assert_eq!(world.aside[1], JournalResponse::ReadFailed { request_id: RequestId(102), why });
}

#[test]
fn a_full_disk_refuses_appends_until_there_is_space() {
    let (mut world, ballast) = nearly_full();
    let text = "x".repeat(10_000);
    let mut said = 0;
    let mut draft = loop {
        assert!(said < 100, "the disk is never full");
        let mut draft = world.draft(message(&text));
        draft.id = Some(Arc::from(format!("c{said}")));
        match world.append(draft.clone()) {
            JournalResponse::Appended { .. } => said += 1,
            JournalResponse::Rejected { why: JournalError::Unavailable, .. } => break draft,
            other => panic!("{other:?}"),
        }
    };
    world.settle();
    assert_eq!(world.aside, [JournalResponse::Health { writable: false }]);
    assert!(!world.journal().writable());
    // What is there can be read, from memory and from disk.
    assert_eq!(world.page(Span::Latest, 2).top, said);
    assert_eq!(world.page(Span::Before(3), 2).top, said);
    let session = SessionRecord {
        key: ALICE,
        name: Arc::from("Alice"),
        rooms: Vec::new(),
        since: 0,
        network: None,
        online: None,
    };
    world.submit(JournalRequest::PutSession(session.clone()));
    // It stays so as long as there is no space.
    std::thread::sleep(Duration::from_millis(600));
    assert_eq!(world.refuse(draft.clone()), JournalError::Unavailable);
    assert_eq!(world.aside.len(), 1);
    // Files can make room by going.
    let blob = BlobHash([7; 32]);
    world.submit(JournalRequest::CheckBlobs(vec![blob]));
    world.settle();
    assert_eq!(world.aside.pop(), Some(JournalResponse::Unused(vec![blob])));

    ballast.execute_batch("DROP TABLE ballast").unwrap();
    while !world.journal().writable() {
        world.wait();
        world.settle();
    }
    assert_eq!(world.aside[1], JournalResponse::Health { writable: true });
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

/// Returns a journal with six messages, of which none is in memory, whose worker hangs until the
/// connection is dropped.
fn hung(recent_entries_max: usize) -> (World, Connection) {
    let limits = Limits { recent_entries_max, ..Limits::default() };
    let mut world = World::sqlite().with(limits);
    for _ in 0..6 {
        world.say("hi");
    }
    let world = world.again();
    let hold = hold(&world);
    (world, hold)
}

const MILLI: Duration = Duration::from_millis(1);
