//! UTF-8 validation of text as it arrives (§8.1): a bad byte is found at once.

use simdutf8::compat;

use super::violation::Violation;

/// The validation state of a growing payload.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Utf8 {
    /// `valid` ≤ the payload's length, by at most 3 bytes: those of an unfinished code point.
    valid: usize,
}

impl Utf8 {
    /// Validates what was appended to `payload` since the last call. An incomplete code point passes.
    pub(super) fn check(&mut self, payload: &[u8]) -> Result<(), Violation> {
        let added = payload.get(self.valid..).unwrap_or_default();
        let good = match compat::from_utf8(added) {
            Ok(text) => text.len(),
            Err(fault) if fault.error_len().is_none() => fault.valid_up_to(),
            Err(_) => return Err(Violation::InvalidUtf8),
        };
        self.valid = self.valid.saturating_add(good);
        Ok(())
    }
}
