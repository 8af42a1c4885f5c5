//! News of coming and going.
//!
//! A room tells them in batches, one in a while, so that ten thousand people who come cost each
//! of them a few events and not ten thousand. Up to a number of people each is told by name;
//! above, and when too much happens at once, the count alone is told.

use std::sync::Arc;

use crate::chat::effect::Effect;
use crate::chat::ids::{ClientId, RoomId};
use crate::chat::limits::Limits;
use crate::chat::protocol::server_event::ServerEvent;
use crate::chat::protocol::status::Status;
use crate::chat::rooms::{Room, Rooms};
use crate::chat::step::Step;
use crate::clock::Moment;

/// What a room has to tell of people, and when.
#[derive(Debug, Default)]
pub(in crate::chat) struct Presence {
    /// Not told yet.
    pub(in crate::chat) news: Vec<PresenceChange>,
    /// Whether there are more news than are told one by one.
    pub(in crate::chat) many: bool,
    /// Until when nothing more is told.
    pub(in crate::chat) quiet_until: Moment,
    /// When the next batch is due; at zero none is.
    pub(in crate::chat) due: Moment,
}

/// One piece of news.
#[derive(Debug)]
pub(in crate::chat) struct PresenceChange {
    /// What happened.
    pub(in crate::chat) what: PresenceEvent,
    /// To whom.
    pub(in crate::chat) user: Arc<str>,
    /// Who knows already.
    pub(in crate::chat) except: Option<ClientId>,
}

/// What happened to somebody.
#[derive(Debug)]
pub(in crate::chat) enum PresenceEvent {
    /// It came.
    Came,
    /// It went, so.
    Went(&'static str),
    /// It was called this before.
    Was(Arc<str>),
    /// It says this of being there.
    Is(Status),
}

impl Rooms {
    /// Takes note of news; they are told by [`Rooms::tell_presence`] or when they are due.
    pub(in crate::chat) fn note(&mut self, room: RoomId, news: PresenceChange, limits: &Limits) {
        let limit = limits.presence_users_max;
        let Some(room) = self.get_mut(room) else { return };
        if room.people.len() > limit || room.presence.news.len() >= limit.saturating_mul(2) {
            room.presence.many |=
                !matches!(news.what, PresenceEvent::Was(_) | PresenceEvent::Is(_));
            room.presence.many |= !room.presence.news.is_empty();
            room.presence.news = Vec::new();
        } else if !room.presence.many {
            if let PresenceEvent::Is(_) = news.what {
                // The last one is what counts.
                let older = |other: &PresenceChange| {
                    matches!(other.what, PresenceEvent::Is(_)) && other.user == news.user
                };
                room.presence.news.retain(|other| !older(other));
            }
            room.presence.news.push(news);
        }
    }

    /// Broadcasts a room's presence changes, now or, if some were sent just before, when it may.
    pub(in crate::chat) fn tell_presence(
        &mut self,
        step: &mut Step<'_>,
        key: RoomId,
        limits: &Limits,
    ) {
        let every = limits.presence_every;
        let Some(room) = self.get_mut(key) else { return };
        let presence = &mut room.presence;
        if presence.news.is_empty() && !presence.many {
            return;
        }
        if step.now.at < presence.quiet_until {
            if presence.due < presence.quiet_until {
                presence.due = presence.quiet_until;
                let due = presence.due;
                self.news_due.push_back((due, key));
            }
            return;
        }
        let news = std::mem::take(&mut presence.news);
        let many = std::mem::take(&mut presence.many);
        let knows = |client| news.iter().all(|news| news.except == Some(client));
        match room.audience.as_slice() {
            [] => return,
            // Who is alone is told nothing, so the next to come need not wait to be told of.
            [only] if !many && knows(only.client) => return,
            _ => presence.quiet_until = step.now.at.after(every),
        }
        let count = room.people.len();
        if many {
            let event = ServerEvent::Presence { room: Arc::clone(&room.name), count };
            step.effects.push(unnumbered(key, event, None));
            return;
        }
        let known = news.into_iter().map(|news| (news.except, told(room, news, count)));
        step.effects.extend(known.map(|(except, event)| unnumbered(key, event, except)));
    }

    /// Broadcasts the batches that are due: those of some rooms, for nobody who talks is to wait until
    /// all have been told. The others are still due.
    pub(in crate::chat) fn presence_due(&mut self, step: &mut Step<'_>, limits: &Limits) {
        let mut listeners: usize = 0;
        while let Some(&(due, room)) = self.news_due.front()
            && due <= step.now.at
            && listeners < LISTENERS_AT_ONCE
        {
            self.news_due.pop_front();
            self.tell_presence(step, room, limits);
            listeners =
                listeners.saturating_add(self.get(room).map_or(0, |room| room.audience.len()));
        }
    }
}

/// When so many have been told, the next rooms wait for the next turn.
const LISTENERS_AT_ONCE: usize = 256;

fn told(room: &Room, news: PresenceChange, count: usize) -> ServerEvent {
    let (room, user) = (Arc::clone(&room.name), news.user);
    match news.what {
        PresenceEvent::Came => ServerEvent::UserJoined { room, user, count },
        PresenceEvent::Went(why) => ServerEvent::UserLeft { room, user, count, why },
        PresenceEvent::Was(was) => ServerEvent::Renamed { room, user, was, count },
        PresenceEvent::Is(status) => ServerEvent::Status { room, user, status, count },
    }
}

fn unnumbered(room: RoomId, event: ServerEvent, except: Option<ClientId>) -> Effect {
    Effect::Broadcast { room, event, except, seq: None }
}
