//! How an attack is carried out: many connections in one thread of low priority.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::setpriority_process;

use crate::stream::{Stream, Target};
use crate::wire::{self, Inbox};

/// Who attacks, and how.
pub(crate) struct Attacker {
    pub(crate) name: &'static str,
    /// How many connections it has.
    pub(crate) connections: usize,
    /// The bytes that each connection begins with: a handshake, or nothing.
    pub(crate) opening: fn(usize) -> Vec<u8>,
    /// What a connection sends next; none: it falls silent.
    pub(crate) batch: fn(usize, u64) -> Option<Vec<u8>>,
    /// The least time between two batches of a connection.
    pub(crate) pace: Duration,
    pub(crate) habit: Habit,
}

/// What an attacker does with answers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Habit {
    Reads,
    Ignores,
    /// It closes as soon as an answer comes, and opens again.
    HangsUp,
}

/// What a storm is to do now.
#[derive(Default)]
pub(crate) struct Phase(AtomicU8);

impl Phase {
    pub(crate) fn rest(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    pub(crate) fn attack(&self) {
        self.0.store(1, Ordering::Relaxed);
    }

    pub(crate) fn end(&self) {
        self.0.store(2, Ordering::Relaxed);
    }

    fn get(&self) -> u8 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How often connections got which answer or end.
pub(crate) type Fates = BTreeMap<String, u64>;

/// Opens the connections, waits for the phase to attack, attacks until it ends.
pub(crate) fn storm(attacker: &Attacker, number: u8, target: &Target, phase: &Phase) -> Fates {
    // The server and those who measure are not to wait for a processor because of the attackers.
    let _ = setpriority_process(None, 15);
    let mut fates = Fates::new();
    let mut lines: Vec<Line> = (0..attacker.connections).map(Line::new).collect();
    while phase.get() < 2 {
        let attacks = phase.get() == 1;
        for line in &mut lines {
            line.turn(attacker, number, target, attacks, &mut fates);
            if phase.get() == 2 {
                break;
            }
        }
        thread::sleep(Duration::from_millis(1));
    }
    for line in &mut lines {
        line.receive(&mut fates);
    }
    fates
}

/// What a connection hears.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Talk {
    /// Answers to requests.
    Http,
    /// The answer to a handshake.
    Handshake,
    /// Frames.
    Frames,
}

/// One connection of an attacker.
struct Line {
    number: usize,
    stream: Option<Stream>,
    inbox: Inbox,
    talk: Talk,
    /// Bytes of an answer's body that are still to come.
    body: usize,
    out: Vec<u8>,
    sent: usize,
    batches: u64,
    next: Instant,
    opened: u64,
}

impl Line {
    fn new(number: usize) -> Self {
        Self {
            number,
            stream: None,
            inbox: Inbox::default(),
            talk: Talk::Http,
            body: 0,
            out: Vec::new(),
            sent: 0,
            batches: 0,
            next: Instant::now(),
            opened: 0,
        }
    }

    fn turn(
        &mut self,
        attacker: &Attacker,
        number: u8,
        target: &Target,
        attacks: bool,
        fates: &mut Fates,
    ) {
        if self.stream.is_none() {
            if Instant::now() >= self.next {
                self.connect(attacker, number, target, fates);
            }
            return;
        }
        let ready = self.talk != Talk::Handshake && self.sent == self.out.len();
        if attacks && ready && Instant::now() >= self.next {
            self.sent = 0;
            self.out = (attacker.batch)(self.number, self.batches).unwrap_or_default();
            self.batches += 1;
            self.next = Instant::now() + attacker.pace;
        }
        self.send(fates);
        // Before a WebSocket is open it cannot attack.
        if attacker.habit != Habit::Ignores || self.talk == Talk::Handshake {
            let heard = self.receive(fates);
            if attacker.habit == Habit::HangsUp && heard && attacks {
                self.end();
                self.next = Instant::now() + attacker.pace;
            }
        }
    }

    fn connect(&mut self, attacker: &Attacker, number: u8, target: &Target, fates: &mut Fates) {
        let direct = attacker.name.starts_with("churn");
        let own = if direct { Some(self.loopback()) } else { None };
        // As many networks as the default limit of connections for each of them asks for.
        let network = u8::try_from(self.number / 60).unwrap_or(u8::MAX);
        let network = Ipv4Addr::new(198, 18, number, network);
        let proxied = if direct { Vec::new() } else { wire::proxied(network) };
        let connected = target.connect(own, &proxied, Duration::from_millis(100));
        let Ok(stream) = connected.and_then(|it| it.socket().set_nonblocking(true).map(|()| it))
        else {
            *fates.entry("no connection".into()).or_default() += 1;
            return self.end();
        };
        self.out = (attacker.opening)(self.number);
        self.talk = if self.out.is_empty() { Talk::Http } else { Talk::Handshake };
        (self.sent, self.body, self.inbox, self.stream) = (0, 0, Inbox::default(), Some(stream));
    }

    /// Another address of this machine for each connection.
    fn loopback(&mut self) -> Ipv4Addr {
        self.opened += 1;
        let at = self.number as u64 * 199 + self.opened;
        Ipv4Addr::new(127, 0, 1 + (at / 250 % 250) as u8, 1 + (at % 250) as u8)
    }

    fn send(&mut self, fates: &mut Fates) {
        let Some(stream) = &mut self.stream else { return };
        while self.sent < self.out.len() {
            match stream.write(&self.out[self.sent..]) {
                Ok(bytes) => self.sent += bytes,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(_) => {
                    // What it was told before is still there to be read.
                    if !self.receive(fates) {
                        *fates.entry("reset".into()).or_default() += 1;
                    }
                    return self.end();
                }
            }
        }
    }

    /// Reads what there is; returns whether there was anything.
    fn receive(&mut self, fates: &mut Fates) -> bool {
        let mut buffer = [0; 64 * 1024];
        let mut heard = false;
        while let Some(stream) = &mut self.stream {
            match stream.read(&mut buffer) {
                Ok(0) => {
                    if !heard {
                        *fates.entry("closed".into()).or_default() += 1;
                    }
                    self.end();
                }
                Ok(bytes) => {
                    heard = true;
                    self.inbox.push(&buffer[..bytes]);
                    self.note(fates);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => {
                    *fates.entry("reset".into()).or_default() += 1;
                    self.end();
                }
            }
        }
        heard
    }

    /// Counts statuses and close codes.
    fn note(&mut self, fates: &mut Fates) {
        loop {
            if self.body > 0 {
                self.body -= self.inbox.take(self.body).len();
                if self.body > 0 {
                    return;
                }
            }
            if self.talk == Talk::Frames {
                let Some((opcode, payload)) = self.inbox.frame() else { return };
                if opcode == 8 {
                    *fates.entry(wire::close_code(&payload).to_string()).or_default() += 1;
                }
            } else {
                let Some((status, length)) = self.inbox.head() else { return };
                self.body = length;
                if status == 101 {
                    (self.talk, self.body) = (Talk::Frames, 0);
                } else {
                    *fates.entry(status.to_string()).or_default() += 1;
                }
            }
        }
    }

    fn end(&mut self) {
        self.stream = None;
        self.next = Instant::now() + Duration::from_millis(50);
        self.out.clear();
        self.sent = 0;
    }
}
