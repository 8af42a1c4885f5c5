//! `/api/rooms/ROOM/hooks`: reading what a request asks about the hooks of a room.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::chat::record::AuthorKey;
use crate::chat::{Code, Credential, HookAction, HookKind, Refusal, Request as Command};
use crate::http::{Method, Request};
use crate::server::exchange::{EarlyResponse, decode_segment, read_body};
use crate::server::hooks::Hooks;
use crate::server::random;

/// The body of a request that adds a hook.
#[derive(Deserialize, JsonSchema)]
pub(in crate::server) struct NewHook {
    kind: String,
    name: String,
    url: Option<String>,
}

/// Returns the room and what follows `hooks` in a path, if it is one of hooks.
fn parts(path: &str) -> Option<(&str, Option<&str>)> {
    let mut parts = path.strip_prefix("/api/rooms/")?.split('/');
    let (room, hooks, id, rest) = (parts.next()?, parts.next()?, parts.next(), parts.next());
    (!room.is_empty() && hooks == "hooks" && rest.is_none()).then_some((room, id))
}

/// Whether a path is one of hooks.
pub(super) fn are_meant(path: &str) -> bool {
    parts(path).is_some()
}

/// Reads what a request asks of the chat.
pub(super) fn read(
    request: &Request,
    hooks: &Hooks,
    by: Credential,
) -> Result<Command, EarlyResponse> {
    let (room, id) = parts(&request.path).ok_or_else(EarlyResponse::not_found)?;
    let room = decode_segment(room)?;
    let action = match id {
        Some(id) => {
            let none = || Refusal::new(Code::NoSuchUser, "the room has no such hook");
            HookAction::Remove(AuthorKey::from_hex(id).ok_or_else(none)?)
        }
        None if request.method == Method::Post => add(read_body(request)?, hooks)?,
        None => HookAction::List,
    };
    Ok(Command::Hooks { by, room, action })
}

fn add(body: NewHook, hooks: &Hooks) -> Result<HookAction, Refusal> {
    let NewHook { kind, name, url } = body;
    let kind = match kind.as_str() {
        "incoming" => HookKind::Incoming,
        "outgoing" => HookKind::Outgoing,
        _ => {
            let message = "kind: incoming or outgoing is expected";
            return Err(Refusal::new(Code::BadField, message));
        }
    };
    if let Some(url) = &url {
        hooks.check(url).map_err(|why| Refusal::new(Code::BadField, why))?;
    }
    let key = BASE64_URL_SAFE_NO_PAD.encode(random::<32>()).into();
    Ok(HookAction::Add { kind, name: name.into(), url: url.map(Into::into), key })
}
