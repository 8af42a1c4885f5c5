//! The kinds of server events, and the envelope of each.

use serde::Serialize;

/// A kind of server event: the `type` in its envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::server) enum Kind {
    Welcome,
    Message,
    MessageEdited,
    MessageDeleted,
    Reaction,
    MessagePinned,
    Topic,
    Moderated,
    Ack,
    Joined,
    Left,
    Read,
    Membership,
    Invitation,
    Live,
    Gap,
    Resumed,
    UserJoined,
    UserLeft,
    Presence,
    Typing,
    RoomList,
    UserList,
    MemberList,
    History,
    Pins,
    Replies,
    SearchResults,
    Stats,
    Notice,
    Pong,
    Error,
    Bye,
}

impl Kind {
    /// All kinds, in their order.
    pub(in crate::server) const ALL: [Self; 33] = [
        Self::Welcome,
        Self::Message,
        Self::MessageEdited,
        Self::MessageDeleted,
        Self::Reaction,
        Self::MessagePinned,
        Self::Topic,
        Self::Moderated,
        Self::Ack,
        Self::Joined,
        Self::Left,
        Self::Read,
        Self::Membership,
        Self::Invitation,
        Self::Live,
        Self::Gap,
        Self::Resumed,
        Self::UserJoined,
        Self::UserLeft,
        Self::Presence,
        Self::Typing,
        Self::RoomList,
        Self::UserList,
        Self::MemberList,
        Self::History,
        Self::Pins,
        Self::Replies,
        Self::SearchResults,
        Self::Stats,
        Self::Notice,
        Self::Pong,
        Self::Error,
        Self::Bye,
    ];

    /// Returns what such an event says.
    pub(super) const fn about(self) -> &'static str {
        match self {
            Self::Welcome => "The first event of a connection.",
            Self::Message => "A message was posted.",
            Self::MessageEdited => "A message was edited.",
            Self::MessageDeleted => "A message was deleted.",
            Self::Reaction => "A reaction was added or removed.",
            Self::MessagePinned => "A message was pinned, or is pinned no more.",
            Self::Topic => "The topic of the room was set.",
            Self::Moderated => "A moderator acted in the room.",
            Self::Ack => "The event with the `id` that `re` repeats has been carried out.",
            Self::Joined => "The client has joined the room.",
            Self::Left => "The client has left the room; with a payload, it was removed.",
            Self::Read => "How far the account has read, where another connection has moved that.",
            Self::Membership => "The account is a member of the room, and how.",
            Self::Invitation => "The user is invited to the room, or the invitation has ended.",
            Self::Live => "Everything up to `seq` has been sent.",
            Self::Gap => "A range of the room's history was not sent.",
            Self::Resumed => "What was missed in each room; the entries follow.",
            Self::UserJoined => "A user has joined the room.",
            Self::UserLeft => "A user has left the room.",
            Self::Presence => "The number of users, a new name or a new status.",
            Self::Typing => "A user types, or no longer.",
            Self::RoomList => "The rooms.",
            Self::UserList => "The users of the room.",
            Self::MemberList => "The members of the room who are not in it.",
            Self::History => "A part of the room's history.",
            Self::Pins => "The pinned messages of the room.",
            Self::Replies => "Replies to a message.",
            Self::SearchResults => "The messages that a search found.",
            Self::Stats => "The statistics of the server.",
            Self::Notice => "A remark of the server to this client.",
            Self::Pong => "The newest `seq` of each room of the client.",
            Self::Error => "An event was refused.",
            Self::Bye => "The server closes the connection; the client may come back.",
        }
    }

    /// Returns the fields of the envelope beside `type`: those always present, and the others.
    pub(super) const fn envelope(self) -> (&'static [&'static str], &'static [&'static str]) {
        match self {
            Self::Welcome => (&["ts", "payload"], &[]),
            Self::Message
            | Self::MessageEdited
            | Self::MessageDeleted
            | Self::Reaction
            | Self::MessagePinned
            | Self::Topic
            | Self::Moderated => (&["room", "seq", "ts", "payload"], &[]),
            Self::Ack => (&["re", "ts", "payload"], &["room", "seq"]),
            Self::Joined
            | Self::UserList
            | Self::MemberList
            | Self::Pins
            | Self::Replies
            | Self::History
            | Self::Membership
            | Self::Invitation
            | Self::Read => (&["room", "payload"], &["re"]),
            Self::Left => (&["room"], &["re", "payload"]),
            Self::Live
            | Self::Gap
            | Self::UserJoined
            | Self::UserLeft
            | Self::Presence
            | Self::Typing => (&["room", "payload"], &[]),
            Self::Resumed | Self::RoomList | Self::SearchResults => (&["payload"], &["re"]),
            Self::Stats | Self::Pong => (&["ts", "payload"], &["re"]),
            Self::Notice | Self::Error => (&["payload"], &["re", "room"]),
            Self::Bye => (&["payload"], &[]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_kinds_is_complete() {
        let numbers: Vec<usize> = Kind::ALL.iter().map(|kind| *kind as usize).collect();
        assert_eq!(numbers, (0..=Kind::Bye as usize).collect::<Vec<_>>());
    }
}
