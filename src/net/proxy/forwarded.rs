//! The headers of a proxy in each request: `X-Forwarded-For` and `X-Forwarded-Proto`.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// An `X-Forwarded-For` that names no client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BadForwardedFor;

impl fmt::Display for BadForwardedFor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("X-Forwarded-For names no client")
    }
}

impl std::error::Error for BadForwardedFor {}

/// Returns the client by the lines of `X-Forwarded-For`, in their order; `None` without a line.
///
/// Each proxy appends its peer's address. So they are read from the end, past those of trusted
/// proxies: whatever precedes the first that is not trusted may be forged. If all are trusted, the
/// client is the first.
///
/// # Errors
/// If an element that is reached is not an address, if there is none, or if there are too many
/// proxies.
pub fn forwarded_for<'a>(
    lines: impl Iterator<Item = &'a str>,
    trusts: impl Fn(IpAddr) -> bool,
) -> Result<Option<IpAddr>, BadForwardedFor> {
    let lines: Vec<&str> = lines.collect();
    let elements = lines.iter().rev().flat_map(|line| line.rsplit(','));
    // RFC 9110 §5.6.1.2: empty elements of a list do not count.
    let elements = elements.map(|it| it.trim_matches([' ', '\t'])).filter(|it| !it.is_empty());
    let mut first = None;
    for (proxies, element) in elements.enumerate() {
        let address = parse(element).filter(|_| proxies < PROXIES_MAX).ok_or(BadForwardedFor)?;
        if !trusts(address) {
            return Ok(Some(address));
        }
        first = Some(address);
    }
    if first.is_none() && !lines.is_empty() { Err(BadForwardedFor) } else { Ok(first) }
}

/// Whether the client uses TLS, according to the last element of `X-Forwarded-Proto`, which the
/// nearest proxy wrote; `None` without a line.
pub fn is_secure<'a>(lines: impl Iterator<Item = &'a str>) -> Option<bool> {
    let last = lines.last()?.rsplit(',').next().unwrap_or_default();
    Some(last.trim_matches([' ', '\t']).eq_ignore_ascii_case("https"))
}

/// Trusted proxies of one request at most; more are a loop or an attack.
const PROXIES_MAX: usize = 16;

/// Parses `1.2.3.4`, `1.2.3.4:567`, `::1`, `[::1]` or `[::1]:567`.
fn parse(element: &str) -> Option<IpAddr> {
    let bare = element.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let address = match bare {
        Some(bare) => IpAddr::V6(bare.parse().ok()?),
        None => match element.parse() {
            Ok(address) => address,
            Err(_) => element.parse::<SocketAddr>().ok()?.ip(),
        },
    };
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Trusts 10.0.0.0/8 and finds the client in these lines.
    fn found(lines: &[&str]) -> Result<Option<String>, BadForwardedFor> {
        let ten = |address: IpAddr| address.to_string().starts_with("10.");
        let client = forwarded_for(lines.iter().copied(), ten)?;
        Ok(client.map(|address| address.to_string()))
    }

    #[test]
    fn the_client_is_the_last_address_that_is_not_a_trusted_proxy() {
        for (lines, client) in [
            (&["192.0.2.1"][..], "192.0.2.1"),
            (&["203.0.113.9, 192.0.2.1"], "192.0.2.1"),
            (&["192.0.2.1, 10.0.0.1,10.0.0.2"], "192.0.2.1"),
            (&["203.0.113.9, 192.0.2.1", "10.0.0.1"], "192.0.2.1"),
            (&["192.0.2.1", "192.0.2.2"], "192.0.2.2"),
            (&["not an address, 192.0.2.1"], "192.0.2.1"),
            (&["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            (&["192.0.2.1,, ,\t", ","], "192.0.2.1"),
            (&["192.0.2.1:567"], "192.0.2.1"),
            (&["::1"], "::1"),
            (&["[::1]"], "::1"),
            (&["[::1]:5"], "::1"),
            (&["::ffff:192.0.2.1"], "192.0.2.1"),
            (&["[::ffff:192.0.2.1]:80"], "192.0.2.1"),
            (&["192.0.2.1, ::ffff:10.0.0.1"], "192.0.2.1"),
        ] {
            assert_eq!(found(lines), Ok(Some(client.to_owned())), "{lines:?}");
        }
        assert_eq!(found(&[]), Ok(None));
    }

    #[test]
    fn a_list_without_a_client_is_an_error() {
        for lines in [
            &[""][..],
            &[" , "],
            &["unknown"],
            &["192.0.2.1, _hidden"],
            &["chat.example, 10.0.0.1"],
            &["192.0.2.256"],
            &["192.0.2.1:"],
            &["192.0.2.1:65536"],
            &["192.0.2.1 192.0.2.2"],
            &["[192.0.2.1]"],
            &["[::1"],
            &["::1]:5"],
            &["\u{fffd}"],
        ] {
            assert_eq!(found(lines), Err(BadForwardedFor), "{lines:?}");
        }
    }

    #[test]
    fn the_number_of_proxies_is_limited() {
        let through =
            |proxies: usize| found(&[&format!("192.0.2.1{}", ",10.0.0.1".repeat(proxies))]);
        assert_eq!(through(PROXIES_MAX - 1), Ok(Some("192.0.2.1".to_owned())));
        assert_eq!(through(PROXIES_MAX), Err(BadForwardedFor));
        assert_eq!(through(1000), Err(BadForwardedFor));
    }

    #[test]
    fn the_nearest_proxy_decides_whether_the_client_is_secure() {
        for (lines, secure) in [
            (&["https"][..], Some(true)),
            (&["HTTPS"], Some(true)),
            (&["http, https"], Some(true)),
            (&["http", "https"], Some(true)),
            (&["https, http"], Some(false)),
            (&["https", "http"], Some(false)),
            (&["http"], Some(false)),
            (&["https,"], Some(false)),
            (&["wss"], Some(false)),
            (&[""], Some(false)),
            (&[], None),
        ] {
            assert_eq!(is_secure(lines.iter().copied()), secure, "{lines:?}");
        }
    }
}
