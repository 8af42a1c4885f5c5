//! When two names are the same: by folding, and by what they look like.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::{canonical_combining_class, is_combining_mark};
use unicode_security::confusable_detection::skeleton;

/// What a user's name looks like, from the narrowest comparison to the widest.
///
/// Letters that differ in lower case may look alike in upper case, so there is a likeness of each;
/// two names are alike if they share one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::chat) struct Likeness {
    /// The name folded by [`fold`].
    pub(super) folded: Box<str>,
    /// Letters that look alike in any script become one (UTS #39 §4), and a letter with a dot loses
    /// a combining dot above. Accounts differ in it, and users are found by it.
    pub(in crate::chat) by_letter: [Box<str>; 2],
    /// In addition `rn` and `m`, `vv` and `w`, `cl` and `d` become one. Guests differ in it from
    /// all other users.
    pub(in crate::chat) by_pair: [Box<str>; 2],
}

impl Likeness {
    /// Returns the likeness of a name.
    pub(in crate::chat) fn of(name: &str) -> Self {
        let folded = fold(name);
        // Most names are ASCII and need no table.
        let by_letter = if folded.is_ascii() && !folded.contains('%') {
            [false, true].map(|capital| plain(&folded, capital))
        } else {
            let undotted = undotted(&folded);
            [bare(&undotted), bare(&undotted.to_uppercase())]
        };
        let by_pair = by_letter.each_ref().map(|letters| pairs(letters));
        Self { folded, by_letter, by_pair }
    }

    /// Whether a user with one name is found by the other.
    pub(in crate::chat) fn is_like(&self, other: &Self) -> bool {
        self.by_letter.iter().any(|letters| other.by_letter.contains(letters))
    }

    /// Whether one name passes for the other where pairs of letters count.
    pub(in crate::chat) fn passes_for(&self, other: &Self) -> bool {
        self.by_pair.iter().any(|pairs| other.by_pair.contains(pairs))
    }

    /// Whether both names are the same but for case and compatible forms.
    pub(in crate::chat) fn is_same(&self, other: &Self) -> bool {
        self.folded == other.folded
    }
}

/// Returns the skeleton of a name.
fn bare(name: &str) -> Box<str> {
    // The skeleton of a lower-case letter may be an upper-case one, which has its own.
    undotted(&skeletons(&fold(&skeletons(name)))).into()
}

/// Returns the skeleton of a name, in which `m` is a letter of its own.
fn skeletons(name: &str) -> String {
    let (mut letters, mut letter, mut buffer) = (String::new(), String::new(), [0; 4]);
    for c in name.nfd() {
        letter.clear();
        letter.extend(skeleton(c.encode_utf8(&mut buffer)));
        match letter.strip_prefix("rn") {
            Some(rest) => {
                letters.push('m');
                letters.push_str(rest);
            }
            None => letters.push_str(&letter),
        }
    }
    letters.nfd().collect()
}

/// Decomposes a name and removes invisible dots: a letter with a dot of its own loses that under a
/// combining mark above.
fn undotted(name: &str) -> String {
    let mut has_dot = false;
    let shows = |c: &char| {
        if *c == '\u{307}' && has_dot {
            return false;
        }
        if is_combining_mark(*c) {
            // Marks in other places leave the letter its dot.
            has_dot &= !matches!(canonical_combining_class(*c), 0 | 230);
        } else {
            has_dot = is_dotted(*c);
        }
        true
    };
    name.nfd().filter(shows).collect()
}

/// Whether a lower-case letter looks the same with a combining dot above: those with the property
/// Soft_Dotted that are left after NFKD, and `ı` and `ȷ`, whose skeletons have a dot.
fn is_dotted(c: char) -> bool {
    matches!(
        c,
        'i' | 'j'
            | 'ı'
            | 'ȷ'
            | '\u{249}'
            | '\u{268}'
            | '\u{29D}'
            | '\u{3F3}'
            | '\u{456}'
            | '\u{458}'
            | '\u{1D96}'
            | '\u{1DF1A}'
    )
}

/// Returns the skeleton of lower-case ASCII letters, or of their upper case, without the tables.
fn plain(name: &str, capital: bool) -> Box<str> {
    let mut like = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '0' => like.push('o'),
            '1' | '|' => like.push('l'),
            'i' if capital => like.push('l'),
            '"' => like.push_str("''"),
            '`' => like.push('\''),
            c => like.push(c),
        }
    }
    like.into()
}

/// Replaces letters by the pairs that look like them.
fn pairs(letters: &str) -> Box<str> {
    let mut like = String::with_capacity(letters.len());
    for c in letters.chars() {
        match c {
            'm' => like.push_str("rn"),
            'w' => like.push_str("vv"),
            'd' => like.push_str("cl"),
            c => like.push(c),
        }
    }
    like.into()
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

    /// Whether the first of two users is found by the other's name, and passes for it.
    fn compare(a: &str, b: &str) -> (bool, bool) {
        let (a, b) = (Likeness::of(a), Likeness::of(b));
        assert_eq!((a.is_like(&b), a.passes_for(&b)), (b.is_like(&a), b.passes_for(&a)));
        (a.is_like(&b), a.passes_for(&b))
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
            ("Bob", "Вob"),
            ("Вова", "вова"),
            ("steve", "steνe"),
            ("Ian", "lan"),
            ("Max", "ⅿax"),
            ("Max", "Мах"),
            ("Dora", "ⅾora"),
        ] {
            assert_eq!(compare(a, b), (true, true), "{a} {b}");
        }
        for (a, b) in [("Alice", "Alicia"), ("Bob-2", "Bob-3"), ("Bob-10", "Bob-12")] {
            assert_eq!(compare(a, b), (false, false), "{a} {b}");
        }
    }

    #[test]
    fn a_combining_dot_on_a_letter_with_a_dot_changes_nothing() {
        for (a, b) in [
            ("Jim", "Ji\u{307}m"),
            ("Jim", "J\u{307}im"),
            ("JIM", "j\u{307}i\u{307}m"),
            ("Jim", "Ji\u{307}\u{307}m"),
            ("Jim", "Jı\u{307}m"),
            ("Jim", "Jιm"),
            ("Jim", "Jι\u{307}m"),
            ("Jim", "Jі\u{307}m"),
            ("Jim", "Ji\u{358}m"),
            ("jan", "ȷ\u{307}an"),
            ("İlker", "ilker"),
            ("į", "į\u{307}"),
            ("ị", "i\u{307}\u{323}"),
            ("ɨ", "ɨ\u{307}"),
            ("ɉ", "ɉ\u{307}"),
            ("ʝ", "ʝ\u{307}"),
            ("ϳ", "ϳ\u{307}"),
            ("ј", "ј\u{307}"),
            ("ⁱ", "ⁱ\u{307}"),
            ("ᶖ", "ᶖ\u{307}"),
            ("𝐢", "𝐢\u{307}"),
            ("ⱼ", "j\u{307}"),
            ("\u{1DF1A}", "\u{1DF1A}\u{307}"),
        ] {
            assert_eq!(compare(a, b), (true, true), "{a} {b}");
        }
        for (a, b) in
            [("Zoe", "Żoe"), ("Jim", "Jìm"), ("Jim", "Jïm"), ("ì", "i\u{300}\u{307}"), ("a", "ȧ")]
        {
            assert_eq!(compare(a, b), (false, false), "{a} {b}");
        }
    }

    #[test]
    fn pairs_of_letters_pass_for_one_but_do_not_name_it() {
        for (a, b) in [
            ("TOM", "Torn"),
            ("Tom", "tORn"),
            ("Dave", "Clave"),
            ("Dave", "cIave"),
            ("Dave", "c1ave"),
            ("Dave", "ⅽⅼave"),
            ("Dave", "сlave"),
            ("ԁave", "Clave"),
            ("Will", "VVill"),
            ("Will", "ννill"),
            ("ѡill", "vvill"),
            ("vvv", "wv"),
            ("wv", "vw"),
            ("Mandy", "rnancly"),
            ("ď", "cľ"),
        ] {
            assert_eq!(compare(a, b), (false, true), "{a} {b}");
        }
        for (a, b) in [("Tom", "Ton"), ("Dave", "Cave"), ("Will", "Vill"), ("Dave", "c ave")] {
            assert_eq!(compare(a, b), (false, false), "{a} {b}");
        }
    }

    #[test]
    fn what_ascii_letters_look_like_is_what_the_tables_say() {
        let ascii = || (0x20..0x7F_u8).map(char::from).filter(|c| *c != '%');
        for (a, b) in ascii().flat_map(|a| ascii().map(move |b| (a, b))) {
            let name = format!("x{a}{b}x");
            let folded = fold(&name);
            let looked_up = [bare(&folded), bare(&folded.to_uppercase())];
            assert_eq!(Likeness::of(&name).by_letter, looked_up, "{name}");
        }
        assert_eq!(compare("100%", "lOO%"), (true, true));
    }
}
