//! Fills the layers' limits from the settings.

use super::{Config, Data, Durability};
use crate::{auth, chat, http, journal, net, ws};

impl Config {
    /// Returns the limits of requests.
    pub fn http(&self) -> http::Limits {
        http::Limits {
            head_bytes_max: self.head_bytes_max.0,
            headers_max: self.headers_max,
            body_bytes_max: self.body_bytes_max.0,
        }
    }

    /// Returns the limits of WebSockets.
    pub fn ws(&self) -> ws::Limits {
        ws::Limits {
            message_bytes_max: self.message_bytes_max.0,
            fragments_max: self.fragments_max,
            message_within: self.message_within,
            control_frames_max: self.control_frames_max,
            control_frames_within: self.control_frames_within,
            handshake_within: self.handshake_within,
            keep_alive_within: self.keep_alive_within,
            pipelined_bytes_max: self.pipelined_bytes_max.0,
            ping_after: self.ping_after,
            pong_within: self.pong_within,
            close_within: self.close_within,
            compression: self.compression,
            deflate_bytes_min: self.deflate_bytes_min.0,
            inflaters_max: self.inflaters_max,
        }
    }

    /// Returns the limits of connections.
    pub fn net(&self) -> net::Limits {
        net::Limits {
            read_bytes_per_turn_max: self.read_bytes_per_turn.0,
            turn_bytes_max: self.turn_bytes_max.0,
            send_queue_bytes_max: self.send_queue_bytes_max.0,
            lag_max: self.lag_max,
            socket_send_buffer_bytes: self.socket_send_buffer_bytes.0,
            connections_max: self.connections_max,
            connections_per_address_max: self.connections_per_address,
            trusted_proxies: self.trusted_proxy.clone(),
            proxy_protocol: self.proxy_protocol,
            accepts_per_turn_max: self.accepts_per_turn,
            backlog: self.backlog,
        }
    }

    /// Returns the engine that keeps the record.
    pub fn engine(&self) -> journal::Engine {
        let Data::Dir(dir) = &self.data else { return journal::Engine::Memory };
        journal::Engine::Sqlite {
            dir: dir.clone(),
            durability: match self.durability {
                Durability::Fsync => journal::Durability::Fsync,
                Durability::Write => journal::Durability::Write,
            },
            accept_loss: self.accept_loss.0,
            check: self.check_data.0,
        }
    }

    /// Returns the limits of the chat.
    pub fn chat(&self) -> chat::Limits {
        chat::Limits {
            content_chars_max: self.content_chars_max,
            sends_per_second_max: self.rate_limit,
            sends_burst_max: self.rate_burst,
            flood_within: self.flood_within,
            queries_per_second_max: self.query_rate_limit,
            queries_burst_max: self.query_burst,
            requests_per_second_max: self.http_query_rate_limit,
            requests_burst_max: self.http_query_burst,
            errors_max: self.errors_in_a_row_max,
            rooms_per_client_max: self.rooms_per_connection,
            rooms_max: self.rooms_max,
            records_max: self.rooms_kept_max,
            accounts_max: self.accounts_max,
            directs_max: self.conversations_max,
            members_max: self.room_members_max,
            bans_max: self.room_bans_max,
            read_markers_max: self.read_marks_max,
            reason_chars_max: self.reason_chars_max,
            // Who wants no limit for guests wants none for others.
            account_sends_per_second_max: self.rate_limit.and(self.account_rate_limit),
            account_sends_burst_max: self.account_rate_burst,
            moderator_sends_per_second_max: self.rate_limit.and(self.moderator_rate_limit),
            moderator_sends_burst_max: self.moderator_rate_burst,
            listed_max: self.listed_max,
            history_default: self.history_default,
            history_max: self.history_max,
            page_bytes_max: self.page_bytes_max.0,
            search_chars_max: self.search_chars_max,
            resume_entries_max: self.resume_entries_max,
            resume_bytes_max: self.resume_bytes_max.0,
            catch_up_max: self.catch_up_max,
            session_life: self.session_life,
            detached_sessions_max: self.ghosts_max,
            networks_max: self.posters_max,
            leave_grace: self.leave_grace,
            presence_users_max: self.presence_users_max,
            presence_every: self.presence_every,
            typing_every: self.typing_every,
            typing_for: self.typing_for,
            typing_per_second_max: self.typing_rate_limit,
            status_chars_max: self.status_chars_max,
            stats_rooms_max: self.stats_rooms_max,
            stats_users_max: self.stats_users_max,
            name_graphemes_max: self.name_graphemes_max,
            name_bytes_max: self.name_bytes_max.0,
            room_bytes_max: self.room_bytes_max.0,
            topic_chars_max: self.topic_chars_max,
            emoji_bytes_max: self.emoji_bytes_max.0,
            id_bytes_max: self.id_bytes_max.0,
            json_depth_max: self.json_depth_max,
            lobby: self.lobby.clone(),
            echo: self.echo.0,
            message_ttl: self.message_ttl,
            ttl_min: self.ttl_min,
            ttl_max: self.ttl_max,
            return_within: self.return_within,
            frame_bytes_max: self.message_bytes_max.0,
            ping_after: self.ping_after,
        }
    }

    /// Returns the limits of accounts.
    pub fn accounts(&self) -> auth::Limits {
        auth::Limits {
            password_chars_min: self.password_chars_min,
            password_bytes_max: self.password_bytes_max.0,
            password_jobs_max: self.password_jobs_max,
            password_memory_bytes: self.password_memory.0,
            password_passes: self.password_passes,
            login_burst: self.login_burst,
            login_every: self.login_every,
            login_network_burst: self.login_network_burst,
            login_network_every: self.login_network_every,
            login_records_max: self.login_records_max,
            token_life: self.token_life,
            token_bytes_max: self.token_bytes_max.0,
            leeway: self.jwt_leeway,
        }
    }

    /// Returns the limits of the journal.
    pub fn journal(&self) -> journal::Limits {
        journal::Limits {
            memory_entries_max: self.memory_entries_max,
            memory_bytes_max: self.memory_bytes_max.0,
            keep_messages: self.keep_messages,
            keep_for: self.keep_for,
            ids_kept_for: self.ids_kept.unwrap_or_default(),
            queue_entries_max: self.queue_entries_max,
            queue_bytes_max: self.queue_bytes_max.0,
            queue_reads_max: self.queue_reads_max,
            queue_searches_max: self.queue_searches_max,
            scan_entries_max: self.scan_entries_max,
            unsearched_entries_max: self.unsearched_entries_max,
            batch_entries_max: self.batch_entries_max,
            recent_entries_max: self.recent_entries_max,
            recent_bytes_max: self.recent_bytes_max.0,
            young_ids_max: self.young_ids_max,
            wal_bytes_max: self.wal_bytes_max.0 as u64,
            database_bytes_max: self.database_bytes_max.map(|bytes| bytes.0 as u64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_limit_for_guests_there_is_none_for_others() {
        let limits = Config { rate_limit: None, ..Config::default() }.chat();
        assert_eq!(limits.account_sends_per_second_max, None);
        assert_eq!(limits.moderator_sends_per_second_max, None);
    }

    #[test]
    fn the_defaults_are_those_of_the_layers() {
        let config = Config::default();
        assert_eq!(config.http(), http::Limits::default());
        assert_eq!(config.ws(), ws::Limits::default());
        assert_eq!(config.net(), net::Limits::default());
        assert_eq!(config.chat(), chat::Limits::default());
        assert_eq!(config.accounts(), auth::Limits::default());
        assert_eq!(config.journal(), journal::Limits::default());
    }
}
