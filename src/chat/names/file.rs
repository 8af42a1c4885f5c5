//! Names of files: what may be shown, and saved under.

use std::sync::Arc;

use unicode_normalization::UnicodeNormalization as _;

/// Returns the name of a file as it is stored: without directories, without characters that are not
/// seen or turn the text around, and at most [`BYTES_MAX`] bytes long, with its extension.
pub(in crate::chat) fn file_name(named: &str) -> Arc<str> {
    // Names are long by mistake or on purpose; what is before the end is not looked at.
    let start = named.len().saturating_sub(READ_MAX);
    let start = (start..=named.len()).find(|at| named.is_char_boundary(*at)).unwrap_or(0);
    let tail = named.get(start..).unwrap_or_default();
    let last = tail.rsplit(['/', '\\']).next().unwrap_or_default();
    let shown: String = last.nfc().filter(|c| !is_hidden(*c)).collect();
    let shown = shown.trim_matches(|c: char| c.is_whitespace() || c == '.');
    if shown.is_empty() {
        return UNNAMED.into();
    }
    shortened(shown).into()
}

fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{FEFF}' | '\u{FFFC}'
            | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
            | '\u{E0000}'..='\u{E007F}')
}

/// Cuts the middle out of a long name.
fn shortened(name: &str) -> String {
    if name.len() <= BYTES_MAX {
        return name.to_owned();
    }
    let extension = name.rfind('.').and_then(|at| name.get(at..));
    let extension = extension.filter(|extension| extension.len() <= EXTENSION_MAX).unwrap_or("");
    let most = BYTES_MAX.saturating_sub(extension.len());
    let end = (0..=most).rev().find(|at| name.is_char_boundary(*at)).unwrap_or(0);
    format!("{}{extension}", name.get(..end).unwrap_or_default().trim_end())
}

/// The name of a file without one.
const UNNAMED: &str = "file";
/// Bytes of a name.
const BYTES_MAX: usize = 160;
/// Bytes of an extension with its dot.
const EXTENSION_MAX: usize = 16;
/// Bytes of a name that are read, from its end.
const READ_MAX: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_safe_to_show_and_to_save_under() {
        for (named, name) in [
            ("photo.jpg", "photo.jpg"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\a\\b.txt", "b.txt"),
            ("/", "file"),
            ("", "file"),
            (" . ", "file"),
            ("..", "file"),
            (".htaccess", "htaccess"),
            ("a\u{202E}gpj.exe", "agpj.exe"),
            ("\u{200B}\u{2066}", "file"),
            ("a\r\nSet-Cookie: x\0.txt", "aSet-Cookie: x.txt"),
            ("صورة.png", "صورة.png"),
            ("e\u{301}.png", "é.png"),
            ("a b \"c\".txt ", "a b \"c\".txt"),
        ] {
            assert_eq!(&*file_name(named), name, "{named:?}");
        }
    }

    #[test]
    fn a_long_name_keeps_its_extension() {
        let name = file_name(&format!("{}.jpeg", "ü".repeat(4000)));
        assert!(name.len() <= BYTES_MAX && name.ends_with("ü.jpeg"), "{name}");
        let name = file_name(&format!("a.{}", "b".repeat(4000)));
        assert_eq!(name.len(), BYTES_MAX);
    }
}
