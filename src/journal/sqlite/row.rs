//! Entries as rows.
//!
//! A room's number and an entry's `seq` make one key, so that a room's record lies together in the
//! one tree of the table:
//!
//! | bits | what |
//! |---|---|
//! | 40–62 | room |
//! | 0–39 | `seq` |

use std::sync::{Arc, LazyLock};

use rusqlite::types::{ToSql, Type};
use rusqlite::{CachedStatement, Connection, ErrorCode, Row, params};

use super::super::draft::BodyHash;
use super::super::history::StoredEntry;
use super::file_column;
use crate::chat::record::{AuthorKey, Change, DeletionReason, Entry};

/// The number of a room in the database.
pub(super) type RoomNumber = i64;

/// Kinds of entries in the column `kind`. They stand in the schema's indices, too.
mod kind {
    pub(super) const MESSAGE: i64 = 0;
    pub(super) const EDITED: i64 = 1;
    pub(super) const DELETED: i64 = 2;
    pub(super) const REACTION: i64 = 3;
    pub(super) const TOPIC: i64 = 4;
    pub(super) const MODERATED: i64 = 5;
    pub(super) const PINNED: i64 = 6;
}

const SEQ_BITS: u32 = 40;
/// The last number an entry can have.
pub(super) const SEQ_MAX: i64 = (1 << SEQ_BITS) - 1;

/// Returns the key of an entry.
pub(super) fn key(room: RoomNumber, seq: u64) -> i64 {
    (room << SEQ_BITS) | int(seq).min(SEQ_MAX)
}

/// Returns the room in a key.
pub(super) fn room_of(key: i64) -> RoomNumber {
    key >> SEQ_BITS
}

/// Returns the `seq` in a key.
pub(super) fn seq_of(key: i64) -> u64 {
    nat(key & SEQ_MAX)
}

/// Turns a number into one the database knows.
pub(super) fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Turns a number from the database back.
pub(super) fn nat(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// Encodes why a message is gone.
pub(super) fn gone(why: DeletionReason) -> i64 {
    match why {
        DeletionReason::Author => 0,
        DeletionReason::Moderator => 1,
        DeletionReason::Expired => 2,
    }
}

/// Decodes why a message is gone.
pub(super) fn why(gone: i64) -> DeletionReason {
    match gone {
        0 => DeletionReason::Author,
        1 => DeletionReason::Moderator,
        _ => DeletionReason::Expired,
    }
}

/// Whether this is the kind of a message.
pub(super) fn is_message(kind: i64) -> bool {
    kind == kind::MESSAGE
}

/// Whether an error comes from what is stored, and not from the disk.
pub(super) fn is_inconsistent(error: &rusqlite::Error) -> bool {
    match error {
        rusqlite::Error::SqliteFailure(error, _) => {
            matches!(error.code, ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch)
        }
        rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::QueryReturnedNoRows
        | rusqlite::Error::Utf8Error(..) => true,
        _ => false,
    }
}

/// Whether an error may be over when there is space, or the disk is well again.
pub(super) fn is_of_the_disk(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure))
}

/// A message to be inserted, and what makes its draft known if it comes again.
#[derive(Debug)]
pub(super) struct MessageRow {
    pub(super) room: RoomNumber,
    pub(super) stored: StoredEntry,
    pub(super) id: Option<(Arc<str>, BodyHash)>,
}

/// Inserts messages; so many at once as make the cost of a statement small.
pub(super) fn insert_messages(db: &Connection, rows: &[MessageRow]) -> rusqlite::Result<()> {
    let (many, single) = rows.as_chunks::<ROWS>();
    for rows in many {
        insert_rows(db.prepare_cached(&INSERT_ROWS)?, rows)?;
    }
    single.chunks(1).try_for_each(|row| insert_rows(db.prepare_cached(&INSERT_ROW)?, row))
}

fn insert_rows(mut statement: CachedStatement<'_>, rows: &[MessageRow]) -> rusqlite::Result<()> {
    let mut at = 0_usize;
    for MessageRow { room, stored: StoredEntry { author, entry }, id } in rows {
        let Change::Message { content, reply_to, expires, files } = &entry.change else { continue };
        let (id, hash) = match id {
            Some((id, hash)) => (Some(&**id), Some(&hash[..])),
            None => (None, None),
        };
        let values: [&dyn ToSql; COLUMNS] = [
            &key(*room, entry.seq),
            &int(entry.ts),
            &&*entry.sender,
            &&author.0[..],
            &&**content,
            &id,
            &hash,
            &reply_to.map(int),
            &expires.map(int),
            &entry.account.then_some(true),
            &file_column::to_column(files),
        ];
        for value in values {
            at = at.saturating_add(1);
            statement.raw_bind_parameter(at, value)?;
        }
    }
    statement.raw_execute().map(drop)
}

/// Returns the statement that inserts so many messages.
fn insert_sql(rows: usize) -> String {
    let row = format!("(?, 0{})", ", ?".repeat(COLUMNS - 1));
    format!(
        "INSERT INTO entries (entry, kind, ts, sender, author, text, id, hash, reply_to, expires,
                              account, files)
         VALUES {}",
        vec![row; rows].join(", ")
    )
}

/// Messages inserted at once.
pub(super) const ROWS: usize = 16;
const COLUMNS: usize = 11;
static INSERT_ROWS: LazyLock<String> = LazyLock::new(|| insert_sql(ROWS));
static INSERT_ROW: LazyLock<String> = LazyLock::new(|| insert_sql(1));

/// Inserts an entry that is no message, and what makes its draft known if it comes again.
pub(super) fn insert(
    db: &Connection,
    room: RoomNumber,
    stored: &StoredEntry,
    id: Option<(&str, &BodyHash)>,
) -> rusqlite::Result<()> {
    let StoredEntry { author, entry } = stored;
    let mut row = Columns::default();
    let json;
    let (kind, text) = match &entry.change {
        Change::Message { .. } => return Err(rusqlite::Error::InvalidQuery),
        Change::Edited { mid, content } => {
            row.mid = Some(key(room, *mid));
            (kind::EDITED, &**content)
        }
        Change::Deleted { mid, why } => {
            row.mid = Some(key(room, *mid));
            row.gone = Some(gone(*why));
            (kind::DELETED, "")
        }
        Change::Reaction { mid, emoji, on, count } => {
            row.mid = Some(key(room, *mid));
            row.given = Some(*on);
            row.count = Some(i64::from(*count));
            (kind::REACTION, &**emoji)
        }
        Change::Pinned { mid, on } => {
            row.mid = Some(key(room, *mid));
            row.given = Some(*on);
            (kind::PINNED, "")
        }
        Change::Topic { topic } => (kind::TOPIC, &**topic),
        Change::Moderated { moderation } => {
            json = serde_json::to_string(moderation)
                .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
            (kind::MODERATED, json.as_str())
        }
    };
    let (id, hash) = id.unzip();
    let mut statement = db.prepare_cached(INSERT)?;
    statement.execute(params![
        key(room, entry.seq),
        kind,
        int(entry.ts),
        &*entry.sender,
        &author.0[..],
        text,
        id,
        hash.map(|hash| &hash[..]),
        row.mid,
        row.given,
        row.count,
        row.gone,
    ])?;
    Ok(())
}

const INSERT: &str = "INSERT INTO entries
    (entry, kind, ts, sender, author, text, id, hash, mid, given, count, gone)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";

/// The columns that not every entry has.
#[derive(Default)]
struct Columns {
    mid: Option<i64>,
    given: Option<bool>,
    count: Option<i64>,
    gone: Option<i64>,
}

/// The columns that [`stored_entry`] reads.
pub(super) const ENTRY_COLUMNS: &str = "entry, kind, ts, sender, author, text, mid, reply_to, expires, \
                               given, count, gone, files";

/// The number of those columns.
pub(super) const ENTRY_COLUMN_COUNT: usize = 13;

/// Whether the author of a message had an account. A message that does not say so, of an earlier
/// version, an import or a guest, is of the account that has its author and its sender's name.
pub(super) const ACCOUNT: &str = "coalesce(account, EXISTS (SELECT 1 FROM facts
    WHERE shelf = 0 AND key = lower(hex(author))
    AND CASE WHEN json_valid(value) THEN json_extract(value, '$.name') = sender END))";

/// Reads an entry from [`ENTRY_COLUMNS`], without [`ACCOUNT`].
pub(super) fn stored_entry(row: &Row<'_>) -> rusqlite::Result<StoredEntry> {
    let text: Arc<str> = row.get(5)?;
    let mid = || Ok::<_, rusqlite::Error>(seq_of(row.get(6)?));
    let change = match row.get(1)? {
        kind::MESSAGE => Change::Message {
            content: text,
            reply_to: row.get::<_, Option<i64>>(7)?.map(nat),
            expires: row.get::<_, Option<i64>>(8)?.map(nat),
            files: file_column::of_column(row, 12)?,
        },
        kind::EDITED => Change::Edited { mid: mid()?, content: text },
        kind::DELETED => Change::Deleted { mid: mid()?, why: why(row.get(11)?) },
        kind::REACTION => {
            Change::Reaction { mid: mid()?, emoji: text, on: row.get(9)?, count: row.get(10)? }
        }
        kind::PINNED => Change::Pinned { mid: mid()?, on: row.get(9)? },
        kind::TOPIC => Change::Topic { topic: text },
        kind::MODERATED => Change::Moderated {
            moderation: serde_json::from_str(&text).map_err(|error| {
                rusqlite::Error::FromSqlConversionFailure(5, Type::Text, error.into())
            })?,
        },
        unknown => return Err(rusqlite::Error::IntegralValueOutOfRange(1, unknown)),
    };
    let (seq, ts) = (seq_of(row.get(0)?), nat(row.get(2)?));
    let entry = Entry { seq, ts, sender: row.get(3)?, account: false, change };
    Ok(StoredEntry { author: AuthorKey(row.get(4)?), entry })
}
