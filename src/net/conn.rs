//! One connection: its transport, its endpoint and what it is queued.

use std::net::IpAddr;

use mio::Token;

use super::Limits;
use super::proxy::Parser;
use super::queue::{Backlog, Frames, Queued, Slices};
use super::transport::{Moved, Transport};
use crate::clock::{Moment, Now};
use crate::http::Status;
use crate::ws::Endpoint;

/// Names a connection. Slots are used again, ids never.
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

    /// Returns the id as one number, for those who must not know what it is made of.
    pub const fn as_u64(self) -> u64 {
        (self.serial as u64) << 32 | self.slot as u64
    }

    /// Makes the id that [`ConnId::as_u64`] gave again.
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

/// Returns how a flush went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flushed {
    /// Everything is with the kernel.
    All,
    /// The kernel takes no more now; the poll will tell.
    Blocked,
    /// There is more than one write can take.
    Again,
    /// The connection is broken.
    Broken,
}

/// The trusted proxy at the other end.
#[derive(Debug)]
pub(super) struct Proxied {
    /// Its own address.
    pub(super) proxy: IpAddr,
    /// Its PROXY header, until that is complete.
    pub(super) header: Option<Parser>,
}

/// Is one connection.
#[derive(Debug)]
pub(super) struct Conn {
    pub(super) id: ConnId,
    pub(super) endpoint: Endpoint,
    pub(super) transport: Transport,
    /// The frames of this turn that are for this connection.
    pub(super) queued: Queued,
    /// What it did not take in earlier turns; none as long as it keeps up.
    pub(super) backlog: Option<Box<Backlog>>,
    /// When its entry in the wheel fires. Entries that fire earlier are left over.
    pub(super) armed: Moment,
    /// Where the client is: of the last request, as long as a trusted proxy may bring several.
    pub(super) address: IpAddr,
    /// What is open as long as a trusted proxy has a say; none for those who come by themselves, and
    /// none once the WebSocket is open.
    pub(super) proxied: Option<Box<Proxied>>,
    /// Whether it is in the count of its address's network.
    pub(super) counted: bool,
    /// Whether the client speaks TLS, as a trusted proxy says.
    pub(super) secure: bool,
    /// What its request is answered with, whatever it is: there are too many connections.
    pub(super) refusal: Option<Status>,
    /// Messages that came.
    pub(super) received: u32,
    /// Messages that were sent, or wait to be.
    pub(super) sent: u32,
    /// The kernel takes nothing until the poll says otherwise.
    pub(super) blocked: bool,
    /// There may be something to read that no event will tell of again.
    pub(super) unread: bool,
    /// Is listed to be read in the next turn.
    pub(super) unfinished: bool,
    /// The poll says that the peer will end its side after what there is to read.
    pub(super) ending: bool,
    /// The peer has ended its side, or the connection is broken.
    pub(super) ended: bool,
    /// Our side of the connection is shut.
    shut: bool,
    /// Is listed to be removed.
    pub(super) doomed: bool,
}

impl Conn {
    pub(super) fn new(
        id: ConnId,
        transport: Transport,
        endpoint: Endpoint,
        address: IpAddr,
        refusal: Option<Status>,
    ) -> Self {
        Self {
            id,
            endpoint,
            transport,
            queued: Queued::NONE,
            backlog: None,
            armed: Moment::NEVER,
            address,
            proxied: None,
            counted: false,
            secure: false,
            refusal,
            received: 0,
            sent: 0,
            blocked: false,
            unread: false,
            unfinished: false,
            ending: false,
            ended: false,
            shut: false,
            doomed: false,
        }
    }

    /// Whether the PROXY header that must come first is not complete.
    pub(super) fn awaits_header(&self) -> bool {
        self.proxied.as_ref().is_some_and(|proxied| proxied.header.is_some())
    }

    /// Returns when something is to be done for this connection though nothing happens on it.
    pub(super) fn due(&self, limits: &Limits) -> Moment {
        match &self.backlog {
            Some(backlog) => self.endpoint.deadline().min(backlog.progress.after(limits.lag_max)),
            None => self.endpoint.deadline(),
        }
    }

    /// Whether bytes may be read: not while an answer is awaited, and not from a peer that
    /// does not take what it asked for.
    pub(super) fn may_read(&self, limits: &Limits) -> bool {
        let full = self.backlog.as_ref().is_some_and(|it| it.bytes() > limits.send_queue_bytes_max);
        !full && !self.ended && self.endpoint.wants_input()
    }

    /// Ends our side of the connection, once.
    pub(super) fn shut(&mut self) {
        if !self.shut {
            self.shut = true;
            self.transport.shut();
        }
    }

    pub(super) fn is_shut(&self) -> bool {
        self.shut
    }

    /// Whether broadcasts are not delivered for now.
    pub(super) fn lags(&self) -> bool {
        self.backlog.as_ref().is_some_and(|backlog| backlog.lagging)
    }

    /// Writes what waits and what is queued, in one call; what is not taken waits for the next flush.
    pub(super) fn flush(&mut self, now: Now, limits: &Limits, frames: &mut Frames) -> Flushed {
        if self.blocked {
            self.keep_unsent(now, limits, frames, 0);
            return Flushed::Blocked;
        }
        let mut slices = Slices::new();
        if let Some(backlog) = &self.backlog {
            backlog.gather(&mut slices);
        }
        frames.gather(self.queued, &mut slices);
        if slices.length == 0 {
            self.queued = Queued::NONE;
            return Flushed::All;
        }
        let (length, overflow) = (slices.length, slices.overflow);
        let sent = match self.transport.write(slices.as_slice()) {
            Moved::Some(sent) => sent,
            Moved::Blocked => 0,
            Moved::Ended | Moved::Broken(_) => {
                self.queued = Queued::NONE;
                return Flushed::Broken;
            }
        };
        if sent == length && !overflow && self.backlog.is_none() {
            self.queued = Queued::NONE;
            return Flushed::All;
        }
        self.blocked = sent < length;
        self.keep_unsent(now, limits, frames, sent);
        match &self.backlog {
            Some(backlog) if !backlog.is_empty() => {
                if self.blocked {
                    Flushed::Blocked
                } else {
                    Flushed::Again
                }
            }
            _ => Flushed::All,
        }
    }

    /// Takes `sent` bytes off what waits and keeps the rest.
    fn keep_unsent(&mut self, now: Now, limits: &Limits, frames: &mut Frames, sent: usize) {
        let queued = std::mem::replace(&mut self.queued, Queued::NONE);
        let backlog = self.backlog.get_or_insert_with(|| Box::new(Backlog::new(now.at)));
        if sent > 0 {
            backlog.progress = now.at;
            self.endpoint.touch(now);
        }
        let sent = backlog.advance(sent);
        frames.keep_unsent(queued, sent, |bytes, class, sent| {
            backlog.push(bytes, class, sent, limits.send_queue_bytes_max);
        });
        // A connection that lagged keeps its list of what it missed until it has been told.
        if backlog.is_empty() && !backlog.lagging {
            self.backlog = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_connection_is_small() {
        assert!(size_of::<Conn>() <= 152, "{}", size_of::<Conn>());
        assert!(size_of::<Proxied>() <= 48, "{}", size_of::<Proxied>());
    }
}
