//! The simulations with many seeds.
//!
//! A failure prints `SIM_SEED=…`; with that in the environment the same run happens again, and
//! `SIM_SEED=FROM..TO` has what is private run with as many.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use crate::simulation::{Random, Simulation};
use crate::society::Society;

#[test]
fn members_see_the_record_in_order_and_nobody_else_sees_any() {
    let seeds = match std::env::var("SIM_SEED") {
        Ok(seed) => vec![seed.parse().expect("SIM_SEED is a number")],
        Err(_) => (1..=40).collect(),
    };
    for seed in seeds {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| Simulation::new(random(seed)).run())) {
            eprintln!("SIM_SEED={seed}");
            resume_unwind(panic);
        }
    }
}

#[test]
fn the_same_inputs_have_the_same_effects() {
    let run = || {
        let mut simulation = Simulation::new(random(7));
        simulation.transcript = Some(Vec::new());
        simulation.run();
        simulation.transcript
    };
    assert_eq!(run(), run());
}

#[test]
fn private_messages_reach_nobody_else() {
    let word = std::env::var("SIM_SEED").unwrap_or_else(|_| "1..21".to_owned());
    let number = |word: &str| word.parse::<u64>().expect("SIM_SEED is a number or two");
    let seeds = match word.split_once("..") {
        Some((from, to)) => number(from)..number(to),
        None => number(&word)..number(&word) + 1,
    };
    let mut tally = BTreeMap::new();
    for seed in seeds {
        let mut society = Society::new(random(seed));
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| society.run())) {
            eprintln!("SIM_SEED={seed}");
            resume_unwind(panic);
        }
        for (what, count) in society.tally {
            *tally.entry(what).or_insert(0) += count;
        }
    }
    // A simulation in which nothing happens shows nothing.
    for what in [
        "Kick",
        "Kick in private",
        "Ban in private",
        "Invite in private",
        "Promote in private",
        "Demote in private",
        "MakePrivate in private",
        "whisper",
        "crash",
        "barred",
    ] {
        assert!(tally.get(what).is_some_and(|count| *count > 0), "no {what}: {tally:?}");
    }
}

/// Returns numbers that look random (SplitMix64).
fn random(seed: u64) -> Random {
    let mut state = seed;
    Random::new(move |_| {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        Some(z ^ (z >> 31))
    })
}
