//! `/api/users`: the administration of accounts.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Caller, PasswordJob, PasswordPurpose, login};
use crate::auth::Password;
use crate::chat::record::{JournalRequest, PutKeyValues};
use crate::chat::{AccountRequest, Code, Credential, Refusal, Request as Command};
use crate::http::{Method, Request};
use crate::net::{ConnId, Turn};
use crate::server::exchange::{AccountResponse, EarlyResponse, decode_segment, network, read_body};
use crate::server::operations::USERS;
use crate::server::{Server, client, random};

/// The body of a request for a new account.
#[derive(Deserialize, JsonSchema)]
pub(in crate::server) struct NewAccount {
    name: String,
    password: String,
    #[serde(default)]
    admin: bool,
}

/// The body of a request for a new password.
#[derive(Deserialize, JsonSchema)]
pub(in crate::server) struct NewPassword {
    password: String,
}

impl Server {
    /// Reads a request about accounts. `None` if a password is to be hashed before the chat is
    /// asked.
    pub(in crate::server) fn users(
        &mut self,
        turn: &Turn<'_>,
        conn: ConnId,
        request: &Request,
        caller: &Caller,
    ) -> Result<Option<Command>, EarlyResponse> {
        let rest = request.path.strip_prefix(USERS).unwrap_or_default();
        check_admin(caller)?;
        let name = rest.split('/').nth(1).map(decode_segment).transpose()?;
        let account_request = match (name, request.method) {
            (None, Method::Post) => {
                let NewAccount { name, password, admin } = read_body(request)?;
                self.chat.check_registration(&name, None)?;
                let purpose = PasswordPurpose::Add { name: name.into(), admin };
                self.exchanges.set_account_response(client(conn), AccountResponse::Created);
                return self.hash(turn, conn, password, purpose).map(|()| None);
            }
            (None, _) => AccountRequest::List,
            (Some(name), Method::Post) => {
                let NewPassword { password } = read_body(request)?;
                if self.chat.account_named(&name).is_none() {
                    return Err(Refusal::new(Code::NoSuchUser, "there is no such account").into());
                }
                let purpose = PasswordPurpose::SetPassword { name, kept: None, proved: None };
                return self.hash(turn, conn, password, purpose).map(|()| None);
            }
            (Some(name), _) => {
                let author = self.chat.account_named(&name).map(|account| account.author);
                let key_values = author.map(|author| self.accounts.logins.forget(author));
                let put =
                    PutKeyValues { request_id: None, key_values: key_values.unwrap_or_default() };
                self.journal.submit(turn.now(), JournalRequest::Put(put));
                AccountRequest::Remove { name }
            }
        };
        Ok(Some(Command::AccountRequest(Box::new(account_request))))
    }

    /// Starts to hash a password.
    fn hash(
        &mut self,
        turn: &Turn<'_>,
        conn: ConnId,
        password: String,
        purpose: PasswordPurpose,
    ) -> Result<(), EarlyResponse> {
        let password =
            Password::new(password, &self.accounts.limits).map_err(login::invalid_password)?;
        let (caller, network) = (client(conn), network(turn, conn));
        let job = PasswordJob { caller, network, purpose };
        Ok(self
            .accounts
            .submit(job, |worker, id, network| worker.hash(id, network, password, random()))?)
    }
}

/// Refuses callers that may not administer accounts.
pub(in crate::server) fn check_admin(caller: &Caller) -> Result<(), Refusal> {
    let message = "only administrators may do this";
    match &caller.credential {
        _ if caller.admin => Ok(()),
        Credential::Login(_) => Err(Refusal::new(Code::Forbidden, message)),
        Credential::Nobody | Credential::Session(_) => {
            Err(Refusal::new(Code::AuthRequired, message))
        }
    }
}
