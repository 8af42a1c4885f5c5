//! Names of users and rooms: which are valid, and when two are the same.
//!
//! A name is stored as written (trimmed, NFC) and compared by its folding. Invisible characters,
//! and those that change how other text is displayed, are refused, so that nobody can pass for
//! another user by adding them.

mod file;
mod hook;
mod index;
mod likeness;
mod visible;

use std::sync::Arc;

use unicode_segmentation::UnicodeSegmentation as _;

use self::likeness::FOLDED_CHARS_MAX;
use self::visible::{check_marks, readable};
use crate::chat::limits::Limits;
use crate::chat::record::RoomKey;
pub(in crate::chat) use file::file_name;
pub use hook::hook_of;
pub(in crate::chat) use hook::hook_sender;
pub(in crate::chat) use index::{ByText, NameIndex};
pub(in crate::chat) use likeness::{Likeness, fold};
pub(in crate::chat) use visible::is_blank;

/// The name of users without one.
pub(in crate::chat) const ANONYMOUS: &str = "Anonymous";

/// A valid name of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::chat) struct UserName(Arc<str>);

/// A valid name of a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::chat) struct RoomName {
    /// The name as written.
    pub(in crate::chat) name: Arc<str>,
    /// The folded name.
    pub(in crate::chat) key: RoomKey,
}

/// A sentence that says why a name is invalid.
pub(in crate::chat) type Fault = String;

impl UserName {
    /// Parses a name as written by a client.
    pub(in crate::chat) fn parse(requested: &str, limits: &Limits) -> Result<Self, Fault> {
        let (chars, bytes) = (limits.name_graphemes_max, limits.name_bytes_max);
        let name = readable(requested, bytes)?;
        if name.graphemes(true).count() > chars || name.len() > bytes {
            return Err(format!("a name has at most {chars} characters and {bytes} bytes"));
        }
        check_marks(&name)?;
        check_folded(&fold(&name))?;
        // In the simple form, `*` is the server's own name.
        if Likeness::of(&name).by_letter.iter().any(|like| &**like == "*") {
            return Err("this name is the server's".to_owned());
        }
        if hook::is_like_hook(&name) {
            return Err("this name is one of a hook".to_owned());
        }
        Ok(Self(name.into()))
    }

    /// Returns the name of users without one.
    pub(in crate::chat) fn anonymous() -> Self {
        Self(ANONYMOUS.into())
    }

    /// Wraps a name that was checked before.
    pub(in crate::chat) fn known(name: &str) -> Self {
        Self(name.into())
    }

    /// Whether a room with this name would have a key.
    pub(in crate::chat) fn folds_to(&self, key: &str) -> bool {
        *fold(self.0.trim()) == *key
    }

    /// Returns the name.
    pub(in crate::chat) fn as_arc(&self) -> &Arc<str> {
        &self.0
    }

    /// Returns the name, shortened so that `-99999` can be appended.
    pub(in crate::chat) fn base(&self, limits: &Limits) -> &str {
        const NUMBER: usize = "-99999".len();
        let bytes = limits.name_bytes_max.saturating_sub(NUMBER).max(1);
        let chars = limits.name_graphemes_max.saturating_sub(NUMBER).max(1);
        let mut end = 0;
        for (at, grapheme) in self.0.grapheme_indices(true).take(chars) {
            match at.checked_add(grapheme.len()) {
                Some(next) if next <= bytes => end = next,
                _ => break,
            }
        }
        self.0.get(..end).unwrap_or_default()
    }

    /// Returns the name with a number.
    pub(in crate::chat) fn numbered(&self, number: u32, limits: &Limits) -> Self {
        Self(format!("{}-{number}", self.base(limits)).into())
    }
}

impl RoomName {
    /// Parses a name as written by a client.
    pub(in crate::chat) fn parse(requested: &str, limits: &Limits) -> Result<Self, Fault> {
        let bytes = limits.room_bytes_max;
        let name = readable(requested, bytes)?;
        if name.len() > bytes {
            return Err(format!("a room's name has at most {bytes} bytes"));
        }
        let key = fold(&name);
        check_folded(&key)?;
        // Folding may produce these characters, and keys are told apart by them.
        if key.starts_with('@') || key.contains('/') {
            return Err("a room's name has no / and no @ at its beginning".to_owned());
        }
        Ok(Self { key: key.into(), name: name.into() })
    }
}

impl Limits {
    /// Whether a key is the lobby's.
    pub(in crate::chat) fn is_lobby(&self, key: &str) -> bool {
        UserName::known(&self.lobby).folds_to(key)
    }

    /// Returns why the lobby's name is invalid, if it is.
    pub fn lobby_fault(&self) -> Option<String> {
        RoomName::parse(&self.lobby, self).err()
    }
}

/// Refuses a name that is much longer folded than it looks.
fn check_folded(folded: &str) -> Result<(), Fault> {
    if folded.chars().nth(FOLDED_CHARS_MAX).is_none() {
        return Ok(());
    }
    Err(format!("a name has at most {FOLDED_CHARS_MAX} characters once ligatures are written out"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(requested: &str) -> Option<String> {
        UserName::parse(requested, &Limits::default()).ok().map(|name| name.0.to_string())
    }

    #[test]
    fn a_name_is_trimmed_and_composed() {
        assert_eq!(user("  Alice B\t").as_deref(), Some("Alice B"));
        assert_eq!(user("Rene\u{301}").as_deref(), Some("René"));
        assert_eq!(user("<img src=x>").as_deref(), Some("<img src=x>"));
        assert_eq!(user("Ω Ж 漢字 עברית हिन्दी ไทย").as_deref(), Some("Ω Ж 漢字 עברית हिन्दी ไทย"));
    }

    #[test]
    fn a_name_ends_at_32_graphemes_and_128_bytes() {
        assert!(user(&"x".repeat(32)).is_some());
        assert!(user(&"x".repeat(33)).is_none());
        assert!(user(&"e\u{301}".repeat(32)).is_some());
        assert!(user(&"👨‍👩‍👧".repeat(7)).is_some());
        assert!(user(&"👨‍👩‍👧".repeat(8)).is_none());
        assert!(user(&"x".repeat(60_000)).is_none());
    }

    #[test]
    fn invisible_characters_are_refused_in_names() {
        for name in [
            "",
            "  ",
            "a\0b",
            "a\nb",
            "a\u{7F}",
            "a\u{85}b",
            "a\u{202E}b",
            "a\u{2066}b",
            "a\u{200B}b",
            "a\u{200D}b",
            "a\u{200C}b",
            "a\u{FEFF}b",
            "a\u{AD}b",
            "a\u{61C}b",
            "a\u{3164}b",
            "a\u{2800}b",
            "a\u{FE0F}",
            "a\u{E0041}",
            "a\u{FFFC}",
            "a\u{FFFD}",
            "\u{FF0A}",
            "a\u{FF0A}",
            "a\u{FE61}",
            "\u{2217}",
            "a\u{34F}b",
            "a\u{34F}\u{301}",
            "a\u{FE00}",
            "漢\u{E0100}",
            "a\u{180B}",
            "a\u{FFFF}",
            "a\u{E000}",
            "a\u{A0}b",
            "a  b",
            "\u{301}a",
            "a\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}",
            "*",
            "👩\u{200D}",
            "\u{200D}👩",
        ] {
            assert_eq!(user(name), None, "{name:?}");
        }
    }

    #[test]
    fn joiners_and_selectors_may_stand_in_emoji() {
        for name in ["👩‍💻", "❤️", "👩‍❤️‍👩", "1️⃣", "👍🏽", "🏳️‍🌈", "🇩🇪"]
        {
            assert_eq!(user(name).as_deref(), Some(name));
        }
    }

    #[test]
    fn a_number_fits_into_every_name() {
        let limits = Limits::default();
        let number = |name: &str| UserName::known(name).numbered(12, &limits).0.to_string();
        assert_eq!(number("Alice"), "Alice-12");
        assert_eq!(number(&"x".repeat(32)), format!("{}-12", "x".repeat(26)));
        assert_eq!(number(&"👨‍👩‍👧".repeat(7)), format!("{}-12", "👨‍👩‍👧".repeat(6)));
    }

    #[test]
    fn room_names_allow_less_than_user_names() {
        let room = |requested: &str| RoomName::parse(requested, &Limits::default());
        let dev = room(" Dev ").unwrap();
        assert_eq!((&*dev.name, &*dev.key), ("Dev", "dev"));
        for name in ["", "@Bob", "a/b", "/", "a\u{200B}", &"x".repeat(65)] {
            assert!(room(name).is_err(), "{name:?}");
        }
        for name in ["..", "__proto__", "constructor", "'; drop table", "👍", &"x".repeat(64)] {
            assert!(room(name).is_ok(), "{name:?}");
        }
    }
}
