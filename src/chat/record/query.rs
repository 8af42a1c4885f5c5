//! Queries of records, and their answers.

use std::sync::Arc;

use super::entry::{Entry, StoredMessage};
use super::{RequestId, RoomKey};

/// A request for a part of a room's record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Comes back with the answer.
    pub request_id: RequestId,
    /// The room.
    pub room: RoomKey,
    /// Which part.
    pub span: Span,
    /// At most this many messages or entries.
    pub limit: usize,
    /// At most about this many bytes of text; cut at whole messages.
    pub bytes_max: usize,
}

/// The part of a room's record to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// The newest messages.
    Latest,
    /// The newest messages below this `seq`.
    Before(u64),
    /// The oldest messages above this `seq`.
    After(u64),
    /// Messages around this `seq`, half on either side.
    Around(u64),
    /// Every entry above this `seq`, unfolded: for resuming.
    Entries(u64),
    /// The oldest replies to a message.
    Replies {
        /// The message.
        to: u64,
        /// The `seq` above which they are.
        after: u64,
    },
}

/// The answer to a [`Query`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The query's.
    pub request_id: RequestId,
    /// The room.
    pub room: RoomKey,
    /// What was found.
    pub found: PageContent,
    /// The room's top `seq` when this was read; 0 for a room without a record.
    pub top: u64,
    /// Whether there is more in the direction asked for.
    pub more: bool,
    /// Ranges of the requested part that retention has removed: ascending, inclusive.
    pub lost: Vec<(u64, u64)>,
}

/// The content of a [`Page`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageContent {
    /// Messages in ascending `mid`, for every span but [`Span::Entries`].
    Messages(Vec<StoredMessage>),
    /// Entries in ascending `seq`, for [`Span::Entries`].
    Entries(Vec<Entry>),
}

/// A request for the author of a message, deleted or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorQuery {
    /// Comes back with the answer.
    pub request_id: RequestId,
    /// The room.
    pub room: RoomKey,
    /// The message.
    pub mid: u64,
}

/// A request for the messages with certain words, the newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// Comes back with the answer.
    pub request_id: RequestId,
    /// The connection that asks. Searches of different connections take turns.
    pub asker: u64,
    /// The rooms to look into: only such as the asker may read.
    pub rooms: Vec<RoomKey>,
    /// The query: words, and phrases in quotes; no other syntax.
    pub words: Arc<str>,
    /// What narrows the search. With it, `words` may be empty.
    pub filter: SearchFilter,
    /// Only messages with a `mid` below this.
    pub before: Option<u64>,
    /// At most this many messages.
    pub limit: usize,
    /// At most about this many bytes of text; cut at whole messages.
    pub bytes_max: usize,
}

/// What narrows a search: a message has to pass all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchFilter {
    /// Names, one of which its sender has to have; any if this is empty.
    pub from: Vec<Arc<str>>,
    /// Unix milliseconds of the first messages.
    pub since: Option<u64>,
    /// Unix milliseconds above those of the last messages.
    pub until: Option<u64>,
    /// What it has to contain.
    pub has: Vec<SearchContent>,
}

/// What a message may contain beside its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SearchContent {
    /// A file of any kind.
    File,
    /// A picture.
    Image,
    /// The address of a page.
    Link,
}

/// The answer to a [`Search`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchPage {
    /// The search's.
    pub request_id: RequestId,
    /// The newest first.
    pub hits: Vec<Hit>,
    /// Whether there are, or may be, older ones.
    pub more: bool,
}

/// A message that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Its room.
    pub room: RoomKey,
    /// The message with all its changes.
    pub said: StoredMessage,
}
