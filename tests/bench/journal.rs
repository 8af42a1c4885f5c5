//! How much the journal takes.
//!
//! `cargo bench --bench journal` measures appended messages per second, by durability and number of
//! senders who each wait for their answer, against the same SQLite with one transaction per
//! message. `cargo bench --bench journal -- large [MESSAGES]` fills 1,000 rooms with 5 million
//! messages, starts, and measures reads while 1,000 messages per second are appended,
//! and beside them a thread that only answers. `-- prune [MESSAGES]` measures the same while all but
//! a tenth of them is pruned.

use std::env;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use chinwag::chat::record::{
    AuthorKey, Change, Draft, JournalRequest, JournalResponse, Query, RequestId, RoomKey, Span,
};
use chinwag::clock::{Clock, Moment};
use chinwag::journal::{Durability, Engine, Journal, Limits};
use rusqlite::{Connection, params};

fn main() {
    let arguments: Vec<String> = env::args().skip(1).filter(|word| word != "--bench").collect();
    match arguments.first().map(String::as_str) {
        Some(what @ ("large" | "prune")) => {
            let messages = arguments.get(1).map_or(5_000_000, |text| text.parse().unwrap());
            large(messages, what == "prune");
        }
        Some("count") => count(arguments.get(1).map_or(100_000, |text| text.parse().unwrap())),
        Some("ratio") => ratios(),
        _ => {
            senders();
            ratios();
        }
    }
}

const FOR: Duration = Duration::from_secs(2);

fn senders() {
    println!("durability  senders  messages/s");
    for (name, durability) in
        [("memory", None), ("write", Some(Durability::Write)), ("fsync", Some(Durability::Fsync))]
    {
        for senders in [1, 16, 256] {
            let scratch = Scratch::new();
            let rate = rate(engine(&scratch.0, durability), Limits::default(), senders, FOR);
            println!("{name:10}  {senders:7}  {rate:10}");
        }
    }
}

fn ratios() {
    // In turns, for the machine may have other work at times.
    let mut ratios: Vec<u64> = (0..7).map(|_| ratio()).collect();
    ratios.sort_unstable();
    println!("256 senders against one transaction per message, fsync: {ratios:?} times");
}

/// Appends so many messages of 256 senders and ends: for whoever counts instructions.
fn count(messages: u64) {
    let scratch = Scratch::new();
    let limits = Limits { unsearched_entries_max: u64::MAX, ..Limits::default() };
    let mut desk = Desk::open(engine(&scratch.0, Some(Durability::Write)), limits);
    let mut left = messages;
    for _ in 0..256.min(left) {
        desk.append("lobby");
        left -= 1;
    }
    while desk.waiting > 0 {
        for _ in desk.take() {
            if left > 0 {
                desk.append("lobby");
                left -= 1;
            }
        }
    }
    for (name, spent) in spent() {
        println!("{name}: {:.2} us per message", spent.as_secs_f64() * 1e6 / messages as f64);
    }
}

/// Returns the processor time of each thread.
fn spent() -> Vec<(String, Duration)> {
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let read = |path: PathBuf| std::fs::read_to_string(path).ok();
    let spent = threads.filter_map(|thread| {
        let name = read(thread.path().join("comm"))?.trim().to_owned();
        let nanos = read(thread.path().join("schedstat"))?.split(' ').next()?.parse().ok()?;
        Some((name, Duration::from_nanos(nanos)))
    });
    spent.collect()
}

/// Returns how many times as many messages come through when they share transactions. Neither side
/// puts words into the index meanwhile: the one would do it with each commit, the other when there
/// is nothing else to do.
fn ratio() -> u64 {
    let slice = Duration::from_secs(1);
    let fsync = |batch_entries_max| {
        let scratch = Scratch::new();
        let unsearched_entries_max = u64::MAX;
        let limits = Limits { batch_entries_max, unsearched_entries_max, ..Limits::default() };
        rate(engine(&scratch.0, Some(Durability::Fsync)), limits, 256, slice)
    };
    let (sync, bare, single, grouped) = (sync_us(), one_by_one(slice), fsync(1), fsync(1024));
    println!(
        "fsync, 256 senders: {grouped}/s; a transaction each: {single}/s; bare SQL: {bare}/s; \
         a sync takes {sync} us"
    );
    grouped / single
}

/// Returns what it takes to append a page to a file and have it on disk, in the middle.
fn sync_us() -> u128 {
    let scratch = Scratch::new();
    let mut file = std::fs::File::create(&scratch.0).unwrap();
    let mut times: Vec<Duration> = (0..200)
        .map(|_| {
            let start = time();
            file.write_all(&[7; 4096]).unwrap();
            file.sync_data().unwrap();
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    std::fs::remove_file(&scratch.0).unwrap();
    times[times.len() / 2].as_micros()
}

fn engine(dir: &Path, durability: Option<Durability>) -> Engine {
    let dir = dir.to_owned();
    durability.map_or(Engine::Memory, |durability| Engine::Sqlite {
        dir,
        durability,
        accept_loss: false,
        check: false,
    })
}

/// Lets senders send as fast as they are answered.
fn rate(engine: Engine, limits: Limits, senders: u64, time: Duration) -> u64 {
    let mut desk = Desk::open(engine, limits);
    let end = desk.clock.now().at.after(time);
    for _ in 0..senders {
        desk.append("lobby");
    }
    let mut answered = 0;
    while desk.clock.now().at < end {
        for answer in desk.take() {
            assert!(matches!(answer, JournalResponse::Appended { .. }), "{answer:?}");
            answered += 1;
            desk.append("lobby");
        }
    }
    desk.journal.close(Duration::from_secs(60));
    answered / time.as_secs()
}

/// Adds rows as the journal does, each message in a transaction of its own.
fn one_by_one(time: Duration) -> u64 {
    let scratch = Scratch::new();
    std::fs::create_dir(&scratch.0).unwrap();
    let db = Connection::open(scratch.0.join("single.db")).unwrap();
    let pragmas = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;";
    db.execute_batch(pragmas).unwrap();
    db.execute_batch(include_str!("../../src/journal/sqlite/schema.sql")).unwrap();
    db.execute("INSERT INTO rooms (key, name) VALUES ('lobby', 'lobby')", []).unwrap();
    let mut insert = db
        .prepare(
            "INSERT INTO entries (entry, kind, ts, sender, author, text, id, hash)
             VALUES (?1, 0, ?2, ?3, ?4, ?5, ?6, ?7)",
        )
        .unwrap();
    let mut update = db.prepare("UPDATE rooms SET top = ?1, messages = ?1").unwrap();
    let clock = Clock::start();
    let end = clock.now().at.after(time);
    let mut seq: i64 = 0;
    while clock.now().at < end {
        seq += 1;
        let (entry, ts, id) = (1 << 40 | seq, 1_732_104_000_000_i64 + seq, format!("c{seq}"));
        let (AuthorKey(author), hash) = (author(seq.unsigned_abs()), [9_u8; 16]);
        db.execute_batch("BEGIN").unwrap();
        insert.execute(params![entry, ts, "Alice", &author[..], TEXT, id, &hash[..]]).unwrap();
        update.execute([seq]).unwrap();
        db.execute_batch("COMMIT").unwrap();
    }
    u64::try_from(seq).unwrap() / time.as_secs()
}

const ROOMS: u64 = 1000;
const PER_SECOND: u64 = 1000;

fn large(messages: u64, prune: bool) {
    let kept = env::var_os("CHINWAG_BENCH_DIR");
    let scratch = Scratch::new();
    let dir = kept.as_ref().map_or_else(|| scratch.0.clone(), PathBuf::from);
    let mut desk = Desk::open(engine(&dir, Some(Durability::Write)), Limits::default());
    let start = desk.clock.now().at;
    for number in desk.entries..messages {
        // In runs: a page for each message would take the disk an hour.
        desk.append(&format!("room {}", number / 50 % ROOMS));
        while desk.waiting >= 1000 {
            desk.take();
        }
    }
    let took = desk.clock.now().at.since(start);
    println!("filled with {messages} messages in {took:?}");
    assert!(desk.journal.close(Duration::from_secs(600)));

    let clock = Clock::start();
    let keep_messages = prune.then_some(messages / ROOMS / 10);
    let limits = Limits { keep_messages, ..Limits::default() };
    let mut desk = Desk::open(engine(&dir, Some(Durability::Fsync)), limits);
    println!("started in {:?}", clock.now().at.since(Moment::default()));
    let mut seed: u64 = 1;
    let (mut history, mut resumed, mut acks) = (Vec::new(), Vec::new(), Vec::new());
    let (echo, mut control) = (Echo::start(), Vec::new());
    let each = messages / ROOMS;
    for number in 0..20 * PER_SECOND {
        let due = Moment::from_millis(number * 1000 / PER_SECOND);
        while desk.clock.now().at < due {
            std::thread::sleep(Duration::from_micros(100));
            desk.note(&mut acks);
        }
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let (room, seq) = (seed >> 33, (seed >> 20) % each);
        desk.sent.insert(RequestId(desk.tickets + 1), time());
        desk.append(&format!("room {}", room % ROOMS));
        if number % 10 == 0 {
            // Another room than the one just written to, whose reads would wait for that.
            let room = format!("room {}", (room + 500) % ROOMS);
            let span = if number % 20 == 0 { Span::Before(seq) } else { Span::Entries(seq) };
            let took = desk.read(&room, span, &mut acks);
            (if number % 20 == 0 { &mut history } else { &mut resumed }).push(took);
            control.push(echo.time());
        }
    }
    let times = [("history", history), ("resume", resumed), ("ack", acks), ("control", control)];
    for (name, mut times) in times {
        times.sort_unstable();
        let at = |share: usize| times[(times.len() - 1) * share / 1000];
        println!("{name}: p50 {:?}, p99 {:?}, max {:?}", at(500), at(990), at(1000));
    }
    for (name, spent) in spent() {
        println!("{name}: {spent:?} of processor time");
    }
    if prune {
        let db = Connection::open(dir.join("journal.db")).unwrap();
        let left: i64 =
            db.query_row("SELECT sum(messages) FROM rooms", [], |row| row.get(0)).unwrap();
        println!("{left} messages are left");
    }
}

/// A thread that gives back what it gets: whatever it takes, a journal cannot be faster.
struct Echo {
    ping: Sender<()>,
    pong: Receiver<()>,
}

impl Echo {
    fn start() -> Self {
        let (ping, pinged) = channel::<()>();
        let (ponging, pong) = channel();
        std::thread::spawn(move || pinged.iter().all(|()| ponging.send(()).is_ok()));
        Self { ping, pong }
    }

    fn time(&self) -> Duration {
        let start = time();
        self.ping.send(()).unwrap();
        self.pong.recv().unwrap();
        start.elapsed()
    }
}

/// A journal and its user.
struct Desk {
    journal: Journal,
    clock: Clock,
    woken: Receiver<()>,
    waiting: usize,
    tickets: u64,
    sent: std::collections::HashMap<RequestId, std::time::Instant>,
    entries: u64,
}

const TEXT: &str = "Hello, this is a message of about the usual length. How are you?";

impl Desk {
    fn open(engine: Engine, limits: Limits) -> Self {
        let (wake, woken) = channel();
        let wake = move || {
            let _ = wake.send(());
        };
        let clock = Clock::start();
        let (journal, opening) = Journal::open(engine, limits, [1; 16], clock.now(), wake).unwrap();
        let entries = opening.rooms.iter().map(|room| room.top).sum();
        let sent = std::collections::HashMap::new();
        Self { journal, clock, woken, waiting: 0, tickets: 0, sent, entries }
    }

    fn append(&mut self, room: &str) {
        self.tickets += 1;
        self.waiting += 1;
        let room: RoomKey = Arc::from(room);
        let now = self.clock.now();
        let draft = Draft {
            request_id: RequestId(self.tickets),
            room_name: Arc::clone(&room),
            room,
            author: author(self.tickets),
            sender: Arc::from("Alice"),
            account: false,
            moderator: false,
            id: Some(Arc::from(format!("c{}-{}", now.unix_ms, self.tickets))),
            ts: now.unix_ms,
            change: Change::Message {
                files: Default::default(),
                content: Arc::from(TEXT),
                reply_to: None,
                expires: None,
            },
            key_values: Vec::new(),
        };
        self.journal.submit(now, JournalRequest::Append(draft));
    }

    /// Waits for answers.
    fn take(&mut self) -> Vec<JournalResponse> {
        let mut answers = Vec::new();
        loop {
            self.journal.responses(self.clock.now(), &mut answers);
            if !answers.is_empty() {
                self.waiting -= answers.len();
                return answers;
            }
            self.woken.recv_timeout(Duration::from_secs(60)).expect("the journal hangs");
        }
    }

    /// Notes how long appends took that are answered by now, and gives what else was told.
    fn note(&mut self, acks: &mut Vec<Duration>) -> Vec<JournalResponse> {
        let mut answers = Vec::new();
        self.journal.responses(self.clock.now(), &mut answers);
        answers.retain(|answer| {
            let JournalResponse::Appended { request_id, .. } = answer else { return true };
            acks.extend(self.sent.remove(request_id).map(|sent| sent.elapsed()));
            false
        });
        answers
    }

    /// Returns how long a read took.
    fn read(&mut self, room: &str, span: Span, acks: &mut Vec<Duration>) -> Duration {
        let start = time();
        let (request_id, room, limit) = (RequestId(0), Arc::from(room), 50);
        let query = Query { request_id, room, span, limit, bytes_max: 128 * 1024 };
        self.journal.submit(self.clock.now(), JournalRequest::Read(query));
        while self.note(acks).is_empty() {
            self.woken.recv_timeout(Duration::from_secs(60)).expect("the journal hangs");
        }
        start.elapsed()
    }
}

/// Returns one of 256 authors, as far apart as hashes are.
fn author(number: u64) -> AuthorKey {
    let mixed = (number % 256).wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes();
    let mut key = [0; 16];
    key[..8].copy_from_slice(&mixed);
    AuthorKey(key)
}

#[expect(clippy::disallowed_methods, reason = "milliseconds are too coarse for a read")]
fn time() -> std::time::Instant {
    std::time::Instant::now()
}

struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        let path = env::temp_dir().join(format!("chinwag-bench-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
