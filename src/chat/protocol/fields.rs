//! The fields of an event, parsed from JSON in one pass, without copies where possible.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::chat::protocol::error::{Code, Refusal};

/// The name of a field. Unknown fields are ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
pub(in crate::chat) enum Key {
    /// The kind of event.
    Type,
    /// The client's id for the event.
    Id,
    /// The room.
    Room,
    /// The other fields.
    Payload,
    /// The text of a message.
    Content,
    /// The text, in an object without `type`.
    Text,
    /// The text, in an object without `type`.
    Message,
    /// The sender, in an object without `type`.
    Sender,
    /// The sender, in an object without `type`.
    From,
    /// The sender, in an object without `type`; also a new name of the user.
    Name,
    /// The sender, in an object without `type`.
    Username,
    /// The message that is answered.
    ReplyTo,
    /// The seconds a message is kept.
    Ttl,
    /// The files of a message.
    Files,
    /// The message that is changed.
    Mid,
    /// A reaction.
    Emoji,
    /// Whether a reaction is added or removed.
    On,
    /// Whether the user is away.
    Status,
    /// Minutes of statistics.
    Minutes,
    /// A topic.
    Topic,
    /// Number of messages.
    History,
    /// The `seq` to read below.
    Before,
    /// The `seq` to read above.
    After,
    /// The `seq` to read around.
    Around,
    /// Number of messages.
    Limit,
    /// The search query.
    Query,
    /// A session key.
    Session,
    /// A journal's epoch.
    Epoch,
    /// The last `seq` known of each room.
    Rooms,
    /// The recipient.
    To,
    /// The last `seq` read.
    Seq,
    /// A token.
    Token,
    /// A moderation action.
    Action,
    /// The target of a moderation; also the sender, in an object without `type`.
    User,
    /// The duration of a moderation.
    Seconds,
    /// The reason of a moderation.
    Reason,
    /// What to be notified of.
    Notify,
    /// A place in a list.
    Order,
    /// The difference of a clock to UTC.
    Zone,
    /// The hue of a picture.
    Hue,
    /// An unknown field.
    #[serde(other)]
    Other,
}

impl Key {
    /// All fields with a name.
    #[cfg(test)]
    pub(in crate::chat) const ALL: [Self; 40] = [
        Self::Type,
        Self::Id,
        Self::Room,
        Self::Payload,
        Self::Content,
        Self::Text,
        Self::Message,
        Self::Sender,
        Self::From,
        Self::Name,
        Self::Username,
        Self::ReplyTo,
        Self::Ttl,
        Self::Files,
        Self::Mid,
        Self::Emoji,
        Self::On,
        Self::Status,
        Self::Minutes,
        Self::Topic,
        Self::History,
        Self::Before,
        Self::After,
        Self::Around,
        Self::Limit,
        Self::Query,
        Self::Session,
        Self::Epoch,
        Self::Rooms,
        Self::To,
        Self::Seq,
        Self::Token,
        Self::Action,
        Self::User,
        Self::Seconds,
        Self::Reason,
        Self::Notify,
        Self::Order,
        Self::Zone,
        Self::Hue,
    ];

    /// Returns the field's name.
    pub(in crate::chat) fn word(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Id => "id",
            Self::Room => "room",
            Self::Payload => "payload",
            Self::Content => "content",
            Self::Text => "text",
            Self::Message => "message",
            Self::Sender => "sender",
            Self::From => "from",
            Self::Name => "name",
            Self::Username => "username",
            Self::ReplyTo => "reply_to",
            Self::Ttl => "ttl",
            Self::Files => "files",
            Self::Mid => "mid",
            Self::Emoji => "emoji",
            Self::On => "on",
            Self::Status => "status",
            Self::Minutes => "minutes",
            Self::Topic => "topic",
            Self::History => "history",
            Self::Before => "before",
            Self::After => "after",
            Self::Around => "around",
            Self::Limit => "limit",
            Self::Query => "query",
            Self::Session => "session",
            Self::Epoch => "epoch",
            Self::Rooms => "rooms",
            Self::To => "to",
            Self::Seq => "seq",
            Self::Token => "token",
            Self::Action => "action",
            Self::User => "user",
            Self::Seconds => "seconds",
            Self::Reason => "reason",
            Self::Notify => "notify",
            Self::Order => "order",
            Self::Zone => "zone",
            Self::Hue => "hue",
            Self::Other => "field",
        }
    }

    /// Returns the field's value, or the refusal of an event without it.
    pub(in crate::chat) fn needed<T>(self, value: Option<T>) -> Result<T, Refusal> {
        value.ok_or_else(|| Refusal::new(Code::MissingField, format!("{} is missing", self.word())))
    }

    /// Returns the refusal of an event in which this field has another form.
    pub(in crate::chat) fn expects(self, expected: &'static str) -> Refusal {
        Refusal::new(Code::BadField, format!("{}: {expected} is expected", self.word()))
    }
}

/// The value of a field.
#[derive(Debug, Default)]
pub(in crate::chat) enum Value<'a> {
    /// None, or null.
    #[default]
    Absent,
    /// A string.
    Text(Cow<'a, str>),
    /// A whole number from 0.
    Number(u64),
    /// True or false.
    Bool(bool),
    /// The payload, as an object.
    Object(Fields<'a>),
    /// The rooms of a `resume`, in the order written.
    Positions(Vec<(Box<str>, u64)>),
    /// The files of a message, in the order written.
    Texts(Vec<Cow<'a, str>>),
    /// A value that no field accepts.
    Other,
}

/// Fields of one object, known or not; above: invalid.
const FIELDS_MAX: usize = 64;

/// The fields of one object. There are few, so they are searched one by one.
#[derive(Debug, Default)]
pub(in crate::chat) struct Fields<'a>(Vec<(Key, Value<'a>)>);

impl<'a> Fields<'a> {
    /// Parses an object.
    pub(in crate::chat) fn read(text: &'a str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// Removes the value of a field.
    pub(in crate::chat) fn take(&mut self, key: Key) -> Value<'a> {
        let field = self.0.iter_mut().find(|(other, _)| *other == key);
        field.map(|(_, value)| std::mem::take(value)).unwrap_or_default()
    }

    /// Removes a string.
    pub(in crate::chat) fn text(&mut self, key: Key) -> Result<Option<Cow<'a, str>>, Refusal> {
        match self.take(key) {
            Value::Absent => Ok(None),
            Value::Text(text) => Ok(Some(text)),
            _ => Err(key.expects("a string")),
        }
    }

    /// Removes the first string under one of these names.
    pub(in crate::chat) fn first(&mut self, keys: &[Key]) -> Result<Option<Cow<'a, str>>, Refusal> {
        for key in keys {
            if let Some(text) = self.text(*key)? {
                return Ok(Some(text));
            }
        }
        Ok(None)
    }

    /// Removes a number.
    pub(in crate::chat) fn number(&mut self, key: Key) -> Result<Option<u64>, Refusal> {
        match self.take(key) {
            Value::Absent => Ok(None),
            Value::Number(number) => Ok(Some(number)),
            _ => Err(key.expects("a whole number")),
        }
    }

    /// Removes a `mid`.
    pub(in crate::chat) fn mid(&mut self, key: Key) -> Result<Option<u64>, Refusal> {
        match self.number(key)? {
            Some(0) => Err(key.expects("a number from 1")),
            mid => Ok(mid),
        }
    }

    /// Removes a boolean.
    pub(in crate::chat) fn switch(&mut self, key: Key) -> Result<Option<bool>, Refusal> {
        match self.take(key) {
            Value::Absent => Ok(None),
            Value::Bool(on) => Ok(Some(on)),
            _ => Err(key.expects("true or false")),
        }
    }

    fn visit<A: MapAccess<'a>>(mut map: A) -> Result<Self, A::Error> {
        let mut fields = Self(Vec::with_capacity(4));
        let mut count = 0_usize;
        while let Some(key) = map.next_key::<Key>()? {
            count = count.saturating_add(1);
            if count > FIELDS_MAX {
                return Err(A::Error::custom(format_args!("more than {FIELDS_MAX} fields")));
            }
            let value = map.next_value_seed(Seed(key))?;
            if key == Key::Other || matches!(value, Value::Absent) {
                continue;
            }
            if fields.0.iter().any(|(other, _)| *other == key) {
                return Err(A::Error::custom(format_args!("{} stands twice", key.word())));
            }
            fields.0.push((key, value));
        }
        Ok(fields)
    }
}

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Fields<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                Fields::visit(map)
            }
        }
        deserializer.deserialize_map(Object)
    }
}

/// Returns the `id` of an object that may be invalid JSON after it.
pub(in crate::chat) fn id_of(text: &str) -> Option<String> {
    let mut id = None;
    // The error has been reported already.
    let _ = serde_json::Deserializer::from_str(text).deserialize_map(IdVisitor(&mut id));
    id
}

/// A visitor that stops at the `id`.
struct IdVisitor<'a>(&'a mut Option<String>);

impl<'de> Visitor<'de> for IdVisitor<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        for _ in 0..FIELDS_MAX {
            match map.next_key::<Key>()? {
                Some(Key::Id) => {
                    *self.0 = Some(map.next_value()?);
                    break;
                }
                Some(_) => drop(map.next_value::<IgnoredAny>()?),
                None => break,
            }
        }
        Ok(())
    }
}

/// The deserializer of a field's value.
struct Seed(Key);

impl<'de> DeserializeSeed<'de> for Seed {
    type Value = Value<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        match self.0 {
            Key::Other => deserializer.deserialize_ignored_any(IgnoredAny).map(|_| Value::Other),
            _ => deserializer.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for Seed {
    type Value = Value<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Value::Absent)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Value::Number(value))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Value::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Value::Other)
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(Value::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Value::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        if self.0 != Key::Files {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(Value::Other);
        }
        let mut texts = Some(Vec::new());
        while let Some(value) = seq.next_element_seed(Self(Key::Id))? {
            match (value, &mut texts) {
                (Value::Text(text), Some(texts)) if texts.len() < FIELDS_MAX => texts.push(text),
                _ => texts = None,
            }
        }
        Ok(texts.map_or(Value::Other, Value::Texts))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        match self.0 {
            Key::Payload => Fields::visit(map).map(Value::Object),
            Key::Rooms => {
                let mut rooms = Some(Vec::new());
                while let Some(room) = map.next_key()? {
                    match (map.next_value_seed(Self(Key::After))?, &mut rooms) {
                        (Value::Number(seq), Some(rooms)) => rooms.push((room, seq)),
                        _ => rooms = None,
                    }
                }
                Ok(rooms.map_or(Value::Other, Value::Positions))
            }
            _ => {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Value::Other)
            }
        }
    }
}
