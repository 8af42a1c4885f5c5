//! The address for administrators, as a value.

use std::{net::SocketAddr, path::PathBuf};

use super::Value;

/// Where administrators reach the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdminAddress {
    /// An address and a port.
    Tcp(SocketAddr),
    /// A Unix socket, by its path.
    Unix(PathBuf),
}

/// What fits into an address of a Unix socket on every system, with the zero at its end.
const PATH_BYTES_MAX: usize = 103;

impl Value for AdminAddress {
    fn form() -> String {
        SocketAddr::form()
    }

    fn parse(text: &str) -> Result<Self, String> {
        let Some(path) = text.strip_prefix("unix:") else {
            let address = SocketAddr::parse(text).map(Self::Tcp);
            return address.map_err(|error| format!("{error}, or unix: and a path"));
        };
        let sound = path.starts_with('/') && !path.ends_with('/') && !path.contains('\0');
        match sound && path.len() <= PATH_BYTES_MAX {
            true => Ok(Self::Unix(path.into())),
            false => Err(format!(
                "not a socket; use an absolute path of at most {PATH_BYTES_MAX} bytes, such as \
                 unix:/run/chinwag/admin.sock"
            )),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Tcp(address) => address.text(),
            Self::Unix(path) => format!("unix:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_for_administrators_is_one_of_a_network_or_a_path() {
        for text in ["127.0.0.1:9090", "[::1]:9090", "unix:/run/a.sock"] {
            assert_eq!(AdminAddress::parse(text).expect(text).text(), text);
        }
        let long = format!("unix:/{}", "a".repeat(PATH_BYTES_MAX));
        for text in ["", "9090", "unix:", "unix:a.sock", "unix:/", "unix:/a/", "unix:/a\0b", &long]
        {
            let why = AdminAddress::parse(text).expect_err(text);
            assert!(why.contains("unix:"), "{why}");
        }
    }
}
