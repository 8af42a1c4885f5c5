//! Searching the database in steps, so that searches can take turns.

use std::mem;
use std::sync::Arc;

use rusqlite::{Connection, params};

use super::super::matching::{Candidate, Matching};
use super::super::page::{Budget, message_bytes};
use super::super::search::{self, RoomHits};
use super::read::StoredRoom;
use super::room_table;
use super::row::{ACCOUNT, key};
use crate::chat::record::{Search, SearchPage, StoredMessage};

/// A search on its way: one room after the other, each from its newest message down.
///
/// Each step reads from one snapshot. What is changed between two steps is taken out of the results
/// by [`super::running_searches`].
#[derive(Debug)]
pub(super) struct Searching {
    search: Search,
    matching: Matching,
    /// The query for the index, if it has anything of the words.
    expression: Option<String>,
    /// The number of entries to scan in each room.
    scan_max: u64,
    done: Vec<RoomHits>,
    room: InRoom,
}

/// The progress of a search in a room.
#[derive(Debug)]
struct InRoom {
    found: Vec<StoredMessage>,
    budget: Budget,
    /// The `seq` from which it goes on downwards; `None` before the first step.
    last: Option<u64>,
    /// The numbers of entries to scan, and of messages from the index to check.
    scan_left: u64,
    checks_left: u64,
}

/// The work left in a room after a step.
enum Left {
    /// It goes on below.
    More,
    /// The room is done; whether there may be more in it.
    Nothing { cut: bool },
}

impl Searching {
    /// Prepares a search that scans `scan_max` entries where there is no index.
    pub(super) fn new(search: Search, scan_max: usize) -> Self {
        let matching = Matching::new(&search);
        let scan_max = search::scan_share(scan_max, &search) as u64;
        let room = InRoom::new(&search, scan_max);
        let expression = matching.expression();
        Self { search, matching, expression, scan_max, done: Vec::new(), room }
    }

    /// Returns what was asked.
    pub(super) fn search(&self) -> &Search {
        &self.search
    }

    /// Searches a bit further; returns the results at the end.
    pub(super) fn step(&mut self, db: &Connection) -> rusqlite::Result<Option<SearchPage>> {
        let snapshot = db.unchecked_transaction()?;
        let Self { search, matching, expression, scan_max, done, room: at } = self;
        let query = Query { matching, expression: expression.as_deref() };
        let mut work = STEP;
        while work > 0
            && !matching.is_empty()
            && let Some(name) = search.rooms.get(done.len())
        {
            work = work.saturating_sub(ROOM);
            let left = match room_table::find(&snapshot, name)? {
                Some(room) => {
                    at.step(&StoredRoom { db: &snapshot, room }, search, &query, &mut work)?
                }
                None => Left::Nothing { cut: false },
            };
            if let Left::Nothing { cut: more } = left {
                let found = mem::replace(at, InRoom::new(search, *scan_max)).found;
                done.push(RoomHits { room: Arc::clone(name), found, more });
            }
        }
        let ends = matching.is_empty() || done.len() == search.rooms.len();
        Ok(ends.then(|| search::merge(search, mem::take(done))))
    }
}

/// The query of a search.
struct Query<'a> {
    matching: &'a Matching,
    expression: Option<&'a str>,
}

impl InRoom {
    fn new(search: &Search, scan_max: u64) -> Self {
        let budget = Budget::new(search.limit, search.bytes_max);
        Self { found: Vec::new(), budget, last: None, scan_left: scan_max, checks_left: CHECKS_MAX }
    }

    /// Looks at some of the entries that are left, those above the index first.
    fn step(
        &mut self,
        source: &StoredRoom<'_>,
        search: &Search,
        query: &Query<'_>,
        work: &mut u64,
    ) -> rusqlite::Result<Left> {
        let room = &source.room;
        let before = search.before.map_or(room.top, |before| before.saturating_sub(1));
        let last = self.last.unwrap_or(before).min(room.top);
        if last < room.first {
            return Ok(Left::Nothing { cut: false });
        }
        let indexed = if query.expression.is_some() { room.searched } else { 0 };
        let (least, fits) = match query.expression {
            Some(expression) if last <= indexed => {
                self.step_index(source, last, query.matching, expression, work)?
            }
            _ => {
                let least = room.first.max(indexed.saturating_add(1));
                self.step_scan(source, least, last, query.matching, work)?
            }
        };
        self.last = Some(least.saturating_sub(1));
        Ok(match (least <= room.first, fits) {
            (_, false) => Left::Nothing { cut: true },
            (true, true) => Left::Nothing { cut: false },
            (false, true) => Left::More,
        })
    }

    /// Looks at entries one by one, down to `least`; returns where it ended, and whether there is
    /// space for more.
    fn step_scan(
        &mut self,
        source: &StoredRoom<'_>,
        least: u64,
        last: u64,
        matching: &Matching,
        work: &mut u64,
    ) -> rusqlite::Result<(u64, bool)> {
        let entries = self.scan_left.min((*work).max(1));
        if entries == 0 {
            return Ok((last, false));
        }
        let least = least.max(last.saturating_sub(entries.saturating_sub(1)));
        let scanned = last.saturating_sub(least).saturating_add(1);
        self.scan_left = self.scan_left.saturating_sub(scanned);
        *work = work.saturating_sub(scanned);
        let mut statement = source.db.prepare_cached(&format!(
            "SELECT entry, ts, sender, text, reply_to, expires, gone, edit, changed, {ACCOUNT},
                    files
             FROM entries
             WHERE entry BETWEEN ?1 AND ?2 AND kind = 0 AND gone IS NULL ORDER BY entry DESC"
        ))?;
        let number = source.room.number;
        let mut rows = statement.query([key(number, least), key(number, last)])?;
        while let Some(row) = rows.next()? {
            let said = source.said(row)?;
            if matching.takes(Candidate::of(&said)) && !self.take(said) {
                return Ok((least, false));
            }
        }
        Ok((least, true))
    }

    /// Looks at the messages that the index names, in a range below `last`; returns where it ended,
    /// and whether there is space for more.
    fn step_index(
        &mut self,
        source: &StoredRoom<'_>,
        last: u64,
        matching: &Matching,
        expression: &str,
        work: &mut u64,
    ) -> rusqlite::Result<(u64, bool)> {
        *work = work.saturating_sub(RANGE_WORK);
        let (number, first) = (source.room.number, source.room.first);
        let least = first.max(last.saturating_sub(RANGE.saturating_sub(1)));
        let mut statement = source.db.prepare_cached(&format!(
            "SELECT entry, ts, sender, entries.text, reply_to, expires, gone, edit, changed,
             {ACCOUNT}, files FROM search CROSS JOIN entries ON entry = search.rowid
             WHERE search MATCH ?3 AND search.rowid BETWEEN ?1 AND ?2
             AND kind = 0 AND gone IS NULL ORDER BY search.rowid DESC"
        ))?;
        let (from, to) = (key(number, least), key(number, last));
        let mut rows = statement.query(params![from, to, expression])?;
        while let Some(row) = rows.next()? {
            let said = source.said(row)?;
            let mid = said.mid;
            *work = work.saturating_sub(1);
            self.checks_left = self.checks_left.saturating_sub(1);
            if matching.takes(Candidate::of(&said)) && !self.take(said) || self.checks_left == 0 {
                return Ok((mid, false));
            }
            if *work == 0 {
                return Ok((mid, true));
            }
        }
        Ok((least, true))
    }

    fn take(&mut self, said: StoredMessage) -> bool {
        let takes = self.budget.take(message_bytes(&said));
        if takes {
            self.found.push(said);
        }
        takes
    }
}

/// The work of a step, in entries looked at: a few milliseconds.
const STEP: u64 = 2048;
/// The work of looking a room up, and of asking the index about a range of this many entries.
const ROOM: u64 = 8;
const RANGE_WORK: u64 = 64;
const RANGE: u64 = 1 << 16;
/// Messages that the index names and a search looks at in one room. Then the search of the room
/// ends, and there may be more.
const CHECKS_MAX: u64 = 50_000;
