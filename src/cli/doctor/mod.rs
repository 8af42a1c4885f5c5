//! `chinwag doctor`: looks at a server from outside, through whatever stands in front of it.
//!
//! It does what a client does, and names what is wrong where a client would only fail. Each read and
//! each write has limits of bytes and time: what answers may be anything.

mod admin;
mod chat;
mod connection;
mod outcome;
mod place;
mod proxy;
mod socket;
mod tls;
mod visit;

use std::{net::SocketAddr, process::ExitCode, time::Duration};

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use self::{
    outcome::{Report, fail, pass, skip},
    place::Place,
    visit::Visit,
};
use super::Failure;
use crate::config::{PublicUrl, Value as _};

/// Describes the command.
pub(super) fn command() -> Command {
    let hidden = |name: &'static str| Arg::new(name).long(name).hide(true);
    Command::new("doctor")
        .about("Check a server from outside, through its proxy: a line for each check")
        .after_help(
            "It talks in a private room of its own; without --token that stays behind, empty.\n\
             SSL_CERT_FILE names more authorities to trust, in PEM.",
        )
        .arg(Arg::new(URL).value_name("URL").help("Where the page is").required(true))
        .arg(
            Arg::new(TOKEN)
                .long(TOKEN)
                .value_name("TOKEN")
                .help("Token of an administrator, for what only the server knows"),
        )
        .arg(
            Arg::new(FULL)
                .long(FULL)
                .help("Also stay idle for a minute")
                .action(ArgAction::SetTrue),
        )
        .arg(hidden(CONNECT).value_parser(value_parser!(SocketAddr)))
        .arg(hidden(IDLE))
}

const URL: &str = "url";
const TOKEN: &str = "token";
const FULL: &str = "full";
/// The address to connect to, whatever that of the host is.
const CONNECT: &str = "connect";
/// How long to stay idle.
const IDLE: &str = "idle";
/// Longer than the usual timeouts of proxies.
const IDLE_DEFAULT: Duration = Duration::from_secs(61);

/// Checks the server, and exits with 1 if a check fails.
pub(super) fn run(arguments: &ArgMatches) -> Result<ExitCode, Failure> {
    let text = arguments.get_one::<String>(URL).map_or("", String::as_str);
    let url = PublicUrl::parse(text).map_err(|why| Failure::Run(format!("{text}: {why}")))?;
    let idle = match arguments.get_one::<String>(IDLE).map(|text| Duration::parse(text)) {
        Some(idle) => idle.map_err(|why| Failure::Run(format!("--idle: {why}")))?,
        None => IDLE_DEFAULT,
    };
    let idle = arguments.get_flag(FULL).then_some(idle);
    let token = arguments.get_one::<String>(TOKEN).map(String::as_str);
    let mut report = Report::default();
    match Place::find(&url, arguments.get_one(CONNECT).copied()) {
        Ok(place) => examine(&mut report, place, token, idle),
        Err(why) => report.add("connection", fail(why)),
    }
    Ok(report.exit_code())
}

/// Does all checks; if there is no server, only those up to that.
fn examine(report: &mut Report, place: Place, token: Option<&str>, idle: Option<Duration>) {
    let mut place = place;
    match tls::look(&mut place) {
        Ok(lines) => lines.into_iter().for_each(|(name, outcome)| report.add(name, outcome)),
        Err(why) => return report.add("connection", fail(why)),
    }
    if let Err(why) = proxy::server(&place) {
        return report.add("server", fail(why));
    }
    report.add("server", pass(format!("a chinwag answers at {}", place.link(""))));
    match proxy::seen(&place) {
        Ok(seen) => {
            report.add("Host", proxy::host(&place, &seen));
            report.add("scheme", proxy::scheme(&place, &seen));
            report.add("client address", proxy::address(&place, &seen));
        }
        Err(why) => report.add("Host", fail(why)),
    }
    let health = admin::ask_health(&place, token);
    let token = token.filter(|_| place.is_private());
    match Visit::begin(report, &place, token) {
        Some(visit) => visit.check(report, health.as_ref().ok(), idle),
        None => {
            for name in chat::CHECKS {
                report.add(name, skip("needs a WebSocket"));
            }
        }
    }
    admin::check(report, &health);
}
