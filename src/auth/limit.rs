//! What accounts may cost, and what happens at each limit.

use std::time::Duration;

/// Every limit of passwords and tokens; all of them are settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Characters that a new password has at least; fewer: [`PasswordFault::TooShort`].
    ///
    /// [`PasswordFault::TooShort`]: super::PasswordFault::TooShort
    pub password_chars_min: usize,
    /// Bytes that a password has at most; more: [`PasswordFault::TooLong`].
    ///
    /// [`PasswordFault::TooLong`]: super::PasswordFault::TooLong
    pub password_bytes_max: usize,
    /// Passwords that wait to be hashed or compared; more: [`Busy`](super::Busy).
    pub password_jobs_max: usize,
    /// Memory that hashing one password takes, a multiple of 1 KiB. Only one is hashed at a time.
    pub password_memory_bytes: usize,
    /// Passes of the hash over that memory.
    pub password_passes: u32,
    /// Failed logins to one account from one network that may come at once; more: wait.
    pub login_burst: u32,
    /// Time after which one more may come.
    pub login_every: Duration,
    /// Failed logins and registrations from one network that may come at once; more: wait. A correct
    /// login counts a tenth.
    pub login_network_burst: u32,
    /// Time after which one more may come.
    pub login_network_every: Duration,
    /// Networks, and pairs of account and network, whose failures are remembered. At the limit
    /// whoever is not among them waits until one of them has rested: forgetting would be a way to
    /// guess on.
    pub login_records_max: usize,
    /// Logouts of one account that are remembered until its tokens expire; more are refused.
    pub logouts_max: usize,
    /// Logins of one account that are listed; above: the oldest is not.
    pub logins_listed_max: usize,
    /// Bans from the whole server; at the limit no more are added.
    pub server_bans_max: usize,
    /// The life of a token of this server.
    pub token_life: Duration,
    /// Bytes of a token; more: refused unread.
    pub token_bytes_max: usize,
    /// The tolerated error of the identity provider's clock.
    pub leeway: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            password_chars_min: 8,
            password_bytes_max: 1024,
            password_jobs_max: 64,
            password_memory_bytes: 19 * 1024 * 1024,
            password_passes: 2,
            login_burst: 5,
            login_every: Duration::from_secs(30),
            login_network_burst: 20,
            login_network_every: Duration::from_secs(3),
            login_records_max: 50_000,
            logouts_max: 1000,
            logins_listed_max: 100,
            server_bans_max: 1000,
            token_life: Duration::from_secs(30 * 24 * 60 * 60),
            token_bytes_max: 8 * 1024,
            leeway: Duration::from_secs(30),
        }
    }
}
