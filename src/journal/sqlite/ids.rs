//! Which ids have been answered, so that a draft that comes again gets the same answer.
//!
//! Ids are as good as random: an index that took each at once would dirty a page of its own for
//! every message, and most of what a commit writes would be index. So an entry keeps its id, which
//! makes it durable, and the index is brought up in generations: the young ids are in memory; when
//! they are enough, they become old ones, are written in the order of the index, some with each
//! commit, and are then forgotten here. A room knows up to which `seq` its ids are in the index;
//! what is above is read at the start.

use std::collections::{HashMap, HashSet};
use std::mem;
use std::sync::{Arc, LazyLock};

use rusqlite::{Connection, OptionalExtension as _, Row, params, params_from_iter};

use super::super::draft::FirstAnswer;
use super::row::{self, RoomNumber, int, key, nat, room_of, seq_of};
use super::write::Writer;
use crate::chat::record::{AuthorKey, RoomKey};

/// Knows the ids that are not in the index.
#[derive(Debug, Default)]
pub(super) struct Ids {
    young: HashMap<Id, KnownId>,
    /// The rooms whose ids are not all in the index, and the number of their entries since.
    stale: HashSet<RoomKey>,
    entries: usize,
    old: Option<Old>,
    /// What this transaction added to the young ones.
    added: Vec<Id>,
    /// Whether the index has anything in it.
    any_stored: bool,
    /// Whether there may be ids that outlived their entry.
    any_outlived: bool,
}

type Id = (AuthorKey, Arc<str>);

/// Is the first answer to a draft, and its room.
#[derive(Debug)]
struct KnownId {
    room: RoomNumber,
    first: FirstAnswer,
}

/// Is a generation on its way into the index.
#[derive(Debug)]
struct Old {
    known: HashMap<Id, KnownId>,
    /// The rows of the index, in its order.
    rows: Vec<(i64, i64)>,
    /// How many of them are in, and how many will be with this transaction.
    stored: usize,
    storing: usize,
    /// Up to where the rooms are in the index when all rows are.
    tops: Vec<(RoomNumber, u64)>,
}

impl Ids {
    /// Reads the ids that are not in the index.
    pub(super) fn load(db: &Connection, outlive: bool) -> rusqlite::Result<Self> {
        let exists = |table: &str| {
            let sql = format!("SELECT EXISTS (SELECT 1 FROM {table})");
            db.query_row(&sql, [], |row| row.get::<_, bool>(0))
        };
        let any_outlived = outlive || exists("old_ids")?;
        let mut ids = Self { any_stored: exists("ids")?, any_outlived, ..Self::default() };
        let mut rooms =
            db.prepare("SELECT room, key, indexed, top FROM rooms WHERE indexed < top")?;
        let mut entries = db.prepare(&format!(
            "SELECT {ANSWERED}, author, id FROM entries WHERE entry BETWEEN ?1 AND ?2"
        ))?;
        let mut rooms = rooms.query([])?;
        while let Some(room) = rooms.next()? {
            let number = room.get(0)?;
            ids.stale.insert(room.get(1)?);
            let indexed = nat(room.get(2)?);
            let mut rows =
                entries.query([key(number, indexed + 1), key(number, nat(room.get(3)?))])?;
            while let Some(row) = rows.next()? {
                ids.entries += 1;
                let Some(id) = row.get::<_, Option<Arc<str>>>(7)? else { continue };
                let known = KnownId { room: number, first: first(row)? };
                ids.young.insert((AuthorKey(row.get(6)?), id), known);
            }
        }
        Ok(ids)
    }

    /// Notes that a room has another entry.
    pub(super) fn count(&mut self, room: &RoomKey) {
        self.entries += 1;
        if !self.stale.contains(room) {
            self.stale.insert(Arc::clone(room));
        }
    }

    /// Notes what was answered to a draft with an `id`.
    pub(super) fn put(
        &mut self,
        author: AuthorKey,
        id: &Arc<str>,
        room: RoomNumber,
        first: FirstAnswer,
    ) {
        let id = (author, Arc::clone(id));
        self.added.push((author, Arc::clone(&id.1)));
        self.young.insert(id, KnownId { room, first });
    }

    /// The transaction came through.
    pub(super) fn commit(&mut self) {
        self.added.clear();
        if let Some(old) = &mut self.old {
            old.stored += mem::take(&mut old.storing);
            self.any_stored = true;
            if old.stored == old.rows.len() {
                self.old = None;
            }
        }
    }

    /// The transaction is taken back.
    pub(super) fn roll_back(&mut self) {
        for id in self.added.drain(..) {
            self.young.remove(&id);
        }
        if let Some(old) = &mut self.old {
            old.storing = 0;
        }
    }
}

impl Writer {
    /// Finds the first answer to a draft with this `id`.
    pub(super) fn first(
        &self,
        author: AuthorKey,
        id: &Arc<str>,
    ) -> rusqlite::Result<Option<FirstAnswer>> {
        let name = (author, Arc::clone(id));
        let old = self.ids.old.as_ref().and_then(|old| old.known.get(&name));
        if let Some(KnownId { room, first }) = self.ids.young.get(&name).or(old)
            && self.keeps(*room, first.seq)
        {
            return Ok(Some(*first));
        }
        if self.ids.any_stored
            && let Some(first) = self.first_stored(author, id)?
        {
            return Ok(Some(first));
        }
        if !self.ids.any_outlived {
            return Ok(None);
        }
        let mut statement = self.db.prepare_cached(&format!(
            "SELECT {ANSWERED} FROM old_ids WHERE author = ?1 AND id = ?2"
        ))?;
        statement.query_row(params![&author.0[..], &**id], first).optional()
    }

    fn first_stored(&self, author: AuthorKey, id: &str) -> rusqlite::Result<Option<FirstAnswer>> {
        let mut index = self.db.prepare_cached("SELECT entry FROM ids WHERE key = ?1")?;
        let mut found = index.query([index_key(author, id)])?;
        while let Some(row) = found.next()? {
            let mut entry = self.db.prepare_cached(&format!(
                "SELECT {ANSWERED} FROM entries WHERE entry = ?1 AND author = ?2 AND id = ?3"
            ))?;
            let found: i64 = row.get(0)?;
            let first = entry.query_row(params![found, &author.0[..], id], first).optional()?;
            if first.is_some() {
                return Ok(first);
            }
        }
        Ok(None)
    }

    fn keeps(&self, room: RoomNumber, seq: u64) -> bool {
        let room = self.keys.get(&room).and_then(|key| self.rooms.get(key));
        room.is_none_or(|room| room.first <= seq)
    }

    /// Turns the young ids into old ones if they are enough. Not within a transaction, for what
    /// that adds may be taken back.
    pub(super) fn rotate_ids(&mut self) -> rusqlite::Result<()> {
        let Ids { young, entries, old, .. } = &self.ids;
        let young_max = self.limits.young_ids_max;
        if old.is_some() || (young.len() < young_max && *entries < young_max.saturating_mul(4)) {
            return Ok(());
        }
        let mut tops = Vec::with_capacity(self.ids.stale.len());
        for name in mem::take(&mut self.ids.stale) {
            tops.extend(self.room(&name)?.map(|room| (room.number, room.top)));
        }
        let known = mem::take(&mut self.ids.young);
        let row = |((author, id), KnownId { room, first }): (&Id, &KnownId)| {
            (index_key(*author, id), key(*room, first.seq))
        };
        let mut rows: Vec<_> = known.iter().map(row).collect();
        rows.sort_unstable();
        self.ids.entries = 0;
        self.ids.old = Some(Old { known, rows, stored: 0, storing: 0, tops });
        Ok(())
    }

    /// Writes some of the old ids into the index, with a transaction that adds so many entries.
    pub(super) fn write_ids(&mut self, added: u64) -> rusqlite::Result<()> {
        let Some(old) = &self.ids.old else { return Ok(()) };
        let added = usize::try_from(added).unwrap_or(usize::MAX);
        let step = added.saturating_mul(4).max(STEP_MIN).min(old.rows.len() - old.stored);
        // What was pruned meanwhile would stay in the index for ever.
        let stored = |(_, entry): &&(i64, i64)| self.keeps(room_of(*entry), seq_of(*entry));
        let rows = old.rows.iter().skip(old.stored).take(step);
        let rows: Vec<(i64, i64)> = rows.filter(stored).copied().collect();
        insert(&self.db, &rows)?;
        if old.stored + step == old.rows.len() {
            let mut update =
                self.db.prepare_cached("UPDATE rooms SET indexed = ?2 WHERE room = ?1")?;
            for (room, top) in &old.tops {
                update.execute([*room, int(*top)])?;
            }
        }
        if let Some(old) = &mut self.ids.old {
            old.storing = step;
        }
        Ok(())
    }

    /// Takes the ids of entries that are dropped out of the index.
    pub(super) fn remove_ids(&self, from: i64, to: i64) -> rusqlite::Result<()> {
        if !self.ids.any_stored {
            return Ok(());
        }
        let mut statement = self.db.prepare_cached(
            "SELECT entry, author, id FROM entries
             WHERE entry BETWEEN ?1 AND ?2 AND id IS NOT NULL",
        )?;
        let mut rows = statement.query([from, to])?;
        let mut delete = self.db.prepare_cached("DELETE FROM ids WHERE key = ?1 AND entry = ?2")?;
        while let Some(row) = rows.next()? {
            let (entry, author): (i64, _) = (row.get(0)?, AuthorKey(row.get(1)?));
            let id = row.get_ref(2)?.as_str()?;
            delete.execute([index_key(author, id), entry])?;
        }
        Ok(())
    }
}

/// Puts rows into the index.
pub(super) fn insert(db: &Connection, rows: &[(i64, i64)]) -> rusqlite::Result<()> {
    const ROWS: usize = 16;
    static INSERT_ROWS: LazyLock<String> =
        LazyLock::new(|| format!("{INSERT}{}", ", (?, ?)".repeat(ROWS - 1)));
    let (many, single) = rows.as_chunks::<ROWS>();
    let mut statement = db.prepare_cached(&INSERT_ROWS)?;
    for rows in many {
        statement.execute(params_from_iter(rows.iter().flat_map(|row| [row.0, row.1])))?;
    }
    let mut statement = db.prepare_cached(INSERT)?;
    single.iter().try_for_each(|row| statement.execute(*row).map(drop))
}

const INSERT: &str = "INSERT OR IGNORE INTO ids (key, entry) VALUES (?, ?)";

/// Is what [`first`] reads.
const ANSWERED: &str = "hash, entry, ts, mid, kind, count";

fn first(row: &Row<'_>) -> rusqlite::Result<FirstAnswer> {
    let seq = seq_of(row.get(1)?);
    let mid = match row::is_message(row.get(4)?) {
        true => seq,
        false => row.get::<_, Option<i64>>(3)?.map_or(0, seq_of),
    };
    let count = row.get::<_, Option<u32>>(5)?.unwrap_or(0);
    Ok(FirstAnswer { hash: row.get(0)?, seq, mid, ts: nat(row.get(2)?), count })
}

/// Gives the place of an id in the index. Others may share it; what matters is that the ids of one
/// author lie together, so that a few authors at work need a few pages.
pub(super) fn index_key(author: AuthorKey, id: &str) -> i64 {
    let mut key = [0; 8];
    let (head, tail) = key.split_at_mut(4);
    head.copy_from_slice(&author.0[..4]);
    // FNV-1a.
    let mix = |hash: u32, byte: &u8| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
    tail.copy_from_slice(&id.as_bytes().iter().fold(0x811c_9dc5, mix).to_be_bytes());
    i64::from_be_bytes(key)
}

/// At least so many ids go into the index with each commit while a generation is on its way. In a
/// large index each is on a page of its own, which has to go to disk with the commit.
const STEP_MIN: usize = 8;
