//! What all requests below `/api/` share: how they are read, and the form of their responses.
//!
//! A response sends every error as the protocol's `error` payload. What a request asks for is
//! decided in [`super::api`] and [`super::accounts`].

use std::borrow::Cow;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use percent_encoding::percent_decode_str;
use serde::Deserialize;

use super::{Server, operations};
use crate::chat::{ClientId, Code, Limits, Refusal, ServerEvent};
use crate::http::{Method, Request, Response, Status};
use crate::net::{ConnId, Turn};

/// The requests that wait for their response.
#[derive(Debug, Default)]
pub(super) struct Exchanges {
    pending: HashMap<ClientId, Exchange>,
}

/// A request that waits for its response.
#[derive(Debug, Default)]
struct Exchange {
    /// The origin of the page that sent it.
    origin: Option<String>,
    /// Whether its client uses TLS.
    secure: bool,
    /// The network of its client.
    network: Option<IpAddr>,
    /// What its client calls itself.
    agent: Box<str>,
    account_response: AccountResponse,
    /// Whether it posts by a hook.
    is_hook: bool,
}

/// The form of a response that is about an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum AccountResponse {
    /// 200 with the account's public data.
    #[default]
    Ok,
    /// 201 with the account's public data.
    Created,
    /// 201 with a token.
    Token,
    /// 200 with another token of this login.
    Renewed([u8; 16]),
}

/// A response that ends a request before the chat, the journal or a worker is involved.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct EarlyResponse {
    response: Box<Response>,
    /// The code of the error that it tells, if it tells one of the chat's.
    pub(super) code: Option<Code>,
}

impl Exchanges {
    /// Adds a request.
    pub(super) fn begin(&mut self, turn: &Turn<'_>, conn: ConnId, request: &Request) {
        let origin = request.header("origin").map(str::to_owned);
        let by_tls = origin.as_deref().is_some_and(|origin| origin.starts_with("https://"));
        let secure = by_tls || turn.is_secure(conn);
        let network = turn.network(conn);
        let agent = request.header("user-agent").unwrap_or_default();
        let agent = agent.chars().filter(|c| !c.is_control()).take(AGENT_CHARS_MAX).collect();
        let exchange = Exchange { origin, secure, network, agent, ..Exchange::default() };
        self.pending.insert(super::client(conn), exchange);
    }

    /// Adds a request that posts by a hook.
    pub(super) fn begin_hook(&mut self, conn: ConnId) {
        let exchange = Exchange { is_hook: true, ..Exchange::default() };
        self.pending.insert(super::client(conn), exchange);
    }

    /// Whether a request posts by a hook.
    pub(super) fn is_hook(&self, caller: ClientId) -> bool {
        self.pending.get(&caller).is_some_and(|exchange| exchange.is_hook)
    }

    /// Removes a request and completes its response.
    pub(super) fn end(&mut self, caller: ClientId, response: Response) -> Response {
        let exchange = self.pending.remove(&caller).unwrap_or_default();
        with_api_headers(response, exchange.origin.as_deref())
    }

    /// Removes a request without an answer: its connection is gone.
    pub(super) fn forget(&mut self, caller: ClientId) {
        self.pending.remove(&caller);
    }

    /// Removes a request and completes the head of its response, which is a file.
    pub(super) fn end_file(&mut self, caller: ClientId, response: Response) -> Response {
        let exchange = self.pending.remove(&caller).unwrap_or_default();
        with_cors_headers(response, exchange.origin.as_deref())
    }

    /// Sets the form of the response if it is about an account.
    pub(super) fn set_account_response(&mut self, caller: ClientId, form: AccountResponse) {
        if let Some(exchange) = self.pending.get_mut(&caller) {
            exchange.account_response = form;
        }
    }

    /// Returns the form of the response if it is about an account.
    pub(super) fn account_response(&self, caller: ClientId) -> AccountResponse {
        self.pending.get(&caller).map(|exchange| exchange.account_response).unwrap_or_default()
    }

    /// Returns the network of a request's client and what that calls itself.
    pub(super) fn client_of(&self, caller: ClientId) -> (IpAddr, Box<str>) {
        let exchange = self.pending.get(&caller);
        let network = exchange.and_then(|exchange| exchange.network);
        let agent = exchange.map(|exchange| exchange.agent.clone()).unwrap_or_default();
        (network.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)), agent)
    }

    /// Whether the client of a request uses TLS.
    pub(super) fn is_secure(&self, caller: ClientId) -> bool {
        self.pending.get(&caller).is_some_and(|exchange| exchange.secure)
    }
}

impl Server {
    /// Sends the response to a pending request, unless its connection is gone.
    pub(super) fn finish_exchange(
        &mut self,
        turn: &mut Turn<'_>,
        caller: ClientId,
        response: Response,
    ) {
        let response = self.exchanges.end(caller, response);
        turn.respond(super::conn(caller), &response);
    }
}

impl EarlyResponse {
    /// Returns the 404 for a path without a resource.
    pub(super) fn not_found() -> Self {
        status_response(Status(404), "not found").into()
    }

    /// Returns the response itself.
    pub(super) fn into_response(self) -> Response {
        *self.response
    }
}

impl From<Response> for EarlyResponse {
    fn from(response: Response) -> Self {
        Self { response: Box::new(response), code: None }
    }
}

impl From<Refusal> for EarlyResponse {
    fn from(refusal: Refusal) -> Self {
        let code = Some(refusal.code);
        Self { code, ..error_response(refusal).into() }
    }
}

/// Returns the network of the client behind a connection.
pub(super) fn network(turn: &Turn<'_>, conn: ConnId) -> IpAddr {
    turn.network(conn).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
}

/// Checks that the API has the path of a request, with its method. Answers a CORS preflight.
pub(super) fn check_method(request: &Request) -> Result<(), EarlyResponse> {
    let mut described = operations::methods(&request.path);
    let asked = match request.method {
        Method::Head => Method::Get,
        method => method,
    };
    if described.clone().any(|method| method == asked) {
        return Ok(());
    }
    let words = |method| match method {
        Method::Get => "GET, HEAD, ",
        Method::Post => "POST, ",
        _ => "DELETE, ",
    };
    let allowed = match described.next() {
        None => return Err(EarlyResponse::not_found()),
        first => first.into_iter().chain(described).map(words).collect::<String>() + "OPTIONS",
    };
    let response = if request.method == Method::Options {
        Response::new(Status(204))
            .with_header("Access-Control-Allow-Methods", allowed.clone())
            .with_header("Access-Control-Allow-Headers", CORS_REQUEST_HEADERS)
            .with_header("Access-Control-Max-Age", "600")
    } else {
        status_response(Status(405), &format!("only {allowed}"))
    };
    Err(response.with_header("Allow", allowed).into())
}

/// Characters kept of what a client calls itself.
const AGENT_CHARS_MAX: usize = 200;

/// The request headers that a page of another origin may set.
const CORS_REQUEST_HEADERS: &str = "Authorization, Content-Type, Idempotency-Key";

/// Refuses a body with a content coding, of which none is supported.
pub(super) fn check_encoding(request: &Request) -> Result<(), EarlyResponse> {
    let mut codings = request.tokens("content-encoding");
    let has_body = !request.body.is_empty() || request.streamed.is_some();
    if !has_body || codings.all(|coding| coding.eq_ignore_ascii_case("identity")) {
        return Ok(());
    }
    let line = "the body is encoded; send it without Content-Encoding";
    Err(status_response(Status(415), line).into())
}

/// Reads the idempotency key of a request.
pub(super) fn idempotency_key(
    request: &Request,
    limits: &Limits,
) -> Result<Option<Arc<str>>, Refusal> {
    let mut ids = request.headers("idempotency-key");
    let id: Option<Arc<str>> = ids.next().map(Arc::from);
    if ids.next().is_some() || !id.as_ref().is_none_or(|id| limits.fits_id(id)) {
        let message =
            format!("Idempotency-Key: one key of 1 to {} bytes is expected", limits.id_bytes_max);
        return Err(Refusal::new(Code::BadField, message));
    }
    Ok(id)
}

/// Reads a JSON body.
pub(super) fn read_body<T: for<'de> Deserialize<'de>>(
    request: &Request,
) -> Result<T, EarlyResponse> {
    check_content_type(request)?;
    let body = serde_json::from_slice(&request.body).map_err(|error| {
        // serde's own words may repeat what was sent, such as a password.
        if error.is_data() {
            Refusal::new(Code::BadField, "a field is missing or has the wrong type")
        } else {
            Refusal::new(Code::BadJson, "the body is not a JSON object")
        }
    });
    Ok(body?)
}

/// Refuses a body whose Content-Type is not JSON: a page of another site can have a browser send
/// form data and plain text without a CORS preflight.
pub(super) fn check_content_type(request: &Request) -> Result<(), EarlyResponse> {
    if request.header("content-type").is_none_or(is_json) {
        return Ok(());
    }
    let refusal = Refusal::new(Code::BadJson, "the body must be application/json");
    Err(Response { status: Status(415), ..error_response(refusal) }.into())
}

/// Whether a Content-Type is JSON.
fn is_json(value: &str) -> bool {
    let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// Decodes a segment of a path (RFC 3986 §2.1), where a plus is a plus.
pub(super) fn decode_segment(segment: &str) -> Result<Box<str>, Refusal> {
    let is_escape = |rest: &str| matches!(rest.as_bytes(), [a, b, ..] if [a, b].iter().all(|c| c.is_ascii_hexdigit()));
    let text = percent_decode_str(segment).decode_utf8().ok();
    let text = text.filter(|_| segment.split('%').skip(1).all(is_escape));
    text.map(Into::into)
        .ok_or_else(|| Refusal::new(Code::BadField, "invalid percent-encoding in the path"))
}

/// Returns the response that carries an event of the chat.
pub(super) fn event_response(event: &ServerEvent) -> Response {
    let (status, retry_after_s) = match event {
        ServerEvent::Ack { .. } | ServerEvent::FileAdded(_) => (Status(201), None),
        ServerEvent::Error(refusal) => (status_of(refusal.code), retry_after_s(refusal)),
        _ => (Status(200), None),
    };
    let mut body = Vec::new();
    event.render_payload(&mut body);
    let mut response = Response::new(status).with_header("Content-Type", "application/json");
    response.body = Cow::Owned(body);
    if let Some(seconds) = retry_after_s {
        response = response.with_header("Retry-After", seconds.to_string());
    }
    if status == Status(401) { with_challenge(response) } else { response }
}

/// Returns the response that carries a refusal.
pub(super) fn error_response(refusal: Refusal) -> Response {
    event_response(&ServerEvent::Error(Box::new(refusal)))
}

/// Returns the seconds after which the same request may succeed.
fn retry_after_s(refusal: &Refusal) -> Option<u64> {
    let seconds = refusal.retry_after_ms.unwrap_or_default().div_ceil(1000).max(1);
    refusal.code.retryable().then_some(seconds)
}

/// Returns the response to a request that the chat does not see, as an `error` payload.
pub(super) fn status_response(status: Status, line: &str) -> Response {
    let refusal = Refusal::new(code_of(status), line.to_owned());
    Response { status, ..error_response(refusal) }
}

/// Returns the error code for an HTTP status.
fn code_of(status: Status) -> Code {
    match status.0 {
        401 => Code::Unauthorized,
        403 | 421 => Code::Forbidden,
        404 | 405 => Code::UnknownType,
        408 | 503 => Code::Overloaded,
        413 | 431 => Code::TooLong,
        429 => Code::RateLimited,
        _ => Code::BadField,
    }
}

/// Returns the HTTP status for an error code.
pub(super) fn status_of(code: Code) -> Status {
    Status(match code {
        Code::Unauthorized | Code::AuthRequired => 401,
        Code::Forbidden | Code::Muted | Code::Banned | Code::RoomLocked => 403,
        Code::NoSuchRoom | Code::NoSuchUser | Code::NoSuchFile => 404,
        Code::IdConflict | Code::NameTaken => 409,
        Code::TooLong => 413,
        Code::RateLimited | Code::SlowMode => 429,
        Code::Overloaded | Code::StorageUnavailable => 503,
        _ => 400,
    })
}

/// Adds the authentication scheme to a 401 (RFC 9110 §11.6.1).
pub(super) fn with_challenge(response: Response) -> Response {
    response.with_header("WWW-Authenticate", "Bearer realm=\"chinwag\"")
}

/// Adds the headers of every response below `/api/`; the CORS headers let a page of `origin` read
/// it.
pub(super) fn with_api_headers(response: Response, origin: Option<&str>) -> Response {
    with_cors_headers(response.with_header("Cache-Control", "no-store"), origin)
}

fn with_cors_headers(response: Response, origin: Option<&str>) -> Response {
    match origin {
        Some(origin) => response
            .with_header("Access-Control-Allow-Origin", origin.to_owned())
            .with_header("Access-Control-Expose-Headers", "Retry-After")
            .with_header("Vary", "Origin"),
        None => response,
    }
}
