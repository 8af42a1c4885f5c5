//! `/api/account`: what the owner of an account does with it: another password, and the logins.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::logins::LoginRecord;
use super::{Caller, PasswordJob, PasswordPurpose, login};
use crate::auth::Password;
use crate::chat::record::AuthorKey;
use crate::chat::{
    Account, AccountRequest, Code, Credential, Input, Login, Refusal, Request as Asked,
};
use crate::http::{Method, Request, Response, Status};
use crate::net::{ConnId, Turn};
use crate::server::exchange::{AccountResponse, EarlyResponse, network, read_body};
use crate::server::operations::ACCOUNT;
use crate::server::{Server, client, random};

/// The body of a request for another password.
#[derive(Deserialize, JsonSchema)]
pub(in crate::server) struct OwnPassword {
    old_password: String,
    password: String,
}

/// The logins of an account.
#[derive(JsonSchema, Serialize)]
pub(in crate::server) struct ListedLogins<'a> {
    logins: Vec<ListedLogin<'a>>,
}

/// A login of an account.
#[derive(JsonSchema, Serialize)]
struct ListedLogin<'a> {
    login: String,
    since: u64,
    address: String,
    agent: &'a str,
    current: bool,
}

impl Server {
    /// Answers a request about the caller's own account, or starts what will answer it.
    pub(in crate::server) fn own_account(
        &mut self,
        turn: &mut Turn<'_>,
        conn: ConnId,
        request: &Request,
        caller: &Caller,
    ) -> Result<(), EarlyResponse> {
        let Credential::Login(login) = &caller.credential else {
            return Err(Refusal::new(Code::AuthRequired, "log in first").into());
        };
        self.chat.charge_request(turn.now(), network(turn, conn))?;
        let rest = request.path.strip_prefix(ACCOUNT).unwrap_or_default();
        let id = rest.strip_prefix("/logins/").map(AuthorKey::from_hex);
        match (id, request.method) {
            (_, Method::Post) => self.change_password(turn, conn, request, login),
            (Some(id), _) => {
                let ended = id.and_then(|id| {
                    let record = self.accounts.logins.get(login.author, id.0)?;
                    Some((id.0, record.expires_s))
                });
                let unknown = || Refusal::new(Code::NoSuchUser, "there is no such login");
                self.end_login(turn, client(conn), login.author, ended.ok_or_else(unknown)?, false)
            }
            (None, Method::Delete) => self.end_other_logins(turn, conn, login),
            (None, _) => Err(self.listed_logins(turn, login).into()),
        }
    }

    /// Lists the caller's logins, the latest first.
    fn listed_logins(&self, turn: &Turn<'_>, login: &Login) -> Response {
        let now_s = turn.now().unix_ms / 1000;
        let since = self.chat.account(login.author).map_or(0, |account| account.since);
        let logins = self.accounts.logins.of(login.author).iter().rev();
        let logins = logins.filter(|(_, record)| record.goes_on(now_s, since));
        let listed = logins.map(|(id, record)| ListedLogin {
            login: AuthorKey(*id).to_hex(),
            since: record.since_s.saturating_mul(1000),
            address: record.network.to_string(),
            agent: &record.agent,
            current: *id == login.id,
        });
        let body = ListedLogins { logins: listed.collect() };
        Response::json(Status(200), serde_json::json!(body).to_string())
    }

    /// Starts to verify the old password; the new one is hashed if it is right. A wrong one counts as
    /// a failed login.
    fn change_password(
        &mut self,
        turn: &Turn<'_>,
        conn: ConnId,
        request: &Request,
        login: &Login,
    ) -> Result<(), EarlyResponse> {
        let OwnPassword { old_password, password } = read_body(request)?;
        let Account { author, name, hash, .. } = self.own(login)?.clone();
        let limits = &self.accounts.limits;
        let new = Password::new(password, limits).map_err(login::invalid_password)?;
        let old = Password::entered(old_password, limits).map_err(login::invalid_password)?;
        let (counted_as, network) = (self.chat.counted_as(&name), network(turn, conn));
        let attempt = self.accounts.attempts.check(turn.now().at, &counted_as, network);
        attempt.map_err(Refusal::rate_limited)?;
        self.exchanges.set_account_response(client(conn), AccountResponse::Renewed(login.id));
        let purpose =
            PasswordPurpose::Prove { counted_as, author, hash: hash.clone(), login: login.id, new };
        let job = PasswordJob { caller: client(conn), network, purpose };
        Ok(self
            .accounts
            .submit(job, |worker, id, network| worker.verify(id, network, old, hash))?)
    }

    /// Hashes the new password of a caller who has proved the old one.
    pub(super) fn hash_proved(
        &mut self,
        (caller, network): (crate::chat::ClientId, std::net::IpAddr),
        (name, proved): (Box<str>, Option<Arc<str>>),
        login: [u8; 16],
        new: Password,
    ) -> Result<(), Refusal> {
        let purpose = PasswordPurpose::SetPassword { name, kept: Some(login), proved };
        let job = PasswordJob { caller, network, purpose };
        self.accounts.submit(job, |worker, id, network| worker.hash(id, network, new, random()))
    }

    /// Ends all logins of the caller but the one that asks, which gets another token.
    fn end_other_logins(
        &mut self,
        turn: &mut Turn<'_>,
        conn: ConnId,
        login: &Login,
    ) -> Result<(), EarlyResponse> {
        let Account { name, hash, .. } = self.own(login)?.clone();
        let (caller, network) = (client(conn), network(turn, conn));
        self.exchanges.set_account_response(caller, AccountResponse::Renewed(login.id));
        let (name, hash) = (Box::from(&*name), hash.unwrap_or_default());
        let request = AccountRequest::SetHash { name, hash, kept: Some(login.id) };
        let request = Asked::AccountRequest(Box::new(request));
        self.handle(turn, Input::Asked { caller, network, request });
        Ok(())
    }

    /// Finds the caller's account, if its logins are this server's.
    fn own(&self, login: &Login) -> Result<&Account, Refusal> {
        let account = self.chat.account(login.author).filter(|account| account.hash.is_some());
        let message = "this account logs in at its identity provider";
        account.filter(|_| !login.outside).ok_or_else(|| Refusal::new(Code::Forbidden, message))
    }
}

impl LoginRecord {
    /// Whether its token is still valid, in an account whose older tokens are not.
    pub(super) fn goes_on(&self, now_s: u64, account_since_s: u64) -> bool {
        self.expires_s > now_s && self.issued_s >= account_since_s
    }
}
