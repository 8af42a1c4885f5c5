//! An echo server for the Autobahn suite: the reactor and the codec without the chat.
//!
//! `cargo run --release --example echo -- 127.0.0.1:9001 [CERTIFICATE KEY]`: with TLS if it is given a
//! certificate and its key.

use std::{env, fs, io};

use chinwag::clock::Clock;
use chinwag::http::Request;
use chinwag::net::tls::{Certificate, Certificates};
use chinwag::net::{Broadcast, ConnId, FrameClass, Handler, Limits, Reactor, Transmission, Turn};
use chinwag::ws::{self, Answer, Closed, Message, Shared};

struct Echo;

impl Handler for Echo {
    fn on_request(&mut self, _: &mut Turn<'_>, _: ConnId, _: &Request) -> Answer {
        Answer::Upgrade { protocol: None }
    }
    fn on_open(&mut self, _: &mut Turn<'_>, _: ConnId, _: &Request) {}
    fn on_message(&mut self, turn: &mut Turn<'_>, conn: ConnId, message: Message) {
        turn.deliver(Broadcast::message(FrameClass::Reply, &message), [conn]);
    }
    fn on_close(&mut self, _: &mut Turn<'_>, _: ConnId, _: Closed) {}
}

fn main() -> io::Result<()> {
    const MESSAGE_BYTES_MAX: usize = 64 * 1024 * 1024;
    let limits = Limits { send_queue_bytes_max: MESSAGE_BYTES_MAX, ..Limits::default() };
    let messages = ws::Limits {
        message_bytes_max: MESSAGE_BYTES_MAX,
        fragments_max: u32::MAX,
        frames_per_second: 0,
        ..ws::Limits::default()
    };
    let shared = Shared::new(messages, chinwag::http::Limits::default());
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".into());
    let address = address.parse().map_err(io::Error::other)?;
    let mut reactor = Reactor::new(limits, shared, Clock::start(), 1024)?;
    let mut transmission = Transmission::Plain;
    if let (Some(chain), Some(key)) = (env::args().nth(2), env::args().nth(3)) {
        let certificate = Certificate::from_pem(&fs::read(chain)?, &fs::read(key)?);
        let certificate = certificate.map_err(|unusable| io::Error::other(unusable.to_string()))?;
        if let Some(certificates) = Certificates::new([certificate]) {
            reactor.use_tls(certificates)?;
            transmission = Transmission::Tls;
        }
    }
    println!("listening on {}", reactor.listen(address, transmission)?.1);
    reactor.run(&mut Echo)
}
