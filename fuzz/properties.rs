//! Properties of any bytes, shared by the fuzz targets, `tests/corpus.rs` and `tests/chunking.rs`.
//!
//! A property takes the fuzzer's bytes and panics if it does not hold. The first two bytes choose the
//! setting and how the rest is cut; the rest is what a peer sends.

mod events;
mod proxy;
mod whole;

use std::io::{self, Cursor, Read, Write};

use chinwag::clock::Now;
use chinwag::http::{self, Parser, Request};
use chinwag::ws::frame::{self, Opcode};
use chinwag::ws::{
    After, Answer, Closed, Endpoint, Event, Limits, Message, Shared, Violation, WindowBits,
};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Error as TheirError, Message as TheirMessage, WebSocket};

const REQUEST: &str = "GET /ws?name=a HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Version: 13\r\n";

/// Asserts that a stream of requests gives the same results however it is cut, for the parser and
/// for an endpoint that upgrades whatever it can.
pub fn handshake(data: &[u8]) {
    let Some((&[first, second], stream)) = data.split_first_chunk() else { return };
    let seed = u64::from(u16::from_be_bytes([first, second]));
    requests_do_not_depend_on_cuts(stream, &cuts(seed, stream.len()));
    let limits = small_limits();
    stories_do_not_depend_on_cuts(limits, b"", stream, &cuts(seed, stream.len()));
}

/// Asserts that a stream of frames gives the same results however it is cut, and that our output is
/// always legal.
pub fn frames(data: &[u8]) {
    let Some((&[first, second], stream)) = data.split_first_chunk() else { return };
    let seed = u64::from(u16::from_be_bytes([first & 0x7f, second]));
    let opening = opening(first & 0x80 != 0);
    let cuts = cuts(seed, stream.len());
    stories_do_not_depend_on_cuts(small_limits(), &opening, stream, &cuts);
}

/// Asserts that messages arrive as they were sent, in either direction, however they are framed.
pub fn roundtrip(data: &[u8]) {
    let mut dice = Dice { bytes: data, at: 0 };
    let mut peer = Driver::new(Limits { deflate_bytes_min: 0, ..Limits::default() });
    peer.send(&opening(true));
    assert!(peer.endpoint.is_open());
    peer.story.out.clear();
    let (mut wire, mut expected, mut pongs) = (Vec::new(), Vec::new(), Vec::new());
    while !dice.is_empty() && expected.len() < 20 {
        let message = dice.message();
        dice.encode(&message, &mut wire, &mut pongs);
        comes_back(&mut peer.shared, &message, dice.window());
        expected.push(Event::Message(message));
    }
    let step = 1 + usize::from(dice.byte());
    for piece in wire.chunks(step) {
        peer.send(piece);
    }
    assert_eq!(peer.story.events, expected);
    assert_eq!(peer.story.out, pongs);
}

/// Asserts that tungstenite receives the same as we do, but for what only we refuse.
pub fn differential(data: &[u8]) {
    let (ours, our_fault) = heard_by_us(data);
    let (theirs, their_fault) = heard_by_tungstenite(data);
    match (our_fault, &their_fault) {
        (Some(_), _) if ours == theirs => {}
        // It accepts any form of length, for control frames, too.
        (Some(Violation::NonMinimalLength | Violation::LongControl), _) => {
            assert!(theirs.starts_with(&ours), "{ours:?} {theirs:?}");
        }
        // It reports illegal codes as 1002, 1014 among them.
        (Some(Violation::BadCloseCode), None) => {
            assert_eq!(theirs.strip_prefix(ours.as_slice()), Some(&[Said::Close(Some(1002))][..]));
        }
        (None, None) if ours.last() == Some(&Said::Close(Some(1014))) => {
            assert_eq!(theirs.last(), Some(&Said::Close(Some(1002))));
            assert_eq!(ours[..ours.len() - 1], theirs[..theirs.len() - 1]);
        }
        (None, Some(fault)) => panic!("{fault:?} {ours:?} {theirs:?}"),
        (_, _) => assert_eq!(ours, theirs, "{our_fault:?} {their_fault:?}"),
    }
}

/// Runs the chat with any input, as a text, as a query and as a conversation.
pub fn events(data: &[u8]) {
    events::any_text_is_an_event_or_a_refusal(data);
    events::anybody_is_welcome(data);
    events::any_conversation_has_answers(data);
}

/// Runs the chat with many clients and a keeper of records that fails; each byte is a decision.
pub fn record(data: &[u8]) {
    whole::the_record_is_seen_in_order(data);
}

/// Runs the chat with accounts, moderation, private rooms and requests; each byte is a decision.
pub fn privacy(data: &[u8]) {
    whole::what_is_private_reaches_nobody_else(data);
}

/// Parses any PROXY header and any `X-Forwarded-For`.
pub fn proxies(data: &[u8]) {
    let Some((&[first, second], stream)) = data.split_first_chunk() else { return };
    let seed = u64::from(u16::from_be_bytes([first, second]));
    proxy_headers_do_not_depend_on_cuts(stream, &cuts(seed, stream.len()));
    proxy::any_address_told_is_one_or_unclear(stream);
}

/// Asserts that [`Parser`] returns the same requests, or the same error, however `stream` is cut.
pub fn requests_do_not_depend_on_cuts(stream: &[u8], cuts: &[usize]) {
    let whole = parse(&[stream]);
    assert_eq!(whole, parse(&pieces(stream, &every_byte(stream))));
    assert_eq!(whole, parse(&pieces(stream, cuts)));
}

/// Asserts that an endpoint, after the bytes of `opening`, has the same events and output however
/// `stream` is cut.
pub fn stories_do_not_depend_on_cuts(
    limits: Limits,
    opening: &[u8],
    stream: &[u8],
    cuts: &[usize],
) {
    let whole = tell(limits, opening, &[stream]);
    whole.assert_legal();
    assert_eq!(whole, tell(limits, opening, &pieces(stream, &every_byte(stream))));
    assert_eq!(whole, tell(limits, opening, &pieces(stream, cuts)));
}

/// Asserts that a PROXY header gives the same result however `stream` is cut.
pub fn proxy_headers_do_not_depend_on_cuts(stream: &[u8], cuts: &[usize]) {
    let whole = proxy::read(&[stream]);
    assert_eq!(whole, proxy::read(&pieces(stream, &every_byte(stream))));
    assert_eq!(whole, proxy::read(&pieces(stream, cuts)));
}

/// Returns limits low enough for a fuzzer to reach.
pub fn small_limits() -> Limits {
    Limits {
        message_bytes_max: 1000,
        fragments_max: 6,
        frames_burst: 12,
        deflate_bytes_min: 16,
        ..Limits::default()
    }
}

/// Returns a valid opening handshake, with or without an offer of compression.
pub fn opening(deflate: bool) -> Vec<u8> {
    let offer = "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10\r\n";
    format!("{REQUEST}{}\r\n", if deflate { offer } else { "" }).into_bytes()
}

fn every_byte(stream: &[u8]) -> Vec<usize> {
    (1..stream.len()).collect()
}

/// Returns places to cut, from few to many.
fn cuts(seed: u64, length: usize) -> Vec<usize> {
    let mut state = seed.wrapping_add(1);
    let step = 1 + (seed % 61) as usize;
    let mut cuts = Vec::new();
    let mut at = 0;
    loop {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        at += (state >> 33) as usize % step + 1;
        if at >= length {
            return cuts;
        }
        cuts.push(at);
    }
}

/// Cuts `stream` at these ascending places.
pub fn pieces<'a>(stream: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    let mut start = 0;
    for &end in cuts.iter().chain([&stream.len()]) {
        pieces.push(&stream[start..end]);
        start = end;
    }
    pieces
}

fn parse(pieces: &[&[u8]]) -> (Vec<Request>, usize, Option<http::Error>) {
    let limits = http::Limits { head_bytes_max: 400, headers_max: 12, body_bytes_max: 100 };
    let mut parser = Parser::default();
    let (mut requests, mut continues) = (Vec::new(), 0);
    for piece in pieces {
        let mut input = *piece;
        loop {
            let result = parser.feed(&limits, &mut input);
            continues += usize::from(parser.take_continue());
            match result {
                Ok(Some(request)) => requests.push(request),
                Ok(None) => break,
                Err(error) => return (requests, continues, Some(error)),
            }
        }
        assert!(input.is_empty());
    }
    (requests, continues, None)
}

/// All results of a stream at an endpoint.
#[derive(Debug, Default, PartialEq)]
struct Story {
    requests: usize,
    /// Events but requests.
    events: Vec<Event>,
    out: Vec<u8>,
    /// Before and after the end of input.
    after: Vec<After>,
}

/// An endpoint whose owner upgrades each request to `/ws` and answers the others.
struct Driver {
    endpoint: Endpoint,
    shared: Shared,
    story: Story,
}

impl Driver {
    fn new(limits: Limits) -> Self {
        let http = http::Limits { head_bytes_max: 400, headers_max: 12, body_bytes_max: 100 };
        let shared = Shared::new(limits, http);
        Self { endpoint: Endpoint::new(Now::default(), &shared), shared, story: Story::default() }
    }

    fn send(&mut self, bytes: &[u8]) {
        let mut bytes = bytes.to_vec();
        let mut input = bytes.as_mut_slice();
        let (now, out) = (Now::default(), &mut self.story.out);
        loop {
            let event = self.endpoint.receive(now, &mut self.shared, &mut input, out);
            let request = match event {
                Some(Event::Request(request)) => request,
                Some(Event::Deflated(_)) => continue,
                Some(event) => {
                    self.story.events.push(event);
                    continue;
                }
                None if self.endpoint.goes_on(input) => continue,
                None => break,
            };
            self.story.requests += 1;
            let answer = if request.path == "/ws" {
                Answer::Upgrade { protocol: Some("chat.v1") }
            } else {
                Answer::Respond(http::Response::text(http::Status(200), &request.path))
            };
            self.endpoint.answer(now, &mut self.shared, &request, answer, out);
        }
        assert!(input.is_empty());
        assert!(out.len() < 1 << 20);
    }
}

fn tell(limits: Limits, opening: &[u8], pieces: &[&[u8]]) -> Story {
    let mut driver = Driver::new(limits);
    driver.send(opening);
    let mut open = driver.endpoint.is_open();
    for piece in pieces {
        driver.send(piece);
        open |= driver.endpoint.is_open();
    }
    driver.story.after.push(driver.endpoint.after());
    driver.story.events.extend(driver.endpoint.on_eof(Now::default()));
    driver.story.after.push(driver.endpoint.after());
    assert_eq!(driver.story.after[1], After::Drop);
    assert!(driver.endpoint.keeps_nothing());
    let closed = driver.story.events.iter().filter(|it| matches!(it, Event::Closed(_))).count();
    assert!(closed <= 1 && (closed == 1 || !open));
    driver.story
}

impl Story {
    /// Asserts that our output is legal, and that nothing follows our Close (§5.1, §5.2, §5.5, §7.4).
    fn assert_legal(&self) {
        let is_closed = |event: &Event| matches!(event, Event::Closed(_));
        let end = self.events.iter().position(is_closed);
        assert!(end.is_none_or(|end| end + 1 == self.events.len()));
        let text = String::from_utf8_lossy(&self.out);
        let Some(start) = text.find("HTTP/1.1 101 ") else { return };
        let head = self.out.windows(4).skip(start).position(|it| it == b"\r\n\r\n").unwrap();
        let said = read_frames(&self.out[start + head + 4..]);
        let close = said.iter().position(|(opcode, _)| *opcode == 8);
        assert!(close.is_none_or(|close| close + 1 == said.len()), "{said:?}");
    }
}

/// Parses a server's frames, and asserts that each is legal.
fn read_frames(mut bytes: &[u8]) -> Vec<(u8, &[u8])> {
    let mut frames = Vec::new();
    while let [first, second, rest @ ..] = bytes {
        assert_eq!(first & 0xf0, 0x80, "FIN and no reserved bits");
        assert!(*second <= 125, "unmasked, short");
        let (payload, rest) = rest.split_at(usize::from(*second));
        let opcode = first & 0x0f;
        assert!(matches!(opcode, 8..=10), "{opcode}");
        if opcode == 8 && !payload.is_empty() {
            let code = u16::from_be_bytes([payload[0], payload[1]]);
            assert!(matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999), "{code}");
            assert!(std::str::from_utf8(&payload[2..]).is_ok());
        }
        frames.push((opcode, payload));
        bytes = rest;
    }
    assert!(bytes.is_empty());
    frames
}

/// A source of decisions from bytes; zero when they are used up.
struct Dice<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Dice<'_> {
    fn is_empty(&self) -> bool {
        self.at >= self.bytes.len()
    }

    fn byte(&mut self) -> u8 {
        self.at += 1;
        self.bytes.get(self.at - 1).copied().unwrap_or_default()
    }

    fn window(&mut self) -> WindowBits {
        WindowBits::new(9 + self.byte() % 7).unwrap()
    }

    fn message(&mut self) -> Message {
        let kind = self.byte();
        let length = usize::from(self.byte()) * if kind & 2 == 0 { 1 } else { 40 };
        let pattern = 1 + usize::from(self.byte() % 16);
        let bytes: Vec<u8> = (0..pattern).map(|_| self.byte()).collect();
        let bytes = bytes.iter().cycle().take(length);
        if kind & 1 == 0 {
            return Message::Binary(bytes.copied().collect());
        }
        let chars =
            ['a', '\0', '\u{7f}', '\u{e9}', '\u{20ac}', '\u{ffff}', '\u{1f600}', '\u{10ffff}'];
        Message::Text(bytes.map(|&byte| chars[usize::from(byte % 8)]).collect())
    }

    /// Appends a client's frames for the message, and the pongs expected for pings between them.
    fn encode(&mut self, message: &Message, wire: &mut Vec<u8>, pongs: &mut Vec<u8>) {
        let (opcode, payload) = match message {
            Message::Text(text) => (1, text.as_bytes()),
            Message::Binary(bytes) => (2, bytes.as_slice()),
        };
        let style = self.byte();
        let compressed = style & 1 != 0;
        let payload = if compressed { self.compress(payload) } else { payload.to_vec() };
        let size = if style & 2 == 0 { payload.len() } else { payload.len() / 5 }.max(1);
        let mut fragments: Vec<&[u8]> = payload.chunks(size).collect();
        if fragments.is_empty() || style & 4 != 0 {
            fragments.push(&[]);
        }
        let last = fragments.len() - 1;
        for (i, fragment) in fragments.into_iter().enumerate() {
            let rsv1 = if compressed && i == 0 { 0x40 } else { 0 };
            let fin = if i == last { 0x80 } else { 0 };
            self.encode_frame(fin | rsv1 | if i == 0 { opcode } else { 0 }, fragment, wire);
            if style & 8 != 0 && pongs.len() < 80 {
                let ping = [self.byte(); 3];
                self.encode_frame(0x89, &ping, wire);
                frame::encode(Opcode::Pong, false, &ping, pongs);
            }
        }
    }

    fn encode_frame(&mut self, first: u8, payload: &[u8], wire: &mut Vec<u8>) {
        wire.push(first);
        match payload.len() {
            length @ 0..=125 => wire.push(0x80 | length as u8),
            length => {
                wire.push(0x80 | 126);
                wire.extend(u16::try_from(length).unwrap().to_be_bytes());
            }
        }
        let key = [self.byte(), self.byte(), self.byte(), self.byte()];
        wire.extend(key);
        wire.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
    }

    fn compress(&mut self, payload: &[u8]) -> Vec<u8> {
        let level = Compression::new(u32::from(self.byte() % 10));
        let bits = self.window().get();
        let finish = self.byte().is_multiple_of(4);
        let mut stream = Compress::new_with_window_bits(level, false, bits);
        let mut out = Vec::with_capacity(payload.len() * 2 + 1000);
        let flush = if finish { FlushCompress::Finish } else { FlushCompress::Sync };
        stream.compress_vec(payload, &mut out, flush).unwrap();
        if !finish {
            assert!(out.ends_with(&[0x00, 0x00, 0xff, 0xff]));
            out.truncate(out.len() - 4);
        }
        out
    }
}

/// Asserts that a client reads what we send, compressed if that is shorter.
fn comes_back(shared: &mut Shared, message: &Message, window: WindowBits) {
    let (opcode, payload) = match message {
        Message::Text(text) => (Opcode::Text, text.as_bytes()),
        Message::Binary(bytes) => (Opcode::Binary, bytes.as_slice()),
    };
    let mut plain = Vec::new();
    frame::encode(opcode, false, payload, &mut plain);
    let stream = Duplex(Cursor::new(&plain));
    let read = WebSocket::from_raw_socket(stream, Role::Client, None).read().unwrap();
    assert_eq!(read.is_text(), opcode == Opcode::Text);
    assert_eq!(read.into_data().as_ref(), payload);

    let mut compressed = Vec::new();
    if shared.deflate(opcode, window, payload, &mut compressed) {
        assert!(compressed.len() <= plain.len());
        assert_eq!(compressed[0], 0xc0 | opcode as u8);
        let header = if compressed[1] < 126 { 2 } else { 4 };
        let tailed = [&compressed[header..], &[0x00, 0x00, 0xff, 0xff]].concat();
        let mut out = Vec::with_capacity(payload.len() + 64);
        let mut stream = Decompress::new_with_window_bits(false, window.get());
        stream.decompress_vec(&tailed, &mut out, FlushDecompress::Sync).unwrap();
        assert_eq!(out, payload);
    }
}

/// More than the fuzzer sends.
const MESSAGE_BYTES_MAX: usize = 1 << 20;

/// An event that both implementations have.
#[derive(Debug, PartialEq)]
enum Said {
    Message(Message),
    Ping(Vec<u8>),
    Close(Option<u16>),
}

fn heard_by_us(data: &[u8]) -> (Vec<Said>, Option<Violation>) {
    let limits = Limits {
        message_bytes_max: MESSAGE_BYTES_MAX,
        fragments_max: u32::MAX,
        frames_per_second: 0,
        ..Limits::default()
    };
    let mut driver = Driver::new(limits);
    driver.send(&opening(false));
    driver.story.out.clear();
    let mut bytes = data.to_vec();
    let mut input = bytes.as_mut_slice();
    let (mut said, mut fault) = (Vec::new(), None);
    loop {
        let mut out = Vec::new();
        let now = Now::default();
        let event = driver.endpoint.receive(now, &mut driver.shared, &mut input, &mut out);
        let pongs = read_frames(&out).into_iter().filter(|(opcode, _)| *opcode == 10);
        said.extend(pongs.map(|(_, payload)| Said::Ping(payload.to_vec())));
        match event {
            None => return (said, fault),
            Some(Event::Message(message)) => said.push(Said::Message(message)),
            Some(Event::Closed(Closed::ByPeer { code, .. })) => said.push(Said::Close(code)),
            Some(Event::Closed(Closed::Failed(violation))) => fault = Some(violation),
            Some(event) => panic!("{event:?}"),
        }
    }
}

fn heard_by_tungstenite(data: &[u8]) -> (Vec<Said>, Option<TheirError>) {
    // Without a limit it allocates whatever is announced.
    let max = Some(MESSAGE_BYTES_MAX);
    let config = WebSocketConfig::default().max_message_size(max).max_frame_size(max);
    let stream = Duplex(Cursor::new(data));
    let mut socket = WebSocket::from_raw_socket(stream, Role::Server, Some(config));
    let mut said = Vec::new();
    loop {
        match socket.read() {
            Ok(TheirMessage::Text(text)) => {
                said.push(Said::Message(Message::Text(text.to_string())));
            }
            Ok(TheirMessage::Binary(bytes)) => {
                said.push(Said::Message(Message::Binary(bytes.to_vec())));
            }
            Ok(TheirMessage::Ping(payload)) => said.push(Said::Ping(payload.to_vec())),
            Ok(TheirMessage::Pong(_) | TheirMessage::Frame(_)) => {}
            Ok(TheirMessage::Close(close)) => {
                said.push(Said::Close(close.map(|close| close.code.into())));
                return (said, None);
            }
            Err(TheirError::Io(fault)) if fault.kind() == io::ErrorKind::WouldBlock => {
                return (said, None);
            }
            Err(fault) => return (said, Some(fault)),
        }
    }
}

/// Reads from memory, then would block; discards what is written.
struct Duplex<T>(Cursor<T>);

impl<T: AsRef<[u8]>> Read for Duplex<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(io::ErrorKind::WouldBlock.into()),
            bytes => Ok(bytes),
        }
    }
}

impl<T> Write for Duplex<T> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
