//! Responses of the journal, passed on to what waited for them.

use crate::chat::Chat;
use crate::chat::pending::{Appended, HookChange, PendingRequest, RequestOrigin};
use crate::chat::protocol::error::Refusal;
use crate::chat::protocol::server_event::ServerEvent;
use crate::chat::record::{Change, JournalError, JournalResponse, RequestId};
use crate::chat::step::Step;

impl Chat {
    /// Handles a response of the journal.
    pub(in crate::chat) fn answered(&mut self, step: &mut Step<'_>, answer: JournalResponse) {
        match answer {
            JournalResponse::Appended { request_id, seq, mid, ts, duplicate, count } => {
                self.appended(step, request_id, Appended { seq, mid, ts, duplicate, count });
            }
            JournalResponse::NotReplayed { request_id } => {
                if let Some(PendingRequest::ReplayCheck(check)) =
                    self.pending.requests.take(request_id)
                {
                    self.replay_checked(step, *check, Ok(None));
                }
            }
            JournalResponse::Rejected { request_id, why }
            | JournalResponse::ReadFailed { request_id, why } => {
                self.request_failed(step, request_id, why);
            }
            JournalResponse::Page(page) => match self.pending.requests.take(page.request_id) {
                Some(PendingRequest::Page(pending)) => self.paged(step, pending, Ok(page)),
                Some(PendingRequest::HookPage(hook)) => self.hook_paged(step, hook, Ok(page)),
                _ => {}
            },
            JournalResponse::SearchPage(page) => {
                if let Some(PendingRequest::Search(pending)) =
                    self.pending.requests.take(page.request_id)
                {
                    self.found(step, pending, Ok(page));
                }
            }
            JournalResponse::Author { request_id, author } => {
                if let Some(PendingRequest::Author(pending)) =
                    self.pending.requests.take(request_id)
                {
                    self.author_found(step, *pending, Ok(author));
                }
            }
            JournalResponse::Saved { request_id } => match self.pending.requests.take(request_id) {
                Some(PendingRequest::Account(pending)) => {
                    self.account_saved(step, pending, Ok(()));
                }
                Some(PendingRequest::Removal(pending)) => {
                    self.room_removed(step, *pending, Ok(()));
                }
                Some(PendingRequest::Upload(pending)) => self.file_added(step, pending, Ok(())),
                _ => {}
            },
            JournalResponse::File { request_id, found } => {
                if let Some(PendingRequest::File(pending)) = self.pending.requests.take(request_id)
                {
                    self.file_found(step, pending, Ok(found.map(|found| *found)));
                }
            }
            // The server removes them.
            JournalResponse::Unused(_) => {}
            JournalResponse::Added { room, entry } => self.added(step, &room, &entry),
            // The chat tries each time; only the server's readiness depends on it.
            JournalResponse::Health { .. } => {}
        }
    }

    /// Reports a failed request to its origin.
    pub(in crate::chat) fn request_failed(
        &mut self,
        step: &mut Step<'_>,
        request_id: RequestId,
        why: JournalError,
    ) {
        match self.pending.requests.take(request_id) {
            Some(PendingRequest::Append(append)) => {
                self.rooms.request_answered(append.room);
                if let Change::Message { files, .. } = &append.change {
                    self.end_claim(files, false);
                }
                if append.planned.is_some() {
                    self.moderation_ended(step, append.room, false);
                }
                if let Some(HookChange { id, key: Some(_), .. }) = append.hook.as_deref() {
                    self.rooms.hooks.remove(*id);
                }
                let mut refusal = Refusal::refused(why).re(append.re);
                if let Some(room) = self.rooms.get(append.room) {
                    refusal = refusal.room(room.name_for(self.asks_as(append.origin)));
                }
                if let Change::Message { content, .. } | Change::Edited { content, .. } =
                    append.change
                {
                    refusal = refusal.text(content);
                }
                let error = ServerEvent::Error(Box::new(refusal));
                match append.origin {
                    RequestOrigin::Client(id) if self.people.by_id.contains_key(&id) => {
                        step.reply(id, error);
                    }
                    RequestOrigin::Client(_) => {}
                    RequestOrigin::Request { caller, author } => {
                        step.respond(caller, error);
                        self.has_posted(author);
                    }
                }
                self.rooms.vacate(append.room);
            }
            Some(PendingRequest::ReplayCheck(check)) => self.replay_checked(step, *check, Err(why)),
            Some(PendingRequest::Page(pending)) => self.paged(step, pending, Err(why)),
            Some(PendingRequest::HookPage(hook)) => self.hook_paged(step, hook, Err(why)),
            Some(PendingRequest::Search(pending)) => self.found(step, pending, Err(why)),
            Some(PendingRequest::Author(pending)) => self.author_found(step, *pending, Err(why)),
            Some(PendingRequest::Account(pending)) => self.account_saved(step, pending, Err(why)),
            Some(PendingRequest::Removal(pending)) => self.room_removed(step, *pending, Err(why)),
            Some(PendingRequest::Upload(pending)) => self.file_added(step, pending, Err(why)),
            Some(PendingRequest::File(pending)) => self.file_found(step, pending, Err(why)),
            None => {}
        }
    }
}
