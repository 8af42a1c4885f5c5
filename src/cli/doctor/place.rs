//! The server to look at: its URL, and how it is reached.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream, ToSocketAddrs as _},
    sync::{Arc, mpsc},
    thread,
};

use rustls::{ClientConfig, pki_types::ServerName};
use socket2::{Domain, Socket, Type};

use super::connection::{Connection, Deadline, PATIENCE, Reply};
use crate::config::PublicUrl;

/// A server.
#[derive(Debug)]
pub(super) struct Place {
    url: PublicUrl,
    address: SocketAddr,
    /// How it is spoken to by TLS.
    pub(super) tls: Option<Arc<ClientConfig>>,
    /// Whether its certificate is that of its host.
    pub(super) is_proven: bool,
}

impl Place {
    /// Looks up the address of a server, unless that is given, or says why there is none.
    pub(super) fn find(url: &PublicUrl, given: Option<SocketAddr>) -> Result<Self, String> {
        let port = url.origin().port().unwrap_or_default();
        let addresses = match given {
            Some(address) => vec![address],
            None => look_up(url.origin().host_name(), port)?,
        };
        let mut faults = Vec::new();
        for address in addresses {
            let place = Self { url: url.clone(), address, tls: None, is_proven: false };
            match place.dial() {
                Ok(_) => return Ok(place),
                Err(error) => faults.push(format!("{address}: {error}")),
            }
        }
        Err(format!(
            "{}; is the server, or the proxy, running there, and does a firewall let one in?",
            faults.join(", ")
        ))
    }

    /// Returns the link to a path below its URL; the path begins with no slash.
    pub(super) fn link(&self, path: &str) -> String {
        self.url.link(&format!("/{path}"))
    }

    /// Returns the target of a request for a path.
    pub(super) fn target(&self, path: &str) -> String {
        let link = self.link(path);
        link.strip_prefix(&self.origin()).unwrap_or(&link).to_owned()
    }

    /// Returns its origin, as browsers send it.
    pub(super) fn origin(&self) -> String {
        self.url.origin().to_string()
    }

    /// Returns the value of Host.
    pub(super) fn host(&self) -> String {
        let origin = self.origin();
        origin.split_once("://").map_or("", |(_, host)| host).to_owned()
    }

    /// Whether a `Host` header names it.
    pub(super) fn is_called(&self, host: &str) -> bool {
        crate::config::Host::parse(host).is_some_and(|host| self.url.origin().is_served_by(&host))
    }

    /// Whether its URL is https.
    pub(super) fn is_secure(&self) -> bool {
        self.url.origin().is_secure()
    }

    /// Whether what is sent to it reaches nobody else: by a certificate, or on this machine.
    pub(super) fn is_private(&self) -> bool {
        self.is_proven || self.address.ip().is_loopback()
    }

    /// Returns its address.
    pub(super) fn ip(&self) -> IpAddr {
        self.address.ip().to_canonical()
    }

    /// Returns its name in a TLS handshake.
    pub(super) fn server_name(&self) -> Result<ServerName<'static>, String> {
        let name = bare(self.url.origin().host_name());
        ServerName::try_from(name.to_owned())
            .map_err(|_| format!("{name} is no name that a certificate can be for"))
    }

    /// Opens a TCP connection. On this machine it comes from an address that no proxy has, so that
    /// one can tell them apart.
    pub(super) fn dial(&self) -> io::Result<TcpStream> {
        let open = |source: Option<Ipv4Addr>| {
            let socket = Socket::new(Domain::for_address(self.address), Type::STREAM, None)?;
            if let Some(source) = source {
                socket.bind(&SocketAddr::from((source, 0)).into())?;
            }
            socket.connect_timeout(&self.address.into(), PATIENCE)?;
            Ok(TcpStream::from(socket))
        };
        match self.address.ip() {
            // Not every system has more than one address there.
            IpAddr::V4(ip) if ip.is_loopback() => open(Some(SOURCE)).or_else(|_| open(None)),
            _ => open(None),
        }
    }

    /// Opens a connection.
    pub(super) fn connect(&self) -> io::Result<Connection> {
        let stream = self.dial()?;
        match &self.tls {
            None => Connection::plain(stream),
            Some(config) => {
                let name = self.server_name().map_err(io::Error::other)?;
                Connection::secure(stream, Arc::clone(config), name)
            }
        }
    }

    /// Sends a request and reads all of the answer. `headers` are lines, each with its end.
    pub(super) fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &str,
        body: &str,
    ) -> io::Result<Reply> {
        let (target, host) = (self.target(path), self.host());
        let length = match body.len() {
            0 => String::new(),
            length => format!("Content-Type: application/json\r\nContent-Length: {length}\r\n"),
        };
        let head = format!(
            "{method} {target} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: chinwag-doctor\r\n\
             Connection: close\r\n{headers}{length}\r\n"
        );
        let mut connection = self.connect()?;
        let deadline = Deadline::after(PATIENCE);
        // What is refused before its end may be answered all the same.
        let written = connection.write(&[head.as_bytes(), body.as_bytes()].concat());
        let mut reply = Reply::read(&mut connection, &deadline).or_else(|error| {
            written?;
            Err(error)
        })?;
        reply.complete(&mut connection, &deadline)?;
        Ok(reply)
    }
}

const SOURCE: Ipv4Addr = Ipv4Addr::new(127, 67, 72, 87);

/// Returns the addresses of a host. The resolver of the system has no time limit of its own, so it is
/// asked in a thread, which is left behind if need be.
fn look_up(host: &str, port: u16) -> Result<Vec<SocketAddr>, String> {
    let host = bare(host).to_owned();
    let (found, wait) = mpsc::channel();
    let asked = host.clone();
    thread::spawn(move || {
        // Nobody may wait for it any more.
        _ = found.send((asked.as_str(), port).to_socket_addrs().map(Vec::from_iter));
    });
    match wait.recv_timeout(PATIENCE) {
        Ok(Ok(addresses)) if !addresses.is_empty() => Ok(addresses),
        Ok(Ok(_)) => Err(format!("{host} has no address; add it to DNS")),
        Ok(Err(error)) => Err(format!("{host} is not found: {error}; is it in DNS?")),
        Err(_) => Err(format!("{host} is not found: the DNS server does not answer")),
    }
}

/// Returns a host name without the brackets of an IPv6 address.
fn bare(name: &str) -> &str {
    name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name)
}
