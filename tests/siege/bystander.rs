//! Those who are not part of it: they talk, come, search and log in, and measure how long it takes.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::server::Client;
use crate::stream::Target;
use crate::wire;

/// The room they are in.
pub(crate) const ROOM: &str = "plaza";
const TALKERS: usize = 12;
const VISITORS: usize = 2;
/// Below the rate of queries and that of messages.
const TALK_EVERY: Duration = Duration::from_millis(125);
const VISIT_EVERY: Duration = Duration::from_millis(100);
const SEARCH_EVERY: Duration = Duration::from_millis(500);
const LOGIN_EVERY: Duration = Duration::from_millis(1000);
/// Kinds of reactions that a message may have.
const REACTIONS_MAX: usize = 20;
const PASSWORD: &str = "correct horse";

/// What was measured, and what went wrong.
#[derive(Default)]
pub(crate) struct Measured {
    /// Pings, and messages until their `ack`.
    pub(crate) talk: Times,
    /// Requests on new connections, and arrivals in the room.
    pub(crate) visits: Times,
    pub(crate) searches: Times,
    pub(crate) logins: Times,
    /// How long a thread waited for a processor.
    pub(crate) waits: Times,
    pub(crate) faults: Vec<String>,
}

/// How long things took.
#[derive(Clone, Default)]
pub(crate) struct Times(Vec<Duration>);

impl Measured {
    /// Adds what was measured later.
    pub(crate) fn add(&mut self, later: Self) {
        let Self { talk, visits, searches, logins, waits, faults } = later;
        self.talk.0.extend(talk.0);
        self.visits.0.extend(visits.0);
        self.searches.0.extend(searches.0);
        self.logins.0.extend(logins.0);
        self.waits.0.extend(waits.0);
        self.faults.extend(faults);
    }
}

impl Times {
    /// Adds what was begun every so often and took so long; what could not be begun in the meantime
    /// counts as well.
    fn add(&mut self, mut took: Duration, every: Duration) {
        self.0.push(took);
        while took > every {
            took -= every;
            self.0.push(took);
        }
    }

    pub(crate) fn percentile(&self, at: f64) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let last = sorted.len().saturating_sub(1);
        sorted.get((last as f64 * at).ceil() as usize).copied().unwrap_or_default()
    }
}

/// What a bystander was promised: the number of the message, and its text.
type Promise = (u64, String);

/// What all of them share.
struct Shared {
    target: Target,
    measured: Mutex<Measured>,
    promises: Mutex<Vec<Promise>>,
    /// How many wait for an answer.
    waiting: AtomicUsize,
    paused: AtomicBool,
    ended: AtomicBool,
    /// Networks that logins and visits came from.
    networks: AtomicU32,
}

/// All bystanders, each in a thread.
pub(crate) struct Bystanders {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl Bystanders {
    pub(crate) fn start(target: Target) -> Self {
        let shared = Arc::new(Shared {
            target,
            measured: Mutex::default(),
            promises: Mutex::default(),
            waiting: AtomicUsize::new(0),
            paused: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            networks: AtomicU32::new(0),
        });
        let mut threads = Vec::new();
        let mut start = |run: fn(&Shared, usize) -> Result<(), String>, number| {
            let shared = Arc::clone(&shared);
            threads.push(thread::spawn(move || {
                if let Err(fault) = run(&shared, number) {
                    shared.measured().faults.push(fault);
                }
            }));
        };
        (0..TALKERS).for_each(|number| start(talk, number));
        (0..VISITORS).for_each(|number| start(visit, number));
        start(search, 0);
        start(log_in, 0);
        start(doze, 0);
        Self { shared, threads }
    }

    /// Lets them begin nothing new, and returns whether all had their answers in time.
    pub(crate) fn pause(&self, within: Duration) -> bool {
        self.shared.paused.store(true, Ordering::SeqCst);
        let end = Instant::now() + within;
        while self.shared.waiting.load(Ordering::SeqCst) > 0 {
            if Instant::now() > end {
                // Whatever they wait for took at least as long.
                let mut measured = self.shared.measured();
                measured.talk.add(within, TALK_EVERY);
                measured.visits.add(within, VISIT_EVERY);
                return false;
            }
            thread::sleep(Duration::from_millis(5));
        }
        true
    }

    pub(crate) fn go_on(&self) {
        self.shared.paused.store(false, Ordering::SeqCst);
    }

    /// Takes what was measured since it was taken last.
    pub(crate) fn take(&self) -> Measured {
        std::mem::take(&mut self.shared.measured())
    }

    /// Reads the room back from a number on, and returns the last number read and what is not
    /// there as it was promised.
    pub(crate) fn check_record(&self, after: u64) -> Result<(u64, Vec<Promise>), String> {
        let mut promises = std::mem::take(&mut *lock(&self.shared.promises));
        promises.sort_unstable();
        let network = self.shared.network(203);
        let mut reader = Client::open(
            &self.shared.target,
            network,
            &format!("name=Reader{}&room={ROOM}&history=0", network.octets()[3]),
        )?;
        let (mut found, mut last) = (Vec::new(), after);
        loop {
            let span = json!({"after": last, "limit": 200});
            let event = json!({"type": "history", "id": "r", "room": ROOM, "payload": span});
            reader.say(&event.to_string())?;
            let page = until(&mut reader, "r")?;
            let messages = page["payload"]["messages"].as_array().cloned().unwrap_or_default();
            for said in &messages {
                let (mid, text) = (said["mid"].as_u64(), said["content"].as_str());
                let (Some(mid), Some(text)) = (mid, text) else { continue };
                if mid <= last {
                    return Err(format!("{mid} after {last}: out of order"));
                }
                last = mid;
                found.push((mid, text.to_owned()));
            }
            if messages.is_empty() || page["payload"]["more"] != true {
                break;
            }
            thread::sleep(TALK_EVERY);
        }
        promises.retain(|promise| found.binary_search(promise).is_err());
        Ok((last, promises))
    }

    pub(crate) fn end(self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        // One that waits for a server that is gone ends with it.
        drop(self.threads);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("nobody panics")
}

impl Shared {
    fn measured(&self) -> MutexGuard<'_, Measured> {
        lock(&self.measured)
    }

    /// Another address, of those that begin with this.
    fn network(&self, first: u8) -> Ipv4Addr {
        let number = self.networks.fetch_add(1, Ordering::Relaxed);
        Ipv4Addr::new(first, 0, (number / 250 % 250) as u8, 1 + (number % 250) as u8)
    }

    /// Does something every so often until the end, and measures it. A refusal is a fault, and is
    /// no end.
    fn every(
        &self,
        every: Duration,
        times: fn(&mut Measured) -> &mut Times,
        mut what: impl FnMut(u64) -> Result<(), String>,
    ) -> Result<(), String> {
        let mut round = 0;
        while !self.ended.load(Ordering::SeqCst) {
            self.waiting.fetch_add(1, Ordering::SeqCst);
            if self.paused.load(Ordering::SeqCst) {
                self.waiting.fetch_sub(1, Ordering::SeqCst);
                thread::sleep(Duration::from_millis(5));
                continue;
            }
            let began = Instant::now();
            let outcome = what(round);
            let took = began.elapsed();
            round += 1;
            times(&mut self.measured()).add(took, every);
            self.waiting.fetch_sub(1, Ordering::SeqCst);
            outcome?;
            thread::sleep(every.saturating_sub(took));
        }
        Ok(())
    }
}

/// Sends messages and pings, and sees that the room comes whole and in order.
fn talk(shared: &Shared, number: usize) -> Result<(), String> {
    let network = Ipv4Addr::new(192, 0, 2, 1 + number as u8);
    let query = format!("name=Talker{number}&room={ROOM}&echo=1&history=0");
    let mut client = Client::open(&shared.target, network, &query)?;
    let mut seen = None;
    let who = |fault: String| format!("talker {number}: {fault}");
    shared.every(
        TALK_EVERY,
        |it| &mut it.talk,
        |round| {
            let id = format!("{number}-{round}");
            let text = format!("a needle in hay, {id}");
            let event = match round % 3 {
                0 => json!({"type": "send_message", "id": id, "room": ROOM, "payload": text}),
                _ => json!({"type": "ping", "id": id}),
            };
            client.say(&event.to_string()).map_err(who)?;
            loop {
                let event = client.next().map_err(who)?;
                if let Some(seq) = event["seq"].as_u64()
                    && event["type"] != "ack"
                    && event["room"] == ROOM
                {
                    if seen.is_some_and(|seen| seq != seen + 1) {
                        shared.measured().faults.push(who(format!("{seq} came after {seen:?}")));
                    }
                    seen = Some(seq);
                }
                if event["type"] == "gap" {
                    shared.measured().faults.push(who(format!("has missed something: {event}")));
                    seen = None;
                }
                if event["re"] != id.as_str() {
                    continue;
                }
                match event["type"].as_str().unwrap_or_default() {
                    "ack" => {
                        let seq = event["seq"].as_u64().unwrap_or_default();
                        lock(&shared.promises).push((seq, text));
                    }
                    "pong" => {}
                    _ => shared.measured().faults.push(who(event.to_string())),
                }
                return Ok(());
            }
        },
    )
}

/// Measures how late the system wakes a thread: so much of a delay is not the server's.
fn doze(shared: &Shared, _: usize) -> Result<(), String> {
    const PAUSE: Duration = Duration::from_millis(2);
    while !shared.ended.load(Ordering::SeqCst) {
        let began = Instant::now();
        thread::sleep(PAUSE);
        let late = began.elapsed().saturating_sub(PAUSE);
        shared.measured().waits.0.push(late);
    }
    Ok(())
}

/// Asks whether the server is alive, and comes into the room.
fn visit(shared: &Shared, number: usize) -> Result<(), String> {
    shared.every(
        VISIT_EVERY,
        |it| &mut it.visits,
        |round| {
            let network = shared.network(192);
            let outcome = if round % 2 == 0 {
                let mut client = Client::connect(&shared.target, network);
                let answer = client.as_mut().map_err(|error| error.clone());
                answer.and_then(|it| it.request(&wire::get("/healthz"))).and_then(|(status, _)| {
                    if status == 200 { Ok(()) } else { Err(format!("/healthz: {status}")) }
                })
            } else {
                let query = format!("name=Visitor{number}-{round}&room={ROOM}&history=20");
                Client::open(&shared.target, network, &query)
                    .and_then(|mut client| look(shared, &mut client))
            };
            outcome.map_err(|fault| format!("a visitor: {fault}"))
        },
    )
}

/// Reads the first message of the room.
fn look(shared: &Shared, client: &mut Client) -> Result<(), String> {
    let first = json!({"after": 0, "limit": 1});
    let event = json!({"type": "history", "id": "f", "room": ROOM, "payload": first});
    client.say(&event.to_string())?;
    let page = until(client, "f")?;
    let kinds = page["payload"]["messages"][0]["reactions"].as_array().map_or(0, Vec::len);
    if kinds > REACTIONS_MAX {
        shared.measured().faults.push(format!("a message has {kinds} kinds of reactions"));
    }
    Ok(())
}

fn search(shared: &Shared, _: usize) -> Result<(), String> {
    let network = Ipv4Addr::new(192, 0, 3, 1);
    let query = format!("name=Searcher&room={ROOM}&history=0");
    let mut client = Client::open(&shared.target, network, &query)?;
    shared.every(
        SEARCH_EVERY,
        |it| &mut it.searches,
        |_| {
            let search = json!({"type": "search", "id": "s", "room": ROOM, "payload": "needle"});
            client.say(&search.to_string())?;
            let answer = until(&mut client, "s")?;
            if answer["type"] != "search_results" {
                shared.measured().faults.push(format!("a searcher: {answer}"));
            }
            Ok(())
        },
    )
}

fn log_in(shared: &Shared, _: usize) -> Result<(), String> {
    for number in 0..4 {
        let body = json!({"name": format!("Honest{number}"), "password": PASSWORD}).to_string();
        let mut client = Client::connect(&shared.target, shared.network(203))?;
        let (status, answer) = client.request(&wire::post("/api/register", &body))?;
        if status != 201 {
            return Err(format!("cannot register: {status} {answer}"));
        }
    }
    shared.every(
        LOGIN_EVERY,
        |it| &mut it.logins,
        |round| {
            let name = format!("Honest{}", round % 4);
            let body = json!({"name": name, "password": PASSWORD}).to_string();
            let mut client = Client::connect(&shared.target, shared.network(203))?;
            let (status, answer) = client.request(&wire::post("/api/login", &body))?;
            if status != 200 {
                shared.measured().faults.push(format!("a login: {status} {answer}"));
            }
            Ok(())
        },
    )
}

/// Reads until the answer to this id.
fn until(client: &mut Client, id: &str) -> Result<serde_json::Value, String> {
    loop {
        let event = client.next()?;
        if event["re"] == id {
            return Ok(event);
        }
    }
}
