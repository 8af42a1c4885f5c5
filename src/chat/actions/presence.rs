//! News of coming and going.
//!
//! A room tells them in batches, one in a while, so that ten thousand people who come cost each
//! of them a few events and not ten thousand. Up to a number of people each is told by name;
//! above, and when too much happens at once, the count alone is told.

use std::sync::Arc;

use crate::chat::Chat;
use crate::chat::effect::Effect;
use crate::chat::ids::{ClientId, RoomId};
use crate::chat::protocol::server_event::ServerEvent;
use crate::chat::rooms::Room;
use crate::chat::rooms::presence::{News, What};
use crate::chat::step::Step;

impl Chat {
    /// Takes note of news; they are told by [`Chat::tell_presence`] or when they are due.
    pub(in crate::chat) fn note(&mut self, room: RoomId, news: News) {
        let limit = self.limits.presence_users_max;
        let Some(room) = self.rooms.get_mut(room) else { return };
        if room.people.len() > limit || room.presence.news.len() >= limit.saturating_mul(2) {
            room.presence.many |= !matches!(news.what, What::Was(_) | What::Is(_));
            room.presence.many |= !room.presence.news.is_empty();
            room.presence.news = Vec::new();
        } else if !room.presence.many {
            if let What::Is(_) = news.what {
                // The last one is what counts.
                let older =
                    |other: &News| matches!(other.what, What::Is(_)) && other.user == news.user;
                room.presence.news.retain(|other| !older(other));
            }
            room.presence.news.push(news);
        }
    }

    /// Tells a room's news, now or, if it told some just before, when it may.
    pub(in crate::chat) fn tell_presence(&mut self, step: &mut Step<'_>, key: RoomId) {
        let every = self.limits.presence_every;
        let Some(room) = self.rooms.get_mut(key) else { return };
        let presence = &mut room.presence;
        if presence.news.is_empty() && !presence.many {
            return;
        }
        if step.now.at < presence.quiet_until {
            if presence.due < presence.quiet_until {
                presence.due = presence.quiet_until;
                self.timers.news.push_back((presence.due, key));
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

    /// Tells the batches that are due: those of some rooms, for whoever talks is not to wait until
    /// all have been told. The others are still due.
    pub(in crate::chat) fn presence_due(&mut self, step: &mut Step<'_>) {
        let mut listeners: usize = 0;
        while let Some(&(due, room)) = self.timers.news.front()
            && due <= step.now.at
            && listeners < LISTENERS_AT_ONCE
        {
            self.timers.news.pop_front();
            self.tell_presence(step, room);
            listeners = listeners.saturating_add(self.audience(room).len());
        }
    }
}

/// When so many have been told, the next rooms wait for the next turn.
const LISTENERS_AT_ONCE: usize = 256;

fn told(room: &Room, news: News, count: usize) -> ServerEvent {
    let (room, user) = (Arc::clone(&room.name), news.user);
    match news.what {
        What::Came => ServerEvent::UserJoined { room, user, count },
        What::Went(why) => ServerEvent::UserLeft { room, user, count, why },
        What::Was(was) => ServerEvent::Renamed { room, user, was, count },
        What::Is(status) => ServerEvent::Status { room, user, status, count },
    }
}

fn unnumbered(room: RoomId, event: ServerEvent, except: Option<ClientId>) -> Effect {
    Effect::Broadcast { room, event, except, seq: None }
}
