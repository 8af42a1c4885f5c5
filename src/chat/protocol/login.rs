//! What a token proves. Whether it does is found out before the chat hears of it.

use crate::chat::record::AuthorKey;

/// Who somebody is, and until when that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// The author the account stands for.
    pub author: AuthorKey,
    /// What the account is called; for one of this server, its record knows better.
    pub name: Box<str>,
    /// Whether it may moderate everywhere; for one of this server, its record knows better.
    pub admin: bool,
    /// Names the login, so that it can be ended.
    pub id: [u8; 16],
    /// Unix milliseconds at which it ends.
    pub expires: u64,
    /// Whether the token is of another issuer: then the account is made when it is first seen.
    pub outside: bool,
}
