//! Tokens and session keys: which are accepted where.

use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chinwag::auth::{Limits, Login, SigningKey, Tokens};
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};

use crate::accounts::{PASSWORD, bearer, knocks, log_in, post, register, token, with_cookie};
use crate::api::request;
use crate::client::{Server, binary};
use crate::data::{Data, text};

const KEYS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/auth/tests/keys");

#[expect(clippy::disallowed_methods, reason = "tokens hold by the machine's clock")]
fn now_unix_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// Returns what signs this server's tokens, with another life.
fn tokens(data: &Data, life_s: u64) -> Tokens {
    let key = SigningKey::open(&data.dir(), [0; 32]).unwrap();
    let token_life = std::time::Duration::from_secs(life_s);
    Tokens::new(&Limits { token_life, ..Limits::default() }, &key, None)
}

/// Returns the author of the account a token is of.
fn author(token: &str) -> [u8; 16] {
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    let payload: Value = serde_json::from_slice(&payload).unwrap();
    let sub = u128::from_str_radix(payload["sub"].as_str().unwrap(), 16).unwrap();
    sub.to_be_bytes()
}

fn secret(name: &str) -> Vec<u8> {
    let pem = std::fs::read_to_string(format!("{KEYS}/{name}.secret.pem")).unwrap();
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    STANDARD.decode(body).unwrap()
}

/// Makes a token of an identity provider that signs with one of the keys.
fn outside(alg: &str, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&json!({ "alg": alg })), part(claims));
    let signature = if alg == "EdDSA" {
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&secret("ed25519")).unwrap();
        pair.sign(signed.as_bytes()).as_ref().to_vec()
    } else {
        let pair = RsaKeyPair::from_pkcs8(&secret("rsa")).unwrap();
        let mut signature = vec![0; pair.public().modulus_len()];
        let random = SystemRandom::new();
        pair.sign(&RSA_PKCS1_SHA256, &random, signed.as_bytes(), &mut signature).unwrap();
        signature
    };
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn claims(sub: &str, life_s: u64) -> Value {
    json!({ "iss": "https://id.example", "aud": "chat", "sub": sub, "name": "Alice",
            "exp": now_unix_s() + life_s })
}

fn start_with_provider(key: &str, more: &[&str]) -> Server {
    let key = format!("{KEYS}/{key}.pem");
    let provider = ["--jwt-public-key", &key, "--jwt-issuer", "https://id.example"];
    Server::start(&[&provider, &["--jwt-audience", "chat", "--limit", "leeway=0s"], more].concat())
}

/// Asks at every entrance with what shows who one is, and gives the statuses.
fn everywhere(server: &Server, query: &str, headers: &str) -> Vec<(String, u16)> {
    let mut statuses = vec![("/ws".to_owned(), knocks(server, query, headers))];
    let said = json!({ "content": "hi", "name": "Anybody" });
    let nobody = json!({ "name": "Nobody", "password": PASSWORD });
    for (line, body) in [
        ("GET /api/rooms", &Value::Null),
        ("HEAD /api/rooms", &Value::Null),
        ("GET /api/rooms/lobby/messages", &Value::Null),
        ("POST /api/rooms/lobby/messages", &said),
        ("GET /api/stats", &Value::Null),
        ("GET /api/users", &Value::Null),
        ("POST /api/users", &nobody),
        ("DELETE /api/users/Nobody", &Value::Null),
        ("POST /api/users/Nobody/password", &nobody),
        ("GET /api/nothing", &Value::Null),
        ("POST /api/register", &json!({})),
        ("POST /api/login", &nobody),
        ("POST /api/logout", &Value::Null),
    ] {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = request(server, &format!("{line}?{query}"), headers, &body);
        statuses.push((line.to_owned(), answer.status));
    }
    statuses
}

#[test]
fn an_invalid_token_is_refused_everywhere() {
    let data = Data::new();
    let server = data.start(&["--limit", "login_network_burst=1000"]);
    let good = token(&register(&server, "Alice"));
    let login = Login { author: author(&good), name: "Alice", login: [1; 16] };
    let stranger = Tokens::new(&Limits::default(), &SigningKey::ephemeral([9; 32]), None);
    let payload = good.split('.').nth(1).unwrap();
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
    let nobody = Login { author: [5; 16], ..login };
    let mut socket = server.join("name=Guest");
    for (what, bad) in [
        ("alg none", format!("{none}.{payload}.")),
        ("another key", stranger.issue(&login, now_unix_s()).as_str().to_owned()),
        ("expired", tokens(&data, 60).issue(&login, now_unix_s() - 61).as_str().to_owned()),
        ("an account that is not", tokens(&data, 60).issue(&nobody, now_unix_s()).as_str().into()),
        ("nobody's provider", outside("EdDSA", &claims("u1", 60))),
        ("a changed letter", good.replacen("eyJ", "eyK", 2)),
        ("garbage", "a.b.c".to_owned()),
        ("dots", "..".to_owned()),
        ("huge", format!("{}.{payload}.x", "x".repeat(7000))),
        ("no token", "nobody".to_owned()),
    ] {
        for (query, headers) in
            [(format!("token={bad}"), String::new()), (String::new(), bearer(&bad))]
        {
            for (entrance, status) in everywhere(&server, &query, &headers) {
                assert_eq!(status, 401, "{what} at {entrance} {headers}");
            }
        }
        socket.send(json!({ "type": "auth", "id": what, "payload": { "token": bad } }));
        let error = socket.until("error");
        assert_eq!((&error["re"], text(&error, "code")), (&json!(what), "unauthorized"));
        let mut guest = with_cookie(&server, &bad);
        assert_eq!(guest.welcome["payload"]["account"], Value::Null);
        assert_eq!(text(&guest.until("error"), "code"), "unauthorized", "{what}");
    }
    let long = "x".repeat(9000);
    socket.send(json!({ "type": "auth", "id": "long", "payload": long }));
    assert_eq!(text(&socket.until("error"), "code"), "unauthorized");
    // The operator's token opens what it is for and nothing else.
    let operators = tokens(&data, 60).issue_operator_token(now_unix_s());
    let operators = bearer(operators.as_str());
    for (entrance, status) in everywhere(&server, "", &operators) {
        assert_eq!(status == 401, !entrance.contains("/api/users"), "{entrance}: {status}");
    }
    assert_eq!(with_cookie(&server, &good).welcome["payload"]["you"], "Alice");
}

#[test]
fn a_cookie_from_a_foreign_origin_is_ignored() {
    let server = Server::start(&["--limit", "login_network_burst=1000"]);
    let good = token(&register(&server, "Alice"));
    let headers = format!("Cookie: chinwag={good}\r\nOrigin: https://evil.example\r\n");
    for (entrance, status) in everywhere(&server, "", &headers) {
        assert_eq!(status, 403, "{entrance}");
    }
    assert_eq!(knocks(&server, "", &format!("Cookie: chinwag={good}\r\n")), 101);
}

#[test]
fn explicit_credentials_take_precedence_over_a_cookie() {
    let server = Server::start(&[]);
    let (alice, bob) = (token(&register(&server, "Alice")), token(&register(&server, "Bob")));
    let cookie = ("Cookie", &*format!("chinwag={alice}"));
    let by_query = server.join_with(&format!("/ws?token={bob}"), &[cookie]);
    let by_header = server.join_with("/ws", &[cookie, ("Authorization", &format!("Bearer {bob}"))]);
    let by_session = server.join("name=Guest");
    let session = format!("Bearer {}", by_session.session());
    let by_session = server.join_with("/ws", &[cookie, ("Authorization", &session)]);
    for (client, you) in [(by_query, "Bob"), (by_header, "Bob"), (by_session, "Guest")] {
        assert_eq!(client.welcome["payload"]["you"], you);
    }
    assert_eq!(knocks(&server, "token=x", &format!("Cookie: chinwag={alice}\r\n")), 401);
    assert_eq!(knocks(&server, "", "Authorization: Basic eDp5\r\n"), 101);
}

#[test]
fn guests_are_refused_where_a_login_is_required() {
    let server = Server::start(&["--auth", "required", "--limit", "login_network_burst=1000"]);
    let guest = server.get("/");
    assert!(guest.starts_with("HTTP/1.1 200 "), "the page is for everybody");
    let doors = ["POST /api/register", "POST /api/login", "POST /api/logout"];
    let stale = "Cookie: chinwag=a.b.c\r\n";
    for headers in ["", stale] {
        for (entrance, status) in everywhere(&server, "session=x", headers) {
            let expected = match entrance.as_str() {
                "POST /api/register" => 400,
                "POST /api/logout" => 204,
                _ => 401,
            };
            assert_eq!(status, expected, "{entrance} {headers}");
        }
    }
    let refused = request(&server, "GET /api/rooms", "", "");
    assert_eq!(refused.body["code"], "auth_required");
    assert_eq!(request(&server, "GET /api/rooms", stale, "").body["code"], "unauthorized");
    assert_eq!(request(&server, "OPTIONS /api/rooms", "", "").status, 204);
    let good = token(&register(&server, "Alice"));
    for (entrance, status) in everywhere(&server, &format!("token={good}"), "") {
        let forbidden = entrance.contains("/api/users");
        let let_in = doors.contains(&&*entrance) || ![401, 403].contains(&status);
        assert!(let_in || (forbidden && status == 403), "{entrance}: {status}");
    }
}

#[test]
fn tokens_are_ignored_on_a_server_for_guests_only() {
    let data = Data::new();
    let good = token(&register(&data.start(&[]), "Alice"));
    let server = data.start(&["--auth", "open"]);
    for bad in [&*good, "a.b.c"] {
        for headers in [bearer(bad), format!("Cookie: chinwag={bad}\r\n")] {
            for (entrance, status) in everywhere(&server, "", &headers) {
                let expected = match entrance.as_str() {
                    "/ws" => 101,
                    "GET /api/rooms" | "HEAD /api/rooms" | "GET /api/stats" => 200,
                    "GET /api/rooms/lobby/messages" => status,
                    "POST /api/rooms/lobby/messages" => 201,
                    "POST /api/register" | "POST /api/login" => 403,
                    "POST /api/logout" => 204,
                    "GET /api/nothing" => 404,
                    _ => 401,
                };
                assert_eq!(status, expected, "{entrance}");
            }
        }
    }
    let mut guest = server.join(&format!("token={good}"));
    assert_eq!(guest.welcome["payload"]["account"], Value::Null);
    guest.send(json!({ "type": "auth", "id": "a1", "payload": good }));
    assert_eq!(text(&guest.until("error"), "code"), "forbidden");
}

#[test]
fn a_login_ends_when_its_token_expires() {
    let data = Data::new();
    let server = data.start(&[]);
    let good = token(&register(&server, "Alice"));
    let login = Login { author: author(&good), name: "Alice", login: [1; 16] };
    let short = tokens(&data, 3).issue(&login, now_unix_s());
    let mut socket = with_cookie(&server, short.as_str());
    assert_eq!(socket.welcome["payload"]["you"], "Alice");
    assert_eq!(socket.closed().0, 4105);
    assert_eq!(knocks(&server, &format!("token={}", short.as_str()), ""), 401);
    let refused = request(&server, "GET /api/rooms", &bearer(short.as_str()), "");
    assert!(refused.body["message"].as_str().unwrap().contains("expired"), "{}", refused.body);
}

#[test]
fn tokens_of_an_identity_provider_are_accepted() {
    for (alg, key) in [("EdDSA", "ed25519"), ("RS256", "rsa")] {
        let server = start_with_provider(key, &["--auth", "required"]);
        let good = outside(alg, &claims("u1", 60));
        let mut alice = with_cookie(&server, &good);
        assert_eq!(alice.welcome["payload"]["you"], "Alice", "{alg}");
        assert_eq!(alice.welcome["payload"]["account"], true);
        let namesake = with_cookie(&server, &outside(alg, &claims("u2", 60)));
        assert_eq!(namesake.welcome["payload"]["you"], "Alice-2");
        let said = json!({ "content": "hi" });
        let posted = post(&server, "/api/rooms/lobby/messages", &bearer(&good), &said);
        assert_eq!(posted.status, 201, "{}", posted.body);
        assert_eq!(alice.hears("hi")["payload"]["sender"], "Alice");
        let other = if alg == "EdDSA" { "RS256" } else { "EdDSA" };
        assert_eq!(knocks(&server, "", &bearer(&outside(other, &claims("u1", 60)))), 401);
        assert_eq!(request(&server, "POST /api/logout", &bearer(&good), "").status, 204);
        assert_eq!(alice.closed().0, 4001);
        assert_eq!(knocks(&server, "", &bearer(&good)), 401);
        let mut short = with_cookie(&server, &outside(alg, &claims("u1", 3)));
        assert_eq!(short.closed().0, 4105);
    }
}

#[test]
fn an_unknown_session_key_makes_a_new_guest() {
    let server = Server::start(&[]);
    let mut alice = server.join("name=Alice");
    let session = alice.session();
    // They are looked up by their hash: there is no comparison that could end early.
    let last = session.chars().last().unwrap();
    let near = format!("{}{}", &session[..21], if last == 'A' { 'Q' } else { 'A' });
    let mut guess = server.join(&format!("session={near}"));
    assert_eq!(guess.welcome["payload"]["you"], "Anonymous");
    assert_ne!(guess.session(), near, "nobody chooses a key");
    assert_eq!(knocks(&server, "", &bearer(&near)), 401);
    guess.settle();
    // From wherever it comes: it is the same person, and both hear of it.
    let mut elsewhere = server.join(&format!("session={session}"));
    assert_eq!(elsewhere.welcome["payload"]["you"], "Alice");
    assert_eq!(elsewhere.session(), session);
    elsewhere.say("from elsewhere");
    assert_eq!(alice.hears("from elsewhere")["payload"]["sender"], "Alice");
}

#[test]
fn a_flood_of_tokens_is_not_read() {
    let server = Server::start(&["--limit", "queries_burst_max=5"]);
    let mut eve = server.join("name=Eve");
    for _ in 0..20 {
        eve.send(json!({ "type": "auth", "id": "a", "payload": "a.b.c" }));
    }
    let codes: Vec<String> =
        (0..20).map(|_| text(&eve.until("error"), "code").to_owned()).collect();
    assert_eq!(&codes[..5], ["unauthorized"; 5]);
    assert!(codes.iter().filter(|code| *code == "rate_limited").count() >= 10, "{codes:?}");
}

#[test]
fn no_secret_is_in_the_log() {
    let data = Data::new();
    let mut server = data.start(&["--log-level", "trace", "--log-format", "json"]);
    let mut secrets = vec![PASSWORD.to_owned(), "a wrong one".to_owned(), "my-typo-pw".to_owned()];
    let good = token(&register(&server, "Alice"));
    secrets.extend(good.split('.').skip(1).map(str::to_owned));
    log_in(&server, "Alice", "a wrong one");
    log_in(&server, "my-typo-pw", "Alice");
    let mut guest = server.join("name=Guest");
    secrets.push(guest.session());
    for bad in [good.as_str(), "eyJzZWNyZXQiOjF9.eyJzZWNyZXQiOjJ9.c2VjcmV0"] {
        knocks(&server, &format!("token={bad}"), "");
        knocks(&server, &format!("token={bad}"), "Origin: https://evil.example\r\n");
        everywhere(&server, "", &bearer(bad));
        everywhere(&server, &format!("token={bad}"), "");
        with_cookie(&server, bad).settle();
        guest.send(json!({ "type": "auth", "payload": bad }));
        guest.settle();
    }
    secrets.push("eyJzZWNyZXQiOjJ9".to_owned());
    server.join(&format!("session={}", guest.session())).settle();
    server.exchange(format!("GET /ws?token={good} HTTP/1.0\r\n\r\n").as_bytes());
    server.exchange(format!("BAD /ws?token={good}\r\n\r\n").as_bytes());
    let listed = Command::new(binary()).args(["user", "list", "--data"]).arg(data.dir()).output();
    assert!(listed.unwrap().status.success());
    server.stop();
    let log = server.log();
    assert!(log.contains("logged in") && log.contains("login failed"), "{log}");
    for secret in secrets {
        assert!(!log.contains(&secret), "{secret} is in the log");
    }
}
