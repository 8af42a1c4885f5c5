//! What is for those who run the server: who may see it, and its routes.

use super::exchange::network;
use super::{Server, errors, metrics};
use crate::chat::Refusal;
use crate::http::{Method, Request, Response, Status};
use crate::net::{ConnId, Turn};

impl Server {
    /// Answers `/metrics`. To those who may not see it there is no such path.
    pub(super) fn metrics(&mut self, turn: &Turn<'_>, conn: ConnId, request: &Request) -> Response {
        if !self.may_watch(turn, conn, request) {
            return errors::response(&request.path, Status(404), "not found");
        }
        if !matches!(request.method, Method::Get | Method::Head) {
            let refusal = Response::text(Status(405), "only GET and HEAD");
            return refusal.with_header("Allow", "GET, HEAD");
        }
        if let Err(refusal) = self.chat.charge_request(turn.now(), network(turn, conn)) {
            return too_often(&refusal);
        }
        metrics::respond(self, turn, request)
    }

    /// Whether the sender of a request may see how the server does: a program on this machine that
    /// was not passed on by a proxy, or an administrator.
    fn may_watch(&self, turn: &Turn<'_>, conn: ConnId, request: &Request) -> bool {
        let passed_on = FORWARDING.iter().any(|name| request.header(name).is_some());
        (turn.is_loopback(conn) && !passed_on)
            || self.caller(turn.now(), request).is_ok_and(|caller| caller.admin)
    }
}

/// The headers by which proxies say that they pass a request on.
const FORWARDING: [&str; 6] =
    ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"];

fn too_often(refusal: &Refusal) -> Response {
    let wait_s = refusal.retry_after_ms.unwrap_or_default().div_ceil(1000).max(1);
    Response::text(Status(429), &refusal.message).with_header("Retry-After", wait_s.to_string())
}
