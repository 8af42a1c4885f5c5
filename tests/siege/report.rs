//! What was measured of an attacker, and which bounds it broke.

use std::time::Duration;

use crate::bystander::{Measured, Times};
use crate::storm::{Attacker, Fates};

/// What a delay may be however quick the server is without an attack, unless there is an hour.
const QUICK: Duration = Duration::from_millis(50);
/// How often a thread is woken until an answer is there: the server's, the journal's and the one that
/// asked, and once more for the second round.
const WAKES: u32 = 4;
/// What a search may take: searches take turns.
const SEARCH: Duration = Duration::from_secs(1);
/// What a login may take: one password is hashed at a time.
const LOGIN: Duration = Duration::from_secs(5);

/// What was measured of one attacker.
pub(crate) struct Report {
    pub(crate) attacker: &'static Attacker,
    pub(crate) silent: Measured,
    pub(crate) attacked: Measured,
    pub(crate) cpu: Duration,
    pub(crate) peak: u64,
    pub(crate) allowed: u64,
    pub(crate) fates: Fates,
}

impl Report {
    pub(crate) fn line(&self) -> String {
        let Self { attacker, silent, attacked, cpu, peak, allowed, fates } = self;
        let ms = |times: &Times, at| format!("{:.1}", times.percentile(at).as_secs_f64() * 1000.0);
        let both = |times: &Times| format!("{}/{}", ms(times, 0.5), ms(times, 0.99));
        let fates: Vec<String> =
            fates.iter().map(|(fate, count)| format!("{fate} ×{count}")).collect();
        format!(
            "{:16} {:5} | {} > {} ms | {} > {} | {} | {} | {} | {:.1} s | {} ({}) MB | {}",
            attacker.name,
            attacker.connections,
            both(&silent.talk),
            both(&attacked.talk),
            ms(&silent.visits, 0.99),
            ms(&attacked.visits, 0.99),
            ms(&attacked.searches, 1.0),
            ms(&attacked.logins, 1.0),
            ms(&attacked.waits, 0.99),
            cpu.as_secs_f64(),
            peak >> 20,
            allowed >> 20,
            fates.join(", "),
        )
    }

    /// What breaks a bound; in a long siege delays are compared alone.
    pub(crate) fn faults(&self, long: bool) -> Vec<String> {
        let Self { silent, attacked, .. } = self;
        let mut faults = Vec::new();
        let mut hold = |what: &str, took: Duration, most: Duration| {
            if took > most {
                faults.push(format!("{what} took {took:?}, at most {most:?} is right"));
            }
        };
        let least = if long { Duration::ZERO } else { QUICK };
        let waits = attacked.waits.percentile(0.99) * WAKES;
        let most = |silent: &Times| (silent.percentile(0.99) * 3).max(least) + waits;
        hold("talking", attacked.talk.percentile(0.99), most(&silent.talk));
        hold("coming", attacked.visits.percentile(0.99), most(&silent.visits));
        hold("searching", attacked.searches.percentile(1.0), SEARCH);
        hold("logging in", attacked.logins.percentile(1.0), LOGIN);
        if self.peak > self.allowed {
            faults.push(format!("{} MB are more than the limits allow", self.peak >> 20));
        }
        for measured in [silent, attacked] {
            let known = measured.faults.iter().take(3);
            faults.extend(known.map(|fault| format!("bystander: {fault}")));
        }
        faults
    }
}
