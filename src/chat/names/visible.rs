//! What can be seen of a text.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

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
}
