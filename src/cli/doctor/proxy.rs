//! Whether a chinwag answers, and what reaches it of a request.

use std::net::IpAddr;

use serde::Deserialize;

use super::connection::Reply;
use super::outcome::{Outcome, fail, pass};
use super::place::Place;

/// What the server sees of this client.
#[derive(Debug, Deserialize)]
pub(super) struct Seen {
    address: Option<IpAddr>,
    secure: bool,
    host: String,
    /// The address of this end of that connection.
    #[serde(skip)]
    own: Option<IpAddr>,
}

/// Checks that a chinwag answers.
///
/// # Errors
/// If none does, with what answers instead.
pub(super) fn server(place: &Place) -> Result<(), String> {
    let answer = place.ask("GET", "healthz", "", "");
    let reply = answer.map_err(|error| format!("{error}; {NO_CHINWAG}"))?;
    match reply.status {
        200 if reply.line() == "alive" => Ok(()),
        300..400 => {
            let to = reply.header("location").unwrap_or("elsewhere");
            Err(format!("it redirects to {to}; use the URL that the page has in the end"))
        }
        400 => Err(format!(
            "the answer is 400 {}; has the other one of http:// and https:// this port, or does the proxy send PROXY headers that the server does not wait for?",
            reply.line()
        )),
        502..=504 => Err(format!(
            "the proxy answers {}: it does not reach the server; does that run, at the address \
             that the proxy has, and is --proxy-protocol the same for both?",
            reply.status
        )),
        status => Err(format!("the answer to /healthz is {status}; {NO_CHINWAG}")),
    }
}

const NO_CHINWAG: &str = "this is no chinwag; are host, port and path those of its page?";

/// Asks the server what it sees.
///
/// # Errors
/// If it does not tell, with what to change.
pub(super) fn seen(place: &Place) -> Result<Seen, String> {
    let own = place.connect().ok().and_then(|connection| connection.own_ip());
    let reply = place.ask("GET", "api/client", "", "").map_err(|error| error.to_string())?;
    match (reply.status, serde_json::from_slice::<Seen>(&reply.body)) {
        (200, Ok(seen)) => Ok(Seen { own, ..seen }),
        (421, _) => Err(format!(
            "{}; start the server with --allow-host or --public-url for this name, or, behind a \
             proxy on its machine, with --trusted-proxy, and have the proxy pass on Host",
            why(&reply)
        )),
        _ => Err(format!(
            "the answer to /api/client is {}; does the proxy pass on all paths?",
            why(&reply)
        )),
    }
}

/// Returns the status of a refusal, and why, as far as that is told.
pub(super) fn why(reply: &Reply) -> String {
    let json = reply.json();
    let message = json.as_ref().and_then(|json| json["message"].as_str());
    format!("{} {}", reply.status, message.map_or_else(|| reply.line(), str::to_owned))
}

/// Checks that the host that was asked for is the one that the server was asked for.
pub(super) fn host(place: &Place, seen: &Seen) -> Outcome {
    let (asked, got) = (place.host(), &seen.host);
    if place.is_called(got) {
        return pass(format!("the server is asked for {got}"));
    }
    fail(format!(
        "{asked} is asked for, but the server gets {got}: have the proxy pass on Host (nginx: \
         proxy_set_header Host $http_host)"
    ))
}

/// Checks that the server knows whether the client uses TLS.
pub(super) fn scheme(place: &Place, seen: &Seen) -> Outcome {
    match (place.is_secure(), seen.secure) {
        (true, true) => pass("the server knows that this is https"),
        (false, false) => pass("the server knows that this is http"),
        (true, false) => fail(
            "the server takes this for http: have the proxy send X-Forwarded-Proto, and name the \
             proxy with --trusted-proxy",
        ),
        (false, true) => fail(
            "the server takes this for https: have the proxy set X-Forwarded-Proto to the scheme \
             of the request",
        ),
    }
}

/// Checks that the server sees this client, and not a proxy.
pub(super) fn address(place: &Place, seen: &Seen) -> Outcome {
    let Some(address) = seen.address.map(|address| address.to_canonical()) else {
        return fail("the server sees no address");
    };
    judge(address, seen.own, place.ip())
}

/// Judges the address that the server sees, given that of this end and the one that was dialled.
fn judge(seen: IpAddr, own: Option<IpAddr>, dialled: IpAddr) -> Outcome {
    let all_the_same = |whose: &str| {
        fail(format!(
            "the server sees {seen}, {whose}, for every client: name the proxy with \
             --trusted-proxy, and have it send X-Forwarded-For"
        ))
    };
    match own {
        Some(own) if own == seen => pass(format!("the server sees {seen}, as here")),
        _ if seen.is_loopback() => all_the_same("its own machine"),
        _ if seen == dialled => all_the_same("the proxy"),
        _ if is_private(seen) && !is_private(dialled) => all_the_same("a private address"),
        Some(own) => pass(format!("the server sees {seen}, which is {own} here")),
        None => pass(format!("the server sees {seen}")),
    }
}

/// Whether an address is of no use in the Internet (RFC 1918, RFC 6598, RFC 4193, loopback).
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            let shared = a == 100 && (64..128).contains(&b);
            v4.is_private() || v4.is_loopback() || v4.is_link_local() || shared
        }
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_all_clients_would_have_is_found_out() {
        for (seen, own, dialled, passes) in [
            ("127.67.72.87", "127.67.72.87", "127.0.0.1", true),
            ("127.0.0.1", "127.67.72.87", "127.0.0.1", false),
            ("::1", "192.0.2.7", "198.51.100.1", false),
            ("198.51.100.1", "192.0.2.7", "198.51.100.1", false),
            ("10.0.0.2", "192.0.2.7", "198.51.100.1", false),
            ("100.64.0.2", "192.0.2.7", "198.51.100.1", false),
            ("fd00::7", "2001:db8::7", "2001:db8::1", false),
            // A network address is translated on the way.
            ("203.0.113.9", "192.168.1.7", "198.51.100.1", true),
            ("192.168.1.7", "192.168.1.7", "192.168.1.1", true),
            ("192.168.1.9", "10.1.1.1", "192.168.1.1", true),
        ] {
            let parse = |text: &str| text.parse().expect("an address");
            let outcome = judge(parse(seen), Some(parse(own)), parse(dialled));
            assert_eq!(matches!(outcome, Outcome::Pass(_)), passes, "{seen} {own} {outcome:?}");
        }
    }
}
