//! Hooks: what other programs post, and what they are sent.

use std::collections::VecDeque;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::thread;

use ring::hmac;
use serde_json::{Value, json};

use crate::api::{Answer, request};
use crate::client::{Client, PATIENCE, Server};
use crate::data::Data;

/// A program that is sent messages.
struct Target {
    url: String,
    host: String,
    got: Receiver<Got>,
    answers: Arc<Mutex<VecDeque<String>>>,
}

/// A request that it got.
struct Got {
    head: String,
    body: String,
}

impl Got {
    fn header(&self, name: &str) -> &str {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let mut named = lines.filter(|(key, _)| key.eq_ignore_ascii_case(name));
        named.next().unwrap_or_else(|| panic!("no {name}: {}", self.head)).1
    }

    fn event(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    fn content(&self) -> String {
        self.event()["payload"]["content"].as_str().unwrap().to_owned()
    }
}

const OK: &str = "204 No Content\r\n";

impl Target {
    /// Starts one that gives these answers, and then OK; an empty answer is none.
    fn start(answers: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let (out, got) = mpsc::channel();
        let answers: VecDeque<String> = answers.iter().map(|it| (*it).to_owned()).collect();
        let answers = Arc::new(Mutex::new(answers));
        let given = Arc::clone(&answers);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (out, answers) = (out.clone(), Arc::clone(&given));
                // Who is not answered waits beside the others.
                thread::spawn(move || {
                    let mut stream = stream.unwrap();
                    let Some(got) = read(&mut stream) else { return };
                    let answer = answers.lock().unwrap().pop_front();
                    let answer = answer.unwrap_or_else(|| OK.to_owned());
                    let _ = out.send(got);
                    if answer.is_empty() {
                        let _ = stream.read(&mut [0]);
                    } else {
                        let _ = stream.write_all(format!("HTTP/1.1 {answer}\r\n").as_bytes());
                    }
                });
            }
        });
        Self { url: format!("http://{host}/in"), host, got, answers }
    }

    /// Has it give its answers no longer, but OK.
    fn recover(&self) {
        self.answers.lock().unwrap().clear();
    }

    fn next(&self) -> Got {
        self.got.recv_timeout(PATIENCE).expect("a request")
    }
}

fn read(stream: &mut TcpStream) -> Option<Got> {
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let (head, body) = (head.to_owned(), body.to_owned());
            let length = Got { head: head.clone(), body: String::new() };
            if body.len() == length.header("content-length").parse::<usize>().ok()? {
                return Some(Got { head, body });
            }
        }
        match stream.read(&mut buffer) {
            Ok(count) if count > 0 => bytes.extend_from_slice(&buffer[..count]),
            _ => return None,
        }
    }
}

/// Alice, who owns the room "dev", and her session.
pub fn owner(server: &Server) -> (Client, String) {
    let mut alice = server.join("name=Alice&room=dev");
    alice.post("first", "hello");
    let session = alice.welcome["payload"]["session"].as_str().unwrap().to_owned();
    (alice, session)
}

fn hooks(server: &Server, line: &str, session: &str, body: &Value) -> Answer {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let line = line.replacen(' ', " /api/rooms/dev/hooks", 1);
    request(server, &line, &format!("Authorization: Bearer {session}\r\n"), &body)
}

pub fn incoming(server: &Server, session: &str, name: &str) -> String {
    let answer = hooks(server, "POST ", session, &json!({"kind": "incoming", "name": name}));
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.body["token"].as_str().unwrap().to_owned()
}

fn outgoing(server: &Server, session: &str, name: &str, url: &str) -> Value {
    let body = json!({"kind": "outgoing", "name": name, "url": url});
    let answer = hooks(server, "POST ", session, &body);
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.body
}

fn post(server: &Server, token: &str, headers: &str, body: &str) -> (u16, String) {
    let host = &server.address;
    let length = body.len();
    let answer = server.exchange(
        format!(
            "POST /hooks/{token} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
             Content-Length: {length}\r\n{headers}\r\n{body}"
        )
        .as_bytes(),
    );
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// How a hook is sent to without long waits.
const SOON: [&str; 4] = ["--limit", "hook_retry_max=50ms", "--limit", "hook_within=20s"];

fn allowing(targets: &[&Target]) -> Vec<String> {
    let hosts = targets.iter().flat_map(|it| ["--hook-allow".to_owned(), it.host.clone()]);
    hosts.chain(SOON.map(str::to_owned)).collect()
}

fn start(arguments: &[String]) -> Server {
    Server::start(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn programs_post_by_a_hook_in_the_forms_that_they_know() {
    let server = Server::start(&["--rate-limit", "off"]);
    let (mut alice, session) = owner(&server);
    let token = incoming(&server, &session, "alerts");
    let json = "Content-Type: application/json\r\n";
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    for (headers, body, content, sender) in [
        (form, "disk full", "disk full", "alerts [hook]"),
        (json, r#"{"content":"a"}"#, "a", "alerts [hook]"),
        (json, r#"{"text":"b","username":"Alice"}"#, "b", "Alice [hook alerts]"),
        (form, "payload=%7B%22text%22%3A%22c%22%7D", "c", "alerts [hook]"),
    ] {
        assert_eq!(post(&server, &token, headers, body), (200, "ok".to_owned()), "{body}");
        let heard = alice.hears(content);
        let payload =
            json!({"mid": heard["seq"], "sender": sender, "hook": "alerts", "content": content});
        assert_eq!(heard["payload"], payload);
    }
    for _ in 0..2 {
        let answer = post(&server, &token, "Idempotency-Key: k1\r\n", "once");
        assert_eq!(answer, (200, "ok".to_owned()));
    }
    let page = request(&server, "GET /api/rooms/dev/messages", "", "").body;
    let messages = page["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 6);
    assert!(messages[1..].iter().all(|it| it["hook"] == "alerts"), "{messages:?}");
    assert_eq!(messages[0]["hook"], Value::Null);
    for (token, headers, body, status) in [
        ("", "", "x", 404),
        ("guess", "", "x", 404),
        (&*"x".repeat(4000), "", "x", 404),
        (&token, "", "", 400),
        (&token, json, "{", 400),
        (&token, json, r#"{"username":"x"}"#, 400),
        (&token, "Content-Encoding: gzip\r\n", "x", 415),
        (&token, "", &"x".repeat(4001), 413),
    ] {
        let (got, body) = post(&server, token, headers, body);
        assert_eq!(got, status, "{body:.80}");
        assert!(serde_json::from_str::<Value>(&body).unwrap()["code"].is_string(), "{body}");
    }
    let line = format!("GET /hooks/{token}");
    assert_eq!(request(&server, &line, "", "").status, 405);
}

#[test]
fn a_body_of_ten_megabytes_is_refused_before_it_is_read() {
    let server = Server::start(&[]);
    let (_alice, session) = owner(&server);
    let token = incoming(&server, &session, "alerts");
    let host = &server.address;
    let answer = server.exchange(
        format!("POST /hooks/{token} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 10485760\r\n\r\n")
            .as_bytes(),
    );
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains(r#""code":"too_long""#), "{answer}");
}

#[test]
fn guesses_at_tokens_are_charged_like_failed_logins() {
    let server =
        Server::start(&["--limit", "login_network_burst=3", "--limit", "login_network_every=1h"]);
    let (_alice, session) = owner(&server);
    let token = incoming(&server, &session, "alerts");
    for _ in 0..3 {
        assert_eq!(post(&server, "guess", "", "x").0, 404);
    }
    assert_eq!(post(&server, "guess", "", "x").0, 429);
    let login = json!({"name": "Alice", "password": "correct horse"}).to_string();
    assert_eq!(request(&server, "POST /api/login", "", &login).status, 429);
    assert_eq!(post(&server, &token, "", "who knows the token may post").0, 200);
}

#[test]
fn hooks_need_no_login_but_their_token() {
    let server = Server::start(&["--auth", "required"]);
    let account = json!({"name": "Alice", "password": "correct horse"}).to_string();
    let login = request(&server, "POST /api/register", "", &account).body;
    let login = login["token"].as_str().unwrap();
    let mut alice = server.join(&format!("token={login}&room=dev"));
    alice.post("first", "hello");
    let token = incoming(&server, login, "alerts");
    assert_eq!(hooks(&server, "GET ", "x", &Value::Null).status, 401);
    assert_eq!(post(&server, &token, "", "up"), (200, "ok".to_owned()));
    alice.hears("up");
}

#[test]
fn a_target_is_sent_each_message_in_order_signed_until_it_has_it() {
    let target = Target::start(&["500 Oh\r\n", "429 Slow\r\nRetry-After: 0\r\n", OK]);
    let server = start(&allowing(&[&target]));
    let (mut alice, session) = owner(&server);
    let hook = outgoing(&server, &session, "Bot", &target.url);
    let secret = hook["secret"].as_str().unwrap();
    let one = alice.post("a", "one");
    alice.post("b", "two");
    let tries: Vec<Got> = (0..3).map(|_| target.next()).collect();
    let epoch = alice.welcome["payload"]["epoch"].as_str().unwrap();
    let key = format!("{epoch}:dev:{}", one["seq"]);
    for got in &tries {
        assert_eq!((got.content(), got.header("Idempotency-Key")), ("one".to_owned(), &*key));
        let (t, v1) = got.header("X-Chinwag-Signature").split_once(",v1=").unwrap();
        let signed = format!("{}.{}", t.strip_prefix("t=").unwrap(), got.body);
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let tag = hmac::sign(&key, signed.as_bytes());
        let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(v1, hex);
        assert!(got.head.starts_with("POST /in HTTP/1.1"), "{}", got.head);
    }
    let event = tries[0].event();
    assert_eq!(
        (&event["type"], &event["room"], &event["seq"]),
        (&json!("message"), &json!("dev"), &one["seq"])
    );
    assert_eq!(event["payload"]["sender"], "Alice");
    assert_eq!(target.next().content(), "two");
    let id = hook["id"].as_str().unwrap();
    let listed = hooks(&server, "GET ", &session, &Value::Null).body;
    assert_eq!(listed["hooks"][0]["id"], id);
    assert_eq!(
        (&listed["hooks"][0]["secret"], &listed["hooks"][0]["url"]),
        (&Value::Null, &json!(target.url))
    );
    let gone = hooks(&server, &format!("DELETE /{id}"), &session, &Value::Null);
    assert_eq!(gone.status, 200, "{}", gone.body);
    assert_eq!(hooks(&server, &format!("DELETE /{id}"), &session, &Value::Null).status, 404);
    assert_eq!(hooks(&server, "DELETE /x", &session, &Value::Null).status, 404);
}

#[test]
fn a_target_that_hangs_holds_up_no_other_room_and_no_chat() {
    // As many as there are threads, so that some share one.
    let hanging: Vec<Target> = (0..3).map(|_| Target::start(&["", "", "", ""])).collect();
    let quick = Target::start(&[]);
    let all: Vec<&Target> = hanging.iter().chain([&quick]).collect();
    let mut arguments = allowing(&all);
    arguments.extend(["--limit".to_owned(), "hook_within=300ms".to_owned()]);
    let server = start(&arguments);
    let (mut alice, session) = owner(&server);
    for (n, target) in hanging.iter().enumerate() {
        outgoing(&server, &session, &format!("Hanging {n}"), &target.url);
    }
    outgoing(&server, &session, "Quick", &quick.url);
    alice.post("a", "one");
    assert_eq!(quick.next().content(), "one");
    for target in &hanging {
        // It is given up and sent again.
        assert_eq!(
            (target.next().content(), target.next().content()),
            ("one".into(), "one".into())
        );
    }
    alice.post("b", "two");
    // On a busy machine it may be given up and sent again, too.
    while quick.next().content() != "two" {}
}

#[test]
fn redirects_are_not_followed() {
    let private = Target::start(&[]);
    let redirect = format!("307 Temporary Redirect\r\nLocation: {}\r\n", private.url);
    let target = Target::start(&[&redirect, &redirect]);
    let server = start(&allowing(&[&target, &private]));
    let (mut alice, session) = owner(&server);
    outgoing(&server, &session, "Bot", &target.url);
    alice.post("a", "one");
    for _ in 0..3 {
        assert_eq!(target.next().content(), "one");
    }
    assert!(private.got.try_recv().is_err(), "it was redirected to");
}

#[test]
fn only_listed_hosts_are_sent_to_and_names_never_lead_to_private_addresses() {
    let target = Target::start(&[]);
    let port = target.host.rsplit(':').next().unwrap();
    let named = format!("localhost:{port}");
    let server = Server::start(&[
        "--hook-allow",
        &named,
        "--log-level",
        "debug",
        "--limit",
        "hook_retry_max=50ms",
    ]);
    let (mut alice, session) = owner(&server);
    for url in [
        target.url.clone(),
        format!("http://{named}/in"),
        "https://169.254.169.254/".to_owned(),
        "https://localhost/".to_owned(),
        "file:///etc/passwd".to_owned(),
        "x".repeat(3000),
    ] {
        let body = json!({"kind": "outgoing", "name": "Bot", "url": url});
        let answer = hooks(&server, "POST ", &session, &body);
        assert_eq!((answer.status, &answer.body["code"]), (400, &json!("bad_field")), "{url}");
    }
    // It resolves to 127.0.0.1 and is refused; nothing ever reaches the target.
    outgoing(&server, &session, "Bot", &format!("https://{named}/in"));
    alice.post("a", "one");
    server.logs("not sent");
    assert!(server.log().contains("host not found"), "{}", server.log());
    assert!(target.got.try_recv().is_err());
}

#[test]
fn a_restart_loses_no_message_to_a_target() {
    let target = Target::start(&["500 Oh\r\n"; 10_000]);
    let data = Data::new();
    let arguments = allowing(&[&target]);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut server = data.start(&arguments);
    let (mut alice, session) = owner(&server);
    outgoing(&server, &session, "Bot", &target.url);
    let token = incoming(&server, &session, "alerts");
    alice.post("a", "one");
    alice.post("b", "two");
    target.next();
    server.kill();
    target.recover();
    let server = data.start(&arguments);
    let mut alice = server.join(&format!("session={session}"));
    alice.post("c", "three");
    let mut got = Vec::new();
    while got.last().is_none_or(|it| it != "three") {
        got.push(target.next().content());
    }
    got.dedup();
    assert_eq!(got, ["one", "two", "three"]);
    assert_eq!(post(&server, &token, "", "the token is still good").0, 200);
}
