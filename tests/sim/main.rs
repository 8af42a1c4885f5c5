//! The chat, driven whole: stories with a made-up clock, and seeded simulations.

mod coming;
mod keeper;
mod limits;
mod presence;
mod properties;
mod record;
mod requests;
mod simulation;
mod stats;
mod status;
mod talking;
mod typing;
mod world;
