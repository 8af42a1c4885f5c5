//! Searching for what was said, in the rooms a client is in.

use std::sync::Arc;

use super::awaited::{Awaited, Seeking};
use super::event::Seek;
use super::record::{Finding, Order, Refused, Search};
use super::refusal::{Code, Refusal};
use super::told::{Hit, SearchResults, ServerEvent};
use super::weight;
use super::{Chat, Effect, Step};

impl Chat {
    /// Has a room searched, or all rooms the client is in.
    pub(super) fn seek(
        &mut self,
        step: &mut Step<'_>,
        slot: u32,
        re: Option<Arc<str>>,
        room: Option<&str>,
        seek: Seek,
    ) -> Result<(), Refusal> {
        let Seek { words, limit, before } = seek;
        if words.trim().is_empty() {
            return Err(Refusal::new(Code::BadField, "query: there is nothing in it"));
        }
        self.check_length(&words, self.limits.search_chars_max)?;
        if before.is_some() && room.is_none() {
            return Err(Refusal::new(Code::BadField, "before: the room of this number is missing"));
        }
        let keys = match room {
            Some(_) => vec![self.room_of(slot, room)?],
            None => self.seats(slot),
        };
        let rooms = keys.into_iter().filter_map(|room| self.rooms.get(room));
        let rooms: Vec<_> =
            rooms.filter(|room| room.top > 0).map(|room| Arc::clone(&room.key)).collect();
        let Some(client) = self.clients.get(slot as usize).map(|client| client.id) else {
            return Ok(());
        };
        if rooms.is_empty() {
            let results = SearchResults { re, hits: Vec::new(), more: false };
            step.reply(client, ServerEvent::SearchResults(Box::new(results)));
            return Ok(());
        }
        let most = self.limits.history_max;
        let limit = limit.unwrap_or(self.limits.history_default).min(most).max(1) as usize;
        let ticket = self.tickets.put(Awaited::Finding(Seeking { client, re }));
        let bytes_max = self.limits.page_bytes_max;
        let search = Search { ticket, rooms, words, before, limit, bytes_max };
        step.effects.push(Effect::Order(Order::Search(search)));
        Ok(())
    }

    /// Tells a client what was found, as far as it may still read that.
    pub(super) fn found(
        &self,
        step: &mut Step<'_>,
        seeking: Seeking,
        found: Result<Finding, Refused>,
    ) {
        let Seeking { client, re } = seeking;
        let Some(slot) = self.by_id.get(&client).copied() else { return };
        let finding = match found {
            Ok(finding) => finding,
            Err(why) => {
                let refusal = Refusal::refused(why).re(re);
                return self.tell(step, slot, ServerEvent::Error(Box::new(refusal)));
            }
        };
        let seats = self.seats(slot);
        let hits = finding.hits.into_iter().filter_map(|hit| {
            let key = self.rooms.find(&hit.room).filter(|key| seats.contains(key))?;
            // What the room has not shown yet, it will.
            let room = self.rooms.get(key).filter(|room| hit.said.mid <= room.top)?;
            Some(Hit { room: Arc::clone(&room.name), said: hit.said })
        });
        let mut hits: Vec<Hit> = hits.collect();
        let cut = weight::cut_hits(&mut hits, self.limits.page_bytes_max);
        let results = SearchResults { re, hits, more: finding.more || cut };
        self.tell(step, slot, ServerEvent::SearchResults(Box::new(results)));
    }

    fn seats(&self, slot: u32) -> Vec<u32> {
        let client = self.clients.get(slot as usize);
        client.map_or_else(Vec::new, |client| {
            client.seats.as_slice().iter().map(|seat| seat.room).collect()
        })
    }
}
