//! The forms of payloads: their fields, and the form of each value.

use crate::chat::protocol::fields::Key;

/// The form of an event's payload.
#[derive(Clone, Copy, Debug)]
pub struct PayloadForm {
    /// The fields of the payload as an object.
    pub fields: &'static [Field],
    /// The name of the field that a payload which is no object stands for.
    pub bare: Option<&'static str>,
    /// Fields of which at most one may be present.
    pub exclusive: &'static [&'static str],
}

/// A field of a payload.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    pub(in crate::chat) key: Key,
    /// The form of its value.
    pub value: ValueForm,
    /// Whether it must be present.
    pub need: Need,
    /// What it means.
    pub about: &'static str,
}

/// Whether a field must be present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// It must be.
    Required,
    /// It may be absent.
    Optional,
    /// It must be present here or in the envelope.
    HereOrInEnvelope,
    /// It may stand for the required field of this name.
    InsteadOf(&'static str),
}

/// The form of a field's value. `null` is the same as no field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueForm {
    /// Any value; one that is no string is ignored.
    Any,
    /// A string.
    Text,
    /// The text of a message.
    Content,
    /// A topic.
    Topic,
    /// The text of a status.
    StatusText,
    /// A search query.
    Query,
    /// The difference of a clock to UTC, as in `+02:00`.
    Zone,
    /// A hue, by its number.
    Hue,
    /// A reaction.
    Emoji,
    /// The name of a user.
    UserName,
    /// The name of a room, or of a private conversation.
    RoomName,
    /// The reason of a moderation.
    Reason,
    /// `online` or `away`.
    Status,
    /// `all`, `mentions` or `none`.
    Notify,
    /// A moderation action.
    Action,
    /// A whole number from 0.
    Number,
    /// A number from 1.
    Mid,
    /// The life of a message in seconds.
    Ttl,
    /// True or false.
    Switch,
    /// An object of room names and numbers.
    Positions,
    /// A list of ids of files.
    Files,
}

impl PayloadForm {
    /// The form of an object without `type`, and of the body of a post over HTTP.
    pub const UNTYPED: Self = Self::of(SEND);

    /// Returns the fields that may stand for a required one, in the order in which they are read.
    pub fn stand_ins(self, field: &Field) -> impl Iterator<Item = &'static Field> {
        let name = field.name();
        self.fields.iter().filter(move |other| other.need == Need::InsteadOf(name))
    }

    pub(super) const fn of(fields: &'static [Field]) -> Self {
        Self { fields, bare: None, exclusive: &[] }
    }

    pub(super) const fn or_bare(self, field: &'static str) -> Self {
        Self { bare: Some(field), ..self }
    }
}

impl Field {
    /// Returns its name.
    pub fn name(&self) -> &'static str {
        self.key.word()
    }
}

const fn required(key: Key, value: ValueForm, about: &'static str) -> Field {
    Field { key, value, need: Need::Required, about }
}

const fn optional(key: Key, value: ValueForm, about: &'static str) -> Field {
    Field { key, value, need: Need::Optional, about }
}

const fn instead(key: Key, value: ValueForm, of: &'static str) -> Field {
    Field { key, value, need: Need::InsteadOf(of), about: "Another name of `content`." }
}

const CONTENT: Field = required(Key::Content, ValueForm::Content, "The text.");
const CONTENT_AS_TEXT: Field = instead(Key::Text, ValueForm::Content, "content");
const CONTENT_AS_MESSAGE: Field = instead(Key::Message, ValueForm::Content, "content");
const REPLY_TO: Field =
    optional(Key::ReplyTo, ValueForm::Mid, "The `mid` of the message it answers.");
const TTL: Field = optional(Key::Ttl, ValueForm::Ttl, "Seconds after which it disappears.");
const FILES: Field = optional(
    Key::Files,
    ValueForm::Files,
    "The ids of uploaded files that it carries; then `content` may be empty.",
);
const MID: Field = required(Key::Mid, ValueForm::Mid, "The message.");

const SENDER: &str = "The name of a guest who has none yet; a value that is no string is ignored.";

pub(super) const SEND: &[Field] = &[
    CONTENT,
    CONTENT_AS_TEXT,
    CONTENT_AS_MESSAGE,
    REPLY_TO,
    TTL,
    FILES,
    optional(Key::Sender, ValueForm::Any, SENDER),
    optional(Key::From, ValueForm::Any, SENDER),
    optional(Key::Name, ValueForm::Any, SENDER),
    optional(Key::Username, ValueForm::Any, SENDER),
    optional(Key::User, ValueForm::Any, SENDER),
];
pub(super) const TYPING: &[Field] =
    &[optional(Key::On, ValueForm::Switch, "Whether it starts; the default.")];
pub(super) const READ: &[Field] = &[required(Key::Seq, ValueForm::Number, "The last `seq` read.")];
pub(super) const REACT: &[Field] = &[
    MID,
    required(Key::Emoji, ValueForm::Emoji, "The reaction."),
    optional(Key::On, ValueForm::Switch, "Whether to add it, the default; false removes it."),
];
pub(super) const EDIT: &[Field] = &[MID, CONTENT, CONTENT_AS_TEXT, CONTENT_AS_MESSAGE];
pub(super) const MESSAGE: &[Field] = &[MID];
pub(super) const DIRECT: &[Field] = &[
    required(Key::To, ValueForm::UserName, "The recipient."),
    CONTENT,
    CONTENT_AS_TEXT,
    CONTENT_AS_MESSAGE,
    REPLY_TO,
    TTL,
    FILES,
];
const ROOM: Field = Field {
    key: Key::Room,
    value: ValueForm::RoomName,
    need: Need::HereOrInEnvelope,
    about: "The room.",
};
pub(super) const ANSWER: &[Field] = &[ROOM];
pub(super) const SET_MEMBERSHIP: &[Field] = &[
    optional(Key::Notify, ValueForm::Notify, "What to be notified of."),
    optional(Key::Order, ValueForm::Number, "Its place in the account's list."),
];
pub(super) const JOIN: &[Field] = &[
    ROOM,
    optional(Key::History, ValueForm::Number, "How many past messages to send."),
    optional(Key::After, ValueForm::Number, "The last `seq` known, instead of `history`."),
    optional(Key::Epoch, ValueForm::Text, "The epoch that `after` belongs to."),
];
pub(super) const LEAVE: &[Field] =
    &[optional(Key::Room, ValueForm::RoomName, "The room, unless the envelope names it.")];
pub(super) const LIST: &[Field] = &[
    optional(Key::From, ValueForm::Text, "The `next` of the page before."),
    optional(Key::Limit, ValueForm::Number, "How many."),
];
pub(super) const HISTORY: &[Field] = &[
    optional(Key::Before, ValueForm::Number, "Messages below this `seq`."),
    optional(Key::After, ValueForm::Number, "Messages above this `seq`."),
    optional(Key::Around, ValueForm::Number, "Messages around this `seq`."),
    optional(Key::Limit, ValueForm::Number, "How many messages."),
];
pub(super) const SET_PROFILE: &[Field] =
    &[optional(Key::Hue, ValueForm::Hue, "The hue; without it, clients choose one.")];
pub(super) const REPLIES: &[Field] = &[
    MID,
    optional(Key::After, ValueForm::Number, "Replies above this `seq`."),
    optional(Key::Limit, ValueForm::Number, "How many messages."),
];
pub(super) const SEARCH: &[Field] = &[
    required(Key::Query, ValueForm::Query, "Words, phrases in quotes, and filters."),
    optional(Key::Limit, ValueForm::Number, "How many messages."),
    optional(Key::Before, ValueForm::Number, "Messages with a `mid` below this."),
    optional(Key::Zone, ValueForm::Zone, "How far the clock of its dates is ahead of UTC."),
];
pub(super) const RESUME: &[Field] = &[
    optional(Key::Session, ValueForm::Text, "The key of the session."),
    optional(Key::Epoch, ValueForm::Text, "The epoch that the numbers belong to."),
    optional(Key::Rooms, ValueForm::Positions, "The last `seq` known of each room."),
];
pub(super) const SET_NAME: &[Field] = &[required(Key::Name, ValueForm::UserName, "The name.")];
pub(super) const SET_STATUS: &[Field] = &[
    required(Key::Status, ValueForm::Status, "The status."),
    optional(Key::Text, ValueForm::StatusText, "The text shown with it."),
];
pub(super) const SET_TOPIC: &[Field] = &[required(Key::Topic, ValueForm::Topic, "The topic.")];
pub(super) const AUTH: &[Field] = &[required(Key::Token, ValueForm::Text, "The token.")];
pub(super) const MODERATE: &[Field] = &[
    required(Key::Action, ValueForm::Action, "The action."),
    optional(Key::User, ValueForm::UserName, "The name of the target."),
    optional(Key::Mid, ValueForm::Mid, "A message whose author is the target, instead of `user`."),
    optional(Key::Seconds, ValueForm::Number, "How long it holds; for `slow`, the interval."),
    optional(Key::Reason, ValueForm::Reason, "The reason."),
];
pub(super) const STATS: &[Field] =
    &[optional(Key::Minutes, ValueForm::Number, "How many minutes.")];
