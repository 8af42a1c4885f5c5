//! Where sockets and chat meet.

pub mod render;
