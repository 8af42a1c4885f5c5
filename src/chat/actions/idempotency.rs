//! Idempotency: requests that would be refused now, but may have been done before.
//!
//! A client that was cut off before its `ack` sends the same request again, and by then it may be
//! muted, or no longer in the room. If that were refused, the user would post again what everybody
//! has read. So a request with an `id` is refused only if the journal does not know that `id`.

use std::sync::Arc;

use crate::chat::Chat;
use crate::chat::effect::Effect;
use crate::chat::ids::RoomId;
use crate::chat::pending::{Appended, PendingRequest, ReplayCandidate, ReplayCheck, RequestOrigin};
use crate::chat::people::client::ClientRef;
use crate::chat::protocol::client_event::ModerationRequest;
use crate::chat::protocol::error::{Code, Refusal};
use crate::chat::protocol::server_event::ServerEvent;
use crate::chat::record::{Change, Draft, JournalError, JournalRequest, Moderation};
use crate::chat::step::Step;

impl Chat {
    /// Refuses a change, unless it was done before.
    pub(in crate::chat) fn refuse_unless_replayed(
        &mut self,
        step: &mut Step<'_>,
        from: ClientRef,
        room: Option<RoomId>,
        id: Option<Arc<str>>,
        change: Change,
        refusal: Refusal,
    ) -> Result<(), Refusal> {
        let (origin, author) = (RequestOrigin::Client(from.id), from.author);
        let before = ReplayCandidate { origin, author, room, id, change };
        if self.may_be_replay(&before, &refusal)
            && let Err(late) = self.charge_send(step, from, room)
        {
            return Err(Refusal { text: refusal.text, ..late });
        }
        self.check_replay(step, before, refusal)
    }

    /// Asks the journal whether a change was done before. Refuses it at once if it cannot have
    /// been.
    pub(in crate::chat) fn check_replay(
        &mut self,
        step: &mut Step<'_>,
        before: ReplayCandidate,
        refusal: Refusal,
    ) -> Result<(), Refusal> {
        if !self.may_be_replay(&before, &refusal) {
            return Err(refusal);
        }
        let ReplayCandidate { origin, author, room, id, change } = before;
        let Some(key) = room else { return Err(refusal) };
        let Some(inside) = self.rooms.get_mut(key) else { return Err(refusal) };
        inside.orders = inside.orders.saturating_add(1);
        let refusal = refusal.re(id.clone());
        let check = ReplayCheck { origin, author, room: key, refusal };
        let request_id = self.pending.requests.put(PendingRequest::ReplayCheck(Box::new(check)));
        step.effects.push(Effect::Journal(JournalRequest::CheckReplay(Draft {
            request_id,
            room: Arc::clone(&inside.key),
            room_name: Arc::clone(&inside.name),
            author,
            sender: Arc::from(""),
            account: false,
            moderator: false,
            id,
            ts: step.now.unix_ms,
            change,
            key_values: Vec::new(),
        })));
        Ok(())
    }

    /// Whether a change may have been done before. A private room is not revealed to others: by no
    /// delay, no other error and no rate.
    fn may_be_replay(&self, before: &ReplayCandidate, refusal: &Refusal) -> bool {
        let room = before.room.and_then(|room| self.rooms.get(room));
        before.id.is_some()
            && could_be_replayed(refusal)
            && room.is_some_and(|room| room.may_read(Some(before.author)))
    }

    /// Acknowledges a change that was done before, or refuses it.
    pub(in crate::chat) fn replay_checked(
        &mut self,
        step: &mut Step<'_>,
        check: ReplayCheck,
        found: Result<Option<Appended>, JournalError>,
    ) {
        let ReplayCheck { origin, author, room, refusal } = check;
        self.rooms.request_answered(room);
        let told = match found {
            Ok(Some(appended)) => {
                let re = refusal.re.unwrap_or_default();
                Ok(self.ack(author, re, room, appended))
            }
            Ok(None) => Err(refusal),
            Err(why) => Err(Refusal {
                re: refusal.re,
                room: refusal.room,
                text: refusal.text,
                ..Refusal::refused(why)
            }),
        };
        match origin {
            RequestOrigin::Request { caller, .. } => step.respond(
                caller,
                told.unwrap_or_else(|refusal| ServerEvent::Error(Box::new(refusal))),
            ),
            RequestOrigin::Client(id) => match (self.people.client_ref(id), told) {
                (Some(_), Ok(ack)) => step.reply(id, ack),
                (Some(from), Err(refusal)) => self.refuse(step, from, refusal),
                (None, _) => {}
            },
        }
        self.rooms.vacate(room);
    }
}

/// Returns the change that a moderation request asks for.
pub(in crate::chat) fn requested_change(
    request: &ModerationRequest,
    user: Option<Arc<str>>,
) -> Change {
    let user = user.or_else(|| request.user.as_deref().map(|user| Arc::from(user.trim())));
    let (action, reason) = (request.action, request.reason.clone());
    let seconds = request.seconds.filter(|_| action.takes_seconds());
    Change::Moderated { moderation: Arc::new(Moderation { action, user, seconds, reason }) }
}

/// Whether a request with this refusal may have succeeded before.
fn could_be_replayed(refusal: &Refusal) -> bool {
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
            | Code::TooManyPins
            | Code::NoSuchFile
    )
}
