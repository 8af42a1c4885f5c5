//! The address file: where the running server of a data directory can be reached.
//!
//! The server locks the file while it runs, so that a stale file never leads to another program that
//! has one of the addresses by now.

use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::file;

/// An address that a server is reached at, written as the beginning of its URLs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServedAt {
    /// An address, without TLS.
    Http(SocketAddr),
    /// An address, by TLS.
    Https(SocketAddr),
    /// A Unix socket, by its path.
    Unix(PathBuf),
}

impl fmt::Display for ServedAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(address) => write!(f, "http://{address}"),
            Self::Https(address) => write!(f, "https://{address}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl ServedAt {
    /// Returns an address with or without TLS.
    pub fn tcp(address: SocketAddr, tls: bool) -> Self {
        if tls { Self::Https(address) } else { Self::Http(address) }
    }

    /// Returns the address and the port, or the path.
    pub fn place(&self) -> String {
        match self {
            Self::Http(address) | Self::Https(address) => address.to_string(),
            Self::Unix(path) => path.display().to_string(),
        }
    }

    /// Returns what `Host` of a request says.
    pub fn host(&self) -> String {
        match self {
            Self::Http(_) | Self::Https(_) => self.place(),
            Self::Unix(_) => "localhost".to_owned(),
        }
    }

    /// Returns a line of the file. Without TLS that is the address alone, as in 0.1.0.
    fn line(&self) -> String {
        match self {
            Self::Http(address) => address.to_string(),
            Self::Https(_) | Self::Unix(_) => self.to_string(),
        }
    }

    /// Parses a line of the file.
    fn parse(line: &str) -> Option<Self> {
        if let Some(path) = line.strip_prefix("unix:") {
            return Some(Self::Unix(path.into()));
        }
        let by_tls = line.strip_prefix("https://");
        let address = reachable(by_tls.unwrap_or(line).parse().ok()?);
        Some(Self::tcp(address, by_tls.is_some()))
    }
}

/// The address file of a running server; it is removed on drop.
#[derive(Debug)]
pub struct AddressFile {
    path: PathBuf,
    _locked: File,
}

impl AddressFile {
    /// Writes the addresses that a server listens on, one per line, as URLs if by TLS, readable by its
    /// user only. The caller has locked the directory.
    pub fn write(dir: &Path, addresses: &[ServedAt]) -> io::Result<Self> {
        let file = file::replace(dir, FILE, |file| {
            file.try_lock()?;
            addresses.iter().try_for_each(|served| writeln!(file, "{}", served.line()))
        })?;
        Ok(Self { path: dir.join(FILE), _locked: file })
    }

    /// Returns the addresses of the server of a directory; none if no server is running.
    pub fn read(dir: &Path) -> io::Result<Vec<ServedAt>> {
        let mut file = match File::open(dir.join(FILE)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            file => file?,
        };
        match file.try_lock_shared() {
            // A killed server left it behind.
            Ok(()) => return Ok(Vec::new()),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let mut text = String::new();
        (&mut file).take(BYTES_MAX).read_to_string(&mut text)?;
        Ok(text.lines().filter_map(ServedAt::parse).collect())
    }
}

/// Returns where a server on this machine is reached that listens on an address: at loopback, if that
/// stands for all addresses of the machine.
pub fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => [127, 0, 0, 1].into(),
            SocketAddr::V6(_) => [0, 0, 0, 0, 0, 0, 0, 1].into(),
        });
    }
    address
}

const FILE: &str = "server.addr";
const BYTES_MAX: u64 = 64 * 1024;

impl Drop for AddressFile {
    fn drop(&mut self) {
        // A file without a lock is ignored anyway.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_addresses_of_a_running_server_are_read() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = std::env::temp_dir().join(format!("chinwag-address-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        let real = ["127.0.0.1:80", "0.0.0.0:81", "[::]:82", "[2001:db8::1]:83"];
        let served = |address: &str, tls| ServedAt::tcp(address.parse().unwrap(), tls);
        let socket = ServedAt::Unix("/run/a b.sock".into());
        let real = real.map(|address| served(address, address.ends_with('2')));
        let file =
            AddressFile::write(&dir, &[&real[..], std::slice::from_ref(&socket)].concat()).unwrap();
        let mode = fs::metadata(dir.join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let reached = ["127.0.0.1:80", "127.0.0.1:81", "[::1]:82", "[2001:db8::1]:83"];
        let reached = reached.map(|address| served(address, address.ends_with('2')));
        assert_eq!(AddressFile::read(&dir).unwrap(), [&reached[..], &[socket]].concat());
        // As if the server had been killed.
        let left = fs::read(dir.join(FILE)).unwrap();
        drop(file);
        assert_eq!(AddressFile::read(&dir).unwrap(), []);
        fs::write(dir.join(FILE), left).unwrap();
        assert_eq!(AddressFile::read(&dir).unwrap(), []);
        fs::remove_dir_all(&dir).unwrap();
    }
}
