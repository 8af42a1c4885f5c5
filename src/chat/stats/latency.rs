//! A histogram of durations, for percentiles at a fixed cost.

/// A histogram of milliseconds. Below 16 each value has its own class; above, eight classes lie
/// between a power of two and the next, so that the error is at most an eighth.
#[derive(Debug)]
pub(in crate::chat) struct Latencies {
    counts: [u32; CLASSES],
    total: u32,
}

impl Default for Latencies {
    fn default() -> Self {
        Self { counts: [0; CLASSES], total: 0 }
    }
}

impl Latencies {
    /// Adds a duration.
    pub(in crate::chat) fn add(&mut self, millis: u64) {
        if let Some(count) = self.counts.get_mut(class_of(millis)) {
            *count = count.saturating_add(1);
            self.total = self.total.saturating_add(1);
        }
    }

    /// Returns a percentile in milliseconds; 0 if nothing was counted.
    pub(in crate::chat) fn percentile(&self, percent: u32) -> u64 {
        let role = u64::from(self.total).saturating_mul(u64::from(percent)).div_ceil(100);
        let mut below = 0_u64;
        let class = self.counts.iter().position(|count| {
            below = below.saturating_add(u64::from(*count));
            below >= role
        });
        class.filter(|_| role > 0).map_or(0, longest_of)
    }
}

/// Below this every millisecond has its own class.
const EXACT: u64 = 16;
/// Sixteen exact classes, then eight for each power of two up to 17 minutes.
const CLASSES: usize = 16 + 16 * 8;

fn class_of(millis: u64) -> usize {
    let Some(power) = millis.checked_ilog2().filter(|_| millis >= EXACT) else {
        return usize::try_from(millis).unwrap_or_default();
    };
    // The three bits below the highest one.
    let step = millis.checked_shr(power.saturating_sub(3)).unwrap_or_default() & 7;
    let class = u64::from(power.saturating_sub(4)).saturating_mul(8).saturating_add(step);
    let class = class.saturating_add(EXACT);
    usize::try_from(class).unwrap_or(usize::MAX).min(CLASSES.saturating_sub(1))
}

fn longest_of(class: usize) -> u64 {
    let class = u64::try_from(class).unwrap_or_default();
    let Some(above) = class.checked_sub(EXACT) else { return class };
    let width = above / 8;
    let width = 2_u64.checked_shl(u32::try_from(width).unwrap_or_default()).unwrap_or_default();
    (above % 8).saturating_add(9).saturating_mul(width).saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_never_too_short_and_off_by_an_eighth_at_most() {
        for millis in (0..5000).chain([60_000, 1_000_000]) {
            let mut latencies = Latencies::default();
            latencies.add(millis);
            let told = latencies.percentile(50);
            assert!(told >= millis && told <= millis + millis / 8, "{millis}: {told}");
            assert!(millis >= EXACT || told == millis);
        }
    }

    #[test]
    fn half_are_within_the_median_and_99_within_the_99th() {
        let mut latencies = Latencies::default();
        assert_eq!((latencies.percentile(50), latencies.percentile(99)), (0, 0));
        for _ in 0..50 {
            latencies.add(1);
        }
        for _ in 0..49 {
            latencies.add(7);
        }
        latencies.add(u64::MAX);
        assert_eq!([50, 51, 99].map(|percent| latencies.percentile(percent)), [1, 7, 7]);
        assert!(latencies.percentile(100) > 1_000_000);
    }
}
