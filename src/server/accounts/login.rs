//! `/api/register`, `/api/login` and `/api/logout`: how somebody becomes an account, and stops.

use serde::Deserialize;

use super::caller::COOKIE;
use super::{Caller, Errand, Waiting};
use crate::auth::{Password, PasswordFault};
use crate::chat::record::{AuthorKey, JournalRequest, PutKeyValues, RequestId};
use crate::chat::{ClientId, Code, Credential, Input, Refusal, author_of};
use crate::config::Auth;
use crate::http::{Request, Response, Status};
use crate::net::{ConnId, Turn};
use crate::server::api::{Gives, Instead, network, only, read_body, refuse};
use crate::server::log::Escaped;
use crate::server::{Server, client, random};

/// The body of a registration and of a login.
#[derive(Deserialize)]
struct Credentials {
    name: String,
    password: String,
}

impl Server {
    /// Begins to make an account for whoever asks.
    pub(in crate::server) fn register(
        &mut self,
        turn: &Turn<'_>,
        conn: ConnId,
        request: &Request,
        who: &Caller,
    ) -> Result<(), Instead> {
        only("POST", request)?;
        if self.accounts.auth == Auth::Open || !self.accounts.registration {
            let message = "nobody can register here; ask whoever runs this server";
            return Err(Refusal::new(Code::Forbidden, message).into());
        }
        let Credentials { name, password } = read_body(request)?;
        let own = match &who.speaker {
            Credential::Session(session) => Some(author_of(session)),
            Credential::Nobody | Credential::Login(_) => None,
        };
        self.chat.check_registration(&name, own)?;
        let password = Password::new(password, &self.accounts.limits).map_err(unfit)?;
        let network = network(turn, conn);
        let attempt = self.accounts.attempts.check_network(turn.now().at, network);
        attempt.map_err(Refusal::rate_limited)?;
        let caller = client(conn);
        let errand = Errand::Register { name: name.into(), own };
        let salt = random();
        self.expect(caller, Gives::Token);
        let waiting = Waiting { caller, network, errand };
        let submitted = self.accounts.submit(waiting, |it, job| it.hash(job, password, salt));
        submitted.map_err(Instead::from)
    }

    /// Begins to compare a password. Whether there is such an account cannot be told from the answer,
    /// nor from the time it takes.
    pub(in crate::server) fn log_in(
        &mut self,
        turn: &Turn<'_>,
        conn: ConnId,
        request: &Request,
    ) -> Result<(), Instead> {
        only("POST", request)?;
        if self.accounts.auth == Auth::Open {
            return Err(Refusal::new(Code::Forbidden, "there are only guests here").into());
        }
        let Credentials { name, password } = read_body(request)?;
        let bytes_max = self.chat.limits().name_bytes_max;
        if name.len() > bytes_max {
            let message = format!("a name has at most {bytes_max} bytes");
            return Err(Refusal::new(Code::NameInvalid, message).into());
        }
        let password = Password::entered(password, &self.accounts.limits).map_err(unfit)?;
        let network = network(turn, conn);
        let counted_as = self.chat.counted_as(&name);
        let attempt = self.accounts.attempts.check(turn.now().at, &counted_as, network);
        attempt.map_err(Refusal::rate_limited)?;
        let account = self.chat.account_named(&name);
        let author = account.map(|account| account.author);
        let hash = account.and_then(|account| account.hash.clone());
        let errand = Errand::LogIn { counted_as, author, hash: hash.clone() };
        let waiting = Waiting { caller: client(conn), network, errand };
        let submitted = self.accounts.submit(waiting, |it, job| it.verify(job, password, hash));
        submitted.map_err(Instead::from)
    }

    /// Ends the login that a request shows, and its connections. That is answered when it is kept, so
    /// that no start of the server brings it back.
    pub(in crate::server) fn log_out(
        &mut self,
        turn: &mut Turn<'_>,
        conn: ConnId,
        request: &Request,
        who: &Caller,
    ) -> Result<(), Instead> {
        only("POST", request)?;
        let caller = client(conn);
        let Credential::Login(login) = &who.speaker else {
            // There is nothing to end but a cookie.
            return Err(Instead::from(self.parting(caller)));
        };
        let now = turn.now();
        let mut key_values = self.accounts.revoked.prune(now.unix_ms / 1000);
        let ended = self.accounts.revoked.end(login.author, login.id, login.expires / 1000);
        let full = ended.is_err();
        key_values.extend(ended);
        let request_id = if full { None } else { Some(self.accounts.number(caller)) };
        self.journal.submit(now, JournalRequest::Put(PutKeyValues { request_id, key_values }));
        if full {
            let message = "this account has logged out too often of late";
            return Err(Refusal::new(Code::Overloaded, message).into());
        }
        let (author, id) = (login.author, login.id);
        self.tell(turn, Input::LoggedOut { author, id });
        Ok(())
    }

    /// Answers a logout, if it is one that the journal tells of.
    pub(in crate::server) fn left(
        &mut self,
        turn: &mut Turn<'_>,
        request_id: RequestId,
        kept: Result<(), Refusal>,
    ) {
        let Some(caller) = self.accounts.take(request_id) else { return };
        let response = match kept {
            Ok(()) => self.parting(caller),
            // It has ended all the same, but might be back after a start.
            Err(refusal) => refuse(refusal),
        };
        self.finish(turn, caller, response);
    }

    fn parting(&self, caller: ClientId) -> Response {
        Response::new(Status(204)).with_header("Set-Cookie", self.cookie(caller, "", 0))
    }

    /// Returns an account a token, and a browser a cookie with it.
    pub(in crate::server) fn welcome(
        &self,
        caller: ClientId,
        status: Status,
        author: AuthorKey,
        now_unix_s: u64,
    ) -> Response {
        let Some(account) = self.chat.account(author) else {
            return refuse(wrong());
        };
        let login = crate::auth::Login { author: author.0, name: &account.name, login: random() };
        // With another password tokens of the same second end, and this is none of them.
        let token = self.accounts.tokens.issue(&login, now_unix_s.max(account.since));
        let life_s = self.accounts.limits.token_life.as_secs();
        let cookie = self.cookie(caller, token.as_str(), life_s);
        tracing::info!(name = %Escaped(&account.name), "logged in");
        let body = serde_json::json!({ "token": token.as_str(), "name": *account.name });
        Response::json(status, body.to_string()).with_header("Set-Cookie", cookie)
    }

    /// Writes a cookie that no script can read and no other site makes a browser send.
    fn cookie(&self, caller: ClientId, token: &str, life_s: u64) -> String {
        let secure = if self.is_secure(caller) { "; Secure" } else { "" };
        format!("{COOKIE}={token}; HttpOnly; SameSite=Strict; Path=/; Max-Age={life_s}{secure}")
    }
}

/// Says that somebody could not log in, in the words that do for every reason.
pub(super) fn wrong() -> Refusal {
    Refusal::new(Code::Unauthorized, "the name or the password is wrong")
}

pub(super) fn unfit(fault: PasswordFault) -> Refusal {
    let code = match fault {
        PasswordFault::TooShort(_) => Code::BadField,
        PasswordFault::TooLong(_) => Code::TooLong,
    };
    Refusal::new(code, fault.to_string())
}
