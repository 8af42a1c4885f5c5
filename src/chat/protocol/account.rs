//! Accounts as clients of the server see them, and what can be asked about them.

use std::sync::Arc;

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
    /// Whether it may keep order everywhere.
    pub admin: bool,
    /// Unix seconds: tokens from before hold no more.
    pub since: u64,
}

/// What is asked about accounts; [`Effect::Respond`](crate::chat::Effect::Respond) answers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountRequest {
    /// To make an account.
    Add(Account, Option<AuthorKey>),
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
