//! A hashed timer wheel: one entry per connection, no cancel, no links.
//!
//! Moving a deadline to a later time costs nothing: the entry stays, fires early and is put back.
//! Moving one to an earlier time adds a second entry; the owner knows which one counts (see
//! `Conn::armed`).

use std::iter;
use std::time::Duration;

use super::conn::ConnId;
use crate::clock::Moment;

/// Milliseconds of a slot: a deadline may be noticed this much late.
const SLOT_MILLIS: u64 = 32;
/// Slots of a round, a power of two. An entry further ahead waits in the last slot of the round and
/// is put back from there.
const SLOTS: u64 = 2048;
const WORDS: usize = SLOTS as usize / 64;

/// The connections to be called, by time.
#[derive(Debug)]
pub(super) struct Wheel {
    slots: Vec<Vec<ConnId>>,
    /// One bit for each slot that has entries.
    filled: [u64; WORDS],
    /// The slot up to which all have fired, counted without end.
    current: u64,
}

impl Wheel {
    pub(super) fn new() -> Self {
        let slots = (0..SLOTS).map(|_| Vec::new()).collect();
        Self { slots, filled: [0; WORDS], current: 0 }
    }

    /// Adds an entry that fires at `due` or up to one slot later; earlier if that is far ahead.
    /// Returns when it fires.
    pub(super) fn insert(&mut self, due: Moment, conn: ConnId) -> Moment {
        let last = self.current.saturating_add(SLOTS - 1);
        let at = due.as_millis().div_ceil(SLOT_MILLIS).clamp(self.current, last);
        let (entries, filled, bit) = self.slot(at);
        entries.push(conn);
        *filled |= bit;
        Moment::from_millis(at.saturating_mul(SLOT_MILLIS))
    }

    /// Moves all entries that are due to `fired`.
    pub(super) fn advance(&mut self, now: Moment, fired: &mut Vec<ConnId>) {
        let until = now.as_millis() / SLOT_MILLIS;
        while let Some(next) = self.next_filled().filter(|next| *next <= until) {
            let (entries, filled, bit) = self.slot(next);
            fired.append(entries);
            // A slot that was crowded once need not stay large.
            entries.shrink_to(64);
            *filled &= !bit;
            self.current = next;
        }
        self.current = self.current.max(until.saturating_add(1));
    }

    /// Returns the time until the next entry fires.
    pub(super) fn wait(&self, now: Moment) -> Option<Duration> {
        let next = self.next_filled()?;
        Some(Moment::from_millis(next.saturating_mul(SLOT_MILLIS)).since(now))
    }

    /// Returns the entries of a slot, and where it is marked as filled.
    #[expect(clippy::indexing_slicing, reason = "a remainder by SLOTS is below SLOTS")]
    fn slot(&mut self, at: u64) -> (&mut Vec<ConnId>, &mut u64, u64) {
        let slot = (at % SLOTS) as usize;
        (&mut self.slots[slot], &mut self.filled[slot / 64], 1 << (slot % 64))
    }

    fn next_filled(&self) -> Option<u64> {
        let start = self.current % SLOTS;
        let (before, from) = self.filled.split_at_checked((start / 64) as usize)?;
        let (first, after) = from.split_first()?;
        // The word of `start` comes first with its later slots, and last with its earlier ones.
        let later = u64::MAX << (start % 64);
        let (first, last) = (first & later, first & !later);
        let middle = after.iter().chain(before).copied();
        let words = iter::once(first).chain(middle).chain(iter::once(last));
        let (bits, word) = words.zip(0_u64..).find(|(bits, _)| *bits != 0)?;
        let bit = word.saturating_mul(64).saturating_add(bits.trailing_zeros().into());
        Some(self.current.saturating_add(bit.saturating_sub(start % 64)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u32) -> ConnId {
        ConnId::new(n, n)
    }

    fn fired(wheel: &mut Wheel, millis: u64) -> Vec<u32> {
        let mut out = Vec::new();
        wheel.advance(Moment::from_millis(millis), &mut out);
        out.iter().map(|conn| conn.slot()).collect()
    }

    #[test]
    fn an_entry_fires_at_its_time_and_not_before() {
        let mut wheel = Wheel::new();
        wheel.insert(Moment::from_millis(9_000), id(1));
        wheel.insert(Moment::from_millis(100), id(2));
        assert!(fired(&mut wheel, 99).is_empty());
        assert_eq!(fired(&mut wheel, 100 + SLOT_MILLIS), [2]);
        assert!(fired(&mut wheel, 8_999).is_empty());
        assert_eq!(fired(&mut wheel, 9_000 + SLOT_MILLIS), [1]);
        assert_eq!(wheel.wait(Moment::from_millis(9_100)), None);
    }

    #[test]
    fn the_wait_is_until_the_next_entry() {
        let mut wheel = Wheel::new();
        let at = wheel.insert(Moment::from_millis(5_000), id(1));
        assert_eq!(
            wheel.wait(Moment::from_millis(1_000)),
            Some(at.since(Moment::from_millis(1_000)))
        );
        assert_eq!(wheel.wait(Moment::from_millis(6_000)), Some(Duration::ZERO));
    }

    #[test]
    fn an_entry_beyond_one_round_fires_early_and_can_be_put_back() {
        let mut wheel = Wheel::new();
        let due = Moment::from_millis(10 * SLOTS * SLOT_MILLIS);
        let at = wheel.insert(due, id(1));
        assert!(at < due);
        assert_eq!(fired(&mut wheel, at.as_millis()), [1]);
    }

    #[test]
    fn entries_behind_the_start_of_the_round_are_found() {
        let mut wheel = Wheel::new();
        assert!(fired(&mut wheel, 1_000 * SLOT_MILLIS).is_empty());
        let at = wheel.insert(Moment::from_millis((1_000 + SLOTS - 1) * SLOT_MILLIS), id(4));
        assert!(fired(&mut wheel, at.as_millis() - 1).is_empty());
        assert_eq!(fired(&mut wheel, at.as_millis()), [4]);
        wheel.insert(Moment::from_millis(0), id(5));
        assert_eq!(fired(&mut wheel, at.as_millis() + SLOT_MILLIS), [5]);
    }
}
