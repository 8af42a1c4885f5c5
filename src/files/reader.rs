//! The thread that reads blobs. It keeps none open, so that a slow download costs no descriptor.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender};

use super::{Hash, Outcome, path};

/// A part of a blob to read.
pub(super) struct Read {
    pub(super) download: u64,
    pub(super) hash: Hash,
    pub(super) offset: u64,
    pub(super) length: usize,
}

/// Reads until the handle is dropped.
pub(super) fn run(dir: &Path, queue: &Receiver<Read>, out: &Sender<Outcome>, waker: impl Fn()) {
    for read in queue {
        let bytes = part(dir, &read)
            .inspect_err(|error| tracing::warn!(%error, "a file cannot be read"))
            .ok();
        if out.send(Outcome::Read { download: read.download, bytes }).is_err() {
            break;
        }
        waker();
    }
}

fn part(dir: &Path, read: &Read) -> io::Result<Vec<u8>> {
    let file = File::open(path(dir, &read.hash))?;
    let mut bytes = vec![0; read.length];
    file.read_exact_at(&mut bytes, read.offset)?;
    Ok(bytes)
}
