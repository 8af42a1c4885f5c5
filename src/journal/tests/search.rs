//! The cases about searching.

use std::sync::Arc;
use std::time::Duration;

use super::changes::{deleted, edited, expiring, message, reaction};
use super::world::{World, request_id_of};
use crate::chat::record::{
    Change, DeletionReason, File, FileId, JournalError, JournalRequest, JournalResponse, RequestId,
    RoomKey, Search, SearchContent, SearchFilter, SearchPage,
};
use crate::journal::Limits;

pub(super) fn what_was_said_is_found_by_its_words(mut world: World) {
    world.say("The Release is out, at last!");
    world.say("no news");
    world.say("Déjà vu: 世界 straße");
    for query in [
        "release",
        "RELEASE",
        "out release",
        "rel",
        "\"is out\"",
        "\"release is out\" last",
        "at-last",
        "release,",
        "last!",
    ] {
        assert_eq!(world.finds(query), [1], "{query}");
    }
    for query in ["deja", "DÉJÀ", "vu", "世界", "世", "界", "straße", "STRASSE", "VU deja"] {
        assert_eq!(world.finds(query), [3], "{query}");
    }
    for query in ["ease", "re", "\"out is\"", "\"rel\"", "release news", "界世"] {
        assert_eq!(world.finds(query), [0; 0], "{query}");
    }
    let hit = &world.search(&["lobby"], "news", None, 10).hits[0];
    assert_eq!((&*hit.room, &*hit.said.content, &*hit.said.sender), ("lobby", "no news", "Alice"));
}

pub(super) fn a_query_is_never_an_expression(mut world: World) {
    world.say("one two");
    world.say("AND OR NOT NEAR text");
    for query in [
        "",
        " ",
        "\"",
        "\"\"",
        "\"\"\"",
        "*",
        "^",
        "(",
        ")",
        "{a}",
        "-",
        "--",
        "';--",
        "\\",
        "\0",
        "!",
        "👍",
        "a*\"",
        "text:",
        "-one",
        "^one",
        "one)",
        "(one",
        "one*",
        "one\0two",
        "\"one two",
        "one + two",
        "'one' two",
        "one\"\"two",
    ] {
        let found = world.finds(query);
        assert!(found.is_empty() || found == [1] || found == [2], "{query:?}");
    }
    assert_eq!(world.finds("one AND two"), [0; 0]);
    assert_eq!(world.finds("one OR nothing"), [0; 0]);
    assert_eq!(world.finds("AND OR"), [2]);
    assert_eq!(world.finds("NEAR(text)"), [2]);
    assert_eq!(world.finds("text:one"), [0; 0]);
    assert_eq!(world.finds("NOT"), [2]);
}

pub(super) fn a_deleted_message_is_not_found(mut world: World) {
    world.say("secret plan");
    world.say("another plan");
    assert_eq!(world.finds("plan"), [2, 1]);
    world.change(deleted(1));
    assert_eq!(world.finds("plan"), [2]);
    assert_eq!(world.finds("secret"), [0; 0]);
    world.change(edited(2, "other words"));
    world.change(deleted(2));
    assert_eq!(world.finds("plan"), [0; 0]);
    assert_eq!(world.finds("other"), [0; 0]);
}

pub(super) fn an_edited_message_is_found_as_it_reads_now(mut world: World) {
    world.say("helo wrld");
    world.change(edited(1, "hello world"));
    assert_eq!(world.finds("helo"), [0; 0]);
    assert_eq!(world.finds("hello"), [1]);
    world.change(edited(1, "good bye"));
    assert_eq!(world.finds("hello"), [0; 0]);
    world.change(reaction(1, "+", true));
    let found = world.search(&["lobby"], "bye", None, 10);
    let said = &found.hits[0].said;
    assert_eq!((&*said.content, said.edited, said.reactions.len()), ("good bye", true, 1));
    // What is no message is not found.
    world.change(super::changes::topic("quarterly"));
    assert_eq!(world.finds("quarterly"), [0; 0]);
    let mut world = world.again_if_kept();
    if world.opening.rooms.is_empty() {
        return;
    }
    assert_eq!(world.finds("good"), [1]);
    assert_eq!(world.finds("hello"), [0; 0]);
}

pub(super) fn an_expired_message_is_not_found(mut world: World) {
    let expires = world.now.unix_ms + 5000;
    world.change(expiring("soon gone", expires));
    world.say("not so soon");
    assert_eq!(world.finds("soon"), [2, 1]);
    // Its time has come, but no entry says so yet.
    world.pass(5000);
    assert_eq!(world.finds("soon"), [2]);
    world.settle();
    assert_eq!(world.history()[0].deleted, Some(DeletionReason::Expired));
    assert_eq!(world.finds("soon"), [2]);
}

pub(super) fn a_message_of_a_removed_room_is_not_found(mut world: World) {
    for number in 1..=200 {
        world.say(&format!("common number{number}"));
    }
    world.settle();
    world.remove("lobby");
    assert_eq!(world.finds("common"), [0; 0]);
    world.say("common again");
    assert_eq!(world.finds("common"), [201]);
    let mut world = world.again_if_kept();
    world.settle();
    assert_eq!(world.finds("common"), [201]);
}

pub(super) fn a_pruned_message_is_not_found(world: World) {
    let limits = Limits { keep_messages: Some(2), ..world.limits.clone() };
    let mut world = world.with(limits);
    for number in 1..=4 {
        world.say(&format!("common number{number}"));
    }
    world.settle();
    assert_eq!(world.finds("common"), [4, 3]);
    assert_eq!(world.finds("number1"), [0; 0]);
    let keep_for = Some(Duration::from_secs(60));
    let mut world = world.with(Limits { keep_for, ..Limits::default() });
    world.say("common again");
    world.pass(120_000);
    world.settle();
    assert_eq!(world.finds("common"), [0; 0]);
}

pub(super) fn only_the_rooms_named_are_searched(mut world: World) {
    for (room, content) in [("lobby", "tea one"), ("dev", "tea two"), ("ops", "tea three")] {
        world.pass(10);
        let mut draft = world.draft(message(content));
        draft.room = Arc::from(room);
        world.add(draft);
    }
    world.pass(10);
    world.say("tea four");
    let mut found = |rooms: &[&str]| -> Vec<String> {
        let hits = world.search(rooms, "tea", None, 10).hits;
        hits.iter().map(|hit| format!("{} {}", hit.room, hit.said.content)).collect()
    };
    assert_eq!(found(&["dev"]), ["dev tea two"]);
    assert_eq!(
        found(&["ops", "lobby"]),
        ["lobby tea four", "ops tea three", "lobby tea one"],
        "the newest first"
    );
    assert_eq!(found(&["nowhere"]), [""; 0]);
    assert_eq!(found(&[]), [""; 0]);
}

pub(super) fn a_finding_is_cut_at_whole_messages(mut world: World) {
    for number in 1..=5 {
        world.pass(1);
        world.say(&format!("word {number} {}", "x".repeat(100)));
    }
    world.pass(1);
    let mut draft = world.draft(message("another word"));
    draft.room = Arc::from("dev");
    world.add(draft);
    let seen = |page: SearchPage| {
        let mids: Vec<u64> = page.hits.iter().map(|hit| hit.said.mid).collect();
        (mids, page.more)
    };
    let mut search = |before, limit| seen(world.search(&["lobby"], "word", before, limit));
    assert_eq!(search(None, 2), (vec![5, 4], true));
    assert_eq!(search(Some(4), 2), (vec![3, 2], true));
    assert_eq!(search(Some(2), 2), (vec![1], false));
    assert_eq!(search(Some(1), 2), (vec![], false));
    assert_eq!(search(Some(0), 2), (vec![], false));
    assert_eq!(search(None, 5), (vec![5, 4, 3, 2, 1], false));
    let both = seen(world.search(&["lobby", "dev"], "word", None, 3));
    assert_eq!(both, (vec![1, 5, 4], true));
    let few = seen(world.search_bytes(&["lobby"], "word", 250));
    assert_eq!(few, (vec![5, 4], true));
    let one = seen(world.search_bytes(&["lobby"], "word", 1));
    assert_eq!(one, (vec![5], true), "whoever pages gets on");
}

pub(super) fn a_search_shows_what_was_answered_before_it(mut world: World) {
    for number in 1..=20 {
        world.say(&format!("turn {number}"));
        assert_eq!(world.finds("turn").len(), number, "after {number}");
    }
    for number in 1..=20 {
        let change = if number % 2 == 0 { edited(number, "else") } else { deleted(number) };
        world.change(change);
        assert_eq!(world.finds("turn").len() as u64, 20 - number);
    }
    assert!(matches!(world.entries()[0].change, Change::Message { .. }));
}

/// Submits a search of a room for what is not there and in no index.
fn submit_search(world: &mut World, number: u64, asker: u64, room: &str) {
    world.submit(JournalRequest::Search(Search {
        request_id: RequestId(number),
        asker,
        rooms: vec![RoomKey::from(room)],
        words: "?!".into(),
        filter: Default::default(),
        before: None,
        limit: 10,
        bytes_max: 1000,
    }));
}

pub(super) fn many_searches_of_one_asker_do_not_keep_another_waiting(mut world: World) {
    for _ in 0..3000 {
        let draft = world.draft(message("how long? nothing is said here, it goes on and on"));
        world.submit(JournalRequest::Append(draft));
    }
    world.settle();
    world.aside.clear();
    for number in 0..16 {
        submit_search(&mut world, 10_000 + number, 1, "lobby");
    }
    submit_search(&mut world, 20_000, 2, "empty");
    world.answer_to(RequestId(20_000));
    let before = world.aside.len();
    assert!(before < 16, "all searches of the other were answered before");
    world.settle();
    let order: Vec<u64> =
        world.aside.iter().filter_map(request_id_of).map(|request_id| request_id.0).collect();
    assert_eq!(order, (10_000..10_016).collect::<Vec<_>>(), "those of one asker come in order");
}

pub(super) fn an_asker_has_at_most_sixteen_searches_under_way(mut world: World) {
    world.say("hi");
    for number in 0..17 {
        submit_search(&mut world, 10_000 + number, 1, "lobby");
    }
    submit_search(&mut world, 20_000, 2, "lobby");
    world.settle();
    let refused: Vec<_> = (world.aside.iter())
        .filter_map(|answer| match answer {
            JournalResponse::ReadFailed { request_id, why } => Some((request_id.0, *why)),
            _ => None,
        })
        .collect();
    assert_eq!(refused, [(10_016, JournalError::Overloaded)]);
}

/// Returns a file of a type.
fn file(number: u8, media_type: &str) -> File {
    let mut file = File::unknown(FileId([number; 16]));
    file.media_type = media_type.into();
    file.name = "name".into();
    file
}

/// Adds messages of several people, with files and links, a second apart from 1,000 ms on.
fn say_various(world: &mut World) {
    let various = [
        ("Alice", "tea at https://tea.example", None),
        ("René", "tea", Some("image/png")),
        ("Alice", "coffee", None),
        ("Bob B", "tea and files", Some("application/pdf")),
        ("alice", "", Some("image/gif")),
    ];
    for (number, (sender, content, media_type)) in (1..).zip(various) {
        let files = media_type.map(|it| file(number, it)).into_iter().collect();
        let (content, reply_to, expires) = (content.into(), None, None);
        let mut draft = world.draft(Change::Message { content, reply_to, expires, files });
        (draft.sender, draft.ts) = (sender.into(), u64::from(number) * 1000);
        world.add(draft);
    }
}

fn from(name: &str) -> SearchFilter {
    SearchFilter { from: vec![name.into()], ..SearchFilter::default() }
}

fn has(content: SearchContent) -> SearchFilter {
    SearchFilter { has: vec![content], ..SearchFilter::default() }
}

pub(super) fn a_filter_narrows_a_search(mut world: World) {
    say_various(&mut world);
    let times = |since, until| SearchFilter { since, until, ..SearchFilter::default() };
    let both =
        SearchFilter { from: vec!["RENE".into(), "bob b".into()], ..times(None, Some(4000)) };
    for (words, filter, mids) in [
        ("tea", SearchFilter::default(), &[4, 2, 1][..]),
        ("tea", from("ALICE"), &[1]),
        ("tea", from("rene"), &[2]),
        ("tea", from("bob B"), &[4]),
        ("tea", from("bob"), &[]),
        ("tea", both, &[2]),
        ("tea", times(Some(2000), Some(4000)), &[2]),
        ("tea", times(Some(2001), None), &[4]),
        ("tea", times(Some(5000), Some(1000)), &[]),
        ("tea", has(SearchContent::Link), &[1]),
        ("tea", has(SearchContent::File), &[4, 2]),
        ("tea", has(SearchContent::Image), &[2]),
        ("coffee", has(SearchContent::File), &[]),
    ] {
        assert_eq!(world.finds_with(words, filter.clone()), mids, "{words} {filter:?}");
    }
    world.change(edited(1, "tea without a link"));
    assert_eq!(world.finds_with("tea", has(SearchContent::Link)), [0; 0]);
    world.change(deleted(2));
    assert_eq!(world.finds_with("tea", has(SearchContent::File)), [4]);
}

pub(super) fn a_filter_alone_finds_messages(mut world: World) {
    say_various(&mut world);
    world.change(reaction(1, "+", true));
    world.change(super::changes::topic("quarterly"));
    assert_eq!(world.finds_with("", from("alice")), [5, 3, 1]);
    assert_eq!(world.finds_with("", has(SearchContent::File)), [5, 4, 2]);
    assert_eq!(world.finds_with("\"\"", has(SearchContent::Image)), [5, 2]);
    assert_eq!(world.finds_with("", SearchFilter::default()), [0; 0]);
    world.change(deleted(5));
    assert_eq!(world.finds_with("", from("alice")), [3, 1]);
}

pub(super) fn a_filtered_search_looks_at_no_more_entries_than_another(world: World) {
    let mut world = world.with(Limits { scan_entries_max: 10, ..Limits::default() });
    say_various(&mut world);
    for _ in 0..10 {
        world.say("?!");
    }
    let mut search = |words: &str, filter| {
        let page = world.find(&["lobby"], words, None, 100, 1 << 20, filter);
        (page.hits.len(), page.more)
    };
    assert_eq!(search("!?", SearchFilter::default()), (0, true));
    assert_eq!(search("", has(SearchContent::File)), (0, true));
    assert_eq!(search("", from("alice")), (10, true));
}
