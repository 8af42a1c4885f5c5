//! `/api/register`, `/api/login` and `/api/logout`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::caller::COOKIE;
use super::logins::LoginRecord;
use super::{Caller, PasswordJob, PasswordPurpose, no_accounts};
use crate::auth::{Password, PasswordFault};
use crate::chat::record::{AuthorKey, JournalRequest, PutKeyValues, RequestId};
use crate::chat::{ClientId, Code, Credential, Input, Refusal, author_of};
use crate::clock::Now;
use crate::config::Auth;
use crate::http::{Request, Response, Status};
use crate::net::{ConnId, Turn};
use crate::server::exchange::{AccountResponse, EarlyResponse, error_response, network, read_body};
use crate::server::log::Escaped;
use crate::server::metrics::LoginResult;
use crate::server::{Server, client, random};

/// The body of a registration and of a login.
#[derive(Deserialize, JsonSchema)]
pub(in crate::server) struct Credentials {
    name: String,
    password: String,
}

/// The body of the response to a registration and a login.
#[derive(JsonSchema, Serialize)]
pub(in crate::server) struct TokenIssued<'a> {
    token: &'a str,
    name: &'a str,
}

impl Server {
    /// Starts to create an account for the caller.
    pub(in crate::server) fn register(
        &mut self,
        turn: &Turn<'_>,
        conn: ConnId,
        request: &Request,
        caller: &Caller,
    ) -> Result<(), EarlyResponse> {
        if self.accounts.auth == Auth::Open || !self.accounts.registration {
            let message = "registration is closed; ask the administrator of this server";
            return Err(Refusal::new(Code::Forbidden, message).into());
        }
        let Credentials { name, password } = read_body(request)?;
        let own = match &caller.credential {
            Credential::Session(session) => Some(author_of(session)),
            Credential::Nobody | Credential::Login(_) => None,
        };
        self.chat.check_registration(&name, own)?;
        let password = Password::new(password, &self.accounts.limits).map_err(invalid_password)?;
        let network = network(turn, conn);
        let attempt = self.accounts.attempts.check_network(turn.now().at, network);
        attempt.map_err(Refusal::rate_limited)?;
        let (caller, purpose) =
            (client(conn), PasswordPurpose::Register { name: name.into(), own });
        self.exchanges.set_account_response(caller, AccountResponse::Token);
        let job = PasswordJob { caller, network, purpose };
        Ok(self
            .accounts
            .submit(job, |worker, id, network| worker.hash(id, network, password, random()))?)
    }

    /// Starts to verify a password. Neither the response nor the time it takes reveals whether the
    /// account exists.
    pub(in crate::server) fn log_in(
        &mut self,
        turn: &Turn<'_>,
        conn: ConnId,
        request: &Request,
    ) -> Result<(), EarlyResponse> {
        if self.accounts.auth == Auth::Open {
            return Err(no_accounts().into());
        }
        let Credentials { name, password } = read_body(request)?;
        let bytes_max = self.chat.limits().name_bytes_max;
        if name.len() > bytes_max {
            let message = format!("a name has at most {bytes_max} bytes");
            return Err(Refusal::new(Code::NameInvalid, message).into());
        }
        let password =
            Password::entered(password, &self.accounts.limits).map_err(invalid_password)?;
        let network = network(turn, conn);
        let counted_as = self.chat.counted_as(&name);
        let attempt = self.accounts.attempts.check(turn.now().at, &counted_as, network);
        if let Err(wait) = attempt {
            self.counters.logins.add(LoginResult::Limited);
            return Err(Refusal::rate_limited(wait).into());
        }
        let account = self.chat.account_named(&name);
        let author = account.map(|account| account.author);
        let hash = account.and_then(|account| account.hash.clone());
        let purpose = PasswordPurpose::LogIn { counted_as, author, hash: hash.clone() };
        let job = PasswordJob { caller: client(conn), network, purpose };
        Ok(self
            .accounts
            .submit(job, |worker, id, network| worker.verify(id, network, password, hash))?)
    }

    /// Revokes the login that a request presents, and closes its connections. The response waits
    /// until the revocation is in the journal, so that it outlives a restart.
    pub(in crate::server) fn log_out(
        &mut self,
        turn: &mut Turn<'_>,
        conn: ConnId,
        caller: &Caller,
    ) -> Result<(), EarlyResponse> {
        let client = client(conn);
        let Credential::Login(login) = &caller.credential else {
            // There is nothing to revoke, but perhaps an old cookie.
            return Err(self.logged_out(client).into());
        };
        self.end_login(turn, client, login.author, (login.id, login.expires / 1000), true)
    }

    /// Revokes a login of an account until its token expires, and closes its connections. With
    /// `own`, the response takes the cookie back.
    pub(super) fn end_login(
        &mut self,
        turn: &mut Turn<'_>,
        client: ClientId,
        author: AuthorKey,
        (id, expires_s): ([u8; 16], u64),
        own: bool,
    ) -> Result<(), EarlyResponse> {
        let now = turn.now();
        let revoked = &mut self.accounts.revoked;
        let mut key_values = revoked.prune(now.unix_ms / 1000);
        let revocation = revoked.revoke(author, id, expires_s);
        let full = revocation.is_err();
        key_values.extend(revocation);
        if !full {
            key_values.extend(self.accounts.logins.remove(author, id));
        }
        let request_id = if full { None } else { Some(self.accounts.begin_logout(client, own)) };
        self.journal.submit(now, JournalRequest::Put(PutKeyValues { request_id, key_values }));
        if full {
            let message = "too many logouts of this account; try again later";
            return Err(Refusal::new(Code::Overloaded, message).into());
        }
        self.handle(turn, Input::LoggedOut { author, id });
        Ok(())
    }

    /// Answers a logout, given what the journal answered.
    pub(in crate::server) fn finish_logout(
        &mut self,
        turn: &mut Turn<'_>,
        request_id: RequestId,
        saved: Result<(), Refusal>,
    ) {
        let Some((caller, own)) = self.accounts.end_logout(request_id) else { return };
        let response = match saved {
            Ok(()) if own => self.logged_out(caller),
            Ok(()) => Response::new(Status(204)),
            // The login is revoked all the same, but not beyond a restart.
            Err(refusal) => error_response(refusal),
        };
        self.finish_exchange(turn, caller, response);
    }

    /// Returns the response that removes a browser's cookie.
    fn logged_out(&self, caller: ClientId) -> Response {
        Response::new(Status(204)).with_header("Set-Cookie", self.cookie(caller, "", 0))
    }

    /// Issues a token for an account: in the body and, for browsers, in a cookie. Without `renewed`
    /// it is that of a new login.
    pub(in crate::server) fn token_response(
        &mut self,
        now: Now,
        caller: ClientId,
        status: Status,
        author: AuthorKey,
        renewed: Option<[u8; 16]>,
    ) -> Response {
        let Some(account) = self.chat.account(author) else {
            return error_response(wrong_credentials());
        };
        let id = renewed.unwrap_or_else(random);
        let login = crate::auth::Login { author: author.0, name: &account.name, login: id };
        // A new password revokes the older tokens, to the second, and this is none of them.
        let (now_s, account_since_s) = (now.unix_ms / 1000, account.since);
        let issued_s = now_s.max(account_since_s);
        let token = self.accounts.tokens.issue(&login, issued_s);
        let life_s = self.accounts.limits.token_life.as_secs();
        let (network, agent) = self.exchanges.client_of(caller);
        let expires_s = issued_s.saturating_add(life_s);
        let record = LoginRecord { since_s: now_s, issued_s, expires_s, network, agent };
        let goes_on = |record: &LoginRecord| record.goes_on(now_s, account_since_s);
        let key_values = self.accounts.logins.put(author, id, record, goes_on);
        self.journal
            .submit(now, JournalRequest::Put(PutKeyValues { request_id: None, key_values }));
        let cookie = self.cookie(caller, token.as_str(), life_s);
        tracing::info!(name = %Escaped(&account.name), "logged in");
        let body = TokenIssued { token: token.as_str(), name: &account.name };
        Response::json(status, serde_json::json!(body).to_string())
            .with_header("Set-Cookie", cookie)
    }

    /// Returns a cookie that no script can read and that no other site makes a browser send.
    fn cookie(&self, caller: ClientId, token: &str, life_s: u64) -> String {
        let secure = if self.exchanges.is_secure(caller) { "; Secure" } else { "" };
        format!("{COOKIE}={token}; HttpOnly; SameSite=Strict; Path=/; Max-Age={life_s}{secure}")
    }
}

/// Returns the one refusal for every failed login, so that it does not reveal which names exist.
pub(super) fn wrong_credentials() -> Refusal {
    Refusal::new(Code::Unauthorized, "wrong name or password")
}

/// Returns the refusal of a password that is too short or too long.
pub(super) fn invalid_password(fault: PasswordFault) -> Refusal {
    let code = match fault {
        PasswordFault::TooShort(_) => Code::BadField,
        PasswordFault::TooLong(_) => Code::TooLong,
    };
    Refusal::new(code, fault.to_string())
}
