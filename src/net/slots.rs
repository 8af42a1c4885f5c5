//! A set of slots that is walked in ascending order.

/// A set of slots of connections, one bit each.
#[derive(Debug, Default)]
pub(super) struct SlotSet {
    words: Vec<u64>,
}

impl SlotSet {
    /// Adds a slot.
    pub(super) fn insert(&mut self, slot: u32) {
        let word = slot as usize / 64;
        if word >= self.words.len() {
            self.words.resize(word.saturating_add(1), 0);
        }
        if let Some(bits) = self.words.get_mut(word) {
            *bits |= 1 << (slot % 64);
        }
    }

    /// Removes and returns the lowest slot in `word` or behind it; a walk starts with word 0.
    ///
    /// Slots added before the current word meanwhile are found by the next walk.
    pub(super) fn take_next(&mut self, word: &mut usize) -> Option<u32> {
        while let Some(bits) = self.words.get_mut(*word) {
            if *bits == 0 {
                *word = word.saturating_add(1);
                continue;
            }
            let bit = bits.trailing_zeros();
            *bits &= bits.wrapping_sub(1);
            return Some((*word as u32) << 6 | bit);
        }
        None
    }

    /// Whether the set is empty.
    pub(super) fn is_empty(&self) -> bool {
        self.words.iter().all(|bits| *bits == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_come_out_once_and_in_order() {
        let mut slots = SlotSet::default();
        for n in [700, 3, 64, 63, 0, 3] {
            slots.insert(n);
        }
        let mut word = 0;
        let mut seen = Vec::new();
        while let Some(n) = slots.take_next(&mut word) {
            seen.push(n);
        }
        assert_eq!(seen, [0, 3, 63, 64, 700]);
        assert!(slots.is_empty());
    }
}
