//! `/api`: rooms, what was said in them, saying something, and accounts, over plain HTTP.
//!
//! A request is read here and becomes one thing asked of the chat; the chat's one answer becomes
//! the response. In between the request waits: for the journal, as a WebSocket's message would, or for
//! a password to be worked on. Every error is the protocol's `error` payload.

mod rooms;

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};

use serde::Deserialize;

use super::Server;
use super::accounts::{Caller, USERS};
use crate::chat::{ClientId, Code, Input, Refusal, ServerEvent};
use crate::http::{Method, Request, Response, Status};
use crate::net::{ConnId, Turn};
use crate::ws::Answer;
pub(super) use rooms::decoded;

/// A request that is not answered yet.
#[derive(Debug, Default)]
pub(super) struct Pending {
    /// The origin of the page it comes from.
    origin: Option<String>,
    /// Whether its client speaks TLS.
    secure: bool,
    /// What becomes of an account that it is answered with.
    gives: Gives,
}

/// What a request gets when it is answered with an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Gives {
    /// What everybody may know of it.
    #[default]
    Name,
    /// The same of one that it has made.
    Created,
    /// A token.
    Token,
}

/// The response to a request that asks nothing more of anybody.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Instead(Box<Response>);

impl Server {
    /// Answers a request below `/api/`, or has it answered later.
    pub(super) fn api(
        &mut self,
        turn: &mut Turn<'_>,
        conn: ConnId,
        request: &Request,
        who: Caller,
    ) -> Answer {
        let origin = request.header("origin").map(str::to_owned);
        let by_tls = origin.as_deref().is_some_and(|origin| origin.starts_with("https://"));
        let secure = by_tls || turn.is_secure(conn);
        let caller = super::client(conn);
        self.pending.insert(caller, Pending { origin, secure, gives: Gives::default() });
        match self.begin(turn, conn, request, who) {
            Ok(()) => Answer::Later,
            Err(Instead(response)) => Answer::Respond(self.dress(caller, *response)),
        }
    }

    /// Begins to do what a request asks.
    fn begin(
        &mut self,
        turn: &mut Turn<'_>,
        conn: ConnId,
        request: &Request,
        who: Caller,
    ) -> Result<(), Instead> {
        let asked = match request.path.as_str() {
            "/api/register" => return self.register(turn, conn, request, &who),
            "/api/login" => return self.log_in(turn, conn, request),
            "/api/logout" => return self.log_out(turn, conn, request, &who),
            path if path
                .strip_prefix(USERS)
                .is_some_and(|it| it.is_empty() || it.starts_with('/')) =>
            {
                self.users(turn, conn, request, &who)?
            }
            _ => Some(rooms::read(request, self.chat.limits(), who.speaker)?),
        };
        if let Some(request) = asked {
            let (caller, network) = (super::client(conn), network(turn, conn));
            self.tell(turn, Input::Asked { caller, network, request });
        }
        Ok(())
    }

    /// Sends the chat's answer to a request.
    pub(super) fn respond(&mut self, turn: &mut Turn<'_>, caller: ClientId, event: &ServerEvent) {
        let gives = self.pending.get(&caller).map_or(Gives::Name, |pending| pending.gives);
        let response = match event {
            ServerEvent::Account(account) if gives == Gives::Token => {
                let now_unix_s = turn.now().unix_ms / 1000;
                self.welcome(caller, Status(201), account.author, now_unix_s)
            }
            ServerEvent::Account(_) if gives == Gives::Created => {
                Response { status: Status(201), ..answer(event) }
            }
            event => answer(event),
        };
        self.finish(turn, caller, response);
    }

    /// Sends the response to a request that waits; a connection that is gone needs none.
    pub(super) fn finish(&mut self, turn: &mut Turn<'_>, caller: ClientId, response: Response) {
        let response = self.dress(caller, response);
        turn.respond(super::conn(caller), &response);
    }

    /// What a request gets if it is answered with an account.
    pub(super) fn expect(&mut self, caller: ClientId, gives: Gives) {
        if let Some(pending) = self.pending.get_mut(&caller) {
            pending.gives = gives;
        }
    }

    /// Whether the client of a request that waits speaks TLS.
    pub(super) fn is_secure(&self, caller: ClientId) -> bool {
        self.pending.get(&caller).is_some_and(|pending| pending.secure)
    }

    fn dress(&mut self, caller: ClientId, response: Response) -> Response {
        let pending = self.pending.remove(&caller).unwrap_or_default();
        dressed(response, pending.origin.as_deref())
    }
}

impl Instead {
    /// Says that there is nothing of this name.
    pub(super) fn nothing() -> Self {
        Response::text(Status(404), "there is nothing here").into()
    }
}

impl From<Response> for Instead {
    fn from(response: Response) -> Self {
        Self(Box::new(response))
    }
}

impl From<Refusal> for Instead {
    fn from(refusal: Refusal) -> Self {
        refuse(refusal).into()
    }
}

/// Returns the network a request comes from.
pub(super) fn network(turn: &Turn<'_>, conn: ConnId) -> IpAddr {
    turn.network(conn).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
}

/// Answers all methods but these, a list as in `Allow`.
pub(super) fn only(methods: &'static str, request: &Request) -> Result<(), Instead> {
    let method = match request.method {
        Method::Get => "GET",
        Method::Head => "HEAD",
        Method::Post => "POST",
        Method::Delete => "DELETE",
        Method::Options | Method::Other => "",
    };
    if methods.split(", ").any(|one| one == method) {
        return Ok(());
    }
    let allowed = format!("{methods}, OPTIONS");
    let response = if request.method == Method::Options {
        Response::new(Status(204))
            .with_header("Access-Control-Allow-Methods", allowed.clone())
            .with_header("Access-Control-Allow-Headers", HEADERS)
            .with_header("Access-Control-Max-Age", "600")
    } else {
        Response::text(Status(405), &format!("only {allowed}"))
    };
    Err(response.with_header("Allow", allowed).into())
}

const HEADERS: &str = "Authorization, Content-Type, Idempotency-Key";

/// Reads a body of JSON. Other bodies are refused: a page of another site could have a browser send
/// them without asking.
pub(super) fn read_body<T: for<'de> Deserialize<'de>>(request: &Request) -> Result<T, Instead> {
    check_json(request)?;
    let body = serde_json::from_slice(&request.body).map_err(|fault| {
        // What it says may repeat what was sent.
        if fault.is_data() {
            Refusal::new(Code::BadField, "a field is missing, or not what it should be")
        } else {
            Refusal::new(Code::BadJson, "the body is no JSON object")
        }
    });
    Ok(body?)
}

/// Refuses a body that says it is something else than JSON.
fn check_json(request: &Request) -> Result<(), Instead> {
    if request.header("content-type").is_none_or(is_json) {
        return Ok(());
    }
    let refusal = Refusal::new(Code::BadJson, "the body is to be application/json");
    Err(Response { status: Status(415), ..refuse(refusal) }.into())
}

/// Whether a Content-Type is JSON.
fn is_json(value: &str) -> bool {
    let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// Makes the response of what the chat answers.
fn answer(event: &ServerEvent) -> Response {
    let (status, waits) = match event {
        ServerEvent::Ack { .. } => (Status(201), None),
        ServerEvent::Error(refusal) => (status_of(refusal.code), wait_of(refusal)),
        _ => (Status(200), None),
    };
    let mut body = Vec::new();
    event.render_payload(&mut body);
    let mut response = Response::new(status).with_header("Content-Type", "application/json");
    response.body = Cow::Owned(body);
    if let Some(seconds) = waits {
        response = response.with_header("Retry-After", seconds.to_string());
    }
    if status == Status(401) { challenged(response) } else { response }
}

/// How one shows who one is (RFC 9110 §11.6.1).
pub(in crate::server) fn challenged(response: Response) -> Response {
    response.with_header("WWW-Authenticate", "Bearer realm=\"chinwag\"")
}

/// Makes the response of what was not done.
pub(in crate::server) fn refuse(refusal: Refusal) -> Response {
    answer(&ServerEvent::Error(Box::new(refusal)))
}

/// Returns the seconds after which the same may be asked again.
fn wait_of(refusal: &Refusal) -> Option<u64> {
    let seconds = refusal.retry_after_ms.unwrap_or_default().div_ceil(1000).max(1);
    refusal.code.retryable().then_some(seconds)
}

pub(in crate::server) fn status_of(code: Code) -> Status {
    Status(match code {
        Code::Unauthorized | Code::AuthRequired => 401,
        Code::Forbidden | Code::Muted | Code::Banned | Code::RoomLocked => 403,
        Code::NoSuchRoom | Code::NoSuchUser => 404,
        Code::IdConflict | Code::NameTaken => 409,
        Code::TooLong => 413,
        Code::RateLimited | Code::SlowMode => 429,
        Code::Overloaded | Code::StorageUnavailable => 503,
        _ => 400,
    })
}

/// Adds what every answer below `/api/` says; a page of this origin may read it.
pub(in crate::server) fn dressed(response: Response, origin: Option<&str>) -> Response {
    let response = response.with_header("Cache-Control", "no-store");
    match origin {
        Some(origin) => response
            .with_header("Access-Control-Allow-Origin", origin.to_owned())
            .with_header("Access-Control-Expose-Headers", "Retry-After")
            .with_header("Vary", "Origin"),
        None => response,
    }
}

#[cfg(test)]
impl Instead {
    /// Returns the status of the response.
    fn status(&self) -> Status {
        self.0.status
    }
}
