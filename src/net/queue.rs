//! What is to be sent: the frames of a turn, and what a slow connection has not taken yet.
//!
//! All frames made in a turn stand back to back in one buffer, in the order they were made. A
//! connection is owed *runs* of them; a frame that follows the last one it is owed only makes that
//! run longer, so a room in which many talk costs its members one range, without a copy each. A
//! connection that takes everything at once holds no memory. What one does not take becomes a
//! `Backlog` of shared frames: however many connections are behind, each frame is kept once.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::rc::Rc;

use crate::clock::Moment;

/// Says what a frame is, for the time when it cannot be delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Was asked for by this connection: never dropped.
    Reply,
    /// Is a numbered part of a stream: dropped when the connection lags, and counted.
    Numbered {
        /// Which stream; the handler's own numbering.
        stream: u32,
        /// Its place in the stream.
        number: u64,
    },
    /// Means something only at this moment: dropped first, and not counted.
    Passing,
}

/// Says which part of a stream a connection did not get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missed {
    /// Which stream.
    pub stream: u32,
    /// The first number missed.
    pub first: u64,
    /// The last number missed.
    pub last: u64,
}

/// How many slices one write may have.
const SLICES_MAX: usize = 64;

/// Collects what one write is to send.
pub(super) struct Slices<'a> {
    slices: [IoSlice<'a>; SLICES_MAX],
    count: usize,
    /// Their length together, in bytes.
    pub(super) length: usize,
    /// Whether there is more than one write can have.
    pub(super) overflow: bool,
}

impl<'a> Slices<'a> {
    pub(super) fn new() -> Self {
        Self { slices: [IoSlice::new(&[]); SLICES_MAX], count: 0, length: 0, overflow: false }
    }

    fn push(&mut self, bytes: &'a [u8]) {
        match self.slices.get_mut(self.count) {
            // Once one did not fit, nothing may follow: it would jump the queue.
            Some(slot) if !self.overflow => {
                *slot = IoSlice::new(bytes);
                self.count += 1;
                self.length += bytes.len();
            }
            _ => self.overflow = true,
        }
    }

    pub(super) fn as_slice(&self) -> &[IoSlice<'a>] {
        &self.slices[..self.count]
    }
}

/// Stands for the end of a list of runs.
const NONE: u32 = u32::MAX;

/// Holds the frames of one turn.
#[derive(Debug, Default)]
pub(super) struct Frames {
    bytes: Vec<u8>,
    frames: Vec<Frame>,
    runs: Vec<Run>,
}

#[derive(Debug)]
struct Frame {
    /// Where it ends in the buffer; it starts where the one before ends.
    end: usize,
    mark: Mark,
    /// Its bytes on their own, made when the first connection falls behind.
    shared: Option<Rc<[u8]>>,
}

#[derive(Debug)]
struct Run {
    /// Frames `first..last` are owed.
    first: u32,
    last: u32,
    next: u32,
}

/// Names the runs that one connection is owed in this turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Owed {
    head: u32,
    tail: u32,
}

impl Owed {
    pub(super) const NOTHING: Self = Self { head: NONE, tail: NONE };
}

impl Frames {
    /// Gives the buffer in which the next frame is to be written; [`Frames::finish`] ends it.
    pub(super) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Makes a frame of what was written since the last one; none if that is nothing.
    pub(super) fn finish(&mut self, mark: Mark) -> Option<u32> {
        if self.bytes.len() == self.start(self.frames.len()) {
            return None;
        }
        self.frames.push(Frame { end: self.bytes.len(), mark, shared: None });
        Some(self.frames.len() as u32 - 1)
    }

    /// Gives the length of all frames together, in bytes.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Adds a frame to what a connection is owed.
    pub(super) fn owe(&mut self, owed: &mut Owed, frame: u32) {
        if owed.tail != NONE {
            let tail = &mut self.runs[owed.tail as usize];
            if tail.last == frame {
                tail.last = frame + 1;
                return;
            }
        }
        let run = self.runs.len() as u32;
        self.runs.push(Run { first: frame, last: frame + 1, next: NONE });
        if owed.tail == NONE {
            owed.head = run;
        } else {
            self.runs[owed.tail as usize].next = run;
        }
        owed.tail = run;
    }

    /// Adds what is owed to the slices to write.
    pub(super) fn gather<'a>(&'a self, owed: Owed, slices: &mut Slices<'a>) {
        let mut run = owed.head;
        while run != NONE {
            let Run { first, last, next } = self.runs[run as usize];
            slices.push(&self.bytes[self.start(first as usize)..self.start(last as usize)]);
            run = next;
        }
    }

    /// Calls `keep` with each owed frame that was not sent whole, as a frame on its own, together
    /// with the bytes of it that were sent.
    pub(super) fn leave(
        &mut self,
        owed: Owed,
        mut sent: usize,
        mut keep: impl FnMut(Rc<[u8]>, Mark, usize),
    ) {
        let mut run = owed.head;
        while run != NONE {
            let Run { first, last, next } = self.runs[run as usize];
            for index in first as usize..last as usize {
                let start = self.start(index);
                let frame = &mut self.frames[index];
                let length = frame.end - start;
                if sent >= length {
                    sent -= length;
                    continue;
                }
                let bytes = &self.bytes[start..frame.end];
                let shared = frame.shared.get_or_insert_with(|| Rc::from(bytes));
                keep(Rc::clone(shared), frame.mark, sent);
                sent = 0;
            }
            run = next;
        }
    }

    /// Forgets the turn. A buffer that grew large is given back.
    pub(super) fn clear(&mut self, bytes_kept_max: usize) {
        self.bytes.clear();
        self.bytes.shrink_to(bytes_kept_max);
        self.frames.clear();
        self.runs.clear();
    }

    fn start(&self, frame: usize) -> usize {
        match frame.checked_sub(1) {
            Some(before) => self.frames[before].end,
            None => 0,
        }
    }
}

/// Holds what one connection has not taken yet.
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
}

#[derive(Debug)]
struct Waiting {
    bytes: Rc<[u8]>,
    sent: usize,
    mark: Mark,
}

impl Backlog {
    pub(super) fn new(now: Moment) -> Self {
        Self {
            waiting: VecDeque::new(),
            bytes: 0,
            progress: now,
            lagging: false,
            missed: Vec::new(),
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Gives what was missed, in the order in which streams were first missed.
    pub(super) fn take_missed(&mut self) -> Vec<Missed> {
        std::mem::take(&mut self.missed)
    }

    /// Adds a frame of which `sent` bytes are gone already. Once half of `bytes_max` waits nothing
    /// passing is taken any more, and over `bytes_max` what waits of it goes. If that is not
    /// enough the connection lags: whatever is no reply and not half sent is dropped, now and
    /// until it has caught up.
    pub(super) fn push(&mut self, bytes: Rc<[u8]>, mark: Mark, sent: usize, bytes_max: usize) {
        let length = bytes.len() - sent;
        let passing_too_many = mark == Mark::Passing && self.bytes > bytes_max / 2;
        if sent == 0 && mark != Mark::Reply && (self.lagging || passing_too_many) {
            self.miss(mark);
            return;
        }
        self.bytes += length;
        self.waiting.push_back(Waiting { bytes, sent, mark });
        if self.bytes > bytes_max && mark != Mark::Reply {
            self.drop_frames(|mark| mark == Mark::Passing);
            if self.bytes > bytes_max {
                self.lagging = true;
                self.drop_frames(|mark| mark != Mark::Reply);
            }
        }
    }

    /// Counts a broadcast that is not delivered.
    pub(super) fn miss(&mut self, mark: Mark) {
        let Mark::Numbered { stream, number } = mark else { return };
        match self.missed.iter_mut().find(|missed| missed.stream == stream) {
            Some(missed) => {
                missed.first = missed.first.min(number);
                missed.last = missed.last.max(number);
            }
            None => self.missed.push(Missed { stream, first: number, last: number }),
        }
    }

    /// Drops the frames with such marks that are not half sent.
    fn drop_frames(&mut self, drops: impl Fn(Mark) -> bool) {
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.retain(|frame| {
            let keep = !drops(frame.mark) || frame.sent > 0;
            if !keep {
                self.bytes -= frame.bytes.len();
                self.miss(frame.mark);
            }
            keep
        });
        waiting.shrink_to_fit();
        self.waiting = waiting;
    }

    /// Adds what waits to the slices to write.
    pub(super) fn gather<'a>(&'a self, slices: &mut Slices<'a>) {
        for frame in self.waiting.iter().take(SLICES_MAX) {
            slices.push(&frame.bytes[frame.sent..]);
        }
        slices.overflow |= self.waiting.len() > SLICES_MAX;
    }

    /// Takes away bytes that were sent. Gives how many were not of this queue.
    pub(super) fn sent(&mut self, mut sent: usize) -> usize {
        while let Some(frame) = self.waiting.front_mut() {
            let rest = frame.bytes.len() - frame.sent;
            if sent < rest {
                frame.sent += sent;
                self.bytes -= sent;
                return 0;
            }
            sent -= rest;
            self.bytes -= rest;
            self.waiting.pop_front();
        }
        sent
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

    fn numbered(number: u64) -> Mark {
        Mark::Numbered { stream: 7, number }
    }

    fn gathered(frames: &Frames, owed: Owed) -> Vec<String> {
        let mut slices = Slices::new();
        frames.gather(owed, &mut slices);
        assert!(!slices.overflow);
        slices.as_slice().iter().map(|slice| String::from_utf8_lossy(slice).into_owned()).collect()
    }

    #[test]
    fn neighbouring_frames_are_sent_as_one_range() {
        let mut frames = frames(&["a", "bb", "ccc", "d", "e"]);
        let (mut all, mut some) = (Owed::NOTHING, Owed::NOTHING);
        for frame in 0..5 {
            frames.owe(&mut all, frame);
            if frame != 2 {
                frames.owe(&mut some, frame);
            }
        }
        assert_eq!(gathered(&frames, all), ["abbcccde"]);
        assert_eq!(gathered(&frames, some), ["abb", "de"]);
    }

    #[test]
    fn what_does_not_fit_into_one_write_is_not_overtaken() {
        let mut frames = Frames::default();
        let mut owed = Owed::NOTHING;
        for _ in 0..SLICES_MAX + 1 {
            for mark in [Mark::Reply, Mark::Passing] {
                frames.buffer().push(b'x');
                let frame = frames.finish(mark).expect("a byte was written");
                if mark == Mark::Reply {
                    frames.owe(&mut owed, frame);
                }
            }
        }
        let mut slices = Slices::new();
        frames.gather(owed, &mut slices);
        assert!(slices.overflow);
        assert_eq!(slices.length, SLICES_MAX);
    }

    #[test]
    fn nothing_written_makes_no_frame() {
        assert_eq!(Frames::default().finish(Mark::Reply), None);
    }

    #[test]
    fn what_was_not_sent_is_left_frame_by_frame() {
        let mut frames = frames(&["abc", "def", "ghi"]);
        let mut owed = Owed::NOTHING;
        frames.owe(&mut owed, 0);
        frames.owe(&mut owed, 2);
        let mut left = Vec::new();
        frames.leave(owed, 4, |bytes, mark, sent| left.push((bytes.to_vec(), mark, sent)));
        assert_eq!(left, [(b"ghi".to_vec(), numbered(2), 1)]);
    }

    #[test]
    fn two_slow_connections_share_a_frame() {
        let mut frames = frames(&["abc"]);
        let mut owed = Owed::NOTHING;
        frames.owe(&mut owed, 0);
        let mut left = Vec::new();
        frames.leave(owed, 0, |bytes, _, _| left.push(bytes));
        frames.leave(owed, 1, |bytes, _, _| left.push(bytes));
        assert!(Rc::ptr_eq(&left[0], &left[1]));
    }

    fn backlog(bytes_max: usize, frames: &[(&str, Mark)]) -> Backlog {
        let mut backlog = Backlog::new(Moment::default());
        for (text, mark) in frames {
            backlog.push(Rc::from(text.as_bytes()), *mark, 0, bytes_max);
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
    fn over_the_limit_broadcasts_are_dropped_and_counted_but_replies_stay() {
        let mut backlog = backlog(
            6,
            &[("aa", numbered(4)), ("rr", Mark::Reply), ("bb", numbered(5)), ("cc", numbered(6))],
        );
        assert!(backlog.lagging);
        assert_eq!(waiting(&backlog), "rr");
        backlog.push(Rc::from(&b"dd"[..]), numbered(7), 0, 6);
        assert_eq!(waiting(&backlog), "rr");
        assert_eq!(backlog.take_missed(), [Missed { stream: 7, first: 4, last: 7 }]);
    }

    #[test]
    fn a_frame_half_sent_is_never_dropped() {
        let mut backlog = Backlog::new(Moment::default());
        backlog.push(Rc::from(&b"abcd"[..]), numbered(1), 2, 3);
        backlog.push(Rc::from(&b"efgh"[..]), numbered(2), 0, 3);
        assert_eq!(waiting(&backlog), "cd");
        assert_eq!(backlog.take_missed(), [Missed { stream: 7, first: 2, last: 2 }]);
    }

    #[test]
    fn passing_frames_are_dropped_first_and_not_counted() {
        let mut backlog =
            backlog(8, &[("aaaaa", numbered(1)), ("pp", Mark::Passing), ("bb", numbered(2))]);
        assert_eq!(waiting(&backlog), "aaaaabb");
        assert_eq!(backlog.take_missed(), []);
    }

    #[test]
    fn passing_frames_that_wait_make_room_for_numbered_ones() {
        let mut backlog = Backlog::new(Moment::default());
        backlog.push(Rc::from(&b"half"[..]), Mark::Passing, 2, 9);
        for (text, mark) in [("pp", Mark::Passing), ("aaa", numbered(1)), ("bb", numbered(2))] {
            backlog.push(Rc::from(text.as_bytes()), mark, 0, 9);
        }
        assert_eq!(waiting(&backlog), "lfppaaabb");
        backlog.push(Rc::from(&b"cc"[..]), numbered(3), 0, 9);
        assert_eq!((waiting(&backlog).as_str(), backlog.lagging), ("lfaaabbcc", false));
        assert_eq!(backlog.take_missed(), []);
        backlog.push(Rc::from(&b"d"[..]), numbered(4), 0, 9);
        assert_eq!((waiting(&backlog).as_str(), backlog.lagging), ("lf", true));
        assert_eq!(backlog.take_missed(), [Missed { stream: 7, first: 1, last: 4 }]);
    }

    #[test]
    fn what_is_sent_leaves_the_queue() {
        let mut backlog = backlog(99, &[("abc", Mark::Reply), ("def", Mark::Reply)]);
        assert_eq!(backlog.sent(4), 0);
        assert_eq!(waiting(&backlog), "ef");
        assert_eq!(backlog.sent(5), 3);
        assert!(backlog.is_empty());
    }
}
