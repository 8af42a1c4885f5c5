//! Whether a user is away, and the text shown with it.

use std::sync::Arc;

/// What somebody says of being there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Whether it is away.
    pub away: bool,
    /// What it says about that, empty for nothing.
    pub text: Arc<str>,
}

impl Status {
    /// Returns the word of the protocol.
    pub fn word(&self) -> &'static str {
        if self.away { "away" } else { "online" }
    }

    /// Reads the word of the protocol.
    pub(in crate::chat) fn parse(word: &str) -> Option<bool> {
        match word {
            "away" => Some(true),
            "online" => Some(false),
            _ => None,
        }
    }
}
