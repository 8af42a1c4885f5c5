//! A set of small numbers that is walked in ascending order.

/// Is a set of slots.
#[derive(Debug, Default)]
pub(super) struct Bits {
    words: Vec<u64>,
}

impl Bits {
    /// Adds `n`.
    pub(super) fn insert(&mut self, n: u32) {
        let (word, bit) = (n as usize / 64, n % 64);
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        self.words[word] |= 1 << bit;
    }

    /// Removes and gives the lowest member of the given word or one after it.
    ///
    /// `word` is where to go on; start with 0. What is added behind it meanwhile is found on the
    /// next walk.
    pub(super) fn take_next(&mut self, word: &mut usize) -> Option<u32> {
        while let Some(bits) = self.words.get_mut(*word) {
            if *bits == 0 {
                *word += 1;
                continue;
            }
            let bit = bits.trailing_zeros();
            *bits &= *bits - 1;
            return Some(*word as u32 * 64 + bit);
        }
        None
    }

    /// Says whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.words.iter().all(|bits| *bits == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_come_out_once_and_in_order() {
        let mut bits = Bits::default();
        for n in [700, 3, 64, 63, 0, 3] {
            bits.insert(n);
        }
        let mut word = 0;
        let mut seen = Vec::new();
        while let Some(n) = bits.take_next(&mut word) {
            seen.push(n);
        }
        assert_eq!(seen, [0, 3, 63, 64, 700]);
        assert!(bits.is_empty());
    }
}
