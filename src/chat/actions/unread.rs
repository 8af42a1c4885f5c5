//! Counts of what an account has not read: messages of others that exist.

use crate::chat::Chat;
use crate::chat::ids::RoomId;
use crate::chat::pending::Purpose;
use crate::chat::people::client::ClientRef;
use crate::chat::protocol::payloads::ReadState;
use crate::chat::protocol::server_event::ServerEvent;
use crate::chat::record::{JournalError, Page, PageContent, Span};
use crate::chat::rooms::latest::{COUNTED_MAX, Latest};
use crate::chat::step::Step;

impl Chat {
    /// Requests the latest messages of rooms for which they are not known, to correct the counts
    /// that an account's new connection was told.
    pub(in crate::chat) fn count_unread(
        &mut self,
        step: &mut Step<'_>,
        from: ClientRef,
        rooms: &[RoomId],
    ) {
        let mut requested = 0_usize;
        for &room in rooms {
            let Some(ReadState { read, unread }) = self.read_state(from.author, room) else {
                return;
            };
            let room_for_more = self.rooms.latest_count < ROOMS_COUNTED_MAX;
            let Some(inside) = self.rooms.get_mut(room).filter(|room| room.top > read) else {
                continue;
            };
            if let Some(latest) = &mut inside.latest {
                latest.wait(from.id, unread);
                continue;
            }
            if requested == REQUESTED_MAX || !room_for_more {
                continue;
            }
            requested = requested.saturating_add(1);
            let mut latest = Latest::requested(inside.top);
            latest.wait(from.id, unread);
            inside.latest = Some(Box::new(latest));
            self.rooms.latest_count = self.rooms.latest_count.saturating_add(1);
            let limit = u32::try_from(COUNTED_MAX).unwrap_or(u32::MAX);
            self.request_page(step, from.id, room, Span::Latest, limit, Purpose::Counting);
        }
    }

    /// Takes the latest messages of a room, and tells the clients whose count was another.
    pub(in crate::chat) fn counted(
        &mut self,
        step: &mut Step<'_>,
        room: RoomId,
        page: Result<Page, JournalError>,
    ) {
        let Some(inside) = self.rooms.get_mut(room) else { return };
        let Ok(Page { found: PageContent::Messages(messages), more, .. }) = page else {
            // Asked again by the next connection.
            if inside.latest.take().is_some() {
                self.rooms.latest_count = self.rooms.latest_count.saturating_sub(1);
            }
            return;
        };
        let Some(latest) = &mut inside.latest else { return };
        for (id, told) in latest.arrived(&messages, more) {
            let Some(from) = self.people.client_ref(id) else { continue };
            let state = self.read_state(from.author, room).filter(|state| state.unread != told);
            if let (Some(state), Some(inside)) = (state, self.rooms.get(room)) {
                let room = inside.name_for(from.author).clone();
                let ReadState { read: seq, unread } = state;
                step.reply(id, ServerEvent::Read { re: None, room, seq, unread });
            }
        }
    }
}

/// The rooms for which a new connection has the latest messages read.
const REQUESTED_MAX: usize = 64;
/// The rooms whose latest messages are kept, a few kilobytes each; in others every entry counts.
const ROOMS_COUNTED_MAX: usize = 10_000;
