//! Accounts as clients of the server see them, and what can be asked about them.

use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::chat::record::AuthorKey;

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// By what the record knows it.
    pub author: AuthorKey,
    /// Its name.
    pub name: Arc<str>,
    /// The hash of its password; an account of another issuer has none.
    pub hash: Option<Arc<str>>,
    /// Whether it may moderate everywhere.
    pub admin: bool,
    /// Unix seconds: tokens from before hold no more.
    pub since: u64,
    /// Where it was registered, if that is known.
    pub registered: Option<Registered>,
}

/// Where and when an account was registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    /// The network.
    pub network: IpAddr,
    /// Unix milliseconds, as sessions are stamped.
    pub at: u64,
}

/// What is asked about accounts; [`Effect::Respond`](crate::chat::Effect::Respond) answers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountRequest {
    /// To make an account.
    Add(Account),
    /// To make an account for a stranger, or for the guest of a session.
    Register(Account, Option<AuthorKey>),
    /// To give an account another password.
    SetHash {
        /// Its name.
        name: Box<str>,
        /// The hash of the password.
        hash: Arc<str>,
    },
    /// To remove an account.
    Remove {
        /// Its name.
        name: Box<str>,
    },
    /// For all accounts.
    List,
}
