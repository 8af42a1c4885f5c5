//! What is answered over plain HTTP, and who may open a WebSocket.

use super::Server;
use super::log::Escaped;
use crate::assets;

use crate::chat::Form;
use crate::http::{Method, Request, Response, Status};
use crate::net::{ConnId, Turn};
use crate::ws::Answer;

impl Server {
    /// Decides on a request.
    pub(super) fn route(&mut self, turn: &mut Turn<'_>, conn: ConnId, request: &Request) -> Answer {
        let path = request.path.as_str();
        if path.starts_with("/api/") {
            return self.api(turn, conn, request);
        }
        if path == "/ws" || path.starts_with("/ws/") {
            return self.route_websocket(turn, conn, request);
        }
        let response = match path {
            "/healthz" => only_get(request, || Response::text(Status(200), "alive")),
            "/readyz" => only_get(request, || self.ready()),
            _ => assets::respond(request)
                .unwrap_or_else(|| Response::text(Status(404), "there is nothing here")),
        };
        Answer::Respond(response)
    }

    fn route_websocket(&self, turn: &Turn<'_>, conn: ConnId, request: &Request) -> Answer {
        let origins = request.headers("origin");
        if let Err(refused) = self.policy.check(origins, request.header("host")) {
            let origin = request.header("origin").unwrap_or_default();
            let address = turn.address(conn).map(tracing::field::display);
            tracing::warn!(address, origin = %Escaped(origin), "refused: foreign origin");
            return Answer::Respond(Response::text(Status(403), &refused.to_string()));
        }
        if self.draining {
            return Answer::Respond(Response::text(Status(503), "this server is about to end"));
        }
        Answer::Upgrade { protocol: subprotocol(request) }
    }

    /// Says whether new clients are welcome and can be served.
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

fn only_get(request: &Request, answer: impl FnOnce() -> Response) -> Response {
    match request.method {
        Method::Get | Method::Head => answer(),
        _ => Response::text(Status(405), "only GET and HEAD").with_header("Allow", "GET, HEAD"),
    }
}

/// Gives the first sub-protocol offered that this server speaks (RFC 6455 §4.2.2).
pub(super) fn subprotocol(request: &Request) -> Option<&'static str> {
    request
        .tokens("sec-websocket-protocol")
        .find_map(|offered| PROTOCOLS.into_iter().find(|known| *known == offered))
}

/// Gives the output form that a sub-protocol stands for.
pub(super) fn form_of(protocol: &str) -> Option<Form> {
    match protocol {
        "chat.v1" => Some(Form::Json),
        "chat.text" => Some(Form::Text),
        "chat.simple" => Some(Form::Simple),
        _ => None,
    }
}

const PROTOCOLS: [&str; 3] = ["chat.v1", "chat.text", "chat.simple"];
