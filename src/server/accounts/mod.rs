//! Accounts: the callers of requests, logging in and out, and administration.
//!
//! [`crate::auth`] verifies passwords and tokens, [`crate::chat`] owns the accounts; this module
//! joins the two. A token is valid as long as its account exists, has kept its password since, and
//! has not logged out with it.
//!
//! ```text
//! request ─ caller ─┬─ login: register, log in ─▶ worker ─ password_jobs ─▶ chat ─▶ token, cookie
//!                   ├─ login: log out ──────────▶ revoked_tokens, journal, chat
//!                   └─ administration ──────────▶ worker, chat
//! ```

mod administration;
mod caller;
mod login;
mod logins;
mod own;
mod password_jobs;
mod revoked_tokens;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use super::Server;
use crate::auth::{
    self, Attempts, Busy, IdentityProvider, Password, PasswordWorker, SigningKey, SigningKeyError,
    Tokens,
};
use crate::chat::record::{AuthorKey, KeyValue, Namespace, RequestId, Snapshot};
use crate::chat::{ClientId, Code, Refusal};
use crate::clock::Now;
use crate::config::{Auth, Config, Data};
pub(super) use administration::{NewAccount, NewPassword, check_admin};
pub(super) use caller::Caller;
pub(super) use login::{Credentials, TokenIssued};
use logins::Logins;
pub(super) use own::{ListedLogins, OwnPassword};
use revoked_tokens::RevokedTokens;

/// The state of accounts that is not the chat's.
#[derive(Debug)]
pub(super) struct Accounts {
    auth: Auth,
    registration: bool,
    limits: auth::Limits,
    tokens: Tokens,
    passwords: PasswordWorker,
    attempts: Attempts,
    revoked: RevokedTokens,
    logins: Logins,
    /// The jobs of the password worker by id; the worker limits their number.
    password_jobs: HashMap<u64, PasswordJob>,
    last_job: u64,
    /// Requests that end a login, while that is being saved, by the number in their request id; and
    /// whether it is their own.
    logouts: HashMap<u32, (ClientId, bool)>,
    last_logout: u32,
}

/// A request whose password is being hashed or verified.
#[derive(Debug)]
struct PasswordJob {
    caller: ClientId,
    network: IpAddr,
    purpose: PasswordPurpose,
}

/// The purpose of a request's password.
#[derive(Debug)]
enum PasswordPurpose {
    /// To create an account for the caller, who may be the guest `own` of that name.
    Register { name: Box<str>, own: Option<AuthorKey> },
    /// To log in.
    LogIn { counted_as: Box<str>, author: Option<AuthorKey>, hash: Option<Arc<str>> },
    /// To create an account for another user.
    Add { name: Box<str>, admin: bool },
    /// To change the password of an account, and end its logins but perhaps one. If `proved` is the
    /// hash of its old password, it must still have that.
    SetPassword { name: Box<str>, kept: Option<[u8; 16]>, proved: Option<Arc<str>> },
    /// To prove the old password of an account, and then change it.
    Prove {
        counted_as: Box<str>,
        author: AuthorKey,
        hash: Option<Arc<str>>,
        login: [u8; 16],
        new: Password,
    },
}

/// Why accounts cannot be set up.
#[derive(Debug)]
pub enum Fault {
    /// The signing key cannot be read or created.
    Key(SigningKeyError),
    /// The keys of the external identity provider cannot be read.
    Outside(String),
    /// The password worker cannot be started.
    Worker(io::Error),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(error) => error.fmt(f),
            Self::Outside(error) => f.write_str(error),
            Self::Worker(error) => write!(f, "cannot start the password worker: {error}"),
        }
    }
}

impl Accounts {
    /// Sets accounts up. Takes the revoked logins out of the snapshot; also returns the key-value
    /// records to delete.
    pub(super) fn open(
        config: &Config,
        opening: &mut Snapshot,
        now_unix_s: u64,
        waker: impl Fn() + Send + Sync + 'static,
    ) -> Result<(Self, Vec<KeyValue>), Fault> {
        let limits = config.accounts.clone();
        let key = match &config.data {
            Data::Dir(dir) => SigningKey::open(dir, super::random()).map_err(Fault::Key)?,
            Data::None => SigningKey::ephemeral(super::random()),
        };
        let outside = config.identity_provider().map_err(Fault::Outside)?;
        let mut revoked = RevokedTokens::new(limits.logouts_max);
        opening.key_values.retain(|key_value| {
            key_value.namespace != Namespace::RevokedTokens || !revoked.restore(key_value)
        });
        let mut logins = Logins::new(limits.logins_listed_max);
        opening.key_values.retain(|key_value| {
            key_value.namespace != Namespace::Logins || !logins.restore(key_value)
        });
        let mut expired = revoked.prune(now_unix_s);
        let accounts = opening.key_values.iter().filter(|it| it.namespace == Namespace::Accounts);
        let accounts: HashSet<&str> = accounts.map(|it| &*it.key).collect();
        expired.extend(logins.prune(|author, record| {
            record.expires_s > now_unix_s && accounts.contains(&*author.to_hex())
        }));
        let accounts = Self {
            auth: config.auth,
            registration: config.registration,
            tokens: Tokens::new(&limits, &key, outside),
            passwords: PasswordWorker::start(&limits, waker).map_err(Fault::Worker)?,
            attempts: Attempts::new(&limits),
            limits,
            password_jobs: HashMap::new(),
            last_job: 0,
            logouts: HashMap::new(),
            last_logout: 0,
            revoked,
            logins,
        };
        Ok((accounts, expired))
    }

    /// Changes what can change while the server runs; `provider` has the keys read anew.
    pub(super) fn reload(&mut self, config: &Config, provider: Option<IdentityProvider>) {
        (self.auth, self.registration) = (config.auth, config.registration);
        self.limits = config.accounts.clone();
        self.tokens.reload(&self.limits, provider);
    }

    /// Whether any request waits for a password or a logout.
    pub(super) fn busy(&self) -> bool {
        self.passwords.busy() || !self.logouts.is_empty()
    }

    /// Submits a job to the password worker, or refuses it if the worker's queue is full.
    fn submit(
        &mut self,
        job: PasswordJob,
        submit: impl FnOnce(&mut PasswordWorker, u64, IpAddr) -> Result<(), Busy>,
    ) -> Result<(), Refusal> {
        self.last_job = self.last_job.wrapping_add(1);
        if submit(&mut self.passwords, self.last_job, job.network).is_err() {
            self.refund_attempt(&job);
            return Err(busy());
        }
        self.password_jobs.insert(self.last_job, job);
        Ok(())
    }

    /// Returns a login attempt to its bucket if it could not be carried out.
    fn refund_attempt(&mut self, job: &PasswordJob) {
        match &job.purpose {
            PasswordPurpose::LogIn { counted_as, .. }
            | PasswordPurpose::Prove { counted_as, .. } => {
                self.attempts.put_back(counted_as, job.network);
            }
            // A registration counts for its network only, and no account has an empty name.
            PasswordPurpose::Register { .. } => self.attempts.put_back("", job.network),
            PasswordPurpose::Add { .. } | PasswordPurpose::SetPassword { .. } => {}
        }
    }

    /// Adds a logout that is being saved. Its request id ends in [`u32::MAX`]; those of the chat end
    /// in the number of a slot.
    fn begin_logout(&mut self, caller: ClientId, own: bool) -> RequestId {
        self.last_logout = self.last_logout.wrapping_add(1);
        self.logouts.insert(self.last_logout, (caller, own));
        RequestId(u64::from(self.last_logout) << 32 | u64::from(u32::MAX))
    }

    /// Whether a request id is that of a logout.
    pub(super) fn is_logout(&self, request_id: RequestId) -> bool {
        logout_number(request_id).is_some_and(|number| self.logouts.contains_key(&number))
    }

    /// Removes a logout. Returns its caller, and whether it ended its own login.
    fn end_logout(&mut self, request_id: RequestId) -> Option<(ClientId, bool)> {
        self.logouts.remove(&logout_number(request_id)?)
    }
}

impl Server {
    /// Charges a network for a guess at a secret, as for a wrong password.
    pub(super) fn charge_guess(&mut self, now: Now, network: IpAddr) -> Result<(), Refusal> {
        let attempt = self.accounts.attempts.check_network(now.at, network);
        attempt.map_err(Refusal::rate_limited)
    }
}

/// Returns the number of a logout in its request id, `None` if the id is the chat's.
fn logout_number(request_id: RequestId) -> Option<u32> {
    let own = request_id.0 & u64::from(u32::MAX) == u64::from(u32::MAX);
    u32::try_from(request_id.0 >> 32).ok().filter(|_| own)
}

/// Returns the refusal of a request for which the password worker has no room.
fn busy() -> Refusal {
    Refusal::new(Code::Overloaded, "the server is busy; try again")
}

/// Returns the refusal of what needs accounts on a server without them.
fn no_accounts() -> Refusal {
    Refusal::new(Code::Forbidden, "this server has no accounts")
}
