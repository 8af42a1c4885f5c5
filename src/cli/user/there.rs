//! Accounts of a server at work: it is asked over HTTP at an address that it left in its directory,
//! with a token that only somebody who may read its key can make.

use std::{
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::Path,
    time::Duration,
};

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Failure, Line, Task};
use crate::{
    auth::{SigningKey, Tokens},
    clock::Clock,
    config::Config,
    server::{address::AddressFile, random},
};

/// Has the server do what is to be done.
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
        match ask(address, &request(task, address, token.as_str())) {
            Ok(answer) => return read(task, &answer).map_err(Failure::Run),
            Err(error) => faults.push(format!("{address}: {error}")),
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

/// Sends a request and takes in all of the answer. Where this machine passes for a proxy, the server
/// reads nothing of what does not begin with a PROXY header, and closes.
fn ask(address: SocketAddr, request: &str) -> io::Result<Vec<u8>> {
    let answer = exchange(address, "", request)?;
    let answer =
        if answer.is_empty() { exchange(address, "PROXY UNKNOWN\r\n", request)? } else { answer };
    if answer.is_empty() { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(answer) }
}

fn exchange(address: SocketAddr, head: &str, request: &str) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(&[head, request].concat().into_bytes())?;
    let mut answer = Vec::new();
    match stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer) {
        // What was closed before all of it was read comes back as a reset.
        Err(error) if error.kind() != io::ErrorKind::ConnectionReset => Err(error),
        _ => Ok(answer),
    }
}

/// Long enough for a queue of passwords.
const PATIENCE: Duration = Duration::from_secs(30);
const ANSWER_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// What the server lists.
#[derive(Deserialize)]
struct Listed {
    accounts: Vec<Line>,
}

/// Takes out of an answer what was asked for, or says why it is not there.
fn read(task: &Task, answer: &[u8]) -> Result<Vec<Line>, String> {
    let strange = || "the server answers in a way that is not understood".to_owned();
    let text = std::str::from_utf8(answer).map_err(|_| strange())?;
    let (head, body) = text.split_once("\r\n\r\n").ok_or_else(strange)?;
    let status: u16 =
        head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(strange)?;
    if !(200..300).contains(&status) {
        let body: Value = serde_json::from_str(body).unwrap_or_default();
        let why = body["message"].as_str().map(str::to_owned);
        return Err(why.unwrap_or_else(|| format!("the server answers {status}")));
    }
    let lines = match task {
        Task::List => serde_json::from_str(body).map(|Listed { accounts }| accounts),
        _ => serde_json::from_str(body).map(|line| vec![line]),
    };
    lines.map_err(|_| strange())
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
        let read = |task, answer: &str| {
            let lines = read(task, answer.as_bytes())?;
            Ok::<_, String>(lines.into_iter().map(|it| (it.name, it.admin)).collect::<Vec<_>>())
        };
        let gone = &Task::Remove { name: "Bob".into() };
        let bob = r#"{"name":"Bob","admin":false,"password":true}"#;
        let head = "HTTP/1.1 200 OK\r\nA: b\r\n\r\n";
        assert_eq!(read(gone, &format!("{head}{bob}")), Ok(vec![("Bob".into(), false)]));
        let all = format!("{head}{{\"accounts\":[{bob}]}}");
        assert_eq!(read(&Task::List, &all).map(|it| it.len()), Ok(1));
        let refused = "HTTP/1.1 409 Conflict\r\n\r\n{\"code\":\"name_taken\",\"message\":\"no\"}";
        assert_eq!(read(gone, refused), Err("no".to_owned()));
        let bare = "HTTP/1.1 404 Not Found\r\n\r\nnothing";
        assert_eq!(read(gone, bare), Err("the server answers 404".to_owned()));
        for strange in ["", "SSH-2.0", "HTTP/1.1 200 OK\r\n\r\n", "\r\n\r\n"] {
            assert!(read(gone, strange).is_err(), "{strange}");
        }
    }
}
