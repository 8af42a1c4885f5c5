//! What clients notice of a restart.
//!
//! `cargo bench --bench restart` has 10,000 guests in a hundred rooms, one of each room talking, ends
//! the server with SIGTERM, starts it anew on the same record, and brings each guest back when its
//! `bye` said. It prints how long that took and how many arrived in the fullest second, and fails if
//! a message was lost, repeated or out of order, if anybody was seen leaving or joining, or if
//! somebody was late. `GUESTS` sets another number, `BINARY` another program.

#![expect(clippy::disallowed_methods, reason = "a benchmark looks at the clock")]

use std::collections::{BTreeSet, HashMap};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use serde_json::{Value, json};

const ROOMS: usize = 100;
/// Guests that connect at the same time.
const CONNECTING_MAX: usize = 200;
const TALK_EVERY: Duration = Duration::from_millis(500);
/// Wait before a retry, as long as the server is not there.
const RETRY: Duration = Duration::from_millis(300);
const PATIENCE: Duration = Duration::from_secs(120);

fn main() {
    let guests = std::env::var("GUESTS").map_or(10_000, |it| it.parse().expect("a number"));
    let data = std::env::temp_dir().join(format!("chinwag-bench-restart-{}", std::process::id()));
    let mut server = Server::start(&data, "127.0.0.1:0");
    let mut crowd = Crowd::new(guests, server.address);
    crowd.run("all are there", |crowd| crowd.live() == guests);
    crowd.talks = true;
    let settled = Instant::now();
    crowd.run("some was said", |_| settled.elapsed() > Duration::from_secs(3));
    crowd.presence = 0;

    let stopped = Instant::now();
    server.signal();
    let mut exited = None;
    let mut ready = None;
    crowd.arrivals.clear();
    crowd.run("all are back", |crowd| {
        if exited.is_none() && server.has_ended() {
            exited = Some(stopped.elapsed());
            server = Server::start(&data, &crowd.address.to_string());
            ready = Some(stopped.elapsed());
        }
        ready.is_some() && crowd.live() == guests
    });
    let back = stopped.elapsed();
    let settled = Instant::now();
    crowd.run("all is told", |_| settled.elapsed() > Duration::from_secs(15));
    crowd.talks = false;
    crowd.run("all is acknowledged", |crowd| crowd.unacknowledged() == 0 && crowd.is_even());
    drop(server);
    let _ = std::fs::remove_dir_all(&data);
    report(&crowd, stopped, [exited.expect("an end"), ready.expect("a start"), back]);
}

fn report(crowd: &Crowd, stopped: Instant, [exited, ready, back]: [Duration; 3]) {
    let promised = crowd.guests.iter().map(|guest| guest.after).max().unwrap_or_default();
    let mut arrivals: Vec<Duration> = crowd.arrivals.iter().map(|at| *at - stopped).collect();
    arrivals.sort_unstable();
    let in_a_second = |at: &Duration| {
        let end = *at + Duration::from_secs(1);
        arrivals.partition_point(|it| *it < end) - arrivals.partition_point(|it| it < at)
    };
    let rate = arrivals.iter().map(in_a_second).max().unwrap_or(0);
    let late = crowd.guests.iter().map(|guest| guest.late).max().unwrap_or_default();
    let said: usize = crowd.guests.iter().map(|guest| guest.acknowledged.len()).sum();
    println!(
        "{} guests: the old server ended after {} ms, the new one was ready after {} ms, all were back \
         after {} ms; promised at most {} ms, the latest came {} ms after its time; fullest second \
         {rate} arrivals; {} attempts failed; {said} messages acknowledged, each seen once and in \
         order by all in its room; {} joins and leaves shown",
        crowd.guests.len(),
        exited.as_millis(),
        ready.as_millis(),
        back.as_millis(),
        promised.as_millis(),
        late.as_millis(),
        crowd.failures,
        crowd.presence,
    );
    assert_eq!(crowd.presence, 0, "somebody was seen leaving or joining");
    crowd.check_record();
}

/// All guests and what they have seen.
struct Crowd {
    address: SocketAddr,
    poll: Poll,
    guests: Vec<Guest>,
    /// When guests came back.
    arrivals: Vec<Instant>,
    connecting: usize,
    failures: usize,
    /// Events that tell of somebody leaving or joining.
    presence: usize,
    talks: bool,
}

struct Guest {
    room: String,
    name: String,
    stream: Option<TcpStream>,
    is_connecting: bool,
    is_live: bool,
    /// When to connect.
    due: Option<Instant>,
    /// The moment that the server named.
    named: Option<Instant>,
    after: Duration,
    late: Duration,
    input: Vec<u8>,
    output: Vec<u8>,
    is_upgraded: bool,
    session: String,
    epoch: String,
    /// The last `seq` seen.
    seq: u64,
    /// Content by `seq`.
    heard: HashMap<u64, String>,
    is_talker: bool,
    said: usize,
    pending: BTreeSet<usize>,
    acknowledged: HashMap<usize, u64>,
    talked: Instant,
}

impl Crowd {
    fn new(count: usize, address: SocketAddr) -> Self {
        let now = Instant::now();
        let guest = |number: usize| Guest {
            room: format!("room{}", number % ROOMS),
            name: format!("n{number:05}"),
            stream: None,
            is_connecting: false,
            is_live: false,
            due: Some(now),
            named: None,
            after: Duration::ZERO,
            late: Duration::ZERO,
            input: Vec::new(),
            output: Vec::new(),
            is_upgraded: false,
            session: String::new(),
            epoch: String::new(),
            seq: 0,
            heard: HashMap::new(),
            is_talker: number < ROOMS,
            said: 0,
            pending: BTreeSet::new(),
            acknowledged: HashMap::new(),
            talked: now,
        };
        Self {
            address,
            poll: Poll::new().expect("a poll"),
            guests: (0..count).map(guest).collect(),
            arrivals: Vec::new(),
            connecting: 0,
            failures: 0,
            presence: 0,
            talks: false,
        }
    }

    fn live(&self) -> usize {
        self.guests.iter().filter(|guest| guest.is_live).count()
    }

    fn unacknowledged(&self) -> usize {
        self.guests.iter().map(|guest| guest.pending.len()).sum()
    }

    /// Whether all guests of each room have seen the same.
    fn is_even(&self) -> bool {
        self.guests.iter().enumerate().all(|(at, guest)| guest.seq == self.guests[at % ROOMS].seq)
    }

    /// Runs until something is so.
    fn run(&mut self, what: &str, mut is_done: impl FnMut(&mut Self) -> bool) {
        let begun = Instant::now();
        let mut events = Events::with_capacity(4096);
        while !is_done(self) {
            assert!(begun.elapsed() < PATIENCE, "not yet: {what}; {} are there", self.live());
            self.connect_due();
            self.talk();
            self.poll.poll(&mut events, Some(Duration::from_millis(5))).expect("poll");
            for event in &events {
                self.serve(event.token().0);
            }
        }
    }

    fn connect_due(&mut self) {
        let now = Instant::now();
        for number in 0..self.guests.len() {
            if self.connecting >= CONNECTING_MAX {
                return;
            }
            let guest = &mut self.guests[number];
            if guest.due.is_none_or(|due| due > now) {
                continue;
            }
            guest.due = None;
            let mut stream = TcpStream::connect(self.address).expect("a socket");
            let both = Interest::READABLE | Interest::WRITABLE;
            self.poll.registry().register(&mut stream, Token(number), both).expect("a place");
            guest.stream = Some(stream);
            (guest.is_connecting, guest.is_upgraded) = (true, false);
            guest.input.clear();
            guest.output = guest.head(self.address).into_bytes();
            self.connecting += 1;
        }
    }

    fn talk(&mut self) {
        for guest in self.guests.iter_mut().filter(|guest| guest.is_talker && guest.is_live) {
            if self.talks && guest.talked.elapsed() >= TALK_EVERY {
                guest.talked = Instant::now();
                guest.pending.insert(guest.said);
                guest.say(guest.said);
                guest.said += 1;
                guest.flush();
            }
        }
    }

    fn serve(&mut self, number: usize) {
        let guest = &mut self.guests[number];
        guest.flush();
        let has_ended = guest.read();
        while let Some(event) = guest.next_event() {
            match event["type"].as_str().unwrap_or_default() {
                "welcome" => {
                    self.connecting -= 1;
                    self.arrivals.push(Instant::now());
                    guest.welcome(&event);
                }
                "user_joined" | "user_left" | "presence" => self.presence += 1,
                _ => guest.take(&event),
            }
        }
        if !has_ended {
            return;
        }
        self.connecting -= usize::from(guest.is_connecting);
        self.failures += usize::from(guest.is_connecting);
        guest.stream = None;
        (guest.is_connecting, guest.is_live) = (false, false);
        let retry = Instant::now() + RETRY;
        guest.due = Some(guest.named.filter(|named| *named > Instant::now()).unwrap_or(retry));
    }

    /// Checks that whatever was acknowledged was seen by all, in one order.
    fn check_record(&self) {
        for (number, guest) in self.guests.iter().enumerate() {
            let talker = &self.guests[number % ROOMS];
            assert!(
                guest.late < Duration::from_secs(5),
                "{} was late: {:?}",
                guest.name,
                guest.late
            );
            for (said, seq) in &talker.acknowledged {
                let is_own = guest.name == talker.name;
                assert!(
                    is_own || guest.heard.get(seq) == Some(&said.to_string()),
                    "{said} is lost"
                );
            }
            assert_eq!(talker.acknowledged.len(), talker.said, "each is acknowledged");
            assert_eq!(guest.seq as usize, talker.said, "none came twice");
        }
    }
}

impl Guest {
    fn head(&self, address: SocketAddr) -> String {
        let Self { room, name, session, epoch, seq, .. } = self;
        let query = if session.is_empty() {
            format!("name={name}&room={room}&history=0")
        } else {
            format!("session={session}&room={room}&after={room}:{seq}&epoch={epoch}")
        };
        format!(
            "GET /ws?{query} HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\n\
             Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: chat.v1\r\n\r\n"
        )
    }

    fn flush(&mut self) {
        let Some(stream) = &mut self.stream else { return };
        while !self.output.is_empty() {
            match stream.write(&self.output) {
                Ok(sent) => drop(self.output.drain(..sent)),
                // An error is seen again by reading.
                Err(_) => return,
            }
        }
    }

    /// Reads all there is; returns whether the connection has ended.
    fn read(&mut self) -> bool {
        let Some(stream) = &mut self.stream else { return false };
        let mut buffer = [0; 16 * 1024];
        loop {
            match stream.read(&mut buffer) {
                Ok(0) => return true,
                Ok(n) => self.input.extend_from_slice(&buffer[..n]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
                Err(error) if error.kind() == ErrorKind::NotConnected => return false,
                Err(_) => return true,
            }
        }
    }

    /// Takes the next text message off the input, and answers pings and Close.
    fn next_event(&mut self) -> Option<Value> {
        if !self.is_upgraded {
            let end = self.input.windows(4).position(|four| four == b"\r\n\r\n")?;
            self.is_upgraded = self.input.starts_with(b"HTTP/1.1 101 ");
            self.input.drain(..end + 4);
            if !self.is_upgraded {
                return None;
            }
        }
        loop {
            let (&[first, second], rest) = self.input.split_first_chunk()?;
            let (length, head) = match second {
                126 => (u64::from(u16::from_be_bytes(*rest.first_chunk()?)), 4),
                127 => (u64::from_be_bytes(*rest.first_chunk()?), 10),
                short => (u64::from(short), 2),
            };
            let payload = self.input.get(head..head + length as usize)?.to_vec();
            self.input.drain(..head + length as usize);
            match first {
                0x81 => return serde_json::from_slice(&payload).ok(),
                0x89 => self.send(0x8a, &payload),
                0x88 => self.send(0x88, &payload),
                _ => {}
            }
        }
    }

    fn send(&mut self, first: u8, payload: &[u8]) {
        self.output.push(first);
        match u8::try_from(payload.len()) {
            Ok(short @ ..126) => self.output.push(0x80 | short),
            _ => {
                self.output.push(0x80 | 126);
                self.output.extend_from_slice(&(payload.len() as u16).to_be_bytes());
            }
        }
        // A mask of zeros changes nothing.
        self.output.extend_from_slice(&[0; 4]);
        self.output.extend_from_slice(payload);
        self.flush();
    }

    fn say(&mut self, number: usize) {
        let event = json!({"type": "send_message", "id": format!("{}-{number}", self.name),
            "room": self.room, "payload": number.to_string()});
        self.send(0x81, event.to_string().as_bytes());
    }

    fn welcome(&mut self, event: &Value) {
        let text = |key: &str| event["payload"][key].as_str().unwrap_or_default().to_owned();
        assert_eq!(text("you"), self.name, "the name is the same");
        (self.session, self.epoch) = (text("session"), text("epoch"));
        (self.is_connecting, self.is_live) = (false, true);
        if let Some(named) = self.named.take() {
            self.late = named.elapsed();
        }
        for number in self.pending.clone() {
            self.say(number);
        }
    }

    fn take(&mut self, event: &Value) {
        let seq = event["seq"].as_u64().unwrap_or(0);
        match event["type"].as_str().unwrap_or_default() {
            "message" => {
                let content = event["payload"]["content"].as_str().unwrap_or_default().to_owned();
                let known = self.heard.insert(seq, content);
                assert!(known.is_none() && seq > self.seq, "{seq} after {}", self.seq);
                // What a talker says itself comes as `ack`.
                assert!(self.is_talker || seq == self.seq + 1, "{seq} after {}", self.seq);
                self.seq = self.seq.max(seq);
            }
            "ack" => {
                let (_, number) = event["re"].as_str().unwrap().split_once('-').unwrap();
                let number: usize = number.parse().unwrap();
                self.pending.remove(&number);
                self.acknowledged.insert(number, seq);
                self.seq = self.seq.max(seq);
            }
            "bye" => {
                self.after = Duration::from_millis(event["payload"]["after_ms"].as_u64().unwrap());
                self.named = Some(Instant::now() + self.after);
                self.is_live = false;
            }
            "gap" | "error" => panic!("{}: {event}", self.name),
            _ => {}
        }
    }
}

struct Server {
    child: Child,
    address: SocketAddr,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    fn start(data: &PathBuf, listen: &str) -> Self {
        let binary = std::env::var("BINARY");
        let binary = binary.unwrap_or_else(|_| env!("CARGO_BIN_EXE_chinwag").into());
        let mut child = Command::new(binary)
            .args(["--listen", listen, "--log-level", "warn", "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("the server is ready");
        let address = line.trim().trim_start_matches("listening on http://");
        Self { child, address: address.parse().expect("an address") }
    }

    fn signal(&self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("kill").success());
    }

    fn has_ended(&mut self) -> bool {
        let status = self.child.try_wait().expect("a child");
        assert!(status.is_none_or(|status| status.success()), "{status:?}");
        status.is_some()
    }
}
