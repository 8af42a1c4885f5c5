//! Addresses that hooks may send to: public ones, and those that the operator lists.
//!
//! A listed name must lead to a public address, whatever its domain says when it is asked, so that
//! nobody reaches this machine or its network by a name (SSRF, DNS rebinding). The connection is made
//! to the address that was checked.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs as _};

use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

/// The resolver of targets. It blocks for as long as the one of the system does.
#[derive(Debug)]
pub(super) struct PublicAddresses;

impl Resolver for PublicAddresses {
    fn resolve(&self, uri: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let (host, scheme) = uri.host().zip(uri.scheme_str()).ok_or(Error::HostNotFound)?;
        let port = uri.port_u16().unwrap_or(if scheme == "https" { 443 } else { 80 });
        let mut found = self.empty();
        if let Some(address) = literal(host) {
            found.push(SocketAddr::new(address, port));
            return Ok(found);
        }
        let all = (host, port).to_socket_addrs()?;
        for address in all.filter(|it| is_public(it.ip())).take(ADDRESSES_MAX) {
            found.push(address);
        }
        if found.is_empty() { Err(Error::HostNotFound) } else { Ok(found) }
    }
}

/// Addresses of a host that are tried.
const ADDRESSES_MAX: usize = 4;

/// Returns the address that a host is, if it is no name.
pub(super) fn literal(host: &str) -> Option<IpAddr> {
    match host.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']')?.parse().ok().map(IpAddr::V6),
        None => host.parse().ok().map(IpAddr::V4),
    }
}

/// Whether an address is that of a host on the Internet.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// Whether an IPv4 address is none of the special ones (RFC 6890).
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = match (a, b, c) {
        // This network, private, loopback.
        (0 | 10 | 127, ..) => true,
        // Shared by the customers of a provider.
        (100, 64..128, _) => true,
        (169, 254, _) | (172, 16..32, _) | (192, 168, _) => true,
        // Protocols, documentation, 6to4 relays, benchmarks.
        (192, 0, 0 | 2) | (192, 88, 99) | (198, 18 | 19, _) => true,
        (198, 51, 100) | (203, 0, 113) => true,
        // Multicast and reserved.
        (224.., ..) => true,
        _ => false,
    };
    !is_special
}

/// Whether an IPv6 address is a global one that leads to no other network than it says.
fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(mapped) = address.to_ipv4_mapped() {
        return is_public_v4(mapped);
    }
    match address.segments() {
        // NAT64: what a provider's gateway makes of IPv4.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            let [[a, b], [c, d]] = [high, low].map(u16::to_be_bytes);
            is_public_v4(Ipv4Addr::new(a, b, c, d))
        }
        // Protocols, Teredo among them; documentation; 6to4.
        [0x2001, second, ..] => second >= 0x200 && second != 0xdb8,
        [0x2002 | 0x3fff, ..] => false,
        [first, ..] => (0x2000..0x4000).contains(&first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hosts_on_the_internet_are_public() {
        for address in [
            "1.1.1.1",
            "100.63.0.1",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2001:4860:4860::8888",
            "64:ff9b::101:101",
            "::ffff:1.1.1.1",
        ] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "3fff::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
    }

    fn resolved(uri: &str) -> Result<Vec<SocketAddr>, Error> {
        let uri = uri.parse().unwrap();
        let found = PublicAddresses.resolve(&uri, &Config::default(), NextTimeout::default());
        found.map(|found| found.iter().copied().collect())
    }

    #[test]
    fn a_name_that_leads_to_a_private_address_is_refused_and_a_listed_address_is_not() {
        for uri in ["https://localhost/", "http://localhost:8000/", "http://127.1/", "http://0/"] {
            assert!(resolved(uri).is_err(), "{uri}");
        }
        for (uri, address) in [
            ("http://127.0.0.1:8000/", "127.0.0.1:8000"),
            ("https://127.0.0.1/", "127.0.0.1:443"),
            ("http://[::1]/", "[::1]:80"),
        ] {
            assert_eq!(resolved(uri).unwrap(), [address.parse().unwrap()], "{uri}");
        }
    }
}
