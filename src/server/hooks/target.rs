//! Targets of outgoing hooks: URLs on hosts that the operator lists.

use ureq::http::Uri;

use crate::config::{HookHost, Host};

/// A URL that may be sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) uri: Uri,
    /// Its host and port, by which deliveries are spread over threads.
    pub(super) authority: String,
}

impl Target {
    /// Parses a URL and looks its host up in the list. Plain HTTP goes to addresses only: they are on
    /// a network that the operator named.
    pub(super) fn parse(url: &str, allow: &[HookHost]) -> Result<Self, String> {
        const FORM: &str = "url: https://HOST[:PORT]/PATH is expected";
        if url.len() > URL_BYTES_MAX || !url.is_ascii() || url.contains('#') {
            return Err(format!("{FORM}, of at most {URL_BYTES_MAX} bytes"));
        }
        let uri: Uri = url.parse().map_err(|_| FORM.to_owned())?;
        let (scheme, authority) =
            uri.scheme_str().zip(uri.authority()).ok_or_else(|| FORM.to_owned())?;
        let default_port = match scheme {
            "https" => 443,
            "http" => 80,
            _ => return Err(FORM.to_owned()),
        };
        let host = Host::parse(authority.as_str()).ok_or_else(|| FORM.to_owned())?;
        let port = host.port().unwrap_or(default_port);
        let is_listed = |HookHost(listed): &HookHost| {
            listed.name() == host.name() && listed.port().unwrap_or(default_port) == port
        };
        if !allow.iter().any(is_listed) {
            return Err(
                "url: this server sends nothing to that host; its operator can allow it by \
                        --hook-allow"
                    .to_owned(),
            );
        }
        if scheme == "http" && super::address::literal(host.name()).is_none() {
            return Err("url: https is expected, but for an address".to_owned());
        }
        let authority = format!("{}:{port}", host.name());
        Ok(Self { uri, authority })
    }
}

/// Bytes of a URL; a longer one is refused.
const URL_BYTES_MAX: usize = 2048;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Value as _;

    #[test]
    fn only_listed_hosts_are_targets() {
        let allow = ["hooks.example", "bot.example:8443", "10.0.0.7:8000", "[fd00::7]"];
        let allow: Vec<HookHost> = allow.iter().map(|it| HookHost::parse(it).unwrap()).collect();
        for url in [
            "https://hooks.example/a?b=c",
            "https://HOOKS.example.",
            "https://hooks.example:443/",
            "https://bot.example:8443/",
            "http://10.0.0.7:8000/x",
            "https://10.0.0.7:8000/x",
            "http://[fd00:0::7]/",
            "https://[fd00::7]/",
        ] {
            assert!(Target::parse(url, &allow).is_ok(), "{url}");
        }
        for url in [
            "",
            "hooks.example",
            "/hooks.example",
            "ftp://hooks.example/",
            "http://hooks.example/",
            "https://hooks.example:8443/",
            "https://bot.example/",
            "https://other.example/",
            "https://xhooks.example/",
            "https://hooks.example@other.example/",
            "https://a:b@hooks.example/",
            "https://other.example#@hooks.example/",
            "https://hooks.example\\@other.example/",
            "http://10.0.0.7/",
            "http://10.0.0.8:8000/",
            "http://012.0.0.7:8000/",
            "https://hooks.example /",
            "https://hooks.example/\n",
            "https://hooks.example/\u{e9}",
            "https://hooks.example/\u{202e}x",
            &format!("https://hooks.example/{}", "x".repeat(2048)),
        ] {
            assert!(Target::parse(url, &allow).is_err(), "{url}");
        }
    }
}
