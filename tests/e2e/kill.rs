//! A server that is killed at a random moment under load.
//!
//! `KILL_ROUNDS` sets the number of rounds, `KILL_SEED` the first seed.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::thread;
use std::time::Duration;

use serde_json::json;
use tungstenite::Message;

use crate::client::{Client, Server};
use crate::data::{Data, text};

#[test]
fn nothing_acknowledged_or_published_is_lost_by_a_kill() {
    let rounds = number("KILL_ROUNDS").unwrap_or(5);
    let first = number("KILL_SEED").unwrap_or(1);
    let mut tally = Tally::default();
    let (mut data, mut top) = (Data::new(), 0);
    let mut server = data.start(ARGUMENTS);
    for seed in first..first + rounds {
        // Now and then the journal itself is new.
        if seed % 10 == 0 {
            server.kill();
            (data, top) = (Data::new(), 0);
            server = data.start(ARGUMENTS);
        }
        let round = Round { seed, before: top };
        let told = round.run_and_kill(&mut server);
        server = data.start(ARGUMENTS);
        top = round.check(&server, &told, &mut tally);
    }
    println!("{rounds} rounds: {tally:?}");
}

/// One life of the server.
struct Round {
    seed: u64,
    /// The room's top when it began.
    before: u64,
}

/// What one sender knows when the server is gone.
struct Sender {
    name: String,
    session: String,
    sent: BTreeSet<String>,
    acked: BTreeMap<String, u64>,
}

struct Told {
    senders: Vec<Sender>,
    /// What the reader was shown.
    shown: BTreeMap<u64, String>,
}

#[derive(Debug, Default)]
struct Tally {
    acked: usize,
    unacked: usize,
    /// Unacknowledged messages that were in the record all the same.
    unacked_but_there: usize,
    shown: usize,
}

impl Round {
    fn run_and_kill(&self, server: &mut Server) -> Told {
        let mut reader = server.join("name=Reader&history=0");
        let before = self.before;
        let reader = thread::spawn(move || read(&mut reader, before));
        let senders: Vec<_> = (0..SENDERS)
            .map(|sender| {
                let name = format!("Sender-{}-{sender}", self.seed);
                let client = server.join(&format!("name={name}&history=0"));
                thread::spawn(move || send(client, name))
            })
            .collect();
        thread::sleep(Duration::from_micros(scatter(self.seed) % 150_000));
        server.kill();
        let senders = senders.into_iter().map(|sender| sender.join().unwrap()).collect();
        Told { senders, shown: reader.join().unwrap() }
    }

    /// Checks the record against what everybody knows, sends again what is unknown, and gives the
    /// room's top.
    fn check(&self, server: &Server, told: &Told, tally: &mut Tally) -> u64 {
        let seed = self.seed;
        let mut checker = server.join("name=Checker&history=0");
        let left = self.record(&mut checker);
        for (seq, content) in &told.shown {
            assert_eq!(left.get(content), Some(seq), "KILL_SEED={seed}: {content} was shown");
        }
        tally.shown += told.shown.len();
        for sender in &told.senders {
            for (id, seq) in &sender.acked {
                assert_eq!(left.get(id), Some(seq), "KILL_SEED={seed}: {id} was acknowledged");
            }
            self.send_again(server, sender, &left, tally);
        }
        let all = self.record(&mut checker);
        for (content, seq) in &left {
            assert_eq!(all.get(content), Some(seq), "KILL_SEED={seed}: {content} has moved");
        }
        let sent: BTreeSet<_> = told.senders.iter().flat_map(|sender| &sender.sent).collect();
        assert_eq!(all.keys().collect::<BTreeSet<_>>(), sent, "KILL_SEED={seed}");
        self.before + all.len() as u64
    }

    /// Returns what was said since the round began, and looks for holes and for repetition.
    fn record(&self, client: &mut Client) -> BTreeMap<String, u64> {
        let seed = self.seed;
        let mut said = BTreeMap::new();
        for (message, seq) in client.messages(self.before).iter().zip(self.before + 1..) {
            assert_eq!(message["mid"], seq, "KILL_SEED={seed}: a hole");
            let content = message["content"].as_str().unwrap().to_owned();
            let twice = said.insert(content, seq);
            assert_eq!(twice, None, "KILL_SEED={seed}: {message} is there twice");
        }
        said
    }

    fn send_again(
        &self,
        server: &Server,
        sender: &Sender,
        left: &BTreeMap<String, u64>,
        tally: &mut Tally,
    ) {
        let seed = self.seed;
        let mut client = server.join(&format!("session={}&history=0", sender.session));
        if text(&client.welcome, "you") != sender.name {
            // A session need not be durable before its first entry is.
            assert!(
                sender.sent.iter().all(|id| !left.contains_key(id)),
                "KILL_SEED={seed}: the session of {} is lost",
                sender.name
            );
        }
        for id in &sender.sent {
            let ack = client.post(id, id);
            let stood = left.get(id);
            assert_eq!(ack["re"], *id, "KILL_SEED={seed}");
            let duplicate = ack["payload"]["duplicate"] == true;
            assert_eq!(duplicate, stood.is_some(), "KILL_SEED={seed}: {ack}");
            assert!(stood.is_none_or(|seq| ack["seq"] == *seq), "KILL_SEED={seed}: {ack}");
        }
        tally.acked += sender.acked.len();
        tally.unacked += sender.sent.len() - sender.acked.len();
        let unacked = sender.sent.iter().filter(|id| !sender.acked.contains_key(*id));
        tally.unacked_but_there += unacked.filter(|id| left.contains_key(*id)).count();
    }
}

/// Sends until the server is gone, some messages ahead of their acks.
fn send(mut client: Client, name: String) -> Sender {
    let session = client.session();
    let mut sender = Sender { name, session, sent: BTreeSet::new(), acked: BTreeMap::new() };
    loop {
        while sender.sent.len() < sender.acked.len() + AHEAD {
            let id = format!("{} {}", sender.name, sender.sent.len());
            let event = json!({"type": "send_message", "id": id, "payload": id}).to_string();
            sender.sent.insert(id);
            if client.socket.send(Message::text(event)).is_err() {
                // What was acknowledged before is still to be read.
                break;
            }
        }
        let Some(event) = client.try_next() else { return sender };
        assert_ne!(event["type"], "error", "{event}");
        if event["type"] == "ack" {
            let id = event["re"].as_str().unwrap().to_owned();
            assert_eq!(event["payload"]["duplicate"], false);
            sender.acked.insert(id, event["seq"].as_u64().unwrap());
        }
    }
}

/// Reads until the server is gone.
fn read(client: &mut Client, before: u64) -> BTreeMap<u64, String> {
    let mut shown = BTreeMap::new();
    while let Some(event) = client.try_next() {
        assert_ne!(event["type"], "gap", "{event}");
        if event["type"] == "message" {
            let seq = event["seq"].as_u64().unwrap();
            assert_eq!(seq, before + 1 + shown.len() as u64, "a hole");
            shown.insert(seq, text(&event, "content").to_owned());
        }
    }
    shown
}

/// Spreads numbers that are near each other over all there are (SplitMix64).
pub fn scatter(number: u64) -> u64 {
    let z = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

pub fn number(name: &str) -> Option<u64> {
    env::var(name).ok().map(|text| text.parse().unwrap())
}

const SENDERS: usize = 4;
/// Messages a sender has under way.
const AHEAD: usize = 8;
const ARGUMENTS: &[&str] = &["--rate-limit", "off", "--query-rate-limit", "off"];
