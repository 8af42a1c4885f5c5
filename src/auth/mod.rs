//! Passwords and tokens of accounts.
//!
//! A client logs in with a password and from then on with the token it got for it. Attempts are
//! rate limited before anything is computed ([`Attempts`]); the hash, slow on purpose, is computed
//! by a worker thread behind a bounded queue ([`PasswordWorker`]), and takes as long for a name
//! without an account. A token is a signed JWT (RFC 7519, [`Tokens`]). Two parties issue them: this
//! server, with a secret that never leaves its directory ([`SigningKey`]), and at most one
//! [`IdentityProvider`], whose public keys are in a file. Each key has one algorithm and one issuer,
//! both from the configuration: a token only chooses among keys, and keys or links in its header
//! are ignored.
//!
//! Who can read the server's key can also issue an operator token, which administers the server and
//! belongs to no account.
//!
//! A token is valid until it expires. Logouts and removed accounts end it earlier; they are stored
//! by [`Claims::login`] and checked elsewhere.
//!
//! # A login
//!
//! ```text
//! Password::entered ── too long: refused
//! Attempts::check ── Err(wait): refused, nothing is computed
//! PasswordWorker::verify(hash of the account, or None) ── Busy: Attempts::put_back, try later
//!     Outcome::Verified → Attempts::on_success, Tokens::issue
//!     Outcome::Wrong    → refused in the same words, whether the account exists or not
//!     Outcome::Failed   → Attempts::put_back, an internal error
//! ```
//!
//! A registration is `Password::new`, `Attempts::check_network`, `PasswordWorker::hash`.
//!
//! Time and randomness come from the caller. `Debug` shows neither passwords nor tokens.
//!
//! Why no JWT library: those at hand read the clock by themselves, take the algorithm from a list
//! instead of from the key, and leave checking `nbf`, `iss`, `crit` and `typ` to the caller. What
//! remains is splitting a text at two dots; the signatures are ring's.

#![cfg_attr(
    not(test),
    deny(clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::unwrap_used)
)]

mod attempts;
mod claims;
mod jose;
mod jwks;
mod limit;
mod password;
mod pem;
mod provider;
mod public_key;
mod signing_key;
mod token;
mod worker;

#[cfg(test)]
mod tests;

pub use attempts::Attempts;
pub use claims::{Claims, Subject};
pub use limit::Limits;
pub use password::{Failed, Password, PasswordFault, hash};
pub use provider::{IdentityProvider, Trust};
pub use public_key::PublicKeyError;
pub use signing_key::{SigningKey, SigningKeyError};
pub use token::{Fault, Login, Token, Tokens};
pub use worker::{Busy, Outcome, PasswordWorker};

/// Issuer and audience of this server's own tokens.
pub const OWN_ISSUER: &str = "chinwag";

/// Audience of operator tokens.
const OPERATOR_AUDIENCE: &str = "chinwag-admin";
