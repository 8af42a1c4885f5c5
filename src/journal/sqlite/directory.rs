//! What lies beside the database: the lock against a second server, and the mark.
//!
//! The mark tells how many entries the journal has had for certain. A write-ahead log that lost its
//! tail is a sound database to SQLite; only something kept apart can tell that entries are missing.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{
    DirBuilderExt as _, FileExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::fs::fstatvfs;

use super::super::OpenError;
use crate::clock::Moment;

/// A directory that is locked against other servers as long as this lives.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
    lock: File,
    /// The database itself is locked, too: the other file may be renamed. Nothing else may open the
    /// database and close it again while SQLite has it open: that would take SQLite's locks away.
    database: File,
    /// The write-ahead log as it was first seen.
    log: Option<(u64, u64)>,
    /// Whether a log was there before.
    log_left: bool,
    space: Space,
}

/// The bytes that are free in a directory, as last measured.
#[derive(Clone, Debug)]
pub(super) struct Space(Arc<AtomicU64>);

impl Space {
    /// Returns the bytes; `None` if the system does not tell.
    pub(super) fn free_bytes(&self) -> Option<u64> {
        Some(self.0.load(Ordering::Relaxed)).filter(|bytes| *bytes != UNKNOWN)
    }
}

const UNKNOWN: u64 = u64::MAX;

impl Directory {
    /// Locks a directory, and makes it if there is none. Nobody else may look into it.
    pub(super) fn lock(path: &Path) -> Result<Self, OpenError> {
        let failed = |source| OpenError::Directory { path: path.to_owned(), source };
        if !path.is_dir() {
            DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed)?;
            fs::set_permissions(path, Permissions::from_mode(0o700)).map_err(failed)?;
            if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
                sync(parent).map_err(failed)?;
            }
        }
        let mode = fs::metadata(path).map_err(failed)?.mode() & 0o777;
        if mode & 0o077 != 0 {
            let (path, mode) = (path.display(), format!("{mode:03o}"));
            tracing::warn!(%path, mode, "the data directory is open to other users");
        }
        let locked = |name| {
            let file = open(&path.join(name)).map_err(failed)?;
            match file.try_lock() {
                Ok(()) => Ok(file),
                Err(TryLockError::WouldBlock) => Err(OpenError::Locked { path: path.to_owned() }),
                Err(TryLockError::Error(source)) => Err(failed(source)),
            }
        };
        let (lock, database) = (locked("lock")?, locked(DATABASE)?);
        for name in [LOG, "journal.db-shm"] {
            // SQLite makes them with the mode of the database.
            if let Ok(file) = fs::metadata(path.join(name)) {
                make_private(&file, |mode| fs::set_permissions(path.join(name), mode));
            }
        }
        let log_left = fs::metadata(path.join(LOG)).is_ok_and(|log| log.len() > 0);
        let path = path.to_owned();
        let directory = Self {
            path,
            lock,
            database,
            log: None,
            log_left,
            space: Space(Arc::new(AtomicU64::new(UNKNOWN))),
        };
        // Another server may have renamed the files meanwhile.
        match directory.is_locked() {
            true => Ok(directory),
            false => Err(OpenError::Locked { path: directory.path.clone() }),
        }
    }

    /// Keeps some space back, which a start on a full disk gives to SQLite: without an index of the
    /// log nothing can be read.
    pub(super) fn reserve(&self) {
        let path = self.path.join(RESERVE);
        if fs::metadata(&path).is_ok_and(|file| file.len() == RESERVE_BYTES as u64) {
            return;
        }
        let reserved = open(&path).and_then(|file| file.write_all_at(&[0; RESERVE_BYTES], 0));
        if let Err(error) = reserved {
            tracing::warn!(%error, "no space can be kept back for the next start");
        }
    }

    /// Frees that space; false if there is none.
    pub(super) fn release_reserve(&self) -> bool {
        fs::remove_file(self.path.join(RESERVE)).is_ok()
    }

    /// Whether a process that ended early left a write-ahead log behind.
    pub(super) fn log_left(&self) -> bool {
        self.log_left
    }

    /// Returns what [`Directory::measure`] measures.
    pub(super) fn space(&self) -> Space {
        self.space.clone()
    }

    /// Measures how much is free, which may wait for the disk.
    pub(super) fn measure(&self) {
        let free = fstatvfs(&self.lock).map(|of| of.f_bavail.saturating_mul(of.f_frsize));
        self.space.0.store(free.unwrap_or(UNKNOWN), Ordering::Relaxed);
    }

    /// Whether the files in the directory are still those that were opened. Not before SQLite has
    /// opened the database: beside an empty one it makes the log anew.
    pub(super) fn in_place(&mut self) -> bool {
        let log = self.identity(LOG);
        let in_place = self.is_locked() && (self.log.is_none() || self.log == log);
        self.log = self.log.or(log);
        in_place
    }

    /// Whether the files that are locked are those in the directory.
    fn is_locked(&self) -> bool {
        let same = |name: &str, file: &File| {
            file.metadata().is_ok_and(|file| self.identity(name) == Some(identity(&file)))
        };
        same("lock", &self.lock) && same(DATABASE, &self.database)
    }

    fn identity(&self, name: &str) -> Option<(u64, u64)> {
        fs::metadata(self.path.join(name)).ok().as_ref().map(identity)
    }

    /// Returns the path of the database's write-ahead log.
    pub(super) fn log(&self) -> PathBuf {
        self.path.join(LOG)
    }

    /// Returns the path of the database.
    pub(super) fn database(&self) -> PathBuf {
        self.path.join(DATABASE)
    }

    /// Makes files created here survive a power cut.
    pub(super) fn sync(&self) -> Result<(), OpenError> {
        let failed = |source| OpenError::Directory { path: self.path.clone(), source };
        sync(&self.path).map_err(failed)
    }

    /// Opens the mark, and reads how many entries it names.
    pub(super) fn mark(&self) -> Result<(HighWaterFile, Option<u64>), OpenError> {
        let path = self.path.join("mark");
        let read = || {
            let mark = fs::read_to_string(&path).ok().and_then(|text| parse(&text));
            Ok((HighWaterFile { file: open(&path)? }, mark))
        };
        read().map_err(|source| OpenError::Directory { path: path.clone(), source })
    }
}

impl Drop for Directory {
    /// Closing the file would not do: a child process that is just being started has it open, too,
    /// until it runs its program.
    fn drop(&mut self) {
        // The end of the process unlocks it anyway.
        _ = self.lock.unlock();
        _ = self.database.unlock();
    }
}

/// Where the mark is written.
#[derive(Debug)]
pub(super) struct HighWaterFile {
    file: File,
}

impl HighWaterFile {
    /// Writes the mark in place, and waits until it is on disk.
    pub(super) fn write(&self, entries: u64) -> io::Result<()> {
        self.file.write_all_at(format!("{MARK_HEAD}{entries:020}\n").as_bytes(), 0)?;
        self.file.sync_data()
    }
}

/// Writes the mark every now and then.
pub(super) struct HighWaterMark {
    pub(super) file: HighWaterFile,
    /// Number of entries the mark names.
    pub(super) marked: u64,
    /// When it is next written.
    pub(super) at: Moment,
    /// Whether it is written while the worker works; else only at its end, when all is synced.
    pub(super) running: bool,
}

impl HighWaterMark {
    /// Whether the mark is behind.
    pub(super) fn due(&self, entries: u64) -> bool {
        self.running && self.marked != entries
    }

    /// Writes the mark, unless it is up to date.
    pub(super) fn write(&mut self, entries: u64, now: Moment) {
        self.at = now.after(MARK_EVERY);
        if self.marked == entries {
            return;
        }
        match self.file.write(entries) {
            Ok(()) => self.marked = entries,
            Err(error) => tracing::warn!(%error, "the journal's mark could not be written"),
        }
    }
}

/// Reads a mark. It is written in place, but a torn one must not be taken for a low one.
fn parse(text: &str) -> Option<u64> {
    let entries = text.strip_prefix(MARK_HEAD)?.strip_suffix('\n')?;
    (entries.len() == 20).then(|| entries.parse().ok()).flatten()
}

/// The names of the database and of its write-ahead log.
pub(super) const DATABASE: &str = "journal.db";
const LOG: &str = "journal.db-wal";
/// Space for the index of the log, which SQLite makes at each start: 32 KiB.
const RESERVE: &str = "reserve";
const RESERVE_BYTES: usize = 64 * 1024;
/// How long the mark may be behind.
pub(super) const MARK_EVERY: Duration = Duration::from_secs(1);
const MARK_HEAD: &str = "chinwag journal, entries: ";

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let file = options.open(path)?;
    make_private(&file.metadata()?, |mode| file.set_permissions(mode));
    Ok(file)
}

/// Sets the mode of a file to 0600, if it has another: an old version may have made it, or the umask
/// may have taken the owner's rights.
fn make_private(file: &Metadata, set: impl FnOnce(Permissions) -> io::Result<()>) {
    if file.mode() & 0o777 != 0o600
        && let Err(error) = set(Permissions::from_mode(0o600))
    {
        tracing::warn!(%error, "a file of the journal is open to other users");
    }
}

fn identity(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}

fn sync(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_reads_as_it_was_written_and_not_when_torn() {
        let scratch = crate::journal::tests::Scratch::new();
        let directory = Directory::lock(scratch.path()).unwrap();
        let (file, none) = directory.mark().unwrap();
        assert_eq!(none, None);
        file.write(1234).unwrap();
        file.write(1235).unwrap();
        assert_eq!(directory.mark().unwrap().1, Some(1235));
        file.file.set_len(40).unwrap();
        assert_eq!(directory.mark().unwrap().1, None);
    }
}
