//! The files that messages carry, as far as the record tells of them.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use super::backup::database;
use super::{TransferError, export, has_files};
use crate::chat::record::{Change, Entry, File, KeyValue, Namespace};
use crate::journal::sqlite::file_column::of_column;
use crate::journal::sqlite::key_values;
use crate::journal::sqlite::row::seq_of;

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
    pub(super) fn of(room: &Arc<str>, entry: &Entry) -> impl Iterator<Item = Self> {
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

/// Reads the files that messages of the journal in `dir` carry, and the records of uploads that wait
/// for their message. A server may be writing to it.
///
/// # Errors
/// If there is no journal, or it cannot be read.
pub fn carried_files(dir: &Path) -> Result<(Vec<CarriedFile>, Vec<KeyValue>), TransferError> {
    let path = database(dir)?;
    let failed = |source| TransferError::Sqlite { path: path.clone(), source };
    let db = export::open(&path)?;
    let read = || {
        let snapshot = db.unchecked_transaction()?;
        if !has_files(&snapshot)? {
            return Ok((Vec::new(), Vec::new()));
        }
        let mut statement = snapshot.prepare(
            "SELECT rooms.name, entries.entry, entries.files
             FROM entries JOIN rooms ON rooms.room = entries.entry >> 40
             WHERE entries.entry IN (SELECT entry FROM files)",
        )?;
        let mut rows = statement.query([])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            let (room, mid): (Arc<str>, _) = (row.get(0)?, seq_of(row.get(1)?));
            let files = of_column(row, 2)?;
            let carried =
                |file: &File| CarriedFile { room: Arc::clone(&room), mid, file: file.clone() };
            all.extend(files.iter().map(carried));
        }
        let mut waiting = key_values::all(&snapshot)?;
        waiting.retain(|it| it.namespace == Namespace::Uploads);
        Ok((all, waiting))
    };
    read().map_err(failed)
}
