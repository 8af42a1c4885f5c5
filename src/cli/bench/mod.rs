//! `chinwag bench`: loads a server as many clients do, and checks what they receive.
//!
//! One thread turns all clients. They number what they send, so that each of them notices what is
//! lost, repeated, out of order or meant for others, and time it, so that latencies are known whatever
//! a server wraps around a message.

mod chaos;
mod chat;
mod crowd;
mod ledger;
mod link;
mod marker;
mod options;
mod report;
mod run;
mod shape;
mod tally;
mod target;
mod template;
mod times;
mod tls;
mod usage;

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use clap::{ArgMatches, Command};

use self::{crowd::Crowd, options::Options, run::Run, target::Target};
use super::Failure;
use crate::config::Faults;
use crate::server::raise_file_limit;

/// Describes the command.
pub(super) fn command() -> Command {
    let command = Command::new("bench")
        .about("Load a server with many clients, and check that nothing is lost or out of order")
        .after_help(
            "The server keeps what is sent, so use one that is there for it:\n  \
             chinwag --data none --rate-limit off\n\
             Exits with 1 if anything was lost, repeated, out of order or foreign.\n\
             With --text it talks to any WebSocket chat; {i} and {room} stand for the numbers of\n\
             client and room there, in URL and --hello, too.",
        );
    options::arguments(command)
}

/// Loads the server, and exits with 1 if it did anything wrong.
pub(super) fn run(arguments: &ArgMatches) -> Result<ExitCode, Failure> {
    let wrong = |why| Failure::Configuration(Faults(vec![why]));
    let options = Options::parse(arguments).map_err(wrong)?;
    let files_max = raise_file_limit();
    if options.clients.saturating_add(OTHER_FILES) > files_max {
        let most = files_max.saturating_sub(OTHER_FILES);
        return Err(Failure::Run(format!(
            "--clients: a process may open {files_max} files here (ulimit -Hn), so {most} clients \
             at most; run several of these at once for more"
        )));
    }
    let report = Target::find(&options)
        .and_then(|target| Crowd::new(target, &options).map_err(|error| error.to_string()))
        .and_then(|crowd| Run::new(options.clone(), crowd))
        .and_then(Run::run)
        .map_err(Failure::Run)?;
    let text = match options.json {
        true => format!("{}\n", report.json()),
        false => report.to_string(),
    };
    // The exit code says it, too.
    _ = io::stdout().write_all(text.as_bytes());
    Ok(if report.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What is open beside the clients.
const OTHER_FILES: usize = 16;
