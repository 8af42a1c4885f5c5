//! Networks, and trusted proxies.

use std::fmt;
use std::net::IpAddr;

/// A network: the addresses with a common prefix. IPv4-mapped IPv6 addresses (`::ffff:192.0.2.1`)
/// are IPv4 addresses here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    first: IpAddr,
    /// The length of the prefix in bits: at most 32 or 128.
    prefix: u8,
}

impl Network {
    /// Returns the network of a prefix; `None` if the prefix is too long, or if `first` has bits set
    /// behind it.
    pub fn new(first: IpAddr, prefix: u8) -> Option<Self> {
        let canonical = first.to_canonical();
        let mapped = first.is_ipv6() && canonical.is_ipv4();
        let network = match prefix.checked_sub(MAPPED_PREFIX) {
            Some(prefix) if mapped => Self { first: canonical, prefix },
            // Only part of it is IPv4-mapped.
            None if mapped => return None,
            _ => Self { first, prefix },
        };
        let sound = network.prefix <= network.width() && bits(network.first) & !network.mask() == 0;
        sound.then_some(network)
    }

    /// Returns the network of one address.
    pub fn single(address: IpAddr) -> Self {
        let first = address.to_canonical();
        Self { first, prefix: if first.is_ipv4() { 32 } else { 128 } }
    }

    /// Whether the network contains all addresses of its kind.
    pub fn is_all(self) -> bool {
        self.prefix == 0
    }

    /// Whether the network contains an address.
    pub fn contains(self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let differs = (bits(address) ^ bits(self.first)) & self.mask();
        address.is_ipv4() == self.first.is_ipv4() && differs == 0
    }

    fn width(self) -> u8 {
        if self.first.is_ipv4() { 32 } else { 128 }
    }

    fn mask(self) -> u128 {
        let shift = 128_u32.saturating_sub(self.prefix.into());
        u128::MAX.checked_shl(shift).unwrap_or(0)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.first.fmt(f)?;
        if self.prefix == self.width() { Ok(()) } else { write!(f, "/{}", self.prefix) }
    }
}

/// Bits of the prefix of IPv4-mapped addresses (RFC 4291 §2.5.5.2).
const MAPPED_PREFIX: u8 = 96;

/// Returns the bits of an address, left-aligned.
fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u128::from(v4.to_bits()) << 96,
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

/// An entry of the list of trusted proxies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trusted {
    /// This machine.
    Loopback,
    /// Private networks (RFC 1918, RFC 4193).
    Private,
    /// Everybody.
    Any,
    /// This network.
    Network(Network),
}

impl Trusted {
    /// Whether the proxy at this address is trusted.
    pub fn contains(self, address: IpAddr) -> bool {
        match self {
            Self::Loopback => address.to_canonical().is_loopback(),
            Self::Private => match address.to_canonical() {
                IpAddr::V4(v4) => v4.is_private(),
                IpAddr::V6(v6) => v6.is_unique_local(),
            },
            Self::Any => true,
            Self::Network(network) => network.contains(address),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(first: &str, prefix: u8) -> Option<Network> {
        Network::new(first.parse().expect("an address"), prefix)
    }

    #[test]
    fn a_network_contains_the_addresses_with_its_prefix() {
        for (first, prefix, within, without) in [
            ("10.0.0.0", 8, "10.255.0.1", "11.0.0.0"),
            ("10.0.0.0", 8, "::ffff:10.1.2.3", "a00::"),
            ("192.0.2.128", 25, "192.0.2.128", "192.0.2.127"),
            ("192.0.2.1", 32, "192.0.2.1", "192.0.2.0"),
            ("0.0.0.0", 0, "255.1.2.3", "::1"),
            ("2001:db8::", 32, "2001:db8:ffff::1", "2001:db9::"),
            ("2001:db8::8000", 113, "2001:db8::ffff", "2001:db8::7fff"),
            ("::1", 128, "::1", "::2"),
            ("::", 0, "ffff::", "1.2.3.4"),
            ("::", 0, "::", "::ffff:1.2.3.4"),
            ("::ffff:10.0.0.0", 104, "10.1.1.1", "11.1.1.1"),
            ("::ffff:0.0.0.0", 96, "::ffff:1.1.1.1", "::1.1.1.1"),
        ] {
            let network = network(first, prefix).expect(first);
            assert!(network.contains(within.parse().expect(within)), "{network} {within}");
            assert!(!network.contains(without.parse().expect(without)), "{network} {without}");
        }
    }

    #[test]
    fn bits_behind_the_prefix_are_refused() {
        for (first, prefix) in [
            ("10.0.0.1", 8),
            ("10.0.0.0", 33),
            ("0.0.0.0", 128),
            ("2001:db8::1", 64),
            ("::", 129),
            ("::ffff:10.0.0.0", 95),
            ("::ffff:10.0.0.0", 102),
            ("::ffff:0.0.0.0", 129),
        ] {
            assert_eq!(network(first, prefix), None, "{first}/{prefix}");
        }
    }

    #[test]
    fn a_network_is_formatted_as_it_is_written() {
        for (first, prefix, text) in [
            ("10.0.0.0", 8, "10.0.0.0/8"),
            ("192.0.2.1", 32, "192.0.2.1"),
            ("2001:db8::", 32, "2001:db8::/32"),
            ("::1", 128, "::1"),
            ("::ffff:10.0.0.0", 104, "10.0.0.0/8"),
        ] {
            assert_eq!(network(first, prefix).expect(first).to_string(), text);
        }
        let mapped = Network::single("::ffff:192.0.2.1".parse().expect("an address"));
        assert_eq!(mapped.to_string(), "192.0.2.1");
    }

    #[test]
    fn private_is_the_private_networks_and_any_is_everybody() {
        for (address, private) in [
            ("10.1.2.3", true),
            ("172.16.0.1", true),
            ("172.31.255.255", true),
            ("192.168.1.1", true),
            ("::ffff:192.168.1.1", true),
            ("fd00::1", true),
            ("172.32.0.1", false),
            ("127.0.0.1", false),
            ("169.254.1.1", false),
            ("192.0.2.1", false),
            ("fe80::1", false),
            ("2001:db8::1", false),
        ] {
            let address = address.parse().expect(address);
            assert_eq!(Trusted::Private.contains(address), private, "{address}");
            assert!(Trusted::Any.contains(address));
        }
    }

    #[test]
    fn loopback_is_this_machine() {
        for (address, trusted) in
            [("127.0.0.1", true), ("127.9.9.9", true), ("::1", true), ("::ffff:127.0.0.1", true)]
                .into_iter()
                .chain([("128.0.0.1", false), ("::2", false)])
        {
            assert_eq!(Trusted::Loopback.contains(address.parse().expect(address)), trusted);
        }
    }
}
