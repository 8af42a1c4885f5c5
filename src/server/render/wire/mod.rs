//! Events as JSON: an envelope and one struct for the payload of each event, as `protocol.md`
//! describes them. Fields are written in the order in which they are declared.

mod hooks;
mod kind;
mod memberships;
mod messages;
mod replies;
mod rooms;
mod schema;
mod stats;
mod users;
mod words;

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

use crate::chat::record::ModerationAction;
use crate::chat::{ServerEvent, hook_of};
use hooks::{Hook, Hooks};
use kind::Kind;
use memberships::{Invitation, InvitationAnswered, MemberList, Membership};
use messages::{
    Deleted, Edited, File, Gap, History, Message, Moderated, Pinned, Pins, Reaction, Replies,
    Resumed, SearchResults, Topic,
};
use replies::{Account, Accounts, Ack, Bye, Error, NameSet, Notice, Pong, RoomRemoved, StatusSet};
use rooms::{Joined, Left, Live, Presence, Read, RoomList, Welcome};
use stats::Stats;
use users::{Renamed, Typing, UserJoined, UserLeft, UserList, UserStatus};

pub(super) use replies::Receipt;
pub(in crate::server) use schema::{Body, body, events};

/// An event as it is sent to a WebSocket client.
#[derive(Serialize)]
pub(in crate::server::render) struct Envelope<'a> {
    #[serde(rename = "type")]
    kind: Kind,
    #[serde(skip_serializing_if = "Option::is_none")]
    re: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ts: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Payload<'a>>,
}

impl<'a> Envelope<'a> {
    /// Returns the event in its envelope; `None` for events that only answer HTTP requests.
    pub(super) fn of(event: &'a ServerEvent) -> Option<Self> {
        use Kind as K;
        use ServerEvent as E;
        let envelope = match event {
            E::Message { room, seq, ts, .. } => Self::entry(K::Message, room, *seq, *ts),
            E::Edited { room, seq, ts, .. } => Self::entry(K::MessageEdited, room, *seq, *ts),
            E::Deleted { room, seq, ts, .. } => Self::entry(K::MessageDeleted, room, *seq, *ts),
            E::Reaction { room, seq, ts, .. } => Self::entry(K::Reaction, room, *seq, *ts),
            E::Pinned { room, seq, ts, .. } => Self::entry(K::MessagePinned, room, *seq, *ts),
            E::Topic { room, seq, ts, .. } => Self::entry(K::Topic, room, *seq, *ts),
            E::Moderated { room, seq, ts, .. } => Self::entry(K::Moderated, room, *seq, *ts),
            E::Whisper { message, .. } => return Self::of(message),
            E::Ack { re, room, seq, ts, .. } => {
                Self::entry(K::Ack, room, *seq, *ts).answering(Some(re))
            }
            E::RoomRemoved { re, room, ts } => {
                Self::in_room(K::Ack, room).answering(Some(re)).at(*ts)
            }
            E::Named { re, ts, .. } | E::StatusSet { re, ts, .. } => {
                Self::new(K::Ack).answering(Some(re)).at(*ts)
            }
            E::Welcome(it) => Self::new(K::Welcome).at(it.ts),
            E::Joined(it) => Self::in_room(K::Joined, &it.room).answering(it.re.as_deref()),
            E::Left { re, room, .. } => Self::in_room(K::Left, room).answering(re.as_deref()),
            E::Read { re, room, .. } => Self::in_room(K::Read, room).answering(re.as_deref()),
            E::Membership { re, membership } => {
                Self::in_room(K::Membership, &membership.room).answering(re.as_deref())
            }
            E::Invitation(it) => Self::in_room(K::Invitation, &it.room),
            E::InvitationAnswered { re, room, .. } => {
                Self::in_room(K::Invitation, room).answering(re.as_deref())
            }
            E::UserJoined { room, .. } => Self::in_room(K::UserJoined, room),
            E::UserLeft { room, .. } => Self::in_room(K::UserLeft, room),
            E::Renamed { room, .. } | E::Status { room, .. } | E::Presence { room, .. } => {
                Self::in_room(K::Presence, room)
            }
            E::Typing { room, .. } => Self::in_room(K::Typing, room),
            E::RoomList { re, .. } => Self::new(K::RoomList).answering(re.as_deref()),
            E::UserList { re, room, .. } => {
                Self::in_room(K::UserList, room).answering(re.as_deref())
            }
            E::MemberList { re, room, .. } => {
                Self::in_room(K::MemberList, room).answering(re.as_deref())
            }
            E::History(it) => Self::in_room(K::History, &it.room).answering(it.re.as_deref()),
            E::Pins(it) => Self::in_room(K::Pins, &it.room).answering(it.re.as_deref()),
            E::Replies(it) => Self::in_room(K::Replies, &it.room).answering(it.re.as_deref()),
            E::SearchResults(it) => Self::new(K::SearchResults).answering(it.re.as_deref()),
            E::Stats(it) => Self::new(K::Stats).answering(it.re.as_deref()).at(it.ts),
            E::Resumed(it) => Self::new(K::Resumed).answering(it.re.as_deref()),
            E::Live { room, .. } => Self::in_room(K::Live, room),
            E::Gap { room, .. } => Self::in_room(K::Gap, room),
            E::Notice { re, room, .. } => {
                Self { room: room.as_deref(), ..Self::new(K::Notice).answering(re.as_deref()) }
            }
            E::Pong { re, ts, .. } => Self::new(K::Pong).answering(re.as_deref()).at(*ts),
            E::Error(it) => {
                Self { room: it.room.as_deref(), ..Self::new(K::Error).answering(it.re.as_deref()) }
            }
            E::Bye { .. } => Self::new(K::Bye),
            E::Account(_) | E::Accounts(_) | E::Hook { .. } | E::Hooks(_) => return None,
            E::FileAdded(_) | E::FileFound(_) => return None,
        };
        Some(Self { payload: Payload::of(event), ..envelope })
    }

    fn new(kind: Kind) -> Self {
        Self { kind, re: None, room: None, seq: None, ts: None, payload: None }
    }

    fn in_room(kind: Kind, room: &'a str) -> Self {
        Self { room: Some(room), ..Self::new(kind) }
    }

    fn entry(kind: Kind, room: &'a str, seq: u64, ts: u64) -> Self {
        Self { seq: Some(seq), ts: Some(ts), ..Self::in_room(kind, room) }
    }

    fn answering(self, re: Option<&'a str>) -> Self {
        Self { re, ..self }
    }

    fn at(self, ts: u64) -> Self {
        Self { ts: Some(ts), ..self }
    }
}

/// The payload of an event, which is also the body of an HTTP response.
#[derive(Serialize)]
#[serde(untagged)]
pub(in crate::server::render) enum Payload<'a> {
    Message(Message<'a>),
    Edited(Edited<'a>),
    Deleted(Deleted<'a>),
    Reaction(Reaction<'a>),
    Pinned(Pinned<'a>),
    Topic(Topic<'a>),
    Moderated(Moderated<'a>),
    Ack(Ack),
    NameSet(NameSet<'a>),
    StatusSet(StatusSet<'a>),
    RoomRemoved(RoomRemoved),
    Welcome(Box<Welcome<'a>>),
    Joined(Joined<'a>),
    Left(Left<'a>),
    Read(Read),
    Membership(Membership),
    Invitation(Invitation<'a>),
    InvitationAnswered(InvitationAnswered),
    Account(Account<'a>),
    File(File<'a>),
    Accounts(Accounts<'a>),
    Hook(Hook<'a>),
    Hooks(Hooks<'a>),
    UserJoined(UserJoined<'a>),
    UserLeft(UserLeft<'a>),
    Renamed(Renamed<'a>),
    UserStatus(UserStatus<'a>),
    Typing(Typing<'a>),
    Presence(Presence),
    RoomList(RoomList<'a>),
    UserList(UserList<'a>),
    MemberList(MemberList<'a>),
    History(History<'a>),
    Pins(Pins<'a>),
    Replies(Replies<'a>),
    SearchResults(SearchResults<'a>),
    Stats(Box<Stats<'a>>),
    Resumed(Resumed<'a>),
    Live(Live),
    Gap(Gap),
    Notice(Notice<'a>),
    Pong(Pong<'a>),
    Error(Error<'a>),
    Bye(Bye),
}

impl<'a> Payload<'a> {
    /// Returns the payload of an event; `None` if the envelope says everything.
    #[expect(clippy::too_many_lines, reason = "an arm for each event")]
    pub(super) fn of(event: &'a ServerEvent) -> Option<Self> {
        use ServerEvent as E;
        Some(match event {
            E::Message { seq, sender, account, content, reply_to, expires, files, .. } => {
                let (mid, account, hook) = (*seq, *account, hook_of(sender));
                let (reply_to, expires) = (*reply_to, *expires);
                let files = files.iter().map(File::from).collect();
                Self::Message(Message {
                    mid,
                    sender,
                    account,
                    hook,
                    content,
                    reply_to,
                    expires,
                    files,
                })
            }
            E::Edited { mid, sender, content, .. } => {
                Self::Edited(Edited { mid: *mid, sender, content })
            }
            E::Deleted { mid, by, why, .. } => Self::Deleted(Deleted::new(*mid, by, *why)),
            E::Reaction { mid, emoji, user, on, count, .. } => {
                Self::Reaction(Reaction { mid: *mid, emoji, user, on: *on, count: *count })
            }
            E::Pinned { mid, by, on, .. } => Self::Pinned(Pinned { mid: *mid, by, on: *on }),
            E::Topic { topic, by, .. } => Self::Topic(Topic { topic, by }),
            E::Moderated { by, moderation, .. } => Self::Moderated(Moderated::new(by, moderation)),
            E::Whisper { message, .. } => return Self::of(message),
            E::Ack { mid, durable, duplicate, .. } => {
                Self::Ack(Ack::new(*mid, durable, *duplicate))
            }
            E::Named { you, .. } => Self::NameSet(NameSet { you }),
            E::StatusSet { status, .. } => Self::StatusSet(status.into()),
            E::RoomRemoved { .. } => {
                Self::RoomRemoved(RoomRemoved { action: ModerationAction::RemoveRoom.word() })
            }
            E::Welcome(it) => Self::Welcome(Box::new((&**it).into())),
            E::Joined(it) => Self::Joined((&**it).into()),
            E::Left { removed, .. } => Self::Left(removed.as_deref()?.into()),
            E::Read { seq, unread, .. } => Self::Read(Read { seq: *seq, unread: *unread }),
            E::Membership { membership, .. } => Self::Membership(membership.into()),
            E::Invitation(it) => Self::Invitation(it.into()),
            E::InvitationAnswered { answer, .. } => {
                Self::InvitationAnswered(InvitationAnswered { answer })
            }
            E::Account(it) => Self::Account((&**it).into()),
            E::FileAdded(it) | E::FileFound(it) => Self::File((&**it).into()),
            E::Accounts(all) => Self::Accounts(all.as_slice().into()),
            E::Hook { hook, key } => Self::Hook(Hook::new(hook, key.as_deref())),
            E::Hooks(all) => Self::Hooks(all.as_slice().into()),
            E::UserJoined { user, account, count, .. } => {
                Self::UserJoined(UserJoined { user, account: *account, count: *count })
            }
            E::UserLeft { user, count, why, .. } => {
                Self::UserLeft(UserLeft { user, count: *count, why })
            }
            E::Renamed { user, account, was, count, .. } => {
                Self::Renamed(Renamed { user, account: *account, count: *count, was })
            }
            E::Status { user, account, status, count, .. } => {
                Self::UserStatus(UserStatus::new(user, *account, *count, status))
            }
            E::Typing { user, ttl_ms, .. } => Self::Typing(Typing::new(user, *ttl_ms)),
            E::Presence { count, .. } => Self::Presence(Presence { count: *count }),
            E::RoomList { rooms, next, .. } => {
                Self::RoomList(RoomList::new(rooms, next.as_deref()))
            }
            E::UserList { count, users, .. } => Self::UserList(UserList::new(*count, users)),
            E::MemberList { members, next, .. } => {
                Self::MemberList(MemberList::new(members, next.as_deref()))
            }
            E::History(it) => Self::History((&**it).into()),
            E::Pins(it) => Self::Pins((&**it).into()),
            E::Replies(it) => Self::Replies((&**it).into()),
            E::SearchResults(it) => Self::SearchResults((&**it).into()),
            E::Stats(it) => Self::Stats(Box::new((&**it).into())),
            E::Resumed(it) => Self::Resumed((&**it).into()),
            E::Live { seq, .. } => Self::Live(Live { seq: *seq }),
            E::Gap { from, to, why, .. } => Self::Gap(Gap { from: *from, to: *to, why }),
            E::Notice { code, message, .. } => Self::Notice(Notice { code, message }),
            E::Pong { rooms, .. } => Self::Pong(rooms.as_slice().into()),
            E::Error(it) => Self::Error((&**it).into()),
            E::Bye { code, reason, after_ms } => Self::Bye(Bye::new(*code, reason, *after_ms)),
        })
    }
}

/// A JSON object with the keys in this order.
struct Map<'a, V>(Vec<(&'a str, V)>);

impl<V> Map<'_, V> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<V: Serialize> Serialize for Map<'_, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

impl<V: JsonSchema> JsonSchema for Map<'_, V> {
    fn schema_name() -> Cow<'static, str> {
        format!("{}ByName", V::schema_name()).into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let value = generator.subschema_for::<V>();
        json_schema!({ "type": "object", "additionalProperties": value })
    }
}
