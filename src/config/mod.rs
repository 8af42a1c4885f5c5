//! Settings: flags, over `CHINWAG_*` environment, over a TOML file, over defaults.
//!
//! There is one table of settings, below. The fields of [`Config`], the flags and their help, the
//! environment variables, the keys of the file, the output of `chinwag check` and the table in the
//! README all come from it, so that nothing is written twice. Values keep where they came from, so
//! that an error can say where the wrong text stands.
//!
//! The limits belong to the layers that enforce them; here they only get their names.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

mod check;
mod choice;
mod keys;
mod limits;
mod load;
mod origin;
mod setting;
mod show;
mod value;

use crate::net::proxy::Trusted;
use setting::settings;

pub use self::{
    choice::{AllowedOrigin, Auth, Data, Durability, LogFormat, LogLevel},
    load::{Effective, Faults, Source, load},
    origin::{Host, WebOrigin},
    setting::{Setting, VARIABLE_PREFIX},
    show::{effective, markdown},
    value::{Bytes, Switch, Value},
};

settings! {
    ["Serving"]
    /// Address to listen on; port 0 takes any free one.
    listen: Vec<SocketAddr> = vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 8080))];
    /// Another origin whose pages may connect, or * for all. Pages of this server always may, and so
    /// may clients that send no Origin.
    allow_origin: Vec<AllowedOrigin> = Vec::new();
    /// Room that clients join if they name none.
    lobby: String = "lobby".into();
    /// Send messages back to the connection they came from, unless it asks otherwise.
    echo: Switch = Switch(false);
    /// Shut down this long after the last client has left.
    exit_when_empty: Option<Duration> = None, zero;
    /// Time clients have at shutdown to read what is queued for them.
    drain: Duration = seconds(5), zero;
    /// At shutdown, spread the reconnects of clients over this time.
    return_within: Duration = seconds(15), zero;

    ["Log"]
    /// Format of log lines. The log goes to stderr.
    log_format: LogFormat = LogFormat::Text;
    /// Minimum log level.
    log_level: LogLevel = LogLevel::Info;

    ["Record"]
    /// Data directory; none keeps everything in memory.
    data: Data = Data::Dir("chinwag-data".into());
    /// What a message survives once it is acknowledged: fsync a loss of power, write the end of the
    /// process.
    durability: Durability = Durability::Fsync;
    /// Start although entries are missing that were there before; old positions become invalid.
    accept_loss: Switch = Switch(false);
    /// Check the whole database at the start; takes some seconds per gigabyte.
    check_data: Switch = Switch(false);
    /// Most bytes of the database; then nothing more is taken until something is removed.
    database_bytes_max: Option<Bytes> = None;
    /// Size to which the write-ahead log is cut back when its content is in the database.
    wal_bytes_max: Bytes = kib(64 * 1024);
    /// Default lifetime of messages.
    message_ttl: Option<Duration> = None;
    /// Shortest lifetime a message may ask for; less is refused.
    ttl_min: Duration = seconds(5);
    /// Longest lifetime a message may ask for; more is refused.
    ttl_max: Duration = seconds(7 * 24 * 60 * 60);
    /// Keep this many messages of each room.
    keep_messages: Option<u64> = None;
    /// Keep messages for this long.
    keep_for: Option<Duration> = None;
    /// Know a message sent again by its id for this long; off is for as long as the message is kept.
    ids_kept: Option<Duration> = None;
    /// Appends that wait for the disk; beyond that senders are told to try again.
    queue_entries_max: usize = 4096;
    /// Text of the appends that wait for the disk; beyond that senders are told to try again.
    queue_bytes_max: Bytes = kib(8 * 1024);
    /// Reads that wait for the disk; beyond that readers are told to try again.
    queue_reads_max: usize = 65_536;
    /// Searches that wait for the disk; beyond that searchers are told to try again.
    queue_searches_max: usize = 256;
    /// Entries that a search looks through one by one where there is no index; beyond that it ends.
    scan_entries_max: usize = 50_000;
    /// Entries that may be left out of the index of words; beyond that they go in, some with each
    /// commit.
    unsearched_entries_max: u64 = 1024;
    /// Most entries written in one transaction; what is more waits for the next one.
    batch_entries_max: usize = 1024;
    /// Newest entries of each room that are answered from memory.
    recent_entries_max: usize = 512;
    /// Memory for the newest entries of all rooms; rooms that nobody reads give way.
    recent_bytes_max: Bytes = kib(32 * 1024);
    /// Ids kept in memory before they go into the database's index, some with each commit.
    young_ids_max: usize = 16_384;
    /// Entries of each room that are kept with --data none; older ones are pruned.
    memory_entries_max: usize = 10_000;
    /// Text of each room that is kept with --data none; older entries are pruned.
    memory_bytes_max: Bytes = kib(4 * 1024);

    ["History"]
    /// Past messages sent on joining a room.
    history_default: u32 = 50, zero;
    /// Most messages of one answer about the past.
    history_max: u32 = 200;
    /// Most bytes of one answer about the past; it is cut at whole messages.
    page_bytes_max: Bytes = kib(128);
    /// Longest text to search for, in characters; more is refused.
    search_chars_max: usize = 200;
    /// Most missed events of one room sent on coming back; the rest is asked for page by page.
    resume_entries_max: usize = 1000;
    /// Most bytes of missed events sent on coming back; the rest is asked for page by page.
    resume_bytes_max: Bytes = kib(224);
    /// Entries kept for clients whose page is on its way; beyond that they get a gap event.
    catch_up_max: usize = 1000;
    /// Most rooms or users named in one list; beyond that only their number is told.
    listed_max: usize = 200;

    ["Messages"]
    /// Largest WebSocket message; more is closed with 1009.
    message_bytes_max: Bytes = kib(64);
    /// Most fragments of one message; more is closed with 1009.
    fragments_max: u32 = 1024;
    /// A message must be complete this long after it began.
    message_within: Duration = seconds(30);
    /// Longest text of one chat message, in characters; more is refused.
    content_chars_max: usize = 4000;
    /// Longest topic of a room, in characters; more is refused.
    topic_chars_max: usize = 500;
    /// Longest id of an event; more is refused.
    id_bytes_max: Bytes = Bytes(64);
    /// Longest reaction; more is refused.
    emoji_bytes_max: Bytes = Bytes(64);
    /// Deepest nesting of one event; more is refused.
    json_depth_max: usize = 16;
    /// Messages a second from one connection; more are refused.
    rate_limit: Option<u32> = Some(5);
    /// Messages that may come at once before the rate counts.
    rate_burst: u32 = 10;
    /// Messages a second from one connection with an account; more are refused. Off as well where
    /// --rate-limit is.
    account_rate_limit: Option<u32> = Some(5);
    /// Messages of an account that may come at once before the rate counts.
    account_rate_burst: u32 = 10;
    /// Messages a second in a room from a connection that keeps order there; more are refused. Off as
    /// well where --rate-limit is.
    moderator_rate_limit: Option<u32> = Some(20);
    /// Messages of such a connection that may come at once before the rate counts.
    moderator_rate_burst: u32 = 40;
    /// A connection over its rate for this long on end is closed with 4101.
    flood_within: Duration = seconds(10);
    /// Queries a second (history, search, lists, pings) from one connection; more are refused.
    query_rate_limit: Option<u32> = Some(10);
    /// Queries that may come at once before the rate counts.
    query_burst: u32 = 30;
    /// Queries a second over HTTP (GETs of /api) from one IPv4 address or IPv6 /64; more are answered
    /// with 429.
    http_query_rate_limit: Option<u32> = Some(20);
    /// Queries that may come at once over HTTP before the rate counts.
    http_query_burst: u32 = 60;
    /// Errors that one connection may cause in a row; more is closed with 4000.
    errors_in_a_row_max: u8 = 50;

    ["Rooms and people"]
    /// Most rooms that one connection is in.
    rooms_per_connection: usize = 32;
    /// Most rooms with somebody in them; nobody can open another.
    rooms_max: usize = 100_000;
    /// Most rooms in all, those with a record and nobody in them included; nobody can make another.
    rooms_kept_max: usize = 1_000_000;
    /// Most people who are something in one room (members, moderators, muted); others cannot become it.
    room_members_max: usize = 1000;
    /// Most bans of one room; more are refused.
    room_bans_max: usize = 1000;
    /// Longest reason for a ban or the like, in characters; more is refused.
    reason_chars_max: usize = 200;
    /// Most private conversations of one person; more are refused.
    conversations_max: usize = 1000;
    /// Most rooms of which it is kept how far an account has read; of others it is not.
    read_marks_max: usize = 1000;
    /// Most accounts; nobody can register beyond that.
    accounts_max: usize = 100_000;
    /// Longest name of a room; more is refused.
    room_bytes_max: Bytes = Bytes(64);
    /// Longest name of a user, in characters as people count them; more is refused.
    name_graphemes_max: usize = 32;
    /// Longest name of a user; more is refused.
    name_bytes_max: Bytes = Bytes(128);
    /// A session can be resumed this long after its last connection.
    session_life: Duration = seconds(600), zero;
    /// Most sessions without a connection; beyond that the oldest ends early.
    ghosts_max: usize = 50_000;
    /// Most networks and sessions that post over HTTP at the same time, and most networks that ask;
    /// any other waits.
    posters_max: usize = 10_000;
    /// A user has left, and the name is free, this long after the last connection.
    leave_grace: Duration = seconds(10), zero;
    /// Most users of a room whose coming and going is told by name; beyond that their number is.
    presence_users_max: usize = 200, zero;
    /// Tell a room who came and went at most this often.
    presence_every: Duration = seconds(1);
    /// Tell a room that somebody is typing at most this often for each person.
    typing_every: Duration = seconds(3);
    /// Somebody is typing for this long after saying so.
    typing_for: Duration = seconds(6);
    /// Signs of typing a second that one room is told, and four times as many at once; more are not.
    typing_rate_limit: Option<u32> = Some(5);
    /// Longest text of a status, in characters; more is refused.
    status_chars_max: usize = 100;
    /// Most rooms whose messages are counted for the statistics; the quietest are left out.
    stats_rooms_max: usize = 4096;
    /// Most people who have gone that are remembered for a day, so that each is counted once.
    stats_users_max: usize = 200_000;

    ["Accounts"]
    /// Who may come in: open is guests only, optional is guests and accounts, required is accounts
    /// only.
    auth: Auth = Auth::Optional;
    /// Let users register; off leaves that to chinwag user add.
    registration: bool = true;
    /// How long a login is good; then its connections are closed with 4105.
    token_life: Duration = seconds(30 * 24 * 60 * 60);
    /// Longest token; more is refused.
    token_bytes_max: Bytes = kib(8);
    /// Shortest new password, in characters; less is refused.
    password_chars_min: usize = 8;
    /// Longest password; more is refused.
    password_bytes_max: Bytes = kib(1);
    /// Argon2id memory per password; one is hashed at a time.
    password_memory: Bytes = kib(19 * 1024);
    /// Argon2 iterations.
    password_passes: u32 = 2;
    /// Passwords that wait to be hashed or compared; beyond that people are told to try again.
    password_jobs_max: usize = 64;
    /// Failed logins to one account from one network that may come at once; more must wait.
    login_burst: u32 = 5;
    /// Time after which there may be one more.
    login_every: Duration = seconds(30);
    /// Failed logins and registrations from one IPv4 address or IPv6 /64 that may come at once; more
    /// must wait.
    login_network_burst: u32 = 20;
    /// Time after which there may be one more.
    login_network_every: Duration = seconds(3);
    /// Networks, and accounts with a network, whose failed logins are remembered; beyond that anybody
    /// else must wait until one of them has rested.
    login_records_max: usize = 50_000;
    /// Logouts of one account that are remembered until its tokens expire by themselves; beyond that they
    /// are refused.
    logouts_max: usize = 1000;
    /// PEM file with the public key (Ed25519, P-256 or RSA) of an identity provider whose tokens are
    /// good here too.
    jwt_public_key: Option<PathBuf> = None;
    /// JWKS file with the public keys of that identity provider, instead of jwt-public-key. Nothing
    /// is ever fetched.
    jwks: Option<PathBuf> = None;
    /// What its tokens say as iss; any other is refused.
    jwt_issuer: Option<String> = None;
    /// What its tokens say as aud, alone or among others; any other is refused.
    jwt_audience: Option<String> = None;
    /// Whether its tokens may make administrators, by "role":"admin" or "admin" in roles.
    jwt_admins: Switch = Switch(false);
    /// How far its clock may be off, at most 60s.
    jwt_leeway: Duration = seconds(30), zero;

    ["Connections"]
    /// Most connections at once; off is as many as the limit of open files allows.
    connections_max: Option<usize> = None;
    /// Most connections at once from one IPv4 address or IPv6 /64; not counted for loopback and for
    /// trusted proxies.
    connections_per_address: Option<usize> = Some(64);
    /// Proxy that is believed when it says in X-Forwarded-For or a PROXY header for whom it speaks: an
    /// address, a network, or loopback for all of this machine.
    trusted_proxy: Vec<Trusted> = Vec::new();
    /// Connections of trusted proxies begin with a PROXY header, version 1 or 2; without one they are
    /// closed.
    proxy_protocol: bool = false;
    /// The opening handshake must be complete after this time.
    handshake_within: Duration = seconds(10);
    /// Silence after which a client is pinged.
    ping_after: Duration = seconds(9);
    /// Time a client has to answer a ping before it is closed with 4201.
    pong_within: Duration = seconds(10);
    /// A connection that asks for nothing more over HTTP is closed after this time.
    keep_alive_within: Duration = seconds(10);
    /// A client must close its side this long after the server did.
    close_within: Duration = seconds(5);
    /// A client that does not read for this long while it lags is closed with 4102.
    lag_max: Duration = seconds(30);
    /// Most pings, pongs and the like from one client within --control-frames-within; more is closed
    /// with 1008.
    control_frames_max: u16 = 100;
    /// Time over which pings, pongs and the like are counted.
    control_frames_within: Duration = seconds(5);
    /// Compress messages for clients that can, without context takeover.
    compression: bool = true;
    /// Smallest message that is compressed.
    deflate_bytes_min: Bytes = kib(1), zero;
    /// Most connections whose compressed messages are inflated as they come; for others it is done
    /// when the message is complete.
    inflaters_max: usize = 1024, zero;
    /// Largest head of a request; more is answered with 431.
    head_bytes_max: Bytes = kib(8);
    /// Most header lines of a request; more is answered with 431.
    headers_max: usize = 64;
    /// Largest body of a request; more is answered with 413.
    body_bytes_max: Bytes = kib(64), zero;
    /// Bytes that may come behind a request before it is answered; more ends the connection.
    pipelined_bytes_max: Bytes = kib(256);
    /// Bytes that may wait for one client; beyond that it lags and gets a gap event later.
    send_queue_bytes_max: Bytes = kib(256);
    /// Buffer that the system keeps for sending to one client.
    socket_send_buffer_bytes: Bytes = kib(64);
    /// Bytes read from one connection before the others have their turn.
    read_bytes_per_turn: Bytes = kib(64);
    /// Bytes made to be sent before they are sent, a broadcast counted once; then reading waits.
    turn_bytes_max: Bytes = kib(4 * 1024);
    /// Connections accepted before the others have their turn.
    accepts_per_turn: usize = 64;
    /// Connections that wait in the system to be accepted.
    backlog: u32 = 4096;
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const fn kib(kib: usize) -> Bytes {
    Bytes(kib * 1024)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_default_is_read_back_from_its_text() {
        for setting in SETTINGS {
            let mut config = Config::default();
            (setting.set)(&mut config, &setting.default_text()).expect(setting.key);
            assert_eq!(config, Config::default(), "{}", setting.key);
        }
    }

    #[test]
    fn names_are_unique_and_leave_room_for_what_an_orchestrator_sets() {
        let names: BTreeSet<_> = SETTINGS.iter().map(|setting| setting.key).collect();
        assert_eq!(names.len(), SETTINGS.len());
        assert!(!names.iter().any(|name| name.starts_with("port") || name.starts_with("service")));
    }

    #[test]
    fn every_help_is_sentences() {
        for setting in SETTINGS {
            let help = (setting.help)();
            assert!(help.ends_with('.') && !help.contains('\n'), "{}: {help}", setting.key);
        }
    }
}
