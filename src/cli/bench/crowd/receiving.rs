//! What clients receive.

use super::{Crowd, Reading, Stage};
use crate::cli::bench::chat::Event;
use crate::cli::bench::ledger::Delivery;
use crate::cli::bench::link::Moved;
use crate::cli::bench::marker::Marker;
use crate::cli::bench::tally::count;
use crate::ws::client::{Frames, Received};
use crate::ws::frame::Opcode;

const HEADERS_MAX: usize = 64;
const HEAD_BYTES_MAX: usize = 32 * 1024;
/// More than a page of history.
const MESSAGE_BYTES_MAX: usize = 16 * 1024 * 1024;

impl Crowd {
    /// Handles an event of a connection.
    pub(super) fn on_event(&mut self, id: usize, readable: bool, writable: bool) {
        let client = &mut self.clients[id];
        let Some(link) = &mut client.link else { return };
        if matches!(client.stage, Stage::Connecting) {
            let begun = link.is_connected().and_then(|connected| {
                if connected {
                    link.flush()?;
                }
                Ok(connected)
            });
            match begun {
                Ok(true) if link.is_handshaking() => client.stage = Stage::Securing,
                Ok(true) => self.upgrade(id),
                Ok(false) => return,
                Err(error) => return self.lose(id, &error.to_string()),
            }
        } else if writable && let Err(error) = link.flush() {
            return self.lose(id, &error.to_string());
        }
        if readable {
            self.read(id);
        }
    }

    /// Reads all that there is, unless the client does not.
    pub(super) fn read(&mut self, id: usize) {
        let client = &self.clients[id];
        let hindered = self.hindered && client.handicap != Reading::Freely;
        if !hindered || !matches!(client.stage, Stage::There) {
            self.read_some(id, usize::MAX);
        }
    }

    /// Reads this many bytes at most.
    pub(super) fn read_some(&mut self, id: usize, bytes_max: usize) {
        let mut plain = std::mem::take(&mut self.plain);
        plain.clear();
        plain.append(&mut self.clients[id].rest);
        let mut left = bytes_max;
        while left > 0 {
            let Some(link) = &mut self.clients[id].link else { break };
            let before = plain.len();
            let moved = link.read(left, &mut self.buffers, &mut plain);
            left = left.saturating_sub(plain.len().saturating_sub(before));
            self.read_us = self.now_us();
            let result = self.take(id, &plain);
            match result {
                Ok(taken) => drop(plain.drain(..taken)),
                Err(why) => {
                    self.lose(id, &why);
                    break;
                }
            }
            match moved {
                Ok(Moved::Some(true)) => {}
                Ok(Moved::Some(false) | Moved::Blocked) => break,
                Ok(Moved::Ended) => self.lose(id, "ended without a Close"),
                Err(error) => self.lose(id, &error.to_string()),
            }
        }
        if !plain.is_empty() && self.clients[id].link.is_some() {
            self.clients[id].rest = plain.clone();
        }
        plain.clear();
        self.plain = plain;
    }

    /// Takes in what is complete of `bytes`, and returns how many bytes that is; or why the connection
    /// is of no use.
    fn take(&mut self, id: usize, bytes: &[u8]) -> Result<usize, String> {
        let client = &mut self.clients[id];
        if matches!(client.stage, Stage::Securing) {
            let Some(link) = client.link.as_ref().filter(|link| !link.is_handshaking()) else {
                return Ok(0);
            };
            match link.is_resumed() {
                Some(true) => self.tally.handshakes.1 += 1,
                _ => self.tally.handshakes.0 += 1,
            }
            self.upgrade(id);
        }
        let mut taken = 0;
        if let Stage::Upgrading(_) = self.clients[id].stage {
            taken = self.take_head(id, bytes)?;
            if taken == 0 {
                return Ok(0);
            }
        }
        let mut scratch = std::mem::take(&mut self.scratch);
        let mut input = &bytes[taken..];
        let result = loop {
            let client = &mut self.clients[id];
            if client.link.is_none() {
                break Ok(());
            }
            match client.frames.read(&mut input, &mut scratch) {
                Ok(Some(Received::Message { payload, .. })) => self.on_message(id, payload),
                Ok(Some(Received::Ping(payload))) => self.send_frame(id, Opcode::Pong, payload),
                Ok(Some(Received::Pong)) => {
                    // A chinwag is asked in another way.
                    client.owes_pong &= client.position.is_some();
                    self.progress_us = self.now_us;
                }
                Ok(Some(Received::Close(code, reason))) => {
                    let code = code.map_or_else(|| "no code".to_owned(), |code| code.to_string());
                    break Err(format!("{code} {reason}").trim_end().to_owned());
                }
                Ok(None) => break Ok(()),
                Err(violation) => break Err(violation.to_string()),
            }
        };
        self.scratch = scratch;
        result.map(|()| bytes.len() - input.len())
    }

    /// Takes in the answer to the opening handshake, and returns its length, 0 while it is incomplete.
    fn take_head(&mut self, id: usize, bytes: &[u8]) -> Result<usize, String> {
        const NO_HTTP: &str = "does not speak HTTP/1.1";
        let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let mut head = httparse::Response::new(&mut headers);
        let httparse::Status::Complete(length) = head.parse(bytes).map_err(|_| NO_HTTP)? else {
            return if bytes.len() > HEAD_BYTES_MAX { Err(NO_HTTP.into()) } else { Ok(0) };
        };
        if head.code != Some(101) {
            let body = String::from_utf8_lossy(&bytes[length..]);
            let line = body.lines().next().unwrap_or_default().trim();
            let line: String = line.chars().filter(|it| !it.is_control()).take(200).collect();
            return Err(format!("{} {line}", head.code.unwrap_or_default()));
        }
        let header = |name: &str| {
            let found = head.headers.iter().find(|it| it.name.eq_ignore_ascii_case(name));
            found.and_then(|it| std::str::from_utf8(it.value).ok()).unwrap_or_default().trim()
        };
        let client = &mut self.clients[id];
        let Stage::Upgrading(key) = &client.stage else { return Ok(0) };
        if !key.is_answered_by(header("sec-websocket-accept")) {
            return Err("the answer 101 is for another request".into());
        }
        let deflate =
            self.deflate && header("sec-websocket-extensions").starts_with("permessage-deflate");
        client.frames = Frames::new(deflate, MESSAGE_BYTES_MAX);
        client.stage = Stage::Entering;
        if client.position.is_none() {
            self.greet(id);
        }
        Ok(length)
    }

    /// Sends what another server wants to hear first.
    fn greet(&mut self, id: usize) {
        let room = id % self.rooms.len();
        for hello in self.hello.clone() {
            let hello = super::Template::fill(&hello, id, room);
            self.send_frame(id, Opcode::Text, hello.as_bytes());
        }
        if self.clients[id].link.is_some() {
            self.arrive(id);
        }
    }

    fn on_message(&mut self, id: usize, payload: &[u8]) {
        let room = &self.rooms[id % self.rooms.len()];
        let Some(position) = &mut self.clients[id].position else {
            return self.deliver(id, payload, false);
        };
        let before = position.seq;
        let is_known = position.is_known();
        match position.take(payload, room) {
            Event::Message(seq) => {
                position.seq = before.max(seq);
                self.on_chat_message(id, payload, seq <= before);
            }
            Event::Elsewhere => self.ledger.is_foreign(),
            Event::Ack => {
                if let Some(marker) = self.first_marker(payload) {
                    self.on_ack(id, &marker);
                }
            }
            Event::History => {
                self.progress_us = self.now_us;
                self.deliver(id, payload, true);
                self.ask(id);
            }
            Event::Gap => self.ask(id),
            Event::Pong => {
                self.progress_us = self.now_us;
                self.clients[id].owes_pong = false;
            }
            Event::Welcome if !is_known => self.arrive(id),
            Event::Live if matches!(self.clients[id].stage, Stage::Entering) => self.arrive(id),
            Event::Error(refusal) => {
                count(&mut self.tally.refused, &refusal.code);
                let number = self.first_marker(payload).map(|marker| marker.number);
                self.refuse(id, number, &refusal);
            }
            Event::Welcome | Event::Live | Event::Other => {}
        }
    }

    fn first_marker(&self, payload: &[u8]) -> Option<Marker> {
        self.scanner.markers(payload).next()
    }

    /// Enters the message of a chinwag; `behind` says that its number is not above the last one.
    fn on_chat_message(&mut self, id: usize, payload: &[u8], behind: bool) {
        let Some(marker) = self.first_marker(payload) else { return self.ledger.is_foreign() };
        self.progress_us = self.now_us;
        let delivery = self.ledger.deliver(id, &marker, self.now_us, false);
        // The order in a room is one for all senders together.
        if delivery == Delivery::Due && behind {
            self.ledger.is_reordered();
        }
    }

    /// Enters all messages of a payload.
    fn deliver(&mut self, id: usize, payload: &[u8], again: bool) {
        for marker in self.scanner.markers(payload) {
            self.progress_us = self.now_us;
            self.ledger.deliver(id, &marker, self.now_us, again);
        }
    }

    fn on_ack(&mut self, id: usize, marker: &Marker) {
        self.progress_us = self.now_us;
        let unacked = &mut self.clients[id].unacked;
        let found = unacked.iter().position(|it| it.number == marker.number);
        if found.and_then(|index| unacked.remove(index)).is_some() {
            self.ledger.acknowledge(marker, self.now_us);
        }
    }
}
