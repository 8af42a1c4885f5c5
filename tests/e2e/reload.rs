//! The configuration read anew on SIGHUP.

use std::fs;
use std::path::PathBuf;

use serde_json::json;

use crate::client::Server;
use crate::data::{Data, until};

/// A server with a configuration file.
struct Configured {
    server: Server,
    file: PathBuf,
    data: Data,
}

impl Configured {
    fn start(text: &str, arguments: &[&str]) -> Self {
        let data = Data::new();
        let file = data.outer().join("chinwag.toml");
        fs::write(&file, text).unwrap();
        let config = ["--config", file.to_str().unwrap()];
        let server = data.start(&[&config[..], arguments].concat());
        // The last line of the start may be read later than it listens.
        server.logs("listening");
        Self { server, file, data }
    }

    /// Has the server read another file; returns what it logs until it has said this.
    fn reload(&self, text: &str, last: &str) -> String {
        fs::write(&self.file, text).unwrap();
        let seen = self.server.log().len();
        self.server.signal("-HUP");
        let mut log = String::new();
        until(last, || {
            log = self.server.log()[seen..].to_owned();
            log.contains(last)
        });
        log
    }
}

#[test]
fn settings_change_while_clients_stay() {
    let it = Configured::start("content_chars_max = 10", &[]);
    let mut alice = it.server.join("name=Alice");
    assert_eq!(alice.post("c1", "short")["seq"], 1);
    alice.send(json!({"type": "send_message", "id": "c2", "payload": "longer than ten"}));
    assert_eq!(alice.until("error")["payload"]["code"], "too_long");
    let log = it.reload(
        "log_level = \"debug\"\ncontent_chars_max = 20\nconnections_max = 1\nping_after = \"300ms\"",
        "configuration reloaded",
    );
    for line in [
        "setting=content_chars_max old=10 new=20",
        "setting=log_level old=info new=debug",
        "setting=connections_max old=off new=1",
        "setting=ping_after old=9s new=300ms",
        "changes=4",
    ] {
        assert!(log.contains(line), "no {line:?} in {log}");
    }
    assert_eq!(alice.post("c3", "longer than ten")["seq"], 2);
    it.server.logs("bytes=15");
    assert!(it.server.get("/readyz").starts_with("HTTP/1.1 503 "), "there is room for one");
}

#[test]
fn origins_rates_and_accounts_change() {
    let it = Configured::start("", &[]);
    let with_origin = |server: &Server| {
        let host = &server.address;
        server.exchange(
            format!(
                "GET /api/rooms HTTP/1.1\r\nHost: {host}\r\nOrigin: https://elsewhere.example\r\n\
                 Connection: close\r\n\r\n"
            )
            .as_bytes(),
        )
    };
    assert!(with_origin(&it.server).starts_with("HTTP/1.1 403 "));
    it.reload("allow_origin = [\"https://elsewhere.example\"]", "configuration reloaded");
    assert!(with_origin(&it.server).starts_with("HTTP/1.1 200 "));
    it.reload("auth = \"required\"", "configuration reloaded");
    assert!(with_origin(&it.server).starts_with("HTTP/1.1 403 "));
    assert!(it.server.get("/api/rooms").starts_with("HTTP/1.1 401 "));
}

#[test]
fn the_documents_describe_the_limits_that_hold() {
    let it = Configured::start("content_chars_max = 77", &[]);
    let describes = |path: &str, max: &str| {
        let document = it.server.get(path);
        assert!(document.starts_with("HTTP/1.1 200 "), "{document}");
        document.contains(&format!("\"maxLength\":{max},"))
    };
    for (text, max, other) in [("", "77", "88"), ("content_chars_max = 88", "88", "77")] {
        if !text.is_empty() {
            it.reload(text, "configuration reloaded");
        }
        for path in ["/asyncapi.json", "/openapi.json"] {
            assert!(describes(path, max) && !describes(path, other), "{path} {max}");
        }
    }
}

#[test]
fn a_bad_file_changes_nothing_and_is_named() {
    let it = Configured::start("content_chars_max = 10", &[]);
    let log = it.reload("content_chars_max = 20\necho = 7\nfoo = 1", "unknown setting");
    let name = it.file.to_str().unwrap();
    assert!(log.contains(&format!("not reloaded: {name}:2: echo = 7")), "{log}");
    assert!(log.contains(&format!("not reloaded: {name}:3: foo")), "{log}");
    let mut alice = it.server.join("name=Alice");
    alice.send(json!({"type": "send_message", "id": "c2", "payload": "longer than ten"}));
    assert_eq!(alice.until("error")["payload"]["code"], "too_long");
    // A key that cannot be read is no reason to forget the rest.
    it.reload("content_chars_max = 20\njwks = \"nowhere\"", "not reloaded");
    alice.send(json!({"type": "send_message", "id": "c3", "payload": "longer than ten"}));
    assert_eq!(alice.until("error")["payload"]["code"], "too_long");
    it.reload("content_chars_max = 20", "configuration reloaded");
    assert_eq!(alice.post("c4", "longer than ten")["seq"], 1);
}

#[test]
fn what_needs_a_restart_is_named_each_time_and_flags_win() {
    let it = Configured::start("", &["--history-default", "3"]);
    let text = "durability = \"write\"\nhistory_default = 7\nlisten = \"127.0.0.1:1\"";
    for _ in 0..2 {
        let log = it.reload(text, "configuration reloaded");
        assert!(log.contains("needs a restart"), "{log}");
        assert!(log.contains("setting=durability old=fsync new=write"), "{log}");
        assert!(
            !log.contains("setting=listen") && !log.contains("setting=history"),
            "flags win: {log}"
        );
    }
    assert_eq!(it.server.join("name=Alice").post("c1", "hi")["payload"]["durable"], "fsync");
}

#[test]
fn less_is_kept_after_a_reload() {
    let it = Configured::start("rate_limit = \"off\"", &[]);
    let mut alice = it.server.join("name=Alice");
    for n in 0..30 {
        alice.post(&format!("c{n}"), "x");
    }
    it.reload("rate_limit = \"off\"\nkeep_messages = 5", "configuration reloaded");
    until("only five are left", || {
        let page = it.server.get("/api/rooms/lobby/messages?limit=50");
        page.matches("\"mid\":").count() == 5
    });
    assert!(it.data.database().exists());
}

#[test]
fn a_reload_while_the_server_ends_is_refused() {
    let mut it = Configured::start("", &["--drain", "1h", "--limit", "close_within=10m"]);
    let _silent = it.server.join("name=Silent");
    it.server.signal("-TERM");
    it.server.logs("draining");
    it.reload("echo = true", "not reloaded: the server is shutting down");
    it.server.stop();
}
