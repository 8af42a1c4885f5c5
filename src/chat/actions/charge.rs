//! What a connection pays for what it asks for.

use std::time::Duration;

use crate::chat::Chat;
use crate::chat::ids::{ClientId, RoomId};
use crate::chat::people::client::ClientRef;
use crate::chat::protocol::error::Refusal;
use crate::chat::rate::refused;
use crate::chat::rooms::rules::Role;
use crate::chat::step::Step;
use crate::clock::{Moment, Now};
use crate::rate::{Rate, Taken};

impl Chat {
    /// Has a client pay for having a token read, which costs more than the words around it.
    ///
    /// # Errors
    /// When it has asked too much.
    pub fn charge(&mut self, now: Now, id: ClientId) -> Result<(), Refusal> {
        let from = self.people.client_ref(id);
        from.map_or(Ok(()), |from| self.pay(now, from, 1))
    }

    /// Has a client and its network pay for a message of so many bytes, before it is read.
    ///
    /// # Errors
    /// When the client has sent too much, or its network has and the client more than its share.
    pub fn charge_message(&mut self, now: Now, id: ClientId, bytes: usize) -> Result<(), Refusal> {
        let limits = &self.limits;
        let Some(rate) = limits
            .sends_per_second_max
            .and_then(|_| Rate::per_second(limits.work_per_second_max, limits.work_burst_max))
        else {
            return Ok(());
        };
        let Some(from) = self.people.client_ref(id) else { return Ok(()) };
        let Some(client) = self.people.clients.get_mut(from.slot.index()) else { return Ok(()) };
        let units = u32::try_from(bytes / BYTES_PER_UNIT).unwrap_or(u32::MAX).saturating_add(1);
        let taken = client.work.take_many(now.at, Some(rate), units);
        match taken {
            Taken::No(wait) => {
                let within = self.limits.flood_within;
                client.flooded |= lasts(&mut client.overworking, now, within);
                return Err(Refusal::rate_limited(wait));
            }
            Taken::Easily => client.overworking = Moment::NEVER,
            Taken::Hardly => {}
        }
        // A network is known only where an address tells who is there: behind a proxy that is not
        // trusted all are on loopback.
        let network = client.network.filter(|network| !network.is_loopback());
        match network.map(|network| self.network_work.take_many(now.at, network, units)) {
            Some(Err(limited)) if taken == Taken::Hardly => Err(refused(limited)),
            _ => Ok(()),
        }
    }

    /// Has a client pay for a question.
    pub(in crate::chat) fn charge_query(
        &mut self,
        step: &Step<'_>,
        from: ClientRef,
        price: u32,
    ) -> Result<(), Refusal> {
        self.pay(step.now, from, price)
    }

    fn pay(&mut self, now: Now, from: ClientRef, price: u32) -> Result<(), Refusal> {
        let (rate, burst) = (self.limits.queries_per_second_max, self.limits.queries_burst_max);
        let Some(client) = self.people.clients.get_mut(from.slot.index()) else { return Ok(()) };
        let rate = rate.and_then(|it| Rate::per_second(it, burst));
        match client.queries.take_many(now.at, rate, price) {
            Taken::No(wait) => Err(Refusal::rate_limited(wait)),
            Taken::Easily | Taken::Hardly => Ok(()),
        }
    }

    /// Takes one of what a client may send; sending on above the rate ends the connection.
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

    /// How much a client may send, by what it is.
    pub(in crate::chat) fn pace(
        &self,
        from: ClientRef,
        room: Option<RoomId>,
    ) -> (Option<u32>, u32) {
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

/// Bytes of a message that cost one unit of work more.
const BYTES_PER_UNIT: usize = 2048;

/// Whether something that began at `since`, or begins now, has lasted so long.
fn lasts(since: &mut Moment, now: Now, within: Duration) -> bool {
    if *since == Moment::NEVER {
        *since = now.at;
    }
    now.at.since(*since) >= within
}
