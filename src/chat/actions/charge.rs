//! Rates of connections: the charges for messages, queries and sends.

use std::time::Duration;

use crate::chat::Chat;
use crate::chat::ids::{ClientId, RoomId};
use crate::chat::people::client::ClientRef;
use crate::chat::protocol::client_event::ClientEvent;
use crate::chat::protocol::error::Refusal;
use crate::chat::rate::{Work, refused};
use crate::chat::rooms::rules::Role;
use crate::chat::step::Step;
use crate::clock::{Moment, Now};
use crate::rate::{Rate, Taken};

impl Chat {
    /// Parses a client's message once it is charged for by its size, to the client's own bucket and
    /// its network's. `text` is `None` for a binary message.
    ///
    /// # Errors
    /// If the message is invalid, or the client's rate is exceeded, or its network's is and the
    /// client used more than half of its own.
    pub fn read(
        &mut self,
        now: Now,
        id: ClientId,
        bytes: usize,
        text: Option<&str>,
    ) -> Result<ClientEvent, Refusal> {
        let paid = self.charge_work(now, id, Work::price(bytes));
        let text = text.ok_or_else(Refusal::binary);
        let read = || text.and_then(|text| ClientEvent::parse(text, &self.limits));
        match paid {
            Ok(()) => read(),
            // A short message is parsed all the same, so that the refusal can name it.
            Err(refusal) if bytes <= REFUSED_BYTES_READ_MAX => match read() {
                Ok(event) => Err(event.refused(refusal)),
                Err(_) => Err(refusal),
            },
            Err(refusal) => Err(refusal),
        }
    }

    /// Charges a client for having a frame of a compressed message inflated, of so many bytes after
    /// those of the frames `before`. The message itself costs what it would without compression.
    ///
    /// # Errors
    /// As [`Chat::read`]; the message is not to be inflated then.
    pub fn charge_inflating(
        &mut self,
        now: Now,
        id: ClientId,
        before: u64,
        bytes: u64,
    ) -> Result<(), Refusal> {
        self.charge_work(now, id, Work::price_of_inflating(before, bytes))
    }

    /// Charges a client and its network.
    fn charge_work(&mut self, now: Now, id: ClientId, price: u32) -> Result<(), Refusal> {
        let Some(rate) = self.work.rate else { return Ok(()) };
        let slot = self.people.by_id.get(&id);
        let Some(client) = slot.and_then(|slot| self.people.clients.get_mut(slot.index())) else {
            return Ok(());
        };
        let taken = client.work.take_many(now.at, Some(rate), price);
        match taken {
            Taken::No(wait) => {
                let within = self.limits.flood_within;
                client.flooded |= lasts(&mut client.overworking, now, within);
                return Err(Refusal::rate_limited(wait));
            }
            Taken::Easily => client.overworking = Moment::NEVER,
            Taken::Hardly => {}
        }
        // Loopback addresses are not counted as a network: behind an untrusted proxy, all clients
        // share one.
        let network = client.network.filter(|network| !network.is_loopback());
        match network.map(|network| self.work.networks.take_many(now.at, network, price)) {
            Some(Err(limited)) if taken == Taken::Hardly => Err(refused(limited)),
            _ => Ok(()),
        }
    }

    /// Charges a client for the verification of a token, which costs more than parsing it.
    ///
    /// # Errors
    /// If its rate is exceeded.
    pub fn charge_token(&mut self, now: Now, id: ClientId) -> Result<(), Refusal> {
        let from = self.people.client_ref(id);
        from.map_or(Ok(()), |from| self.charge_query(now, from, 1))
    }

    /// Charges a client for a query.
    pub(in crate::chat) fn charge_query(
        &mut self,
        now: Now,
        from: ClientRef,
        price: u32,
    ) -> Result<(), Refusal> {
        let (rate, burst) = (self.limits.queries_per_second_max, self.limits.queries_burst_max);
        let Some(client) = self.people.clients.get_mut(from.slot.index()) else { return Ok(()) };
        let rate = rate.and_then(|it| Rate::per_second(it, burst));
        match client.queries.take_many(now.at, rate, price) {
            Taken::No(wait) => Err(Refusal::rate_limited(wait)),
            Taken::Easily | Taken::Hardly => Ok(()),
        }
    }

    /// Charges a client for a send. Exceeding the rate for too long closes the connection.
    pub(in crate::chat) fn charge_send(
        &mut self,
        step: &Step<'_>,
        from: ClientRef,
        room: Option<RoomId>,
    ) -> Result<(), Refusal> {
        let (rate, burst) = self.pace(from, room);
        let Some(client) = self.people.clients.get_mut(from.slot.index()) else { return Ok(()) };
        match client.sends.take(step.now.at, rate.and_then(|it| Rate::per_second(it, burst))) {
            Taken::Easily => client.flooding = Moment::NEVER,
            Taken::Hardly => {}
            Taken::No(wait) => {
                let within = self.limits.flood_within;
                client.flooded |= lasts(&mut client.flooding, step.now, within);
                return Err(Refusal::rate_limited(wait));
            }
        }
        Ok(())
    }

    /// Returns the send rate and burst of a client, by its role.
    fn pace(&self, from: ClientRef, room: Option<RoomId>) -> (Option<u32>, u32) {
        let limits = &self.limits;
        let Some((_, person)) = self.people.client(from.slot) else {
            return (limits.sends_per_second_max, limits.sends_burst_max);
        };
        let room = room.and_then(|room| self.rooms.get(room));
        let role =
            room.map(|room| room.rules().role(person.author, self.people.is_admin(from.slot)));
        if role.is_some_and(|role| role >= Role::Moderator) {
            (limits.moderator_sends_per_second_max, limits.moderator_sends_burst_max)
        } else if person.account {
            (limits.account_sends_per_second_max, limits.account_sends_burst_max)
        } else {
            (limits.sends_per_second_max, limits.sends_burst_max)
        }
    }
}

/// Messages above the rate are parsed up to this many bytes, to name them in the refusal.
const REFUSED_BYTES_READ_MAX: usize = 4096;

/// Whether a condition that began at `since`, or begins now, has lasted for `within`.
fn lasts(since: &mut Moment, now: Now, within: Duration) -> bool {
    if *since == Moment::NEVER {
        *since = now.at;
    }
    now.at.since(*since) >= within
}
