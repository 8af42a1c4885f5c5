//! `/api/users`: accounts as those see them who may administer the server.

use serde::Deserialize;

use super::{Caller, Errand, Waiting, login};
use crate::auth::Password;
use crate::chat::{AccountRequest, Code, Credential, Refusal, Request as Command};
use crate::http::{Method, Request};
use crate::net::{ConnId, Turn};
use crate::server::api::{Gives, Instead, decoded, network, only, read_body};
use crate::server::{Server, client, random};

/// The body that makes an account.
#[derive(Deserialize)]
struct Young {
    name: String,
    password: String,
    #[serde(default)]
    admin: bool,
}

/// The body that gives an account another password.
#[derive(Deserialize)]
struct Change {
    password: String,
}

impl Server {
    /// Reads what is asked about accounts; what needs a hash first is asked later.
    pub(in crate::server) fn users(
        &mut self,
        turn: &Turn<'_>,
        conn: ConnId,
        request: &Request,
        who: &Caller,
    ) -> Result<Option<Command>, Instead> {
        let rest = request.path.strip_prefix(USERS).unwrap_or_default();
        let mut parts = rest.split('/').skip(1);
        let place = (parts.next(), parts.next(), parts.next());
        let allowed = match place {
            (None, ..) => "GET, HEAD, POST",
            (Some(_), None, _) => "DELETE",
            (Some(_), Some("password"), None) => "POST",
            _ => return Err(Instead::nothing()),
        };
        only(allowed, request)?;
        check(who)?;
        let name = place.0.map(decoded).transpose()?;
        let registry = match (name, request.method) {
            (None, Method::Post) => {
                let Young { name, password, admin } = read_body(request)?;
                self.chat.check_registration(&name, None)?;
                let errand = Errand::Add { name: name.into(), admin };
                self.expect(client(conn), Gives::Created);
                return self.hash(turn, conn, password, errand).map(|()| None);
            }
            (None, _) => AccountRequest::List,
            (Some(name), Method::Post) => {
                let Change { password } = read_body(request)?;
                if self.chat.account_named(&name).is_none() {
                    return Err(Refusal::new(Code::NoSuchUser, "there is no such account").into());
                }
                return self
                    .hash(turn, conn, password, Errand::SetPassword { name })
                    .map(|()| None);
            }
            (Some(name), _) => AccountRequest::Remove { name },
        };
        Ok(Some(Command::AccountRequest(Box::new(registry))))
    }

    fn hash(
        &mut self,
        turn: &Turn<'_>,
        conn: ConnId,
        password: String,
        errand: Errand,
    ) -> Result<(), Instead> {
        let password = Password::new(password, &self.accounts.limits).map_err(login::unfit)?;
        let (caller, network) = (client(conn), network(turn, conn));
        let (salt, waiting) = (random(), Waiting { caller, network, errand });
        let submitted = self.accounts.submit(waiting, |it, job| it.hash(job, password, salt));
        submitted.map_err(Instead::from)
    }
}

/// Where all accounts are; one is below it.
pub(in crate::server) const USERS: &str = "/api/users";

/// Lets in only those who may administer accounts.
fn check(who: &Caller) -> Result<(), Refusal> {
    let message = "only administrators may do this";
    match &who.speaker {
        _ if who.admin => Ok(()),
        Credential::Login(_) => Err(Refusal::new(Code::Forbidden, message)),
        Credential::Nobody | Credential::Session(_) => {
            Err(Refusal::new(Code::AuthRequired, message))
        }
    }
}
