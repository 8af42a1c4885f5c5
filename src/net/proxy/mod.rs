//! The clients of proxies, as the proxies name them.
//!
//! Only listed proxies ([`Trusted`]) are believed, so that clients cannot forge their address. A
//! proxy names its client at the beginning of a connection ([`Parser`]: the PROXY protocol, versions
//! 1 and 2), or with each request ([`forwarded_for`]: the header `X-Forwarded-For`). There are no
//! sockets here; `reactor::client` decides which network a connection counts for. RFC 7239's `Forwarded` is not read, and neither is what a PROXY header says
//! beyond the address.

mod forwarded;
mod header;
mod trust;

pub use forwarded::{BadForwardedFor, forwarded_for, is_secure};
pub use header::{Malformed, Parser, Source};
pub use trust::{Network, Trusted};
