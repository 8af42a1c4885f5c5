//! Hands the settings to the layers whose limits they are.

use super::{Bytes, Config};
use crate::{chat, http, journal, net, ws};

/// Holds the limits of every layer.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// Of requests.
    pub http: http::Limits,
    /// Of WebSockets.
    pub ws: ws::Limits,
    /// Of connections.
    pub net: net::Limits,
    /// Of what people may do.
    pub chat: chat::Limits,
    /// Of the record.
    pub journal: journal::Limits,
}

impl Config {
    /// Gives every layer its limits.
    pub fn limits(&self) -> Limits {
        Limits {
            http: self.http(),
            ws: self.ws(),
            net: self.net(),
            chat: self.chat(),
            journal: self.journal(),
        }
    }

    fn http(&self) -> http::Limits {
        let Bytes(head_bytes_max) = self.head_bytes_max;
        let Bytes(body_bytes_max) = self.body_bytes_max;
        http::Limits { head_bytes_max, headers_max: self.headers_max as usize, body_bytes_max }
    }

    fn ws(&self) -> ws::Limits {
        ws::Limits {
            message_bytes_max: self.message_bytes_max.0,
            fragments_max: self.fragments_max,
            message_within: self.message_within,
            handshake_within: self.handshake_within,
            ping_after: self.ping_after,
            pong_within: self.pong_within,
            close_within: self.close_within,
            compression: self.compression,
            deflate_bytes_min: self.deflate_bytes_min.0,
            ..ws::Limits::default()
        }
    }

    fn net(&self) -> net::Limits {
        net::Limits {
            read_bytes_per_turn_max: self.read_bytes_per_turn.0,
            send_queue_bytes_max: self.send_queue_bytes_max.0,
            lag_max: self.lag_max,
            socket_send_buffer_bytes: self.socket_send_buffer_bytes.0,
            connections_max: self.connections_max.map(|max| max as usize),
            connections_per_address_max: self.connections_per_address.map(|max| max as usize),
            accepts_per_turn_max: self.accepts_per_turn as usize,
            backlog: i32::try_from(self.backlog).unwrap_or(i32::MAX),
            ..net::Limits::default()
        }
    }

    fn chat(&self) -> chat::Limits {
        chat::Limits {
            content_chars_max: self.content_chars_max as usize,
            sends_per_second_max: self.rate_limit,
            sends_burst_max: self.rate_burst,
            queries_per_second_max: self.query_rate_limit,
            queries_burst_max: self.query_burst,
            errors_max: u8::try_from(self.errors_in_a_row_max).unwrap_or(u8::MAX),
            rooms_per_client_max: self.rooms_per_connection as usize,
            history_default: self.history_default,
            history_max: self.history_max,
            page_bytes_max: self.page_bytes_max.0,
            session_life: self.session_life,
            lobby: self.lobby.clone(),
            echo: self.echo.0,
            message_ttl: self.message_ttl,
            frame_bytes_max: self.message_bytes_max.0,
            ping_after: self.ping_after,
            ..chat::Limits::default()
        }
    }

    fn journal(&self) -> journal::Limits {
        journal::Limits {
            keep_messages: self.keep_messages.map(u64::from),
            keep_for: self.keep_for,
            ..journal::Limits::default()
        }
    }

    /// Gives the engine that keeps the record.
    pub fn engine(&self) -> journal::Engine {
        journal::Engine::Memory
    }
}
