//! Pages of a room's record: requested, trimmed, sent.

use std::sync::Arc;

use crate::chat::Chat;
use crate::chat::effect::Effect;
use crate::chat::ids::{ClientId, RoomId};
use crate::chat::output_mode::OutputMode;
use crate::chat::pending::{PendingPage, PendingRequest, Purpose};
use crate::chat::people::client::ClientRef;
use crate::chat::protocol::error::Refusal;
use crate::chat::protocol::payloads::{History, Replies};
use crate::chat::protocol::server_event::ServerEvent;
use crate::chat::protocol::wire_size;
use crate::chat::record::{
    AuthorKey, JournalError, JournalRequest, Page, PageContent, Query, Span,
};
use crate::chat::step::Step;

impl Chat {
    /// Requests a page of a room's record for a client.
    pub(in crate::chat) fn fetch_history(
        &mut self,
        step: &mut Step<'_>,
        from: ClientRef,
        room: RoomId,
        span: Span,
        limit: Option<u32>,
        re: Option<Arc<str>>,
    ) {
        let limit = self.page_length(limit);
        self.request_page(step, from.id, room, span, limit, Purpose::Asked { re });
    }

    /// Returns the number of messages of a page.
    pub(in crate::chat) fn page_length(&self, requested: Option<u32>) -> u32 {
        requested.unwrap_or(self.limits.history_default).min(self.limits.history_max)
    }

    /// Requests a page of a room's record from the journal, for a client or an HTTP request.
    pub(in crate::chat) fn request_page(
        &mut self,
        step: &mut Step<'_>,
        client: ClientId,
        room: RoomId,
        span: Span,
        limit: u32,
        purpose: Purpose,
    ) {
        let bytes_max = match span {
            Span::Entries(_) => self.limits.resume_bytes_max,
            _ => self.limits.page_bytes_max,
        };
        let Some(inside) = self.rooms.get_mut(room) else { return };
        // When many pages are requested at once, as on connecting, each is shorter.
        let due = match purpose {
            Purpose::Requested { .. } | Purpose::Counting => 1,
            _ => self.people.await_answer(step, client),
        };
        let bytes_max = bytes_max.checked_div(due as usize).unwrap_or(bytes_max);
        inside.orders = inside.orders.saturating_add(1);
        let request_id = self.pending.requests.put(PendingRequest::Page(PendingPage {
            client,
            room,
            span,
            purpose,
        }));
        let room = Arc::clone(&inside.key);
        let query = Query { request_id, room, span, limit: limit as usize, bytes_max };
        step.effects.push(Effect::Journal(JournalRequest::Read(query)));
    }

    /// Sends a client a page of messages.
    pub(in crate::chat) fn send_page(
        &mut self,
        step: &mut Step<'_>,
        from: ClientRef,
        room: RoomId,
        span: Span,
        re: Option<Arc<str>>,
        page: Page,
    ) {
        let own = from.author;
        let Some(history) = self.history(own, room, span, re, page) else { return };
        if let Span::Replies { to: mid, .. } = span {
            let History { re, room, messages, more, .. } = history;
            let replies = Replies { re, room, mid, messages, more };
            return step.reply(from.id, ServerEvent::Replies(Box::new(replies)));
        }
        let Some(inside) = self.rooms.get(room) else { return };
        let Some((client, _)) = self.people.client(from.slot) else { return };
        if client.mode == OutputMode::Json {
            step.reply(client.id, ServerEvent::History(Box::new(history)));
        } else {
            let id = client.id;
            for event in lines(history) {
                step.reply(id, self.as_seen_by(own, inside, event));
            }
        }
    }

    /// Returns a page of messages as an event, without entries the room has not published yet.
    pub(in crate::chat) fn history(
        &mut self,
        own: AuthorKey,
        room: RoomId,
        span: Span,
        re: Option<Arc<str>>,
        page: Page,
    ) -> Option<History> {
        let PageContent::Messages(mut messages) = page.found else { return None };
        let inside = self.rooms.get_mut(room)?;
        messages.retain(|said| said.mid <= inside.top);
        if let (Span::Latest, Some(last)) = (span, messages.last()) {
            inside.last_mid = inside.last_mid.max(last.mid);
        }
        let cut = wire_size::cut(&mut messages, span, self.limits.page_bytes_max);
        Some(History {
            re,
            room: Arc::clone(inside.name_for(own)),
            epoch: Arc::clone(&self.epoch),
            messages,
            top: page.top.min(inside.top),
            more: page.more || cut,
            lost: page.lost,
            pins: inside.pins.keys().copied().collect(),
        })
    }

    /// Sends a client the error that a page could not be read.
    pub(in crate::chat) fn unread(
        &self,
        step: &mut Step<'_>,
        from: ClientRef,
        room: RoomId,
        re: Option<Arc<str>>,
        why: JournalError,
    ) {
        step.reply(from.id, self.unreadable(from.author, room, re, why));
    }

    /// Returns the error that a page could not be read.
    pub(in crate::chat) fn unreadable(
        &self,
        own: AuthorKey,
        room: RoomId,
        re: Option<Arc<str>>,
        why: JournalError,
    ) -> ServerEvent {
        let refusal = Refusal::refused(why).re(re);
        ServerEvent::Error(Box::new(match self.rooms.get(room) {
            Some(room) => refusal.room(room.name_for(own)),
            None => refusal,
        }))
    }
}

/// Turns a page into single events, for a client that reads lines.
fn lines(history: History) -> Vec<ServerEvent> {
    let History { room, messages, lost, .. } = history;
    let losses = lost.into_iter().map(|(from, to)| ServerEvent::gap(&room, from, to, "retention"));
    let said = messages.into_iter().filter(|said| said.deleted.is_none()).map(|said| {
        ServerEvent::Message {
            room: Arc::clone(&room),
            seq: said.mid,
            ts: said.ts,
            sender: said.sender,
            account: said.account,
            content: said.content,
            reply_to: said.reply_to,
            expires: said.expires,
            files: said.files,
        }
    });
    losses.chain(said).collect()
}
