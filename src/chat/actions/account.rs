//! Accounts: names that belong to somebody, whoever is connected.
//!
//! An account is an author of its own with a name nobody else can have. Passwords and tokens are
//! not looked at here; whoever does so finds in the account what it needs.

use std::net::IpAddr;
use std::sync::Arc;

use crate::chat::Chat;
use crate::chat::effect::Effect;
use crate::chat::ids::ClientId;
use crate::chat::names::{UserName, likeness};
use crate::chat::pending::{PendingAccount, PendingRequest};
use crate::chat::people::telling;
use crate::chat::protocol::account::{Account, AccountRequest, Registered};
use crate::chat::protocol::error::{Code, Refusal};
use crate::chat::protocol::login::Login;
use crate::chat::protocol::server_event::ServerEvent;
use crate::chat::record::{AuthorKey, JournalError, JournalRequest, KeyValue, PutKeyValues};
use crate::chat::step::Step;

impl Chat {
    /// Finds the account that is called so.
    pub fn account_named(&self, name: &str) -> Option<&Account> {
        self.people.accounts().named(name)
    }

    /// Finds the account of an author.
    pub fn account(&self, author: AuthorKey) -> Option<&Account> {
        self.people.accounts().get(author)
    }

    /// Names an account as attempts to log in to it are counted: all ways to write its name are
    /// one.
    pub fn counted_as(&self, name: &str) -> Box<str> {
        let [key, _] = likeness(self.account_named(name).map_or(name, |account| &account.name));
        key
    }

    /// Why a login cannot come in, if so: its account is gone, or cannot be made.
    ///
    /// # Errors
    /// When there is no account for it.
    pub fn admits(&self, login: &Login) -> Result<(), Refusal> {
        if self.account(login.author).is_some() {
            return Ok(());
        }
        if !login.outside {
            return Err(Refusal::new(Code::Unauthorized, "the account of this token is gone"));
        }
        if self.people.accounts().len() < self.limits.accounts_max {
            return Ok(());
        }
        Err(Refusal::new(Code::Overloaded, "there are too many accounts"))
    }

    /// Why nobody can register under a name, if so; `own` is who asks, if that is known.
    ///
    /// # Errors
    /// When the name is none, or is somebody's, or there are too many accounts.
    pub fn check_registration(&self, name: &str, own: Option<AuthorKey>) -> Result<(), Refusal> {
        let name = UserName::parse(name, &self.limits)
            .map_err(|fault| Refusal::new(Code::NameInvalid, fault))?;
        if self.people.accounts().len() >= self.limits.accounts_max {
            return Err(Refusal::new(Code::Overloaded, "there are too many accounts"));
        }
        let holder = self.people.of_name(name.as_arc());
        let holder = holder.and_then(|holder| self.people.get(holder));
        let is_own = holder.is_some_and(|person| Some(person.author) == own);
        if self.account_named(name.as_arc()).is_none() && (holder.is_none() || is_own) {
            return Ok(());
        }
        Err(Refusal::new(Code::NameTaken, "this name is taken"))
    }

    /// Answers a request about accounts, as soon as what it changes is kept.
    pub(in crate::chat) fn account_request(
        &mut self,
        step: &mut Step<'_>,
        caller: ClientId,
        network: IpAddr,
        account_request: AccountRequest,
    ) -> Result<(), Refusal> {
        let unknown = || Refusal::new(Code::NoSuchUser, "there is no such account");
        match account_request {
            AccountRequest::List => {
                let accounts = self.people.accounts().list();
                step.respond(caller, ServerEvent::Accounts(accounts));
                Ok(())
            }
            AccountRequest::Add(account) => self.add_account(step, caller, account, None),
            AccountRequest::Register(mut account, guest) => {
                let at = self.people.stamp;
                let network = telling(Some(network));
                account.registered = network.map(|network| Registered { network, at });
                self.add_account(step, caller, account, guest)
            }
            AccountRequest::SetHash { name, hash } => {
                let account = self.account_named(&name).cloned().ok_or_else(unknown)?;
                // Tokens say whole seconds; one of this second is from before, too.
                let since = (step.now.unix_ms / 1000).saturating_add(1);
                let before = Some(account.clone());
                let account = Account { hash: Some(hash), since, ..account };
                self.save_account(
                    step,
                    PendingAccount { caller, account, before, guest: None, removed: false },
                );
                Ok(())
            }
            AccountRequest::Remove { name } => {
                let account = self.account_named(&name).cloned().ok_or_else(unknown)?;
                let key_value = KeyValue { value: None, ..account.key_value() };
                let pending =
                    PendingAccount { caller, account, before: None, guest: None, removed: true };
                self.keep(step, PendingRequest::Account(pending), vec![key_value]);
                Ok(())
            }
        }
    }

    fn add_account(
        &mut self,
        step: &mut Step<'_>,
        caller: ClientId,
        mut account: Account,
        guest: Option<AuthorKey>,
    ) -> Result<(), Refusal> {
        self.check_registration(&account.name, guest)?;
        if let Ok(name) = UserName::parse(&account.name, &self.limits) {
            account.name = Arc::clone(name.as_arc());
        }
        let pending = PendingAccount { caller, account, before: None, guest, removed: false };
        self.save_account(step, pending);
        Ok(())
    }

    /// Takes an account in and has it kept. Its name is taken from now on, so that of two who
    /// want it one is first.
    fn save_account(&mut self, step: &mut Step<'_>, pending: PendingAccount) {
        let key_value = pending.account.key_value();
        self.people.accounts_mut().put(pending.account.clone());
        self.keep(step, PendingRequest::Account(pending), vec![key_value]);
    }

    /// Has key-value records kept and awaits the answer.
    fn keep(&mut self, step: &mut Step<'_>, pending: PendingRequest, key_values: Vec<KeyValue>) {
        let request_id = Some(self.pending.requests.put(pending));
        step.effects
            .push(Effect::Journal(JournalRequest::Put(PutKeyValues { request_id, key_values })));
    }

    /// Answers the request that changed an account, once the change is stored or refused.
    pub(in crate::chat) fn account_saved(
        &mut self,
        step: &mut Step<'_>,
        pending: PendingAccount,
        saved: Result<(), JournalError>,
    ) {
        let PendingAccount { caller, account, before, guest, removed } = pending;
        if let Err(why) = saved {
            if !removed {
                match before {
                    Some(before) => self.people.accounts_mut().put(before),
                    None => drop(self.people.accounts_mut().remove(account.author)),
                }
            }
            step.respond(caller, ServerEvent::Error(Box::new(Refusal::refused(why))));
            return;
        }
        if let Some(guest) = guest {
            self.hand_on_restraints(step, guest, account.author);
        }
        if removed {
            self.people.accounts_mut().remove(account.author);
            self.log_out(step, account.author, None, "this account is gone");
            self.forget_author(step, account.author);
            self.demote_to_guest(step, account.author);
        } else if before.is_some() {
            self.log_out(step, account.author, None, "the password has changed");
        }
        step.respond(caller, ServerEvent::Account(Box::new(account)));
    }

    /// Lets an account be banned and muted as the guest is that registers it.
    fn hand_on_restraints(&mut self, step: &mut Step<'_>, guest: AuthorKey, account: AuthorKey) {
        for key in self.rooms.rooms_of_member(guest) {
            let Some(room) = self.rooms.get_mut(key) else { continue };
            let key_values = room.amend(|rules| rules.hand_on_restraints(guest, account));
            step.put(key_values);
            self.rooms.reindex(key);
        }
    }

    /// Lets the person that an account was end as a guest does: now, or after its last connection.
    fn demote_to_guest(&mut self, step: &mut Step<'_>, author: AuthorKey) {
        let Some(key) = self.people.of_session(author) else { return };
        let Some(person) = self.people.get_mut(key) else { return };
        (person.account, person.admin) = (false, false);
        if person.clients.as_slice().is_empty() && person.memberships.as_slice().is_empty() {
            self.end_session(step, key);
        }
    }
}
