//! chinwag: a chat server.

pub mod assets;
pub mod chat;
pub mod cli;
pub mod clock;
pub mod config;
pub mod http;
pub mod journal;
pub mod server;
pub mod ws;
