//! Passwords, and their hashes: argon2id as PHC strings.

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{Error, PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use unicode_normalization::UnicodeNormalization as _;
use zeroize::{Zeroize as _, Zeroizing};

use super::limit::Limits;

/// A normalized password. Its memory is wiped when it is dropped.
///
/// Only its length is limited (NIST SP 800-63B §3.1.1.2). The same password typed on another
/// keyboard is the same password: spaces become U+0020 and letters are composed (RFC 8265 §4.2).
pub struct Password(Zeroizing<String>);

/// Why a text is refused as a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordFault {
    /// Fewer characters than this.
    TooShort(usize),
    /// More bytes than this.
    TooLong(usize),
}

/// A hash could not be computed or parsed: out of memory, or a damaged hash. Tells nothing about
/// the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failed;

impl Password {
    /// Returns a new password, to be hashed.
    pub fn new(text: String, limits: &Limits) -> Result<Self, PasswordFault> {
        let password = Self::entered(text, limits)?;
        if password.0.chars().count() < limits.password_chars_min {
            return Err(PasswordFault::TooShort(limits.password_chars_min));
        }
        Ok(password)
    }

    /// Returns a password to log in with. It may be shorter than a new one: the limit may have been
    /// lower when it was set.
    pub fn entered(mut text: String, limits: &Limits) -> Result<Self, PasswordFault> {
        let too_long = PasswordFault::TooLong(limits.password_bytes_max);
        // Before anything is computed.
        if text.len() > limits.password_bytes_max {
            text.zeroize();
            return Err(too_long);
        }
        if text.is_ascii() {
            return Ok(Self(Zeroizing::new(text)));
        }
        let text = Zeroizing::new(text);
        // Composed text is at most three times as long: it is not reallocated while it grows, which
        // would leave a copy in memory.
        let mut composed = Zeroizing::new(String::with_capacity(text.len().saturating_mul(3)));
        composed.extend(text.chars().map(ascii_space).nfc());
        if composed.len() > limits.password_bytes_max { Err(too_long) } else { Ok(Self(composed)) }
    }
}

/// Maps every space to U+0020.
fn ascii_space(c: char) -> char {
    match c {
        '\u{A0}' | '\u{1680}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}' => {
            ' '
        }
        c => c,
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

impl fmt::Display for PasswordFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort(chars) => write!(f, "password must have at least {chars} characters"),
            Self::TooLong(bytes) => write!(f, "password must have at most {bytes} bytes"),
        }
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the password cannot be hashed")
    }
}

/// Hashes a password; takes some ten milliseconds, so never call it on the reactor. `salt` must be
/// random.
pub fn hash(password: &Password, salt: [u8; 16], limits: &Limits) -> Result<Arc<str>, Failed> {
    let params = Params::new(
        memory_kib(limits),
        limits.password_passes,
        LANES,
        Some(Params::DEFAULT_OUTPUT_LEN),
    )
    .map_err(|_| Failed)?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let hash = argon2.hash_password_with_salt(password.0.as_bytes(), &salt).map_err(|_| Failed)?;
    Ok(hash.to_string().into())
}

/// Compares a password with a hash; takes as long as computing the hash.
pub(super) fn verify(password: &Password, hash: &str) -> Result<bool, Failed> {
    let hash = PasswordHash::new(hash).map_err(|_| Failed)?;
    let params = Params::try_from(&hash).map_err(|_| Failed)?;
    // Stored hashes can be damaged, or imported.
    let affordable = params.m_cost() <= MEMORY_KIB_MAX
        && params.t_cost() <= PASSES_MAX
        && params.p_cost() <= LANES_MAX;
    if hash.algorithm.as_str() != "argon2id" || !affordable || hash.hash.is_none() {
        return Err(Failed);
    }
    match Argon2::default().verify_password(password.0.as_bytes(), &hash) {
        Ok(()) => Ok(true),
        Err(Error::PasswordInvalid) => Ok(false),
        Err(_) => Err(Failed),
    }
}

/// Returns a hash without a password that takes as long to compare as a new one.
pub(super) fn dummy_hash(limits: &Limits) -> Arc<str> {
    let (memory, passes) = (memory_kib(limits), limits.password_passes);
    format!("$argon2id$v=19$m={memory},t={passes},p={LANES}${DUMMY_SALT}${DUMMY_OUTPUT}").into()
}

fn memory_kib(limits: &Limits) -> u32 {
    u32::try_from(limits.password_memory_bytes / 1024).unwrap_or(u32::MAX)
}

/// Lanes are computed one after another, so more bring nothing.
const LANES: u32 = 1;
const LANES_MAX: u32 = 16;
/// Argon2 memory in KiB at most, in settings and in hashes.
const MEMORY_KIB_MAX: u32 = 1024 * 1024;
/// Argon2 iterations at most, in settings and in hashes.
const PASSES_MAX: u32 = 16;
/// 16 and 32 zero bytes. A password for them is as hard to find as for any other hash.
const DUMMY_SALT: &str = "AAAAAAAAAAAAAAAAAAAAAA";
const DUMMY_OUTPUT: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

impl Limits {
    /// Range of [`Limits::password_memory_bytes`].
    pub const PASSWORD_MEMORY_BYTES: RangeInclusive<usize> =
        7 * 1024 * 1024..=MEMORY_KIB_MAX as usize * 1024;
    /// Range of [`Limits::password_passes`].
    pub const PASSWORD_PASSES: RangeInclusive<u32> = 1..=PASSES_MAX;

    /// Whether hashing costs at least what OWASP recommends, in any balance of memory and
    /// iterations: 46 MiB and 1, 19 MiB and 2, 12 MiB and 3, 9 MiB and 4, 7 MiB and 5.
    pub fn password_cost_suffices(&self) -> bool {
        let work = self.password_memory_bytes.saturating_mul(self.password_passes as usize);
        Self::PASSWORD_MEMORY_BYTES.contains(&self.password_memory_bytes)
            && Self::PASSWORD_PASSES.contains(&self.password_passes)
            && work >= 35 * 1024 * 1024
    }
}
