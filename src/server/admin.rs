//! What is for those who run the server: who may see it, and at which address.
//!
//! With an address of its own (`--admin-listen`), there is nothing of it at the others; whoever
//! reaches that address may see the metrics. The routes of administration are those below
//! `/api/users` and `/api/admin`; they need an administrator's token at either address.

use super::exchange::network;
use super::operations::{ADMIN, USERS, is_below};
use super::{Server, errors, metrics};
use crate::chat::{ClientEvent, Code, Command, Refusal};
use crate::http::{Method, Request, Response, Status};
use crate::net::{ConnId, Turn};

impl Server {
    /// Whether a path is served to a connection, given the address that it was made to.
    pub(super) fn serves_here(&self, turn: &Turn<'_>, conn: ConnId, path: &str) -> bool {
        !is_for_admins(path) || self.is_for_admins(turn, conn)
    }

    /// Refuses an event that is not for the address that its connection was made to.
    pub(super) fn for_this_address(
        &self,
        turn: &Turn<'_>,
        conn: ConnId,
        event: ClientEvent,
    ) -> Result<ClientEvent, Refusal> {
        if matches!(event.command, Command::Stats { .. }) && !self.is_for_admins(turn, conn) {
            let refusal = Refusal::new(Code::Forbidden, "statistics are for administrators");
            return Err(refusal.re(event.id));
        }
        Ok(event)
    }

    /// Whether the address that a connection was made to is for administrators.
    fn is_for_admins(&self, turn: &Turn<'_>, conn: ConnId) -> bool {
        !self.has_admin_address || turn.is_direct(conn)
    }

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

    /// Whether the sender of a request may see how the server does: whoever reaches the address for
    /// administrators; without one, a program on this machine that was not passed on by a proxy, and
    /// an administrator.
    fn may_watch(&self, turn: &Turn<'_>, conn: ConnId, request: &Request) -> bool {
        if self.has_admin_address {
            return self.is_for_admins(turn, conn);
        }
        let passed_on = FORWARDING.iter().any(|name| request.header(name).is_some());
        (turn.is_loopback(conn) && !passed_on)
            || self.caller(turn.now(), request).is_ok_and(|caller| caller.admin)
    }
}

/// Whether a path is for administrators.
fn is_for_admins(path: &str) -> bool {
    ["/metrics", "/stats", "/api/stats", USERS, ADMIN].iter().any(|top| is_below(path, top))
}

/// The headers by which proxies say that they pass a request on.
const FORWARDING: [&str; 6] =
    ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"];

fn too_often(refusal: &Refusal) -> Response {
    let wait_s = refusal.retry_after_ms.unwrap_or_default().div_ceil(1000).max(1);
    Response::text(Status(429), &refusal.message).with_header("Retry-After", wait_s.to_string())
}
