//! What systemd passes to a service, and what a service tells systemd: sockets
//! (`sd_listen_fds(3)`), notifications (`sd_notify(3)`) and the watchdog.
//!
//! Notifications are sent without blocking: should systemd not read them, they are lost.

use std::env;
use std::fmt;
use std::io;
use std::net::TcpListener;
use std::os::unix::net::UnixDatagram;
use std::process;
use std::time::Duration;

use listenfd::ListenFd;
use rustix::time::{ClockId, clock_gettime};
use socket2::SockRef;

use crate::clock::Moment;

/// A socket that was passed and cannot be used.
#[derive(Debug)]
pub struct BadSocket {
    number: usize,
    name: String,
    why: String,
}

impl fmt::Display for BadSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, name, why } = self;
        write!(f, "LISTEN_FDS: socket {number} ({name}): {why}; pass listening TCP sockets only")
    }
}

/// Returns the listening sockets that were passed to this process, and takes them out of its
/// environment. To be called once, before there are other threads.
///
/// # Errors
/// If one of them is not a listening TCP socket.
pub fn passed_sockets() -> Result<Vec<TcpListener>, BadSocket> {
    let names = env::var("LISTEN_FDNAMES").unwrap_or_default();
    // Sockets without it are meant for nobody in particular.
    if env::var_os("LISTEN_PID").is_none_or(|pid| pid.is_empty()) {
        return Ok(Vec::new());
    }
    let mut passed = ListenFd::from_env();
    let mut names = names.split(':').filter(|name| !name.is_empty());
    let mut sockets = Vec::new();
    for number in 0..passed.len() {
        let name = names.next().unwrap_or("unknown").to_owned();
        let bad = |why| BadSocket { number, name, why };
        match passed.take_tcp_listener(number) {
            Ok(Some(socket)) if SockRef::from(&socket).is_listener().unwrap_or(false) => {
                sockets.push(socket);
            }
            Ok(_) => return Err(bad("it does not listen".into())),
            Err(error) => return Err(bad(error.to_string())),
        }
    }
    Ok(sockets)
}

/// The connection to systemd; without one, nothing happens.
#[derive(Debug, Default)]
pub(super) struct Notifier {
    socket: Option<UnixDatagram>,
    /// How often the watchdog is fed.
    feed_every: Option<Duration>,
    /// When the watchdog is fed next.
    feed_at: Moment,
}

impl Notifier {
    /// Connects to the socket that the environment names.
    ///
    /// # Errors
    /// If it names one that is not there.
    pub(super) fn from_environment() -> io::Result<Self> {
        let Some(path) = env::var_os("NOTIFY_SOCKET").filter(|path| !path.is_empty()) else {
            return Ok(Self::default());
        };
        let socket = UnixDatagram::unbound()?;
        socket.set_nonblocking(true)?;
        match path.to_str().and_then(|path| path.strip_prefix('@')) {
            Some(name) => connect_abstract(&socket, name)?,
            None => socket.connect(path)?,
        }
        let number = |name| env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
        let is_ours = number("WATCHDOG_PID").is_none_or(|pid| pid == u64::from(process::id()));
        let timeout = number("WATCHDOG_USEC").filter(|micros| is_ours && *micros > 0);
        let feed_every = timeout.map(|micros| Duration::from_micros(micros / 2));
        Ok(Self { socket: Some(socket), feed_every, feed_at: Moment::NEVER })
    }

    /// Reports that the server is ready, at first or after a reload, and begins to feed the watchdog.
    pub(super) fn ready(&mut self, now: Moment) {
        self.send("READY=1\nSTATUS=serving");
        self.feed_at = self.feed_every.map_or(Moment::NEVER, |every| now.after(every));
    }

    /// Reports that the configuration is being read.
    pub(super) fn reloading(&self) {
        let now = Duration::try_from(clock_gettime(ClockId::Monotonic)).unwrap_or_default();
        self.send(&format!("RELOADING=1\nMONOTONIC_USEC={}", now.as_micros()));
    }

    /// Reports that the server is about to end.
    pub(super) fn stopping(&self, clients: usize) {
        self.send(&format!("STOPPING=1\nSTATUS=draining {clients} clients"));
    }

    /// Returns when the watchdog is to be fed.
    pub(super) fn deadline(&self) -> Moment {
        self.feed_at
    }

    /// Feeds the watchdog if that is due. Only the reactor's turn calls this: a loop that is stuck is
    /// restarted.
    pub(super) fn feed(&mut self, now: Moment) {
        if let Some(every) = self.feed_every
            && self.feed_at <= now
        {
            self.send("WATCHDOG=1");
            self.feed_at = now.after(every);
        }
    }

    fn send(&self, message: &str) {
        if let Some(socket) = &self.socket {
            _ = socket.send(message.as_bytes());
        }
    }
}

#[cfg(target_os = "linux")]
fn connect_abstract(socket: &UnixDatagram, name: &str) -> io::Result<()> {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::SocketAddr;

    socket.connect_addr(&SocketAddr::from_abstract_name(name)?)
}

#[cfg(not(target_os = "linux"))]
fn connect_abstract(_: &UnixDatagram, _: &str) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
