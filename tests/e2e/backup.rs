//! `chinwag backup` and `chinwag check --data`, beside a server and without one.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::json;

use crate::accounts::{PASSWORD, log_in, register};
use crate::client::binary;
use crate::data::Data;

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
