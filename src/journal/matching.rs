//! Which messages a search finds: those that have its words and pass its filter.

use super::folding::fold;
use super::search::Terms;
use crate::chat::record::{File, Search, SearchContent, SearchFilter, StoredMessage};

/// What a message of a search has to match.
#[derive(Clone, Debug)]
pub(super) struct Matching {
    terms: Terms,
    filter: SearchFilter,
    /// The folded names of `filter.from`.
    from: Vec<String>,
}

/// What a search looks at of a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate<'a> {
    pub(super) ts: u64,
    pub(super) sender: &'a str,
    pub(super) files: &'a [File],
    pub(super) text: &'a str,
}

impl<'a> Candidate<'a> {
    /// Returns what a search looks at of a message as it reads now.
    pub(super) fn of(said: &'a StoredMessage) -> Self {
        Self { ts: said.ts, sender: &said.sender, files: &said.files, text: &said.content }
    }
}

impl Matching {
    /// Prepares what a search asks for.
    pub(super) fn new(search: &Search) -> Self {
        let filter = search.filter.clone();
        let from = filter.from.iter().map(|name| fold(name)).collect();
        Self { terms: Terms::parse(&search.words), filter, from }
    }

    /// Whether it can match nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.terms.is_empty() && self.filter == SearchFilter::default()
    }

    /// Returns the query for the index, if it has anything of the words.
    pub(super) fn expression(&self) -> Option<String> {
        self.terms.expression()
    }

    /// Whether a message matches; the cheap conditions come first.
    pub(super) fn takes(&self, candidate: Candidate<'_>) -> bool {
        let Candidate { ts, sender, files, text } = candidate;
        let SearchFilter { since, until, has, .. } = &self.filter;
        since.is_none_or(|since| ts >= since)
            && until.is_none_or(|until| ts < until)
            && has.iter().all(|has| match has {
                SearchContent::File => !files.is_empty(),
                SearchContent::Image => files.iter().any(is_image),
                SearchContent::Link => has_link(text),
            })
            && self.is_from(sender)
            && (self.terms.is_empty() || self.terms.is_in(text))
    }

    fn is_from(&self, sender: &str) -> bool {
        match sender.is_ascii() {
            _ if self.from.is_empty() => true,
            true => self.from.iter().any(|name| name.eq_ignore_ascii_case(sender)),
            false => self.from.contains(&fold(sender)),
        }
    }
}

fn is_image(file: &File) -> bool {
    file.media_type.starts_with("image/")
}

/// Whether there is an address of a page in a text.
fn has_link(text: &str) -> bool {
    text.match_indices("://").any(|(at, separator)| {
        let (scheme, rest) = text.split_at_checked(at).unwrap_or_default();
        let ends_with = |end: &str| {
            let start = scheme.len().checked_sub(end.len());
            start.and_then(|at| scheme.get(at..)).is_some_and(|it| it.eq_ignore_ascii_case(end))
        };
        let host = rest.strip_prefix(separator).and_then(|rest| rest.chars().next());
        (ends_with("http") || ends_with("https"))
            && host.is_some_and(|c| c.is_alphanumeric() || c == '[')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_has_a_scheme_and_a_host() {
        for text in ["see https://a.example/b", "(HTTP://a)", "http://[::1]:80", "日本https://例"]
        {
            assert!(has_link(text), "{text}");
        }
        for text in ["", "https://", "http:// a", "ftp://a", "://a", "a.example", "日://a"] {
            assert!(!has_link(text), "{text}");
        }
    }
}
