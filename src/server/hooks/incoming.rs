//! What other programs post by a hook, in the forms that they know.
//!
//! - our JSON, `{"content","username"}`;
//! - what Slack reads, as many programs send it: `{"text","username","attachments"}`, also as the
//!   field `payload` of a form;
//! - anything else is the text itself.

use std::borrow::Cow;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::chat::record::AuthorKey;
use crate::chat::{Code, HookPost, Input, Refusal, Request as Asked};
use crate::http::{Request, Response, Status};
use crate::net::{ConnId, Turn};
use crate::server::exchange::{
    EarlyResponse, check_encoding, check_method, idempotency_key, network,
};
use crate::server::{Server, client};
use crate::ws::Answer;

/// The path of hooks, before the token.
const HOOKS: &str = "/hooks/";
/// Bytes of a token; ours have 43.
const TOKEN_BYTES_MAX: usize = 64;

/// The body of a post in JSON.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(in crate::server) struct Incoming {
    /// The text.
    content: Option<String>,
    /// The text, as Slack calls it.
    text: Option<String>,
    /// The name to show beside the hook's.
    username: Option<String>,
    /// Further texts, as Slack calls them.
    attachments: Option<Vec<Attachment>>,
}

/// A further text of a post.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct Attachment {
    title: Option<String>,
    text: Option<String>,
    /// What stands for it where it cannot be shown.
    fallback: Option<String>,
}

impl Server {
    /// Answers a request to a hook if its path is that of one.
    pub(in crate::server) fn hook(
        &mut self,
        turn: &mut Turn<'_>,
        conn: ConnId,
        request: &Request,
    ) -> Option<Answer> {
        let token = request.path.strip_prefix(HOOKS)?;
        Some(match self.begin_hook_post(turn, conn, request, token) {
            Ok(post) => {
                self.exchanges.begin_hook(conn);
                let (caller, network) = (client(conn), network(turn, conn));
                let request = Asked::HookPost(Box::new(post));
                self.handle(turn, Input::Asked { caller, network, request });
                Answer::Later
            }
            Err(early) => {
                early.code.into_iter().for_each(|code| self.counters.errors.add(code));
                Answer::Respond(early.into_response().with_header("Cache-Control", "no-store"))
            }
        })
    }

    /// Reads a post. Whoever guesses a token pays for it as for a wrong password.
    fn begin_hook_post(
        &mut self,
        turn: &Turn<'_>,
        conn: ConnId,
        request: &Request,
        token: &str,
    ) -> Result<HookPost, EarlyResponse> {
        check_method(request)?;
        let now = turn.now();
        self.check_banned(now, turn.address(conn), None)?;
        let known = Some(token).filter(|token| token.len() <= TOKEN_BYTES_MAX);
        let Some(hook) = known.and_then(|token| self.chat.hook_of_token(token)) else {
            self.charge_guess(now, network(turn, conn))?;
            return Err(EarlyResponse::not_found());
        };
        self.chat.charge_hook(now, hook)?;
        check_encoding(request)?;
        let id = idempotency_key(request, self.chat.limits())?;
        Ok(read(hook, id, request)?)
    }
}

/// Reads the body of a post.
fn read(hook: AuthorKey, id: Option<Arc<str>>, request: &Request) -> Result<HookPost, Refusal> {
    let body = std::str::from_utf8(&request.body)
        .map_err(|_| Refusal::new(Code::BadJson, "the body is not valid UTF-8"))?;
    let in_form = is_form(request).then(|| in_form(body)).flatten();
    let body = in_form.as_deref().unwrap_or(body);
    if !body.trim_start().starts_with('{') {
        let content = body.strip_suffix('\n').unwrap_or(body);
        let content = content.strip_suffix('\r').unwrap_or(content).into();
        return Ok(HookPost { hook, id, content, username: None });
    }
    let body: Incoming = serde_json::from_str(body).map_err(|error| {
        if error.is_data() {
            Refusal::new(Code::BadField, "a field has the wrong type")
        } else {
            Refusal::new(Code::BadJson, "the body is neither text nor a JSON object")
        }
    })?;
    let content = body
        .content()
        .ok_or_else(|| Refusal::new(Code::MissingField, "content or text is missing"))?;
    let username = body.username.filter(|name| !name.trim().is_empty()).map(Into::into);
    Ok(HookPost { hook, id, content, username })
}

impl Incoming {
    /// Returns the whole text.
    fn content(&self) -> Option<Arc<str>> {
        if let Some(content) = &self.content {
            return Some(content.as_str().into());
        }
        let attached = self.attachments.iter().flatten().flat_map(|it| {
            let shown = [it.title.as_deref(), it.text.as_deref()];
            let is_shown = shown.iter().flatten().any(|text| !text.is_empty());
            if is_shown { shown } else { [it.fallback.as_deref(), None] }
        });
        let texts = [self.text.as_deref()].into_iter().chain(attached).flatten();
        let texts: Vec<&str> = texts.filter(|text| !text.is_empty()).collect();
        (!texts.is_empty()).then(|| texts.join("\n").into())
    }
}

/// Whether the body says that it is a form. (`curl --data` says so of any text.)
fn is_form(request: &Request) -> bool {
    let essence = request.header("content-type").and_then(|it| it.split(';').next());
    essence.is_some_and(|it| it.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"))
}

/// Returns the JSON in a form that Slack reads.
fn in_form(body: &str) -> Option<String> {
    let first =
        body.starts_with("payload=").then(|| form_urlencoded::parse(body.as_bytes()).next());
    first.flatten().map(|(_, payload)| payload.into_owned())
}

/// Returns the answer to a post that is recorded: what Slack says, to the byte, for which some
/// programs look.
pub(in crate::server) fn posted() -> Response {
    Response { body: Cow::Borrowed(b"ok"), ..Response::text(Status(200), "") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Parser;

    fn posts(kind: &str, body: &str) -> Result<(String, Option<String>), Code> {
        let length = body.len();
        let text = format!(
            "POST /hooks/x HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        );
        let request = Parser::default().feed(&Default::default(), &mut text.as_bytes());
        let post = read(AuthorKey([0; 16]), None, &request.unwrap().unwrap());
        let post = post.map_err(|refusal| refusal.code)?;
        Ok((post.content.to_string(), post.username.map(Into::into)))
    }

    #[test]
    fn a_post_has_the_form_of_its_program() {
        let json = "application/json";
        let form = "application/x-www-form-urlencoded";
        let some = |text: &str, name: &str| {
            Ok((text.to_owned(), Some(name.to_owned()).filter(|it| !it.is_empty())))
        };
        for (kind, body, post) in [
            ("text/plain", "disk full\r\n", some("disk full", "")),
            (form, "a=b&c", some("a=b&c", "")),
            (json, "[1]", some("[1]", "")),
            (json, r#" {"content":"hi"}"#, some("hi", "")),
            ("text/plain", r#"{"content":"hi","new":[]}"#, some("hi", "")),
            (json, r#"{"text":"up","username":"Bot","channel":"x"}"#, some("up", "Bot")),
            (json, r#"{"text":"up","username":" "}"#, some("up", "")),
            (json, r#"{"text":"up","username":null,"attachments":null}"#, some("up", "")),
            (
                json,
                r#"{"attachments":[{"title":"Down","text":"db","fallback":"f"},{"fallback":"g"}]}"#,
                some("Down\ndb\ng", ""),
            ),
            (form, "payload=%7B%22text%22%3A%22a+b%22%7D", some("a b", "")),
            (form, "payload=plain", some("plain", "")),
            (json, r#"{"username":"Bot"}"#, Err(Code::MissingField)),
            (json, r#"{"text":7}"#, Err(Code::BadField)),
            (json, r#"{"text":"a""#, Err(Code::BadJson)),
            ("text/plain", "", some("", "")),
        ] {
            assert_eq!(posts(kind, body), post, "{body}");
        }
    }
}
