//! The real binary over real sockets, with an independent client.

mod client;
mod handshake;
mod life;
mod talk;
