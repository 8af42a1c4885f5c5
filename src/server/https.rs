//! The way to HTTPS: redirects, and the header that makes browsers remember it.

use std::net::Ipv4Addr;

use crate::config::Host;
use crate::http::{Method, Request, Response, Status};
use crate::net::ListenerId;

/// How this server is reached by HTTPS.
#[derive(Debug, Default)]
pub(super) struct Https {
    /// The sockets that redirect; none if this server has no TLS of its own.
    redirects: Vec<ListenerId>,
    /// The port to redirect to.
    port: u16,
}

impl Https {
    pub(super) fn new(redirects: Vec<ListenerId>, port: u16) -> Self {
        Self { redirects, port }
    }

    /// Whether requests by this socket are redirected.
    pub(super) fn redirects(&self, listener: Option<ListenerId>) -> bool {
        listener.is_some_and(|listener| self.redirects.contains(&listener))
    }

    /// Redirects a request (RFC 9110 §15.4): for good, and with its method and body.
    pub(super) fn redirect(&self, request: &Request) -> Response {
        let Some(host) = Host::parse(&request.host).filter(|_| request.path.starts_with('/'))
        else {
            return Response::text(Status(400), "this port only redirects to https://")
                .with_close();
        };
        let port = if self.port == 443 { String::new() } else { format!(":{}", self.port) };
        let query = if request.query.is_empty() { "" } else { "?" };
        let (name, path) = (host.name(), &request.path);
        let location = format!("https://{name}{port}{path}{query}{}", request.query);
        // Clients may turn any other method into GET if they get 301 (§15.4.2).
        let status = match request.method {
            Method::Get | Method::Head => Status(301),
            _ => Status(308),
        };
        Response::text(status, &location).with_header("Location", location.clone())
    }

    /// Adds HSTS (RFC 6797) to the response to a secure request, if this server also redirects.
    pub(super) fn mark(&self, request: &Request, response: Response) -> Response {
        if self.redirects.is_empty() || !is_public_name(&request.host) {
            return response;
        }
        response.with_header("Strict-Transport-Security", "max-age=63072000")
    }
}

/// Whether an authority is a name that a browser may remember: not an address (§8.3), and not
/// `localhost`, where other programs may serve without TLS.
fn is_public_name(authority: &str) -> bool {
    let Some(host) = Host::parse(authority) else { return false };
    let name = host.name();
    let is_address = name.starts_with('[') || name.parse::<Ipv4Addr>().is_ok();
    !is_address && name != "localhost" && !name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_beyond_this_machine_are_remembered_by_browsers() {
        for host in ["chat.example", "CHAT.example.:8443", "localhost.example"] {
            assert!(is_public_name(host), "{host}");
        }
        for host in ["", "localhost", "chat.localhost:1", "127.0.0.1:8443", "[::1]", "a b"] {
            assert!(!is_public_name(host), "{host}");
        }
    }
}
