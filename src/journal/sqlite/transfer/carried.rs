//! The files that messages carry, as far as the record tells of them.

use std::path::Path;
use std::sync::Arc;

use super::backup::database;
use super::{CarriedFile, TransferError, export, has_files};
use crate::chat::record::{File, KeyValue, Namespace};
use crate::journal::sqlite::file_column::of_column;
use crate::journal::sqlite::key_values;
use crate::journal::sqlite::row::seq_of;

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
