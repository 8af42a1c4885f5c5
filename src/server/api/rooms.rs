//! `/api/stats` and `/api/rooms`: reading what a request asks of the chat.

use crate::chat::record::Span;
use crate::chat::{Body, Code, Credential, Limits, Post, Refusal, Request as Command};
use crate::http::{Method, Request};
use crate::server::accounts::Caller;
use crate::server::exchange::{EarlyResponse, check_content_type, decode_segment, idempotency_key};

/// Reads what a request asks of the chat.
pub(super) fn read(
    request: &Request,
    limits: &Limits,
    caller: Caller,
) -> Result<Command, EarlyResponse> {
    let Caller { credential: by, admin, .. } = caller;
    if request.path == "/api/stats" {
        return Ok(stats(&request.query)?);
    }
    if request.path == "/api/rooms" {
        return Ok(Command::Rooms);
    }
    let room = request.path.strip_prefix("/api/rooms/").ok_or_else(EarlyResponse::not_found)?;
    let Some(room) = room.strip_suffix("/messages") else {
        let is_operator = admin && matches!(by, Credential::Nobody);
        let by = (!is_operator).then_some(by);
        return Ok(Command::RemoveRoom { by, room: decode_segment(room)? });
    };
    if request.method == Method::Post {
        check_content_type(request)?;
        return Ok(post(room, request, limits, by)?);
    }
    Ok(history(room, &request.query, by)?)
}

/// Reads the query of `/api/stats`.
fn stats(query: &str) -> Result<Command, Refusal> {
    let mut query = form_urlencoded::parse(query.as_bytes());
    let minutes = query.find(|(key, value)| key == "minutes" && !value.is_empty());
    let minutes = minutes.map(|(_, value)| value.parse().map(clamped)).transpose();
    let minutes =
        minutes.map_err(|_| Refusal::new(Code::BadField, "minutes: a whole number is expected"))?;
    Ok(Command::Stats { minutes })
}

fn clamped(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Reads the query of a request for a room's messages.
fn history(room: &str, query: &str, by: Credential) -> Result<Command, Refusal> {
    let (mut span, mut limit) = (None, None);
    for (key, value) in form_urlencoded::parse(query.as_bytes()) {
        let make: Option<fn(u64) -> Span> = match &*key {
            "before" => Some(Span::Before),
            "after" => Some(Span::After),
            "around" => Some(Span::Around),
            "limit" => None,
            _ => continue,
        };
        if value.is_empty() {
            continue;
        }
        let number: u64 = value.parse().map_err(|_| {
            Refusal::new(Code::BadField, format!("{key}: a whole number is expected"))
        })?;
        match make {
            Some(make) if span.is_none() => span = Some(make(number)),
            Some(_) => {
                let message = "only one of before, after and around is expected";
                return Err(Refusal::new(Code::BadField, message));
            }
            None => limit = Some(clamped(number)),
        }
    }
    let room = decode_segment(room)?;
    Ok(Command::History { by, room, span: span.unwrap_or(Span::Latest), limit })
}

/// Reads a request to post a message.
fn post(
    room: &str,
    request: &Request,
    limits: &Limits,
    by: Credential,
) -> Result<Command, Refusal> {
    let room = decode_segment(room)?;
    let id = idempotency_key(request, limits)?;
    let body = std::str::from_utf8(&request.body)
        .map_err(|_| Refusal::new(Code::BadJson, "the body is not valid UTF-8"))?;
    let body = Body::parse(body, limits)?;
    Ok(Command::Post(Box::new(Post { room, by, id, body })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::record::FileId;
    use crate::http::Parser;
    use crate::server::exchange::check_method;

    /// Returns what a request asks of the chat, or the status of its early response.
    fn asks(line: &str, headers: &str, body: &str) -> Result<Command, u16> {
        let length = body.len();
        let length = if body.is_empty() { "" } else { &format!("Content-Length: {length}\r\n") };
        let text = format!("{line} HTTP/1.1\r\nHost: x\r\n{headers}{length}\r\n{body}");
        let request = Parser::default().feed(&Default::default(), &mut text.as_bytes());
        let request = request.unwrap().unwrap();
        check_method(&request)
            .and_then(|()| read(&request, &Limits::default(), Caller::default()))
            .map_err(|early| early.into_response().status.0)
    }

    fn posts(room: &str, headers: &str, body: &str) -> Result<Box<Post>, u16> {
        match asks(&format!("POST /api/rooms/{room}/messages"), headers, body)? {
            Command::Post(post) => Ok(post),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_query_selects_messages() {
        let history = |room: &str, span, limit| {
            let (by, room) = (Credential::Nobody, room.into());
            Ok(Command::History { by, room, span, limit })
        };
        for (target, asked) in [
            ("/api/rooms", Ok(Command::Rooms)),
            ("/api/rooms?x=1", Ok(Command::Rooms)),
            ("/api/stats", Ok(Command::Stats { minutes: None })),
            ("/api/stats?x=1&minutes=&minutes=120", Ok(Command::Stats { minutes: Some(120) })),
            ("/api/stats?minutes=9999999999", Ok(Command::Stats { minutes: Some(u32::MAX) })),
            ("/api/stats?minutes=-1", Err(400)),
            ("/api/rooms/lobby/messages", history("lobby", Span::Latest, None)),
            (
                "/api/rooms/lobby/messages?after=41&before=&around=&limit=50",
                history("lobby", Span::After(41), Some(50)),
            ),
            ("/api/rooms/a+%C3%A9%2F/messages?before=7", history("a+é/", Span::Before(7), None)),
            (
                "/api/rooms/a/messages?around=0&limit=99999999999&new=1",
                history("a", Span::Around(0), Some(u32::MAX)),
            ),
            ("/api/rooms/a/messages?after=x", Err(400)),
            ("/api/rooms/a/messages?after=-1", Err(400)),
            ("/api/rooms/a/messages?limit=1.5", Err(400)),
            ("/api/rooms/a/messages?after=1&before=5", Err(400)),
            ("/api/rooms/a/messages?after=99999999999999999999", Err(400)),
            ("/api/rooms/%zz/messages", Err(400)),
            ("/api/rooms/%C3/messages", Err(400)),
            ("/api/rooms/a%2/messages", Err(400)),
            ("/api/rooms/", Err(404)),
            ("/api/rooms//messages", Err(404)),
            ("/api/rooms/a/b/messages", Err(404)),
            ("/api/rooms/a", Err(405)),
            ("/api/rooms/a/", Err(404)),
            ("/api/", Err(404)),
        ] {
            assert_eq!(asks(&format!("GET {target}"), "", ""), asked, "{target}");
        }
    }

    #[test]
    fn the_body_is_the_message_and_a_header_its_id() {
        let post = posts(
            "caf%C3%A9",
            "Idempotency-Key: k1\r\n\
             Content-Type: application/json; charset=utf-8\r\n",
            r#" {"content":"hi","reply_to":4,"ttl":60,"name":"Bot","new":[],
                 "files":["0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a"]}"#,
        );
        let post = post.unwrap();
        assert_eq!((&*post.room, post.by), ("café", Credential::Nobody));
        assert_eq!(post.id.as_deref(), Some("k1"));
        let Body { content, reply_to, ttl, files, name } = post.body;
        assert_eq!((&*content, reply_to, ttl), ("hi", Some(4), Some(60)));
        assert_eq!(files, [FileId([0x0a; 16])]);
        assert_eq!(name.as_deref(), Some("Bot"));
    }

    #[test]
    fn an_invalid_post_is_refused_early() {
        let hi = r#"{"content":"hi"}"#;
        let long = format!("Idempotency-Key: {}\r\n", "x".repeat(65));
        for (headers, body, status) in [
            ("", "", 400),
            ("", "hi", 400),
            ("", "[\"hi\"]", 400),
            ("", "{\"content\":\"hi\"", 400),
            ("", "{}", 400),
            ("", r#"{"content":7}"#, 400),
            ("", r#"{"content":"hi","reply_to":"x"}"#, 400),
            ("Idempotency-Key: \r\n", hi, 400),
            (&long, hi, 400),
            ("Idempotency-Key: a\r\nIdempotency-Key: b\r\n", hi, 400),
            ("Content-Type: text/plain\r\n", hi, 415),
            ("Content-Type: application/x-www-form-urlencoded\r\n", hi, 415),
        ] {
            assert_eq!(posts("a", headers, body).err(), Some(status), "{headers}{body}");
        }
        assert!(posts("a", "Content-Type: application/problem+json\r\n", hi).is_ok());
    }

    #[test]
    fn other_methods_are_refused_and_options_are_answered() {
        for (line, status) in [
            ("OPTIONS /api/rooms", 204),
            ("OPTIONS /api/stats", 204),
            ("POST /api/stats", 405),
            ("HEAD /api/stats", 200),
            ("OPTIONS /api/rooms/a/messages", 204),
            ("DELETE /api/rooms/a/messages", 405),
            ("POST /api/rooms", 405),
            ("DELETE /api/rooms", 405),
            ("DELETE /api/rooms/a", 200),
            ("DELETE /api/rooms/%zz", 400),
            ("POST /api/rooms/a", 405),
            ("OPTIONS /api/rooms/a", 204),
            ("HEAD /api/rooms", 200),
        ] {
            assert_eq!(asks(line, "", "").map_or_else(|status| status, |_| 200), status, "{line}");
        }
    }
}
