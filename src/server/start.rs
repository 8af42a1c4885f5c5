//! Starting and running the server.

use std::fmt;
use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};
use std::slice::from_ref;
use std::sync::Arc;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::flag;

use super::accounts::{Accounts, Fault};
use super::address::{AddressFile, ServedAt};
use super::bans::Bans;
use super::certificates::{CertificateReader, warn_of_validity};
use super::files::Files;
use super::hooks::Hooks;
use super::https::Https;
use super::random::random;
use super::reload::{Load, Reload};
use super::systemd::Notifier;
use super::unix_socket::{self, SocketFile};
use super::{Server, errors, files, log};
use crate::chat::record::{JournalRequest, PutKeyValues, Snapshot};
use crate::chat::{self, Chat};
use crate::clock::Clock;
use crate::config::{AdminAddress, Config, Data};
use crate::journal::{self, Journal};
use crate::net::{Reactor, Transmission};
use crate::ws::Shared;

/// Why the server could not start, or stopped.
#[derive(Debug)]
pub enum Failure {
    /// The server cannot listen on an address.
    Listen(String, io::Error),
    /// The certificates cannot be used.
    Certificates(String),
    /// The journal cannot be opened.
    Journal(journal::OpenError),
    /// Accounts cannot be set up.
    Accounts(Fault),
    /// The system refused what the server cannot do without.
    System(&'static str, io::Error),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listen(address, error) => write!(f, "cannot listen on {address}: {error}"),
            Self::Certificates(why) => f.write_str(why),
            Self::Journal(error) => error.fmt(f),
            Self::Accounts(fault) => fault.fmt(f),
            Self::System(what, error) => write!(f, "{what}: {error}"),
        }
    }
}

/// Runs the server until it is shut down, on the addresses of the configuration and on `passed` sockets;
/// `load` reads the configuration anew.
///
/// # Errors
/// If it cannot start, or polling fails.
pub fn run(config: &Config, passed: Vec<TcpListener>, load: Load) -> Result<(), Failure> {
    let system = |what| move |error| Failure::System(what, error);
    let notifier = Notifier::from_environment().map_err(system("NOTIFY_SOCKET"))?;
    // Writes the last lines when it is dropped.
    let log =
        log::start(config.log_format, config.log_level).map_err(system("cannot start the log"))?;
    let files_max = raise_file_limit();
    let clock = Clock::start();
    let mut shared = Shared::new(config.ws, config.http);
    shared.refusal = errors::response;
    shared.streams = files::streams;
    let mut reactor = Reactor::new(config.net.clone(), shared, clock, files_max)
        .map_err(system("cannot start the reactor"))?;
    let certificates = config.certificates().map_err(Failure::Certificates)?;
    let has_tls = certificates.is_some();
    if let Some(certificates) = certificates {
        warn_of_validity(&certificates, config);
        reactor.use_tls(certificates).map_err(system("cannot set up TLS"))?;
    }
    let waker = reactor.waker();
    let wake = || {
        let waker = Arc::clone(&waker);
        move || {
            // A reactor that has ended needs no waking.
            let _ = waker.wake();
        }
    };
    let now = reactor.now();
    let (mut journal, mut opening) =
        Journal::open(config.engine(), config.journal.clone(), random(), now, wake())
            .map_err(Failure::Journal)?;
    let (accounts, key_values) = Accounts::open(config, &mut opening, now.unix_ms / 1000, wake())
        .map_err(Failure::Accounts)?;
    if !key_values.is_empty() {
        journal.submit(now, JournalRequest::Put(PutKeyValues { request_id: None, key_values }));
    }
    let Listening { served, admin, socket_file: _socket_file, https } =
        listen(&mut reactor, config, passed, has_tls)?;
    reactor.watch_signals(&[SIGHUP, SIGINT, SIGTERM]).map_err(system("cannot handle signals"))?;
    // By default the signal ends the process: a write fails now.
    flag::register(SIGXFSZ, Arc::default()).map_err(system("cannot handle signals"))?;
    let files = open_files(config, &mut opening, wake())?;
    let bans = Bans::open(&mut opening, config.accounts.server_bans_max);
    let chat = Chat::new(config.chat.clone(), opening);
    let reload = Reload::new(load, config.clone(), log.level());
    let mut server = Server::new(reload, chat, journal, accounts, bans, files);
    server.https = https;
    server.hooks = Hooks::new(config.hook_allow.clone(), wake());
    server.certificates = has_tls.then(|| CertificateReader::start(config, wake()));
    server.notifier = notifier;
    let _address = match &config.data {
        // Without it only commands beside this server do not find it; what is stored can be read.
        Data::Dir(dir) => AddressFile::write(dir, admin.as_ref().map_or(&*served, from_ref))
            .inspect_err(|error| tracing::error!(%error, "cannot write the address file"))
            .ok(),
        Data::None => None,
    };
    announce(&served, admin);
    server.notifier.ready(now.at);
    let result = reactor.run(&mut server).map_err(system("cannot poll"));
    server.close();
    result
}

/// Opens the store of files; takes the blobs out of the snapshot.
fn open_files(
    config: &Config,
    opening: &mut Snapshot,
    waker: impl Fn() + Clone + Send + 'static,
) -> Result<Files, Failure> {
    let of_messages = std::mem::take(&mut opening.blobs).into_iter();
    let of_uploads = chat::upload_blobs(&opening.key_values);
    Files::open(config, of_messages.chain(of_uploads), waker)
        .map_err(|error| Failure::System("cannot open the directory of files", error))
}

/// The real addresses of the server.
struct Listening {
    served: Vec<ServedAt>,
    admin: Option<ServedAt>,
    /// Keeps the file of the socket for administrators until it is dropped.
    socket_file: Option<SocketFile>,
    https: Https,
}

/// Listens on the passed sockets and on all addresses.
fn listen(
    reactor: &mut Reactor,
    config: &Config,
    passed: Vec<TcpListener>,
    tls: bool,
) -> Result<Listening, Failure> {
    let transmission = if tls { Transmission::Tls } else { Transmission::Plain };
    let mut served = Vec::new();
    for socket in passed {
        let adopted = reactor.adopt(socket, transmission);
        let (_, address) = adopted.map_err(|error| Failure::System("a passed socket", error))?;
        served.push((address, tls));
    }
    let failed = |address: &dyn fmt::Display| {
        let address = address.to_string();
        move |error| Failure::Listen(address, error)
    };
    let mut open = |address: SocketAddr, transmission| {
        reactor.listen(address, transmission).map_err(failed(&address))
    };
    for address in &config.listen {
        let (_, address) = open(*address, transmission)?;
        served.push((address, tls));
    }
    let mut redirects = Vec::new();
    for address in &config.listen_redirect {
        let (listener, address) = open(*address, Transmission::Plain)?;
        tracing::info!(%address, "redirecting to https");
        redirects.push(listener);
    }
    let (mut admin, mut socket_file) = (None, None);
    match &config.admin_listen {
        Some(AdminAddress::Tcp(address)) => {
            let real = reactor.listen_directly(*address).map_err(failed(address))?;
            admin = Some(ServedAt::Http(real));
        }
        Some(AdminAddress::Unix(path)) => {
            let shown = path.display();
            let (socket, file) = unix_socket::listen(path).map_err(failed(&shown))?;
            reactor.listen_locally(socket).map_err(failed(&shown))?;
            (admin, socket_file) = (Some(ServedAt::Unix(path.clone())), Some(file));
        }
        None => {}
    }
    let port = served.first().map_or(443, |(address, _)| address.port());
    let served = served.into_iter().map(|(address, tls)| ServedAt::tcp(address, tls)).collect();
    Ok(Listening { served, admin, socket_file, https: Https::new(redirects, port) })
}

/// Announces on stdout and in the log that the server is ready, and its addresses.
fn announce(addresses: &[ServedAt], admin: Option<ServedAt>) {
    let mut stdout = io::stdout().lock();
    for address in addresses {
        let tls = matches!(address, ServedAt::Https(_));
        tracing::info!(address = %address.place(), tls, "listening");
        // The parent may have closed the pipe.
        let _ = writeln!(stdout, "listening on {address}");
    }
    if let Some(address) = admin {
        tracing::info!(address = %address.place(), "listening for administrators");
        let _ = writeln!(stdout, "listening for administrators on {address}");
    }
    let _ = stdout.flush();
}

/// Raises the limit of open files as far as the system allows. Returns it.
pub fn raise_file_limit() -> usize {
    let before = getrlimit(Resource::Nofile);
    let wanted = Rlimit { current: before.maximum, maximum: before.maximum };
    let raised = setrlimit(Resource::Nofile, wanted);
    let now = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    match raised {
        Ok(()) => tracing::info!(files_max = now, before = before.current, "file limit"),
        Err(error) => tracing::warn!(files_max = now, %error, "cannot raise the file limit"),
    }
    usize::try_from(now).unwrap_or(usize::MAX)
}
