//! Where sockets and chat meet.

pub mod log;
pub mod origin;
pub mod render;
