//! What a person costs when there are many.
//!
//! `cargo bench --bench million` lets 10,000, 100,000 and 1,000,000 guests come into rooms of 100 of
//! a chat with the journal in memory, and a tenth of them say something, without sockets. It prints
//! the memory and the time that each took: where nothing grows with the number of people, the three
//! are the same. `cargo bench --bench million -- PEOPLE` measures for one number.

#![expect(clippy::disallowed_methods, reason = "a benchmark looks at the clock")]

use std::env;
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use chinwag::chat::{Admission, Chat, ClientId, ConnectParams, Effect, Input, Limits};
use chinwag::clock::{Moment, Now};
use chinwag::journal::{self, Engine, Journal};

const SIZES: [usize; 3] = [10_000, 100_000, 1_000_000];
const ROOM_SIZE: usize = 100;
const PAGE: u64 = 4096;

fn main() {
    let arguments: Vec<String> = env::args().skip(1).filter(|word| word != "--bench").collect();
    if let Some(people) = arguments.first() {
        measure(people.parse().expect("a number of people"));
        return;
    }
    println!("people    bytes each  us to come  us to say something  us to leave");
    for people in SIZES {
        // In a process of its own: what the allocator keeps is not to count for the next.
        let this = env::current_exe().expect("this program");
        let status = Command::new(this).arg(people.to_string()).status().expect("this program");
        assert!(status.success(), "{status}");
    }
}

fn measure(people: usize) {
    let empty = resident();
    let mut world = World::new();
    let coming = world.time(people, |world, n| {
        let query = format!("name=user{n}&room=room{}&history=0", n / ROOM_SIZE);
        world.handle(Input::Opened {
            client: ClientId(n as u64),
            params: ConnectParams::parse("/ws", &query),
            seed: seed(n),
            admission: Box::new(Admission::default()),
        });
    });
    let bytes = resident().saturating_sub(empty) / people as u64;
    let talkers = people / 10;
    let talking = world.time(talkers, |world, n| {
        let client = ClientId((n * 10) as u64);
        let text = r#"{"type":"send_message","payload":"a message like many others"}"#;
        let event = world.chat.read(world.now, client, text.len(), Some(text));
        world.handle(Input::Received { client, event });
    });
    let leaving = world.time(people, |world, n| {
        world.handle(Input::Closed { client: ClientId(n as u64), timed_out: false });
    });
    assert_eq!(world.published, talkers, "each message is published once");
    println!("{people:9} {bytes:10} {coming:11.2} {talking:20.2} {leaving:12.2}");
}

/// A chat and its journal.
struct World {
    chat: Chat,
    journal: Journal,
    now: Now,
    /// Messages that went to a room.
    published: usize,
}

impl World {
    fn new() -> Self {
        let now = Now { at: Moment::from_millis(0), unix_ms: 1_700_000_000_000 };
        let limits = Limits {
            rooms_max: usize::MAX,
            records_max: usize::MAX,
            network_rooms_max: usize::MAX,
            detached_sessions_max: usize::MAX,
            ..Limits::default()
        };
        let kept = journal::Limits::default();
        let (journal, opening) =
            Journal::open(Engine::Memory, kept, [7; 16], now, || {}).expect("a journal");
        Self { chat: Chat::new(limits, opening), journal, now, published: 0 }
    }

    /// Does something for each number below a count, and returns the microseconds that one takes.
    fn time(&mut self, count: usize, what: impl Fn(&mut Self, usize)) -> f64 {
        let began = Instant::now();
        for n in 0..count {
            what(self, n);
            // As if 100,000 did so in a second.
            if n % 100 == 0 {
                self.now.at = self.now.at.after(Duration::from_millis(1));
                self.now.unix_ms += 1;
            }
            if self.chat.deadline() <= self.now.at {
                self.handle(Input::Due);
            }
        }
        began.elapsed().as_secs_f64() * 1e6 / count as f64
    }

    fn handle(&mut self, input: Input) {
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            let mut effects = Vec::new();
            self.chat.handle(self.now, input, &mut effects);
            for effect in effects {
                match effect {
                    Effect::Journal(request) => self.journal.submit(self.now, request),
                    Effect::Broadcast { seq, .. } => self.published += usize::from(seq.is_some()),
                    _ => {}
                }
            }
            let mut responses = Vec::new();
            self.journal.responses(self.now, &mut responses);
            inputs.extend(responses.into_iter().map(Input::Answered));
        }
    }
}

fn seed(number: usize) -> [u8; 16] {
    let mut seed = [7; 16];
    seed[..8].copy_from_slice(&(number as u64).to_be_bytes());
    seed
}

/// Returns the resident memory of this process, in bytes.
fn resident() -> u64 {
    let sizes = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = sizes.split(' ').nth(1).and_then(|pages| pages.parse().ok());
    pages.unwrap_or(0) * PAGE
}
