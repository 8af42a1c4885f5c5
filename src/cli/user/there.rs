//! Accounts of a server at work: it is asked over HTTP at an address that it left in its directory,
//! with a token that only somebody who may read its key can make.

use std::{net::SocketAddr, path::Path, time::Duration};

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    super::ask::{Answer, Bounds, ask},
    Failure, Line, Task,
};
use crate::{
    auth::{SigningKey, Tokens},
    clock::Clock,
    config::Config,
    server::{address::AddressFile, random},
};

/// Asks the server to carry out the subcommand.
pub(super) fn run(config: &Config, dir: &Path, task: &Task) -> Result<Vec<Line>, Failure> {
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
        match ask(address, &request(task, address.address, token.as_str()), BOUNDS) {
            Ok(answer) => return read(task, &answer).map_err(Failure::Run),
            Err(error) => faults.push(format!("{}: {error}", address.address)),
        }
    }
    Err(failure(dir, &format!("has a server that cannot be reached: {}", faults.join(", "))))
}

fn failure(dir: &Path, why: &str) -> Failure {
    Failure::Run(format!("{} {why}", dir.display()))
}

/// Writes a request (RFC 9112 §3).
fn request(task: &Task, address: SocketAddr, token: &str) -> String {
    let (method, path, body) = match task {
        Task::Add { name, admin, password } => {
            let body = json!({ "name": name, "admin": admin, "password": **password });
            ("POST", String::new(), body.to_string())
        }
        Task::SetPassword { name, password } => {
            let body = json!({ "password": **password }).to_string();
            ("POST", format!("/{}/password", encoded(name)), body)
        }
        Task::Remove { name } => ("DELETE", format!("/{}", encoded(name)), String::new()),
        Task::List => ("GET", String::new(), String::new()),
    };
    let length = match body.len() {
        0 => String::new(),
        length => format!("Content-Type: application/json\r\nContent-Length: {length}\r\n"),
    };
    format!(
        "{method} /api/users{path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Authorization: Bearer {token}\r\n{length}\r\n{body}"
    )
}

/// Encodes all that could mean something in a path (RFC 3986 §2.1).
fn encoded(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let write = |byte| {
        if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    name.bytes().map(write).collect()
}

/// Long enough for a queue of passwords, and for a list of all accounts.
const BOUNDS: Bounds = Bounds { within: Duration::from_secs(30), bytes_max: 256 * 1024 * 1024 };

/// The server's list of accounts.
#[derive(Deserialize)]
struct Listed {
    accounts: Vec<Line>,
}

/// Takes out of an answer what was asked for, or says why it is not there.
fn read(task: &Task, answer: &Answer) -> Result<Vec<Line>, String> {
    let Answer { status, body } = answer;
    if !(200..300).contains(status) {
        let body: Value = serde_json::from_str(body).unwrap_or_default();
        let why = body["message"].as_str().map(str::to_owned);
        return Err(why.unwrap_or_else(|| format!("the server answers {status}")));
    }
    let lines = match task {
        Task::List => serde_json::from_str(body).map(|Listed { accounts }| accounts),
        _ => serde_json::from_str(body).map(|line| vec![line]),
    };
    lines.map_err(|_| "the server answers in a way that is not understood".to_owned())
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
    fn an_answer_is_an_account_or_a_reason() {
        let read = |task, status, body: &str| {
            let lines = read(task, &Answer { status, body: body.to_owned() })?;
            Ok::<_, String>(lines.into_iter().map(|it| (it.name, it.admin)).collect::<Vec<_>>())
        };
        let gone = &Task::Remove { name: "Bob".into() };
        let bob = r#"{"name":"Bob","admin":false,"password":true}"#;
        assert_eq!(read(gone, 200, bob), Ok(vec![("Bob".into(), false)]));
        let all = format!("{{\"accounts\":[{bob}]}}");
        assert_eq!(read(&Task::List, 200, &all).map(|it| it.len()), Ok(1));
        let refused = "{\"code\":\"name_taken\",\"message\":\"no\"}";
        assert_eq!(read(gone, 409, refused), Err("no".to_owned()));
        assert_eq!(read(gone, 404, "nothing"), Err("the server answers 404".to_owned()));
        assert!(read(gone, 200, "").is_err());
    }
}
