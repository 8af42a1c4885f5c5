//! `chinwag admin`: looks into a server at work, and steps in.

use std::{io::Write as _, path::Path, process::ExitCode, time::Duration};

use clap::{Arg, ArgMatches, Command};
use serde_json::{Value, json};

use super::{
    Failure, directory,
    operator::{self, Request, encoded},
    print,
};
use crate::config::{Config, Value as _};

/// Describes the commands.
pub(super) fn command() -> Command {
    let argument = |name: &'static str, help: &'static str| {
        Arg::new(WHAT).value_name(name).help(help).required(true)
    };
    Command::new("admin")
        .about("Look into a running server, and step in")
        .subcommand_required(true)
        .subcommand(Command::new("connections").about(
            "List connections: id, user, address, opened (Unix ms), bytes not taken yet, rooms",
        ))
        .subcommand(
            Command::new("rooms")
                .about("List public rooms: name, users, connections, number of the last entry"),
        )
        .subcommand(Command::new("close").about("Close a connection").arg(argument("ID", "Its id")))
        .subcommand(
            Command::new("kick")
                .about("Close all connections of a user")
                .arg(argument("NAME", "Its name")),
        )
        .subcommand(
            Command::new("notice").about("Tell everybody something").arg(argument("TEXT", "What")),
        )
        .subcommand(
            Command::new("log-level")
                .about("Print the minimum level of the log, or set it until the server ends")
                .arg(argument("LEVEL", "error, warn, info, debug or trace").required(false)),
        )
        .subcommand(
            Command::new("ban")
                .about("Ban an account or a network from the server")
                .arg(argument("WHO", "account:NAME or network:NETWORK"))
                .arg(
                    Arg::new(FOR).long(FOR).value_name("DURATION").help("How long [default: ever]"),
                )
                .arg(Arg::new(REASON).long(REASON).value_name("TEXT").help("What they are told")),
        )
        .subcommand(
            Command::new("unban").about("Lift a ban").arg(argument("WHO", "As bans lists it")),
        )
        .subcommand(Command::new("bans").about("List bans: whom, until (Unix ms), reason"))
        .subcommand(
            Command::new("remove-room")
                .about("Remove a room, but no private one, with all that was said in it")
                .arg(argument("ROOM", "Its name")),
        )
        .subcommand(Command::new("drain").about("Have all clients leave, and end the server"))
}

const WHAT: &str = "what";
const FOR: &str = "for";
const REASON: &str = "reason";

/// Does what was asked for.
pub(super) fn run(config: &Config, arguments: &ArgMatches) -> Result<ExitCode, Failure> {
    let dir = directory(config)?;
    let (verb, arguments) = arguments.subcommand().unwrap_or(("connections", arguments));
    let what = arguments.try_get_one::<String>(WHAT).ok().flatten().map(String::as_str);
    let lines = match (verb, what) {
        ("connections" | "rooms" | "bans", _) => list(config, dir, verb)?,
        ("ban", who) => {
            let seconds = arguments
                .get_one::<String>(FOR)
                .map(|text| Duration::parse(text))
                .transpose()
                .map_err(|why| Failure::Run(format!("--for: {why}")))?
                .map(|duration| duration.as_secs());
            let reason = arguments.get_one::<String>(REASON);
            let body = json!({ "who": who, "seconds": seconds, "reason": reason });
            let done = send(config, dir, "POST", "/bans", &body)?;
            format!("{} is banned; {}", shown(&done["who"]), closed(&done))
        }
        ("unban", who) => {
            let path = format!("/bans/{}", encoded(who.unwrap_or_default()));
            let done = send(config, dir, "DELETE", &path, &Value::Null)?;
            format!("{} is not banned any more\n", shown(&done["who"]))
        }
        ("close", id) => {
            let path = format!("/connections/{}", encoded(id.unwrap_or_default()));
            closed(&send(config, dir, "DELETE", &path, &Value::Null)?)
        }
        ("kick", name) => {
            let path = format!("/users/{}", encoded(name.unwrap_or_default()));
            closed(&send(config, dir, "DELETE", &path, &Value::Null)?)
        }
        ("remove-room", room) => {
            let room = room.unwrap_or_default();
            let path = format!("/api/rooms/{}", encoded(room));
            let request = Request { method: "DELETE", path, body: String::new() };
            operator::send(config, dir, &request)?;
            format!("{room} is removed\n")
        }
        ("notice", text) => {
            let told = send(config, dir, "POST", "/notice", &json!({ "message": text }))?;
            format!("{} connections were told\n", told["clients"])
        }
        ("drain", _) => {
            send(config, dir, "POST", "/drain", &Value::Null)?;
            "the server is shutting down\n".to_owned()
        }
        (_, level) => {
            let now = match level {
                None => send(config, dir, "GET", "/log-level", &Value::Null)?,
                Some(_) => send(config, dir, "POST", "/log-level", &json!({ "level": level }))?,
            };
            format!("{}\n", shown(&now["level"]))
        }
    };
    print(lines.as_bytes())
}

fn send(
    config: &Config,
    dir: &Path,
    method: &'static str,
    path: &str,
    body: &Value,
) -> Result<Value, Failure> {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let request = Request { method, path: format!("/api/admin{path}"), body };
    let answer = operator::send(config, dir, &request)?;
    serde_json::from_str(&answer).map_err(|_| operator::not_understood())
}

/// Asks for all parts of a list. Returns a line for each item, its fields separated by tabs.
fn list(config: &Config, dir: &Path, verb: &str) -> Result<String, Failure> {
    let fields = match verb {
        "rooms" => &["room", "users", "connections", "seq"][..],
        "bans" => &["who", "until", "reason"],
        _ => &["id", "name", "address", "since", "bytes", "rooms"],
    };
    let (mut lines, mut next) = (Vec::new(), json!(0));
    while !next.is_null() {
        let part = send(config, dir, "GET", &format!("/{verb}?from={next}"), &Value::Null)?;
        for item in part[verb].as_array().into_iter().flatten() {
            let shown: Vec<String> = fields.iter().map(|field| shown(&item[*field])).collect();
            // Nothing fails that writes to memory.
            _ = writeln!(lines, "{}", shown.join("\t"));
        }
        next = part["next"].clone();
    }
    String::from_utf8(lines).map_err(|_| operator::not_understood())
}

fn closed(answer: &Value) -> String {
    format!("{} connections closed\n", answer["closed"])
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(","),
        Value::Null => "-".to_owned(),
        other => other.to_string(),
    }
}
