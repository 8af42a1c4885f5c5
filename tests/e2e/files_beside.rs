//! Those who talk beside an upload as fast as the disk takes it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::client::Client;
use crate::data::Data;
use crate::files::{noise, upload};

/// Attempts until a bad outcome counts: a machine is busy with other things now and then.
const ATTEMPTS_MAX: u32 = 40;
/// What is shorter is not compared.
const FLOOR: Duration = Duration::from_millis(10);

#[test]
fn an_upload_keeps_nobody_who_talks_waiting() {
    let data = Data::new();
    let server = data.start(&[
        "--rate-limit",
        "off",
        "--http-query-rate-limit",
        "off",
        "--limit",
        "upload_bytes_per_day_max=1000GiB",
        "--limit",
        "waiting_uploads_per_author_max=10000",
    ]);
    let mut alice = server.join("name=Alice");
    let session = server.join("name=Bob&room=dev").session();
    let bytes = noise(20_000_000, 1);
    let mut said = 0;
    let (mut alone, mut beside) = (Duration::MAX, Duration::MAX);
    for attempt in 1..=ATTEMPTS_MAX {
        alone = alone.min(slowest_but_one(&mut alice, &mut said));
        let ends = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !ends.load(Ordering::Relaxed) {
                    assert_eq!(upload(&server, "dev", "n", &session, &bytes).status(), 201);
                }
            });
            beside = beside.min(slowest_but_one(&mut alice, &mut said));
            ends.store(true, Ordering::Relaxed);
        });
        if attempt > 2 && beside <= FLOOR.max(alone * 2) {
            println!("{beside:?} beside an upload, {alone:?} without, after {attempt} attempts");
            return;
        }
    }
    panic!("{beside:?} beside an upload, but {alone:?} without");
}

/// Returns the time from a message to its ack, in which 99 of 100 come.
fn slowest_but_one(client: &mut Client, said: &mut u32) -> Duration {
    let mut took: Vec<Duration> = (0..100)
        .map(|_| {
            *said += 1;
            let (id, begin) = (said.to_string(), Instant::now());
            client.post(&id, "hello");
            begin.elapsed()
        })
        .collect();
    took.sort_unstable();
    took[98]
}
