//! The real binary over real sockets, with an independent client.
#![expect(clippy::disallowed_methods, reason = "a test may look at the clock")]
#![expect(unreachable_pub, reason = "a test has no inside")]

mod accounts;
mod admin;
mod api;
mod backup;
mod bench;
mod client;
mod cost;
mod data;
mod doctor;
mod drain;
mod faults;
mod files;
mod files_beside;
mod files_kill;
mod full;
mod handshake;
mod health;
mod hooks;
mod kill;
mod life;
mod logins;
mod metrics;
mod order;
mod others;
mod people;
mod private;
mod proxy;
mod record;
mod reload;
mod resume;
mod search;
mod signs;
mod systemd;
mod talk;
mod tls;
mod tokens;
mod users;
