//! When two names are the same: by folding, and by what they look like.

use unicode_normalization::UnicodeNormalization as _;
use unicode_security::confusable_detection::skeleton;

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
pub(super) const FOLDED_CHARS_MAX: usize = 128;
/// Bytes of a text that are folded to find a name; every name is shorter.
const FOLDED_BYTES_MAX: usize = 2048;

#[cfg(test)]
mod tests {
    use super::*;

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
