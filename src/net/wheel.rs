//! A hashed timer wheel: one entry per connection, no cancel, no links.
//!
//! A deadline that moves to a later time costs nothing: the entry stays where it is, fires early and
//! is put back. One that moves to an earlier time gets a second entry; the owner of the entry knows
//! which one counts (see `Conn::armed`).

use std::time::Duration;

use super::conn::ConnId;
use crate::clock::Moment;

/// Milliseconds a slot spans: how late a deadline may be noticed.
const SLOT_MILLIS: u64 = 32;
/// A power of two. What lies further ahead than the wheel turns in one round waits in its last slot
/// and is put back from there.
const SLOTS: u64 = 2048;

/// Holds who wants to be called when.
#[derive(Debug)]
pub(super) struct Wheel {
    slots: Vec<Vec<ConnId>>,
    /// Which slots have entries, so that the next one is found without a walk over all.
    filled: [u64; SLOTS as usize / 64],
    /// All slots before this one have fired.
    current: u64,
}

impl Wheel {
    pub(super) fn new() -> Self {
        let slots = (0..SLOTS).map(|_| Vec::new()).collect();
        Self { slots, filled: [0; SLOTS as usize / 64], current: 0 }
    }

    /// Adds an entry that fires at `due` or up to one slot later; earlier if that is far ahead.
    /// Gives the moment at which it fires.
    pub(super) fn insert(&mut self, due: Moment, conn: ConnId) -> Moment {
        let wanted = due.as_millis().div_ceil(SLOT_MILLIS);
        let at = wanted.clamp(self.current, self.current + SLOTS - 1);
        let slot = (at % SLOTS) as usize;
        self.slots[slot].push(conn);
        self.filled[slot / 64] |= 1 << (slot % 64);
        Moment::from_millis(at * SLOT_MILLIS)
    }

    /// Moves all entries that are due to `fired`.
    pub(super) fn advance(&mut self, now: Moment, fired: &mut Vec<ConnId>) {
        let until = now.as_millis() / SLOT_MILLIS;
        while let Some(next) = self.next_filled().filter(|next| *next <= until) {
            let slot = (next % SLOTS) as usize;
            fired.append(&mut self.slots[slot]);
            // A slot that was crowded once need not stay large for ever.
            self.slots[slot].shrink_to(64);
            self.filled[slot / 64] &= !(1 << (slot % 64));
            self.current = next;
        }
        self.current = self.current.max(until + 1);
    }

    /// Gives the time until the next entry fires.
    pub(super) fn wait(&self, now: Moment) -> Option<Duration> {
        let next = self.next_filled()?;
        Some(Moment::from_millis(next * SLOT_MILLIS).since(now))
    }

    fn next_filled(&self) -> Option<u64> {
        let start = self.current % SLOTS;
        let words = self.filled.len();
        let first = (start / 64) as usize;
        for step in 0..=words {
            let word = (first + step) % words;
            let mut bits = self.filled[word];
            if step == 0 {
                bits &= u64::MAX << (start % 64);
            } else if step == words {
                bits &= !(u64::MAX << (start % 64));
            }
            if bits != 0 {
                let slot = word as u64 * 64 + u64::from(bits.trailing_zeros());
                return Some(self.current + (slot + SLOTS - start) % SLOTS);
            }
        }
        None
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
    fn what_lies_beyond_one_round_fires_early_and_can_be_put_back() {
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
