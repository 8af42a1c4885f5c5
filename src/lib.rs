//! chinwag: a chat server.

pub mod chat;
pub mod clock;
pub mod journal;
