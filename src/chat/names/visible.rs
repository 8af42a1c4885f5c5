//! What can be seen of a text.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;
use unicode_script::{Script, ScriptExtension, UnicodeScript as _};

use super::Fault;

/// Trims and composes a name, and refuses unreadable ones.
pub(super) fn readable(requested: &str, bytes_max: usize) -> Result<String, Fault> {
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

/// Refuses combining marks of another script than their letter's, and a mark that is repeated at
/// once: few fonts show them, or show them apart (UTS #39 §5.4).
pub(super) fn check_marks(name: &str) -> Result<(), Fault> {
    let (mut base, mut before) = (None, None);
    for c in name.nfd() {
        if !is_combining_mark(c) {
            base = Some(c);
        } else if before == Some(c) || !base.is_some_and(|base| fits(c, base)) {
            return Err(format!("U+{:04X} cannot stand in a name like this", u32::from(c)));
        }
        before = Some(c);
    }
    Ok(())
}

/// Whether a combining mark belongs to the script of its base, or to no script.
fn fits(mark: char, base: char) -> bool {
    let (of_mark, of_base) = (mark.script_extension(), base.script_extension());
    // The marks of the Latin script belong to all scripts: Unicode lists only where they are
    // common, and Nivkh has a caron on Cyrillic letters.
    let is_general = mark.script() == Script::Inherited
        && (of_mark.is_inherited() || of_mark.contains_script(Script::Latin));
    let is_shared = |base: ScriptExtension| !base.is_common() && !base.is_inherited();
    is_general || (is_shared(of_base) && !of_mark.intersection(of_base).is_empty())
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
        // Placeholders, and what looks like the server's `*`.
        '\u{FFFC}' | '\u{FFFD}' | '\u{FE61}' | '\u{FF0A}' => false,
        _ => !(c.is_control() || c.is_whitespace() || invisible(c)),
    }
}

/// Whether a text has no visible character.
pub(in crate::chat) fn is_blank(text: &str) -> bool {
    // Private-use characters may have a glyph in the reader's font.
    let private = |c| matches!(c, '\u{E000}'..='\u{F8FF}' | '\u{F0000}'..='\u{10FFFF}');
    text.chars().all(|c| {
        // Most texts begin with one of these, and need no other look.
        !c.is_ascii_graphic()
            && (c.is_whitespace()
                || c.is_control()
                || matches!(c, '\u{FE0E}' | '\u{FE0F}')
                || (invisible(c) && !private(c)))
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
    fn marks_stand_on_letters_of_their_script_once() {
        for name in [
            "René",
            "Nguyễn Thị",
            "हिन्दी",
            "ไทย ก้าว",
            "עִבְרִית",
            "العَرَبِيَّة",
            "ـَ",
            "Ёж",
            "э\u{301}",
            "р\u{30C}",
            "ガキ\u{3099}",
            "ー\u{3099}",
            "i\u{307}\u{301}",
            "தமிழ்",
            "ខ្មែរ",
            "မြန်မာ",
            "བོད་ཡིག",
            "1\u{FE0F}\u{20E3}",
            "5\u{302}",
            "ᾧ",
        ] {
            assert_eq!(check_marks(name), Ok(()), "{name}");
        }
        for name in [
            "a\u{5B4}",
            "a\u{64E}",
            "a\u{651}",
            "i\u{5C1}m",
            "i\u{740}m",
            "a\u{93C}",
            "Bo\u{E31}b",
            "a\u{3099}",
            "漢\u{3099}",
            "a\u{483}",
            "я\u{5B4}",
            "ก\u{EB4}",
            "-\u{64E}",
            "1\u{93F}",
            "👍\u{5B4}",
            "a\u{301}\u{64E}",
            "é\u{301}",
            "a\u{307}\u{307}",
            "\u{64E}",
        ] {
            assert!(check_marks(name).is_err(), "{name:?}");
        }
    }
}
