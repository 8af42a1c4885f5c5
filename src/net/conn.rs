//! One connection: its transport, its endpoint and what is queued for it.

use std::net::IpAddr;

use mio::Token;

use super::Limits;
use super::backlog::Backlog;
use super::counters::{Refused, count_many};
use super::listener::ListenerId;
use super::proxy::Parser;
use super::queue::{Frames, Queued};
use super::slices::Slices;
use super::transport::{Scratch, Transport, Written};
use crate::clock::{Moment, Now};
use crate::ws::{After, Endpoint};

/// Id of a connection. Slots are reused, ids never.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId {
    slot: u32,
    serial: u32,
}

impl ConnId {
    pub(super) const fn new(slot: u32, serial: u32) -> Self {
        Self { slot, serial }
    }

    pub(super) const fn slot(self) -> u32 {
        self.slot
    }

    /// Returns the id as an opaque number.
    pub const fn as_u64(self) -> u64 {
        (self.serial as u64) << 32 | self.slot as u64
    }

    /// Returns the id of a number made by [`ConnId::as_u64`].
    pub const fn from_u64(number: u64) -> Self {
        Self { slot: number as u32, serial: (number >> 32) as u32 }
    }

    pub(super) const fn token(self) -> Token {
        const { assert!(size_of::<usize>() == 8, "an id must fit into a token") };
        Token(self.as_u64() as usize)
    }

    pub(super) const fn from_token(token: Token) -> Self {
        Self::from_u64(token.0 as u64)
    }
}

/// The result of a flush.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flushed {
    /// Everything is with the kernel.
    All,
    /// The kernel takes no more until the next event.
    Blocked,
    /// There is more than fits into one write.
    Again,
    /// The connection is broken.
    Broken,
}

/// The trusted proxy that is the peer.
#[derive(Debug)]
pub(super) struct Proxied {
    /// The proxy's address.
    pub(super) proxy: IpAddr,
    /// The parser of its PROXY header, until that is complete.
    pub(super) header: Option<Parser>,
}

/// A connection in the slab.
#[derive(Debug)]
pub(super) struct Conn {
    pub(super) id: ConnId,
    pub(super) endpoint: Endpoint,
    pub(super) transport: Transport,
    /// The frames of this turn for this connection.
    pub(super) queued: Queued,
    /// What it did not take in earlier turns; `None` while it keeps up.
    pub(super) backlog: Option<Box<Backlog>>,
    /// When its entry in the wheel fires. Entries that fire earlier are outdated.
    pub(super) armed: Moment,
    /// By when its TLS handshake must be complete; `NEVER` once it is, or without TLS.
    pub(super) handshake_due: Moment,
    /// The listening socket that it came by.
    pub(super) listener: ListenerId,
    /// The client's address; behind a trusted proxy, that of the last request.
    pub(super) address: IpAddr,
    /// The trusted proxy, until it has named the client for good: by a PROXY header, or when the
    /// WebSocket opens. `None` for direct connections.
    pub(super) proxied: Option<Box<Proxied>>,
    /// Whether it is counted for its network.
    pub(super) counted: bool,
    /// Whether the client uses TLS; behind a trusted proxy, according to that.
    pub(super) secure: bool,
    /// Why any request of it is refused.
    pub(super) refusal: Option<Refused>,
    /// Messages received.
    pub(super) received: u32,
    /// Messages sent or queued.
    pub(super) sent: u32,
    /// Bytes of replies queued in this turn.
    pub(super) replied: u32,
    /// Bytes of memory that its partial request, frame or message takes, as last counted.
    pub(super) held_memory: u32,
    /// Whether writing waits for an event.
    pub(super) blocked: bool,
    /// Whether there may be bytes to read that no event will report again.
    pub(super) unread: bool,
    /// Whether it is listed to be served.
    pub(super) listed: bool,
    /// Whether it took long when it was served last, so that others go before it.
    pub(super) slow: bool,
    /// Whether the handler owes it an answer and takes no input from it meanwhile.
    pub(super) held: bool,
    /// Whether the poll has reported that the peer ended its side; bytes may still wait.
    pub(super) ending: bool,
    /// Whether the peer has ended its side, or the connection is broken.
    pub(super) ended: bool,
    /// Whether our side of the connection is shut.
    shut: bool,
    /// Whether it is listed to be removed.
    pub(super) doomed: bool,
}

impl Conn {
    pub(super) fn new(
        id: ConnId,
        transport: Transport,
        endpoint: Endpoint,
        listener: ListenerId,
        address: IpAddr,
    ) -> Self {
        let secure = transport.is_tls();
        Self {
            id,
            endpoint,
            transport,
            queued: Queued::NONE,
            backlog: None,
            armed: Moment::NEVER,
            handshake_due: Moment::NEVER,
            listener,
            address,
            proxied: None,
            counted: false,
            secure,
            refusal: None,
            received: 0,
            sent: 0,
            replied: 0,
            held_memory: 0,
            blocked: false,
            unread: false,
            listed: false,
            slow: false,
            held: false,
            ending: false,
            ended: false,
            shut: false,
            doomed: false,
        }
    }

    /// Whether the PROXY header is still incomplete.
    pub(super) fn awaits_header(&self) -> bool {
        self.proxied.as_ref().is_some_and(|proxied| proxied.header.is_some())
    }

    /// Whether its TLS handshake is still incomplete.
    pub(super) fn is_handshaking(&self) -> bool {
        self.handshake_due != Moment::NEVER
    }

    /// Returns the earliest deadline of this connection. While it is owed anything, only progress
    /// counts; while it is held, it cannot be heard.
    pub(super) fn due(&self, limits: &Limits) -> Moment {
        let due = match &self.backlog {
            Some(backlog) => backlog.progress.after(limits.lag_max),
            None if self.held => Moment::NEVER,
            None => self.endpoint.deadline(),
        };
        due.min(self.handshake_due)
    }

    /// Returns the bytes that the connection has not taken yet, without the broadcasts of this turn.
    pub(super) fn owed(&self) -> usize {
        let waiting = self.backlog.as_ref().map_or(0, |backlog| backlog.bytes());
        waiting.saturating_add(self.replied as usize).saturating_add(self.transport.unsent())
    }

    /// Counts bytes of a reply as queued.
    pub(super) fn count_reply(&mut self, bytes: usize) {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        self.replied = self.replied.saturating_add(bytes);
    }

    /// Whether to pass input to the endpoint: not while a request is being answered, and not while
    /// too much is owed.
    pub(super) fn may_proceed(&self, limits: &Limits) -> bool {
        let owed_max = match self.endpoint.after() {
            After::Keep if self.endpoint.is_websocket() => limits.send_queue_bytes_max,
            After::Keep => 0,
            // What still comes is discarded.
            After::Shut | After::Drop => usize::MAX,
        };
        !self.held && self.owed() <= owed_max && self.endpoint.wants_input()
    }

    /// Whether there is input, read or not, that no event will report again.
    pub(super) fn has_input(&self) -> bool {
        self.endpoint.holds_input() || (self.unread && !self.ended)
    }

    /// Ends our side of the connection, once; if the kernel has no room for TLS's last word, this is
    /// to be called again.
    pub(super) fn shut(&mut self) {
        if !self.shut {
            self.shut = self.transport.shut();
            self.blocked = !self.shut;
        }
    }

    pub(super) fn is_shut(&self) -> bool {
        self.shut
    }

    /// Whether broadcasts are dropped for now.
    pub(super) fn lags(&self) -> bool {
        self.backlog.as_ref().is_some_and(|backlog| backlog.lagging)
    }

    /// Writes the backlog and what is queued in one call; the rest waits for the next flush.
    pub(super) fn flush(
        &mut self,
        now: Now,
        limits: &Limits,
        frames: &mut Frames,
        scratch: &mut Scratch,
    ) -> Flushed {
        self.replied = 0;
        if self.blocked {
            self.keep_unsent(now, limits, frames, Written::NOTHING);
            return Flushed::Blocked;
        }
        let mut slices = Slices::new();
        if let Some(backlog) = &self.backlog {
            backlog.gather(&mut slices);
        }
        frames.gather(self.queued, &mut slices);
        if slices.length == 0 && self.transport.unsent() == 0 {
            self.queued = Queued::NONE;
            return Flushed::All;
        }
        let (length, overflow) = (slices.length, slices.overflow);
        let written = self.transport.write(slices.as_slice(), scratch);
        drop(slices);
        let Ok(written) = written else {
            self.queued = Queued::NONE;
            return Flushed::Broken;
        };
        self.blocked = written.blocked;
        count_many(&mut frames.sent_bytes, written.sent);
        let all = written.taken == length && !overflow && !written.blocked;
        if all && self.backlog.is_none() {
            self.queued = Queued::NONE;
            return Flushed::All;
        }
        self.keep_unsent(now, limits, frames, written);
        if self.blocked {
            Flushed::Blocked
        } else if self.backlog.as_ref().is_some_and(|backlog| !backlog.is_empty()) {
            Flushed::Again
        } else {
            Flushed::All
        }
    }

    /// Removes what was written and moves the rest into the backlog.
    fn keep_unsent(&mut self, now: Now, limits: &Limits, frames: &mut Frames, written: Written) {
        let queued = std::mem::replace(&mut self.queued, Queued::NONE);
        let backlog =
            self.backlog.get_or_insert_with(|| Box::new(Backlog::new(now.at, frames.owed())));
        if written.sent > 0 {
            backlog.progress = now.at;
            self.endpoint.touch(now);
        }
        let taken = backlog.advance(written.taken);
        frames.keep_unsent(queued, taken, |bytes, class, sent| {
            backlog.push(bytes, class, sent, limits.send_queue_bytes_max);
        });
        // A connection that lagged keeps the list of what it missed until that is delivered, and one
        // that has encrypted bytes to take the time since when.
        if backlog.is_empty() && !backlog.lagging && self.transport.unsent() == 0 {
            self.backlog = None;
        } else {
            backlog.count();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_connection_is_small() {
        assert!(size_of::<Conn>() <= 192, "{}", size_of::<Conn>());
        assert!(size_of::<Proxied>() <= 48, "{}", size_of::<Proxied>());
    }
}
