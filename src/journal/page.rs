//! Pages: the answers to queries, the same for every source of entries.

use std::iter;
use std::sync::Arc;

use crate::chat::record::{
    Change, DeletionReason, Entry, Files, Page, PageContent, Query, Span, StoredMessage,
    files_bytes,
};

/// A source of the entries of one room.
pub(super) trait Source {
    /// Why it could not be read.
    type Error;

    /// Returns the first stored `seq`; the next one if no entry is stored.
    fn first(&self) -> u64;

    /// Returns the newest `seq`, 0 if there never was an entry.
    fn top(&self) -> u64;

    /// Collects the newest messages below `seq`, newest first, within the budget. Also returns
    /// whether there are more.
    fn below(&self, seq: u64, budget: Budget) -> Result<(Vec<StoredMessage>, bool), Self::Error>;

    /// Collects the oldest messages from `seq` on, within the budget. Also returns whether there are
    /// more.
    fn from(&self, seq: u64, budget: Budget) -> Result<(Vec<StoredMessage>, bool), Self::Error>;

    /// Collects the oldest replies to `to` from `seq` on that are not deleted, within the budget.
    /// Also returns whether there are more.
    fn replies(
        &self,
        to: u64,
        seq: u64,
        budget: Budget,
    ) -> Result<(Vec<StoredMessage>, bool), Self::Error>;

    /// Collects the oldest entries from `seq` on, within the budget. Also returns whether there are
    /// more.
    fn entries(&self, seq: u64, budget: Budget) -> Result<(Vec<Entry>, bool), Self::Error>;
}

/// Answers a query.
pub(super) fn page<S: Source>(source: &S, query: &Query) -> Result<Page, S::Error> {
    let (limit, bytes_max) = (query.limit, query.bytes_max);
    let budget = Budget::new(limit, bytes_max);
    let mut lost = Vec::new();
    let (found, more) = match query.span {
        Span::Latest => older(source, u64::MAX, budget, &mut lost)?,
        Span::Before(seq) => older(source, seq, budget, &mut lost)?,
        Span::After(seq) => newer(source, seq.saturating_add(1), budget, &mut lost)?,
        Span::Around(seq) => {
            let half = limit / 2;
            let (mut found, before) =
                older(source, seq, Budget::new(half, bytes_max / 2), &mut lost)?;
            let (after, more) = newer(
                source,
                seq,
                Budget::new(limit.saturating_sub(half), bytes_max / 2),
                &mut lost,
            )?;
            found.extend(after);
            (found, before || more)
        }
        // No reply is kept longer than the message.
        Span::Replies { to, .. } if to < source.first() => (Vec::new(), false),
        Span::Replies { to, after } => source.replies(to, after.saturating_add(1), budget)?,
        Span::Entries(seq) => {
            let seq = seq.saturating_add(1);
            let (entries, more) = source.entries(seq, budget)?;
            lose(&mut lost, seq, source.first());
            return Ok(bound(source, query, PageContent::Entries(entries), more, lost));
        }
    };
    Ok(bound(source, query, PageContent::Messages(found), more, lost))
}

/// Answers a query for a room without a record.
pub(super) fn empty(query: &Query) -> Page {
    let found = match query.span {
        Span::Entries(_) => PageContent::Entries(Vec::new()),
        _ => PageContent::Messages(Vec::new()),
    };
    let (request_id, room) = (query.request_id, Arc::clone(&query.room));
    Page { request_id, room, found, top: 0, more: false, lost: Vec::new() }
}

/// Erases the text of messages on a page that have expired, although no entry says so yet.
pub(super) fn hide_expired(page: &mut Page, unix_ms: u64) {
    let over = |expires: &Option<u64>| expires.is_some_and(|expires| expires <= unix_ms);
    let entries = match &mut page.found {
        PageContent::Messages(messages) => {
            for said in messages.iter_mut().filter(|said| over(&said.expires)) {
                said.content = Arc::from("");
                said.deleted.get_or_insert(DeletionReason::Expired);
                said.edited = false;
                said.reactions = Vec::new();
                said.files = Files::default();
            }
            return;
        }
        PageContent::Entries(entries) => entries,
    };
    let mut hidden = Vec::new();
    for entry in entries {
        match &mut entry.change {
            Change::Message { content, expires, files, .. } if over(expires) => {
                hidden.push(entry.seq);
                *content = Arc::from("");
                *files = Files::default();
            }
            Change::Edited { mid, content } if hidden.contains(mid) => *content = Arc::from(""),
            _ => {}
        }
    }
}

fn bound<S: Source>(
    source: &S,
    query: &Query,
    found: PageContent,
    more: bool,
    lost: Vec<(u64, u64)>,
) -> Page {
    let (request_id, room) = (query.request_id, Arc::clone(&query.room));
    Page { request_id, room, found, top: source.top(), more, lost }
}

type Part = (Vec<StoredMessage>, bool);

fn older<S: Source>(
    source: &S,
    seq: u64,
    budget: Budget,
    lost: &mut Vec<(u64, u64)>,
) -> Result<Part, S::Error> {
    let (mut found, more) = source.below(seq, budget)?;
    found.reverse();
    if !more {
        lose(lost, 1, source.first().min(seq));
    }
    Ok((found, more))
}

fn newer<S: Source>(
    source: &S,
    seq: u64,
    budget: Budget,
    lost: &mut Vec<(u64, u64)>,
) -> Result<Part, S::Error> {
    let part = source.from(seq, budget)?;
    lose(lost, seq.max(1), source.first());
    Ok(part)
}

/// Replies to a message that are counted; above, there are as many or more.
pub(super) const REPLIES_COUNTED_MAX: usize = 100;

/// Returns the number of replies as it is told.
pub(super) fn reply_count(replies: usize) -> u32 {
    u32::try_from(replies.min(REPLIES_COUNTED_MAX)).unwrap_or(0)
}

/// Notes that the entries `from..end` are lost.
fn lose(lost: &mut Vec<(u64, u64)>, from: u64, end: u64) {
    if from >= end {
        return;
    }
    let last = end.saturating_sub(1);
    match lost.last_mut() {
        Some((_, previous)) if previous.saturating_add(1) == from => *previous = last,
        _ => lost.push((from, last)),
    }
}

/// The space on a page.
#[derive(Debug)]
pub(super) struct Budget {
    left: usize,
    bytes_left: usize,
    empty: bool,
}

impl Budget {
    /// Returns a budget of `limit` items and `bytes_max` bytes of text.
    pub(super) fn new(limit: usize, bytes_max: usize) -> Self {
        Self { left: limit, bytes_left: bytes_max, empty: true }
    }

    /// Takes space for one item of this size; false if there is none. The first item always fits, so
    /// that paging makes progress.
    pub(super) fn take(&mut self, bytes: usize) -> bool {
        if self.left == 0 || (bytes > self.bytes_left && !self.empty) {
            return false;
        }
        self.left = self.left.saturating_sub(1);
        self.bytes_left = self.bytes_left.saturating_sub(bytes);
        self.empty = false;
        true
    }
}

/// Returns the bytes of text in an entry, which limits count.
pub(super) fn entry_bytes(entry: &Entry) -> usize {
    let text = match &entry.change {
        Change::Message { content, files, .. } => content.len().saturating_add(files_bytes(files)),
        Change::Edited { content, .. } => content.len(),
        Change::Reaction { emoji, .. } => emoji.len(),
        Change::Topic { topic } => topic.len(),
        Change::Deleted { .. } | Change::Pinned { .. } => 0,
        Change::Moderated { moderation } => [&moderation.user, &moderation.reason]
            .into_iter()
            .flatten()
            .map(|text| text.len())
            .sum(),
    };
    entry.sender.len().saturating_add(text)
}

/// Returns the bytes of text in a message, which limits count.
pub(super) fn message_bytes(said: &StoredMessage) -> usize {
    let reactions = said.reactions.iter().flat_map(|(emoji, names)| iter::once(emoji).chain(names));
    let text = iter::once(&said.sender).chain(iter::once(&said.content)).chain(reactions);
    text.map(|text| text.len()).sum::<usize>().saturating_add(files_bytes(&said.files))
}
