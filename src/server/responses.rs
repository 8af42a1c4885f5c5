//! The journal's responses on their way to the chat: what was said does not wait for pages.
//!
//! A page of history is dear to show, and may come with hundreds of others. Entries go first, so
//! that nobody who talks waits for them; a page goes after so many, so that pages do not wait for
//! ever either. In the same way short pages go before long ones: whoever comes into a room does not
//! wait for all who read old messages. A turn ends with a long page, unless entries wait. Entries
//! stay in the journal's order, and pages of a kind in theirs; a page that is handed over late is as
//! one that was read late.

use std::collections::VecDeque;

use crate::chat::record::{Change, JournalResponse, PageContent, StoredMessage};

/// Responses that are still to be handed to the chat.
#[derive(Debug, Default)]
pub(super) struct Responses {
    short_pages: VecDeque<JournalResponse>,
    long_pages: VecDeque<JournalResponse>,
    others: VecDeque<JournalResponse>,
    /// How many others went since the last page.
    since_page: u32,
    /// How many short pages went since the last long one.
    since_long: u32,
    /// Whether the last one was a long page.
    was_long: bool,
}

/// After so many other responses a page goes.
const OTHERS_PER_PAGE: u32 = 64;
/// After so many short pages a long one goes.
const SHORT_PER_LONG: u32 = 16;
/// Bytes of a short page: a tenth of the longest.
const SHORT_BYTES_MAX: usize = 12 * 1024;
/// Bytes of what is beside the text of a message, or a reaction, roughly.
const ITEM_BYTES: usize = 64;

impl Responses {
    /// Adds a response.
    pub(super) fn push(&mut self, response: JournalResponse) {
        match response {
            JournalResponse::Page(_) | JournalResponse::SearchPage(_) => {
                let is_short = bytes(&response) <= SHORT_BYTES_MAX;
                let pages = if is_short { &mut self.short_pages } else { &mut self.long_pages };
                pages.push_back(response);
            }
            _ => self.others.push_back(response),
        }
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        [&self.short_pages, &self.long_pages, &self.others].iter().all(|it| it.is_empty())
    }

    /// Whether all are pages: then there may be newer ones that go before them.
    pub(super) fn wants_more(&self) -> bool {
        self.others.is_empty()
    }

    /// Whether the response taken out last was a long page.
    pub(super) fn was_long(&self) -> bool {
        self.was_long
    }

    /// Takes out the next response.
    pub(super) fn next(&mut self) -> Option<JournalResponse> {
        self.was_long = false;
        if self.since_page < OTHERS_PER_PAGE
            && let Some(response) = self.others.pop_front()
        {
            self.since_page = self.since_page.saturating_add(1);
            return Some(response);
        }
        self.since_page = 0;
        self.next_page().or_else(|| self.others.pop_front())
    }

    fn next_page(&mut self) -> Option<JournalResponse> {
        if (self.since_long < SHORT_PER_LONG || self.long_pages.is_empty())
            && let Some(page) = self.short_pages.pop_front()
        {
            self.since_long = self.since_long.saturating_add(1);
            return Some(page);
        }
        self.since_long = 0;
        let page = self.long_pages.pop_front();
        self.was_long = page.is_some();
        page
    }
}

/// Returns the bytes that are to be shown of a page, roughly.
fn bytes(response: &JournalResponse) -> usize {
    let message = |it: &StoredMessage| {
        let names: usize = it.reactions.iter().map(|(_, names)| names.len()).sum();
        let items = names.saturating_add(1).saturating_mul(ITEM_BYTES);
        it.content.len().saturating_add(items)
    };
    match response {
        JournalResponse::Page(page) => match &page.found {
            PageContent::Messages(messages) => messages.iter().map(message).sum(),
            PageContent::Entries(entries) => entries
                .iter()
                .map(|entry| match &entry.change {
                    Change::Message { content, .. } | Change::Edited { content, .. } => {
                        content.len().saturating_add(ITEM_BYTES)
                    }
                    _ => ITEM_BYTES,
                })
                .sum(),
        },
        JournalResponse::SearchPage(page) => page.hits.iter().map(|hit| message(&hit.said)).sum(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use crate::chat::record::{Page, RequestId, SearchPage};

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

    fn long_page(id: u64) -> JournalResponse {
        let content = Arc::from("long ago ".repeat(SHORT_BYTES_MAX / 9));
        let said = StoredMessage {
            files: Default::default(),
            mid: 1,
            seq: 1,
            ts: 0,
            sender: Arc::from("Alice"),
            account: false,
            content,
            reply_to: None,
            expires: None,
            deleted: None,
            edited: false,
            reactions: Vec::new(),
            replies: 0,
        };
        JournalResponse::Page(Page {
            request_id: RequestId(id),
            room: Arc::from("room"),
            found: PageContent::Messages(vec![said]),
            top: 1,
            more: false,
            lost: Vec::new(),
        })
    }

    #[test]
    fn a_turn_is_over_after_a_long_page() {
        let mut responses = Responses::default();
        for response in [other(1), page(2), long_page(3)] {
            responses.push(response);
        }
        let long: Vec<bool> =
            std::iter::from_fn(|| responses.next().map(|_| responses.was_long())).collect();
        assert_eq!(long, [false, false, true]);
    }

    #[test]
    fn short_pages_go_before_long_ones_which_do_not_wait_for_ever() {
        let mut responses = Responses::default();
        for id in 0..10 {
            responses.push(long_page(id));
        }
        for id in 10..50 {
            responses.push(page(id));
        }
        let order: Vec<JournalResponse> = std::iter::from_fn(|| responses.next()).collect();
        let is_long = |it: &&JournalResponse| matches!(it, JournalResponse::Page(_));
        assert_eq!(order[..16], (10..26).map(page).collect::<Vec<_>>());
        assert_eq!(order[16], long_page(0));
        assert_eq!(order.iter().take(40).filter(is_long).count(), 2);
        assert_eq!(order[50 - 8..], (2..10).map(long_page).collect::<Vec<_>>());
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
