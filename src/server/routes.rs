//! Routing requests: the page's files, health checks, the HTTP API and WebSockets.

use schemars::JsonSchema;
use serde::Serialize;

use super::exchange::EarlyResponse;
use super::log::Escaped;
use super::operations::is_below;
use super::{Server, errors, exchange, hosts};
use crate::assets;
use crate::chat::{Code, Credential, OutputMode, Refusal};
use crate::http::{Method, Request, Response, Status};
use crate::net::{ConnId, Turn};
use crate::ws::Answer;

impl Server {
    /// Answers a request.
    pub(super) fn route(&mut self, turn: &mut Turn<'_>, conn: ConnId, request: &Request) -> Answer {
        let path = request.path.as_str();
        if self.https.redirects(turn.listener(conn)) {
            let checked = self.check_host(turn, conn, request);
            return Answer::Respond(match checked {
                Ok(()) => self.https.redirect(request),
                Err(response) => response,
            });
        }
        match path {
            "/healthz" => {
                let alive = || Response::text(Status(200), "alive");
                return Answer::Respond(only_get(request, alive));
            }
            "/readyz" => return Answer::Respond(only_get(request, || self.ready())),
            _ => {}
        }
        if let Err(response) = self.check_host(turn, conn, request) {
            return Answer::Respond(response);
        }
        if !self.serves_here(turn, conn, path) {
            return Answer::Respond(errors::response(path, Status(404), "not found"));
        }
        if path == "/metrics" {
            return Answer::Respond(self.metrics(turn, conn, request));
        }
        if let Some(answer) = self.hook(turn, conn, request) {
            return answer;
        }
        if is_api(path) || is_websocket(request) {
            return self.admit(turn, conn, request);
        }
        if let Some(response) = self.documents.respond(request) {
            return Answer::Respond(response);
        }
        let response = match assets::respond(request) {
            Some(response) => {
                let response = self.share(request, response, turn.is_secure(conn));
                self.with_canonical(path, response)
            }
            // §9.3.7: about the server in general.
            None if path == "*" => Response::new(Status(204)).with_header("Allow", "GET, HEAD"),
            None => errors::response(path, Status(404), "not found"),
        };
        Answer::Respond(response)
    }

    /// Refuses a request that is meant for another server, see [`super::hosts`].
    fn check_host(
        &mut self,
        turn: &Turn<'_>,
        conn: ConnId,
        request: &Request,
    ) -> Result<(), Response> {
        let host = request.host.as_str();
        if self.hosts.allow(host) || !(self.hosts.check_all() || turn.is_local(conn)) {
            return Ok(());
        }
        let line = hosts::refusal(host);
        if self.hosts.logs(turn.now().at) {
            let address = turn.address(conn).map(tracing::field::display);
            tracing::warn!(address, host = %Escaped(host), "refused: {line}");
        }
        Err(errors::response(&request.path, Status(421), &line))
    }

    /// Lets pages of allowed origins import the modules of the library.
    fn share(&self, request: &Request, mut response: Response, secure: bool) -> Response {
        let path = request.path.as_str();
        if !path.ends_with(".js") || path == "/sw.js" || path.starts_with("/v/") {
            return response;
        }
        let origins = request.headers("origin");
        let allowed = self.policy.check(origins, host_of(request), secure).is_ok();
        if let Some(origin) = request.header("origin").filter(|_| allowed) {
            response.headers.retain(|(name, _)| *name != CORP);
            response = response
                .with_header(CORP, "cross-origin")
                .with_header("Access-Control-Allow-Origin", origin.to_owned());
        }
        response.with_header("Vary", "Origin")
    }

    /// Names the public URL of a page, so that whoever saves or indexes it by another address links to
    /// that one.
    fn with_canonical(&self, path: &str, response: Response) -> Response {
        match &self.public_url {
            Some(url) if matches!(path, "/" | "/stats") => {
                let link = url.link(path);
                response.with_header("Link", format!("<{link}>; rel=\"canonical\""))
            }
            _ => response,
        }
    }

    /// Admits a request to the API or a WebSocket if its origin and its caller are allowed.
    fn admit(&mut self, turn: &mut Turn<'_>, conn: ConnId, request: &Request) -> Answer {
        let is_api = is_api(&request.path);
        let origin = request.header("origin");
        let secure = turn.is_secure(conn);
        let origins = request.headers("origin");
        if let Err(refused) = self.policy.check(origins, host_of(request), secure) {
            let address = turn.address(conn).map(tracing::field::display);
            let origin = Escaped(origin.unwrap_or_default());
            let host = Escaped(host_of(request).unwrap_or_default());
            tracing::warn!(address, %origin, %host, "refused: origin not allowed");
            let refusal = Refusal::new(Code::Forbidden, refused.to_string());
            self.counters.errors.add(refusal.code);
            return Answer::Respond(rejection(refusal, is_api, None));
        }
        if let (true, Err(early)) = (is_api, exchange::check_encoding(request)) {
            return Answer::Respond(exchange::with_api_headers(early.into_response(), origin));
        }
        if request.path == "/api/client" {
            let response =
                client_seen(turn, conn, request).unwrap_or_else(EarlyResponse::into_response);
            return Answer::Respond(exchange::with_api_headers(response, origin));
        }
        let caller = self.caller(turn.now(), request).and_then(|caller| {
            let author = match &caller.credential {
                Credential::Login(login) => Some(login.author),
                Credential::Nobody | Credential::Session(_) => None,
            };
            if !caller.admin {
                self.check_banned(turn.now(), turn.address(conn), author)?;
            }
            Ok(caller)
        });
        match caller {
            Err(refusal) => {
                self.counters.errors.add(refusal.code);
                Answer::Respond(rejection(refusal, is_api, origin))
            }
            Ok(caller) if request.streamed.is_some() => {
                self.upload(turn, conn, request, &caller.credential)
            }
            Ok(caller) if is_api => self.api(turn, conn, request, caller),
            Ok(_) if self.lifecycle.is_draining() => Answer::Respond(self.shutting_down()),
            Ok(_) => Answer::Upgrade { protocol: subprotocol(request) },
        }
    }

    /// Answers whether new clients can be served.
    fn ready(&self) -> Response {
        if self.lifecycle.is_draining() {
            return Response::text(Status(503), "draining");
        }
        if !self.journal.writable() {
            return Response::text(Status(503), "the journal cannot be written");
        }
        Response::text(Status(200), "ready")
    }
}

/// What the server sees of a client.
#[derive(JsonSchema, Serialize)]
pub(super) struct ClientSeen<'a> {
    /// Its IP address.
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    /// Whether it uses TLS.
    secure: bool,
    /// The host that it asked for.
    host: &'a str,
}

/// Returns what the server sees of a client, by which anybody can check the proxies in between.
fn client_seen(
    turn: &Turn<'_>,
    conn: ConnId,
    request: &Request,
) -> Result<Response, EarlyResponse> {
    exchange::check_method(request)?;
    let seen = ClientSeen {
        address: turn.address(conn).map(|address| address.to_string()),
        secure: turn.is_secure(conn),
        host: &request.host,
    };
    Ok(Response::json(Status(200), serde_json::json!(seen).to_string()))
}

/// Returns the response to a request that is not admitted; a page of `origin` may read it.
fn rejection(refusal: Refusal, is_api: bool, origin: Option<&str>) -> Response {
    if is_api {
        return exchange::with_api_headers(exchange::error_response(refusal), origin);
    }
    let status = exchange::status_of(refusal.code);
    let response = Response::text(status, &refusal.message);
    if status == Status(401) { exchange::with_challenge(response) } else { response }
}

const CORP: &str = "Cross-Origin-Resource-Policy";

/// Whether a path is that of the API or of a file, to which the same callers and pages are admitted.
fn is_api(path: &str) -> bool {
    path.starts_with("/api/") || path.starts_with("/files/")
}

/// Whether a request wants a WebSocket. Clients that are given no path ask for one at `/`.
fn is_websocket(request: &Request) -> bool {
    let path = request.path.as_str();
    let upgrades = || request.tokens("upgrade").any(|it| it.eq_ignore_ascii_case("websocket"));
    is_below(path, "/ws") || (path == "/" && upgrades())
}

/// Returns the response to GET, HEAD and OPTIONS, by which some proxies check; refuses other methods.
fn only_get(request: &Request, response: impl FnOnce() -> Response) -> Response {
    match request.method {
        Method::Get | Method::Head | Method::Options => response(),
        _ => Response::text(Status(405), "only GET and HEAD").with_header("Allow", "GET, HEAD"),
    }
}

/// Returns the first offered subprotocol that the server supports (RFC 6455 §4.2.2).
pub(super) fn subprotocol(request: &Request) -> Option<&'static str> {
    request
        .tokens("sec-websocket-protocol")
        .find_map(|offered| PROTOCOLS.into_iter().find(|known| *known == offered))
}

/// Returns the output form of a subprotocol.
pub(super) fn mode_of(protocol: &str) -> Option<OutputMode> {
    match protocol {
        "chat.v1" => Some(OutputMode::Json),
        "chat.text" => Some(OutputMode::Text),
        "chat.simple" => Some(OutputMode::Simple),
        _ => None,
    }
}

const PROTOCOLS: [&str; 3] = ["chat.v1", "chat.text", "chat.simple"];

/// Returns the host that a request is for, if it names one: that of an absolute target (RFC 9112
/// §3.2.2), else of the `Host` field.
fn host_of(request: &Request) -> Option<&str> {
    Some(request.host.as_str()).filter(|host| !host.is_empty())
}
