//! A journal that version 0.1.0 wrote, opened by this one.
//!
//! `tests/upgrade/0.1.0` holds the journal, and what `chinwag export` of that version said of it.

use std::path::Path;
use std::sync::Arc;

use super::changes::message;
use super::scratch::{Scratch, copy};
use super::world::World;
use crate::chat::record::{AuthorKey, JournalResponse, Namespace};
use crate::clock::{Moment, Now};
use crate::journal::{Limits, export};

#[test]
fn a_journal_of_0_1_0_shows_the_same_history() {
    let (mut world, scratch) = open(Limits::default());
    let rooms: Vec<_> = world.opening.rooms.iter().map(|room| (&*room.key, room.top)).collect();
    assert_eq!(rooms[1..], [("dev", 5), ("lobby", 21), ("数据", 2)]);
    assert_eq!(rooms[0].1, 2, "a private conversation");
    assert_eq!(&*world.opening.rooms[1].topic, "Разработка");
    assert_eq!(world.opening.sessions.len(), 3);
    let accounts = |of: Namespace| {
        world.opening.key_values.iter().filter(|known| known.namespace == of).count()
    };
    assert_eq!((accounts(Namespace::Accounts), accounts(Namespace::DirectRooms)), (1, 1));
    let said = world.history();
    assert_eq!(said.len(), 14);
    assert_eq!(&*said[1].content, "今天我们讨论数据库迁移的问题");
    let reacted: Vec<_> =
        said[3].reactions.iter().map(|(emoji, names)| (&**emoji, names.len())).collect();
    assert_eq!(reacted, [("👍", 2)]);
    assert_eq!((&*said[6].content, said[6].edited), ("a typo", true));
    assert_eq!((&*said[7].content, said[7].deleted.is_some()), ("", true));
    assert_eq!(said[13].reply_to, Some(5));
    assert_eq!(said.iter().find(|it| it.mid == 5).unwrap().replies, 1);
    assert!(said.iter().all(|it| !it.account), "the only account has said nothing");
    // An id that was sent before the upgrade is still known.
    let mut draft = world.draft(message("今天我们讨论数据库迁移的问题"));
    draft.author = author("ad0b99a5cd1324a7e9ec03944d4740f3");
    draft.id = Some(Arc::from("u3"));
    let answer = world.append(draft);
    assert!(
        matches!(answer, JournalResponse::Appended { seq: 3, duplicate: true, .. }),
        "{answer:?}"
    );
    assert_exports_the_same(&scratch);
    assert_eq!(world.say("on"), 22);
}

#[test]
fn a_journal_of_0_1_0_is_indexed_anew() {
    for unsearched_entries_max in [1024, 0] {
        let (mut world, scratch) = open(Limits { unsearched_entries_max, ..Limits::default() });
        let indexed = unsearched_entries_max == 0;
        if indexed {
            world.until("SELECT min(top = searched) FROM rooms");
        }
        world.until("SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'stale_search')");
        for (query, mid) in [
            ("cafe", 2),
            ("数据库", 3),
            ("住んで", 4),
            ("ชาว", 5),
            ("full", 6),
            ("σοφος", 6),
            ("c++", 7),
            ("strasse", 7),
            ("🎉", 7),
            ("typo", 8),
        ] {
            assert_eq!(world.finds(query), [mid], "{query}, indexed: {indexed}");
        }
        for query in ["tpyo", "anger"] {
            assert_eq!(world.finds(query), [0; 0], "{query}");
        }
        assert_eq!(world.search(&["dev"], "привет", None, 10).hits.len(), 1);
        world.stop();
        assert_exports_the_same(&scratch);
    }
}

fn open(limits: Limits) -> (World, Arc<Scratch>) {
    let scratch =
        Arc::new(copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/upgrade/0.1.0")));
    let mut world = World::open(scratch.engine(), limits, WRITTEN).unwrap();
    world.scratch = Some(Arc::clone(&scratch));
    (world, scratch)
}

fn assert_exports_the_same(scratch: &Scratch) {
    let mut out = Vec::new();
    export(&scratch.path().join("data"), None, WRITTEN, &mut out, &mut |_, _| {}).unwrap();
    let before = include_str!("../../../tests/upgrade/0.1.0/record.jsonl");
    assert_eq!(String::from_utf8(out).unwrap(), before);
}

fn author(hex: &str) -> AuthorKey {
    let mut key = [0; 16];
    for (byte, at) in key.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    }
    AuthorKey(key)
}

/// When the newest message was written; one of them expires six seconds later.
const WRITTEN: Now = Now { at: Moment::from_millis(50), unix_ms: 1_795_941_996_017 };
