//! Who sends a request: one function decides, for every entrance.
//!
//! Somebody shows a token or a session's key in the query (`token=`) or in `Authorization`, or its
//! browser sends a token in a cookie. What was shown on purpose must be right; a cookie comes along by
//! itself, so one that is not good any more makes a guest that is told so.

use crate::auth::{Fault, Subject};
use crate::chat::record::AuthorKey;
use crate::chat::{Code, Credential, Login, Refusal};
use crate::clock::Now;
use crate::config::Auth;
use crate::http::{Method, Request};
use crate::server::Server;

/// Name of the cookie that carries a browser's token.
pub(super) const COOKIE: &str = "chinwag";

/// Who sends a request, as far as it is proved.
#[derive(Debug, Default)]
pub(in crate::server) struct Caller {
    /// As the chat knows it.
    pub(in crate::server) speaker: Credential,
    /// Whether it may administer accounts.
    pub(in crate::server) admin: bool,
    /// Why it is a guest although it has a cookie.
    pub(in crate::server) fault: Option<Refusal>,
}

/// What a request shows.
#[derive(Debug, PartialEq, Eq)]
enum Shown<'a> {
    /// The key of a session.
    Session(&'a str),
    /// A token, on purpose.
    Token(Box<str>),
    /// A token in a cookie.
    Cookie(&'a str),
}

impl Server {
    /// Finds out who sends a request, and whether whoever that is may come in here.
    pub(in crate::server) fn caller(&self, now: Now, request: &Request) -> Result<Caller, Refusal> {
        let open = self.accounts.auth == Auth::Open;
        let mut caller = match shown(request)? {
            None => Caller::default(),
            Some(Shown::Session(key)) => {
                self.chat.of_session(key)?;
                Caller { speaker: Credential::Session(key.into()), ..Caller::default() }
            }
            Some(Shown::Token(token)) if self.is_operators(now, request, &token) => {
                return Ok(Caller { admin: true, ..Caller::default() });
            }
            Some(Shown::Token(_) | Shown::Cookie(_)) if open => Caller::default(),
            Some(Shown::Token(token)) => Caller::from(self.prove(now, &token)?),
            Some(Shown::Cookie(token)) => match self.prove(now, token) {
                Ok(login) => Caller::from(login),
                Err(fault) => Caller { fault: Some(fault), ..Caller::default() },
            },
        };
        if let Credential::Login(login) = &caller.speaker {
            let account = self.chat.account(login.author);
            caller.admin = login.admin || account.is_some_and(|account| account.admin);
        } else if self.accounts.auth == Auth::Required && !is_door(request) {
            let needed = || Refusal::new(Code::AuthRequired, "log in first");
            return Err(caller.fault.unwrap_or_else(needed));
        }
        Ok(caller)
    }

    /// Whose login a token is, if it is good here and now.
    pub(in crate::server) fn prove(&self, now: Now, token: &str) -> Result<Login, Refusal> {
        if self.accounts.auth == Auth::Open {
            return Err(Refusal::new(Code::Forbidden, "there are only guests here"));
        }
        let claims = self.accounts.tokens.verify(token, now.unix_ms / 1000).map_err(refused)?;
        let (author, outside) = match claims.subject {
            Subject::Own(author) => (AuthorKey(author), false),
            Subject::External { author } => (AuthorKey(author), true),
        };
        let login = Login {
            author,
            name: claims.name.into(),
            admin: claims.admin,
            id: claims.login,
            expires: claims.expires_s.saturating_mul(1000),
            outside,
        };
        self.chat.admits(&login)?;
        let since = self.chat.account(login.author).map_or(0, |account| account.since);
        if self.accounts.revoked.has(login.id) || (!outside && claims.issued_s < since) {
            return Err(Refusal::new(Code::Unauthorized, "this login has ended; log in again"));
        }
        Ok(login)
    }

    /// Whether a token is that of somebody who has the server's key. It is good for one thing.
    fn is_operators(&self, now: Now, request: &Request, token: &str) -> bool {
        request.path.starts_with("/api/users")
            && self.accounts.tokens.verify_operator_token(token, now.unix_ms / 1000).is_ok()
    }
}

impl From<Login> for Caller {
    fn from(login: Login) -> Self {
        Self { speaker: Credential::Login(Box::new(login)), ..Self::default() }
    }
}

fn refused(fault: Fault) -> Refusal {
    tracing::debug!(%fault, "a token was refused");
    Refusal::new(Code::Unauthorized, fault.reason())
}

/// Whether a request is how somebody comes in. A browser asks about methods without a cookie.
fn is_door(request: &Request) -> bool {
    let doors = ["/api/register", "/api/login", "/api/logout"];
    doors.contains(&request.path.as_str()) || request.method == Method::Options
}

/// Finds what a request shows; what it shows on purpose wins.
fn shown(request: &Request) -> Result<Option<Shown<'_>>, Refusal> {
    let unauthorized = |message| Refusal::new(Code::Unauthorized, message);
    let in_query = form_urlencoded::parse(request.query.as_bytes())
        .filter(|(key, _)| key == "token")
        .map(|(_, token)| Ok(Shown::Token(token.into())));
    let in_headers =
        request.headers("authorization").filter(|value| !is_basic(value)).map(|value| {
            let key = bearer(value).ok_or_else(|| {
                unauthorized("Authorization: Bearer is expected, with a token or a session's key")
            })?;
            let is_token = key.bytes().filter(|byte| *byte == b'.').count() == 2;
            Ok(if is_token { Shown::Token(key.into()) } else { Shown::Session(key) })
        });
    let mut on_purpose = in_query.chain(in_headers);
    let first = on_purpose.next().transpose()?;
    if on_purpose.next().is_some() {
        return Err(unauthorized("show one token, not several"));
    }
    Ok(first.or_else(|| cookie(request).map(Shown::Cookie)))
}

/// Takes the key out of `Bearer KEY` (RFC 6750 §2.1).
fn bearer(value: &str) -> Option<&str> {
    let key = value.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    key.map(|(_, key)| key.trim()).filter(|key| !key.is_empty())
}

/// Whether this is for a proxy in front of us, which passed it on.
fn is_basic(value: &str) -> bool {
    value.split(' ').next().is_some_and(|scheme| scheme.eq_ignore_ascii_case("basic"))
}

/// Finds our cookie (RFC 6265 §4.2.1). Of several the first is the most specific.
fn cookie(request: &Request) -> Option<&str> {
    let mut pairs = request.headers("cookie").flat_map(|line| line.split(';')).map(str::trim);
    let value = pairs.find_map(|pair| pair.strip_prefix(COOKIE)?.strip_prefix('='));
    value.filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Parser;

    /// What a request shows, or none if that is refused.
    fn shows(query: &str, headers: &str) -> Option<String> {
        let text = format!("GET /ws?{query} HTTP/1.1\r\nHost: x\r\n{headers}\r\n");
        let request = Parser::default().feed(&Default::default(), &mut text.as_bytes());
        let request = request.unwrap().unwrap();
        shown(&request).ok().map(|shown| format!("{shown:?}"))
    }

    #[test]
    fn what_is_shown_on_purpose_wins_over_a_cookie() {
        let cookie = "Cookie: a=b; chinwag=c.c.c; chinwag=d\r\n";
        for (query, headers, what) in [
            ("", "", "None"),
            ("name=x", cookie, "Some(Cookie(\"c.c.c\"))"),
            ("", "Cookie: chinwag=\r\n", "None"),
            ("", "Cookie: xchinwag=a; chinwagx=b\r\n", "None"),
            ("", "Cookie: a=b\r\nCookie: chinwag=q\r\n", "Some(Cookie(\"q\"))"),
            ("token=a.b%2Ec", cookie, "Some(Token(\"a.b.c\"))"),
            ("token=garbage", "", "Some(Token(\"garbage\"))"),
            ("token=", "", "Some(Token(\"\"))"),
            ("", "Authorization: bearer  a.b.c \r\n", "Some(Token(\"a.b.c\"))"),
            ("", "Authorization: Bearer x-_1\r\n", "Some(Session(\"x-_1\"))"),
            ("", "Authorization: Bearer a.b\r\n", "Some(Session(\"a.b\"))"),
            ("", "Authorization: Basic eDp5\r\n", "None"),
        ] {
            assert_eq!(shows(query, headers).as_deref(), Some(what), "{query} {headers}");
        }
        for (query, headers) in [
            ("token=a&token=b", ""),
            ("token=a", "Authorization: Bearer b\r\n"),
            ("", "Authorization: Bearer a\r\nAuthorization: Bearer a\r\n"),
            ("", "Authorization: Bearer\r\n"),
            ("", "Authorization: Bearer \r\n"),
            ("", "Authorization: Digest a\r\n"),
            ("", "Authorization: \r\n"),
        ] {
            assert_eq!(shows(query, headers), None, "{query} {headers}");
        }
    }
}
