//! The index of words, and how it is kept.
//!
//! To index each message with its own commit would cost the appends about as much as writing it.
//! So the index lags behind: a room knows up to which `seq` its messages are in it, and a search
//! looks through what is above one by one. They go in by transactions of their own: small ones
//! between the appends, a few times as many messages as were added since, so that nobody waits
//! long; larger ones while there is nothing else to do. So does the whole record of a journal that
//! comes from a version without an index. While many messages wait for their commits nothing goes
//! in, until about a million are out: then some go in with each commit. Whatever changes a message
//! that is in the index changes the index in the same transaction. What goes in is a part of the
//! index of its own; parts are merged a few pages at a time, with what goes in next.

use std::collections::{BTreeSet, HashMap};
use std::mem;
use std::sync::Arc;

use rusqlite::{Connection, params};

use super::row::{int, key};
use super::schema::RoomRow;
use super::write::Writer;
use crate::chat::record::RoomKey;

/// Knows what is not in the index.
#[derive(Debug)]
pub(super) struct Lag {
    /// At least the rooms that have something.
    rooms: BTreeSet<RoomKey>,
    /// How many entries that is in all, roughly.
    entries: u64,
    /// How many this transaction takes off.
    indexed: u64,
    /// How many were added since some were last indexed.
    since: u64,
}

impl Lag {
    pub(super) fn new(rooms: &HashMap<RoomKey, RoomRow>) -> Self {
        let behind = |room: &RoomRow| room.top.saturating_sub(room.searched);
        let late = rooms.iter().filter(|(_, room)| behind(room) > 0);
        let names = late.map(|(name, _)| Arc::clone(name)).collect();
        Self { rooms: names, entries: rooms.values().map(behind).sum(), indexed: 0, since: 0 }
    }

    /// Notes that a room has another entry.
    pub(super) fn count(&mut self, room: &RoomKey) {
        self.entries += 1;
        self.since += 1;
        if !self.rooms.contains(room) {
            self.rooms.insert(Arc::clone(room));
        }
    }

    /// Says whether enough has come in since, and nobody is kept waiting by indexing some of it after
    /// so many tasks.
    fn is_due(&self, tasks: usize) -> bool {
        // As long as many wait for their commits, they come first.
        tasks <= QUEUED_TASKS_MAX && self.since.saturating_mul(PACE) >= BATCH_BETWEEN_APPENDS
    }

    /// The transaction came through.
    pub(super) fn commit(&mut self) {
        self.indexed = 0;
    }

    /// The transaction, which added so many entries, is taken back.
    pub(super) fn roll_back(&mut self, dirty: &BTreeSet<RoomKey>, added: u64) {
        self.entries = (self.entries + mem::take(&mut self.indexed)).saturating_sub(added);
        self.rooms.extend(dirty.iter().map(Arc::clone));
    }
}

impl Writer {
    /// Says whether there is enough to index.
    pub(super) fn lags(&self) -> bool {
        self.lag.entries > self.limits.unsearched_entries_max
    }

    /// Says whether it is time to index some, after a transaction of so many tasks.
    pub(super) fn lags_after(&self, tasks: usize) -> bool {
        self.lags() && self.lag.is_due(tasks)
    }

    /// Puts so many messages into the index, with a transaction that adds so many entries.
    pub(super) fn index(&mut self, mut step: u64, added: u64) -> rusqlite::Result<()> {
        if self.lag.entries / CATCH_UP_FACTOR > self.limits.unsearched_entries_max {
            step = step.max(added.saturating_mul(2));
        }
        if step == 0 || self.lag.entries == 0 {
            return Ok(());
        }
        self.lag.since = 0;
        let merged = step.div_ceil(PER_PAGE);
        while step > 0
            && self.lag.entries > 0
            && let Some(name) = self.lag.rooms.first().map(Arc::clone)
        {
            let room = self.room(&name)?.filter(|room| room.searched < room.top);
            let Some(mut room) = room else {
                self.lag.rooms.remove(&name);
                continue;
            };
            let before = room.searched;
            // What was pruned is not there to be indexed.
            let from = room.first.max(before + 1);
            room.searched = room.top.min(from - 1 + step);
            let mut insert = self.db.prepare_cached(
                "INSERT INTO search (rowid, text) SELECT entry, coalesce(edit, text) FROM entries
                 WHERE entry BETWEEN ?1 AND ?2 AND kind = 0 AND gone IS NULL",
            )?;
            insert.execute([key(room.number, from), key(room.number, room.searched)])?;
            drop(insert);
            step = step.saturating_sub(room.searched + 1 - from);
            let done = room.searched - before;
            self.lag.indexed += done.min(self.lag.entries);
            self.lag.entries = self.lag.entries.saturating_sub(done);
            self.put(&name, room);
        }
        let mut merge =
            self.db.prepare_cached("INSERT INTO search (search, rank) VALUES ('merge', ?1)")?;
        merge.execute([int(merged)])?;
        Ok(())
    }
}

/// Takes messages of a room out of the index: before their text changes, for the index has to be
/// told what is in it.
pub(super) fn take_out(
    db: &Connection,
    room: &RoomRow,
    from: u64,
    to: u64,
) -> rusqlite::Result<()> {
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

/// Puts a message into the index again, after its text was changed.
pub(super) fn put_back(
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

/// So many entries go into the index at once between appends.
pub(super) const BATCH_BETWEEN_APPENDS: u64 = 64;
/// So many go into it at once while there is nothing else to do.
pub(super) const BATCH_WHEN_IDLE: u64 = 256;
/// So many times as many go in between appends as were added.
const PACE: u64 = 4;
/// For so many messages that go in, a page (of 4 KiB) of the index is merged. A message takes some
/// 60 bytes, and comes to be written once more in each of six to eight levels.
const PER_PAGE: u64 = 4;
/// A commit with more tasks than this has others waiting behind it.
const QUEUED_TASKS_MAX: usize = 32;
/// When so many times too much is not in the index, more goes in with each commit than it adds.
const CATCH_UP_FACTOR: u64 = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_messages_go_in_for_each_that_comes() {
        let mut lag = Lag::new(&HashMap::new());
        let room = RoomKey::from("lobby");
        for _ in 0..BATCH_BETWEEN_APPENDS / PACE {
            assert!(!lag.is_due(1));
            lag.count(&room);
        }
        assert!(lag.is_due(1) && lag.is_due(QUEUED_TASKS_MAX) && !lag.is_due(QUEUED_TASKS_MAX + 1));
        // Indexing some starts the count anew.
        lag.since = 0;
        assert!(!lag.is_due(1));
    }
}
