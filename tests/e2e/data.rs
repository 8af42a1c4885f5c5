//! A data directory that outlives its servers, and queries of its record.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::client::{Client, PATIENCE, Server, binary};

/// A directory that is gone when dropped.
pub struct Data {
    outer: PathBuf,
}

impl Data {
    pub fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("chinwag-e2e-{}-{number}", std::process::id());
        let outer = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&outer);
        fs::create_dir(&outer).unwrap();
        Self { outer }
    }

    /// Returns the directory around the record, which the server knows nothing of.
    pub fn outer(&self) -> &Path {
        &self.outer
    }

    /// Returns the directory of the record.
    pub fn dir(&self) -> PathBuf {
        self.outer.join("data")
    }

    pub fn database(&self) -> PathBuf {
        self.dir().join("journal.db")
    }

    pub fn start(&self, arguments: &[&str]) -> Server {
        let dir = self.dir();
        // Clients that lie idle in a test need not be waited for at the end.
        let mut all = vec!["--data", dir.to_str().unwrap(), "--limit", "close_within=200ms"];
        all.extend_from_slice(arguments);
        Server::start(&all)
    }

    /// Runs a server that is to end by itself, for it cannot start.
    pub fn fails_to_start(&self, arguments: &[&str]) -> String {
        let Output { status, stderr, stdout } = Command::new(binary())
            .args(["--listen", "127.0.0.1:0", "--data"])
            .arg(self.dir())
            .args(arguments)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&stderr).into_owned();
        assert!(!status.success(), "it started: {said}");
        assert!(stdout.is_empty(), "it said that it is ready");
        said
    }

    /// Returns every file of the record with its bytes, without what SQLite makes by looking.
    pub fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let paths = fs::read_dir(self.dir()).unwrap().map(|entry| entry.unwrap().path());
        // Those of users are blobs of their own.
        let paths = paths.filter(|path| path.is_file());
        let mut files: Vec<_> = paths.map(|path| (path.clone(), fs::read(path).unwrap())).collect();
        let by_product = |path: &Path, bytes: &[u8]| {
            path.ends_with("journal.db-shm")
                || (path.ends_with("journal.db-wal") && bytes.is_empty())
        };
        files.retain(|(path, bytes)| !by_product(path, bytes));
        files.sort();
        files
    }

    /// Whether any file holds a text.
    pub fn holds(&self, text: &str) -> bool {
        let within = |bytes: &[u8]| bytes.windows(text.len()).any(|part| part == text.as_bytes());
        self.files().iter().any(|(_, bytes)| within(bytes))
    }

    /// Keeps the server from writing until the connection is dropped.
    pub fn hold(&self) -> Connection {
        let db = Connection::open(self.database()).unwrap();
        db.busy_timeout(PATIENCE).unwrap();
        db.execute_batch("BEGIN IMMEDIATE").unwrap();
        db
    }
}

impl Drop for Data {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.outer);
    }
}

/// Waits until something is so.
pub fn until(what: &str, mut is: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is() {
        assert!(start.elapsed() < PATIENCE, "not yet: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Returns a field of the payload as text.
pub fn text<'a>(event: &'a Value, field: &str) -> &'a str {
    event["payload"][field].as_str().unwrap_or_else(|| panic!("no {field}: {event}"))
}

impl Client {
    pub fn session(&self) -> String {
        text(&self.welcome, "session").to_owned()
    }

    pub fn epoch(&self) -> String {
        text(&self.welcome, "epoch").to_owned()
    }

    /// Asks for one page of the current room's history.
    pub fn page(&mut self, span: Value) -> Value {
        self.send(json!({"type": "history", "id": "page", "payload": span}));
        loop {
            let event = self.next();
            if event["re"] == "page" {
                assert_eq!(event["type"], "history", "{event}");
                return event["payload"].clone();
            }
        }
    }

    /// Returns all messages above this `seq`, page by page.
    pub fn messages(&mut self, mut after: u64) -> Vec<Value> {
        let mut messages: Vec<Value> = Vec::new();
        loop {
            let page = self.page(json!({"after": after, "limit": 200}));
            messages.extend(page["messages"].as_array().unwrap().iter().cloned());
            if page["more"] == false {
                return messages;
            }
            after = page["last"].as_u64().unwrap();
        }
    }

    /// Sends many messages at once and waits until the last is acknowledged.
    pub fn talk(&mut self, texts: impl Iterator<Item = String>) {
        let mut last = None;
        for text in texts {
            self.send(json!({"type": "send_message", "id": text, "payload": text}));
            last = Some(text);
        }
        while let Some(id) = &last {
            let event = self.next();
            assert_ne!(event["type"], "error", "{event}");
            if event["re"] == id.as_str() {
                return;
            }
        }
    }
}
