//! Requests to a server at work, by whoever may read its key: it is asked over HTTP at an address that
//! it left in its directory, with a token made with that key.

use std::{path::Path, time::Duration};

use serde_json::Value;

use super::{
    Failure,
    ask::{Answer, Bounds, ask},
};
use crate::{
    auth::{SigningKey, Tokens},
    clock::Clock,
    config::Config,
    server::{address::AddressFile, random},
};

/// A request.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: &'static str,
    pub(super) path: String,
    /// JSON, empty for none.
    pub(super) body: String,
}

/// Sends a request. Returns the body of the answer, or why the server refuses.
pub(super) fn send(config: &Config, dir: &Path, request: &Request) -> Result<String, Failure> {
    let addresses = AddressFile::read(dir)
        .map_err(|error| failure(dir, &format!("cannot be looked into: {error}")))?;
    if addresses.is_empty() {
        return Err(failure(dir, "is in use, but by no server that is ready; try again"));
    }
    let key = SigningKey::open(dir, random()).map_err(|error| Failure::Run(error.to_string()))?;
    let now_unix_s = Clock::start().now().unix_ms / 1000;
    let token = Tokens::new(&config.accounts, &key, None).issue_operator_token(now_unix_s);
    let mut faults = Vec::new();
    for address in addresses {
        match ask(&address, &written(request, &address.host(), token.as_str()), BOUNDS) {
            Ok(answer) => return read(answer).map_err(Failure::Run),
            Err(error) => faults.push(format!("{}: {error}", address.place())),
        }
    }
    Err(failure(dir, &format!("has a server that cannot be reached: {}", faults.join(", "))))
}

/// Returns the error for an answer that cannot be read.
pub(super) fn not_understood() -> Failure {
    Failure::Run("the server answers in a way that is not understood".to_owned())
}

/// Encodes all that could mean something in a path (RFC 3986 §2.1).
pub(super) fn encoded(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let write = |byte| {
        if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    name.bytes().map(write).collect()
}

fn failure(dir: &Path, why: &str) -> Failure {
    Failure::Run(format!("{} {why}", dir.display()))
}

/// Writes a request (RFC 9112 §3).
fn written(request: &Request, host: &str, token: &str) -> String {
    let Request { method, path, body } = request;
    let length = match body.len() {
        0 => String::new(),
        length => format!("Content-Type: application/json\r\nContent-Length: {length}\r\n"),
    };
    format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
         Authorization: Bearer {token}\r\n{length}\r\n{body}"
    )
}

/// Long enough for a queue of passwords, and for a list of all accounts.
const BOUNDS: Bounds = Bounds { within: Duration::from_secs(30), bytes_max: 256 * 1024 * 1024 };

/// Returns the body of an answer, or why there is none.
fn read(Answer { status, body }: Answer) -> Result<String, String> {
    if (200..300).contains(&status) {
        return Ok(body);
    }
    let body: Value = serde_json::from_str(&body).unwrap_or_default();
    let why = body["message"].as_str().map(str::to_owned);
    Err(why.unwrap_or_else(|| format!("the server answers {status}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_in_a_path_whatever_it_is() {
        assert_eq!(encoded("Bob-2"), "Bob-2");
        assert_eq!(encoded("a/b? é\r\n"), "a%2Fb%3F%20%C3%A9%0D%0A");
    }

    #[test]
    fn an_answer_is_a_body_or_a_reason() {
        let read = |status, body: &str| read(Answer { status, body: body.to_owned() });
        assert_eq!(read(201, "{}"), Ok("{}".to_owned()));
        let refused = "{\"code\":\"name_taken\",\"message\":\"no\"}";
        assert_eq!(read(409, refused), Err("no".to_owned()));
        assert_eq!(read(404, "nothing"), Err("the server answers 404".to_owned()));
    }
}
