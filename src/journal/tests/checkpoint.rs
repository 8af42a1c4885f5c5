//! How the write-ahead log is kept short.

use std::fs;

use super::world::World;

#[test]
fn a_log_is_copied_beside_the_commits_and_starts_anew() {
    let mut world = World::sqlite();
    for _ in 0..MESSAGES {
        world.say("hi");
    }
    // Each commit adds three pages or more; a log that starts anew even once is shorter.
    let bytes = fs::metadata(world.dir().join("journal.db-wal")).unwrap().len();
    assert!(bytes < MESSAGES * 3 * 4096, "{bytes} bytes are in the log");
    let mut world = world.again();
    assert_eq!(world.say("again"), MESSAGES + 1);
}

const MESSAGES: u64 = 4000;
