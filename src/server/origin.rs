//! Which web pages may talk to this server.
//!
//! Browsers let any page open a WebSocket to anywhere and send the user's cookies along; only the
//! server can refuse, by the `Origin` header (RFC 6455 §10.2). Pages served by this server may
//! connect, and those whose origin is on the list. Programs that are no browsers send no `Origin`
//! and may connect too: they carry nobody's cookies.

use std::fmt::{self, Display, Formatter};

use crate::config::{AllowedOrigin, Host, PublicUrl, WebOrigin};

/// The web pages that may connect.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    others: Vec<AllowedOrigin>,
}

/// Why a page may not connect, and which setting would allow it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Its origin is not allowed, for this value of `Host`.
    Foreign(WebOrigin, String),
    /// It has no usable origin: `null`, more than one, or a malformed one.
    Nameless,
}

impl Policy {
    /// Allows these origins beside the server's own, which is that of its public URL, too: a proxy
    /// may have replaced the host.
    pub fn new(mut others: Vec<AllowedOrigin>, public_url: Option<&PublicUrl>) -> Self {
        others.extend(public_url.map(|url| AllowedOrigin::Only(url.origin().clone())));
        Self { others }
    }

    /// Checks the values of all `Origin` headers against the `Host` header and the list. If the
    /// client uses TLS (`secure`), so must this server's own page: without it, anybody on its way may
    /// have changed it.
    pub fn check<'a>(
        &self,
        origins: impl IntoIterator<Item = &'a str>,
        host: Option<&str>,
        secure: bool,
    ) -> Result<(), Refused> {
        let mut origins = origins.into_iter();
        let Some(origin) = origins.next() else {
            return Ok(());
        };
        if self.others.contains(&AllowedOrigin::Any) {
            return Ok(());
        }
        let origin = WebOrigin::parse(origin).ok_or(Refused::Nameless)?;
        if origins.next().is_some() {
            return Err(Refused::Nameless);
        }
        let own = host.and_then(Host::parse).is_some_and(|host| origin.is_served_by(&host))
            && (origin.is_secure() || !secure);
        let listed =
            |other: &AllowedOrigin| matches!(other, AllowedOrigin::Only(other) if *other == origin);
        let foreign = |origin| Refused::Foreign(origin, host.unwrap_or_default().to_owned());
        if own || self.others.iter().any(listed) { Ok(()) } else { Err(foreign(origin)) }
    }
}

impl Display for Refused {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Foreign(origin, host) => write!(
                f,
                "pages of {origin} may not connect to {host}; start chinwag with --allow-origin \
                 {origin} to allow it, or have the proxy in between pass the Host header on"
            ),
            Self::Nameless => f.write_str(
                "pages without one plain origin may not connect; start chinwag with \
                 --allow-origin '*' to allow all",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Value;

    fn policy(others: &str) -> Policy {
        Policy::new(Vec::parse(others).expect(others), None)
    }

    fn allows(others: &str, origin: &str, host: &str) -> bool {
        policy(others).check([origin], Some(host), false).is_ok()
    }

    #[test]
    fn a_page_of_this_server_may_connect() {
        for (origin, host) in [
            ("http://127.0.0.1:8080", "127.0.0.1:8080"),
            ("http://localhost:8080", "localhost:8080"),
            ("http://chat.example", "chat.example"),
            ("http://chat.example", "chat.example:80"),
            ("http://chat.example:80", "chat.example"),
            // Behind a proxy that speaks TLS.
            ("https://chat.example", "chat.example"),
            ("https://chat.example", "chat.example:443"),
            ("https://chat.example:8443", "chat.example:8443"),
            ("HTTPS://CHAT.Example", "chat.EXAMPLE"),
            ("https://chat.example.", "chat.example"),
            ("https://chat.example", "chat.example.:443"),
            ("http://[::1]:8080", "[::1]:8080"),
            ("http://[::1]", "[0:0:0:0:0:0:0:1]:80"),
            ("http://[2001:DB8::1]", "[2001:db8::1]"),
        ] {
            assert!(allows("", origin, host), "{origin} on {host}");
        }
    }

    #[test]
    fn with_tls_an_origin_without_it_is_foreign() {
        let check = |origin| policy("").check([origin], Some("chat.example:8443"), true).is_ok();
        assert!(check("https://chat.example:8443"));
        assert!(!check("http://chat.example:8443"));
        let listed = policy("http://chat.example");
        assert!(listed.check(["http://chat.example"], Some("chat.example"), true).is_ok());
    }

    #[test]
    fn a_foreign_origin_may_not_connect() {
        for (origin, host) in [
            ("https://evil.example", "chat.example"),
            ("https://chat.example.evil.com", "chat.example"),
            ("https://evilchat.example", "chat.example"),
            ("https://sub.chat.example", "chat.example"),
            ("https://example", "chat.example"),
            ("http://127.0.0.1:8081", "127.0.0.1:8080"),
            ("http://localhost:8080", "127.0.0.1:8080"),
            // Port 80 is not the default of https.
            ("https://chat.example", "chat.example:80"),
            ("http://chat.example", "chat.example:443"),
            ("http://chat.example:8080", "chat.example"),
            ("null", "chat.example"),
            ("null", "null"),
            ("", ""),
            ("chat.example", "chat.example"),
            ("//chat.example", "chat.example"),
            ("https://", ""),
            ("https://chat.example/", "chat.example"),
            ("https://chat.example@evil.com", "chat.example"),
            ("https://evil.com#@chat.example", "chat.example"),
            ("https://chat.example:", "evil.com"),
            ("https://chat.example:99999", "chat.example:99999"),
            ("https://chat.example:+443", "chat.example"),
            ("https://chat.example, https://chat.example", "chat.example"),
            ("https://chat.example https://chat.example", "chat.example"),
            ("https://[::1", "[::1"),
            ("https://[::1]x", "[::1]x"),
            ("https://::1", "::1"),
            ("https://chat\u{212a}.example", "chatk.example"),
            ("https://chat.example..", "chat.example"),
            ("https://.", "."),
            ("file://chat.example", "chat.example"),
            ("chrome-extension://chat.example", "chat.example"),
            ("1http://chat.example", "chat.example"),
        ] {
            assert!(!allows("", origin, host), "{origin} on {host}");
        }
    }

    #[test]
    fn a_page_on_the_list_may_connect_and_its_neighbours_may_not() {
        let list =
            "https://app.example,http://localhost:3000,app://chinwag,https://dev.example:8443";
        for origin in [
            "https://app.example",
            "https://app.example:443",
            "https://APP.example.",
            "http://localhost:3000",
            "app://chinwag",
            "https://dev.example:8443",
            "https://chat.example",
        ] {
            assert!(allows(list, origin, "chat.example"), "{origin}");
        }
        for origin in [
            "http://app.example",
            "https://app.example:8443",
            "https://x.app.example",
            "http://localhost",
            "https://localhost:3000",
            "https://dev.example",
            "app://chinwag:1",
            "null",
        ] {
            assert!(!allows(list, origin, "chat.example"), "{origin}");
        }
    }

    #[test]
    fn a_page_of_the_public_url_may_connect_whatever_the_host() {
        let url = PublicUrl::parse("https://chat.example/talk").unwrap();
        let policy = Policy::new(Vec::new(), Some(&url));
        let check = |origin| policy.check([origin], Some("127.0.0.1:8080"), false).is_ok();
        assert!(check("https://chat.example") && check("http://127.0.0.1:8080"));
        assert!(!check("http://chat.example") && !check("https://evil.example"));
    }

    #[test]
    fn a_star_allows_every_page() {
        for origin in ["https://evil.example", "null", "", "garbage \u{7f}"] {
            assert!(allows("*", origin, "chat.example"), "{origin}");
        }
    }

    #[test]
    fn a_program_without_an_origin_may_connect() {
        assert_eq!(policy("").check([], Some("chat.example"), false), Ok(()));
        assert_eq!(policy("https://app.example").check([], None, false), Ok(()));
    }

    #[test]
    fn two_origins_or_no_host_are_refused() {
        let own = "http://chat.example";
        let refused = policy("").check([own, own], Some("chat.example"), false);
        assert_eq!(refused, Err(Refused::Nameless));
        assert!(policy("").check([own], None, false).is_err());
    }

    #[test]
    fn a_refusal_says_which_setting_would_allow_it() {
        let refused = policy("").check(["HTTPS://App.example:443"], Some("chat.example"), false);
        let text = refused.expect_err("refused").to_string();
        assert!(text.contains("--allow-origin https://app.example to"), "{text}");
        let refused = policy("").check(["null"], Some("chat.example"), false);
        let text = refused.expect_err("refused").to_string();
        assert!(text.contains("--allow-origin '*'"), "{text}");
    }
}
