//! Reading the record back from a file.
//!
//! All of a file goes into one transaction: what is wrong with any line leaves the journal as it
//! was. Entries that the journal has already are compared and left alone, so that the same file can
//! be read again, also when the rooms went on meanwhile.

use std::collections::HashSet;
use std::io::{BufRead, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::OptionalExtension as _;

use super::super::super::draft::changed_message;
use super::super::super::{Durability, Limits, OpenError};
use super::super::directory::Directory;
use super::super::ids::{self, index_key};
use super::super::key_values;
use super::super::open::{Place, mark};
use super::super::row::{int, key};
use super::super::write::Writer;
use super::super::{room_table, schema};
use super::line::{EntryLine, Header, KeyValueLine, Line, RoomLine, VERSION};
use super::{FullEntry, TransferError, full_entry, select_full_entry};
use crate::chat::record::{Change, File, Files, RoomKey};
use crate::clock::Now;

/// The outcome of an import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// The number of rooms that are new to the journal.
    pub rooms: u64,
    /// The number of entries that are new.
    pub added: u64,
    /// The number of entries that the journal has, or has had.
    pub known: u64,
    /// The number of key-value records that are new.
    pub key_values: u64,
    /// Whether the journal took the file's epoch over, so that positions of clients stay valid.
    pub epoch_taken: bool,
}

/// Adds what stands in `input` to the journal in `dir`, which is made if there is none; all of it,
/// or nothing.
///
/// `check_file` is asked for each file of a message whether its bytes are there; if it answers with a
/// fault, nothing is imported. With `take_epoch`, a journal without entries takes the epoch of a whole record over. `progress` is
/// told how many entries are read, and of how many.
pub fn import(
    dir: &Path,
    limits: Limits,
    now: Now,
    take_epoch: bool,
    input: &mut dyn BufRead,
    progress: &mut dyn FnMut(u64, u64),
    check_file: &mut dyn FnMut(&File) -> Result<(), String>,
) -> Result<Imported, TransferError> {
    let durability = Durability::Fsync;
    let place = Place { dir: dir.to_owned(), durability, accept_loss: false, check: false };
    let directory = Directory::lock(&place.dir)?;
    let path = directory.database();
    let failed = |source| OpenError::of(&path, source);
    let db = schema::open(&path, place.durability, &limits, place.check)?;
    directory.sync()?;
    let (_, rooms) = room_table::all(&db).map_err(failed)?;
    let writer = Writer::new(db, limits, rooms).map_err(failed)?;
    let (mut mark, _) = mark(&place, &directory, writer.entries, now)?;

    let mut import = Import {
        writer,
        path: path.clone(),
        line: 0,
        room: None,
        seen: HashSet::new(),
        entries: 0,
        key_values: 0,
        imported: Imported::default(),
        check_file,
    };
    if let Err(error) = import.all(take_epoch, input, progress) {
        import.writer.roll_back();
        return Err(error);
    }
    // It is on disk; whatever happens from here on does not make it fail.
    let Import { writer, imported, .. } = import;
    mark.write(writer.rooms.entries(), now.at);
    if let Err(error) = schema::checkpoint(&writer.db) {
        tracing::error!(%error, "the journal's log could not be put away");
    }
    Ok(imported)
}

/// An import under way.
struct Import<'a> {
    writer: Writer,
    path: PathBuf,
    /// The number of the line read last.
    line: u64,
    room: Option<Open>,
    seen: HashSet<RoomKey>,
    entries: u64,
    key_values: u64,
    imported: Imported,
    check_file: &'a mut dyn FnMut(&File) -> Result<(), String>,
}

/// The room whose entries are read.
struct Open {
    key: RoomKey,
    /// The number of the next entry in the file, and of the last one.
    next: u64,
    top: u64,
    /// Rows for the index of ids, if the room is new.
    index: Option<Vec<(i64, i64)>>,
}

impl Import<'_> {
    fn all(
        &mut self,
        take_epoch: bool,
        input: &mut dyn BufRead,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<(), TransferError> {
        let take_epoch = take_epoch && self.writer.entries == 0;
        let begun = self.writer.begin();
        begun.map_err(|source| self.sqlite(source))?;
        let Some(Line::Journal(header)) = self.next_line(input)? else {
            return Err(self.fault(NOT_A_RECORD));
        };
        let Header { version, epoch, only, rooms, entries, key_values } = header;
        if !(1..=VERSION).contains(&version) {
            let fault = format!("the file has version {version}, and this is version {VERSION}");
            return Err(self.fault(fault));
        }
        while let Some(line) = self.next_line(input)? {
            match line {
                Line::Journal(_) => return Err(self.fault("the file begins again")),
                Line::KeyValue(line) => self.take_key_value(line)?,
                Line::Room(line) => self.begin_room(&line)?,
                Line::Entry(line) => {
                    self.take_entry(line)?;
                    self.entries = self.entries.saturating_add(1);
                    progress(self.entries, entries);
                }
            }
        }
        self.end_room()?;
        let found = u64::try_from(self.seen.len()).unwrap_or(u64::MAX);
        if (found, self.entries) != (rooms, entries) {
            return Err(self.fault(format!(
                "the file ends here with {found} rooms and {} entries, but should have {rooms} and \
                 {entries}",
                self.entries
            )));
        }
        if self.key_values != key_values {
            let found = self.key_values;
            return Err(
                self.fault(format!("the file has {found} facts, but should have {key_values}"))
            );
        }
        // In a part of a record, rooms left out would count from 1 again under the same epoch.
        if take_epoch && only.is_none() && !epoch.is_empty() {
            let taken = schema::epoch(&self.writer.db, &epoch, true);
            taken.map_err(|source| self.sqlite(source))?;
            self.imported.epoch_taken = true;
        }
        let committed = self.writer.commit(0);
        committed.map_err(|source| self.sqlite(source))
    }

    /// Reads a line; `None` at the end of the file.
    fn next_line(&mut self, input: &mut dyn BufRead) -> Result<Option<Line>, TransferError> {
        let mut text = Vec::new();
        let read = input.take(LINE_BYTES_MAX as u64).read_until(b'\n', &mut text);
        if read.map_err(TransferError::Read)? == 0 {
            return Ok(None);
        }
        self.line = self.line.saturating_add(1);
        if text.len() == LINE_BYTES_MAX && text.last() != Some(&b'\n') {
            return Err(self.fault(format!("longer than {LINE_BYTES_MAX} bytes")));
        }
        serde_json::from_slice(text.trim_ascii_end()).map(Some).map_err(|error| match self.line {
            1 => self.fault(NOT_A_RECORD),
            _ => self.fault(format!("broken: {}", plain(&error))),
        })
    }

    /// Saves a key-value record, unless the journal has one of its key, which may be newer.
    fn take_key_value(&mut self, line: KeyValueLine) -> Result<(), TransferError> {
        let key_value = line.key_value().map_err(|fault| self.fault(fault))?;
        self.key_values = self.key_values.saturating_add(1);
        let db = &self.writer.db;
        let known = key_values::exists(db, key_value.namespace, &key_value.key);
        if known.map_err(|source| self.sqlite(source))? {
            return Ok(());
        }
        key_values::put(db, &key_value).map_err(|source| self.sqlite(source))?;
        self.imported.key_values = self.imported.key_values.saturating_add(1);
        Ok(())
    }

    fn begin_room(&mut self, line: &RoomLine) -> Result<(), TransferError> {
        self.end_room()?;
        line.check().map_err(|fault| self.fault(fault))?;
        let name = &line.name;
        if !self.seen.insert(Arc::clone(&line.room)) {
            return Err(self.fault(format!("the room {name} comes twice")));
        }
        let known = self.writer.room(&line.room);
        let index = match known.map_err(|source| self.sqlite(source))? {
            Some(room) if line.first > room.next() => {
                return Err(self.fault(format!(
                    "the journal has the room {name} up to entry {}, and the file goes on with \
                     {}: what is between is missing",
                    room.top, line.first
                )));
            }
            Some(room) if room.removed && line.top > room.top => {
                let named = room.named(&self.writer.db, &line.name);
                let room = named.map_err(|source| self.sqlite(source))?;
                self.writer.rooms.put(&line.room, room);
                None
            }
            Some(_) => None,
            None => {
                self.make_room(line).map_err(|source| self.sqlite(source))?;
                self.imported.rooms = self.imported.rooms.saturating_add(1);
                Some(Vec::new())
            }
        };
        let key = Arc::clone(&line.room);
        self.room = Some(Open { key, next: line.first, top: line.top, index });
        Ok(())
    }

    fn make_room(&mut self, line: &RoomLine) -> rusqlite::Result<()> {
        let Writer { db, rooms, .. } = &mut self.writer;
        let mut room = rooms.insert(db, &line.room, &line.name)?;
        (room.first, room.top) = (line.first, line.first.saturating_sub(1));
        rooms.put(&line.room, room);
        // The entry that said so may have been pruned.
        let sql = "UPDATE rooms SET topic = ?2 WHERE room = ?1";
        db.execute(sql, (room.number, &*line.topic)).map(drop)
    }

    fn take_entry(&mut self, line: EntryLine) -> Result<(), TransferError> {
        let seq = line.seq;
        let Some(Open { key: name, next, top, .. }) = &mut self.room else {
            return Err(self.fault("an entry before the first room"));
        };
        if seq != *next || seq > *top {
            let fault = match *next > *top {
                true => format!("entry {seq}, but the room ends at {top}"),
                false => format!("entry {seq}, but entry {next} is next"),
            };
            return Err(self.fault(fault));
        }
        *next = next.saturating_add(1);
        let name = Arc::clone(name);
        let entry = line.full_entry().map_err(|fault| self.fault(fault))?;
        let room = self.writer.room(&name);
        let room = room.and_then(|room| room.ok_or(rusqlite::Error::QueryReturnedNoRows));
        let room = room.map_err(|source| self.sqlite(source))?;
        if seq > room.top {
            return self.add(&name, &entry);
        }
        self.imported.known = self.imported.known.saturating_add(1);
        if seq < room.first {
            // It was here and is no longer kept.
            return Ok(());
        }
        let known = self.known(key(room.number, seq));
        match known.map_err(|source| self.sqlite(source))? {
            Some(known) if is_same(&known, &entry) => self.check_files(&known),
            _ => Err(self.fault(format!(
                "the journal has another entry {seq} in the room {name}; import into an empty \
                 directory"
            ))),
        }
    }

    /// Checks that the bytes of a message's files are there.
    fn check_files(&mut self, entry: &FullEntry) -> Result<(), TransferError> {
        if let Change::Message { files, .. } = &entry.stored.entry.change {
            for file in files.iter() {
                (self.check_file)(file).map_err(|fault| self.fault(fault))?;
            }
        }
        Ok(())
    }

    fn known(&self, entry: i64) -> rusqlite::Result<Option<FullEntry>> {
        let sql = format!("{} = ?1", select_full_entry(&self.writer.db)?);
        let mut statement = self.writer.db.prepare_cached(&sql)?;
        statement.query_row([entry], full_entry).optional()
    }

    fn add(&mut self, name: &RoomKey, entry: &FullEntry) -> Result<(), TransferError> {
        self.check_files(entry)?;
        let FullEntry { stored, id } = entry;
        let room = self.writer.room(name);
        let Some(room) = room.map_err(|source| self.sqlite(source))? else { return Ok(()) };
        if let Some(mid) = changed_message(&stored.entry.change).filter(|mid| *mid >= room.first) {
            let author = self.writer.author_of(&room, mid);
            if author.map_err(|source| self.sqlite(source))?.is_none() {
                return Err(self.fault(format!("there is no message {mid} to change")));
            }
        }
        let (seq, number) = (stored.entry.seq, room.number);
        let id = id.as_ref().map(|(id, hash)| (Arc::from(id.as_str()), *hash));
        let of = id.as_ref().map(|(id, hash)| (id, *hash));
        let added = self.writer.add(name, room, stored, of);
        added.map_err(|source| self.sqlite(source))?;
        self.imported.added = self.imported.added.saturating_add(1);
        if let Some(Open { index: Some(index), .. }) = &mut self.room
            && let Some((id, _)) = id
        {
            index.push((index_key(stored.author, &id), key(number, seq)));
        }
        Ok(())
    }

    /// Ends the room whose entries were read, if there is one.
    fn end_room(&mut self) -> Result<(), TransferError> {
        let Some(Open { key, next, top, index }) = self.room.take() else { return Ok(()) };
        if next <= top {
            let fault = format!("entries {next} to {top} of the room {key} are missing");
            return Err(self.fault(fault));
        }
        self.finish_room(&key, index).map_err(|source| self.sqlite(source))
    }

    fn finish_room(
        &mut self,
        name: &RoomKey,
        index: Option<Vec<(i64, i64)>>,
    ) -> rusqlite::Result<()> {
        let Some(room) = self.writer.room(name)? else { return Ok(()) };
        // What is left of reactions to messages that were pruned.
        self.writer.drop_entries(&room, 1)?;
        // Other rooms have ids that are not in the index either; a start reads those.
        let Some(mut index) = index else { return Ok(()) };
        index.sort_unstable();
        ids::insert(&self.writer.db, &index)?;
        let sql = "UPDATE rooms SET indexed = ?2 WHERE room = ?1";
        self.writer.db.execute(sql, [room.number, int(room.top)]).map(drop)
    }

    fn fault(&self, fault: impl Into<String>) -> TransferError {
        TransferError::Line { number: self.line.max(1), fault: fault.into() }
    }

    fn sqlite(&self, source: rusqlite::Error) -> TransferError {
        TransferError::Sqlite { path: self.path.clone(), source }
    }
}

/// Whether this is the same entry, although one of them may have lost its text since.
fn is_same(one: &FullEntry, other: &FullEntry) -> bool {
    let ((one, text), (other, other_text)) = (without_text(one), without_text(other));
    one == other && (text == other_text || text.is_empty() || other_text.is_empty())
}

fn without_text(entry: &FullEntry) -> (FullEntry, Arc<str>) {
    let mut entry = entry.clone();
    let text = match &mut entry.stored.entry.change {
        Change::Message { content, files, .. } => {
            *files = Files::default();
            std::mem::replace(content, Arc::from(""))
        }
        Change::Edited { content, .. } => std::mem::replace(content, Arc::from("")),
        _ => Arc::from(""),
    };
    (entry, text)
}

/// What is wrong with a line, without the place: to the parser each line is the first one.
fn plain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    match text.strip_suffix(&place) {
        Some(text) => format!("{text} at byte {}", error.column()),
        None => text,
    }
}

const NOT_A_RECORD: &str = "this is not a record that `chinwag export` wrote";
/// Longer lines are refused.
const LINE_BYTES_MAX: usize = 64 * 1024 * 1024;
