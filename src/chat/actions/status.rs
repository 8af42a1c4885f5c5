//! Statuses: whether a user is away, the text shown with it, and the hue of the user's picture.
//!
//! A status is a person's, whatever the number of its connections, and lasts as long as the person,
//! detached or not; that of an account is stored with it. Rooms learn of it with the presence changes.

use std::num::NonZeroU8;
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

    /// Sets its status.
    pub(in crate::chat) fn put_status(&mut self, status: &Status) {
        self.status = (*status != Status::default()).then(|| Box::new(status.clone()));
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
        let person = self.people.get(from.person).ok_or_else(Refusal::internal)?;
        let status = Status { away, text: text.into(), hue: person.status().hue };
        let message = format!("You are {}.", said(&status));
        self.change_status(step, from, re, status, message);
        Ok(())
    }

    /// Sets the hue of the picture of a client's person.
    pub(in crate::chat) fn set_hue(
        &mut self,
        step: &mut Step<'_>,
        from: ClientRef,
        re: Option<Arc<str>>,
        hue: Option<NonZeroU8>,
    ) -> Result<(), Refusal> {
        self.charge_send(step, from, None)?;
        let person = self.people.get(from.person).ok_or_else(Refusal::internal)?;
        let status = Status { hue, ..person.status() };
        let message = match hue {
            Some(hue) => format!("Your picture has the hue {hue}."),
            None => "Your picture has no hue of its own.".to_owned(),
        };
        self.change_status(step, from, re, status, message);
        Ok(())
    }

    fn change_status(
        &mut self,
        step: &mut Step<'_>,
        from: ClientRef,
        re: Option<Arc<str>>,
        status: Status,
        message: String,
    ) {
        let (id, key) = (from.id, from.person);
        let Some(person) = self.people.get_mut(key) else { return };
        let before = person.status();
        if before != status {
            person.put_status(&status);
            let hue_only = (before.away, &before.text) == (status.away, &status.text);
            for room in self.people.places_of(key) {
                self.note_status(key, room, Some(id), hue_only);
                self.rooms.tell_presence(step, room, &self.limits);
            }
            let stored = self.people.accounts_mut().set_status(from.author, &status);
            step.put(stored.into_iter().collect());
        }
        match re {
            Some(re) => {
                step.reply(id, ServerEvent::StatusSet { re, ts: step.now.unix_ms, status });
            }
            None => step.notice(id, None, "status", message),
        }
    }

    /// Queues a person's status as a presence change of a room.
    pub(in crate::chat) fn note_status(
        &mut self,
        key: PersonId,
        room: RoomId,
        knows: Option<ClientId>,
        hue_only: bool,
    ) {
        let Some(person) = self.people.get(key) else { return };
        let what = PresenceEvent::Is { status: person.status(), hue_only };
        let user = Arc::clone(&person.name);
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
