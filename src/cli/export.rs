//! `chinwag export`: the record as JSON lines on stdout, also beside a server at work.

use std::{
    io::{self, BufWriter},
    process::ExitCode,
};

use clap::{Arg, ArgMatches, Command};

use super::{Failure, directory, progress::Progress};
use crate::{clock::Clock, config::Config, journal};

/// Describes the command.
pub(super) fn command() -> Command {
    Command::new("export")
        .about("Write the record to stdout as JSON lines; the server may go on meanwhile")
        .arg(Arg::new(ROOM).long(ROOM).value_name("NAME").help("Only this room"))
}

const ROOM: &str = "room";

/// Writes the record.
pub(super) fn run(config: &Config, arguments: &ArgMatches) -> Result<ExitCode, Failure> {
    let dir = directory(config)?;
    let room = arguments.get_one::<String>(ROOM).map(String::as_str);
    let mut out = BufWriter::with_capacity(BUFFER_BYTES, io::stdout().lock());
    let mut progress = Progress::new("Exported");
    let mut show = |done, all| progress.show(done, all);
    let exported = journal::export(dir, room, Clock::start().now(), &mut out, &mut show);
    progress.end();
    // Even if whoever reads went away: half a record must not pass for a whole one.
    exported.map_err(|error| Failure::Run(error.to_string()))?;
    Ok(ExitCode::SUCCESS)
}

const BUFFER_BYTES: usize = 64 * 1024;
