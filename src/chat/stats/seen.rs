//! Recent presence: people counted once, however often they connect.

use std::collections::HashMap;

use super::MINUTES;
use crate::chat::record::AuthorKey;

/// The number of people present, and those who left within a day.
#[derive(Debug, Default)]
pub(in crate::chat) struct Seen {
    /// Number of people present.
    pub(in crate::chat) present: u32,
    /// Who left, and in which minute.
    gone: HashMap<AuthorKey, u64>,
    /// Number of those who left in each minute, by its number modulo a day's.
    went: Vec<u32>,
    /// The minute in which old entries were last removed.
    swept: u64,
}

impl Seen {
    /// Advances to a minute.
    pub(in crate::chat) fn advance(&mut self, minute: u64) {
        if let Some(count) = self.went_in(minute) {
            *count = 0;
        }
        if minute.checked_rem(60) == Some(0) {
            self.sweep(minute);
        }
    }

    /// Forgets everybody who has left.
    pub(in crate::chat) fn forget(&mut self) {
        *self = Self { present: self.present, ..Self::default() };
    }

    /// Counts an arrival. Returns the minute in which the person left, if that is less than a day
    /// ago.
    pub(in crate::chat) fn came(&mut self, author: AuthorKey, minute: u64) -> Option<u64> {
        self.present = self.present.saturating_add(1);
        let went = self.gone.remove(&author).filter(|went| is_recent(*went, minute))?;
        if let Some(count) = self.went_in(went) {
            *count = count.saturating_sub(1);
        }
        Some(went)
    }

    /// Counts a departure; above `max` it is not remembered.
    pub(in crate::chat) fn went(&mut self, author: AuthorKey, minute: u64, max: usize) {
        self.vanished();
        if self.gone.len() >= max && self.swept < minute {
            self.sweep(minute);
        }
        if self.gone.len() < max && self.gone.insert(author, minute).is_none() {
            let count = self.went_in(minute);
            count.into_iter().for_each(|count| *count = count.saturating_add(1));
        }
    }

    /// Removes a person who turns out to be another present one.
    pub(in crate::chat) fn vanished(&mut self) {
        self.present = self.present.saturating_sub(1);
    }

    /// Counts those present within the last minutes, including the current one.
    pub(in crate::chat) fn within(&self, minutes: u64, minute: u64) -> u64 {
        let first = minute.saturating_sub(minutes.saturating_sub(1));
        let went = (first..=minute).filter_map(|minute| self.went.get(slot_of(minute)));
        went.fold(u64::from(self.present), |sum, count| sum.saturating_add(u64::from(*count)))
    }

    fn sweep(&mut self, minute: u64) {
        self.swept = minute;
        self.gone.retain(|_, went| is_recent(*went, minute));
    }

    fn went_in(&mut self, minute: u64) -> Option<&mut u32> {
        if self.went.is_empty() {
            self.went = vec![0; MINUTES];
        }
        self.went.get_mut(slot_of(minute))
    }
}

fn slot_of(minute: u64) -> usize {
    usize::try_from(minute).ok().and_then(|minute| minute.checked_rem(MINUTES)).unwrap_or_default()
}

fn is_recent(went: u64, minute: u64) -> bool {
    went.saturating_add(MINUTES as u64) > minute
}

#[cfg(test)]
mod tests {
    use super::*;

    fn author(n: u8) -> AuthorKey {
        AuthorKey([n; 16])
    }

    #[test]
    fn a_person_who_returns_is_counted_once_and_forgotten_after_a_day() {
        let mut seen = Seen::default();
        for minute in [100, 103] {
            seen.came(author(1), minute);
            seen.went(author(1), minute + 1, 9);
        }
        assert_eq!(seen.came(author(2), 104), None);
        assert_eq!((seen.present, seen.within(1, 104), seen.within(60, 104)), (1, 2, 2));
        for minute in 105..=104 + MINUTES as u64 {
            seen.advance(minute);
            let gone = minute >= 104 + MINUTES as u64;
            assert_eq!(seen.within(60, minute), if minute < 164 { 2 } else { 1 }, "{minute}");
            assert_eq!(seen.within(MINUTES as u64, minute), if gone { 1 } else { 2 }, "{minute}");
        }
        assert_eq!(seen.came(author(1), 104 + MINUTES as u64), None);
    }

    #[test]
    fn above_the_limit_the_counts_are_too_low_until_those_before_are_forgotten() {
        let mut seen = Seen::default();
        for n in 0..5 {
            seen.came(author(n), 100);
            seen.went(author(n), 100, 3);
        }
        assert_eq!(seen.within(60, 100), 3);
        let later = 100 + MINUTES as u64;
        (101..=later).for_each(|minute| seen.advance(minute));
        seen.came(author(9), later);
        seen.went(author(9), later, 3);
        assert_eq!((seen.within(60, later), seen.gone.len()), (1, 1));
    }
}
