//! The server's own key, which signs its tokens.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use zeroize::{Zeroize as _, ZeroizeOnDrop, Zeroizing};

/// Is the secret that signs this server's tokens. Whoever knows it is everybody.
///
/// With another key all logins end. Its memory is wiped when it is dropped.
pub struct Key([u8; BYTES]);

/// Says why there is no key.
#[derive(Debug)]
pub enum KeyError {
    /// The file cannot be read or made.
    File {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Others than its owner may use it.
    Open {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// It is no key.
    Broken {
        /// The file.
        path: PathBuf,
    },
}

impl Key {
    /// Reads the key of a directory; if there is none, makes one of `random` bytes. The caller keeps
    /// other servers out of the directory.
    pub fn open(dir: &Path, random: [u8; BYTES]) -> Result<Self, KeyError> {
        let random = Self(random);
        let path = dir.join(FILE);
        let failed = |source| KeyError::File { path: path.clone(), source };
        match File::open(&path) {
            Ok(file) => Self::read(&path, file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                random.make(dir).map_err(failed)?;
                Ok(random)
            }
            Err(error) => Err(failed(error)),
        }
    }

    /// Makes a key of random bytes that is not kept: logins end with the process.
    pub fn unkept(random: [u8; BYTES]) -> Self {
        Self(random)
    }

    /// Gives the bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    fn read(path: &Path, file: File) -> Result<Self, KeyError> {
        let failed = |source| KeyError::File { path: path.to_owned(), source };
        // Of the file that is open: its name may mean another one by now.
        let metadata = file.metadata().map_err(failed)?;
        let broken = || KeyError::Broken { path: path.to_owned() };
        if !metadata.is_file() {
            return Err(broken());
        }
        let mode = metadata.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(KeyError::Open { path: path.to_owned(), mode });
        }
        let mut bytes = Zeroizing::new(Vec::with_capacity(2 * BYTES));
        // A file that is too long shows by that.
        file.take(READ_MAX).read_to_end(&mut bytes).map_err(failed)?;
        let key: Result<[u8; BYTES], _> = bytes.as_slice().try_into();
        match key {
            // Some file systems leave zeros behind when the power fails.
            Ok(key) if key != [0; BYTES] => Ok(Self(key)),
            _ => Err(broken()),
        }
    }

    /// Writes the key so that it is there whole or not at all, and stays.
    fn make(&self, dir: &Path) -> io::Result<()> {
        let young = dir.join(YOUNG_FILE);
        match fs::remove_file(&young) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&young)?;
        file.write_all(&self.0)?;
        file.sync_all()?;
        fs::rename(&young, dir.join(FILE))?;
        File::open(dir)?.sync_all()
    }
}

const BYTES: usize = 32;
const READ_MAX: u64 = 64;
const FILE: &str = "token.key";
const YOUNG_FILE: &str = "token.key.new";

impl Drop for Key {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl ZeroizeOnDrop for Key {}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, source } => {
                write!(f, "cannot use the key of tokens {}: {source}", path.display())
            }
            Self::Open { path, mode } => write!(
                f,
                "others may use the key of tokens {0} (mode {mode:04o}), and with it be anybody: \
                 chmod 600 it, or if somebody may have seen it, remove it; then all logins end",
                path.display()
            ),
            Self::Broken { path } => write!(
                f,
                "the key of tokens {} is damaged and was left as it is: restore it from a backup, \
                 or remove it; then all logins end",
                path.display()
            ),
        }
    }
}

impl std::error::Error for KeyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File { source, .. } => Some(source),
            Self::Open { .. } | Self::Broken { .. } => None,
        }
    }
}
