//! JSON Schemas of what is sent, derived from the structs that are sent.

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::hooks::{Hook, Hooks};
use super::kind::Kind;
use super::memberships::{Invitation, InvitationAnswered, MemberList, Membership};
use super::messages::{
    Deleted, Edited, File, Gap, History, Message, Moderated, Pinned, Pins, Reaction, Replies,
    Resumed, SearchResults, Topic,
};
use super::replies::{
    Account, Accounts, Ack, Bye, Error, NameSet, Notice, Pong, Receipt, RoomRemoved, StatusSet,
};
use super::rooms::{Joined, Left, Live, Presence, Read, RoomList, Welcome};
use super::stats::Stats;
use super::users::{Renamed, Typing, UserJoined, UserLeft, UserList, UserStatus};

/// A body of an HTTP response.
#[derive(Clone, Copy, Debug)]
pub(in crate::server) enum Body {
    Account,
    Accounts,
    Error,
    File,
    History,
    Hook,
    Hooks,
    Receipt,
    RoomList,
    RoomRemoved,
    Stats,
}

/// Returns each kind of event: its name, what it says, and its schema.
pub(in crate::server) fn events(g: &mut SchemaGenerator) -> Vec<(String, &'static str, Value)> {
    let event = |kind: Kind| {
        let word = json!(kind).as_str().unwrap_or_default().to_owned();
        let schema = event(kind, g);
        (word, kind.about(), schema)
    };
    Kind::ALL.into_iter().map(event).collect()
}

/// Returns the schema of a response's body.
pub(in crate::server) fn body(body: Body, g: &mut SchemaGenerator) -> Schema {
    match body {
        Body::Account => g.subschema_for::<Account<'_>>(),
        Body::Accounts => g.subschema_for::<Accounts<'_>>(),
        Body::Error => g.subschema_for::<Error<'_>>(),
        Body::File => g.subschema_for::<File<'_>>(),
        Body::History => g.subschema_for::<History<'_>>(),
        Body::Hook => g.subschema_for::<Hook<'_>>(),
        Body::Hooks => g.subschema_for::<Hooks<'_>>(),
        Body::Receipt => g.subschema_for::<Receipt<'_>>(),
        Body::RoomList => g.subschema_for::<RoomList<'_>>(),
        Body::RoomRemoved => g.subschema_for::<RoomRemoved>(),
        Body::Stats => g.subschema_for::<Stats<'_>>(),
    }
}

fn event(kind: Kind, g: &mut SchemaGenerator) -> Value {
    let (always, sometimes) = kind.envelope();
    let mut properties = Map::new();
    properties.insert("type".into(), json!({ "const": kind }));
    for name in always.iter().chain(sometimes) {
        let schema = match *name {
            "re" => json!({ "type": "string", "description": "The `id` of what it answers." }),
            "room" => json!({ "type": "string" }),
            "payload" => json!(payload(kind, g)),
            _ => json!({ "type": "integer", "minimum": 0 }),
        };
        properties.insert((*name).into(), schema);
    }
    let required: Vec<&str> = ["type"].iter().chain(always).copied().collect();
    json!({ "type": "object", "required": required, "properties": properties })
}

fn payload(kind: Kind, g: &mut SchemaGenerator) -> Schema {
    match kind {
        Kind::Welcome => g.subschema_for::<Welcome<'_>>(),
        Kind::Message => g.subschema_for::<Message<'_>>(),
        Kind::MessageEdited => g.subschema_for::<Edited<'_>>(),
        Kind::MessageDeleted => g.subschema_for::<Deleted<'_>>(),
        Kind::Reaction => g.subschema_for::<Reaction<'_>>(),
        Kind::MessagePinned => g.subschema_for::<Pinned<'_>>(),
        Kind::Topic => g.subschema_for::<Topic<'_>>(),
        Kind::Moderated => g.subschema_for::<Moderated<'_>>(),
        Kind::Ack => json_schema!({ "anyOf": [
            g.subschema_for::<Ack>(),
            g.subschema_for::<NameSet<'_>>(),
            g.subschema_for::<StatusSet<'_>>(),
            g.subschema_for::<RoomRemoved>(),
        ] }),
        Kind::Joined => g.subschema_for::<Joined<'_>>(),
        Kind::Left => g.subschema_for::<Left<'_>>(),
        Kind::Read => g.subschema_for::<Read>(),
        Kind::Membership => g.subschema_for::<Membership>(),
        Kind::Invitation => json_schema!({ "anyOf": [
            g.subschema_for::<Invitation<'_>>(),
            g.subschema_for::<InvitationAnswered>(),
        ] }),
        Kind::Live => g.subschema_for::<Live>(),
        Kind::Gap => g.subschema_for::<Gap>(),
        Kind::Resumed => g.subschema_for::<Resumed<'_>>(),
        Kind::UserJoined => g.subschema_for::<UserJoined<'_>>(),
        Kind::UserLeft => g.subschema_for::<UserLeft<'_>>(),
        Kind::Presence => json_schema!({ "anyOf": [
            g.subschema_for::<Renamed<'_>>(),
            g.subschema_for::<UserStatus<'_>>(),
            g.subschema_for::<Presence>(),
        ] }),
        Kind::Typing => g.subschema_for::<Typing<'_>>(),
        Kind::RoomList => g.subschema_for::<RoomList<'_>>(),
        Kind::UserList => g.subschema_for::<UserList<'_>>(),
        Kind::MemberList => g.subschema_for::<MemberList<'_>>(),
        Kind::History => g.subschema_for::<History<'_>>(),
        Kind::Pins => g.subschema_for::<Pins<'_>>(),
        Kind::Replies => g.subschema_for::<Replies<'_>>(),
        Kind::SearchResults => g.subschema_for::<SearchResults<'_>>(),
        Kind::Stats => g.subschema_for::<Stats<'_>>(),
        Kind::Notice => g.subschema_for::<Notice<'_>>(),
        Kind::Pong => g.subschema_for::<Pong<'_>>(),
        Kind::Error => g.subschema_for::<Error<'_>>(),
        Kind::Bye => g.subschema_for::<Bye>(),
    }
}
