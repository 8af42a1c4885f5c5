//! The `id`s that have been answered, so that a replayed draft gets the first answer again.
//!
//! Ids are as good as random: an index that took each at once would dirty a page of its own for
//! every message, and most of what a commit writes would be index. So an entry keeps its id, which
//! makes it durable, and the index is brought up to date in generations: the current generation
//! is in memory; once it is large enough it is sorted, written in the order of the index, a batch
//! with each commit, and then dropped from memory. The column `indexed` of a room names the `seq` up
//! to which its ids are in the index; those above it are read at the start.

use std::mem;
use std::sync::{Arc, LazyLock};

use foldhash::{HashMap, HashSet};
use rusqlite::{Connection, OptionalExtension as _, Row, params, params_from_iter};

use super::super::draft::FirstAnswer;
use super::room_table::RoomTable;
use super::row::{self, RoomNumber, int, key, nat, room_of, seq_of};
use crate::chat::record::{AuthorKey, RoomKey};

/// The ids that are not in the index.
#[derive(Debug, Default)]
pub(super) struct Ids {
    current: HashMap<Id, Answered>,
    /// The rooms with entries in the current generation.
    rooms: HashSet<RoomKey>,
    /// The number of entries, with and without an id, in the current generation.
    entries: usize,
    writing: Option<Generation>,
    /// The ids that this transaction added to the current generation.
    added: Vec<Id>,
    /// The size at which a generation is written: ids, or a quarter of the entries.
    generation_max: usize,
    /// Whether the index contains any id.
    any_indexed: bool,
    /// Whether there may be ids whose entry is pruned.
    any_outlived: bool,
}

type Id = (AuthorKey, Arc<str>);

/// The first answer to a draft, and its room.
#[derive(Debug)]
struct Answered {
    room: RoomNumber,
    first: FirstAnswer,
}

/// A generation on its way into the index.
#[derive(Debug)]
struct Generation {
    ids: HashMap<Id, Answered>,
    /// The rows of the index, in its order.
    rows: Vec<(i64, i64)>,
    /// The number of rows that are committed, and that this transaction adds.
    written: usize,
    writing: usize,
    /// The value of `indexed` of each room once all rows are written.
    tops: Vec<(RoomNumber, u64)>,
}

impl Generation {
    fn left(&self) -> usize {
        self.rows.len().saturating_sub(self.written)
    }
}

impl Ids {
    /// Reads the ids that are not in the index. With `outlive`, ids may outlive their entries.
    pub(super) fn load(
        db: &Connection,
        generation_max: usize,
        outlive: bool,
    ) -> rusqlite::Result<Self> {
        let exists = |table: &str| {
            let sql = format!("SELECT EXISTS (SELECT 1 FROM {table})");
            db.query_row(&sql, [], |row| row.get::<_, bool>(0))
        };
        let any_outlived = outlive || exists("old_ids")?;
        let any_indexed = exists("ids")?;
        let mut ids = Self { generation_max, any_indexed, any_outlived, ..Self::default() };
        let mut rooms =
            db.prepare("SELECT room, key, indexed, top FROM rooms WHERE indexed < top")?;
        let mut rooms = rooms.query([])?;
        while let Some(room) = rooms.next()? {
            let above = nat(room.get(2)?);
            ids.load_room(db, &room.get(1)?, room.get(0)?, above, nat(room.get(3)?))?;
        }
        Ok(ids)
    }

    /// Reads the ids of a room's entries above `above` up to `top` into the current generation.
    pub(super) fn load_room(
        &mut self,
        db: &Connection,
        name: &RoomKey,
        number: RoomNumber,
        above: u64,
        top: u64,
    ) -> rusqlite::Result<()> {
        self.rooms.insert(Arc::clone(name));
        let mut entries = db.prepare_cached(&format!(
            "SELECT {ANSWER_COLUMNS}, author, id FROM entries WHERE entry BETWEEN ?1 AND ?2"
        ))?;
        let mut rows = entries.query([key(number, above.saturating_add(1)), key(number, top)])?;
        while let Some(row) = rows.next()? {
            self.entries = self.entries.saturating_add(1);
            let Some(id) = row.get::<_, Option<Arc<str>>>(7)? else { continue };
            let answered = Answered { room: number, first: first_answer(row)? };
            self.current.insert((AuthorKey(row.get(6)?), id), answered);
        }
        Ok(())
    }

    /// Counts a new entry of a room.
    pub(super) fn on_entry(&mut self, room: &RoomKey) {
        self.entries = self.entries.saturating_add(1);
        if !self.rooms.contains(room) {
            self.rooms.insert(Arc::clone(room));
        }
    }

    /// Adds the answer to a draft with an `id`.
    pub(super) fn add(
        &mut self,
        author: AuthorKey,
        id: &Arc<str>,
        room: RoomNumber,
        first: FirstAnswer,
    ) {
        let id = (author, Arc::clone(id));
        self.added.push((author, Arc::clone(&id.1)));
        self.current.insert(id, Answered { room, first });
    }

    /// Records that the transaction was committed.
    pub(super) fn commit(&mut self) {
        self.added.clear();
        if let Some(generation) = &mut self.writing {
            let written = mem::take(&mut generation.writing);
            generation.written = generation.written.saturating_add(written);
            self.any_indexed = true;
            if generation.left() == 0 {
                self.writing = None;
            }
        }
    }

    /// Records that the transaction was rolled back.
    pub(super) fn roll_back(&mut self) {
        for id in self.added.drain(..) {
            self.current.remove(&id);
        }
        if let Some(generation) = &mut self.writing {
            generation.writing = 0;
        }
    }

    /// Finds the first answer to a draft with this `id`.
    pub(super) fn find(
        &self,
        db: &Connection,
        rooms: &RoomTable,
        author: AuthorKey,
        id: &Arc<str>,
    ) -> rusqlite::Result<Option<FirstAnswer>> {
        let of = (author, Arc::clone(id));
        let writing = self.writing.as_ref().and_then(|generation| generation.ids.get(&of));
        if let Some(Answered { room, first }) = self.current.get(&of).or(writing)
            && rooms.stores(*room, first.seq)
        {
            return Ok(Some(*first));
        }
        if self.any_indexed
            && let Some(first) = find_indexed(db, rooms, author, id)?
        {
            return Ok(Some(first));
        }
        if !self.any_outlived {
            return Ok(None);
        }
        let mut statement = db.prepare_cached(&format!(
            "SELECT {ANSWER_COLUMNS} FROM old_ids WHERE author = ?1 AND id = ?2"
        ))?;
        statement.query_row(params![&author.0[..], &**id], first_answer).optional()
    }

    /// Starts a new generation if the current one is large enough. Not within a transaction, for
    /// the ids that it adds may be rolled back.
    pub(super) fn rotate(
        &mut self,
        db: &Connection,
        rooms: &mut RoomTable,
    ) -> rusqlite::Result<()> {
        let entries_max = self.generation_max.saturating_mul(4);
        let large = self.current.len() >= self.generation_max || self.entries >= entries_max;
        if self.writing.is_some() || !large {
            return Ok(());
        }
        let mut tops = Vec::with_capacity(self.rooms.len());
        for room in mem::take(&mut self.rooms) {
            tops.extend(rooms.get(db, &room)?.map(|room| (room.number, room.top)));
        }
        let ids = mem::take(&mut self.current);
        let row = |((author, id), Answered { room, first }): (&Id, &Answered)| {
            (index_key(*author, id), key(*room, first.seq))
        };
        let mut rows: Vec<_> = ids.iter().map(row).collect();
        rows.sort_unstable();
        self.entries = 0;
        self.writing = Some(Generation { ids, rows, written: 0, writing: 0, tops });
        Ok(())
    }

    /// Writes a batch of the previous generation into the index, with a transaction that adds
    /// `added` entries.
    pub(super) fn write_batch(
        &mut self,
        db: &Connection,
        rooms: &RoomTable,
        added: u64,
    ) -> rusqlite::Result<()> {
        let Some(generation) = &mut self.writing else { return Ok(()) };
        let added = usize::try_from(added).unwrap_or(usize::MAX);
        let left = generation.left();
        let batch = added.saturating_mul(4).max(BATCH_MIN).min(left);
        // Nothing would remove the id of an entry that was pruned meanwhile.
        let stored = |(_, entry): &&(i64, i64)| rooms.stores(room_of(*entry), seq_of(*entry));
        let rows = generation.rows.iter().skip(generation.written).take(batch);
        let rows: Vec<(i64, i64)> = rows.filter(stored).copied().collect();
        insert(db, &rows)?;
        if batch == left {
            let mut update = db.prepare_cached("UPDATE rooms SET indexed = ?2 WHERE room = ?1")?;
            for (room, top) in &generation.tops {
                update.execute([*room, int(*top)])?;
            }
        }
        generation.writing = batch;
        Ok(())
    }

    /// Removes the ids of entries that are about to be deleted from the index.
    pub(super) fn remove(&self, db: &Connection, from: i64, to: i64) -> rusqlite::Result<()> {
        if !self.any_indexed {
            return Ok(());
        }
        let mut statement = db.prepare_cached(
            "SELECT entry, author, id FROM entries
             WHERE entry BETWEEN ?1 AND ?2 AND id IS NOT NULL",
        )?;
        let mut rows = statement.query([from, to])?;
        let mut delete = db.prepare_cached("DELETE FROM ids WHERE key = ?1 AND entry = ?2")?;
        while let Some(row) = rows.next()? {
            let (entry, author): (i64, _) = (row.get(0)?, AuthorKey(row.get(1)?));
            let id = row.get_ref(2)?.as_str()?;
            delete.execute([index_key(author, id), entry])?;
        }
        Ok(())
    }
}

fn find_indexed(
    db: &Connection,
    rooms: &RoomTable,
    author: AuthorKey,
    id: &str,
) -> rusqlite::Result<Option<FirstAnswer>> {
    let mut index = db.prepare_cached("SELECT entry FROM ids WHERE key = ?1")?;
    let mut found = index.query([index_key(author, id)])?;
    while let Some(row) = found.next()? {
        let mut entry = db.prepare_cached(&format!(
            "SELECT {ANSWER_COLUMNS} FROM entries WHERE entry = ?1 AND author = ?2 AND id = ?3"
        ))?;
        let found: i64 = row.get(0)?;
        if !rooms.stores(room_of(found), seq_of(found)) {
            continue;
        }
        let first = entry.query_row(params![found, &author.0[..], id], first_answer).optional()?;
        if first.is_some() {
            return Ok(first);
        }
    }
    Ok(None)
}

/// Inserts rows into the index.
pub(super) fn insert(db: &Connection, rows: &[(i64, i64)]) -> rusqlite::Result<()> {
    const ROWS: usize = 16;
    static INSERT_ROWS: LazyLock<String> =
        LazyLock::new(|| format!("{INSERT}{}", ", (?, ?)".repeat(ROWS - 1)));
    let (chunks, rest) = rows.as_chunks::<ROWS>();
    let mut statement = db.prepare_cached(&INSERT_ROWS)?;
    for rows in chunks {
        statement.execute(params_from_iter(rows.iter().flat_map(|row| [row.0, row.1])))?;
    }
    let mut statement = db.prepare_cached(INSERT)?;
    rest.iter().try_for_each(|row| statement.execute(*row).map(drop))
}

const INSERT: &str = "INSERT OR IGNORE INTO ids (key, entry) VALUES (?, ?)";

/// The columns that [`first_answer`] reads.
const ANSWER_COLUMNS: &str = "hash, entry, ts, mid, kind, count";

fn first_answer(row: &Row<'_>) -> rusqlite::Result<FirstAnswer> {
    let seq = seq_of(row.get(1)?);
    let mid = match row::is_message(row.get(4)?) {
        true => seq,
        false => row.get::<_, Option<i64>>(3)?.map_or(0, seq_of),
    };
    let count = row.get::<_, Option<u32>>(5)?.unwrap_or(0);
    Ok(FirstAnswer { hash: row.get(0)?, seq, mid, ts: nat(row.get(2)?), count })
}

/// Returns the key of an id in the index. Several ids may share it; what matters is that those of one
/// author are next to each other, so that a few active authors need a few pages.
pub(super) fn index_key(author: AuthorKey, id: &str) -> i64 {
    // FNV-1a.
    let mix = |hash: u32, byte: &u8| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
    let [e, f, g, h] = id.as_bytes().iter().fold(0x811c_9dc5, mix).to_be_bytes();
    let [a, b, c, d, ..] = author.0;
    i64::from_be_bytes([a, b, c, d, e, f, g, h])
}

/// The smallest batch that goes into the index with a commit while a generation is written. In a
/// large index each id is on a page of its own, which has to go to disk with the commit.
const BATCH_MIN: usize = 8;
