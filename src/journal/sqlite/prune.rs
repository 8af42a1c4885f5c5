//! Expiring and pruning messages, in small steps so that an append never waits long.

use std::sync::Arc;

use super::super::history::StoredEntry;
use super::files;
use super::room_table::{self, RoomRow};
use super::row::{self, int, key, nat};
use super::text_index;
use super::write::{Writer, erase};
use crate::chat::record::{AuthorKey, Change, DeletionReason, Entry, RoomKey};

impl Writer {
    /// Deletes a batch of the messages that have expired. Returns the entries that delete them.
    pub(super) fn expire(&mut self, unix_ms: u64) -> rusqlite::Result<Vec<(RoomKey, StoredEntry)>> {
        self.flush()?;
        let mut gone = Vec::new();
        for (message, sender, author) in self.expired(unix_ms)? {
            let mid = row::seq_of(message);
            let name = self.rooms.key(row::room_of(message)).map(Arc::clone);
            let room = match &name {
                Some(name) => self.room(name)?,
                None => None,
            };
            let room = room.filter(|room| room.number == row::room_of(message));
            let (Some(name), Some(room)) = (name, room) else {
                match room_table::removed(&self.db, row::room_of(message))? {
                    Some(removed) => text_index::remove(&self.db, &removed, mid, mid)?,
                    None => tracing::warn!(message, "a message expires that belongs to no room"),
                }
                self.erase_silently(message)?;
                continue;
            };
            if room.is_full() {
                text_index::remove(&self.db, &room, mid, mid)?;
                self.erase_silently(message)?;
                continue;
            }
            let change = Change::Deleted { mid, why: DeletionReason::Expired };
            let entry = Entry { seq: room.next(), ts: unix_ms, sender, account: false, change };
            let stored = StoredEntry { author, entry };
            self.add(&name, room, &stored, None)?;
            gone.push((name, stored));
        }
        Ok(gone)
    }

    /// Erases a message that has expired, without an entry that says so.
    fn erase_silently(&mut self, message: i64) -> rusqlite::Result<()> {
        let seq = int(row::seq_of(message));
        erase(&self.db, message, DeletionReason::Expired, seq)?;
        files::free(&self.db, [message; 2], &mut self.freed)?;
        self.expiries_changed = true;
        self.erased = true;
        Ok(())
    }

    /// Returns the time at which the next message expires.
    pub(super) fn next_expiry(&mut self) -> rusqlite::Result<Option<u64>> {
        self.flush()?;
        let mut statement = self.db.prepare_cached(
            "SELECT min(expires) FROM entries WHERE expires IS NOT NULL AND gone IS NULL",
        )?;
        let next: Option<i64> = statement.query_row([], |row| row.get(0))?;
        Ok(next.map(nat))
    }

    /// Prunes the oldest entries of a room that are beyond the limit or older than `cutoff`, within
    /// the budget. Returns the new `first` if it changed.
    pub(super) fn prune(
        &mut self,
        name: &RoomKey,
        cutoff: u64,
        budget: &mut PruneBudget,
    ) -> rusqlite::Result<Option<u64>> {
        let Some(mut room) = self.room(name)? else { return Ok(None) };
        let messages_max = self.limits.messages_max();
        if budget.left == 0 || (room.messages <= messages_max && cutoff == 0) {
            return Ok(None);
        }
        self.flush()?;
        let before = room.first;
        let mut statement = self.db.prepare_cached(
            "SELECT kind, ts FROM entries WHERE entry BETWEEN ?1 AND ?2 ORDER BY entry LIMIT ?3",
        )?;
        let most = int(budget.left.div_ceil(PLAIN));
        let reach = [key(room.number, room.first), key(room.number, room.top), most];
        let mut rows = statement.query(reach)?;
        let (mut oldest, mut consistent) = (None, true);
        while let Some(row) = rows.next()? {
            let ts = nat(row.get(1)?);
            if budget.left == 0 || (room.messages <= messages_max && ts >= cutoff) {
                oldest = Some(ts);
                break;
            }
            let message = row::is_message(row.get(0)?);
            budget.spend(if message && room.first <= room.searched { INDEXED } else { PLAIN });
            consistent &= !message || room.messages > 0;
            room.messages = room.messages.saturating_sub(u64::from(message));
            room.first = room.first.saturating_add(1);
        }
        drop(rows);
        drop(statement);
        room.oldest = oldest.unwrap_or(0);
        if room.first == before {
            self.rooms.note_oldest(name, room.oldest);
            return Ok(None);
        }
        if !consistent {
            room.messages = self.count_messages(&room)?;
            tracing::warn!(room = &**name, messages = room.messages, "mended a room");
        }
        if self.limits.ids_kept_ms() > 0 {
            self.keep_ids(&room, before)?;
        }
        self.drop_entries(&room, before)?;
        self.rooms.put(name, room);
        Ok(Some(room.first))
    }

    /// Prunes the next rooms, those after the number `after`.
    pub(super) fn prune_step(&mut self, after: i64, unix_ms: u64) -> rusqlite::Result<Pruned> {
        let cutoff = self.limits.cutoff(unix_ms);
        let (rooms, next) = self.rooms.prunable(after, self.limits.messages_max(), cutoff);
        let mut budget = PruneBudget::of_a_step();
        let mut pruned =
            Pruned { rooms: Vec::new(), after: next.unwrap_or(0), more: next.is_some() };
        for (number, name) in rooms {
            let Some(first) = self.prune(&name, cutoff, &mut budget)? else { continue };
            pruned.rooms.push((name, first));
            if budget.left == 0 {
                // There may be more in this very room.
                return Ok(Pruned { after: number.saturating_sub(1), more: true, ..pruned });
            }
        }
        Ok(pruned)
    }

    /// Deletes a batch of the ids that have outlived their entry long enough.
    pub(super) fn forget_ids(&self, unix_ms: u64) -> rusqlite::Result<()> {
        let cutoff = unix_ms.saturating_sub(self.limits.ids_kept_ms());
        let mut statement = self.db.prepare_cached(
            "DELETE FROM old_ids WHERE (author, id) IN
             (SELECT author, id FROM old_ids WHERE ts < ?1 ORDER BY ts LIMIT ?2)",
        )?;
        statement.execute([int(cutoff), FORGOTTEN])?;
        Ok(())
    }

    fn count_messages(&self, room: &RoomRow) -> rusqlite::Result<u64> {
        let sql = "SELECT count(*) FROM entries WHERE entry BETWEEN ?1 AND ?2 AND kind = 0";
        let reach = [key(room.number, room.first), key(room.number, room.top)];
        self.db.query_row(sql, reach, |row| row.get(0).map(nat))
    }

    fn expired(&self, unix_ms: u64) -> rusqlite::Result<Vec<(i64, Arc<str>, AuthorKey)>> {
        let mut statement = self.db.prepare_cached(
            "SELECT entry, sender, author FROM entries
             WHERE expires IS NOT NULL AND gone IS NULL AND expires <= ?1
             ORDER BY expires, entry LIMIT ?2",
        )?;
        let expired = statement.query_map([int(unix_ms), EXPIRED], |row| {
            Ok((row.get(0)?, row.get(1)?, AuthorKey(row.get(2)?)))
        })?;
        expired.collect()
    }

    /// Keeps the ids of entries that are about to be deleted.
    fn keep_ids(&mut self, room: &RoomRow, before: u64) -> rusqlite::Result<()> {
        self.flush()?;
        let mut statement = self.db.prepare_cached(
            "INSERT OR IGNORE INTO old_ids (author, id, hash, entry, ts, mid, kind, count)
             SELECT author, id, hash, entry, ts, mid, kind, count
             FROM entries WHERE entry BETWEEN ?1 AND ?2 AND id IS NOT NULL",
        )?;
        let last = room.first.saturating_sub(1);
        statement.execute([key(room.number, before), key(room.number, last)]).map(drop)
    }

    /// Deletes the entries of a room from `before` up to its `first`, which stays.
    pub(super) fn drop_entries(&mut self, room: &RoomRow, before: u64) -> rusqlite::Result<()> {
        self.flush()?;
        let last = room.first.saturating_sub(1);
        let reach = [key(room.number, before), key(room.number, last)];
        files::free(&self.db, reach, &mut self.freed)?;
        self.ids.remove(&self.db, reach[0], reach[1])?;
        text_index::remove(&self.db, room, before, last)?;
        let mut statement =
            self.db.prepare_cached("DELETE FROM reactions WHERE message BETWEEN ?1 AND ?2")?;
        statement.execute(reach)?;
        let mut statement =
            self.db.prepare_cached("DELETE FROM entries WHERE entry BETWEEN ?1 AND ?2")?;
        statement.execute(reach)?;
        self.expiries_changed = true;
        self.erased = true;
        Ok(())
    }
}

/// The outcome of one pruning step.
#[derive(Debug)]
pub(super) struct Pruned {
    /// The rooms that were pruned, with their new `first`.
    pub(super) rooms: Vec<(RoomKey, u64)>,
    /// The number of the room after which to go on; 0 once all rooms are done.
    pub(super) after: i64,
    /// Whether more waits to be pruned.
    pub(super) more: bool,
}

/// The effort that a step may spend while appends wait.
#[derive(Debug)]
pub(super) struct PruneBudget {
    left: u64,
}

impl PruneBudget {
    /// Returns the budget of a step in a transaction of its own.
    fn of_a_step() -> Self {
        Self { left: STEP * INDEXED }
    }

    /// Returns the budget beside a transaction that adds this many entries: one for each, up to
    /// [`STEP`].
    pub(super) fn beside(added: u64) -> Self {
        Self { left: added.min(STEP).saturating_mul(INDEXED) }
    }

    fn spend(&mut self, budget: u64) {
        self.left = self.left.saturating_sub(budget);
    }
}

/// The effort of deleting an entry. One in the text index costs more, for each of its words is looked
/// up there: about a millisecond in a large index.
const PLAIN: u64 = 1;
const INDEXED: u64 = 16;
/// The number of indexed entries that one step may delete.
const STEP: u64 = 4;
/// The batch sizes of one step: expired messages, forgotten ids.
const EXPIRED: i64 = 16;
const FORGOTTEN: i64 = 500;
