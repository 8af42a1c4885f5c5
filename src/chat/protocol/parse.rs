//! The parser of client messages: plain text, slash commands, typed events, `{"sender","content"}`.
//!
//! The order of the checks is that of the protocol's table "what a client may send". Lengths of
//! texts and the rules of names are checked where they are used, so that they apply to all forms of
//! an event.

use std::borrow::Cow;
use std::num::NonZeroU8;
use std::sync::Arc;

use crate::chat::limits::Limits;
use crate::chat::protocol::client_event::{ClientEvent, Command, ModerationRequest, SearchQuery};
use crate::chat::protocol::commands;
use crate::chat::protocol::error::{Code, Refusal};
use crate::chat::protocol::fields::{Fields, Key, Value, id_of};
use crate::chat::protocol::kind::EventKind;
use crate::chat::protocol::membership::Notify;
use crate::chat::protocol::plain_message;
use crate::chat::protocol::request::Body;
use crate::chat::protocol::search_query::zone_ms;
use crate::chat::protocol::status::{Status, hue};
use crate::chat::record::{FileId, ModerationAction, Span};

impl ClientEvent {
    /// Parses a text message.
    ///
    /// # Errors
    /// If it is invalid; the refusal says why.
    pub fn parse(text: &str, limits: &Limits) -> Result<Self, Refusal> {
        if let Some(event) = plain_message::read(text, limits) {
            event.check_names(limits)?;
            return Ok(event);
        }
        if text.trim_start().is_empty() {
            return Ok(Self::of(Command::Nothing));
        }
        let event = match text.strip_prefix('/') {
            _ if is_object(text) => object(text, limits)?,
            Some(said) if said.starts_with('/') => Self::said(said),
            Some(_) => commands::parse(text)?,
            None => Self::said(text),
        };
        event.check_names(limits)?;
        Ok(event)
    }

    /// Adds the event's `id` and text to its refusal.
    #[must_use]
    pub fn refused(&self, refusal: Refusal) -> Refusal {
        let refusal = refusal.re(self.id.clone());
        match &self.command {
            Command::Send { content, .. }
            | Command::Direct { content, .. }
            | Command::Reply(content)
            | Command::Edit { content, .. } => refusal.text(Arc::clone(content)),
            _ => refusal,
        }
    }

    /// Refuses names that are too long before they are folded and looked up.
    fn check_names(&self, limits: &Limits) -> Result<(), Refusal> {
        let bytes_max = limits.written_name_bytes_max();
        let other = match &self.command {
            Command::Join { room, .. } | Command::Accept { room } | Command::Decline { room } => {
                Some((Key::Room, room))
            }
            Command::Direct { to, .. } => Some((Key::To, to)),
            Command::ListMembers { from, .. } => from.as_ref().map(|from| (Key::From, from)),
            Command::Moderate(request) => request.user.as_ref().map(|user| (Key::User, user)),
            _ => None,
        };
        let room = self.room.as_ref().map(|room| (Key::Room, room));
        let rooms = match &self.command {
            Command::Resume { rooms, .. } => rooms.as_slice(),
            _ => &[],
        };
        let rooms = rooms.iter().map(|(room, _)| (Key::Rooms, room));
        for (key, name) in room.into_iter().chain(other).chain(rooms) {
            if name.len() > bytes_max {
                let message = format!("{}: at most {bytes_max} bytes for a name", key.word());
                return Err(self.refused(Refusal::new(Code::BadField, message)));
            }
        }
        Ok(())
    }
}

impl Body {
    /// Parses the body of a post.
    ///
    /// # Errors
    /// If it is invalid; the refusal says why.
    pub fn parse(text: &str, limits: &Limits) -> Result<Self, Refusal> {
        if !is_object(text) {
            return Err(Refusal::new(Code::BadJson, "this is no JSON object").text(text));
        }
        body(&mut fields(text, limits)?)
    }
}

/// Whether a text begins like an object, ignoring white space and a byte order mark.
fn is_object(text: &str) -> bool {
    trimmed(text).starts_with('{')
}

fn trimmed(text: &str) -> &str {
    text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{FEFF}')
}

/// Parses the fields of an object.
fn fields<'a>(text: &'a str, limits: &Limits) -> Result<Fields<'a>, Refusal> {
    let json = trimmed(text);
    let bad = |message: String| {
        let id = id_of(json).filter(|id| limits.fits_id(id));
        Refusal::new(Code::BadJson, message).text(text).re(id.map(Arc::from))
    };
    if depth_above(json, limits.json_depth_max) {
        return Err(bad(format!("nested deeper than {} levels", limits.json_depth_max)));
    }
    Fields::read(json).map_err(|error| bad(format!("this is no JSON object: {error}")))
}

/// Parses a message that begins like an object.
pub(super) fn object(text: &str, limits: &Limits) -> Result<ClientEvent, Refusal> {
    let mut fields = fields(text, limits)?;
    let id = match fields.text(Key::Id)? {
        Some(id) if !limits.fits_id(&id) => {
            let message = format!("id: a string of 1 to {} bytes", limits.id_bytes_max);
            return Err(Refusal::new(Code::BadField, message));
        }
        id => id.map(Arc::from),
    };
    match asked(&mut fields, limits) {
        Ok((room, command)) => Ok(ClientEvent { id, room, command }),
        Err(refusal) => Err(refusal.re(id)),
    }
}

/// Returns the room and the command of an event.
fn asked(fields: &mut Fields<'_>, limits: &Limits) -> Result<(Option<Box<str>>, Command), Refusal> {
    use EventKind as E;
    let room = fields.text(Key::Room)?.map(Box::from);
    let Some(kind) = fields.text(Key::Type)? else {
        return Ok((room, untyped(fields)?));
    };
    let kind = EventKind::parse(&kind)
        .ok_or_else(|| Refusal::new(Code::UnknownType, "there is no event of this type"))?;
    let (mut bare, mut payload) = match fields.take(Key::Payload) {
        Value::Absent => (Value::Absent, Fields::default()),
        text @ Value::Text(_) => (text, Fields::default()),
        on @ Value::Bool(_) if kind == E::Typing => (on, Fields::default()),
        Value::Object(payload) => (Value::Absent, payload),
        _ => return Err(Key::Payload.expects("an object or a string")),
    };
    let (bare, inner) = (&mut bare, &mut payload);
    let command = match kind {
        E::SendMessage => match std::mem::take(bare) {
            Value::Text(text) => Command::send(text.into()),
            _ => untyped(inner)?,
        },
        E::EditMessage => Command::Edit { mid: Some(mid(inner)?), content: content(inner)? },
        E::Pin => Command::Pin { mid: mid(inner)?, on: true },
        E::Unpin => Command::Pin { mid: mid(inner)?, on: false },
        E::DeleteMessage => Command::Delete { mid: Some(mid(inner)?) },
        E::React => Command::React {
            mid: mid(inner)?,
            emoji: Key::Emoji.needed(inner.text(Key::Emoji)?)?.into(),
            on: inner.switch(Key::On)?.unwrap_or(true),
        },
        E::JoinRoom => Command::Join {
            room: named_room(bare, inner, &room)?,
            history: inner.number(Key::History)?.map(clamped),
            after: inner.number(Key::After)?,
            epoch: inner.text(Key::Epoch)?.map(Box::from),
        },
        E::Accept => Command::Accept { room: named_room(bare, inner, &room)? },
        E::Decline => Command::Decline { room: named_room(bare, inner, &room)? },
        E::LeaveRoom => {
            return Ok((either(bare, inner, Key::Room)?.map(Box::from).or(room), Command::Leave));
        }
        E::Resume => resume(inner, limits)?,
        E::SetName => Command::SetName(Key::Name.needed(either(bare, inner, Key::Name)?)?.into()),
        E::SetTopic => {
            Command::SetTopic(Key::Topic.needed(either(bare, inner, Key::Topic)?)?.into())
        }
        E::DirectMessage => Command::Direct {
            to: Key::To.needed(inner.text(Key::To)?)?.into(),
            content: content(inner)?,
            reply_to: inner.mid(Key::ReplyTo)?,
            ttl: inner.number(Key::Ttl)?,
            files: files(inner)?,
        },
        E::Read => Command::Read(Key::Seq.needed(inner.number(Key::Seq)?)?),
        E::Auth => Command::Auth(Key::Token.needed(either(bare, inner, Key::Token)?)?.into()),
        E::Moderate => Command::Moderate(Box::new(request(inner)?)),
        E::Typing => typing(std::mem::take(bare), inner)?,
        E::SetStatus => status(std::mem::take(bare), inner)?,
        E::SetProfile => Command::SetHue(profile(inner)?),
        kind => query(kind, bare, inner)?,
    };
    Ok((room, command))
}

/// Returns the command of an event that does not go into a record.
fn query(
    kind: EventKind,
    bare: &mut Value<'_>,
    payload: &mut Fields<'_>,
) -> Result<Command, Refusal> {
    use EventKind as E;
    Ok(match kind {
        E::ListRooms => Command::ListRooms {
            from: payload.text(Key::From)?.map(Box::from),
            limit: payload.number(Key::Limit)?.map(clamped),
        },
        E::ListUsers => Command::ListUsers,
        E::ListPins => Command::ListPins,
        E::ListMembers => Command::ListMembers {
            from: payload.text(Key::From)?.map(Box::from),
            limit: payload.number(Key::Limit)?.map(clamped),
        },
        E::History => history(payload)?,
        E::Replies => Command::Replies {
            mid: mid(payload)?,
            after: payload.number(Key::After)?.unwrap_or(0),
            limit: payload.number(Key::Limit)?.map(clamped),
        },
        E::Search => Command::Search(SearchQuery {
            words: Key::Query.needed(either(bare, payload, Key::Query)?)?.into(),
            limit: payload.number(Key::Limit)?.map(clamped),
            before: payload.number(Key::Before)?,
            zone_ms: zone(payload)?,
        }),
        E::MarkUnread => Command::MarkUnread(mid(payload)?),
        E::SetMembership => {
            Command::SetMembership { notify: notify(payload)?, order: payload.number(Key::Order)? }
        }
        E::Stats => Command::Stats { minutes: payload.number(Key::Minutes)?.map(clamped) },
        _ => Command::Ping,
    })
}

/// Returns the room that the payload names, else the envelope.
fn named_room(
    bare: &mut Value<'_>,
    payload: &mut Fields<'_>,
    room: &Option<Box<str>>,
) -> Result<Box<str>, Refusal> {
    let named = either(bare, payload, Key::Room)?.map(Box::from);
    Key::Room.needed(named.or_else(|| room.clone()))
}

fn notify(payload: &mut Fields<'_>) -> Result<Option<Notify>, Refusal> {
    let word = payload.text(Key::Notify)?;
    let level = |word: &str| Notify::parse(word).ok_or_else(|| Key::Notify.expects(LEVELS));
    word.map(|word| level(&word)).transpose()
}

/// Returns how far a clock is ahead of UTC, in milliseconds.
fn zone(payload: &mut Fields<'_>) -> Result<i64, Refusal> {
    let Some(zone) = payload.text(Key::Zone)? else { return Ok(0) };
    zone_ms(&zone).ok_or_else(|| Key::Zone.expects("a difference to UTC such as +02:00"))
}

const LEVELS: &str = "all, mentions or none";

/// Returns the payload if it is a string, else the field of that name.
fn either(
    bare: &mut Value<'_>,
    payload: &mut Fields<'_>,
    key: Key,
) -> Result<Option<String>, Refusal> {
    match std::mem::take(bare) {
        Value::Text(text) => Ok(Some(text.into_owned())),
        _ => payload.text(key).map(|text| text.map(Cow::into_owned)),
    }
}

fn typing(bare: Value<'_>, payload: &mut Fields<'_>) -> Result<Command, Refusal> {
    Ok(Command::Typing(match bare {
        Value::Bool(on) => on,
        Value::Absent => payload.switch(Key::On)?.unwrap_or(true),
        _ => return Err(Key::Payload.expects("true, false or an object")),
    }))
}

fn status(bare: Value<'_>, payload: &mut Fields<'_>) -> Result<Command, Refusal> {
    let word = match bare {
        Value::Text(word) => Some(word),
        _ => payload.text(Key::Status)?,
    };
    let away = Status::parse(&Key::Status.needed(word)?);
    let text = payload.text(Key::Text)?.unwrap_or_default().into();
    Ok(Command::SetStatus {
        away: away.ok_or_else(|| Key::Status.expects("online or away"))?,
        text,
    })
}

fn profile(payload: &mut Fields<'_>) -> Result<Option<NonZeroU8>, Refusal> {
    let number = payload.number(Key::Hue)?;
    let hue = |number| hue(number).ok_or_else(|| Key::Hue.expects("a number from 1 to 12"));
    number.map(hue).transpose()
}

fn mid(payload: &mut Fields<'_>) -> Result<u64, Refusal> {
    Key::Mid.needed(payload.mid(Key::Mid)?)
}

/// Parses `{"sender":"Abhi","content":"Hello, World!"}`, or the payload of `send_message`.
fn untyped(fields: &mut Fields<'_>) -> Result<Command, Refusal> {
    let Body { content, reply_to, ttl, files, name: sender } = body(fields)?;
    Ok(Command::Send { content, reply_to, ttl, files, sender })
}

fn body(fields: &mut Fields<'_>) -> Result<Body, Refusal> {
    let content = content(fields)?;
    let names = [Key::Sender, Key::From, Key::Name, Key::Username, Key::User];
    // A value that is no string belongs to a field this protocol does not know.
    let name = names.into_iter().find_map(|key| fields.text(key).ok().flatten());
    Ok(Body {
        content,
        reply_to: fields.mid(Key::ReplyTo)?,
        ttl: fields.number(Key::Ttl)?,
        files: files(fields)?,
        name: name.map(Box::from),
    })
}

/// Returns the ids of the files that a message carries.
fn files(fields: &mut Fields<'_>) -> Result<Vec<FileId>, Refusal> {
    let ids = match fields.take(Key::Files) {
        Value::Absent => return Ok(Vec::new()),
        Value::Texts(ids) => ids,
        _ => return Err(Key::Files.expects("a list of file ids")),
    };
    let ids: Option<Vec<FileId>> = ids.iter().map(|id| FileId::from_hex(id)).collect();
    ids.ok_or_else(|| Key::Files.expects("a list of file ids"))
}

/// Returns the text of a message, under any of its names.
fn content(fields: &mut Fields<'_>) -> Result<Arc<str>, Refusal> {
    let content = fields.first(&[Key::Content, Key::Text, Key::Message])?;
    Ok(Key::Content.needed(content)?.into())
}

fn history(payload: &mut Fields<'_>) -> Result<Command, Refusal> {
    let spans = [
        payload.number(Key::Before)?.map(Span::Before),
        payload.number(Key::After)?.map(Span::After),
        payload.number(Key::Around)?.map(Span::Around),
    ];
    let mut spans = spans.into_iter().flatten();
    let span = spans.next().unwrap_or(Span::Latest);
    if spans.next().is_some() {
        return Err(Key::Payload.expects("one of before, after and around"));
    }
    Ok(Command::History { span, limit: payload.number(Key::Limit)?.map(clamped) })
}

fn request(payload: &mut Fields<'_>) -> Result<ModerationRequest, Refusal> {
    let action = Key::Action.needed(payload.text(Key::Action)?)?;
    Ok(ModerationRequest {
        action: ModerationAction::parse(&action)
            .ok_or_else(|| Key::Action.expects("a known action"))?,
        user: payload.text(Key::User)?.map(Box::from),
        mid: payload.mid(Key::Mid)?,
        seconds: payload.number(Key::Seconds)?,
        reason: payload.text(Key::Reason)?.map(Arc::from),
    })
}

fn resume(payload: &mut Fields<'_>, limits: &Limits) -> Result<Command, Refusal> {
    let rooms = match payload.take(Key::Rooms) {
        Value::Absent => Vec::new(),
        Value::Positions(rooms) => rooms,
        _ => return Err(Key::Rooms.expects("an object of room names and numbers")),
    };
    if rooms.len() > limits.rooms_per_client_max {
        let message = format!("at most {} rooms", limits.rooms_per_client_max);
        return Err(Refusal::new(Code::TooManyRooms, message));
    }
    Ok(Command::Resume {
        session: payload.text(Key::Session)?.map(Box::from),
        epoch: payload.text(Key::Epoch)?.map(Box::from),
        rooms,
    })
}

fn clamped(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Whether objects and arrays are nested more than `max` deep.
fn depth_above(text: &str, max: usize) -> bool {
    // Most events have fewer brackets than that in all. They are counted in one byte, which a part
    // of that length cannot overflow, so that the compiler vectorizes it.
    let opening = |byte: &u8| u8::from(matches!(byte, b'{' | b'['));
    let count = |part: &[u8]| part.iter().fold(0_u8, |sum, byte| sum.wrapping_add(opening(byte)));
    let parts = text.as_bytes().chunks(usize::from(u8::MAX));
    if parts.map(|part| usize::from(count(part))).sum::<usize>() <= max {
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

    const LIST_ROOMS: Command = Command::ListRooms { from: None, limit: None };

    fn parse(text: &str) -> Result<ClientEvent, Refusal> {
        ClientEvent::parse(text, &Limits::default())
    }

    fn command(text: &str) -> Command {
        parse(text).unwrap().command
    }

    fn code(text: &str) -> Code {
        parse(text).unwrap_err().code
    }

    fn send(content: &str) -> Command {
        Command::send(content.into())
    }

    #[test]
    fn plain_text_is_posted_as_it_is() {
        for (text, said) in [
            ("Hello there", "Hello there"),
            ("\"hi\"", "\"hi\""),
            ("[1,2]", "[1,2]"),
            ("42", "42"),
            (" [1]", " [1]"),
            (" /join dev", " /join dev"),
            ("one\ntwo\n", "one\ntwo"),
            ("one\r\n", "one"),
            ("one\n\n", "one\n"),
            ("//join", "/join"),
            ("///", "//"),
        ] {
            assert_eq!(command(text), send(said), "{text:?}");
        }
    }

    #[test]
    fn white_space_and_a_byte_order_mark_before_an_object_are_passed_over() {
        let secret = r#"{"type":"auth","payload":"secret"}"#;
        for before in ["", " ", "\n", "\r\n\t", "\u{FEFF}", "\u{FEFF}\n ", "\u{3000}", "\u{A0}"] {
            let text = format!("{before}{secret}\n");
            assert_eq!(command(&text), Command::Auth("secret".into()), "{text:?}");
            let broken = format!("{before}{{secret");
            let refusal = parse(&broken).unwrap_err();
            assert_eq!((refusal.code, refusal.text.as_deref()), (Code::BadJson, Some(&*broken)));
            let posted = Body::parse(&format!("{before}{{\"content\":\"a\"}}"), &Limits::default());
            assert_eq!(&*posted.unwrap().content, "a");
        }
    }

    #[test]
    fn a_broken_object_is_named_by_its_id_where_that_can_be_read() {
        let deep = format!("{{\"id\":\"c1\",\"a\":{}{}}}", "[".repeat(16), "]".repeat(16));
        let endless = format!("{{\"id\":\"c1\",\"a\":{}", "[".repeat(60_000));
        let long = format!("{{\"id\":\"{}\",}}", "x".repeat(65));
        for (text, id) in [
            (r#"{"type":"send_message","id":"c1","payload":"cut \ud83d"}"#, Some("c1")),
            (r#"{"type":"send_message","payload":"cut \ud83d","id":"c1"}"#, Some("c1")),
            (r#"{"payload":{"id":"c2","content":"\udc00"},"id":"c1"}"#, Some("c1")),
            (r#"{"payload":{"id":"c2","content":"\udc00"}}"#, None),
            (r#"{"id":"c1","type":"ping","type":"ping"}"#, Some("c1")),
            (r#"{"id":"c1","id":"c2"}"#, Some("c1")),
            (r#" {"i\u0064":"c\u0031","type":"#, Some("c1")),
            (r#"{"id":"c1","payload":"cut"#, Some("c1")),
            (r#"{"id":"c1"} {}"#, Some("c1")),
            (r#"{"payload":nothing,"id":"c1"}"#, None),
            (r#"{"id":"\ud83d","type":"ping"}"#, None),
            (r#"{"id":7,"type":}"#, None),
            (r#"{"id":"","type":}"#, None),
            (&long, None),
            (&deep, Some("c1")),
            (&endless, Some("c1")),
        ] {
            let refusal = parse(text).unwrap_err();
            assert_eq!((refusal.code, refusal.re.as_deref()), (Code::BadJson, id), "{text:.80}");
        }
    }

    #[test]
    fn white_space_says_nothing() {
        for text in ["", " ", "\n", "\r\n\t ", "\u{3000}"] {
            assert_eq!(command(text), Command::Nothing);
        }
    }

    #[test]
    fn a_broken_object_is_handed_back() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(16), "]".repeat(16));
        for text in [
            r#"{"content":"\ud800"}"#,
            "{",
            "{}}",
            "{{",
            "{\"type\":}",
            "{params}",
            "{\"type\":\"ping\"} {}",
            &deep,
        ] {
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
        assert_eq!(command(&at_limit), Command::Ping);
        let text = "[{\\\"".repeat(40);
        let said = format!("{{\"type\":\"send_message\",\"payload\":\"{text}\"}}");
        assert_eq!(command(&said), send(&"[{\"".repeat(40)));
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
                command: Command::Send {
                    files: Default::default(),
                    content: "HeŁlo".into(),
                    reply_to: Some(41),
                    ttl: Some(60),
                    sender: None
                },
            }
        );
        assert_eq!(command(r#"{"type":"send_message","payload":"/quit"}"#), send("/quit"));
        assert_eq!(command(r#"{"type":"list_rooms","payload":null}"#), LIST_ROOMS);
        assert_eq!(code(r#"{"type":"shout"}"#), Code::UnknownType);
        assert_eq!(code(r#"{"type":"error"}"#), Code::UnknownType);
        assert_eq!(code(r#"{"type":7}"#), Code::BadField);
    }

    #[test]
    fn an_object_without_type_says_something() {
        let said = |content: &str, sender: &str| Command::Send {
            files: Default::default(),
            content: content.into(),
            reply_to: None,
            ttl: None,
            sender: Some(sender.into()),
        };
        for (text, expected) in [
            (r#"{"sender":"Abhi","content":"Hello, World!"}"#, said("Hello, World!", "Abhi")),
            (r#"{"from":"Abhi","text":"a"}"#, said("a", "Abhi")),
            (r#"{"name":"Abhi","message":"a","x":1}"#, said("a", "Abhi")),
            (r#"{"email":"a@b","username":"Abhi","message":"a"}"#, said("a", "Abhi")),
            (r#"{"user":"Abhi","message":"a"}"#, said("a", "Abhi")),
            (r#"{"user":{"id":7},"content":"a"}"#, send("a")),
            (r#"{"message":"c","text":"b","content":"a"}"#, send("a")),
        ] {
            assert_eq!(command(text), expected, "{text}");
            let typed = format!("{{\"type\":\"send_message\",\"payload\":{text}}}");
            assert_eq!(command(&typed), expected, "{typed}");
        }
        for word in ["content", "text", "message"] {
            let payload = format!("{{\"mid\":1,\"to\":\"Bob\",\"{word}\":\"a\"}}");
            let event = |kind| format!("{{\"type\":\"{kind}\",\"payload\":{payload}}}");
            let edit = Command::Edit { mid: Some(1), content: "a".into() };
            assert_eq!(command(&event("edit_message")), edit);
            let (to, content) = ("Bob".into(), "a".into());
            let direct = Command::Direct {
                files: Default::default(),
                to,
                content,
                reply_to: None,
                ttl: None,
            };
            assert_eq!(command(&event("direct_message")), direct);
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
    fn join_reads_its_room_from_any_field() {
        let join = Command::Join { room: "dev".into(), history: None, after: None, epoch: None };
        for text in [
            r#"{"type":"join_room","payload":"dev"}"#,
            r#"{"type":"join_room","payload":{"room":"dev"}}"#,
            r#"{"type":"join_room","room":"dev"}"#,
        ] {
            assert_eq!(command(text), join);
        }
        let leave = parse(r#"{"type":"leave_room","payload":{"room":"dev"}}"#).unwrap();
        assert_eq!((leave.room.as_deref(), leave.command), (Some("dev"), Command::Leave));
    }

    #[test]
    fn moderation_events_name_action_target_and_reason() {
        let text = r#"{"type":"moderate","room":"lobby",
            "payload":{"action":"mute","user":"Eve","seconds":600,"reason":"flood"}}"#;
        let request = ModerationRequest {
            action: ModerationAction::Mute,
            user: Some("Eve".into()),
            mid: None,
            seconds: Some(600),
            reason: Some("flood".into()),
        };
        assert_eq!(command(text), Command::Moderate(Box::new(request)));
        assert_eq!(code(r#"{"type":"moderate","payload":{}}"#), Code::MissingField);
        assert_eq!(code(r#"{"type":"moderate","payload":{"action":"tickle"}}"#), Code::BadField);
    }

    #[test]
    fn a_resume_keeps_the_order_of_its_rooms() {
        assert_eq!(
            command(r#"{"type":"resume","payload":{"epoch":"k3","rooms":{"b":7,"a":0}}}"#),
            Command::Resume {
                session: None,
                epoch: Some("k3".into()),
                rooms: vec![("b".into(), 7), ("a".into(), 0)],
            }
        );
    }
}
