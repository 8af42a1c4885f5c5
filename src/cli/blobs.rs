//! The bytes of files beside a record: copied by `export` and `import`, looked through by `check`.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use clap::{Arg, value_parser};

use super::{Failure, progress::Progress};
use crate::{
    chat::{self, record::BlobHash},
    files::{self, Fault},
    journal::{self, CarriedFile},
};

/// The name of the argument for the directory that bytes are copied to, or from.
pub(super) const FILES: &str = "files_dir";

/// Returns that argument.
pub(super) fn argument(help: &'static str) -> Arg {
    // `--files` is a setting, too: on or off.
    Arg::new(FILES)
        .long("files-dir")
        .value_name("DIR")
        .help(help)
        .value_parser(value_parser!(PathBuf))
}

/// Copies the files of messages from a data directory.
pub(super) fn copy_all(dir: &Path, carried: &[CarriedFile], to: &Path) -> Result<(), Failure> {
    files::make_dir(to).map_err(|error| Failure::Run(format!("{}: {error}", to.display())))?;
    let from = dir.join(files::DIRECTORY);
    let faults =
        faults("Copied", carried, |it| files::copy(&from, to, &it.file.blob.0, it.file.bytes));
    report(dir, faults)
}

/// Looks through all files of a data directory. Returns a line about what no message has.
pub(super) fn look_through(dir: &Path) -> Result<Option<String>, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::Run(error.to_string());
    let at = dir.join(files::DIRECTORY);
    // Before the record: a server may be adding to both.
    let stored = files::names(&at).map_err(|error| failed(&error))?;
    let (carried, waiting) = journal::carried_files(dir).map_err(|error| failed(&error))?;
    let checked = |it: &CarriedFile| files::check(&at, &it.file.blob.0, it.file.bytes);
    report(dir, faults("Checked", &carried, checked))?;
    let waiting = chat::upload_blobs(&waiting);
    let known = carried.iter().map(|it| it.file.blob).chain(waiting).map(BlobHash::to_hex);
    let known: HashSet<String> = known.collect();
    let others = stored.iter().filter(|name| !known.contains(*name)).count();
    let line = || format!("{others} files in it are of no message; the next start removes them");
    Ok((others > 0).then(line))
}

/// Looks at the bytes of each file once. Returns what is wrong.
fn faults<'a>(
    what: &'static str,
    carried: &'a [CarriedFile],
    mut look: impl FnMut(&CarriedFile) -> Result<(), Fault>,
) -> Vec<(&'a CarriedFile, Fault)> {
    let mut seen = HashSet::new();
    let each: Vec<&CarriedFile> = carried.iter().filter(|it| seen.insert(it.file.blob)).collect();
    let mut progress = Progress::new(what, "files");
    let mut faults = Vec::new();
    for (done, it) in (1..).zip(&each) {
        if let Err(fault) = look(it) {
            faults.push((*it, fault));
        }
        progress.show(done, each.len() as u64);
    }
    progress.end();
    faults
}

/// Fails with a line for each fault, unless the file has gone with its message meanwhile.
fn report(dir: &Path, mut faults: Vec<(&CarriedFile, Fault)>) -> Result<(), Failure> {
    if faults.is_empty() {
        return Ok(());
    }
    let left = journal::carried_files(dir).map_err(|error| Failure::Run(error.to_string()))?.0;
    let left: HashSet<BlobHash> = left.iter().map(|it| it.file.blob).collect();
    faults.retain(|(it, _)| left.contains(&it.file.blob));
    let mut lines: Vec<String> =
        faults.iter().take(LINES_MAX).map(|(it, fault)| format!("{it} {fault}")).collect();
    if faults.len() > LINES_MAX {
        lines.push(format!("and {} more", faults.len() - LINES_MAX));
    }
    if lines.is_empty() { Ok(()) } else { Err(Failure::Run(lines.join("\n"))) }
}

/// The number of faults that are named.
const LINES_MAX: usize = 20;
