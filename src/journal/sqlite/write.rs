//! Writing to the database: many drafts in one transaction.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::super::Limits;
use super::super::draft::{self, BodyHash, FirstAnswer, changed_message};
use super::super::history::StoredEntry;
use super::facts;
use super::ids::Ids;
use super::row::{self, MessageRow, ROWS, RoomNumber, int, key};
use super::schema::{self, RoomRow};
use super::text_index::{self, Lag};
use crate::chat::record::{
    Answer, AuthorKey, Change, Draft, Entry, Gone, Refused, RoomKey, SessionRecord,
};

/// Writes. What it knows of the rooms is ahead of the database between [`Writer::begin`] and
/// [`Writer::commit`], and falls back with it.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) db: Connection,
    pub(super) limits: Limits,
    pub(super) rooms: HashMap<RoomKey, RoomRow>,
    pub(super) keys: HashMap<RoomNumber, RoomKey>,
    /// The rooms that this transaction changes.
    pub(super) dirty: BTreeSet<RoomKey>,
    /// How many entries there have been in all rooms, with those of this transaction.
    pub(super) entries: u64,
    /// How many of them this transaction added.
    pub(super) added: u64,
    pub(super) ids: Ids,
    pub(super) lag: Lag,
    /// Whether this transaction changes when the next message expires.
    pub(super) expiries_changed: bool,
    /// Messages of this transaction that are still to be inserted, several at once.
    rows: Vec<MessageRow>,
}

/// Says why a draft was not written.
pub(super) enum AppendError {
    /// It is at fault itself.
    Refused(Refused),
    /// The database is: nothing of this transaction counts.
    Sqlite(rusqlite::Error),
}

impl From<Refused> for AppendError {
    fn from(why: Refused) -> Self {
        Self::Refused(why)
    }
}

impl From<rusqlite::Error> for AppendError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl Writer {
    pub(super) fn new(
        db: Connection,
        limits: Limits,
        rooms: HashMap<RoomKey, RoomRow>,
    ) -> rusqlite::Result<Self> {
        let keys = rooms.iter().map(|(key, room)| (room.number, Arc::clone(key))).collect();
        let entries = rooms.values().map(|room| room.top).sum();
        let lag = Lag::new(&rooms);
        let ids = Ids::load(&db, limits.ids_kept_ms() > 0)?;
        Ok(Self {
            db,
            limits,
            rooms,
            keys,
            dirty: BTreeSet::new(),
            entries,
            added: 0,
            ids,
            lag,
            expiries_changed: false,
            rows: Vec::with_capacity(ROWS),
        })
    }

    /// Begins a transaction.
    pub(super) fn begin(&mut self) -> rusqlite::Result<()> {
        self.added = 0;
        self.expiries_changed = false;
        self.dirty.clear();
        self.rotate_ids()?;
        self.db.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        Ok(())
    }

    /// Commits the transaction, with so many messages for the index. After an error it has to be
    /// taken back.
    pub(super) fn commit(&mut self, index: u64) -> rusqlite::Result<()> {
        self.flush()?;
        self.index(index, self.added)?;
        for key in &self.dirty {
            let Some(room) = self.rooms.get(key) else { continue };
            let RoomRow { number, first, top, messages, searched } = *room;
            let mut statement = self.db.prepare_cached(
                "UPDATE rooms SET first = ?2, top = ?3, messages = ?4, searched = ?5 WHERE room = ?1",
            )?;
            statement.execute([number, int(first), int(top), int(messages), int(searched)])?;
        }
        self.write_ids(self.added)?;
        self.db.prepare_cached("COMMIT")?.execute([])?;
        self.ids.commit();
        self.lag.commit();
        self.dirty.clear();
        Ok(())
    }

    /// Takes the transaction back; what was known of its rooms will be read again.
    pub(super) fn roll_back(&mut self) {
        // After some errors SQLite has already done it, which makes this one fail.
        let rolled_back = self.db.execute_batch("ROLLBACK");
        tracing::debug!(?rolled_back, "took the transaction back");
        self.rows.clear();
        self.lag.roll_back(&self.dirty, self.added);
        for key in std::mem::take(&mut self.dirty) {
            self.rooms.remove(&key);
        }
        self.ids.roll_back();
        self.entries -= self.added;
        self.added = 0;
    }

    /// Adds what a draft says to the record. Without an entry, it had come before.
    pub(super) fn append(
        &mut self,
        draft: &Draft,
    ) -> Result<(Answer, Option<StoredEntry>), AppendError> {
        let Draft { ticket, room: key, author, sender, ts, change, id, .. } = draft;
        let (ticket, author, ts) = (*ticket, *author, *ts);
        let id = id.as_ref().map(|id| (id, draft::hash(draft)));
        if let Some((id, hash)) = &id
            && let Some(first) = self.first(author, id)?
        {
            return Ok((first.again(ticket, *hash)?, None));
        }
        let known = self.room(key)?;
        let mut change = change.clone();
        if let Some(mid) = changed_message(&change) {
            let room = known.as_ref().ok_or(Refused::NoSuchMessage)?;
            let of = self.author_of(room, mid)?.ok_or(Refused::NoSuchMessage)?;
            draft::check(&mut change, author == of, draft.moderator)?;
        }
        let room = match known {
            Some(room) => room,
            None => self.make_room(key, &draft.room_name)?,
        };
        let seq = room.top + 1;
        if let Change::Reaction { mid, emoji, on, count } = &mut change {
            *count = self.count(&room, *mid, emoji, author, *on)?;
        }
        let (mid, count) = match &change {
            Change::Message { .. } => (seq, 0),
            Change::Reaction { mid, count, .. } => (*mid, *count),
            Change::Deleted { mid, why } => (*mid, draft::deletion_count(*why)),
            Change::Edited { mid, .. } => (*mid, 0),
            Change::Topic { .. } | Change::Moderated { .. } => (0, 0),
        };
        let stored =
            StoredEntry { author, entry: Entry { seq, ts, sender: Arc::clone(sender), change } };
        self.add(key, room, &stored, id)?;
        draft.facts.iter().try_for_each(|fact| facts::put(&self.db, fact))?;
        if let Some((id, hash)) = id {
            self.ids.put(author, id, room.number, FirstAnswer { hash, seq, mid, ts, count });
        }
        let answer = Answer::Appended { ticket, seq, mid, ts, duplicate: false, count };
        Ok((answer, Some(stored)))
    }

    /// Says whether a draft has come before.
    pub(super) fn recognise(&self, draft: &Draft) -> rusqlite::Result<Answer> {
        let first = match &draft.id {
            Some(id) => self.first(draft.author, id)?,
            None => None,
        };
        Ok(draft::replayed(draft, first.as_ref()))
    }

    /// Adds an entry, and folds it into what it changes.
    pub(super) fn add(
        &mut self,
        key: &RoomKey,
        mut room: RoomRow,
        stored: &StoredEntry,
        id: Option<(&Arc<str>, BodyHash)>,
    ) -> rusqlite::Result<()> {
        if let Change::Message { expires, .. } = &stored.entry.change {
            let id = id.map(|(id, hash)| (Arc::clone(id), hash));
            self.rows.push(MessageRow { room: room.number, stored: stored.clone(), id });
            if self.rows.len() == ROWS {
                self.flush()?;
            }
            room.messages += 1;
            self.expiries_changed |= expires.is_some();
        } else {
            self.flush()?;
            row::insert(
                &self.db,
                room.number,
                stored,
                id.as_ref().map(|(id, hash)| (&***id, hash)),
            )?;
            self.fold(&room, stored)?;
        }
        room.top = stored.entry.seq;
        self.entries += 1;
        self.added += 1;
        self.ids.count(key);
        self.lag.count(key);
        self.put(key, room);
        Ok(())
    }

    /// Inserts the messages that are still to be. Whoever reads entries in this transaction wants
    /// that first.
    pub(super) fn flush(&mut self) -> rusqlite::Result<()> {
        row::insert_messages(&self.db, &self.rows)?;
        self.rows.clear();
        Ok(())
    }

    /// Notes what has become of a room.
    pub(super) fn put(&mut self, key: &RoomKey, room: RoomRow) {
        self.rooms.insert(Arc::clone(key), room);
        if !self.dirty.contains(key) {
            self.dirty.insert(Arc::clone(key));
        }
    }

    /// Finds a room.
    pub(super) fn room(&mut self, key: &RoomKey) -> rusqlite::Result<Option<RoomRow>> {
        if let Some(room) = self.rooms.get(key) {
            return Ok(Some(*room));
        }
        let room = schema::room(&self.db, key)?;
        if let Some(room) = room {
            self.rooms.insert(Arc::clone(key), room);
        }
        Ok(room)
    }

    /// Keeps a session, or forgets it.
    pub(super) fn put_session(
        &self,
        key: AuthorKey,
        session: Option<&SessionRecord>,
    ) -> rusqlite::Result<()> {
        let Some(SessionRecord { name, rooms, .. }) = session else {
            let mut statement = self.db.prepare_cached("DELETE FROM sessions WHERE key = ?1")?;
            return statement.execute([&key.0[..]]).map(drop);
        };
        let names: Vec<&str> = rooms.iter().map(|name| &**name).collect();
        let rooms = serde_json::to_string(&names).unwrap_or_default();
        let mut statement = self.db.prepare_cached(
            "INSERT OR REPLACE INTO sessions (key, name, rooms) VALUES (?1, ?2, ?3)",
        )?;
        statement.execute(params![&key.0[..], &**name, rooms])?;
        Ok(())
    }

    /// Makes a room without entries.
    pub(super) fn make_room(&mut self, key: &RoomKey, name: &str) -> rusqlite::Result<RoomRow> {
        let mut statement =
            self.db.prepare_cached("INSERT INTO rooms (key, name) VALUES (?1, ?2)")?;
        let number = statement.insert([&**key, name])?;
        self.keys.insert(number, Arc::clone(key));
        Ok(RoomRow { number, first: 1, top: 0, messages: 0, searched: 0 })
    }

    /// Finds who said a message that still has its text.
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

    /// Counts who reacts so to a message once `author` does, or has taken it back.
    fn count(
        &self,
        room: &RoomRow,
        mid: u64,
        emoji: &str,
        author: AuthorKey,
        on: bool,
    ) -> rusqlite::Result<u32> {
        let mut statement = self.db.prepare_cached(
            "SELECT count(*) FROM reactions WHERE message = ?1 AND emoji = ?2 AND author <> ?3",
        )?;
        let message = key(room.number, mid);
        let others: u32 =
            statement.query_row(params![message, emoji, &author.0[..]], |row| row.get(0))?;
        Ok(others.saturating_add(u32::from(on)))
    }

    fn fold(&mut self, room: &RoomRow, stored: &StoredEntry) -> rusqlite::Result<()> {
        let Entry { seq, sender, change, .. } = &stored.entry;
        let (seq, db) = (int(*seq), &self.db);
        match change {
            Change::Message { .. } | Change::Moderated { .. } => {}
            Change::Edited { mid, content } => {
                text_index::take_out(db, room, *mid, *mid)?;
                let mut statement = db.prepare_cached(
                    "UPDATE entries SET edit = ?2, changed = ?3 WHERE entry = ?1",
                )?;
                statement.execute(params![key(room.number, *mid), &**content, seq])?;
                text_index::put_back(db, room, *mid, content)?;
            }
            Change::Deleted { mid, why } => {
                text_index::take_out(db, room, *mid, *mid)?;
                forget(db, key(room.number, *mid), *why, seq)?;
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

/// Removes the text of a message and of its edits, and the reactions to it.
fn forget(db: &Connection, message: i64, why: Gone, seq: i64) -> rusqlite::Result<()> {
    let mut statement = db.prepare_cached(
        "UPDATE entries SET text = '', edit = NULL, gone = ?2, changed = ?3 WHERE entry = ?1",
    )?;
    statement.execute([message, row::gone(why), seq])?;
    db.prepare_cached("UPDATE entries SET text = '' WHERE mid = ?1 AND kind = 1")?
        .execute([message])?;
    db.prepare_cached("DELETE FROM reactions WHERE message = ?1")?.execute([message])?;
    Ok(())
}
