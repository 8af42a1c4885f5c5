//! The protocol of one WebSocket connection, without a socket: RFC 6455, RFC 7692.
//!
//! Section numbers in this directory are RFC 6455's unless another one is named. An [`Endpoint`]
//! takes bytes and time and returns [`Event`]s; output is appended to the caller's buffer. I/O and timers
//! are `net`'s, the meaning of messages is `server`'s. The other side, as far as a command of this
//! program needs it, is [`client`].
//!
//! ```text
//!   bytes ─► endpoint ─► http::Parser ─► Event::Request ─► answer ─► handshake
//!               │                                                       │ 101
//!               └──────► message ─► frame, mask, utf8, deflate ◄────────┘
//!                           └─────► Event::Deflated, Event::Message, Event::Closed
//! ```
//!
//! Rules for the caller:
//! - Call [`Endpoint::receive`] until it returns `None` and does not go on ([`Endpoint::goes_on`]),
//!   and once more after an answer, if only with no bytes: the endpoint holds pipelined input.
//! - To leave the rest of the input for later, pass it to [`Endpoint::hold`]; `receive` takes it up.
//! - Each call may change [`Endpoint::deadline`] and [`Endpoint::after`]. A deadline may have moved
//!   when it comes; then [`Endpoint::on_deadline`] only updates it.
//! - Pipelined requests survive a FIN: `receive` after the answer processes them, and then returns
//!   the end.
//! - Once [`Endpoint::is_open`] is false, no data frame may be sent (§5.5.1).
#![cfg_attr(
    not(test),
    deny(clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::unwrap_used)
)]

pub mod client;
mod close;
mod deflate;
mod endpoint;
mod extension;
pub mod frame;
mod handshake;
mod mask;
mod message;
mod utf8;
mod violation;

pub use close::Closed;
pub use deflate::{Shared, WindowBits};
pub use endpoint::{After, Answer, Answered, Endpoint, Event};
pub use message::{Deflated, Message};
pub use violation::{Violation, code};

use std::time::Duration;

/// Bounds what one WebSocket, or one HTTP connection that may become one, may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a message's payload, inflated; more fails the connection with 1009.
    pub message_bytes_max: usize,
    /// Frames of a message; more fails the connection with 1009.
    pub fragments_max: u32,
    /// From a message's first byte to its last; longer fails the connection with 1008.
    pub message_within: Duration,
    /// Fragments and control frames per second in the long run, which messages of one frame do not
    /// count for; 0 is no limit. Above it pings are not answered.
    pub frames_per_second: u32,
    /// Fragments and control frames at once, above [`Limits::frames_per_second`].
    pub frames_burst: u32,
    /// How long a connection may stay above [`Limits::frames_per_second`]; longer fails it with 4101.
    pub frames_over_max: Duration,
    /// From the connection's or a request's first byte to its last; longer is answered 408.
    pub handshake_within: Duration,
    /// The time in which [`Limits::body_bytes_min`] of a body that is streamed must come, over and over;
    /// a slower one is answered 408. What the server itself delays does not count.
    pub body_within: Duration,
    /// Bytes of a streamed body that must come within [`Limits::body_within`].
    pub body_bytes_min: usize,
    /// Between two requests; longer closes the connection without a word.
    pub keep_alive_within: Duration,
    /// Silence after which a ping is sent.
    pub ping_after: Duration,
    /// Silence after a ping; longer ends the connection with 4201, without a closing handshake.
    pub pong_within: Duration,
    /// The peer's time to answer a Close, or to end the connection after the last word; longer
    /// drops it.
    pub close_within: Duration,
    /// Whether permessage-deflate is agreed to when offered.
    pub compression: bool,
    /// Payloads below this many bytes are sent uncompressed.
    pub deflate_bytes_min: usize,
    /// Compressed messages of all connections that are inflated as they come, each with some 50
    /// KiB of its own. Those above are inflated at once when complete; one that then has more than
    /// 8 KiB on the wire fails the connection with 1013.
    pub inflaters_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes_max: 64 * 1024,
            fragments_max: 1024,
            message_within: Duration::from_secs(30),
            frames_per_second: 100,
            frames_burst: 2048,
            frames_over_max: Duration::from_secs(5),
            handshake_within: Duration::from_secs(10),
            body_within: Duration::from_secs(30),
            body_bytes_min: 16 * 1024,
            keep_alive_within: Duration::from_secs(10),
            ping_after: Duration::from_secs(9),
            pong_within: Duration::from_secs(10),
            close_within: Duration::from_secs(5),
            compression: true,
            deflate_bytes_min: 1024,
            inflaters_max: 1024,
        }
    }
}

#[cfg(test)]
mod tests;
