//! What the owner of an account does with it: another password, and the logins.

use serde_json::{Value, json};

use crate::accounts::{PASSWORD, bearer, knocks, log_in, post, register, token, with_cookie};
use crate::api::{Answer, request};
use crate::client::Server;
use crate::data::Data;

const NEW: &str = "battery staple";

fn change(server: &Server, token: &str, old: &str, new: &str) -> Answer {
    let body = json!({ "old_password": old, "password": new });
    post(server, "/api/account/password", &bearer(token), &body)
}

fn logins(server: &Server, token: &str) -> Vec<Value> {
    let headers = format!("{}User-Agent: test\r\n", bearer(token));
    let answer = request(server, "GET /api/account/logins", &headers, "");
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body["logins"].as_array().unwrap().clone()
}

fn is_good(server: &Server, token: &str) -> bool {
    knocks(server, &format!("token={token}"), "") == 101
}

/// Posts a message, which is answered once all before it is stored.
fn wait_for_the_disk(server: &Server, token: &str) {
    let message = json!({ "content": "stored" });
    let answer = post(server, "/api/rooms/lobby/messages", &bearer(token), &message);
    assert_eq!(answer.status, 201, "{}", answer.body);
}

#[test]
fn another_password_ends_all_logins_but_the_one_that_changed_it() {
    let data = Data::new();
    let mut server = data.start(&[]);
    let first = token(&register(&server, "Alice"));
    let other = token(&log_in(&server, "Alice", PASSWORD));
    let mut here = with_cookie(&server, &first);
    let mut elsewhere = with_cookie(&server, &other);
    let wrong = change(&server, &first, "wrong horse", NEW);
    assert_eq!((wrong.status, &wrong.body["code"]), (403, &json!("forbidden")));
    assert_eq!(change(&server, &first, PASSWORD, "short").status, 400);
    assert!(is_good(&server, &first) && is_good(&server, &other));
    let changed = change(&server, &first, PASSWORD, NEW);
    assert_eq!((changed.status, &changed.body["name"]), (200, &json!("Alice")));
    let renewed = token(&changed);
    assert!(changed.header("set-cookie").unwrap().contains(&renewed));
    assert_eq!(elsewhere.closed().0, 4001);
    here.post("c1", "still here");
    assert!(is_good(&server, &renewed));
    assert!(!is_good(&server, &first) && !is_good(&server, &other));
    assert_eq!(log_in(&server, "Alice", PASSWORD).status, 401);
    assert_eq!(logins(&server, &renewed).len(), 1);
    wait_for_the_disk(&server, &renewed);
    server.kill();
    server = data.start(&[]);
    assert!(is_good(&server, &renewed) && !is_good(&server, &other));
    assert_eq!(log_in(&server, "Alice", NEW).status, 200);
    assert_eq!(logins(&server, &renewed).len(), 2);
}

#[test]
fn of_two_changes_of_a_password_at_once_one_succeeds() {
    let server = Server::start(&[]);
    let alice = token(&register(&server, "Alice"));
    let status = |new| change(&server, &alice, PASSWORD, new).status;
    let statuses = std::thread::scope(|scope| {
        let changes = [NEW, "another staple"].map(|new| scope.spawn(move || status(new)));
        changes.map(|change| change.join().unwrap())
    });
    let done = statuses.iter().filter(|status| **status == 200).count();
    assert_eq!(done, 1, "{statuses:?}");
    let new = if statuses[0] == 200 { NEW } else { "another staple" };
    assert_eq!(log_in(&server, "Alice", new).status, 200);
}

#[test]
fn wrong_old_passwords_are_limited_as_failed_logins_are() {
    let server = Server::start(&["--limit", "login_burst=2"]);
    let alice = token(&register(&server, "Alice"));
    for status in [403, 403, 429, 429] {
        assert_eq!(change(&server, &alice, "wrong horse", NEW).status, status);
    }
    assert_eq!(log_in(&server, "Alice", PASSWORD).status, 429, "they share a bucket");
}

#[test]
fn logins_are_listed_and_ended_one_by_one_or_all_others_at_once() {
    let data = Data::new();
    let mut server = data.start(&[]);
    let browser = "User-Agent: Firefox on a phone\r\n";
    let body = json!({ "name": "Alice", "password": PASSWORD });
    let first = token(&post(&server, "/api/register", browser, &body));
    let second = token(&log_in(&server, "Alice", PASSWORD));
    let third = token(&log_in(&server, "Alice", PASSWORD));
    let listed = logins(&server, &second);
    let current: Vec<_> = listed.iter().map(|it| it["current"].as_bool().unwrap()).collect();
    assert_eq!(current, [false, true, false], "{listed:?}");
    assert_eq!(listed[2]["agent"], "Firefox on a phone");
    assert_eq!(listed[2]["address"], "127.0.0.1");
    assert!(listed[2]["since"].as_u64() > Some(1_700_000_000_000));
    let mut there = with_cookie(&server, &first);
    let line = format!("DELETE /api/account/logins/{}", listed[2]["login"].as_str().unwrap());
    let ended = request(&server, &line, &bearer(&second), "");
    assert_eq!((ended.status, ended.header("set-cookie")), (204, None));
    assert_eq!(there.closed().0, 4001);
    assert!(!is_good(&server, &first));
    assert_eq!(request(&server, &line, &bearer(&second), "").status, 404);
    let bob = token(&register(&server, "Bob"));
    let line = format!("DELETE /api/account/logins/{}", listed[0]["login"].as_str().unwrap());
    assert_eq!(request(&server, &line, &bearer(&bob), "").status, 404, "those of others");
    let renewed = request(&server, "DELETE /api/account/logins", &bearer(&second), "");
    assert_eq!(renewed.status, 200, "{}", renewed.body);
    let renewed = token(&renewed);
    assert!(!is_good(&server, &third) && !is_good(&server, &second));
    let listed = logins(&server, &renewed);
    assert_eq!((listed.len(), &listed[0]["current"]), (1, &json!(true)));
    wait_for_the_disk(&server, &renewed);
    server.kill();
    server = data.start(&[]);
    assert_eq!(logins(&server, &renewed), listed);
    let headers = format!("Cookie: chinwag={renewed}\r\n");
    assert_eq!(request(&server, "POST /api/logout", &headers, "").status, 204);
    assert_eq!(request(&server, "GET /api/account/logins", &bearer(&renewed), "").status, 401);
}

#[test]
fn only_accounts_have_logins() {
    let server = Server::start(&[]);
    for line in ["GET /api/account/logins", "DELETE /api/account/logins"] {
        let answer = request(&server, line, "", "");
        assert_eq!((answer.status, &answer.body["code"]), (401, &json!("auth_required")), "{line}");
    }
    assert_eq!(request(&server, "GET /api/account", "", "").status, 404);
}
