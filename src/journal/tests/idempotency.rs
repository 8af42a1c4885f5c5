//! The cases of what comes again: an `id` and its first answer.

use std::sync::Arc;

use super::changes::{deleted, edited, message};
use super::world::{BOB, World};
use crate::chat::record::{Draft, JournalError, JournalRequest, JournalResponse, Span};
use crate::journal::Limits;

pub(super) fn an_id_that_comes_again_gets_the_first_answer(mut world: World) {
    let mut draft = world.draft(message("once"));
    draft.id = Some(Arc::from("c1"));
    let first = world.append(draft.clone());
    let ts = world.now.unix_ms;
    let request_id = draft.request_id;
    let told =
        JournalResponse::Appended { request_id, seq: 1, mid: 1, ts, duplicate: false, count: 0 };
    assert_eq!(first, told);
    world.pass(5000);
    draft.ts = world.now.unix_ms;
    draft.sender = Arc::from("Alice B");
    let again =
        JournalResponse::Appended { request_id, seq: 1, mid: 1, ts, duplicate: true, count: 0 };
    assert_eq!(world.append(draft), again);
    assert_eq!(world.page(Span::Latest, 10).top, 1);
}

pub(super) fn an_id_with_another_body_is_a_conflict(mut world: World) {
    let mut draft = world.draft(message("once"));
    draft.id = Some(Arc::from("c1"));
    world.add(draft.clone());
    draft.change = message("twice");
    assert_eq!(world.refuse(draft.clone()), JournalError::IdConflict);
    draft.change = message("once");
    draft.room = Arc::from("dev");
    assert_eq!(world.refuse(draft), JournalError::IdConflict);
}

pub(super) fn an_id_is_unique_per_author(mut world: World) {
    let mut draft = world.draft(message("mine"));
    draft.id = Some(Arc::from("c1"));
    world.add(draft.clone());
    draft.author = BOB;
    assert_eq!(world.add(draft), 2);
}

pub(super) fn an_id_is_known_after_its_message_was_deleted(mut world: World) {
    let mut draft = world.draft(message("secret"));
    draft.id = Some(Arc::from("c1"));
    world.add(draft.clone());
    world.change(deleted(1));
    assert!(matches!(
        world.append(draft),
        JournalResponse::Appended { seq: 1, duplicate: true, .. }
    ));
}

pub(super) fn what_came_before_is_recognised_and_nothing_is_added(mut world: World) {
    let draft = Draft { id: Some(Arc::from("c1")), ..world.draft(message("once")) };
    let request_id = draft.request_id;
    assert_eq!(world.recognise(draft.clone()), JournalResponse::NotReplayed { request_id });
    assert_eq!(world.page(Span::Latest, 10).top, 0);
    // In the order given: whatever was asked before.
    world.submit(JournalRequest::Append(draft.clone()));
    world.submit(JournalRequest::CheckReplay(draft.clone()));
    world.settle();
    let answers = std::mem::take(&mut world.aside);
    let told = |duplicate| {
        let ts = draft.ts;
        JournalResponse::Appended { request_id, seq: 1, mid: 1, ts, duplicate, count: 0 }
    };
    assert_eq!(answers, [told(false), told(true)]);
    let mut world = world.again_if_kept();
    assert_eq!(world.recognise(draft.clone()), told(true));
    let other = Draft { change: message("twice"), ..draft.clone() };
    let why = JournalError::IdConflict;
    assert_eq!(world.recognise(other), JournalResponse::Rejected { request_id, why });
    let without = Draft { id: None, ..draft };
    assert_eq!(world.recognise(without), JournalResponse::NotReplayed { request_id });
    assert_eq!(world.page(Span::Latest, 10).top, 1);
}

pub(super) fn an_id_of_a_refused_draft_is_not_taken(mut world: World) {
    let mut draft = world.draft(edited(1, "text"));
    draft.id = Some(Arc::from("c1"));
    assert_eq!(world.refuse(draft.clone()), JournalError::NoSuchMessage);
    world.say("hi");
    assert_eq!(world.add(draft), 2);
}

pub(super) fn an_id_is_forgotten_with_its_pruned_message(world: World) {
    let limits = Limits { keep_messages: Some(2), ..Limits::default() };
    let mut world = world.with(limits);
    let mut draft = world.draft(message("once"));
    draft.id = Some(Arc::from("c1"));
    world.add(draft.clone());
    world.say("hi");
    assert!(matches!(
        world.append(draft.clone()),
        JournalResponse::Appended { duplicate: true, .. }
    ));
    world.say("hi");
    assert_eq!(world.add(draft), 4);
}

pub(super) fn an_id_is_forgotten_with_its_removed_room(world: World) {
    // They are written to the index soon.
    let mut world = world.with(Limits { young_ids_max: 1, ..Limits::default() });
    let mut drafts = Vec::new();
    for number in 1..=9 {
        let mut draft = world.draft(message("once"));
        draft.id = Some(Arc::from(format!("c{number}")));
        assert_eq!(world.add(draft.clone()), number);
        drafts.push(draft);
    }
    world.remove("lobby");
    for (seq, draft) in (10..).zip(drafts) {
        assert_eq!(world.add(draft), seq);
    }
}
