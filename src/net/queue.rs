//! What is to be sent: the frames of a turn, and what a slow connection has not taken yet.
//!
//! All frames made in a turn lie back to back in one buffer. Queued for a connection are *runs* of
//! them; a frame right after the last queued one only extends that run, so a room in which many
//! talk costs each member one range and no copy. A connection that takes everything at once holds
//! no memory. What one does not take becomes a `Backlog` of shared frames: however many
//! connections are behind, each frame is kept once. Static bytes, such as a file of the page, are
//! never copied.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::rc::Rc;

use smallvec::SmallVec;

use super::counters::{Owed, SharedOwed};
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

/// Slices of one write at most.
const SLICES_MAX: usize = 64;

/// The slices of one write.
pub(super) struct Slices<'a> {
    slices: SmallVec<[IoSlice<'a>; SLICES_MAX]>,
    /// Bytes of all slices.
    pub(super) length: usize,
    /// Whether there is more to send than fits into one write.
    pub(super) overflow: bool,
}

impl<'a> Slices<'a> {
    pub(super) fn new() -> Self {
        Self { slices: SmallVec::new(), length: 0, overflow: false }
    }

    fn push(&mut self, bytes: &'a [u8]) {
        // After one that did not fit nothing may follow: it would overtake.
        self.overflow |= self.slices.len() == SLICES_MAX;
        if !self.overflow {
            self.slices.push(IoSlice::new(bytes));
            self.length = self.length.saturating_add(bytes.len());
        }
    }

    pub(super) fn as_slice(&self) -> &[IoSlice<'a>] {
        &self.slices
    }
}

/// The end of a list of runs: an index that no run has.
const NONE: u32 = u32::MAX;

/// The frames of one turn.
#[derive(Debug, Default)]
pub(super) struct Frames {
    bytes: Vec<u8>,
    frames: Vec<Frame>,
    runs: Vec<Run>,
    owed: SharedOwed,
    /// Bytes written to sockets since the start.
    pub(super) sent_bytes: u64,
}

#[derive(Debug)]
struct Frame {
    /// Where it ends in the buffer; it starts where the one before ends.
    end: usize,
    class: FrameClass,
    /// A copy of its bytes, made when the first connection falls behind.
    shared: Option<Rc<Kept>>,
    /// Bytes that lie elsewhere; then it has none in the buffer.
    uncopied: &'static [u8],
}

/// The frames `first..last`, and the next run of the same connection. If `first` is `last`, it is
/// this one frame of static bytes.
#[derive(Clone, Copy, Debug)]
struct Run {
    first: u32,
    last: u32,
    next: u32,
}

/// The runs queued for one connection in this turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Queued {
    head: u32,
    tail: u32,
}

impl Queued {
    pub(super) const NONE: Self = Self { head: NONE, tail: NONE };
}

impl Frames {
    /// Returns the bytes of memory of all frames, those of earlier turns included.
    pub(super) fn memory(&self) -> usize {
        let Owed { behind, waiting, frame_bytes, .. } = &*self.owed;
        let lists = [
            behind.get().saturating_mul(size_of::<Backlog>()),
            waiting.get().saturating_mul(size_of::<Waiting>()),
            frame_bytes.get(),
        ];
        lists.into_iter().fold(self.bytes.capacity(), usize::saturating_add)
    }

    /// Returns the buffer to write the next frame into; [`Frames::finish`] ends the frame.
    pub(super) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Ends the frame written since the last one; returns its number, `None` if it is empty.
    pub(super) fn finish(&mut self, class: FrameClass) -> Option<u32> {
        if self.bytes.len() == self.frames.last().map_or(0, |frame| frame.end) {
            return None;
        }
        let number = self.frames.len() as u32;
        self.frames.push(Frame { end: self.bytes.len(), class, shared: None, uncopied: &[] });
        Some(number)
    }

    /// Queues static bytes as a reply to a connection.
    pub(super) fn enqueue_uncopied(&mut self, queued: &mut Queued, bytes: &'static [u8]) {
        let frame = self.frames.len() as u32;
        let (end, class) = (self.bytes.len(), FrameClass::Reply);
        self.frames.push(Frame { end, class, shared: None, uncopied: bytes });
        self.push_run(queued, frame, frame);
    }

    /// Returns the bytes written since the last frame ended.
    pub(super) fn unfinished_len(&self) -> usize {
        self.bytes.len().saturating_sub(self.frames.last().map_or(0, |frame| frame.end))
    }

    /// Returns what all connections are owed from earlier turns.
    pub(super) fn owed(&self) -> &SharedOwed {
        &self.owed
    }

    /// Returns the bytes of all frames but those that are not copied.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Queues a frame for a connection.
    pub(super) fn enqueue(&mut self, queued: &mut Queued, frame: u32) {
        let next = frame.saturating_add(1);
        match self.runs.get_mut(queued.tail as usize) {
            Some(tail) if tail.last == frame => tail.last = next,
            _ => self.push_run(queued, frame, next),
        }
    }

    fn push_run(&mut self, queued: &mut Queued, first: u32, last: u32) {
        let number = self.runs.len() as u32;
        match self.runs.get_mut(queued.tail as usize) {
            Some(tail) => tail.next = number,
            None => queued.head = number,
        }
        self.runs.push(Run { first, last, next: NONE });
        queued.tail = number;
    }

    /// Adds what is queued to a write.
    pub(super) fn gather<'a>(&'a self, queued: Queued, slices: &mut Slices<'a>) {
        let mut at = queued.head;
        while let Some(run) = self.runs.get(at as usize) {
            if run.first == run.last {
                slices.push(self.frames.get(run.first as usize).map_or(&[], |it| it.uncopied));
            } else {
                let range = self.start(run.first)..self.start(run.last);
                slices.push(self.bytes.get(range).unwrap_or_default());
            }
            at = run.next;
        }
    }

    /// Calls `keep` with the bytes of each queued frame of which not all bytes were sent, its class,
    /// and the number of its bytes that were. `sent` are the bytes sent of all that is queued.
    pub(super) fn keep_unsent(
        &mut self,
        queued: Queued,
        mut sent: usize,
        mut keep: impl FnMut(Bytes, FrameClass, usize),
    ) {
        let mut at = queued.head;
        while let Some(&Run { first, last, next }) = self.runs.get(at as usize) {
            if first == last {
                let bytes = self.frames.get(first as usize).map_or(&[][..], |it| it.uncopied);
                match sent.checked_sub(bytes.len()) {
                    Some(rest) => sent = rest,
                    None => {
                        keep(Bytes::Static(bytes), FrameClass::Reply, std::mem::take(&mut sent));
                    }
                }
                at = next;
                continue;
            }
            let mut start = self.start(first);
            for frame in self.frames.get_mut(first as usize..last as usize).unwrap_or_default() {
                let bytes = self.bytes.get(start..frame.end).unwrap_or_default();
                start = frame.end;
                if let Some(rest) = sent.checked_sub(bytes.len()) {
                    sent = rest;
                    continue;
                }
                let shared =
                    frame.shared.get_or_insert_with(|| Rc::new(Kept::new(bytes, &self.owed)));
                keep(Bytes::Shared(Rc::clone(shared)), frame.class, sent);
                sent = 0;
            }
            at = next;
        }
    }

    /// Removes all frames. A buffer that grew large is given back.
    pub(super) fn clear(&mut self, bytes_kept_max: usize) {
        self.bytes.clear();
        self.bytes.shrink_to(bytes_kept_max);
        self.frames.clear();
        self.runs.clear();
    }

    fn start(&self, frame: u32) -> usize {
        let before = frame.checked_sub(1).and_then(|before| self.frames.get(before as usize));
        before.map_or(0, |frame| frame.end)
    }
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
    fn new(bytes: &[u8], owed: &SharedOwed) -> Self {
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
    fn as_slice(&self) -> &[u8] {
        match self {
            Self::Shared(kept) => &kept.bytes,
            Self::Static(bytes) => bytes,
        }
    }
}

#[derive(Debug)]
struct Waiting {
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

    fn frames(texts: &[&str]) -> Frames {
        let mut frames = Frames::default();
        for (number, text) in texts.iter().enumerate() {
            frames.buffer().extend_from_slice(text.as_bytes());
            frames.finish(numbered(number as u64));
        }
        frames
    }

    fn numbered(number: u64) -> FrameClass {
        FrameClass::Numbered { stream: 7, number }
    }

    fn gathered(frames: &Frames, queued: Queued) -> Vec<String> {
        let mut slices = Slices::new();
        frames.gather(queued, &mut slices);
        assert!(!slices.overflow);
        slices.as_slice().iter().map(|slice| String::from_utf8_lossy(slice).into_owned()).collect()
    }

    #[test]
    fn adjacent_frames_are_sent_as_one_range() {
        let mut frames = frames(&["a", "bb", "ccc", "d", "e"]);
        let (mut all, mut some) = (Queued::NONE, Queued::NONE);
        for frame in 0..5 {
            frames.enqueue(&mut all, frame);
            if frame != 2 {
                frames.enqueue(&mut some, frame);
            }
        }
        assert_eq!(gathered(&frames, all), ["abbcccde"]);
        assert_eq!(gathered(&frames, some), ["abb", "de"]);
    }

    #[test]
    fn frames_beyond_one_write_are_not_overtaken() {
        let mut frames = Frames::default();
        let mut queued = Queued::NONE;
        for _ in 0..SLICES_MAX + 1 {
            for class in [FrameClass::Reply, FrameClass::Ephemeral] {
                frames.buffer().push(b'x');
                let frame = frames.finish(class).expect("a byte was written");
                if class == FrameClass::Reply {
                    frames.enqueue(&mut queued, frame);
                }
            }
        }
        let mut slices = Slices::new();
        frames.gather(queued, &mut slices);
        assert!(slices.overflow);
        assert_eq!(slices.length, SLICES_MAX);
    }

    #[test]
    fn an_empty_write_makes_no_frame() {
        assert_eq!(Frames::default().finish(FrameClass::Reply), None);
    }

    #[test]
    fn unsent_frames_are_kept_one_by_one() {
        let mut frames = frames(&["abc", "def", "ghi"]);
        let mut queued = Queued::NONE;
        frames.enqueue(&mut queued, 0);
        frames.enqueue(&mut queued, 2);
        let mut left = Vec::new();
        frames.keep_unsent(queued, 4, |it, class, sent| {
            left.push((it.as_slice().to_vec(), class, sent));
        });
        assert_eq!(left, [(b"ghi".to_vec(), numbered(2), 1)]);
    }

    #[test]
    fn two_slow_connections_share_a_frame() {
        let mut frames = frames(&["abc"]);
        let mut queued = Queued::NONE;
        frames.enqueue(&mut queued, 0);
        let mut left = Vec::new();
        frames.keep_unsent(queued, 0, |bytes, _, _| left.push(bytes));
        frames.keep_unsent(queued, 1, |bytes, _, _| left.push(bytes));
        assert!(std::ptr::eq(left[0].as_slice(), left[1].as_slice()));
    }

    #[test]
    fn static_bytes_are_sent_in_their_place_and_never_copied() {
        static BODY: [u8; 3] = *b"abc";
        let mut frames = frames(&["<", ">", "!"]);
        let (mut queued, mut other) = (Queued::NONE, Queued::NONE);
        frames.enqueue(&mut queued, 0);
        frames.enqueue_uncopied(&mut queued, &BODY);
        frames.enqueue(&mut queued, 1);
        frames.enqueue_uncopied(&mut other, &BODY);
        frames.enqueue(&mut other, 2);
        assert_eq!(gathered(&frames, queued), ["<", "abc", ">"]);
        assert_eq!(gathered(&frames, other), ["abc", "!"]);
        for (sent, expected) in [(0, "<abc>"), (1, "abc>"), (2, "bc>"), (4, ">"), (5, "")] {
            let mut backlog = Backlog::new(Moment::default(), frames.owed());
            frames.keep_unsent(queued, sent, |bytes, class, sent| {
                if bytes.as_slice().len() == 3 {
                    assert!(std::ptr::eq(bytes.as_slice(), &BODY[..]));
                }
                backlog.push(bytes, class, sent, 100);
            });
            assert_eq!(waiting(&backlog), expected, "{sent}");
        }
    }

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
    fn what_all_are_owed_counts_a_shared_frame_for_each_and_its_memory_once() {
        let mut frames = frames(&["abc", "de"]);
        let owed = Rc::clone(frames.owed());
        let mut backlogs = [(); 2].map(|()| {
            let mut queued = Queued::NONE;
            frames.enqueue(&mut queued, 0);
            frames.enqueue(&mut queued, 1);
            let mut backlog = Backlog::new(Moment::default(), &owed);
            frames.keep_unsent(queued, 1, |bytes, class, sent| {
                backlog.push(bytes, class, sent, 3);
            });
            backlog.count();
            backlog
        });
        let all = || {
            let Owed { behind, lagging, bytes, waiting, frame_bytes } = &*owed;
            [behind, lagging, bytes, waiting, frame_bytes].map(|tally| tally.get())
        };
        // "bc" of the first frame waits for each of them; they lag, so the second was dropped.
        assert_eq!(all(), [2, 2, 4, 2, 5]);
        frames.clear(0);
        assert_eq!(all(), [2, 2, 4, 2, 3]);
        let [one, other] = &mut backlogs;
        one.advance(2);
        one.catch_up();
        assert_eq!(all(), [2, 1, 2, 1, 3]);
        other.advance(1);
        other.count();
        assert_eq!(all(), [2, 1, 1, 1, 3]);
        drop(backlogs);
        assert_eq!(all(), [0; 5]);
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
