//! A journal with a made-up clock, and a few words to talk to it.

use std::sync::Arc;
use std::time::Duration;

use crate::chat::record::{
    Answer, AuthorKey, Change, Draft, Entry, Found, Gone, Opening, Order, Page, Query, Refused,
    RoomKey, Said, Span, Ticket,
};
use crate::clock::{Moment, Now};
use crate::journal::{Engine, Journal, Limits};

/// Is a journal under test and its time.
pub(super) struct World {
    journal: Option<Journal>,
    pub(super) opening: Opening,
    pub(super) now: Now,
    engine: Engine,
    tickets: u64,
    /// What was told beside the answers asked for.
    pub(super) aside: Vec<Answer>,
}

pub(super) const ALICE: AuthorKey = AuthorKey([1; 16]);
pub(super) const BOB: AuthorKey = AuthorKey([2; 16]);

impl World {
    pub(super) fn memory() -> Self {
        Self::open(Engine::Memory, Limits::default())
    }

    pub(super) fn open(engine: Engine, limits: Limits) -> Self {
        let now = Now { at: Moment::from_millis(50), unix_ms: 1_000_000 };
        let (journal, opening) =
            Journal::open(engine.clone(), limits, [7; 16], now, || {}).unwrap();
        let journal = Some(journal);
        Self { journal, opening, now, engine, tickets: 0, aside: Vec::new() }
    }

    /// Starts anew with other limits.
    pub(super) fn with(mut self, limits: Limits) -> Self {
        assert!(self.journal.take().unwrap().close(Duration::from_secs(10)));
        Self::open(self.engine.clone(), limits)
    }

    pub(super) fn journal(&mut self) -> &mut Journal {
        self.journal.as_mut().unwrap()
    }

    /// Lets time pass.
    pub(super) fn pass(&mut self, millis: u64) {
        self.now.at = self.now.at.after(Duration::from_millis(millis));
        self.now.unix_ms += millis;
    }

    /// Waits until nothing is due.
    pub(super) fn settle(&mut self) {
        let now = self.now;
        let mut answers = Vec::new();
        self.journal().answers(now, &mut answers);
        self.aside.append(&mut answers);
    }

    /// Makes a draft of Alice's in the lobby.
    pub(super) fn draft(&mut self, change: Change) -> Draft {
        self.tickets += 1;
        Draft {
            ticket: Ticket(self.tickets),
            room: Arc::from("lobby"),
            room_name: Arc::from("Lobby"),
            author: ALICE,
            sender: Arc::from("Alice"),
            moderator: false,
            id: None,
            ts: self.now.unix_ms,
            change,
        }
    }

    /// Submits an order and waits for its answer.
    fn ask(&mut self, ticket: Ticket, order: Order) -> Answer {
        let now = self.now;
        self.journal().submit(now, order);
        let mut answers = Vec::new();
        self.journal().answers(now, &mut answers);
        let mine = |answer: &Answer| match answer {
            Answer::Appended { ticket: of, .. }
            | Answer::Refused { ticket: of, .. }
            | Answer::Unread { ticket: of, .. } => *of == ticket,
            Answer::Page(page) => page.ticket == ticket,
            Answer::Added { .. } | Answer::Health { .. } => false,
        };
        let at = answers.iter().position(mine).expect("an order is answered");
        let answer = answers.remove(at);
        self.aside.append(&mut answers);
        answer
    }

    pub(super) fn append(&mut self, draft: Draft) -> Answer {
        self.ask(draft.ticket, Order::Append(draft))
    }

    /// Appends what is expected to be taken, and gives its number.
    pub(super) fn add(&mut self, draft: Draft) -> u64 {
        match self.append(draft) {
            Answer::Appended { seq, duplicate: false, .. } => seq,
            other => panic!("not appended: {other:?}"),
        }
    }

    /// Appends what is expected to be refused.
    pub(super) fn refuse(&mut self, draft: Draft) -> Refused {
        match self.append(draft) {
            Answer::Refused { why, .. } => why,
            other => panic!("not refused: {other:?}"),
        }
    }

    pub(super) fn change(&mut self, change: Change) -> u64 {
        let draft = self.draft(change);
        self.add(draft)
    }

    pub(super) fn say(&mut self, content: &str) -> u64 {
        self.change(message(content))
    }

    pub(super) fn page(&mut self, span: Span, limit: usize) -> Page {
        self.page_of("lobby", span, limit, 1 << 20)
    }

    pub(super) fn page_of(
        &mut self,
        room: &str,
        span: Span,
        limit: usize,
        bytes_max: usize,
    ) -> Page {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        let query = Query { ticket, room: RoomKey::from(room), span, limit, bytes_max };
        match self.ask(ticket, Order::Read(query)) {
            Answer::Page(page) => page,
            other => panic!("no page: {other:?}"),
        }
    }

    /// Gives the messages of the lobby as they read now.
    pub(super) fn history(&mut self) -> Vec<Said> {
        said(self.page(Span::Latest, 1000))
    }

    /// Gives the entries of the lobby.
    pub(super) fn entries(&mut self) -> Vec<Entry> {
        entries(self.page(Span::Entries(0), 1000))
    }
}

pub(super) fn said(page: Page) -> Vec<Said> {
    match page.found {
        Found::Messages(messages) => messages,
        Found::Entries(_) => panic!("entries instead of messages"),
    }
}

pub(super) fn entries(page: Page) -> Vec<Entry> {
    match page.found {
        Found::Entries(entries) => entries,
        Found::Messages(_) => panic!("messages instead of entries"),
    }
}

/// Gives the names of the messages on a page.
pub(super) fn mids(page: Page) -> Vec<u64> {
    said(page).iter().map(|said| said.mid).collect()
}

pub(super) fn message(content: &str) -> Change {
    Change::Message { content: Arc::from(content), reply_to: None, expires: None }
}

pub(super) fn expiring(content: &str, expires: u64) -> Change {
    Change::Message { content: Arc::from(content), reply_to: None, expires: Some(expires) }
}

pub(super) fn edited(mid: u64, content: &str) -> Change {
    Change::Edited { mid, content: Arc::from(content) }
}

pub(super) fn deleted(mid: u64) -> Change {
    Change::Deleted { mid, why: Gone::Author }
}

pub(super) fn reaction(mid: u64, emoji: &str, on: bool) -> Change {
    Change::Reaction { mid, emoji: Arc::from(emoji), on, count: 0 }
}

pub(super) fn topic(topic: &str) -> Change {
    Change::Topic { topic: Arc::from(topic) }
}
