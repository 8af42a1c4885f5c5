//! Pinned messages of a room: pinned by its moderators, in a conversation by both.
//!
//! Which messages are pinned is stored with the entries that say so; a message that is deleted,
//! expires or is no longer kept is pinned no more.

use std::cmp::Reverse;
use std::sync::Arc;

use crate::chat::Chat;
use crate::chat::ids::{RoomId, number_of};
use crate::chat::output_mode::OutputMode;
use crate::chat::pending::{PinList, Purpose};
use crate::chat::people::client::ClientRef;
use crate::chat::protocol::error::{Code, Refusal};
use crate::chat::protocol::payloads::Pins;
use crate::chat::protocol::server_event::ServerEvent;
use crate::chat::protocol::wire_size;
use crate::chat::record::{Change, JournalError, Page, PageContent, Span};
use crate::chat::rooms::rules::Role;
use crate::chat::step::Step;

impl Chat {
    /// Has it recorded that a message is pinned, or no more.
    pub(in crate::chat) fn pin(
        &mut self,
        step: &mut Step<'_>,
        from: ClientRef,
        named: Option<&str>,
        id: Option<Arc<str>>,
        (mid, on): (u64, bool),
    ) -> Result<(), Refusal> {
        let change = Change::Pinned { mid, on };
        let found = self.room_of(from, named);
        let room = found.as_ref().ok().copied().or_else(|| self.rooms.room_named(named));
        match found.and_then(|room| self.check_pin(from, room, on).map(|()| room)) {
            Ok(room) => self.change(step, from, room, id, change),
            Err(refusal) => self.refuse_unless_replayed(step, from, room, id, change, refusal),
        }
    }

    fn check_pin(&self, from: ClientRef, room: RoomId, on: bool) -> Result<(), Refusal> {
        let inside = self.rooms.get(room).ok_or_else(Refusal::internal)?;
        let role = inside.rules().role(from.author, self.people.is_admin(from.slot));
        if inside.direct_room.is_none() && role < Role::Moderator {
            let message = "only moderators of this room may pin messages";
            return Err(Refusal::new(Code::Forbidden, message).room(&inside.name));
        }
        let most = self.limits.pins_max;
        if on && inside.pins.len() >= most {
            let message = format!("a room has at most {most} pinned messages");
            return Err(Refusal::new(Code::TooManyPins, message));
        }
        Ok(())
    }

    /// Requests the pinned messages of a room, the one pinned last first.
    pub(in crate::chat) fn list_pins(
        &mut self,
        step: &mut Step<'_>,
        from: ClientRef,
        re: Option<Arc<str>>,
        room: RoomId,
    ) -> Result<(), Refusal> {
        let inside = self.rooms.get(room).ok_or_else(Refusal::internal)?;
        let mut pins: Vec<(u64, u64)> = inside.pins.iter().map(|(mid, at)| (*at, *mid)).collect();
        pins.sort_unstable_by_key(|pin| Reverse(*pin));
        let mids: Vec<u64> = pins.into_iter().map(|(_, mid)| mid).collect();
        let missing = mids.len();
        let list = PinList { re, mids: mids.clone(), messages: Vec::new(), missing };
        let key = self.pending.pin_lists.insert(list);
        if missing == 0 {
            self.send_pins(step, Some(from), room, key);
        }
        for mid in mids {
            let (span, list) = (Span::After(mid.saturating_sub(1)), number_of(key));
            self.request_page(step, from.id, room, span, 1, Purpose::Pin { list, mid });
        }
        Ok(())
    }

    /// Takes a pinned message; with the last one, the list is sent.
    pub(in crate::chat) fn pin_arrived(
        &mut self,
        step: &mut Step<'_>,
        from: Option<ClientRef>,
        room: RoomId,
        (list, mid): (u32, u64),
        page: Result<Page, JournalError>,
    ) {
        let key = list as usize;
        let found = page.map(|page| match page.found {
            PageContent::Messages(messages) => {
                messages.into_iter().find(|said| said.mid == mid && said.deleted.is_none())
            }
            PageContent::Entries(_) => None,
        });
        if let Ok(None) = found {
            // No longer kept.
            step.put(self.rooms.unpin(room, mid).into_iter().collect());
        }
        let Some(list) = self.pending.pin_lists.get_mut(key) else { return };
        list.messages.extend(found.ok().flatten());
        list.missing = list.missing.saturating_sub(1);
        if list.missing == 0 {
            self.send_pins(step, from, room, key);
        }
    }

    fn send_pins(
        &mut self,
        step: &mut Step<'_>,
        from: Option<ClientRef>,
        room: RoomId,
        key: usize,
    ) {
        let Some(list) = self.pending.pin_lists.try_remove(key) else { return };
        let PinList { re, mids, mut messages, .. } = list;
        let (Some(from), Some(inside)) = (from, self.rooms.get(room)) else { return };
        if !inside.may_read(Some(from.author)) {
            return step
                .reply(from.id, ServerEvent::Error(Box::new(Refusal::no_such_room().re(re))));
        }
        messages.sort_by_key(|said| mids.iter().position(|mid| *mid == said.mid));
        let more = wire_size::cut(&mut messages, Span::After(0), self.limits.page_bytes_max);
        let room = Arc::clone(inside.name_for(from.author));
        if messages.is_empty() && self.output_mode(from.id) != OutputMode::Json {
            return step.notice(from.id, re, "pins", format!("Nothing is pinned in {room}."));
        }
        step.reply(from.id, ServerEvent::Pins(Box::new(Pins { re, room, messages, more })));
    }
}
