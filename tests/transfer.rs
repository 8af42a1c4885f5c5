//! Export and import from outside: the real binary, on journals made here.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use chinwag::chat::record::{
    AuthorKey, BlobHash, Change, DeletionReason, Draft, File, FileId, JournalRequest,
    JournalResponse, KeyValue, Moderation, ModerationAction, Namespace, PageContent, PutKeyValues,
    Query, RequestId, Snapshot, Span, StoredMessage,
};
use chinwag::clock::{Moment, Now};
use chinwag::journal::{Durability, Engine, Journal, Limits};

const OK: Option<i32> = Some(0);
const FAILED: Option<i32> = Some(1);
const WRONG: Option<i32> = Some(2);

#[test]
fn an_exported_and_imported_record_exports_identically() {
    let (from, to) = (Scratch::new(), Scratch::new());
    talk(&from);
    let file = export(&from, &[]);
    assert_eq!(file.lines().filter(|line| line.starts_with(r#"{"type":"room""#)).count(), 2);
    let file = to.file("record", &file);
    let done = chinwag(&["import", "--keep-epoch", &file], &to);
    assert_eq!(done.status.code(), OK, "{}", stderr(&done));
    assert!(stderr(&done).ends_with(
        "imported 20 entries, 2 new rooms; 0 were there; clients go on where they were\n"
    ));
    assert_eq!(stdout(&done), "");
    assert_eq!(export(&to, &[]), fs::read_to_string(file).unwrap());
}

#[test]
fn an_imported_room_has_the_same_history_and_ids() {
    let (from, to) = (Scratch::new(), Scratch::new());
    talk(&from);
    let file = to.file("record", &export(&from, &[]));
    assert_eq!(chinwag(&["import", "--keep-epoch", &file], &to).status.code(), OK);
    let (mut one, opening) = Desk::open(&from, Limits::default());
    let (mut other, again) = Desk::open(&to, Limits::default());
    let rooms = |opening: &Snapshot| {
        opening.rooms.iter().map(|room| (room.name.clone(), room.topic.clone())).collect::<Vec<_>>()
    };
    assert_eq!(rooms(&again), rooms(&opening));
    assert_eq!(again.epoch, opening.epoch);
    for room in ["lobby", "kaffee"] {
        // What was overdue had its text until the export.
        let read = |desk: &mut Desk| {
            let mut said = desk.read(room);
            said.retain(|said| said.expires != Some(OVERDUE));
            said
        };
        let (one, other) = (read(&mut one), read(&mut other));
        assert!(one.iter().any(|said| said.edited || !said.reactions.is_empty()));
        assert_eq!(one, other);
    }
    let first = other.append("lobby", 1, Some("m1"), message("one"));
    assert!(
        matches!(first, JournalResponse::Appended { seq: 1, duplicate: true, .. }),
        "{first:?}"
    );
    let next = other.append("lobby", 1, Some("m99"), message("next"));
    assert!(
        matches!(next, JournalResponse::Appended { seq: 18, duplicate: false, .. }),
        "{next:?}"
    );
}

#[test]
fn a_deleted_text_is_not_exported() {
    let from = Scratch::new();
    talk(&from);
    let file = export(&from, &[]);
    for word in ["secret", "offensive", "fleeting", "overdue"] {
        assert!(!file.contains(word), "{word}:\n{file}");
    }
    assert!(file.contains("lasting"));
}

#[test]
fn the_same_file_twice_changes_nothing() {
    let (from, to) = (Scratch::new(), Scratch::new());
    talk(&from);
    let file = to.file("record", &export(&from, &[]));
    assert_eq!(chinwag(&["import", "--keep-epoch", &file], &to).status.code(), OK);
    let before = export(&to, &[]);
    let again = chinwag(&["import", "--keep-epoch", &file], &to);
    assert_eq!(again.status.code(), OK, "{}", stderr(&again));
    assert!(stderr(&again).ends_with("nothing new: all 20 entries were there already\n"));
    assert_eq!(export(&to, &[]), before);
}

#[test]
fn a_newer_file_adds_what_is_new_and_an_older_one_nothing() {
    let (from, to) = (Scratch::new(), Scratch::new());
    talk(&from);
    let older = to.file("older", &export(&from, &[]));
    let (mut desk, _) = Desk::open(&from, Limits::default());
    desk.append("lobby", 1, Some("m20"), message("later"));
    desk.append("lobby", 1, None, Change::Deleted { mid: 1, why: DeletionReason::Author });
    desk.close();
    let newer = export(&from, &[]);
    let newer_file = to.file("newer", &newer);
    for (file, told) in [(&older, "imported 20 "), (&newer_file, "imported 2 ")] {
        let done = chinwag(&["import", "--keep-epoch", file], &to);
        assert!(stderr(&done).contains(told), "{}", stderr(&done));
    }
    let done = chinwag(&["import", "--keep-epoch", &older], &to);
    assert!(stderr(&done).contains("nothing new: all 20"), "{}", stderr(&done));
    assert_eq!(export(&to, &[]), newer);
}

#[test]
fn one_room_is_exported_by_its_name() {
    let (from, to) = (Scratch::new(), Scratch::new());
    talk(&from);
    let file = export(&from, &["--room", "Kaffee"]);
    assert!(file.contains("kaffee") && !file.contains("lobby"));
    let path = to.file("record", &file);
    let done = chinwag(&["import", &path], &to);
    let told = "imported 3 entries, 1 new rooms; 0 were there\n";
    assert!(stderr(&done).ends_with(told), "{}", stderr(&done));
    assert!(export(&to, &[]).lines().skip(1).eq(file.lines().skip(1)));
    // The other rooms are not there: they will count from 1 again.
    assert_ne!(
        Desk::open(&to, Limits::default()).1.epoch,
        Desk::open(&from, Limits::default()).1.epoch
    );
    let none = chinwag(&["export", "--room", "nowhere"], &from);
    assert_eq!(none.status.code(), FAILED);
    assert_eq!((stdout(&none), stderr(&none)), ("", "the journal has no room nowhere\n"));
}

#[test]
fn a_pruned_room_starts_where_it_did() {
    let (from, to) = (Scratch::new(), Scratch::new());
    let limits = Limits { keep_messages: Some(2), ..Limits::default() };
    let (mut desk, _) = Desk::open(&from, limits);
    desk.append("lobby", 1, None, Change::Topic { topic: "tea".into() });
    for text in ["one", "two"] {
        desk.append("lobby", 1, None, message(text));
    }
    desk.append("lobby", 2, None, reaction(2, true));
    desk.append("lobby", 1, None, Change::Edited { mid: 2, content: "uno".into() });
    desk.append("lobby", 1, Some("id"), message("three"));
    desk.close();
    let exported = export(&from, &[]);
    assert!(exported.contains(r#""topic":"tea","first":3,"top":6"#), "{exported}");
    let file = to.file("record", &exported);
    assert_eq!(chinwag(&["import", "--keep-epoch", &file], &to).status.code(), OK);
    assert_eq!(export(&to, &[]), exported);
    let (mut desk, _) = Desk::open(&to, Limits::default());
    let again = desk.append("lobby", 1, Some("id"), message("three"));
    assert!(
        matches!(again, JournalResponse::Appended { seq: 6, duplicate: true, .. }),
        "{again:?}"
    );
    assert_eq!(desk.read("lobby").len(), 2);
}

#[test]
fn key_values_and_moderation_are_imported_with_their_room() {
    let (from, whole, part) = (Scratch::new(), Scratch::new(), Scratch::new());
    talk(&from);
    let all = key_values();
    let (mut desk, _) = Desk::open(&from, Limits::default());
    assert!(matches!(desk.keep(all.clone()), JournalResponse::Saved { .. }));
    let moderation = Moderation {
        action: ModerationAction::MakePrivate,
        user: None,
        seconds: None,
        reason: Some("\"peace\"\n".into()),
    };
    desk.append("Kaffee", 1, Some("d1"), Change::Moderated { moderation: Arc::new(moderation) });
    assert!(desk.close());

    let exported = export(&from, &[]);
    let file = whole.file("record", &exported);
    let done = chinwag(&["import", "--keep-epoch", &file], &whole);
    let told = "imported 21 entries, 2 new rooms, 9 settings; 0 were there; clients go on";
    assert!(stderr(&done).contains(told), "{}", stderr(&done));
    assert_eq!(export(&whole, &[]), exported);
    let kept = |of: &dyn Fn(&KeyValue) -> bool| -> Vec<KeyValue> {
        all.iter().filter(|key_value| of(key_value)).cloned().collect()
    };
    let (mut desk, opening) = Desk::open(&whole, Limits::default());
    assert_eq!(
        opening.key_values,
        kept(&|key_value| key_value.namespace != Namespace::RevokedTokens)
    );
    // The file again, after the journal has gone on: what it has now stays.
    let newer =
        KeyValue { namespace: Namespace::Rooms, key: "lobby".into(), value: Some("newer".into()) };
    desk.keep(vec![newer.clone()]);
    assert!(desk.close());
    let again = chinwag(&["import", &file], &whole);
    assert!(stderr(&again).ends_with("nothing new: all 21 entries were there already\n"));
    assert!(Desk::open(&whole, Limits::default()).1.key_values.contains(&newer));

    let exported = export(&from, &["--room", "KAFFEE"]);
    assert!(!exported.contains("hash of a password"), "{exported}");
    let file = part.file("record", &exported);
    assert_eq!(chinwag(&["import", &file], &part).status.code(), OK);
    assert_eq!(
        export(&part, &[]).lines().skip(1).collect::<Vec<_>>(),
        exported.lines().skip(1).collect::<Vec<_>>()
    );
    let about = kept(&|key_value| key_value.key.split('/').any(|part| part == "kaffee"));
    assert_eq!(about.len(), 4);
    assert_eq!(Desk::open(&part, Limits::default()).1.key_values, about);
}

#[test]
fn an_import_cannot_claim_an_account() {
    let (from, to) = (Scratch::new(), Scratch::new());
    let (mut desk, _) = Desk::open(&from, Limits::default());
    for author in 1..=3 {
        desk.append("lobby", author, None, message("hi"));
    }
    assert!(desk.close());
    let exported = export(&from, &[]);
    let claimed = exported.replace(r#""sender":"user1""#, r#""sender":"user1","account":true"#);
    assert_ne!(claimed, exported);
    let refused = chinwag(&["import", &to.file("claimed", &claimed)], &to);
    assert_ne!(refused.status.code(), OK, "{}", stderr(&refused));
    // Of these authors, the first has an account of its name, the second one of another name.
    let account = |author: u8, name: &str| KeyValue {
        namespace: Namespace::Accounts,
        key: AuthorKey([author; 16]).to_hex().into(),
        value: Some(format!(r#"{{"name":"{name}"}}"#).into()),
    };
    let (mut desk, _) = Desk::open(&to, Limits::default());
    desk.keep(vec![account(1, "user1"), account(2, "Bob")]);
    assert!(desk.close());
    let done = chinwag(&["import", &to.file("record", &exported)], &to);
    assert_eq!(done.status.code(), OK, "{}", stderr(&done));
    let (mut desk, _) = Desk::open(&to, Limits::default());
    let accounts: Vec<bool> = desk.read("lobby").iter().map(|said| said.account).collect();
    assert_eq!(accounts, [true, false, false]);
}

#[test]
fn a_file_without_key_values_is_read() {
    let (from, to) = (Scratch::new(), Scratch::new());
    talk(&from);
    let exported = export(&from, &[]);
    let (head, rest) = exported.split_once('\n').unwrap();
    let old = head.replace("\"version\":2", "\"version\":1").replace(",\"facts\":0", "");
    assert!(old.ends_with("\"rooms\":2,\"entries\":20}"), "{old}");
    let file = to.file("old", &format!("{old}\n{rest}"));
    let done = chinwag(&["import", "--keep-epoch", &file], &to);
    assert_eq!(done.status.code(), OK, "{}", stderr(&done));
    assert_eq!(export(&to, &[]), exported);
}

#[test]
fn an_invalid_file_is_reported_by_line_and_not_imported() {
    let (from, to) = (Scratch::new(), Scratch::new());
    talk(&from);
    let whole = export(&from, &[]);
    let lines: Vec<&str> = whole.lines().collect();
    let changed = |at: usize, line: &str| {
        let mut lines = lines.clone();
        lines[at - 1] = line;
        lines.join("\n")
    };
    let without = |at: usize| {
        let mut lines = lines.clone();
        lines.remove(at - 1);
        lines.join("\n")
    };
    let entry = lines[3].replace(r#""seq":2"#, r#""seq":9"#);
    let author = lines[4].replace(r#""author":""#, r#""author":"x"#);
    for (text, told) in [
        (String::new(), "line 1: this is not a record"),
        ("hello\n".to_owned(), "line 1: this is not a record"),
        (without(1), "line 1: this is not a record"),
        (changed(1, &lines[0].replace(r#"version":2"#, r#"version":3"#)), "line 1: the file has v"),
        (changed(4, "{\"type\":"), "line 4: broken: EOF while parsing a value at byte 8"),
        (changed(4, ""), "line 4: broken"),
        (changed(4, &entry), "line 4: entry 9, but entry 2 is next"),
        (changed(5, &author), "line 5: author is not of 32 hexadecimal digits"),
        (without(2), "line 2: an entry before the first room"),
        (whole[..whole.len() - 20].to_owned(), "line 23: broken: EOF"),
        (lines[..22].join("\n"), "line 22: entries 17 to 17 of the room lobby are missing"),
        (lines[..5].join("\n"), "line 5: the file ends here with 1 rooms and 3 entries"),
        (format!("{whole}{}", lines[6]), "line 24: entry 1, but the room ends at 17"),
        (format!("{whole}{whole}"), "line 24: the file begins again"),
        (format!("{whole}{}\n", lines[1]), "line 24: the room Kaffee comes twice"),
        (format!("{whole}{FACT}\n"), "line 24: the file has 1 facts, but should have 0"),
        (
            format!("{whole}{}\n", FACT.replace("rooms", "attic")),
            "line 24: there is no shelf attic",
        ),
        (format!("{whole}{}\n", FACT.replace("value", "worth")), "line 24: broken: unknown field"),
    ] {
        let file = to.file("broken", &text);
        let done = chinwag(&["import", "--keep-epoch", &file], &to);
        assert_eq!(done.status.code(), FAILED, "{told}");
        assert!(stderr(&done).contains(told), "{told}: {}", stderr(&done));
        assert!(stderr(&done).ends_with("; nothing was imported\n"), "{}", stderr(&done));
        let empty = export(&to, &[]);
        assert!(empty.ends_with("\"rooms\":0,\"entries\":0,\"facts\":0}\n"), "{told}: {empty}");
    }
}

#[test]
fn a_room_with_other_entries_is_left_alone() {
    let (from, to) = (Scratch::new(), Scratch::new());
    talk(&from);
    let (mut desk, _) = Desk::open(&to, Limits::default());
    desk.append("lobby", 3, None, message("mine"));
    desk.close();
    let before = export(&to, &[]);
    let file = to.file("record", &export(&from, &[]));
    let done = chinwag(&["import", "--keep-epoch", &file], &to);
    assert_eq!(done.status.code(), FAILED);
    let told = "line 7: the journal has another entry 1 in the room lobby; import into an empty \
                directory; nothing was imported\n";
    assert!(stderr(&done).ends_with(told), "{}", stderr(&done));
    assert_eq!(export(&to, &[]), before);
}

#[test]
fn an_import_has_a_new_epoch_unless_asked_otherwise() {
    let (from, to) = (Scratch::new(), Scratch::new());
    talk(&from);
    let exported = export(&from, &[]);
    let file = to.file("record", &exported);
    assert_eq!(chinwag(&["import", &file], &to).status.code(), OK);
    let (desk, opening) = Desk::open(&to, Limits::default());
    desk.close();
    assert_ne!(opening.epoch, Desk::open(&from, Limits::default()).1.epoch);
    let again = export(&to, &[]);
    assert!(again.contains(&opening.epoch) && !exported.contains(&opening.epoch));
}

#[test]
fn a_running_server_can_be_exported_but_not_imported_into() {
    let scratch = Scratch::new();
    talk(&scratch);
    let (mut desk, _) = Desk::open(&scratch, Limits::default());
    desk.append("lobby", 1, None, message("still in the write-ahead log"));
    let exported = export(&scratch, &[]);
    assert!(exported.contains("still in the write-ahead log"));
    let file = scratch.file("record", &exported);
    let done = chinwag(&["import", &file], &scratch);
    assert_eq!(done.status.code(), FAILED);
    assert!(stderr(&done).starts_with("another server uses the journal in "), "{}", stderr(&done));
    let next = desk.append("lobby", 1, None, message("undisturbed"));
    assert!(matches!(next, JournalResponse::Appended { .. }), "{next:?}");
    assert!(desk.close());
}

#[test]
fn export_and_import_need_a_data_directory() {
    let scratch = Scratch::new();
    for arguments in [&["export"][..], &["import", "-"]] {
        let none = run(&[arguments, &["--data", "none"]].concat(), "");
        assert_eq!((none.status.code(), stdout(&none)), (WRONG, ""));
        assert!(stderr(&none).starts_with("--data none: "), "{}", stderr(&none));
        assert!(stderr(&none).contains("--data ./chinwag-data"));
    }
    let missing = chinwag(&["export"], &scratch);
    assert_eq!(missing.status.code(), FAILED);
    assert!(stderr(&missing).starts_with("there is no journal in "), "{}", stderr(&missing));
    assert!(!scratch.data().exists(), "an export makes nothing");
    let missing = chinwag(&["import", "no/such/file"], &scratch);
    assert_eq!(missing.status.code(), FAILED);
    assert!(stderr(&missing).starts_with("no/such/file: "), "{}", stderr(&missing));
    assert!(!scratch.data().exists());
    assert_eq!(chinwag(&["import"], &scratch).status.code(), WRONG);
}

#[test]
fn a_record_can_be_imported_from_stdin() {
    let (from, to) = (Scratch::new(), Scratch::new());
    talk(&from);
    let exported = export(&from, &[]);
    let done =
        run(&["import", "--keep-epoch", "-", "--data", to.data().to_str().unwrap()], &exported);
    assert_eq!(done.status.code(), OK, "{}", stderr(&done));
    assert!(stderr(&done).starts_with("stdin: imported 20 entries"), "{}", stderr(&done));
    assert_eq!(export(&to, &[]), exported);
}

/// The SHA-256 of `abc`, FIPS 180-4.
const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

/// Has a message with a file whose bytes are `abc`, and one more whose file went with it.
fn talk_with_files(scratch: &Scratch) {
    let (mut desk, _) = Desk::open(scratch, Limits::default());
    let with_file = |number: u8, blob: &str| {
        let (id, blob) = (FileId([number; 16]), BlobHash::from_hex(blob).expect("a hash"));
        let name = format!("photo {number}.jpg").into();
        let file = File { blob, name, bytes: 3, ..File::unknown(id) };
        let content = "look".into();
        Change::Message { content, reply_to: None, expires: None, files: [file].into() }
    };
    desk.append("Lobby", 1, None, with_file(1, ABC));
    desk.append("Lobby", 1, None, with_file(2, &"0".repeat(64)));
    desk.append("Lobby", 1, None, Change::Deleted { mid: 2, why: DeletionReason::Author });
    assert!(desk.close());
    let files = scratch.data().join("files");
    fs::create_dir(&files).expect("a new directory");
    fs::write(files.join(ABC), "abc").expect("a file");
}

#[test]
fn files_are_exported_and_imported_with_their_bytes() {
    let (from, to) = (Scratch::new(), Scratch::new());
    talk_with_files(&from);
    let dir = to.0.join("blobs");
    let copied = ["export", "--files-dir", dir.to_str().unwrap()];
    let record = to.file("record", &export(&from, &copied[1..]));
    assert_eq!(fs::read(dir.join(ABC)).unwrap(), b"abc");
    assert_eq!(fs::read_dir(&dir).unwrap().count(), 1, "the other one was deleted");
    let told = chinwag(&["export"], &from);
    assert_eq!((told.status.code(), stdout(&told)), (OK, &*fs::read_to_string(&record).unwrap()));
    assert_eq!(stderr(&told), "the bytes of 1 files are not in it; --files-dir copies them\n");

    let without = chinwag(&["import", &record], &to);
    assert_eq!(without.status.code(), OK, "{}", stderr(&without));
    assert!(stderr(&without).contains("imported 3 entries"), "{}", stderr(&without));
    assert!(stderr(&without).contains("1 files are not in "), "{}", stderr(&without));
    let checked = chinwag(&["check"], &to);
    assert_eq!(checked.status.code(), FAILED);
    let fault = format!("photo 1.jpg (message 1 in Lobby, {ABC}) is missing");
    assert!(stderr(&checked).contains(&fault), "{}", stderr(&checked));
    // The same file once more, with the bytes.
    let again = chinwag(&["import", &record, copied[1], copied[2]], &to);
    assert_eq!(again.status.code(), OK, "{}", stderr(&again));
    assert!(!stderr(&again).contains("are not in"), "{}", stderr(&again));
    assert_eq!(fs::read(to.data().join("files").join(ABC)).unwrap(), b"abc");
    let checked = chinwag(&["check"], &to);
    assert!(stderr(&checked).contains("0 accounts, 1 files"), "{}", stderr(&checked));
    assert_eq!(export(&to, &copied[1..]).lines().count(), 5);
}

#[test]
fn files_that_are_missing_or_damaged_are_named_and_nothing_is_imported() {
    let (from, to) = (Scratch::new(), Scratch::new());
    talk_with_files(&from);
    let dir = to.0.join("blobs");
    let dir = dir.to_str().unwrap();
    let record = to.file("record", &export(&from, &["--files-dir", dir]));
    let blob = Path::new(dir).join(ABC);
    for (bytes, fault) in
        [(None, "is missing"), (Some("abd"), "is damaged"), (Some("ab"), "is damaged")]
    {
        match bytes {
            Some(bytes) => fs::write(&blob, bytes).unwrap(),
            None => fs::remove_file(&blob).unwrap(),
        }
        let failed = chinwag(&["import", &record, "--files-dir", dir], &to);
        assert_eq!(failed.status.code(), FAILED);
        let told = format!("line 3: the file photo 1.jpg ({ABC}) {fault}; nothing was imported");
        assert!(stderr(&failed).contains(&told), "{}", stderr(&failed));
        assert_eq!(export(&to, &[]).lines().count(), 1);
        fs::copy(&blob, from.data().join("files").join(ABC)).ok();
        if bytes.is_none() {
            fs::remove_file(from.data().join("files").join(ABC)).unwrap();
        }
        let other = to.0.join("other");
        let failed = chinwag(&["export", "--files-dir", other.to_str().unwrap()], &from);
        assert_eq!(failed.status.code(), FAILED);
        let told = format!("photo 1.jpg (message 1 in Lobby, {ABC}) {fault}");
        assert!(stderr(&failed).contains(&told), "{}", stderr(&failed));
        assert_eq!(fs::read_dir(&other).unwrap().count(), 0, "no half file");
    }
}

/// Fills two rooms with everything that can happen.
fn talk(scratch: &Scratch) {
    let (mut desk, _) = Desk::open(scratch, Limits::default());
    let gone = |mid, why| Change::Deleted { mid, why };
    let expiring = |text: &str, expires| Change::Message {
        files: Default::default(),
        content: text.into(),
        reply_to: None,
        expires,
    };
    for (author, id, change) in [
        (1, Some("m1"), message("one")),
        (2, Some("m1"), message("zwei \"\\\n\u{2028}\u{0} ☕")),
        (1, Some("m2"), Change::Edited { mid: 1, content: "eins".into() }),
        (1, None, message("secret")),
        (1, None, Change::Edited { mid: 4, content: "more secret".into() }),
        (1, Some("m3"), gone(4, DeletionReason::Author)),
        (2, None, message("offensive")),
        (9, None, gone(7, DeletionReason::Moderator)),
        (1, None, reaction(2, true)),
        (2, Some("r1"), reaction(2, true)),
        (1, None, reaction(2, false)),
        (1, None, Change::Topic { topic: "tea".into() }),
        (1, Some("m4"), expiring("lasting", Some(u64::MAX / 4))),
        (1, Some("m5"), expiring("overdue", Some(OVERDUE))),
        (1, None, Change::Edited { mid: 14, content: "more overdue".into() }),
        (1, None, expiring("fleeting", Some(NOW - 1))),
    ] {
        let answer = desk.append("lobby", author, id, change);
        assert!(matches!(answer, JournalResponse::Appended { duplicate: false, .. }), "{answer:?}");
    }
    while desk.journal.busy() || desk.expired < 1 {
        desk.responses();
    }
    let reply = Change::Message {
        files: Default::default(),
        content: "ja".into(),
        reply_to: Some(1),
        expires: None,
    };
    for change in [message("Kaffee?"), reply, reaction(1, true)] {
        desk.append("Kaffee", 1, None, change);
    }
    assert!(desk.close());
}

/// Returns facts of every kind, by shelf, then key.
fn key_values() -> Vec<KeyValue> {
    [
        (Namespace::Accounts, "alice", "hash of a password"),
        (Namespace::Rooms, "kaffee", "{\"private\":true}"),
        (Namespace::Rooms, "lobby", "{}"),
        (Namespace::MemberStates, "kaffee/0a1b", "owner"),
        (Namespace::MemberStates, "lobby/0a1b", "moderator"),
        (Namespace::Bans, "kaffee/10.0.0.0", "\u{1F600}"),
        (Namespace::DirectRooms, "@0a1b", "0a1b 2c3d"),
        (Namespace::ReadMarkers, "0a1b/kaffee", "3"),
        (Namespace::RevokedTokens, "token", "1"),
        (Namespace::Days, "2026-11-25", "900"),
    ]
    .map(|(namespace, key, value)| KeyValue {
        namespace,
        key: key.into(),
        value: Some(value.into()),
    })
    .into()
}

const FACT: &str = r#"{"type":"fact","shelf":"rooms","key":"dev","value":"{}"}"#;

fn message(text: &str) -> Change {
    Change::Message {
        files: Default::default(),
        content: text.into(),
        reply_to: None,
        expires: None,
    }
}

fn reaction(mid: u64, on: bool) -> Change {
    Change::Reaction { mid, emoji: "👍".into(), on, count: 0 }
}

/// When the journals here are at work: long ago.
const NOW: u64 = 1_000_000_000_000;
/// After that, and before an export.
const OVERDUE: u64 = NOW + 1_000_000;

/// A journal and whoever works with it.
struct Desk {
    journal: Journal,
    wake: Receiver<()>,
    tickets: u64,
    expired: u64,
}

impl Desk {
    fn open(scratch: &Scratch, limits: Limits) -> (Self, Snapshot) {
        let (waker, wake) = channel();
        let engine = Engine::Sqlite {
            dir: scratch.data(),
            durability: Durability::Write,
            accept_loss: false,
            check: true,
        };
        let seed = SCRATCHES.fetch_add(1, Ordering::Relaxed).to_le_bytes();
        let mut epoch_seed = [0; 16];
        epoch_seed[..8].copy_from_slice(&seed);
        let waker = move || _ = waker.send(());
        let (journal, opening) = Journal::open(engine, limits, epoch_seed, now(), waker).unwrap();
        (Self { journal, wake, tickets: 0, expired: 0 }, opening)
    }

    fn append(
        &mut self,
        room: &str,
        author: u8,
        id: Option<&str>,
        change: Change,
    ) -> JournalResponse {
        self.tickets += 1;
        let draft = Draft {
            request_id: RequestId(self.tickets),
            room: room.to_lowercase().into(),
            room_name: room.into(),
            author: AuthorKey([author; 16]),
            sender: format!("user{author}").into(),
            account: false,
            moderator: author == 9,
            id: id.map(Arc::from),
            ts: NOW + self.tickets,
            change,
            key_values: Vec::new(),
        };
        self.command(JournalRequest::Append(draft))
    }

    fn keep(&mut self, key_values: Vec<KeyValue>) -> JournalResponse {
        self.tickets += 1;
        self.command(JournalRequest::Put(PutKeyValues {
            request_id: Some(RequestId(self.tickets)),
            key_values,
        }))
    }

    fn read(&mut self, room: &str) -> Vec<StoredMessage> {
        self.tickets += 1;
        let (request_id, span) = (RequestId(self.tickets), Span::Latest);
        let query = Query { request_id, room: room.into(), span, limit: 100, bytes_max: 1 << 20 };
        match self.command(JournalRequest::Read(query)) {
            JournalResponse::Page(page) => match page.found {
                PageContent::Messages(messages) => messages,
                PageContent::Entries(_) => panic!("messages were asked for"),
            },
            other => panic!("{other:?}"),
        }
    }

    fn command(&mut self, order: JournalRequest) -> JournalResponse {
        self.journal.submit(now(), order);
        loop {
            if let Some(answer) = self.responses().into_iter().next() {
                return answer;
            }
        }
    }

    /// Waits a little, and gives what came but for entries of the journal's own.
    fn responses(&mut self) -> Vec<JournalResponse> {
        let mut answers = Vec::new();
        self.journal.responses(now(), &mut answers);
        if answers.is_empty() {
            _ = self.wake.recv_timeout(Duration::from_millis(10));
            self.journal.responses(now(), &mut answers);
        }
        let before = answers.len();
        answers.retain(|answer| !matches!(answer, JournalResponse::Added { .. }));
        self.expired += (before - answers.len()) as u64;
        answers
    }

    fn close(self) -> bool {
        self.journal.close(Duration::from_secs(10))
    }
}

fn now() -> Now {
    Now { at: Moment::default(), unix_ms: NOW }
}

/// Exports what is in there.
fn export(scratch: &Scratch, arguments: &[&str]) -> String {
    let output = chinwag(&[&["export"], arguments].concat(), scratch);
    assert_eq!(output.status.code(), OK, "{}", stderr(&output));
    assert_eq!(stderr(&output), "");
    stdout(&output).to_owned()
}

/// Runs the binary on the journal in there.
fn chinwag(arguments: &[&str], scratch: &Scratch) -> Output {
    run(&[arguments, &["--data", scratch.data().to_str().unwrap()]].concat(), "")
}

fn run(arguments: &[&str], stdin: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_chinwag"))
        .args(arguments)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    // It may have ended without reading.
    _ = child.stdin.take().expect("a pipe").write_all(stdin.as_bytes());
    child.wait_with_output().expect("it ends")
}

fn stdout(output: &Output) -> &str {
    str::from_utf8(&output.stdout).expect("text")
}

fn stderr(output: &Output) -> &str {
    str::from_utf8(&output.stderr).expect("text")
}

/// A directory that is gone when the test is over.
struct Scratch(PathBuf);

static SCRATCHES: AtomicU64 = AtomicU64::new(0);

impl Scratch {
    fn new() -> Self {
        let number = SCRATCHES.fetch_add(1, Ordering::Relaxed);
        let name = format!("transfer-{}-{number}", std::process::id());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&path).expect("a writable directory");
        Self(path)
    }

    fn data(&self) -> PathBuf {
        self.0.join("data")
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        fs::write(&path, text).expect("a writable directory");
        path.into_os_string().into_string().expect("a path of plain letters")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        _ = fs::remove_dir_all(&self.0);
    }
}
