//! Starting: what the configuration says, put together.

use std::fmt;
use std::io::{self, Write};
use std::net::SocketAddr;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use signal_hook::consts::{SIGINT, SIGTERM};

use super::accounts::{Accounts, Fault};
use super::address::AddressFile;
use super::{Server, log};
use crate::chat::Chat;
use crate::chat::record::{JournalRequest, PutKeyValues};
use crate::clock::Clock;
use crate::config::{Config, Data};
use crate::journal::{self, Journal};
use crate::net::Reactor;
use crate::ws::Shared;

/// Why the server could not start or go on.
#[derive(Debug)]
pub enum Failure {
    /// An address cannot be listened at.
    Listen(SocketAddr, io::Error),
    /// The record cannot be opened.
    Journal(journal::OpenError),
    /// Something that accounts need is not there.
    Accounts(Fault),
    /// The system refuses something without which nothing works.
    System(&'static str, io::Error),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listen(address, error) => write!(f, "cannot listen on {address}: {error}"),
            Self::Journal(error) => error.fmt(f),
            Self::Accounts(fault) => fault.fmt(f),
            Self::System(what, error) => write!(f, "{what}: {error}"),
        }
    }
}

/// Serves until asked to end.
///
/// # Errors
/// When it cannot start, and when polling itself fails.
pub fn run(config: &Config) -> Result<(), Failure> {
    let system = |what| move |error| Failure::System(what, error);
    // Writes out the last lines when it is dropped.
    let _log = log::start(config.log_format, config.log_level).map_err(system("the log"))?;
    let files_max = raise_file_limit();
    let clock = Clock::start();
    let shared = Shared::new(config.ws, config.http);
    let mut reactor = Reactor::new(config.net.clone(), shared, clock, files_max)
        .map_err(system("the reactor"))?;
    let wake = || {
        let waker = reactor.waker();
        move || {
            // A reactor that is gone needs no waking.
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
    let mut addresses = Vec::new();
    for address in &config.listen {
        let real = reactor.listen(*address).map_err(|error| Failure::Listen(*address, error))?;
        addresses.push(real);
    }
    reactor.watch_signals(&[SIGINT, SIGTERM]).map_err(system("signals"))?;
    let chat = Chat::new(config.chat.clone(), opening);
    let mut server = Server::new(config, chat, journal, accounts);
    let _address = match &config.data {
        Data::Dir(dir) => Some(AddressFile::write(dir, &addresses).map_err(system(ADDRESS))?),
        Data::None => None,
    };
    announce(&addresses);
    let result = reactor.run(&mut server).map_err(system("poll"));
    server.close();
    result
}

const ADDRESS: &str = "the file with the addresses";

/// Tells whoever started the program that it is ready, and where.
fn announce(addresses: &[SocketAddr]) {
    let mut stdout = io::stdout().lock();
    for address in addresses {
        tracing::info!(%address, "listening");
        // Whoever started it may not care to read.
        let _ = writeln!(stdout, "listening on http://{address}");
    }
    let _ = stdout.flush();
}

/// Allows as many open files as the system grants and gives their number.
fn raise_file_limit() -> usize {
    let before = getrlimit(Resource::Nofile);
    let wanted = Rlimit { current: before.maximum, maximum: before.maximum };
    let raised = setrlimit(Resource::Nofile, wanted);
    let now = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    match raised {
        Ok(()) => tracing::info!(files_max = now, before = before.current, "file limit"),
        Err(error) => tracing::warn!(files_max = now, %error, "file limit cannot be raised"),
    }
    usize::try_from(now).unwrap_or(usize::MAX)
}

/// Returns random bytes of the system.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    if let Err(error) = getrandom::fill(&mut bytes) {
        // A session key that can be guessed would be worse than no server.
        tracing::error!(%error, "the system gives no random bytes");
        std::process::abort();
    }
    bytes
}
