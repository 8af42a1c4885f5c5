//! Removing rooms.
//!
//! At once, in one transaction, a room gets another number and loses its name, and what is stored
//! beside its record is deleted: nothing leads to its entries any more. They are erased in steps,
//! from the table `removed`, for a large room has more of them than an append can wait for.

use rusqlite::{Connection, OptionalExtension as _};

use super::key_values;
use super::room_table::{self, RoomRow};
use super::row::{RoomNumber, int};
use super::write::Writer;
use crate::chat::record::RoomKey;

impl Writer {
    /// Removes a room. Returns the `seq` of the next entry if it is made again; `None` if it has no
    /// record.
    pub(super) fn remove_room(&mut self, key: &RoomKey) -> rusqlite::Result<Option<u64>> {
        key_values::remove_room(&self.db, key)?;
        let Some(room) = self.room(key)?.filter(|room| !room.removed) else { return Ok(None) };
        self.flush()?;
        let number = next_number(&self.db)?;
        self.db
            .prepare_cached(
                "INSERT INTO removed (room, first, top, searched) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute([room.number, int(room.first), int(room.top), int(room.searched)])?;
        self.db
            .prepare_cached(
                "UPDATE rooms SET room = ?2, name = '', topic = '', indexed = ?3 WHERE room = ?1",
            )?
            .execute([room.number, number, int(room.top)])?;
        self.text_index.on_removed(room.unindexed());
        let (first, top, searched) = (room.next(), room.top, room.top);
        let (messages, oldest, removed) = (0, 0, true);
        let row = RoomRow { number, first, top, messages, searched, oldest, removed };
        self.rooms.renumber(key, row);
        self.removing = true;
        Ok(Some(first))
    }

    /// Erases this many entries of removed rooms.
    pub(super) fn erase_removed(&mut self, entries: u64) -> rusqlite::Result<()> {
        if !self.removing {
            return Ok(());
        }
        let sql = "SELECT room FROM removed LIMIT 1";
        let number = self.db.prepare_cached(sql)?.query_row([], |row| row.get(0)).optional()?;
        let room = match number {
            Some(number) => room_table::removed(&self.db, number)?,
            None => None,
        };
        let Some(room) = room else {
            self.removing = false;
            return Ok(());
        };
        let before = room.first;
        let first = before.saturating_add(entries).min(room.next());
        let room = RoomRow { first, ..room };
        self.drop_entries(&room, before)?;
        if first > room.top {
            let mut statement = self.db.prepare_cached("DELETE FROM removed WHERE room = ?1")?;
            return statement.execute([room.number]).map(drop);
        }
        let sql = "UPDATE removed SET first = ?2 WHERE room = ?1";
        self.db.prepare_cached(sql)?.execute([room.number, int(first)]).map(drop)
    }
}

/// Returns a number that no room has or had: those of removed rooms are below that of their row.
fn next_number(db: &Connection) -> rusqlite::Result<RoomNumber> {
    db.query_row("SELECT coalesce(max(room), 0) + 1 FROM rooms", [], |row| row.get(0))
}

/// The number of entries that are erased in a transaction, and in one for nothing else.
pub(super) const ERASED_BESIDE: u64 = 4;
pub(super) const ERASED_WHEN_IDLE: u64 = 64;
