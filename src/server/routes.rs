//! Routing requests: the page's files, health checks, the HTTP API and WebSockets.

use super::log::Escaped;
use super::{Server, exchange};
use crate::assets;
use crate::chat::{Code, OutputMode, Refusal};
use crate::http::{Method, Request, Response, Status};
use crate::net::{ConnId, Turn};
use crate::ws::Answer;

impl Server {
    /// Answers a request.
    pub(super) fn route(&mut self, turn: &mut Turn<'_>, conn: ConnId, request: &Request) -> Answer {
        let path = request.path.as_str();
        if path.starts_with("/api/") || path == "/ws" || path.starts_with("/ws/") {
            return self.admit(turn, conn, request);
        }
        let response = match path {
            "/healthz" => only_get(request, || Response::text(Status(200), "alive")),
            "/readyz" => only_get(request, || self.ready()),
            _ => {
                assets::respond(request).unwrap_or_else(|| Response::text(Status(404), "not found"))
            }
        };
        Answer::Respond(response)
    }

    /// Admits a request to the API or a WebSocket if its origin and its caller are allowed.
    fn admit(&mut self, turn: &mut Turn<'_>, conn: ConnId, request: &Request) -> Answer {
        let is_api = request.path.starts_with("/api/");
        let origin = request.header("origin");
        if let Err(refused) = self.policy.check(request.headers("origin"), request.header("host")) {
            let address = turn.address(conn).map(tracing::field::display);
            let origin = Escaped(origin.unwrap_or_default());
            tracing::warn!(address, %origin, "refused: origin not allowed");
            let refusal = Refusal::new(Code::Forbidden, refused.to_string());
            return Answer::Respond(rejection(refusal, is_api, None));
        }
        match self.caller(turn.now(), request) {
            Err(refusal) => Answer::Respond(rejection(refusal, is_api, origin)),
            Ok(caller) if is_api => self.api(turn, conn, request, caller),
            Ok(_) if self.draining => {
                Answer::Respond(Response::text(Status(503), "the server is shutting down"))
            }
            Ok(_) => Answer::Upgrade { protocol: subprotocol(request) },
        }
    }

    /// Answers whether new clients can be served.
    fn ready(&self) -> Response {
        if self.draining {
            return Response::text(Status(503), "draining");
        }
        if !self.journal.writable() {
            return Response::text(Status(503), "the journal cannot be written");
        }
        Response::text(Status(200), "ready")
    }
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

/// Returns the response to GET and HEAD, and refuses other methods.
fn only_get(request: &Request, response: impl FnOnce() -> Response) -> Response {
    match request.method {
        Method::Get | Method::Head => response(),
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
