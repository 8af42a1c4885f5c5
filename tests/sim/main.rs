//! The whole chat, driven with a fake clock: scenarios, and seeded simulations.

mod accounts;
mod again;
mod charge;
mod coming;
mod cost;
mod direct;
mod evasion;
mod keeper;
mod law;
mod limits;
mod order;
mod presence;
mod private;
mod properties;
mod record;
mod removal;
mod requests;
mod seeds;
mod simulation;
mod society;
mod stats;
mod status;
mod talking;
mod typing;
mod witness;
mod world;
