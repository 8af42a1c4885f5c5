//! `chinwag backup`: the record as one file, also beside a server at work.

use std::{
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use clap::{Arg, ArgMatches, Command, value_parser};

use super::{Failure, check::told, directory};
use crate::{
    clock::Clock,
    config::Config,
    journal::{self, TransferError},
};

/// Describes the command.
pub(super) fn command() -> Command {
    Command::new("backup")
        .about("Copy the record into one file; the server may go on meanwhile")
        .after_help("In an empty directory, called journal.db, it is a data directory.")
        .arg(
            Arg::new(FILE)
                .value_name("FILE")
                .help("The file, which must not exist")
                .value_parser(value_parser!(PathBuf))
                .required(true),
        )
}

const FILE: &str = "file";

/// Makes the copy.
pub(super) fn run(config: &Config, arguments: &ArgMatches) -> Result<ExitCode, Failure> {
    let dir = directory(config)?;
    let file = arguments.get_one::<PathBuf>(FILE).cloned().unwrap_or_default();
    let name = file.display();
    let contents = journal::back_up(dir, &file, config.journal.clone(), Clock::start().now())
        .map_err(|error| {
            Failure::Run(match error {
                TransferError::Write(_) => format!("{name}: {error}"),
                _ => error.to_string(),
            })
        })?;
    // The copy is there even if its output cannot be written.
    _ = writeln!(io::stderr(), "{name}: {}", told(&contents));
    Ok(ExitCode::SUCCESS)
}
