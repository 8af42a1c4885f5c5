//! `chinwag import`: the record back from a file that `chinwag export` wrote. The server must not
//! run.

use std::{
    collections::HashSet,
    fs::File,
    io::{self, BufRead, BufReader, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use super::{
    Failure,
    blobs::{self, FILES},
    directory,
    progress::Progress,
};
use crate::{
    chat::record,
    clock::Clock,
    config::Config,
    files::{self, Fault},
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
        .arg(blobs::argument("Copy the bytes of files from there; all must be there"))
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
    let mut progress = Progress::new("Read", "entries");
    let mut show = |done, all| progress.show(done, all);
    let (from, to) = (arguments.get_one::<PathBuf>(FILES), dir.join(files::DIRECTORY));
    let mut missing = HashSet::new();
    let mut take_file = |file: &record::File| match from {
        Some(from) => take(from, &to, file),
        None => {
            if files::size(&to, &file.blob.0) != Some(file.bytes) {
                missing.insert(file.blob);
            }
            Ok(())
        }
    };
    let limits = config.journal.clone();
    let imported =
        journal::import(dir, limits, now, take_epoch, &mut *input, &mut show, &mut take_file);
    progress.end();
    let imported = imported.map_err(|error| {
        Failure::Run(match error {
            TransferError::Line { .. } | TransferError::Read(_) => format!("{name}: {error}"),
            _ => error.to_string(),
        })
    })?;
    // The import has succeeded even if its output cannot be written.
    _ = writeln!(io::stderr(), "{name}: {}", told(&imported));
    if !missing.is_empty() {
        let (count, to) = (missing.len(), to.display());
        let line = format!("{count} files are not in {to}; import again with --files-dir DIR");
        _ = writeln!(io::stderr(), "{name}: {line}");
    }
    Ok(ExitCode::SUCCESS)
}

/// Copies the bytes of a file into the data directory.
fn take(from: &Path, to: &Path, file: &record::File) -> Result<(), String> {
    let record::File { name, blob, bytes, .. } = file;
    let taken = files::make_dir(to)
        .map_err(Fault::Failed)
        .and_then(|()| files::copy(from, to, &blob.0, *bytes));
    taken.map_err(|fault| format!("the file {name} ({}) {fault}", blob.to_hex()))
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
