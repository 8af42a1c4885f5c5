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

/// Is a password as it is hashed. Its memory is wiped when it is dropped.
///
/// There are no rules but length (NIST SP 800-63B §3.1.1.2). The same password typed on another
/// keyboard is the same password: spaces become U+0020 and letters are composed (RFC 8265 §4.2).
pub struct Password(Zeroizing<String>);

/// Says why a text cannot be a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordFault {
    /// It has fewer characters than this.
    TooShort(usize),
    /// It has more bytes than this.
    TooLong(usize),
}

/// Says that no hash could be made or read: no memory, or no hash of ours. Whoever guesses learns
/// nothing from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failed;

impl Password {
    /// Takes a password that somebody chooses.
    pub fn chosen(text: String, limits: &Limits) -> Result<Self, PasswordFault> {
        let password = Self::given(text, limits)?;
        if password.0.chars().count() < limits.password_chars_min {
            return Err(PasswordFault::TooShort(limits.password_chars_min));
        }
        Ok(password)
    }

    /// Takes a password that somebody logs in with. It may be shorter than a new one: the limit may
    /// have been another one when it was chosen.
    pub fn given(mut text: String, limits: &Limits) -> Result<Self, PasswordFault> {
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
        // Composed text is at most three times as long; so nothing is moved while it grows, and no
        // copy is left behind.
        let mut composed = Zeroizing::new(String::with_capacity(text.len().saturating_mul(3)));
        composed.extend(text.chars().map(plain_space).nfc());
        if composed.len() > limits.password_bytes_max { Err(too_long) } else { Ok(Self(composed)) }
    }
}

/// Makes one of all spaces.
fn plain_space(c: char) -> char {
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
            Self::TooShort(chars) => write!(f, "a password has at least {chars} characters"),
            Self::TooLong(bytes) => write!(f, "a password has at most {bytes} bytes"),
        }
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the password cannot be hashed")
    }
}

/// Hashes a password at once: some ten milliseconds, and never on the reactor. The salt is 16 random
/// bytes.
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

/// Compares a password with a hash: takes as long as making the hash did.
pub(super) fn verify(password: &Password, hash: &str) -> Result<bool, Failed> {
    let hash = PasswordHash::new(hash).map_err(|_| Failed)?;
    let params = Params::try_from(&hash).map_err(|_| Failed)?;
    // What is kept can be damaged, or brought in from elsewhere.
    let bearable = params.m_cost() <= MEMORY_KIB_MAX
        && params.t_cost() <= PASSES_MAX
        && params.p_cost() <= LANES_MAX;
    if hash.algorithm.as_str() != "argon2id" || !bearable || hash.hash.is_none() {
        return Err(Failed);
    }
    match Argon2::default().verify_password(password.0.as_bytes(), &hash) {
        Ok(()) => Ok(true),
        Err(Error::PasswordInvalid) => Ok(false),
        Err(_) => Err(Failed),
    }
}

/// Gives a hash that no password has and that costs as much to compare as any made now.
pub(super) fn nobodys_hash(limits: &Limits) -> Arc<str> {
    let (memory, passes) = (memory_kib(limits), limits.password_passes);
    format!("$argon2id$v=19$m={memory},t={passes},p={LANES}${NOBODYS_SALT}${NOBODYS_OUTPUT}").into()
}

fn memory_kib(limits: &Limits) -> u32 {
    u32::try_from(limits.password_memory_bytes / 1024).unwrap_or(u32::MAX)
}

/// More would be computed one after the other.
const LANES: u32 = 1;
const LANES_MAX: u32 = 16;
/// Is the most memory that any password may take, as a setting and in a hash, in KiB.
const MEMORY_KIB_MAX: u32 = 1024 * 1024;
/// Is how often any password may go through that memory, as a setting and in a hash.
const PASSES_MAX: u32 = 16;
/// 16 and 32 bytes of zeros. To find a password for them is as hard as for any other hash.
const NOBODYS_SALT: &str = "AAAAAAAAAAAAAAAAAAAAAA";
const NOBODYS_OUTPUT: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

impl Limits {
    /// Is how much memory hashing one password may take.
    pub const PASSWORD_MEMORY_BYTES: RangeInclusive<usize> =
        7 * 1024 * 1024..=MEMORY_KIB_MAX as usize * 1024;
    /// Is how often it may go through that memory.
    pub const PASSWORD_PASSES: RangeInclusive<u32> = 1..=PASSES_MAX;

    /// Says whether hashing a password costs at least what OWASP recommends, in any balance of memory
    /// and passes: 46 MiB once, 19 MiB twice, 12 MiB three times, 9 MiB four times, 7 MiB five times.
    pub fn password_is_dear_enough(&self) -> bool {
        let work = self.password_memory_bytes.saturating_mul(self.password_passes as usize);
        Self::PASSWORD_MEMORY_BYTES.contains(&self.password_memory_bytes)
            && Self::PASSWORD_PASSES.contains(&self.password_passes)
            && work >= 35 * 1024 * 1024
    }
}
