//! Files of messages: which message carries one, and which blobs are no longer used.

use std::collections::BTreeSet;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::file_column::of_column;
use super::row::{RoomNumber, key, nat};
use crate::chat::record::{BlobHash, Entry, FileId, Files, FoundFile};

/// Finds the message that carries a file.
pub(super) fn find(db: &Connection, file: FileId) -> rusqlite::Result<Option<FoundFile>> {
    let mut statement = db.prepare_cached(
        "SELECT rooms.key, entries.expires, entries.files
         FROM files JOIN entries ON entries.entry = files.entry
         JOIN rooms ON rooms.room = files.entry >> 40
         WHERE files.file = ?1 AND entries.gone IS NULL",
    )?;
    let found = statement.query_row([&file.0[..]], |row| {
        let (room, expires): (Arc<str>, Option<i64>) = (row.get(0)?, row.get(1)?);
        Ok((room, expires.map(nat), of_column(row, 2)?))
    });
    let Some((room, expires, files)) = found.optional()? else { return Ok(None) };
    let file = files.iter().find(|it| it.id == file).cloned();
    Ok(file.map(|file| FoundFile { room, expires, file }))
}

/// Reads every blob that a message carries.
pub(super) fn blobs(db: &Connection) -> rusqlite::Result<Vec<BlobHash>> {
    let mut statement = db.prepare("SELECT DISTINCT blob FROM files")?;
    let blobs = statement.query_map([], |row| row.get(0).map(BlobHash))?;
    blobs.collect()
}

/// Whether a message carries this blob.
fn is_used(db: &Connection, blob: BlobHash) -> rusqlite::Result<bool> {
    let mut statement = db.prepare_cached("SELECT 1 FROM files WHERE blob = ?1 LIMIT 1")?;
    Ok(statement.query_row([&blob.0[..]], |_| Ok(())).optional()?.is_some())
}

/// Records the files of a message.
pub(super) fn add(
    db: &Connection,
    room: RoomNumber,
    entry: &Entry,
    files: &Files,
) -> rusqlite::Result<()> {
    if files.is_empty() {
        return Ok(());
    }
    let mut statement =
        db.prepare_cached("INSERT OR IGNORE INTO files (file, entry, blob) VALUES (?1, ?2, ?3)")?;
    for file in files.iter() {
        let values = params![&file.id.0[..], key(room, entry.seq), &file.blob.0[..]];
        statement.execute(values)?;
    }
    Ok(())
}

/// Frees the files of the messages from one key to another; adds their blobs to `freed`.
pub(super) fn free(
    db: &Connection,
    [first, last]: [i64; 2],
    freed: &mut BTreeSet<BlobHash>,
) -> rusqlite::Result<()> {
    let sql = "DELETE FROM files WHERE entry BETWEEN ?1 AND ?2 RETURNING blob";
    let mut statement = db.prepare_cached(sql)?;
    for blob in statement.query_map([first, last], |row| row.get(0).map(BlobHash))? {
        freed.insert(blob?);
    }
    Ok(())
}

/// Returns those of these blobs that no message carries.
pub(super) fn unused(
    db: &Connection,
    freed: BTreeSet<BlobHash>,
) -> rusqlite::Result<Vec<BlobHash>> {
    let mut unused = Vec::new();
    for blob in freed {
        if !is_used(db, blob)? {
            unused.push(blob);
        }
    }
    Ok(unused)
}
