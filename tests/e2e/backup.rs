//! `chinwag backup` and `chinwag check --data`, beside a server and without one.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::json;

use crate::accounts::{PASSWORD, log_in, register};
use crate::client::binary;
use crate::data::Data;
use crate::files;

/// Runs the command; returns its exit code and what it wrote to stderr.
fn chinwag(arguments: &[&str], dir: &Path) -> (Option<i32>, String) {
    let command = Command::new(binary()).args(arguments).arg("--data").arg(dir).output();
    let Output { status, stderr, .. } = command.unwrap();
    (status.code(), String::from_utf8(stderr).unwrap())
}

/// Starts a server from a backup, and looks for what it should have.
fn is_whole(file: &Path) {
    let data = Data::new();
    fs::create_dir(data.dir()).unwrap();
    fs::copy(file, data.database()).unwrap();
    let (code, found) = chinwag(&["check"], &data.dir());
    assert_eq!(code, Some(0), "{found}");
    assert!(found.contains("sound") && found.contains("1 rooms, 3 entries, 1 accounts"), "{found}");
    let server = data.start(&[]);
    let mut bob = server.join("name=Bob");
    let history = bob.until("history");
    assert_eq!(history["payload"]["messages"][0]["content"], "keep this");
    assert_eq!(log_in(&server, "Alice", PASSWORD).status, 200);
}

#[test]
fn a_server_starts_from_a_backup_made_beside_another_or_without_one() {
    let data = Data::new();
    let mut server = data.start(&[]);
    register(&server, "Alice");
    let mut guest = server.join("name=Guest");
    guest.post("c1", "keep this");
    let mid = guest.post("c2", "a secretword")["seq"].as_u64().unwrap();
    guest.send(json!({ "type": "delete_message", "id": "c3", "payload": { "mid": mid } }));
    guest.until("ack");
    let files = ["beside.db", "without.db"].map(|name| data.outer().join(name));
    for (file, (entries, stops)) in files.iter().zip([(3, true), (5, false)]) {
        let (code, told) = chinwag(&["backup", file.to_str().unwrap()], &data.dir());
        assert_eq!(code, Some(0), "{told}");
        assert!(told.contains(&format!("1 rooms, {entries} entries, 1 accounts")), "{told}");
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
        let bytes = fs::read(file).unwrap();
        assert!(!bytes.windows(10).any(|part| part == b"secretword"));
        if stops {
            guest.post("c4", "after it");
            guest.send(
                json!({ "type": "delete_message", "id": "c5", "payload": { "mid": mid + 2 } }),
            );
            guest.until("ack");
            is_whole(file);
            server.stop();
        }
    }
    let before = fs::read(&files[0]).unwrap();
    let (code, told) = chinwag(&["backup", files[0].to_str().unwrap()], &data.dir());
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("exists"), "{told}");
    assert_eq!(fs::read(&files[0]).unwrap(), before);
}

#[test]
fn a_damaged_record_is_named_in_a_line_and_by_the_exit_code() {
    let data = Data::new();
    assert_eq!(chinwag(&["check"], &data.dir()).0, Some(1));
    let mut server = data.start(&[]);
    server.join("name=Alice").post("c1", "hi");
    let (code, found) = chinwag(&["check"], &data.dir());
    assert!(code == Some(0) && found.contains("1 rooms, 1 entries"), "{found}");
    server.stop();
    let mut bytes = fs::read(data.database()).unwrap();
    let end = bytes.len();
    bytes[4096 * 3..end - 4096].fill(0xa5);
    fs::write(data.database(), bytes).unwrap();
    let (code, found) = chinwag(&["check"], &data.dir());
    assert!(code == Some(1) && found.contains("is damaged"), "{code:?} {found}");
    assert_eq!(found.lines().count(), 1, "{found}");
}

#[test]
fn what_is_wrong_with_files_is_named_beside_a_server_and_without_one() {
    let data = Data::new();
    let mut server = data.start(&[]);
    let mut alice = server.join("name=Alice");
    let names = ["one.txt", "two.txt", "waits.txt"];
    let ids =
        names.map(|name| files::add(&server, "lobby", name, &alice.session(), name.as_bytes()));
    assert_eq!(files::send(&mut alice, "m", "lobby", "", &[&ids[0], &ids[1]])["type"], "ack");
    let (code, found) = chinwag(&["check"], &data.dir());
    assert!(code == Some(0) && found.contains("0 accounts, 2 files"), "{found}");
    assert_eq!(found.lines().count(), 1, "the one that waits is no fault: {found}");
    server.kill();
    let dir = data.dir().join("files");
    let blob_of = |text: &str| {
        let mut all = fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().path());
        all.find(|path| fs::read(path).unwrap() == text.as_bytes()).unwrap()
    };
    fs::write(dir.join("0".repeat(64)), "of no message").unwrap();
    let (code, found) = chinwag(&["check"], &data.dir());
    assert_eq!(code, Some(0), "{found}");
    assert!(found.contains("1 files in it are of no message"), "{found}");
    fs::write(blob_of("one.txt"), "one.TXT").unwrap();
    fs::remove_file(blob_of("two.txt")).unwrap();
    let (code, found) = chinwag(&["check"], &data.dir());
    assert_eq!((code, found.lines().count()), (Some(1), 2), "{found}");
    for (name, fault) in [("one.txt", "is damaged"), ("two.txt", "is missing")] {
        let line = found.lines().find(|line| line.contains(name)).unwrap();
        assert!(line.contains("message 1 in lobby") && line.ends_with(fault), "{line}");
    }
}
