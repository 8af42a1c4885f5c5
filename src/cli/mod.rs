//! The command line: reads the arguments, the environment and the file, and runs a command.
//!
//! Without a command it serves. Every command reports all errors of the configuration before it
//! starts.

use std::{
    ffi::OsString,
    fmt::{self, Display, Formatter},
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

mod admin;
mod ask;
mod backup;
mod bench;
mod blobs;
mod check;
mod doctor;
mod export;
mod health;
mod import;
mod manual;
mod mkcert;
mod operator;
mod progress;
mod tls;
mod user;

use clap::{
    Arg, ArgAction, ArgMatches, Command,
    error::{ContextKind, ContextValue},
    value_parser,
};

use crate::config::{self, Config, Data, Effective, Faults, SETTINGS, Setting, Source};
use crate::server;

/// Why the program ends without having done its work.
#[derive(Debug)]
pub enum Failure {
    /// Settings are invalid, or contradict each other.
    Configuration(Faults),
    /// It could not start, or could not continue.
    Run(String),
}

impl Failure {
    /// Returns the exit code: 1 for a failure at run time, 2 for the configuration.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Run(_) => 1,
            Self::Configuration(_) => 2,
        })
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Configuration(faults) => faults.fmt(f),
            Self::Run(why) => f.write_str(why),
        }
    }
}

/// Runs the command that the arguments name.
pub fn run(
    arguments: impl IntoIterator<Item = OsString>,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<ExitCode, Failure> {
    let matches = match command().try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) => {
            if let Some(ContextValue::String(flag)) = error.get(ContextKind::InvalidArg)
                && let Some(replaced) = config::replacement(flag)
            {
                return Err(Failure::Configuration(Faults(vec![replaced])));
            }
            // Help and version go to stdout, and are not errors; a failure cannot be reported.
            _ = error.print();
            return Ok(ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(1)));
        }
    };
    let (name, arguments) = matches.subcommand().unwrap_or(("", &matches));
    if let Some(text) = manual::text(name, arguments, command) {
        return print(&text);
    }
    // Settings may follow every word of a command; the last one has them all.
    let last = arguments.subcommand().map_or(arguments, |(_, last)| last);
    let environment: Vec<_> = environment.into_iter().collect();
    let effective = load(last, &environment).map_err(|faults| match name {
        // Who asks for health knows 0 and 1 only, and reads one line.
        "health" => Failure::Run(faults.0.join("; ")),
        _ => Failure::Configuration(faults),
    })?;
    match name {
        "admin" => admin::run(&effective.config, arguments),
        "backup" => backup::run(&effective.config, arguments),
        "bench" => bench::run(arguments),
        "check" => check::run(&effective, arguments),
        "doctor" => doctor::run(arguments),
        "export" => export::run(&effective.config, arguments),
        "health" => health::run(&effective.config),
        "import" => import::run(&effective.config, arguments),
        "mkcert" => mkcert::run(arguments),
        "user" => user::run(&effective.config, arguments),
        _ => serve(effective, last.clone(), environment),
    }
}

/// Prints what a command is for.
fn print(text: &[u8]) -> Result<ExitCode, Failure> {
    match io::stdout().write_all(text) {
        // The reader may have seen enough.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::Run(format!("stdout: {error}")))
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// Serves until a signal ends it. Sockets that are passed stand for the default address.
fn serve(
    effective: Effective,
    arguments: ArgMatches,
    environment: Vec<(OsString, OsString)>,
) -> Result<ExitCode, Failure> {
    let failed = |error: &dyn Display| Failure::Run(error.to_string());
    let passed = server::systemd::passed_sockets().map_err(|error| failed(&error))?;
    let replaces_default = !passed.is_empty();
    let config = move |mut effective: Effective| {
        if replaces_default && *effective.source("listen") == Source::Default {
            effective.config.listen.clear();
        }
        effective.config
    };
    let load = Box::new(move || load(&arguments, &environment).map(config));
    server::run(&config(effective), passed, load).map_err(|error| failed(&error))?;
    Ok(ExitCode::SUCCESS)
}

/// Returns the data directory, for a command that needs one.
fn directory(config: &Config) -> Result<&Path, Failure> {
    match &config.data {
        Data::Dir(dir) => Ok(dir),
        Data::None => Err(Failure::Configuration(Faults(vec![
            "--data none: this command needs the server's data directory, such as --data \
             ./chinwag-data"
                .to_owned(),
        ]))),
    }
}

/// Builds the arguments from the table of settings. Their values stay text: [`config::load`] parses
/// them, so that all errors are reported together.
fn command() -> Command {
    Command::new("chinwag")
        .version(env!("CARGO_PKG_VERSION"))
        .about("A real-time chat server: start it, open the page, talk.")
        .after_help(AFTER_HELP)
        .max_term_width(100)
        .subcommand(admin::command())
        .subcommand(backup::command())
        .subcommand(without_settings(bench::command()))
        .subcommand(check::command())
        .subcommand(without_settings(doctor::command()))
        .subcommand(export::command())
        .subcommand(health::command())
        .subcommand(import::command())
        .subcommand(without_settings(mkcert::command()))
        .subcommand(user::command())
        .subcommands(manual::commands())
        .arg(config_file())
        .arg(
            Arg::new(LIMIT)
                .long(LIMIT)
                .value_name("NAME=VALUE")
                .action(ArgAction::Append)
                .allow_hyphen_values(true)
                .global(true)
                .hide(true),
        )
        .args(SETTINGS.iter().map(argument))
}

fn config_file() -> Arg {
    Arg::new(CONFIG)
        .long(CONFIG)
        .value_name("FILE")
        .help("TOML file with settings")
        .help_heading(SETTINGS.first().map(|setting| setting.group))
        .value_parser(value_parser!(PathBuf))
        .global(true)
}

/// Leaves the settings out of the help of a command that heeds none.
fn without_settings(command: Command) -> Command {
    let settings = std::iter::once(config_file()).chain(SETTINGS.iter().map(argument));
    command.args(settings.map(|setting| setting.hide(true)))
}

const CONFIG: &str = "config";
const CONFIG_VARIABLE: &str = "CHINWAG_CONFIG";
const LIMIT: &str = "limit";
const AFTER_HELP: &str = "\
Every setting can also be set in the environment (CHINWAG_PING_AFTER=9s, lists separated by commas)
or in the file (ping_after = \"9s\"). Flags override the environment, which overrides the file.
Other limits are set with --limit NAME=VALUE; chinwag check prints them.";

fn argument(setting: &Setting) -> Arg {
    let default = match setting.default_text() {
        text if text.is_empty() => String::new(),
        text => format!(" [default: {text}]"),
    };
    let argument = Arg::new(setting.key)
        .long(setting.flag())
        .value_name((setting.form)())
        .help(format!("{}{default}", setting.help().trim_end_matches('.')))
        .help_heading(setting.group)
        .action(if setting.repeats { ArgAction::Append } else { ArgAction::Set })
        .allow_hyphen_values(true)
        .global(true);
    if setting.bare {
        argument.num_args(0..=1).require_equals(true).default_missing_value("on")
    } else {
        argument
    }
}

fn load(arguments: &ArgMatches, environment: &[(OsString, OsString)]) -> Result<Effective, Faults> {
    let in_environment = environment.iter().find(|(name, _)| name == CONFIG_VARIABLE);
    let flags = SETTINGS.iter().filter_map(|setting| {
        let texts: Vec<&str> =
            arguments.get_many::<String>(setting.key)?.map(String::as_str).collect();
        Some((setting.key, texts.join(",")))
    });
    let file = arguments
        .get_one::<PathBuf>(CONFIG)
        .map(PathBuf::as_path)
        .or_else(|| in_environment.map(|(_, path)| Path::new(path)).filter(|path| *path != ""));
    let limits = arguments.get_many::<String>(LIMIT).into_iter().flatten().cloned();
    config::load(file, environment.iter().cloned(), flags, limits)
}
