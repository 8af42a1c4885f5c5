//! The memory that is accounted for, and what happens when it is too much.
//!
//! Not the memory of the process: what a client can make grow is counted where it grows, so that the
//! sum is known in every turn and falls as soon as something is freed.

use std::cmp::Reverse;
use std::time::Duration;

use super::conn::{Conn, ConnId};
use super::conns::{Conns, find_mut};
use super::queue::Queued;
use crate::clock::Now;

/// How long to wait before looking again, where closing connections did not help.
const RELIEF_PAUSE: Duration = Duration::from_secs(1);

impl Conns {
    /// Begins a turn: compares the memory in use with the limit.
    pub(super) fn weigh(&mut self, handler_bytes: usize) {
        self.memory_state.handler = handler_bytes;
        let Some(max) = self.limits.memory_max else { return };
        let bytes = self.memory().total();
        let is_full = bytes > max;
        if is_full && !self.memory_state.is_full {
            tracing::warn!(bytes, max, "out of memory: new connections are refused");
        } else if !is_full && self.memory_state.is_full {
            tracing::info!(bytes, max, "memory is available again");
        }
        self.memory_state.is_full = is_full;
    }

    /// Counts what a connection holds of what it received.
    pub(super) fn weigh_received(&mut self, id: ConnId) {
        let Some(conn) = find_mut(&mut self.slab, id) else {
            return;
        };
        let held = conn.endpoint.held_memory().saturating_add(conn.transport.memory());
        let held = u32::try_from(held).unwrap_or(u32::MAX);
        let before = std::mem::replace(&mut conn.held_memory, held);
        let received = &mut self.memory_state.received;
        *received = received.saturating_add(held as usize).saturating_sub(before as usize);
    }

    /// Takes a connection that is removed out of the count.
    pub(super) fn forget_received(&mut self, conn: &Conn) {
        let received = &mut self.memory_state.received;
        *received = received.saturating_sub(conn.held_memory as usize);
    }

    /// Closes the connections for which most waits, until the limit holds, if the memory in use is
    /// an eighth above it.
    pub(super) fn relieve(&mut self, now: Now) {
        let Some(max) = self.limits.memory_max else { return };
        let far_above = self.memory().total() > max.saturating_add(max / 8);
        if !far_above || self.memory_state.relief_from > now.at {
            return;
        }
        let behind = self.slab.iter().filter_map(|(_, conn)| {
            let bytes = conn.backlog.as_ref().filter(|_| !conn.doomed)?.memory();
            (bytes > 0).then_some((Reverse(bytes), conn.id))
        });
        let mut behind: Vec<(Reverse<usize>, ConnId)> = behind.collect();
        behind.sort_unstable();
        let mut closed = 0_u32;
        for (_, id) in behind {
            if self.memory().total() <= max {
                break;
            }
            self.drop_queue(id, now);
            closed = closed.saturating_add(1);
        }
        let bytes = self.memory().total();
        if bytes > max {
            self.memory_state.relief_from = now.at.after(RELIEF_PAUSE);
        }
        if closed > 0 {
            tracing::warn!(closed, bytes, max, "out of memory: closed connections that lag");
        }
    }

    /// Closes a connection that has not taken what waits for it, and frees that at once. Its peer may
    /// have half a frame, after which no Close can follow.
    fn drop_queue(&mut self, id: ConnId, now: Now) {
        let Self { slab, frames, shared, .. } = self;
        let Some(conn) = find_mut(slab, id) else { return };
        conn.endpoint.close(now, shared, 4102, "out of memory", frames.buffer());
        self.settle(id);
        if let Some(conn) = self.get(id) {
            (conn.backlog, conn.queued) = (None, Queued::NONE);
        }
        self.doom(id);
    }
}
