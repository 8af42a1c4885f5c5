//! Properties of the chat under any input of clients.

use std::sync::Arc;

use chinwag::chat::record::{
    AuthorKey, Hit, JournalRequest, JournalResponse, Page, PageContent, RoomKey, Search,
    SearchPage, Snapshot, StoredMessage,
};
use chinwag::chat::{
    Chat, ClientEvent, ClientId, ConnectParams, Effect, Input, Limits, OutputMode, ServerEvent,
};
use chinwag::clock::{Moment, Now};

/// Parses any text; a refusal must render in every form.
pub(crate) fn any_text_is_an_event_or_a_refusal(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Err(refusal) = ClientEvent::parse(text, &Limits::default()) {
        assert!(!refusal.message.is_empty());
        well_formed(&ServerEvent::Error(Box::new(refusal)));
    }
}

/// Connects with any path and query: the client is welcomed first, and never refused.
pub(crate) fn anybody_is_welcome(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (path, query) = text.split_once('?').unwrap_or(("/ws", &text));
    let mut chat = Chat::new(Limits::default(), Snapshot::default());
    let params = ConnectParams::parse(path, query);
    let mut effects = Vec::new();
    chat.handle(
        now(0),
        Input::Opened { client: ClientId(1), params, seed: [0; 16], admission: Box::default() },
        &mut effects,
    );
    let welcome = effects.first();
    assert!(matches!(welcome, Some(Effect::Reply { event: ServerEvent::Welcome(_), .. })));
    for effect in &effects {
        if let Effect::Reply { event, .. } = effect {
            well_formed(event);
        }
    }
}

/// Runs three clients; each line of the data is one step.
pub(crate) fn any_conversation_has_answers(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut chat = Chat::new(Limits::default(), Snapshot::default());
    let (mut effects, mut answers, mut seq, mut next) = (Vec::new(), Vec::new(), 0, 3);
    let mut clients = [ClientId(0), ClientId(1), ClientId(2)];
    for (at, line) in text.split('\n').take(256).enumerate() {
        let client = &mut clients[at % 3];
        let input = match line.split_at_checked(1) {
            Some(("?", query)) => {
                next += 1;
                *client = ClientId(next);
                let seed = [u8::try_from(next % 256).unwrap_or(0); 16];
                Input::Opened {
                    client: *client,
                    params: ConnectParams::parse("/ws", query),
                    seed,
                    admission: Box::default(),
                }
            }
            Some(("!", _)) => Input::Closed { client: *client, timed_out: false },
            Some(("~", _)) => Input::Due,
            Some(("#", _)) => Input::Drain { seed: 1 },
            _ => {
                let event = ClientEvent::parse(line, chat.limits());
                Input::Received { client: *client, event }
            }
        };
        chat.handle(now(at as u64 * 300), input, &mut effects);
        // The replies to this line arrive after the next one.
        for answer in std::mem::take(&mut answers) {
            chat.handle(now(at as u64 * 300), Input::Answered(answer), &mut effects);
        }
        for effect in effects.drain(..) {
            match effect {
                Effect::Reply { event, .. }
                | Effect::Broadcast { event, .. }
                | Effect::Whisper { event, .. }
                | Effect::Hint { event, .. }
                | Effect::Respond { event, .. } => {
                    well_formed(&event);
                }
                Effect::Journal(request) => answers.extend(answer(request, &mut seq)),
                Effect::Hold { .. } | Effect::Release { .. } | Effect::Deliver(_) => {}
                Effect::Close { code, .. } => assert!((1000..5000).contains(&code)),
            }
        }
    }
}

fn answer(order: JournalRequest, seq: &mut u64) -> Option<JournalResponse> {
    match order {
        JournalRequest::Append(draft) => {
            *seq += 1;
            let (request_id, seq, ts) = (draft.request_id, *seq, draft.ts);
            Some(JournalResponse::Appended {
                request_id,
                seq,
                mid: seq,
                ts,
                duplicate: false,
                count: 1,
            })
        }
        JournalRequest::CheckReplay(draft) => {
            Some(JournalResponse::NotReplayed { request_id: draft.request_id })
        }
        JournalRequest::FindAuthor(query) => {
            let author = Some((AuthorKey([1; 16]), Arc::from("a")));
            Some(JournalResponse::Author { request_id: query.request_id, author })
        }
        JournalRequest::FindFile(query) => {
            Some(JournalResponse::File { request_id: query.request_id, found: None })
        }
        JournalRequest::CheckBlobs(_) => None,
        JournalRequest::Read(query) => Some(JournalResponse::Page(Page {
            request_id: query.request_id,
            room: query.room,
            found: PageContent::Messages(Vec::new()),
            top: *seq,
            more: false,
            lost: Vec::new(),
        })),
        JournalRequest::Search(search) => {
            let Search { request_id, rooms, words, .. } = search;
            let hit = |room: RoomKey| Hit { room, said: said(*seq, &words) };
            let hits = rooms.into_iter().map(hit).collect();
            Some(JournalResponse::SearchPage(SearchPage { request_id, hits, more: false }))
        }
        JournalRequest::Put(keep) => {
            keep.request_id.map(|request_id| JournalResponse::Saved { request_id })
        }
        JournalRequest::RemoveRoom(removal) => {
            Some(JournalResponse::Saved { request_id: removal.request_id })
        }
        JournalRequest::PutSession(_) | JournalRequest::DropSession(_) => None,
    }
}

fn said(mid: u64, content: &str) -> StoredMessage {
    StoredMessage {
        files: Default::default(),
        mid,
        seq: mid,
        ts: 0,
        sender: "Alice".into(),
        account: false,
        content: content.into(),
        reply_to: None,
        expires: None,
        deleted: None,
        edited: false,
        reactions: Vec::new(),
        replies: 0,
    }
}

/// Asserts that output is one JSON object on one line, or lines without control characters.
fn well_formed(event: &ServerEvent) {
    for mode in [OutputMode::Json, OutputMode::Text, OutputMode::Simple] {
        let mut out = Vec::new();
        if !event.render(mode, 0, None, &mut out) {
            assert!(out.is_empty());
            continue;
        }
        let text = std::str::from_utf8(&out).expect("UTF-8");
        match mode {
            OutputMode::Text => assert!(text.chars().all(|c| c == '\n' || !c.is_control())),
            OutputMode::Json | OutputMode::Simple => {
                assert!(text.starts_with('{') && text.ends_with('}'));
                assert!(text.bytes().all(|byte| byte >= 0x20));
            }
        }
    }
}

fn now(ms: u64) -> Now {
    Now { at: Moment::from_millis(ms), unix_ms: 1_732_104_000_000 + ms }
}
