//! Tables of literal bytes, named by section or rule, driven through whole endpoints.

mod client;
mod closing;
mod deflate;
mod framing;
mod handshake;
mod streaming;
mod text;
mod time;

use super::frame::Opcode;
use super::{After, Answer, Closed, Endpoint, Event, Limits, Message, Shared, Violation};
use crate::clock::{Moment, Now};
use crate::http;

/// §1.3's key, and a valid request (H01).
pub(super) const REQUEST: &str = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Version: 13\r\n\r\n";

/// The default masking key (§5.7).
pub(super) const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A peer of an endpoint whose handler echoes.
pub(super) struct Peer {
    pub(super) endpoint: Endpoint,
    pub(super) shared: Shared,
    pub(super) now: Now,
    /// Our output since the last `take_output`.
    pub(super) out: Vec<u8>,
    /// All events but requests, which are upgraded at once, and the frames of compressed messages.
    pub(super) events: Vec<Event>,
    /// Whether compressed messages are skipped.
    pub(super) skips: bool,
}

impl Peer {
    pub(super) fn connect(limits: Limits) -> Self {
        let shared = Shared::new(limits, http::Limits::default());
        let now = Now::default();
        let endpoint = Endpoint::new(now, &shared);
        Self { endpoint, shared, now, out: Vec::new(), events: Vec::new(), skips: false }
    }

    /// Returns a peer after the opening handshake, without compression.
    pub(super) fn open() -> Self {
        Self::open_with(Limits::default(), "")
    }

    /// Returns a peer after the opening handshake; `headers` are added to the request.
    pub(super) fn open_with(limits: Limits, headers: &str) -> Self {
        let mut peer = Self::connect(limits);
        peer.send(REQUEST.replace("\r\n\r\n", &format!("\r\n{headers}\r\n")).as_bytes());
        assert!(peer.endpoint.is_open());
        assert!(peer.out.starts_with(b"HTTP/1.1 101 "));
        peer.out.clear();
        peer
    }

    pub(super) fn send(&mut self, bytes: &[u8]) {
        let mut bytes = bytes.to_vec();
        let mut input = bytes.as_mut_slice();
        loop {
            let event =
                self.endpoint.receive(self.now, &mut self.shared, &mut input, &mut self.out);
            match event {
                None if self.endpoint.goes_on(input) => {}
                None => break,
                Some(Event::Deflated(_)) if self.skips => self.endpoint.skip_message(),
                Some(Event::Deflated(_)) => {}
                Some(Event::Request(request)) => {
                    let answer = match request.streamed {
                        Some(_) => Answer::Receive,
                        None => Answer::Upgrade { protocol: Some("chat.v1") },
                    };
                    self.endpoint.answer(
                        self.now,
                        &mut self.shared,
                        &request,
                        answer,
                        &mut self.out,
                    );
                }
                Some(event) => {
                    self.echo(&event);
                    self.events.push(event);
                }
            }
        }
        assert!(input.is_empty());
    }

    pub(super) fn send_each(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.send(&[*byte]);
        }
    }

    fn echo(&mut self, event: &Event) {
        match event {
            Event::Message(Message::Text(text)) => {
                super::frame::encode(Opcode::Text, false, text.as_bytes(), &mut self.out);
            }
            Event::Message(Message::Binary(bytes)) => {
                super::frame::encode(Opcode::Binary, false, bytes, &mut self.out);
            }
            _ => {}
        }
    }

    pub(super) fn wait(&mut self, millis: u64) {
        self.now.at = Moment::from_millis(self.now.at.as_millis() + millis);
        let event = self.endpoint.on_deadline(self.now, &self.shared, &mut self.out);
        self.events.extend(event);
    }

    /// Describes our output since the last call, in a word or two for each frame.
    pub(super) fn heard(&mut self) -> String {
        describe(&std::mem::take(&mut self.out))
    }

    pub(super) fn closed(&self) -> Option<&Closed> {
        let mut closed = self.events.iter().filter_map(|event| match event {
            Event::Closed(closed) => Some(closed),
            _ => None,
        });
        let first = closed.next();
        assert_eq!(closed.next(), None, "Closed is told once");
        first
    }
}

/// Describes a server's frames, and asserts the rules for all of them (S01 to S04).
pub(super) fn describe(mut bytes: &[u8]) -> String {
    let mut frames = Vec::new();
    while let [first, second, rest @ ..] = bytes {
        assert_eq!(second & 0x80, 0, "§5.1: a server never masks");
        assert_eq!(first & 0xf0, 0x80, "§5.2: FIN, and no reserved bit");
        let (length, rest) = match second {
            126 => (usize::from(u16::from_be_bytes([rest[0], rest[1]])), &rest[2..]),
            127 => (u64::from_be_bytes(rest[..8].try_into().unwrap()) as usize, &rest[8..]),
            length => (usize::from(*length), rest),
        };
        let form = if length > 0xffff {
            127
        } else if length > 125 {
            126
        } else {
            length as u8
        };
        assert_eq!(*second, form, "§5.2: the shortest form");
        let (payload, rest) = rest.split_at(length);
        frames.push(describe_frame(first & 0x0f, payload));
        bytes = rest;
    }
    assert!(bytes.is_empty());
    frames.join(", ")
}

fn describe_frame(opcode: u8, payload: &[u8]) -> String {
    assert!(opcode < 8 || payload.len() <= 125, "§5.5: control frames are short");
    let text = || match payload {
        [] => String::new(),
        _ if payload.len() > 64 => format!(" [{}]", payload.len()),
        _ => format!(" {}", payload.escape_ascii()),
    };
    match opcode {
        1 => {
            assert!(std::str::from_utf8(payload).is_ok(), "§5.6: text is UTF-8");
            format!("text{}", text())
        }
        2 => format!("binary{}", text()),
        8 if payload.is_empty() => "close".to_owned(),
        8 => {
            assert!(std::str::from_utf8(&payload[2..]).is_ok(), "§5.5.1: a reason is UTF-8");
            format!("close {}", u16::from_be_bytes([payload[0], payload[1]]))
        }
        9 => format!("ping{}", text()),
        10 => format!("pong{}", text()),
        _ => panic!("§5.2: opcode {opcode:x}"),
    }
}

/// Returns a client's frame: masked with [`KEY`], shortest form.
pub(super) fn client_frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        length @ 0..=125 => frame.push(0x80 | length as u8),
        length @ 126..=0xffff => {
            frame.push(0x80 | 126);
            frame.extend((length as u16).to_be_bytes());
        }
        length => {
            frame.push(0x80 | 127);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    frame.extend(KEY);
    frame.extend(payload.iter().zip(KEY.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}

/// Parses bytes in hex; spaces are skipped.
pub(super) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_digit(16).unwrap_or_else(|| panic!("{c} in {text}")))
        .collect();
    assert_eq!(digits.len() % 2, 0, "{text}");
    digits.chunks(2).map(|pair| (pair[0] * 16 + pair[1]) as u8).collect()
}

/// Sends each row's bytes to a new endpoint, whole and byte by byte, and compares the results.
pub(super) fn check_table(rows: &[(&str, &str, &str)]) {
    for (id, bytes, expected) in rows {
        let bytes = hex(bytes);
        let mut whole = Peer::open();
        whole.send(&bytes);
        assert_eq!(whole.heard(), *expected, "{id}");
        let mut single = Peer::open();
        single.send_each(&bytes);
        assert_eq!(single.heard(), *expected, "{id}, byte by byte");
        assert_eq!(whole.events, single.events, "{id}");
        let closes = expected.contains("close");
        assert_eq!(whole.closed().is_some(), closes, "{id}");
        assert_eq!(whole.endpoint.after() == After::Shut, closes, "{id}");
    }
}
