//! How connections end.

use std::cmp::Reverse;

use super::{Crowd, Stage, Timer};
use crate::cli::bench::tally::count;

impl Crowd {
    /// Notes that a connection has failed or was ended by the server. A client that has been there
    /// comes back.
    pub(super) fn lose(&mut self, id: usize, why: &str) {
        match self.clients[id].stage {
            Stage::Away => return,
            Stage::There => count(&mut self.tally.closed, why),
            Stage::Leaving => {}
            _ => count(&mut self.tally.failed, why),
        }
        let wait_us = RETURN_US / 4 + self.dice() % RETURN_US;
        self.forget(id, wait_us);
    }

    /// Cuts a connection; the client comes back after this time.
    pub(super) fn cut(&mut self, id: usize, wait_us: u64) {
        if let Some(link) = self.clients[id].link.take() {
            link.cut();
            self.tally.cuts += 1;
            self.forget(id, wait_us);
        }
    }

    /// Drops what belongs to a connection.
    fn forget(&mut self, id: usize, wait_us: u64) {
        let client = &mut self.clients[id];
        let leaves = matches!(client.stage, Stage::Leaving);
        if matches!(client.stage, Stage::There | Stage::Leaving) {
            self.there -= 1;
        } else {
            self.pending -= 1;
        }
        client.stage = Stage::Away;
        client.link = None;
        client.rest = Vec::new();
        client.owes_pong = false;
        let (returns, is_chat) = (client.returns, client.position.is_some());
        self.ledger.leave(id, self.now_us);
        if !is_chat && id < self.templates.len() {
            self.ledger.doubt(id);
        }
        if returns && !leaves {
            self.timers.push(Reverse((self.now_us + wait_us, Timer::Connect(id))));
        }
    }
}

/// How long clients wait before they come back, about.
pub(super) const RETURN_US: u64 = 1_000_000;
