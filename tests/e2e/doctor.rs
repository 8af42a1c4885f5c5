//! `chinwag doctor`: what it finds, and that nothing that answers can hold it up.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output};
use std::thread;
use std::time::{Duration, Instant};

use crate::accounts::{PASSWORD, log_in, token};
use crate::client::{PATIENCE, Server, binary};
use crate::data::Data;
use crate::tls::Certs;
use crate::users::user;

/// What the doctor found: its exit code, and the verdict, the name and the text of each line.
struct Found {
    code: Option<i32>,
    lines: Vec<(String, String, String)>,
}

impl Found {
    fn of(url: &str, arguments: &[&str], cert_file: &str) -> Self {
        let mut command = Command::new(binary());
        command.arg("doctor").arg(url).args(arguments).env_clear();
        if !cert_file.is_empty() {
            command.env("SSL_CERT_FILE", cert_file);
        }
        let Output { status, stdout, stderr } = command.output().unwrap();
        assert_eq!(String::from_utf8(stderr).unwrap(), "");
        let lines = String::from_utf8(stdout).unwrap();
        let lines = lines.lines().map(|line| {
            let (verdict, rest) = line.split_once(' ').unwrap();
            let (name, text) = rest.trim().split_once(": ").unwrap();
            (verdict.to_owned(), name.to_owned(), text.to_owned())
        });
        Self { code: status.code(), lines: lines.collect() }
    }

    fn plain(server: &Server, arguments: &[&str]) -> Self {
        Self::of(&format!("http://{}", server.address), arguments, "")
    }

    /// Returns the names of the checks with this verdict.
    fn with(&self, verdict: &str) -> Vec<&str> {
        let lines = self.lines.iter().filter(|(it, ..)| it == verdict);
        lines.map(|(_, name, _)| name.as_str()).collect()
    }

    fn text(&self, name: &str) -> &str {
        let line = self.lines.iter().find(|(_, it, _)| it == name);
        line.map(|(.., text)| text.as_str()).unwrap_or_else(|| panic!("{name}: {:?}", self.lines))
    }

    #[track_caller]
    fn fails_in(&self, names: &[&str]) {
        assert_eq!(self.with("fail"), names, "{:?}", self.lines);
        assert_eq!(self.code, Some(i32::from(!names.is_empty())));
    }
}

const ADMIN: [&str; 3] = ["file limit", "disk space", "engine"];

#[test]
fn a_sound_server_passes_and_keeps_nothing_of_it() {
    let data = Data::new();
    user(&data, &["add", "Root", "--admin"], PASSWORD).unwrap();
    let mut server = data.start(&[]);
    let found = Found::plain(&server, &[]);
    found.fails_in(&[]);
    assert_eq!(found.with("skipped"), [&["TLS", "idle"], &ADMIN[..]].concat());
    let root = token(&log_in(&server, "Root", PASSWORD));
    let found = Found::plain(&server, &["--token", &root, "--full", "--idle", "1s"]);
    found.fails_in(&[]);
    assert_eq!(found.with("skipped"), ["TLS"]);
    server.stop();
    let check = Command::new(binary()).args(["check", "--data"]).arg(data.dir()).output().unwrap();
    // The room of the first visit is there, that of the second is not.
    let told = String::from_utf8(check.stderr).unwrap();
    assert!(told.contains(" 1 rooms, "), "{told}");
}

#[test]
fn a_server_for_accounts_is_visited_by_token() {
    let data = Data::new();
    user(&data, &["add", "Root", "--admin"], PASSWORD).unwrap();
    let server = data.start(&["--auth", "required"]);
    let found = Found::plain(&server, &[]);
    found.fails_in(&[]);
    assert!(found.text("upgrade").contains("--token") && found.with("skipped").contains(&"resume"));
    let root = token(&log_in(&server, "Root", PASSWORD));
    let found = Found::plain(&server, &["--token", &root]);
    found.fails_in(&[]);
    assert_eq!(found.with("skipped"), ["TLS", "idle"]);
}

#[test]
fn what_is_wrong_with_a_server_has_a_line_of_its_own() {
    for (arguments, checks, advice) in [
        (&["--allow-origin", "*"][..], &["Origin rule"][..], "--allow-origin"),
        (&["--allow-host", "other.example"], &["Host", "upgrade"], "--allow-host"),
        (&["--trusted-proxy", "any", "--proxy-protocol", "on"], &["server"], "no chinwag"),
    ] {
        let server = Server::start(arguments);
        let port = server.address.rsplit_once(':').unwrap().1;
        let host = if checks.contains(&"Host") { "chat.example" } else { "localhost" };
        let connect = ["--connect", &server.address];
        let found = Found::of(&format!("http://{host}:{port}"), &connect, "");
        found.fails_in(checks);
        assert!(found.text(checks[0]).contains(advice), "{:?}", found.lines);
    }
}

#[test]
fn administrators_are_told_what_the_server_lacks() {
    let data = Data::new();
    user(&data, &["add", "Root", "--admin"], PASSWORD).unwrap();
    let server = data.start(&["--compression", "off", "--admin-listen", "127.0.0.1:0"]);
    let root = token(&log_in(&server, "Root", PASSWORD));
    let found = Found::plain(&server, &["--token", &root]);
    found.fails_in(&[]);
    assert_eq!(found.with("skipped"), [&["TLS", "compression", "idle"], &ADMIN[..]].concat());
    assert!(found.text("engine").contains("--admin-listen"));
    let server = Server::start(&[]);
    let found = Found::plain(&server, &["--token", "eyJ.no.token"]);
    found.fails_in(&ADMIN);
}

#[test]
fn a_certificate_is_judged_as_browsers_do() {
    let certs = Certs::new("doctor");
    let server = certs.serve(&[]);
    let port = server.address.rsplit_once(':').unwrap().1;
    let (url, cert) = (format!("https://localhost:{port}"), certs.path("cert.pem"));
    let found = Found::of(&url, &[], &cert);
    found.fails_in(&[]);
    for name in ["certificate", "expiry", "TLS versions", "scheme", "resume"] {
        assert!(found.with("pass").contains(&name), "{:?}", found.lines);
    }
    Found::of(&url, &[], "").fails_in(&["certificate"]);
    let found = Found::of(&format!("https://127.0.0.1:{port}"), &[], &cert);
    found.fails_in(&["certificate"]);
    assert!(found.text("certificate").contains("not for 127.0.0.1"));
    let found = Found::of(&format!("http://localhost:{port}"), &[], "");
    found.fails_in(&["server"]);
    assert!(found.text("server").contains("http://"), "{:?}", found.lines);
    let plain = Server::start(&[]);
    Found::of(&format!("https://{}", plain.address), &[], "").fails_in(&["connection"]);
}

/// Serves connections in threads that end with the tests.
fn serve(talk: impl Fn(TcpStream) + Clone + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let talk = talk.clone();
            thread::spawn(move || talk(stream));
        }
    });
    format!("http://{address}")
}

/// Reads a request and answers it.
fn answers(answer: &'static str) -> String {
    serve(move |mut stream| {
        let _ = stream.read(&mut [0; 1024]);
        let _ = stream.write_all(answer.as_bytes());
    })
}

#[test]
fn what_is_no_chinwag_has_one_line_that_says_so() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    for (url, check, text) in [
        (format!("http://{nobody}"), "connection", "Connection refused"),
        ("https://no-such-host.invalid".to_owned(), "connection", "is not found"),
        (answers("SSH-2.0-OpenSSH_9.2\r\n"), "server", "does not speak HTTP"),
        (answers("HTTP/1.1 200 OK\r\n\r\n<html>\u{1b}[2J"), "server", "is no chinwag"),
        (answers("HTTP/1.1 302 F\r\nLocation: /x\u{1b}y\r\n\r\n"), "server", "HTTP"),
        (answers("HTTP/1.1 301 M\r\nLocation: https://a.example\r\n\r\n"), "server", "a.example"),
        (serve(drop), "server", "ends without an answer"),
    ] {
        let found = Found::of(&url, &[], "");
        assert_eq!(found.code, Some(1), "{url}");
        let (_, name, line) = found.lines.last().unwrap();
        assert!(name == check && line.contains(text), "{:?}", found.lines);
        assert_eq!(found.with("fail"), [check]);
        assert!(!line.contains('\u{1b}'));
    }
}

#[test]
fn nothing_that_never_ends_holds_the_doctor_up() {
    let silent = serve(|stream| {
        thread::sleep(4 * PATIENCE);
        drop(stream);
    });
    let floods = serve(|mut stream| while stream.write_all(&[b'.'; 4096]).is_ok() {});
    let heads = serve(|mut stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
        while stream.write_all(b"A: b\r\n").is_ok() {}
    });
    let bodies = serve(|mut stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n");
        while stream.write_all(&[b'.'; 4096]).is_ok() {}
    });
    let drips = serve(|mut stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        while stream.write_all(b".").is_ok() {
            thread::sleep(Duration::from_millis(50));
        }
    });
    let begun = Instant::now();
    thread::scope(|scope| {
        for url in [silent, floods, heads, bodies, drips] {
            scope.spawn(move || {
                let found = Found::of(&url, &[], "");
                assert_eq!((found.code, found.with("fail")), (Some(1), vec!["server"]), "{url}");
            });
        }
    });
    assert!(begun.elapsed() < 3 * PATIENCE);
}

/// A server that passes for a chinwag up to its WebSocket, of which it sends these frames for ever.
fn pretends(frame: &'static [u8]) -> String {
    serve(move |mut stream| {
        let mut head = [0; 4096];
        let length = stream.read(&mut head).unwrap_or(0);
        let head = String::from_utf8_lossy(&head[..length]).into_owned();
        let body = match head.split(' ').nth(1).unwrap_or_default() {
            "/healthz" => "alive\n".to_owned(),
            "/api/client" => r#"{"address":"127.0.0.1","secure":false,"host":"x"}"#.to_owned(),
            _ => {
                let key = head.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "));
                let accept =
                    tungstenite::handshake::derive_accept_key(key.unwrap_or("").as_bytes());
                let _ = write!(
                    stream,
                    "HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                     Sec-WebSocket-Accept: {accept}\r\n\r\n"
                );
                while stream.write_all(frame).is_ok() {}
                return;
            }
        };
        let _ = write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    })
}

#[test]
fn a_websocket_that_floods_is_given_up() {
    thread::scope(|scope| {
        for (frame, text) in [
            (&b"\x81\x02{}"[..], "nothing came within"),
            (b"\x01\x01a\x00\x01a", "message within a message"),
            // The answers to pings are not read.
            (b"\x89\x01a", "within 10 s"),
            (b"\x81\x7f\x7f\xff\xff\xff\xff\xff\xff\xff", "too big"),
            (b"\x81\x04null", "nothing came within"),
        ] {
            scope.spawn(move || {
                let found = Found::of(&pretends(frame), &[], "");
                assert_eq!(found.code, Some(1));
                assert!(found.text("upgrade").contains(text), "{:?}", found.lines);
            });
        }
    });
}

#[test]
fn a_url_that_is_none_is_an_error() {
    for arguments in [&["chat.example"][..], &["ws://chat.example"], &["http://a", "--idle", "x"]] {
        let output = Command::new(binary()).arg("doctor").args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(output.stdout.is_empty() && !output.stderr.is_empty());
    }
}
