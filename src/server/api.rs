//! `/api`: rooms, what was said in them, and saying something, over plain HTTP.
//!
//! A request is read here and becomes one thing asked of the chat; the chat's one answer becomes
//! the response. In between the request waits: for the journal, as a WebSocket's message would.
//! Every error is the protocol's `error` payload.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};
use std::str::Bytes;
use std::sync::Arc;

use super::Server;
use super::log::Escaped;
use crate::chat::record::Span;
use crate::chat::{
    Body, ClientId, Code, Input, Limits, Post, Refusal, Request as Ask, ServerEvent,
};
use crate::http::{Method, Request, Response, Status};
use crate::net::{ConnId, Turn};
use crate::ws::Answer;

impl Server {
    /// Answers a request below `/api/`, or has the chat answer it later.
    pub(super) fn api(&mut self, turn: &mut Turn<'_>, conn: ConnId, request: &Request) -> Answer {
        let origin = request.header("origin");
        if let Err(refused) = self.policy.check(request.headers("origin"), request.header("host")) {
            let address = turn.address(conn).map(tracing::field::display);
            let origin = Escaped(origin.unwrap_or_default());
            tracing::warn!(address, %origin, "refused: foreign origin");
            let refusal = Refusal::new(Code::Forbidden, refused.to_string());
            return Answer::Respond(dressed(refuse(refusal), None));
        }
        let network = turn.network(conn).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        match read(request, network, self.chat.limits()) {
            Ok(request) => {
                let caller = super::client(conn);
                if let Some(origin) = origin {
                    self.origins.insert(caller, origin.to_owned());
                }
                self.tell(turn, Input::Asked { caller, request });
                Answer::Later
            }
            Err(response) => Answer::Respond(dressed(*response, origin)),
        }
    }

    /// Sends the chat's answer to a request; a connection that is gone needs none.
    pub(super) fn respond(&mut self, turn: &mut Turn<'_>, caller: ClientId, event: &ServerEvent) {
        let origin = self.origins.remove(&caller);
        let response = dressed(answer(event), origin.as_deref());
        turn.respond(super::conn(caller), &response);
    }
}

/// Reads what a request asks; what asks nothing of the chat has its response at once.
fn read(request: &Request, network: IpAddr, limits: &Limits) -> Result<Ask, Box<Response>> {
    let room = match request.path.as_str() {
        "/api/stats" => return stats(request),
        "/api/rooms" => None,
        path => Some(
            path.strip_prefix("/api/rooms/")
                .and_then(|rest| rest.strip_suffix("/messages"))
                .filter(|room| !room.is_empty() && !room.contains('/'))
                .ok_or_else(|| Response::text(Status(404), "there is nothing here"))?,
        ),
    };
    let asked = match (room, request.method) {
        (None, Method::Get | Method::Head) => Ok(Ask::Rooms),
        (None, method) => return Err(Box::new(other(method, "GET, HEAD, OPTIONS"))),
        (Some(room), Method::Get | Method::Head) => history(room, &request.query),
        (Some(room), Method::Post) => {
            if !request.header("content-type").is_none_or(is_json) {
                let refusal = Refusal::new(Code::BadJson, "the body is to be application/json");
                return Err(Box::new(Response { status: Status(415), ..refuse(refusal) }));
            }
            post(room, request, network, limits)
        }
        (Some(_), method) => return Err(Box::new(other(method, "GET, HEAD, POST, OPTIONS"))),
    };
    asked.map_err(|refusal| Box::new(refuse(refusal)))
}

/// Reads `/api/stats?minutes=120`.
fn stats(request: &Request) -> Result<Ask, Box<Response>> {
    if !matches!(request.method, Method::Get | Method::Head) {
        return Err(Box::new(other(request.method, "GET, HEAD, OPTIONS")));
    }
    let mut query = form_urlencoded::parse(request.query.as_bytes());
    let minutes = query.find(|(key, value)| key == "minutes" && !value.is_empty());
    let minutes = minutes.map(|(_, value)| value.parse().map(clamped)).transpose();
    let minutes = minutes.map_err(|_| {
        Box::new(refuse(Refusal::new(Code::BadField, "minutes: a whole number is expected")))
    })?;
    Ok(Ask::Stats { minutes })
}

fn clamped(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Answers a method that asks nothing of the chat.
fn other(method: Method, allowed: &'static str) -> Response {
    if method != Method::Options {
        let line = format!("only {allowed}");
        return Response::text(Status(405), &line).with_header("Allow", allowed);
    }
    Response::new(Status(204))
        .with_header("Allow", allowed)
        .with_header("Access-Control-Allow-Methods", allowed)
        .with_header("Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key")
        .with_header("Access-Control-Max-Age", "600")
}

fn history(room: &str, query: &str) -> Result<Ask, Refusal> {
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
                let message = "one of before, after and around is expected";
                return Err(Refusal::new(Code::BadField, message));
            }
            None => limit = Some(clamped(number)),
        }
    }
    Ok(Ask::History { room: decoded(room)?, span: span.unwrap_or(Span::Latest), limit })
}

fn post(room: &str, request: &Request, network: IpAddr, limits: &Limits) -> Result<Ask, Refusal> {
    let room = decoded(room)?;
    let session = request.header("authorization").map(bearer).transpose()?;
    let mut ids = request.headers("idempotency-key");
    let id: Option<Arc<str>> = ids.next().map(Arc::from);
    let fits = |id: &Arc<str>| (1..=limits.id_bytes_max).contains(&id.len());
    if ids.next().is_some() || !id.as_ref().is_none_or(fits) {
        let message = format!("Idempotency-Key: one of 1 to {} bytes", limits.id_bytes_max);
        return Err(Refusal::new(Code::BadField, message));
    }
    let body = std::str::from_utf8(&request.body)
        .map_err(|_| Refusal::new(Code::BadJson, "the body is no UTF-8"))?;
    let body = Body::parse(body, limits)?;
    Ok(Ask::Post(Box::new(Post { room, session, network, id, body })))
}

/// Takes the key out of `Bearer KEY` (RFC 6750 §2.1).
fn bearer(value: &str) -> Result<Box<str>, Refusal> {
    let key = value.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let key = key.map(|(_, key)| key.trim()).filter(|key| !key.is_empty());
    let refusal = || Refusal::new(Code::Unauthorized, "Authorization: Bearer KEY is expected");
    key.map(Box::from).ok_or_else(refusal)
}

/// Says whether a Content-Type is JSON.
fn is_json(value: &str) -> bool {
    let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// Decodes a segment of a path (RFC 3986 §2.1), where a plus is a plus.
fn decoded(segment: &str) -> Result<Box<str>, Refusal> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.bytes();
    let digit = |rest: &mut Bytes<'_>| {
        rest.next().and_then(|byte| char::from(byte).to_digit(16)).map(|digit| digit as u8)
    };
    let fault = || Refusal::new(Code::BadField, "room: broken percent-encoding");
    while let Some(byte) = rest.next() {
        let plain = match byte {
            b'%' => {
                let high = digit(&mut rest).ok_or_else(fault)?;
                high << 4 | digit(&mut rest).ok_or_else(fault)?
            }
            byte => byte,
        };
        bytes.push(plain);
    }
    String::from_utf8(bytes).map(Into::into).map_err(|_| fault())
}

/// Makes the response of what the chat answers.
fn answer(event: &ServerEvent) -> Response {
    let (status, waits) = match event {
        ServerEvent::Ack { .. } => (Status(201), None),
        ServerEvent::Error(refusal) => (status_of(refusal.code), wait_of(refusal)),
        _ => (Status(200), None),
    };
    let mut body = Vec::new();
    event.render_payload(&mut body);
    let mut response = Response::new(status).with_header("Content-Type", "application/json");
    response.body = Cow::Owned(body);
    if let Some(seconds) = waits {
        response = response.with_header("Retry-After", seconds.to_string());
    }
    if status == Status(401) {
        response = response.with_header("WWW-Authenticate", "Bearer realm=\"chinwag\"");
    }
    response
}

fn refuse(refusal: Refusal) -> Response {
    answer(&ServerEvent::Error(Box::new(refusal)))
}

/// Gives the seconds after which the same may be asked again.
fn wait_of(refusal: &Refusal) -> Option<u64> {
    let seconds = refusal.retry_after_ms.unwrap_or_default().div_ceil(1000).max(1);
    refusal.code.retryable().then_some(seconds)
}

fn status_of(code: Code) -> Status {
    Status(match code {
        Code::Unauthorized => 401,
        Code::Forbidden => 403,
        Code::NoSuchRoom => 404,
        Code::IdConflict | Code::NameTaken => 409,
        Code::TooLong => 413,
        Code::RateLimited => 429,
        Code::Overloaded | Code::StorageUnavailable => 503,
        _ => 400,
    })
}

/// Adds what every answer below `/api/` says; a page of this origin may read it.
fn dressed(response: Response, origin: Option<&str>) -> Response {
    let response = response.with_header("Cache-Control", "no-store");
    match origin {
        Some(origin) => response
            .with_header("Access-Control-Allow-Origin", origin.to_owned())
            .with_header("Access-Control-Expose-Headers", "Retry-After")
            .with_header("Vary", "Origin"),
        None => response,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Parser;

    /// Reads a request and gives what it asks, or the status it is answered with at once.
    fn asks(line: &str, headers: &str, body: &str) -> Result<Ask, u16> {
        let length = body.len();
        let length = if body.is_empty() { "" } else { &format!("Content-Length: {length}\r\n") };
        let text = format!("{line} HTTP/1.1\r\nHost: x\r\n{headers}{length}\r\n{body}");
        let request = Parser::default().feed(&Default::default(), &mut text.as_bytes());
        let network = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let request = request.unwrap().unwrap();
        read(&request, network, &Limits::default()).map_err(|response| response.status.0)
    }

    fn posts(room: &str, headers: &str, body: &str) -> Result<Box<Post>, u16> {
        match asks(&format!("POST /api/rooms/{room}/messages"), headers, body)? {
            Ask::Post(post) => Ok(post),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_query_names_a_part_of_the_record() {
        let history = |room: &str, span, limit| Ok(Ask::History { room: room.into(), span, limit });
        for (target, asked) in [
            ("/api/rooms", Ok(Ask::Rooms)),
            ("/api/rooms?x=1", Ok(Ask::Rooms)),
            ("/api/stats", Ok(Ask::Stats { minutes: None })),
            ("/api/stats?x=1&minutes=&minutes=120", Ok(Ask::Stats { minutes: Some(120) })),
            ("/api/stats?minutes=9999999999", Ok(Ask::Stats { minutes: Some(u32::MAX) })),
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
            ("/api/rooms/a", Err(404)),
            ("/api/", Err(404)),
        ] {
            assert_eq!(asks(&format!("GET {target}"), "", ""), asked, "{target}");
        }
    }

    #[test]
    fn a_body_says_what_is_posted_and_headers_who_and_which() {
        let post = posts(
            "caf%C3%A9",
            "Authorization: bearer  x-_1 \r\nIdempotency-Key: k1\r\n\
             Content-Type: application/json; charset=utf-8\r\n",
            r#" {"content":"hi","reply_to":4,"ttl":60,"name":"Bot","new":[]}"#,
        );
        let post = post.unwrap();
        assert_eq!((&*post.room, post.session.as_deref()), ("café", Some("x-_1")));
        assert_eq!(post.id.as_deref(), Some("k1"));
        let Body { content, reply_to, ttl, name } = post.body;
        assert_eq!((&*content, reply_to, ttl), ("hi", Some(4), Some(60)));
        assert_eq!(name.as_deref(), Some("Bot"));
    }

    #[test]
    fn what_cannot_be_read_is_answered_at_once() {
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
            ("Authorization: Basic eDp5\r\n", hi, 401),
            ("Authorization: Bearer\r\n", hi, 401),
        ] {
            assert_eq!(posts("a", headers, body).err(), Some(status), "{headers}{body}");
        }
        assert!(posts("a", "Content-Type: application/problem+json\r\n", hi).is_ok());
    }

    #[test]
    fn other_methods_learn_which_there_are() {
        for (line, status) in [
            ("OPTIONS /api/rooms", 204),
            ("OPTIONS /api/stats", 204),
            ("POST /api/stats", 405),
            ("HEAD /api/stats", 200),
            ("OPTIONS /api/rooms/a/messages", 204),
            ("DELETE /api/rooms/a/messages", 405),
            ("POST /api/rooms", 405),
            ("HEAD /api/rooms", 200),
        ] {
            assert_eq!(asks(line, "", "").map_or_else(|status| status, |_| 200), status, "{line}");
        }
    }
}
