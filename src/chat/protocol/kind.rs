//! The kinds of client events: what the parser dispatches on, and what the description of the
//! protocol is made of.

use crate::chat::protocol::form::{self, PayloadForm};

/// A kind of client event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// Post a message.
    SendMessage,
    /// Start or stop typing.
    Typing,
    /// Request a `pong`.
    Ping,
    /// Move the read marker.
    Read,
    /// Add or remove a reaction.
    React,
    /// Edit a message.
    EditMessage,
    /// Delete a message.
    DeleteMessage,
    /// Send a private message.
    DirectMessage,
    /// Join a room.
    JoinRoom,
    /// Leave a room.
    LeaveRoom,
    /// List the rooms.
    ListRooms,
    /// List the users of a room.
    ListUsers,
    /// Read a part of a room's history.
    History,
    /// Search for messages.
    Search,
    /// Resume rooms after a lost connection.
    Resume,
    /// Change the user's name.
    SetName,
    /// Set the user's status.
    SetStatus,
    /// Set the room's topic.
    SetTopic,
    /// Log in with a token.
    Auth,
    /// Moderate in the room.
    Moderate,
    /// Request the statistics.
    Stats,
    /// Change a membership.
    SetMembership,
    /// Accept an invitation.
    Accept,
    /// Decline an invitation.
    Decline,
    /// Move the read marker back.
    MarkUnread,
    /// List the members of a room who are not in it.
    ListMembers,
    /// Pin a message.
    Pin,
    /// Unpin a message.
    Unpin,
    /// List the pinned messages of a room.
    ListPins,
    /// Read the replies to a message.
    Replies,
    /// Set the hue of the user's picture.
    SetProfile,
}

impl EventKind {
    /// All kinds, in their order.
    pub const ALL: [Self; 31] = [
        Self::SendMessage,
        Self::Typing,
        Self::Ping,
        Self::Read,
        Self::React,
        Self::EditMessage,
        Self::DeleteMessage,
        Self::DirectMessage,
        Self::JoinRoom,
        Self::LeaveRoom,
        Self::ListRooms,
        Self::ListUsers,
        Self::History,
        Self::Search,
        Self::Resume,
        Self::SetName,
        Self::SetStatus,
        Self::SetTopic,
        Self::Auth,
        Self::Moderate,
        Self::Stats,
        Self::SetMembership,
        Self::Accept,
        Self::Decline,
        Self::MarkUnread,
        Self::ListMembers,
        Self::Pin,
        Self::Unpin,
        Self::ListPins,
        Self::Replies,
        Self::SetProfile,
    ];

    /// Finds a kind by its name.
    pub(in crate::chat) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// Returns its name: the `type` of the event.
    pub const fn word(self) -> &'static str {
        match self {
            Self::SendMessage => "send_message",
            Self::Typing => "typing",
            Self::Ping => "ping",
            Self::Read => "read",
            Self::React => "react",
            Self::EditMessage => "edit_message",
            Self::DeleteMessage => "delete_message",
            Self::DirectMessage => "direct_message",
            Self::JoinRoom => "join_room",
            Self::LeaveRoom => "leave_room",
            Self::ListRooms => "list_rooms",
            Self::ListUsers => "list_users",
            Self::History => "history",
            Self::Search => "search",
            Self::Resume => "resume",
            Self::SetName => "set_name",
            Self::SetStatus => "set_status",
            Self::SetTopic => "set_topic",
            Self::Auth => "auth",
            Self::Moderate => "moderate",
            Self::Stats => "stats",
            Self::SetMembership => "set_membership",
            Self::Accept => "accept",
            Self::Decline => "decline",
            Self::MarkUnread => "mark_unread",
            Self::ListMembers => "list_members",
            Self::Pin => "pin",
            Self::Unpin => "unpin",
            Self::ListPins => "list_pins",
            Self::Replies => "replies",
            Self::SetProfile => "set_profile",
        }
    }

    /// Returns what it does.
    pub const fn about(self) -> &'static str {
        match self {
            Self::SendMessage => "Post a message in a room.",
            Self::Typing => "Start or stop typing.",
            Self::Ping => "Request a `pong`.",
            Self::Read => "Move the account's read marker in a room.",
            Self::React => "Add or remove a reaction.",
            Self::EditMessage => "Edit a message.",
            Self::DeleteMessage => "Delete a message.",
            Self::DirectMessage => "Send a private message.",
            Self::JoinRoom => "Join a room.",
            Self::LeaveRoom => "Leave a room.",
            Self::ListRooms => "List the rooms.",
            Self::ListUsers => "List the users of a room.",
            Self::History => "Read a part of a room's history.",
            Self::Search => "Search for messages by their words.",
            Self::Resume => "Resume rooms after a lost connection.",
            Self::SetName => "Change the user's name.",
            Self::SetStatus => "Set the user's status.",
            Self::SetTopic => "Set the room's topic.",
            Self::Auth => "Log in with a token.",
            Self::Moderate => "Moderate in the room.",
            Self::Stats => "Request the statistics.",
            Self::SetMembership => "Set what the account is notified of in a room, and its place.",
            Self::Accept => "Accept an invitation to a private room.",
            Self::Decline => "Decline an invitation to a private room.",
            Self::ListMembers => "List the members of a room who are not in it.",
            Self::Pin => "Pin a message.",
            Self::Unpin => "Unpin a message.",
            Self::ListPins => "List the pinned messages of a room.",
            Self::SetProfile => "Set the hue of the user's picture.",
            Self::Replies => "Read the replies to a message, the oldest first.",
            Self::MarkUnread => "Move the account's read marker back before a message.",
        }
    }

    /// Returns the form of its payload.
    pub const fn payload(self) -> PayloadForm {
        match self {
            Self::SendMessage => PayloadForm::of(form::SEND).or_bare("content"),
            Self::Typing => PayloadForm::of(form::TYPING).or_bare("on"),
            Self::Read => PayloadForm::of(form::READ),
            Self::React => PayloadForm::of(form::REACT),
            Self::EditMessage => PayloadForm::of(form::EDIT),
            Self::DeleteMessage | Self::MarkUnread | Self::Pin | Self::Unpin => {
                PayloadForm::of(form::MESSAGE)
            }
            Self::DirectMessage => PayloadForm::of(form::DIRECT),
            Self::JoinRoom => PayloadForm::of(form::JOIN).or_bare("room"),
            Self::LeaveRoom => PayloadForm::of(form::LEAVE).or_bare("room"),
            Self::ListRooms | Self::ListMembers => PayloadForm::of(form::LIST),
            Self::Ping | Self::ListUsers | Self::ListPins => PayloadForm::of(&[]),
            Self::History => PayloadForm {
                exclusive: &["before", "after", "around"],
                ..PayloadForm::of(form::HISTORY)
            },
            Self::Replies => PayloadForm::of(form::REPLIES),
            Self::SetProfile => PayloadForm::of(form::SET_PROFILE),
            Self::Search => PayloadForm::of(form::SEARCH).or_bare("query"),
            Self::Resume => PayloadForm::of(form::RESUME),
            Self::SetName => PayloadForm::of(form::SET_NAME).or_bare("name"),
            Self::SetStatus => PayloadForm::of(form::SET_STATUS).or_bare("status"),
            Self::SetTopic => PayloadForm::of(form::SET_TOPIC).or_bare("topic"),
            Self::Auth => PayloadForm::of(form::AUTH).or_bare("token"),
            Self::Moderate => PayloadForm::of(form::MODERATE),
            Self::Stats => PayloadForm::of(form::STATS),
            Self::SetMembership => PayloadForm::of(form::SET_MEMBERSHIP),
            Self::Accept | Self::Decline => PayloadForm::of(form::ANSWER).or_bare("room"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::{Map, Value, json};

    use super::*;
    use crate::chat::limits::Limits;
    use crate::chat::protocol::client_event::{ClientEvent, Command};
    use crate::chat::protocol::error::Code;
    use crate::chat::protocol::fields::Key;
    use crate::chat::protocol::form::{Field, Need, ValueForm};

    fn parse(event: &Value) -> Result<Command, Code> {
        let event = ClientEvent::parse(&event.to_string(), &Limits::default());
        event.map(|event| event.command).map_err(|refusal| refusal.code)
    }

    fn with_payload(kind: EventKind, payload: &Value) -> Result<Command, Code> {
        parse(&json!({ "type": kind.word(), "payload": payload }))
    }

    fn sample(value: ValueForm) -> Value {
        match value {
            ValueForm::Status => json!("away"),
            ValueForm::Notify => json!("none"),
            ValueForm::Action => json!("kick"),
            ValueForm::Number | ValueForm::Mid | ValueForm::Ttl | ValueForm::Hue => json!(7),
            ValueForm::Switch => json!(false),
            ValueForm::Positions => json!({ "lobby": 7 }),
            ValueForm::Files => json!(["0a".repeat(16)]),
            ValueForm::Zone => json!("+02:00"),
            _ => json!("word"),
        }
    }

    /// Returns a payload of only what must be there.
    fn least(form: PayloadForm) -> Map<String, Value> {
        let is_needed =
            |field: &&Field| matches!(field.need, Need::Required | Need::HereOrInEnvelope);
        let needed = form.fields.iter().filter(is_needed);
        needed.map(|field| (field.name().to_owned(), sample(field.value))).collect()
    }

    fn is_sender(field: &Field) -> bool {
        field.value == ValueForm::Any
    }

    #[test]
    fn the_list_of_kinds_is_complete() {
        let numbers: Vec<usize> = EventKind::ALL.iter().map(|kind| *kind as usize).collect();
        assert_eq!(numbers, (0..=EventKind::SetProfile as usize).collect::<Vec<_>>());
        for kind in EventKind::ALL {
            assert_eq!(EventKind::parse(kind.word()), Some(kind));
        }
    }

    #[test]
    fn every_described_field_is_read_and_only_with_a_value_of_its_form() {
        for kind in EventKind::ALL {
            let form = kind.payload();
            let least = least(form);
            let bare = with_payload(kind, &json!(least)).unwrap();
            for field in form.fields {
                let mut payload = least.clone();
                if let Need::InsteadOf(other) = field.need {
                    payload.remove(other);
                }
                payload.insert(field.name().into(), sample(field.value));
                let read = with_payload(kind, &json!(payload)).unwrap();
                // What a payload must have, and what is left to the chat, says nothing else.
                if field.need == Need::Optional && kind != EventKind::LeaveRoom {
                    assert_ne!(read, bare, "{kind:?} {}", field.name());
                }
                payload.insert(field.name().into(), json!([[]]));
                let refused = with_payload(kind, &json!(payload));
                if is_sender(field) {
                    assert_eq!(refused, Ok(bare.clone()));
                } else {
                    assert_eq!(refused, Err(Code::BadField), "{kind:?} {}", field.name());
                }
            }
        }
    }

    #[test]
    fn a_field_that_is_not_described_is_ignored() {
        for kind in EventKind::ALL {
            let form = kind.payload();
            let described: BTreeSet<_> = form.fields.iter().map(Field::name).collect();
            for key in Key::ALL {
                if described.contains(key.word()) {
                    continue;
                }
                let mut payload = least(form);
                let without = with_payload(kind, &json!(payload));
                payload.insert(key.word().into(), json!([]));
                assert_eq!(with_payload(kind, &json!(payload)), without, "{kind:?} {key:?}");
            }
        }
    }

    #[test]
    fn what_must_be_there_is_missed_and_null_is_nothing() {
        for kind in EventKind::ALL {
            let form = kind.payload();
            for field in form.fields {
                let mut payload = least(form);
                let before = with_payload(kind, &json!(payload)).unwrap();
                payload.insert(field.name().into(), Value::Null);
                let read = with_payload(kind, &json!(payload));
                match field.need {
                    Need::Required => assert_eq!(read, Err(Code::MissingField), "{kind:?}"),
                    Need::HereOrInEnvelope => {
                        assert_eq!(read, Err(Code::MissingField));
                        let event = json!({ "type": kind.word(), "room": sample(field.value) });
                        assert_eq!(parse(&event), Ok(before));
                    }
                    Need::Optional | Need::InsteadOf(_) => assert_eq!(read, Ok(before)),
                }
            }
        }
    }

    #[test]
    fn a_payload_that_is_no_object_stands_for_the_described_field() {
        for kind in EventKind::ALL {
            let form = kind.payload();
            let field = form.fields.iter().find(|field| Some(field.name()) == form.bare);
            assert_eq!(field.is_some(), form.bare.is_some(), "{kind:?}");
            if let Some(field) = field {
                let mut payload = least(form);
                payload.insert(field.name().into(), sample(field.value));
                let bare = with_payload(kind, &sample(field.value));
                assert_eq!(bare, with_payload(kind, &json!(payload)), "{kind:?}");
            } else {
                let ignored = parse(&json!({ "type": kind.word() }));
                assert_eq!(with_payload(kind, &json!("word")), ignored, "{kind:?}");
            }
            if kind != EventKind::Typing {
                assert_eq!(with_payload(kind, &json!(true)), Err(Code::BadField), "{kind:?}");
            }
        }
    }

    #[test]
    fn of_fields_that_exclude_each_other_two_are_refused() {
        for kind in EventKind::ALL {
            let form = kind.payload();
            for pair in form.exclusive.windows(2) {
                let payload = json!({ pair[0]: 1, pair[1]: 2 });
                assert_eq!(with_payload(kind, &payload), Err(Code::BadField));
            }
        }
    }
}
