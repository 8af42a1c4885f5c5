//! Settings of a client: its name, its output mode, its end.

use std::sync::Arc;

use crate::chat::Chat;
use crate::chat::ids::{ClientId, PersonId};
use crate::chat::names::{Likeness, UserName};
use crate::chat::output_mode::OutputMode;
use crate::chat::people::client::{ClientRef, Delivery};
use crate::chat::protocol::error::{Code, Refusal};
use crate::chat::protocol::server_event::ServerEvent;
use crate::chat::rooms::presence::{PresenceChange, PresenceEvent};
use crate::chat::step::Step;

impl Chat {
    /// Sets the name of a client's person, if it is free.
    pub(in crate::chat) fn set_name(
        &mut self,
        step: &mut Step<'_>,
        from: ClientRef,
        re: Option<Arc<str>>,
        requested: &str,
    ) -> Result<(), Refusal> {
        self.charge_send(step, from, None)?;
        let name = UserName::parse(requested, &self.limits)
            .map_err(|fault| Refusal::new(Code::NameInvalid, fault))?;
        let (id, person) = (from.id, from.person);
        if self.people.get(person).is_some_and(|person| person.account) {
            let message = "you are logged in; an account keeps its name";
            return Err(Refusal::new(Code::Forbidden, message));
        }
        let like = Likeness::of(name.as_arc());
        if self.people.accounts().bars(&like, Some(from.author)) {
            return Err(Refusal::new(Code::NameTaken, "this name belongs to an account"));
        }
        if self.people.guests_like(&like).any(|other| other != person) {
            return Err(Refusal::new(Code::NameTaken, "this name is taken"));
        }
        self.rename(step, from, &name);
        let you = self.people.name_of(from.slot);
        match re {
            Some(re) => step.reply(id, ServerEvent::Named { re, ts: step.now.unix_ms, you }),
            None => step.notice(from.id, None, "renamed", format!("You are {you}.")),
        }
        Ok(())
    }

    /// Names a client's person, with a number if the name is in use.
    pub(in crate::chat) fn rename(
        &mut self,
        step: &mut Step<'_>,
        from: ClientRef,
        requested: &UserName,
    ) {
        let (id, key) = (from.id, from.person);
        if self.call(key, requested, Some(id)) {
            let you = self.people.name_of(from.slot);
            step.notice(id, None, "renamed", format!("This name is in use. You are {you}."));
        }
        for room in self.people.places_of(key) {
            self.rooms.tell_presence(step, room, &self.limits);
        }
        self.session_changed(step, key);
    }

    /// Names a person. Returns whether it got a number. Presence changes are queued, not sent.
    pub(in crate::chat) fn call(
        &mut self,
        key: PersonId,
        requested: &UserName,
        knows: Option<ClientId>,
    ) -> bool {
        let Some(was) = self.people.get(key).map(|person| Arc::clone(&person.name)) else {
            return false;
        };
        let numbered = self.people.assign_name(key, requested, &self.limits);
        let Some(person) = self.people.get_mut(key) else { return false };
        person.named = true;
        let (user, account) = (Arc::clone(&person.name), person.account);
        if user != was {
            self.rooms.renamed_typing(key);
            for room in self.people.places_of(key) {
                let (what, user) = (PresenceEvent::Was(Arc::clone(&was)), Arc::clone(&user));
                self.rooms.note(
                    room,
                    PresenceChange { what, user, account, except: knows },
                    &self.limits,
                );
            }
        }
        numbered
    }

    /// Sets a client's output mode.
    pub(in crate::chat) fn set_mode(
        &mut self,
        step: &mut Step<'_>,
        from: ClientRef,
        re: Option<Arc<str>>,
        mode: OutputMode,
    ) {
        let Some(client) = self.people.clients.get_mut(from.slot.index()) else { return };
        client.mode = mode;
        for subscription in client.subscriptions.as_slice() {
            if let Delivery::Live(at) = subscription.delivery
                && let Some(room) = self.rooms.get_mut(subscription.room)
                && let Some(listener) = room.audience.get_mut(at as usize)
            {
                listener.mode = mode;
            }
        }
        let word = match mode {
            OutputMode::Json => "json",
            OutputMode::Text => "text",
            OutputMode::Simple => "simple",
        };
        step.notice(from.id, re, "mode", format!("The mode is {word}."));
    }

    /// Closes a connection at its client's request.
    pub(in crate::chat) fn quit(
        &mut self,
        step: &mut Step<'_>,
        from: ClientRef,
    ) -> Result<(), Refusal> {
        self.people.end_client(step, from.slot, 1000, "goodbye");
        Ok(())
    }
}
