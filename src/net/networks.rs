//! Counts of connections by network.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{IpAddr, Ipv6Addr};

/// Returns the network of an address: the IPv4 address itself, or the IPv6 /64.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 => v4,
    }
}

/// Counts of connections by network; empty without a limit.
#[derive(Debug)]
pub(super) struct Networks {
    counts: HashMap<IpAddr, usize>,
    max: Option<usize>,
}

impl Networks {
    pub(super) fn new(max: Option<usize>) -> Self {
        Self { counts: HashMap::new(), max }
    }

    /// Changes the limit; connections that were accepted without one stay uncounted.
    pub(super) fn set_max(&mut self, max: Option<usize>) {
        self.max = max;
    }

    /// Counts a connection; returns by how many its network is over the limit, or `None` if it is not
    /// to be counted.
    pub(super) fn count(&mut self, address: IpAddr) -> Option<usize> {
        let max = self.max.filter(|_| !address.to_canonical().is_loopback())?;
        let count = self.counts.entry(network(address)).or_default();
        *count = count.saturating_add(1);
        Some(count.saturating_sub(max))
    }

    /// Removes a counted connection.
    pub(super) fn discount(&mut self, address: IpAddr) {
        if let Entry::Occupied(mut entry) = self.counts.entry(network(address)) {
            match entry.get().checked_sub(1) {
                None | Some(0) => drop(entry.remove()),
                Some(count) => *entry.get_mut() = count,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn connections_of_one_network_are_counted_and_loopback_is_not() {
        let mut networks = Networks::new(Some(2));
        let mut over = |text: &str| networks.count(address(text));
        let counted = [Some(0), Some(0), Some(1)];
        assert_eq!(["192.0.2.1", "::ffff:192.0.2.1", "192.0.2.1"].map(&mut over), counted);
        assert_eq!(["2001:db8::1", "2001:db8::2", "2001:db8::3"].map(&mut over), counted);
        assert_eq!(["127.0.0.1", "::1", "::ffff:127.0.0.1"].map(&mut over), [None; 3]);
        for text in ["192.0.2.1", "192.0.2.1", "::ffff:192.0.2.1"] {
            networks.discount(address(text));
        }
        assert_eq!(networks.counts.len(), 1);
        assert_eq!(networks.count(address("192.0.2.1")), Some(0));
        assert_eq!(Networks::new(None).count(address("192.0.2.1")), None);
    }

    #[test]
    fn an_ipv6_network_is_a_64() {
        let of = |text: &str| network(address(text));
        assert_eq!(of("2001:db8:1:2:3::4"), of("2001:db8:1:2:ffff::"));
        assert_ne!(of("2001:db8:1:2::"), of("2001:db8:1:3::"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
