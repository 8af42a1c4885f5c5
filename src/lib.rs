//! chinwag: a chat server.

pub mod chat;
pub mod cli;
pub mod clock;
pub mod config;
pub mod server;
