//! Whether a user is away, and the text shown with it.

use std::sync::Arc;

/// A user's status.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Whether it is away.
    pub away: bool,
    /// The text shown with it, empty for none.
    pub text: Arc<str>,
}

impl Status {
    /// Returns the word of the protocol.
    pub fn word(&self) -> &'static str {
        if self.away { "away" } else { "online" }
    }

    /// Parses the word of the protocol.
    pub(in crate::chat) fn parse(word: &str) -> Option<bool> {
        match word {
            "away" => Some(true),
            "online" => Some(false),
            _ => None,
        }
    }
}
