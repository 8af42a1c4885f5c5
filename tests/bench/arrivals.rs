//! What it costs when many arrive.
//!
//! `cargo bench --bench arrivals` starts the server in a process of its own and has guests join one
//! room of it within ten seconds, 2,500 and then 10,000 of them. It prints the bytes that told them
//! of each other, the processor time the server took, both for each guest, and how these compare:
//! where the cost grows with the number of guests, and not with its square, that is about one.
//! `BINARY` names another program to measure.

#![expect(clippy::disallowed_methods, reason = "a benchmark looks at the clock")]

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

const SIZES: [usize; 2] = [2_500, 10_000];
const WITHIN: Duration = Duration::from_secs(10);
/// The last news come a second after those before.
const AFTER: Duration = Duration::from_millis(2_500);

fn main() {
    let costs = SIZES.map(measure);
    let ratio = |of: fn(&Cost) -> f64| of(&costs[1]) / of(&costs[0]);
    println!(
        "10,000 / 2,500, for each guest: presence {:.2}, welcome {:.2}, processor {:.2}",
        ratio(|cost| cost.presence),
        ratio(|cost| cost.welcome),
        ratio(|cost| cost.processor_us)
    );
}

/// What one guest costs.
struct Cost {
    /// Bytes that tell it of others.
    presence: f64,
    /// Bytes that greet it.
    welcome: f64,
    /// Microseconds of the server's processor.
    processor_us: f64,
}

fn measure(count: usize) -> Cost {
    let server = Server::start();
    let mut poll = Poll::new().expect("a poll");
    let mut events = Events::with_capacity(4096);
    let (begun, before) = (Instant::now(), server.processor_us());
    let (mut guests, mut presence, mut welcome) = (Vec::with_capacity(count), 0, 0);
    let mut buffer = vec![0; 64 * 1024];
    while guests.len() < count || begun.elapsed() < WITHIN + AFTER {
        let due = count as u128 * begun.elapsed().as_millis() / WITHIN.as_millis();
        while guests.len() < count && guests.len() as u128 <= due {
            let (stream, greeting) = server.open(guests.len());
            welcome += greeting;
            let mut stream = TcpStream::from_std(stream);
            let token = Token(guests.len());
            poll.registry().register(&mut stream, token, Interest::READABLE).expect("a place");
            guests.push(stream);
        }
        poll.poll(&mut events, Some(Duration::from_millis(1))).expect("poll");
        for event in &events {
            presence += drain(&mut guests[event.token().0], &mut buffer);
        }
    }
    let processor_us = server.processor_us() - before;
    let list = server.list(&mut guests[0], &mut buffer);
    let each = |sum: u64| sum as f64 / count as f64;
    let cost =
        Cost { presence: each(presence), welcome: each(welcome), processor_us: each(processor_us) };
    let took = begun.elapsed().as_millis();
    println!(
        "{count} guests in {took} ms: presence {presence} bytes, {:.0} each; welcome {:.0} bytes each; \
         processor {} ms, {:.0} us each; a list of users {list} bytes",
        cost.presence,
        cost.welcome,
        processor_us / 1000,
        cost.processor_us
    );
    cost
}

/// Reads all there is and gives how much that was.
fn drain(stream: &mut TcpStream, buffer: &mut [u8]) -> u64 {
    let mut sum = 0;
    loop {
        match stream.read(buffer) {
            Ok(0) => panic!("the server closed a connection"),
            Ok(n) => sum += n as u64,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return sum,
            Err(error) => panic!("{error}"),
        }
    }
}

struct Server {
    child: Child,
    address: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    fn start() -> Self {
        let binary = std::env::var("BINARY");
        let binary = binary.unwrap_or_else(|_| env!("CARGO_BIN_EXE_chinwag").into());
        let mut child = Command::new(binary)
            .args(["--listen", "127.0.0.1:0", "--data", "none", "--log-level", "warn"])
            // The guests answer no ping.
            .args(["--compression", "off", "--ping-after", "10m"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("the server is ready");
        let address = line.trim().trim_start_matches("listening on http://").to_owned();
        Self { child, address }
    }

    /// Joins as a guest and gives the size of the greeting.
    fn open(&self, number: usize) -> (std::net::TcpStream, u64) {
        let mut stream = std::net::TcpStream::connect(&self.address).expect("a connection");
        let head = format!(
            "GET /ws?name=n{number:05}&history=0 HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\n\
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
        // A greeting has from 126 to 65,535 bytes.
        let mut header = [0; 4];
        stream.read_exact(&mut header).expect("a greeting");
        assert_eq!(header[..2], [0x81, 126]);
        let length = u64::from(u16::from_be_bytes([header[2], header[3]]));
        let mut greeting = Vec::new();
        Read::by_ref(&mut stream).take(length).read_to_end(&mut greeting).expect("all");
        stream.set_nonblocking(true).expect("a socket");
        (stream, length + 4)
    }

    /// Has a guest ask who is there and gives the size of the answer.
    fn list(&self, guest: &mut TcpStream, buffer: &mut [u8]) -> u64 {
        drain(guest, buffer);
        // A mask of zeros changes nothing.
        guest.write_all(b"\x81\x84\0\0\0\0/who").expect("the server reads");
        let begun = Instant::now();
        loop {
            match drain(guest, buffer) {
                0 => assert!(begun.elapsed() < WITHIN, "no list comes"),
                bytes => return bytes,
            }
        }
    }

    /// Returns the microseconds the server has had of the processor; a tick is a hundredth second.
    fn processor_us(&self) -> u64 {
        let path = format!("/proc/{}/stat", self.child.id());
        let stat = std::fs::read_to_string(path).unwrap_or_default();
        let rest = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
        let ticks = rest.split(' ').skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok());
        ticks.sum::<u64>() * 10_000
    }
}
