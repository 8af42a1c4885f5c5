//! `chinwag bench`: what it measures, and that no fault of a server escapes it.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};
use tungstenite::handshake::derive_accept_key;

use crate::accounts::{PASSWORD, log_in, token};
use crate::client::{Server, binary};
use crate::data::Data;
use crate::tls::Certs;
use crate::users::user;

/// Runs it, and returns its exit code and its report.
fn bench(url: &str, arguments: &[&str]) -> (Option<i32>, Value) {
    let Output { status, stdout, stderr } = run(url, &[arguments, &["--json"]].concat());
    let report = serde_json::from_slice(&stdout);
    (status.code(), report.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&stderr))))
}

fn run(url: &str, arguments: &[&str]) -> Output {
    let times = ["--warmup", "100ms", "--duration", "1500ms"];
    let times = if arguments.contains(&"--duration") { &[][..] } else { &times };
    Command::new(binary()).arg("bench").arg(url).args(times).args(arguments).output().unwrap()
}

fn unlimited() -> Server {
    Server::start(&["--rate-limit", "off", "--query-rate-limit", "off"])
}

fn faults(lost: u64, repeated: u64, reordered: u64, foreign: u64) -> Value {
    json!({"lost": lost, "repeated": repeated, "reordered": reordered, "foreign": foreign})
}

#[track_caller]
fn assert_clean((code, report): &(Option<i32>, Value)) {
    assert_eq!(report["faults"], faults(0, 0, 0, 0), "{report}");
    assert!(report["deliveries"]["count"].as_u64() > Some(0), "{report}");
    assert_eq!((*code, &report["ok"]), (Some(0), &json!(true)), "{report}");
}

#[test]
fn a_sound_server_is_measured_and_found_so() {
    let server = unlimited();
    let (url, pid) = (format!("http://{}", server.address), server.pid().to_string());
    let shape = ["--clients", "30", "--rooms", "3", "--senders", "6", "--window", "2"];
    let on_linux = ["--server-pid", &pid];
    let more = if cfg!(target_os = "linux") { &on_linux[..] } else { &[] };
    let found = bench(&url, &[&shape, more, &["--deflate", "--size", "1500"]].concat());
    assert_clean(&found);
    let report = found.1;
    assert_eq!(report["closed"], json!({}));
    for times in ["/connect/ms", "/messages/ack_ms", "/deliveries/ms", "/deliveries/last_ms"] {
        let time = |name: &str| report.pointer(times).unwrap()[name].as_f64().unwrap();
        assert!(time("p50") <= time("p99") && time("p99") <= time("max"), "{report}");
    }
    if cfg!(target_os = "linux") {
        let server = &report["server"];
        assert!(server["resident_bytes"].as_u64() > Some(1_000_000), "{report}");
        assert!(server["cpu_us_per_delivery"].is_number() && report["bench"].is_object());
    }
    // For people: a line for each finding.
    let output = run(&url, &["--clients", "3", "--duration", "200ms"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("connected   3 in "), "{text}");
    assert!(text.contains(" deliveries: 0 lost, 0 repeated, 0 out of order, 0 foreign\n"));
    // Without senders they are just there.
    let (code, report) = bench(&url, &["--clients", "3", "--senders", "0", "--duration", "100ms"]);
    assert_eq!((code, &report["deliveries"]), (Some(0), &Value::Null));
}

#[test]
fn clients_that_are_cut_off_miss_nothing() {
    let server = unlimited();
    let url = format!("http://{}", server.address);
    let shape = ["--clients", "20", "--senders", "5", "--rooms", "2"];
    thread::scope(|scope| {
        for chaos in [
            &["--cut", "40"][..],
            &["--cut", "40", "--rate", "200", "--no-echo"],
            &["--storm", "1s", "--rate", "200", "--duration", "2500ms"],
        ] {
            let (url, arguments) = (&url, [&shape, chaos].concat());
            scope.spawn(move || {
                let found = bench(url, &arguments);
                assert_clean(&found);
                let chaos = &found.1["chaos"];
                assert!(chaos["cuts"].as_u64() > Some(0), "{}", found.1);
                assert_eq!(chaos["cuts"], chaos["returns"]);
                assert_eq!(found.1["closed"], json!({}));
            });
        }
    });
}

#[test]
fn clients_that_read_late_or_slowly_miss_nothing() {
    let server = Server::start(
        &[
            ["--rate-limit", "off"],
            ["--query-rate-limit", "off"],
            ["--lag-max", "1s"],
            ["--limit", "send_queue_bytes_max=64KiB"],
            ["--limit", "page_bytes_max=48KiB"],
            ["--limit", "resume_bytes_max=56KiB"],
        ]
        .concat(),
    );
    let url = format!("http://{}", server.address);
    let shape = ["--clients", "10", "--rate", "150", "--size", "3000", "--duration", "2500ms"];
    thread::scope(|scope| {
        for chaos in ["--stall", "--slow"] {
            let (url, arguments) = (&url, [&shape[..], &[chaos, "3"]].concat());
            scope.spawn(move || {
                let found = bench(url, &arguments);
                assert_clean(&found);
                // The server has closed those that read nothing.
                let returns = found.1["chaos"]["returns"].as_u64();
                assert!(returns > Some(0) || chaos == "--slow", "{}", found.1);
            });
        }
    });
}

#[test]
fn by_tls_clients_come_in_full_and_come_back_by_ticket() {
    let certs = Certs::new("bench");
    let server = certs.serve(&["--rate-limit", "off"]);
    let port = server.address.rsplit_once(':').unwrap().1;
    let url = format!("https://localhost:{port}");
    let found = bench(&url, &["--clients", "10", "--cut", "20"]);
    assert_clean(&found);
    let (handshakes, chaos) = (&found.1["handshakes"], &found.1["chaos"]);
    assert_eq!((&handshakes["full"], &handshakes["resumed"]), (&json!(10), &json!(0)));
    assert!(chaos["resumed_handshakes"].as_u64() > Some(0), "{}", found.1);
    // The same server, by the URL of its WebSockets.
    let found = bench(&format!("wss://127.0.0.1:{port}/ws"), &["--clients", "2"]);
    assert_clean(&found);
}

#[test]
fn accounts_come_in_by_token_and_come_back_without_a_session() {
    let data = Data::new();
    user(&data, &["add", "Root"], PASSWORD).unwrap();
    let server = data.start(&["--auth", "required", "--rate-limit", "off"]);
    let url = format!("http://{}", server.address);
    let output = run(&url, &["--clients", "3"]);
    let why = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(why.contains("only 0 of 3 clients could connect: 3 × 401 "), "{why}");
    let token = token(&log_in(&server, "Root", PASSWORD));
    assert_clean(&bench(&url, &["--clients", "5", "--token", &token, "--cut", "10"]));
}

#[test]
fn what_a_server_refuses_is_told_and_not_taken_for_lost() {
    let server = Server::start(&[]);
    let url = format!("http://{}", server.address);
    for pace in [&["--rate", "60"][..], &["--window", "40"]] {
        let found = bench(&url, &[&["--clients", "3"], pace].concat());
        assert_clean(&found);
        assert!(found.1["refused"]["rate_limited"].as_u64() > Some(0), "{}", found.1);
    }
}

/// A fault that is planted once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Drop,
    Swap,
    Repeat,
    Mix,
}

/// The number of the message that it befalls, of some thousands.
const BEFALLS: usize = 1500;

/// A relay before a server, with a fault.
struct Relay {
    server: String,
    fault: Fault,
    passed: AtomicUsize,
    planted: AtomicUsize,
    /// The room and the frame of the last message.
    last: Mutex<(String, Vec<u8>)>,
}

impl Relay {
    fn start(server: &Server, fault: Fault) -> (String, Arc<Self>) {
        let relay = Arc::new(Self {
            server: server.address.clone(),
            fault,
            passed: AtomicUsize::new(0),
            planted: AtomicUsize::new(0),
            last: Mutex::default(),
        });
        let own = Arc::clone(&relay);
        let address = listen(move |stream| relay.pass(stream));
        (format!("http://{address}"), own)
    }

    fn pass(&self, mut client: TcpStream) {
        let server = TcpStream::connect(&self.server).unwrap();
        let (mut requests, mut to_server) =
            (client.try_clone().unwrap(), server.try_clone().unwrap());
        thread::spawn(move || std::io::copy(&mut requests, &mut to_server));
        let mut server = BufReader::new(server);
        _ = client.write_all(head(&mut server).as_bytes());
        let mut held = None;
        while let Some(frame) = frame(&mut server) {
            for frame in self.befall(frame, &mut held) {
                if client.write_all(&frame).is_err() {
                    return;
                }
            }
        }
    }

    /// Returns what is passed on of a frame.
    fn befall(&self, frame: Vec<u8>, held: &mut Option<Vec<u8>>) -> Vec<Vec<u8>> {
        let text = String::from_utf8_lossy(&frame).into_owned();
        let Some((_, rest)) = text.split_once(r#"{"type":"message","room":""#) else {
            return vec![frame];
        };
        if let Some(held) = held.take() {
            return vec![frame, held];
        }
        let room = rest.split('"').next().unwrap_or_default().to_owned();
        let last = std::mem::replace(&mut *self.last.lock().unwrap(), (room, frame.clone()));
        let room = self.last.lock().unwrap().0.clone();
        let due = self.passed.fetch_add(1, Ordering::SeqCst) >= BEFALLS
            && (self.fault != Fault::Mix || last.0 != room);
        if !due || self.planted.fetch_add(1, Ordering::SeqCst) > 0 {
            return vec![frame];
        }
        match self.fault {
            Fault::Drop => vec![],
            Fault::Swap => {
                *held = Some(frame);
                vec![]
            }
            Fault::Repeat => vec![frame.clone(), frame],
            Fault::Mix => vec![frame, last.1],
        }
    }
}

/// Serves connections in threads that end with the tests.
fn listen(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let serve = Arc::new(serve);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve = Arc::clone(&serve);
            thread::spawn(move || serve(stream));
        }
    });
    address
}

/// Reads a head of HTTP.
fn head(stream: &mut BufReader<TcpStream>) -> String {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") && stream.read_line(&mut head).is_ok_and(|length| length > 0)
    {
    }
    head
}

/// Reads a whole frame; none at the end.
fn frame(stream: &mut impl Read) -> Option<Vec<u8>> {
    let mut frame = vec![0; 2];
    stream.read_exact(&mut frame).ok()?;
    let mut more = |frame: &mut Vec<u8>, length: usize| {
        let start = frame.len();
        frame.resize(start + length, 0);
        stream.read_exact(&mut frame[start..]).ok()
    };
    let length = match frame[1] & 0x7f {
        126 => {
            more(&mut frame, 2)?;
            usize::from(u16::from_be_bytes([frame[2], frame[3]]))
        }
        length => usize::from(length),
    };
    if frame[1] & 0x80 != 0 {
        more(&mut frame, 4)?;
    }
    more(&mut frame, length)?;
    Some(frame)
}

#[test]
fn each_planted_fault_is_caught_and_named() {
    let server = unlimited();
    let shape = ["--clients", "12", "--senders", "4", "--rooms", "2", "--rate", "300"];
    thread::scope(|scope| {
        for (fault, found) in [
            (Fault::Drop, faults(1, 0, 0, 0)),
            (Fault::Swap, faults(0, 0, 1, 0)),
            (Fault::Repeat, faults(0, 1, 0, 0)),
            (Fault::Mix, faults(0, 0, 0, 1)),
        ] {
            let server = &server;
            scope.spawn(move || {
                let (url, relay) = Relay::start(server, fault);
                let (code, report) = bench(&url, &shape);
                assert!(relay.planted.load(Ordering::SeqCst) > 0, "{fault:?}: {report}");
                assert_eq!(report["faults"], found, "{fault:?}");
                assert_eq!((code, &report["ok"]), (Some(1), &json!(false)), "{fault:?}");
            });
        }
    });
}

/// A chat that is no chinwag: what is said at a path is sent to all who are there. Returns its address.
fn other_chat(loses: Option<usize>) -> String {
    let there: Mutex<Vec<(String, TcpStream)>> = Mutex::default();
    let said = AtomicUsize::new(0);
    listen(move |stream| {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let head = head(&mut reader);
        let room = head.split(' ').nth(1).unwrap_or_default().to_owned();
        let key = head.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "));
        let accept = derive_accept_key(key.unwrap_or_default().as_bytes());
        let mut own = stream;
        let _ = write!(
            own,
            "HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {accept}\r\n\r\n"
        );
        let own_address = own.peer_addr().ok();
        there.lock().unwrap().push((room.clone(), own));
        while let Some(mut frame) = frame(&mut reader) {
            let start = frame.len() - payload_bytes(&frame);
            let key: [u8; 4] = frame[start - 4..start].try_into().unwrap();
            for (index, byte) in frame[start..].iter_mut().enumerate() {
                *byte ^= key[index % 4];
            }
            // The same without its key; a ping is answered with a pong.
            frame.drain(start - 4..start);
            frame[1] &= 0x7f;
            let is_text = frame[0] == 0x81;
            if frame[0] == 0x89 {
                frame[0] = 0x8a;
            }
            let skips = is_text && Some(said.fetch_add(1, Ordering::SeqCst)) == loses;
            let mut skipped = !skips;
            for (_, stream) in there.lock().unwrap().iter_mut().filter(|(at, stream)| {
                (is_text && *at == room) || stream.peer_addr().ok() == own_address
            }) {
                if std::mem::replace(&mut skipped, true) {
                    let _ = stream.write_all(&frame);
                }
            }
        }
        there.lock().unwrap().retain(|(_, stream)| stream.peer_addr().ok() != own_address);
    })
}

fn payload_bytes(frame: &[u8]) -> usize {
    match frame[1] & 0x7f {
        126 => usize::from(u16::from_be_bytes([frame[2], frame[3]])),
        length => usize::from(length),
    }
}

#[test]
fn any_other_chat_is_measured_by_a_template() {
    let shape = ["--clients", "8", "--rooms", "2", "--senders", "4", "--duration", "500ms"];
    let text = ["--text", r#"{"text":"{marker}","pad":"{pad}"}"#, "--hello", "I am {i}"];
    let url = |address: String| format!("ws://{address}/{{room}}");
    let sound = url(other_chat(None));
    let found = bench(&sound, &[&shape[..], &text].concat());
    assert_clean(&found);
    assert_eq!(found.1["messages"]["ack_ms"], Value::Null);
    // Nobody gets again what came while it was away, and nobody takes that for a fault.
    let found = bench(&sound, &[&shape[..], &text, &["--cut", "20", "--rate", "200"]].concat());
    assert_clean(&found);
    assert!(found.1["chaos"]["returns"].as_u64() > Some(0), "{}", found.1);
    let (code, report) =
        bench(&url(other_chat(Some(100))), &[&shape[..], &text, &["--rate", "300"]].concat());
    assert_eq!((code, &report["faults"]), (Some(1), &faults(1, 0, 0, 0)));
}

#[test]
fn what_cannot_be_done_has_one_line_that_says_so() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let url = format!("http://{nobody}");
    let mute = format!("http://{}", listen(drop));
    for (url, arguments, code, text) in [
        (&*url, &[][..], 1, "Connection refused"),
        ("chat.example", &[], 1, "not a URL"),
        (&*mute, &["--clients", "2"], 1, "only 0 of 2 clients could connect"),
        (&*url, &["--clients", "900000"], 1, "run several of these at once"),
        (&*url, &["--server-pid", "999999999"], 1, ""),
        (&*url, &["--size", "3"], 2, "--size: at least 35"),
        (&*url, &["--senders", "101"], 2, "--senders: at most the number of clients"),
        (&*url, &["--rooms", "0"], 2, "--rooms"),
        (&*url, &["--stall", "100"], 2, "--stall and --slow"),
        (&*url, &["--text", "hello"], 2, "--text: without {marker}"),
        (&*url, &["--rate", "0"], 2, "--rate: more than 0"),
        (&*url, &["--ramp", "soon"], 2, "--ramp: not a duration"),
    ] {
        let output = run(url, arguments);
        let why = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), why.lines().count()), (Some(code), 1), "{why}");
        assert!(why.contains(text) && output.stdout.is_empty(), "{why}");
    }
}
