//! Logins: how one begins, expires or is revoked.

use std::sync::Arc;

use crate::chat::Chat;
use crate::chat::ids::{PersonId, RoomId};
use crate::chat::names::UserName;
use crate::chat::people::Person;
use crate::chat::people::client::ClientRef;
use crate::chat::protocol::account::Account;
use crate::chat::protocol::error::{Code, Refusal};
use crate::chat::protocol::login::Login;
use crate::chat::protocol::server_event::ServerEvent;
use crate::chat::record::AuthorKey;
use crate::chat::rooms::presence::{PresenceChange, PresenceEvent};
use crate::chat::step::Step;

impl Chat {
    /// Makes a client a connection of the account its token proves. If that ends the guest it was,
    /// the account inherits the guest's roles and restraints.
    pub(in crate::chat) fn log_in(
        &mut self,
        step: &mut Step<'_>,
        from: ClientRef,
        re: Option<Arc<str>>,
        login: &Login,
    ) -> Result<(), Refusal> {
        let account = self.account_of(step, login)?;
        let before = from.author;
        let person = self.person_of(step, &account);
        let was_guest = self.people.accounts().get(before).is_none() && before != account.author;
        if was_guest && *self.people.clients_of(before) == [from.id] {
            self.inherit(step, before, account.author);
        }
        let mut news = self.adopt(step, from, person);
        let from = self.people.client_ref(from.id).ok_or_else(Refusal::internal)?;
        news.extend(self.name_account(step, person, &account));
        self.people.hold_login(step, from.slot, login);
        self.leave_forbidden_rooms(step, from);
        for room in news {
            self.rooms.tell_presence(step, room, &self.limits);
        }
        self.session_changed(step, person);
        let you = self.people.name_of(from.slot);
        match re {
            Some(re) => {
                step.reply(from.id, ServerEvent::Named { re, ts: step.now.unix_ms, you });
            }
            None => step.notice(from.id, None, "logged_in", format!("You are {you}.")),
        }
        Ok(())
    }

    /// Finds an account's person, or creates it.
    pub(in crate::chat) fn person_of(
        &mut self,
        step: &mut Step<'_>,
        account: &Account,
    ) -> PersonId {
        let known = self.people.of_session(account.author);
        let key = known.unwrap_or_else(|| self.people.add(account.author));
        self.people.reattach(key);
        self.people.set_account(key, true, account.admin);
        if let Some(person) = self.people.get_mut(key).filter(|person| person.name.is_empty()) {
            person.name = Arc::clone(&account.name);
        }
        if known.is_none() {
            if let Some(person) = self.people.get_mut(key) {
                person.put_status(&account.status);
            }
            self.persist_session(step, key);
        }
        key
    }

    /// Names an account's person; a guest who would pass for it gets a number. Returns the rooms
    /// with pending presence changes.
    pub(in crate::chat) fn name_account(
        &mut self,
        step: &mut Step<'_>,
        key: PersonId,
        account: &Account,
    ) -> Vec<RoomId> {
        let has_name = |person: &Person| person.holds_name && person.name == account.name;
        if self.people.get(key).is_some_and(has_name) {
            return Vec::new();
        }
        let name = UserName::known(&account.name);
        let guests = self.people.install(key, &name, &self.limits);
        guests.into_iter().flat_map(|(guest, was)| self.make_way(step, guest, &was)).collect()
    }

    /// Notifies a guest of its new name, which an account has displaced. Returns the rooms with
    /// pending presence changes.
    fn make_way(&mut self, step: &mut Step<'_>, guest: PersonId, was: &Arc<str>) -> Vec<RoomId> {
        let Some(Person { name: user, author, .. }) = self.people.get(guest) else {
            return Vec::new();
        };
        let (user, author) = (Arc::clone(user), *author);
        // Before its new holder hears anything under the name.
        self.rooms.renamed_typing(guest);
        self.tell_typed(step);
        let rooms = self.people.places_of(guest);
        for &room in &rooms {
            let (what, user) = (PresenceEvent::Was(Arc::clone(was)), Arc::clone(&user));
            self.rooms.note(
                room,
                PresenceChange { what, user, account: false, except: None },
                &self.limits,
            );
        }
        for client in self.people.clients_of(author) {
            let message = format!("This name belongs to an account. You are {user}.");
            step.notice(client, None, "renamed", message);
        }
        self.session_changed(step, guest);
        rooms
    }

    /// Closes the connections whose login has expired.
    pub(in crate::chat) fn logins_due(&mut self, step: &mut Step<'_>) {
        while let Some(slot) = self.people.next_expired_login(step.now.at) {
            self.people.end_client(step, slot, 4105, "token expired");
        }
    }

    /// Closes the connections of an account with this login.
    pub(in crate::chat) fn log_out(
        &mut self,
        step: &mut Step<'_>,
        author: AuthorKey,
        id: [u8; 16],
        why: &'static str,
    ) {
        self.close_logins(step, author, |login| login == Some(id), why);
    }

    /// Closes the connections of an account but those with the login `kept`.
    pub(in crate::chat) fn end_logins(
        &mut self,
        step: &mut Step<'_>,
        author: AuthorKey,
        kept: Option<[u8; 16]>,
        why: &'static str,
    ) {
        self.close_logins(step, author, |login| kept.is_none() || login != kept, why);
    }

    fn close_logins(
        &mut self,
        step: &mut Step<'_>,
        author: AuthorKey,
        ends: impl Fn(Option<[u8; 16]>) -> bool,
        why: &'static str,
    ) {
        let person = self.people.of_session(author).and_then(|key| self.people.get(key));
        for slot in person.map_or_else(Default::default, |person| person.clients.clone()) {
            let client = self.people.clients.get(slot.index());
            let login = client.and_then(|client| client.login.as_deref());
            if ends(login.map(|login| login.id)) {
                self.people.end_client(step, slot, 4001, why);
            }
        }
    }

    /// Checks that a login has an account or can get one.
    ///
    /// # Errors
    /// If its account is gone, or there are too many accounts to create one.
    pub fn admits(&self, login: &Login) -> Result<(), Refusal> {
        if self.people.accounts().get(login.author).is_some() {
            return Ok(());
        }
        if !login.outside {
            return Err(account_gone());
        }
        if self.people.accounts().len() < self.limits.accounts_max {
            return Ok(());
        }
        Err(Refusal::new(Code::Overloaded, "there are too many accounts"))
    }

    /// Finds the account of a login; one of another issuer is created when first seen.
    pub(in crate::chat) fn account_of(
        &mut self,
        step: &mut Step<'_>,
        login: &Login,
    ) -> Result<Account, Refusal> {
        if let Some(account) = self.people.accounts().get(login.author) {
            return Ok(account.clone());
        }
        self.admits(login)?;
        let requested =
            UserName::parse(&login.name, &self.limits).unwrap_or_else(|_| UserName::anonymous());
        let name = self.people.free_name(&requested, login.author, &self.limits);
        let name = name.ok_or_else(account_gone)?;
        let account = Account {
            author: login.author,
            name: Arc::clone(name.as_arc()),
            hash: None,
            admin: false,
            since: 0,
            registered: None,
            status: Default::default(),
        };
        self.people.accounts_mut().put(account.clone());
        let key_values = vec![account.key_value()];
        step.put(key_values);
        Ok(account)
    }

    /// Moves the roles, restraints and invitations of a guest to an account.
    pub(in crate::chat) fn inherit(&mut self, step: &mut Step<'_>, from: AuthorKey, to: AuthorKey) {
        self.hand_on_invitations(step, from, to);
        for key in self.rooms.rooms_of_member(from) {
            let name = self.name_of_author(to).unwrap_or_default();
            let Some(room) = self.rooms.get_mut(key) else { continue };
            let key_values = room.amend(|rules| rules.hand_on(from, to, &name, step.now));
            if room.has_record() {
                step.put(key_values);
            }
            self.rooms.reindex(key);
        }
    }
}

/// Returns the refusal of a login without an account.
fn account_gone() -> Refusal {
    Refusal::new(Code::Unauthorized, "the account of this token is gone")
}
