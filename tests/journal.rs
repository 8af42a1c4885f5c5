//! The journal against the hardest ends: of its process, and of its disk. Both need a process of
//! their own, so this test starts itself.
//!
//! A child process appends to a journal under load and is killed at a random moment. Then every
//! entry it was told of must be there exactly once, without holes; and whatever it had sent without
//! an answer can be sent again. `CHINWAG_KILL_ROUNDS` sets the number of rounds, `CHINWAG_SEED` the
//! first seed.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs::Permissions;
use std::io::{BufRead, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use chinwag::chat::record::{
    AuthorKey, Change, Draft, Entry, JournalError, JournalRequest, JournalResponse, KeyValue,
    Namespace, PageContent, Query, RequestId, RoomKey, Span,
};
use chinwag::clock::Clock;
use chinwag::journal::{Durability, Engine, Journal, Limits};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

#[test]
fn nothing_answered_is_lost_when_the_process_is_killed() {
    let rounds: u64 = number("CHINWAG_KILL_ROUNDS").unwrap_or(5);
    let first: u64 = number("CHINWAG_SEED").unwrap_or(1);
    let dir = Scratch::new();
    let mut before = 0;
    for seed in first..first + rounds {
        let told = run_and_kill(&dir.0, seed);
        assert!(!told.answered.is_empty(), "CHINWAG_SEED={seed}: it was killed before it began");
        before = check(&dir.0, seed, &told, before);
    }
}

/// The child's part. In any other run it does nothing.
#[test]
fn writer_that_is_killed() {
    let Some(dir) = env::var_os("CHINWAG_CHILD_DIR") else { return };
    let seed: u64 = number("CHINWAG_CHILD_SEED").unwrap();
    let (mut desk, _) = Desk::open(Path::new(&dir));
    let mut out = std::io::stdout().lock();
    // With one processor, the test harness has begun a line.
    writeln!(out).unwrap();
    for number in 0.. {
        let id = format!("{seed}-{number}");
        writeln!(out, "sent {id}").unwrap();
        desk.append(&id);
        while desk.waiting.len() >= 64 {
            for (id, seq) in desk.take() {
                writeln!(out, "answered {id} {seq}").unwrap();
            }
        }
    }
}

#[test]
fn a_failing_disk_is_reported_and_recovers() {
    let dir = Scratch::new();
    let output = child("writer_whose_disk_fails", &dir.0).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("all is well"), "{said}");
}

/// The child's part. Its files may not grow any more for a while, which SQLite takes for an I/O error.
#[test]
fn writer_whose_disk_fails() {
    let Some(dir) = env::var_os("CHINWAG_CHILD_DIR") else { return };
    let told = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(signal_hook::consts::SIGXFSZ, told).unwrap();
    let (mut desk, _) = Desk::open(Path::new(&dir));
    for number in 0..10 {
        desk.append(&format!("a{number}"));
    }
    while !desk.waiting.is_empty() {
        desk.take();
    }
    let unlimited = getrlimit(Resource::Fsize);
    setrlimit(Resource::Fsize, Rlimit { current: Some(8192), ..unlimited }).unwrap();
    for _ in 0..2 {
        desk.append("b");
        let why = JournalError::Unavailable;
        let refusal = JournalResponse::Rejected { request_id: RequestId(desk.tickets), why };
        assert_eq!(desk.responses()[0], refusal);
        assert!(!desk.journal.writable());
        assert_eq!(desk.read(0).0.len(), 10);
        // Long enough for it to try.
        thread::sleep(Duration::from_millis(600));
    }
    setrlimit(Resource::Fsize, unlimited).unwrap();
    assert_eq!(desk.responses(), [JournalResponse::Health { writable: true }]);
    desk.append("b");
    assert!(matches!(
        desk.responses()[..],
        [JournalResponse::Appended { seq: 11, duplicate: false, .. }]
    ));
    assert!(desk.journal.close(Duration::from_secs(10)));
    assert_eq!(Desk::open(Path::new(&dir)).1, 11);
    println!("all is well");
}

#[test]
fn no_file_can_be_read_by_other_users_whatever_the_umask() {
    for umask in ["000", "022", "777"] {
        let dir = Scratch::new();
        std::fs::create_dir(&dir.0).unwrap();
        std::fs::set_permissions(&dir.0, Permissions::from_mode(0o755)).unwrap();
        // As an old version left it.
        std::fs::write(dir.0.join("mark"), "").unwrap();
        std::fs::set_permissions(dir.0.join("mark"), Permissions::from_mode(0o644)).unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "umask $0 && exec \"$@\"", umask]).arg(env::current_exe().unwrap());
        command.args(["--exact", "writer_with_a_umask", "--nocapture"]);
        let output = command.env("CHINWAG_CHILD_DIR", &dir.0).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
        let modes: Vec<&str> = said.lines().filter(|line| line.starts_with("mode ")).collect();
        assert_eq!(modes.len(), 6, "{said}");
        assert!(modes.iter().all(|line| line.ends_with(" 600")), "{umask}: {modes:?}");
    }
}

/// The child. It prints the mode of each file while it writes.
#[test]
fn writer_with_a_umask() {
    let Some(dir) = env::var_os("CHINWAG_CHILD_DIR") else { return };
    let (mut desk, _) = Desk::open(Path::new(&dir));
    desk.append("a");
    desk.responses();
    for entry in std::fs::read_dir(&dir).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        println!("\nmode {} {mode:o}", entry.path().display());
    }
}

/// What the child said before it was killed.
#[derive(Default)]
struct Told {
    sent: BTreeSet<String>,
    answered: BTreeMap<String, u64>,
}

/// Starts this test again as one of its children.
fn child(test: &str, dir: &Path) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env("CHINWAG_CHILD_DIR", dir);
    command
}

fn run_and_kill(dir: &Path, seed: u64) -> Told {
    let mut child = child("writer_that_is_killed", dir)
        .env("CHINWAG_CHILD_SEED", seed.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut told = Told::default();
    while told.answered.is_empty() {
        assert!(told.hear(&mut out), "the child ended by itself");
    }
    let mut child = KillOnDrop(child);
    let killer = thread::spawn(move || {
        thread::sleep(Duration::from_micros(seed.wrapping_mul(6_364_136_223) % 100_000));
        child.0.kill().unwrap();
        child.0.wait().unwrap();
    });
    while told.hear(&mut out) {}
    killer.join().unwrap();
    told
}

impl Told {
    /// Takes in a line; false at the end.
    fn hear(&mut self, out: &mut impl BufRead) -> bool {
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        // A line that was cut off may end in the middle of a number.
        let Some(line) = line.strip_suffix('\n') else { return false };
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["sent", id] => drop(self.sent.insert(id.to_owned())),
            ["answered", id, seq] => {
                self.answered.insert(id.to_owned(), seq.parse().unwrap());
            }
            // What the test harness has to say.
            _ => {}
        }
        true
    }
}

/// Checks the journal against the answers the child received. Returns its top.
fn check(dir: &Path, seed: u64, told: &Told, before: u64) -> u64 {
    let (mut desk, top) = Desk::open(dir);
    let left = desk.entries(before, top);
    // A key-value record is stored atomically with its entry.
    let newest = left.iter().find(|(_, seq)| **seq == top).map(|(id, _)| id);
    assert_eq!(desk.key_value.as_deref(), newest.map(String::as_str), "CHINWAG_SEED={seed}");
    for (id, seq) in &told.answered {
        assert_eq!(left.get(id), Some(seq), "CHINWAG_SEED={seed}: {id} was answered");
    }
    // It cannot be known what has become of the others: so they are sent again.
    for id in told.sent.iter().filter(|id| !told.answered.contains_key(*id)) {
        desk.append(id);
    }
    while !desk.waiting.is_empty() {
        for (id, seq) in desk.take() {
            let stood = left.get(&id);
            assert!(stood.is_none_or(|stood| *stood == seq), "CHINWAG_SEED={seed}: {id} is double");
        }
    }
    let top = desk.top();
    let all = desk.entries(before, top);
    assert_eq!(all.keys().collect::<Vec<_>>(), told.sent.iter().collect::<Vec<_>>());
    assert!(desk.journal.close(Duration::from_secs(10)));
    top
}

/// A journal with one room, and its writer.
struct Desk {
    journal: Journal,
    clock: Clock,
    woken: Receiver<()>,
    waiting: BTreeMap<RequestId, String>,
    tickets: u64,
    /// The text of the newest entry, as a key-value record.
    key_value: Option<Arc<str>>,
}

impl Desk {
    /// Opens a journal, and gives the top of its room.
    fn open(dir: &Path) -> (Self, u64) {
        let (wake, woken) = channel();
        let wake = move || {
            let _ = wake.send(());
        };
        let dir = dir.to_owned();
        let durability = Durability::Fsync;
        let engine = Engine::Sqlite { dir, durability, accept_loss: false, check: true };
        let clock = Clock::start();
        let (journal, opening) =
            Journal::open(engine, Limits::default(), [1; 16], clock.now(), wake).unwrap();
        let top = opening.rooms.first().map_or(0, |room| room.top);
        let key_value = opening.key_values.into_iter().find_map(|key_value| key_value.value);
        (Self { journal, clock, woken, waiting: BTreeMap::new(), tickets: 0, key_value }, top)
    }

    fn append(&mut self, id: &str) {
        self.tickets += 1;
        let request_id = RequestId(self.tickets);
        self.waiting.insert(request_id, id.to_owned());
        let now = self.clock.now();
        let draft = Draft {
            request_id,
            room: room(),
            room_name: room(),
            author: AuthorKey([7; 16]),
            sender: Arc::from("Alice"),
            account: false,
            moderator: false,
            id: Some(Arc::from(id)),
            ts: now.unix_ms,
            change: Change::Message {
                files: Default::default(),
                content: Arc::from(id),
                reply_to: None,
                expires: None,
            },
            key_values: vec![KeyValue {
                namespace: Namespace::ReadMarkers,
                key: room(),
                value: Some(Arc::from(id)),
            }],
        };
        self.journal.submit(now, JournalRequest::Append(draft));
    }

    /// Waits for answers to appends.
    fn take(&mut self) -> Vec<(String, u64)> {
        let appended = |answer| match answer {
            JournalResponse::Appended { request_id, seq, .. } => {
                let id = self.waiting.remove(&request_id).expect("one answer each");
                (id, seq)
            }
            other => panic!("not appended: {other:?}"),
        };
        wait(&mut self.journal, &self.clock, &self.woken).into_iter().map(appended).collect()
    }

    fn responses(&mut self) -> Vec<JournalResponse> {
        wait(&mut self.journal, &self.clock, &self.woken)
    }

    /// Returns the entries after `first` up to `top` by their text, and looks for holes.
    fn entries(&mut self, first: u64, top: u64) -> BTreeMap<String, u64> {
        let mut left = BTreeMap::new();
        let mut seq = first;
        while seq < top {
            let (entries, _) = self.read(seq);
            assert!(!entries.is_empty(), "there is nothing after {seq}");
            for entry in entries {
                seq += 1;
                assert_eq!(entry.seq, seq, "a hole");
                let Change::Message { content, .. } = entry.change else { panic!("no message") };
                assert_eq!(left.insert(content.to_string(), seq), None, "{content} is double");
            }
        }
        left
    }

    fn top(&mut self) -> u64 {
        self.read(0).1
    }

    fn read(&mut self, after: u64) -> (Vec<Entry>, u64) {
        let (request_id, room, span) = (RequestId(0), room(), Span::Entries(after));
        let query = Query { request_id, room, span, limit: 1000, bytes_max: 1 << 20 };
        self.journal.submit(self.clock.now(), JournalRequest::Read(query));
        match self.responses().pop() {
            Some(JournalResponse::Page(page)) => match page.found {
                PageContent::Entries(entries) => (entries, page.top),
                PageContent::Messages(_) => panic!("messages instead of entries"),
            },
            other => panic!("no page: {other:?}"),
        }
    }
}

fn wait(journal: &mut Journal, clock: &Clock, woken: &Receiver<()>) -> Vec<JournalResponse> {
    let mut answers = Vec::new();
    loop {
        journal.responses(clock.now(), &mut answers);
        if !answers.is_empty() {
            return answers;
        }
        woken.recv_timeout(Duration::from_secs(60)).expect("the journal hangs");
    }
}

fn room() -> RoomKey {
    Arc::from("lobby")
}

fn number(name: &str) -> Option<u64> {
    env::var(name).ok().map(|text| text.parse().unwrap())
}

struct KillOnDrop(Child);

impl Drop for KillOnDrop {
    fn drop(&mut self) {
        let _ = self.0.kill();
    }
}

struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("chinwag-child-{}-{number}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
