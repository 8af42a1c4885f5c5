//! A server to test and clients to test it with.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tungstenite::client::IntoClientRequest as _;
use tungstenite::protocol::CloseFrame;
use tungstenite::{Message, WebSocket};

/// How long anything may take before a test gives up.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Returns the program under test: the one that cargo built along, unless `BINARY` names another.
pub fn binary() -> String {
    std::env::var("BINARY").unwrap_or_else(|_| env!("CARGO_BIN_EXE_chinwag").into())
}

/// Runs the binary on a free port; ends it when dropped.
pub struct Server {
    child: Child,
    pub address: String,
    log: Arc<Mutex<String>>,
}

impl Server {
    pub fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(binary())
            .args(["--listen", "127.0.0.1:0"])
            .args(if arguments.contains(&"--data") { &[][..] } else { &["--data", "none"] })
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (stderr, lines) = (child.stderr.take().unwrap(), Arc::clone(&log));
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let mut log = lines.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
            }
        });
        let url = line.trim().strip_prefix("listening on ").unwrap_or_default();
        let Some((_, address)) = url.split_once("://") else {
            let _ = child.wait();
            panic!("not ready: {line:?} {}", log.lock().unwrap());
        };
        Self { child, address: address.to_owned(), log }
    }

    pub fn tcp(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Connects with a query such as `name=Alice&room=dev` and takes in the `welcome`.
    pub fn join(&self, query: &str) -> Client {
        let mut client = self.connect(&format!("/ws?{query}"));
        client.welcome = client.next();
        client
    }

    pub fn connect(&self, path: &str) -> Client {
        self.try_connect(path).expect("a WebSocket")
    }

    /// Connects unless the server ends the connection during the opening handshake.
    pub fn try_connect(&self, path: &str) -> Option<Client> {
        let url = format!("ws://{}{path}", self.address);
        let (socket, _) = tungstenite::client(url, self.tcp()).ok()?;
        Some(Client { socket, welcome: Value::Null })
    }

    /// Connects with more headers and takes in the `welcome`.
    pub fn join_with(&self, path: &str, headers: &[(&'static str, &str)]) -> Client {
        let url = format!("ws://{}{path}", self.address);
        let mut request = url.into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        let (socket, _) = tungstenite::client(request, self.tcp()).unwrap();
        let mut client = Client { socket, welcome: Value::Null };
        client.welcome = client.next();
        client
    }

    /// Sends bytes and gives all that comes back until the server ends the connection.
    pub fn exchange(&self, bytes: &[u8]) -> String {
        let mut stream = self.tcp();
        stream.write_all(bytes).unwrap();
        let mut answer = Vec::new();
        // A reset after the answer is the end as well.
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Sends a plain GET and gives the whole answer.
    pub fn get(&self, path: &str) -> String {
        let host = &self.address;
        let head = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        self.exchange(head.as_bytes())
    }

    /// Limits the size of the files that it writes; false where the program for that is missing.
    pub fn limit_file_size(&self, bytes: u64) -> bool {
        let (limit, pid) = (format!("--fsize={bytes}"), self.child.id().to_string());
        let done = Command::new("prlimit").args([&limit, "--pid", &pid]).status();
        done.is_ok_and(|status| status.success())
    }

    pub fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    pub fn exits(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(start.elapsed() < PATIENCE, "the server goes on");
            thread::sleep(Duration::from_millis(5));
        }
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits until the log holds a text.
    pub fn logs(&self, text: &str) {
        let start = Instant::now();
        while !self.log().contains(text) {
            assert!(start.elapsed() < PATIENCE, "no {text:?} in the log:\n{}", self.log());
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Ends the server as an operator does.
    pub fn stop(&mut self) {
        self.signal("-TERM");
        assert!(self.exits().success(), "{}", self.log());
    }

    /// Ends the server without a chance to do anything about it.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One WebSocket of a chat client.
pub struct Client {
    pub socket: WebSocket<TcpStream>,
    pub welcome: Value,
}

impl Client {
    pub fn say(&mut self, text: &str) {
        self.socket.send(Message::text(text)).unwrap();
    }

    pub fn send(&mut self, event: Value) {
        self.say(&event.to_string());
    }

    /// Sends a message with an id and waits until it is acknowledged.
    pub fn post(&mut self, id: &str, text: &str) -> Value {
        self.send(json!({"type": "send_message", "id": id, "payload": text}));
        self.until("ack")
    }

    pub fn text(&mut self) -> String {
        let start = Instant::now();
        loop {
            // Pings alone must not keep a test waiting for ever.
            assert!(start.elapsed() < PATIENCE, "nothing comes");
            match self.socket.read().unwrap() {
                Message::Text(text) => return text.to_string(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("no text: {other:?}"),
            }
        }
    }

    /// Returns the next event; none if the connection has ended in any way.
    pub fn try_next(&mut self) -> Option<Value> {
        loop {
            match self.socket.read().ok()? {
                Message::Text(text) => return Some(serde_json::from_str(&text).unwrap()),
                Message::Ping(_) | Message::Pong(_) => {}
                _ => return None,
            }
        }
    }

    pub fn next(&mut self) -> Value {
        serde_json::from_str(&self.text()).unwrap()
    }

    /// Reads until an event of this type comes, and gives it.
    pub fn until(&mut self, kind: &str) -> Value {
        loop {
            let event = self.next();
            if event["type"] == kind {
                return event;
            }
        }
    }

    /// Reads messages until one says this.
    pub fn hears(&mut self, content: &str) -> Value {
        loop {
            let event = self.until("message");
            if event["payload"]["content"] == content {
                return event;
            }
        }
    }

    /// Asks for a sign of life and gives everything that came before it, so that a test can say
    /// that something did *not* come.
    pub fn settle(&mut self) -> Vec<Value> {
        self.send(json!({"type": "ping", "id": "settle"}));
        let mut events = Vec::new();
        loop {
            let event = self.next();
            if event["type"] == "pong" && event["re"] == "settle" {
                return events;
            }
            events.push(event);
        }
    }

    /// Reads until the server closes and gives the code and the reason.
    pub fn closed(&mut self) -> (u16, String) {
        loop {
            match self.socket.read() {
                Ok(Message::Close(Some(CloseFrame { code, reason }))) => {
                    return (code.into(), reason.to_string());
                }
                Ok(Message::Close(None)) => return (1005, String::new()),
                Ok(_) => {}
                Err(error) => panic!("no close frame: {error}"),
            }
        }
    }
}
