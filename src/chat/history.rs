//! Pages of a room's record: ordered, trimmed, told.

use std::sync::Arc;

use super::awaited::{Awaited, Paging, Purpose};
use super::event::Form;
use super::recall::gap;
use super::record::{Found, Order, Page, Query, Refused, Said, Span};
use super::refusal::Refusal;
use super::told::{History, ServerEvent};
use super::weight;
use super::{Chat, ClientId, Effect, Step};

impl Chat {
    /// Sends a client a part of a room's record.
    pub(super) fn look_up(
        &mut self,
        step: &mut Step<'_>,
        slot: u32,
        room: u32,
        span: Span,
        limit: Option<u32>,
        re: Option<Arc<str>>,
    ) {
        let most = self.limits.history_max;
        let limit = limit.unwrap_or(self.limits.history_default).min(most).max(1);
        self.order(step, slot, room, span, limit, Purpose::Asked { re });
    }

    /// Orders a part of a room's record for a client.
    pub(super) fn order(
        &mut self,
        step: &mut Step<'_>,
        slot: u32,
        room: u32,
        span: Span,
        limit: u32,
        purpose: Purpose,
    ) {
        let Some(client) = self.clients.get(slot as usize).map(|client| client.id) else { return };
        let bytes_max = match span {
            Span::Entries(_) => self.limits.resume_bytes_max,
            _ => self.limits.page_bytes_max,
        };
        let Some(inside) = self.rooms.get_mut(room) else { return };
        inside.orders = inside.orders.saturating_add(1);
        let ticket = self.tickets.put(Awaited::Page(Paging { client, room, span, purpose }));
        let room = Arc::clone(&inside.key);
        let query = Query { ticket, room, span, limit: limit as usize, bytes_max };
        step.effects.push(Effect::Order(Order::Read(query)));
    }

    /// Tells a client a page of messages, less what the room has yet to show.
    pub(super) fn show(
        &mut self,
        step: &mut Step<'_>,
        slot: u32,
        room: u32,
        span: Span,
        re: Option<Arc<str>>,
        page: Page,
    ) {
        let Found::Messages(mut messages) = page.found else { return };
        let Some(client) = self.clients.get(slot as usize) else { return };
        let Some(inside) = self.rooms.get_mut(room) else { return };
        messages.retain(|said| said.mid <= inside.top);
        if let (Span::Latest, Some(last)) = (span, messages.last()) {
            inside.last_mid = inside.last_mid.max(last.mid);
        }
        let cut = weight::cut(&mut messages, span, self.limits.page_bytes_max);
        let room = Arc::clone(&inside.name);
        if client.form != Form::Json {
            lines(step, client.id, &room, messages, &page.lost);
            return;
        }
        let history = History {
            re,
            room,
            epoch: Arc::clone(&self.epoch),
            messages,
            top: page.top.min(inside.top),
            more: page.more || cut,
            lost: page.lost,
        };
        step.reply(client.id, ServerEvent::History(Box::new(history)));
    }

    /// Tells a client that a page could not be read.
    pub(super) fn unread(
        &self,
        step: &mut Step<'_>,
        slot: u32,
        room: u32,
        re: Option<Arc<str>>,
        why: Refused,
    ) {
        let refusal = Refusal::refused(why).re(re);
        let refusal = match self.rooms.get(room) {
            Some(room) => refusal.room(&room.name),
            None => refusal,
        };
        self.tell(step, slot, ServerEvent::Error(Box::new(refusal)));
    }
}

/// Tells a page to somebody who reads lines.
fn lines(
    step: &mut Step<'_>,
    client: ClientId,
    room: &Arc<str>,
    messages: Vec<Said>,
    lost: &[(u64, u64)],
) {
    for &(from, to) in lost {
        step.reply(client, gap(room, from, to, "retention"));
    }
    for said in messages.into_iter().filter(|said| said.gone.is_none()) {
        let event = ServerEvent::Message {
            room: Arc::clone(room),
            seq: said.mid,
            ts: said.ts,
            sender: said.sender,
            content: said.content,
            reply_to: said.reply_to,
            expires: said.expires,
        };
        step.reply(client, event);
    }
}
