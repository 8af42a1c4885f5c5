//! What the chat allows, and what happens at each limit.

use std::time::Duration;

use crate::chat::output_mode::OutputMode;

/// Every limit and default of the chat; all are settings.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// Unicode scalar values of a message; above: `too_long`, with the text in the error.
    pub content_chars_max: usize,
    /// Sends per second and connection: events that change a record or reach others; above:
    /// `rate_limited`. `None`: no limit.
    pub sends_per_second_max: Option<u32>,
    /// Burst of the rate above.
    pub sends_burst_max: u32,
    /// How long a connection may stay above that rate on end; then it is closed with 4101.
    pub flood_within: Duration,
    /// Queries per second and connection; above: `rate_limited`. `None`: no limit.
    pub queries_per_second_max: Option<u32>,
    /// Burst of the rate above.
    pub queries_burst_max: u32,
    /// HTTP queries per second and network; above: `rate_limited`. `None`: no limit.
    pub requests_per_second_max: Option<u32>,
    /// Burst of the rate above.
    pub requests_burst_max: u32,
    /// Work per second and connection, in units: a message costs one, and one more for each 2 KiB,
    /// whatever it contains; above: `rate_limited`, and 4101 after `flood_within`. No limit where
    /// `sends_per_second_max` is `None`.
    pub work_per_second_max: u32,
    /// Burst of the work rate, in units.
    pub work_burst_max: u32,
    /// Work of one network, as a multiple of a connection's; above: `rate_limited` for those of its
    /// connections that do more than half of what they may.
    pub network_share: u32,
    /// Burst of errors of a connection, not counting `rate_limited`; one per second is forgotten.
    /// Above: closed with 4000.
    pub errors_max: u32,
    /// Rooms a connection may be in; above: `too_many_rooms`.
    pub rooms_per_client_max: usize,
    /// Rooms with people in them; above: `overloaded` when opening another.
    pub rooms_max: usize,
    /// Rooms in all, including those that are only a record; above: `overloaded` when creating
    /// another.
    pub records_max: usize,
    /// Existing rooms that one network created since the start; above: `too_many_rooms` when
    /// creating another.
    pub network_rooms_max: usize,
    /// Accounts; above: `overloaded` on registration.
    pub accounts_max: usize,
    /// Private conversations of one author; above: `too_many_rooms` for a new one on either side.
    pub directs_max: usize,
    /// Members and moderators of a room; above: `room_full`.
    pub members_max: usize,
    /// Bans of a room; above: `room_full`.
    pub bans_max: usize,
    /// Mutes of a room; above: `room_full`.
    pub mutes_max: usize,
    /// Hooks in all; above: `overloaded` when adding another.
    pub hooks_max: usize,
    /// How long the target of a hook may take to answer.
    pub hook_within: Duration,
    /// The longest wait after a failure of a hook's target, unless the target asks for a longer one.
    pub hook_retry_max: Duration,
    /// How long the target of a hook may fail on end; then the hook is disabled.
    pub hook_fails_for: Duration,
    /// Read markers of an account; above: those of further rooms are ignored.
    pub read_markers_max: usize,
    /// Memberships of an account; above: it is in further rooms only while connected.
    pub memberships_max: usize,
    /// Open invitations of a user; above: the oldest is withdrawn.
    pub invitations_max: usize,
    /// Pinned messages of a room; above: `too_many_pins`.
    pub pins_max: usize,
    /// Unicode scalar values of a reason; above: `too_long`.
    pub reason_chars_max: usize,
    /// Sends per second of a connection with an account. `None`: no limit.
    pub account_sends_per_second_max: Option<u32>,
    /// Burst of the rate above.
    pub account_sends_burst_max: u32,
    /// Sends per second of a connection in a room where it moderates. `None`: no limit.
    pub moderator_sends_per_second_max: Option<u32>,
    /// Burst of the rate above.
    pub moderator_sends_burst_max: u32,
    /// Rooms and users in a list; above: only the count includes them.
    pub listed_max: usize,
    /// Messages sent on joining unless the client asks for another number.
    pub history_default: u32,
    /// Messages in one `history` or `search_results`; a request for more is clamped.
    pub history_max: u32,
    /// Bytes of one `history` or `search_results` on the wire; above: cut at whole messages, `more:
    /// true`.
    pub page_bytes_max: usize,
    /// Unicode scalar values of a search query; above: `too_long`.
    pub search_chars_max: usize,
    /// Events that a `resume` repeats for each room; above: `lost`, why `page`.
    pub resume_entries_max: usize,
    /// Bytes on the wire that one `resume` repeats in all; above: `lost`, why `page`. Must stay
    /// below the send queue of a connection.
    pub resume_bytes_max: usize,
    /// Entries a room keeps for clients that wait for a page; above: `gap`.
    pub catch_up_max: usize,
    /// How long a session can be resumed after its last connection closed.
    pub session_life: Duration,
    /// Detached sessions; above: one ends early, first a blank one, else the oldest, each of the
    /// network with the most.
    pub detached_sessions_max: usize,
    /// Networks and authors with a rate of HTTP posts, and networks with a rate of HTTP queries;
    /// above: `overloaded` for any other, until one of them is idle.
    pub networks_max: usize,
    /// How long after its last connection closed a user leaves its rooms and its name is freed.
    pub leave_grace: Duration,
    /// Users in a room up to which each join and leave is sent by name; above: only the count is.
    pub presence_users_max: usize,
    /// The shortest time between two presence batches of a room.
    pub presence_every: Duration,
    /// The shortest time between two typing indicators of a person in a room.
    pub typing_every: Duration,
    /// How long a typing indicator lasts unless it is renewed.
    pub typing_for: Duration,
    /// Typing indicators of a room per second, with a burst of four seconds' worth; above: not
    /// shown. `None`: no limit.
    pub typing_per_second_max: Option<u32>,
    /// Unicode scalar values of a status text; above: `too_long`.
    pub status_chars_max: usize,
    /// Rooms whose messages are counted; above: the quietest are dropped.
    pub stats_rooms_max: usize,
    /// Users who left and are remembered for a day, to be counted once; above: the counts of users
    /// are too low.
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
    /// Number of `after` parameters in the query of `/ws`; above: the others are named in a
    /// `notice`.
    pub positions_max: usize,
    /// Bytes of an event's `id`; above: `bad_field`.
    pub id_bytes_max: usize,
    /// Levels of objects and arrays in one event; above: `bad_json`.
    pub json_depth_max: usize,
    /// Bytes of a file; above: `too_long`.
    pub file_bytes_max: u64,
    /// Whether the server keeps files.
    pub files: bool,
    /// Files of a message; above: `bad_field`.
    pub files_per_message_max: usize,
    /// How long a file waits for a message that carries it; then it is removed.
    pub upload_life: Duration,
    /// Files that wait for their message; above: `overloaded` for another upload.
    pub waiting_uploads_max: usize,
    /// Files of one author that wait for their message; above: `overloaded` for another upload.
    pub waiting_uploads_per_author_max: usize,
    /// Files from one network that wait for their message; above: `overloaded` for another upload.
    pub waiting_uploads_per_network_max: usize,
    /// Bytes that an author may upload in a day; above: `rate_limited`.
    pub upload_bytes_per_day_max: u64,
    /// Bytes that a network may upload in a day; above: `rate_limited`.
    pub network_upload_bytes_per_day_max: u64,
    /// Files per second that a network may ask for; above: `rate_limited`.
    pub downloads_per_second_max: u32,
    /// Burst of the rate above.
    pub downloads_burst_max: u32,
    /// The room of clients that name none.
    pub lobby: String,
    /// Whether senders receive their own messages unless they ask otherwise.
    pub echo: bool,
    /// The output mode of clients that ask for none.
    pub mode: OutputMode,
    /// The life of a message without a `ttl`; `None`: unlimited.
    pub message_ttl: Option<Duration>,
    /// The shortest `ttl` of a message; below: `bad_field`.
    pub ttl_min: Duration,
    /// The longest `ttl` of a message; above: `bad_field`.
    pub ttl_max: Duration,
    /// Clients per second that are asked to reconnect after a restart; more take longer.
    pub reconnects_per_second: u32,
    /// Bytes of a WebSocket message. The chat only reports it in `welcome`.
    pub frame_bytes_max: usize,
    /// The silence after which the server pings. The chat only reports it in `welcome`.
    pub ping_after: Duration,
}

impl Limits {
    /// Whether a text may be the `id` of an event.
    pub fn fits_id(&self, id: &str) -> bool {
        (1..=self.id_bytes_max).contains(&id.len())
    }

    /// Bytes of a user's or a room's name as written by a client: composing (NFC) may shorten it,
    /// but not to a quarter, and `@` may precede it.
    pub fn written_name_bytes_max(&self) -> usize {
        self.name_bytes_max.max(self.room_bytes_max).saturating_mul(4).saturating_add(1)
    }
}

impl Default for Limits {
    #[expect(clippy::too_many_lines, reason = "a line for each limit")]
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
            network_rooms_max: 2000,
            accounts_max: 100_000,
            directs_max: 1000,
            members_max: 1000,
            bans_max: 1000,
            mutes_max: 1000,
            hooks_max: 10_000,
            hook_within: Duration::from_secs(10),
            hook_retry_max: Duration::from_secs(10 * 60),
            hook_fails_for: Duration::from_secs(3 * 24 * 60 * 60),
            read_markers_max: 1000,
            memberships_max: 500,
            invitations_max: 100,
            pins_max: 50,
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
            file_bytes_max: 25 * 1024 * 1024,
            files: true,
            files_per_message_max: 10,
            upload_life: Duration::from_secs(60 * 60),
            waiting_uploads_max: 10_000,
            waiting_uploads_per_author_max: 100,
            waiting_uploads_per_network_max: 1000,
            upload_bytes_per_day_max: 2 * 1024 * 1024 * 1024,
            network_upload_bytes_per_day_max: 20 * 1024 * 1024 * 1024,
            downloads_per_second_max: 100,
            downloads_burst_max: 1000,
            lobby: "lobby".to_owned(),
            echo: false,
            mode: OutputMode::Json,
            message_ttl: None,
            ttl_min: Duration::from_secs(5),
            ttl_max: Duration::from_secs(7 * 24 * 60 * 60),
            reconnects_per_second: 1000,
            frame_bytes_max: 64 * 1024,
            ping_after: Duration::from_secs(9),
        }
    }
}
