//! chinwag: a chat server.

pub mod chat;
pub mod clock;
pub mod http;
pub mod ws;
