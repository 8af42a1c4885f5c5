//! Messages to the targets of hooks, as plain values.

use std::sync::Arc;
use std::time::Duration;

use crate::chat::protocol::server_event::ServerEvent;
use crate::chat::record::AuthorKey;

/// A message to send to the target of a hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The hook.
    pub hook: AuthorKey,
    /// The target.
    pub url: Arc<str>,
    /// The key to sign it with.
    pub secret: Arc<str>,
    /// The key of the room's record.
    pub room: Arc<str>,
    /// The entry's `seq`.
    pub seq: u64,
    /// The message.
    pub event: ServerEvent,
}

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivered {
    /// The target has it.
    Done,
    /// The target will never take it.
    Refused,
    /// It is to be sent again, after this long at least.
    Failed(Duration),
}
