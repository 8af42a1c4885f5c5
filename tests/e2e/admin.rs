//! `chinwag admin`, and `/api/admin`.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::accounts::{PASSWORD, bearer, knocks, log_in, register, token, with_cookie};
use crate::api::{Answer, request};
use crate::client::{PATIENCE, Server, binary};
use crate::data::{Data, text, until};
use crate::users::user;

/// Runs the command; returns what it wrote, or why it failed.
fn admin(data: &Data, arguments: &[&str]) -> Result<String, String> {
    let command =
        Command::new(binary()).arg("admin").args(arguments).arg("--data").arg(data.dir()).output();
    let Output { status, stdout, stderr } = command.unwrap();
    let (said, failed) = (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
    if status.success() { Ok(said) } else { Err(failed) }
}

/// A server with an administrator, and the header by which requests are the administrator's.
fn with_root(data: &Data, arguments: &[&str]) -> (Server, String) {
    user(data, &["add", "Root", "--admin"], PASSWORD).unwrap();
    let server = data.start(arguments);
    let root = bearer(&token(&log_in(&server, "Root", PASSWORD)));
    (server, root)
}

fn ask(server: &Server, root: &str, line: &str, body: &Value) -> Answer {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    request(server, line, root, &body)
}

#[test]
fn connections_and_rooms_are_listed_in_parts() {
    let data = Data::new();
    let (server, root) = with_root(&data, &["--limit", "listed_max=2"]);
    let names = ["A", "B", "C", "D", "E"];
    let mut clients: Vec<_> =
        names.iter().map(|name| server.join(&format!("name={name}&room=r{name}"))).collect();
    clients[0].say("/private");
    clients[1].post("c1", "a secretword");
    until("the room is private", || !admin(&data, &["rooms"]).unwrap().contains("rA"));
    for (what, key) in [("connections", "id"), ("rooms", "room")] {
        let (mut found, mut from, mut parts) = (Vec::new(), json!(0), 0);
        while !from.is_null() {
            let line = format!("GET /api/admin/{what}?from={from}");
            let part = ask(&server, &root, &line, &Value::Null);
            assert_eq!(part.status, 200, "{}", part.body);
            let items = part.body[what].as_array().unwrap();
            assert!(items.len() <= 2 && !part.body.to_string().contains("secretword"));
            found.extend(items.iter().map(|item| text_of(&item[key])));
            (from, parts) = (part.body["next"].clone(), parts + 1);
        }
        assert_eq!(
            (found.len(), parts),
            if what == "rooms" { (4, 2) } else { (5, 3) },
            "{found:?}"
        );
        let told = admin(&data, &[what]).unwrap();
        let firsts: Vec<_> = told.lines().filter_map(|line| line.split('\t').next()).collect();
        assert_eq!(firsts, found);
    }
    let first =
        &ask(&server, &root, "GET /api/admin/connections", &Value::Null).body["connections"];
    let (alice, bob) = (&first[0], &first[1]);
    assert_eq!((&alice["name"], &alice["address"]), (&json!("A"), &json!("127.0.0.1")));
    assert_eq!((&alice["rooms"], &bob["rooms"]), (&json!([]), &json!(["rB"])));
    assert!(alice["since"].as_u64() > Some(1_700_000_000_000) && alice["bytes"].is_u64());
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

#[test]
fn an_administrator_closes_a_connection_or_all_of_a_user() {
    let data = Data::new();
    let (server, root) = with_root(&data, &[]);
    let mut alice = server.join("name=Alice");
    let session = alice.session();
    let mut again = server.join(&format!("session={session}"));
    let mut bob = server.join("name=Bob");
    let told = admin(&data, &["connections"]).unwrap();
    let line = told.lines().find(|line| line.contains("\tBob\t")).unwrap();
    let id = line.split('\t').next().unwrap();
    assert_eq!(admin(&data, &["close", id]), Ok("1 connections closed\n".to_owned()));
    assert_eq!(bob.closed(), (4004, "closed by an administrator".to_owned()));
    let closed = ask(&server, &root, "DELETE /api/admin/users/alice", &Value::Null);
    assert_eq!((closed.status, &closed.body["closed"]), (200, &json!(2)));
    assert_eq!((alice.closed().0, again.closed().0), (4004, 4004));
    until("it is gone", || admin(&data, &["close", id]).is_err());
    for path in ["connections/7", "connections/x", "users/Nobody"] {
        let none = ask(&server, &root, &format!("DELETE /api/admin/{path}"), &Value::Null);
        assert_eq!((none.status, text_of(&none.body["code"])), (404, "no_such_user".to_owned()));
    }
}

#[test]
fn everybody_is_told_a_notice() {
    let data = Data::new();
    let (server, root) = with_root(&data, &[]);
    let mut clients = [server.join("name=Alice&room=a"), server.join("name=Bob&room=b")];
    let told = ask(&server, &root, "POST /api/admin/notice", &json!({ "message": " Tea! " }));
    assert_eq!((told.status, &told.body["clients"]), (200, &json!(2)));
    assert_eq!(admin(&data, &["notice", "More"]), Ok("2 connections were told\n".to_owned()));
    for client in &mut clients {
        let notice = client.until("notice");
        assert_eq!((text(&notice, "code"), text(&notice, "message")), ("announcement", "Tea!"));
        assert_eq!(text(&client.until("notice"), "message"), "More");
    }
    for (message, status) in [("x".repeat(201), 413), (String::new(), 400)] {
        let body = json!({ "message": message });
        assert_eq!(ask(&server, &root, "POST /api/admin/notice", &body).status, status);
    }
}

#[test]
fn the_log_level_can_be_changed_while_the_server_runs() {
    let data = Data::new();
    let (server, root) = with_root(&data, &["--log-level", "warn"]);
    assert_eq!(admin(&data, &["log-level"]), Ok("warn\n".to_owned()));
    server.join("name=Unseen");
    let now = ask(&server, &root, "POST /api/admin/log-level", &json!({ "level": "info" }));
    assert_eq!((now.status, &now.body["level"]), (200, &json!("info")));
    let _seen = server.join("name=Seen");
    server.logs("connected");
    assert_eq!(server.log().matches(" connected").count(), 1, "{}", server.log());
    assert_eq!(admin(&data, &["log-level", "error"]), Ok("error\n".to_owned()));
    let failed = admin(&data, &["log-level", "loud"]).unwrap_err();
    assert!(failed.contains("use one of error"), "{failed}");
}

#[test]
fn an_administrator_has_the_server_drain() {
    for by_http in [false, true] {
        let data = Data::new();
        let (mut server, root) = with_root(&data, &[]);
        let mut alice = server.join("name=Alice");
        if by_http {
            let answer = ask(&server, &root, "POST /api/admin/drain", &Value::Null);
            assert_eq!((answer.status, &answer.body["draining"]), (200, &json!(true)));
        } else {
            admin(&data, &["drain"]).unwrap();
        }
        alice.until("bye");
        alice.closed();
        assert!(server.exits().success());
        let failed = admin(&data, &["connections"]).unwrap_err();
        assert!(failed.contains("no server"), "{failed}");
    }
}

#[test]
fn only_administrators_reach_the_administration_and_at_its_own_address() {
    let data = Data::new();
    let (server, root) = with_root(&data, &["--admin-listen", "127.0.0.1:0"]);
    let hidden = ask(&server, &root, "GET /api/admin/connections", &Value::Null);
    assert_eq!(hidden.status, 404);
    assert_eq!(admin(&data, &["connections"]), Ok(String::new()));
    drop(server);
    let server = data.start(&[]);
    let bob = bearer(&token(&register(&server, "Bob")));
    for (line, body) in [
        ("GET /api/admin/connections", Value::Null),
        ("GET /api/admin/rooms", Value::Null),
        ("GET /api/admin/health", Value::Null),
        ("DELETE /api/admin/users/Root", Value::Null),
        ("DELETE /api/admin/connections/1", Value::Null),
        ("POST /api/admin/notice", json!({ "message": "hi" })),
        ("POST /api/admin/log-level", json!({ "level": "trace" })),
        ("POST /api/admin/drain", Value::Null),
    ] {
        assert_eq!(ask(&server, "", line, &body).status, 401, "{line}");
        assert_eq!(ask(&server, &bob, line, &body).status, 403, "{line}");
    }
    let root = bearer(&token(&log_in(&server, "Root", PASSWORD)));
    for (line, status) in [
        ("GET /api/admin", 404),
        ("GET /api/admin/what", 404),
        ("GET /api/admin/rooms/a/b", 404),
        ("POST /api/admin/rooms", 405),
        ("GET /api/admin/health", 200),
        ("POST /api/admin/health", 405),
        ("GET /api/admin/drain", 405),
        ("GET /api/admin/rooms?from=x", 400),
        ("GET /api/admin/rooms?from=99999999", 200),
    ] {
        assert_eq!(ask(&server, &root, line, &Value::Null).status, status, "{line}");
    }
}

#[test]
fn requests_of_administrators_are_charged_like_queries() {
    let data = Data::new();
    let arguments = ["--http-query-rate-limit", "1", "--limit", "requests_burst_max=3"];
    let (server, root) = with_root(&data, &arguments);
    let statuses: Vec<u16> = (0..5)
        .map(|_| ask(&server, &root, "GET /api/admin/connections", &Value::Null).status)
        .collect();
    assert!(statuses.contains(&429), "{statuses:?}");
}

#[test]
fn a_banned_account_is_out_and_stays_out_over_a_restart() {
    let data = Data::new();
    let (mut server, root) = with_root(&data, &[]);
    let bob = token(&register(&server, "Bob"));
    let mut inside = with_cookie(&server, &bob);
    let body = json!({ "who": "account:bob", "seconds": 3600, "reason": "flood" });
    let banned = ask(&server, &root, "POST /api/admin/bans", &body);
    assert_eq!((banned.status, &banned.body["closed"]), (200, &json!(1)), "{}", banned.body);
    assert_eq!(inside.closed().0, 4003);
    for restarted in [false, true] {
        if restarted {
            server.stop();
            server = data.start(&[]);
        }
        let out = log_in(&server, "Bob", PASSWORD);
        assert_eq!((out.status, text_of(&out.body["code"])), (403, "banned".to_owned()));
        assert!(text_of(&out.body["message"]).ends_with(": flood"));
        assert_eq!(log_in(&server, "Bob", "a wrong one").status, 401);
        assert_eq!(knocks(&server, &format!("token={bob}"), ""), 403);
        let rooms = request(&server, "GET /api/rooms", &bearer(&bob), "");
        assert_eq!(rooms.status, 403);
        let mut guest = server.join("name=Guest");
        guest.send(json!({ "type": "auth", "id": "a1", "payload": { "token": bob } }));
        assert_eq!(text(&guest.until("error"), "code"), "banned");
    }
    assert!(admin(&data, &["bans"]).unwrap().starts_with("account:Bob\t"));
    admin(&data, &["unban", "account:Bob"]).unwrap();
    assert_eq!(log_in(&server, "Bob", PASSWORD).status, 200);
    assert!(admin(&data, &["unban", "account:Bob"]).unwrap_err().contains("no such ban"));
}

#[test]
fn a_banned_network_is_refused_but_for_administrators() {
    let data = Data::new();
    let (server, root) = with_root(&data, &["--trusted-proxy", "loopback"]);
    let from = |address: &str| format!("X-Forwarded-For: {address}\r\n");
    let reason = ["--for", "1h", "--reason", "spam"];
    admin(&data, &[&["ban", "network:192.0.2.0/24"][..], &reason].concat()).unwrap();
    assert_eq!(knocks(&server, "", &from("192.0.2.7")), 403);
    assert_eq!(knocks(&server, "", &from("192.0.3.7")), 101);
    let by_root = format!("{root}{}", from("192.0.2.7"));
    assert_eq!(ask(&server, &by_root, "GET /api/admin/bans", &Value::Null).status, 200);
    admin(&data, &["unban", "network:192.0.2.0/24"]).unwrap();
    assert_eq!(knocks(&server, "", &from("192.0.2.7")), 101);
    for who in ["network:any", "network:0.0.0.0/0", "Bob", "user:Bob", ""] {
        let body = json!({ "who": who });
        assert_eq!(ask(&server, &root, "POST /api/admin/bans", &body).status, 400, "{who}");
    }
}

#[test]
fn administrators_have_a_socket_that_only_the_servers_user_can_open() {
    use std::os::unix::fs::PermissionsExt as _;
    let data = Data::new();
    let path = data.outer().join("admin.sock");
    let place = format!("unix:{}", path.display());
    let arguments = ["--admin-listen", place.as_str()];
    let (mut server, root) = with_root(&data, &arguments);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    server.logs("listening for administrators");
    let _alice = server.join("name=Alice");
    assert!(admin(&data, &["connections"]).unwrap().contains("\tAlice\t"));
    assert!(user(&data, &["list"], "").unwrap().contains("Root"));
    let hidden = ask(&server, &root, "GET /api/admin/connections", &Value::Null);
    assert_eq!(hidden.status, 404);
    let mut stream = UnixStream::connect(&path).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("chinwag_"), "{answer}");
    let health = Command::new(binary()).args(["health", "--data"]).arg(data.dir()).output();
    assert_eq!(health.unwrap().stdout, format!("{}: alive\n", path.display()).as_bytes());
    let other = Data::new();
    let why = other.fails_to_start(&arguments);
    assert!(why.contains("another program listens there"), "{why}");
    server.kill();
    assert!(path.exists());
    let mut server = data.start(&arguments);
    assert_eq!(admin(&data, &["connections"]), Ok(String::new()));
    server.stop();
    assert!(!path.exists());
}

#[test]
fn an_operator_removes_a_room() {
    let data = Data::new();
    let (server, root) = with_root(&data, &[]);
    let mut alice = server.join("name=Alice&room=dev%20room");
    alice.post("c1", "soon gone");
    let _bob = server.join("name=Bob&room=lobby");
    let mut eve = server.join("name=Eve&room=secret");
    eve.post("c1", "hers");
    eve.say("/private");
    eve.until("moderated");
    assert_eq!(admin(&data, &["remove-room", "Dev Room"]), Ok("Dev Room is removed\n".to_owned()));
    let left = alice.until("left");
    assert_eq!((text(&left, "why"), text(&left, "by")), ("removed", "*"));
    for (room, why) in [
        ("dev room", "no such room"),
        ("secret", "no such room"),
        ("lobby", "cannot be removed"),
        ("@Bob", "cannot be removed"),
    ] {
        let failed = admin(&data, &["remove-room", room]).unwrap_err();
        assert!(failed.contains(why), "{room}: {failed}");
    }
    let token = bearer(&token(&register(&server, "Bob2")));
    for (headers, status) in [("", 401), (token.as_str(), 403), (&root, 404)] {
        let answer = ask(&server, headers, "DELETE /api/rooms/none", &Value::Null);
        assert_eq!(answer.status, status, "{}", answer.body);
    }
}
