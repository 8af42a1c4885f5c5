//! Export and import: the record as a file of JSON lines; and backup: as a database.
//!
//! ```text
//! {"type":"journal","version":2,"epoch":"0a1b2c3d4e5f","rooms":1,"entries":2,"facts":1}
//! {"type":"fact","shelf":"rooms","key":"lobby","value":"{\"private\":true}"}
//! {"type":"room","room":"lobby","name":"Lobby","topic":"tea","first":1,"top":2}
//! {"type":"entry","seq":1,"ts":1732103000000,"sender":"Bob","author":"…32 hex digits…",
//!  "id":"m1","hash":"…32 hex digits…","change":{"message":{"text":"hi"}}}      (all in one line)
//! {"type":"entry","seq":2,…,"change":{"topic":{"topic":"tea"}}}
//! ```
//!
//! A room's entries follow its line, from `first` to `top` without holes; below `first` they were
//! pruned. Numbers of rooms and entries stand before them, so that a truncated file is
//! recognised. A file with only one room says so in its first line by `"only":"lobby"`, and has
//! the facts about this room, so that it does not come back as another one; a whole record has all
//! but what was revoked, also who has registered.
//!
//! What was deleted, or whose time has come, has no text. The bytes of files are not in it: who exports
//! is told of the files, and who imports is asked whether they are there. Sessions are not in it, nor are ids that
//! outlived their entry. A fact that the journal has already is left as it is.

mod backup;
mod carried;
mod export;
mod import;
mod line;

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::{Connection, Row};

use super::super::OpenError;
use super::super::draft::BodyHash;
use super::super::history::StoredEntry;
use super::row::{self, ENTRY_COLUMN_COUNT, ENTRY_COLUMNS};
use crate::chat::record::{Change, Entry, File};
pub use backup::{Contents, back_up, look_through};
pub use carried::carried_files;
pub use export::{Exported, export};
pub use import::{Imported, import};

/// Why a record was not written to a file, or not read from one.
#[derive(Debug)]
pub enum TransferError {
    /// The journal cannot be opened.
    Open(OpenError),
    /// There is none to read from.
    NoJournal {
        /// The directory.
        path: PathBuf,
    },
    /// The journal does not have this room.
    NoRoom {
        /// As it was asked for.
        room: String,
    },
    /// A line of the file is wrong, or does not go with what the journal has. Nothing was imported.
    Line {
        /// The line, from 1.
        number: u64,
        /// The fault.
        fault: String,
    },
    /// The file cannot be read. Nothing was imported.
    Read(io::Error),
    /// The file cannot be written.
    Write(io::Error),
    /// SQLite met something else. Nothing was imported.
    Sqlite {
        /// The database.
        path: PathBuf,
        /// What it says.
        source: rusqlite::Error,
    },
}

impl fmt::Display for TransferError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(error) => error.fmt(f),
            Self::NoJournal { path } => {
                write!(f, "there is no journal in {}; choose another directory", path.display())
            }
            Self::NoRoom { room } => write!(f, "the journal has no room {room}"),
            Self::Line { number, fault } => {
                write!(f, "line {number}: {fault}; nothing was imported")
            }
            Self::Read(error) => write!(f, "cannot read: {error}; nothing was imported"),
            Self::Write(error) => write!(f, "cannot write: {error}"),
            Self::Sqlite { path, source } => {
                write!(f, "the journal {}: {source}", path.display())
            }
        }
    }
}

impl std::error::Error for TransferError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Open(error) => Some(error),
            Self::Read(error) | Self::Write(error) => Some(error),
            Self::Sqlite { source, .. } => Some(source),
            Self::NoJournal { .. } | Self::NoRoom { .. } | Self::Line { .. } => None,
        }
    }
}

impl From<OpenError> for TransferError {
    fn from(error: OpenError) -> Self {
        Self::Open(error)
    }
}

/// A file and the message that carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CarriedFile {
    /// The name of the room.
    pub room: Arc<str>,
    /// The message.
    pub mid: u64,
    /// The file.
    pub file: File,
}

impl CarriedFile {
    /// Returns the files of an entry, if it is a message.
    fn of(room: &Arc<str>, entry: &Entry) -> impl Iterator<Item = Self> {
        let files = match &entry.change {
            Change::Message { files, .. } => Some(files),
            _ => None,
        };
        let carried =
            |file: &File| Self { room: Arc::clone(room), mid: entry.seq, file: file.clone() };
        files.into_iter().flat_map(|files| files.iter()).map(carried)
    }
}

impl fmt::Display for CarriedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { room, mid, file: File { name, blob, .. } } = self;
        write!(f, "{name} (message {mid} in {room}, {})", blob.to_hex())
    }
}

/// An entry with all that is kept of it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct FullEntry {
    stored: StoredEntry,
    /// The `id` it came with, and the hash of its body.
    id: Option<(String, BodyHash)>,
}

/// Returns the query for whole entries, up to its condition.
fn select_full_entry(db: &Connection) -> rusqlite::Result<String> {
    let columns = match has_files(db)? {
        true => ENTRY_COLUMNS.to_owned(),
        false => ENTRY_COLUMNS.replace("files", "NULL"),
    };
    Ok(format!("SELECT {columns}, id, hash FROM entries WHERE entry"))
}

/// Whether the database is of a version with files.
fn has_files(db: &Connection) -> rusqlite::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'files')";
    db.query_row(sql, [], |row| row.get(0))
}

/// Reads an entry that [`select_full_entry`] found.
fn full_entry(row: &Row<'_>) -> rusqlite::Result<FullEntry> {
    let id: Option<String> = row.get(ENTRY_COLUMN_COUNT)?;
    let hash: Option<BodyHash> = row.get(ENTRY_COLUMN_COUNT + 1)?;
    Ok(FullEntry { stored: row::stored_entry(row)?, id: id.zip(hash) })
}
