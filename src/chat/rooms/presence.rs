//! Presence: joins, leaves, renames and statuses.
//!
//! A room sends them in batches, at most one in `presence_every`, so that ten thousand people who
//! join cost each of them a few events and not ten thousand. Up to `presence_users_max` people,
//! each change is sent by name; above that, or when too many come at once, only the number of
//! people is.

use std::sync::Arc;

use crate::chat::effect::Effect;
use crate::chat::ids::{ClientId, RoomId};
use crate::chat::limits::Limits;
use crate::chat::protocol::server_event::ServerEvent;
use crate::chat::protocol::status::Status;
use crate::chat::rooms::{Room, Rooms};
use crate::chat::step::Step;
use crate::clock::Moment;

/// The pending presence changes of a room, and when they are due.
#[derive(Debug, Default)]
pub(in crate::chat) struct Presence {
    /// Changes that are not sent yet.
    pub(in crate::chat) changes: Vec<PresenceChange>,
    /// Whether there are too many changes to send them one by one.
    pub(in crate::chat) count_only: bool,
    /// The earliest time of the next batch.
    pub(in crate::chat) quiet_until: Moment,
    /// When the next batch is due; zero: none is.
    pub(in crate::chat) due: Moment,
}

/// A presence change.
#[derive(Debug)]
pub(in crate::chat) struct PresenceChange {
    /// What happened.
    pub(in crate::chat) what: PresenceEvent,
    /// The name of the user.
    pub(in crate::chat) user: Arc<str>,
    /// Whether the user has an account.
    pub(in crate::chat) account: bool,
    /// A client that knows already.
    pub(in crate::chat) except: Option<ClientId>,
}

/// The kind of a presence change.
#[derive(Debug)]
pub(in crate::chat) enum PresenceEvent {
    /// The user joined.
    Came,
    /// The user left, for this reason.
    Went(&'static str),
    /// The user had this name before.
    Was(Arc<str>),
    /// The user set this status.
    Is {
        /// The status.
        status: Status,
        /// Whether nothing but its hue is new.
        hue_only: bool,
    },
}

impl Rooms {
    /// Adds a presence change, to be sent by [`Rooms::tell_presence`] or when it is due.
    pub(in crate::chat) fn note(
        &mut self,
        room: RoomId,
        mut change: PresenceChange,
        limits: &Limits,
    ) {
        let limit = limits.presence_users_max;
        let Some(room) = self.get_mut(room) else { return };
        if room.people.len() > limit || room.presence.changes.len() >= limit.saturating_mul(2) {
            room.presence.count_only |=
                !matches!(change.what, PresenceEvent::Was(_) | PresenceEvent::Is { .. });
            room.presence.count_only |= !room.presence.changes.is_empty();
            room.presence.changes = Vec::new();
        } else if !room.presence.count_only {
            if let PresenceEvent::Is { hue_only, .. } = &mut change.what {
                // Only the last status matters.
                room.presence.changes.retain(|other| match other.what {
                    PresenceEvent::Is { hue_only: other_is, .. } if other.user == change.user => {
                        *hue_only &= other_is;
                        false
                    }
                    _ => true,
                });
            }
            room.presence.changes.push(change);
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
        if presence.changes.is_empty() && !presence.count_only {
            return;
        }
        if step.now.at < presence.quiet_until {
            if presence.due < presence.quiet_until {
                presence.due = presence.quiet_until;
                let due = presence.due;
                self.presence_queue.push_back((due, key));
            }
            return;
        }
        let changes = std::mem::take(&mut presence.changes);
        let count_only = std::mem::take(&mut presence.count_only);
        let knows = |client| changes.iter().all(|change| change.except == Some(client));
        match room.audience.as_slice() {
            [] => return,
            // A room with one listener is sent nothing, so the next join need not wait.
            [only] if !count_only && knows(only.client) => return,
            _ => presence.quiet_until = step.now.at.after(every),
        }
        let count = room.people.len();
        if count_only {
            let event = ServerEvent::Presence { room: Arc::clone(&room.name), count };
            step.effects.push(unnumbered(key, event, None));
            return;
        }
        let known =
            changes.into_iter().map(|change| (change.except, event_of(room, change, count)));
        step.effects.extend(known.map(|(except, event)| unnumbered(key, event, except)));
    }

    /// Broadcasts the batches that are due, of some rooms at a time, so that no message waits until
    /// all rooms were told. The others remain due.
    pub(in crate::chat) fn presence_due(&mut self, step: &mut Step<'_>, limits: &Limits) {
        let mut listeners: usize = 0;
        while let Some(&(due, room)) = self.presence_queue.front()
            && due <= step.now.at
            && listeners < LISTENERS_AT_ONCE
        {
            self.presence_queue.pop_front();
            self.tell_presence(step, room, limits);
            listeners =
                listeners.saturating_add(self.get(room).map_or(0, |room| room.audience.len()));
        }
    }
}

/// After this many listeners, the remaining rooms wait for the next turn.
const LISTENERS_AT_ONCE: usize = 256;

fn event_of(room: &Room, change: PresenceChange, count: usize) -> ServerEvent {
    let (room, user, account) = (Arc::clone(&room.name), change.user, change.account);
    match change.what {
        PresenceEvent::Came => ServerEvent::UserJoined { room, user, account, count },
        PresenceEvent::Went(why) => ServerEvent::UserLeft { room, user, count, why },
        PresenceEvent::Was(was) => ServerEvent::Renamed { room, user, account, was, count },
        PresenceEvent::Is { status, hue_only } => {
            ServerEvent::Status { room, user, account, status, hue_only, count }
        }
    }
}

fn unnumbered(room: RoomId, event: ServerEvent, except: Option<ClientId>) -> Effect {
    Effect::Broadcast { room, event, except, seq: None }
}
