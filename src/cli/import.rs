//! `chinwag import`: the record back from a file that `chinwag export` wrote. The server must not
//! run.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use super::{Failure, directory, progress::Progress};
use crate::{
    clock::Clock,
    config::Config,
    journal::{self, Imported, TransferError},
};

/// Describes the command.
pub(super) fn command() -> Command {
    Command::new("import")
        .about("Add what export wrote to the record, all of it or nothing; stop the server first")
        .arg(
            Arg::new(FILE)
                .value_name("FILE")
                .help("What export wrote; - is stdin")
                .value_parser(value_parser!(PathBuf))
                .required(true),
        )
        .arg(Arg::new(KEEP_EPOCH).long("keep-epoch").action(ArgAction::SetTrue).help(
            "Let clients go on where they were: only for a file as new as what they have seen",
        ))
}

const FILE: &str = "file";
const KEEP_EPOCH: &str = "keep_epoch";

/// Reads the file into the record.
pub(super) fn run(config: &Config, arguments: &ArgMatches) -> Result<ExitCode, Failure> {
    let dir = directory(config)?;
    let file = arguments.get_one::<PathBuf>(FILE).filter(|path| path.as_os_str() != "-");
    let name = file.map_or_else(|| "stdin".to_owned(), |path| path.display().to_string());
    let mut input: Box<dyn BufRead> = match file {
        None => Box::new(io::stdin().lock()),
        Some(path) => {
            let file =
                File::open(path).map_err(|error| Failure::Run(format!("{name}: {error}")))?;
            Box::new(BufReader::with_capacity(BUFFER_BYTES, file))
        }
    };
    let take_epoch = arguments.get_flag(KEEP_EPOCH);
    let now = Clock::start().now();
    let mut progress = Progress::new("Read");
    let mut show = |done, all| progress.show(done, all);
    let imported =
        journal::import(dir, config.journal.clone(), now, take_epoch, &mut *input, &mut show);
    progress.end();
    let imported = imported.map_err(|error| {
        Failure::Run(match error {
            TransferError::Line { .. } | TransferError::Read(_) => format!("{name}: {error}"),
            _ => error.to_string(),
        })
    })?;
    // The import has succeeded even if its output cannot be written.
    _ = writeln!(io::stderr(), "{name}: {}", told(&imported));
    Ok(ExitCode::SUCCESS)
}

fn told(imported: &Imported) -> String {
    let Imported { rooms, added, known, key_values, epoch_taken } = *imported;
    let epoch = if epoch_taken { "; clients go on where they were" } else { "" };
    // Roles, bans, accounts and the like.
    let settings = if key_values > 0 { format!(", {key_values} settings") } else { String::new() };
    match (added, rooms, key_values) {
        (0, 0, 0) => format!("nothing new: all {known} entries were there already"),
        _ => format!(
            "imported {added} entries, {rooms} new rooms{settings}; {known} were there{epoch}"
        ),
    }
}

const BUFFER_BYTES: usize = 64 * 1024;
