//! Accounts' passwords and tokens.
//!
//! Whoever has an account shows it in one of two ways: once with a password, and from then on with
//! the token that was given for it. A password is worth guessing, so guesses are counted before
//! anything is computed ([`Attempts`]), and the computation, slow on purpose, is done by a thread
//! of its own behind a bounded queue ([`Passwords`]); it takes as long for a name that nobody has.
//! A token is a signed statement (JWT, RFC 7519) that anybody can carry and only the holder of a
//! key can make ([`Tokens`]). Two parties make them: this server, with a secret that never leaves
//! its directory ([`Key`]), and at most one outside identity provider, whose public keys lie in a
//! file ([`Outside`]). Each key has one algorithm and one issuer, both from the configuration; a
//! token only chooses among keys, and what its header says of keys elsewhere is not looked at.
//!
//! The key can do one thing more: whoever may read it can issue itself a token to administer the server
//! with, which is nobody's login.
//!
//! A token is good until it expires. What ends one earlier (a logout, an account removed) is kept
//! elsewhere by [`Claims::login`]; whether an account still exists is asked there too.
//!
//! # A login
//!
//! ```text
//! Password::given ── too long: refused
//! Attempts::check ── Err(wait): refused, nothing is computed
//! Passwords::verify(hash of the account, or None) ── Busy: Attempts::not_made, try again later
//!     Outcome::Verified → Attempts::success, Tokens::issue
//!     Outcome::Wrong    → refused in the same words, whether there is such an account or not
//!     Outcome::Failed   → Attempts::not_made, an error of ours
//! ```
//!
//! A registration is `Password::chosen`, `Attempts::check_network`, `Passwords::hash`.
//!
//! Time and randomness come from the caller. Neither passwords nor tokens ever stand in `Debug`.
//!
//! Why the tokens are read here and not by a library: the ones at hand read the machine's clock by
//! themselves, take a signature's algorithm from a list instead of from the key, and leave `nbf`,
//! `iss`, `crit` and `typ` to whoever remembers. What is left to do is to split a text at two dots.
//! The signatures are ring's.

#![cfg_attr(
    not(test),
    deny(clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::unwrap_used)
)]

mod attempts;
mod claims;
mod jose;
mod limit;
mod password;
mod pem;
mod provider;
mod signing_key;
mod token;
mod worker;

#[cfg(test)]
mod tests;

pub use attempts::Attempts;
pub use claims::{Claims, Subject};
pub use limit::Limits;
pub use password::{Failed, Password, PasswordFault, hash};
pub use provider::{Outside, OutsideError, Trust};
pub use signing_key::{Key, KeyError};
pub use token::{Fault, Login, Token, Tokens};
pub use worker::{Busy, Outcome, Passwords};

/// Names this server in its own tokens, as who made them and as who they are for.
pub const OWN_ISSUER: &str = "chinwag";

/// Names for whom a token is that lets its holder administer this server.
const OPERATORS: &str = "chinwag-admin";
