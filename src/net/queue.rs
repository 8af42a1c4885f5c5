//! The frames of a turn.
//!
//! All frames made in a turn lie back to back in one buffer. Queued for a connection are *runs* of
//! them; a frame right after the last queued one only extends that run, so a room in which many
//! talk costs each member one range and no copy. Most connections have one run, which needs no list.
//! A connection that takes everything at once holds no memory. What one does not take becomes a
//! `Backlog` of shared frames: however many connections are behind, each frame is kept once. Static
//! bytes, such as a file of the page, are never copied.

use std::iter;
use std::rc::Rc;

use super::backlog::{Backlog, Bytes, FrameClass, Kept, Waiting};
use super::counters::{Owed, SharedOwed};
use super::slices::Slices;

/// In place of the first frame: nothing is queued.
const NONE: u32 = u32::MAX;
/// In place of the first frame: there is a list of runs.
const LISTED: u32 = u32::MAX - 1;

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

/// The frames `first..last`. If `first` is `last`, it is this one frame of static bytes.
#[derive(Clone, Copy, Debug)]
struct Run {
    first: u32,
    last: u32,
    /// The next run of the same connection; the last one is followed by the first.
    next: u32,
}

/// The runs queued for one connection in this turn. Most connections have one, which lies here: the
/// frames `first..last`. If `first` is [`LISTED`], `last` is the number of the last run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Queued {
    first: u32,
    last: u32,
}

impl Queued {
    pub(super) const NONE: Self = Self { first: NONE, last: NONE };
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
    #[inline]
    pub(super) fn enqueue(&mut self, queued: &mut Queued, frame: u32) {
        let next = frame.saturating_add(1);
        if queued.first != LISTED && queued.last == frame {
            queued.last = next;
        } else {
            self.push_run(queued, frame, next);
        }
    }

    fn push_run(&mut self, queued: &mut Queued, first: u32, last: u32) {
        if queued.first == NONE {
            *queued = Queued { first, last };
            return;
        }
        let number = self.runs.len() as u32;
        if queued.first != LISTED {
            self.runs.push(Run { first: queued.first, last: queued.last, next: number });
            *queued = Queued { first: LISTED, last: number };
        }
        let number = self.runs.len() as u32;
        let Some(tail) = self.runs.get_mut(queued.last as usize) else { return };
        if tail.last == first && first != last {
            tail.last = last;
            return;
        }
        let next = std::mem::replace(&mut tail.next, number);
        self.runs.push(Run { first, last, next });
        queued.last = number;
    }

    /// Adds what is queued to a write.
    pub(super) fn gather<'a>(&'a self, queued: Queued, slices: &mut Slices<'a>) {
        if queued.first < LISTED {
            return slices.push(self.bytes_of(queued.first, queued.last));
        }
        for (first, last) in runs_of(&self.runs, queued) {
            slices.push(self.bytes_of(first, last));
        }
    }

    fn bytes_of(&self, first: u32, last: u32) -> &[u8] {
        if first == last {
            return self.frames.get(first as usize).map_or(&[], |it| it.uncopied);
        }
        self.bytes.get(self.start(first)..self.start(last)).unwrap_or_default()
    }

    /// Calls `keep` with the bytes of each queued frame of which not all bytes were sent, its class,
    /// and the number of its bytes that were. `sent` are the bytes sent of all that is queued.
    pub(super) fn keep_unsent(
        &mut self,
        queued: Queued,
        mut sent: usize,
        mut keep: impl FnMut(Bytes, FrameClass, usize),
    ) {
        let runs = std::mem::take(&mut self.runs);
        for (first, last) in runs_of(&runs, queued) {
            if first == last {
                let bytes = self.frames.get(first as usize).map_or(&[][..], |it| it.uncopied);
                match sent.checked_sub(bytes.len()) {
                    Some(rest) => sent = rest,
                    None => {
                        keep(Bytes::Static(bytes), FrameClass::Reply, std::mem::take(&mut sent));
                    }
                }
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
        }
        self.runs = runs;
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

/// Returns the first frame of each queued run, and the one after its last.
fn runs_of(runs: &[Run], queued: Queued) -> impl Iterator<Item = (u32, u32)> {
    let only = (queued.first < LISTED).then_some((queued.first, queued.last));
    let tail = if queued.first == LISTED { runs.get(queued.last as usize) } else { None };
    let head = tail.map(|tail| tail.next);
    let list = iter::successors(head, move |at| {
        (*at != queued.last).then(|| runs.get(*at as usize).map_or(queued.last, |run| run.next))
    });
    let listed = list.filter_map(|at| runs.get(at as usize).map(|run| (run.first, run.last)));
    only.into_iter().chain(listed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Moment;
    use crate::net::slices::SLICES_MAX;

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

    fn waiting(backlog: &Backlog) -> String {
        let mut slices = Slices::new();
        backlog.gather(&mut slices);
        assert_eq!(slices.length, backlog.bytes());
        slices.as_slice().iter().map(|slice| String::from_utf8_lossy(slice).into_owned()).collect()
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
}
