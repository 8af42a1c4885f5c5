//! Accounts, and requests about them, as plain values.

use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::chat::protocol::status::Status;
use crate::chat::record::AuthorKey;

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its author.
    pub author: AuthorKey,
    /// Its name.
    pub name: Arc<str>,
    /// The hash of its password; an account of another issuer has none.
    pub hash: Option<Arc<str>>,
    /// Whether it may moderate everywhere.
    pub admin: bool,
    /// Unix seconds; tokens issued before are invalid.
    pub since: u64,
    /// Where it was registered, if known.
    pub registered: Option<Registered>,
    /// Its status when it was last set.
    pub status: Status,
}

/// Where and when an account was registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    /// The network.
    pub network: IpAddr,
    /// Its stamp, comparable with those of sessions.
    pub at: u64,
}

/// A request about accounts; [`Effect::Respond`](crate::chat::Effect::Respond) answers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountRequest {
    /// Create an account.
    Add(Account),
    /// Register an account, perhaps for the guest of a session.
    Register(Account, Option<AuthorKey>),
    /// Change an account's password.
    SetHash {
        /// Its name.
        name: Box<str>,
        /// The hash of the password.
        hash: Arc<str>,
        /// The login that does not end.
        kept: Option<[u8; 16]>,
    },
    /// Remove an account.
    Remove {
        /// Its name.
        name: Box<str>,
    },
    /// List all accounts.
    List,
}
