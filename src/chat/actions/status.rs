//! Statuses: whether a user is away, and the text shown with it.
//!
//! A status is a person's, whatever the number of its connections, and lasts as long as the person,
//! detached or not. Rooms learn of it with the presence changes.

use std::sync::Arc;

use crate::chat::Chat;
use crate::chat::ids::{ClientId, PersonId, RoomId};
use crate::chat::people::Person;
use crate::chat::people::client::ClientRef;
use crate::chat::protocol::error::{Code, Refusal};
use crate::chat::protocol::server_event::ServerEvent;
use crate::chat::protocol::status::Status;
use crate::chat::rooms::presence::{PresenceChange, PresenceEvent};
use crate::chat::step::Step;

impl Person {
    /// Returns its status.
    pub(in crate::chat) fn status(&self) -> Status {
        self.status.as_deref().cloned().unwrap_or_default()
    }
}

impl Chat {
    /// Sets the status of a client's person.
    pub(in crate::chat) fn set_status(
        &mut self,
        step: &mut Step<'_>,
        from: ClientRef,
        re: Option<Arc<str>>,
        away: bool,
        text: &Arc<str>,
    ) -> Result<(), Refusal> {
        self.check_length(text, self.limits.status_chars_max)?;
        let text = text.trim();
        if text.contains(char::is_control) {
            let message = "text: control characters may not be in it";
            return Err(Refusal::new(Code::BadField, message).text(text));
        }
        self.charge_send(step, from, None).map_err(|refusal| refusal.text(text))?;
        let (id, key) = (from.id, from.person);
        let person = self.people.get_mut(key).ok_or_else(Refusal::internal)?;
        let status = Status { away, text: text.into() };
        if person.status() != status {
            person.status = (status != Status::default()).then(|| Box::new(status.clone()));
            for room in self.people.places_of(key) {
                self.note_status(key, room, Some(id));
                self.rooms.tell_presence(step, room, &self.limits);
            }
        }
        match re {
            Some(re) => {
                step.reply(id, ServerEvent::StatusSet { re, ts: step.now.unix_ms, status });
            }
            None => step.notice(from.id, None, "status", format!("You are {}.", said(&status))),
        }
        Ok(())
    }

    /// Queues a person's status as a presence change of a room.
    pub(in crate::chat) fn note_status(
        &mut self,
        key: PersonId,
        room: RoomId,
        knows: Option<ClientId>,
    ) {
        let Some(person) = self.people.get(key) else { return };
        let (user, what) = (Arc::clone(&person.name), PresenceEvent::Is(person.status()));
        let (account, except) = (person.account, knows);
        self.rooms.note(room, PresenceChange { what, user, account, except }, &self.limits);
    }
}

fn said(status: &Status) -> String {
    match &*status.text {
        "" => status.word().to_owned(),
        text => format!("{}: {text}", status.word()),
    }
}
