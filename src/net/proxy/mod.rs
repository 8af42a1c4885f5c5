//! What is believed of proxies: for whom they speak.
//!
//! Only listed proxies ([`Trusted`]) are believed, so that nobody else can pass for another. Such a
//! proxy may say where its client comes from at the beginning of a connection ([`Parser`]: the
//! PROXY protocol, versions 1 and 2), or with each request ([`forwarded_for`]: the header
//! `X-Forwarded-For`). There are no sockets here; who counts for which network is decided in
//! `reactor::client`. RFC 7239's `Forwarded` is not read, and neither is what a PROXY header says
//! beyond the address.

mod forwarded;
mod header;
mod trust;

pub use forwarded::{BadForwardedFor, forwarded_for, is_secure};
pub use header::{Malformed, Parser, Source};
pub use trust::{Network, Trusted};
