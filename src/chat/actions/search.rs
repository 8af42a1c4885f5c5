//! Full-text search in the rooms a client has joined.

use std::sync::Arc;

use crate::chat::Chat;
use crate::chat::effect::Effect;
use crate::chat::ids::RoomId;
use crate::chat::pending::{PendingRequest, PendingSearch};
use crate::chat::people::client::ClientRef;
use crate::chat::protocol::client_event::SearchQuery;
use crate::chat::protocol::error::{Code, Refusal};
use crate::chat::protocol::payloads::{Hit, SearchResults};
use crate::chat::protocol::search_query::ParsedQuery;
use crate::chat::protocol::server_event::ServerEvent;
use crate::chat::protocol::wire_size;
use crate::chat::record::{JournalError, JournalRequest, Search, SearchPage};
use crate::chat::step::Step;

impl Chat {
    /// Requests a search of a room, or of all rooms the client has joined.
    pub(in crate::chat) fn search(
        &mut self,
        step: &mut Step<'_>,
        from: ClientRef,
        re: Option<Arc<str>>,
        room: Option<&str>,
        search: SearchQuery,
    ) -> Result<(), Refusal> {
        let SearchQuery { words, limit, before, zone_ms } = search;
        if words.trim().is_empty() {
            return Err(Refusal::new(Code::BadField, "query is empty"));
        }
        self.check_length(&words, self.limits.search_chars_max)?;
        let ParsedQuery { words, rooms, filter } = ParsedQuery::parse(&words, zone_ms)?;
        let keys = self.rooms_to_search(from, room, &rooms)?;
        if before.is_some() && (keys.len() != 1 || rooms.is_empty() && room.is_none()) {
            return Err(Refusal::new(Code::BadField, "before: the room of this number is missing"));
        }
        let rooms = keys.into_iter().filter_map(|room| self.rooms.get(room));
        let rooms: Vec<_> =
            rooms.filter(|room| room.has_record()).map(|room| Arc::clone(&room.key)).collect();
        let client = from.id;
        if rooms.is_empty() {
            let results = SearchResults { re, hits: Vec::new(), more: false };
            step.reply(client, ServerEvent::SearchResults(Box::new(results)));
            return Ok(());
        }
        let most = self.limits.history_max;
        let limit = limit.unwrap_or(self.limits.history_default).min(most) as usize;
        let request_id =
            self.pending.requests.put(PendingRequest::Search(PendingSearch { client, re }));
        let bytes_max = self.limits.page_bytes_max;
        let asker = client.0;
        let search = Search { request_id, asker, rooms, words, filter, before, limit, bytes_max };
        step.effects.push(Effect::Journal(JournalRequest::Search(search)));
        self.people.await_answer(step, client);
        Ok(())
    }

    /// Sends a client the search results that it may still read.
    pub(in crate::chat) fn found(
        &mut self,
        step: &mut Step<'_>,
        pending: PendingSearch,
        found: Result<SearchPage, JournalError>,
    ) {
        let PendingSearch { client, re } = pending;
        self.people.answer_arrived(step, client);
        let Some(from) = self.people.client_ref(client) else { return };
        let page = match found {
            Ok(page) => page,
            Err(why) => {
                let refusal = Refusal::refused(why).re(re);
                return step.reply(client, ServerEvent::Error(Box::new(refusal)));
            }
        };
        let (own, may) = (from.author, self.searchable_rooms(from));
        let hits = page.hits.into_iter().filter_map(|hit| {
            let key = self.rooms.find(&hit.room).filter(|key| may.contains(key))?;
            // The room has yet to publish entries above its top.
            let room = self.rooms.get(key).filter(|room| hit.said.mid <= room.top)?;
            Some(Hit { room: Arc::clone(room.name_for(own)), said: hit.said })
        });
        let mut hits: Vec<Hit> = hits.collect();
        let cut = wire_size::cut_hits(&mut hits, self.limits.page_bytes_max);
        let results = SearchResults { re, hits, more: page.more || cut };
        step.reply(client, ServerEvent::SearchResults(Box::new(results)));
    }

    /// Returns the rooms of a search: those of its filters, else the one of the event, else all.
    fn rooms_to_search(
        &self,
        from: ClientRef,
        room: Option<&str>,
        filters: &[Box<str>],
    ) -> Result<Vec<RoomId>, Refusal> {
        if filters.is_empty() {
            return match room {
                Some(_) => Ok(vec![self.room_of(from, room)?]),
                None => Ok(self.searchable_rooms(from)),
            };
        }
        let mut keys = Vec::new();
        for name in filters {
            let not_in_room = |refusal: Refusal| {
                Refusal::new(refusal.code, format!("you are not in the room {name}; join it first"))
            };
            let key = self.room_of(from, Some(name)).map_err(not_in_room)?;
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        Ok(keys)
    }

    /// Lists the rooms a client has joined, and its private conversations.
    fn searchable_rooms(&self, from: ClientRef) -> Vec<RoomId> {
        let client = self.people.clients.get(from.slot.index());
        let subscriptions = client.map_or(&[][..], |client| client.subscriptions.as_slice());
        let mut rooms: Vec<RoomId> =
            subscriptions.iter().map(|subscription| subscription.room).collect();
        for &direct in self.rooms.directs.of(from.author) {
            if !rooms.contains(&direct) {
                rooms.push(direct);
            }
        }
        rooms
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::record::{
        self, JournalResponse, RequestId, RoomRecord, SearchContent, SearchFilter, Snapshot,
        StoredMessage,
    };
    use crate::chat::{ClientEvent, ClientId, ConnectParams, Input, Limits};
    use crate::clock::Now;

    const ALICE: ClientId = ClientId(1);

    fn chat(limits: Limits) -> Chat {
        let room = |name: &str| RoomRecord {
            key: name.into(),
            name: name.to_uppercase().into(),
            top: 9,
            topic: "".into(),
            last: 0,
        };
        let rooms = ["lobby", "dev", "ops"].map(room).into();
        let mut chat = Chat::new(limits, Snapshot { rooms, ..Snapshot::default() });
        let params =
            ConnectParams::parse("/ws", "name=Alice&room=lobby&room=dev&room=new&history=0");
        let opened =
            Input::Opened { client: ALICE, params, seed: [1; 16], admission: Box::default() };
        chat.handle(Now::default(), opened, &mut Vec::new());
        chat
    }

    fn say(chat: &mut Chat, text: &str) -> Vec<Effect> {
        let event = ClientEvent::parse(text, chat.limits());
        let mut effects = Vec::new();
        let input = Input::Received { client: ALICE, event };
        chat.handle(Now::default(), input, &mut effects);
        effects
    }

    fn ordered(chat: &mut Chat, text: &str) -> Search {
        match &say(chat, text)[..] {
            [Effect::Journal(JournalRequest::Search(search)), ..] => search.clone(),
            other => panic!("no search: {other:?}"),
        }
    }

    fn refused(chat: &mut Chat, text: &str) -> Code {
        match &say(chat, text)[..] {
            [Effect::Reply { event: ServerEvent::Error(refusal), .. }] => refusal.code,
            other => panic!("not refused: {other:?}"),
        }
    }

    fn answer(chat: &mut Chat, answer: JournalResponse) -> Vec<Effect> {
        let mut effects = Vec::new();
        chat.handle(Now::default(), Input::Answered(answer), &mut effects);
        effects
    }

    fn hit(room: &str, mid: u64) -> record::Hit {
        let said = StoredMessage {
            files: Default::default(),
            mid,
            seq: mid,
            ts: 1,
            sender: "Bob".into(),
            account: false,
            content: "\"".repeat(50).into(),
            reply_to: None,
            expires: None,
            deleted: None,
            edited: false,
            reactions: Vec::new(),
            replies: 0,
        };
        record::Hit { room: room.into(), said }
    }

    fn results(effects: &[Effect]) -> (Vec<(String, u64)>, bool) {
        let [.., Effect::Reply { client: ALICE, event: ServerEvent::SearchResults(it) }] = effects
        else {
            panic!("no results: {effects:?}");
        };
        let hits = it.hits.iter().map(|hit| (hit.room.to_string(), hit.said.mid)).collect();
        (hits, it.more)
    }

    #[test]
    fn the_named_room_is_searched_or_all_the_client_is_in() {
        let mut chat = chat(Limits::default());
        let search = ordered(
            &mut chat,
            r#"{"type":"search","id":"s1","room":"LOBBY","payload":{"query":"tea","limit":999,"before":7}}"#,
        );
        assert_eq!(search.rooms, ["lobby".into()]);
        assert_eq!((&*search.words, search.limit, search.before), ("tea", 200, Some(7)));
        let search = ordered(&mut chat, r#"{"type":"search","payload":"tea time"}"#);
        assert_eq!(search.rooms, ["dev".into(), "lobby".into()]);
        assert_eq!((&*search.words, search.limit, search.before), ("tea time", 50, None));
        let search = ordered(
            &mut chat,
            r##"{"type":"search","room":"lobby","payload":{"query":"in:#DEV has:file tea from:Bob in:dev after:2024-11-19","before":9,"zone":"+01:00"}}"##,
        );
        assert_eq!((search.rooms, &*search.words), (vec!["dev".into()], "tea"));
        let filter = SearchFilter {
            from: vec!["Bob".into()],
            since: Some(1_732_060_800_000 - 60 * 60 * 1000),
            until: None,
            has: vec![SearchContent::File],
        };
        assert_eq!((search.filter, search.before), (filter, Some(9)));
        // A room without a record has nothing to find.
        let told = say(&mut chat, r#"{"type":"search","id":"s","room":"new","payload":"tea"}"#);
        assert_eq!(results(&told), (vec![], false));
    }

    #[test]
    fn an_invalid_or_forbidden_search_is_refused() {
        let limits =
            Limits { search_chars_max: 5, queries_per_second_max: None, ..Limits::default() };
        let mut chat = chat(limits);
        for (text, code) in [
            (r#"{"type":"search"}"#, Code::MissingField),
            (r#"{"type":"search","payload":{"limit":3}}"#, Code::MissingField),
            (r#"{"type":"search","payload":{"query":7}}"#, Code::BadField),
            (r#"{"type":"search","payload":{"query":"tea","limit":-1}}"#, Code::BadField),
            (r#"{"type":"search","payload":{"query":"tea","before":1}}"#, Code::BadField),
            (r#"{"type":"search","payload":" "}"#, Code::BadField),
            (r#"{"type":"search","payload":"coffee"}"#, Code::TooLong),
            (r#"{"type":"search","room":"ops","payload":"tea"}"#, Code::NotInRoom),
            (r#"{"type":"search","room":"nowhere","payload":"tea"}"#, Code::NotInRoom),
            (r#"{"type":"search","payload":"in:a"}"#, Code::NotInRoom),
            (r#"{"type":"search","payload":"in:"}"#, Code::BadField),
            (r#"{"type":"search","payload":{"query":"tea","zone":"CET"}}"#, Code::BadField),
        ] {
            assert_eq!(refused(&mut chat, text), code, "{text}");
        }
    }

    #[test]
    fn searches_are_charged_as_queries() {
        let mut chat = chat(Limits { queries_burst_max: 1, ..Limits::default() });
        let search = r#"{"type":"search","payload":"tea"}"#;
        ordered(&mut chat, search);
        assert_eq!(refused(&mut chat, search), Code::RateLimited);
    }

    #[test]
    fn search_results_are_cut_to_readable_rooms_and_the_page_size() {
        let mut chat = chat(Limits { page_bytes_max: 700, ..Limits::default() });
        let search = r#"{"type":"search","id":"s1","payload":"tea"}"#;
        let request_id = ordered(&mut chat, search).request_id;
        say(&mut chat, r#"{"type":"leave_room","payload":"dev"}"#);
        let hits = vec![hit("lobby", 10), hit("lobby", 9), hit("dev", 3), hit("ops", 2)];
        let told = answer(
            &mut chat,
            JournalResponse::SearchPage(SearchPage { request_id, hits, more: false }),
        );
        assert_eq!(results(&told), (vec![("LOBBY".into(), 9)], false));
        let request_id = ordered(&mut chat, search).request_id;
        let hits = (1..9).map(|mid| hit("lobby", mid)).collect();
        let told = answer(
            &mut chat,
            JournalResponse::SearchPage(SearchPage { request_id, hits, more: false }),
        );
        assert_eq!(results(&told), (vec![("LOBBY".into(), 1), ("LOBBY".into(), 2)], true));
        let request_id = ordered(&mut chat, search).request_id;
        let unread =
            |request_id| JournalResponse::ReadFailed { request_id, why: JournalError::Overloaded };
        let told = answer(&mut chat, unread(request_id));
        assert!(matches!(
            &told[..],
            [.., Effect::Reply { event: ServerEvent::Error(refusal), .. }]
                if refusal.code == Code::Overloaded && refusal.re.as_deref() == Some("s1")
        ));
        assert_eq!(answer(&mut chat, unread(RequestId(request_id.0))), []);
    }
}
