//! Opening the database and bringing it to the current version.
//!
//! A file that is no journal, is damaged or is newer is refused before anything is written to it.

use std::fs::File;
use std::io::Read as _;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _};
use serde::{Deserialize, Serialize};

use super::super::folding::folding;
use super::super::search::index_text;
use super::super::{Durability, Limits, OpenError};
use super::row::int;
use crate::chat::record::{AuthorKey, Online, SessionRecord};

/// Opens the database for writing, and makes it if there is none.
pub(super) fn open(
    path: &Path,
    durability: Durability,
    limits: &Limits,
    check: bool,
) -> Result<Connection, OpenError> {
    if rusqlite::version_number() < SQLITE_MIN {
        return Err(OpenError::OldSqlite { version: rusqlite::version().to_owned() });
    }
    let failed = |source| OpenError::of(path, source);
    let new = is_new(path)?;
    let db =
        Connection::open_with_flags(path, FLAGS | OpenFlags::SQLITE_OPEN_CREATE).map_err(failed)?;
    // Until it is known to be ours, closing it must not touch it either.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map_err(failed)?;
    db.busy_timeout(BUSY_MAX).map_err(failed)?;
    let version = if new { 0 } else { recognise(&db, path)? };
    if check && version > 0 {
        quick_check(&db, path)?;
    }
    configure(&db, durability, limits).map_err(failed)?;
    migrate(&db, version).map_err(failed)?;
    // Not before: a full database would not come to the next version.
    limit_size(&db, limits.database_bytes_max).map_err(failed)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false).map_err(failed)?;
    Ok(db)
}

/// Opens the database a second time, for reading.
pub(super) fn open_reader(path: &Path) -> Result<Connection, OpenError> {
    let open = || {
        let db = Connection::open_with_flags(path, FLAGS)?;
        db.busy_timeout(BUSY_MAX)?;
        db.pragma_update(None, "query_only", true)?;
        db.pragma_update(None, "cache_size", -CACHE_KIB)?;
        db.set_prepared_statement_cache_capacity(STATEMENTS);
        Ok(db)
    };
    open().map_err(|source| OpenError::of(path, source))
}

/// Opens the database once more, for copying the write-ahead log into it.
pub(super) fn open_copier(path: &Path) -> Result<Connection, OpenError> {
    let open = || {
        let db = Connection::open_with_flags(path, FLAGS)?;
        // What is copied is synced before the log starts anew, however little a commit is.
        db.pragma_update(None, "synchronous", "FULL")?;
        db.pragma_update(None, "fullfsync", true)?;
        Ok(db)
    };
    open().map_err(|source| OpenError::of(path, source))
}

/// Reads every session.
pub(super) fn sessions(db: &Connection) -> rusqlite::Result<Vec<SessionRecord>> {
    let mut statement = db.prepare("SELECT key, name, rooms FROM sessions")?;
    let sessions = statement.query_map([], |row| {
        let text: String = row.get(2)?;
        // Written by us; should it ever be damaged, the session is worth more than its rooms.
        let (rooms, since, network, online) = match serde_json::from_str(&text) {
            Ok(StoredSession::Rooms(rooms)) => (rooms, 0, None, None),
            Ok(StoredSession::Whole { rooms, since, network, online }) => {
                (rooms, since, network, online)
            }
            Err(_) => (Vec::new(), 0, None, None),
        };
        let (key, name) = (AuthorKey(row.get(0)?), row.get(1)?);
        Ok(SessionRecord { key, name, rooms, since, network, online })
    })?;
    sessions.collect()
}

/// What is stored of a session in the column `rooms`.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum StoredSession {
    /// As version 0.1.0 wrote it.
    Rooms(Vec<Arc<str>>),
    /// With what tells it from others.
    Whole {
        rooms: Vec<Arc<str>>,
        since: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        network: Option<IpAddr>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        online: Option<Online>,
    },
}

/// Writes the column `rooms` of a session.
pub(super) fn session_text(session: &SessionRecord) -> String {
    let SessionRecord { rooms, since, network, online, .. } = session.clone();
    let stored = match (since, network, &online) {
        (0, None, None) => StoredSession::Rooms(rooms),
        _ => StoredSession::Whole { rooms, since, network, online },
    };
    serde_json::to_string(&stored).unwrap_or_default()
}

/// Sets the epoch of the journal unless it has one that may stay, and reads it.
pub(super) fn epoch(db: &Connection, new: &str, replace: bool) -> rusqlite::Result<String> {
    let verb = if replace { "REPLACE" } else { "IGNORE" };
    db.execute(&format!("INSERT OR {verb} INTO meta (key, value) VALUES ('epoch', ?1)"), [new])?;
    db.query_row("SELECT value FROM meta WHERE key = 'epoch'", [], |row| row.get(0))
}

/// Copies the write-ahead log into the database and empties it; false if another connection
/// reads from it.
pub(super) fn checkpoint(db: &Connection) -> rusqlite::Result<bool> {
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| Ok(row.get::<_, i64>(0)? == 0))
}

/// Does the same, but waits for readers only shortly.
pub(super) fn truncate_log(db: &Connection) -> rusqlite::Result<bool> {
    db.busy_timeout(TRUNCATE_BUSY_MAX)?;
    let truncated = checkpoint(db);
    db.busy_timeout(BUSY_MAX)?;
    truncated
}

/// Copies those pages of the write-ahead log into the database that no connection reads. Returns the
/// number of pages in the log, and of those copied; 0 and 0 if another connection is copying.
pub(super) fn copy(db: &Connection) -> rusqlite::Result<(u32, u32)> {
    let mut statement = db.prepare_cached("PRAGMA wal_checkpoint(PASSIVE)")?;
    statement.query_row([], |row| {
        let pages = |at| row.get(at).map(|pages: i64| u32::try_from(pages).unwrap_or(0));
        Ok((pages(1)?, pages(2)?))
    })
}

/// Whether there is no database yet; an error if there is something else.
fn is_new(path: &Path) -> Result<bool, OpenError> {
    let mut head = Vec::new();
    match File::open(path).and_then(|file| file.take(16).read_to_end(&mut head)) {
        Ok(0) => Ok(true),
        Ok(_) if head == b"SQLite format 3\0" => Ok(false),
        Ok(_) => Err(OpenError::NotAJournal { path: path.to_owned() }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(true),
        Err(source) => Err(OpenError::Directory { path: path.to_owned(), source }),
    }
}

/// Returns the version of a database that is ours, 0 if it is still empty.
pub(super) fn recognise(db: &Connection, path: &Path) -> Result<i64, OpenError> {
    let number = |sql: &str| {
        db.query_row(sql, [], |row| row.get::<_, i64>(0))
            .map_err(|source| OpenError::of(path, source))
    };
    let version = number("PRAGMA user_version")?;
    match number("PRAGMA application_id")? {
        APPLICATION_ID if version > VERSION => {
            Err(OpenError::Newer { path: path.to_owned(), found: version, known: VERSION })
        }
        APPLICATION_ID if version > 0 => Ok(version),
        // A server was killed before the first migration was committed.
        0 if version == 0 && number("SELECT count(*) FROM sqlite_schema")? == 0 => Ok(0),
        _ => Err(OpenError::NotAJournal { path: path.to_owned() }),
    }
}

fn quick_check(db: &Connection, path: &Path) -> Result<(), OpenError> {
    let found: String = db
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(|source| OpenError::of(path, source))?;
    if found == "ok" {
        return Ok(());
    }
    Err(OpenError::Corrupt { path: path.to_owned(), found })
}

fn configure(db: &Connection, durability: Durability, limits: &Limits) -> rusqlite::Result<()> {
    let mode: String = db.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(rusqlite::Error::InvalidParameterName(format!("journal_mode is {mode}")));
    }
    let synchronous = match durability {
        Durability::Fsync => "FULL",
        Durability::Write => "NORMAL",
    };
    db.pragma_update(None, "synchronous", synchronous)?;
    // Where fsync alone leaves data in the disk's cache.
    db.pragma_update(None, "fullfsync", true)?;
    // What is deleted is overwritten with zeros.
    db.pragma_update(None, "secure_delete", true)?;
    db.pragma_update(None, "cell_size_check", true)?;
    db.pragma_update(None, "trusted_schema", false)?;
    db.pragma_update(None, "temp_store", "MEMORY")?;
    db.pragma_update(None, "cache_size", -CACHE_KIB)?;
    // Often, so that no commit has much to copy.
    db.query_row("PRAGMA wal_autocheckpoint = 1000", [], |_| Ok(()))?;
    let wal_bytes_max = int(limits.wal_bytes_max);
    db.query_row(&format!("PRAGMA journal_size_limit = {wal_bytes_max}"), [], |_| Ok(()))?;
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    db.create_scalar_function("index_text", 1, flags, |arguments| {
        // One that fails would take along all that is written with it.
        let bytes = match arguments.get_raw(0) {
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes,
            ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => &[],
        };
        Ok(index_text(&String::from_utf8_lossy(bytes)))
    })
}

/// Limits the size of the database, or lets it grow as far as SQLite can.
pub(super) fn limit_size(db: &Connection, bytes: Option<u64>) -> rusqlite::Result<()> {
    let page: i64 = db.query_row("PRAGMA page_size", [], |row| row.get(0))?;
    let pages = bytes.map(|bytes| int(bytes).checked_div(page).unwrap_or(1).max(1));
    let pages = pages.unwrap_or(PAGES_MAX);
    db.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))
}

/// The pages that SQLite can number.
const PAGES_MAX: i64 = 0xFFFF_FFFE;

/// Brings the database to our version, all in one transaction.
fn migrate(db: &Connection, version: i64) -> rusqlite::Result<()> {
    let done = usize::try_from(version).unwrap_or(0);
    let transaction = db.unchecked_transaction()?;
    if version != VERSION {
        for migration in MIGRATIONS.iter().skip(done) {
            transaction.execute_batch(migration)?;
        }
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
    }
    renew_index(&transaction)?;
    transaction.commit()
}

/// Starts the text index anew if it was made by another way of folding.
fn renew_index(db: &Connection) -> rusqlite::Result<()> {
    let folding = folding();
    let sql = "SELECT value FROM meta WHERE key = 'folding'";
    let known: Option<String> = db.query_row(sql, [], |row| row.get(0)).optional()?;
    if known.as_ref() == Some(&folding) {
        return Ok(());
    }
    db.execute_batch(include_str!("new_index.sql"))?;
    if !db.query_row("SELECT EXISTS (SELECT 1 FROM entries)", [], |row| row.get(0))? {
        db.execute_batch("DROP TABLE stale_search")?;
    }
    db.execute("INSERT OR REPLACE INTO meta (key, value) VALUES ('folding', ?1)", [folding])?;
    Ok(())
}

impl OpenError {
    /// Translates an error of SQLite.
    pub(super) fn of(path: &Path, source: rusqlite::Error) -> Self {
        let path = path.to_owned();
        match source.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::NotAJournal { path },
            Some(ErrorCode::DatabaseCorrupt) => Self::Corrupt { path, found: source.to_string() },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked { path },
            _ => Self::Sqlite { path, source },
        }
    }
}

/// The migrations; each brings the database to the next version.
const MIGRATIONS: [&str; 10] = [
    include_str!("schema.sql"),
    include_str!("search.sql"),
    include_str!("facts.sql"),
    include_str!("merges.sql"),
    include_str!("folding.sql"),
    include_str!("removed.sql"),
    include_str!("accounts.sql"),
    include_str!("pins.sql"),
    include_str!("files.sql"),
    include_str!("replies.sql"),
];
#[expect(clippy::cast_possible_wrap, reason = "a handful of migrations")]
const VERSION: i64 = MIGRATIONS.len() as i64;
/// `chat` in ASCII.
const APPLICATION_ID: i64 = 0x6368_6174;
/// The first version in which two connections cannot spoil a write-ahead log.
const SQLITE_MIN: i32 = 3_051_003;
pub(super) const BUSY_MAX: Duration = Duration::from_secs(5);
const TRUNCATE_BUSY_MAX: Duration = Duration::from_millis(20);
const CACHE_KIB: i64 = 16 * 1024;
const STATEMENTS: usize = 64;
const FLAGS: OpenFlags = OpenFlags::SQLITE_OPEN_READ_WRITE.union(OpenFlags::SQLITE_OPEN_NO_MUTEX);
