//! Why a journal cannot be opened, in words for the operator.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why the journal cannot be opened. It was not changed.
#[derive(Debug)]
pub enum OpenError {
    /// The directory, or a file in it, cannot be used.
    Directory {
        /// The directory or file.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// Another server uses it.
    Locked {
        /// The directory or the database.
        path: PathBuf,
    },
    /// The file is not a journal.
    NotAJournal {
        /// The file.
        path: PathBuf,
    },
    /// It is damaged.
    Corrupt {
        /// The database.
        path: PathBuf,
        /// The damage that was found.
        found: String,
    },
    /// A newer server has written it.
    Newer {
        /// The database.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The newest version known here.
        known: i64,
    },
    /// Entries are missing that had been there.
    Behind {
        /// The database.
        path: PathBuf,
        /// The number of entries it has had.
        found: u64,
        /// The number of entries it had when the mark was written.
        marked: u64,
    },
    /// The SQLite in use has a known bug.
    OldSqlite {
        /// Its version.
        version: String,
    },
    /// Another error of SQLite.
    Sqlite {
        /// The database.
        path: PathBuf,
        /// The error of SQLite.
        source: rusqlite::Error,
    },
    /// No thread could be started.
    Thread {
        /// The error of the system.
        source: io::Error,
    },
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory { path, source } => {
                write!(f, "cannot use {} for the journal: {source}", path.display())
            }
            Self::Locked { path } => write!(
                f,
                "another server uses the journal in {}; stop it, or choose another directory",
                path.display()
            ),
            Self::NotAJournal { path } => write!(
                f,
                "{} is no journal of this server and was left as it is; choose another directory",
                path.display()
            ),
            Self::Corrupt { path, found } => write!(
                f,
                "the journal {} is damaged ({found}) and was left as it is; restore it from a \
                 backup, or choose another directory",
                path.display()
            ),
            Self::Newer { path, found, known } => write!(
                f,
                "the journal {} has version {found}, and this server knows versions up to \
                 {known}; start a newer server",
                path.display()
            ),
            Self::Behind { path, found, marked } => write!(
                f,
                "the journal {} has {found} entries, but had {marked} before: some were lost; \
                 restore it from a backup, or accept the loss with --accept-loss",
                path.display()
            ),
            Self::OldSqlite { version } => {
                write!(f, "SQLite {version} can damage a journal; build with 3.51.3 or newer")
            }
            Self::Sqlite { path, source } => {
                write!(f, "cannot open the journal {}: {source}", path.display())
            }
            Self::Thread { source } => {
                write!(f, "cannot start the journal's thread: {source}")
            }
        }
    }
}

impl std::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Directory { source, .. } | Self::Thread { source } => Some(source),
            Self::Sqlite { source, .. } => Some(source),
            _ => None,
        }
    }
}
