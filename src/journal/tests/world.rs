//! A journal with a made-up clock, and a few words to talk to it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rusqlite::Connection;

use super::changes::message;
use super::scratch::Scratch;
use crate::chat::record::{
    AuthorKey, AuthorQuery, Change, Draft, Entry, JournalError, JournalRequest, JournalResponse,
    KeyValue, Page, PageContent, PutKeyValues, Query, RemoveRoom, RequestId, RoomKey, Search,
    SearchFilter, SearchPage, Snapshot, Span, StoredMessage,
};
use crate::clock::{Clock, Moment, Now};
use crate::journal::{Engine, Journal, Limits, OpenError};

/// A journal under test and its time.
pub(super) struct World {
    journal: Option<Journal>,
    pub(super) opening: Snapshot,
    pub(super) now: Now,
    pub(super) engine: Engine,
    pub(super) limits: Limits,
    woken: Receiver<()>,
    tickets: u64,
    /// What was told beside the answers asked for.
    pub(super) aside: Vec<JournalResponse>,
    /// Where it lies, if it does.
    pub(super) scratch: Option<Arc<Scratch>>,
}

pub(super) const ALICE: AuthorKey = AuthorKey([1; 16]);
pub(super) const BOB: AuthorKey = AuthorKey([2; 16]);

impl World {
    pub(super) fn memory() -> Self {
        Self::open(Engine::Memory, Limits::default(), NOON).unwrap()
    }

    pub(super) fn sqlite() -> Self {
        let scratch = Scratch::new();
        let mut world = Self::open(scratch.engine(), Limits::default(), NOON).unwrap();
        world.scratch = Some(Arc::new(scratch));
        world
    }

    /// Returns a database that puts all messages into its index at once.
    pub(super) fn indexed() -> Self {
        Self::sqlite().with(Limits { unsearched_entries_max: 0, ..Limits::default() })
    }

    pub(super) fn open(engine: Engine, limits: Limits, now: Now) -> Result<Self, OpenError> {
        let (wake, woken) = channel();
        let wake = move || {
            let _ = wake.send(());
        };
        let seed = [u8::try_from(now.unix_ms % 251).unwrap(); 16];
        let (journal, opening) = Journal::open(engine.clone(), limits.clone(), seed, now, wake)?;
        let (journal, aside) = (Some(journal), Vec::new());
        Ok(Self { journal, opening, now, engine, limits, woken, tickets: 0, aside, scratch: None })
    }

    /// Starts anew with other limits.
    pub(super) fn with(self, limits: Limits) -> Self {
        let engine = self.engine.clone();
        self.restart(engine, limits).unwrap()
    }

    /// Stops the server and starts it again.
    pub(super) fn again(self) -> Self {
        let limits = self.limits.clone();
        self.with(limits)
    }

    /// Starts it again, unless that leaves nothing.
    pub(super) fn again_if_kept(self) -> Self {
        if self.scratch.is_some() { self.again() } else { self }
    }

    /// Starts it after a stop.
    pub(super) fn started(self) -> Self {
        let world = Self::open(self.engine.clone(), self.limits.clone(), self.now).unwrap();
        Self { scratch: self.scratch, tickets: self.tickets, ..world }
    }

    pub(super) fn restart(mut self, engine: Engine, limits: Limits) -> Result<Self, OpenError> {
        self.stop();
        let world = Self::open(engine, limits, self.now)?;
        Ok(Self { scratch: self.scratch, tickets: self.tickets, ..world })
    }

    pub(super) fn stop(&mut self) {
        assert!(self.journal.take().unwrap().close(PATIENCE), "the worker hangs");
    }

    /// Where the journal lies.
    pub(super) fn dir(&self) -> PathBuf {
        self.scratch.as_ref().unwrap().path().join("data")
    }

    pub(super) fn journal(&mut self) -> &mut Journal {
        self.journal.as_mut().unwrap()
    }

    /// Lets time pass.
    pub(super) fn pass(&mut self, millis: u64) {
        self.now.at = self.now.at.after(Duration::from_millis(millis));
        self.now.unix_ms += millis;
    }

    /// Waits until nothing is due and nothing is under way.
    pub(super) fn settle(&mut self) {
        loop {
            let mut answers = self.responses();
            self.aside.append(&mut answers);
            let now = self.now.at;
            if !self.journal().busy() && self.journal().deadline() > now {
                return;
            }
            self.wait();
        }
    }

    /// Returns what there is to tell now.
    pub(super) fn responses(&mut self) -> Vec<JournalResponse> {
        let now = self.now;
        let mut answers = Vec::new();
        self.journal().responses(now, &mut answers);
        answers
    }

    /// Waits until there may be something to tell.
    pub(super) fn wait(&self) {
        match self.engine {
            // It has told all by now.
            Engine::Memory => {}
            Engine::Sqlite { .. } => self.woken.recv_timeout(PATIENCE).expect("the journal hangs"),
        }
    }

    /// Makes a draft of Alice's in the lobby.
    pub(super) fn draft(&mut self, change: Change) -> Draft {
        self.tickets += 1;
        Draft {
            request_id: RequestId(self.tickets),
            room: Arc::from("lobby"),
            room_name: Arc::from("Lobby"),
            author: ALICE,
            sender: Arc::from("Alice"),
            account: false,
            moderator: false,
            id: None,
            ts: self.now.unix_ms,
            change,
            key_values: Vec::new(),
        }
    }

    /// Submits an order and does not wait.
    pub(super) fn submit(&mut self, order: JournalRequest) {
        let now = self.now;
        self.journal().submit(now, order);
    }

    /// Submits an order and waits for its answer.
    fn command(&mut self, request_id: RequestId, order: JournalRequest) -> JournalResponse {
        self.submit(order);
        self.answer_to(request_id)
    }

    /// Waits for the answer to an order.
    pub(super) fn answer_to(&mut self, request_id: RequestId) -> JournalResponse {
        loop {
            let mut answers = self.responses();
            if let Some(at) =
                answers.iter().position(|answer| request_id_of(answer) == Some(request_id))
            {
                let answer = answers.remove(at);
                self.aside.append(&mut answers);
                return answer;
            }
            self.aside.append(&mut answers);
            self.wait();
        }
    }

    pub(super) fn append(&mut self, draft: Draft) -> JournalResponse {
        self.command(draft.request_id, JournalRequest::Append(draft))
    }

    /// Asks whether a draft has come before.
    pub(super) fn recognise(&mut self, draft: Draft) -> JournalResponse {
        self.command(draft.request_id, JournalRequest::CheckReplay(draft))
    }

    /// Asks who wrote a message of the lobby.
    pub(super) fn author(&mut self, mid: u64) -> Option<(AuthorKey, Arc<str>)> {
        self.tickets += 1;
        let request_id = RequestId(self.tickets);
        let query = AuthorQuery { request_id, room: Arc::from("lobby"), mid };
        match self.command(request_id, JournalRequest::FindAuthor(query)) {
            JournalResponse::Author { author, .. } => author,
            other => panic!("no author but {other:?}"),
        }
    }

    /// Submits facts, and gives the ticket of their answer.
    pub(super) fn submit_keep(&mut self, key_values: Vec<KeyValue>) -> RequestId {
        self.tickets += 1;
        let request_id = RequestId(self.tickets);
        self.submit(JournalRequest::Put(PutKeyValues { request_id: Some(request_id), key_values }));
        request_id
    }

    /// Has facts kept.
    pub(super) fn keep(&mut self, key_values: Vec<KeyValue>) {
        let request_id = self.submit_keep(key_values);
        assert_eq!(self.answer_to(request_id), JournalResponse::Saved { request_id });
    }

    /// Has a room removed.
    pub(super) fn remove(&mut self, room: &str) {
        self.tickets += 1;
        let request_id = RequestId(self.tickets);
        let removal = RemoveRoom { request_id, room: RoomKey::from(room) };
        let answer = self.command(request_id, JournalRequest::RemoveRoom(removal));
        assert_eq!(answer, JournalResponse::Saved { request_id });
    }

    /// Appends what is expected to be taken, and gives its number.
    pub(super) fn add(&mut self, draft: Draft) -> u64 {
        match self.append(draft) {
            JournalResponse::Appended { seq, duplicate: false, .. } => seq,
            other => panic!("not appended: {other:?}"),
        }
    }

    /// Appends what is expected to be refused.
    pub(super) fn refuse(&mut self, draft: Draft) -> JournalError {
        match self.append(draft) {
            JournalResponse::Rejected { why, .. } => why,
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
        let request_id = RequestId(self.tickets);
        let query = Query { request_id, room: RoomKey::from(room), span, limit, bytes_max };
        match self.command(request_id, JournalRequest::Read(query)) {
            JournalResponse::Page(page) => page,
            other => panic!("no page: {other:?}"),
        }
    }

    pub(super) fn search(
        &mut self,
        rooms: &[&str],
        words: &str,
        before: Option<u64>,
        limit: usize,
    ) -> SearchPage {
        self.find(rooms, words, before, limit, 1 << 20, SearchFilter::default())
    }

    pub(super) fn search_bytes(&mut self, rooms: &[&str], words: &str, bytes: usize) -> SearchPage {
        self.find(rooms, words, None, 100, bytes, SearchFilter::default())
    }

    pub(super) fn find(
        &mut self,
        rooms: &[&str],
        words: &str,
        before: Option<u64>,
        limit: usize,
        bytes_max: usize,
        filter: SearchFilter,
    ) -> SearchPage {
        self.tickets += 1;
        let request_id = RequestId(self.tickets);
        let rooms = rooms.iter().map(|room| RoomKey::from(*room)).collect();
        let search = Search {
            request_id,
            asker: 0,
            rooms,
            words: Arc::from(words),
            filter,
            before,
            limit,
            bytes_max,
        };
        match self.command(request_id, JournalRequest::Search(search)) {
            JournalResponse::SearchPage(page) => page,
            other => panic!("nothing found: {other:?}"),
        }
    }

    /// Returns the names of the lobby's messages with these words in them.
    pub(super) fn finds(&mut self, words: &str) -> Vec<u64> {
        let page = self.search(&["lobby"], words, None, 100);
        page.hits.iter().map(|hit| hit.said.mid).collect()
    }

    /// Returns the numbers of the lobby's messages with these words that pass a filter.
    pub(super) fn finds_with(&mut self, words: &str, filter: SearchFilter) -> Vec<u64> {
        let page = self.find(&["lobby"], words, None, 100, 1 << 20, filter);
        page.hits.iter().map(|hit| hit.said.mid).collect()
    }

    /// Waits until a query of the database says yes.
    pub(super) fn until(&self, sql: &str) {
        let clock = Clock::start();
        let deadline = clock.now().at.after(PATIENCE);
        let db = Connection::open(self.dir().join("journal.db")).unwrap();
        while !db.query_row(sql, [], |row| row.get::<_, bool>(0)).unwrap() {
            assert!(clock.now().at < deadline, "not in time: {sql}");
            std::thread::yield_now();
        }
    }

    /// Returns the messages of the lobby as they read now.
    pub(super) fn history(&mut self) -> Vec<StoredMessage> {
        said(self.page(Span::Latest, 1000))
    }

    /// Returns the entries of the lobby.
    pub(super) fn entries(&mut self) -> Vec<Entry> {
        entries(self.page(Span::Entries(0), 1000))
    }
}

/// Returns the ticket of an answer, if an order asked for it.
pub(super) fn request_id_of(answer: &JournalResponse) -> Option<RequestId> {
    match answer {
        JournalResponse::Appended { request_id, .. }
        | JournalResponse::NotReplayed { request_id }
        | JournalResponse::Author { request_id, .. }
        | JournalResponse::Saved { request_id }
        | JournalResponse::Rejected { request_id, .. }
        | JournalResponse::ReadFailed { request_id, .. } => Some(*request_id),
        JournalResponse::Page(page) => Some(page.request_id),
        JournalResponse::SearchPage(page) => Some(page.request_id),
        JournalResponse::File { request_id, .. } => Some(*request_id),
        JournalResponse::Added { .. }
        | JournalResponse::Unused(_)
        | JournalResponse::Health { .. } => None,
    }
}

pub(super) const NOON: Now = Now { at: Moment::from_millis(50), unix_ms: 1_000_000 };
/// How long a test waits for a thread before it fails.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) fn said(page: Page) -> Vec<StoredMessage> {
    match page.found {
        PageContent::Messages(messages) => messages,
        PageContent::Entries(_) => panic!("entries instead of messages"),
    }
}

pub(super) fn entries(page: Page) -> Vec<Entry> {
    match page.found {
        PageContent::Entries(entries) => entries,
        PageContent::Messages(_) => panic!("messages instead of entries"),
    }
}

/// Returns the names of the messages on a page.
pub(super) fn mids(page: Page) -> Vec<u64> {
    said(page).iter().map(|said| said.mid).collect()
}

/// Keeps the worker from writing until it is dropped.
pub(super) fn hold(world: &World) -> Connection {
    let db = Connection::open(world.dir().join("journal.db")).unwrap();
    db.execute_batch("BEGIN IMMEDIATE").unwrap();
    db
}
