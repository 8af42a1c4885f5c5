//! Searching the database, and keeping results in line with the responses.

use std::sync::Arc;

use rusqlite::Connection;

use super::super::history::StoredEntry;
use super::super::page::{Budget, message_bytes};
use super::super::search::{self, RoomHits, Terms};
use super::read::StoredRoom;
use super::room_table;
use super::row::key;
use crate::chat::record::{Change, RoomKey, Search, SearchPage, StoredMessage};

/// Finds messages in one snapshot. Scans `scan_max` entries that are not in the index.
pub(super) fn find(
    db: &Connection,
    search: &Search,
    scan_max: usize,
) -> rusqlite::Result<SearchPage> {
    let terms = Terms::parse(&search.words);
    let mut rooms = Vec::new();
    if !terms.is_empty() {
        let snapshot = db.unchecked_transaction()?;
        let scan_max = search::scan_share(scan_max, search);
        for name in &search.rooms {
            let Some(room) = room_table::find(&snapshot, name)? else { continue };
            let source = StoredRoom { db: &snapshot, room };
            let (found, more) = source.search(search, &terms, scan_max)?;
            rooms.push(RoomHits { room: Arc::clone(name), found, more });
        }
    }
    Ok(search::merge(search, rooms))
}

impl StoredRoom<'_> {
    fn search(
        &self,
        search: &Search,
        terms: &Terms,
        scan_max: usize,
    ) -> rusqlite::Result<(Vec<StoredMessage>, bool)> {
        let room = &self.room;
        let last = search.before.map_or(room.top, |before| before.saturating_sub(1).min(room.top));
        let mut found = Vec::new();
        let mut budget = Budget::new(search.limit, search.bytes_max);
        let mut take = |said: StoredMessage| {
            let takes = budget.take(message_bytes(&said));
            if takes {
                found.push(said);
            }
            takes
        };
        let late = room.first.max(room.searched.saturating_add(1));
        let least = late.max(last.saturating_sub(scan_max as u64).saturating_add(1));
        let mut statement = self.db.prepare_cached(
            "SELECT entry, ts, sender, text, reply_to, expires, gone, edit, changed FROM entries
             WHERE entry BETWEEN ?1 AND ?2 AND kind = 0 AND gone IS NULL ORDER BY entry DESC",
        )?;
        let mut rows = statement.query([key(room.number, least), key(room.number, last)])?;
        while let Some(row) = rows.next()? {
            let said = self.said(row)?;
            if terms.is_in(&said.content) && !take(said) {
                return Ok((found, true));
            }
        }
        if late < least {
            return Ok((found, true));
        }
        let mut statement = self.db.prepare_cached(
            "SELECT entry, ts, sender, entries.text, reply_to, expires, gone, edit, changed
             FROM search CROSS JOIN entries ON entry = search.rowid
             WHERE search MATCH ?3 AND search.rowid BETWEEN ?1 AND ?2
             AND kind = 0 AND gone IS NULL ORDER BY search.rowid DESC",
        )?;
        let (from, to) = (key(room.number, room.first), key(room.number, last.min(room.searched)));
        let mut rows = statement.query(rusqlite::params![from, to, terms.expression()])?;
        while let Some(row) = rows.next()? {
            if !take(self.said(row)?) {
                return Ok((found, true));
            }
        }
        Ok((found, false))
    }
}

/// The changes reported while searches run. Results that are older than those must not be shown.
#[derive(Debug, Default)]
pub(super) struct RunningSearches {
    underway: usize,
    revised: Vec<Revision>,
}

/// A reported change.
#[derive(Debug)]
enum Revision {
    /// The entry `seq` edits or deletes the message `mid`.
    Message { room: RoomKey, mid: u64, seq: u64 },
    /// The entries below `first` were pruned.
    Pruned { room: RoomKey, first: u64 },
}

impl RunningSearches {
    /// Begins a search, if fewer than `max` are running.
    pub(super) fn begin(&mut self, max: usize) -> bool {
        let begins = self.underway < max;
        self.underway = self.underway.saturating_add(usize::from(begins));
        begins
    }

    /// Returns the number of searches without a response.
    pub(super) fn underway(&self) -> usize {
        self.underway
    }

    /// Notes an entry that was reported.
    pub(super) fn on_entry(&mut self, room: &RoomKey, stored: &StoredEntry) {
        if let Change::Edited { mid, .. } | Change::Deleted { mid, .. } = stored.entry.change
            && self.underway > 0
        {
            let (room, seq) = (Arc::clone(room), stored.entry.seq);
            self.revised.push(Revision::Message { room, mid, seq });
        }
    }

    /// Notes that entries were pruned.
    pub(super) fn on_pruned(&mut self, room: &RoomKey, first: u64) {
        if self.underway > 0 {
            self.revised.push(Revision::Pruned { room: Arc::clone(room), first });
        }
    }

    /// Ends a search: removes the hits that are out of date.
    pub(super) fn end(&mut self, page: Option<&mut SearchPage>, unix_ms: u64) {
        self.underway = self.underway.saturating_sub(1);
        if let Some(SearchPage { hits, .. }) = page {
            hits.retain(|hit| {
                let stale = self.revised.iter().any(|revised| match revised {
                    Revision::Message { room, mid, seq } => {
                        *mid == hit.said.mid && *seq > hit.said.seq && *room == hit.room
                    }
                    Revision::Pruned { room, first } => hit.said.mid < *first && *room == hit.room,
                });
                !stale && hit.said.expires.is_none_or(|expires| expires > unix_ms)
            });
        }
        if self.underway == 0 {
            self.revised = Vec::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::record::{AuthorKey, DeletionReason, Entry, Hit, RequestId};

    #[test]
    fn what_was_changed_since_it_was_found_is_left_out() {
        let room = RoomKey::from("lobby");
        let hit = |mid, expires| Hit {
            room: RoomKey::from("lobby"),
            said: StoredMessage {
                mid,
                seq: mid,
                ts: 1,
                sender: "Alice".into(),
                content: "word".into(),
                reply_to: None,
                expires,
                deleted: None,
                edited: false,
                reactions: Vec::new(),
            },
        };
        let stored = |seq, change| StoredEntry {
            author: AuthorKey([1; 16]),
            entry: Entry { seq, ts: 1, sender: "Alice".into(), change },
        };
        let mut searches = RunningSearches::default();
        assert!(searches.begin(1) && !searches.begin(1));
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
        searches.end(Some(&mut page), 50);
        let mids: Vec<u64> = page.hits.iter().map(|hit| hit.said.mid).collect();
        assert_eq!(mids, [7, 4, 9, 6]);
        assert_eq!((searches.underway(), searches.revised.len()), (0, 0));
    }
}
