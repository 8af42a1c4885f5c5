//! The simulations of the whole chat, with the decisions of the fuzzer.

#[path = "../tests/sim/keeper.rs"]
mod keeper;
#[path = "../tests/sim/law.rs"]
mod law;
#[path = "../tests/sim/simulation.rs"]
mod simulation;
#[path = "../tests/sim/society.rs"]
mod society;
#[path = "../tests/sim/witness.rs"]
mod witness;

use std::collections::VecDeque;

use simulation::{Random, Simulation};
use society::Society;

/// Runs clients that come, talk, stall and return before a keeper of records that is slow, refuses
/// and dies; each sees the record whole and in order.
pub(crate) fn the_record_is_seen_in_order(data: &[u8]) {
    Simulation::new(decisions(data)).run();
}

/// Runs people who keep order, hide rooms and talk in private; nobody else is told.
pub(crate) fn what_is_private_reaches_nobody_else(data: &[u8]) {
    Society::new(decisions(data)).run();
}

/// Returns the decisions that the bytes stand for: one each, two for those among many.
fn decisions(data: &[u8]) -> Random {
    let mut bytes: VecDeque<u8> = data.iter().copied().collect();
    Random::new(move |end| {
        let byte = u64::from(bytes.pop_front()?);
        if end <= 256 { Some(byte) } else { Some(byte << 8 | u64::from(bytes.pop_front()?)) }
    })
}
