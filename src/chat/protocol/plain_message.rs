//! The parser of the most frequent event: a message, as most clients write it.
//!
//! An object of at most `type`, `id`, `room` and `payload`, without escapes and with at most one
//! space between its tokens, is parsed in one pass and without a list of its fields. Everything
//! else, errors too, is [`super::parse`]'s.

use crate::chat::limits::Limits;
use crate::chat::protocol::client_event::{ClientEvent, Command};
use crate::chat::protocol::literal::split_literal;

/// Parses a `send_message`; `None` if it is another event or another form of it.
pub(in crate::chat) fn read(text: &str, limits: &Limits) -> Option<ClientEvent> {
    let mut input = Input(text);
    let (mut kind, mut id, mut room, mut content) = (None, None, None, None);
    input.take('{')?;
    loop {
        let key = input.string()?;
        input.take(':')?;
        let (field, value) = match key {
            "type" => (&mut kind, input.string()?),
            "id" => (&mut id, input.string()?),
            "room" => (&mut room, input.string()?),
            "payload" => (&mut content, input.content(limits)?),
            _ => return None,
        };
        if field.replace(value).is_some() {
            return None;
        }
        if input.take(',').is_none() {
            break;
        }
    }
    input.take('}')?;
    if !input.0.is_empty()
        || kind != Some("send_message")
        || id.is_some_and(|id| !limits.fits_id(id))
    {
        return None;
    }
    let content = content?.into();
    Some(ClientEvent {
        id: id.map(Into::into),
        room: room.map(Into::into),
        command: Command::send(content),
    })
}

/// The rest of the text.
struct Input<'a>(&'a str);

impl<'a> Input<'a> {
    /// Takes this character, after a space or none.
    fn take(&mut self, expected: char) -> Option<()> {
        let rest = self.0.strip_prefix(expected);
        let after_space = || self.0.strip_prefix(' ')?.strip_prefix(expected);
        self.0 = rest.or_else(after_space)?;
        Some(())
    }

    /// Takes a string without escapes.
    fn string(&mut self) -> Option<&'a str> {
        self.take('"')?;
        let (string, rest) = split_literal(self.0);
        self.0 = rest.strip_prefix('"')?;
        Some(string)
    }

    /// Takes the payload of a message: its text, or an object with nothing else.
    fn content(&mut self, limits: &Limits) -> Option<&'a str> {
        if self.take('{').is_none() {
            return self.string();
        }
        if self.string()? != "content" || limits.json_depth_max < 2 {
            return None;
        }
        self.take(':')?;
        let content = self.string()?;
        self.take('}')?;
        Some(content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::protocol::parse::object;

    /// Parses a text both ways; returns whether it was parsed this way.
    fn is_read(text: &str) -> bool {
        let limits = Limits::default();
        let read = read(text, &limits);
        if let Some(event) = &read {
            assert_eq!(object(text, &limits).as_ref(), Ok(event), "{text}");
        }
        read.is_some()
    }

    #[test]
    fn the_usual_forms_of_a_message_are_parsed() {
        for text in [
            r#"{"type":"send_message","payload":"a"}"#,
            r#"{"type": "send_message", "id": "c1", "room": "lobby", "payload": "漢 👍 {[:,"}"#,
            r#"{ "payload" : { "content" : "a" } , "type" : "send_message" }"#,
            r#"{"type":"send_message","room":"","payload":""}"#,
        ] {
            assert!(is_read(text), "{text}");
        }
    }

    #[test]
    fn everything_else_is_left_to_the_parser_of_all_events() {
        let long = "x".repeat(65);
        for text in [
            "",
            "{",
            "{}",
            r#"{"type":"ping","payload":"a"}"#,
            r#"{"type":"send_message"}"#,
            r#"{"type":"send_message","payload":"a\n"}"#,
            r#"{"type":"send_message","payload":"a"#,
            "{\"type\":\t\"send_message\",\"payload\":\"a\"}",
            "{\"type\":\"send_message\",  \"payload\":\"a\"}",
            "{\"type\":\"send_message\",\"payload\":\"a\"}\n",
            r#"{"type":"send_message","payload":"a"},"#,
            r#"{"type":"send_message","payload":"a",}"#,
            r#"{"type":"send_message","payload":"a"}}"#,
            r#"{"type":"send_message","payload":"a","payload":"b"}"#,
            r#"{"type":"send_message","payload":"a","x":1}"#,
            r#"{"type":"send_message","payload":null}"#,
            r#"{"type":"send_message","payload":{"content":"a","ttl":60}}"#,
            r#"{"type":"send_message","payload":{"text":"a"}}"#,
            r#"{"type":"send_message","payload":{}}"#,
            r#"{"type":"send_message","payload":"a","id":""}"#,
            r#"{"type":"send_message","payload":"a","id":7}"#,
            "{\"type\":\"send_message\",\"payload\":\"a\tb\"}",
            "{\"type\":\"send_message\",\u{A0}\"payload\":\"a\"}",
            "\u{FEFF}{\"type\":\"send_message\",\"payload\":\"a\"}",
            &format!("{{\"type\":\"send_message\",\"payload\":\"a\",\"id\":\"{long}\"}}"),
        ] {
            assert!(!is_read(text), "{text}");
        }
    }

    #[test]
    fn no_change_of_a_message_is_parsed_in_two_ways() {
        let text = r#"{"type":"send_message", "id":"c1","room":"a","payload":{"content":"é"}}"#;
        let pieces = ["", "\"", "\\", "{", "}", ",", ":", " ", "\u{1}", "é", "1", "null", "[]"];
        for (at, _) in text.char_indices() {
            for (end, _) in text.char_indices().skip_while(|(end, _)| *end < at).take(9) {
                for piece in pieces {
                    is_read(&format!("{}{piece}{}", &text[..at], &text[end..]));
                }
            }
        }
    }
}
