//! What would be refused now, but may have been done before.
//!
//! Whoever was cut off before its `ack` sends the same again, and by then it may be muted, or no
//! longer in the room. Refused, it would say once more what everybody has read. So what carries an
//! `id` is refused only when the keeper of records does not know that `id`.

use std::sync::Arc;

use crate::chat::Chat;
use crate::chat::effect::Effect;
use crate::chat::ids::{ClientSlot, RoomId};
use crate::chat::pending::{Asker, Awaited, Before, Doubted, Numbered};
use crate::chat::protocol::client_event::Demand;
use crate::chat::protocol::error::{Code, Refusal};
use crate::chat::protocol::server_event::ServerEvent;
use crate::chat::record::{Change, Deed, Draft, Order, Refused};
use crate::chat::step::Step;

impl Chat {
    /// Refuses what a client wants of a record, unless it was done before.
    pub(in crate::chat) fn refuse_unless_done(
        &mut self,
        step: &mut Step<'_>,
        slot: ClientSlot,
        room: Option<RoomId>,
        id: Option<Arc<str>>,
        change: Change,
        refusal: Refusal,
    ) -> Result<(), Refusal> {
        let Some(client) = self.people.clients.get(slot.index()) else { return Ok(()) };
        let (asker, author) = (Asker::Client(client.id), self.people.author_of(slot));
        let before = Before { asker, author, room, id, change };
        if self.in_doubt(&before, &refusal)
            && let Err(late) = self.may_send(step, slot, room)
        {
            return Err(Refusal { text: refusal.text, ..late });
        }
        self.ask_whether_done(step, before, refusal)
    }

    /// Asks the keeper of records whether something was done before, and refuses it if it cannot
    /// have been.
    pub(in crate::chat) fn ask_whether_done(
        &mut self,
        step: &mut Step<'_>,
        before: Before,
        refusal: Refusal,
    ) -> Result<(), Refusal> {
        if !self.in_doubt(&before, &refusal) {
            return Err(refusal);
        }
        let Before { asker, author, room, id, change } = before;
        let Some(key) = room else { return Err(refusal) };
        let Some(inside) = self.rooms.get_mut(key) else { return Err(refusal) };
        inside.orders = inside.orders.saturating_add(1);
        let refusal = refusal.re(id.clone());
        let doubted = Doubted { asker, author, room: key, refusal };
        let ticket = self.pending.requests.put(Awaited::Doubt(Box::new(doubted)));
        step.effects.push(Effect::Order(Order::Recognise(Draft {
            ticket,
            room: Arc::clone(&inside.key),
            room_name: Arc::clone(&inside.name),
            author,
            sender: Arc::from(""),
            moderator: false,
            id,
            ts: step.now.unix_ms,
            change,
            facts: Vec::new(),
        })));
        Ok(())
    }

    /// Whether something may have been done before. Of a private room nobody else learns that it
    /// is there: by no delay, no other error and no rate.
    fn in_doubt(&self, before: &Before, refusal: &Refusal) -> bool {
        let room = before.room.and_then(|room| self.rooms.get(room));
        before.id.is_some()
            && may_be_done(refusal)
            && room.is_some_and(|room| room.may_read(Some(before.author)))
    }

    /// Acknowledges what was done before, or refuses it.
    pub(in crate::chat) fn recognised(
        &mut self,
        step: &mut Step<'_>,
        doubted: Doubted,
        found: Result<Option<Numbered>, Refused>,
    ) {
        let Doubted { asker, author, room, refusal } = doubted;
        self.rooms.answered_for(room);
        let told = match found {
            Ok(Some(numbered)) => {
                let re = refusal.re.unwrap_or_default();
                Ok(self.ack(author, re, room, numbered))
            }
            Ok(None) => Err(refusal),
            Err(why) => Err(Refusal {
                re: refusal.re,
                room: refusal.room,
                text: refusal.text,
                ..Refusal::refused(why)
            }),
        };
        match asker {
            Asker::Request { caller, .. } => step.respond(
                caller,
                told.unwrap_or_else(|refusal| ServerEvent::Error(Box::new(refusal))),
            ),
            Asker::Client(id) => match (self.people.by_id.get(&id).copied(), told) {
                (Some(_), Ok(ack)) => step.reply(id, ack),
                (Some(slot), Err(refusal)) => self.refuse(step, slot, refusal),
                (None, _) => {}
            },
        }
        self.rooms.vacate(room);
    }
}

/// Makes what somebody wants to do to keep order out of its own words.
pub(in crate::chat) fn as_said(demand: &Demand, user: Option<Arc<str>>) -> Change {
    let user = user.or_else(|| demand.user.as_deref().map(|user| Arc::from(user.trim())));
    let (action, reason) = (demand.action, demand.reason.clone());
    let seconds = demand.seconds.filter(|_| action.takes_seconds());
    Change::Moderated { deed: Arc::new(Deed { action, user, seconds, reason }) }
}

/// Whether what is refused so now may have been done before.
fn may_be_done(refusal: &Refusal) -> bool {
    matches!(
        refusal.code,
        Code::Muted
            | Code::RoomLocked
            | Code::SlowMode
            | Code::Banned
            | Code::NotInRoom
            | Code::NoSuchRoom
            | Code::NoSuchUser
            | Code::Forbidden
            | Code::AuthRequired
            | Code::RoomFull
    )
}
