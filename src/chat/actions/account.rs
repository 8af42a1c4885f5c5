//! Registered accounts: created, changed, removed.
//!
//! An account is an author of its own. Passwords and tokens are checked elsewhere.

use std::net::IpAddr;
use std::sync::Arc;

use crate::chat::Chat;
use crate::chat::effect::Effect;
use crate::chat::ids::ClientId;
use crate::chat::names::{Likeness, UserName};
use crate::chat::pending::{PendingAccount, PendingRequest};
use crate::chat::people::telling;
use crate::chat::protocol::account::{Account, AccountRequest, Registered};
use crate::chat::protocol::error::{Code, Refusal};
use crate::chat::protocol::server_event::ServerEvent;
use crate::chat::record::{AuthorKey, JournalError, JournalRequest, KeyValue, PutKeyValues};
use crate::chat::step::Step;

impl Chat {
    /// Finds an account by its name or a look-alike.
    pub fn account_named(&self, name: &str) -> Option<&Account> {
        self.people.accounts().named(name)
    }

    /// Finds the account of an author.
    pub fn account(&self, author: AuthorKey) -> Option<&Account> {
        self.people.accounts().get(author)
    }

    /// Returns the key by which login attempts for a name are counted: all spellings of an
    /// account's name share one.
    pub fn counted_as(&self, name: &str) -> Box<str> {
        let name = self.account_named(name).map_or(name, |account| &account.name);
        let [letters, _] = Likeness::of(name).by_letter;
        letters
    }

    /// Checks that a name can be registered; `own` is the author who asks, if known.
    ///
    /// # Errors
    /// If the name is invalid or taken, or there are too many accounts.
    pub fn check_registration(&self, name: &str, own: Option<AuthorKey>) -> Result<(), Refusal> {
        let name = UserName::parse(name, &self.limits)
            .map_err(|fault| Refusal::new(Code::NameInvalid, fault))?;
        if self.people.accounts().len() >= self.limits.accounts_max {
            return Err(Refusal::new(Code::Overloaded, "there are too many accounts"));
        }
        if self.people.is_free_for_account(name.as_arc(), own) {
            return Ok(());
        }
        Err(Refusal::new(Code::NameTaken, "this name is taken"))
    }

    /// Handles a request about accounts; it is answered once its change is stored.
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
            AccountRequest::SetHash { name, hash, kept } => {
                let account = self.account_named(&name).cloned().ok_or_else(unknown)?;
                // Tokens have whole seconds; one issued in this second is invalid, too.
                let since = (step.now.unix_ms / 1000).saturating_add(1);
                let before = Some(account.clone());
                let account = Account { hash: Some(hash), since, ..account };
                self.save_account(
                    step,
                    PendingAccount { caller, account, before, guest: None, kept, removed: false },
                );
                Ok(())
            }
            AccountRequest::Remove { name } => {
                let account = self.account_named(&name).cloned().ok_or_else(unknown)?;
                let key_value = KeyValue { value: None, ..account.key_value() };
                let (before, guest, kept) = (None, None, None);
                let pending =
                    PendingAccount { caller, account, before, guest, kept, removed: true };
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
        let (before, kept) = (None, None);
        let pending = PendingAccount { caller, account, before, guest, kept, removed: false };
        self.save_account(step, pending);
        Ok(())
    }

    /// Adds an account and stores it. Its name is taken from now on, so that of two requests for it
    /// the first wins.
    fn save_account(&mut self, step: &mut Step<'_>, pending: PendingAccount) {
        let key_value = pending.account.key_value();
        self.people.accounts_mut().put(pending.account.clone());
        self.keep(step, PendingRequest::Account(pending), vec![key_value]);
    }

    /// Stores key-value records and awaits the answer.
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
        let PendingAccount { caller, account, before, guest, kept, removed } = pending;
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
            // It may have been stored again since: with another status, or another password.
            step.put(vec![KeyValue { value: None, ..account.key_value() }]);
            self.end_logins(step, account.author, None, "this account is gone");
            self.forget_author(step, account.author);
            self.demote_to_guest(step, account.author);
        } else if let Some(before) = before {
            let is_same = before.hash == account.hash;
            let why = if is_same { "logged out elsewhere" } else { "the password has changed" };
            self.end_logins(step, account.author, kept, why);
        }
        step.respond(caller, ServerEvent::Account(Box::new(account)));
    }

    /// Extends the bans and mutes of a guest to the account it registered.
    fn hand_on_restraints(&mut self, step: &mut Step<'_>, guest: AuthorKey, account: AuthorKey) {
        for key in self.rooms.rooms_of_member(guest) {
            let Some(room) = self.rooms.get_mut(key) else { continue };
            let key_values = room.amend(|rules| rules.hand_on_restraints(guest, account));
            step.put(key_values);
            self.rooms.reindex(key);
        }
    }

    /// Turns the person of a removed account into a guest, whose session ends now or after its last
    /// connection.
    fn demote_to_guest(&mut self, step: &mut Step<'_>, author: AuthorKey) {
        let Some(key) = self.people.of_session(author) else { return };
        self.people.set_account(key, false, false);
        let Some(person) = self.people.get(key) else { return };
        if person.clients.as_slice().is_empty() && person.memberships.as_slice().is_empty() {
            self.end_session(step, key);
        }
    }
}
