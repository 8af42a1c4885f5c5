//! The login that a token proves. Tokens are verified outside the chat.

use crate::chat::record::AuthorKey;

/// A login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// The author of the account.
    pub author: AuthorKey,
    /// The account's name; ignored for an account of this server.
    pub name: Box<str>,
    /// Whether it is an admin; ignored for an account of this server.
    pub admin: bool,
    /// Its id, by which it can be revoked.
    pub id: [u8; 16],
    /// Unix milliseconds at which it expires.
    pub expires: u64,
    /// Whether the token is of another issuer: then the account is created when first seen.
    pub outside: bool,
}
