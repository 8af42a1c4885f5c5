//! Where accounts and chat meet: who sends a request, and what becomes of passwords and tokens.
//!
//! [`crate::auth`] says what a password or a token proves, [`crate::chat`] which accounts there are.
//! Here the two are held against each other: a token is good as long as its account exists, has had no
//! other password since, and has not logged out with it.
//!
//! ```text
//! request ─ who ─┬─ door: register, log in ─▶ passwords ─ outcome ─▶ chat ─▶ token, cookie
//!                ├─ door: log out ──▶ revoked, journal, chat
//!                └─ users ──────────▶ passwords, chat
//! ```

mod administration;
mod caller;
mod login;
mod password_jobs;
mod revoked_tokens;

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use crate::auth::{self, Attempts, Busy, PasswordWorker, SigningKey, SigningKeyError, Tokens};
use crate::chat::record::{AuthorKey, KeyValue, Namespace, RequestId, Snapshot};
use crate::chat::{ClientId, Code, Refusal};
use crate::config::{Auth, Config, Data};
pub(super) use administration::USERS;
pub(super) use caller::Caller;
use revoked_tokens::Revoked;

/// All there is to accounts beside the chat.
#[derive(Debug)]
pub(super) struct Accounts {
    auth: Auth,
    registration: bool,
    limits: auth::Limits,
    tokens: Tokens,
    passwords: PasswordWorker,
    attempts: Attempts,
    revoked: Revoked,
    /// Requests whose passwords are being worked on, by the number of the job; no more than the
    /// worker takes.
    waiting: HashMap<u64, Waiting>,
    /// The number of the last job.
    job: u64,
    /// Requests whose logout is being kept, by the number of the order.
    leaving: HashMap<u32, ClientId>,
    /// The number of the last such order.
    left: u32,
}

/// A request that waits for a password to be worked on.
#[derive(Debug)]
struct Waiting {
    caller: ClientId,
    network: IpAddr,
    errand: Errand,
}

/// What a password is worked on for.
#[derive(Debug)]
enum Errand {
    /// Somebody makes an account, perhaps a guest that has the name.
    Register { name: Box<str>, own: Option<AuthorKey> },
    /// Somebody logs in.
    LogIn { counted_as: Box<str>, author: Option<AuthorKey>, hash: Option<Arc<str>> },
    /// Somebody who may makes an account for somebody.
    Add { name: Box<str>, admin: bool },
    /// Somebody who may gives an account another password.
    SetPassword { name: Box<str> },
}

/// Why there is nothing that accounts need.
#[derive(Debug)]
pub enum Fault {
    /// There is no key.
    Key(SigningKeyError),
    /// The keys of the outside identity provider cannot be read.
    Outside(String),
    /// The worker cannot be started.
    Worker(io::Error),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(error) => error.fmt(f),
            Self::Outside(error) => f.write_str(error),
            Self::Worker(error) => write!(f, "cannot start the thread for passwords: {error}"),
        }
    }
}

impl Accounts {
    /// Gets ready for the accounts of a journal that is open. What was revoked is taken out of the
    /// opening; gives the facts that can be forgotten.
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
        let mut revoked = Revoked::new(limits.logouts_max);
        opening.key_values.retain(|key_value| {
            key_value.namespace != Namespace::RevokedTokens || !revoked.restore(key_value)
        });
        let expired = revoked.prune(now_unix_s);
        let accounts = Self {
            auth: config.auth,
            registration: config.registration,
            tokens: Tokens::new(&limits, &key, outside),
            passwords: PasswordWorker::start(&limits, waker).map_err(Fault::Worker)?,
            attempts: Attempts::new(&limits),
            limits,
            waiting: HashMap::new(),
            job: 0,
            leaving: HashMap::new(),
            left: 0,
            revoked,
        };
        Ok((accounts, expired))
    }

    /// Whether any request still waits.
    pub(super) fn busy(&self) -> bool {
        self.passwords.busy() || !self.leaving.is_empty()
    }

    /// Has a password worked on for a request.
    fn submit(
        &mut self,
        waiting: Waiting,
        work: impl FnOnce(&mut PasswordWorker, u64) -> Result<(), Busy>,
    ) -> Result<(), Refusal> {
        self.job = self.job.wrapping_add(1);
        let job = self.job;
        if work(&mut self.passwords, job).is_err() {
            self.not_made(&waiting);
            return Err(busy());
        }
        self.waiting.insert(job, waiting);
        Ok(())
    }

    /// Gives back what was taken for an attempt that could not be made.
    fn not_made(&mut self, waiting: &Waiting) {
        match &waiting.errand {
            Errand::LogIn { counted_as, .. } => {
                self.attempts.put_back(counted_as, waiting.network);
            }
            // No name is empty, so only the network's is given back.
            Errand::Register { .. } => self.attempts.put_back("", waiting.network),
            Errand::Add { .. } | Errand::SetPassword { .. } => {}
        }
    }

    /// Numbers an order to keep a logout, apart from those of the chat, which end in the number of a
    /// slot.
    fn number(&mut self, caller: ClientId) -> RequestId {
        self.left = self.left.wrapping_add(1);
        self.leaving.insert(self.left, caller);
        RequestId(u64::from(self.left) << 32 | u64::from(u32::MAX))
    }

    /// Whether an order is to keep a logout.
    pub(super) fn awaits(&self, request_id: RequestId) -> bool {
        number_of(request_id).is_some_and(|number| self.leaving.contains_key(&number))
    }

    /// Finds the request whose logout an order was to keep.
    fn take(&mut self, request_id: RequestId) -> Option<ClientId> {
        self.leaving.remove(&number_of(request_id)?)
    }
}

/// Returns the number of an order that the chat knows nothing of.
fn number_of(request_id: RequestId) -> Option<u32> {
    let own = request_id.0 & u64::from(u32::MAX) == u64::from(u32::MAX);
    u32::try_from(request_id.0 >> 32).ok().filter(|_| own)
}

fn busy() -> Refusal {
    Refusal::new(Code::Overloaded, "the server is busy; try again")
}
