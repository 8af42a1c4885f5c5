//! Random bytes of the operating system.

use ring::rand::{SecureRandom as _, SystemRandom};

/// Returns random bytes; ends the process if the system has none.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    if SystemRandom::new().fill(&mut bytes).is_err() {
        // A session key that can be guessed would be worse than no server.
        tracing::error!("the system provides no random bytes");
        std::process::abort();
    }
    bytes
}
