//! `chinwag completions SHELL` and `chinwag man`: what packages install beside the program.

use clap::{Arg, ArgMatches, Command, builder::EnumValueParser};
use clap_complete::Shell;
use clap_mangen::Man;

/// Describes the commands; only those who make packages need to know them.
pub(super) fn commands() -> [Command; 2] {
    let shell = Arg::new(SHELL).value_name("SHELL").required(true);
    let shell = shell.value_parser(EnumValueParser::<Shell>::new());
    [
        Command::new("completions").about("Print completions for a shell").arg(shell).hide(true),
        Command::new("man").about("Print the manual page").hide(true),
    ]
}

const SHELL: &str = "shell";

/// Returns what a command prints, if it is one of these; `program` describes the program.
pub(super) fn text(
    name: &str,
    arguments: &ArgMatches,
    program: impl FnOnce() -> Command,
) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    match name {
        "completions" => {
            let shell = *arguments.get_one::<Shell>(SHELL)?;
            clap_complete::generate(shell, &mut program(), "chinwag", &mut text);
        }
        // Nothing fails that writes to memory.
        "man" => Man::new(program()).render(&mut text).ok()?,
        _ => return None,
    }
    Some(text)
}
