//! Blobs at rest: whether they are whole, and their copies elsewhere. For commands; the server has its
//! threads.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use ring::digest::{Context, SHA256};

use super::{Hash, PART_BYTES, path};

/// What is wrong with a blob.
#[derive(Debug)]
pub enum Fault {
    /// It is not there.
    Missing,
    /// It has other bytes.
    Damaged,
    /// It cannot be read, or its copy cannot be written.
    Failed(io::Error),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("is missing"),
            Self::Damaged => f.write_str("is damaged"),
            Self::Failed(error) => write!(f, "cannot be read or copied: {error}"),
        }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing,
            _ => Self::Failed(error),
        }
    }
}

/// Returns the bytes that a blob has in a directory; `None` if it is not there.
pub fn size(dir: &Path, hash: &Hash) -> Option<u64> {
    fs::metadata(path(dir, hash)).ok().map(|it| it.len())
}

/// Checks that a directory has a blob whole, which reads all of it.
///
/// # Errors
/// What is wrong with it.
pub fn check(dir: &Path, hash: &Hash, bytes: u64) -> Result<(), Fault> {
    let file = File::open(path(dir, hash))?;
    if file.metadata()?.len() != bytes {
        return Err(Fault::Damaged);
    }
    pass(file, io::sink(), hash)
}

/// Copies a blob into another directory, unless it is there.
///
/// # Errors
/// If it is missing or damaged, or cannot be copied; nothing is left of it then.
pub fn copy(from: &Path, to: &Path, hash: &Hash, bytes: u64) -> Result<(), Fault> {
    if check(to, hash, bytes).is_ok() {
        return Ok(());
    }
    let source = File::open(path(from, hash))?;
    let target = path(to, hash);
    let part = target.with_extension("part");
    // What an attempt that was killed has left.
    let _ = fs::remove_file(&part);
    let copied = || {
        // `create_new` follows no link.
        let new = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part);
        let new = new.map_err(Fault::Failed)?;
        pass(source, &new, hash)?;
        let finished = new.sync_all().and_then(|()| fs::rename(&part, &target));
        finished.and_then(|()| File::open(to)?.sync_all()).map_err(Fault::Failed)
    };
    copied().inspect_err(|_| {
        let _ = fs::remove_file(&part);
    })
}

/// Passes bytes on, and checks their hash.
fn pass(mut from: impl io::Read, mut to: impl io::Write, hash: &Hash) -> Result<(), Fault> {
    let (mut context, mut part) = (Context::new(&SHA256), vec![0; PART_BYTES]);
    loop {
        let read = from.read(&mut part).map_err(Fault::Failed)?;
        let bytes = part.get(..read).unwrap_or_default();
        if bytes.is_empty() {
            break;
        }
        context.update(bytes);
        to.write_all(bytes).map_err(Fault::Failed)?;
    }
    if context.finish().as_ref() == hash { Ok(()) } else { Err(Fault::Damaged) }
}

/// Returns the names of the blobs in a directory; none if there is no such directory.
///
/// # Errors
/// If it cannot be read.
pub fn names(dir: &Path) -> io::Result<Vec<String>> {
    if !dir.exists() {
        return Ok(Vec::new());
    }
    let names = fs::read_dir(dir)?.map(|entry| Ok(entry?.file_name().into_string()));
    let names: io::Result<Vec<_>> = names.collect();
    Ok(names?.into_iter().flatten().filter(|name| is_hash(name)).collect())
}

/// Whether this is the name of a blob.
pub(super) fn is_hash(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
