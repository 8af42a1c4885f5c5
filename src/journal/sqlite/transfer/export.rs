//! Writing the record to a file.
//!
//! It reads through a connection of its own that cannot write, and from one point in time: a server
//! at work goes on meanwhile.

use std::collections::HashSet;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

use super::super::super::OpenError;
use super::super::directory::DATABASE;
use super::super::key_values;
use super::super::row::{RoomNumber, key, nat};
use super::super::schema;
use super::line::{EntryLine, Header, KeyValueLine, Line, RoomLine, VERSION};
use super::{CarriedFile, FullEntry, TransferError, full_entry, select_full_entry};
use crate::chat::record::{Change, Files, KeyValue, Namespace};
use crate::clock::Now;

/// The outcome of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// The number of rooms.
    pub rooms: u64,
    /// The number of entries.
    pub entries: u64,
    /// The files of the messages, whose bytes are not in it.
    pub files: Vec<CarriedFile>,
}

/// Writes the record of the journal in `dir` as JSON lines, or that of one room by its name.
///
/// Messages that have expired by `now` have no text. `progress` is told how many entries are
/// written, and of how many. What was written before an error is not a whole file.
pub fn export(
    dir: &Path,
    room: Option<&str>,
    now: Now,
    out: &mut dyn Write,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Exported, TransferError> {
    let path = dir.join(DATABASE);
    if !path.exists() {
        return Err(TransferError::NoJournal { path: dir.to_owned() });
    }
    let db = open(&path)?;
    let failed = |source| TransferError::Sqlite { path: path.clone(), source };
    let snapshot = db.unchecked_transaction().map_err(failed)?;
    let mut rooms = rooms(&snapshot).map_err(failed)?;
    if let Some(room) = room {
        rooms.retain(|(_, line)| has_name(line, room));
        if rooms.is_empty() {
            return Err(TransferError::NoRoom { room: room.to_owned() });
        }
    }
    let entries = rooms.iter().map(|(_, line)| line.entries()).sum();
    let epoch = epoch(&snapshot).map_err(failed)?;
    let count = u64::try_from(rooms.len()).unwrap_or(u64::MAX);
    let only = room.map(str::to_owned);
    let key_values = key_values(&snapshot, room.is_some().then_some(&rooms)).map_err(failed)?;
    let (version, records) = (VERSION, key_values.len() as u64);
    let header = Header { version, epoch, only, rooms: count, entries, key_values: records };
    write(out, &Line::Journal(header))?;
    for key_value in key_values.into_iter().filter_map(KeyValueLine::of) {
        write(out, &Line::KeyValue(key_value))?;
    }
    let select = select_full_entry(&snapshot).map_err(failed)?;
    let (mut done, mut files) = (0_u64, Vec::new());
    for (number, line) in rooms {
        let reach = [key(number, line.first), key(number, line.top)];
        let room = Arc::clone(&line.name);
        write(out, &Line::Room(line))?;
        let mut statement = snapshot
            .prepare_cached(&format!("{select} BETWEEN ?1 AND ?2 ORDER BY entry"))
            .map_err(failed)?;
        let mut rows = statement.query(reach).map_err(failed)?;
        let mut over = HashSet::new();
        while let Some(row) = rows.next().map_err(failed)? {
            let mut entry = full_entry(row).map_err(failed)?;
            hide(&mut entry, now, &mut over);
            files.extend(CarriedFile::of(&room, &entry.stored.entry));
            write(out, &Line::Entry(EntryLine::of(entry)))?;
            done = done.saturating_add(1);
            progress(done, entries);
        }
    }
    out.flush().map_err(TransferError::Write)?;
    Ok(Exported { rooms: count, entries: done, files })
}

/// Opens the database for reading; a server may be writing to it.
pub(super) fn open(path: &Path) -> Result<Connection, OpenError> {
    let failed = |source| OpenError::of(path, source);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags).map_err(failed)?;
    db.busy_timeout(schema::BUSY_MAX).map_err(failed)?;
    match schema::recognise(&db, path)? {
        0 => Err(OpenError::NotAJournal { path: path.to_owned() }),
        _ => Ok(db),
    }
}

/// Reads the epoch; empty if the journal was made but never opened to the end.
fn epoch(db: &Connection) -> rusqlite::Result<String> {
    let epoch = db.query_row("SELECT value FROM meta WHERE key = 'epoch'", [], |row| row.get(0));
    epoch.optional().map(Option::unwrap_or_default)
}

/// Reads every room, in the order of their keys.
fn rooms(db: &Connection) -> rusqlite::Result<Vec<(RoomNumber, RoomLine)>> {
    let mut statement =
        db.prepare("SELECT room, key, name, topic, first, top FROM rooms ORDER BY key")?;
    let rooms = statement.query_map([], |row| {
        let (first, top) = (nat(row.get(4)?), nat(row.get(5)?));
        let (room, name, topic) = (row.get(1)?, row.get(2)?, row.get(3)?);
        Ok((row.get(0)?, RoomLine { room, name, topic, first, top }))
    })?;
    rooms.collect()
}

/// Reads the key-value records for the file: all but revoked logins and uploads without a message,
/// which are of no use elsewhere, or those about these rooms.
fn key_values(
    db: &Connection,
    only: Option<&Vec<(RoomNumber, RoomLine)>>,
) -> rusqlite::Result<Vec<KeyValue>> {
    // The database may be of a version without key-value records.
    let sql = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'facts')";
    if !db.query_row(sql, [], |row| row.get::<_, bool>(0))? {
        return Ok(Vec::new());
    }
    let belongs = |key_value: &KeyValue| match only {
        Some(rooms) => rooms.iter().any(|(_, line)| key_values::is_about(key_value, &line.room)),
        None => !matches!(
            key_value.namespace,
            Namespace::RevokedTokens | Namespace::Uploads | Namespace::Logins
        ),
    };
    let mut key_values = key_values::all(db)?;
    key_values.retain(belongs);
    Ok(key_values)
}

fn has_name(line: &RoomLine, room: &str) -> bool {
    let is_meant = *line.room == *room || *line.name == *room || *line.room == *room.to_lowercase();
    is_meant && !line.name.is_empty()
}

/// Takes the text off a message whose time has come although no entry says so yet, and off its
/// edits.
fn hide(entry: &mut FullEntry, now: Now, over: &mut HashSet<u64>) {
    let seq = entry.stored.entry.seq;
    match &mut entry.stored.entry.change {
        Change::Message { content, expires: Some(expires), files, .. }
            if *expires <= now.unix_ms =>
        {
            over.insert(seq);
            *content = Arc::from("");
            *files = Files::default();
        }
        Change::Edited { mid, content } if over.contains(mid) => *content = Arc::from(""),
        _ => {}
    }
}

fn write(out: &mut dyn Write, line: &Line) -> Result<(), TransferError> {
    let mut text = serde_json::to_vec(line).map_err(|error| TransferError::Write(error.into()))?;
    text.push(b'\n');
    out.write_all(&text).map_err(TransferError::Write)
}
