//! The chat, driven whole: stories with a made-up clock, and seeded simulations.

mod keeper;
mod simulation;
