//! Orders that are not answered yet.

use std::sync::Arc;

use slab::Slab;

use crate::chat::ids::{ClientId, RoomId, number_of};
use crate::chat::protocol::account::Account;
use crate::chat::protocol::client_event::ModerationRequest;
use crate::chat::protocol::error::Refusal;
use crate::chat::record::{AuthorKey, Change, KeyValue, Moderation, Page, RequestId, Span};
use crate::chat::rooms::rules::Actor;
use crate::clock::{Moment, Now};

/// What waits for the journal.
#[derive(Debug, Default)]
pub(in crate::chat) struct Pending {
    /// Requests to the journal that are not answered yet.
    pub(in crate::chat) requests: RequestIds,
    /// Clients that return and whose pages are not all there yet.
    pub(in crate::chat) resumes: Slab<Resume>,
    /// The number of the last wait for a page.
    pub(in crate::chat) waits: u32,
}

/// What an answer will be about.
#[derive(Debug)]
pub(in crate::chat) enum PendingRequest {
    /// An entry of the record.
    Append(PendingAppend),
    /// Something refused, unless it was done before.
    ReplayCheck(Box<ReplayCheck>),
    /// A part of the record.
    Page(PendingPage),
    /// What was searched for.
    Search(PendingSearch),
    /// The author of a message that is to be moderated.
    Author(Box<PendingAuthor>),
    /// An account to be kept, or forgotten.
    Account(PendingAccount),
}

/// Who waits for an answer.
#[derive(Clone, Copy, Debug)]
pub(in crate::chat) enum RequestOrigin {
    /// A client, which may have gone meanwhile.
    Client(ClientId),
    /// A request, which is answered once.
    Request {
        /// Its number.
        caller: ClientId,
        /// Who speaks.
        author: AuthorKey,
    },
}

/// An entry on its way into the record.
#[derive(Debug)]
pub(in crate::chat) struct PendingAppend {
    /// Who wants it.
    pub(in crate::chat) origin: RequestOrigin,
    /// The room's key.
    pub(in crate::chat) room: RoomId,
    /// The event that asked for it.
    pub(in crate::chat) re: Option<Arc<str>>,
    /// The name of its author.
    pub(in crate::chat) sender: Arc<str>,
    /// What it changes.
    pub(in crate::chat) change: Change,
    /// What else becomes of it, where it moderates.
    pub(in crate::chat) planned: Option<Box<Planned>>,
    /// When it was ordered.
    pub(in crate::chat) since: Moment,
}

/// A part of the record on its way to a client.
#[derive(Debug)]
pub(in crate::chat) struct PendingPage {
    /// Who wants it.
    pub(in crate::chat) client: ClientId,
    /// The room's key.
    pub(in crate::chat) room: RoomId,
    /// Which part.
    pub(in crate::chat) span: Span,
    /// What for.
    pub(in crate::chat) purpose: Purpose,
}

/// A search under way.
#[derive(Debug)]
pub(in crate::chat) struct PendingSearch {
    /// Who searches.
    pub(in crate::chat) client: ClientId,
    /// The event that asked.
    pub(in crate::chat) re: Option<Arc<str>>,
}

/// What a page is for.
#[derive(Debug)]
pub(in crate::chat) enum Purpose {
    /// The client has joined and hears nothing before it.
    Greeting {
        /// The number its subscription waits for.
        wait: u32,
        /// The room's top when it was ordered.
        top: u64,
    },
    /// The client asked for it.
    Asked {
        /// The event that asked.
        re: Option<Arc<str>>,
    },
    /// A request is answered with it; the client's number is the request's.
    Requested {
        /// Who asked, if that is known.
        by: Option<AuthorKey>,
    },
    /// It is one of those a returning client missed.
    Missed {
        /// The key of the recall it belongs to.
        recall: u32,
        /// Its position there.
        part: usize,
    },
}

/// A moderation that names a message instead of its author.
#[derive(Debug)]
pub(in crate::chat) struct PendingAuthor {
    /// Who wants it.
    pub(in crate::chat) client: ClientId,
    /// The room's key.
    pub(in crate::chat) room: RoomId,
    /// The idempotency key.
    pub(in crate::chat) id: Option<Arc<str>>,
    /// What is asked.
    pub(in crate::chat) request: ModerationRequest,
}

/// An account on its way to where it is kept.
#[derive(Debug)]
pub(in crate::chat) struct PendingAccount {
    /// Who waits.
    pub(in crate::chat) caller: ClientId,
    /// The account as it will be.
    pub(in crate::chat) account: Account,
    /// What becomes of it if the journal fails: what it was before, or nothing.
    pub(in crate::chat) before: Option<Account>,
    /// The guest that registers it, if it showed its session.
    pub(in crate::chat) guest: Option<AuthorKey>,
    /// Whether it is being removed.
    pub(in crate::chat) removed: bool,
}

/// Something refused, unless it turns out that it has been done.
#[derive(Debug)]
pub(in crate::chat) struct ReplayCheck {
    /// Who asked.
    pub(in crate::chat) origin: RequestOrigin,
    /// Whose it is.
    pub(in crate::chat) author: AuthorKey,
    /// The room's key.
    pub(in crate::chat) room: RoomId,
    /// What it is refused with unless it was done before.
    pub(in crate::chat) refusal: Refusal,
}

/// What somebody may have had recorded before.
#[derive(Debug)]
pub(in crate::chat) struct ReplayCandidate {
    /// Who wants to know.
    pub(in crate::chat) origin: RequestOrigin,
    /// Whose it would be.
    pub(in crate::chat) author: AuthorKey,
    /// The room, if there is one.
    pub(in crate::chat) room: Option<RoomId>,
    /// The idempotency key.
    pub(in crate::chat) id: Option<Arc<str>>,
    /// What it would be.
    pub(in crate::chat) change: Change,
}

/// What moderation comes to, while its entry is on its way into the record.
#[derive(Debug)]
pub(in crate::chat) struct Planned {
    /// The action.
    pub(in crate::chat) moderation: Arc<Moderation>,
    /// Whom it is done to.
    pub(in crate::chat) target: Option<Actor>,
    /// When it was decided.
    pub(in crate::chat) at: Now,
    /// The same as sessions are stamped.
    pub(in crate::chat) stamp: u64,
    /// The key-value records that are kept with the entry.
    pub(in crate::chat) key_values: Vec<KeyValue>,
}

impl Planned {
    /// Returns the key-value records that are kept with the entry.
    pub(in crate::chat) fn key_values(&self) -> &[KeyValue] {
        &self.key_values
    }
}

/// What somebody wants the record to say.
#[derive(Debug)]
pub(in crate::chat) struct AppendRequest {
    /// The idempotency key.
    pub(in crate::chat) id: Option<Arc<str>>,
    /// The change.
    pub(in crate::chat) change: Change,
    /// What else becomes of it, where it moderates.
    pub(in crate::chat) planned: Option<Planned>,
}

/// Which rooms a client wants to catch up with, each after this `seq`.
#[derive(Debug)]
pub(in crate::chat) struct ResumeRequest {
    /// The event that asked.
    pub(in crate::chat) re: Option<Arc<str>>,
    /// The keys of rooms the client has a subscription in.
    pub(in crate::chat) rooms: Vec<(RoomId, u64)>,
}

/// A client's return, until all its pages are there.
#[derive(Debug)]
pub(in crate::chat) struct Resume {
    /// The client.
    pub(in crate::chat) client: ClientId,
    /// The event that asked.
    pub(in crate::chat) re: Option<Arc<str>>,
    /// Each room.
    pub(in crate::chat) parts: Vec<ResumePart>,
    /// How many pages are not there yet.
    pub(in crate::chat) missing: usize,
}

/// One room of a return.
#[derive(Debug)]
pub(in crate::chat) struct ResumePart {
    /// The room's key.
    pub(in crate::chat) room: RoomId,
    /// The number its subscription waits for.
    pub(in crate::chat) wait: u32,
    /// The last `seq` the client knows.
    pub(in crate::chat) after: u64,
    /// The room's top when the page was ordered.
    pub(in crate::chat) top: u64,
    /// The page, once it is there.
    pub(in crate::chat) page: Option<Page>,
}

/// What the journal says of an entry it took.
#[derive(Clone, Copy, Debug)]
pub(in crate::chat) struct Appended {
    /// Its number.
    pub(in crate::chat) seq: u64,
    /// The message it made or changed.
    pub(in crate::chat) mid: u64,
    /// Its time.
    pub(in crate::chat) ts: u64,
    /// Whether it was there before.
    pub(in crate::chat) duplicate: bool,
    /// How many people react so.
    pub(in crate::chat) count: u32,
}

/// Numbers the orders and finds them by their number. A slot is used again, a number is not:
/// a late or false answer finds nothing.
#[derive(Debug, Default)]
pub(in crate::chat) struct RequestIds {
    slab: Slab<(u32, PendingRequest)>,
    serial: u32,
}

impl RequestIds {
    /// Takes note of an order.
    pub(in crate::chat) fn put(&mut self, pending: PendingRequest) -> RequestId {
        self.serial = self.serial.wrapping_add(1);
        let slot = number_of(self.slab.insert((self.serial, pending)));
        RequestId(u64::from(self.serial) << 32 | u64::from(slot))
    }

    /// Finds an order that is answered.
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
    fn an_order_is_answered_once() {
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
