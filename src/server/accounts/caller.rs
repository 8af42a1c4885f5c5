//! The identity behind a request: one function decides, for HTTP and WebSocket alike.
//!
//! A client presents a token in the query (`token=`), a token or a session key in `Authorization`,
//! or its browser sends a token in a cookie. An explicit credential must be valid. A browser sends
//! its cookie unasked, so an invalid one makes the caller a guest, who is told why.

use super::no_accounts;
use crate::auth::{Fault, Subject};
use crate::chat::record::AuthorKey;
use crate::chat::{Code, Credential, Login, Refusal};
use crate::clock::Now;
use crate::config::Auth;
use crate::http::{Method, Request};
use crate::server::Server;
use crate::server::operations::{ADMIN, USERS, is_below};

/// Name of the cookie that carries a browser's token.
pub(super) const COOKIE: &str = "chinwag";

/// The sender of a request, as far as its credential proves.
#[derive(Debug, Default)]
pub(in crate::server) struct Caller {
    /// The credential that the chat receives.
    pub(in crate::server) credential: Credential,
    /// Whether the sender may administer accounts.
    pub(in crate::server) admin: bool,
    /// Why the token in the cookie is not valid.
    pub(in crate::server) fault: Option<Refusal>,
}

/// A credential as presented, not verified.
#[derive(Debug, PartialEq, Eq)]
enum PresentedCredential<'a> {
    /// The key of a session.
    Session(&'a str),
    /// A token in the query or in `Authorization`.
    Token(Box<str>),
    /// A token in a cookie.
    Cookie(&'a str),
}

impl Server {
    /// Identifies the sender of a request, and refuses guests where a login is required.
    pub(in crate::server) fn caller(&self, now: Now, request: &Request) -> Result<Caller, Refusal> {
        let open = self.accounts.auth == Auth::Open;
        let mut caller = match presented(request)? {
            None => Caller::default(),
            Some(PresentedCredential::Session(key)) => {
                self.chat.of_session(key)?;
                Caller { credential: Credential::Session(key.into()), ..Caller::default() }
            }
            Some(PresentedCredential::Token(token))
                if self.is_operator_token(now, request, &token) =>
            {
                return Ok(Caller { admin: true, ..Caller::default() });
            }
            Some(PresentedCredential::Token(_) | PresentedCredential::Cookie(_)) if open => {
                Caller::default()
            }
            Some(PresentedCredential::Token(token)) => {
                Caller::from(self.verify_token(now, &token)?)
            }
            Some(PresentedCredential::Cookie(token)) => match self.verify_token(now, token) {
                Ok(login) => Caller::from(login),
                Err(fault) => Caller { fault: Some(fault), ..Caller::default() },
            },
        };
        if let Credential::Login(login) = &caller.credential {
            let account = self.chat.account(login.author);
            caller.admin = login.admin || account.is_some_and(|account| account.admin);
        } else if self.accounts.auth == Auth::Required && !is_login_route(request) {
            let needed = || Refusal::new(Code::AuthRequired, "log in first");
            return Err(caller.fault.unwrap_or_else(needed));
        }
        Ok(caller)
    }

    /// Returns the login of a token: it is valid while its account exists, has the same password and
    /// has not logged out with it.
    pub(in crate::server) fn verify_token(&self, now: Now, token: &str) -> Result<Login, Refusal> {
        if self.accounts.auth == Auth::Open {
            return Err(no_accounts());
        }
        let claims =
            self.accounts.tokens.verify(token, now.unix_ms / 1000).map_err(invalid_token)?;
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
        if self.accounts.revoked.contains(login.id) || (!outside && claims.issued_s < since) {
            return Err(Refusal::new(Code::Unauthorized, "this login has ended; log in again"));
        }
        Ok(login)
    }

    /// Whether a token was signed with the server's own key file; it is valid for
    /// administration only.
    fn is_operator_token(&self, now: Now, request: &Request, token: &str) -> bool {
        let removes_room =
            request.method == Method::Delete && request.path.starts_with("/api/rooms/");
        (removes_room || [USERS, ADMIN].iter().any(|top| is_below(&request.path, top)))
            && self.accounts.tokens.verify_operator_token(token, now.unix_ms / 1000).is_ok()
    }
}

impl From<Login> for Caller {
    fn from(login: Login) -> Self {
        Self { credential: Credential::Login(Box::new(login)), ..Self::default() }
    }
}

fn invalid_token(fault: Fault) -> Refusal {
    tracing::debug!(%fault, "token refused");
    Refusal::new(Code::Unauthorized, fault.reason())
}

/// Whether a request needs no login: it is about logging in, or a CORS preflight, which browsers
/// send without cookies.
fn is_login_route(request: &Request) -> bool {
    let routes = ["/api/register", "/api/login", "/api/logout"];
    routes.contains(&request.path.as_str()) || request.method == Method::Options
}

/// Finds the credential of a request; an explicit one takes precedence over a cookie.
fn presented(request: &Request) -> Result<Option<PresentedCredential<'_>>, Refusal> {
    let unauthorized = |message| Refusal::new(Code::Unauthorized, message);
    let in_query = form_urlencoded::parse(request.query.as_bytes())
        .filter(|(key, _)| key == "token")
        .map(|(_, token)| Ok(PresentedCredential::Token(token.into())));
    let in_headers =
        request.headers("authorization").filter(|value| !is_basic(value)).map(|value| {
            let key = bearer(value).ok_or_else(|| {
                unauthorized("Authorization: Bearer with a token or a session key is expected")
            })?;
            let is_token = key.bytes().filter(|byte| *byte == b'.').count() == 2;
            Ok(if is_token {
                PresentedCredential::Token(key.into())
            } else {
                PresentedCredential::Session(key)
            })
        });
    let mut explicit = in_query.chain(in_headers);
    let first = explicit.next().transpose()?;
    if explicit.next().is_some() {
        return Err(unauthorized("send one token, not several"));
    }
    Ok(first.or_else(|| cookie(request).map(PresentedCredential::Cookie)))
}

/// Returns the token of `Bearer TOKEN` (RFC 6750 §2.1).
fn bearer(value: &str) -> Option<&str> {
    let key = value.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    key.map(|(_, key)| key.trim()).filter(|key| !key.is_empty())
}

/// Whether a value of `Authorization` is meant for a proxy in front of us, which passed it on.
fn is_basic(value: &str) -> bool {
    value.split(' ').next().is_some_and(|scheme| scheme.eq_ignore_ascii_case("basic"))
}

/// Finds our cookie (RFC 6265 §4.2.1). The first of several is the most specific.
fn cookie(request: &Request) -> Option<&str> {
    let mut pairs = request.headers("cookie").flat_map(|line| line.split(';')).map(str::trim);
    let value = pairs.find_map(|pair| pair.strip_prefix(COOKIE)?.strip_prefix('='));
    value.filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Parser;

    /// Returns the credential of a request, `None` if it is refused.
    fn presents(query: &str, headers: &str) -> Option<String> {
        let text = format!("GET /ws?{query} HTTP/1.1\r\nHost: x\r\n{headers}\r\n");
        let request = Parser::default().feed(&Default::default(), &mut text.as_bytes());
        let request = request.unwrap().unwrap();
        presented(&request).ok().map(|credential| format!("{credential:?}"))
    }

    #[test]
    fn an_explicit_credential_wins_over_a_cookie() {
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
            assert_eq!(presents(query, headers).as_deref(), Some(what), "{query} {headers}");
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
            assert_eq!(presents(query, headers), None, "{query} {headers}");
        }
    }
}
