//! Texts and queries made comparable, and cut into tokens, in any script.
//!
//! Compatible forms and case are one (NFKC, full case folding). Combining marks do not count on
//! Latin, Greek and Cyrillic letters, nor do variation selectors anywhere. Whatever changes here,
//! or in the tables of the crates it uses, has to change [`folding`], for the index on disk holds
//! folded text.

use caseless::Caseless as _;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;
use unicode_script::{Script, UnicodeScript as _};

/// The kind of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A word of a script with spaces between words.
    Word,
    /// One character of a script without.
    Dense,
    /// One character that is part of names (`c++`, `c#`), or shows something.
    Sign,
}

/// Returns a name for this way of folding.
pub(super) fn folding() -> String {
    let std = char::UNICODE_VERSION;
    let norm = unicode_normalization::UNICODE_VERSION;
    let (case, script) = (caseless::UNICODE_VERSION, unicode_script::UNICODE_VERSION);
    format!("1 {std:?} {norm:?} {case:?} {script:?}")
}

/// Folds a text.
pub(super) fn fold(text: &str) -> String {
    if text.is_ascii() {
        let plain = |c: char| if c.is_ascii_whitespace() { ' ' } else { c.to_ascii_lowercase() };
        return text.chars().map(plain).collect();
    }
    let mut bare = false;
    text.nfkc()
        .default_case_fold()
        .nfkd()
        .filter(|&c| {
            if is_combining_mark(c) {
                return !(bare || is_ignored(c));
            }
            bare = matches!(c.script(), Script::Latin | Script::Greek | Script::Cyrillic);
            !is_ignored(c)
        })
        .nfc()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .collect()
}

/// Cuts a folded text into tokens. What is between them separates.
pub(super) fn tokens(folded: &str) -> impl Iterator<Item = (&str, Kind)> {
    let mut rest = folded;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c| !is_token_char(c));
        let first = rest.chars().next()?;
        let (end, kind) = match first {
            _ if !is_word_char(first) => (first.len_utf8(), Kind::Sign),
            _ if is_dense(first) => (first.len_utf8(), Kind::Dense),
            _ => {
                let end = rest.find(|c| !is_word_char(c) || is_dense(c)).unwrap_or(rest.len());
                (end, Kind::Word)
            }
        };
        let (token, after) = rest.split_at_checked(end)?;
        rest = after;
        Some((token, kind))
    })
}

/// Whether a character is part of a token.
pub(super) fn is_token_char(c: char) -> bool {
    is_word_char(c) || is_sign(c)
}

/// Whether a character is part of a word.
pub(super) fn is_word_char(c: char) -> bool {
    // Most texts are plain, and the tables of marks are searched for each space.
    if c.is_ascii() {
        return c.is_ascii_alphanumeric();
    }
    c.is_alphanumeric() || is_combining_mark(c)
}

/// Whether a character belongs to a script that has no spaces between words, or words that run
/// together.
pub(super) fn is_dense(c: char) -> bool {
    use Script as S;
    // The long vowel mark of kana has no script of its own.
    !c.is_ascii()
        && (c == 'ー'
            || matches!(
                c.script(),
                S::Han
                    | S::Hiragana
                    | S::Katakana
                    | S::Bopomofo
                    | S::Hangul
                    | S::Yi
                    | S::Tangut
                    | S::Nushu
                    | S::Thai
                    | S::Lao
                    | S::Khmer
                    | S::Myanmar
                    | S::Tibetan
                    | S::Tai_Le
                    | S::New_Tai_Lue
                    | S::Tai_Tham
                    | S::Tai_Viet
                    | S::Javanese
                    | S::Balinese
            ))
}

/// Whether a character is no letter, but something people search for.
fn is_sign(c: char) -> bool {
    matches!(c, '#' | '$' | '+' | '¢'..='©' | '®'..='±' | '×' | '÷' | '\u{20A0}'..='\u{20CF}'
        | '\u{2100}'..='\u{2BFF}' | '\u{1F000}'..='\u{1FAFF}')
}

/// Whether a character only says how others are shown or broken.
fn is_ignored(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{180B}'..='\u{180D}' | '\u{180F}' | '\u{200C}' | '\u{200D}'
        | '\u{2060}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{E0100}'..='\u{E01EF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compatible_forms_case_and_marks_are_one() {
        for (text, folded) in [
            ("Ａｂ１", "ab1"),
            ("ΣΟΦΟΣ Σοφός", "σοφοσ σοφοσ"),
            ("ẞ ß ﬁ İI", "ss ss fi ii"),
            ("ÉTÉ e\u{301} Ёж Ừ", "ete e еж u"),
            ("が ｶﾞ か\u{3099}", "が ガ が"),
            ("한국", "한국"),
            ("❤\u{FE0F} 👩\u{200D}💻", "❤ 👩💻"),
            ("so\u{AD}ft\ta\nb", "soft a b"),
            ("\u{FDFA}", "صلى الله عليه وسلم"),
        ] {
            assert_eq!(fold(text), folded, "{text}");
            assert_eq!(fold(folded), folded, "folding twice changes nothing");
        }
    }

    #[test]
    fn folding_a_text_makes_it_at_most_eighteen_times_longer() {
        for c in ('\u{80}'..=char::MAX).step_by(3) {
            let text = c.to_string();
            assert!(fold(&text).chars().count() <= 18, "{c}");
        }
    }

    #[test]
    fn a_text_is_cut_into_words_characters_and_signs() {
        let cut = |text: &str| -> Vec<String> {
            tokens(&fold(text)).map(|(token, _)| token.to_owned()).collect()
        };
        assert_eq!(cut("Don't, at-last"), ["don", "t", "at", "last"]);
        assert_eq!(cut("c++ C#"), ["c", "+", "+", "c", "#"]);
        assert_eq!(
            cut("我iPhone15手机、コーヒー"),
            ["我", "iphone15", "手", "机", "コ", "ー", "ヒ", "ー"]
        );
        assert_eq!(cut("हिन्दी عربي עברית"), ["हिन्दी", "عربي", "עברית"]);
        assert_eq!(cut(" ., !?"), [""; 0]);
    }
}
