//! What a journal does when its files are removed or renamed while it runs.

use std::fs;

use super::changes::message;
use super::world::World;
use crate::chat::record::{JournalError, JournalResponse, Span};
use crate::journal::{Limits, OpenError};

#[test]
fn a_journal_whose_files_are_gone_refuses_to_write() {
    for name in ["journal.db", "journal.db-wal", "lock"] {
        let mut world = World::sqlite();
        world.say("before");
        fs::remove_file(world.dir().join(name)).unwrap();
        notices(&mut world);
        let draft = world.draft(message("lost"));
        assert_eq!(world.refuse(draft), JournalError::Unavailable, "{name}");
        assert_eq!(world.page(Span::Latest, 10).top, 1, "what is there can be read");
    }
}

#[test]
fn a_journal_whose_files_come_back_goes_on() {
    let mut world = World::sqlite();
    world.say("before");
    let (path, aside) = (world.dir().join("lock"), world.dir().join("aside"));
    fs::rename(&path, &aside).unwrap();
    // Another server does not get in by the lock of its own.
    let error = World::open(world.engine.clone(), Limits::default(), world.now).err().unwrap();
    assert!(matches!(error, OpenError::Locked { .. }), "{error:?}");
    notices(&mut world);
    fs::rename(&aside, &path).unwrap();
    while !world.journal().writable() {
        world.wait();
        world.settle();
    }
    assert_eq!(world.say("after"), 2);
}

fn notices(world: &mut World) {
    while world.journal().writable() {
        world.wait();
        world.settle();
    }
    assert_eq!(world.aside.last(), Some(&JournalResponse::Health { writable: false }));
}
