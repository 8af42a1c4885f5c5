//! The reactor over real sockets, with a handler without chat.

use std::borrow::Cow;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use chinwag::clock::Clock;
use chinwag::http::{self, Request, Response, Status};
use chinwag::net::proxy::Trusted;
use chinwag::net::{
    Broadcast, ConnId, FrameClass, Handler, Limits, Missed, Reactor, Transmission, Turn,
};
use chinwag::ws::{self, Answer, Closed, Message, Shared};

/// Broadcasts every message with a number, and reports to the test.
struct Hub {
    open: Vec<ConnId>,
    /// Connections whose body is held until the next phase.
    held: Vec<ConnId>,
    number: u64,
    tell: std::sync::mpsc::Sender<String>,
    /// Connections closed in this turn, and at most in any.
    closed: usize,
    closed_max: Arc<AtomicUsize>,
    /// Requests for [`FILE`] so far.
    files: Arc<AtomicUsize>,
    /// Replies so far.
    replies: Arc<AtomicUsize>,
}

/// The body of a large answer.
static FILE: [u8; 2_000_000] = [b'f'; 2_000_000];

const REPLY_BYTES: usize = 60_000;

/// Bytes and number of the parts of a streamed response: more than the kernel holds.
const PART: u64 = 64 * 1024;
const PARTS: usize = 800;

impl Handler for Hub {
    fn on_request(&mut self, turn: &mut Turn<'_>, conn: ConnId, request: &Request) -> Answer {
        match request.path.as_str() {
            "/ws" => Answer::Upgrade { protocol: None },
            "/who" => {
                let (address, secure) = (turn.address(conn).unwrap(), turn.is_secure(conn));
                Answer::Respond(Response::text(Status(200), &format!("{address} {secure}")))
            }
            "/file" => {
                self.files.fetch_add(1, Ordering::Relaxed);
                let body = Cow::Borrowed(&FILE[..]);
                Answer::Respond(Response { body, ..Response::new(Status(200)) })
            }
            "/connections" => {
                let count = turn.connections().to_string();
                Answer::Respond(Response::text(Status(200), &count).with_close())
            }
            "/parts" => {
                turn.begin_response(conn, &Response::new(Status(200)), PARTS as u64 * PART);
                Answer::Later
            }
            "/upload" => Answer::Receive,
            path => Answer::Respond(Response::text(Status(200), path)),
        }
    }

    fn on_part(&mut self, turn: &mut Turn<'_>, conn: ConnId, bytes: Vec<u8>, last: bool) {
        self.files.fetch_add(bytes.len(), Ordering::Relaxed);
        turn.hold(conn);
        self.held.push(conn);
        if last {
            turn.respond(conn, &Response::text(Status(201), "done"));
        }
    }

    fn on_drained(&mut self, turn: &mut Turn<'_>, conn: ConnId) {
        let sent = self.files.fetch_add(1, Ordering::Relaxed) + 1;
        turn.send_part(conn, &[b'p'; PART as usize], sent == PARTS);
    }

    fn on_cut(&mut self, _: &mut Turn<'_>, _: ConnId) {
        let _ = self.tell.send("cut".to_owned());
    }

    fn on_open(&mut self, _: &mut Turn<'_>, conn: ConnId, _: &Request) {
        self.open.push(conn);
    }

    fn on_message(&mut self, turn: &mut Turn<'_>, conn: ConnId, message: Message) {
        match &message {
            Message::Text(text) if text == "work" => thread::sleep(Duration::from_millis(3)),
            Message::Text(text) if text == "reply" => {
                self.replies.fetch_add(1, Ordering::Relaxed);
                let owed = turn.owed(conn);
                turn.send(conn, &[b'r'; REPLY_BYTES]);
                assert!(turn.owed(conn) >= owed + REPLY_BYTES);
                return;
            }
            Message::Text(text) if text == "exit" => turn.exit(),
            Message::Text(text) if text == "hold" => turn.hold(conn),
            Message::Text(text) if text == "close all and hold" => {
                for conn in &self.open {
                    turn.close(*conn, 4000, "");
                    turn.hold(*conn);
                }
                return;
            }
            Message::Text(text) if text == "release" => {
                self.open.iter().for_each(|conn| turn.release(*conn));
            }
            Message::Text(text) if text == "hang" => thread::sleep(Duration::from_secs(1)),
            _ => {}
        }
        self.number += 1;
        let mark = FrameClass::Numbered { stream: 1, number: self.number };
        turn.deliver(Broadcast::message(mark, &message), self.open.iter().copied());
    }

    fn on_close(&mut self, _: &mut Turn<'_>, conn: ConnId, closed: Closed) {
        self.open.retain(|open| *open != conn);
        self.closed += 1;
        self.closed_max.fetch_max(self.closed, Ordering::Relaxed);
        let _ = self.tell.send(format!("closed {}", closed.code()));
    }

    fn on_wake(&mut self, turn: &mut Turn<'_>) {
        self.closed = 0;
        self.held.drain(..).for_each(|conn| turn.release(conn));
    }

    fn on_caught_up(&mut self, turn: &mut Turn<'_>, conn: ConnId, missed: &[Missed]) {
        for Missed { stream, first, last } in missed {
            turn.send(conn, format!("gap {stream} {first} {last}").as_bytes());
        }
    }
}

/// A running hub, stopped when dropped.
struct World {
    address: SocketAddr,
    heard: Receiver<String>,
    closed_max: Arc<AtomicUsize>,
    files: Arc<AtomicUsize>,
    replies: Arc<AtomicUsize>,
    thread: Option<thread::JoinHandle<()>>,
}

impl World {
    fn new(limits: Limits, messages: ws::Limits) -> Self {
        let (ready, address) = channel();
        let (tell, heard) = channel();
        let closed_max = Arc::new(AtomicUsize::new(0));
        let [files, replies] = [(); 2].map(|()| Arc::new(AtomicUsize::new(0)));
        let counts = [&closed_max, &files, &replies].map(Arc::clone);
        let thread = thread::spawn(move || {
            let mut shared = Shared::new(messages, http::Limits::default());
            shared.streams = |request| request.path == "/upload";
            let mut reactor = Reactor::new(limits, shared, Clock::start(), 1024).unwrap();
            let address = "127.0.0.1:0".parse().unwrap();
            let (_, address) = reactor.listen(address, Transmission::Plain).unwrap();
            ready.send(address).unwrap();
            let (open, number, closed) = (Vec::new(), 0, 0);
            let [closed_max, files, replies] = counts;
            let held = Vec::new();
            let mut hub = Hub { open, held, number, tell, closed, closed_max, files, replies };
            reactor.run(&mut hub).unwrap();
        });
        let address = address.recv().unwrap();
        Self { address, heard, closed_max, files, replies, thread: Some(thread) }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream.set_write_timeout(Some(Duration::from_secs(60))).unwrap();
        stream
    }

    fn open(&self) -> TcpStream {
        let mut stream = self.connect();
        stream.write_all(UPGRADE).unwrap();
        assert!(head(&mut stream).starts_with("HTTP/1.1 101 "));
        stream
    }

    /// Returns the number of connections, the one that asks among them.
    fn connections(&self) -> usize {
        let mut stream = self.connect();
        stream.write_all(b"GET /connections HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.rsplit("\r\n").next().unwrap().trim().parse().unwrap()
    }

    fn hears(&self, what: &str) {
        assert_eq!(self.heard.recv_timeout(Duration::from_secs(60)).unwrap(), what);
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if thread::panicking() {
            return;
        }
        // A socket that is dropped at once may reset the connection before the word is read.
        let mut stream = self.open();
        say(&mut stream, "exit");
        ends(&mut stream);
        self.thread.take().unwrap().join().unwrap();
    }
}

const UPGRADE: &[u8] = b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Version: 13\r\n\r\n";

fn head(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        bytes.push(byte[0]);
    }
    String::from_utf8(bytes).unwrap()
}

/// Returns a masked text frame; a mask of zeros changes nothing.
fn text(payload: &str) -> Vec<u8> {
    masked(0x81, payload.as_bytes())
}

fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        length @ ..126 => frame.push(0x80 | length as u8),
        length => {
            frame.push(0x80 | 126);
            frame.extend((length as u16).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

fn say(stream: &mut TcpStream, payload: &str) {
    stream.write_all(&text(payload)).unwrap();
}

/// Reads one frame of the server: its first byte and its payload.
fn frame(stream: &mut TcpStream) -> (u8, Vec<u8>) {
    let mut start = [0; 2];
    stream.read_exact(&mut start).unwrap();
    let length = match start[1] {
        126 => {
            let mut length = [0; 2];
            stream.read_exact(&mut length).unwrap();
            usize::from(u16::from_be_bytes(length))
        }
        length => usize::from(length),
    };
    let mut payload = vec![0; length];
    stream.read_exact(&mut payload).unwrap();
    (start[0], payload)
}

fn heard(stream: &mut TcpStream) -> String {
    let (first, payload) = frame(stream);
    assert_eq!(first, 0x81);
    String::from_utf8(payload).unwrap()
}

fn ends(stream: &mut TcpStream) {
    let mut rest = Vec::new();
    match stream.read_to_end(&mut rest) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}"),
    }
}

#[test]
fn a_message_reaches_every_client_once_and_in_order() {
    let world = World::new(Limits::default(), ws::Limits::default());
    let mut all: Vec<_> = (0..10).map(|_| world.open()).collect();
    for n in 0..50 {
        say(&mut all[n % 10], &n.to_string());
        for stream in &mut all {
            assert_eq!(heard(stream), n.to_string());
        }
    }
}

#[test]
fn requests_on_one_connection_are_answered_in_order() {
    let world = World::new(Limits::default(), ws::Limits::default());
    let mut stream = world.connect();
    let request = |path| format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n");
    stream.write_all((request("/a") + &request("/b")).as_bytes()).unwrap();
    for path in ["/a", "/b"] {
        assert!(head(&mut stream).starts_with("HTTP/1.1 200 "));
        let mut body = vec![0; path.len() + 1];
        stream.read_exact(&mut body).unwrap();
        assert_eq!(body, format!("{path}\n").as_bytes());
    }
}

#[test]
fn a_half_closed_client_gets_its_answer() {
    let world = World::new(Limits::default(), ws::Limits::default());
    let mut stream = world.connect();
    stream.write_all(b"GET /bye HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with("/bye\n"), "{answer}");
}

#[test]
fn messages_before_a_half_close_are_broadcast() {
    let world = World::new(Limits::default(), ws::Limits::default());
    let (mut one, mut two) = (world.open(), world.open());
    say(&mut two, "both are here");
    assert_eq!(heard(&mut one), "both are here");
    say(&mut one, "last words");
    one.shutdown(Shutdown::Write).unwrap();
    assert_eq!(heard(&mut two), "both are here");
    assert_eq!(heard(&mut two), "last words");
    world.hears("closed 1006");
    ends(&mut one);
}

#[test]
fn a_reset_within_a_frame_ends_only_its_connection() {
    let world = World::new(Limits::default(), ws::Limits::default());
    let (mut one, two) = (world.open(), world.open());
    let mut half = &two;
    half.write_all(&text("never to be finished")[..9]).unwrap();
    socket2::SockRef::from(&two).set_linger(Some(Duration::ZERO)).unwrap();
    drop(two);
    world.hears("closed 1006");
    say(&mut one, "still here");
    assert_eq!(heard(&mut one), "still here");
}

#[test]
fn a_client_that_does_not_read_lags_and_is_sent_gaps() {
    let limits = Limits {
        send_queue_bytes_max: 64 * 1024,
        socket_send_buffer_bytes: 8 * 1024,
        ..Limits::default()
    };
    let world = World::new(limits, ws::Limits { compression: false, ..ws::Limits::default() });
    let (mut talker, mut sleeper) = (world.open(), world.open());
    say(&mut talker, "start");
    assert_eq!(heard(&mut talker), "start");
    assert_eq!(heard(&mut sleeper), "start");
    let filler = "x".repeat(60_000);
    let said = 200;
    for n in 0..said {
        say(&mut talker, &format!("{n} {filler}"));
        assert!(heard(&mut talker).starts_with(&format!("{n} ")));
    }
    // It reads again: what it receives and the reported gaps are the whole stream, in order.
    // "start" was number 1, so text n is number n + 2.
    let (mut next, mut gaps) = (0, 0);
    while next < said {
        let text = heard(&mut sleeper);
        let words: Vec<&str> = text.splitn(4, ' ').collect();
        if words[0] == "gap" {
            assert_eq!(words[2], (next + 2).to_string());
            next = words[3].parse::<u64>().unwrap() - 1;
            gaps += 1;
        } else {
            assert_eq!(words[0], next.to_string());
            next += 1;
        }
    }
    assert!(gaps > 0);
    say(&mut talker, "on");
    assert_eq!(heard(&mut sleeper), "on");
}

#[test]
fn a_client_that_never_reads_is_closed() {
    let limits = Limits {
        send_queue_bytes_max: 64 * 1024,
        socket_send_buffer_bytes: 8 * 1024,
        lag_max: Duration::from_millis(1500),
        ..Limits::default()
    };
    let world = World::new(limits, ws::Limits { compression: false, ..ws::Limits::default() });
    let (mut talker, mut sleeper) = (world.open(), world.open());
    let filler = "x".repeat(60_000);
    while world.heard.try_recv().is_err() {
        say(&mut talker, &filler);
        assert_eq!(heard(&mut talker), filler);
    }
    ends(&mut sleeper);
    say(&mut talker, "alone");
    assert_eq!(heard(&mut talker), "alone");
}

#[test]
fn a_silent_client_is_pinged_and_then_dropped() {
    let messages = ws::Limits {
        ping_after: Duration::from_millis(100),
        pong_within: Duration::from_millis(200),
        ..ws::Limits::default()
    };
    let world = World::new(Limits::default(), messages);
    let mut silent = world.open();
    assert_eq!(frame(&mut silent).0, 0x89, "a ping");
    let (first, payload) = frame(&mut silent);
    assert_eq!((first, &payload[..2]), (0x88, &4201_u16.to_be_bytes()[..]));
    ends(&mut silent);
    world.hears("closed 4201");
}

#[test]
fn many_deadlines_at_once_do_not_delay_others() {
    let messages = ws::Limits {
        ping_after: Duration::from_secs(2),
        pong_within: Duration::from_secs(1),
        ..ws::Limits::default()
    };
    let world = World::new(Limits::default(), messages);
    let mut clients: Vec<TcpStream> = (0..200).map(|_| world.open()).collect();
    // After this all are due for a ping, and soon afterwards all are silent for too long.
    clients[0].write_all(&text("hang").repeat(3)).unwrap();
    for _ in 0..200 {
        world.hears("closed 4201");
    }
    let most = world.closed_max.load(Ordering::Relaxed);
    assert!(most <= 64, "{most} in one turn");
}

#[test]
fn any_byte_counts_as_activity() {
    let messages = ws::Limits {
        ping_after: Duration::from_millis(600),
        pong_within: Duration::from_millis(600),
        ..ws::Limits::default()
    };
    let world = World::new(Limits::default(), messages);
    let mut slow = world.open();
    let message = text("slow");
    let mut pings = 0;
    for byte in &message {
        // A ping comes after each silence; the next byte answers it.
        if frame(&mut slow).0 == 0x89 {
            pings += 1;
        }
        slow.write_all(&[*byte]).unwrap();
    }
    assert_eq!(pings, message.len());
    while frame(&mut slow).0 != 0x81 {}
}

#[test]
fn a_flooding_client_does_not_delay_others() {
    let world = World::new(Limits::default(), ws::Limits::default());
    let (mut honest, flooder) = (world.open(), world.open());
    let mut writer = flooder.try_clone().unwrap();
    let mut reader = flooder;
    let flood = thread::spawn(move || {
        let frames = text("x").repeat(20_000);
        for _ in 0..10 {
            if writer.write_all(&frames).is_err() {
                return;
            }
        }
    });
    let drain = thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        while matches!(reader.read(&mut buffer), Ok(n) if n > 0) {}
    });
    say(&mut honest, "me too");
    let mut before = 0;
    while heard(&mut honest) != "me too" {
        before += 1;
    }
    assert!(before < 190_000, "{before} of 200,000 messages came first");
    drop(honest);
    drop(world);
    flood.join().unwrap();
    drain.join().unwrap();
}

#[test]
fn requests_over_the_limit_of_connections_are_refused_until_one_ends() {
    let limits = Limits { connections_max: Some(2), ..Limits::default() };
    let world = World::new(limits, ws::Limits::default());
    let one = world.open();
    let mut two = world.open();
    let mut three = world.connect();
    three.write_all(UPGRADE).unwrap();
    assert!(head(&mut three).starts_with("HTTP/1.1 503 "));
    ends(&mut three);
    drop(three);
    drop(one);
    world.hears("closed 1006");
    say(&mut two, "room again");
    assert_eq!(heard(&mut two), "room again");
    // There is room once the reactor has noticed that the others ended.
    let four = loop {
        let mut four = world.connect();
        four.write_all(UPGRADE).unwrap();
        if head(&mut four).starts_with("HTTP/1.1 101 ") {
            break four;
        }
    };
    drop(four);
    drop(two);
    world.hears("closed 1006");
    world.hears("closed 1006");
}

#[test]
fn a_trusted_proxy_names_the_client_and_its_scheme_with_each_request() {
    let asks = |trusted_proxies| {
        let limits = Limits { trusted_proxies, ..Limits::default() };
        let world = World::new(limits, ws::Limits::default());
        let mut stream = world.connect();
        let said = [
            "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\n",
            "x-forwarded-for: 203.0.113.9\r\nx-forwarded-for: 2001:db8::1\r\n",
            "X-Forwarded-For: 192.0.2.2, 127.0.0.9\r\nX-Forwarded-Proto: http\r\n",
            "X-Forwarded-For: somebody\r\nX-Forwarded-Proto: https\r\n",
            "",
        ];
        said.map(|headers| {
            let request = format!("GET /who HTTP/1.1\r\nHost: h\r\n{headers}\r\n");
            stream.write_all(request.as_bytes()).unwrap();
            let head = head(&mut stream);
            let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
            let mut body = vec![0; length.unwrap().parse().unwrap()];
            stream.read_exact(&mut body).unwrap();
            String::from_utf8(body).unwrap().trim_end().to_owned()
        })
    };
    let believed = asks(vec![Trusted::Loopback]);
    assert_eq!(
        believed,
        [
            "192.0.2.1 true",
            "2001:db8::1 false",
            "192.0.2.2 false",
            "127.0.0.1 true",
            "127.0.0.1 false"
        ]
    );
    assert_eq!(asks(Vec::new()), ["127.0.0.1 false"; 5]);
}

/// Returns a request for a file, whose answer is the static [`FILE`].
fn file_request(headers: &str) -> Vec<u8> {
    format!("GET /file HTTP/1.1\r\nHost: h\r\n{headers}\r\n").into_bytes()
}

/// Reads a response with [`FILE`] as its body, `step` bytes at a time; calls `wait` in between.
fn read_file(stream: &mut TcpStream, step: usize, mut wait: impl FnMut()) {
    assert!(head(stream).starts_with("HTTP/1.1 200 "));
    for expected in FILE.chunks(step) {
        let mut piece = vec![0; expected.len()];
        stream.read_exact(&mut piece).unwrap();
        assert_eq!(piece, expected);
        wait();
    }
}

/// Returns a connection whose client takes little at a time.
fn connect_narrow(world: &World) -> TcpStream {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.connect(&world.address.into()).unwrap();
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream.set_write_timeout(Some(Duration::from_secs(60))).unwrap();
    stream
}

/// Returns limits under which an answer takes longer than any deadline but that of progress.
fn impatient() -> ws::Limits {
    ws::Limits {
        handshake_within: Duration::from_secs(1),
        keep_alive_within: Duration::from_secs(1),
        close_within: Duration::from_secs(1),
        ..ws::Limits::default()
    }
}

#[test]
fn pipelined_requests_are_answered_one_at_a_time() {
    let world = World::new(Limits::default(), ws::Limits::default());
    let mut stream = connect_narrow(&world);
    let requests = 300;
    stream.write_all(&file_request("").repeat(requests)).unwrap();
    // The second request is seen only when the first answer is gone: no earlier, however long the
    // client does not read.
    let mut other = world.connect();
    for _ in 0..50 {
        other.write_all(b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
        assert!(head(&mut other).starts_with("HTTP/1.1 200 "));
        other.read_exact(&mut [0; 3]).unwrap();
    }
    assert_eq!(world.files.load(Ordering::Relaxed), 1);
    for read in 1..=3 {
        read_file(&mut stream, 1 << 20, || {});
        assert!(world.files.load(Ordering::Relaxed) <= read + 1);
    }
}

#[test]
fn an_answer_that_is_read_slowly_arrives_whole() {
    for headers in ["", "Connection: close\r\n"] {
        let world = World::new(Limits::default(), impatient());
        let mut stream = connect_narrow(&world);
        stream.write_all(&file_request(headers)).unwrap();
        read_file(&mut stream, FILE.len() / 10, || thread::sleep(Duration::from_millis(250)));
        ends(&mut stream);
    }
}

#[test]
fn an_answer_to_a_half_closed_client_arrives_whole() {
    let world = World::new(Limits::default(), impatient());
    let mut stream = connect_narrow(&world);
    stream.write_all(&file_request("").repeat(2)).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    read_file(&mut stream, FILE.len() / 10, || thread::sleep(Duration::from_millis(250)));
    read_file(&mut stream, FILE.len(), || {});
    ends(&mut stream);
}

#[test]
fn an_answer_that_is_not_read_ends_its_connection() {
    let limits = Limits { lag_max: Duration::from_millis(300), ..Limits::default() };
    let world = World::new(limits, impatient());
    let mut stream = connect_narrow(&world);
    stream.write_all(&file_request("")).unwrap();
    while world.connections() > 1 {}
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
    assert!(rest.len() < FILE.len());
}

#[test]
fn no_connection_is_served_twice_before_all_were_served_once() {
    let limits = Limits { messages_per_turn_max: 4, ..Limits::default() };
    let world = World::new(limits, ws::Limits::default());
    let (mut flood, mut other, mut watch) = (world.open(), world.open(), world.open());
    // While the handler hangs, both have more to say than is read at once.
    say(&mut watch, "hang");
    let said: Vec<u8> = (0..100).flat_map(|n| text(&format!("flood {n}"))).collect();
    flood.write_all(&said).unwrap();
    for n in 0..10 {
        say(&mut other, &format!("other {n}"));
    }
    assert_eq!(heard(&mut watch), "hang");
    let all: Vec<String> = (0..110).map(|_| heard(&mut watch)).collect();
    let mut ahead: usize = 0;
    for text in &all {
        if text == "other 9" {
            break;
        }
        ahead += usize::from(text.starts_with("flood"));
    }
    assert!(ahead <= 12, "{ahead} messages of the one before ten of the other");
    for who in ["flood", "other"] {
        let numbers = all.iter().filter_map(|text| text.strip_prefix(who)?.trim().parse().ok());
        assert!(numbers.is_sorted_by_key(|number: usize| number), "{all:?}");
    }
}

#[test]
fn a_connection_has_only_its_time_in_a_turn() {
    let world = World::new(Limits::default(), ws::Limits::default());
    let (mut slow, mut other, mut watch) = (world.open(), world.open(), world.open());
    say(&mut watch, "hang");
    slow.write_all(&text("work").repeat(20)).unwrap();
    say(&mut other, "other");
    assert_eq!(heard(&mut watch), "hang");
    let place = (0..21).position(|_| heard(&mut watch) == "other").unwrap();
    assert!(place <= 2, "{place} messages that take long before one that does not");
}

#[test]
fn those_that_took_long_do_not_delay_those_that_did_not() {
    quick_before_slow(Limits { phase_max: Duration::from_millis(1), ..Limits::default() });
}

#[test]
fn those_that_took_long_have_the_time_of_one_together() {
    quick_before_slow(Limits { phase_max: Duration::from_secs(1), ..Limits::default() });
}

fn quick_before_slow(limits: Limits) {
    let world = World::new(limits, ws::Limits::default());
    let mut slow: Vec<TcpStream> = (0..10).map(|_| world.open()).collect();
    let (mut other, mut watch) = (world.open(), world.open());
    for stream in &mut slow {
        stream.write_all(&text("work").repeat(20)).unwrap();
    }
    // All of them were served at least once.
    let mut heard_of: usize = 0;
    while heard_of < 20 {
        heard_of += usize::from(heard(&mut watch) == "work");
    }
    let mut waited: usize = 0;
    for round in 0..10 {
        let text = format!("other {round}");
        say(&mut other, &text);
        // What came before the first answer is old.
        while heard(&mut other) != text {
            waited += usize::from(round > 0);
        }
    }
    assert!(waited < 50, "{waited} messages that take long before nine that do not");
    // They go on: one of them with each turn.
    while heard_of < 200 {
        heard_of += usize::from(heard(&mut watch) == "work");
    }
}

#[test]
fn replies_that_are_not_read_stop_the_reading() {
    let limits = Limits { send_queue_bytes_max: 64 * 1024, ..Limits::default() };
    let world = World::new(limits, ws::Limits { compression: false, ..ws::Limits::default() });
    let mut stream = connect_narrow(&world);
    stream.write_all(UPGRADE).unwrap();
    assert!(head(&mut stream).starts_with("HTTP/1.1 101 "));
    let asked = 1000;
    stream.write_all(&text("reply").repeat(asked)).unwrap();
    let mut other = world.open();
    for _ in 0..50 {
        say(&mut other, "reply");
        assert_eq!(frame(&mut other).1.len(), REPLY_BYTES);
    }
    // The kernel's buffers, the queue, and one turn's replies.
    let replies = world.replies.load(Ordering::Relaxed) - 50;
    assert!(replies <= 16, "{replies} replies");
    for _ in 0..asked {
        assert_eq!(frame(&mut stream).1.len(), REPLY_BYTES);
    }
}

#[test]
fn nothing_is_read_from_a_held_connection() {
    let world = World::new(Limits::default(), ws::Limits::default());
    let (mut alice, mut bob) = (world.open(), world.open());
    alice.write_all(&[text("hold"), text("after")].concat()).unwrap();
    assert_eq!((heard(&mut alice), heard(&mut bob)), ("hold".into(), "hold".into()));
    say(&mut bob, "between");
    assert_eq!(heard(&mut bob), "between");
    say(&mut bob, "release");
    assert_eq!(heard(&mut bob), "release");
    assert_eq!(heard(&mut bob), "after");
}

#[test]
fn a_held_connection_that_is_lost_is_reported() {
    let world = World::new(Limits::default(), ws::Limits::default());
    let (mut alice, mut bob) = (world.open(), world.open());
    alice.write_all(&[text("hold"), text("after")].concat()).unwrap();
    assert_eq!((heard(&mut alice), heard(&mut bob)), ("hold".into(), "hold".into()));
    socket2::SockRef::from(&alice).set_linger(Some(Duration::ZERO)).unwrap();
    drop(alice);
    say(&mut bob, "between");
    assert_eq!(heard(&mut bob), "between");
    world.hears("closed 1006");
}

#[test]
fn a_client_that_asks_and_never_reads_is_closed_and_reported() {
    let limits = Limits {
        send_queue_bytes_max: 64 * 1024,
        lag_max: Duration::from_millis(300),
        ..Limits::default()
    };
    let world = World::new(limits, ws::Limits { compression: false, ..ws::Limits::default() });
    let mut stream = connect_narrow(&world);
    stream.write_all(UPGRADE).unwrap();
    assert!(head(&mut stream).starts_with("HTTP/1.1 101 "));
    stream.write_all(&text("reply").repeat(1000)).unwrap();
    world.hears("closed 4102");
}

#[test]
fn a_held_connection_is_not_expected_to_answer_pings() {
    let messages = ws::Limits {
        ping_after: Duration::from_millis(500),
        pong_within: Duration::from_millis(500),
        ..ws::Limits::default()
    };
    let world = World::new(Limits::default(), messages);
    let (mut alice, mut bob) = (world.open(), world.open());
    alice.write_all(&text("hold")).unwrap();
    assert_eq!(heard(&mut alice), "hold");
    // Bob's pings are the clock: several times what an answer may take.
    let mut pings = 0;
    while pings < 4 {
        let (first, payload) = frame(&mut bob);
        if first == 0x89 {
            bob.write_all(&masked(0x8A, &payload)).unwrap();
            pings += 1;
        }
    }
    say(&mut bob, "release");
    assert_eq!(heard(&mut alice), "release");
    assert_eq!(frame(&mut alice).0, 0x89, "a ping again");
}

#[test]
fn a_connection_that_is_closed_while_it_is_held_is_heard_to_the_end() {
    let world = World::new(Limits::default(), ws::Limits::default());
    let (mut alice, mut bob) = (world.open(), world.open());
    say(&mut alice, "hold");
    assert_eq!((heard(&mut alice), heard(&mut bob)), ("hold".into(), "hold".into()));
    say(&mut bob, "close all and hold");
    let (first, payload) = frame(&mut alice);
    assert_eq!((first, &payload[..2]), (0x88, &4000_u16.to_be_bytes()[..]));
    alice.write_all(&masked(0x88, &payload[..2])).unwrap();
    ends(&mut alice);
    world.hears("closed 4000");
}

#[test]
fn when_a_turn_runs_out_of_time_waiting_connections_keep_their_order() {
    // Each message that takes long is more than the time of a turn.
    let limits = Limits { phase_max: Duration::from_millis(1), ..Limits::default() };
    let world = World::new(limits, ws::Limits::default());
    let mut slow: Vec<TcpStream> = (0..3).map(|_| world.open()).collect();
    let (mut other, mut watch) = (world.open(), world.open());
    say(&mut watch, "hang");
    for stream in &mut slow {
        stream.write_all(&text("work").repeat(20)).unwrap();
    }
    say(&mut other, "other");
    assert_eq!(heard(&mut watch), "hang");
    let all: Vec<String> = (0..61).map(|_| heard(&mut watch)).collect();
    let place = all.iter().position(|text| text == "other").unwrap();
    assert!(place <= 6, "{place} messages that take long before one that does not");
}

/// Waits until something holds.
fn until(mut holds: impl FnMut() -> bool) {
    for _ in 0..20_000 {
        if holds() {
            return;
        }
        thread::sleep(Duration::from_millis(1));
    }
    panic!("it does not come");
}

/// Sends a plain request; returns the head of the answer.
fn asks(world: &World) -> String {
    let mut stream = world.connect();
    stream.write_all(b"GET /x HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
    head(&mut stream)
}

#[test]
fn above_the_memory_limit_newcomers_are_refused_and_then_the_slowest_are_closed() {
    let limits = Limits { memory_max: Some(3 << 20), ..Limits::default() };
    let world = World::new(limits, ws::Limits::default());
    let mut quick = world.open();
    let mut slow: Vec<TcpStream> = (0..24).map(|_| world.open()).collect();
    let mut refused = None;
    let mut closed = None;
    // They ask for more than is kept for them, and read nothing.
    for stream in &mut slow {
        let before = world.replies.load(Ordering::Relaxed);
        stream.write_all(&text("reply").repeat(20)).unwrap();
        until(|| world.replies.load(Ordering::Relaxed) >= before + 5);
        let answer = asks(&world);
        if answer.starts_with("HTTP/1.1 503 ") && refused.is_none() {
            assert!(answer.contains("Retry-After: 10\r\n"), "{answer}");
            refused = Some(answer);
        }
        closed = world.heard.try_recv().ok();
        if closed.is_some() {
            break;
        }
    }
    assert!(refused.is_some(), "nobody is refused");
    assert_eq!(closed.as_deref(), Some("closed 4102"));
    // Whoever keeps up notices nothing.
    say(&mut quick, "hello");
    assert_eq!(heard(&mut quick), "hello");
    // What was freed lets others in.
    until(|| asks(&world).starts_with("HTTP/1.1 200 "));
}

#[test]
fn a_streamed_response_is_asked_for_only_as_fast_as_it_is_read() {
    let world = World::new(Limits::default(), ws::Limits::default());
    let mut stream = world.connect();
    stream
        .write_all(b"GET /parts HTTP/1.1\r\nHost: h\r\n\r\nGET /next HTTP/1.1\r\nHost: h\r\n\r\n")
        .unwrap();
    assert!(head(&mut stream).contains("Content-Length: 52428800\r\n"));
    for _ in 0..50 {
        world.connections();
    }
    assert!(world.files.load(Ordering::Relaxed) < PARTS / 2);
    let mut body = vec![0; PARTS * PART as usize];
    stream.read_exact(&mut body).unwrap();
    assert!(body.iter().all(|byte| *byte == b'p'));
    assert!(head(&mut stream).starts_with("HTTP/1.1 200 "));
}

#[test]
fn a_streamed_response_that_nobody_reads_any_more_is_cut() {
    let world = World::new(Limits::default(), ws::Limits::default());
    let mut stream = world.connect();
    stream.write_all(b"GET /parts HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
    head(&mut stream);
    drop(stream);
    world.hears("cut");
}

#[test]
fn a_streamed_body_is_held_between_its_parts_and_arrives_whole() {
    let world = World::new(Limits::default(), ws::Limits::default());
    let mut stream = world.connect();
    let body = vec![b'u'; 3_000_000];
    let head_of =
        format!("POST /upload HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all(head_of.as_bytes()).unwrap();
    stream.write_all(&body).unwrap();
    assert!(head(&mut stream).starts_with("HTTP/1.1 201 "));
    assert_eq!(world.files.load(Ordering::Relaxed), body.len());
    let mut cut = world.connect();
    cut.write_all(head_of.as_bytes()).unwrap();
    drop(cut);
    world.hears("cut");
}
