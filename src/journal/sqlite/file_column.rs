//! The column of an entry that describes its files, in JSON.

use rusqlite::Row;
use rusqlite::types::Type;

use crate::chat::record::{File, Files};

/// Reads the files in a column; none if it is null.
pub(super) fn of_column(row: &Row<'_>, column: usize) -> rusqlite::Result<Files> {
    let text: Option<String> = row.get(column)?;
    let Some(text) = text else { return Ok(Files::default()) };
    let files: Vec<File> = serde_json::from_str(&text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error.into())
    })?;
    Ok(files.into())
}

/// Returns what the column says of files; null if there are none.
pub(super) fn to_column(files: &Files) -> Option<String> {
    // Strings and numbers always serialize.
    (!files.is_empty()).then(|| serde_json::to_string(&**files).unwrap_or_default())
}
