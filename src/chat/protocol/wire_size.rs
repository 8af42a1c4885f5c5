//! Sizes on the wire, closely enough to enforce a limit.

use crate::chat::protocol::payloads::Hit;
use crate::chat::protocol::server_event::ServerEvent;
use crate::chat::record::{Span, StoredMessage, files_bytes};

/// Bytes of an event or a message besides its strings.
const FRAME: usize = 160;

/// Returns the bytes of a string as JSON.
fn text(text: &str) -> usize {
    text.bytes().fold(2, |sum, byte| {
        sum.saturating_add(match byte {
            b'"' | b'\\' | b'\n' | b'\r' | b'\t' => 2,
            0..0x20 => 6,
            _ => 1,
        })
    })
}

/// Returns the bytes of an event that repeats an entry.
pub(in crate::chat) fn event(event: &ServerEvent) -> usize {
    let (room, content) = match event {
        ServerEvent::Message { room, content, files, .. } => {
            (room, text(content).saturating_add(files_bytes(files)))
        }
        ServerEvent::Edited { room, content, .. } => (room, text(content)),
        ServerEvent::Topic { room, topic, .. } => (room, text(topic)),
        ServerEvent::Reaction { room, emoji, .. } => (room, text(emoji)),
        ServerEvent::Deleted { room, .. } | ServerEvent::Pinned { room, .. } => (room, 0),
        ServerEvent::Moderated { room, moderation, .. } => {
            let texts = [&moderation.user, &moderation.reason].into_iter().flatten();
            (room, texts.fold(0, |sum, it| text(it).saturating_add(sum)))
        }
        _ => return FRAME,
    };
    FRAME.saturating_add(text(room)).saturating_add(content)
}

fn said(said: &StoredMessage) -> usize {
    let names = said.reactions.iter().flat_map(|(emoji, names)| names.iter().chain([emoji]));
    let own = text(&said.content).saturating_add(files_bytes(&said.files));
    names.fold(FRAME.saturating_add(own), |sum, name| {
        sum.saturating_add(text(name)).saturating_add(24)
    })
}

/// Cuts a page at whole messages, at the end away from what was asked for; the last message is kept
/// whatever its size. Returns whether anything was cut.
pub(in crate::chat) fn cut(
    messages: &mut Vec<StoredMessage>,
    span: Span,
    bytes_max: usize,
) -> bool {
    let weights: Vec<usize> = messages.iter().map(said).collect();
    let mut sum = weights.iter().fold(0_usize, |sum, weight| sum.saturating_add(*weight));
    let mut rest = weights.as_slice();
    let (mut front, mut back) = (0_usize, 0_usize);
    let middle = match span {
        Span::Latest | Span::Before(_) => messages.len(),
        Span::After(_) | Span::Entries(_) | Span::Replies { .. } => 0,
        Span::Around(mid) => messages.partition_point(|said| said.mid < mid),
    };
    while sum > bytes_max && rest.len() > 1 {
        let before = middle.saturating_sub(front);
        let after = messages.len().saturating_sub(back).saturating_sub(middle);
        let (gone, kept) = if before >= after {
            front = front.saturating_add(1);
            rest.split_first().map_or((0, rest), |(first, rest)| (*first, rest))
        } else {
            back = back.saturating_add(1);
            rest.split_last().map_or((0, rest), |(last, rest)| (*last, rest))
        };
        sum = sum.saturating_sub(gone);
        rest = kept;
    }
    messages.truncate(messages.len().saturating_sub(back));
    messages.drain(..front.min(messages.len()));
    front > 0 || back > 0
}

/// Cuts search results at whole messages; the first one is kept whatever its size. Returns whether
/// anything was cut.
pub(in crate::chat) fn cut_hits(hits: &mut Vec<Hit>, bytes_max: usize) -> bool {
    let mut sum = 0_usize;
    let fits = hits.iter().take_while(|hit| {
        sum = sum.saturating_add(said(&hit.said)).saturating_add(text(&hit.room));
        sum <= bytes_max
    });
    let fits = fits.count().max(1);
    let cut = fits < hits.len();
    hits.truncate(fits);
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(bytes: usize) -> Vec<StoredMessage> {
        (1..=9)
            .map(|mid| StoredMessage {
                files: Default::default(),
                mid,
                seq: mid,
                ts: 0,
                sender: "A".into(),
                account: false,
                content: "x".repeat(bytes).into(),
                reply_to: None,
                expires: None,
                deleted: None,
                edited: false,
                reactions: Vec::new(),
                replies: 0,
            })
            .collect()
    }

    fn left(span: Span, bytes_max: usize) -> Vec<u64> {
        let mut messages = page(838);
        let was_cut = cut(&mut messages, span, bytes_max);
        assert_eq!(was_cut, messages.len() < 9);
        messages.iter().map(|said| said.mid).collect()
    }

    #[test]
    fn a_page_is_cut_away_from_what_was_asked() {
        assert_eq!(left(Span::Latest, 9000), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
        assert_eq!(left(Span::Latest, 3000), [7, 8, 9]);
        assert_eq!(left(Span::Before(10), 3000), [7, 8, 9]);
        assert_eq!(left(Span::After(0), 3000), [1, 2, 3]);
        assert_eq!(left(Span::Around(5), 3000), [4, 5, 6]);
        assert_eq!(left(Span::Latest, 1), [9]);
    }

    #[test]
    fn the_size_of_a_string_is_that_of_its_json() {
        for sample in ["", "plain", "\"\\\n\r\t", "\0\u{1}\u{1F}", "é👍"] {
            assert_eq!(text(sample), serde_json::to_string(sample).unwrap().len());
        }
    }
}
