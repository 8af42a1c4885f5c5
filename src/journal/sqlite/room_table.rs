//! The table of rooms, and its rows as the writer knows them.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;
use std::sync::Arc;

use foldhash::HashMap;
use rusqlite::{Connection, OptionalExtension as _};

use super::row::{RoomNumber, SEQ_MAX, int, nat};
use crate::chat::record::{RoomKey, RoomRecord};

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RoomRow {
    pub(super) number: RoomNumber,
    /// The first `seq` that is stored; one more than `top` if none is.
    pub(super) first: u64,
    /// The newest `seq`.
    pub(super) top: u64,
    /// The number of stored messages.
    pub(super) messages: u64,
    /// Messages up to this `seq` are in the text index.
    pub(super) searched: u64,
    /// When the first stored entry was made, if pruning has looked; else 0.
    pub(super) oldest: u64,
    /// Whether the room was removed and not made again: it has no name.
    pub(super) removed: bool,
}

impl RoomRow {
    /// Returns the `seq` of the room's next entry.
    pub(super) fn next(&self) -> u64 {
        self.top.saturating_add(1)
    }

    /// Returns a room that was removed and is made again, under this name.
    pub(super) fn named(self, db: &Connection, name: &str) -> rusqlite::Result<Self> {
        let mut statement = db.prepare_cached("UPDATE rooms SET name = ?2 WHERE room = ?1")?;
        statement.execute((self.number, name))?;
        Ok(Self { removed: false, ..self })
    }

    /// Whether no more entries can be numbered.
    pub(super) fn is_full(&self) -> bool {
        int(self.top) >= SEQ_MAX
    }

    /// Whether pruning has to look at the room.
    fn may_be_pruned(&self, messages_max: u64, cutoff: u64) -> bool {
        self.first <= self.top && (self.messages > messages_max || self.oldest < cutoff)
    }

    /// Returns the number of entries that are not in the text index, roughly.
    pub(super) fn unindexed(&self) -> u64 {
        self.top.saturating_sub(self.searched)
    }
}

/// Reads a room.
pub(super) fn find(db: &Connection, key: &str) -> rusqlite::Result<Option<RoomRow>> {
    let mut statement = db.prepare_cached(
        "SELECT room, first, top, messages, searched, name = '' FROM rooms WHERE key = ?1",
    )?;
    let row = statement.query_row([key], |row| {
        Ok(RoomRow {
            number: row.get(0)?,
            first: nat(row.get(1)?),
            top: nat(row.get(2)?),
            messages: nat(row.get(3)?),
            searched: nat(row.get(4)?),
            oldest: 0,
            removed: row.get(5)?,
        })
    });
    row.optional()
}

/// Reads what is left of the removed room that had this number.
pub(super) fn removed(db: &Connection, number: RoomNumber) -> rusqlite::Result<Option<RoomRow>> {
    let sql = "SELECT first, top, searched FROM removed WHERE room = ?1";
    let row = db.prepare_cached(sql)?.query_row([number], |row| {
        let (first, top, searched) = (nat(row.get(0)?), nat(row.get(1)?), nat(row.get(2)?));
        let (messages, oldest, removed) = (0, 0, true);
        Ok(RoomRow { number, first, top, messages, searched, oldest, removed })
    });
    row.optional()
}

/// Reads all rooms: as the chat needs them, by key, and as the writer does.
pub(super) fn all(db: &Connection) -> rusqlite::Result<(Vec<RoomRecord>, RoomTable)> {
    let mut statement = db.prepare(
        "SELECT room, key, name, topic, first, top, messages, searched,
            (SELECT ts FROM entries WHERE entry <= rooms.room << 40 | rooms.top
                AND entry > rooms.room << 40 AND kind = 0 ORDER BY entry DESC LIMIT 1)
         FROM rooms ORDER BY key",
    )?;
    let mut rows = statement.query([])?;
    let (mut records, mut table) = (Vec::new(), RoomTable::default());
    while let Some(row) = rows.next()? {
        let key: RoomKey = row.get(1)?;
        let (number, top) = (row.get(0)?, nat(row.get(5)?));
        let (first, messages, searched) = (nat(row.get(4)?), nat(row.get(6)?), nat(row.get(7)?));
        let name: Arc<str> = row.get(2)?;
        let removed = name.is_empty();
        table.keys.insert(number, Arc::clone(&key));
        table.rows.insert(
            Arc::clone(&key),
            RoomRow { number, first, top, messages, searched, oldest: 0, removed },
        );
        let last = row.get::<_, Option<i64>>(8)?.map_or(0, nat);
        records.push(RoomRecord { key, name, top, topic: row.get(3)?, last });
    }
    Ok((records, table))
}

/// The rows as they will be once the transaction is committed.
#[derive(Debug, Default)]
pub(super) struct RoomTable {
    rows: HashMap<RoomKey, RoomRow>,
    keys: BTreeMap<RoomNumber, RoomKey>,
    /// The rooms that this transaction changes.
    dirty: BTreeSet<RoomKey>,
}

impl RoomTable {
    /// Returns a room.
    pub(super) fn get(
        &mut self,
        db: &Connection,
        key: &RoomKey,
    ) -> rusqlite::Result<Option<RoomRow>> {
        if let Some(row) = self.rows.get(key) {
            return Ok(Some(*row));
        }
        let row = find(db, key)?;
        if let Some(row) = row {
            self.rows.insert(Arc::clone(key), row);
        }
        Ok(row)
    }

    /// Adds a room without entries.
    pub(super) fn insert(
        &mut self,
        db: &Connection,
        key: &RoomKey,
        name: &str,
    ) -> rusqlite::Result<RoomRow> {
        let mut statement = db.prepare_cached("INSERT INTO rooms (key, name) VALUES (?1, ?2)")?;
        let number = statement.insert([&**key, name])?;
        self.keys.insert(number, Arc::clone(key));
        let (first, top, messages, searched, oldest) = (1, 0, 0, 0, 0);
        Ok(RoomRow { number, first, top, messages, searched, oldest, removed: false })
    }

    /// Notes that a room has another number.
    pub(super) fn renumber(&mut self, key: &RoomKey, row: RoomRow) {
        self.keys.insert(row.number, Arc::clone(key));
        self.put(key, row);
    }

    /// Changes a room, in the database with [`RoomTable::save`].
    pub(super) fn put(&mut self, key: &RoomKey, row: RoomRow) {
        self.rows.insert(Arc::clone(key), row);
        if !self.dirty.contains(key) {
            self.dirty.insert(Arc::clone(key));
        }
    }

    /// Returns the key of a room.
    pub(super) fn key(&self, number: RoomNumber) -> Option<&RoomKey> {
        self.keys.get(&number)
    }

    /// Notes when the first stored entry of a room was made.
    pub(super) fn note_oldest(&mut self, key: &RoomKey, oldest: u64) {
        if let Some(row) = self.rows.get_mut(key) {
            row.oldest = oldest;
        }
    }

    /// Returns some of the rooms after a number that pruning has to look at, and the number to go on
    /// after, if there are more.
    pub(super) fn prunable(
        &self,
        after: RoomNumber,
        messages_max: u64,
        cutoff: u64,
    ) -> (Vec<(RoomNumber, RoomKey)>, Option<RoomNumber>) {
        let mut found = Vec::new();
        let rooms = self.keys.range(after.saturating_add(1)..);
        for (looked_at, (number, key)) in rooms.enumerate() {
            if found.len() == PRUNABLE_MAX || looked_at == LOOKED_AT_MAX {
                return (found, Some(number.saturating_sub(1)));
            }
            let row = self.rows.get(key);
            if row.is_none_or(|row| row.may_be_pruned(messages_max, cutoff)) {
                found.push((*number, Arc::clone(key)));
            }
        }
        (found, None)
    }

    /// Whether an entry that was added is still stored.
    pub(super) fn stores(&self, number: RoomNumber, seq: u64) -> bool {
        let Some(key) = self.keys.get(&number) else { return false };
        // A room that was removed has another number.
        self.rows.get(key).is_none_or(|row| row.number == number && row.first <= seq)
    }

    /// Returns all rooms that are known.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&RoomKey, &RoomRow)> {
        self.rows.iter()
    }

    /// Returns the number of entries there have been in all rooms that are known.
    pub(super) fn entries(&self) -> u64 {
        self.rows.values().fold(0, |sum, row| sum.saturating_add(row.top))
    }

    /// Returns the rooms that this transaction changes.
    pub(super) fn dirty(&self) -> &BTreeSet<RoomKey> {
        &self.dirty
    }

    /// Writes the rooms that this transaction changes.
    pub(super) fn save(&self, db: &Connection) -> rusqlite::Result<()> {
        for row in self.dirty.iter().filter_map(|key| self.rows.get(key)) {
            let RoomRow { number, first, top, messages, searched, .. } = *row;
            let mut statement = db.prepare_cached(
                "UPDATE rooms SET first = ?2, top = ?3, messages = ?4, searched = ?5 WHERE room = ?1",
            )?;
            statement.execute([number, int(first), int(top), int(messages), int(searched)])?;
        }
        Ok(())
    }

    /// Begins or ends a transaction: no room is changed.
    pub(super) fn clean(&mut self) {
        self.dirty.clear();
    }

    /// Forgets the rooms that this transaction changed, so that they are read again.
    pub(super) fn roll_back(&mut self) {
        for key in mem::take(&mut self.dirty) {
            self.rows.remove(&key);
        }
    }
}

/// The numbers of rooms that one step of pruning reads, and looks at in memory.
const PRUNABLE_MAX: usize = 128;
const LOOKED_AT_MAX: usize = 8192;
