//! What a slow connection has not taken yet.
//!
//! A frame that waits is kept once, however many connections it waits for; static bytes are not
//! copied. Over its limit a connection *lags*: broadcasts are dropped, and it is told later what it
//! missed.

use std::collections::VecDeque;
use std::rc::Rc;

use super::counters::{Owed, SharedOwed};
use super::slices::{SLICES_MAX, Slices};
use crate::clock::Moment;

/// The fate of a frame that cannot be delivered at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameClass {
    /// A reply to this connection: never dropped.
    Reply,
    /// A numbered part of a stream: dropped when the connection lags, and reported as missed.
    Numbered {
        /// The stream; the handler's own numbering.
        stream: u32,
        /// The position in the stream.
        number: u64,
    },
    /// Of use only at this moment: dropped first, and not reported.
    Ephemeral,
}

/// A part of a stream that was dropped for a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missed {
    /// The stream.
    pub stream: u32,
    /// The first number missed.
    pub first: u64,
    /// The last number missed.
    pub last: u64,
}

/// The unsent output of one connection.
#[derive(Debug)]
pub(super) struct Backlog {
    waiting: VecDeque<Waiting>,
    /// Unsent bytes in `waiting`.
    bytes: usize,
    /// When the connection last took something, or fell behind.
    pub(super) progress: Moment,
    /// Whether broadcasts are dropped until it has caught up.
    pub(super) lagging: bool,
    /// What was dropped since it began to lag, by stream.
    missed: Vec<Missed>,
    owed: SharedOwed,
    /// Its share of `owed`.
    share: Share,
}

/// The share of one connection in [`Owed`].
#[derive(Clone, Copy, Debug, Default)]
struct Share {
    behind: usize,
    lagging: usize,
    bytes: usize,
    waiting: usize,
}

/// A copy of a frame for the connections that it waits for.
#[derive(Debug)]
pub(super) struct Kept {
    bytes: Box<[u8]>,
    owed: SharedOwed,
}

impl Kept {
    pub(super) fn new(bytes: &[u8], owed: &SharedOwed) -> Self {
        owed.frame_bytes.replace(0, bytes.len());
        Self { bytes: bytes.into(), owed: Rc::clone(owed) }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.owed.frame_bytes.replace(self.bytes.len(), 0);
    }
}

/// The bytes of a frame that waits.
#[derive(Clone, Debug)]
pub(super) enum Bytes {
    /// Shared by all connections that it waits for.
    Shared(Rc<Kept>),
    Static(&'static [u8]),
}

impl Bytes {
    pub(super) fn as_slice(&self) -> &[u8] {
        match self {
            Self::Shared(kept) => &kept.bytes,
            Self::Static(bytes) => bytes,
        }
    }
}

/// A frame that waits, of which a part may be sent.
#[derive(Debug)]
pub(super) struct Waiting {
    bytes: Bytes,
    /// `sent` < `bytes.len()`.
    sent: usize,
    class: FrameClass,
}

impl Waiting {
    fn unsent(&self) -> &[u8] {
        self.bytes.as_slice().get(self.sent..).unwrap_or_default()
    }
}

impl Backlog {
    pub(super) fn new(now: Moment, owed: &SharedOwed) -> Self {
        Self {
            waiting: VecDeque::new(),
            bytes: 0,
            progress: now,
            lagging: false,
            missed: Vec::new(),
            owed: Rc::clone(owed),
            share: Share::default(),
        }
    }

    /// Brings its share of what all connections are owed up to date.
    pub(super) fn count(&mut self) {
        let share = Share {
            behind: 1,
            lagging: usize::from(self.lagging),
            bytes: self.bytes,
            waiting: self.waiting.len(),
        };
        self.set_share(share);
    }

    fn set_share(&mut self, share: Share) {
        let (before, Owed { behind, lagging, bytes, waiting, .. }) = (self.share, &*self.owed);
        behind.replace(before.behind, share.behind);
        lagging.replace(before.lagging, share.lagging);
        bytes.replace(before.bytes, share.bytes);
        waiting.replace(before.waiting, share.waiting);
        self.share = share;
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns the bytes of the frames that wait and may be freed with it.
    pub(super) fn memory(&self) -> usize {
        let bytes = self.waiting.iter().map(|frame| match &frame.bytes {
            Bytes::Shared(kept) => kept.bytes.len().saturating_add(size_of::<Waiting>()),
            Bytes::Static(_) => 0,
        });
        bytes.fold(0, usize::saturating_add)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Ends lagging. Returns what was missed, in the order in which streams were first missed.
    pub(super) fn catch_up(&mut self) -> Vec<Missed> {
        self.lagging = false;
        self.count();
        std::mem::take(&mut self.missed)
    }

    /// Adds a frame of which `sent` bytes were sent. Over half of `bytes_max` ephemeral frames are
    /// refused, over `bytes_max` those that wait are dropped. If that is not enough the connection
    /// lags: all but replies and partly sent frames are dropped, now and until it has caught up.
    pub(super) fn push(&mut self, bytes: Bytes, class: FrameClass, sent: usize, bytes_max: usize) {
        let refused = class == FrameClass::Ephemeral && self.bytes > bytes_max / 2;
        if sent == 0 && class != FrameClass::Reply && (self.lagging || refused) {
            self.record_missed(class);
            return;
        }
        let frame = Waiting { bytes, sent, class };
        self.bytes = self.bytes.saturating_add(frame.unsent().len());
        self.waiting.push_back(frame);
        if self.bytes > bytes_max && class != FrameClass::Reply {
            self.drop_frames(|class| class == FrameClass::Ephemeral);
            if self.bytes > bytes_max {
                self.lagging = true;
                self.drop_frames(|class| class != FrameClass::Reply);
            }
        }
    }

    /// Records a broadcast that is not delivered.
    pub(super) fn record_missed(&mut self, class: FrameClass) {
        let FrameClass::Numbered { stream, number } = class else { return };
        match self.missed.iter_mut().find(|missed| missed.stream == stream) {
            Some(missed) => {
                missed.first = missed.first.min(number);
                missed.last = missed.last.max(number);
            }
            None => self.missed.push(Missed { stream, first: number, last: number }),
        }
    }

    /// Drops the frames of some classes that are not partly sent.
    fn drop_frames(&mut self, drops: impl Fn(FrameClass) -> bool) {
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.retain(|frame| {
            let keep = !drops(frame.class) || frame.sent > 0;
            if !keep {
                self.bytes = self.bytes.saturating_sub(frame.bytes.as_slice().len());
                self.record_missed(frame.class);
            }
            keep
        });
        waiting.shrink_to_fit();
        self.waiting = waiting;
    }

    /// Adds what waits to a write.
    pub(super) fn gather<'a>(&'a self, slices: &mut Slices<'a>) {
        for frame in self.waiting.iter().take(SLICES_MAX) {
            slices.push(frame.unsent());
        }
        slices.overflow |= self.waiting.len() > SLICES_MAX;
    }

    /// Removes bytes that were sent; returns how many of them were not of this backlog.
    pub(super) fn advance(&mut self, mut sent: usize) -> usize {
        while let Some(frame) = self.waiting.front_mut() {
            let unsent = frame.unsent().len();
            let taken = sent.min(unsent);
            self.bytes = self.bytes.saturating_sub(taken);
            if sent < unsent {
                frame.sent = frame.sent.saturating_add(sent);
                return 0;
            }
            sent = sent.saturating_sub(unsent);
            self.waiting.pop_front();
        }
        sent
    }
}

impl Drop for Backlog {
    fn drop(&mut self) {
        self.set_share(Share::default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shared(text: &str) -> Bytes {
        Bytes::Shared(Rc::new(Kept::new(text.as_bytes(), &SharedOwed::default())))
    }

    fn empty() -> Backlog {
        Backlog::new(Moment::default(), &SharedOwed::default())
    }

    fn backlog(bytes_max: usize, frames: &[(&str, FrameClass)]) -> Backlog {
        let mut backlog = empty();
        for (text, class) in frames {
            backlog.push(shared(text), *class, 0, bytes_max);
        }
        backlog
    }

    fn waiting(backlog: &Backlog) -> String {
        let mut slices = Slices::new();
        backlog.gather(&mut slices);
        assert_eq!(slices.length, backlog.bytes());
        slices.as_slice().iter().map(|slice| String::from_utf8_lossy(slice).into_owned()).collect()
    }

    fn numbered(number: u64) -> FrameClass {
        FrameClass::Numbered { stream: 7, number }
    }

    #[test]
    fn over_the_limit_broadcasts_are_dropped_and_reported_but_replies_stay() {
        let mut backlog = backlog(
            6,
            &[
                ("aa", numbered(4)),
                ("rr", FrameClass::Reply),
                ("bb", numbered(5)),
                ("cc", numbered(6)),
            ],
        );
        assert!(backlog.lagging);
        assert_eq!(waiting(&backlog), "rr");
        backlog.push(shared("dd"), numbered(7), 0, 6);
        assert_eq!(waiting(&backlog), "rr");
        assert_eq!(backlog.catch_up(), [Missed { stream: 7, first: 4, last: 7 }]);
    }

    #[test]
    fn a_partly_sent_frame_is_never_dropped() {
        let mut backlog = empty();
        backlog.push(shared("abcd"), numbered(1), 2, 3);
        backlog.push(shared("efgh"), numbered(2), 0, 3);
        assert_eq!(waiting(&backlog), "cd");
        assert_eq!(backlog.catch_up(), [Missed { stream: 7, first: 2, last: 2 }]);
    }

    #[test]
    fn ephemeral_frames_are_dropped_first_and_not_reported() {
        let mut backlog = backlog(
            8,
            &[("aaaaa", numbered(1)), ("pp", FrameClass::Ephemeral), ("bb", numbered(2))],
        );
        assert_eq!(waiting(&backlog), "aaaaabb");
        assert_eq!(backlog.catch_up(), []);
    }

    #[test]
    fn waiting_ephemeral_frames_make_room_for_numbered_ones() {
        let mut backlog = empty();
        backlog.push(shared("half"), FrameClass::Ephemeral, 2, 9);
        for (text, class) in
            [("pp", FrameClass::Ephemeral), ("aaa", numbered(1)), ("bb", numbered(2))]
        {
            backlog.push(shared(text), class, 0, 9);
        }
        assert_eq!(waiting(&backlog), "lfppaaabb");
        backlog.push(shared("cc"), numbered(3), 0, 9);
        assert_eq!((waiting(&backlog).as_str(), backlog.lagging), ("lfaaabbcc", false));
        assert_eq!(backlog.catch_up(), []);
        backlog.push(shared("d"), numbered(4), 0, 9);
        assert_eq!((waiting(&backlog).as_str(), backlog.lagging), ("lf", true));
        assert_eq!(backlog.catch_up(), [Missed { stream: 7, first: 1, last: 4 }]);
    }

    #[test]
    fn sent_bytes_leave_the_backlog() {
        let mut backlog = backlog(99, &[("abc", FrameClass::Reply), ("def", FrameClass::Reply)]);
        assert_eq!(backlog.advance(4), 0);
        assert_eq!(waiting(&backlog), "ef");
        assert_eq!(backlog.advance(5), 3);
        assert!(backlog.is_empty());
    }
}
