//! Whether a user is away, the text shown with it, and the hue of the user's picture.

use std::num::NonZeroU8;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A user's status.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Status {
    /// Whether it is away.
    pub away: bool,
    /// The text shown with it, empty for none.
    pub text: Arc<str>,
    /// The hue of its picture, 1 to 12; `None` if clients choose one.
    pub hue: Option<NonZeroU8>,
}

/// Returns the hue with this number, if there is one.
pub(in crate::chat) fn hue(number: u64) -> Option<NonZeroU8> {
    u8::try_from(number).ok().filter(|number| *number <= HUE_MAX).and_then(NonZeroU8::new)
}

/// The number of hues.
const HUE_MAX: u8 = 12;

impl Status {
    /// Returns the word of the protocol.
    pub fn word(&self) -> &'static str {
        if self.away { "away" } else { "online" }
    }

    /// Whether it says nothing but a hue.
    pub(in crate::chat) fn has_only_a_hue(&self) -> bool {
        !self.away && self.text.is_empty()
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
