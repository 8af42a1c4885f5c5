//! The searches without a response, and how their results are kept in line with the responses.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use super::super::history::StoredEntry;
use super::super::search::SEARCHES_OF_ONE_MAX;
use crate::chat::record::{Change, RequestId, RoomKey, Search, SearchPage};

/// The changes reported while searches run. Results that are older than those must not be shown.
///
/// Changes are numbered; those before the start of the oldest search are forgotten.
#[derive(Debug, Default)]
pub(super) struct RunningSearches {
    /// Who asked, and the number of the next change when the search began.
    searches: HashMap<RequestId, (u64, u64)>,
    /// The same, in order.
    starts: BTreeSet<(u64, RequestId)>,
    by_asker: HashMap<u64, usize>,
    /// The newest change of each message and room: its number, and the `seq` that edits or deletes
    /// the message, or the first that is left in the room.
    revised: HashMap<Revised, (u64, u64)>,
    /// What `revised` has, oldest first.
    log: VecDeque<(u64, Revised)>,
    next: u64,
}

/// A change: of a message, or of the beginning of a room.
type Revised = (RoomKey, Option<u64>);

impl RunningSearches {
    /// Begins a search, if fewer than `max` are running, and not too many of this asker's.
    pub(super) fn begin(&mut self, search: &Search, max: usize) -> bool {
        let own = self.by_asker.get(&search.asker).copied().unwrap_or(0);
        if self.underway() >= max || own >= SEARCHES_OF_ONE_MAX {
            return false;
        }
        self.by_asker.insert(search.asker, own.saturating_add(1));
        self.searches.insert(search.request_id, (search.asker, self.next));
        self.starts.insert((self.next, search.request_id));
        true
    }

    /// Returns the number of searches without a response.
    pub(super) fn underway(&self) -> usize {
        self.searches.len()
    }

    /// Notes an entry that was reported.
    pub(super) fn on_entry(&mut self, room: &RoomKey, stored: &StoredEntry) {
        if let Change::Edited { mid, .. } | Change::Deleted { mid, .. } = stored.entry.change {
            self.note((Arc::clone(room), Some(mid)), stored.entry.seq);
        }
    }

    /// Notes that entries were pruned.
    pub(super) fn on_pruned(&mut self, room: &RoomKey, first: u64) {
        self.note((Arc::clone(room), None), first);
    }

    fn note(&mut self, what: Revised, seq: u64) {
        if self.searches.is_empty() {
            return;
        }
        self.revised.insert(what.clone(), (self.next, seq));
        self.log.push_back((self.next, what));
        self.next = self.next.saturating_add(1);
    }

    /// Ends a search: removes the hits that are out of date.
    pub(super) fn end(
        &mut self,
        request_id: RequestId,
        page: Option<&mut SearchPage>,
        unix_ms: u64,
    ) {
        if let Some(SearchPage { hits, .. }) = page {
            hits.retain(|hit| {
                let revised = |mid| self.revised.get(&(Arc::clone(&hit.room), mid));
                let changed = revised(Some(hit.said.mid)).is_some_and(|it| it.1 > hit.said.seq);
                let pruned = revised(None).is_some_and(|it| it.1 > hit.said.mid);
                !changed && !pruned && hit.said.expires.is_none_or(|expires| expires > unix_ms)
            });
        }
        if let Some((asker, start)) = self.searches.remove(&request_id) {
            self.starts.remove(&(start, request_id));
            match self.by_asker.get_mut(&asker) {
                Some(own) if *own > 1 => *own = own.saturating_sub(1),
                _ => drop(self.by_asker.remove(&asker)),
            }
        }
        let oldest = self.starts.first().map_or(u64::MAX, |(start, _)| *start);
        while let Some((number, what)) = self.log.pop_front_if(|(number, _)| *number < oldest) {
            if self.revised.get(&what).is_some_and(|newest| newest.0 == number) {
                self.revised.remove(&what);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::record::{AuthorKey, DeletionReason, Entry, Hit, StoredMessage};

    #[test]
    fn what_was_changed_since_it_was_found_is_left_out() {
        let room = RoomKey::from("lobby");
        let hit = |mid, expires| Hit {
            room: RoomKey::from("lobby"),
            said: StoredMessage {
                files: Default::default(),
                mid,
                seq: mid,
                ts: 1,
                sender: "Alice".into(),
                account: false,
                content: "word".into(),
                reply_to: None,
                expires,
                deleted: None,
                edited: false,
                reactions: Vec::new(),
                replies: 0,
            },
        };
        let stored = |seq, change| StoredEntry {
            author: AuthorKey([1; 16]),
            entry: Entry { seq, ts: 1, sender: "Alice".into(), account: false, change },
        };
        let mut searches = RunningSearches::default();
        assert!(searches.begin(&search(1, 1), 1) && !searches.begin(&search(2, 2), 1));
        searches
            .on_entry(&room, &stored(10, Change::Deleted { mid: 5, why: DeletionReason::Author }));
        searches.on_entry(&room, &stored(11, Change::Edited { mid: 6, content: "else".into() }));
        searches
            .on_entry(&room, &stored(11, Change::Deleted { mid: 3, why: DeletionReason::Author }));
        searches.on_pruned(&room, 3);
        let mut hits: Vec<Hit> = (1..=7).rev().map(|mid| hit(mid, None)).collect();
        hits.push(hit(8, Some(50)));
        hits.push(hit(9, Some(51)));
        // Seen as it was after the deletion of another.
        hits.push(Hit {
            said: StoredMessage { seq: 12, ..hit(6, None).said },
            room: RoomKey::from("lobby"),
        });
        let mut page = SearchPage { request_id: RequestId(1), hits, more: false };
        searches.end(RequestId(1), Some(&mut page), 50);
        let mids: Vec<u64> = page.hits.iter().map(|hit| hit.said.mid).collect();
        assert_eq!(mids, [7, 4, 9, 6]);
        assert_eq!((searches.underway(), searches.revised.len(), searches.log.len()), (0, 0, 0));
    }

    #[test]
    fn changes_before_the_oldest_search_are_forgotten() {
        let mut searches = RunningSearches::default();
        let room = RoomKey::from("lobby");
        assert!(searches.begin(&search(0, 0), 10));
        for number in 1..100 {
            // They overlap without end.
            assert!(searches.begin(&search(number, number), 10));
            searches.on_pruned(&room, number);
            searches.on_pruned(&RoomKey::from(format!("room{number}")), number);
            searches.end(RequestId(number - 1), None, 0);
            assert_eq!((searches.log.len(), searches.revised.len()), (2, 2));
        }
    }

    #[test]
    fn an_asker_has_a_share_of_the_searches() {
        let mut searches = RunningSearches::default();
        for number in 0..SEARCHES_OF_ONE_MAX as u64 {
            assert!(searches.begin(&search(number, 7), 256));
        }
        assert!(!searches.begin(&search(100, 7), 256) && searches.begin(&search(100, 8), 256));
        searches.end(RequestId(0), None, 0);
        assert!(searches.begin(&search(101, 7), 256));
    }

    fn search(number: u64, asker: u64) -> Search {
        Search {
            request_id: RequestId(number),
            asker,
            rooms: Vec::new(),
            words: "word".into(),
            filter: Default::default(),
            before: None,
            limit: 1,
            bytes_max: 1,
        }
    }
}
