//! Counters and distributions as plain integers.
//!
//! Whatever happens often is counted here, by the layer in which it happens. There is no lock, no
//! atomic and no registry: each of these belongs to one thread, and a scrape copies them. Names,
//! help texts and formats are [`crate::server`]'s.

use std::cell::Cell;

/// Counts by the keys of a fixed list; what has another key is counted together.
#[derive(Clone, Debug)]
pub struct Counts<K: 'static> {
    keys: &'static [K],
    /// One for each key, and one for all others.
    counts: Vec<Cell<u64>>,
}

impl<K: Copy + PartialEq> Counts<K> {
    /// Returns counts of zero.
    pub fn new(keys: &'static [K]) -> Self {
        Self { keys, counts: vec![Cell::default(); keys.len().saturating_add(1)] }
    }

    /// Counts one.
    pub fn add(&self, key: K) {
        let at = self.keys.iter().position(|known| *known == key).unwrap_or(self.keys.len());
        if let Some(count) = self.counts.get(at) {
            count.set(count.get().saturating_add(1));
        }
    }

    /// Lists the keys with their counts; all others come last, as `None`.
    pub fn iter(&self) -> impl Iterator<Item = (Option<K>, u64)> {
        let keys = self.keys.iter().copied().map(Some).chain([None]);
        keys.zip(self.counts.iter().map(Cell::get))
    }
}

/// A distribution of whole numbers: how many were at most each of its bounds.
#[derive(Clone, Debug)]
pub struct Histogram {
    /// Ascending.
    bounds: &'static [u64],
    /// One for each bound, and one for what is above all of them.
    counts: Vec<u64>,
    sum: u64,
}

impl Histogram {
    /// Returns an empty distribution.
    pub fn new(bounds: &'static [u64]) -> Self {
        Self { bounds, counts: vec![0; bounds.len().saturating_add(1)], sum: 0 }
    }

    /// Adds a number.
    pub fn add(&mut self, number: u64) {
        let at = self.bounds.iter().position(|bound| number <= *bound).unwrap_or(self.bounds.len());
        if let Some(count) = self.counts.get_mut(at) {
            *count = count.saturating_add(1);
        }
        self.sum = self.sum.saturating_add(number);
    }

    /// Returns the sum of all numbers.
    pub fn sum(&self) -> u64 {
        self.sum
    }

    /// Lists the bounds with the count of numbers above the bound before and at most this one; the
    /// last, `None`, is above all.
    pub fn buckets(&self) -> impl Iterator<Item = (Option<u64>, u64)> {
        let bounds = self.bounds.iter().copied().map(Some).chain([None]);
        bounds.zip(self.counts.iter().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_keys_are_counted_together() {
        let counts = Counts::new(&[1000, 1001]);
        for key in [1001, 1000, 4999, 1001, 3000] {
            counts.add(key);
        }
        let counted: Vec<_> = counts.iter().collect();
        assert_eq!(counted, [(Some(1000), 1), (Some(1001), 2), (None, 2)]);
    }

    #[test]
    fn a_number_falls_into_the_first_bucket_that_holds_it() {
        let mut histogram = Histogram::new(&[0, 10, 20]);
        for number in [0, 1, 10, 11, 20, 21, 1000] {
            histogram.add(number);
        }
        let buckets: Vec<_> = histogram.buckets().collect();
        assert_eq!(buckets, [(Some(0), 1), (Some(10), 2), (Some(20), 2), (None, 2)]);
        assert_eq!(histogram.sum(), 1063);
    }
}
