//! Changes of a room's record, sent to the journal.

use std::sync::Arc;

use crate::chat::Chat;
use crate::chat::effect::Effect;
use crate::chat::ids::{PersonId, RoomId};
use crate::chat::pending::{AppendRequest, PendingAppend, PendingRequest, RequestOrigin};
use crate::chat::people::Person;
use crate::chat::people::client::ClientRef;
use crate::chat::record::{AuthorKey, Change, Draft, JournalRequest};
use crate::chat::rooms::rules::Role;
use crate::chat::step::Step;

impl Chat {
    /// Requests a change on behalf of a client.
    pub(in crate::chat) fn append(
        &mut self,
        step: &mut Step<'_>,
        from: ClientRef,
        room: RoomId,
        id: Option<Arc<str>>,
        change: Change,
    ) {
        let (origin, person) = (RequestOrigin::Client(from.id), from.person);
        self.record(
            step,
            origin,
            person,
            room,
            AppendRequest { id, change, planned: None, hook: None },
        );
    }

    /// Requests a change on behalf of a person.
    pub(in crate::chat) fn record(
        &mut self,
        step: &mut Step<'_>,
        origin: RequestOrigin,
        key: PersonId,
        room: RoomId,
        requested: AppendRequest,
    ) {
        if self.people.get(key).is_some_and(|person| !person.persisted) {
            self.persist_session(step, key);
        }
        let Some(Person { author, name, account, .. }) = self.people.get(key) else { return };
        let (author, name, account) = (*author, Arc::clone(name), *account);
        // Only the deletion of a message depends on the rights of the connection.
        let client = match origin {
            RequestOrigin::Client(id) if deletes(&requested.change) => self.people.by_id.get(&id),
            _ => None,
        };
        let admin = client.is_some_and(|slot| self.people.is_admin(*slot));
        if let Change::Message { .. } = requested.change {
            self.rooms.speaks_as(room, author, &name);
        }
        self.record_as(step, origin, &Writer { author, name, account, admin }, room, requested);
    }

    /// Requests a change on behalf of an author, who need not be a person.
    pub(in crate::chat) fn record_as(
        &mut self,
        step: &mut Step<'_>,
        origin: RequestOrigin,
        writer: &Writer,
        room: RoomId,
        requested: AppendRequest,
    ) {
        let Writer { author, name, account, admin } = writer;
        let (author, account) = (*author, *account);
        let AppendRequest { id, change, planned, hook } = requested;
        self.persist_participants(step, room);
        let uploads = match &change {
            Change::Message { files, .. } => self.claim_files(files),
            _ => Vec::new(),
        };
        let Some(inside) = self.rooms.get_mut(room) else { return };
        inside.orders = inside.orders.saturating_add(1);
        // Moderators may delete the messages of others, but not edit them.
        let moderator = deletes(&change)
            && inside.direct_room.is_none()
            && inside.rules().role(author, *admin) >= Role::Moderator;
        if let Change::Message { .. } = change
            && inside.rules().slow > 0
        {
            inside.rules_mut().speaks(author, step.now);
        }
        let mut key_values = match &planned {
            Some(planned) => planned.key_values(&inside.key),
            None => Vec::new(),
        };
        key_values.extend(hook.iter().flat_map(|hook| hook.key_values.iter().cloned()));
        key_values.extend(inside.unsaved_key_values());
        key_values.extend(inside.pin_key_value(&change, step.now.unix_ms));
        key_values.extend(uploads);
        let request_id = self.pending.requests.put(PendingRequest::Append(PendingAppend {
            origin,
            room,
            re: id.clone(),
            sender: Arc::clone(name),
            account,
            change: change.clone(),
            planned: planned.map(Box::new),
            hook: hook.map(Box::new),
            since: step.now.at,
        }));
        step.effects.push(Effect::Journal(JournalRequest::Append(Draft {
            request_id,
            room: Arc::clone(&inside.key),
            room_name: Arc::clone(&inside.name),
            author,
            sender: Arc::clone(name),
            account,
            moderator,
            id,
            ts: step.now.unix_ms,
            change,
            key_values,
        })));
    }

    /// Persists the sessions of others whom an entry concerns, so that they find it after a crash:
    /// both participants of a private conversation, or a room's owner with its first entry.
    pub(in crate::chat) fn persist_participants(&mut self, step: &mut Step<'_>, room: RoomId) {
        let Some(inside) = self.rooms.get(room) else { return };
        let owner = inside.rules().owner.filter(|_| !inside.rules().persisted);
        let direct_room = inside.direct_room.as_ref().map(|direct_room| direct_room.authors());
        for author in direct_room.into_iter().flatten().chain(owner) {
            self.persist_session_of(step, author);
        }
    }
}

/// The author of a change.
#[derive(Debug)]
pub(in crate::chat) struct Writer {
    /// The author.
    pub(in crate::chat) author: AuthorKey,
    /// Its name.
    pub(in crate::chat) name: Arc<str>,
    /// Whether it has an account.
    pub(in crate::chat) account: bool,
    /// Whether it has admin rights.
    pub(in crate::chat) admin: bool,
}

fn deletes(change: &Change) -> bool {
    matches!(change, Change::Deleted { .. })
}
