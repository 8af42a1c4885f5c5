//! A fake journal that can be slow, refuse, and answer reads before earlier appends.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use chinwag::chat::record::{
    AuthorKey, AuthorQuery, BlobHash, Change, DeletionReason, Draft, Entry, File, FileQuery, Files,
    FoundFile, Hit, JournalError, JournalRequest, JournalResponse, KeyValue, Namespace, Page,
    PageContent, Query, RemoveRoom, RoomKey, RoomRecord, Search, SearchPage, SessionRecord,
    Snapshot, Span, StoredMessage,
};

/// The record of every room, and the answers that wait to be fetched.
#[derive(Default)]
pub(crate) struct Keeper {
    pub(crate) rooms: BTreeMap<RoomKey, Record>,
    pub(crate) sessions: BTreeMap<AuthorKey, SessionRecord>,
    pub(crate) key_values: BTreeMap<(Namespace, Arc<str>), Arc<str>>,
    ids: BTreeMap<(AuthorKey, Arc<str>), (RoomKey, Change, JournalResponse)>,
    orders: VecDeque<JournalRequest>,
    appended: VecDeque<JournalResponse>,
    read: VecDeque<JournalResponse>,
    /// The error with which the next request is answered.
    pub(crate) refuses: Option<JournalError>,
    /// Whether authors without a session are allowed.
    pub(crate) guests: bool,
}

/// The record of one room.
#[derive(Default)]
pub(crate) struct Record {
    pub(crate) name: Arc<str>,
    pub(crate) entries: Vec<Entry>,
    authors: BTreeMap<u64, AuthorKey>,
    pub(crate) said: BTreeMap<u64, StoredMessage>,
    /// Entries up to this one were pruned.
    pub(crate) pruned: u64,
    /// The last entry of the room that was removed before.
    pub(crate) removed_to: u64,
    /// Whether the room was removed, and nothing was added since.
    removed: bool,
}

impl Keeper {
    pub(crate) fn submit(&mut self, order: JournalRequest) {
        self.orders.push_back(order);
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.orders.is_empty() && self.appended.is_empty() && self.read.is_empty()
    }

    /// Carries out the next request.
    pub(crate) fn work(&mut self) {
        match self.orders.pop_front() {
            Some(JournalRequest::Append(draft)) => {
                let answer = match self.refuses.take() {
                    Some(why) => JournalResponse::Rejected { request_id: draft.request_id, why },
                    None => self.append(draft),
                };
                self.appended.push_back(answer);
            }
            Some(JournalRequest::CheckReplay(draft)) => {
                let request_id = draft.request_id;
                let answer = match self.refuses.take() {
                    Some(why) => JournalResponse::Rejected { request_id, why },
                    None => {
                        self.known(&draft).unwrap_or(JournalResponse::NotReplayed { request_id })
                    }
                };
                self.appended.push_back(answer);
            }
            Some(JournalRequest::FindAuthor(query)) => {
                let answer = match self.refuses.take() {
                    Some(why) => JournalResponse::Rejected { request_id: query.request_id, why },
                    None => self.author(&query),
                };
                self.appended.push_back(answer);
            }
            Some(JournalRequest::Read(query)) => {
                let answer = match self.refuses.take() {
                    Some(why) => JournalResponse::ReadFailed { request_id: query.request_id, why },
                    None => JournalResponse::Page(self.page(&query)),
                };
                self.read.push_back(answer);
            }
            Some(JournalRequest::Search(search)) => {
                let answer = match self.refuses.take() {
                    Some(why) => JournalResponse::ReadFailed { request_id: search.request_id, why },
                    None => JournalResponse::SearchPage(self.find(&search)),
                };
                self.read.push_back(answer);
            }
            Some(JournalRequest::FindFile(query)) => self.find_file(query),
            Some(JournalRequest::CheckBlobs(blobs)) => self.check_blobs(blobs),
            Some(JournalRequest::RemoveRoom(RemoveRoom { request_id, room })) => {
                let answer = match self.refuses.take() {
                    Some(why) => JournalResponse::Rejected { request_id, why },
                    None => {
                        self.remove_room(&room);
                        JournalResponse::Saved { request_id }
                    }
                };
                self.appended.push_back(answer);
            }
            Some(JournalRequest::PutSession(session)) => {
                self.sessions.insert(session.key, session);
            }
            Some(JournalRequest::DropSession(key)) => {
                self.sessions.remove(&key);
            }
            Some(JournalRequest::Put(keep)) => {
                // Requests without an id are retried until they succeed.
                let refused = keep.request_id.and_then(|_| self.refuses.take());
                if refused.is_none() {
                    self.keep(keep.key_values);
                }
                let answer = keep.request_id.map(|request_id| match refused {
                    Some(why) => JournalResponse::Rejected { request_id, why },
                    None => JournalResponse::Saved { request_id },
                });
                self.appended.extend(answer);
            }
            None => {}
        }
    }

    /// Whether key-value records without an entry wait to be written.
    pub(crate) fn writes_facts(&self) -> bool {
        self.orders.iter().any(|order| matches!(order, JournalRequest::Put(_)))
    }

    fn find_file(&mut self, FileQuery { request_id, file }: FileQuery) {
        let answer = match self.refuses.take() {
            Some(why) => JournalResponse::ReadFailed { request_id, why },
            None => {
                let found = self.file(|it| it.id == file).map(Box::new);
                JournalResponse::File { request_id, found }
            }
        };
        self.read.push_back(answer);
    }

    fn check_blobs(&mut self, mut blobs: Vec<BlobHash>) {
        blobs.retain(|blob| self.file(|it| it.blob == *blob).is_none());
        self.appended.push_back(JournalResponse::Unused(blobs));
    }

    /// Finds a file of a message.
    fn file(&self, is: impl Fn(&File) -> bool) -> Option<FoundFile> {
        self.rooms.iter().find_map(|(room, record)| {
            let said = record.said.values().find(|said| said.files.iter().any(&is))?;
            let file = said.files.iter().find(|file| is(file))?.clone();
            Some(FoundFile { room: Arc::clone(room), expires: said.expires, file })
        })
    }

    fn find(&self, search: &Search) -> SearchPage {
        let rooms = search.rooms.iter().filter_map(|room| Some((room, self.rooms.get(room)?)));
        let said = rooms.flat_map(|(room, record)| {
            let from = &search.filter.from;
            let fits = |said: &&StoredMessage| {
                said.deleted.is_none()
                    && said.content.contains(&*search.words)
                    && (from.is_empty() || from.contains(&said.sender))
            };
            let said = record.said.values().rev().filter(fits).cloned();
            said.map(|said| Hit { room: Arc::clone(room), said })
        });
        let hits = said.take(search.limit).collect();
        SearchPage { request_id: search.request_id, hits, more: false }
    }

    fn keep(&mut self, key_values: Vec<KeyValue>) {
        for KeyValue { namespace, key, value } in key_values {
            match value {
                Some(value) => self.key_values.insert((namespace, key), value),
                None => self.key_values.remove(&(namespace, key)),
            };
        }
    }

    fn remove_room(&mut self, room: &RoomKey) {
        let is_about = |(namespace, key): &(Namespace, Arc<str>)| {
            let (before, after) = key.split_once('/').unwrap_or((key, ""));
            match namespace {
                Namespace::ReadMarkers | Namespace::Memberships | Namespace::Invitations => {
                    after == &**room
                }
                Namespace::Accounts | Namespace::RevokedTokens | Namespace::Days => false,
                _ => before == &**room,
            }
        };
        self.key_values.retain(|key, _| !is_about(key));
        self.ids.retain(|_, (of, ..)| of != room);
        let Some(record) = self.rooms.get_mut(room) else { return };
        let top = record.entries.len() as u64;
        (record.pruned, record.removed_to, record.removed) = (top, top, true);
        record.authors.clear();
        record.said.clear();
    }

    /// Loses all but the record.
    pub(crate) fn crash(&mut self) {
        self.orders.clear();
        self.appended.clear();
        self.read.clear();
    }

    /// Returns an answer, appends in order among themselves, reads likewise.
    pub(crate) fn fetch(&mut self, read_first: bool) -> Option<JournalResponse> {
        let (first, then) = match read_first {
            true => (&mut self.read, &mut self.appended),
            false => (&mut self.appended, &mut self.read),
        };
        first.pop_front().or_else(|| then.pop_front())
    }

    /// Appends an entry of the journal's own: a message has expired.
    pub(crate) fn expire(&mut self, room: &str, mid: u64) {
        let record = self.rooms.get_mut(room).unwrap();
        let change = Change::Deleted { mid, why: DeletionReason::Expired };
        let entry = record.add("*".into(), false, 0, change);
        self.appended.push_back(JournalResponse::Added { room: room.into(), entry });
    }

    /// Returns the snapshot for a chat that starts now.
    pub(crate) fn opening(&self, epoch: &str) -> Snapshot {
        let rooms = self.rooms.iter().map(|(key, record)| RoomRecord {
            key: Arc::clone(key),
            name: if record.removed { "".into() } else { Arc::clone(&record.name) },
            top: record.entries.len() as u64,
            topic: record
                .entries
                .iter()
                .rev()
                .take_while(|entry| !record.removed && entry.seq > record.removed_to)
                .find_map(|entry| match &entry.change {
                    Change::Topic { topic } => Some(Arc::clone(topic)),
                    _ => None,
                })
                .unwrap_or_default(),
            last: record
                .entries
                .iter()
                .rev()
                .take_while(|entry| !record.removed && entry.seq > record.removed_to)
                .find(|entry| matches!(entry.change, Change::Message { .. }))
                .map_or(0, |entry| entry.ts),
        });
        let key_values = self.key_values.iter().map(|((namespace, key), value)| KeyValue {
            namespace: *namespace,
            key: Arc::clone(key),
            value: Some(Arc::clone(value)),
        });
        Snapshot {
            blobs: Vec::new(),
            taken_at: 0,
            epoch: epoch.to_owned(),
            durable: "memory",
            rooms: rooms.collect(),
            sessions: self.sessions.values().cloned().collect(),
            key_values: key_values.collect(),
        }
    }

    /// Returns the first answer to a draft that was appended before.
    fn known(&self, draft: &Draft) -> Option<JournalResponse> {
        let id = draft.id.as_ref()?;
        let (room, change, first) = self.ids.get(&(draft.author, Arc::clone(id)))?;
        let request_id = draft.request_id;
        let JournalResponse::Appended { seq, mid, ts, count, .. } = *first else { unreachable!() };
        // A refused message knows only the ids of its files.
        let bare = |change: &Change| match change.clone() {
            Change::Message { content, reply_to, expires, files } => {
                let files = files.iter().map(|file| File::unknown(file.id)).collect();
                Change::Message { content, reply_to, expires, files }
            }
            change => change,
        };
        Some(match (room, bare(change)) == (&draft.room, bare(&draft.change)) {
            true => JournalResponse::Appended { request_id, seq, mid, ts, duplicate: true, count },
            false => JournalResponse::Rejected { request_id, why: JournalError::IdConflict },
        })
    }

    fn author(&self, query: &AuthorQuery) -> JournalResponse {
        let record = self.rooms.get(&query.room);
        let author = record.and_then(|record| {
            Some((
                *record.authors.get(&query.mid)?,
                Arc::clone(&record.said.get(&query.mid)?.sender),
            ))
        });
        JournalResponse::Author { request_id: query.request_id, author }
    }

    fn append(&mut self, draft: Draft) -> JournalResponse {
        let known = self.guests || self.sessions.contains_key(&draft.author);
        assert!(known, "an author nobody knows");
        let request_id = draft.request_id;
        if let Some(answer) = self.known(&draft) {
            return answer;
        }
        let record = self.rooms.entry(Arc::clone(&draft.room)).or_default();
        record.name = Arc::clone(&draft.room_name);
        if let Err(why) = record.allows(&draft) {
            return JournalResponse::Rejected { request_id, why };
        }
        let asked = draft.change.clone();
        let mut change = draft.change;
        let mut taken_away = 0;
        if let Change::Deleted { mid, why } = &mut change
            && record.authors.get(mid) != Some(&draft.author)
        {
            (*why, taken_away) = (DeletionReason::Moderator, 1);
        }
        record.removed = false;
        let entry = record.add(draft.sender, draft.account, draft.ts, change);
        let (seq, ts) = (entry.seq, entry.ts);
        let (mid, count) = match entry.change {
            Change::Message { .. } => (seq, 0),
            Change::Deleted { mid, .. } => (mid, taken_away),
            Change::Edited { mid, .. } | Change::Pinned { mid, .. } => (mid, 0),
            Change::Reaction { mid, count, .. } => (mid, count),
            Change::Topic { .. } | Change::Moderated { .. } => (0, 0),
        };
        record.authors.insert(seq, draft.author);
        self.keep(draft.key_values);
        let answer =
            JournalResponse::Appended { request_id, seq, mid, ts, duplicate: false, count };
        if let Some(id) = draft.id {
            self.ids.insert((draft.author, id), (draft.room, asked, answer.clone()));
        }
        answer
    }

    fn page(&self, query: &Query) -> Page {
        let empty = Record::default();
        let record = self.rooms.get(&query.room).unwrap_or(&empty);
        let mut more = false;
        let mut lost = Vec::new();
        let kept = |mid: u64| mid > record.pruned;
        let found = match query.span {
            Span::Entries(after) => {
                let entries: Vec<Entry> = record
                    .entries
                    .iter()
                    .filter(|entry| entry.seq > after && kept(entry.seq))
                    .cloned()
                    .collect();
                if after < record.pruned {
                    lost.push((after + 1, record.pruned));
                }
                more = entries.len() > query.limit;
                PageContent::Entries(entries.into_iter().take(query.limit).collect())
            }
            span => {
                let fits = |mid: u64| match span {
                    Span::Before(seq) => mid < seq,
                    Span::After(seq) => mid > seq,
                    _ => true,
                };
                let said = record.said.values().filter(|said| kept(said.mid) && fits(said.mid));
                let mut said: Vec<StoredMessage> = said.cloned().collect();
                if said.len() > query.limit {
                    more = true;
                    match span {
                        Span::After(_) => said.truncate(query.limit),
                        _ => {
                            said.drain(..said.len() - query.limit);
                        }
                    }
                }
                PageContent::Messages(said)
            }
        };
        let top = record.entries.len() as u64;
        Page { request_id: query.request_id, room: Arc::clone(&query.room), found, top, more, lost }
    }
}

impl Record {
    fn allows(&self, draft: &Draft) -> Result<(), JournalError> {
        let (mid, own) = match draft.change {
            Change::Edited { mid, .. } => (mid, true),
            Change::Deleted { mid, .. } => (mid, !draft.moderator),
            Change::Reaction { mid, .. } | Change::Pinned { mid, .. } => (mid, false),
            Change::Message { .. } | Change::Topic { .. } | Change::Moderated { .. } => {
                return Ok(());
            }
        };
        match self.said.get(&mid) {
            Some(said) if said.deleted.is_none() => {
                let owned = self.authors.get(&mid) == Some(&draft.author);
                if own && !owned { Err(JournalError::Forbidden) } else { Ok(()) }
            }
            _ => Err(JournalError::NoSuchMessage),
        }
    }

    fn add(&mut self, sender: Arc<str>, account: bool, ts: u64, mut change: Change) -> Entry {
        let seq = self.entries.len() as u64 + 1;
        match &mut change {
            Change::Message { content, reply_to, expires, files } => {
                let said = StoredMessage {
                    files: Arc::clone(files),
                    mid: seq,
                    seq,
                    ts,
                    sender: Arc::clone(&sender),
                    account,
                    content: Arc::clone(content),
                    reply_to: *reply_to,
                    expires: *expires,
                    deleted: None,
                    edited: false,
                    reactions: Vec::new(),
                    replies: 0,
                };
                self.said.insert(seq, said);
            }
            Change::Edited { mid, content } => {
                let said = self.said.get_mut(mid).unwrap();
                (said.seq, said.edited, said.content) = (seq, true, Arc::clone(content));
            }
            Change::Deleted { mid, why } => {
                let said = self.said.get_mut(mid).unwrap();
                (said.seq, said.deleted, said.content) = (seq, Some(*why), "".into());
                said.files = Files::default();
            }
            Change::Reaction { mid, emoji, on, count } => {
                let said = self.said.get_mut(mid).unwrap();
                said.seq = seq;
                let at = said.reactions.iter().position(|(other, _)| other == emoji);
                let at = at.unwrap_or_else(|| {
                    said.reactions.push((Arc::clone(emoji), Vec::new()));
                    said.reactions.len() - 1
                });
                let names = &mut said.reactions[at].1;
                names.retain(|name| *name != sender);
                if *on {
                    names.push(Arc::clone(&sender));
                }
                *count = names.len() as u32;
            }
            Change::Pinned { .. } | Change::Topic { .. } | Change::Moderated { .. } => {}
        }
        let entry = Entry { seq, ts, sender, account, change };
        self.entries.push(entry.clone());
        entry
    }
}
