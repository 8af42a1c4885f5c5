//! Events of the server, as plain values. The server renders them in one of three forms; broadcasts
//! share their strings.

use std::borrow::Cow;
use std::sync::Arc;

use crate::chat::protocol::account::Account;
use crate::chat::protocol::error::Refusal;
use crate::chat::protocol::hook::Hook;
use crate::chat::protocol::membership::{Invitation, MembershipSummary};
use crate::chat::protocol::payloads::{
    History, Joined, Member, Pins, Removed, Replies, Resumed, RoomSummary, SearchResults, User,
    Welcome,
};
use crate::chat::protocol::stats::Stats;
use crate::chat::protocol::status::Status;
use crate::chat::record::{Change, DeletionReason, Entry, File, Files, Moderation};

/// An event of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerEvent {
    /// The first event of a connection.
    Welcome(Box<Welcome>),
    /// A change was recorded.
    Ack {
        /// The `id` of the event that is answered.
        re: Arc<str>,
        /// The room.
        room: Arc<str>,
        /// The entry's `seq`.
        seq: u64,
        /// Its time.
        ts: u64,
        /// The message it made or changed; 0 for a topic.
        mid: u64,
        /// How durable it is.
        durable: &'static str,
        /// Whether it was recorded before.
        duplicate: bool,
    },
    /// The name was changed.
    Named {
        /// The `id` of the event that is answered.
        re: Arc<str>,
        /// Unix milliseconds.
        ts: u64,
        /// The name.
        you: Arc<str>,
    },
    /// A room was removed.
    RoomRemoved {
        /// The `id` of the client event.
        re: Arc<str>,
        /// The room.
        room: Arc<str>,
        /// Unix milliseconds.
        ts: u64,
    },
    /// The status was changed.
    StatusSet {
        /// The `id` of the event that is answered.
        re: Arc<str>,
        /// Unix milliseconds.
        ts: u64,
        /// The status.
        status: Status,
    },
    /// A message was posted.
    Message {
        /// The room.
        room: Arc<str>,
        /// The entry's `seq`, which is the message's `mid`, too.
        seq: u64,
        /// Its time.
        ts: u64,
        /// The name of its author.
        sender: Arc<str>,
        /// Whether its sender had an account.
        account: bool,
        /// The text.
        content: Arc<str>,
        /// The `mid` it answers.
        reply_to: Option<u64>,
        /// Unix milliseconds at which it disappears.
        expires: Option<u64>,
        /// Its files.
        files: Files,
    },
    /// A message was edited.
    Edited {
        /// The room.
        room: Arc<str>,
        /// The entry's `seq`.
        seq: u64,
        /// Its time.
        ts: u64,
        /// The message.
        mid: u64,
        /// The name of its author.
        sender: Arc<str>,
        /// Its new text.
        content: Arc<str>,
    },
    /// A message was deleted.
    Deleted {
        /// The room.
        room: Arc<str>,
        /// The entry's `seq`.
        seq: u64,
        /// Its time.
        ts: u64,
        /// The message.
        mid: u64,
        /// Who deleted it.
        by: Arc<str>,
        /// Why.
        why: DeletionReason,
    },
    /// A reaction was added or removed.
    Reaction {
        /// The room.
        room: Arc<str>,
        /// The entry's `seq`.
        seq: u64,
        /// Its time.
        ts: u64,
        /// The message.
        mid: u64,
        /// The reaction.
        emoji: Arc<str>,
        /// The user.
        user: Arc<str>,
        /// Whether it was added; false: removed.
        on: bool,
        /// Number of people who have it now.
        count: u32,
    },
    /// A message was pinned, or is pinned no more.
    Pinned {
        /// The room.
        room: Arc<str>,
        /// The entry's `seq`.
        seq: u64,
        /// Its time.
        ts: u64,
        /// The message.
        mid: u64,
        /// Who did it.
        by: Arc<str>,
        /// Whether it was pinned.
        on: bool,
    },
    /// The topic was changed.
    Topic {
        /// The room.
        room: Arc<str>,
        /// The entry's `seq`.
        seq: u64,
        /// Its time.
        ts: u64,
        /// The topic, empty for none.
        topic: Arc<str>,
        /// Who set it.
        by: Arc<str>,
    },
    /// A moderation action.
    Moderated {
        /// The room.
        room: Arc<str>,
        /// The entry's `seq`.
        seq: u64,
        /// Its time.
        ts: u64,
        /// The user.
        by: Arc<str>,
        /// The action.
        moderation: Arc<Moderation>,
    },
    /// A private message.
    Whisper {
        /// The recipient, if the reader sent it.
        to: Option<Arc<str>>,
        /// A [`ServerEvent::Message`].
        message: Box<Self>,
    },
    /// The client joined a room.
    Joined(Box<Joined>),
    /// The client left a room.
    Left {
        /// The `id` of the event that is answered.
        re: Option<Arc<str>>,
        /// The room.
        room: Arc<str>,
        /// Why, if the client did not ask for it.
        removed: Option<Box<Removed>>,
    },
    /// The read marker of the account, moved by another connection or back, or what was counted
    /// above it.
    Read {
        /// The `id` of the event that is answered.
        re: Option<Arc<str>>,
        /// The room.
        room: Arc<str>,
        /// The last entry read.
        seq: u64,
        /// Number of messages of others above that, up to 100.
        unread: u64,
    },
    /// The membership of the account in a room was made or changed.
    Membership {
        /// The `id` of the event that is answered.
        re: Option<Arc<str>>,
        /// The membership.
        membership: MembershipSummary,
    },
    /// The user was invited to a private room.
    Invitation(Invitation),
    /// An invitation was answered or withdrawn.
    InvitationAnswered {
        /// The `id` of the event that is answered.
        re: Option<Arc<str>>,
        /// The room.
        room: Arc<str>,
        /// `accepted`, `declined` or `withdrawn`.
        answer: &'static str,
    },
    /// An account was created or changed; sent to HTTP requests only.
    Account(Box<Account>),
    /// A file was uploaded; sent to HTTP requests only.
    FileAdded(Box<File>),
    /// A file was found; the answer to HTTP requests only.
    FileFound(Box<File>),
    /// All accounts; sent to HTTP requests only.
    Accounts(Vec<Account>),
    /// A hook was added or removed; sent to HTTP requests only.
    Hook {
        /// The hook.
        hook: Box<Hook>,
        /// Its key, if it was added.
        key: Option<Arc<str>>,
    },
    /// The hooks of a room; sent to HTTP requests only.
    Hooks(Vec<Hook>),
    /// A user joined.
    UserJoined {
        /// The room.
        room: Arc<str>,
        /// The user.
        user: Arc<str>,
        /// Whether the user has an account.
        account: bool,
        /// Number of people in the room.
        count: usize,
    },
    /// A user left.
    UserLeft {
        /// The room.
        room: Arc<str>,
        /// The user.
        user: Arc<str>,
        /// Number of people in the room.
        count: usize,
        /// Why: `left`, `closed` or `timeout`.
        why: &'static str,
    },
    /// A user was renamed.
    Renamed {
        /// The room.
        room: Arc<str>,
        /// The name.
        user: Arc<str>,
        /// Whether the user has an account.
        account: bool,
        /// The name before.
        was: Arc<str>,
        /// Number of people in the room.
        count: usize,
    },
    /// A user set its status.
    Status {
        /// The room.
        room: Arc<str>,
        /// The user.
        user: Arc<str>,
        /// Whether the user has an account.
        account: bool,
        /// The status.
        status: Status,
        /// Whether nothing but its hue is new.
        hue_only: bool,
        /// Number of people in the room.
        count: usize,
    },
    /// A user started or stopped typing.
    Typing {
        /// The room.
        room: Arc<str>,
        /// The user.
        user: Arc<str>,
        /// Milliseconds it lasts unless renewed; `None`: stopped.
        ttl_ms: Option<u64>,
    },
    /// The number of people, in place of single changes.
    Presence {
        /// The room.
        room: Arc<str>,
        /// Number of people in the room.
        count: usize,
    },
    /// The rooms.
    RoomList {
        /// The `id` of the event that is answered.
        re: Option<Arc<str>>,
        /// The reader's private ones first, then the fullest.
        rooms: Vec<RoomSummary>,
        /// Where the next page begins, if there is one.
        next: Option<Box<str>>,
    },
    /// The people in a room.
    UserList {
        /// The `id` of the event that is answered.
        re: Option<Arc<str>>,
        /// The room.
        room: Arc<str>,
        /// Number of people in the room.
        count: usize,
        /// The people, up to the limit of a list.
        users: Vec<User>,
    },
    /// Members of a room who are not in it.
    MemberList {
        /// The `id` of the event that is answered.
        re: Option<Arc<str>>,
        /// The room.
        room: Arc<str>,
        /// The members.
        members: Vec<Member>,
        /// Where the next page begins, if there is one.
        next: Option<Arc<str>>,
    },
    /// A part of the record.
    History(Box<History>),
    /// The pinned messages of a room.
    Pins(Box<Pins>),
    /// Replies to a message.
    Replies(Box<Replies>),
    /// The results of a search.
    SearchResults(Box<SearchResults>),
    /// The statistics.
    Stats(Box<Stats>),
    /// The announcement of a resume: what follows was missed.
    Resumed(Box<Resumed>),
    /// The end of a resume: what follows is live.
    Live {
        /// The room.
        room: Arc<str>,
        /// The last entry before.
        seq: u64,
    },
    /// Entries that the client does not receive.
    Gap {
        /// The room.
        room: Arc<str>,
        /// The people, up to the limit of a list.
        from: u64,
        /// The last of them.
        to: u64,
        /// Why.
        why: &'static str,
    },
    /// A notice.
    Notice {
        /// The `id` of the event that is answered.
        re: Option<Arc<str>>,
        /// The room it is about.
        room: Option<Arc<str>>,
        /// The code, for programs.
        code: &'static str,
        /// A sentence, for people.
        message: Cow<'static, str>,
    },
    /// The answer to `ping`.
    Pong {
        /// The `id` of the event that is answered.
        re: Option<Arc<str>>,
        /// Unix milliseconds.
        ts: u64,
        /// The top `seq` of each room the client has joined.
        rooms: Vec<(Arc<str>, u64)>,
    },
    /// A refusal.
    Error(Box<Refusal>),
    /// The server shuts down.
    Bye {
        /// The close code that follows.
        code: u16,
        /// Why.
        reason: &'static str,
        /// Milliseconds after which to reconnect.
        after_ms: u64,
    },
}

impl ServerEvent {
    /// Returns the event of an entry.
    pub(in crate::chat) fn of_entry(room: &Arc<str>, entry: &Entry) -> Self {
        let (room, seq, ts, by) =
            (Arc::clone(room), entry.seq, entry.ts, Arc::clone(&entry.sender));
        match &entry.change {
            Change::Message { content, reply_to, expires, files } => Self::Message {
                room,
                seq,
                ts,
                sender: by,
                account: entry.account,
                content: Arc::clone(content),
                reply_to: *reply_to,
                expires: *expires,
                files: Arc::clone(files),
            },
            Change::Edited { mid, content } => {
                let content = Arc::clone(content);
                Self::Edited { room, seq, ts, mid: *mid, sender: by, content }
            }
            Change::Deleted { mid, why } => {
                Self::Deleted { room, seq, ts, mid: *mid, by, why: *why }
            }
            Change::Reaction { mid, emoji, on, count } => Self::Reaction {
                room,
                seq,
                ts,
                mid: *mid,
                emoji: Arc::clone(emoji),
                user: by,
                on: *on,
                count: *count,
            },
            Change::Pinned { mid, on } => Self::Pinned { room, seq, ts, mid: *mid, by, on: *on },
            Change::Topic { topic } => Self::Topic { room, seq, ts, topic: Arc::clone(topic), by },
            Change::Moderated { moderation } => {
                Self::Moderated { room, seq, ts, by, moderation: Arc::clone(moderation) }
            }
        }
    }

    /// Returns the event of entries a client does not receive.
    pub(in crate::chat) fn gap(room: &Arc<str>, from: u64, to: u64, why: &'static str) -> Self {
        Self::Gap { room: Arc::clone(room), from, to, why }
    }
}
