//! The arguments of `chinwag bench`.

use std::time::Duration;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use super::marker;
use super::template::MARKER;
use crate::config::Value as _;

/// What to do.
#[derive(Clone, Debug)]
pub(super) struct Options {
    pub(super) url: String,
    pub(super) clients: usize,
    /// The first clients send.
    pub(super) senders: usize,
    /// Each client is in the room whose number is the rest of its own.
    pub(super) rooms: usize,
    /// Messages a second of all senders together; none for a closed loop.
    pub(super) rate: Option<f64>,
    /// In a closed loop, how many messages of a sender are under way at most.
    pub(super) window: u32,
    /// Bytes of the text of a message.
    pub(super) size: usize,
    /// The time over which the connects are spread.
    pub(super) ramp: Duration,
    pub(super) warmup: Duration,
    pub(super) duration: Duration,
    /// Whether permessage-deflate is offered.
    pub(super) deflate: bool,
    /// Whether every certificate is accepted.
    pub(super) insecure: bool,
    pub(super) token: Option<String>,
    /// What is sent to a server that does not speak `chat.v1`.
    pub(super) text: Option<String>,
    /// What each client of such a server sends first.
    pub(super) hello: Vec<String>,
    /// Whether senders get their own messages.
    pub(super) echo: bool,
    pub(super) chaos: Chaos,
    /// The processes whose use of the machine is told.
    pub(super) server: Vec<String>,
    pub(super) json: bool,
}

/// What goes wrong meanwhile.
#[derive(Clone, Debug, Default)]
pub(super) struct Chaos {
    /// Connections cut each second.
    pub(super) cut: f64,
    /// The time between two cuts of all connections.
    pub(super) storm: Option<Duration>,
    /// Clients that read nothing.
    pub(super) stall: usize,
    /// Clients that read slowly.
    pub(super) slow: usize,
}

impl Chaos {
    /// Whether clients lose their connections.
    pub(super) fn cuts(&self) -> bool {
        self.cut > 0.0 || self.storm.is_some()
    }

    /// Whether anything goes wrong.
    pub(super) fn is_any(&self) -> bool {
        self.cuts() || self.stall > 0 || self.slow > 0
    }
}

/// Describes the arguments.
pub(super) fn arguments(command: Command) -> Command {
    let option = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).help(help)
    };
    let flag = |name: &'static str, help: &'static str| {
        Arg::new(name).long(name).help(help).action(ArgAction::SetTrue)
    };
    let number = |name, help| option(name, "N", help).value_parser(value_parser!(u32));
    let rate = |name, help| option(name, "N", help).value_parser(value_parser!(f64));
    command
        .arg(Arg::new(URL).value_name("URL").help("Where the server is").required(true))
        .next_help_heading("Load")
        .arg(number(CLIENTS, "Connections").default_value("100"))
        .arg(number(SENDERS, "Clients that send, too").default_value("1"))
        .arg(number(ROOMS, "Rooms, to which the clients spread evenly").default_value("1"))
        .arg(rate(
            RATE,
            "Messages a second of all together [default: the next when all have the last]",
        ))
        .arg(number(WINDOW, "Without --rate: messages under way per sender").default_value("1"))
        .arg(number(SIZE, "Bytes of the text of a message").default_value("64"))
        .arg(option(RAMP, "DURATION", "Spread the connects over this time").default_value("0s"))
        .arg(option(WARMUP, "DURATION", "Send this long before measuring").default_value("1s"))
        .arg(option(DURATION, "DURATION", "Measure this long").default_value("10s"))
        .next_help_heading("Connection")
        .arg(flag(DEFLATE, "Offer compression (permessage-deflate)"))
        .arg(flag(INSECURE, "Accept any certificate, as on this machine"))
        .arg(option(TOKEN, "TOKEN", "Token by which all clients connect"))
        .next_help_heading("Other WebSocket chats")
        .arg(option(TEXT, "TEMPLATE", "Message to send, with {marker} in it and perhaps {pad}"))
        .arg(
            option(HELLO, "TEMPLATE", "What each client sends first; may be repeated")
                .action(ArgAction::Append),
        )
        .arg(flag(NO_ECHO, "Senders do not get their own messages back"))
        .next_help_heading("Chaos")
        .arg(rate(CUT, "Cut so many connections a second; they come back within one"))
        .arg(option(STORM, "DURATION", "Cut all this often; they come back at once"))
        .arg(number(STALL, "Clients that read nothing while is measured"))
        .arg(number(SLOW, "Clients that read 16 KiB a second at most"))
        .next_help_heading("Report")
        .arg(
            option(SERVER_PID, "PID", "Tell what this process uses; may be repeated")
                .value_parser(value_parser!(u32))
                .action(ArgAction::Append),
        )
        .arg(flag(JSON, "Print one JSON object"))
}

const URL: &str = "url";
const CLIENTS: &str = "clients";
const SENDERS: &str = "senders";
const ROOMS: &str = "rooms";
const RATE: &str = "rate";
const WINDOW: &str = "window";
const SIZE: &str = "size";
const RAMP: &str = "ramp";
const WARMUP: &str = "warmup";
const DURATION: &str = "duration";
const DEFLATE: &str = "deflate";
const INSECURE: &str = "insecure";
const TOKEN: &str = "token";
const TEXT: &str = "text";
const HELLO: &str = "hello";
const NO_ECHO: &str = "no-echo";
const CUT: &str = "cut";
const STORM: &str = "storm";
const STALL: &str = "stall";
const SLOW: &str = "slow";
const SERVER_PID: &str = "server-pid";
const JSON: &str = "json";

impl Options {
    /// Reads the arguments, or says what is wrong with them.
    pub(super) fn parse(arguments: &ArgMatches) -> Result<Self, String> {
        let text = |name: &str| arguments.get_one::<String>(name).cloned();
        let number = |name: &str| arguments.get_one::<u32>(name).map_or(0, |value| *value as usize);
        let rate = |name: &str| match arguments.get_one::<f64>(name) {
            Some(rate) if !(*rate > 0.0 && *rate <= RATE_MAX) => {
                Err(format!("--{name}: more than 0 and at most {RATE_MAX}"))
            }
            rate => Ok(rate.copied()),
        };
        let duration = |name: &str| match text(name) {
            Some(text) => Duration::parse(&text).map_err(|why| format!("--{name}: {why}")),
            None => Ok(Duration::ZERO),
        };
        let pids = arguments.get_many::<u32>(SERVER_PID).into_iter().flatten();
        let options = Self {
            url: text(URL).unwrap_or_default(),
            clients: number(CLIENTS),
            senders: number(SENDERS),
            rooms: number(ROOMS),
            rate: rate(RATE)?,
            window: u32::try_from(number(WINDOW)).unwrap_or(u32::MAX),
            size: number(SIZE),
            ramp: duration(RAMP)?,
            warmup: duration(WARMUP)?,
            duration: duration(DURATION)?,
            deflate: arguments.get_flag(DEFLATE),
            insecure: arguments.get_flag(INSECURE),
            token: text(TOKEN),
            text: text(TEXT),
            hello: arguments.get_many(HELLO).into_iter().flatten().cloned().collect(),
            echo: !arguments.get_flag(NO_ECHO),
            chaos: Chaos {
                cut: rate(CUT)?.unwrap_or_default(),
                storm: text(STORM).map(|_| duration(STORM)).transpose()?,
                stall: number(STALL),
                slow: number(SLOW),
            },
            server: pids.map(u32::to_string).collect(),
            json: arguments.get_flag(JSON),
        };
        options.check()?;
        Ok(options)
    }

    fn check(&self) -> Result<(), String> {
        let Self { clients, senders, rooms, chaos, .. } = self;
        let healthy = clients.saturating_sub(chaos.stall.saturating_add(chaos.slow));
        let storms = chaos.storm.is_some_and(|every| every < STORM_MIN);
        // The clients of the fullest room, each of which keeps a number for each of its senders.
        let numbers = clients.saturating_mul(senders.div_ceil((*rooms).max(1)));
        let faults = [
            (!(1..=CLIENTS_MAX).contains(clients), format!("--clients: 1 to {CLIENTS_MAX}")),
            (!(1..=*clients).contains(rooms), "--rooms: 1 to the number of clients".into()),
            (*senders > *clients, "--senders: at most the number of clients".into()),
            (self.window == 0, "--window: at least 1".into()),
            (self.size < marker::BYTES + 1, format!("--size: at least {}", marker::BYTES + 1)),
            (self.size > SIZE_MAX, format!("--size: at most {SIZE_MAX}")),
            (self.duration.is_zero(), "--duration: more than nothing".into()),
            (storms, format!("--storm: at least {} s", STORM_MIN.as_secs())),
            (healthy == 0, "--stall and --slow: one client has to be left".into()),
            (*senders > healthy, "--stall and --slow: only clients that do not send".into()),
            (
                self.text.as_ref().is_some_and(|text| !text.contains(MARKER)),
                format!("--text: without {MARKER} no message can be told from another"),
            ),
            (
                numbers > NUMBERS_MAX,
                format!("--senders: clients times senders of a room has to be below {NUMBERS_MAX}"),
            ),
        ];
        faults.into_iter().find(|(is, _)| *is).map_or(Ok(()), |(_, why)| Err(why))
    }
}

const CLIENTS_MAX: usize = 1_000_000;
const RATE_MAX: f64 = 10_000_000.0;
const SIZE_MAX: usize = 1024 * 1024;
const STORM_MIN: Duration = Duration::from_secs(1);
const NUMBERS_MAX: usize = 256 * 1024 * 1024;
