//! Random bytes of the operating system.

/// Returns random bytes; ends the process if the system has none.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    if let Err(error) = getrandom::fill(&mut bytes) {
        // A session key that can be guessed would be worse than no server.
        tracing::error!(%error, "the system provides no random bytes");
        std::process::abort();
    }
    bytes
}
