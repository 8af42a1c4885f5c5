//! The files of users on disk: blobs, each under the SHA-256 of its bytes in one directory.
//!
//! One thread writes and removes, another one reads, in parts, so that neither the reactor nor a talk
//! waits for the disk. A blob is there whole or not at all: it is written under a temporary name,
//! synced, and then renamed. Who may read a blob, and which ones are in use, is the caller's to know.
//!
//! ```text
//! begin ─▶ write … ─▶ finish ─▶ Received(hash) ─▶ keep ─▶ Kept
//!   └──────┴──────── discard, or Failed ┴─────────┘
//! ```
//!
//! Between `Received` and `keep` the caller notes that the hash is in use. Requests are carried out in
//! order, so a [`Store::remove`] before that note cannot take the new blob away.
#![cfg_attr(
    not(test),
    deny(clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::unwrap_used)
)]

mod blobs;
mod media;
mod reader;
#[cfg(test)]
mod tests;
mod writer;

use std::collections::HashSet;
use std::fmt;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

pub use blobs::{Fault, check, copy, names, size};
pub use media::{BYTES, is_shown};
use reader::Read;
use writer::{Write, Writer};

/// The SHA-256 of a blob.
pub type Hash = [u8; 32];

/// The directory of the blobs in a data directory.
pub const DIRECTORY: &str = "files";

/// The limits of uploads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of all files together, each counted once; above: `storage_unavailable` for an upload.
    pub bytes_max: Option<u64>,
    /// Bytes of the disk that uploads leave free, so that messages can still be written; with less:
    /// `storage_unavailable`.
    pub disk_free_bytes_min: u64,
    /// Uploads at once, each with three parts in memory and an open file; above: `overloaded`.
    pub uploads_max: usize,
    /// Uploads at once from one network; above: `overloaded`.
    pub uploads_per_network_max: usize,
    /// How long an upload has its place however slow it is.
    pub upload_slow_after: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes_max: Some(10 * 1024 * 1024 * 1024),
            disk_free_bytes_min: 128 * 1024 * 1024,
            uploads_max: 32,
            uploads_per_network_max: 12,
            upload_slow_after: Duration::from_secs(30),
        }
    }
}

/// The handle of the two threads, which end when this is dropped.
pub struct Store {
    writes: Sender<Write>,
    reads: Sender<Read>,
    outcomes: Receiver<Outcome>,
    /// Bytes of all blobs.
    bytes: Arc<AtomicU64>,
    /// Bytes of the disk that are left free.
    spared: Arc<AtomicU64>,
}

/// What is known of the bytes of a blob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// Their SHA-256.
    pub hash: Hash,
    /// How many there are.
    pub bytes: u64,
    /// Their media type, as far as it is one of those that browsers show, else [`BYTES`].
    pub media_type: &'static str,
    /// Width and height of a picture, in pixels.
    pub dimensions: Option<(u32, u32)>,
}

/// What has become of a request; the number is the caller's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// So many bytes of an upload are written.
    Written {
        /// The upload.
        upload: u64,
        /// The bytes.
        bytes: usize,
    },
    /// An upload is on disk, still under its temporary name.
    Received {
        /// The upload.
        upload: u64,
        /// What it is.
        contents: Contents,
    },
    /// The blob of an upload has its name.
    Kept {
        /// The upload.
        upload: u64,
    },
    /// An upload could not be written; nothing is left of it.
    Failed {
        /// The upload.
        upload: u64,
        /// Whether the disk is full.
        full: bool,
    },
    /// A part of a blob was read; `None` if it cannot be.
    Read {
        /// The download.
        download: u64,
        /// The bytes.
        bytes: Option<Vec<u8>>,
    },
}

impl Store {
    /// Opens the directory, which is made if there is none, and starts the threads; they call `waker`
    /// after each outcome. Blobs that are not in `live`, and what a crash left of uploads, are removed.
    /// Uploads leave so many bytes of the disk free.
    ///
    /// # Errors
    /// If the directory cannot be made, or no thread started.
    pub fn open(
        dir: &Path,
        live: HashSet<Hash>,
        spared: u64,
        waker: impl Fn() + Clone + Send + 'static,
    ) -> io::Result<Self> {
        make_dir(dir)?;
        let (writes, write_queue) = mpsc::channel();
        let (reads, read_queue) = mpsc::channel();
        let (out, outcomes) = mpsc::channel();
        let (bytes, spared) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(spared)));
        let counts = (Arc::clone(&bytes), Arc::clone(&spared));
        let writer = Writer::new(dir.to_owned(), counts, out.clone(), waker.clone());
        let write = move || writer.run(&write_queue, &live);
        thread::Builder::new().name("files-write".into()).spawn(write)?;
        let dir = dir.to_owned();
        let read = move || reader::run(&dir, &read_queue, &out, waker);
        thread::Builder::new().name("files-read".into()).spawn(read)?;
        Ok(Self { writes, reads, outcomes, bytes, spared })
    }

    /// Changes how many bytes of the disk uploads leave free.
    pub fn spare(&self, bytes: u64) {
        self.spared.store(bytes, Ordering::Relaxed);
    }

    /// Begins an upload.
    pub fn begin(&self, upload: u64) {
        self.send(Write::Begin { upload });
    }

    /// Appends bytes to an upload; answered by [`Outcome::Written`], unless it has failed.
    pub fn write(&self, upload: u64, bytes: Vec<u8>) {
        self.send(Write::Part { upload, bytes });
    }

    /// Syncs an upload; answered by [`Outcome::Received`] or [`Outcome::Failed`].
    pub fn finish(&self, upload: u64) {
        self.send(Write::Finish { upload });
    }

    /// Renames an upload to its hash; answered by [`Outcome::Kept`] or [`Outcome::Failed`].
    pub fn keep(&self, upload: u64) {
        self.send(Write::Keep { upload });
    }

    /// Removes an upload; not answered.
    pub fn discard(&self, upload: u64) {
        self.send(Write::Discard { upload });
    }

    /// Removes a blob; not answered.
    pub fn remove(&self, hash: Hash) {
        self.send(Write::Remove { hash });
    }

    /// Reads a part of a blob; answered by [`Outcome::Read`].
    pub fn read(&self, download: u64, hash: Hash, offset: u64, length: usize) {
        // The thread ends with this handle only.
        let _ = self.reads.send(Read { download, hash, offset, length });
    }

    /// Returns an outcome since the last call.
    pub fn next(&self) -> Option<Outcome> {
        self.outcomes.try_recv().ok()
    }

    /// Returns the bytes that all blobs take.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    fn send(&self, write: Write) {
        // The thread ends with this handle only.
        let _ = self.writes.send(write);
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("bytes", &self.bytes()).finish_non_exhaustive()
    }
}

/// Returns the path of a blob in the directory of all.
pub fn path(dir: &Path, hash: &Hash) -> PathBuf {
    dir.join(name(hash))
}

/// Makes a directory for blobs, unless it is there. Nobody else may look into it.
///
/// # Errors
/// If it cannot be made.
pub fn make_dir(dir: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(dir) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Bytes that pass between the threads at once.
pub const PART_BYTES: usize = 64 * 1024;

fn name(hash: &Hash) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}
