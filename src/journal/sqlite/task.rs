//! What passes between the reactor's thread and the journal's.

use std::sync::Arc;
use std::time::Duration;

use super::super::history::StoredEntry;
use super::read::RecentEntries;
use crate::chat::record::{
    AuthorKey, AuthorQuery, BlobHash, Draft, FileQuery, FoundFile, JournalResponse, KeyValue, Page,
    PutKeyValues, Query, RemoveRoom, RequestId, RoomKey, SearchPage, SessionRecord,
};
use crate::clock::Now;
use crate::journal::Limits;

/// A task for the worker.
#[derive(Debug)]
pub(super) enum Task {
    /// Append a draft.
    Append(Draft),
    /// Check whether a draft is a replay.
    CheckReplay(Draft),
    /// Find who wrote a message.
    FindAuthor(AuthorQuery),
    /// Find those of these blobs that no message carries.
    CheckBlobs(Vec<BlobHash>),
    /// Save key-value records.
    PutKeyValues(PutKeyValues),
    /// Remove a room.
    RemoveRoom(RemoveRoom),
    /// Save a session, or delete it.
    Session(AuthorKey, Option<SessionRecord>),
    /// Expire messages, and prune.
    Sweep {
        now: Now,
        /// Whether to prune as well.
        retention: bool,
    },
    /// Change how much is kept.
    SetLimits(Box<Limits>),
    /// Read, after the tasks before it and before those after it.
    Read(ReadRequest),
}

/// Something to be read.
#[derive(Clone, Debug)]
pub(super) struct ReadRequest {
    pub(super) target: ReadTarget,
    /// The number of reads that were not in line.
    pub(super) tries: u32,
}

/// A request to the thread that reads.
#[derive(Debug)]
pub(super) enum ReaderTask {
    /// Read from a room.
    Read(ReadRequest),
    /// Find a file.
    FindFile(FileQuery),
}

impl ReaderTask {
    /// Returns whose turn it is in: that of its room, or that of all files.
    pub(super) fn owner(&self) -> RoomKey {
        match self {
            Self::Read(request) => Arc::clone(request.target.room()),
            Self::FindFile(_) => Arc::from(""),
        }
    }
}

/// The target of a read.
#[derive(Clone, Debug)]
pub(super) enum ReadTarget {
    /// A page.
    Page(Query),
    /// The newest entries of a room.
    RecentEntries { room: RoomKey, entries_max: usize, bytes_max: usize },
}

impl ReadTarget {
    pub(super) fn room(&self) -> &RoomKey {
        match self {
            Self::Page(query) => &query.room,
            Self::RecentEntries { room, .. } => room,
        }
    }
}

/// The result of a read task.
#[derive(Debug)]
pub(super) enum Read {
    Page(Page),
    RecentEntries(RecentEntries),
}

impl Read {
    /// Returns the room's top `seq` when this was read.
    pub(super) fn top(&self) -> u64 {
        match self {
            Self::Page(page) => page.top,
            Self::RecentEntries(newest) => newest.top,
        }
    }
}

/// A report of the journal's threads.
#[derive(Debug)]
pub(super) enum Report {
    /// A draft was appended or refused; `stored` is its entry if there is a new one.
    Appended { room: RoomKey, bytes: usize, stored: Option<StoredEntry>, answer: JournalResponse },
    /// A replay was checked, a room removed, or key-value records were saved or refused. Without a request id there
    /// is no answer, and they took no space in the queue.
    Answered { bytes: usize, answer: Option<JournalResponse> },
    /// An entry was added without a draft.
    Added { room: RoomKey, stored: StoredEntry },
    /// A room was brought in line with its entries, of which some were never reported.
    Mended { room: RoomKey, top: u64 },
    /// The entries of a room below `first` were pruned.
    Pruned { room: RoomKey, first: u64 },
    /// A read has ended; `None` if the database could not be read. One `in_order` agrees with the
    /// reports before it.
    Read { request: ReadRequest, read: Option<Read>, in_order: bool },
    /// A file was looked up; `None` if the database could not be read.
    FileFound { request_id: RequestId, found: Option<Option<FoundFile>> },
    /// Blobs that no message carries any more.
    Unused(Vec<BlobHash>),
    /// A search has ended; `None` if the database could not be read.
    SearchDone { request_id: RequestId, page: Option<SearchPage> },
    /// A session was saved, or may be later.
    Session,
    /// A batch of so many tasks was committed.
    Committed { tasks: usize, took: Duration },
    /// When the next message expires has changed.
    Expiry(Option<u64>),
    /// A sweep has ended.
    Swept { more: bool, failed: bool },
    /// Whether the database can be written has changed.
    Health { writable: bool },
}

/// Wakes the reactor up.
pub(super) type Waker = Arc<dyn Fn() + Send + Sync>;

/// The bytes that a query for an author takes in the queue, roughly.
pub(super) const AUTHOR_QUERY_BYTES: usize = size_of::<Task>();

/// The bytes that the removal of a room takes in the queue, roughly.
pub(super) const REMOVAL_BYTES: usize = size_of::<Task>();

/// Returns the bytes that a draft takes in the queue, roughly.
pub(super) fn bytes(draft: &Draft) -> usize {
    use crate::chat::record::{Change, files_bytes};
    let text = match &draft.change {
        Change::Message { content, files, .. } => content.len().saturating_add(files_bytes(files)),
        Change::Edited { content, .. } => content.len(),
        Change::Reaction { emoji, .. } => emoji.len(),
        Change::Topic { topic } => topic.len(),
        Change::Moderated { moderation } => {
            moderation.reason.as_ref().map_or(0, |reason| reason.len())
        }
        Change::Deleted { .. } | Change::Pinned { .. } => 0,
    };
    let id = draft.id.as_ref().map_or(0, |id| id.len());
    let parts =
        [size_of::<Draft>(), text, key_values_bytes(&draft.key_values), draft.sender.len(), id];
    parts.into_iter().sum()
}

/// Returns the bytes that key-value records take in the queue, roughly.
pub(super) fn key_values_bytes(key_values: &[KeyValue]) -> usize {
    let parts = |key_value: &KeyValue| {
        let value = key_value.value.as_ref().map_or(0, |value| value.len());
        [size_of::<KeyValue>(), key_value.key.len(), value]
    };
    key_values.iter().flat_map(parts).sum()
}
