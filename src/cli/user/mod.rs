//! `chinwag user`: makes and removes accounts, beside a server at work or without one.
//!
//! Without one the record is opened as the server would do it, and the chat is asked. Beside one, the
//! server is asked over HTTP, by whoever may read its key.

mod here;
mod password;
mod there;

use std::{
    io::{self, Write as _},
    path::Path,
    process::ExitCode,
};

use clap::{Arg, ArgAction, ArgMatches, Command};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{Failure, directory};
use crate::config::Config;

/// The subcommand.
enum Task {
    /// Make an account.
    Add { name: String, admin: bool, password: Zeroizing<String> },
    /// Give an account another password; its logins end.
    SetPassword { name: String, password: Zeroizing<String> },
    /// Remove an account; its connections are closed.
    Remove { name: String },
    /// List all accounts.
    List,
}

/// An account, as it is listed.
#[derive(Deserialize)]
struct Line {
    name: String,
    admin: bool,
}

/// Describes the commands.
pub(super) fn command() -> Command {
    let name = || Arg::new(NAME).value_name("NAME").help("Its name").required(true);
    let stdin = "The password is asked for, or read from stdin if that is no terminal";
    Command::new("user")
        .about("Make, change, remove and list accounts, beside a server at work too")
        .subcommand_required(true)
        .subcommand(
            Command::new("add").about("Make an account").after_help(stdin).arg(name()).arg(
                Arg::new(ADMIN)
                    .long(ADMIN)
                    .action(ArgAction::SetTrue)
                    .help("It may keep order in every room, and administer accounts"),
            ),
        )
        .subcommand(
            Command::new("passwd")
                .about("Give an account another password; its logins end")
                .after_help(stdin)
                .arg(name()),
        )
        .subcommand(
            Command::new("remove")
                .about("Remove an account; its connections are closed, its messages stay")
                .arg(name()),
        )
        .subcommand(Command::new("list").about("List all accounts"))
}

const NAME: &str = "name";
const ADMIN: &str = "admin";

/// Does what was asked for.
pub(super) fn run(config: &Config, arguments: &ArgMatches) -> Result<ExitCode, Failure> {
    let dir = directory(config)?;
    let (verb, arguments) = arguments.subcommand().unwrap_or(("list", arguments));
    let name = || arguments.get_one::<String>(NAME).cloned().unwrap_or_default();
    if verb != "add" && !dir.is_dir() {
        return Err(Failure::Run(format!("there is no record in {}", dir.display())));
    }
    let bytes_max = config.accounts.password_bytes_max;
    let task = match verb {
        "add" => Task::Add {
            name: name(),
            admin: arguments.get_flag(ADMIN),
            password: password::read(&name(), bytes_max)?,
        },
        "passwd" => {
            Task::SetPassword { name: name(), password: password::read(&name(), bytes_max)? }
        }
        "remove" => Task::Remove { name: name() },
        _ => Task::List,
    };
    let lines = carry_out(config, dir, &task)?;
    tell(&task, &lines);
    Ok(ExitCode::SUCCESS)
}

/// Returns the accounts that were asked for or changed.
fn carry_out(config: &Config, dir: &Path, task: &Task) -> Result<Vec<Line>, Failure> {
    match here::run(config, task)? {
        Some(lines) => Ok(lines),
        None => there::run(config, dir, task),
    }
}

fn tell(task: &Task, lines: &[Line]) {
    for Line { name, admin } in lines {
        // The command has succeeded even if its output cannot be written.
        _ = match task {
            Task::List => writeln!(io::stdout(), "{name}{}", if *admin { "\tadmin" } else { "" }),
            Task::Add { .. } => writeln!(io::stderr(), "{name} has an account"),
            Task::SetPassword { .. } => writeln!(io::stderr(), "{name}: password changed"),
            Task::Remove { .. } => writeln!(io::stderr(), "{name} has no account any more"),
        };
    }
}
