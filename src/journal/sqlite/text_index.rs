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

use std::collections::BTreeSet;
use std::mem;
use std::sync::Arc;

use rusqlite::{Connection, params};

use super::room_table::{RoomRow, RoomTable};
use super::row::{int, key};
use crate::chat::record::RoomKey;

/// What is not in the index.
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
}

impl TextIndex {
    pub(super) fn new(rooms: &RoomTable, behind_max: u64) -> Self {
        let (mut late, mut behind) = (BTreeSet::new(), 0_u64);
        for (name, room) in rooms.iter().filter(|(_, room)| room.unindexed() > 0) {
            late.insert(Arc::clone(name));
            behind = behind.saturating_add(room.unindexed());
        }
        Self { rooms: late, behind, behind_max, indexed: 0, added: 0 }
    }

    /// Counts a new entry of a room.
    pub(super) fn on_entry(&mut self, room: &RoomKey) {
        self.behind = self.behind.saturating_add(1);
        self.added = self.added.saturating_add(1);
        if !self.rooms.contains(room) {
            self.rooms.insert(Arc::clone(room));
        }
    }

    /// Whether enough entries are behind to index some.
    pub(super) fn lags(&self) -> bool {
        self.behind > self.behind_max
    }

    /// Whether a batch is due after a transaction of so many tasks.
    pub(super) fn is_due(&self, tasks: usize) -> bool {
        // While many tasks wait for their commits, they come first.
        self.lags()
            && tasks <= BUSY_TASKS
            && self.added.saturating_mul(PACE) >= BATCH_BETWEEN_APPENDS
    }

    /// Takes note that the transaction is committed.
    pub(super) fn commit(&mut self) {
        self.indexed = 0;
    }

    /// Takes note that the transaction, which added `added` entries, is rolled back.
    pub(super) fn roll_back(&mut self, dirty: &BTreeSet<RoomKey>, added: u64) {
        let behind = self.behind.saturating_add(mem::take(&mut self.indexed));
        self.behind = behind.saturating_sub(added);
        self.rooms.extend(dirty.iter().map(Arc::clone));
    }

    /// Indexes a batch of messages, with a transaction that adds `added` entries.
    pub(super) fn index(
        &mut self,
        db: &Connection,
        rooms: &mut RoomTable,
        mut batch: u64,
        added: u64,
    ) -> rusqlite::Result<()> {
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
                "INSERT INTO search (rowid, text) SELECT entry, coalesce(edit, text) FROM entries
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
         SELECT 'delete', entry, coalesce(edit, text) FROM entries
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
    let mut statement = db.prepare_cached("INSERT INTO search (rowid, text) VALUES (?1, ?2)")?;
    statement.execute(params![key(room.number, mid), text])?;
    Ok(())
}

/// The number of messages indexed at once between appends.
pub(super) const BATCH_BETWEEN_APPENDS: u64 = 64;
/// The number of messages indexed at once while the worker is idle.
pub(super) const BATCH_WHEN_IDLE: u64 = 256;
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
        let mut index = TextIndex::new(&RoomTable::default(), 0);
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
