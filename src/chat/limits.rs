//! What the chat allows, and what happens at each limit.

use std::time::Duration;

use crate::chat::output_mode::OutputMode;

/// Every limit and default of the chat; all of them are settings.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// Unicode scalar values of one message; above: `too_long`, the text is handed back.
    pub content_chars_max: usize,
    /// What changes a record or reaches others, per second and connection; above:
    /// `rate_limited`. `None`: no limit.
    pub sends_per_second_max: Option<u32>,
    /// How many of those may come at once.
    pub sends_burst_max: u32,
    /// How long a connection may stay above that rate on end; then it is closed with 4101.
    pub flood_within: Duration,
    /// Questions per second and connection; above: `rate_limited`. `None`: no limit.
    pub queries_per_second_max: Option<u32>,
    /// How many questions may come at once.
    pub queries_burst_max: u32,
    /// Queries a second by requests from one network; above: `rate_limited`. `None`: no limit.
    pub requests_per_second_max: Option<u32>,
    /// How many of those may come at once.
    pub requests_burst_max: u32,
    /// Work per second and connection, in units: a message costs one, and one more for each
    /// 2 KiB, whatever it says; above: `rate_limited`, and 4101 after `flood_within`. No limit
    /// where `sends_per_second_max` is `None`.
    pub work_per_second_max: u32,
    /// How many units may come at once.
    pub work_burst_max: u32,
    /// How many connections' work one network may do; above: `rate_limited` for those of its
    /// connections that do more than half of what they may.
    pub network_share: u32,
    /// Errors at once, not counting `rate_limited`; one a second is forgotten. Then the connection
    /// is closed with 4000.
    pub errors_max: u32,
    /// Rooms a connection may be in; above: `too_many_rooms`.
    pub rooms_per_client_max: usize,
    /// Rooms with somebody in them; above: `overloaded` for whoever would open another.
    pub rooms_max: usize,
    /// Rooms in all, those with a record and nobody in them included; above: `overloaded` for
    /// whoever would make another.
    pub records_max: usize,
    /// Accounts; above: `overloaded` for whoever would register.
    pub accounts_max: usize,
    /// Private conversations of one person; above: `too_many_rooms` for a new one of either side.
    pub directs_max: usize,
    /// People who are something in a room, members and moderators; above: `room_full`.
    pub members_max: usize,
    /// Bans of a room; above: `room_full`.
    pub bans_max: usize,
    /// Mutes of a room; above: `room_full`.
    pub mutes_max: usize,
    /// Rooms of which an account's place of reading is kept; above: it is not, for others.
    pub read_markers_max: usize,
    /// Unicode scalar values of a reason; above: `too_long`.
    pub reason_chars_max: usize,
    /// What of the first kind somebody with an account may send per second. `None`: no limit.
    pub account_sends_per_second_max: Option<u32>,
    /// How many of those may come at once.
    pub account_sends_burst_max: u32,
    /// What of the first kind somebody may send per second in a room where it moderates.
    /// `None`: no limit.
    pub moderator_sends_per_second_max: Option<u32>,
    /// How many of those may come at once.
    pub moderator_sends_burst_max: u32,
    /// Rooms and users named in a list; above: the count alone tells.
    pub listed_max: usize,
    /// Messages sent on joining unless the client says otherwise.
    pub history_default: u32,
    /// Messages in one `history` or `search_results`; more asked for: clamped.
    pub history_max: u32,
    /// Bytes of one `history` or `search_results` on the wire; above: cut at whole messages, `more:
    /// true`.
    pub page_bytes_max: usize,
    /// Unicode scalar values of what is searched for; above: `too_long`.
    pub search_chars_max: usize,
    /// Events a `resume` repeats for each room; above: `lost`, why `page`.
    pub resume_entries_max: usize,
    /// Bytes on the wire that one `resume` repeats in all; above: `lost`, why `page`. To be
    /// kept below the send queue of a connection.
    pub resume_bytes_max: usize,
    /// Entries a room keeps for clients whose page is on its way; above: `gap`.
    pub catch_up_max: usize,
    /// How long a session may be taken up again after its last connection.
    pub session_life: Duration,
    /// Sessions without a connection; above: one ends early that said and owns nothing, else the
    /// oldest, each of the network that brought most.
    pub detached_sessions_max: usize,
    /// Networks and sessions whose rate of posts by request is known, and networks whose rate of
    /// queries is; above: `overloaded` for any other, until one of them has rested.
    pub networks_max: usize,
    /// How long after the last connection a leave is told and the name is free again.
    pub leave_grace: Duration,
    /// Up to so many users each join and leave is told by name, above the count alone.
    pub presence_users_max: usize,
    /// The least time between two batches of such news in one room.
    pub presence_every: Duration,
    /// The least time between two signs that somebody is typing in a room.
    pub typing_every: Duration,
    /// How long somebody is typing who does not say so again.
    pub typing_for: Duration,
    /// Signs of typing that one room is told per second, and four times as many at once; above:
    /// not told. `None`: no limit.
    pub typing_per_second_max: Option<u32>,
    /// Unicode scalar values of what somebody says with its status; above: `too_long`.
    pub status_chars_max: usize,
    /// Rooms whose messages are counted; above: the quietest are left out.
    pub stats_rooms_max: usize,
    /// People who have gone and are remembered for a day, to be counted once; above: the counts
    /// of people are too low.
    pub stats_users_max: usize,
    /// Graphemes of a user's name; above: `name_invalid`.
    pub name_graphemes_max: usize,
    /// Bytes of a user's name; above: `name_invalid`.
    pub name_bytes_max: usize,
    /// Bytes of a room's name; above: `bad_field`.
    pub room_bytes_max: usize,
    /// Unicode scalar values of a topic; above: `too_long`.
    pub topic_chars_max: usize,
    /// Bytes of a reaction; above: `bad_field`.
    pub emoji_bytes_max: usize,
    /// `after` in the query of `/ws`; above: the others are named in a `notice`.
    pub positions_max: usize,
    /// Bytes of an event's `id`; above: `bad_field`.
    pub id_bytes_max: usize,
    /// Levels of objects and arrays in one event; above: `bad_json`.
    pub json_depth_max: usize,
    /// The room of those who name none.
    pub lobby: String,
    /// Whether senders get their own messages back unless they say otherwise.
    pub echo: bool,
    /// The form in which clients read that ask for none.
    pub mode: OutputMode,
    /// How soon a message disappears whose sender says nothing about it; `None`: never.
    pub message_ttl: Option<Duration>,
    /// The shortest life of a message; below: `bad_field`.
    pub ttl_min: Duration,
    /// The longest life of a message that disappears; above: `bad_field`.
    pub ttl_max: Duration,
    /// The longest a client is asked to wait before it returns after a restart.
    pub return_within: Duration,
    /// Bytes of one WebSocket message. The chat only tells it in `welcome`.
    pub frame_bytes_max: usize,
    /// After how much silence the server pings. The chat only tells it in `welcome`.
    pub ping_after: Duration,
}

impl Limits {
    /// Bytes of a user's or a room's name as somebody writes it: composing it may shorten it, but
    /// not to a quarter, and `@` may stand before it.
    pub(in crate::chat) fn written_name_bytes_max(&self) -> usize {
        self.name_bytes_max.max(self.room_bytes_max).saturating_mul(4).saturating_add(1)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            content_chars_max: 4000,
            sends_per_second_max: Some(5),
            sends_burst_max: 10,
            flood_within: Duration::from_secs(10),
            queries_per_second_max: Some(10),
            queries_burst_max: 30,
            requests_per_second_max: Some(20),
            requests_burst_max: 60,
            work_per_second_max: 100,
            work_burst_max: 300,
            network_share: 100,
            errors_max: 50,
            rooms_per_client_max: 32,
            rooms_max: 100_000,
            records_max: 1_000_000,
            accounts_max: 100_000,
            directs_max: 1000,
            members_max: 1000,
            bans_max: 1000,
            mutes_max: 1000,
            read_markers_max: 1000,
            reason_chars_max: 200,
            account_sends_per_second_max: Some(5),
            account_sends_burst_max: 10,
            moderator_sends_per_second_max: Some(20),
            moderator_sends_burst_max: 40,
            listed_max: 200,
            history_default: 50,
            history_max: 200,
            page_bytes_max: 128 * 1024,
            search_chars_max: 200,
            resume_entries_max: 1000,
            resume_bytes_max: 224 * 1024,
            catch_up_max: 1000,
            session_life: Duration::from_secs(10 * 60),
            detached_sessions_max: 50_000,
            networks_max: 10_000,
            leave_grace: Duration::from_secs(10),
            presence_users_max: 200,
            presence_every: Duration::from_secs(1),
            typing_every: Duration::from_secs(3),
            typing_for: Duration::from_secs(6),
            typing_per_second_max: Some(5),
            status_chars_max: 100,
            stats_rooms_max: 4096,
            stats_users_max: 200_000,
            name_graphemes_max: 32,
            name_bytes_max: 128,
            room_bytes_max: 64,
            topic_chars_max: 500,
            emoji_bytes_max: 64,
            positions_max: 200,
            id_bytes_max: 64,
            json_depth_max: 16,
            lobby: "lobby".to_owned(),
            echo: false,
            mode: OutputMode::Json,
            message_ttl: None,
            ttl_min: Duration::from_secs(5),
            ttl_max: Duration::from_secs(7 * 24 * 60 * 60),
            return_within: Duration::from_secs(15),
            frame_bytes_max: 64 * 1024,
            ping_after: Duration::from_secs(9),
        }
    }
}
