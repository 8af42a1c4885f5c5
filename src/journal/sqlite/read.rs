//! Reading from the database.

use std::sync::{Arc, LazyLock};

use rusqlite::{Connection, Row, params_from_iter};

use super::super::history::{Reaction, StoredEntry, grouped};
use super::super::page::{self, Budget, REPLIES_COUNTED_MAX, Source, message_bytes};
use super::file_column;
use super::room_table::{self, RoomRow};
use super::row::{self, ACCOUNT, ENTRY_COLUMN_COUNT, ENTRY_COLUMNS, int, key, nat, seq_of};
use crate::chat::record::{AuthorKey, Entry, Page, Query, StoredMessage};

/// Reads what a query asks for, all of it at one point in time.
pub(super) fn page(db: &Connection, query: &Query) -> rusqlite::Result<Page> {
    let snapshot = db.unchecked_transaction()?;
    match room_table::find(&snapshot, &query.room)? {
        Some(room) => page::page(&StoredRoom { db: &snapshot, room }, query),
        None => Ok(page::empty(query)),
    }
}

/// The newest part of a room's record.
#[derive(Debug)]
pub(super) struct RecentEntries {
    pub(super) first: u64,
    pub(super) top: u64,
    pub(super) entries: Vec<StoredEntry>,
}

/// Reads the newest entries of a room, at most so many and about so many bytes of text.
pub(super) fn newest(
    db: &Connection,
    room: &str,
    entries_max: usize,
    bytes_max: usize,
) -> rusqlite::Result<RecentEntries> {
    let snapshot = db.unchecked_transaction()?;
    let Some(room) = room_table::find(&snapshot, room)? else {
        return Ok(RecentEntries { first: 1, top: 0, entries: Vec::new() });
    };
    let mut statement = snapshot.prepare_cached(&format!(
        "SELECT {ENTRY_COLUMNS}, {ACCOUNT} FROM entries
         WHERE entry BETWEEN ?1 AND ?2 ORDER BY entry DESC"
    ))?;
    let mut rows = statement.query([key(room.number, room.first), key(room.number, room.top)])?;
    let mut budget = Budget::new(entries_max, bytes_max);
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        let mut stored = row::stored_entry(row)?;
        stored.entry.account = row.get(ENTRY_COLUMN_COUNT)?;
        if !budget.take(stored.bytes()) {
            break;
        }
        entries.push(stored);
    }
    entries.reverse();
    Ok(RecentEntries { first: room.first, top: room.top, entries })
}

/// A room's record in the database.
pub(super) struct StoredRoom<'a> {
    pub(super) db: &'a Connection,
    pub(super) room: RoomRow,
}

impl Source for StoredRoom<'_> {
    type Error = rusqlite::Error;

    fn first(&self) -> u64 {
        self.room.first
    }

    fn top(&self) -> u64 {
        self.room.top
    }

    fn below(&self, seq: u64, budget: Budget) -> rusqlite::Result<(Vec<StoredMessage>, bool)> {
        let RoomRow { number, first, .. } = self.room;
        let range = [key(number, first), key(number, seq.saturating_sub(1))];
        self.messages(&BELOW, &range, budget)
    }

    fn from(&self, seq: u64, budget: Budget) -> rusqlite::Result<(Vec<StoredMessage>, bool)> {
        let RoomRow { number, top, .. } = self.room;
        self.messages(&FROM, &[key(number, seq), key(number, top)], budget)
    }

    fn replies(
        &self,
        to: u64,
        seq: u64,
        budget: Budget,
    ) -> rusqlite::Result<(Vec<StoredMessage>, bool)> {
        let RoomRow { number, top, .. } = self.room;
        let first = key(number, seq.max(to.saturating_add(1)));
        self.messages(&REPLIES, &[int(to), first, key(number, top)], budget)
    }

    fn entries(&self, seq: u64, mut budget: Budget) -> rusqlite::Result<(Vec<Entry>, bool)> {
        let RoomRow { number, top, .. } = self.room;
        let mut statement = self.db.prepare_cached(&format!(
            "SELECT {ENTRY_COLUMNS}, {ACCOUNT} FROM entries
             WHERE entry BETWEEN ?1 AND ?2 ORDER BY entry"
        ))?;
        let mut rows = statement.query([key(number, seq), key(number, top)])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let mut stored = row::stored_entry(row)?;
            stored.entry.account = row.get(ENTRY_COLUMN_COUNT)?;
            if !budget.take(stored.bytes()) {
                return Ok((found, true));
            }
            found.push(stored.entry);
        }
        Ok((found, false))
    }
}

impl StoredRoom<'_> {
    fn messages(
        &self,
        sql: &str,
        range: &[i64],
        mut budget: Budget,
    ) -> rusqlite::Result<(Vec<StoredMessage>, bool)> {
        let mut statement = self.db.prepare_cached(sql)?;
        let mut rows = statement.query(params_from_iter(range))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let mut said = self.said(row)?;
            if !budget.take(message_bytes(&said)) {
                return Ok((found, true));
            }
            said.replies = self.reply_count(said.mid)?;
            found.push(said);
        }
        Ok((found, false))
    }

    /// Counts the replies to a message.
    fn reply_count(&self, mid: u64) -> rusqlite::Result<u32> {
        let RoomRow { number, top, .. } = self.room;
        let mut statement = self.db.prepare_cached(
            "SELECT count(*) FROM (SELECT 1 FROM entries INDEXED BY replies
             WHERE reply_to = ?1 AND entry BETWEEN ?2 AND ?3 AND gone IS NULL LIMIT ?4)",
        )?;
        let most = int(REPLIES_COUNTED_MAX as u64);
        let first = key(number, mid.saturating_add(1));
        let range = [int(mid), first, key(number, top), most];
        statement.query_row(range, |row| row.get(0))
    }

    /// Reads a message as it reads now.
    pub(super) fn said(&self, row: &Row<'_>) -> rusqlite::Result<StoredMessage> {
        let entry = row.get(0)?;
        let mid = seq_of(entry);
        let edit: Option<Arc<str>> = row.get(7)?;
        let changed: Option<i64> = row.get(8)?;
        let edited = edit.is_some();
        let content = match edit {
            Some(edit) => edit,
            None => row.get(3)?,
        };
        let reactions = match changed {
            Some(_) => grouped(&self.reactions(entry)?),
            None => Vec::new(),
        };
        Ok(StoredMessage {
            mid,
            seq: changed.map_or(mid, nat),
            ts: nat(row.get(1)?),
            sender: row.get(2)?,
            account: row.get(9)?,
            content,
            reply_to: row.get::<_, Option<i64>>(4)?.map(nat),
            expires: row.get::<_, Option<i64>>(5)?.map(nat),
            files: file_column::of_column(row, 10)?,
            deleted: row.get::<_, Option<i64>>(6)?.map(row::why),
            edited,
            reactions,
            replies: 0,
        })
    }

    /// Reads the reactions to a message in the order they were given.
    fn reactions(&self, message: i64) -> rusqlite::Result<Vec<Reaction>> {
        let mut statement = self.db.prepare_cached(
            "SELECT emoji, author, name FROM reactions WHERE message = ?1 ORDER BY seq",
        )?;
        let given = statement.query_map([message], |row| {
            Ok(Reaction { emoji: row.get(0)?, author: AuthorKey(row.get(1)?), name: row.get(2)? })
        })?;
        given.collect()
    }
}

/// Returns the statement that reads messages as [`StoredRoom::said`] expects them.
fn messages_sql(rest: &str) -> String {
    format!(
        "SELECT entry, ts, sender, text, reply_to, expires, gone, edit, changed, {ACCOUNT}, files
         FROM entries {rest}"
    )
}

static BELOW: LazyLock<String> = LazyLock::new(|| {
    messages_sql("WHERE entry BETWEEN ?1 AND ?2 AND kind = 0 ORDER BY entry DESC")
});
static FROM: LazyLock<String> =
    LazyLock::new(|| messages_sql("WHERE entry BETWEEN ?1 AND ?2 AND kind = 0 ORDER BY entry"));
static REPLIES: LazyLock<String> = LazyLock::new(|| {
    messages_sql(
        "INDEXED BY replies
         WHERE reply_to = ?1 AND entry BETWEEN ?2 AND ?3 AND gone IS NULL ORDER BY entry",
    )
});
