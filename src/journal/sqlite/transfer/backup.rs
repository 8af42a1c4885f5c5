//! Copying the record into one file that is a database itself, and looking through a record.
//!
//! The copy is made through a connection of its own, from one point in time: a server at work goes
//! on meanwhile. SQLite copies only what is in use, so deleted text is not in it. What the server
//! erases in steps is erased in the copy, which is then copied once more: the entries of removed
//! rooms, and messages whose time has come. The copy has no epoch, so that a server that starts from
//! it makes a new one, and no client takes its old positions for those of this record.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::super::super::{Durability, Limits, OpenError};
use super::super::directory::DATABASE;
use super::super::write::Writer;
use super::super::{key_values, room_table, schema};
use super::{TransferError, export, has_files};
use crate::chat::record::Namespace;
use crate::clock::Now;

/// What a record has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contents {
    /// The version of the database's schema.
    pub version: i64,
    /// The number of rooms.
    pub rooms: u64,
    /// The number of entries.
    pub entries: u64,
    /// The number of accounts.
    pub accounts: u64,
    /// The number of files that messages carry, each counted once for all that have its bytes.
    pub files: u64,
}

/// Copies the journal in `dir` into `file`, which must not exist and is readable by its owner only.
/// Until it is whole it is called `file` with `.new` added.
///
/// Messages that have expired by `now` have no text in it.
pub fn back_up(
    dir: &Path,
    file: &Path,
    limits: Limits,
    now: Now,
) -> Result<Contents, TransferError> {
    let path = database(dir)?;
    if file.symlink_metadata().is_ok() {
        return Err(TransferError::Write(io::ErrorKind::AlreadyExists.into()));
    }
    let mut copy = Unfinished::create(file, ".new").map_err(TransferError::Write)?;
    copy_into(&path, &copy.path)?;
    let limits = Limits { database_bytes_max: None, ..limits };
    let db = schema::open(&copy.path, Durability::Write, &limits, false)?;
    let failed = |source| TransferError::Sqlite { path: path.clone(), source };
    if finish(db, limits, now).map_err(failed)? {
        // Where SQLite has moved rows within the file, their old bytes may be left.
        let again = Unfinished::create(file, ".new2").map_err(TransferError::Write)?;
        copy_into(&copy.path, &again.path)?;
        copy = again;
    }
    let contents = contents(&export::open(&copy.path)?).map_err(failed)?;
    copy.take_name(file).map_err(TransferError::Write)?;
    Ok(contents)
}

/// Looks through the whole journal in `dir`; some seconds per gigabyte. A server may be writing to
/// it.
///
/// # Errors
/// If there is none, or it is damaged.
pub fn look_through(dir: &Path) -> Result<Contents, TransferError> {
    let path = database(dir)?;
    let failed = |source| OpenError::of(&path, source);
    let db = export::open(&path)?;
    let found: String =
        db.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).map_err(failed)?;
    if found != "ok" {
        return Err(OpenError::Corrupt { path, found }.into());
    }
    Ok(contents(&db).map_err(failed)?)
}

/// Returns the path of the database in a directory.
pub(super) fn database(dir: &Path) -> Result<PathBuf, TransferError> {
    let path = dir.join(DATABASE);
    if path.exists() { Ok(path) } else { Err(TransferError::NoJournal { path: dir.to_owned() }) }
}

/// Copies what is in use of a database into an empty file.
fn copy_into(path: &Path, copy: &Path) -> Result<(), TransferError> {
    let name = copy.to_str().ok_or_else(|| {
        TransferError::Write(io::Error::other("the name of the file is not valid UTF-8"))
    })?;
    let copied = export::open(path)?.execute("VACUUM INTO ?1", [name]);
    copied.map(drop).map_err(|source| TransferError::Sqlite { path: path.to_owned(), source })
}

/// Erases in a copy what is still to be erased, and makes it a single file. Returns whether anything
/// was erased.
fn finish(db: Connection, limits: Limits, now: Now) -> rusqlite::Result<bool> {
    db.execute_batch("DROP TABLE IF EXISTS stale_search; DELETE FROM meta WHERE key = 'epoch'")?;
    let (_, rooms) = room_table::all(&db)?;
    let mut writer = Writer::new(db, limits, rooms)?;
    let mut erased = false;
    loop {
        writer.begin()?;
        writer.expire(now.unix_ms)?;
        writer.erase_removed(ERASED)?;
        let is_due = writer.next_expiry()?.is_some_and(|expiry| expiry <= now.unix_ms);
        writer.commit(0)?;
        erased |= writer.erased;
        if !is_due && !writer.removing {
            break;
        }
    }
    let db = writer.db;
    db.flush_prepared_statement_cache();
    db.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))?;
    db.close().map_err(|(_, error)| error)?;
    Ok(erased)
}

/// The number of entries of a removed room that are erased in one transaction.
const ERASED: u64 = 10_000;

/// Counts what a record has.
fn contents(db: &Connection) -> rusqlite::Result<Contents> {
    let number = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0));
    let count = |sql: &str| number(sql).map(|count| u64::try_from(count).unwrap_or(0));
    // The database may be of a version without key-value records.
    let accounts = match count("SELECT count(*) FROM sqlite_schema WHERE name = 'facts'")? {
        0 => 0,
        _ => key_values::count(db, Namespace::Accounts)?,
    };
    let files = match has_files(db)? {
        true => count("SELECT count(DISTINCT blob) FROM files")?,
        false => 0,
    };
    Ok(Contents {
        files,
        version: number("PRAGMA user_version")?,
        rooms: count("SELECT count(*) FROM rooms WHERE name <> ''")?,
        entries: count("SELECT coalesce(sum(top - first + 1), 0) FROM rooms WHERE name <> ''")?,
        accounts,
    })
}

/// A file that is removed again unless it becomes whole.
#[derive(Debug)]
struct Unfinished {
    path: PathBuf,
}

impl Unfinished {
    fn create(file: &Path, suffix: &str) -> io::Result<Self> {
        let path = with_suffix(file, suffix);
        // `create_new` follows no link.
        let new = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        // Whatever the umask is.
        new.set_permissions(Permissions::from_mode(0o600))?;
        Ok(Self { path })
    }

    /// Renames it, unless something has that name by now.
    fn take_name(self, name: &Path) -> io::Result<()> {
        File::open(&self.path)?.sync_all()?;
        match fs::hard_link(&self.path, name) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
            // Not every file system has links.
            Err(_) => fs::rename(&self.path, name)?,
            Ok(()) => {}
        }
        let parent = name.parent().filter(|parent| !parent.as_os_str().is_empty());
        File::open(parent.unwrap_or_else(|| Path::new(".")))?.sync_all()
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        for suffix in ["", "-wal", "-shm", "-journal"] {
            // Most of them are not there.
            _ = fs::remove_file(with_suffix(&self.path, suffix));
        }
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}
