//! `chinwag check`: what the configuration amounts to; and, with `--data DIR` on the command line,
//! whether the record there is sound.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use clap::{ArgMatches, Command, parser::ValueSource};

use super::{Failure, blobs, print};
use crate::{
    config::{self, Data, Effective},
    journal::{self, Contents},
};

/// Describes the command.
pub(super) fn command() -> Command {
    Command::new("check")
        .about("Print the effective configuration, or everything that is wrong with it")
        .after_help("With --data DIR it also looks through the record and the files there.")
}

/// Prints the configuration, and looks through the record if asked to.
pub(super) fn run(effective: &Effective, arguments: &ArgMatches) -> Result<ExitCode, Failure> {
    let code = print(config::toml(effective).as_bytes())?;
    if arguments.value_source("data") != Some(ValueSource::CommandLine) {
        return Ok(code);
    }
    if let Data::Dir(dir) = &effective.config.data {
        let contents =
            journal::look_through(dir).map_err(|error| Failure::Run(error.to_string()))?;
        let others = blobs::look_through(dir)?;
        let lines = [Some(format!("sound; {}", told(&contents))), others];
        for line in lines.into_iter().flatten() {
            // The record is sound even if that cannot be written.
            _ = writeln!(io::stderr(), "{}: {line}", dir.display());
        }
    }
    Ok(code)
}

/// Returns a line about what a record has.
pub(super) fn told(contents: &Contents) -> String {
    let Contents { version, rooms, entries, accounts, files } = contents;
    let files = if *files > 0 { format!(", {files} files") } else { String::new() };
    format!("version {version}, {rooms} rooms, {entries} entries, {accounts} accounts{files}")
}
