//! Backups: what is in the file, and what is not.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use rusqlite::Connection;

use super::changes::{deleted, edited, expiring, key_value, message};
use super::scratch::Scratch;
use super::world::{World, said};
use crate::chat::record::{Namespace, Span};
use crate::clock::Now;
use crate::journal::{Contents, Engine, Limits, OpenError, TransferError, back_up, look_through};

/// Copies the journal of a world; returns the file.
fn backed_up(world: &World, scratch: &Scratch) -> (PathBuf, Contents) {
    let file = scratch.path().join("backup.db");
    let contents = back_up(&world.dir(), &file, world.limits.clone(), world.now).unwrap();
    let names: Vec<_> =
        fs::read_dir(scratch.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert_eq!(names, ["backup.db"]);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    (file, contents)
}

/// Starts a journal from a backup.
fn restored(world: &World, scratch: &Scratch) -> World {
    let engine = scratch.engine();
    let Engine::Sqlite { dir, .. } = &engine else { panic!("it is on disk") };
    fs::create_dir(dir).unwrap();
    fs::rename(scratch.path().join("backup.db"), dir.join("journal.db")).unwrap();
    let later = Now { unix_ms: world.now.unix_ms + 1, ..world.now };
    World::open(engine, world.limits.clone(), later).unwrap()
}

#[test]
fn a_journal_starts_from_its_backup_in_another_epoch() {
    let mut world = World::indexed();
    world.say("an ordinaryword");
    world.change(edited(1, "another ordinaryword"));
    world.keep(vec![key_value(Namespace::Accounts, "a", "b")]);
    let (before, scratch) = (world.history(), Scratch::new());
    let (_, contents) = backed_up(&world, &scratch);
    let counts = (contents.rooms, contents.entries, contents.accounts);
    assert_eq!(counts, (1, 2, 1));
    world.say("not in it");
    let mut other = restored(&world, &scratch);
    assert_ne!(other.opening.epoch, world.opening.epoch);
    assert_eq!(other.opening.key_values, [key_value(Namespace::Accounts, "a", "b")]);
    assert_eq!(said(other.page(Span::Latest, 10)), before);
    assert_eq!(other.finds("another"), [1]);
    assert_eq!(look_through(&scratch.path().join("data")).unwrap(), contents);
    other.stop();
}

#[test]
fn deleted_text_is_not_in_a_backup_even_while_it_is_in_the_log() {
    let mut world = World::indexed();
    let mid = world.say("a secretword");
    world.change(edited(mid, "another secretword"));
    world.change(deleted(mid));
    world.say("the last one");
    let expires = world.now.unix_ms + 500;
    let scratch = Scratch::new();
    world.change(expiring("a secretword", expires));
    world.now.unix_ms += 1000;
    let (file, _) = backed_up(&world, &scratch);
    let holds = |word: &[u8]| fs::read(&file).unwrap().windows(word.len()).any(|it| it == word);
    assert!(holds(b"the last one") && !holds(b"secretword"));
}

#[test]
fn the_text_of_a_removed_room_is_not_in_a_backup() {
    for world in [World::sqlite(), World::indexed()] {
        let mut world = world;
        for _ in 0..300 {
            world.say("a secretword");
        }
        let mut elsewhere = world.draft(message("elsewhere"));
        elsewhere.room = "tea".into();
        world.append(elsewhere);
        world.settle();
        world.remove("lobby");
        let scratch = Scratch::new();
        let (file, contents) = backed_up(&world, &scratch);
        assert_eq!((contents.rooms, contents.entries), (1, 1));
        let bytes = fs::read(&file).unwrap();
        assert!(!bytes.windows(10).any(|part| part == b"secretword"));
        let db = Connection::open(&file).unwrap();
        let count = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(count("SELECT count(*) FROM entries"), 1);
        assert_eq!(count("SELECT count(*) FROM search WHERE search MATCH 'secretword'"), 0);
    }
}

#[test]
fn a_backup_overwrites_nothing_and_leaves_nothing_when_it_fails() {
    let mut world = World::sqlite();
    world.say("hi");
    let scratch = Scratch::new();
    let file = scratch.path().join("backup.db");
    let back_up = |limits: &Limits| back_up(&world.dir(), &file, limits.clone(), world.now);
    for taken in ["backup.db", "backup.db.new"] {
        let taken = scratch.path().join(taken);
        fs::write(&taken, "mine").unwrap();
        assert!(matches!(back_up(&world.limits), Err(TransferError::Write(_))));
        assert_eq!(fs::read(&taken).unwrap(), b"mine");
        fs::remove_file(&taken).unwrap();
    }
    assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 0);
}

#[test]
fn damage_is_found_and_named() {
    let mut world = World::sqlite();
    for _ in 0..200 {
        world.say(&"many words ".repeat(20));
    }
    assert_eq!(look_through(&world.dir()).unwrap().entries, 200);
    let scratch = Scratch::new();
    let (file, _) = backed_up(&world, &scratch);
    let mut bytes = fs::read(&file).unwrap();
    let end = bytes.len();
    bytes[4096 * 8..end - 4096].fill(0xa5);
    fs::write(scratch.path().join("journal.db"), bytes).unwrap();
    let found = look_through(scratch.path());
    assert!(matches!(found, Err(TransferError::Open(OpenError::Corrupt { .. }))), "{found:?}");
    let nowhere = look_through(&scratch.path().join("nowhere"));
    assert!(matches!(nowhere, Err(TransferError::NoJournal { .. })), "{nowhere:?}");
}

#[test]
fn appends_go_on_while_a_backup_is_made() {
    let mut world = World::sqlite();
    for _ in 0..100 {
        world.say(&"many words ".repeat(100));
    }
    let (scratch, dir) = (Scratch::new(), world.dir());
    let (file, limits, now) = (scratch.path().join("backup.db"), world.limits.clone(), world.now);
    let copying = std::thread::spawn(move || back_up(&dir, &file, limits, now).unwrap());
    let mut entries = 100;
    while !copying.is_finished() {
        entries += 1;
        assert_eq!(world.say("meanwhile"), entries);
    }
    assert!((100..=entries).contains(&copying.join().unwrap().entries));
}
