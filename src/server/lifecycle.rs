//! The end of the server: when it comes, and what happens before.
//!
//! ```text
//!            first signal                 all clients have left, all is answered and written
//!   serving ──────────────► draining ───────────────────────────────────────────► stopped
//!      │                       └── second signal, or most of the time is over ────────▲
//!      └───────────── exit_when_empty after the last client has left ─────────────────┘
//! ```
//!
//! While the server drains, it still accepts: requests are answered, upgrades with 503.

use std::time::Duration;

use super::{Server, random};
use crate::chat::Input;
use crate::clock::Moment;
use crate::http::{Response, Status};
use crate::net::Turn;

/// What decides when the server ends.
#[derive(Debug)]
pub(super) struct Lifecycle {
    /// Time from the first signal to the end of the process.
    drain: Duration,
    exit_when_empty: Option<Duration>,
    /// The number of open WebSockets.
    clients: usize,
    /// When the server ends, if that is scheduled.
    end: Moment,
    draining: bool,
}

impl Lifecycle {
    /// Returns the state of a server without clients.
    pub(super) fn new(drain: Duration, exit_when_empty: Option<Duration>) -> Self {
        Self { drain, exit_when_empty, clients: 0, end: Moment::NEVER, draining: false }
    }

    /// Changes the times; an end that is scheduled stays.
    pub(super) fn reload(&mut self, drain: Duration, exit_when_empty: Option<Duration>) {
        (self.drain, self.exit_when_empty) = (drain, exit_when_empty);
    }

    /// Counts a new client.
    pub(super) fn on_open(&mut self) {
        self.clients = self.clients.saturating_add(1);
        if !self.draining {
            self.end = Moment::NEVER;
        }
    }

    /// Counts a client that has left. Returns whether that was the last one a draining server
    /// waited for.
    pub(super) fn on_close(&mut self, now: Moment) -> bool {
        self.clients = self.clients.saturating_sub(1);
        if let Some(after) = self.exit_when_empty
            && self.clients == 0
            && !self.draining
        {
            self.end = now.after(after);
        }
        self.is_drained()
    }

    /// Returns the number of clients.
    pub(super) fn clients(&self) -> usize {
        self.clients
    }

    /// Returns when the server ends, whoever is still there.
    pub(super) fn end(&self) -> Moment {
        self.end
    }

    /// Whether the server is about to end.
    pub(super) fn is_draining(&self) -> bool {
        self.draining
    }

    /// Whether the server is about to end and has no clients any more.
    pub(super) fn is_drained(&self) -> bool {
        self.draining && self.clients == 0
    }

    /// Returns the part of the time that is the journal's, at least a second.
    fn journal_within(&self) -> Duration {
        self.a_fifth().max(Duration::from_secs(1))
    }

    fn clients_within(&self) -> Duration {
        self.drain.saturating_sub(self.a_fifth())
    }

    fn a_fifth(&self) -> Duration {
        self.drain.checked_div(5).unwrap_or_default()
    }
}

impl Server {
    /// Begins to drain; ends the server at once if it does so already.
    pub(super) fn stop(&mut self, turn: &mut Turn<'_>, signal: i32) {
        if self.lifecycle.draining {
            tracing::warn!(signal, "second signal, stopping at once");
            turn.exit();
            return;
        }
        tracing::info!(signal, clients = self.lifecycle.clients, "draining");
        self.begin_drain(turn);
    }

    /// Begins to drain, unless the server does so already.
    pub(super) fn begin_drain(&mut self, turn: &mut Turn<'_>) {
        if self.lifecycle.draining {
            return;
        }
        self.lifecycle.draining = true;
        self.lifecycle.end = turn.now().at.after(self.lifecycle.clients_within());
        self.notifier.stopping(self.lifecycle.clients);
        turn.drain(self.lifecycle.a_fifth());
        let seed = u64::from_le_bytes(random());
        self.handle(turn, Input::Drain { seed });
    }

    /// Returns the refusal of a WebSocket while the server drains. Who is refused is asked to come
    /// back at a moment of its own, like the clients.
    pub(super) fn shutting_down(&self) -> Response {
        let after = self.chat.reconnect_after(u64::from_le_bytes(random()));
        let seconds = after.as_millis().div_ceil(1000).to_string();
        Response::text(Status(503), "the server is shutting down")
            .with_header("Retry-After", seconds)
    }

    /// Closes the journal, after it has written what it was given.
    pub(super) fn close(self) {
        if !self.journal.close(self.lifecycle.journal_within()) {
            tracing::error!("the journal did not finish in time; its last entries may be lost");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_and_journal_share_the_time_to_drain() {
        let parts = |drain| {
            let lifecycle = Lifecycle::new(drain, None);
            (lifecycle.clients_within(), lifecycle.journal_within())
        };
        let seconds = Duration::from_secs;
        assert_eq!(parts(seconds(5)), (seconds(4), seconds(1)));
        assert_eq!(parts(seconds(60)), (seconds(48), seconds(12)));
        assert_eq!(parts(Duration::ZERO), (Duration::ZERO, seconds(1)));
    }
}
