//! The latest messages of a room, from which those that an account has not read are counted.
//!
//! They are read from the journal when they are first needed, and then kept up to date with what is
//! published.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::chat::ids::ClientId;
use crate::chat::record::StoredMessage;

/// The latest messages of a room that exist.
#[derive(Debug)]
pub(in crate::chat) struct Latest {
    /// The `mid` of each, ascending, and the name of its author, if that has an account.
    messages: VecDeque<(u64, Option<Arc<str>>)>,
    /// Every message above this `seq` is among them.
    base: u64,
    /// Messages deleted before the page arrived.
    deleted: Vec<u64>,
    /// The clients to be told the number when the page arrives, each with the number it was told;
    /// `None`: it has arrived.
    waiting: Option<Vec<(ClientId, u64)>>,
}

impl Latest {
    /// Returns those of a room with this top, whose page has not arrived.
    pub(in crate::chat) fn requested(top: u64) -> Self {
        Self {
            messages: VecDeque::new(),
            base: top,
            deleted: Vec::new(),
            waiting: Some(Vec::new()),
        }
    }

    /// Adds a client that is to be told when the page arrives. Returns whether it has not.
    pub(in crate::chat) fn wait(&mut self, client: ClientId, told: u64) -> bool {
        let waiting = self.waiting.as_mut();
        waiting.map(|waiting| waiting.push((client, told))).is_some()
    }

    /// Adds the messages of the page. Returns the clients that are to be told.
    pub(in crate::chat) fn arrived(
        &mut self,
        page: &[StoredMessage],
        more: bool,
    ) -> Vec<(ClientId, u64)> {
        let published = std::mem::take(&mut self.messages);
        let first = page.first().map_or(self.base, |said| said.mid.saturating_sub(1));
        let exists = |said: &&StoredMessage| {
            said.mid <= self.base && said.deleted.is_none() && !self.deleted.contains(&said.mid)
        };
        for said in page.iter().filter(exists) {
            let author = said.account.then(|| Arc::clone(&said.sender));
            self.messages.push_back((said.mid, author));
        }
        self.messages.extend(published);
        self.base = if more { first.min(self.base) } else { 0 };
        self.deleted = Vec::new();
        self.cut();
        self.waiting.take().unwrap_or_default()
    }

    /// Adds a message that was published.
    pub(in crate::chat) fn push(&mut self, mid: u64, author: Option<Arc<str>>) {
        self.messages.push_back((mid, author));
        self.cut();
    }

    /// Removes a message that was deleted.
    pub(in crate::chat) fn remove(&mut self, mid: u64) {
        if let Ok(at) = self.messages.binary_search_by_key(&mid, |(mid, _)| *mid) {
            self.messages.remove(at);
        } else if self.waiting.is_some() && self.deleted.len() < COUNTED_MAX {
            self.deleted.push(mid);
        }
    }

    /// Counts the messages of others above a `seq`, up to [`COUNTED_MAX`]; `None` if they are not
    /// known yet.
    pub(in crate::chat) fn count(&self, read: u64, own: &str) -> Option<u64> {
        if self.waiting.is_some() {
            return None;
        }
        if read < self.base {
            return Some(COUNTED_MAX as u64);
        }
        let is_unread = |(mid, author): &&(u64, Option<Arc<str>>)| {
            *mid > read && author.as_deref() != Some(own)
        };
        Some(self.messages.iter().rev().filter(is_unread).count() as u64)
    }

    fn cut(&mut self) {
        while self.messages.len() > COUNTED_MAX
            && let Some((mid, _)) = self.messages.pop_front()
        {
            self.base = self.base.max(mid);
        }
    }
}

/// The most messages that are counted: this many means as many or more.
pub(in crate::chat) const COUNTED_MAX: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    fn said(mid: u64, sender: &str, account: bool) -> StoredMessage {
        StoredMessage {
            mid,
            seq: mid,
            ts: 1,
            sender: sender.into(),
            account,
            content: "hi".into(),
            reply_to: None,
            expires: None,
            deleted: None,
            edited: false,
            reactions: Vec::new(),
            replies: 0,
            files: Arc::default(),
        }
    }

    #[test]
    fn what_is_published_and_deleted_before_the_page_arrives_is_counted() {
        let mut latest = Latest::requested(4);
        assert!(latest.wait(ClientId(1), 4));
        latest.push(5, None);
        latest.push(7, Some("Bob".into()));
        latest.remove(2);
        assert_eq!(latest.count(0, "Bob"), None);
        let page = [said(1, "Eve", false), said(2, "Eve", false), said(3, "Bob", true)];
        // The page may be ahead of what is published.
        let page = [&page[..], &[said(5, "Eve", false)]].concat();
        assert_eq!(latest.arrived(&page, false), [(ClientId(1), 4)]);
        assert_eq!(latest.count(0, "Bob"), Some(2));
        assert_eq!(latest.count(0, "Eve"), Some(4), "a guest has the name of no account");
        assert_eq!((latest.count(1, "Bob"), latest.count(5, "Bob")), (Some(1), Some(0)));
        assert!(!latest.wait(ClientId(2), 4));
        latest.remove(5);
        assert_eq!(latest.count(0, "Bob"), Some(1));
    }

    #[test]
    fn above_a_hundred_nothing_is_counted() {
        let mut latest = Latest::requested(0);
        assert_eq!(latest.arrived(&[], false), []);
        (1..=150).for_each(|mid| latest.push(mid, None));
        assert_eq!((latest.count(0, ""), latest.count(49, "")), (Some(100), Some(100)));
        assert_eq!((latest.count(50, ""), latest.count(51, "")), (Some(100), Some(99)));
        let mut latest = Latest::requested(9);
        latest.arrived(&[said(8, "Eve", false), said(9, "Eve", false)], true);
        assert_eq!((latest.count(6, ""), latest.count(7, "")), (Some(100), Some(2)));
    }
}
