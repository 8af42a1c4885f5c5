//! Writing to the database: many drafts in one transaction.

use std::collections::BTreeSet;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::super::Limits;
use super::super::draft::{self, BodyHash, FirstAnswer, ReactionCounts, changed_message};
use super::super::history::StoredEntry;
use super::files;
use super::ids::Ids;
use super::key_values;
use super::room_table::{RoomRow, RoomTable};
use super::row::{self, MessageRow, ROWS, int, key};
use super::schema;
use super::text_index::{self, TextIndex};
use crate::chat::record::{
    AuthorKey, BlobHash, Change, DeletionReason, Draft, Entry, JournalError, JournalResponse,
    RoomKey, SessionRecord,
};

/// The one connection that writes, and what it knows of the database. Between [`Writer::begin`] and
/// [`Writer::commit`] this is ahead of the database; [`Writer::roll_back`] undoes it.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) db: Connection,
    pub(super) limits: Limits,
    pub(super) rooms: RoomTable,
    /// The number of entries there have been in all rooms, with those of this transaction.
    pub(super) entries: u64,
    /// The number of entries that this transaction added.
    pub(super) added: u64,
    pub(super) ids: Ids,
    pub(super) text_index: TextIndex,
    /// Whether this transaction may change when the next message expires.
    pub(super) expiries_changed: bool,
    /// Whether this transaction erases text.
    pub(super) erased: bool,
    /// Whether there may be entries of removed rooms.
    pub(super) removing: bool,
    /// Blobs of files that this transaction frees; another message may carry them.
    pub(super) freed: BTreeSet<BlobHash>,
    /// Messages of this transaction that are still to be inserted, several at once.
    rows: Vec<MessageRow>,
}

/// Why a draft was not appended.
pub(super) enum AppendError {
    /// The draft is at fault.
    Rejected(JournalError),
    /// The database is at fault: the transaction has to be rolled back.
    Sqlite(rusqlite::Error),
}

impl From<JournalError> for AppendError {
    fn from(why: JournalError) -> Self {
        Self::Rejected(why)
    }
}

impl From<rusqlite::Error> for AppendError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl Writer {
    pub(super) fn new(db: Connection, limits: Limits, rooms: RoomTable) -> rusqlite::Result<Self> {
        let ids = Ids::load(&db, limits.young_ids_max, limits.ids_kept_ms() > 0)?;
        let text_index = TextIndex::new(&db, &rooms, limits.unsearched_entries_max)?;
        Ok(Self {
            db,
            limits,
            entries: rooms.entries(),
            rooms,
            added: 0,
            ids,
            text_index,
            expiries_changed: false,
            erased: false,
            removing: true,
            freed: BTreeSet::new(),
            rows: Vec::with_capacity(ROWS),
        })
    }

    /// Begins a transaction.
    pub(super) fn begin(&mut self) -> rusqlite::Result<()> {
        self.added = 0;
        self.expiries_changed = false;
        self.erased = false;
        self.freed.clear();
        self.rooms.clean();
        self.ids.rotate(&self.db, &mut self.rooms)?;
        self.db.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        Ok(())
    }

    /// Commits the transaction, and indexes `index` messages with it. After an error it has to be
    /// rolled back.
    pub(super) fn commit(&mut self, index: u64) -> rusqlite::Result<()> {
        self.flush()?;
        let Self { db, rooms, ids, text_index, added, .. } = self;
        text_index.index(db, rooms, index, *added)?;
        rooms.save(db)?;
        ids.write_batch(db, rooms, *added)?;
        db.prepare_cached("COMMIT")?.execute([])?;
        ids.commit();
        text_index.commit();
        rooms.clean();
        Ok(())
    }

    /// Rolls the transaction back; the rooms that it changed are read again.
    pub(super) fn roll_back(&mut self) {
        // After some errors SQLite has already done it, which makes this one fail.
        let rolled_back = self.db.execute_batch("ROLLBACK");
        tracing::debug!(?rolled_back, "rolled the transaction back");
        self.rows.clear();
        self.removing = true;
        self.text_index.roll_back(self.rooms.dirty(), self.added);
        self.rooms.roll_back();
        self.ids.roll_back();
        self.entries = self.entries.saturating_sub(self.added);
        self.added = 0;
    }

    /// Appends a draft. There is no entry if the draft is a replay.
    pub(super) fn append(
        &mut self,
        draft: &Draft,
    ) -> Result<(JournalResponse, Option<StoredEntry>), AppendError> {
        let Draft { request_id, room: key, author, sender, account, ts, change, id, .. } = draft;
        let (request_id, author, ts) = (*request_id, *author, *ts);
        let id = id.as_ref().map(|id| (id, draft::hash(draft)));
        if let Some((id, hash)) = &id
            && let Some(first) = self.ids.find(&self.db, &self.rooms, author, id)?
        {
            return Ok((first.again(request_id, *hash)?, None));
        }
        let known = self.room(key)?;
        let mut change = change.clone();
        if let Some(mid) = changed_message(&change) {
            let room = known.as_ref().ok_or(JournalError::NoSuchMessage)?;
            let of = self.author_of(room, mid)?.ok_or(JournalError::NoSuchMessage)?;
            draft::check(&mut change, author == of, draft.moderator)?;
        }
        let room = match known {
            Some(room) if room.removed => room.named(&self.db, &draft.room_name)?,
            Some(room) => room,
            None => self.rooms.insert(&self.db, key, &draft.room_name)?,
        };
        if room.is_full() {
            tracing::warn!(room = &**key, "a room has the largest number of entries");
            return Err(JournalError::Unavailable.into());
        }
        let seq = room.next();
        if let Change::Reaction { mid, emoji, on, count } = &mut change {
            *count = self.reactions(&room, *mid, emoji, author, *on)?.after(*on)?;
        }
        let (mid, count) = match &change {
            Change::Message { .. } => (seq, 0),
            Change::Reaction { mid, count, .. } => (*mid, *count),
            Change::Deleted { mid, why } => (*mid, draft::deletion_count(*why)),
            Change::Edited { mid, .. } | Change::Pinned { mid, .. } => (*mid, 0),
            Change::Topic { .. } | Change::Moderated { .. } => (0, 0),
        };
        let stored = StoredEntry {
            author,
            entry: Entry { seq, ts, sender: Arc::clone(sender), account: *account, change },
        };
        self.add(key, room, &stored, id)?;
        draft.key_values.iter().try_for_each(|key_value| key_values::put(&self.db, key_value))?;
        if let Some((id, hash)) = id {
            self.ids.add(author, id, room.number, FirstAnswer { hash, seq, mid, ts, count });
        }
        let answer =
            JournalResponse::Appended { request_id, seq, mid, ts, duplicate: false, count };
        Ok((answer, Some(stored)))
    }

    /// Returns the first answer to a draft, if it has one, without appending it.
    pub(super) fn recognise(&self, draft: &Draft) -> rusqlite::Result<JournalResponse> {
        let first = match &draft.id {
            Some(id) => self.ids.find(&self.db, &self.rooms, draft.author, id)?,
            None => None,
        };
        Ok(draft::replayed(draft, first.as_ref()))
    }

    /// Adds an entry, and applies it to the message or room it changes.
    pub(super) fn add(
        &mut self,
        key: &RoomKey,
        mut room: RoomRow,
        stored: &StoredEntry,
        id: Option<(&Arc<str>, BodyHash)>,
    ) -> rusqlite::Result<()> {
        if let Change::Message { expires, files, .. } = &stored.entry.change {
            files::add(&self.db, room.number, &stored.entry, files)?;
            let id = id.map(|(id, hash)| (Arc::clone(id), hash));
            self.rows.push(MessageRow { room: room.number, stored: stored.clone(), id });
            if self.rows.len() == ROWS {
                self.flush()?;
            }
            room.messages = room.messages.saturating_add(1);
            self.expiries_changed |= expires.is_some();
        } else {
            self.flush()?;
            row::insert(
                &self.db,
                room.number,
                stored,
                id.as_ref().map(|(id, hash)| (&***id, hash)),
            )?;
            self.apply(&room, stored)?;
        }
        room.top = stored.entry.seq;
        self.entries = self.entries.saturating_add(1);
        self.added = self.added.saturating_add(1);
        self.ids.on_entry(key);
        self.text_index.on_entry(key);
        self.rooms.put(key, room);
        Ok(())
    }

    /// Inserts the messages that are still to be inserted. To be called before entries are read in
    /// this transaction.
    pub(super) fn flush(&mut self) -> rusqlite::Result<()> {
        row::insert_messages(&self.db, &self.rows)?;
        self.rows.clear();
        Ok(())
    }

    /// Returns a room.
    pub(super) fn room(&mut self, key: &RoomKey) -> rusqlite::Result<Option<RoomRow>> {
        self.rooms.get(&self.db, key)
    }

    /// Stores a session, or deletes it.
    pub(super) fn put_session(
        &self,
        key: AuthorKey,
        session: Option<&SessionRecord>,
    ) -> rusqlite::Result<()> {
        let Some(session) = session else {
            let mut statement = self.db.prepare_cached("DELETE FROM sessions WHERE key = ?1")?;
            return statement.execute([&key.0[..]]).map(drop);
        };
        let rooms = schema::session_text(session);
        let mut statement = self.db.prepare_cached(
            "INSERT OR REPLACE INTO sessions (key, name, rooms) VALUES (?1, ?2, ?3)",
        )?;
        statement.execute(params![&key.0[..], &*session.name, rooms])?;
        Ok(())
    }

    /// Returns the author of a message that is neither pruned nor deleted.
    pub(super) fn author_of(
        &mut self,
        room: &RoomRow,
        mid: u64,
    ) -> rusqlite::Result<Option<AuthorKey>> {
        if mid < room.first || mid > room.top {
            return Ok(None);
        }
        self.flush()?;
        let mut statement = self.db.prepare_cached(
            "SELECT author FROM entries WHERE entry = ?1 AND kind = 0 AND gone IS NULL",
        )?;
        let author = statement.query_row([key(room.number, mid)], |row| row.get(0)).optional()?;
        Ok(author.map(AuthorKey))
    }

    /// Returns who wrote a message that is not pruned, and the name it had.
    pub(super) fn sender_of(
        &mut self,
        room: &RoomKey,
        mid: u64,
    ) -> rusqlite::Result<Option<(AuthorKey, Arc<str>)>> {
        let Some(room) = self.room(room)?.filter(|room| (room.first..=room.top).contains(&mid))
        else {
            return Ok(None);
        };
        self.flush()?;
        let mut statement = self
            .db
            .prepare_cached("SELECT author, sender FROM entries WHERE entry = ?1 AND kind = 0")?;
        let found = statement
            .query_row([key(room.number, mid)], |row| Ok((AuthorKey(row.get(0)?), row.get(1)?)));
        found.optional()
    }

    /// Counts the reactions to a message, as far as adding one or taking it back needs it.
    fn reactions(
        &self,
        room: &RoomRow,
        mid: u64,
        emoji: &str,
        author: AuthorKey,
        on: bool,
    ) -> rusqlite::Result<ReactionCounts> {
        let (message, author) = (key(room.number, mid), &author.0[..]);
        let mut same = self.db.prepare_cached(
            "SELECT count(*) FILTER (WHERE author <> ?3), count(*) FILTER (WHERE author = ?3)
             FROM reactions WHERE message = ?1 AND emoji = ?2",
        )?;
        let mut counts = same.query_row(params![message, emoji, author], |row| {
            let (others, own): (_, u32) = (row.get(0)?, row.get(1)?);
            Ok(ReactionCounts { others, given: own > 0, ..ReactionCounts::default() })
        })?;
        if !on || counts.given {
            return Ok(counts);
        }
        let mut all = self.db.prepare_cached(
            "SELECT count(DISTINCT emoji), count(*) FILTER (WHERE author = ?2)
             FROM reactions WHERE message = ?1",
        )?;
        (counts.kinds, counts.own) =
            all.query_row(params![message, author], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(counts)
    }

    fn apply(&mut self, room: &RoomRow, stored: &StoredEntry) -> rusqlite::Result<()> {
        let Entry { seq, sender, change, .. } = &stored.entry;
        let (seq, db) = (int(*seq), &self.db);
        match change {
            Change::Message { .. } | Change::Pinned { .. } | Change::Moderated { .. } => {}
            Change::Edited { mid, content } => {
                text_index::remove(db, room, *mid, *mid)?;
                let mut statement = db.prepare_cached(
                    "UPDATE entries SET edit = ?2, changed = ?3 WHERE entry = ?1",
                )?;
                statement.execute(params![key(room.number, *mid), &**content, seq])?;
                text_index::restore(db, room, *mid, content)?;
            }
            Change::Deleted { mid, why } => {
                text_index::remove(db, room, *mid, *mid)?;
                let message = key(room.number, *mid);
                erase(db, message, *why, seq)?;
                files::free(db, [message; 2], &mut self.freed)?;
                self.erased = true;
                self.expiries_changed = true;
            }
            Change::Reaction { mid, emoji, on, .. } => {
                let message = key(room.number, *mid);
                let author = &stored.author.0[..];
                if *on {
                    let mut statement = db.prepare_cached(
                        "INSERT OR IGNORE INTO reactions (message, emoji, author, name, seq)
                         VALUES (?1, ?2, ?3, ?4, ?5)",
                    )?;
                    statement.execute(params![message, &**emoji, author, &**sender, seq])?;
                } else {
                    let mut statement = db.prepare_cached(
                        "DELETE FROM reactions WHERE message = ?1 AND emoji = ?2 AND author = ?3",
                    )?;
                    statement.execute(params![message, &**emoji, author])?;
                }
                let mut statement =
                    db.prepare_cached("UPDATE entries SET changed = ?2 WHERE entry = ?1")?;
                statement.execute([message, seq])?;
            }
            Change::Topic { topic } => {
                let mut statement =
                    db.prepare_cached("UPDATE rooms SET topic = ?2 WHERE room = ?1")?;
                statement.execute(params![room.number, &**topic])?;
            }
        }
        Ok(())
    }
}

/// Deletes the text of a message and of its edits, and the reactions to it.
pub(super) fn erase(
    db: &Connection,
    message: i64,
    why: DeletionReason,
    seq: i64,
) -> rusqlite::Result<()> {
    let mut statement = db.prepare_cached(
        "UPDATE entries SET text = '', edit = NULL, files = NULL, gone = ?2, changed = ?3 WHERE entry = ?1",
    )?;
    statement.execute([message, row::gone(why), seq])?;
    db.prepare_cached("UPDATE entries SET text = '' WHERE mid = ?1 AND kind = 1")?
        .execute([message])?;
    db.prepare_cached("DELETE FROM reactions WHERE message = ?1")?.execute([message])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::journal::Durability;
    use crate::journal::tests::Scratch;

    #[test]
    fn a_reaction_taken_back_or_given_again_does_not_count_all_others() {
        let (scratch, limits) = (Scratch::new(), Limits::default());
        let path = scratch.path().join("journal.db");
        let db = schema::open(&path, Durability::Write, &limits, false).unwrap();
        let mut writer = Writer::new(db, limits, RoomTable::default()).unwrap();
        let row = RoomRow {
            number: 1,
            first: 1,
            top: 1,
            messages: 1,
            searched: 0,
            oldest: 0,
            removed: false,
        };
        let sql = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n LIMIT 1000)
                   INSERT INTO reactions (message, emoji, author, name, seq)
                   SELECT ?1, 'a', randomblob(16), 'Bob', n FROM n
                   UNION ALL SELECT ?1, 'b', ?2, 'Alice', 0";
        let alice = AuthorKey([1; 16]);
        writer.db.execute(sql, params![key(1, 1), &alice.0[..]]).unwrap();
        let steps = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&steps);
        let count = move || {
            counter.fetch_add(1, Ordering::Relaxed);
            false
        };
        writer.db.progress_handler(1, Some(count)).unwrap();
        for (emoji, on, is_cheap) in [("b", false, true), ("b", true, true), ("c", true, false)] {
            steps.store(0, Ordering::Relaxed);
            writer.reactions(&row, 1, emoji, alice, on).unwrap();
            assert_eq!(steps.load(Ordering::Relaxed) < 200, is_cheap, "{emoji} {on}");
        }
    }
}
