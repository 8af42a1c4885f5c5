//! Clients that reconnect and resume.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde_json::{Value, json};

use crate::client::{Client, Server};
use crate::data::{Data, text};

#[test]
fn an_immediate_resume_misses_nothing() {
    let data = Data::new();
    let server = data.start(FAST);
    let mut alice = server.join("name=Alice");
    let (session, epoch) = (alice.session(), alice.epoch());
    resume(&mut alice, json!({"session": session, "epoch": epoch, "rooms": {"lobby": 0}}));
    assert_eq!(told(&mut alice, "lobby"), (json!({"from": 1, "to": 0, "complete": true}), vec![]));
    let mut bob = server.join(&format!("name=Bob&after=lobby:0&epoch={epoch}"));
    assert_eq!(told(&mut bob, "lobby"), (json!({"from": 1, "to": 0, "complete": true}), vec![]));
    assert_eq!(alice.post("c1", "and on")["seq"], 1);
    assert_eq!(bob.until("message")["seq"], 1);
    resume(&mut bob, json!({"epoch": epoch, "rooms": {"lobby": 1}}));
    assert_eq!(told(&mut bob, "lobby"), (json!({"from": 2, "to": 1, "complete": true}), vec![]));
}

#[test]
fn a_resume_after_a_restart_repeats_exactly_what_was_missed() {
    let data = Data::new();
    let mut server = data.start(FAST);
    let bob = server.join("name=Bob&room=dev&room=ops");
    server.join("name=Alice&room=dev").talk((1..=5).map(|n| format!("dev {n}")));
    server.join("name=Carol&room=ops").talk((1..=3).map(|n| format!("ops {n}")));
    let (session, epoch) = (bob.session(), bob.epoch());
    server.stop();

    let server = data.start(FAST);
    let mut bob = server.join(&format!("session={session}&after=dev:2&after=ops:0&epoch={epoch}"));
    assert_eq!((text(&bob.welcome, "you"), bob.epoch()), ("Bob", epoch.clone()));
    let resumed = bob.next();
    assert_eq!(resumed["type"], "resumed", "no history before it: {resumed}");
    assert_eq!(resumed["payload"]["rooms"]["dev"], json!({"from": 3, "to": 5, "complete": true}));
    assert_eq!(resumed["payload"]["rooms"]["ops"], json!({"from": 1, "to": 3, "complete": true}));
    assert_eq!(numbers(&until_live(&mut bob, "dev")), [3, 4, 5]);
    assert_eq!(numbers(&until_live(&mut bob, "ops")), [1, 2, 3]);

    // The same by an event, from a connection of another person.
    let mut again = server.join("name=Zoe");
    let rooms = json!({"dev": 4, "ops": 3});
    resume(&mut again, json!({"session": session, "epoch": epoch, "rooms": rooms}));
    let resumed = again.until("resumed");
    assert_eq!((&resumed["re"], text(&resumed, "you")), (&json!("r"), "Bob"));
    assert_eq!(numbers(&until_live(&mut again, "dev")), [5]);
    assert_eq!(numbers(&until_live(&mut again, "ops")), [0; 0]);
}

#[test]
fn a_resume_repeats_every_kind_of_change() {
    let data = Data::new();
    let mut server = data.start(FAST);
    let mut alice = server.join("name=Alice");
    alice.post("c1", "first");
    alice.post("c2", "second");
    let changes = [
        ("edit_message", json!({"mid": 1, "content": "the first"}), "message_edited"),
        ("delete_message", json!({"mid": 2}), "message_deleted"),
        ("react", json!({"mid": 1, "emoji": "👍", "on": true}), "reaction"),
        ("set_topic", json!("tea"), "topic"),
    ];
    for (kind, payload, _) in &changes {
        alice.send(json!({"type": kind, "id": kind, "payload": payload}));
        assert_eq!(alice.until("ack")["re"], *kind);
    }
    server.stop();
    let server = data.start(FAST);
    let mut bob = server.join(&format!("name=Bob&after=lobby:2&epoch={}", alice.epoch()));
    let (missed, events) = told(&mut bob, "lobby");
    assert_eq!(missed, json!({"from": 3, "to": 6, "complete": true}));
    let kinds: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, changes.map(|(.., told)| told));
}

#[test]
fn positions_of_another_epoch_are_refused() {
    let data = Data::new();
    let server = data.start(FAST);
    let mut alice = server.join("name=Alice");
    alice.post("c1", "hi");
    let mut bob = server.join("name=Bob&after=lobby:0&epoch=elsewhere");
    let rooms = json!({"lobby": 0});
    let mut settled = bob.settle();
    assert_eq!(text(&settled.remove(0), "code"), "epoch_mismatch");
    resume(&mut bob, json!({"epoch": "elsewhere", "rooms": rooms}));
    let error = bob.until("error");
    assert_eq!((&error["re"], text(&error, "code")), (&json!("r"), "epoch_mismatch"));
    settled.extend(bob.settle());
    for event in settled {
        let kind = event["type"].as_str().unwrap();
        assert!(!["resumed", "live", "message", "history"].contains(&kind), "{event}");
    }
    alice.post("c2", "still heard");
    bob.hears("still heard");
}

#[test]
fn a_position_above_the_top_is_unknown() {
    let data = Data::new();
    let server = data.start(FAST);
    let mut alice = server.join("name=Alice");
    alice.post("c1", "hi");
    let missed = json!({
        "from": 100, "to": 1, "complete": false, "lost": {"from": 2, "to": 99, "why": "unknown"},
    });
    let mut bob = server.join(&format!("name=Bob&after=lobby:99&epoch={}", alice.epoch()));
    assert_eq!(told(&mut bob, "lobby"), (missed.clone(), vec![]));
    resume(&mut bob, json!({"epoch": alice.epoch(), "rooms": {"lobby": 99}}));
    assert_eq!(told(&mut bob, "lobby"), (missed, vec![]));
    alice.post("c2", "heard");
    assert_eq!(bob.hears("heard")["seq"], 2);
}

#[test]
fn pruned_ranges_are_reported_as_lost() {
    let data = Data::new();
    let mut arguments = FAST.to_vec();
    arguments.extend(["--keep-messages", "10"]);
    let mut server = data.start(&arguments);
    let mut alice = server.join("name=Alice");
    alice.talk((1..=30).map(|n| format!("text {n}")));
    for restarted in [false, true] {
        if restarted {
            server.kill();
            server = data.start(&arguments);
        }
        let mut bob = server.join(&format!("name=Bob&after=lobby:5&epoch={}", alice.epoch()));
        let (missed, events) = told(&mut bob, "lobby");
        let lost = json!({"from": 6, "to": 20, "why": "retention"});
        assert_eq!(missed, json!({"from": 6, "to": 30, "complete": false, "lost": lost}));
        assert_eq!(numbers(&events), (21..=30).collect::<Vec<_>>());
        let page = bob.page(json!({"after": 5, "limit": 200}));
        assert_eq!(page["lost"], json!([{"from": 6, "to": 20}]));
    }
}

#[test]
fn a_large_backlog_is_paged_under_load() {
    let data = Data::new();
    let server = data.start(FAST);
    let mut alice = server.join("name=Alice");
    alice.talk((1..=1_500).map(|n| format!("text {n}")));
    let talk = Talk::start(&server);
    let mut bob = server.join(&format!("name=Bob&after=lobby:0&epoch={}", alice.epoch()));
    let (missed, mut events) = told(&mut bob, "lobby");
    assert_eq!(missed["complete"], false);
    assert_eq!(missed["lost"]["why"], "page");
    let first = missed["lost"]["from"].as_u64().unwrap();
    assert_eq!((first, &missed["lost"]["to"]), (1_001, &missed["to"]));
    let last = missed["to"].as_u64().unwrap();
    assert!(last >= 1_500);
    // What the page leaves out begins after the gap.
    let mut live = numbers(&events.split_off(1_000));
    live.extend(numbers(&hear(&mut bob, 50)));
    assert_eq!(numbers(&events), (1..=1_000).collect::<Vec<_>>());
    assert_eq!(live, (last + 1..).take(live.len()).collect::<Vec<_>>());
    let mut pages = Vec::new();
    while pages.last().is_none_or(|seq| *seq < last) {
        let after = pages.last().copied().unwrap_or(first - 1);
        let page = bob.page(json!({"after": after, "limit": 200}));
        let messages = page["messages"].as_array().unwrap();
        pages.extend(messages.iter().map(|message| message["mid"].as_u64().unwrap()));
    }
    assert_eq!(pages, (first..).take(pages.len()).collect::<Vec<_>>());
    talk.stop();
}

#[test]
fn a_resume_under_load_loses_and_repeats_nothing() {
    let data = Data::new();
    let server = data.start(FAST);
    let alice = server.join("name=Alice");
    let talk = Talk::start(&server);
    let mut after = 0;
    for round in 0..20 {
        let mut bob = if round % 2 == 0 {
            server.join(&format!("name=Bob&after=lobby:{after}&epoch={}", alice.epoch()))
        } else {
            let mut bob = server.join("name=Bob");
            resume(&mut bob, json!({"epoch": alice.epoch(), "rooms": {"lobby": after}}));
            bob
        };
        let (missed, mut events) = told(&mut bob, "lobby");
        assert_eq!(missed["complete"], true, "{missed}");
        events.extend(hear(&mut bob, 20));
        let seqs = numbers(&events);
        let expected: Vec<_> = (after + 1..).take(seqs.len()).collect();
        assert_eq!(seqs, expected, "round {round}");
        after = seqs.last().copied().unwrap() - round / 2;
    }
    talk.stop();
}

/// A client that posts all the time.
struct Talk {
    stopped: Arc<AtomicBool>,
    talker: thread::JoinHandle<()>,
}

impl Talk {
    fn start(server: &Server) -> Self {
        let mut client = server.join("name=Talker&history=0");
        let stopped = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&stopped);
        let talker = thread::spawn(move || {
            for number in 0.. {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                client.post(&format!("t{number}"), "and on and on");
            }
        });
        Self { stopped, talker }
    }

    fn stop(self) {
        self.stopped.store(true, Ordering::Relaxed);
        self.talker.join().unwrap();
    }
}

fn resume(client: &mut Client, payload: Value) {
    client.send(json!({"type": "resume", "id": "r", "payload": payload}));
}

/// Returns the events of a resumed room: the range, and the events until it is live.
fn told(client: &mut Client, room: &str) -> (Value, Vec<Value>) {
    let resumed = client.until("resumed");
    (resumed["payload"]["rooms"][room].clone(), until_live(client, room))
}

fn until_live(client: &mut Client, room: &str) -> Vec<Value> {
    let mut events: Vec<Value> = Vec::new();
    loop {
        let event = client.next();
        if event["room"] == room && event["type"] == "live" {
            let last = events.last().map_or(&Value::Null, |event| &event["seq"]);
            assert!(event["payload"]["seq"].as_u64() >= last.as_u64(), "{event}");
            return events;
        }
        assert_ne!(event["type"], "error", "{event}");
        if event["room"] == room && event["seq"].is_u64() {
            events.push(event);
        }
    }
}

/// Returns the next messages of the lobby.
fn hear(client: &mut Client, count: usize) -> Vec<Value> {
    (0..count).map(|_| client.until("message")).collect()
}

fn numbers(events: &[Value]) -> Vec<u64> {
    events.iter().map(|event| event["seq"].as_u64().unwrap()).collect()
}

const FAST: &[&str] =
    &["--rate-limit", "off", "--query-rate-limit", "off", "--durability", "write"];
