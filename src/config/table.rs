//! The two tables: every setting of an operator, and every other limit.
//!
//! A line names the field of [`Config`](super::Config) that holds the value; its default stands
//! there. The marks behind it are `size` (a number of bytes), `switch` (the flag may be given
//! without a value) and `zero` (zero is a valid value).

use super::{
    setting::{Setting, limits, settings},
    value::{Plain, Size, Value},
};

settings! {
    ["Basics"]
    /// Address to listen on; port 0 is any.
    listen: listen;
    /// Address, or unix:PATH, for metrics, statistics and administration, instead of the others.
    admin_listen: admin_listen;
    /// Data directory; none keeps all in memory.
    data: data;
    /// Other origin whose pages may connect, or * for any.
    allow_origin: allow_origin;
    /// Name of this server; once given, other names are refused.
    allow_host: allow_host;
    /// URL of this server in links; its pages may connect.
    public_url: public_url;
    /// Trusted proxy: address, network, loopback or private.
    trusted_proxy: net.trusted_proxies;
    /// Who may connect: guests (open), guests and accounts (optional), or accounts only (required).
    auth: auth;
    /// Let anyone register; off: only chinwag user add.
    registration: registration;
    /// Room that clients join by default.
    lobby: chat.lobby;
    /// Keep messages for this long.
    keep_for: journal.keep_for;
    /// Minimum level: error, warn, info, debug or trace.
    log_level: log_level;

    ["TLS"]
    /// PEM file with a certificate chain; every address is then https://.
    tls_cert: tls_cert;
    /// PEM file with its private key; as many, and in the same order.
    tls_key: tls_key;
    /// Address that redirects http:// to https://.
    listen_redirect: listen_redirect;

    ["Chat"]
    /// Send messages back to their sender by default.
    echo: chat.echo switch;
    /// Default output format: json, text or simple.
    mode: chat.mode;
    /// Past messages sent on joining a room.
    history_default: chat.history_default zero;
    /// Host that the hooks of rooms may send messages to; an address may be private.
    hook_allow: hook_allow;
    /// Longest message text, in characters.
    content_chars_max: chat.content_chars_max;
    /// Largest WebSocket message.
    message_bytes_max: ws.message_bytes_max size;
    /// How long a session can be resumed.
    session_life: chat.session_life zero;
    /// How long a disconnected user stays in a room.
    leave_grace: chat.leave_grace zero;

    ["Rate limits"]
    /// Messages per second and connection.
    rate_limit: chat.sends_per_second_max;
    /// Queries per second and connection.
    query_rate_limit: chat.queries_per_second_max;
    /// HTTP queries per second and address.
    http_query_rate_limit: chat.requests_per_second_max;
    /// Connections per IPv4 address or IPv6 /64.
    connections_per_address: net.connections_per_address_max;

    ["Storage"]
    /// What acknowledged messages survive: power loss (fsync), or only a crash (write).
    durability: durability;
    /// Default lifetime of messages.
    message_ttl: chat.message_ttl;
    /// Messages kept per room.
    keep_messages: journal.keep_messages;
    /// Largest database; then messages are refused.
    database_bytes_max: journal.database_bytes_max size;
    /// Take files with messages.
    files: chat.files;
    /// Largest file.
    file_bytes_max: chat.file_bytes_max size;
    /// Largest size of all files together.
    files_bytes_max: files.bytes_max size;
    /// Start even if data has been lost.
    accept_loss: accept_loss switch;
    /// Check the whole database on start.
    check_data: check_data switch;

    ["Accounts"]
    /// Lifetime of a login.
    token_life: accounts.token_life;
    /// Shortest new password, in characters.
    password_chars_min: accounts.password_chars_min;
    /// PEM file with an identity provider's public key.
    jwt_public_key: jwt_public_key;
    /// JWKS file with its public keys, instead.
    jwks: jwks;
    /// Required iss claim of its tokens.
    jwt_issuer: jwt_issuer;
    /// Required aud claim of its tokens.
    jwt_audience: jwt_audience;
    /// Let its tokens name administrators: "role":"admin", or "admin" in roles.
    jwt_admins: jwt_admins switch;

    ["Connections"]
    /// Most connections; off for the limit of open files.
    connections_max: net.connections_max;
    /// Most memory for clients, rooms and queues; then new connections are refused.
    max_memory: net.memory_max size;
    /// Require a PROXY header from trusted proxies.
    proxy_protocol: net.proxy_protocol;
    /// Silence after which a client is pinged.
    ping_after: ws.ping_after;
    /// Time a client has to answer a ping.
    pong_within: ws.pong_within;
    /// Close connections that read nothing for this long.
    lag_max: net.lag_max;
    /// Compress messages (permessage-deflate).
    compression: ws.compression;

    ["Process"]
    /// Longest time that a shutdown takes.
    drain: drain zero;
    /// Exit this long after the last client has left.
    exit_when_empty: exit_when_empty zero;
    /// Log format on stderr.
    log_format: log_format;
}

limits! {
    http.head_bytes_max size;
    http.headers_max;
    http.body_bytes_max size zero;

    ws.fragments_max;
    ws.message_within;
    ws.frames_per_second;
    ws.frames_burst;
    ws.frames_over_max;
    ws.handshake_within;
    ws.body_within;
    ws.body_bytes_min size;
    ws.keep_alive_within;
    ws.close_within;
    ws.deflate_bytes_min size zero;
    ws.inflaters_max zero;

    net.read_bytes_per_turn_max size <- read_bytes_per_turn;
    net.messages_per_turn_max;
    net.conn_time_per_turn_max;
    net.phase_max;
    net.turn_bytes_max size;
    net.send_queue_bytes_max size;
    net.socket_send_buffer_bytes size;
    net.tls_handshake_within;
    net.tls_handshakes_max;
    net.tls_time_per_turn_max;
    net.accepts_per_turn_max <- accepts_per_turn;
    net.backlog;

    chat.sends_burst_max <- rate_burst;
    chat.work_per_second_max;
    chat.work_burst_max;
    chat.network_share;
    chat.flood_within;
    chat.account_sends_per_second_max <- account_rate_limit;
    chat.account_sends_burst_max <- account_rate_burst;
    chat.moderator_sends_per_second_max <- moderator_rate_limit;
    chat.moderator_sends_burst_max <- moderator_rate_burst;
    chat.queries_burst_max <- query_burst;
    chat.requests_burst_max <- http_query_burst;
    chat.errors_max <- errors_in_a_row_max;
    chat.rooms_per_client_max <- rooms_per_connection;
    chat.rooms_max;
    chat.records_max <- rooms_kept_max;
    chat.network_rooms_max;
    chat.accounts_max;
    chat.directs_max <- conversations_max;
    chat.members_max <- room_members_max;
    chat.bans_max <- room_bans_max;
    chat.mutes_max <- room_mutes_max;
    chat.hooks_max;
    chat.hook_within;
    chat.hook_retry_max;
    chat.hook_fails_for;
    chat.read_markers_max <- read_marks_max;
    chat.memberships_max;
    chat.invitations_max;
    chat.pins_max;
    chat.reason_chars_max;
    chat.listed_max;
    chat.history_max;
    chat.page_bytes_max size;
    chat.search_chars_max;
    chat.resume_entries_max;
    chat.resume_bytes_max size;
    chat.catch_up_max;
    chat.detached_sessions_max <- ghosts_max;
    chat.networks_max <- posters_max;
    chat.presence_users_max zero;
    chat.presence_every;
    chat.typing_every;
    chat.typing_for;
    chat.typing_per_second_max <- typing_rate_limit;
    chat.status_chars_max;
    chat.stats_rooms_max;
    chat.stats_users_max;
    chat.name_graphemes_max;
    chat.name_bytes_max size;
    chat.room_bytes_max size;
    chat.topic_chars_max;
    chat.emoji_bytes_max size;
    chat.positions_max;
    chat.id_bytes_max size;
    chat.json_depth_max;
    chat.ttl_min;
    chat.ttl_max;
    chat.reconnects_per_second <- return_within;
    chat.files_per_message_max;
    chat.upload_life;
    chat.waiting_uploads_max;
    chat.waiting_uploads_per_author_max;
    chat.waiting_uploads_per_network_max;
    chat.upload_bytes_per_day_max size;
    chat.network_upload_bytes_per_day_max size;
    chat.downloads_per_second_max;
    chat.downloads_burst_max;

    files.disk_free_bytes_min size zero;
    files.uploads_max;
    files.uploads_per_network_max;
    files.upload_slow_after;

    accounts.password_bytes_max size;
    accounts.password_jobs_max;
    accounts.password_memory_bytes size <- password_memory;
    accounts.password_passes;
    accounts.login_burst;
    accounts.login_every;
    accounts.login_network_burst;
    accounts.login_network_every;
    accounts.login_records_max;
    accounts.logouts_max;
    accounts.logins_listed_max;
    accounts.server_bans_max;
    accounts.token_bytes_max size;
    accounts.leeway zero <- jwt_leeway;

    journal.memory_entries_max;
    journal.memory_bytes_max size;
    journal.ids_kept_for <- ids_kept;
    journal.queue_entries_max;
    journal.queue_bytes_max size;
    journal.queue_reads_max;
    journal.queue_searches_max;
    journal.scan_entries_max;
    journal.unsearched_entries_max;
    journal.batch_entries_max;
    journal.recent_entries_max;
    journal.recent_bytes_max size;
    journal.young_ids_max;
    journal.wal_bytes_max size;
}
