//! The connections, and the work queued for them.

use std::collections::VecDeque;
use std::time::Duration;

use slab::Slab;

use super::Limits;
use super::backlog::FrameClass;
use super::conn::{Conn, ConnId};
use super::counters::{Counters, Memory, MemoryState};
use super::listener::ListenerId;
use super::networks::Networks;
use super::queue::Frames;
use super::slots::SlotSet;
use super::tls::Acceptor;
use super::transport::Scratch;
use super::wheel::Wheel;
use crate::clock::Clock;
use crate::rate::Bucket;
use crate::ws::{After, Shared};

/// All connections, and the work queued for them.
#[derive(Debug)]
pub(super) struct Conns {
    pub(super) slab: Slab<Conn>,
    pub(super) serial: u32,
    pub(super) limits: Limits,
    pub(super) shared: Shared,
    pub(super) frames: Frames,
    pub(super) wheel: Wheel,
    /// Slots of connections to flush: with frames to send, or about to end.
    pub(super) dirty: SlotSet,
    /// Connections to serve: those with events, and those with input that no event will report again.
    pub(super) ready: VecDeque<ConnId>,
    /// Those of them that took long when they were served last.
    pub(super) ready_slow: VecDeque<ConnId>,
    /// Connections to serve whose TLS handshake is incomplete.
    pub(super) handshakes: VecDeque<ConnId>,
    /// Connections that have begun a TLS handshake, in that order; some may have completed it.
    pub(super) handshaking: VecDeque<ConnId>,
    /// The number of incomplete TLS handshakes.
    pub(super) handshaking_count: usize,
    pub(super) tls: Option<Acceptor>,
    pub(super) scratch: Scratch,
    /// How often it is logged that a client speaks TLS to a port without it.
    pub(super) misdirected_tls: Bucket,
    /// How often it is logged that a client speaks no TLS to a port with it.
    pub(super) misdirected_plain: Bucket,
    /// Connections that lagged and have caught up.
    pub(super) caught_up: Vec<ConnId>,
    /// Connections that have taken all that was sent of a response so far.
    pub(super) drained: Vec<ConnId>,
    /// Connections to remove.
    pub(super) doomed: Vec<ConnId>,
    pub(super) networks: Networks,
    /// The listener that no proxy is in front of, see [`super::Reactor::listen_directly`].
    pub(super) direct_listener: Option<ListenerId>,
    pub(super) counters: Counters,
    pub(super) memory_state: MemoryState,
    /// The process's limit of open files.
    files_max: usize,
    pub(super) clock: Clock,
    /// When this phase of the turn is to end, by [`Clock::elapsed`].
    until: Duration,
    /// Whether the next turn comes at once.
    pub(super) again: bool,
    pub(super) exit: bool,
}

impl Conns {
    pub(super) fn new(limits: Limits, shared: Shared, clock: Clock, files_max: usize) -> Self {
        let networks = Networks::new(limits.connections_per_address_max);
        Self {
            slab: Slab::new(),
            serial: 0,
            limits,
            shared,
            frames: Frames::default(),
            wheel: Wheel::new(),
            dirty: SlotSet::default(),
            ready: VecDeque::new(),
            ready_slow: VecDeque::new(),
            handshakes: VecDeque::new(),
            handshaking: VecDeque::new(),
            handshaking_count: 0,
            tls: None,
            scratch: Scratch::default(),
            misdirected_tls: Bucket::default(),
            misdirected_plain: Bucket::default(),
            caught_up: Vec::new(),
            drained: Vec::new(),
            doomed: Vec::new(),
            networks,
            direct_listener: None,
            counters: Counters::new(),
            memory_state: MemoryState::default(),
            files_max,
            clock,
            until: Duration::ZERO,
            again: false,
            exit: false,
        }
    }

    /// Returns the limit of connections.
    pub(super) fn connections_max(&self) -> usize {
        let by_files = || self.files_max.saturating_sub(64).max(1);
        self.limits.connections_max.unwrap_or_else(by_files)
    }

    pub(super) fn get(&mut self, id: ConnId) -> Option<&mut Conn> {
        find_mut(&mut self.slab, id).filter(|conn| !conn.doomed)
    }

    /// Handles what a call to the endpoint left: bytes to send, an end, an earlier deadline.
    pub(super) fn settle(&mut self, id: ConnId) {
        let bytes = self.frames.unfinished_len();
        let frame = self.frames.finish(FrameClass::Reply);
        let Some(conn) = find_mut(&mut self.slab, id) else {
            return;
        };
        if let Some(frame) = frame {
            self.frames.enqueue(&mut conn.queued, frame);
            conn.count_reply(bytes);
        }
        let ends = match conn.endpoint.after() {
            After::Keep => false,
            After::Shut => !conn.is_shut(),
            After::Drop => !conn.doomed,
        };
        if frame.is_some() || ends {
            self.dirty.insert(id.slot());
        }
        self.arm(id);
    }

    /// As [`Conns::settle`]; `rest` is the end of what was appended, without being copied.
    pub(super) fn settle_with(&mut self, id: ConnId, rest: &'static [u8]) {
        self.settle(id);
        if rest.is_empty() {
            return;
        }
        if let Some(conn) = find_mut(&mut self.slab, id) {
            self.frames.enqueue_uncopied(&mut conn.queued, rest);
            conn.count_reply(rest.len());
            self.dirty.insert(id.slot());
        }
    }

    /// Ensures that the wheel fires by the connection's deadline.
    pub(super) fn arm(&mut self, id: ConnId) {
        let Some(conn) = find_mut(&mut self.slab, id) else {
            return;
        };
        let due = conn.due(&self.limits);
        if due < conn.armed {
            conn.armed = self.wheel.insert(due, id).min(due);
        }
    }

    /// Lists a connection to be served, behind all of its kind that are listed.
    pub(super) fn serve_soon(&mut self, id: ConnId) {
        let Some(conn) = find_mut(&mut self.slab, id) else {
            return;
        };
        if !conn.listed {
            conn.listed = true;
            let ready = if conn.is_handshaking() {
                &mut self.handshakes
            } else if conn.slow {
                &mut self.ready_slow
            } else {
                &mut self.ready
            };
            ready.push_back(id);
        }
    }

    /// Begins a phase whose work may take [`Limits::phase_max`]. Returns its begin, by
    /// [`Clock::elapsed`].
    pub(super) fn begin_phase(&mut self) -> Duration {
        let began = self.clock.elapsed();
        self.until = began.saturating_add(self.limits.phase_max);
        began
    }

    /// Lists a connection to be removed at the end of the turn.
    pub(super) fn doom(&mut self, id: ConnId) {
        if let Some(conn) = self.get(id) {
            conn.doomed = true;
            self.doomed.push(id);
        }
    }

    /// Returns the memory in use.
    pub(super) fn memory(&self) -> Memory {
        Memory {
            connections: self.slab.len().saturating_mul(size_of::<Conn>()),
            received: self.memory_state.received,
            queued: self.frames.memory(),
            handler: self.memory_state.handler,
        }
    }

    /// Whether the frames of this turn, or the time of this phase, have reached the limit.
    pub(super) fn is_full(&self) -> bool {
        self.is_full_at(self.clock.elapsed())
    }

    /// As [`Conns::is_full`], at a time that was just read.
    pub(super) fn is_full_at(&self, elapsed: Duration) -> bool {
        self.has_no_room() || elapsed >= self.until
    }

    /// Whether the frames of this turn have reached the limit.
    pub(super) fn has_no_room(&self) -> bool {
        self.frames.len() >= self.limits.turn_bytes_max
    }
}

/// Finds a connection, one that is to be removed, too.
pub(super) fn find(slab: &Slab<Conn>, id: ConnId) -> Option<&Conn> {
    slab.get(id.slot() as usize).filter(|conn| conn.id == id)
}

/// As [`find`].
pub(super) fn find_mut(slab: &mut Slab<Conn>, id: ConnId) -> Option<&mut Conn> {
    slab.get_mut(id.slot() as usize).filter(|conn| conn.id == id)
}
