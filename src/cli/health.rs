//! `chinwag health`: whether the server that these settings start is alive, for programs that
//! restart one which is not.

use std::{
    io::{self, Write as _},
    process::ExitCode,
    time::Duration,
};

use clap::Command;

use super::{
    Failure,
    ask::{Bounds, ask},
};
use crate::{
    config::{Config, Data},
    server::address::{AddressFile, ServedAt, reachable},
};

/// Describes the command.
pub(super) fn command() -> Command {
    Command::new("health").about("Exit with 0 if the server answers, with 1 if not, within 3 s")
}

/// Asks the server.
pub(super) fn run(config: &Config) -> Result<ExitCode, Failure> {
    let served = address(config)?;
    let (address, host) = (served.place(), served.host());
    let failure = |why: &str| Failure::Run(format!("{address}: {why}"));
    let request = format!("GET /healthz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    let answer = ask(&served, &request, BOUNDS).map_err(|error| failure(&error.to_string()))?;
    if answer.status != 200 {
        return Err(failure(&format!("answers {}", answer.status)));
    }
    // The exit code says it, too.
    _ = writeln!(io::stdout(), "{address}: alive");
    Ok(ExitCode::SUCCESS)
}

const BOUNDS: Bounds = Bounds { within: Duration::from_secs(3), bytes_max: 16 * 1024 };

/// Returns the first address of the server: the one that it left in its directory, where it can be
/// read, else the one that it is told to listen on.
fn address(config: &Config) -> Result<ServedAt, Failure> {
    let left = match &config.data {
        Data::Dir(dir) => AddressFile::read(dir).unwrap_or_default(),
        Data::None => Vec::new(),
    };
    let told = config.listen.iter().copied().map(reachable).find(|address| address.port() != 0);
    let told = told.map(|address| ServedAt::tcp(address, !config.tls_cert.is_empty()));
    left.first().cloned().or(told).ok_or_else(|| {
        Failure::Run("no server runs on this data directory, and --listen names no port".to_owned())
    })
}
