//! Reads what a client sends: bare text, slash commands, typed events, `{"sender","content"}`.
//!
//! The order of the checks is the protocol's table "what a client may send". Lengths of texts and
//! the rules of names are checked where they are used, so that all forms of an event meet them.

use std::borrow::Cow;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::command;
use super::event::{Ask, ClientEvent, Seek};
use super::limit::Limits;
use super::record::Span;
use super::refusal::{Code, Refusal};

impl ClientEvent {
    /// Reads one text message.
    ///
    /// # Errors
    /// Says what is wrong with it, in the words of the protocol.
    pub fn parse(text: &str, limits: &Limits) -> Result<Self, Refusal> {
        if text.trim_start().is_empty() {
            return Ok(Self::of(Ask::Nothing));
        }
        match text.as_bytes().first() {
            Some(b'/') => match text.strip_prefix("//") {
                Some(_) => Ok(Self::said(text.get(1..).unwrap_or_default())),
                None => command::parse(text),
            },
            Some(b'{') => object(text, limits),
            _ => Ok(Self::said(text)),
        }
    }

    /// Asks for something in the current room, by no name.
    pub(super) fn of(ask: Ask) -> Self {
        Self { id: None, room: None, ask }
    }

    /// Says a line that was typed.
    pub(super) fn said(line: &str) -> Self {
        Self::of(Ask::Send { content: typed(line), reply_to: None, ttl: None, sender: None })
    }
}

/// Takes a typed text as it is, but for one line break at its end.
pub(super) fn typed(text: &str) -> Arc<str> {
    let text = text.strip_suffix('\n').map_or(text, |text| text.strip_suffix('\r').unwrap_or(text));
    text.into()
}

/// Holds the fields any event may have, unread; what is not here is ignored.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Fields<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    room: Option<&'a RawValue>,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    #[serde(borrow)]
    text: Option<&'a RawValue>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    #[serde(borrow)]
    sender: Option<&'a RawValue>,
    #[serde(borrow)]
    from: Option<&'a RawValue>,
    #[serde(borrow)]
    name: Option<&'a RawValue>,
    #[serde(borrow)]
    reply_to: Option<&'a RawValue>,
    #[serde(borrow)]
    ttl: Option<&'a RawValue>,
    #[serde(borrow)]
    mid: Option<&'a RawValue>,
    #[serde(borrow)]
    emoji: Option<&'a RawValue>,
    #[serde(borrow)]
    on: Option<&'a RawValue>,
    #[serde(borrow)]
    topic: Option<&'a RawValue>,
    #[serde(borrow)]
    history: Option<&'a RawValue>,
    #[serde(borrow)]
    before: Option<&'a RawValue>,
    #[serde(borrow)]
    after: Option<&'a RawValue>,
    #[serde(borrow)]
    around: Option<&'a RawValue>,
    #[serde(borrow)]
    limit: Option<&'a RawValue>,
    #[serde(borrow)]
    query: Option<&'a RawValue>,
    #[serde(borrow)]
    session: Option<&'a RawValue>,
    #[serde(borrow)]
    epoch: Option<&'a RawValue>,
    #[serde(borrow)]
    rooms: Option<&'a RawValue>,
}

/// Reads a message that begins like an object.
fn object(text: &str, limits: &Limits) -> Result<ClientEvent, Refusal> {
    if depth_above(text, limits.json_depth_max) {
        let message = format!("nested deeper than {} levels", limits.json_depth_max);
        return Err(Refusal::new(Code::BadJson, message).text(text));
    }
    let fields: Fields<'_> = serde_json::from_str(text).map_err(|error| {
        Refusal::new(Code::BadJson, format!("this is no JSON object: {error}")).text(text)
    })?;
    let id = match text_of("id", fields.id)? {
        Some(id) if id.is_empty() || id.len() > limits.id_bytes_max => {
            let message = format!("id: a string of 1 to {} bytes", limits.id_bytes_max);
            return Err(Refusal::new(Code::BadField, message));
        }
        id => id.map(Arc::from),
    };
    match asked(&fields, limits) {
        Ok((room, ask)) => Ok(ClientEvent { id, room, ask }),
        Err(refusal) => Err(refusal.re(id)),
    }
}

/// Gives the room an event is about and what it asks for.
fn asked(fields: &Fields<'_>, limits: &Limits) -> Result<(Option<Box<str>>, Ask), Refusal> {
    let room = boxed("room", fields.room)?;
    let Some(kind) = text_of("type", fields.kind)? else {
        return Ok((room, untyped(fields)?));
    };
    let inner;
    let (bare, payload) = match fields.payload {
        Some(raw) if raw.get().starts_with('"') => (Some(raw), &Fields::default()),
        Some(raw) if raw.get().starts_with('{') => {
            inner = serde_json::from_str(raw.get())
                .map_err(|error| Refusal::new(Code::BadJson, format!("payload: {error}")))?;
            (None, &inner)
        }
        Some(_) => return Err(bad("payload", "an object or a string")),
        None => (None, &Fields::default()),
    };
    let ask = match &*kind {
        "send_message" => send(bare, payload)?,
        "edit_message" => Ask::Edit {
            mid: Some(needed("mid", mid("mid", payload.mid)?)?),
            content: needed("content", shared("content", payload.content)?)?,
        },
        "delete_message" => Ask::Delete { mid: Some(needed("mid", mid("mid", payload.mid)?)?) },
        "react" => Ask::React {
            mid: needed("mid", mid("mid", payload.mid)?)?,
            emoji: needed("emoji", shared("emoji", payload.emoji)?)?,
            on: switch("on", payload.on)?.unwrap_or(true),
        },
        "join_room" => Ask::Join {
            room: needed("room", boxed("room", bare.or(payload.room))?.or_else(|| room.clone()))?,
            history: number("history", payload.history)?.map(clamped),
            after: number("after", payload.after)?,
            epoch: boxed("epoch", payload.epoch)?,
        },
        "leave_room" => {
            let named = boxed("room", bare.or(payload.room))?;
            return Ok((named.or(room), Ask::Leave));
        }
        "list_rooms" => Ask::ListRooms,
        "list_users" => Ask::ListUsers,
        "history" => history(payload)?,
        "search" => search(bare, payload)?,
        "resume" => resume(payload, limits)?,
        "set_name" => Ask::SetName(needed("name", boxed("name", bare.or(payload.name))?)?),
        "set_topic" => Ask::SetTopic(needed("topic", shared("topic", bare.or(payload.topic))?)?),
        "ping" => Ask::Ping,
        _ => return Err(Refusal::new(Code::UnknownType, "there is no event of this type")),
    };
    Ok((room, ask))
}

/// Reads `{"sender":"Abhi","content":"Hello, World!"}`.
fn untyped(fields: &Fields<'_>) -> Result<Ask, Refusal> {
    let text = fields.content.or(fields.text).or(fields.message);
    let sender = fields.sender.or(fields.from).or(fields.name);
    Ok(Ask::Send {
        content: needed("content", shared("content", text)?)?,
        reply_to: mid("reply_to", fields.reply_to)?,
        ttl: number("ttl", fields.ttl)?,
        sender: boxed("sender", sender)?,
    })
}

fn send(bare: Option<&RawValue>, payload: &Fields<'_>) -> Result<Ask, Refusal> {
    Ok(Ask::Send {
        content: needed("content", shared("content", bare.or(payload.content))?)?,
        reply_to: mid("reply_to", payload.reply_to)?,
        ttl: number("ttl", payload.ttl)?,
        sender: None,
    })
}

fn history(payload: &Fields<'_>) -> Result<Ask, Refusal> {
    let spans = [
        number("before", payload.before)?.map(Span::Before),
        number("after", payload.after)?.map(Span::After),
        number("around", payload.around)?.map(Span::Around),
    ];
    let mut spans = spans.into_iter().flatten();
    let span = spans.next().unwrap_or(Span::Latest);
    if spans.next().is_some() {
        return Err(bad("payload", "one of before, after and around"));
    }
    Ok(Ask::History { span, limit: number("limit", payload.limit)?.map(clamped) })
}

fn search(bare: Option<&RawValue>, payload: &Fields<'_>) -> Result<Ask, Refusal> {
    Ok(Ask::Search(Seek {
        words: needed("query", shared("query", bare.or(payload.query))?)?,
        limit: number("limit", payload.limit)?.map(clamped),
        before: number("before", payload.before)?,
    }))
}

fn resume(payload: &Fields<'_>, limits: &Limits) -> Result<Ask, Refusal> {
    let rooms = match payload.rooms {
        Some(raw) => {
            serde_json::from_str::<Positions>(raw.get())
                .map_err(|_| bad("rooms", "an object of room names and numbers"))?
                .0
        }
        None => Vec::new(),
    };
    if rooms.len() > limits.rooms_per_client_max {
        let message = format!("at most {} rooms", limits.rooms_per_client_max);
        return Err(Refusal::new(Code::TooManyRooms, message));
    }
    Ok(Ask::Resume {
        session: boxed("session", payload.session)?,
        epoch: boxed("epoch", payload.epoch)?,
        rooms,
    })
}

/// Is an object of numbers, in the order written.
struct Positions(Vec<(Box<str>, u64)>);

impl<'de> Deserialize<'de> for Positions {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Positions;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object of numbers")
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<Positions, A::Error> {
                let mut positions = Vec::new();
                while let Some(position) = map.next_entry()? {
                    positions.push(position);
                }
                Ok(Positions(positions))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

fn needed<T>(field: &'static str, value: Option<T>) -> Result<T, Refusal> {
    value.ok_or_else(|| Refusal::new(Code::MissingField, format!("{field} is missing")))
}

fn bad(field: &'static str, expected: &'static str) -> Refusal {
    Refusal::new(Code::BadField, format!("{field}: {expected} is expected"))
}

/// Reads a string, without a copy if nothing in it is escaped.
fn text_of<'a>(
    field: &'static str,
    raw: Option<&'a RawValue>,
) -> Result<Option<Cow<'a, str>>, Refusal> {
    let Some(raw) = raw else { return Ok(None) };
    let inner = raw.get().strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    match inner {
        Some(inner) if !inner.contains('\\') => Ok(Some(Cow::Borrowed(inner))),
        Some(_) => match serde_json::from_str(raw.get()) {
            Ok(text) => Ok(Some(Cow::Owned(text))),
            Err(_) => Err(bad(field, "text without broken escapes")),
        },
        None => Err(bad(field, "a string")),
    }
}

fn shared(field: &'static str, raw: Option<&RawValue>) -> Result<Option<Arc<str>>, Refusal> {
    Ok(text_of(field, raw)?.map(Arc::from))
}

fn boxed(field: &'static str, raw: Option<&RawValue>) -> Result<Option<Box<str>>, Refusal> {
    Ok(text_of(field, raw)?.map(Box::from))
}

fn number(field: &'static str, raw: Option<&RawValue>) -> Result<Option<u64>, Refusal> {
    let Some(raw) = raw else { return Ok(None) };
    raw.get().parse().map(Some).map_err(|_| bad(field, "a whole number"))
}

fn mid(field: &'static str, raw: Option<&RawValue>) -> Result<Option<u64>, Refusal> {
    match number(field, raw)? {
        Some(0) => Err(bad(field, "a number from 1")),
        mid => Ok(mid),
    }
}

fn switch(field: &'static str, raw: Option<&RawValue>) -> Result<Option<bool>, Refusal> {
    match raw.map(RawValue::get) {
        None => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(_) => Err(bad(field, "true or false")),
    }
}

fn clamped(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Says whether objects and arrays stand in each other more than `max` deep.
fn depth_above(text: &str, max: usize) -> bool {
    let opening = |byte: &u8| matches!(byte, b'{' | b'[');
    // Most events have fewer brackets than that in all.
    if text.bytes().filter(|byte| opening(byte)).count() <= max {
        return false;
    }
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'{' | b'[' => depth = depth.saturating_add(1),
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > max {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<ClientEvent, Refusal> {
        ClientEvent::parse(text, &Limits::default())
    }

    fn ask(text: &str) -> Ask {
        parse(text).unwrap().ask
    }

    fn code(text: &str) -> Code {
        parse(text).unwrap_err().code
    }

    fn send(content: &str) -> Ask {
        Ask::Send { content: content.into(), reply_to: None, ttl: None, sender: None }
    }

    #[test]
    fn what_is_no_object_and_no_command_is_said_as_it_is() {
        for (text, said) in [
            ("Hello there", "Hello there"),
            ("\"hi\"", "\"hi\""),
            ("[1,2]", "[1,2]"),
            ("42", "42"),
            (" {}", " {}"),
            (" /join dev", " /join dev"),
            ("one\ntwo\n", "one\ntwo"),
            ("one\r\n", "one"),
            ("one\n\n", "one\n"),
            ("//join", "/join"),
            ("///", "//"),
            ("{{", "{{"),
        ] {
            if text.starts_with('{') {
                assert_eq!(code(text), Code::BadJson);
            } else {
                assert_eq!(ask(text), send(said), "{text:?}");
            }
        }
    }

    #[test]
    fn white_space_says_nothing() {
        for text in ["", " ", "\n", "\r\n\t ", "\u{3000}"] {
            assert_eq!(ask(text), Ask::Nothing);
        }
    }

    #[test]
    fn a_broken_object_is_handed_back() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(16), "]".repeat(16));
        for text in ["{", "{}}", "{\"type\":}", "{hello}", "{\"type\":\"ping\"} {}", &deep] {
            let refusal = parse(text).unwrap_err();
            assert_eq!(refusal.code, Code::BadJson, "{text}");
            assert_eq!(refusal.text.as_deref(), Some(text));
        }
        assert_eq!(code("{\"type\":\"ping\",\"type\":\"quit\"}"), Code::BadJson);
        assert_eq!(code("{}"), Code::MissingField);
    }

    #[test]
    fn sixteen_levels_are_enough_and_brackets_in_text_are_none() {
        let at_limit = format!("{{\"type\":\"ping\",\"a\":{}{}}}", "[".repeat(15), "]".repeat(15));
        assert_eq!(ask(&at_limit), Ask::Ping);
        let text = "[{\\\"".repeat(40);
        let said = format!("{{\"type\":\"send_message\",\"payload\":\"{text}\"}}");
        assert_eq!(ask(&said), send(&"[{\"".repeat(40)));
    }

    #[test]
    fn an_event_is_known_by_its_type() {
        let event = parse(
            r#"{"type":"send_message","id":"c7","room":"lobby","x":[{}],
                "payload":{"content":"He\u0141lo","reply_to":41,"ttl":60,"y":null}}"#,
        );
        assert_eq!(
            event.unwrap(),
            ClientEvent {
                id: Some("c7".into()),
                room: Some("lobby".into()),
                ask: Ask::Send {
                    content: "HeŁlo".into(),
                    reply_to: Some(41),
                    ttl: Some(60),
                    sender: None
                },
            }
        );
        assert_eq!(ask(r#"{"type":"send_message","payload":"/quit"}"#), send("/quit"));
        assert_eq!(ask(r#"{"type":"list_rooms","payload":null}"#), Ask::ListRooms);
        assert_eq!(code(r#"{"type":"shout"}"#), Code::UnknownType);
        assert_eq!(code(r#"{"type":"error"}"#), Code::UnknownType);
        assert_eq!(code(r#"{"type":7}"#), Code::BadField);
    }

    #[test]
    fn an_object_without_type_says_something() {
        let said = |content: &str, sender: &str| Ask::Send {
            content: content.into(),
            reply_to: None,
            ttl: None,
            sender: Some(sender.into()),
        };
        for (text, expected) in [
            (r#"{"sender":"Abhi","content":"Hello, World!"}"#, said("Hello, World!", "Abhi")),
            (r#"{"from":"Abhi","text":"a"}"#, said("a", "Abhi")),
            (r#"{"name":"Abhi","message":"a","x":1}"#, said("a", "Abhi")),
            (r#"{"message":"c","text":"b","content":"a"}"#, send("a")),
        ] {
            assert_eq!(ask(text), expected, "{text}");
        }
        assert_eq!(code(r#"{"sender":"Abhi"}"#), Code::MissingField);
        assert_eq!(code(r#"{"content":7}"#), Code::BadField);
    }

    #[test]
    fn a_field_of_the_wrong_kind_is_named() {
        for (text, field) in [
            (r#"{"type":"send_message","payload":7}"#, "payload"),
            (r#"{"type":"send_message","payload":{"content":[]}}"#, "content"),
            (r#"{"type":"send_message","payload":{"content":"a","ttl":"60"}}"#, "ttl"),
            (r#"{"type":"send_message","payload":{"content":"a","reply_to":0}}"#, "reply_to"),
            (r#"{"type":"send_message","payload":{"content":"\ud800"}}"#, "content"),
            (r#"{"type":"edit_message","payload":{"mid":-1,"content":"a"}}"#, "mid"),
            (r#"{"type":"delete_message","payload":{"mid":1.5}}"#, "mid"),
            (r#"{"type":"react","payload":{"mid":1,"emoji":"a","on":1}}"#, "on"),
            (r#"{"type":"ping","room":{}}"#, "room"),
            (r#"{"type":"ping","id":""}"#, "id"),
            (r#"{"type":"ping","id":7}"#, "id"),
            (r#"{"type":"history","payload":{"before":1,"after":2}}"#, "payload"),
            (r#"{"type":"resume","payload":{"rooms":{"a":"b"}}}"#, "rooms"),
            (r#"{"type":"resume","payload":{"rooms":[1]}}"#, "rooms"),
        ] {
            let refusal = parse(text).unwrap_err();
            assert_eq!(refusal.code, Code::BadField, "{text}");
            assert!(refusal.message.starts_with(field), "{}", refusal.message);
        }
    }

    #[test]
    fn a_refusal_names_the_event() {
        let refusal = parse(r#"{"type":"edit_message","id":"c9","payload":{"mid":1}}"#);
        let refusal = refusal.unwrap_err();
        assert_eq!(refusal.code, Code::MissingField);
        assert_eq!(refusal.re.as_deref(), Some("c9"));
    }

    #[test]
    fn joining_takes_its_room_from_wherever_it_stands() {
        let join = Ask::Join { room: "dev".into(), history: None, after: None, epoch: None };
        for text in [
            r#"{"type":"join_room","payload":"dev"}"#,
            r#"{"type":"join_room","payload":{"room":"dev"}}"#,
            r#"{"type":"join_room","room":"dev"}"#,
        ] {
            assert_eq!(ask(text), join);
        }
        let leave = parse(r#"{"type":"leave_room","payload":{"room":"dev"}}"#).unwrap();
        assert_eq!((leave.room.as_deref(), leave.ask), (Some("dev"), Ask::Leave));
    }

    #[test]
    fn a_resume_keeps_the_order_of_its_rooms() {
        assert_eq!(
            ask(r#"{"type":"resume","payload":{"epoch":"k3","rooms":{"b":7,"a":0}}}"#),
            Ask::Resume {
                session: None,
                epoch: Some("k3".into()),
                rooms: vec![("b".into(), 7), ("a".into(), 0)],
            }
        );
    }
}
