//! The directory a test keeps its journal in.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::Connection;

use super::world::World;
use crate::journal::{Durability, Engine, Limits};

/// A directory that is gone when the test is.
#[derive(Debug)]
pub(in crate::journal) struct Scratch {
    path: PathBuf,
}

impl Scratch {
    pub(in crate::journal) fn new() -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("chinwag-journal-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).unwrap();
        Self { path }
    }

    pub(in crate::journal) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn engine(&self) -> Engine {
        let dir = self.path.join("data");
        Engine::Sqlite { dir, durability: Durability::Write, accept_loss: false, check: false }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Starts anew with a sync for each commit.
pub(super) fn fsync(world: World) -> World {
    let Engine::Sqlite { dir, accept_loss, check, .. } = world.engine.clone() else {
        panic!("it is on disk")
    };
    let durability = Durability::Fsync;
    let engine = Engine::Sqlite { dir, durability, accept_loss, check };
    let limits = world.limits.clone();
    world.restart(engine, limits).unwrap()
}

/// Returns a journal that has space for little more, and a connection to drop the table `ballast` with,
/// which takes most of it.
pub(super) fn nearly_full() -> (World, Connection) {
    let world = World::sqlite();
    let db = Connection::open(world.dir().join("journal.db")).unwrap();
    let sql = "CREATE TABLE ballast (bytes BLOB); INSERT INTO ballast VALUES (zeroblob(1000000))";
    db.execute_batch(sql).unwrap();
    let limits = Limits { database_bytes_max: Some(1_300_000), ..Limits::default() };
    (world.with(limits), db)
}

/// Copies a journal as it lies there, in use or not.
pub(super) fn copy(dir: &Path) -> Scratch {
    let scratch = Scratch::new();
    let data = scratch.path().join("data");
    fs::create_dir(&data).unwrap();
    for (path, bytes) in files(dir) {
        fs::write(data.join(path.file_name().unwrap()), bytes).unwrap();
    }
    scratch
}

/// Returns all files of a directory with what is in them, without what SQLite makes by looking.
pub(super) fn files(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let paths = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = paths.map(|path| (path.clone(), fs::read(path).unwrap())).collect();
    let by_product = |path: &Path, bytes: &[u8]| {
        path.ends_with("journal.db-shm") || (path.ends_with("journal.db-wal") && bytes.is_empty())
    };
    files.retain(|(path, bytes)| !by_product(path, bytes));
    files.sort();
    files
}

pub(super) fn found_in(dir: &Path, needle: &[u8]) -> bool {
    files(dir).iter().any(|(_, bytes)| bytes.windows(needle.len()).any(|part| part == needle))
}
