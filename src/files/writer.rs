//! The thread that writes blobs and removes them.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender};

use ring::digest::{Context, SHA256};
use rustix::fs::fstatvfs;

use super::blobs::is_hash;
use super::{Contents, Hash, Outcome, media, name, path};

/// A request to the thread.
pub(super) enum Write {
    Begin { upload: u64 },
    Part { upload: u64, bytes: Vec<u8> },
    Finish { upload: u64 },
    Keep { upload: u64 },
    Discard { upload: u64 },
    Remove { hash: Hash },
}

/// The state of the thread.
pub(super) struct Writer<W> {
    dir: PathBuf,
    uploads: HashMap<u64, Upload>,
    /// Bytes of all blobs.
    bytes: Arc<AtomicU64>,
    /// Bytes of the disk that are left free.
    spared: Arc<AtomicU64>,
    out: Sender<Outcome>,
    waker: W,
}

/// An upload that is not kept yet.
struct Upload {
    file: File,
    path: PathBuf,
    digest: Context,
    bytes: u64,
    /// Bytes that may not be on disk yet.
    unsynced: usize,
    /// Once it is complete.
    hash: Option<Hash>,
}

/// Bytes at the beginning of a file by which its type and dimensions are found: more than the
/// metadata that pictures usually begin with.
const HEAD_BYTES: u64 = 256 * 1024;

/// Bytes that are synced at once. If all were at the end, the commits of the journal would wait for
/// them: with 25 MiB, acknowledgements come four times as late.
const UNSYNCED_MAX: usize = 1024 * 1024;

impl<W: Fn()> Writer<W> {
    pub(super) fn new(
        dir: PathBuf,
        (bytes, spared): (Arc<AtomicU64>, Arc<AtomicU64>),
        out: Sender<Outcome>,
        waker: W,
    ) -> Self {
        Self { dir, uploads: HashMap::new(), bytes, spared, out, waker }
    }

    /// Cleans the directory up, and works until the handle is dropped.
    pub(super) fn run(mut self, queue: &Receiver<Write>, live: &HashSet<Hash>) {
        if let Err(error) = self.clean(live) {
            tracing::error!(%error, "the directory of files cannot be cleaned up");
        }
        for write in queue {
            self.carry_out(write);
        }
        for (_, upload) in self.uploads.drain() {
            // What stays is removed at the next start.
            let _ = fs::remove_file(upload.path);
        }
    }

    /// Removes blobs that are not live and what is left of uploads, and counts the bytes of the others.
    /// What has another name is not ours.
    fn clean(&self, live: &HashSet<Hash>) -> io::Result<()> {
        let names: HashMap<String, &Hash> = live.iter().map(|hash| (name(hash), hash)).collect();
        let (mut found, mut bytes, mut removed) = (0_usize, 0_u64, 0_usize);
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            if names.contains_key(name) {
                found = found.saturating_add(1);
                bytes = bytes.saturating_add(entry.metadata()?.len());
            } else if is_ours(name) && entry.file_type()?.is_file() {
                match fs::remove_file(entry.path()) {
                    Ok(()) => removed = removed.saturating_add(1),
                    Err(error) => tracing::warn!(name, %error, "a file cannot be removed"),
                }
            }
        }
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        if removed > 0 {
            tracing::info!(removed, "files that no message has were removed");
        }
        let missing = live.len().saturating_sub(found);
        if missing > 0 {
            tracing::error!(missing, "files of messages are missing");
        }
        Ok(())
    }

    fn carry_out(&mut self, write: Write) {
        match write {
            Write::Begin { upload } => self.attempt(upload, |it| it.begin(upload).map(|()| None)),
            Write::Part { upload, bytes } => self.attempt(upload, |it| it.part(upload, &bytes)),
            Write::Finish { upload } => self.attempt(upload, |it| it.finish(upload)),
            Write::Keep { upload } => self.attempt(upload, |it| it.keep(upload)),
            Write::Discard { upload } => self.discard(upload),
            Write::Remove { hash } => self.remove(&hash),
        }
    }

    /// Takes a step of an upload, and reports the outcome.
    fn attempt(
        &mut self,
        upload: u64,
        step: impl FnOnce(&mut Self) -> io::Result<Option<Outcome>>,
    ) {
        let outcome = step(self).unwrap_or_else(|error| {
            tracing::error!(%error, "a file cannot be written");
            self.discard(upload);
            let full = matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded);
            Some(Outcome::Failed { upload, full })
        });
        if let Some(outcome) = outcome
            && self.out.send(outcome).is_ok()
        {
            (self.waker)();
        }
    }

    fn begin(&mut self, upload: u64) -> io::Result<()> {
        let path = self.dir.join(format!("{upload}.part"));
        // `create_new` follows no link.
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create_new(true).mode(0o600).open(&path)?;
        let digest = Context::new(&SHA256);
        self.uploads
            .insert(upload, Upload { file, path, digest, bytes: 0, unsynced: 0, hash: None });
        Ok(())
    }

    /// One that has failed is gone: what still comes of it is ignored.
    fn part(&mut self, number: u64, bytes: &[u8]) -> io::Result<Option<Outcome>> {
        let spared = self.spared.load(Ordering::Relaxed);
        let Some(upload) = self.uploads.get_mut(&number) else { return Ok(None) };
        spare(&upload.file, spared)?;
        upload.file.write_all(bytes)?;
        upload.digest.update(bytes);
        upload.bytes = upload.bytes.saturating_add(bytes.len() as u64);
        upload.unsynced = upload.unsynced.saturating_add(bytes.len());
        if upload.unsynced >= UNSYNCED_MAX {
            upload.file.sync_data()?;
            upload.unsynced = 0;
        }
        Ok(Some(Outcome::Written { upload: number, bytes: bytes.len() }))
    }

    fn finish(&mut self, number: u64) -> io::Result<Option<Outcome>> {
        let Some(upload) = self.uploads.get_mut(&number) else { return Ok(None) };
        upload.file.sync_all()?;
        let mut head = vec![0; usize::try_from(upload.bytes.min(HEAD_BYTES)).unwrap_or(0)];
        upload.file.read_exact_at(&mut head, 0)?;
        let mut hash = Hash::default();
        hash.copy_from_slice(upload.digest.clone().finish().as_ref());
        upload.hash = Some(hash);
        let media_type = media::media_type(&head);
        let dimensions = media::dimensions(media_type, &head);
        let contents = Contents { hash, bytes: upload.bytes, media_type, dimensions };
        Ok(Some(Outcome::Received { upload: number, contents }))
    }

    fn keep(&mut self, number: u64) -> io::Result<Option<Outcome>> {
        let Some(upload) = self.uploads.get(&number) else { return Ok(None) };
        let Some(hash) = upload.hash else { return Ok(None) };
        let target = path(&self.dir, &hash);
        let is_new = !target.exists();
        fs::rename(&upload.path, target)?;
        if is_new {
            self.bytes.fetch_add(upload.bytes, Ordering::Relaxed);
        }
        self.uploads.remove(&number);
        sync(&self.dir)?;
        Ok(Some(Outcome::Kept { upload: number }))
    }

    fn discard(&mut self, upload: u64) {
        if let Some(upload) = self.uploads.remove(&upload)
            && let Err(error) = fs::remove_file(&upload.path)
        {
            tracing::warn!(%error, "what is left of an upload cannot be removed");
        }
    }

    fn remove(&self, hash: &Hash) {
        let path = path(&self.dir, hash);
        let bytes = fs::metadata(&path).map_or(0, |metadata| metadata.len());
        match fs::remove_file(&path) {
            Ok(()) => {
                self.bytes.fetch_sub(bytes, Ordering::Relaxed);
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            // It is an orphan, which the next start removes.
            Err(error) => tracing::error!(%error, "a file cannot be removed"),
        }
    }
}

/// Fails if less than so many bytes are free on the disk of a file.
fn spare(file: &File, bytes: u64) -> io::Result<()> {
    let disk = fstatvfs(file)?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    if free < bytes { Err(ErrorKind::StorageFull.into()) } else { Ok(()) }
}

/// Whether a file has the name of a blob, or of what becomes one.
fn is_ours(name: &str) -> bool {
    let part = name.strip_suffix(".part");
    let is_number = |stem: &str| !stem.is_empty() && stem.bytes().all(|it| it.is_ascii_digit());
    is_hash(part.unwrap_or(name)) || part.is_some_and(is_number)
}

fn sync(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}
