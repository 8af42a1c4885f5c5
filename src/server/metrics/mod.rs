//! `/metrics`: what the server counts, for Prometheus.
//!
//! Every layer counts with plain integers; [`respond`] collects them when somebody asks, at a cost
//! that does not grow with users or rooms. The values of a label are those of a fixed list.

mod exposition;
mod figures;
mod process;

pub use process::Process;

use crate::chat::{Code, Effect, ServerEvent};
use crate::http::{Request, Response};
use crate::metrics::Counts;
use crate::net::Turn;
use crate::server::Server;
use crate::ws::code;

/// What the server itself counts.
#[derive(Debug)]
pub(super) struct Counters {
    /// WebSockets opened.
    pub(super) opened: u64,
    /// WebSockets closed, by close code.
    pub(super) closed: Counts<u16>,
    /// Errors that clients and requests were told, by code.
    pub(super) errors: Counts<Code>,
    /// Logins by password.
    pub(super) logins: Counts<LoginResult>,
}

/// How a login by password ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LoginResult {
    /// The password is right.
    Success,
    /// The name or the password is wrong.
    Failure,
    /// There were too many attempts.
    Limited,
}

impl LoginResult {
    const ALL: [Self; 3] = [Self::Success, Self::Failure, Self::Limited];

    fn word(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Limited => "limited",
        }
    }
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            opened: 0,
            closed: Counts::new(&CLOSE_CODES),
            errors: Counts::new(&Code::ALL),
            logins: Counts::new(&LoginResult::ALL),
        }
    }
}

impl Counters {
    /// Counts the error in an effect, if it tells one.
    pub(super) fn on_effect(&self, effect: &Effect) {
        if let Effect::Reply { event: ServerEvent::Error(refusal), .. }
        | Effect::Respond { event: ServerEvent::Error(refusal), .. } = effect
        {
            self.errors.add(refusal.code);
        }
    }
}

/// Returns the response to a scrape.
pub(super) fn respond(server: &Server, turn: &Turn<'_>, request: &Request) -> Response {
    exposition::respond(request, figures::scrape(server, turn))
}

/// The close codes that are counted apart: all that this server sends, and the usual ones of peers.
const CLOSE_CODES: [u16; 19] = [
    code::NORMAL,
    code::GOING_AWAY,
    code::PROTOCOL_ERROR,
    code::UNSUPPORTED,
    code::NONE,
    code::ABNORMAL,
    code::INVALID_DATA,
    code::POLICY,
    code::TOO_BIG,
    code::INTERNAL,
    code::RESTART,
    4000,
    4001,
    4003,
    4004,
    code::TOO_MANY,
    4102,
    4105,
    code::NO_PONG,
];
