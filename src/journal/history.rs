//! A room's record in memory, whole or its newest part: the entries, and the current state of the
//! messages.
//!
//! It always is a run of entries without gaps up to the top. Every change of a message comes after
//! it, so the run knows the current state of each of its messages.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use foldhash::HashMap;

use super::draft::ReactionCounts;
use super::page::{Budget, Source, entry_bytes, message_bytes, reply_count};
use crate::chat::record::{
    AuthorKey, Change, DeletionReason, Entry, Files, StoredMessage, files_bytes,
};

/// An entry and its author.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StoredEntry {
    pub(super) author: AuthorKey,
    pub(super) entry: Entry,
}

impl StoredEntry {
    /// Returns the bytes of its text, which limits count.
    pub(super) fn bytes(&self) -> usize {
        entry_bytes(&self.entry)
    }
}

/// The entries `base..=top` of a room.
#[derive(Debug)]
pub(super) struct History {
    /// The first `seq` that is stored anywhere: 1, or more if the oldest entries were pruned.
    first: u64,
    /// The `seq` of the first entry in memory; `first <= base`.
    base: u64,
    entries: VecDeque<StoredEntry>,
    /// The state of the messages in memory that were changed.
    changed: HashMap<u64, MessageState>,
    /// The replies to the messages in memory, oldest first, without those that are deleted.
    replies: HashMap<u64, Vec<u64>>,
    messages: u64,
    bytes: usize,
}

/// What an entry takes beside its text: itself, and the heads of two allocations.
const ENTRY_BYTES: usize = size_of::<StoredEntry>() + 64;

impl History {
    /// Returns an empty part of a record; its first entry will be `base`.
    pub(super) fn starting(first: u64, base: u64) -> Self {
        Self {
            first,
            base,
            entries: VecDeque::new(),
            changed: HashMap::default(),
            replies: HashMap::default(),
            messages: 0,
            bytes: 0,
        }
    }

    /// Returns the number of entries in memory.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns the number of messages in memory.
    pub(super) fn messages(&self) -> u64 {
        self.messages
    }

    /// Returns the bytes of text in memory.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns the bytes of memory that it takes, roughly.
    pub(super) fn memory(&self) -> usize {
        self.len().saturating_mul(ENTRY_BYTES).saturating_add(self.bytes)
    }

    /// Returns the `seq` of the next entry.
    pub(super) fn next(&self) -> u64 {
        self.base.saturating_add(self.entries.len() as u64)
    }

    /// Returns the oldest entry in memory.
    pub(super) fn oldest(&self) -> Option<&StoredEntry> {
        self.entries.front()
    }

    /// Finds a message that is not deleted.
    pub(super) fn message(&self, mid: u64) -> Option<&StoredEntry> {
        let stored = self.entries.get(self.index(mid)?)?;
        let said = matches!(stored.entry.change, Change::Message { .. });
        let gone = self.changed.get(&mid).is_some_and(|changed| changed.deleted.is_some());
        (said && !gone).then_some(stored)
    }

    /// Returns who wrote a message, deleted or not, and the name it had.
    pub(super) fn author_of(&self, mid: u64) -> Option<(AuthorKey, Arc<str>)> {
        let stored = self.entries.get(self.index(mid)?)?;
        let is_message = matches!(stored.entry.change, Change::Message { .. });
        is_message.then(|| (stored.author, Arc::clone(&stored.entry.sender)))
    }

    /// Counts the reactions to a message.
    pub(super) fn reactions(&self, mid: u64, emoji: &str, author: AuthorKey) -> ReactionCounts {
        let mut counts = ReactionCounts::default();
        let mut kinds = HashSet::new();
        for given in self.changed.get(&mid).map_or(&[][..], |changed| &changed.reactions) {
            let (own, same) = (given.author == author, *given.emoji == *emoji);
            kinds.insert(&*given.emoji);
            counts.own = counts.own.saturating_add(u32::from(own));
            counts.others = counts.others.saturating_add(u32::from(same && !own));
            counts.given |= same && own;
        }
        counts.kinds = u32::try_from(kinds.len()).unwrap_or(u32::MAX);
        counts
    }

    /// Adds the next entry, whose `seq` is `top() + 1`, and applies it to the message it changes.
    pub(super) fn push(&mut self, stored: StoredEntry) {
        debug_assert_eq!(stored.entry.seq, self.next(), "a record has no gaps");
        let seq = stored.entry.seq;
        match &stored.entry.change {
            Change::Message { reply_to, .. } => {
                self.messages = self.messages.saturating_add(1);
                if let Some(to) = reply_to.filter(|to| self.base <= *to && *to < seq) {
                    self.replies.entry(to).or_default().push(seq);
                }
            }
            Change::Pinned { .. } | Change::Topic { .. } | Change::Moderated { .. } => {}
            Change::Edited { mid, content } => {
                if let Some(changed) = self.change(*mid, seq) {
                    changed.content = Some(Arc::clone(content));
                }
            }
            Change::Deleted { mid, why } => self.forget(*mid, seq, *why),
            Change::Reaction { mid, emoji, on, .. } => {
                if let Some(changed) = self.change(*mid, seq) {
                    changed.react(emoji, stored.author, &stored.entry.sender, *on);
                }
            }
        }
        self.bytes = self.bytes.saturating_add(stored.bytes());
        self.entries.push_back(stored);
    }

    /// Removes the oldest entry from memory. It may be stored elsewhere; else it is lost.
    pub(super) fn pop(&mut self, stored_elsewhere: bool) -> Option<StoredEntry> {
        let oldest = self.entries.pop_front()?;
        self.base = self.base.saturating_add(1);
        if !stored_elsewhere {
            self.first = self.first.max(self.base);
        }
        self.bytes = self.bytes.saturating_sub(oldest.bytes());
        if matches!(oldest.entry.change, Change::Message { .. }) {
            self.messages = self.messages.saturating_sub(1);
            self.changed.remove(&oldest.entry.seq);
        }
        self.replies.remove(&oldest.entry.seq);
        Some(oldest)
    }

    /// Removes the entries below `first`: they are no longer stored anywhere.
    pub(super) fn prune(&mut self, first: u64) {
        while self.base < first && self.pop(false).is_some() {}
        self.base = self.base.max(first);
        self.first = first;
    }

    /// Returns the entries below `before`, newest first.
    pub(super) fn down_from(&self, before: u64) -> impl Iterator<Item = &StoredEntry> {
        let end = usize::try_from(before.saturating_sub(self.base)).unwrap_or(usize::MAX);
        self.entries.range(..end.min(self.entries.len())).rev()
    }

    /// Returns the text of a message as it reads now; `None` for an entry of another kind.
    pub(super) fn text<'a>(&'a self, stored: &'a StoredEntry) -> Option<&'a str> {
        let Change::Message { content, .. } = &stored.entry.change else { return None };
        let changed = self.changed.get(&stored.entry.seq);
        Some(changed.and_then(|changed| changed.content.as_ref()).unwrap_or(content))
    }

    /// Finds a message that is not deleted, in its current state.
    pub(super) fn current(&self, mid: u64) -> Option<StoredMessage> {
        self.said(self.message(mid)?)
    }

    /// Returns the entries from `seq` on.
    fn since(&self, seq: u64) -> Result<impl Iterator<Item = &StoredEntry>, NotInMemory> {
        if seq < self.base && self.first < self.base {
            return Err(NotInMemory);
        }
        let start = usize::try_from(seq.saturating_sub(self.base)).unwrap_or(usize::MAX);
        Ok(self.entries.range(start.min(self.entries.len())..))
    }

    /// Returns the current state of a message; `None` for an entry of another kind.
    fn said(&self, stored: &StoredEntry) -> Option<StoredMessage> {
        let Entry { seq: mid, ts, sender, account, change } = &stored.entry;
        let Change::Message { content, reply_to, expires, files } = change else { return None };
        let changed = self.changed.get(mid);
        let edit = changed.and_then(|changed| changed.content.as_ref());
        Some(StoredMessage {
            mid: *mid,
            seq: changed.map_or(*mid, |changed| changed.seq),
            ts: *ts,
            sender: Arc::clone(sender),
            account: *account,
            content: Arc::clone(edit.unwrap_or(content)),
            reply_to: *reply_to,
            expires: *expires,
            files: Arc::clone(files),
            deleted: changed.and_then(|changed| changed.deleted),
            edited: edit.is_some(),
            reactions: changed.map_or_else(Vec::new, |changed| grouped(&changed.reactions)),
            replies: self.replies.get(mid).map_or(0, |mids| reply_count(mids.len())),
        })
    }

    fn index(&self, seq: u64) -> Option<usize> {
        usize::try_from(seq.checked_sub(self.base)?).ok()
    }

    /// Notes that the entry `seq` changes the message `mid`; `None` if the message is not in memory.
    fn change(&mut self, mid: u64, seq: u64) -> Option<&mut MessageState> {
        let stored = self.entries.get(self.index(mid)?)?;
        matches!(stored.entry.change, Change::Message { .. }).then_some(())?;
        let changed = self.changed.entry(mid).or_default();
        changed.seq = seq;
        Some(changed)
    }

    /// Erases the text of a message from its entry and from those of its edits. They may be in
    /// memory although the message itself is not.
    fn forget(&mut self, mid: u64, seq: u64, why: DeletionReason) {
        let mut edited = mid < self.base;
        if let Some(changed) = self.change(mid, seq) {
            edited = changed.content.take().is_some();
            changed.reactions = Vec::new();
            changed.deleted = Some(why);
        }
        let start = self.index(mid).unwrap_or(0).min(self.entries.len());
        let end = if edited {
            self.entries.len()
        } else {
            self.entries.len().min(start.saturating_add(1))
        };
        for stored in self.entries.range_mut(start..end) {
            let seq = stored.entry.seq;
            let content = match &mut stored.entry.change {
                Change::Message { content, reply_to, files, .. } if seq == mid => {
                    if let Some(replies) = reply_to.and_then(|to| self.replies.get_mut(&to))
                        && let Ok(at) = replies.binary_search(&mid)
                    {
                        replies.remove(at);
                    }
                    self.bytes = self.bytes.saturating_sub(files_bytes(files));
                    *files = Files::default();
                    content
                }
                Change::Edited { mid: of, content } if *of == mid => content,
                _ => continue,
            };
            self.bytes = self.bytes.saturating_sub(content.len());
            *content = Arc::from("");
        }
    }
}

impl Source for History {
    type Error = NotInMemory;

    fn first(&self) -> u64 {
        self.first
    }

    fn top(&self) -> u64 {
        self.next().saturating_sub(1)
    }

    fn below(
        &self,
        seq: u64,
        mut budget: Budget,
    ) -> Result<(Vec<StoredMessage>, bool), NotInMemory> {
        let mut found = Vec::new();
        for stored in self.down_from(seq) {
            let Some(said) = self.said(stored) else { continue };
            if !budget.take(message_bytes(&said)) {
                return Ok((found, true));
            }
            found.push(said);
        }
        if self.first < self.base {
            return Err(NotInMemory);
        }
        Ok((found, false))
    }

    fn from(
        &self,
        seq: u64,
        mut budget: Budget,
    ) -> Result<(Vec<StoredMessage>, bool), NotInMemory> {
        let mut found = Vec::new();
        for said in self.since(seq)?.filter_map(|stored| self.said(stored)) {
            if !budget.take(message_bytes(&said)) {
                return Ok((found, true));
            }
            found.push(said);
        }
        Ok((found, false))
    }

    fn replies(
        &self,
        to: u64,
        seq: u64,
        mut budget: Budget,
    ) -> Result<(Vec<StoredMessage>, bool), NotInMemory> {
        if to < self.base {
            return Err(NotInMemory);
        }
        let mids = self.replies.get(&to).map_or(&[][..], Vec::as_slice);
        let mut found = Vec::new();
        for mid in mids.iter().skip(mids.partition_point(|mid| *mid < seq)) {
            let Some(said) = self.current(*mid) else { continue };
            if !budget.take(message_bytes(&said)) {
                return Ok((found, true));
            }
            found.push(said);
        }
        Ok((found, false))
    }

    fn entries(&self, seq: u64, mut budget: Budget) -> Result<(Vec<Entry>, bool), NotInMemory> {
        let mut found = Vec::new();
        for stored in self.since(seq)? {
            if !budget.take(stored.bytes()) {
                return Ok((found, true));
            }
            found.push(stored.entry.clone());
        }
        Ok((found, false))
    }
}

/// A page needs entries that are stored, but not in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotInMemory;

/// The changes of a message.
#[derive(Debug, Default)]
struct MessageState {
    /// The `seq` of the newest change.
    seq: u64,
    /// The text, if it was edited.
    content: Option<Arc<str>>,
    deleted: Option<DeletionReason>,
    /// The reactions, oldest first.
    reactions: Vec<Reaction>,
}

impl MessageState {
    fn react(&mut self, emoji: &Arc<str>, author: AuthorKey, name: &Arc<str>, on: bool) {
        let same = |given: &Reaction| given.emoji == *emoji && given.author == author;
        if !on {
            self.reactions.retain(|given| !same(given));
        } else if !self.reactions.iter().any(same) {
            let (emoji, name) = (Arc::clone(emoji), Arc::clone(name));
            self.reactions.push(Reaction { emoji, author, name });
        }
    }
}

/// A reaction that was not taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reaction {
    pub(super) emoji: Arc<str>,
    pub(super) author: AuthorKey,
    pub(super) name: Arc<str>,
}

/// Groups reactions by emoji, in the order of the oldest reaction of each.
pub(super) fn grouped(given: &[Reaction]) -> Vec<(Arc<str>, Vec<Arc<str>>)> {
    let mut groups: Vec<(Arc<str>, Vec<Arc<str>>)> = Vec::new();
    let mut at: HashMap<&str, usize> = HashMap::default();
    for Reaction { emoji, name, .. } in given {
        let group = *at.entry(emoji).or_insert_with(|| {
            groups.push((Arc::clone(emoji), Vec::new()));
            groups.len().saturating_sub(1)
        });
        if let Some((_, names)) = groups.get_mut(group) {
            names.push(Arc::clone(name));
        }
    }
    groups
}
