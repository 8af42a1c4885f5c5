//! When connections are cut and slow clients read.

use std::time::Duration;

use super::crowd::Crowd;
use super::options::Chaos;

/// What a slow client reads a second.
const SLOW_BYTES_PER_S: usize = 16 * 1024;
/// How often it does.
const SLOW_EVERY: Duration = Duration::from_millis(100);
const SLOW_BYTES: usize = SLOW_BYTES_PER_S / 10;

/// Something that happens again and again.
#[derive(Clone, Copy, Debug)]
struct Regular {
    every_us: u64,
    next_us: u64,
}

impl Regular {
    fn new(every: Duration, now_us: u64) -> Self {
        let every_us = u64::try_from(every.as_micros()).unwrap_or(u64::MAX).max(1);
        Self { every_us, next_us: now_us.saturating_add(every_us) }
    }

    /// Whether it is due; it is due anew later.
    fn is_due(&mut self, now_us: u64) -> bool {
        let due = self.next_us <= now_us;
        if due {
            self.next_us = self.next_us.saturating_add(self.every_us);
        }
        due
    }
}

/// What happens while is measured.
#[derive(Debug)]
pub(super) struct Weather {
    cut: Option<Regular>,
    storm: Option<Regular>,
    slow: Option<Regular>,
}

impl Weather {
    /// Begins.
    pub(super) fn begin(chaos: &Chaos, crowd: &mut Crowd, now_us: u64) -> Self {
        let regular = |every| Regular::new(every, now_us);
        crowd.hinder(true);
        Self {
            cut: (chaos.cut > 0.0).then(|| regular(Duration::from_secs_f64(1.0 / chaos.cut))),
            storm: chaos.storm.map(regular),
            slow: (chaos.slow > 0).then(|| regular(SLOW_EVERY)),
        }
    }

    /// Does what is due, and returns when something is again.
    pub(super) fn blow(&mut self, crowd: &mut Crowd, now_us: u64) -> u64 {
        while let Some(cut) = &mut self.cut
            && cut.is_due(now_us)
        {
            crowd.cut_one();
        }
        if self.storm.as_mut().is_some_and(|it| it.is_due(now_us)) {
            crowd.cut_all();
        }
        if self.slow.as_mut().is_some_and(|it| it.is_due(now_us)) {
            crowd.read_slowly(SLOW_BYTES);
        }
        let all = [self.cut, self.storm, self.slow].into_iter().flatten();
        all.map(|it| it.next_us).min().unwrap_or(u64::MAX)
    }

    /// Ends: who read badly reads everything that is left.
    pub(super) fn end(crowd: &mut Crowd) {
        crowd.hinder(false);
    }
}
