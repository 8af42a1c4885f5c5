//! Entries: what is recorded, and what is refused.

use std::sync::Arc;
use std::time::Duration;

use super::changes::{deleted, edited, expiring, key_value, message, moderated, reaction, topic};
use super::world::{ALICE, BOB, World, entries, mids, request_id_of};
use crate::chat::record::{
    AuthorKey, Change, DeletionReason, Draft, Entry, JournalError, JournalRequest, JournalResponse,
    Namespace, PutKeyValues, RequestId, Span, StoredMessage,
};
use crate::clock::Moment;
use crate::journal::Limits;

pub(super) fn entries_are_numbered_from_one_without_holes_in_each_room(mut world: World) {
    for seq in 1..=5 {
        assert_eq!(world.say("hi"), seq);
    }
    assert!(!world.opening.epoch.is_empty() && !world.opening.durable.is_empty());
    let mut elsewhere = world.draft(message("hi"));
    elsewhere.room = Arc::from("dev");
    assert_eq!(world.add(elsewhere), 1);
    assert_eq!(world.change(topic("tea")), 6);
    assert_eq!(world.change(reaction(2, "+", true)), 7);
    assert_eq!(world.page(Span::Latest, 1).top, 7);
}

pub(super) fn only_its_author_or_a_moderator_changes_a_message(mut world: World) {
    world.say("mine");
    let mut draft = world.draft(edited(1, "theirs"));
    draft.author = BOB;
    assert_eq!(world.refuse(draft.clone()), JournalError::Forbidden);
    draft.change = deleted(1);
    assert_eq!(world.refuse(draft.clone()), JournalError::Forbidden);
    draft.change = reaction(1, "+", true);
    assert_eq!(world.add(draft.clone()), 2);
    draft.moderator = true;
    draft.change = Change::Deleted { mid: 1, why: DeletionReason::Moderator };
    assert_eq!(world.add(draft), 3);
    assert_eq!(world.history()[0].deleted, Some(DeletionReason::Moderator));
}

pub(super) fn a_message_names_its_author_deleted_or_not(mut world: World) {
    assert_eq!(world.author(1), None);
    world.say("mine");
    let draft = world.draft(message("theirs"));
    world.add(Draft { author: BOB, sender: Arc::from("Bob"), ..draft });
    world.change(topic("tea"));
    world.change(deleted(1));
    assert_eq!(world.author(1), Some((ALICE, Arc::from("Alice"))));
    assert_eq!(world.author(2), Some((BOB, Arc::from("Bob"))));
    for mid in [0, 3, 4, 5, u64::MAX] {
        assert_eq!(world.author(mid), None, "mid {mid}");
    }
}

pub(super) fn what_is_not_there_cannot_be_changed(mut world: World) {
    let draft = world.draft(edited(1, "text"));
    assert_eq!(world.refuse(draft), JournalError::NoSuchMessage);
    world.say("hi");
    world.change(topic("tea"));
    for mid in [0, 2, 3, u64::MAX] {
        let draft = world.draft(deleted(mid));
        assert_eq!(world.refuse(draft), JournalError::NoSuchMessage, "mid {mid}");
    }
    world.change(deleted(1));
    for change in [edited(1, "text"), deleted(1), reaction(1, "+", true)] {
        let draft = world.draft(change);
        assert_eq!(world.refuse(draft), JournalError::NoSuchMessage);
    }
}

pub(super) fn a_refused_draft_takes_no_number(mut world: World) {
    world.say("one");
    let draft = world.draft(deleted(9));
    world.refuse(draft);
    assert_eq!(world.say("two"), 2);
}

pub(super) fn edits_are_folded_in(mut world: World) {
    let ts = world.now.unix_ms;
    world.say("helo");
    world.say("other");
    world.pass(10);
    world.change(edited(1, "hello"));
    world.change(edited(1, "Hello"));
    let first = StoredMessage {
        files: Default::default(),
        mid: 1,
        seq: 4,
        ts,
        sender: Arc::from("Alice"),
        account: false,
        content: Arc::from("Hello"),
        reply_to: None,
        expires: None,
        deleted: None,
        edited: true,
        reactions: Vec::new(),
        replies: 0,
    };
    let other = StoredMessage {
        mid: 2,
        seq: 2,
        content: Arc::from("other"),
        edited: false,
        ..first.clone()
    };
    assert_eq!(world.history(), [first, other]);
}

pub(super) fn reactions_are_counted_by_author_and_shown_in_order(mut world: World) {
    world.say("hi");
    let mut react = |author, name: &str, emoji: &str, on| {
        let mut draft = world.draft(reaction(1, emoji, on));
        draft.author = author;
        draft.sender = Arc::from(name);
        match world.append(draft) {
            JournalResponse::Appended { count, mid: 1, duplicate: false, .. } => count,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(react(ALICE, "Alice", "+", true), 1);
    assert_eq!(react(BOB, "Bob", "-", true), 1);
    assert_eq!(react(BOB, "Bob", "+", true), 2);
    assert_eq!(react(BOB, "Bobby", "+", true), 2);
    assert_eq!(react(ALICE, "Alice", "+", false), 1);
    assert_eq!(react(ALICE, "Alice", "x", false), 0);
    let group = |emoji: &str, name: &str| (Arc::from(emoji), vec![Arc::from(name)]);
    let said = world.history().remove(0);
    assert_eq!(said.reactions, [group("-", "Bob"), group("+", "Bob")]);
    assert_eq!(said.seq, 7);
    assert!(!said.edited);
    let counts: Vec<u32> = world
        .entries()
        .iter()
        .filter_map(|entry| match entry.change {
            Change::Reaction { count, .. } => Some(count),
            _ => None,
        })
        .collect();
    assert_eq!(counts, [1, 1, 2, 2, 1, 0]);
}

pub(super) fn a_message_takes_so_many_kinds_of_reactions_in_all_and_of_each(mut world: World) {
    world.say("hi");
    let mut react = |author: u8, emoji: &str, on| {
        let mut draft = world.draft(reaction(1, emoji, on));
        draft.author = AuthorKey([author; 16]);
        match world.append(draft) {
            JournalResponse::Appended { count, .. } => Ok(count),
            JournalResponse::Rejected { why, .. } => Err(why),
            other => panic!("{other:?}"),
        }
    };
    for kind in 0..20 {
        assert_eq!(react(kind / 5, &format!("r{kind}"), true), Ok(1));
    }
    assert_eq!(react(9, "r20", true), Err(JournalError::TooManyReactions));
    assert_eq!(react(0, "r7", true), Err(JournalError::TooManyReactions));
    assert_eq!(react(0, "r4", true), Ok(1), "given already");
    assert_eq!(react(9, "r4", true), Ok(2), "no new kind");
    assert_eq!(react(0, "r0", false), Ok(0));
    assert_eq!(react(9, "r20", true), Ok(1));
    assert_eq!(react(0, "r7", true), Ok(2));
}

pub(super) fn a_deleted_message_leaves_a_tombstone_without_text(mut world: World) {
    world.say("secret");
    world.change(edited(1, "more secret"));
    world.change(reaction(1, "+", true));
    world.say("open");
    world.change(deleted(1));
    let said = world.history().remove(0);
    assert_eq!(
        (said.deleted, &*said.content, said.edited),
        (Some(DeletionReason::Author), "", false)
    );
    assert_eq!((said.seq, said.reactions.len()), (5, 0));
    let changes: Vec<Change> = world.entries().into_iter().map(|entry| entry.change).collect();
    let mut reaction = reaction(1, "+", true);
    if let Change::Reaction { count, .. } = &mut reaction {
        *count = 1;
    }
    let left = [message(""), edited(1, ""), reaction, message("open"), deleted(1)];
    assert_eq!(changes, left);
}

pub(super) fn a_message_expires_at_its_time(mut world: World) {
    let expires = world.now.unix_ms + 5000;
    world.change(expiring("soon gone", expires));
    world.pass(4999);
    world.settle();
    assert_eq!(&*world.history()[0].content, "soon gone");
    world.pass(1);
    world.settle();
    let room = Arc::from("lobby");
    let change = Change::Deleted { mid: 1, why: DeletionReason::Expired };
    let entry =
        Entry { seq: 2, ts: world.now.unix_ms, sender: Arc::from("Alice"), account: false, change };
    assert_eq!(world.aside, [JournalResponse::Added { room, entry }]);
    let said = world.history().remove(0);
    assert_eq!((said.deleted, &*said.content, said.seq), (Some(DeletionReason::Expired), "", 2));
    assert_eq!(said.expires, Some(expires));
    assert_eq!(world.say("next"), 3);
}

pub(super) fn a_deleted_message_does_not_expire(mut world: World) {
    let expires = world.now.unix_ms + 5000;
    world.change(expiring("gone", expires));
    world.change(deleted(1));
    world.pass(6000);
    world.settle();
    assert_eq!(world.aside, []);
    assert_eq!(world.say("next"), 3);
}

pub(super) fn the_deadline_is_the_next_expiry(mut world: World) {
    world.say("stays");
    world.settle();
    assert_eq!(world.journal().deadline(), Moment::NEVER);
    for after in [7000, 5000, 9000] {
        let change = expiring("goes", world.now.unix_ms + after);
        world.change(change);
    }
    let due = world.now.at.after(Duration::from_secs(5));
    assert_eq!(world.journal().deadline(), due);
    world.pass(5000);
    world.settle();
    assert_eq!(world.aside.len(), 1);
    assert_eq!(world.journal().deadline(), due.after(Duration::from_secs(2)));
}

pub(super) fn the_oldest_messages_are_pruned_and_named(world: World) {
    let limits = Limits { keep_messages: Some(3), ..Limits::default() };
    let mut world = world.with(limits);
    for _ in 0..4 {
        world.say("hi");
    }
    world.change(reaction(4, "+", true));
    world.say("hi");
    world.say("hi");
    assert_eq!(world.page(Span::Latest, 2).lost, []);
    let page = world.page(Span::Latest, 3);
    assert_eq!((page.more, &page.lost), (false, &vec![(1, 3)]));
    assert_eq!(mids(page), [4, 6, 7]);
    let mut lost = |span| world.page(span, 10).lost;
    assert_eq!(lost(Span::Before(3)), [(1, 2)]);
    assert_eq!(lost(Span::Before(6)), [(1, 3)]);
    assert_eq!(lost(Span::After(1)), [(2, 3)]);
    assert_eq!(lost(Span::After(3)), []);
    assert_eq!(lost(Span::Around(2)), [(1, 3)]);
    assert_eq!(lost(Span::Entries(0)), [(1, 3)]);
    assert_eq!(lost(Span::Entries(3)), []);
    let draft = world.draft(edited(3, "text"));
    assert_eq!(world.refuse(draft), JournalError::NoSuchMessage);
}

pub(super) fn old_messages_are_pruned_and_named(world: World) {
    let limits = Limits { keep_for: Some(Duration::from_secs(60)), ..Limits::default() };
    let mut world = world.with(limits);
    world.say("old");
    world.pass(30_000);
    world.say("newer");
    world.pass(29_000);
    world.settle();
    assert_eq!(world.page(Span::Latest, 10).lost, []);
    assert!(world.journal().deadline() < Moment::NEVER);
    world.pass(2000);
    world.settle();
    let page = world.page(Span::Latest, 10);
    assert_eq!((page.top, &page.lost), (2, &vec![(1, 1)]));
    assert_eq!(mids(page), [2]);
    world.pass(60_000);
    world.settle();
    let page = world.page(Span::Latest, 10);
    assert_eq!((page.top, &page.lost), (2, &vec![(1, 2)]));
    assert_eq!(mids(page), [0; 0]);
    assert_eq!(world.say("next"), 3);
}

pub(super) fn moderation_is_an_entry_but_no_message(world: World) {
    let limits = Limits { keep_messages: Some(2), ..Limits::default() };
    let mut world = world.with(limits);
    assert_eq!(world.say("one"), 1);
    let mut draft = world.draft(moderated("Eve"));
    draft.id = Some(Arc::from("c1"));
    let first = world.append(draft.clone());
    let told = |duplicate| {
        let (request_id, ts) = (draft.request_id, draft.ts);
        JournalResponse::Appended { request_id, seq: 2, mid: 0, ts, duplicate, count: 0 }
    };
    assert_eq!(first, told(false));
    assert_eq!(world.append(draft.clone()), told(true));
    let other = moderated("Bob");
    assert_eq!(world.refuse(Draft { change: other, ..draft.clone() }), JournalError::IdConflict);
    world.say("three");
    let mut world = world.again_if_kept();
    for span in [Span::Latest, Span::After(0), Span::Before(4), Span::Around(2)] {
        let page = world.page(span, 10);
        assert_eq!((page.top, mids(page)), (3, vec![1, 3]));
    }
    let page = world.page(Span::Entries(1), 1);
    let (sender, ts) = (Arc::from("Alice"), draft.ts);
    assert_eq!(
        entries(page),
        [Entry { seq: 2, ts, sender, account: false, change: moderated("Eve") }]
    );
    assert_eq!(world.append(draft.clone()), told(true));
    let deletion = world.draft(deleted(2));
    assert_eq!(world.refuse(deletion), JournalError::NoSuchMessage);
    // It goes with the messages around it.
    world.say("four");
    assert_eq!(world.page(Span::Entries(0), 10).lost, [(1, 1)]);
    world.say("five");
    let page = world.page(Span::Entries(0), 10);
    assert_eq!(page.lost, [(1, 3)]);
    assert_eq!(entries(page).len(), 2);
}

pub(super) fn facts_are_answered_in_order_with_appends(mut world: World) {
    let draft = world.draft(message("hi"));
    let before = world.submit_keep(vec![key_value(Namespace::Accounts, "a", "1")]);
    world.submit(JournalRequest::Append(draft.clone()));
    let key_values = vec![key_value(Namespace::ReadMarkers, "a/lobby", "1")];
    world.submit(JournalRequest::Put(PutKeyValues { request_id: None, key_values }));
    let after = world.submit_keep(Vec::new());
    assert!(world.journal().busy());
    world.settle();
    let told: Vec<Option<RequestId>> = world.aside.iter().map(request_id_of).collect();
    assert_eq!(told, [Some(before), Some(draft.request_id), Some(after)]);
    assert_eq!(world.aside[2], JournalResponse::Saved { request_id: after });
}

pub(super) fn a_removed_room_has_no_record_and_goes_on_counting(mut world: World) {
    world.say("one");
    world.change(topic("tea"));
    world.change(expiring("two", world.now.unix_ms + 500));
    world.remove("nowhere");
    world.remove("lobby");
    for _ in 0..2 {
        let page = world.page(Span::Entries(1), 10);
        assert_eq!((page.top, &page.lost[..]), (3, &[(2, 3)][..]));
        assert_eq!((entries(page), world.history(), world.author(1)), (vec![], vec![], None));
        let draft = world.draft(edited(1, "text"));
        assert_eq!(world.refuse(draft), JournalError::NoSuchMessage);
        world.remove("lobby");
        // Nothing expires in it.
        world.pass(1000);
        world.settle();
        assert_eq!(world.aside, []);
        world = world.again_if_kept();
    }
    assert_eq!(world.say("again"), 4);
    assert_eq!(mids(world.page(Span::Latest, 10)), [4]);
    assert_eq!(world.page(Span::Entries(0), 10).lost, [(1, 3)]);
    world.remove("lobby");
    assert_eq!(world.say("once more"), 5);
    let mut world = world.again_if_kept();
    assert_eq!(world.say("and more"), 6);
    assert_eq!(mids(world.page(Span::Latest, 10)), [5, 6]);
}
