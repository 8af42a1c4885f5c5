//! What a crowd costs those who talk.
//!
//! `cargo bench --bench crowd` starts the server in a process of its own and lets 1,000 clients talk
//! in ten rooms, ten messages a second in each. Then 10,000 clients join that say nothing, and one
//! in each busy room that never reads. It prints how long messages took in both phases, and the
//! memory of the server.

#![expect(clippy::disallowed_methods, reason = "a benchmark looks at the clock")]

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token};

const TALKERS: usize = 1_000;
const ROOMS: usize = 10;
const IDLE: usize = 10_000;
const PHASE: Duration = Duration::from_secs(10);
/// 100 messages a second, each to 100 clients.
const PACE: Duration = Duration::from_millis(10);

fn main() {
    let mut server = Server::start();
    let started = Instant::now();
    let mut poll = Poll::new().expect("a poll");
    let mut talkers: Vec<Talker> = (0..TALKERS)
        .map(|n| Talker::new(&server, &format!("name=t{n}&room=r{}&echo=1", n % ROOMS), n, &poll))
        .collect();
    let empty = server.memory();
    let alone = talk(&mut poll, &mut talkers, started);
    report("1,000 talk", &alone, server.memory());
    let idle: Vec<TcpStream> =
        (0..IDLE).map(|n| server.open(&format!("name=i{n}&room=quiet{}", n % 100))).collect();
    let sleepers: Vec<TcpStream> =
        (0..ROOMS).map(|n| server.open(&format!("name=s{n}&room=r{n}"))).collect();
    let crowded = talk(&mut poll, &mut talkers, started);
    report("with 10,000 idle and 10 that never read", &crowded, server.memory());
    println!("memory before they talked: {} KiB", empty / 1024);
    let ratio = |at: f64| percentile(&crowded, at) as f64 / percentile(&alone, at) as f64;
    println!("crowded / alone: p50 {:.2}, p99 {:.2}", ratio(0.5), ratio(0.99));
    drop((idle, sleepers));
    server.child.kill().expect("the server ran");
    server.child.wait().expect("the server ends");
}

/// Lets the talkers talk for a while and gives how long each delivery took, sorted, in
/// microseconds.
fn talk(poll: &mut Poll, talkers: &mut [Talker], started: Instant) -> Vec<u64> {
    let mut events = Events::with_capacity(4096);
    let (end, mut next, mut said) = (Instant::now() + PHASE, Instant::now(), 0_usize);
    let (mut sent, mut took) = (0, Vec::new());
    // What is under way when the time is over is still waited for.
    while Instant::now() < end || (took.len() < sent && Instant::now() < end + PHASE) {
        if Instant::now() >= next && Instant::now() < end {
            next += PACE;
            let speaker = said * 7 % TALKERS;
            said += 1;
            sent += TALKERS / ROOMS;
            let text = format!("@{:020}@ hello everybody", started.elapsed().as_micros());
            talkers[speaker].stream.write_all(&masked(&text)).expect("the server reads");
        }
        poll.poll(&mut events, Some(next.saturating_duration_since(Instant::now()))).expect("poll");
        for event in &events {
            let now = started.elapsed().as_micros() as u64;
            talkers[event.token().0].read(|sent| took.push(now - sent));
        }
    }
    assert_eq!(took.len(), sent, "every message reaches everybody in its room");
    took.sort_unstable();
    took
}

fn report(what: &str, took: &[u64], memory: u64) {
    let [p50, p99, max] = [0.5, 0.99, 1.0].map(|at| percentile(took, at));
    println!(
        "{what}: {} deliveries, p50 {p50} us, p99 {p99} us, max {max} us, server {} KiB",
        took.len(),
        memory / 1024
    );
}

fn percentile(sorted: &[u64], at: f64) -> u64 {
    sorted[((sorted.len() - 1) as f64 * at) as usize]
}

/// Returns a text frame; a mask of zeros changes nothing.
fn masked(text: &str) -> Vec<u8> {
    let mut frame = vec![0x81, 0x80 | text.len() as u8, 0, 0, 0, 0];
    frame.extend(text.as_bytes());
    frame
}

struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_chinwag"))
            .args(["--listen", "127.0.0.1:0", "--data", "none", "--log-level", "warn"])
            .args(["--rate-limit", "off"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("the server is ready");
        let address = line.trim().trim_start_matches("listening on http://").to_owned();
        Self { child, address }
    }

    /// Opens a WebSocket and reads nothing but the handshake.
    fn open(&self, query: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).expect("a connection");
        let head = format!(
            "GET /ws?{query}&history=0 HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\n\
             Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             Sec-WebSocket-Version: 13\r\n\r\n",
            self.address
        );
        stream.write_all(head.as_bytes()).expect("the server reads");
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).expect("an answer");
            answer.push(byte[0]);
        }
        stream
    }

    /// Returns the resident memory in bytes.
    fn memory(&self) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
        kib.unwrap_or_default() * 1024
    }
}

struct Talker {
    stream: mio::net::TcpStream,
    /// The end of what was read, in which a mark may have begun.
    rest: Vec<u8>,
}

impl Talker {
    fn new(server: &Server, query: &str, number: usize, poll: &Poll) -> Self {
        let stream = server.open(query);
        stream.set_nonblocking(true).expect("a socket");
        let mut stream = mio::net::TcpStream::from_std(stream);
        poll.registry()
            .register(&mut stream, Token(number), Interest::READABLE)
            .expect("a place in the poll");
        Self { stream, rest: Vec::new() }
    }

    /// Reads all there is, and tells the time in each mark.
    fn read(&mut self, mut tell: impl FnMut(u64)) {
        let mut buffer = [0; 16 * 1024];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => panic!("the server closed a connection"),
                Ok(n) => self.rest.extend(&buffer[..n]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => panic!("{error}"),
            }
        }
        // A mark is twenty digits between two signs.
        let mut at = 0;
        while let Some(mark) = self.rest.get(at..at + 22) {
            if mark[0] == b'@' && mark[21] == b'@' {
                let digits = std::str::from_utf8(&mark[1..21]).unwrap_or_default();
                if let Ok(micros) = digits.parse() {
                    tell(micros);
                }
            }
            at += 1;
        }
        self.rest.drain(..at);
    }
}
