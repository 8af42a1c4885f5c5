//! What is done to clients on purpose.

use super::ending::RETURN_US;
use super::{Crowd, Reading, Stage};

impl Crowd {
    /// Has the clients that are to read badly do so, or read everything again.
    pub(in crate::cli::bench) fn hinder(&mut self, hindered: bool) {
        self.hindered = hindered;
        for id in 0..self.clients.len() {
            let client = &self.clients[id];
            if client.handicap == Reading::Freely || !matches!(client.stage, Stage::There) {
                continue;
            }
            if hindered {
                self.ledger.leave(id, self.now_us);
            } else {
                self.ledger.enter(id, self.now_us, false);
                self.read(id);
            }
        }
    }

    /// Has the slow clients read this many bytes each.
    pub(in crate::cli::bench) fn read_slowly(&mut self, bytes: usize) {
        for id in 0..self.clients.len() {
            if self.clients[id].handicap == Reading::Slowly {
                self.read_some(id, bytes);
            }
        }
    }

    /// Cuts the connection of a client that is there and reads.
    pub(in crate::cli::bench) fn cut_one(&mut self) {
        let count = self.clients.len();
        let start = (self.dice() % count as u64) as usize;
        let found = (start..count).chain(0..start).find(|id| self.can_be_cut(*id));
        if let Some(id) = found {
            let wait_us = self.dice() % RETURN_US;
            self.cut(id, wait_us);
        }
    }

    /// Cuts all connections of such clients; they come back at once.
    pub(in crate::cli::bench) fn cut_all(&mut self) {
        for id in 0..self.clients.len() {
            if self.can_be_cut(id) {
                self.cut(id, 0);
            }
        }
    }

    fn can_be_cut(&self, id: usize) -> bool {
        let client = &self.clients[id];
        matches!(client.stage, Stage::There) && client.handicap == Reading::Freely
    }
}
