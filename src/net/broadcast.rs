//! A message for many connections, encoded once for each way of compressing it.

use super::backlog::FrameClass;
use super::queue::Frames;
use crate::ws::frame::{self, Opcode};
use crate::ws::{Message, Shared, WindowBits};

/// The largest window of permessage-deflate (RFC 7692 §7.1.2).
const WINDOW_BITS_MAX: usize = 15;

/// A message for many connections, encoded at most once for each way of compressing it.
#[derive(Debug)]
pub struct Broadcast<'a> {
    pub(super) class: FrameClass,
    opcode: Opcode,
    pub(super) payload: &'a [u8],
    plain: Option<u32>,
    /// By window size; the plain frame where compression does not pay.
    deflated: [Option<u32>; WINDOW_BITS_MAX + 1],
}

impl<'a> Broadcast<'a> {
    /// Returns a broadcast of a text; it must not outlive the turn in which it is first delivered.
    pub fn new(class: FrameClass, payload: &'a [u8]) -> Self {
        Self::of(class, Opcode::Text, payload)
    }

    /// Returns a broadcast of a received message.
    pub fn message(class: FrameClass, message: &'a Message) -> Self {
        match message {
            Message::Text(text) => Self::of(class, Opcode::Text, text.as_bytes()),
            Message::Binary(bytes) => Self::of(class, Opcode::Binary, bytes),
        }
    }

    fn of(class: FrameClass, opcode: Opcode, payload: &'a [u8]) -> Self {
        Self { class, opcode, payload, plain: None, deflated: [None; WINDOW_BITS_MAX + 1] }
    }

    /// Returns the number of its frame for this way of compressing.
    #[inline]
    pub(super) fn frame(
        &mut self,
        deflate: Option<WindowBits>,
        frames: &mut Frames,
        shared: &mut Shared,
    ) -> u32 {
        match (deflate, self.plain) {
            (None, Some(frame)) => frame,
            (None, None) => self.plain(frames),
            (Some(bits), _) => self.deflated(bits, frames, shared),
        }
    }

    fn deflated(&mut self, bits: WindowBits, frames: &mut Frames, shared: &mut Shared) -> u32 {
        let index = usize::from(bits.get());
        if let Some(Some(frame)) = self.deflated.get(index) {
            return *frame;
        }
        let frame = if shared.deflate(self.opcode, bits, self.payload, frames.buffer()) {
            self.finish(frames)
        } else {
            self.plain(frames)
        };
        if let Some(slot) = self.deflated.get_mut(index) {
            *slot = Some(frame);
        }
        frame
    }

    fn plain(&mut self, frames: &mut Frames) -> u32 {
        if let Some(frame) = self.plain {
            return frame;
        }
        frame::encode(self.opcode, false, self.payload, frames.buffer());
        let frame = self.finish(frames);
        self.plain = Some(frame);
        frame
    }

    fn finish(&self, frames: &mut Frames) -> u32 {
        // Never empty: a frame has a header.
        frames.finish(self.class).unwrap_or_default()
    }
}
