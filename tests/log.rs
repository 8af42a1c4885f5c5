//! The log from outside: what stands on stderr, and what happens when nobody reads it.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(60);

/// Runs the binary on a free port; nobody reads its stderr unless asked to.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_chinwag"))
            .args(["--listen=127.0.0.1:0", "--data=none"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        let address = line.trim().strip_prefix("listening on http://").expect("an address");
        Self { address: address.to_owned(), child }
    }

    /// Asks for a WebSocket from a page of elsewhere: each refusal is a line of the log.
    fn refuses(&self, origin: &str) {
        let mut connection = TcpStream::connect(&self.address).expect("a connection");
        connection.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let request = format!(
            "GET /ws HTTP/1.1\r\nHost: {}\r\nOrigin: {origin}\r\nUpgrade: websocket\r\n\
             Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            self.address
        );
        connection.write_all(request.as_bytes()).expect("room to write");
        let mut answer = String::new();
        connection.read_to_string(&mut answer).expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{answer}");
    }

    fn terminate(&mut self) -> ExitStatus {
        let pid = self.child.id().to_string();
        let kill = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(kill.expect("kill runs").success());
        for _ in 0..2_000 {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return status;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("the server does not end");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn an_unread_log_blocks_nobody() {
    let mut server = Server::start(&["--log-level=trace"]);
    // Much more than a pipe holds, and than the queue to it.
    for _ in 0..6_000 {
        server.refuses("https://elsewhere.example");
    }
    assert_eq!(server.terminate().code(), Some(0));
}

#[test]
fn the_lines_that_a_slow_reader_missed_are_counted() {
    let mut server = Server::start(&["--log-level=trace"]);
    for _ in 0..6_000 {
        server.refuses("https://elsewhere.example");
    }
    // Now somebody reads: first what the pipe and the queue held, then how much is missing.
    let mut stderr = server.child.stderr.take().expect("a pipe");
    let reader = std::thread::spawn(move || {
        let mut log = String::new();
        stderr.read_to_string(&mut log).expect("text");
        log
    });
    server.refuses("https://elsewhere.example");
    assert_eq!(server.terminate().code(), Some(0));
    let log = reader.join().expect("a log");
    let counts = log.lines().filter_map(|line| {
        line.strip_prefix("WARN ")?.strip_suffix(" lines left out")?.parse::<usize>().ok()
    });
    let missing: usize = counts.sum();
    let refused = log.matches("origin not allowed").count();
    assert!(missing > 0 && refused + missing >= 6_001, "{refused} lines, {missing} left out");
}

#[test]
fn every_line_of_a_json_log_is_an_object_whatever_users_send() {
    let mut server = Server::start(&["--log-format=json", "--log-level=trace"]);
    for origin in ["https://a.example", "null", "\"}{\"x\":\"", "h\u{e4}\u{202e}\\n", "a b=c"] {
        server.refuses(origin);
    }
    assert_eq!(server.terminate().code(), Some(0));
    let mut log = String::new();
    let stderr = server.child.stderr.as_mut().expect("a pipe");
    stderr.read_to_string(&mut log).expect("text");
    let lines: Vec<Value> =
        log.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let warned = lines.iter().filter(|line| line.to_string().contains("origin")).count();
    assert!(warned >= 5, "{log}");
    assert!(!log.contains('\u{202e}'), "{log}");
}
