//! Pages: what is read of a room, and where it is cut.

use std::sync::Arc;

use super::changes::{answer, deleted, edited, topic};
use super::world::{World, entries, mids, said};
use crate::chat::record::{Entry, Span};
use crate::journal::Limits;

pub(super) fn pages_go_in_the_direction_asked_for(mut world: World) {
    for _ in 0..10 {
        world.say("hi");
    }
    let mut page = |span, limit| {
        let page = world.page(span, limit);
        assert_eq!((page.top, &page.lost), (10, &vec![]));
        (page.more, mids(page))
    };
    assert_eq!(page(Span::Latest, 3), (true, vec![8, 9, 10]));
    assert_eq!(page(Span::Latest, 10), (false, (1..=10).collect()));
    assert_eq!(page(Span::Before(4), 2), (true, vec![2, 3]));
    assert_eq!(page(Span::Before(4), 3), (false, vec![1, 2, 3]));
    assert_eq!(page(Span::Before(1), 3), (false, vec![]));
    assert_eq!(page(Span::Before(u64::MAX), 1), (true, vec![10]));
    assert_eq!(page(Span::After(7), 2), (true, vec![8, 9]));
    assert_eq!(page(Span::After(7), 3), (false, vec![8, 9, 10]));
    assert_eq!(page(Span::After(0), 1), (true, vec![1]));
    assert_eq!(page(Span::After(10), 3), (false, vec![]));
    assert_eq!(page(Span::After(u64::MAX), 3), (false, vec![]));
    assert_eq!(page(Span::Latest, 0), (true, vec![]));
}

pub(super) fn around_shows_half_on_either_side(mut world: World) {
    for _ in 0..10 {
        world.say("hi");
    }
    let mut page = |seq, limit| {
        let page = world.page(Span::Around(seq), limit);
        (page.more, mids(page))
    };
    assert_eq!(page(5, 4), (true, vec![3, 4, 5, 6]));
    assert_eq!(page(5, 5), (true, vec![3, 4, 5, 6, 7]));
    assert_eq!(page(5, 100), (false, (1..=10).collect()));
    assert_eq!(page(1, 4), (true, vec![1, 2]));
    assert_eq!(page(0, 4), (true, vec![1, 2]));
    assert_eq!(page(10, 4), (true, vec![8, 9, 10]));
    assert_eq!(page(99, 4), (true, vec![9, 10]));
}

pub(super) fn entries_come_as_they_happened(mut world: World) {
    world.say("helo");
    world.pass(10);
    world.change(edited(1, "hello"));
    world.change(topic("tea"));
    let page = world.page(Span::Entries(1), 1);
    assert_eq!((page.more, page.top), (true, 3));
    let entry = Entry {
        seq: 2,
        ts: world.now.unix_ms,
        sender: Arc::from("Alice"),
        account: false,
        change: edited(1, "hello"),
    };
    assert_eq!(entries(page), [entry]);
    let seqs: Vec<u64> = world.entries().iter().map(|entry| entry.seq).collect();
    assert_eq!(seqs, [1, 2, 3]);
    let page = world.page(Span::Entries(3), 10);
    assert!(!page.more);
    assert_eq!(entries(page), []);
}

pub(super) fn a_page_is_cut_at_whole_messages(mut world: World) {
    for _ in 0..4 {
        world.say("0123456789");
    }
    // Ten bytes of text and five of a name.
    let mut page = |span, bytes_max| {
        let page = world.page_of("lobby", span, 100, bytes_max);
        (page.more, mids(page))
    };
    assert_eq!(page(Span::Latest, 60), (false, vec![1, 2, 3, 4]));
    assert_eq!(page(Span::Latest, 59), (true, vec![2, 3, 4]));
    assert_eq!(page(Span::Latest, 1), (true, vec![4]));
    assert_eq!(page(Span::After(0), 44), (true, vec![1, 2]));
    assert_eq!(page(Span::Around(3), 30), (true, vec![2, 3]));
    let page = world.page_of("lobby", Span::Entries(1), 100, 31);
    assert!(page.more);
    assert_eq!(entries(page).len(), 2);
}

pub(super) fn replies_are_found_and_counted_by_their_message(mut world: World) {
    world.say("who comes?");
    world.say("who else?");
    for to in [1, 2, 1, 99, 1] {
        world.change(answer(to, None));
    }
    // In another room.
    let mut draft = world.draft(answer(1, None));
    draft.room = Arc::from("dev");
    world.add(draft);
    let replies = |world: &mut World, to, after, limit| {
        let page = world.page(Span::Replies { to, after }, limit);
        (page.more, mids(page))
    };
    assert_eq!(replies(&mut world, 1, 0, 10), (false, vec![3, 5, 7]));
    assert_eq!(replies(&mut world, 1, 0, 2), (true, vec![3, 5]));
    assert_eq!(replies(&mut world, 1, 5, 2), (false, vec![7]));
    assert_eq!(replies(&mut world, 2, 0, 10), (false, vec![4]));
    assert_eq!(replies(&mut world, 3, 0, 10), (false, vec![]));
    assert_eq!(replies(&mut world, 50, 0, 10), (false, vec![]));
    world.change(answer(1, None));
    let expires = world.now.unix_ms + 1000;
    world.change(answer(1, Some(expires)));
    world.change(edited(3, "I do"));
    world.change(deleted(5));
    world.pass(1000);
    world.settle();
    assert_eq!(replies(&mut world, 1, 0, 10), (false, vec![3, 7, 8]));
    let counts: Vec<u32> = world.history().iter().map(|said| said.replies).collect();
    assert_eq!(counts[..2], [3, 1]);
    assert!(counts[2..].iter().all(|count| *count == 0));
    world.change(deleted(1));
    assert_eq!(replies(&mut world, 1, 0, 10), (false, vec![3, 7, 8]));
    let mut world = world.again_if_kept();
    if world.opening.rooms.is_empty() {
        return;
    }
    assert_eq!(replies(&mut world, 1, 0, 10), (false, vec![3, 7, 8]));
    assert_eq!(world.history()[1].replies, 1);
}

pub(super) fn replies_are_counted_up_to_a_hundred_and_not_beyond_what_is_kept(world: World) {
    let limits = Limits { keep_messages: Some(103), ..Limits::default() };
    let mut world = world.with(limits);
    world.say("gone soon");
    world.change(answer(1, None));
    world.say("much to say");
    for _ in 0..102 {
        world.change(answer(3, None));
    }
    world.settle();
    let page = world.page(Span::Latest, 103);
    let said = said(page);
    assert_eq!((said[0].mid, said[0].replies), (3, 100));
    assert_eq!(world.page(Span::Replies { to: 3, after: 0 }, 200).top, 105);
    let page = world.page(Span::Replies { to: 3, after: 0 }, 200);
    assert_eq!(mids(page).len(), 102);
    let page = world.page(Span::Replies { to: 1, after: 0 }, 200);
    assert_eq!(mids(page), [0; 0]);
}

pub(super) fn a_room_without_a_record_is_empty(mut world: World) {
    for span in [Span::Latest, Span::Before(3), Span::After(0), Span::Around(1)] {
        let page = world.page_of("nowhere", span, 10, 1000);
        assert_eq!((page.top, page.more, page.lost.len()), (0, false, 0));
        assert_eq!(said(page), []);
    }
    let page = world.page_of("nowhere", Span::Entries(0), 10, 1000);
    assert_eq!(page.top, 0);
    assert_eq!(entries(page), []);
}
