//! The emoji that the page offers, as the JSON file `emoji.json`.
//!
//! A list of groups; each is a list of `[sign, name, short name, …]`. The names are those of Unicode
//! and GitHub, in English. Emoji too new for the fonts of common systems are left out, and so are
//! skin tones.

use std::fmt::Write as _;

use emojis::{Emoji, Group, UnicodeVersion};

/// The newest emoji that common systems can draw.
const NEWEST: UnicodeVersion = UnicodeVersion::new(15, 0);

/// Returns the file.
pub(crate) fn file() -> Vec<u8> {
    let groups: Vec<String> =
        Group::iter().map(|group| listed(group.emojis().map(entry))).collect();
    listed(groups.into_iter().map(Some)).into_bytes()
}

/// Returns a JSON array of those entries that there are.
fn listed(entries: impl Iterator<Item = Option<String>>) -> String {
    let entries: Vec<String> = entries.flatten().collect();
    format!("[{}]", entries.join(",\n"))
}

fn entry(emoji: &Emoji) -> Option<String> {
    if emoji.unicode_version() > NEWEST {
        return None;
    }
    let mut line = format!("[\"{}\",\"{}\"", emoji.as_str(), emoji.name());
    for shortcode in emoji.shortcodes() {
        write!(line, ",\"{shortcode}\"").expect("strings take everything");
    }
    assert!(!line.contains('\\') && line.matches('"').count().is_multiple_of(2), "{line} is JSON");
    Some(line + "]")
}
