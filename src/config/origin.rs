//! Web origins as values: scheme, host and port, RFC 6454.
//!
//! Which of them may talk to this server is decided in `server::origin`.

use std::{
    fmt::{self, Display, Formatter},
    net::Ipv6Addr,
};

/// An origin, normalised so that equal origins are equal values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebOrigin {
    /// In lower case.
    scheme: String,
    host: Host,
}

/// A host as it stands in an origin or in a `Host` header, normalised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// In lower case, without a trailing dot; IPv6 addresses in brackets and in shortest form.
    name: String,
    /// None if it was not given.
    port: Option<u16>,
}

impl WebOrigin {
    /// Parses the value of an `Origin` header; None for `null` and anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, host) = text.split_once("://")?;
        let mut letters = scheme.bytes();
        let sound = letters.next()?.is_ascii_alphabetic()
            && letters.all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
        if !sound {
            return None;
        }
        let scheme = scheme.to_ascii_lowercase();
        let host = Host::parse(host)?.with_port(default_port(&scheme));
        Some(Self { scheme, host })
    }

    /// Returns the name or address of its host.
    pub fn host_name(&self) -> &str {
        self.host.name()
    }

    /// Returns its port, given or not; none for a scheme without one.
    pub fn port(&self) -> Option<u16> {
        self.host.port
    }

    /// Whether a page of this origin was served by `host`. The `Host` header has no scheme, so a
    /// missing port is the default one of this origin's scheme.
    pub fn is_served_by(&self, host: &Host) -> bool {
        ["http", "https"].contains(&self.scheme.as_str())
            && self.host == host.clone().with_port(default_port(&self.scheme))
    }

    /// Whether its pages come by TLS.
    pub fn is_secure(&self) -> bool {
        self.scheme == "https"
    }
}

impl Host {
    /// Parses `name`, `name:port` or `[address]:port`; None for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let end = match text.find(']') {
            Some(bracket) => bracket + 1,
            None => text.find(':').unwrap_or(text.len()),
        };
        let (name, port) = text.split_at_checked(end)?;
        let port = match port.strip_prefix(':') {
            None if port.is_empty() => None,
            // RFC 3986 §3.2.3 allows a colon without a port.
            Some("") => None,
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                Some(digits.parse().ok()?)
            }
            _ => return None,
        };
        Some(Self { name: host_name(name)?, port })
    }

    /// Returns the name or address, without the port.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether there is no port.
    pub fn is_portless(&self) -> bool {
        self.port.is_none()
    }

    /// Returns the port, if it was given.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// Fills in a missing port.
    fn with_port(self, default: Option<u16>) -> Self {
        Self { port: self.port.or(default), ..self }
    }
}

impl Display for Host {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}:{port}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

impl Display for WebOrigin {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.host.name)?;
        match self.host.port {
            Some(port) if default_port(&self.scheme) != Some(port) => write!(f, ":{port}"),
            _ => Ok(()),
        }
    }
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" | "ws" => Some(80),
        "https" | "wss" => Some(443),
        _ => None,
    }
}

fn host_name(text: &str) -> Option<String> {
    if let Some(address) = text.strip_prefix('[') {
        let address: Ipv6Addr = address.strip_suffix(']')?.parse().ok()?;
        return Some(format!("[{address}]"));
    }
    let name = text.strip_suffix('.').unwrap_or(text);
    let sound = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    (!name.is_empty() && name.bytes().all(sound)).then(|| name.to_ascii_lowercase())
}
