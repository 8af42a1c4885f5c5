//! Orders that are not answered yet.

use std::sync::Arc;

use slab::Slab;

use crate::chat::ClientId;
use crate::chat::actions::account::Enrolling;
use crate::chat::actions::idempotency::Doubted;
use crate::chat::actions::moderate::Planned;
use crate::chat::people::number_of;
use crate::chat::record::{AuthorKey, Change, Span, Ticket};
use crate::clock::Moment;

/// Is what an answer will be about.
#[derive(Debug)]
pub(in crate::chat) enum Awaited {
    /// An entry of the record.
    Append(Appending),
    /// Something refused, unless it was done before.
    Doubt(Box<Doubted>),
    /// A part of the record.
    Page(Paging),
    /// What was searched for.
    Finding(Seeking),
    /// An account to be kept, or forgotten.
    Account(Enrolling),
}

/// Says who waits for an answer.
#[derive(Clone, Copy, Debug)]
pub(in crate::chat) enum Asker {
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

/// Is an entry on its way into the record.
#[derive(Debug)]
pub(in crate::chat) struct Appending {
    /// Who wants it.
    pub(in crate::chat) asker: Asker,
    /// The room's key.
    pub(in crate::chat) room: u32,
    /// The event that asked for it.
    pub(in crate::chat) re: Option<Arc<str>>,
    /// The name of its author.
    pub(in crate::chat) sender: Arc<str>,
    /// What it changes.
    pub(in crate::chat) change: Change,
    /// What else becomes of it, where it keeps order.
    pub(in crate::chat) planned: Option<Box<Planned>>,
    /// When it was ordered.
    pub(in crate::chat) since: Moment,
}

/// Is a part of the record on its way to a client.
#[derive(Debug)]
pub(in crate::chat) struct Paging {
    /// Who wants it.
    pub(in crate::chat) client: ClientId,
    /// The room's key.
    pub(in crate::chat) room: u32,
    /// Which part.
    pub(in crate::chat) span: Span,
    /// What for.
    pub(in crate::chat) purpose: Purpose,
}

/// Is a search under way.
#[derive(Debug)]
pub(in crate::chat) struct Seeking {
    /// Who searches.
    pub(in crate::chat) client: ClientId,
    /// The event that asked.
    pub(in crate::chat) re: Option<Arc<str>>,
}

/// Says what a page is for.
#[derive(Debug)]
pub(in crate::chat) enum Purpose {
    /// The client has joined and hears nothing before it.
    Greeting {
        /// The number its seat waits for.
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

/// Numbers the orders and finds them by their number. A slot is used again, a number is not:
/// a late or false answer finds nothing.
#[derive(Debug, Default)]
pub(in crate::chat) struct Tickets {
    slab: Slab<(u32, Awaited)>,
    serial: u32,
}

impl Tickets {
    /// Takes note of an order.
    pub(in crate::chat) fn put(&mut self, awaited: Awaited) -> Ticket {
        self.serial = self.serial.wrapping_add(1);
        let slot = number_of(self.slab.insert((self.serial, awaited)));
        Ticket(u64::from(self.serial) << 32 | u64::from(slot))
    }

    /// Finds an order that is answered.
    pub(in crate::chat) fn take(&mut self, ticket: Ticket) -> Option<Awaited> {
        let slot = (ticket.0 & u64::from(u32::MAX)) as usize;
        let (serial, _) = self.slab.get(slot)?;
        if u64::from(*serial) != ticket.0 >> 32 {
            return None;
        }
        self.slab.try_remove(slot).map(|(_, awaited)| awaited)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_answered_once() {
        let paging = || {
            Awaited::Page(Paging {
                client: ClientId(1),
                room: 0,
                span: Span::Latest,
                purpose: Purpose::Asked { re: None },
            })
        };
        let mut tickets = Tickets::default();
        let first = tickets.put(paging());
        assert!(tickets.take(first).is_some());
        let second = tickets.put(paging());
        assert!(tickets.take(first).is_none());
        assert!(tickets.take(Ticket(u64::MAX)).is_none());
        assert!(tickets.take(second).is_some());
    }
}
