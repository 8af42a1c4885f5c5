//! The slices of one write.

use std::io::IoSlice;

use smallvec::SmallVec;

/// Slices of one write at most.
pub(super) const SLICES_MAX: usize = 64;

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

    pub(super) fn push(&mut self, bytes: &'a [u8]) {
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
