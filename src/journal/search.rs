//! Searching: parsing queries, and merging the results of several rooms.
//!
//! A query has no syntax beyond this: words are separated by spaces, phrases are quoted, and a
//! message matches if it contains all of them. Case and diacritics are ignored. The last word
//! matches as a prefix, unless it is quoted or very short.

use std::sync::Arc;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use super::page::{Budget, message_bytes};
use crate::chat::record::{Hit, RoomKey, Search, SearchPage, StoredMessage};

/// The phrases that a message must contain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Terms {
    phrases: Vec<Phrase>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Phrase {
    /// The words as written, joined by spaces.
    written: String,
    /// The words as compared: folded.
    words: Vec<String>,
    /// Whether the last word is a prefix.
    open: bool,
}

impl Terms {
    /// Parses a query.
    pub(super) fn parse(query: &str) -> Self {
        let mut phrases = Vec::new();
        // Every second part stands in quotes.
        for (index, part) in query.split('"').enumerate() {
            if index % 2 == 1 {
                phrases.extend(Phrase::parse(part, false));
            } else {
                phrases.extend(part.split_whitespace().filter_map(|it| Phrase::parse(it, false)));
            }
        }
        let goes_on = query.ends_with(is_word_char) && query.matches('"').count().is_multiple_of(2);
        if let Some(last) = phrases.last_mut().filter(|_| goes_on) {
            last.open = last.words.last().is_some_and(|word| word.len() >= OPEN_BYTES_MIN);
        }
        Self { phrases }
    }

    /// Whether there is no word in the query. Then it finds nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.phrases.is_empty()
    }

    /// Whether a text contains all phrases.
    pub(super) fn is_in(&self, text: &str) -> bool {
        if text.is_ascii() && !self.may_be_in(text.as_bytes()) {
            return false;
        }
        let words = words(text);
        !self.phrases.is_empty() && self.phrases.iter().all(|phrase| phrase.is_in(&words))
    }

    /// Whether all words occur anywhere in an ASCII text: a cheap test that rules out most texts.
    fn may_be_in(&self, text: &[u8]) -> bool {
        self.phrases.iter().flat_map(|phrase| &phrase.words).all(|word| {
            let mut parts = text.windows(word.len());
            parts.any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
        })
    }

    /// Returns the query for the FTS5 index. Between its quotes are only letters, digits and spaces,
    /// so nothing of the user's is taken for an operator.
    pub(super) fn expression(&self) -> String {
        let phrase = |phrase: &Phrase| {
            let star = if phrase.open { " *" } else { "" };
            format!("\"{}\"{star}", phrase.written)
        };
        self.phrases.iter().map(phrase).collect::<Vec<_>>().join(" AND ")
    }
}

impl Phrase {
    fn parse(text: &str, open: bool) -> Option<Self> {
        let words = words(text);
        let parts: Vec<&str> =
            text.split(|c| !is_word_char(c)).filter(|it| !it.is_empty()).collect();
        (!words.is_empty()).then(|| Self { written: parts.join(" "), words, open })
    }

    fn is_in(&self, words: &[String]) -> bool {
        let Some((last, head)) = self.words.split_last() else { return false };
        words.windows(self.words.len()).any(|window| {
            window.split_last().is_some_and(|(word, before)| {
                before == head && if self.open { word.starts_with(last) } else { word == last }
            })
        })
    }
}

/// Returns the words of a text as they are compared.
fn words(text: &str) -> Vec<String> {
    let parts = text.split(|c| !is_word_char(c)).map(fold);
    parts.filter(|word| !word.is_empty()).collect()
}

fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || is_combining_mark(c)
}

fn fold(word: &str) -> String {
    if word.is_ascii() {
        return word.to_ascii_lowercase();
    }
    let plain = word.nfd().filter(|c| !is_combining_mark(*c));
    plain.flat_map(char::to_lowercase).filter(|c| !is_combining_mark(*c)).collect()
}

/// Returns the number of entries to scan in each room of a search.
pub(super) fn scan_share(scan_max: usize, search: &Search) -> usize {
    scan_max.checked_div(search.rooms.len()).unwrap_or(scan_max)
}

/// The messages found in one room, newest first, and whether there are more.
#[derive(Debug)]
pub(super) struct RoomHits {
    pub(super) room: RoomKey,
    pub(super) found: Vec<StoredMessage>,
    pub(super) more: bool,
}

/// Merges the results of the rooms, newest first: by `seq` within a room, by time between rooms.
pub(super) fn merge(search: &Search, rooms: Vec<RoomHits>) -> SearchPage {
    let mut budget = Budget::new(search.limit, search.bytes_max);
    let mut more = rooms.iter().any(|room| room.more);
    let mut heads: Vec<_> = rooms
        .into_iter()
        .map(|RoomHits { room, found, more }| (room, found.into_iter().peekable(), more))
        .collect();
    let mut hits = Vec::new();
    loop {
        // The next message of a room whose results were cut is unknown, and may be the newest.
        if heads.iter_mut().any(|(_, found, cut)| *cut && found.peek().is_none()) {
            break;
        }
        let newest = heads
            .iter_mut()
            .filter_map(|(room, found, _)| {
                found.peek().map(|said| said.ts).map(|ts| (ts, room, found))
            })
            .reduce(|best, next| if next.0 > best.0 { next } else { best });
        let Some((_, room, found)) = newest else { break };
        let Some(said) = found.next_if(|said| budget.take(message_bytes(said))) else {
            more = true;
            break;
        };
        hits.push(Hit { room: Arc::clone(room), said });
    }
    SearchPage { request_id: search.request_id, hits, more }
}

/// A shorter last word is no prefix: half of the index begins with `a`.
const OPEN_BYTES_MIN: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(query: &str, text: &str) -> bool {
        Terms::parse(query).is_in(text)
    }

    #[test]
    fn all_phrases_have_to_be_there_and_case_does_not_count() {
        for (query, text) in [
            ("release", "The Release is out."),
            ("out release", "The Release is out."),
            ("\"is out\"", "The Release is out."),
            ("rel", "The Release is out."),
            ("CAFE", "Le café"),
            ("don't", "I don't know"),
            ("\"unclosed quote", "an unclosed quote"),
            ("世", "世界"),
        ] {
            assert!(finds(query, text), "{query:?} in {text:?}");
        }
        for (query, text) in [
            ("", "anything"),
            ("\"\" * ( )", "anything"),
            ("ease", "release"),
            ("re", "release"),
            ("\"out is\"", "The release is out."),
            ("\"rel\"", "release"),
            ("release rain", "release"),
            ("rel out", "release out"),
        ] {
            assert!(!finds(query, text), "{query:?} in {text:?}");
        }
    }

    #[test]
    fn nothing_of_a_query_is_an_operator() {
        for query in ["a AND b", "NOT x", "text:x", "x* ^y", "a\" OR \"b", "NEAR(a b)", "'; --"] {
            let expression = Terms::parse(query).expression();
            let outside: String = expression.split('"').step_by(2).collect();
            assert!(outside.replace("AND", "").chars().all(|c| c == ' ' || c == '*'), "{query}");
        }
    }
}
