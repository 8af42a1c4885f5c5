//! Names of users and rooms: which are valid, and when two are the same.
//!
//! A name is stored as written (trimmed, NFC) and compared by its folding. Invisible characters,
//! and those that change how other text is displayed, are refused, so that nobody can pass for
//! another user by adding them.

use std::sync::Arc;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;
use unicode_security::confusable_detection::skeleton;
use unicode_segmentation::UnicodeSegmentation as _;

use crate::chat::limits::Limits;
use crate::chat::record::RoomKey;

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
        // In the simple form, `*` is the server's own name.
        if name == "*" {
            return Err("this name is the server's".to_owned());
        }
        check_folded(&fold(&name))?;
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

/// Returns the two likenesses of a user's name: beside what [`fold`] does, letters that look alike
/// in any script become one (UTS #39 §4). Letters that differ in lower case may look alike in upper
/// case, so there is a likeness of each; two names are alike if they share one.
pub(in crate::chat) fn likeness(name: &str) -> [Box<str>; 2] {
    let folded = fold(name);
    // Most names are ASCII and need no table.
    if folded.is_ascii() && !folded.contains('%') {
        return [false, true].map(|capital| plain(&folded, capital));
    }
    [bare(&folded), bare(&folded.to_uppercase())]
}

/// Returns the skeleton of a name.
fn bare(name: &str) -> Box<str> {
    let once: String = skeleton(name).collect();
    // The skeleton of a lower-case letter may be an upper-case one, which has its own.
    skeleton(&fold(&once)).collect::<String>().into()
}

/// Returns the skeleton of lower-case ASCII letters, or of their upper case, without the tables.
fn plain(name: &str, capital: bool) -> Box<str> {
    let mut like = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '0' => like.push('o'),
            '1' | '|' => like.push('l'),
            'i' if capital => like.push('l'),
            'm' => like.push_str("rn"),
            '"' => like.push_str("''"),
            '`' => like.push('\''),
            c => like.push(c),
        }
    }
    like.into()
}

/// Whether two names look alike.
pub(in crate::chat) fn alike(a: &[Box<str>; 2], b: &[Box<str>; 2]) -> bool {
    a.iter().any(|key| b.contains(key))
}

/// Folds a name for comparison: by NFKC and case. The work is bounded for any input: a text too
/// long for a name is cut, and is then equal to no name.
pub(in crate::chat) fn fold(name: &str) -> Box<str> {
    let name = name.get(..name.floor_char_boundary(FOLDED_BYTES_MAX)).unwrap_or_default();
    if name.is_ascii() {
        return name.to_ascii_lowercase().into();
    }
    name.nfkc()
        .filter(|c| !matches!(c, '\u{FE0E}' | '\u{FE0F}'))
        // One more than a name may have.
        .take(FOLDED_CHARS_MAX.saturating_add(1))
        // Twice, because ß has no single capital and ς no capital of its own.
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .nfkc()
        .collect::<String>()
        .into()
}

/// Characters of a name after NFKC: U+FDFA alone becomes 18.
const FOLDED_CHARS_MAX: usize = 128;
/// Bytes of a text that are folded to find a name; every name is shorter.
const FOLDED_BYTES_MAX: usize = 2048;

/// Refuses a name that is much longer folded than it looks.
fn check_folded(folded: &str) -> Result<(), Fault> {
    if folded.chars().nth(FOLDED_CHARS_MAX).is_none() {
        return Ok(());
    }
    Err(format!("a name has at most {FOLDED_CHARS_MAX} characters once ligatures are written out"))
}

/// Trims and composes a name, and refuses unreadable ones.
fn readable(requested: &str, bytes_max: usize) -> Result<String, Fault> {
    let requested = requested.trim();
    if requested.is_empty() {
        return Err("a name has at least one character".to_owned());
    }
    // Composing may shorten a text, but not to a quarter.
    if requested.len() / 4 > bytes_max {
        return Err(format!("a name has at most {bytes_max} bytes"));
    }
    let name: String = requested.nfc().collect();
    let chars: Vec<char> = name.chars().collect();
    let mut marks = 0_u32;
    for (at, &c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| chars.get(at)).copied();
        let after = at.checked_add(1).and_then(|at| chars.get(at)).copied();
        marks = if is_combining_mark(c) { marks.saturating_add(1) } else { 0 };
        if !visible(c, before, after) || marks > MARKS_MAX || (marks > 0 && before.is_none()) {
            return Err(format!("U+{:04X} cannot stand in a name like this", u32::from(c)));
        }
    }
    Ok(name)
}

/// Combining marks on one letter; written languages need three.
const MARKS_MAX: u32 = 4;

/// Whether a character is visible and does not change the others.
fn visible(c: char, before: Option<char>, after: Option<char>) -> bool {
    match c {
        ' ' => before != Some(' '),
        // Zero width joiner: joins several emoji.
        '\u{200D}' => before.is_some_and(emoji_end) && after.is_some_and(emoji),
        // Variation selectors: a symbol as text or as emoji.
        '\u{FE0E}' | '\u{FE0F}' => {
            before.is_some_and(|c| emoji(c) || (c.is_ascii() && after == Some('\u{20E3}')))
        }
        '\u{FFFD}' => false,
        _ => !(c.is_control() || c.is_whitespace() || invisible(c)),
    }
}

/// Whether a text has no visible character.
pub(in crate::chat) fn is_blank(text: &str) -> bool {
    // Private-use characters may have a glyph in the reader's font.
    let private = |c| matches!(c, '\u{E000}'..='\u{F8FF}' | '\u{F0000}'..='\u{10FFFF}');
    text.chars().all(|c| {
        c.is_whitespace()
            || c.is_control()
            || matches!(c, '\u{FE0E}' | '\u{FE0F}')
            || (invisible(c) && !private(c))
    })
}

/// Whether a character is invisible, or changes the direction of others.
fn invisible(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}' | '\u{FE00}'..='\u{FE0D}'
        | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}'
        | '\u{1D173}'..='\u{1D17A}' | '\u{E000}'..='\u{F8FF}' | '\u{E0000}'..='\u{10FFFF}')
        || u32::from(c) & 0xFFFE == 0xFFFE
}

/// Whether a character may begin an emoji.
fn emoji(c: char) -> bool {
    matches!(c, '\u{A9}' | '\u{AE}' | '\u{203C}' | '\u{2049}' | '\u{2122}' | '\u{2139}'
        | '\u{2190}'..='\u{2BFF}' | '\u{3030}' | '\u{303D}' | '\u{3297}' | '\u{3299}'
        | '\u{1F000}'..='\u{1FAFF}')
}

/// Whether a character may be the last one of an emoji.
fn emoji_end(c: char) -> bool {
    emoji(c) || c == '\u{FE0F}'
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
            "a\u{FFFD}",
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
    fn a_text_without_visible_characters_is_blank() {
        for text in [
            "",
            " \n",
            "\u{200B}",
            "\u{2800}",
            "\u{3164}",
            "\u{AD}",
            "\u{FEFF}\u{200D} \u{2060}",
            "\u{FE0F}",
            "\u{E0041}",
            "\u{202E}\u{0}\u{7F}",
            "\u{115F}\u{FFA0}\u{17B4}\u{180E}",
        ] {
            assert!(is_blank(text), "{text:?}");
        }
        for text in [".", "\u{200B}a", "\u{E000}", "\u{FFFD}", "👍", "\u{301}", "ㅤx"] {
            assert!(!is_blank(text), "{text:?}");
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
    fn names_are_compared_by_what_they_look_like() {
        for (a, b) in [
            ("Alice", "aLICE"),
            ("Ａlice", "alice"),
            ("STRASSE", "straße"),
            ("ΣΊΣΥΦΟΣ", "σίσυφος"),
            ("ﬁn", "fin"),
            ("René", "Rene\u{301}"),
            ("❤", "❤\u{FE0F}"),
            ("K\u{212A}", "kk"),
        ] {
            assert_eq!(fold(a), fold(b), "{a} {b}");
        }
        assert_ne!(fold("Alice"), fold("Alicia"));
    }

    #[test]
    fn people_are_compared_by_what_their_names_look_like() {
        for (a, b) in [
            ("Alice", "aLICE"),
            ("Alice", "Аlicе"),
            ("paypal", "раураl"),
            ("Bob", "B0b"),
            ("scope", "ѕсоре"),
            ("Ωmega", "ωmega"),
            ("René", "Rene\u{301}"),
            ("Bill", "Bi1l"),
            ("TOM", "Torn"),
            ("Bob", "Вob"),
            ("Вова", "вова"),
            ("steve", "steνe"),
            ("Ian", "lan"),
        ] {
            assert!(alike(&likeness(a), &likeness(b)), "{a} {b}");
        }
        for (a, b) in [("Alice", "Alicia"), ("Bob-2", "Bob-3"), ("Bob-10", "Bob-12")] {
            assert!(!alike(&likeness(a), &likeness(b)), "{a} {b}");
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

    #[test]
    fn what_ascii_letters_look_like_is_what_the_tables_say() {
        let ascii = || (0x20..0x7F_u8).map(char::from).filter(|c| *c != '%');
        for (a, b) in ascii().flat_map(|a| ascii().map(move |b| (a, b))) {
            let name = format!("x{a}{b}x");
            let folded = fold(&name);
            assert_eq!(likeness(&name), [bare(&folded), bare(&folded.to_uppercase())], "{name}");
        }
        assert!(alike(&likeness("100%"), &likeness("lOO%")));
    }
}
