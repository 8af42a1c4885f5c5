//! The journal's responses on their way to the chat: what was said does not wait for pages.
//!
//! A page of history is dear to show, and may come with hundreds of others. Entries go first, so
//! that nobody who talks waits for them; a page goes after so many, so that pages do not wait for
//! ever either. Entries stay in the journal's order, and pages in theirs; a page that is handed
//! over late is as one that was read late.

use std::collections::VecDeque;

use crate::chat::record::JournalResponse;

/// Responses that are still to be handed to the chat.
#[derive(Debug, Default)]
pub(super) struct Responses {
    pages: VecDeque<JournalResponse>,
    others: VecDeque<JournalResponse>,
    /// How many others went since the last page.
    since_page: u32,
}

/// After so many other responses a page goes.
const OTHERS_PER_PAGE: u32 = 64;

impl Responses {
    /// Adds a response.
    pub(super) fn push(&mut self, response: JournalResponse) {
        match response {
            JournalResponse::Page(_) | JournalResponse::SearchPage(_) => {
                self.pages.push_back(response);
            }
            _ => self.others.push_back(response),
        }
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.pages.is_empty() && self.others.is_empty()
    }

    /// Whether all are pages: then there may be newer ones that go before them.
    pub(super) fn wants_more(&self) -> bool {
        self.others.is_empty()
    }

    /// Takes out the next response.
    pub(super) fn next(&mut self) -> Option<JournalResponse> {
        if self.since_page < OTHERS_PER_PAGE
            && let Some(response) = self.others.pop_front()
        {
            self.since_page = self.since_page.saturating_add(1);
            return Some(response);
        }
        self.since_page = 0;
        self.pages.pop_front().or_else(|| self.others.pop_front())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::record::{RequestId, SearchPage};

    fn page(id: u64) -> JournalResponse {
        let request_id = RequestId(id);
        JournalResponse::SearchPage(SearchPage { request_id, hits: Vec::new(), more: false })
    }

    fn other(id: u64) -> JournalResponse {
        JournalResponse::Saved { request_id: RequestId(id) }
    }

    #[test]
    fn entries_go_before_pages_each_in_their_order() {
        let mut responses = Responses::default();
        for response in [page(1), other(2), page(3), other(4)] {
            responses.push(response);
        }
        let order: Vec<JournalResponse> = std::iter::from_fn(|| responses.next()).collect();
        assert_eq!(order, [other(2), other(4), page(1), page(3)]);
    }

    #[test]
    fn a_page_does_not_wait_for_ever() {
        let mut responses = Responses::default();
        responses.push(page(1));
        let mut others = 0;
        while let Some(response) = {
            responses.push(other(0));
            responses.next()
        } {
            if response == page(1) {
                break;
            }
            others += 1;
        }
        assert_eq!(others, OTHERS_PER_PAGE);
    }
}
