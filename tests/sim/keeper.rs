//! A keeper of records that can be slow, refuse, and answer reads before earlier appends.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use chinwag::chat::record::{
    Answer, AuthorKey, Change, Draft, Entry, Fact, Finding, Found, Gone, Hit, Opening, Order, Page,
    Query, Refused, RoomKey, RoomRecord, Said, Search, SessionRecord, Shelf, Span,
};

/// Holds the record of every room, and the answers that wait to be fetched.
#[derive(Default)]
pub(crate) struct Keeper {
    pub(crate) rooms: BTreeMap<RoomKey, Record>,
    pub(crate) sessions: BTreeMap<AuthorKey, SessionRecord>,
    pub(crate) facts: BTreeMap<(Shelf, Arc<str>), Arc<str>>,
    ids: BTreeMap<(AuthorKey, Arc<str>), (RoomKey, Change, Answer)>,
    orders: VecDeque<Order>,
    appended: VecDeque<Answer>,
    read: VecDeque<Answer>,
    /// What the next order is answered with instead of being carried out.
    pub(crate) refuses: Option<Refused>,
    /// Whether there may be authors without a session.
    pub(crate) guests: bool,
}

/// Is the record of one room.
#[derive(Default)]
pub(crate) struct Record {
    pub(crate) name: Arc<str>,
    pub(crate) entries: Vec<Entry>,
    authors: BTreeMap<u64, AuthorKey>,
    said: BTreeMap<u64, Said>,
    /// Entries up to this one are not kept any more.
    pub(crate) pruned: u64,
}

impl Keeper {
    pub(crate) fn submit(&mut self, order: Order) {
        self.orders.push_back(order);
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.orders.is_empty() && self.appended.is_empty() && self.read.is_empty()
    }

    /// Carries out the next order.
    pub(crate) fn work(&mut self) {
        match self.orders.pop_front() {
            Some(Order::Append(draft)) => {
                let answer = match self.refuses.take() {
                    Some(why) => Answer::Refused { ticket: draft.ticket, why },
                    None => self.append(draft),
                };
                self.appended.push_back(answer);
            }
            Some(Order::Recognise(draft)) => {
                let ticket = draft.ticket;
                let answer = match self.refuses.take() {
                    Some(why) => Answer::Refused { ticket, why },
                    None => self.known(&draft).unwrap_or(Answer::Unknown { ticket }),
                };
                self.appended.push_back(answer);
            }
            Some(Order::Read(query)) => {
                let answer = match self.refuses.take() {
                    Some(why) => Answer::Unread { ticket: query.ticket, why },
                    None => Answer::Page(self.page(&query)),
                };
                self.read.push_back(answer);
            }
            Some(Order::Search(search)) => {
                let answer = match self.refuses.take() {
                    Some(why) => Answer::Unread { ticket: search.ticket, why },
                    None => Answer::Found(self.find(&search)),
                };
                self.read.push_back(answer);
            }
            Some(Order::PutSession(session)) => {
                self.sessions.insert(session.key, session);
            }
            Some(Order::DropSession(key)) => {
                self.sessions.remove(&key);
            }
            Some(Order::Keep(keep)) => {
                // What nobody waits for is tried until it is kept.
                let refused = keep.ticket.and_then(|_| self.refuses.take());
                if refused.is_none() {
                    self.keep(keep.facts);
                }
                let answer = keep.ticket.map(|ticket| match refused {
                    Some(why) => Answer::Refused { ticket, why },
                    None => Answer::Kept { ticket },
                });
                self.appended.extend(answer);
            }
            None => {}
        }
    }

    /// Says whether facts wait to be written that belong to no entry.
    pub(crate) fn writes_facts(&self) -> bool {
        self.orders.iter().any(|order| matches!(order, Order::Keep(_)))
    }

    fn find(&self, search: &Search) -> Finding {
        let rooms = search.rooms.iter().filter_map(|room| Some((room, self.rooms.get(room)?)));
        let said = rooms.flat_map(|(room, record)| {
            let fits = |said: &&Said| said.gone.is_none() && said.content.contains(&*search.words);
            let said = record.said.values().rev().filter(fits).cloned();
            said.map(|said| Hit { room: Arc::clone(room), said })
        });
        let hits = said.take(search.limit).collect();
        Finding { ticket: search.ticket, hits, more: false }
    }

    fn keep(&mut self, facts: Vec<Fact>) {
        for Fact { shelf, key, value } in facts {
            match value {
                Some(value) => self.facts.insert((shelf, key), value),
                None => self.facts.remove(&(shelf, key)),
            };
        }
    }

    /// Loses all but the record.
    pub(crate) fn crash(&mut self) {
        self.orders.clear();
        self.appended.clear();
        self.read.clear();
    }

    /// Gives an answer, appends in order among themselves, reads likewise.
    pub(crate) fn fetch(&mut self, read_first: bool) -> Option<Answer> {
        let (first, then) = match read_first {
            true => (&mut self.read, &mut self.appended),
            false => (&mut self.appended, &mut self.read),
        };
        first.pop_front().or_else(|| then.pop_front())
    }

    /// Adds an entry of the keeper's own: a message has expired.
    pub(crate) fn expire(&mut self, room: &str, mid: u64) {
        let record = self.rooms.get_mut(room).unwrap();
        let change = Change::Deleted { mid, why: Gone::Expired };
        let entry = record.add("*".into(), 0, change);
        self.appended.push_back(Answer::Added { room: room.into(), entry });
    }

    /// Tells what a chat must know that starts now.
    pub(crate) fn opening(&self, epoch: &str) -> Opening {
        let rooms = self.rooms.iter().map(|(key, record)| RoomRecord {
            key: Arc::clone(key),
            name: Arc::clone(&record.name),
            top: record.entries.len() as u64,
            topic: record
                .entries
                .iter()
                .rev()
                .find_map(|entry| match &entry.change {
                    Change::Topic { topic } => Some(Arc::clone(topic)),
                    _ => None,
                })
                .unwrap_or_default(),
        });
        let facts = self.facts.iter().map(|((shelf, key), value)| Fact {
            shelf: *shelf,
            key: Arc::clone(key),
            value: Some(Arc::clone(value)),
        });
        Opening {
            epoch: epoch.to_owned(),
            durable: "memory",
            rooms: rooms.collect(),
            sessions: self.sessions.values().cloned().collect(),
            facts: facts.collect(),
        }
    }

    /// Answers a draft that has come before.
    fn known(&self, draft: &Draft) -> Option<Answer> {
        let id = draft.id.as_ref()?;
        let (room, change, first) = self.ids.get(&(draft.author, Arc::clone(id)))?;
        let ticket = draft.ticket;
        let Answer::Appended { seq, mid, ts, count, .. } = *first else { unreachable!() };
        Some(match (room, change) == (&draft.room, &draft.change) {
            true => Answer::Appended { ticket, seq, mid, ts, duplicate: true, count },
            false => Answer::Refused { ticket, why: Refused::IdConflict },
        })
    }

    fn append(&mut self, draft: Draft) -> Answer {
        let known = self.guests || self.sessions.contains_key(&draft.author);
        assert!(known, "an author nobody knows");
        let ticket = draft.ticket;
        if let Some(answer) = self.known(&draft) {
            return answer;
        }
        let record = self.rooms.entry(Arc::clone(&draft.room)).or_default();
        record.name = Arc::clone(&draft.room_name);
        if let Err(why) = record.allows(&draft) {
            return Answer::Refused { ticket, why };
        }
        let asked = draft.change.clone();
        let mut change = draft.change;
        let mut taken_away = 0;
        if let Change::Deleted { mid, why } = &mut change
            && record.authors.get(mid) != Some(&draft.author)
        {
            (*why, taken_away) = (Gone::Moderator, 1);
        }
        let entry = record.add(draft.sender, draft.ts, change);
        let (seq, ts) = (entry.seq, entry.ts);
        let (mid, count) = match entry.change {
            Change::Message { .. } => (seq, 0),
            Change::Deleted { mid, .. } => (mid, taken_away),
            Change::Edited { mid, .. } => (mid, 0),
            Change::Reaction { mid, count, .. } => (mid, count),
            Change::Topic { .. } | Change::Moderated { .. } => (0, 0),
        };
        record.authors.insert(seq, draft.author);
        self.keep(draft.facts);
        let answer = Answer::Appended { ticket, seq, mid, ts, duplicate: false, count };
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
                Found::Entries(entries.into_iter().take(query.limit).collect())
            }
            span => {
                let fits = |mid: u64| match span {
                    Span::Before(seq) => mid < seq,
                    Span::After(seq) => mid > seq,
                    _ => true,
                };
                let said = record.said.values().filter(|said| kept(said.mid) && fits(said.mid));
                let mut said: Vec<Said> = said.cloned().collect();
                if said.len() > query.limit {
                    more = true;
                    match span {
                        Span::After(_) => said.truncate(query.limit),
                        _ => {
                            said.drain(..said.len() - query.limit);
                        }
                    }
                }
                Found::Messages(said)
            }
        };
        let top = record.entries.len() as u64;
        Page { ticket: query.ticket, room: Arc::clone(&query.room), found, top, more, lost }
    }
}

impl Record {
    fn allows(&self, draft: &Draft) -> Result<(), Refused> {
        let (mid, own) = match draft.change {
            Change::Edited { mid, .. } => (mid, true),
            Change::Deleted { mid, .. } => (mid, !draft.moderator),
            Change::Reaction { mid, .. } => (mid, false),
            Change::Message { .. } | Change::Topic { .. } | Change::Moderated { .. } => {
                return Ok(());
            }
        };
        match self.said.get(&mid) {
            Some(said) if said.gone.is_none() => {
                let owned = self.authors.get(&mid) == Some(&draft.author);
                if own && !owned { Err(Refused::Forbidden) } else { Ok(()) }
            }
            _ => Err(Refused::NoSuchMessage),
        }
    }

    fn add(&mut self, sender: Arc<str>, ts: u64, mut change: Change) -> Entry {
        let seq = self.entries.len() as u64 + 1;
        match &mut change {
            Change::Message { content, reply_to, expires } => {
                let said = Said {
                    mid: seq,
                    seq,
                    ts,
                    sender: Arc::clone(&sender),
                    content: Arc::clone(content),
                    reply_to: *reply_to,
                    expires: *expires,
                    gone: None,
                    edited: false,
                    reactions: Vec::new(),
                };
                self.said.insert(seq, said);
            }
            Change::Edited { mid, content } => {
                let said = self.said.get_mut(mid).unwrap();
                (said.seq, said.edited, said.content) = (seq, true, Arc::clone(content));
            }
            Change::Deleted { mid, why } => {
                let said = self.said.get_mut(mid).unwrap();
                (said.seq, said.gone, said.content) = (seq, Some(*why), "".into());
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
            Change::Topic { .. } | Change::Moderated { .. } => {}
        }
        let entry = Entry { seq, ts, sender, change };
        self.entries.push(entry.clone());
        entry
    }
}
