//! What clients send.

use std::cmp::Reverse;

use super::{Client, Crowd, Marker, Stage, Timer};
use crate::cli::bench::chat::{ASK, PING, Refusal};
use crate::ws::code;
use crate::ws::frame::Opcode;

/// What is shorter is not compressed, as with most clients.
const DEFLATE_BYTES_MIN: usize = 1024;
/// What waits for the server to read; a sender sends no more then.
const UNSENT_BYTES_MAX: usize = 1024 * 1024;
/// How long a sender waits after a refusal that does not say it.
const REFUSED_MS: u64 = 1000;

impl Crowd {
    /// Sends bytes.
    pub(super) fn send(&mut self, id: usize, bytes: &[u8]) {
        let Some(link) = &mut self.clients[id].link else { return };
        if let Err(error) = link.send(bytes, &mut self.buffers) {
            self.lose(id, &error.to_string());
        }
    }

    /// Sends a frame.
    pub(super) fn send_frame(&mut self, id: usize, opcode: Opcode, payload: &[u8]) {
        let mut frame = std::mem::take(&mut self.frame);
        frame.clear();
        self.encode(id, opcode, payload, &mut frame);
        self.send(id, &frame);
        self.frame = frame;
    }

    fn encode(&mut self, id: usize, opcode: Opcode, payload: &[u8], out: &mut Vec<u8>) {
        let key = (self.dice() as u32).to_be_bytes();
        let compress = payload.len() >= DEFLATE_BYTES_MIN && !opcode.is_control();
        self.clients[id].frames.encode(opcode, payload, compress, key, out);
    }

    /// Sends so many messages with one write, which are timed from `sent_us`.
    fn post(&mut self, sender: usize, count: u32, sent_us: u64) {
        let mut frames = std::mem::take(&mut self.frame);
        frames.clear();
        for _ in 0..count {
            let marker = self.ledger.send(sender, sent_us);
            let client = &mut self.clients[sender];
            if client.position.is_some() {
                client.unacked.push_back(marker);
            }
            self.encode_message(sender, &marker, &mut frames);
        }
        self.send(sender, &frames);
        self.frame = frames;
    }

    fn encode_message(&mut self, sender: usize, marker: &Marker, out: &mut Vec<u8>) {
        let Some(mut template) = self.templates.get_mut(sender).map(std::mem::take) else { return };
        self.encode(sender, Opcode::Text, template.with(marker), out);
        self.templates[sender] = template;
    }

    /// Sends what was not acknowledged over the last connection once more.
    pub(super) fn send_again(&mut self, sender: usize) {
        let unacked = std::mem::take(&mut self.clients[sender].unacked);
        if !unacked.is_empty() {
            let mut frames = Vec::new();
            for marker in &unacked {
                self.encode_message(sender, marker, &mut frames);
            }
            self.clients[sender].unacked = unacked;
            self.send(sender, &frames);
        }
    }

    /// Lets a sender send so many messages more.
    pub(super) fn give(&mut self, sender: usize, credit: u32) {
        let client = &mut self.clients[sender];
        client.credit += credit;
        if self.sends && client.credit > 0 && matches!(client.stage, Stage::There) {
            let count = std::mem::take(&mut client.credit);
            let now_us = self.now_us();
            self.post(sender, count, now_us);
        }
    }

    /// Begins the closed loop, in which each sender has so many messages under way.
    pub(in crate::cli::bench) fn begin_loop(&mut self, window: u32) {
        if !std::mem::replace(&mut self.sends, true) {
            for sender in 0..self.templates.len() {
                self.give(sender, window);
            }
        }
    }

    /// Ends it.
    pub(in crate::cli::bench) fn end_loop(&mut self) {
        self.sends = false;
    }

    /// Sends a message that was due at this time; one of the senders that are there does, from
    /// `sender` on. Returns the sender after that.
    pub(in crate::cli::bench) fn send_due(&mut self, sender: usize, due_us: u64) -> usize {
        let count = self.templates.len();
        let is_there = |id: &usize| matches!(self.clients[*id].stage, Stage::There);
        let found = (sender..count).chain(0..sender).find(is_there);
        let unsent = found.and_then(|id| self.clients[id].link.as_ref()).map(|link| link.unsent());
        match found {
            Some(id) if unsent.is_some_and(|unsent| unsent < UNSENT_BYTES_MAX) => {
                self.post(id, 1, due_us);
            }
            _ => self.tally.unsent += 1,
        }
        (found.unwrap_or(sender) + 1) % count
    }

    /// Handles a refusal; `number` is that of the message that it refuses.
    pub(super) fn refuse(&mut self, id: usize, number: Option<u32>, refusal: &Refusal) {
        let wait_ms = if refusal.retry_after_ms > 0 { refusal.retry_after_ms } else { REFUSED_MS };
        let at_us = self.now_us + wait_ms * 1000;
        let Some(number) = number else {
            if [ASK, "ping"].contains(&&*refusal.re) {
                self.timers.push(Reverse((at_us, Timer::Ask(id))));
            }
            return;
        };
        self.ledger.refuse(id, number);
        self.clients[id].unacked.retain(|marker| marker.number != number);
        // The sender would be refused again if it went on at once.
        for (sender, complete) in self.ledger.take_complete() {
            if sender == id {
                self.timers.push(Reverse((at_us, Timer::Credit(sender, complete))));
            } else {
                self.give(sender, complete);
            }
        }
    }

    /// Asks for what was left out, if anything was.
    pub(super) fn ask(&mut self, id: usize) {
        let client = &self.clients[id];
        let room = &self.rooms[id % self.rooms.len()];
        let question = client.position.as_ref().and_then(|position| position.question(room));
        if let Some(question) = question.filter(|_| matches!(client.stage, Stage::There)) {
            self.send_frame(id, Opcode::Text, question.as_bytes());
        }
    }

    /// Whether all that was sent to a chinwag has been acknowledged, and nothing is left out.
    pub(in crate::cli::bench) fn is_acknowledged(&self) -> bool {
        self.clients.iter().zip(self.rooms.iter().cycle()).all(|(client, room)| {
            let position = client.position.as_ref();
            client.unacked.is_empty() && position.is_none_or(|it| it.question(room).is_none())
        })
    }

    /// Asks once more after a refusal.
    pub(super) fn ask_again(&mut self, id: usize) {
        self.ask(id);
        if self.clients[id].owes_pong {
            self.ping(id);
        }
    }

    /// Asks all who are there for a sign of life: what the server sent before its answer has come then.
    pub(in crate::cli::bench) fn ping_all(&mut self) {
        for id in 0..self.clients.len() {
            if matches!(self.clients[id].stage, Stage::There) {
                self.clients[id].owes_pong = true;
                self.ping(id);
            }
        }
    }

    /// Ends the connections of those that were not answered: the server may have gone without a word,
    /// as it does when nothing is read. They come back.
    pub(in crate::cli::bench) fn lose_unanswered(&mut self) {
        for id in 0..self.clients.len() {
            if self.clients[id].owes_pong {
                self.lose(id, "no answer to a ping");
            }
        }
    }

    fn ping(&mut self, id: usize) {
        match self.clients[id].position.is_some() {
            true => self.send_frame(id, Opcode::Text, PING.as_bytes()),
            false => self.send_frame(id, Opcode::Ping, b""),
        }
    }

    /// Whether all have answered, and have what the server had then.
    pub(in crate::cli::bench) fn is_ponged(&self) -> bool {
        let is_up_to_date = |client: &Client| {
            // Without their own messages senders do not see all numbers.
            !self.echo || client.position.as_ref().is_none_or(|it| it.is_up_to_date())
        };
        self.clients.iter().all(|client| !client.owes_pong && is_up_to_date(client))
    }

    /// Begins the closing handshake on all connections.
    pub(in crate::cli::bench) fn say_goodbye(&mut self) {
        for id in 0..self.clients.len() {
            if matches!(self.clients[id].stage, Stage::There) {
                self.clients[id].stage = Stage::Leaving;
                self.send_frame(id, Opcode::Close, &code::NORMAL.to_be_bytes());
            }
        }
    }
}
