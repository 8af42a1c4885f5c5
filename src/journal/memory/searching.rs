//! Searching the records in memory in steps, so that searches can take turns, and the reactor, on
//! whose thread they run, has its own between them.

use std::mem;
use std::sync::Arc;

use foldhash::HashMap;

use super::super::history::History;
use super::super::matching::{Candidate, Matching};
use super::super::page::{Budget, message_bytes};
use super::super::search::{self, RoomHits};
use super::Room;
use crate::chat::record::{Change, RoomKey, Search, SearchPage};

/// A search on its way: one room after the other, each from its newest message down.
#[derive(Debug)]
pub(super) struct Searching {
    search: Search,
    matching: Matching,
    /// The number of entries to scan in each room.
    scan_max: usize,
    done: Vec<InRoom>,
    room: InRoom,
}

/// The progress of a search in a room.
#[derive(Debug)]
struct InRoom {
    /// The `mid`s of the messages found.
    found: Vec<u64>,
    budget: Budget,
    /// The `seq` below which it goes on.
    before: u64,
    scan_left: usize,
    /// Whether it ended before the room did.
    more: bool,
}

impl Searching {
    /// Prepares a search that scans `scan_max` entries.
    pub(super) fn new(search: Search, scan_max: usize) -> Self {
        let matching = Matching::new(&search);
        let scan_max = search::scan_share(scan_max, &search);
        let room = InRoom::new(&search, scan_max);
        Self { search, matching, scan_max, done: Vec::new(), room }
    }

    /// Searches a bit further; returns the results at the end.
    pub(super) fn step(&mut self, rooms: &HashMap<RoomKey, Room>) -> Option<SearchPage> {
        let Self { search, matching, scan_max, done, room: at } = self;
        let mut work = STEP;
        while !matching.is_empty()
            && let Some(name) = search.rooms.get(done.len())
        {
            if work == 0 {
                return None;
            }
            work = work.saturating_sub(ENTRY);
            let room = rooms.get(name);
            if room.is_none_or(|room| at.step(&room.history, matching, &mut work)) {
                done.push(mem::replace(at, InRoom::new(search, *scan_max)));
            }
        }
        Some(self.page(rooms))
    }

    /// Returns the messages found, as they read now: they may have been changed between two steps.
    fn page(&self, rooms: &HashMap<RoomKey, Room>) -> SearchPage {
        let hits = self.search.rooms.iter().zip(&self.done).filter_map(|(name, at)| {
            let history = &rooms.get(name)?.history;
            let found = at.found.iter().filter_map(|mid| history.current(*mid));
            let found = found.filter(|said| self.matching.takes(Candidate::of(said))).collect();
            Some(RoomHits { room: Arc::clone(name), found, more: at.more })
        });
        search::merge(&self.search, hits.collect())
    }
}

impl InRoom {
    fn new(search: &Search, scan_max: usize) -> Self {
        let budget = Budget::new(search.limit, search.bytes_max);
        let before = search.before.unwrap_or(u64::MAX);
        Self { found: Vec::new(), budget, before, scan_left: scan_max, more: false }
    }

    /// Looks at some of the entries that are left. Returns whether the search of the room has ended.
    fn step(&mut self, history: &History, matching: &Matching, work: &mut usize) -> bool {
        for stored in history.down_from(self.before) {
            if self.scan_left == 0 {
                self.more = true;
                return true;
            }
            if *work == 0 {
                return false;
            }
            let mid = stored.entry.seq;
            (self.before, self.scan_left) = (mid, self.scan_left.saturating_sub(1));
            *work = work.saturating_sub(ENTRY);
            let (Change::Message { files, .. }, Some(text)) =
                (&stored.entry.change, history.text(stored))
            else {
                continue;
            };
            *work = work.saturating_sub(text.len());
            let (ts, sender) = (stored.entry.ts, &*stored.entry.sender);
            if !matching.takes(Candidate { ts, sender, files, text }) {
                continue;
            }
            let Some(said) = history.current(mid) else { continue };
            if !self.budget.take(message_bytes(&said)) {
                self.more = true;
                return true;
            }
            self.found.push(mid);
        }
        true
    }
}

/// The work of a step, in bytes of text: a millisecond or two.
const STEP: usize = 32 * 1024;
/// The work of looking at an entry beside its text, and of finding a room.
const ENTRY: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::record::{AuthorKey, Change, DeletionReason, Entry, RequestId};
    use crate::journal::history::StoredEntry;

    fn push(room: &mut Room, change: Change) {
        let (seq, author) = (room.history.next(), AuthorKey([1; 16]));
        let entry = Entry { seq, ts: seq, sender: "Alice".into(), account: false, change };
        room.history.push(StoredEntry { author, entry });
    }

    fn message(content: &str) -> Change {
        Change::Message {
            files: Default::default(),
            content: content.into(),
            reply_to: None,
            expires: None,
        }
    }

    fn room_of(messages: usize, text: &str) -> HashMap<RoomKey, Room> {
        let key = RoomKey::from("lobby");
        let mut room = Room::new(Arc::clone(&key));
        for _ in 0..messages {
            push(&mut room, message(text));
        }
        HashMap::from_iter([(key, room)])
    }

    fn search(words: &str, scan_max: usize) -> Searching {
        let search = Search {
            request_id: RequestId(1),
            asker: 1,
            rooms: vec!["lobby".into(), "empty".into()],
            words: words.into(),
            filter: Default::default(),
            before: None,
            limit: 10,
            bytes_max: 1 << 20,
        };
        Searching::new(search, scan_max)
    }

    /// Returns the mids found, whether there are more, and the number of steps.
    fn run(mut search: Searching, rooms: &HashMap<RoomKey, Room>) -> (Vec<u64>, bool, usize) {
        for steps in 1.. {
            if let Some(page) = search.step(rooms) {
                return (page.hits.iter().map(|hit| hit.said.mid).collect(), page.more, steps);
            }
        }
        unreachable!()
    }

    #[test]
    fn a_step_looks_at_a_bounded_amount_of_text() {
        let long = "x".repeat(4000);
        let (found, more, steps) = run(search("word", 50_000), &room_of(1000, &long));
        assert_eq!((found.len(), more), (0, false));
        assert!((1000 / 9..1000 / 7).contains(&steps), "{steps} steps");
        let (_, _, steps) = run(search("word", 50_000), &room_of(10_000, ""));
        assert!((19..=21).contains(&steps), "{steps} steps");
        let (found, more, _) = run(search("word", 100), &room_of(1000, "other"));
        assert_eq!((found.len(), more), (0, true));
    }

    #[test]
    fn what_changes_between_two_steps_is_found_as_it_reads_at_the_end() {
        let mut rooms = room_of(2000, "some other text");
        let room = rooms.get_mut("lobby").unwrap();
        for text in ["word one", "word two", "word three", "word four"] {
            push(room, message(text));
        }
        let mut search = search("word", 50_000);
        assert_eq!(search.step(&rooms), None);
        let room = rooms.get_mut("lobby").unwrap();
        push(room, Change::Deleted { mid: 2001, why: DeletionReason::Author });
        push(room, Change::Edited { mid: 2002, content: "no more".into() });
        push(room, Change::Edited { mid: 2003, content: "another word".into() });
        let page = (0..100).find_map(|_| search.step(&rooms)).unwrap();
        let found: Vec<&str> = page.hits.iter().map(|hit| &*hit.said.content).collect();
        assert_eq!(found, ["word four", "another word"]);
    }

    #[test]
    fn a_room_removed_between_two_steps_is_not_found() {
        let mut rooms = room_of(5000, "word");
        let mut search = search("nothing", 50_000);
        assert_eq!(search.step(&rooms), None);
        let room = rooms.get_mut("lobby").unwrap();
        let next = room.history.next();
        room.history = History::starting(next, next);
        assert_eq!(run(search, &rooms), (Vec::new(), false, 1));
    }
}
