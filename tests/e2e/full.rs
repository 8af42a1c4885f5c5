//! A disk that fills up while the server runs.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::thread;

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::client::{Client, Server};
use crate::data::{Data, text, until};
use crate::files;

#[test]
fn a_full_disk_is_reported_and_recovers_with_space() {
    let data = Data::new();
    let Some(_mounted) = Mounted::new(data.outer()) else { return };
    let mut server = data.start(ARGUMENTS);
    let ballast = data.outer().join("ballast");
    let story = Story::begin(&server);
    let mut file = File::create(&ballast).unwrap();
    while file.write_all(&[0; 4096]).is_ok() {}
    let story = story.fails(&server);
    fs::remove_file(&ballast).unwrap();
    drop(file);
    let story = story.heals(&server);
    server.kill();
    story.holds(&data.start(ARGUMENTS));
}

#[test]
fn a_database_at_its_size_limit_is_reported_and_recovers_with_space() {
    let data = Data::new();
    data.start(&[]).stop();
    let ballast = Connection::open(data.database()).unwrap();
    let fill = "CREATE TABLE ballast (bytes BLOB); INSERT INTO ballast VALUES (zeroblob(1000000))";
    ballast.execute_batch(fill).unwrap();
    let arguments = [ARGUMENTS, &["--database-bytes-max", "1300000"]].concat();
    let mut server = data.start(&arguments);
    let story = Story::begin(&server).fails(&server);
    ballast.execute_batch("DROP TABLE ballast").unwrap();
    drop(ballast);
    let story = story.heals(&server);
    server.stop();
    story.holds(&data.start(&arguments));
}

#[test]
fn unwritable_files_are_reported_and_recover() {
    let data = Data::new();
    let mut server = data.start(ARGUMENTS);
    let story = Story::begin(&server);
    let dir = data.dir();
    let Some(frozen) = Frozen::new(&dir) else { return };
    let story = story.fails(&server);
    drop(frozen);
    let story = story.heals(&server);
    server.kill();
    story.holds(&data.start(ARGUMENTS));
}

#[test]
fn an_unwritable_directory_is_reported_at_start() {
    let data = Data::new();
    let Some(mounted) = Mounted::new(data.outer()) else { return };
    data.start(&[]).stop();
    if !mounted.remount("ro") {
        eprintln!("skipped: a mount cannot be made read-only here");
        return;
    }
    let said = data.fails_to_start(&[]);
    assert!(said.contains(data.dir().to_str().unwrap()), "{said}");
    assert!(said.contains("Read-only"), "{said}");
}

#[test]
fn uploads_on_a_full_disk_are_refused_and_leave_nothing() {
    let data = Data::new();
    let Some(_mounted) = Mounted::new(data.outer()) else { return };
    let server = data.start(&[ARGUMENTS, &["--limit", "disk_free_bytes_min=0"]].concat());
    let mut alice = server.join("name=Alice");
    let session = alice.session();
    let bytes = |seed| files::noise(1_500_000, seed);
    let kept = files::add(&server, "lobby", "kept", &session, &bytes(1));
    assert_eq!(files::send(&mut alice, "kept", "lobby", "", &[&kept])["type"], "ack");
    // Ten at once, of which at most one has room.
    let answers: Vec<_> = thread::scope(|scope| {
        let up = |seed| files::upload(&server, "lobby", "n", &session, &bytes(seed));
        let all: Vec<_> = (2..12).map(|seed| scope.spawn(move || up(seed))).collect();
        all.into_iter().map(|it| it.join().unwrap()).collect()
    });
    let refused = answers
        .iter()
        .filter(|answer| answer.status() == 503 && answer.json()["code"] == "storage_unavailable");
    assert!(refused.count() >= 9, "{:?}", answers.iter().map(|it| it.status()).collect::<Vec<_>>());
    until("there are no half files", || files::blobs(&data).iter().all(|it| it.len() == 64));
    // The space of those that failed is free again.
    until("it is ready", || server.get("/readyz").starts_with("HTTP/1.1 200"));
    assert_eq!(alice.post("after", "after")["type"], "ack");
    assert!(files::get(&server, &kept, "", "").body == bytes(1));
}

#[test]
fn uploads_leave_room_for_messages() {
    let data = Data::new();
    let server = data.start(&["--limit", "disk_free_bytes_min=1000000GiB"]);
    let mut alice = server.join("name=Alice");
    let refused = files::upload(&server, "lobby", "n", &alice.session(), b"abc");
    assert_eq!(refused.status(), 503, "{}", refused.json());
    assert_eq!(refused.json()["message"], "the disk is full");
    assert_eq!(alice.post("m", "hi")["type"], "ack");
    until("there are no files", || files::blobs(&data).is_empty());
}

#[test]
fn a_limit_to_the_size_of_files_refuses_an_upload_and_ends_nothing() {
    let data = Data::new();
    let mut server = data.start(&[]);
    let mut alice = server.join("name=Alice");
    if !server.limit_file_size(1_000_000) {
        eprintln!("skipped: there is no prlimit here");
        return;
    }
    let large = files::upload(&server, "lobby", "n", &alice.session(), &files::noise(3_000_000, 1));
    assert!(server.is_running(), "{}", server.log());
    assert_eq!((large.status(), &large.json()["code"]), (503, &json!("storage_unavailable")));
    let small = files::add(&server, "lobby", "n", &alice.session(), b"abc");
    assert_eq!(files::send(&mut alice, "m", "lobby", "", &[&small])["type"], "ack");
    until("there is one file", || files::blobs(&data).len() == 1);
}

/// A conversation on a disk that fails and heals.
struct Story {
    alice: Client,
    bob: Client,
    /// What was acknowledged, in order.
    acked: Vec<String>,
    /// What was refused.
    refused: Vec<String>,
}

impl Story {
    fn begin(server: &Server) -> Self {
        let (alice, bob) = (server.join("name=Alice"), server.join("name=Bob"));
        let mut story = Self { alice, bob, acked: Vec::new(), refused: Vec::new() };
        for _ in 0..3 {
            assert_eq!(story.say()["type"], "ack");
        }
        story
    }

    /// Talks until it is refused, and looks at what goes on all the same.
    fn fails(mut self, server: &Server) -> Self {
        let error = loop {
            assert!(self.acked.len() < 5_000, "the disk is never full");
            let answer = self.say();
            if answer["type"] == "error" {
                break answer;
            }
        };
        self.assert_refused(&error);
        until("it is not ready", || server.get("/readyz").starts_with("HTTP/1.1 503"));
        assert!(server.get("/healthz").starts_with("HTTP/1.1 200"));
        let error = self.say();
        self.assert_refused(&error);
        // What is there can be read, and it is what was acknowledged.
        let said = contents(&self.bob.messages(0));
        assert_eq!(said, self.acked);
        let mut carol = server.join("name=Carol");
        assert_eq!(text(&carol.welcome, "you"), "Carol");
        let history = carol.until("history");
        let newest = history["payload"]["messages"].as_array().unwrap().last().unwrap();
        assert_eq!(newest["content"], *self.acked.last().unwrap());
        self
    }

    /// Waits until the disk can be written, and sends one message again that was refused.
    fn heals(mut self, server: &Server) -> Self {
        until("it is ready", || server.get("/readyz").starts_with("HTTP/1.1 200"));
        let text = self.refused.remove(0);
        self.post_again(text);
        self
    }

    /// Looks at the record of a later server, and sends again the rest of what was refused.
    fn holds(mut self, server: &Server) {
        self.alice = server.join(&format!("session={}", self.alice.session()));
        self.bob = server.join(&format!("session={}", self.bob.session()));
        assert_eq!(contents(&self.bob.messages(0)), self.acked, "what was refused is not there");
        for text in std::mem::take(&mut self.refused) {
            self.post_again(text);
        }
        assert_eq!(contents(&self.bob.messages(0)), self.acked);
    }

    fn post_again(&mut self, text: String) {
        let ack = self.alice.post(&id_of(&text), &text);
        assert_eq!(ack["payload"]["duplicate"], false, "{ack}");
        self.acked.push(text);
        assert_eq!(ack["seq"], self.acked.len());
    }

    fn say(&mut self) -> Value {
        let number = self.acked.len() + self.refused.len();
        let text = format!("{number} {}", "x".repeat(3_900));
        let id = id_of(&text);
        self.alice.send(json!({"type": "send_message", "id": id, "payload": text}));
        loop {
            let answer = self.alice.next();
            if answer["re"] == id {
                let list =
                    if answer["type"] == "ack" { &mut self.acked } else { &mut self.refused };
                list.push(text);
                return answer;
            }
        }
    }

    fn assert_refused(&self, error: &Value) {
        assert_eq!(text(error, "code"), "storage_unavailable");
        assert_eq!(error["payload"]["retryable"], true);
        assert_eq!(text(error, "text"), self.refused.last().unwrap(), "the text is handed back");
    }
}

fn id_of(text: &str) -> String {
    format!("id-{}", text.split(' ').next().unwrap())
}

fn contents(messages: &[Value]) -> Vec<String> {
    messages.iter().map(|message| message["content"].as_str().unwrap().to_owned()).collect()
}

/// A small disk of its own; none where mounting is not permitted.
struct Mounted<'a>(&'a Path);

impl<'a> Mounted<'a> {
    fn new(path: &'a Path) -> Option<Self> {
        let mounted = run("mount", &["-t", "tmpfs", "-o", "size=4m", "tmpfs"], path);
        if !mounted {
            eprintln!("skipped: mounting is not permitted here");
        }
        mounted.then_some(Self(path))
    }

    fn remount(&self, how: &str) -> bool {
        run("mount", &["-o", &format!("remount,{how}")], self.0)
    }
}

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        run("umount", &["--lazy"], self.0);
    }
}

/// A record whose files cannot be written although they are open; none where the file system
/// does not know of such.
struct Frozen<'a>(&'a Path);

impl<'a> Frozen<'a> {
    fn new(path: &'a Path) -> Option<Self> {
        let frozen = Self(path);
        let probe = path.parent().unwrap().join("probe");
        let mut file = File::create(&probe).unwrap();
        let works = run("chattr", &["+i"], &probe) && file.write_all(b"x").is_err();
        run("chattr", &["-i"], &probe);
        if !works || !frozen.all("+i") {
            eprintln!("skipped: files cannot be made immutable here");
            return None;
        }
        Some(frozen)
    }

    /// Not of the index of the log, which is shared memory: touching it would be the end.
    fn all(&self, how: &str) -> bool {
        let files = ["journal.db", "journal.db-wal", "mark"].map(|name| self.0.join(name));
        files.iter().all(|file| run("chattr", &[how], file))
    }
}

impl Drop for Frozen<'_> {
    fn drop(&mut self) {
        self.all("-i");
    }
}

fn run(program: &str, arguments: &[&str], path: &Path) -> bool {
    let output = Command::new(program).args(arguments).arg(path).output();
    output.is_ok_and(|output| output.status.success())
}

const ARGUMENTS: &[&str] = &["--rate-limit", "off", "--query-rate-limit", "off"];
