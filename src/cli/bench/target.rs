//! The server to load: its address, and the opening handshakes of its clients.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use rustls::pki_types::ServerName;

use super::options::Options;
use super::template::Template;
use super::tls::Tls;
use crate::config::WebOrigin;
use crate::server::random;
use crate::ws::client::{Key, OFFER};

/// The server.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) address: SocketAddr,
    /// Its name in TLS handshakes, and how they are done.
    pub(super) tls: Option<(ServerName<'static>, Tls)>,
    /// The value of Host.
    host: String,
    /// The target of requests: the path of the page for a chinwag, else a template.
    path: String,
    /// Header lines, each with its end.
    headers: String,
    chat: bool,
    /// The addresses of this machine to connect from; none for any.
    sources: Vec<IpAddr>,
}

impl Target {
    /// Looks up the server, and connects to it once.
    ///
    /// # Errors
    /// If the URL is none, or nothing listens there.
    pub(super) fn find(options: &Options) -> Result<Self, String> {
        let url = &options.url;
        let wrong =
            || format!("{url}: not a URL such as https://chat.example or ws://[::1]:9001/ws");
        let (scheme, rest) = url.split_once("://").ok_or_else(wrong)?;
        let secure = match scheme.to_ascii_lowercase().as_str() {
            "http" | "ws" => false,
            "https" | "wss" => true,
            _ => return Err(wrong()),
        };
        let (host, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let scheme = if secure { "https" } else { "http" };
        let origin = WebOrigin::parse(&format!("{scheme}://{host}")).ok_or_else(wrong)?;
        let (name, port) = (origin.host_name(), origin.port().unwrap_or_default());
        let bare = name.strip_prefix('[').and_then(|it| it.strip_suffix(']')).unwrap_or(name);
        let address = reach(bare, port)?;
        let local = address.ip().is_loopback();
        let tls = if secure {
            let name = ServerName::try_from(bare.to_owned()).map_err(|_| wrong())?;
            let tls = Tls::new(!local && !options.insecure).map_err(|error| error.to_string())?;
            Some((name, tls))
        } else {
            None
        };
        let chat = options.text.is_none();
        let path = match path {
            path if !chat && path.starts_with('/') => path.to_owned(),
            path if !chat => format!("/{path}"),
            path => path.trim_end_matches('/').trim_end_matches("/ws").to_owned(),
        };
        let mut headers = String::new();
        if options.deflate {
            headers += &format!("Sec-WebSocket-Extensions: {OFFER}\r\n");
        }
        if chat {
            headers += "Sec-WebSocket-Protocol: chat.v1\r\n";
        }
        if let Some(token) = &options.token {
            headers += &format!("Authorization: Bearer {token}\r\n");
        }
        let sources = if local && address.is_ipv4() { sources() } else { Vec::new() };
        Ok(Self { address, tls, host: host.to_owned(), path, headers, chat, sources })
    }

    /// Returns the opening handshake of a client, and its key.
    pub(super) fn request(&self, client: usize, room: usize, query: &str) -> (String, Key) {
        let key = Key::new(random());
        let (path, host, headers) = (&self.path, &self.host, &self.headers);
        let path = match self.chat {
            true => format!("{path}/ws?{query}"),
            false => Template::fill(path, client, room),
        };
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: chinwag-bench\r\n\
             Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: {}\r\n{headers}\r\n",
            key.text()
        );
        (request, key)
    }

    /// Returns the address from which a client connects; none for any. On this machine each run has
    /// some of its own, since one has ports for less than 30,000 connections only.
    pub(super) fn source(&self, client: usize) -> Option<IpAddr> {
        self.sources.get(client % self.sources.len().max(1)).copied()
    }
}

/// Returns the first address of a host at which something listens.
fn reach(host: &str, port: u16) -> Result<SocketAddr, String> {
    let found = (host, port).to_socket_addrs();
    let found = found.map_err(|error| format!("{host} is not found: {error}"))?;
    let mut why = format!("{host} has no address");
    for address in found {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(_) => return Ok(address),
            Err(error) => why = format!("{address}: {error}"),
        }
    }
    Err(why)
}

const PATIENCE: Duration = Duration::from_secs(10);

/// Returns addresses of this machine that nobody else connects from, if it has such.
fn sources() -> Vec<IpAddr> {
    let [a, b] = random::<2>();
    let own = |last| IpAddr::from(Ipv4Addr::new(127, a.clamp(1, 254), b.clamp(1, 254), last));
    let sources: Vec<IpAddr> = (1..=4).map(own).collect();
    match std::net::TcpListener::bind((own(1), 0)) {
        Ok(_) => sources,
        Err(_) => Vec::new(),
    }
}
