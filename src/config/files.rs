//! The small files that settings name.

use std::{fs::File, io::Read as _, path::Path};

/// The largest such file: a JWKS file, or a certificate with its chain.
const BYTES_MAX: u64 = 256 * 1024;

/// Reads a file.
pub(super) fn bytes(path: &Path) -> Result<Vec<u8>, String> {
    let unreadable = |error| format!("cannot be read: {error}");
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > BYTES_MAX {
        return Err("too large; use a file of at most 256KiB".into());
    }
    Ok(bytes)
}

/// Reads a file of text.
pub(super) fn text(path: &Path) -> Result<String, String> {
    String::from_utf8(bytes(path)?).map_err(|_| "not text; use a PEM or JWKS file".into())
}
