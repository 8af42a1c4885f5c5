//! The turn: poll → accept → read → wake → deadlines → flush → reap.

mod accept;
mod client;
mod read;
mod secure;

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::time::Duration;

use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token, Waker};
use signal_hook_mio::v1_0::Signals;

use super::conn::{ConnId, Flushed};
use super::conns::Conns;
use super::listener::{self, ListenerId, Listeners, ListeningSocket, Transmission};
use super::tls::{Acceptor, Certificates};
use super::turn::Turn;
use super::{Handler, Limits};
use crate::clock::{Clock, Moment, Now};
use crate::ws::{After, Shared};

/// Connections over the limit that are still given an answer before they are closed.
const SURPLUS_MAX: usize = 32;
/// Bytes of the turn's buffer that are kept from one turn to the next.
const TURN_BYTES_KEPT: usize = 1024 * 1024;
/// Deadlines looked at in one turn; the others wait for the next, which comes at once.
const DEADLINES_MAX: usize = 64;
/// Bytes read from a socket in one call.
const SCRATCH_BYTES: usize = 64 * 1024;
/// The serial number in tokens that belong to no connection.
const NOT_A_CONN: u32 = u32::MAX;
const WAKER: ConnId = ConnId::new(u32::MAX, NOT_A_CONN);
const SIGNALS: ConnId = ConnId::new(u32::MAX - 1, NOT_A_CONN);

/// The event loop of connections and their handler.
pub struct Reactor {
    poll: Poll,
    waker: Arc<Waker>,
    signals: Option<Signals>,
    listeners: Listeners,
    conns: Conns,
    now: Now,
    /// Connections whose entry in the wheel fired, left from the turn before.
    fired: Vec<ConnId>,
    /// The read buffer of all connections.
    scratch: Vec<u8>,
    /// The buffer into which all connections decrypt.
    plain: Vec<u8>,
}

impl fmt::Debug for Reactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reactor").field("connections", &self.conns.slab.len()).finish()
    }
}

impl Reactor {
    /// Returns a reactor without listening sockets. `files_max` is the process's limit of open files.
    ///
    /// # Errors
    /// If the system has no poll or file descriptor left.
    pub fn new(limits: Limits, shared: Shared, clock: Clock, files_max: usize) -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKER.token())?);
        let now = clock.now();
        let conns = Conns::new(limits, shared, clock, files_max);
        Ok(Self {
            poll,
            waker,
            signals: None,
            listeners: Listeners::new()?,
            conns,
            now,
            fired: Vec::new(),
            scratch: vec![0; SCRATCH_BYTES],
            plain: Vec::new(),
        })
    }

    /// Sets the certificates of TLS.
    ///
    /// # Errors
    /// If the system has no random bytes.
    pub fn use_tls(&mut self, certificates: Certificates) -> io::Result<()> {
        self.conns.tls = Some(Acceptor::new(certificates).map_err(io::Error::other)?);
        Ok(())
    }

    /// Listens on an address; returns the socket's id and the real address, which differs for port 0.
    /// TLS needs [`Reactor::use_tls`].
    ///
    /// # Errors
    /// If the address cannot be bound.
    pub fn listen(
        &mut self,
        address: SocketAddr,
        transmission: Transmission,
    ) -> io::Result<(ListenerId, SocketAddr)> {
        let socket = listener::bind(address, &self.conns.limits)?;
        self.add_listener(socket, transmission)
    }

    /// Listens on a socket that listens already; returns its address.
    ///
    /// # Errors
    /// If the system refuses to change the socket.
    pub fn adopt(
        &mut self,
        socket: std::net::TcpListener,
        transmission: Transmission,
    ) -> io::Result<(ListenerId, SocketAddr)> {
        let socket = listener::prepare(socket, &self.conns.limits)?;
        self.add_listener(socket, transmission)
    }

    fn add_listener(
        &mut self,
        mut socket: TcpListener,
        transmission: Transmission,
    ) -> io::Result<(ListenerId, SocketAddr)> {
        let (id, token) = self.next_listener();
        self.poll.registry().register(&mut socket, token, Interest::READABLE)?;
        let address = socket.local_addr()?;
        self.listeners.add(ListeningSocket::Tcp(socket), transmission);
        Ok((id, address))
    }

    /// Returns the id and the token of the listening socket to be added next.
    fn next_listener(&self) -> (ListenerId, Token) {
        let id = self.listeners.next_id();
        (id, ConnId::new(id.0.into(), NOT_A_CONN).token())
    }

    /// As [`Reactor::listen`], for one address without TLS that no proxy is in front of: its
    /// connections are neither those of trusted proxies nor counted by network.
    ///
    /// # Errors
    /// If the address cannot be bound.
    pub fn listen_directly(&mut self, address: SocketAddr) -> io::Result<SocketAddr> {
        let (listener, address) = self.listen(address, Transmission::Plain)?;
        self.conns.direct_listener = Some(listener);
        Ok(address)
    }

    /// As [`Reactor::listen_directly`], on a Unix socket that listens and does not block. Its peers
    /// have the address 127.0.0.1.
    ///
    /// # Errors
    /// If the poll has no room.
    pub fn listen_locally(&mut self, socket: UnixListener) -> io::Result<()> {
        let mut socket = mio::net::UnixListener::from_std(socket);
        let (listener, token) = self.next_listener();
        self.poll.registry().register(&mut socket, token, Interest::READABLE)?;
        self.listeners.add(ListeningSocket::Unix(socket), Transmission::Plain);
        self.conns.direct_listener = Some(listener);
        Ok(())
    }

    /// Passes signals to the handler from now on, instead of their default action.
    ///
    /// # Errors
    /// If the system refuses one of them.
    pub fn watch_signals(&mut self, signals: &[i32]) -> io::Result<()> {
        let mut signals = Signals::new(signals)?;
        self.poll.registry().register(&mut signals, SIGNALS.token(), Interest::READABLE)?;
        self.signals = Some(signals);
        Ok(())
    }

    /// Returns a handle that wakes the reactor from another thread.
    pub fn waker(&self) -> Arc<Waker> {
        Arc::clone(&self.waker)
    }

    /// Returns the time of the current or last turn.
    pub fn now(&self) -> Now {
        self.now
    }

    /// Runs until the handler calls [`Turn::exit`].
    ///
    /// # Errors
    /// Only if polling itself fails; errors of a connection end that connection.
    pub fn run(&mut self, handler: &mut impl Handler) -> io::Result<()> {
        let mut events = Events::with_capacity(1024);
        while !self.conns.exit {
            match self.poll.poll(&mut events, self.wait(handler)) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                result => result?,
            }
            self.now = self.conns.clock.now();
            self.conns.again = false;
            let began = self.conns.clock.elapsed();
            self.conns.counters.events.add(events.iter().count() as u64);
            self.conns.weigh(handler.memory());
            self.accept(&events);
            self.read(&events, handler);
            self.wake(handler);
            self.deadlines(handler);
            self.conns.relieve(self.now);
            self.flush();
            self.reap(handler);
            let took = self.conns.clock.elapsed().saturating_sub(began);
            let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
            self.conns.counters.turn_us.add(took_us);
        }
        Ok(())
    }

    /// Returns how long the poll may sleep.
    fn wait(&self, handler: &impl Handler) -> Option<Duration> {
        let conns = &self.conns;
        let busy = conns.again
            || !conns.ready.is_empty()
            || !conns.ready_slow.is_empty()
            || !conns.handshakes.is_empty()
            || !conns.caught_up.is_empty()
            || !conns.drained.is_empty()
            || !conns.dirty.is_empty()
            || self.listeners.is_ready(self.now.at);
        if busy {
            return Some(Duration::ZERO);
        }
        let moments = [Some(handler.deadline()), self.listeners.paused_until()];
        let until = moments.into_iter().flatten().min().filter(|it| it.as_millis() != u64::MAX);
        // The clock has whole milliseconds: a turn a fraction early would find nothing due.
        let until = until.map(|moment| moment.since(self.now.at));
        let wait = [until, conns.wheel.wait(self.now.at)].into_iter().flatten().min()?;
        Some(wait.saturating_add(Duration::from_millis(1)))
    }

    fn wake(&mut self, handler: &mut impl Handler) {
        let caught_up = std::mem::take(&mut self.conns.caught_up);
        for id in caught_up {
            let Some(conn) = self.conns.get(id) else { continue };
            let Some(backlog) = conn.backlog.as_mut() else { continue };
            let missed = backlog.catch_up();
            if backlog.is_empty() {
                conn.backlog = None;
            }
            let mut turn = Turn { conns: &mut self.conns, now: self.now };
            handler.on_caught_up(&mut turn, id, &missed);
        }
        for id in std::mem::take(&mut self.conns.drained) {
            if self.conns.get(id).is_some_and(|conn| conn.endpoint.is_sending()) {
                handler.on_drained(&mut Turn { conns: &mut self.conns, now: self.now }, id);
            }
        }
        self.conns.begin_phase();
        handler.on_wake(&mut Turn { conns: &mut self.conns, now: self.now });
    }

    fn deadlines(&mut self, handler: &mut impl Handler) {
        let mut fired = std::mem::take(&mut self.fired);
        self.conns.wheel.advance(self.now.at, &mut fired);
        // Ten thousand connections of one moment are due in one moment: the others do not wait for all.
        self.fired = fired.split_off(fired.len().min(DEADLINES_MAX));
        self.conns.again |= !self.fired.is_empty();
        for id in fired {
            let Some(conn) = self.conns.get(id) else { continue };
            // An entry that is not the connection's latest is outdated.
            if conn.armed <= self.now.at {
                conn.armed = Moment::NEVER;
                self.on_due(id, handler);
                self.conns.arm(id);
            }
        }
        if handler.deadline() <= self.now.at {
            handler.on_deadline(&mut Turn { conns: &mut self.conns, now: self.now });
        }
    }

    fn on_due(&mut self, id: ConnId, handler: &mut impl Handler) {
        let Conns { slab, shared, frames, limits, .. } = &mut self.conns;
        let Some(conn) = slab.get_mut(id.slot() as usize) else { return };
        if conn.due(limits) > self.now.at {
            return;
        }
        if conn.is_handshaking() {
            return self.conns.doom(id);
        }
        if let Some(backlog) = &conn.backlog {
            if backlog.progress.after(limits.lag_max) <= self.now.at {
                self.on_lag_due(id);
            }
            return;
        }
        if conn.endpoint.deadline() <= self.now.at && conn.awaits_header() {
            // No answer before it is known who asks.
            self.conns.doom(id);
        } else if conn.endpoint.deadline() <= self.now.at {
            let event = conn.endpoint.on_deadline(self.now, shared, frames.buffer());
            self.conns.settle(id);
            if let Some(event) = event {
                self.dispatch(id, event, handler);
            }
        }
    }

    /// Closes a connection that takes nothing.
    fn on_lag_due(&mut self, id: ConnId) {
        let Some(conn) = self.conns.get(id) else { return };
        // The kernel reports no room before a good part of its buffer is free: one that reads
        // slowly may have made progress all the same.
        conn.blocked = false;
        if self.flush_conn(id.slot()) {
            self.conns.dirty.insert(id.slot());
        }
        let Conns { slab, shared, frames, .. } = &mut self.conns;
        let Some(conn) = slab.get_mut(id.slot() as usize).filter(|conn| !conn.doomed) else {
            return;
        };
        if conn.backlog.as_ref().is_some_and(|backlog| backlog.progress < self.now.at) {
            conn.endpoint.close(self.now, shared, 4102, "not reading", frames.buffer());
            self.conns.settle(id);
            self.conns.doom(id);
        }
    }

    fn flush(&mut self) {
        let mut word = 0;
        let mut again = Vec::new();
        while let Some(slot) = self.conns.dirty.take_next(&mut word) {
            if self.flush_conn(slot) {
                again.push(slot);
            }
        }
        for slot in again {
            self.conns.dirty.insert(slot);
        }
        self.conns.frames.clear(TURN_BYTES_KEPT);
    }

    /// Writes what a connection is owed; returns whether there is more than fits into one write.
    fn flush_conn(&mut self, slot: u32) -> bool {
        let Conns { slab, frames, limits, shared, scratch, .. } = &mut self.conns;
        let Some(conn) = slab.get_mut(slot as usize) else { return false };
        let id = conn.id;
        let was_behind = conn.backlog.is_some();
        let flushed = conn.flush(self.now, limits, frames, scratch);
        if was_behind && flushed == Flushed::All {
            conn.endpoint.on_drained(self.now, shared);
        }
        let (after, lags) = (conn.endpoint.after(), conn.lags());
        let sends = conn.endpoint.is_sending();
        let goes_on = conn.has_input() && conn.may_proceed(limits);
        match flushed {
            Flushed::All if after == After::Drop => self.conns.doom(id),
            Flushed::All => {
                if after == After::Shut {
                    conn.shut();
                }
                if lags {
                    self.conns.caught_up.push(id);
                }
                if sends {
                    self.conns.drained.push(id);
                }
            }
            Flushed::Broken => self.conns.doom(id),
            Flushed::Blocked | Flushed::Again => {}
        }
        self.conns.arm(id);
        if goes_on {
            self.conns.serve_soon(id);
        }
        flushed == Flushed::Again
    }

    fn reap(&mut self, handler: &mut impl Handler) {
        let doomed = std::mem::take(&mut self.conns.doomed);
        for id in doomed {
            let Some(conn) = self.conns.slab.get_mut(id.slot() as usize) else { continue };
            if let Some(event) = conn.endpoint.on_lost() {
                self.dispatch(id, event, handler);
            }
            let mut conn = self.conns.slab.remove(id.slot() as usize);
            self.conns.forget_handshake(&conn);
            conn.transport.say_goodbye();
            // Closing the socket removes it from epoll and kqueue; this is for other systems.
            let _ = self.poll.registry().deregister(conn.transport.stream());
            self.conns.discount(&conn);
            self.conns.forget_received(&conn);
            self.listeners.resume();
        }
    }
}

fn is_listener(token: Token) -> bool {
    token.0 as u64 >> 32 == u64::from(NOT_A_CONN)
        && token != WAKER.token()
        && token != SIGNALS.token()
}
