//! The full text index, and how it is kept up to date.
//!
//! To index each message with its own commit would cost the appends about as much as writing it.
//! So the index lags behind: a room knows up to which `seq` its messages are indexed, and a search
//! scans those above. They are indexed in transactions of their own: in small batches between the
//! appends, a few times as many messages as were added since, so that no append waits long; in
//! larger ones while the worker is idle. The same goes for the whole of a journal that comes from
//! a version without an index. While many tasks wait, nothing is indexed, until about a million
//! messages are behind: then a batch goes with each commit. An entry that changes an indexed message
//! changes the index in the same transaction. Each batch becomes a segment of the index; segments
//! are merged a few pages at a time, with the next batch.
//!
//! An index that was made by another way of folding is *stale*: it is set aside at the start, its
//! pages are overwritten a few at a time, and the new one is built like that of an old journal.

use std::collections::BTreeSet;
use std::mem;
use std::sync::Arc;

use rusqlite::{Connection, params};

use super::room_table::{RoomRow, RoomTable};
use super::row::{int, key};
use crate::chat::record::RoomKey;

/// Entries that are not in the index.
#[derive(Debug)]
pub(super) struct TextIndex {
    /// The rooms with entries that are not indexed, and maybe some without.
    rooms: BTreeSet<RoomKey>,
    /// The number of entries that are not indexed, roughly.
    behind: u64,
    /// The number of entries that may be behind.
    behind_max: u64,
    /// The number of entries that this transaction indexes.
    indexed: u64,
    /// The number of entries added since the last batch.
    added: u64,
    /// The remains of a stale index.
    stale: Stale,
    /// The index being built at this start.
    build: Option<Build>,
    state: State,
}

/// Whether batches are indexed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    On,
    /// The batch of this transaction failed.
    Failed,
    /// A batch failed, and none is tried any more.
    Off,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stale {
    Nothing,
    Some,
    /// This transaction drops it.
    Dropped,
}

/// How far an index has come that was far behind at the start.
#[derive(Debug)]
struct Build {
    entries: u64,
    tenths: u64,
}

impl TextIndex {
    pub(super) fn new(
        db: &Connection,
        rooms: &RoomTable,
        behind_max: u64,
    ) -> rusqlite::Result<Self> {
        let (mut late, mut behind) = (BTreeSet::new(), 0_u64);
        for (name, room) in rooms.iter().filter(|(_, room)| room.unindexed() > 0) {
            late.insert(Arc::clone(name));
            behind = behind.saturating_add(room.unindexed());
        }
        let sql = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'stale_search')";
        let stale = match db.query_row(sql, [], |row| row.get(0))? {
            true => Stale::Some,
            false => Stale::Nothing,
        };
        let build = (behind > behind_max.saturating_mul(2)).then(|| {
            tracing::info!(entries = behind, "building the search index");
            Build { entries: behind, tenths: 0 }
        });
        let state = State::On;
        Ok(Self { rooms: late, behind, behind_max, indexed: 0, added: 0, stale, build, state })
    }

    /// Counts a new entry of a room.
    pub(super) fn on_entry(&mut self, room: &RoomKey) {
        self.behind = self.behind.saturating_add(1);
        self.added = self.added.saturating_add(1);
        if !self.rooms.contains(room) {
            self.rooms.insert(Arc::clone(room));
        }
    }

    /// Takes note that this many entries will not be indexed any more, for their room is removed.
    pub(super) fn on_removed(&mut self, unindexed: u64) {
        let unindexed = unindexed.min(self.behind);
        self.indexed = self.indexed.saturating_add(unindexed);
        self.behind = self.behind.saturating_sub(unindexed);
    }

    /// Whether there is work for a batch.
    pub(super) fn lags(&self) -> bool {
        self.state != State::Off && (self.is_behind() || self.stale == Stale::Some)
    }

    /// Stops indexing until the next start if it is why the transaction failed; returns whether it
    /// is. Searches scan what is not indexed.
    pub(super) fn give_up(&mut self) -> bool {
        let failed = self.state == State::Failed;
        if failed {
            self.state = State::Off;
            self.build = None;
        }
        failed
    }

    /// Whether enough entries are behind to index some.
    fn is_behind(&self) -> bool {
        self.behind > self.behind_max
    }

    /// Whether a batch is due after a transaction of so many tasks.
    pub(super) fn is_due(&self, tasks: usize) -> bool {
        // While many tasks wait for their commits, they come first.
        self.lags()
            && tasks <= BUSY_TASKS
            && self.added.saturating_mul(PACE) >= BATCH_BETWEEN_APPENDS
    }

    /// Records that the transaction was committed.
    pub(super) fn commit(&mut self) {
        self.indexed = 0;
        if self.stale == Stale::Dropped {
            self.stale = Stale::Nothing;
        }
        self.tell_progress();
    }

    fn tell_progress(&mut self) {
        let (behind, built) = (self.behind, !self.is_behind());
        let Some(build) = &mut self.build else { return };
        let done = build.entries.saturating_sub(behind);
        let tenths = done.saturating_mul(10).checked_div(build.entries).unwrap_or(10);
        if built {
            tracing::info!("the search index is built");
            self.build = None;
        } else if tenths > build.tenths {
            build.tenths = tenths;
            tracing::info!(percent = tenths.saturating_mul(10), "building the search index");
        }
    }

    /// Records that the transaction, which added `added` entries, was rolled back.
    pub(super) fn roll_back(&mut self, dirty: &BTreeSet<RoomKey>, added: u64) {
        let behind = self.behind.saturating_add(mem::take(&mut self.indexed));
        self.behind = behind.saturating_sub(added);
        if self.stale == Stale::Dropped {
            self.stale = Stale::Some;
        }
        if self.state == State::Failed {
            self.state = State::On;
        }
        self.rooms.extend(dirty.iter().map(Arc::clone));
    }

    /// Indexes a batch of messages, with a transaction that adds `added` entries.
    pub(super) fn index(
        &mut self,
        db: &Connection,
        rooms: &mut RoomTable,
        batch: u64,
        added: u64,
    ) -> rusqlite::Result<()> {
        if self.state == State::Off {
            return Ok(());
        }
        let indexed = self.index_batch(db, rooms, batch, added);
        self.state = if indexed.is_ok() { State::On } else { State::Failed };
        indexed
    }

    fn index_batch(
        &mut self,
        db: &Connection,
        rooms: &mut RoomTable,
        mut batch: u64,
        added: u64,
    ) -> rusqlite::Result<()> {
        if self.stale == Stale::Some {
            self.clear_stale(db, if batch > 0 { STALE_PAGES } else { STALE_PAGES_WHEN_BUSY })?;
            if !self.is_behind() {
                return Ok(());
            }
        }
        if self.behind / CATCH_UP_FACTOR > self.behind_max {
            batch = batch.max(added.saturating_mul(2));
        }
        if batch == 0 || self.behind == 0 {
            return Ok(());
        }
        self.added = 0;
        let merged = batch.div_ceil(MESSAGES_PER_PAGE);
        while batch > 0
            && self.behind > 0
            && let Some(name) = self.rooms.first().map(Arc::clone)
        {
            let room = rooms.get(db, &name)?.filter(|room| room.searched < room.top);
            let Some(mut room) = room else {
                self.rooms.remove(&name);
                continue;
            };
            let before = room.searched;
            // Pruned messages are not there to be indexed.
            let from = room.first.max(before.saturating_add(1));
            let end = from.saturating_add(batch);
            room.searched = room.top.min(end.saturating_sub(1));
            let mut insert = db.prepare_cached(
                "INSERT INTO search (rowid, text)
                 SELECT entry, index_text(coalesce(edit, text)) FROM entries
                 WHERE entry BETWEEN ?1 AND ?2 AND kind = 0 AND gone IS NULL",
            )?;
            insert.execute([key(room.number, from), key(room.number, room.searched)])?;
            batch = end.saturating_sub(room.searched).saturating_sub(1);
            let done = room.searched.saturating_sub(before).min(self.behind);
            self.indexed = self.indexed.saturating_add(done);
            self.behind = self.behind.saturating_sub(done);
            rooms.put(&name, room);
        }
        let mut merge =
            db.prepare_cached("INSERT INTO search (search, rank) VALUES ('merge', ?1)")?;
        merge.execute([int(merged)])?;
        Ok(())
    }

    /// Overwrites some pages of a stale index, and drops it after the last one.
    fn clear_stale(&mut self, db: &Connection, pages: i64) -> rusqlite::Result<()> {
        let mut data = db.prepare_cached(
            "DELETE FROM stale_search_data
             WHERE id IN (SELECT id FROM stale_search_data ORDER BY id DESC LIMIT ?1)",
        )?;
        let mut terms = db.prepare_cached(
            "DELETE FROM stale_search_idx WHERE (segid, term) IN
             (SELECT segid, term FROM stale_search_idx LIMIT ?1)",
        )?;
        if data.execute([pages])?.saturating_add(terms.execute([pages])?) == 0 {
            drop((data, terms));
            db.flush_prepared_statement_cache();
            db.execute_batch("DROP TABLE stale_search")?;
            self.stale = Stale::Dropped;
        }
        Ok(())
    }
}

/// Removes messages of a room from the index. Called before their text changes, for the index needs
/// the text that it has indexed.
pub(super) fn remove(db: &Connection, room: &RoomRow, from: u64, to: u64) -> rusqlite::Result<()> {
    let to = to.min(room.searched);
    if from > to {
        return Ok(());
    }
    let mut statement = db.prepare_cached(
        "INSERT INTO search (search, rowid, text)
         SELECT 'delete', entry, index_text(coalesce(edit, text)) FROM entries
         WHERE entry BETWEEN ?1 AND ?2 AND kind = 0 AND gone IS NULL",
    )?;
    statement.execute([key(room.number, from), key(room.number, to)])?;
    Ok(())
}

/// Indexes a message again, after its text has changed.
pub(super) fn restore(
    db: &Connection,
    room: &RoomRow,
    mid: u64,
    text: &str,
) -> rusqlite::Result<()> {
    if mid > room.searched {
        return Ok(());
    }
    let mut statement =
        db.prepare_cached("INSERT INTO search (rowid, text) VALUES (?1, index_text(?2))")?;
    statement.execute(params![key(room.number, mid), text])?;
    Ok(())
}

/// The number of messages indexed at once between appends.
pub(super) const BATCH_BETWEEN_APPENDS: u64 = 64;
/// The number of messages indexed at once while the worker is idle.
pub(super) const BATCH_WHEN_IDLE: u64 = 256;
/// The number of pages of a stale index that are overwritten with a batch, and with a commit while
/// others wait.
const STALE_PAGES: i64 = 64;
const STALE_PAGES_WHEN_BUSY: i64 = 4;
/// The number of messages indexed between appends for each that was added.
const PACE: u64 = 4;
/// The number of messages indexed for each page (of 4 KiB) that is merged. A message takes some
/// 60 bytes, and is written once more in each of six to eight levels.
const MESSAGES_PER_PAGE: u64 = 4;
/// A commit with more tasks than this has others waiting behind it.
const BUSY_TASKS: usize = 32;
/// When the index is this many times too far behind, each commit indexes more than it adds.
const CATCH_UP_FACTOR: u64 = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_due_once_enough_messages_were_added() {
        let db = Connection::open_in_memory().unwrap();
        let mut index = TextIndex::new(&db, &RoomTable::default(), 0).unwrap();
        let room = RoomKey::from("lobby");
        for _ in 0..BATCH_BETWEEN_APPENDS / PACE {
            assert!(!index.is_due(1));
            index.on_entry(&room);
        }
        assert!(index.is_due(1) && index.is_due(BUSY_TASKS) && !index.is_due(BUSY_TASKS + 1));
        // Each batch starts the count anew.
        index.added = 0;
        assert!(!index.is_due(1));
    }
}
