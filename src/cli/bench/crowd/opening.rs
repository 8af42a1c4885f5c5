//! How clients come.

use mio::Token;

use super::{Crowd, Reading, Stage};
use crate::cli::bench::link::{Link, Opening};

impl Crowd {
    /// Begins a connection.
    pub(super) fn connect(&mut self, id: usize) {
        let client = &mut self.clients[id];
        if !matches!(client.stage, Stage::Away) {
            return;
        }
        client.began_us = self.now_us;
        client.stage = Stage::Connecting;
        self.pending += 1;
        let tls = self.target.tls.as_ref().map(|(name, tls)| {
            let config = if client.returns { &tls.again } else { &tls.first };
            (config.clone(), name.clone())
        });
        let narrow = client.handicap != Reading::Freely;
        let opening = Opening { source: self.target.source(id), narrow, tls };
        match Link::open(self.target.address, opening, self.poll.registry(), Token(id)) {
            Ok(link) => self.clients[id].link = Some(link),
            Err(error) => self.lose(id, &error.to_string()),
        }
    }

    /// Begins the opening handshake.
    pub(super) fn upgrade(&mut self, id: usize) {
        let room = id % self.rooms.len();
        let client = &mut self.clients[id];
        let query = client.position.as_mut().map(|position| {
            let name = format!("{}-{id}", self.rooms[room]);
            position.query(&name, &self.rooms[room], self.echo)
        });
        let (request, key) = self.target.request(id, room, &query.unwrap_or_default());
        self.clients[id].stage = Stage::Upgrading(key);
        self.send(id, request.as_bytes());
    }

    /// Notes that a client is in its room.
    pub(super) fn arrive(&mut self, id: usize) {
        let client = &mut self.clients[id];
        client.stage = Stage::There;
        self.pending -= 1;
        self.there += 1;
        self.progress_us = self.now_us;
        let took_us = self.now_us.saturating_sub(client.began_us);
        let returns = std::mem::replace(&mut client.returns, true);
        let missed = returns && client.position.is_none();
        if returns {
            self.tally.returns += 1;
            self.tally.again.saturating_record(took_us);
        } else {
            self.tally.connect.saturating_record(took_us);
        }
        if client.handicap == Reading::Freely || !self.hindered {
            self.ledger.enter(id, self.now_us, missed);
        }
        self.send_again(id);
        self.give(id, 0);
        self.ask(id);
    }
}
