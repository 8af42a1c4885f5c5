//! The cost of one request: for each route, parameter, header and field, the dearest input against
//! an ordinary one of its size, by the processor time of the server's own thread.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::time::Duration;

use crate::client::Server;
use crate::hooks::{incoming, owner};

/// How many times as long the dearest input may take.
const RATIO_MAX: u32 = 15;
/// Further attempts after one with a bad outcome.
const ATTEMPTS_MAX: u32 = 10;
/// Requests of each kind.
const TIMES: u32 = 4;

/// Request lines with a text of any length.
const LINES: [&str; 46] = [
    "GET /TEXT",
    "GET /?TEXT",
    "GET /v/TEXT",
    "GET /sw.js?TEXT",
    "GET /ws?TEXT",
    "GET /ws/TEXT/TEXT",
    "GET /healthz?TEXT",
    "GET /readyz?TEXT",
    "GET /metrics?TEXT",
    "GET /api/TEXT",
    "GET /api/client?TEXT",
    "GET /api/rooms?TEXT",
    "GET /api/stats?TEXT",
    "GET /api/stats?minutes=TEXT",
    "GET /api/rooms/TEXT/messages",
    "GET /api/rooms/lobby/messages?TEXT",
    "GET /api/rooms/lobby/messages?before=TEXT",
    "GET /api/rooms/lobby/messages?after=TEXT",
    "GET /api/rooms/lobby/messages?around=TEXT",
    "GET /api/rooms/lobby/messages?limit=TEXT",
    "POST /api/rooms/TEXT/messages",
    "DELETE /api/rooms/TEXT",
    "GET /api/rooms/TEXT/hooks",
    "DELETE /api/rooms/TEXT/hooks/TEXT",
    "POST /hooks/TEXT",
    "GET /asyncapi.json?TEXT",
    "GET /openapi.json?TEXT",
    "GET /api/admin/TEXT",
    "GET /api/admin/connections?from=TEXT",
    "GET /api/admin/health?TEXT",
    "DELETE /api/admin/connections/TEXT",
    "DELETE /api/admin/users/TEXT",
    "GET /api/admin/rooms?from=TEXT",
    "GET /api/admin/bans?from=TEXT",
    "DELETE /api/admin/bans/TEXT",
    "POST /api/admin/log-level?TEXT",
    "POST /api/admin/drain?TEXT",
    "POST /api/users/TEXT/password",
    "DELETE /api/users/TEXT",
    "GET /api/account/logins?TEXT",
    "DELETE /api/account/logins/TEXT",
    "POST /api/rooms/TEXT/files",
    "POST /api/rooms/lobby/files?name=TEXT",
    "GET /files/TEXT/TEXT",
    "GET /files/00000000000000000000000000000000/TEXT",
    "TEXT /",
];

/// Headers with a text of any length.
const HEADERS: [&str; 25] = [
    "Authorization: TEXT",
    "Authorization: Bearer TEXT",
    "Cookie: TEXT",
    "Cookie: chinwag=TEXT",
    "Origin: TEXT",
    "Origin: http://TEXT",
    "Accept: TEXT",
    "Accept-Encoding: TEXT",
    "Connection: TEXT",
    "Content-Encoding: TEXT",
    "Content-Type: TEXT",
    "Content-Type: application/json; TEXT",
    "Idempotency-Key: TEXT",
    "If-None-Match: TEXT",
    "If-Range: TEXT",
    "Range: TEXT",
    "Sec-WebSocket-Extensions: TEXT",
    "Sec-WebSocket-Extensions: permessage-deflate; TEXT",
    "Sec-WebSocket-Key: TEXT",
    "Sec-WebSocket-Protocol: TEXT",
    "Sec-WebSocket-Version: TEXT",
    "Upgrade: TEXT",
    "User-Agent: TEXT",
    "X-Forwarded-For: TEXT",
    "X-Forwarded-Proto: TEXT",
];

/// Bodies with a text of any length. TOKEN is that of a hook.
const BODIES: [(&str, &str); 24] = [
    ("/api/login", "TEXT"),
    ("/api/login", r#"{"name":"TEXT","password":"correct horse"}"#),
    ("/api/login", r#"{"name":"Alice","password":"TEXT"}"#),
    ("/api/login", r#"{"name":"Alice","password":"correct horse","TEXT":0}"#),
    ("/api/register", r#"{"name":"TEXT","password":"correct horse"}"#),
    ("/api/register", r#"{"name":"Alice","password":"TEXT"}"#),
    ("/api/logout", "TEXT"),
    ("/api/account/password", r#"{"old_password":"TEXT","password":"correct horse"}"#),
    ("/api/account/password", r#"{"old_password":"correct horse","password":"TEXT"}"#),
    ("/api/users", r#"{"name":"TEXT","password":"TEXT"}"#),
    ("/api/admin/bans", r#"{"who":"account:TEXT","reason":"TEXT"}"#),
    ("/api/admin/notice", r#"{"message":"TEXT"}"#),
    ("/api/rooms/lobby/messages", "TEXT"),
    ("/api/rooms/lobby/messages", r#"{"content":"TEXT"}"#),
    ("/api/rooms/lobby/messages", r#"{"content":"x","name":"TEXT"}"#),
    ("/api/rooms/lobby/messages", r#"{"content":"x","reply_to":"TEXT"}"#),
    ("/api/rooms/lobby/messages", r#"{"content":"x","ttl":"TEXT"}"#),
    ("/api/rooms/lobby/messages", r#"{"content":"x","TEXT":"TEXT"}"#),
    ("/api/rooms/TEXT/hooks", r#"{"kind":"incoming","name":"TEXT"}"#),
    ("/api/rooms/dev/hooks", r#"{"kind":"outgoing","name":"x","url":"TEXT"}"#),
    ("/hooks/TOKEN", "TEXT"),
    ("/hooks/TOKEN", r#"{"content":"TEXT","TEXT":0}"#),
    ("/hooks/TOKEN", r#"{"text":"x","username":"TEXT"}"#),
    ("/hooks/TOKEN", r#"{"attachments":[{"title":"TEXT","fallback":"TEXT"}]}"#),
];

/// What the largest texts are made of: a ligature that compatible folding makes eighteen characters
/// of, and whatever separates.
const IN_LINES: [&str; 6] = ["%EF%B7%BA", "%20", "&", "a=1&", "+", "/"];
const IN_HEADERS: [&str; 9] =
    [",", "a,", ";", "a; ", "\"", "a=\"b\"; ", "gzip;q=0.1,", "permessage-deflate,", "10.0.0.1, "];
const IN_BODIES: [&str; 6] =
    ["\u{FDFA}", "\u{301}", "\u{1F469}", r"\u0041", r"\ud83d\ude00", "[[\\\""];

/// A server, and what its own thread has done.
struct Measured {
    server: Server,
    network: u32,
}

impl Measured {
    fn start() -> Self {
        let arguments = ["--trusted-proxy", "loopback", "--rate-limit", "off"];
        Self { server: Server::start(&arguments), network: 0 }
    }

    /// Returns the processor time that a request takes, sent several times, each from a network of
    /// its own, so that no rate limit refuses it.
    fn cost(&mut self, head: &str, body: &str) -> Duration {
        let begin = self.time();
        for _ in 0..TIMES {
            self.network += 1;
            let [_, a, b, c] = self.network.to_be_bytes();
            let address = if head.contains("X-Forwarded-For") {
                String::new()
            } else {
                format!("X-Forwarded-For: 11.{a}.{b}.{c}\r\n")
            };
            let length = if body.is_empty() && !head.starts_with("POST") {
                String::new()
            } else {
                format!("Content-Length: {}\r\n", body.len())
            };
            let close = if head.contains("Connection: ") { "" } else { "Connection: close\r\n" };
            let host = &self.server.address;
            let (line, headers) = head.split_once("\r\n").unwrap_or((head, ""));
            let answer = self.answer(&format!(
                "{line} HTTP/1.1\r\nHost: {host}\r\n{address}{close}{length}{headers}\r\n{body}"
            ));
            assert!(answer.starts_with("HTTP/1.1 "), "{head:.80}: {answer:.80}");
        }
        self.time().saturating_sub(begin)
    }

    /// Sends a request and returns the head of its answer.
    fn answer(&self, request: &str) -> String {
        let mut stream = self.server.tcp();
        // It may be refused before its end.
        let _ = stream.write_all(request.as_bytes());
        let (mut answer, mut buffer) = (Vec::new(), [0; 4096]);
        while !answer.windows(4).any(|it| it == b"\r\n\r\n") {
            match stream.read(&mut buffer) {
                Ok(bytes) if bytes > 0 => answer.extend_from_slice(&buffer[..bytes]),
                _ => break,
            }
        }
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Returns the processor time of the server's own thread so far.
    fn time(&self) -> Duration {
        let pid = self.server.pid();
        let stat = fs::read_to_string(format!("/proc/{pid}/task/{pid}/schedstat")).unwrap();
        Duration::from_nanos(stat.split(' ').next().unwrap().parse().unwrap())
    }

    /// Compares the cost of a text of so many bytes made of one of these with an ordinary one's.
    fn compare(
        &mut self,
        bytes: usize,
        ordinary: &str,
        dear: &[&str],
        make: impl Fn(&str) -> (String, String),
    ) {
        let mut cost = |unit: &str| {
            let (head, body) = make(&unit.repeat((bytes / unit.len()).max(1)));
            (self.cost(&head, &body), format!("{head:.80} {body:.80}"))
        };
        // Below this the connection is measured, and the reading of each byte.
        let floor = (Duration::from_micros(100) + Duration::from_nanos(20 * bytes as u64)) * TIMES;
        let (mut usual, _) = cost(ordinary);
        for unit in dear {
            let (mut most, name) = cost(unit);
            // A machine may be slow for a while: the least of some attempts counts.
            for _ in 0..ATTEMPTS_MAX {
                if most <= usual.max(floor) * RATIO_MAX {
                    break;
                }
                (usual, most) = (usual.min(cost(ordinary).0), most.min(cost(unit).0));
            }
            assert!(
                most <= usual.max(floor) * RATIO_MAX,
                "{name} of {bytes} bytes: {most:?}, but an ordinary one {usual:?}"
            );
        }
    }
}

#[test]
fn no_path_and_no_query_costs_much_more_than_an_ordinary_one() {
    let mut measured = Measured::start();
    for line in LINES {
        for bytes in [30, 7000] {
            let most = bytes / line.matches("TEXT").count();
            measured.compare(most, "%D0%B6", &IN_LINES, |text| {
                (line.replace("TEXT", text), String::new())
            });
        }
    }
}

#[test]
fn no_header_costs_much_more_than_an_ordinary_one() {
    let mut measured = Measured::start();
    let upgrade = "GET /ws\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==\r\n";
    for header in HEADERS {
        for (head, body) in [
            ("GET /\r\n", ""),
            (upgrade, ""),
            ("POST /api/rooms/lobby/messages\r\n", r#"{"content":"x"}"#),
        ] {
            measured.compare(7000, "x", &IN_HEADERS, |text| {
                (format!("{head}{}\r\n", header.replace("TEXT", text)), body.to_owned())
            });
        }
    }
}

#[test]
fn no_body_costs_much_more_than_an_ordinary_one() {
    let mut measured = Measured::start();
    let (_alice, session) = owner(&measured.server);
    let token = incoming(&measured.server, &session, "alerts");
    for (path, body) in BODIES {
        let path = path.replace("TOKEN", &token);
        for bytes in [30, 1000, 60_000] {
            let most = bytes / body.matches("TEXT").count();
            measured.compare(most, "ж", &IN_BODIES, |text| {
                (format!("POST {}", path.replace("TEXT", "dev")), body.replace("TEXT", text))
            });
        }
    }
}

/// Returns the quoted words that stand behind one of these in the sources of a folder.
fn named(folder: &str, behind: &[&str]) -> BTreeSet<String> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(folder)];
    let mut found = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.ends_with("tests") || path.ends_with("tests.rs") {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let Ok(source) = fs::read_to_string(&path) else { continue };
            let source = source.split("#[cfg(test)]").next().unwrap();
            for prefix in behind {
                let words = source.split(prefix).skip(1);
                found.extend(words.filter_map(|it| it.split_once('"')).map(|it| it.0.to_owned()));
            }
        }
    }
    found
}

#[test]
fn every_route_and_every_header_has_its_row() {
    let mut paths = named("server", &["\"/"]);
    // Not files of the system, places within a document, nor commands.
    paths.retain(|path| {
        !path.starts_with("proc/") && !path.starts_with("components/") && !path.contains(' ')
    });
    assert!(paths.contains("api/rooms") && paths.contains("healthz"), "{paths:?}");
    let rows: Vec<&str> = LINES.into_iter().chain(BODIES.map(|(path, _)| path)).collect();
    for path in paths {
        // A name in a path of the OpenAPI document.
        let names = ["{room}", "{file}", "{name}", "{id}", "{who}", "{hook}", "{token}", "{login}"];
        let path = names.iter().fold(path, |path, name| path.replace(name, "TEXT"));
        assert!(rows.iter().any(|it| it.contains(&format!("/{path}"))), "no row for /{path}");
    }
    for folder in ["server", "ws", "http", "assets", "net"] {
        let mut read = named(folder, &["header(\"", "headers(\"", "tokens(\""]);
        // Those of responses are capitalised.
        read.retain(|header| header.starts_with(|c: char| c.is_ascii_lowercase()));
        for header in read {
            let row = |it: &&str| it.to_ascii_lowercase().starts_with(&format!("{header}: "));
            assert!(HEADERS.iter().any(row), "no row for {header}");
        }
    }
    for parameter in ["before", "after", "around", "limit", "minutes", "name"] {
        assert!(LINES.iter().any(|it| it.contains(&format!("{parameter}="))));
    }
}
