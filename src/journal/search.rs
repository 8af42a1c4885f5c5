//! Searching: parsing queries, and merging the results of several rooms.
//!
//! A query has no syntax beyond this: words are separated by spaces, phrases are quoted, and a
//! message matches if it contains all of them, both folded and cut as in [`folding`]. The last word
//! matches as a prefix, unless it is quoted or very short.
//!
//! [`Terms::is_in`] decides what matches; the index on disk only narrows down which messages are
//! looked at.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::folding::{self, Kind, tokens};
use super::page::{Budget, message_bytes};
use crate::chat::record::{Hit, RoomKey, Search, SearchPage, StoredMessage};

/// The phrases that a message must contain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Terms {
    phrases: Vec<Phrase>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Phrase {
    /// The words, folded, which have to follow each other.
    words: Vec<String>,
    /// Whether the last word is a prefix.
    open: bool,
    /// The folded text that has to occur as it is, if there is more to it than words: `c++`, `🎉`.
    literal: Option<String>,
}

impl Terms {
    /// Parses a query.
    pub(super) fn parse(query: &str) -> Self {
        let mut phrases = Vec::new();
        // Every second part stands in quotes.
        for (index, part) in query.split('"').enumerate() {
            if index % 2 == 1 {
                phrases.extend(Phrase::parse(part));
            } else {
                phrases.extend(part.split_whitespace().filter_map(Phrase::parse));
            }
        }
        let goes_on =
            query.ends_with(folding::is_word_char) && query.matches('"').count().is_multiple_of(2);
        if let Some(last) = phrases.last_mut().filter(|_| goes_on) {
            last.open = last.words.last().is_some_and(|word| word.len() >= OPEN_BYTES_MIN);
        }
        Self { phrases }
    }

    /// Whether there is nothing in the query. Then it finds nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.phrases.is_empty()
    }

    /// Whether a text contains all phrases.
    pub(super) fn is_in(&self, text: &str) -> bool {
        if self.is_empty() || (text.is_ascii() && !self.may_be_in(text.as_bytes())) {
            return false;
        }
        let folded = folding::fold(text);
        let words: Vec<&str> =
            tokens(&folded).filter(|(_, kind)| *kind != Kind::Sign).map(|(word, _)| word).collect();
        self.phrases.iter().all(|phrase| phrase.is_in(&folded, &words))
    }

    /// Whether all words occur anywhere in an ASCII text: a cheap test that rules out most texts.
    fn may_be_in(&self, text: &[u8]) -> bool {
        self.phrases.iter().flat_map(|phrase| &phrase.words).all(|word| {
            let mut parts = text.windows(word.len());
            parts.any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
        })
    }

    /// Returns the query for the FTS5 index, which matches at least what [`Terms::is_in`] does;
    /// `None` if nothing of it is indexed. Between its quotes are only tokens, so nothing of the
    /// user's is taken for an operator.
    pub(super) fn expression(&self) -> Option<String> {
        let mut parts = Vec::new();
        for phrase in &self.phrases {
            phrase.index_terms(&mut parts);
        }
        let mut seen = BTreeSet::new();
        parts.retain(|part| seen.insert(part.clone()));
        parts.truncate(INDEX_TERMS_MAX);
        (!parts.is_empty()).then(|| parts.join(" AND "))
    }
}

impl Phrase {
    fn parse(text: &str) -> Option<Self> {
        let folded = folding::fold(text);
        let mut words = Vec::new();
        let mut signs = false;
        for (token, kind) in tokens(&folded) {
            match kind {
                Kind::Sign => signs = true,
                Kind::Word | Kind::Dense => words.push(token.to_owned()),
            }
        }
        let literal = match (words.is_empty(), signs) {
            (false, false) => None,
            (true, false) => Some(folded.trim()),
            (_, true) => Some(folded.trim_matches(|c| !folding::is_token_char(c))),
        };
        let literal = literal.map(str::to_owned).filter(|it| !it.is_empty());
        (!words.is_empty() || literal.is_some()).then_some(Self { words, open: false, literal })
    }

    fn is_in(&self, folded: &str, words: &[&str]) -> bool {
        if self.literal.as_ref().is_some_and(|literal| !folded.contains(&**literal)) {
            return false;
        }
        let Some((last, head)) = self.words.split_last() else { return true };
        words.windows(self.words.len()).any(|window| {
            window.split_last().is_some_and(|(word, before)| {
                before == head && if self.open { word.starts_with(&**last) } else { word == last }
            })
        })
    }

    /// Appends the terms of the index that every text with this phrase has.
    fn index_terms(&self, out: &mut Vec<String>) {
        // A run of plain words stands in the index as it stands here.
        let mut run: Vec<&str> = Vec::new();
        let mut before: Option<&str> = None;
        let dense = |word: &str| word.starts_with(folding::is_dense);
        for (at, word) in self.words.iter().enumerate() {
            if !dense(word) {
                run.push(word);
                before = None;
                continue;
            }
            if !run.is_empty() {
                out.push(format!("\"{}\"", run.join(" ")));
                run.clear();
            }
            let alone = self.words.get(at.saturating_add(1)).is_none_or(|next| !dense(next));
            match before {
                Some(before) => out.push(format!("\"{before}{word}\"")),
                None if alone => out.push(format!("\"{word}\"")),
                None => {}
            }
            before = Some(word);
        }
        if !run.is_empty() {
            let star = if self.open { " *" } else { "" };
            out.push(format!("\"{}\"{star}", run.join(" ")));
        }
        let literal = self.literal.as_deref().unwrap_or_default();
        let signs = tokens(literal).filter(|(_, kind)| *kind == Kind::Sign);
        out.extend(signs.map(|(sign, _)| format!("\"{sign}\"")));
    }
}

/// Returns the tokens of a text for the index, separated by spaces: words, single characters and
/// overlapping pairs of scripts without spaces, and at the end each sign once.
pub(super) fn index_text(text: &str) -> String {
    let folded = folding::fold(text);
    let mut out = String::with_capacity(folded.len());
    let mut signs = BTreeSet::new();
    let mut before: Option<&str> = None;
    let mut put = |parts: &[&str]| {
        if !out.is_empty() {
            out.push(' ');
        }
        parts.iter().for_each(|part| out.push_str(part));
    };
    for (token, kind) in tokens(&folded) {
        match kind {
            Kind::Sign => drop(signs.insert(token)),
            Kind::Word => {
                put(&[token]);
                before = None;
            }
            Kind::Dense => {
                put(&[token]);
                if let Some(before) = before {
                    put(&[before, token]);
                }
                before = Some(token);
            }
        }
    }
    signs.iter().for_each(|sign| put(&[sign]));
    out
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

/// Searches that one asker may have without a response; more are refused as `Overloaded`.
pub(super) const SEARCHES_OF_ONE_MAX: usize = 16;
/// Terms of a query that are looked up in the index; the rest is left to [`Terms::is_in`].
const INDEX_TERMS_MAX: usize = 32;
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
            ("界", "世界"),
            ("数据库", "今天我们讨论数据库迁移的问题"),
            ("住んで", "東京に住んでいます"),
            ("ジャヴァ", "ｼﾞｬｳﾞｧ"),
            ("검색", "한국어 검색은"),
            ("ชาว", "ชาวไทยพูดภาษาไทย"),
            ("iPhone", "我的iPhone手机"),
            ("phone15手机", "我的Phone15手机"),
            ("full", "ＦＵＬＬ width"),
            ("σοφος", "ΣΟΦΟΣ"),
            ("strasse", "Straße"),
            ("елка", "Ёлка"),
            ("istanbul", "İstanbul"),
            ("ﬁn", "fin"),
            ("🎉", "done🎉!"),
            ("👍", "👍🏽"),
            ("❤", "❤\u{FE0F}"),
            ("❤\u{FE0F}", "❤"),
            ("👩‍💻", "by 👩‍💻 today"),
            ("c++", "we use C++."),
            ("c++,", "we use C++"),
            ("c#", "(C#)"),
            ("#general", "see #general"),
            ("general", "see #general"),
            ("?", "why?"),
            ("->", "a -> b"),
            ("\"c++ code\"", "some C++\ncode"),
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
            ("数库", "数据库"),
            ("phone", "我的iPhone手机"),
            ("か", "が"),
            ("c++", "plan c + d"),
            ("c#", "c"),
            ("🎉", "party"),
            ("?", "why!"),
        ] {
            assert!(!finds(query, text), "{query:?} in {text:?}");
        }
    }

    #[test]
    fn nothing_of_a_query_is_an_operator() {
        for query in ["a AND b", "NOT x", "text:x", "x* ^y", "a\" OR \"b", "NEAR(a b)", "+ *世 界"]
        {
            let expression = Terms::parse(query).expression().unwrap();
            let outside: String = expression.split('"').step_by(2).collect();
            assert!(outside.replace("AND", "").chars().all(|c| c == ' ' || c == '*'), "{query}");
        }
    }

    #[test]
    fn a_query_asks_the_index_for_little() {
        let expression = |query: &str| Terms::parse(query).expression();
        assert_eq!(expression("数据库 rel").unwrap(), "\"数据\" AND \"据库\" AND \"rel\" *");
        assert_eq!(
            expression("\"a b手机 c\" c++").unwrap(),
            "\"a b\" AND \"手机\" AND \"c\" AND \"+\""
        );
        assert_eq!(expression("界").unwrap(), "\"界\"");
        assert_eq!(expression("? !"), None);
        let long: String = ('一'..'龥').take(200).collect();
        assert_eq!(expression(&long).unwrap().matches(" AND ").count(), INDEX_TERMS_MAX - 1);
    }

    #[test]
    fn the_index_has_words_pairs_and_signs() {
        for (text, indexed) in [
            ("Le Café, fermé", "le cafe ferme"),
            ("用iPhone手机看", "用 iphone 手 手机 机 看 机看"),
            ("C++ 🎉🎉", "c + 🎉"),
            ("?!", ""),
        ] {
            let mut found: Vec<_> = index_text(text).split(' ').map(str::to_owned).collect();
            let mut expected: Vec<_> = indexed.split(' ').collect();
            found.sort();
            expected.sort_unstable();
            assert_eq!(found, expected, "{text}");
        }
    }
}
