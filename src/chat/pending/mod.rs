//! Requests to the journal that are not answered yet.

use std::sync::Arc;

use slab::Slab;

use crate::chat::ids::{ClientId, RoomId, number_of};
use crate::chat::protocol::account::Account;
use crate::chat::protocol::client_event::ModerationRequest;
use crate::chat::protocol::error::Refusal;
use crate::chat::record::{
    AuthorKey, Change, FileId, KeyValue, Moderation, Page, RequestId, Span, StoredMessage,
};
use crate::chat::rooms::invitations::OpenInvitation;
use crate::chat::rooms::rules::Actor;
use crate::clock::{Moment, Now};

/// Everything that waits for the journal.
#[derive(Debug, Default)]
pub(in crate::chat) struct Pending {
    /// Requests to the journal that are not answered yet.
    pub(in crate::chat) requests: RequestIds,
    /// Resumes whose pages have not all arrived.
    pub(in crate::chat) resumes: Slab<Resume>,
    /// Lists of pinned messages that have not all arrived.
    pub(in crate::chat) pin_lists: Slab<PinList>,
    /// The last wait number allocated.
    pub(in crate::chat) waits: u32,
}

/// A request to the journal, and what to do with its answer.
#[derive(Debug)]
pub(in crate::chat) enum PendingRequest {
    /// An entry to be appended.
    Append(PendingAppend),
    /// A request that is refused unless it was done before.
    ReplayCheck(Box<ReplayCheck>),
    /// A page of the record.
    Page(PendingPage),
    /// A page with messages for the target of a hook.
    HookPage(AuthorKey),
    /// A search.
    Search(PendingSearch),
    /// The author of a message, for a moderation action.
    Author(Box<PendingAuthor>),
    /// An account to be stored, or deleted.
    Account(PendingAccount),
    /// An upload to be stored.
    Upload(PendingFile),
    /// A file to be found.
    File(PendingFile),
    /// A room to be removed.
    Removal(Box<PendingRemoval>),
}

/// The origin of a request.
#[derive(Clone, Copy, Debug)]
pub(in crate::chat) enum RequestOrigin {
    /// A client, which may be closed by now.
    Client(ClientId),
    /// An HTTP request, which is answered exactly once.
    Request {
        /// Its `seq`.
        caller: ClientId,
        /// Its author.
        author: AuthorKey,
    },
}

/// An entry that is being appended.
#[derive(Debug)]
pub(in crate::chat) struct PendingAppend {
    /// Its origin.
    pub(in crate::chat) origin: RequestOrigin,
    /// The room.
    pub(in crate::chat) room: RoomId,
    /// The `id` of the event that caused it.
    pub(in crate::chat) re: Option<Arc<str>>,
    /// The name of its author.
    pub(in crate::chat) sender: Arc<str>,
    /// Whether its author has an account.
    pub(in crate::chat) account: bool,
    /// The change.
    pub(in crate::chat) change: Change,
    /// The moderation to apply once it is appended.
    pub(in crate::chat) planned: Option<Box<Planned>>,
    /// The hook that it adds or removes.
    pub(in crate::chat) hook: Option<Box<HookChange>>,
    /// When it was requested.
    pub(in crate::chat) since: Moment,
}

/// A hook that is being added or removed.
#[derive(Debug)]
pub(in crate::chat) struct HookChange {
    /// Its id.
    pub(in crate::chat) id: AuthorKey,
    /// Its key, if it is being added; without one it is being removed.
    pub(in crate::chat) key: Option<Arc<str>>,
    /// The key-value records stored with the entry.
    pub(in crate::chat) key_values: Vec<KeyValue>,
}

/// A page that is being read for a client.
#[derive(Debug)]
pub(in crate::chat) struct PendingPage {
    /// Its origin.
    pub(in crate::chat) client: ClientId,
    /// The room.
    pub(in crate::chat) room: RoomId,
    /// The part of the record.
    pub(in crate::chat) span: Span,
    /// Its purpose.
    pub(in crate::chat) purpose: Purpose,
}

/// A search under way.
#[derive(Debug)]
pub(in crate::chat) struct PendingSearch {
    /// The client that searches.
    pub(in crate::chat) client: ClientId,
    /// The `id` of the event that asked.
    pub(in crate::chat) re: Option<Arc<str>>,
}

/// The purpose of a page.
#[derive(Debug)]
pub(in crate::chat) enum Purpose {
    /// The first page after a join; the client receives no event before it.
    Greeting {
        /// The wait number of its subscription.
        wait: u32,
        /// The room's top when it was requested.
        top: u64,
    },
    /// A page that a client asked for.
    Asked {
        /// The `id` of the event that asked.
        re: Option<Arc<str>>,
    },
    /// A pinned message.
    Pin {
        /// The key of its [`PinList`].
        list: u32,
        /// The message.
        mid: u64,
    },
    /// The latest messages of a room, for counting what is unread.
    Counting,
    /// The answer to an HTTP request, whose id stands for the client's.
    Requested {
        /// The author who asked, if known.
        by: Option<AuthorKey>,
    },
    /// What a resuming client missed in one room.
    Missed {
        /// The key of its [`Resume`].
        resume: u32,
        /// Its index in [`Resume::parts`].
        part: usize,
    },
}

/// A list of pinned messages that is being read.
#[derive(Debug)]
pub(in crate::chat) struct PinList {
    /// The `id` of the event that asked.
    pub(in crate::chat) re: Option<Arc<str>>,
    /// The messages, in the order of the list.
    pub(in crate::chat) mids: Vec<u64>,
    /// Those that have arrived.
    pub(in crate::chat) messages: Vec<StoredMessage>,
    /// Number of messages that have not.
    pub(in crate::chat) missing: usize,
}

/// A moderation that names a message instead of a user.
#[derive(Debug)]
pub(in crate::chat) struct PendingAuthor {
    /// Its origin.
    pub(in crate::chat) client: ClientId,
    /// The room.
    pub(in crate::chat) room: RoomId,
    /// The idempotency key.
    pub(in crate::chat) id: Option<Arc<str>>,
    /// The moderation.
    pub(in crate::chat) request: ModerationRequest,
}

/// An account that is being stored or deleted.
#[derive(Debug)]
pub(in crate::chat) struct PendingAccount {
    /// The request to answer.
    pub(in crate::chat) caller: ClientId,
    /// The account.
    pub(in crate::chat) account: Account,
    /// The account to restore if the journal fails; `None` removes it.
    pub(in crate::chat) before: Option<Account>,
    /// The guest that registers it, if it presented its session.
    pub(in crate::chat) guest: Option<AuthorKey>,
    /// The login that does not end with another password.
    pub(in crate::chat) kept: Option<[u8; 16]>,
    /// Whether it is being deleted.
    pub(in crate::chat) removed: bool,
}

/// A file that is being stored or looked up.
#[derive(Debug)]
pub(in crate::chat) struct PendingFile {
    /// The request to answer.
    pub(in crate::chat) caller: ClientId,
    /// The author who asks, if known.
    pub(in crate::chat) by: Option<AuthorKey>,
    /// The file.
    pub(in crate::chat) file: FileId,
}

/// A room that is being removed.
#[derive(Debug)]
pub(in crate::chat) struct PendingRemoval {
    /// Its origin.
    pub(in crate::chat) origin: RequestOrigin,
    /// The room.
    pub(in crate::chat) room: RoomId,
    /// The `id` of the client event.
    pub(in crate::chat) re: Option<Arc<str>>,
    /// The name of the administrator.
    pub(in crate::chat) by: Arc<str>,
    /// The reason given.
    pub(in crate::chat) reason: Option<Arc<str>>,
}

/// A refused request that may have been done before.
#[derive(Debug)]
pub(in crate::chat) struct ReplayCheck {
    /// Its origin.
    pub(in crate::chat) origin: RequestOrigin,
    /// Its author.
    pub(in crate::chat) author: AuthorKey,
    /// The room.
    pub(in crate::chat) room: RoomId,
    /// The refusal, unless it was done before.
    pub(in crate::chat) refusal: Refusal,
}

/// A change that may have been recorded before.
#[derive(Debug)]
pub(in crate::chat) struct ReplayCandidate {
    /// Its origin.
    pub(in crate::chat) origin: RequestOrigin,
    /// Its author.
    pub(in crate::chat) author: AuthorKey,
    /// The room, if there is one.
    pub(in crate::chat) room: Option<RoomId>,
    /// The idempotency key.
    pub(in crate::chat) id: Option<Arc<str>>,
    /// The change.
    pub(in crate::chat) change: Change,
}

/// A moderation action whose entry is being appended.
#[derive(Debug)]
pub(in crate::chat) struct Planned {
    /// The action.
    pub(in crate::chat) moderation: Arc<Moderation>,
    /// The target.
    pub(in crate::chat) target: Option<Actor>,
    /// When it was requested.
    pub(in crate::chat) at: Now,
    /// Its stamp, comparable with those of sessions.
    pub(in crate::chat) stamp: u64,
    /// The key-value records of the rules, stored with the entry.
    pub(in crate::chat) key_values: Vec<KeyValue>,
    /// The invitation of the target, stored with the entry.
    pub(in crate::chat) invitation: Option<OpenInvitation>,
}

impl Planned {
    /// Returns the key-value records stored with the entry.
    pub(in crate::chat) fn key_values(&self, room: &str) -> Vec<KeyValue> {
        let invited = self.target.as_ref().zip(self.invitation.as_ref());
        let invitation = invited.map(|(target, open)| open.key_value(target.author, room));
        self.key_values.iter().cloned().chain(invitation).collect()
    }
}

/// A request to append an entry.
#[derive(Debug)]
pub(in crate::chat) struct AppendRequest {
    /// The idempotency key.
    pub(in crate::chat) id: Option<Arc<str>>,
    /// The change.
    pub(in crate::chat) change: Change,
    /// The moderation to apply once it is appended.
    pub(in crate::chat) planned: Option<Planned>,
    /// The hook that it adds or removes.
    pub(in crate::chat) hook: Option<HookChange>,
}

/// A request to resume rooms, each after this `seq`.
#[derive(Debug)]
pub(in crate::chat) struct ResumeRequest {
    /// The `id` of the event that asked.
    pub(in crate::chat) re: Option<Arc<str>>,
    /// The rooms, in each of which the client has a subscription.
    pub(in crate::chat) rooms: Vec<(RoomId, u64)>,
}

/// A resume, until all its pages have arrived.
#[derive(Debug)]
pub(in crate::chat) struct Resume {
    /// The client.
    pub(in crate::chat) client: ClientId,
    /// The `id` of the event that asked.
    pub(in crate::chat) re: Option<Arc<str>>,
    /// Its rooms.
    pub(in crate::chat) parts: Vec<ResumePart>,
    /// Number of pages that have not arrived.
    pub(in crate::chat) missing: usize,
}

/// One room of a resume.
#[derive(Debug)]
pub(in crate::chat) struct ResumePart {
    /// The room.
    pub(in crate::chat) room: RoomId,
    /// The wait number of its subscription.
    pub(in crate::chat) wait: u32,
    /// The last `seq` the client has.
    pub(in crate::chat) after: u64,
    /// The room's top when the page was requested.
    pub(in crate::chat) top: u64,
    /// The page, once it has arrived.
    pub(in crate::chat) page: Option<Page>,
}

/// An entry as the journal acknowledged it.
#[derive(Clone, Copy, Debug)]
pub(in crate::chat) struct Appended {
    /// Its `seq`.
    pub(in crate::chat) seq: u64,
    /// The message it made or changed.
    pub(in crate::chat) mid: u64,
    /// Its time.
    pub(in crate::chat) ts: u64,
    /// Whether it was appended before.
    pub(in crate::chat) duplicate: bool,
    /// Number of people with this reaction, or 1 for the deletion of another author's message.
    pub(in crate::chat) count: u32,
}

/// Pending requests by id. A slot is reused, its serial is not: a late or false answer finds
/// nothing.
#[derive(Debug, Default)]
pub(in crate::chat) struct RequestIds {
    slab: Slab<(u32, PendingRequest)>,
    serial: u32,
}

impl RequestIds {
    /// Adds a request. Returns its id.
    pub(in crate::chat) fn put(&mut self, pending: PendingRequest) -> RequestId {
        self.serial = self.serial.wrapping_add(1);
        let slot = number_of(self.slab.insert((self.serial, pending)));
        RequestId(u64::from(self.serial) << 32 | u64::from(slot))
    }

    /// Removes the request with an id.
    pub(in crate::chat) fn take(&mut self, request_id: RequestId) -> Option<PendingRequest> {
        let slot = (request_id.0 & u64::from(u32::MAX)) as usize;
        let (serial, _) = self.slab.get(slot)?;
        if u64::from(*serial) != request_id.0 >> 32 {
            return None;
        }
        self.slab.try_remove(slot).map(|(_, pending)| pending)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_answered_once() {
        let pending = || {
            PendingRequest::Page(PendingPage {
                client: ClientId(1),
                room: RoomId(0),
                span: Span::Latest,
                purpose: Purpose::Asked { re: None },
            })
        };
        let mut tickets = RequestIds::default();
        let first = tickets.put(pending());
        assert!(tickets.take(first).is_some());
        let second = tickets.put(pending());
        assert!(tickets.take(first).is_none());
        assert!(tickets.take(RequestId(u64::MAX)).is_none());
        assert!(tickets.take(second).is_some());
    }
}
