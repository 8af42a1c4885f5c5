//! `chinwag export`: the record as JSON lines on stdout, also beside a server at work.

use std::{
    io::{self, BufWriter, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use clap::{Arg, ArgMatches, Command};

use super::{
    Failure,
    blobs::{self, FILES},
    directory,
    progress::Progress,
};
use crate::{
    clock::Clock,
    config::Config,
    journal::{self, Exported},
};

/// Describes the command.
pub(super) fn command() -> Command {
    Command::new("export")
        .about("Write the record to stdout as JSON lines; the server may go on meanwhile")
        .arg(blobs::argument("Copy the bytes of files there"))
        .arg(Arg::new(ROOM).long(ROOM).value_name("NAME").help("Only this room"))
}

const ROOM: &str = "room";

/// Writes the record.
pub(super) fn run(config: &Config, arguments: &ArgMatches) -> Result<ExitCode, Failure> {
    let dir = directory(config)?;
    let room = arguments.get_one::<String>(ROOM).map(String::as_str);
    let mut out = BufWriter::with_capacity(BUFFER_BYTES, io::stdout().lock());
    let mut progress = Progress::new("Exported", "entries");
    let mut show = |done, all| progress.show(done, all);
    let exported = journal::export(dir, room, Clock::start().now(), &mut out, &mut show);
    progress.end();
    // Even if whoever reads went away: half a record must not pass for a whole one.
    let Exported { files, .. } = exported.map_err(|error| Failure::Run(error.to_string()))?;
    match arguments.get_one::<PathBuf>(FILES) {
        Some(to) => blobs::copy_all(dir, &files, to)?,
        None if files.is_empty() => {}
        None => {
            let count = files.len();
            let line = format!("the bytes of {count} files are not in it; --files-dir copies them");
            // The export has succeeded even if that cannot be written.
            _ = writeln!(io::stderr(), "{line}");
        }
    }
    Ok(ExitCode::SUCCESS)
}

const BUFFER_BYTES: usize = 64 * 1024;
