//! Which names this server may be reached by.
//!
//! A page of any site can have its own name point to this machine (DNS rebinding). Its requests then
//! have an `Origin` that equals their `Host`, and only that name shows that they are not meant for
//! this server.

use std::net::Ipv4Addr;
use std::time::Duration;

use crate::clock::Moment;
use crate::config::{AllowedHost, Host, PublicUrl};

/// How often a refusal is logged at most.
const LOGGED_EVERY: Duration = Duration::from_secs(60);

/// Decides by host.
#[derive(Debug)]
pub(super) struct Hosts {
    allowed: Vec<AllowedHost>,
    /// The host of the public URL.
    public: Option<String>,
    /// From when on a refusal is logged again.
    log_from: Moment,
}

impl Hosts {
    /// Allows these names, and that of the public URL, beside those of this machine.
    pub(super) fn new(allowed: Vec<AllowedHost>, public_url: Option<&PublicUrl>) -> Self {
        let public = public_url.map(|url| url.origin().host_name().to_owned());
        Self { allowed, public, log_from: Moment::default() }
    }

    /// Whether connections from elsewhere than this machine are checked, too.
    pub(super) fn check_all(&self) -> bool {
        !self.allowed.is_empty()
    }

    /// Whether a request for this authority is meant for this server: a name on the list, an address
    /// or `localhost`, which nobody else can have point here, or none, as in HTTP/1.0.
    pub(super) fn allow(&self, authority: &str) -> bool {
        if authority.is_empty() {
            return true;
        }
        let Some(host) = Host::parse(authority) else { return false };
        let name = host.name();
        name.starts_with('[')
            || name.parse::<Ipv4Addr>().is_ok()
            || name == "localhost"
            || name.ends_with(".localhost")
            || self.public.as_deref() == Some(name)
            || self.allowed.iter().any(|allowed| allowed.0 == name)
    }

    /// Whether to log a refusal.
    pub(super) fn logs(&mut self, now: Moment) -> bool {
        let due = self.log_from <= now;
        if due {
            self.log_from = now.after(LOGGED_EVERY);
        }
        due
    }
}

/// Returns what is wrong with a name, and which setting would allow it.
pub(super) fn refusal(authority: &str) -> String {
    let name =
        Host::parse(authority).map_or_else(|| authority.to_owned(), |it| it.name().to_owned());
    format!(
        "this server is not called {name}; start chinwag with --allow-host {name} to allow it, or \
         with --trusted-proxy if a proxy on this machine passes it on"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Value;

    fn hosts(allowed: &str) -> Hosts {
        Hosts::new(Vec::parse(allowed).expect(allowed), None)
    }

    #[test]
    fn names_that_only_this_machine_has_are_allowed() {
        for host in [
            "",
            "127.0.0.1",
            "127.0.0.1:8080",
            "192.0.2.7:99",
            "[::1]",
            "[2001:db8::1]:8080",
            "localhost",
            "LOCALHOST:80",
            "localhost.",
            "chat.localhost:8080",
        ] {
            assert!(hosts("").allow(host), "{host}");
        }
        for host in [
            "evil.test",
            "evil.test:8080",
            "127.0.0.1.evil.test",
            "localhost.evil.test",
            "notlocalhost",
            "[evil",
            "1.2.3",
            "a:b",
        ] {
            assert!(!hosts("").allow(host), "{host}");
        }
    }

    #[test]
    fn names_on_the_list_are_allowed_at_any_port() {
        let hosts = hosts("chat.example,Other.Example");
        for host in ["chat.example", "CHAT.example:81", "chat.example.", "other.example"] {
            assert!(hosts.allow(host), "{host}");
        }
        for host in ["example", "x.chat.example", "chat.example.evil.test"] {
            assert!(!hosts.allow(host), "{host}");
        }
    }

    #[test]
    fn a_refusal_is_logged_once_a_minute() {
        let mut hosts = hosts("");
        let logged = [0, 1, 59_999, 60_000, 61_000, 120_000];
        assert_eq!(
            logged.map(|ms| hosts.logs(Moment::from_millis(ms))),
            [true, false, false, true, false, true]
        );
    }
}
