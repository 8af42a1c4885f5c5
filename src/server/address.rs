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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServedAt {
    /// The address.
    pub address: SocketAddr,
    /// Whether it is by TLS.
    pub tls: bool,
}

impl fmt::Display for ServedAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.address)
    }
}

impl ServedAt {
    /// Parses a line of the file.
    fn parse(line: &str) -> Option<Self> {
        let by_tls = line.strip_prefix("https://");
        let (address, tls) = (by_tls.unwrap_or(line), by_tls.is_some());
        Some(Self { address: reachable(address.parse().ok()?), tls })
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
            addresses.iter().try_for_each(|served| match served.tls {
                true => writeln!(file, "{served}"),
                false => writeln!(file, "{}", served.address),
            })
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
        let served = |address: &str, tls| ServedAt { address: address.parse().unwrap(), tls };
        let real = real.map(|address| served(address, address.ends_with('2')));
        let file = AddressFile::write(&dir, &real).unwrap();
        let mode = fs::metadata(dir.join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let reached = ["127.0.0.1:80", "127.0.0.1:81", "[::1]:82", "[2001:db8::1]:83"];
        let reached = reached.map(|address| served(address, address.ends_with('2')));
        assert_eq!(AddressFile::read(&dir).unwrap(), reached);
        // As if the server had been killed.
        let left = fs::read(dir.join(FILE)).unwrap();
        drop(file);
        assert_eq!(AddressFile::read(&dir).unwrap(), []);
        fs::write(dir.join(FILE), left).unwrap();
        assert_eq!(AddressFile::read(&dir).unwrap(), []);
        fs::remove_dir_all(&dir).unwrap();
    }
}
