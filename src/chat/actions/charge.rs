//! What a connection pays for what it asks for.

use crate::chat::Chat;
use crate::chat::ids::{ClientId, RoomId};
use crate::chat::people::client::ClientRef;
use crate::chat::protocol::error::Refusal;
use crate::chat::rooms::rules::Role;
use crate::chat::step::Step;
use crate::clock::Now;
use crate::rate::{Rate, Taken};

use crate::clock::Moment;

impl Chat {
    /// Has a client pay for having a token read, which costs more than the words around it.
    ///
    /// # Errors
    /// When it has asked too much.
    pub fn charge(&mut self, now: Now, id: ClientId) -> Result<(), Refusal> {
        let from = self.people.client_ref(id);
        from.map_or(Ok(()), |from| self.pay(now, from))
    }

    pub(in crate::chat) fn charge_query(
        &mut self,
        step: &Step<'_>,
        from: ClientRef,
    ) -> Result<(), Refusal> {
        self.pay(step.now, from)
    }

    pub(in crate::chat) fn pay(&mut self, now: Now, from: ClientRef) -> Result<(), Refusal> {
        let (rate, burst) = (self.limits.queries_per_second_max, self.limits.queries_burst_max);
        let Some(client) = self.people.clients.get_mut(from.slot.index()) else { return Ok(()) };
        match client.queries.take(now.at, rate.and_then(|it| Rate::per_second(it, burst))) {
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
                if client.flooding == Moment::NEVER {
                    client.flooding = step.now.at;
                }
                client.flooded = step.now.at.since(client.flooding) >= self.limits.flood_within;
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
        let role = room.map(|room| room.rules().role(person.author, person.admin));
        if role.is_some_and(|role| role >= Role::Moderator) {
            (limits.moderator_sends_per_second_max, limits.moderator_sends_burst_max)
        } else if person.account {
            (limits.account_sends_per_second_max, limits.account_sends_burst_max)
        } else {
            (limits.sends_per_second_max, limits.sends_burst_max)
        }
    }
}
