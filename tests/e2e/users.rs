//! `chinwag user`, and its requests to a running server.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Output, Stdio};

use serde_json::json;

use crate::accounts::{PASSWORD, bearer, log_in, post, register, token, with_cookie};
use crate::api::request;
use crate::client::{Server, binary};
use crate::data::{Data, until};

/// Runs the command with a password on its stdin; gives what it wrote, or why it failed.
pub fn user(data: &Data, arguments: &[&str], password: &str) -> Result<String, String> {
    let mut child = Command::new(binary())
        .arg("user")
        .args(arguments)
        .arg("--data")
        .arg(data.dir())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Not every command reads.
    let _ = child.stdin.take().unwrap().write_all(format!("{password}\n").as_bytes());
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    let (said, failed) = (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
    if status.success() { Ok(said) } else { Err(failed) }
}

/// Makes, changes and removes accounts, and looks at them.
fn the_story(data: &Data) {
    assert_eq!(user(data, &["list"], ""), Ok(String::new()));
    user(data, &["add", "Bob"], PASSWORD).unwrap();
    user(data, &["add", "Zoë K.", "--admin"], PASSWORD).unwrap();
    assert_eq!(user(data, &["list"], ""), Ok("Bob\nZoë K.\tadmin\n".to_owned()));
    for (arguments, password, why) in [
        (&["add", "bob"][..], PASSWORD, "taken"),
        (&["add", "*"], PASSWORD, "the server's"),
        (&["add", "Eve"], "short", "at least 8"),
        (&["add", "Eve"], &"x".repeat(2000), "at most 1024"),
        (&["passwd", "Eve"], PASSWORD, "no such account"),
        (&["remove", "Eve"], "", "no such account"),
    ] {
        let failed = user(data, arguments, password).unwrap_err();
        assert!(failed.contains(why), "{arguments:?}: {failed}");
    }
    user(data, &["add", "Eve/.."], PASSWORD).unwrap();
    user(data, &["remove", "eve/.."], "").unwrap();
    user(data, &["passwd", "Bob"], "another one").unwrap();
    assert_eq!(user(data, &["list"], ""), Ok("Bob\nZoë K.\tadmin\n".to_owned()));
}

fn has_the_accounts(server: &Server) {
    assert_eq!(log_in(server, "Bob", "another one").status, 200);
    assert_eq!(log_in(server, "Bob", PASSWORD).status, 401);
    let zoe = with_cookie(server, &token(&log_in(server, "Zoë K.", PASSWORD)));
    assert_eq!(zoe.welcome["payload"]["role"], "admin");
}

#[test]
fn accounts_can_be_created_without_a_server() {
    let data = Data::new();
    let failed = user(&data, &["list"], "").unwrap_err();
    assert!(failed.contains("no record"), "{failed}");
    assert!(!data.dir().exists());
    user(&data, &["add", "First"], PASSWORD).unwrap();
    user(&data, &["remove", "First"], "").unwrap();
    the_story(&data);
    has_the_accounts(&data.start(&["--registration", "off"]));
}

#[test]
fn accounts_can_be_created_beside_a_running_server() {
    let data = Data::new();
    let mut server = data.start(&["--registration", "off"]);
    the_story(&data);
    has_the_accounts(&server);
    let address = data.dir().join("server.addr");
    assert_eq!(fs::metadata(&address).unwrap().permissions().mode() & 0o777, 0o600);
    server.stop();
    assert!(!address.exists());
    has_the_accounts(&data.start(&[]));
}

#[test]
fn a_server_that_wants_proxy_headers_is_reached_too() {
    let data = Data::new();
    let _server = data.start(&["--trusted-proxy", "loopback", "--proxy-protocol", "on"]);
    user(&data, &["add", "Bob"], PASSWORD).unwrap();
    assert_eq!(user(&data, &["list"], ""), Ok("Bob\n".to_owned()));
}

#[test]
fn accounts_can_be_administered_on_a_server_for_guests_only() {
    let data = Data::new();
    let _server = data.start(&["--auth", "open"]);
    user(&data, &["add", "Bob"], PASSWORD).unwrap();
    user(&data, &["remove", "Bob"], "").unwrap();
}

#[test]
fn removal_or_a_new_password_closes_connections_at_once() {
    let data = Data::new();
    let server = data.start(&["--leave-grace", "100ms"]);
    for (verb, password) in [("passwd", "another one"), ("remove", "")] {
        let token = match verb {
            "passwd" => token(&register(&server, "Bob")),
            _ => token(&log_in(&server, "Bob", "another one")),
        };
        let mut bob = with_cookie(&server, &token);
        assert_eq!(bob.welcome["payload"]["you"], "Bob");
        user(&data, &[verb, "Bob"], password).unwrap();
        assert_eq!(bob.closed().0, 4001);
        assert_eq!(request(&server, "GET /api/rooms", &bearer(&token), "").status, 401);
    }
    assert_eq!(log_in(&server, "Bob", "another one").status, 401);
    until("the name is free", || register(&server, "Bob").status == 201);
}

#[test]
fn an_unreachable_server_is_reported() {
    let data = Data::new();
    let mut server = data.start(&[]);
    register(&server, "Bob");
    server.kill();
    assert!(data.dir().join("server.addr").exists());
    // What the dead one left behind misleads nobody.
    assert_eq!(user(&data, &["list"], ""), Ok("Bob\n".to_owned()));
    let lock = File::open(data.dir().join("lock")).unwrap();
    lock.lock().unwrap();
    let failed = user(&data, &["list"], "").unwrap_err();
    assert!(failed.contains("in use") && failed.contains("try again"), "{failed}");
    drop(lock);
    let none = Command::new(binary()).args(["user", "list", "--data", "none"]).output().unwrap();
    let said = String::from_utf8_lossy(&none.stderr).into_owned();
    assert!(none.status.code() == Some(2) && said.contains("--data none"), "{said}");
}

#[test]
fn only_admins_can_administer() {
    let data = Data::new();
    user(&data, &["add", "Root", "--admin"], PASSWORD).unwrap();
    let server = data.start(&[]);
    let root = bearer(&token(&log_in(&server, "Root", PASSWORD)));
    let bob = bearer(&token(&register(&server, "Bob")));
    let young = json!({ "name": "Eve", "password": PASSWORD });
    let change = json!({ "password": "another one" });
    for (headers, status) in [("", 401), (&*bob, 403)] {
        assert_eq!(request(&server, "GET /api/users", headers, "").status, status);
        assert_eq!(post(&server, "/api/users", headers, &young).status, status);
        assert_eq!(post(&server, "/api/users/Bob/password", headers, &change).status, status);
        assert_eq!(request(&server, "DELETE /api/users/Bob", headers, "").status, status);
    }
    let made = post(&server, "/api/users", &root, &young);
    assert_eq!(made.status, 201);
    assert_eq!(made.body, json!({ "name": "Eve", "admin": false, "password": true }));
    assert_eq!(made.header("set-cookie"), None);
    let listed = request(&server, "GET /api/users", &root, "");
    let names: Vec<_> = listed.body["accounts"].as_array().unwrap().iter().collect();
    assert_eq!(names.len(), 3);
    assert!(!listed.body.to_string().contains("argon2"), "{}", listed.body);
    assert_eq!(post(&server, "/api/users/eve/password", &root, &change).status, 200);
    assert_eq!(log_in(&server, "Eve", "another one").status, 200);
    assert_eq!(request(&server, "DELETE /api/users/Eve", &root, "").status, 200);
    assert_eq!(request(&server, "DELETE /api/users/Eve", &root, "").status, 404);
    for (line, status) in [
        ("GET /api/users/Bob", 405),
        ("PUT /api/users", 405),
        ("OPTIONS /api/users/Bob", 204),
        ("GET /api/users/Bob/hash", 404),
        ("DELETE /api/users/Bob/password/x", 404),
        ("GET /api/usersx", 404),
        ("DELETE /api/users/%zz", 400),
    ] {
        assert_eq!(request(&server, line, &root, "").status, status, "{line}");
    }
}
