//! The server's key, which signs its tokens.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use zeroize::{Zeroize as _, ZeroizeOnDrop, Zeroizing};

use crate::file;

/// The secret that signs this server's tokens; with it, tokens for any account can be forged.
///
/// Replacing it ends all logins. Its memory is wiped when it is dropped.
pub struct SigningKey([u8; BYTES]);

/// Why the key cannot be used.
#[derive(Debug)]
pub enum SigningKeyError {
    /// The file cannot be read or created.
    File {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// Others than the file's owner have access to it.
    Open {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The file is damaged.
    Broken {
        /// The file.
        path: PathBuf,
    },
}

impl SigningKey {
    /// Reads the key of a directory; if there is none, creates one of `random` bytes. The caller
    /// keeps other processes out of the directory.
    pub fn open(dir: &Path, random: [u8; BYTES]) -> Result<Self, SigningKeyError> {
        let random = Self(random);
        let path = dir.join(FILE);
        let failed = |source| SigningKeyError::File { path: path.clone(), source };
        match File::open(&path) {
            Ok(file) => Self::read(&path, file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                file::replace(dir, FILE, |file| file.write_all(&random.0)).map_err(failed)?;
                Ok(random)
            }
            Err(error) => Err(failed(error)),
        }
    }

    /// Returns a key of random bytes that is not stored: logins end with the process.
    pub fn ephemeral(random: [u8; BYTES]) -> Self {
        Self(random)
    }

    /// Returns the secret.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    fn read(path: &Path, file: File) -> Result<Self, SigningKeyError> {
        let failed = |source| SigningKeyError::File { path: path.to_owned(), source };
        // Metadata of the open file: the path may point to another one by now.
        let metadata = file.metadata().map_err(failed)?;
        let broken = || SigningKeyError::Broken { path: path.to_owned() };
        if !metadata.is_file() {
            return Err(broken());
        }
        let mode = metadata.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(SigningKeyError::Open { path: path.to_owned(), mode });
        }
        let mut bytes = Zeroizing::new(Vec::with_capacity(2 * BYTES));
        // One byte more than a key would do to notice a longer file.
        file.take(READ_MAX).read_to_end(&mut bytes).map_err(failed)?;
        let key: Result<[u8; BYTES], _> = bytes.as_slice().try_into();
        match key {
            // Some file systems leave zeros after a power failure.
            Ok(key) if key != [0; BYTES] => Ok(Self(key)),
            _ => Err(broken()),
        }
    }
}

const BYTES: usize = 32;
const READ_MAX: u64 = 64;
const FILE: &str = "token.key";

impl Drop for SigningKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl ZeroizeOnDrop for SigningKey {}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

impl fmt::Display for SigningKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, source } => {
                write!(f, "cannot use the signing key {}: {source}", path.display())
            }
            Self::Open { path, mode } => write!(
                f,
                "others have access to the signing key {0} (mode {mode:04o}) and could forge \
                 logins: chmod 600 it, or if it may have leaked, remove it, which ends all logins",
                path.display()
            ),
            Self::Broken { path } => write!(
                f,
                "the signing key {} is damaged and was left as it is: restore it from a backup, or \
                 remove it, which ends all logins",
                path.display()
            ),
        }
    }
}

impl std::error::Error for SigningKeyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File { source, .. } => Some(source),
            Self::Open { .. } | Self::Broken { .. } => None,
        }
    }
}
