//! TLS over real sockets: who may connect, what is refused, and how certificates are replaced.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use chinwag::net::tls::Certificate;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion,
};
use serde_json::{Value, json};
use tungstenite::{Message, WebSocket};

use crate::client::{PATIENCE, Server, binary};

/// A directory with a certificate made by the program under test; removed when dropped.
pub struct Certs(PathBuf);

impl Certs {
    pub fn new(test: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("chinwag-tls-{test}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir).unwrap();
        let certs = Self(dir);
        certs.make(&["localhost", "chat.example"]);
        certs
    }

    fn make(&self, names: &[&str]) {
        let made = Command::new(binary()).arg("mkcert").args(names).current_dir(&self.0).output();
        let made = made.unwrap();
        assert!(made.status.success(), "{made:?}");
    }

    pub fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    /// Starts a server with this certificate.
    pub fn serve(&self, more: &[&str]) -> Server {
        let (cert, key) = (self.path("cert.pem"), self.path("key.pem"));
        Server::start(&[&["--tls-cert", &cert, "--tls-key", &key], more].concat())
    }

    /// Returns the settings of a client that trusts it.
    fn client(&self, version: &'static SupportedProtocolVersion) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        let pem = fs::read(self.0.join("cert.pem")).unwrap();
        roots.add(CertificateDer::from_pem_slice(&pem).unwrap()).unwrap();
        ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth()
    }
}

impl Drop for Certs {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

type Secure = StreamOwned<ClientConnection, TcpStream>;

fn connect(server: &Server, config: &Arc<ClientConfig>, name: &'static str) -> Secure {
    let name = ServerName::try_from(name).unwrap();
    StreamOwned::new(ClientConnection::new(Arc::clone(config), name).unwrap(), server.tcp())
}

fn exchange(stream: &mut Secure, request: &str) -> String {
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    // It ends with `close_notify`, else this is an error.
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn get(path: &str, host: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
}

/// Returns the certificate that a client of some name gets.
fn certificate(server: &Server, certs: &Certs, name: &'static str) -> Vec<u8> {
    let mut stream = connect(server, &Arc::new(certs.client(&TLS13)), name);
    // Whether the client trusts it does not matter.
    let _ = stream.write_all(get("/healthz", "localhost").as_bytes());
    stream.conn.peer_certificates().map_or(Vec::new(), |chain| chain[0].to_vec())
}

fn der(path: &Path) -> Vec<u8> {
    CertificateDer::from_pem_slice(&fs::read(path).unwrap()).unwrap().to_vec()
}

#[test]
fn people_talk_by_tls_of_both_versions() {
    let certs = Certs::new("talk");
    let server = certs.serve(&[]);
    let mut clients: Vec<WebSocket<Secure>> = [&TLS12, &TLS13]
        .into_iter()
        .zip(["Alice", "Bob"])
        .map(|(version, name)| {
            let mut config = certs.client(version);
            config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
            let stream = connect(&server, &Arc::new(config), "localhost");
            let url = format!("ws://{}/ws?name={name}", server.address);
            let (mut socket, _) = tungstenite::client(url, stream).unwrap();
            until(&mut socket, "welcome");
            assert_eq!(socket.get_ref().conn.alpn_protocol(), Some(&b"http/1.1"[..]));
            socket
        })
        .collect();
    // More than one record.
    let text = "x".repeat(3000);
    for round in 0..20 {
        let said = json!({"type": "send_message", "id": format!("m{round}"), "payload": text});
        clients[round % 2].send(Message::text(said.to_string())).unwrap();
        let heard = until(&mut clients[1 - round % 2], "message");
        assert_eq!(heard["payload"]["content"], text);
        until(&mut clients[round % 2], "ack");
    }
    for socket in &mut clients {
        socket.close(None).unwrap();
        while socket.read().is_ok() {}
        let end = socket.get_mut().read(&mut [0; 8]).unwrap();
        assert_eq!(end, 0, "close_notify follows the Close frame");
    }
}

fn until(socket: &mut WebSocket<Secure>, kind: &str) -> Value {
    loop {
        if let Message::Text(text) = socket.read().unwrap() {
            let event: Value = serde_json::from_str(&text).unwrap();
            if event["type"] == kind {
                return event;
            }
        }
    }
}

#[test]
fn the_page_comes_whole_and_ends_cleanly_also_when_asked_by_halves() {
    let certs = Certs::new("page");
    let server = certs.serve(&[]);
    for version in [&TLS12, &TLS13] {
        let config = Arc::new(certs.client(version));
        let mut stream = connect(&server, &config, "localhost");
        let answer = exchange(&mut stream, &get("/", "localhost"));
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        assert!(answer.trim_end().ends_with("</html>"), "{answer}");
        // A client that has said all may still be answered.
        let mut stream = connect(&server, &config, "localhost");
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        stream.conn.send_close_notify();
        stream.flush().unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.ends_with("alive\n"), "{answer}");
    }
}

#[test]
fn a_session_is_resumed() {
    let certs = Certs::new("resume");
    let server = certs.serve(&[]);
    for version in [&TLS12, &TLS13] {
        let config = Arc::new(certs.client(version));
        for kind in [rustls::HandshakeKind::Full, rustls::HandshakeKind::Resumed] {
            let mut stream = connect(&server, &config, "localhost");
            exchange(&mut stream, &get("/healthz", "localhost"));
            assert_eq!(stream.conn.handshake_kind(), Some(kind), "{version:?}");
        }
    }
}

#[test]
fn a_client_that_speaks_only_h2_is_told_so() {
    let certs = Certs::new("alpn");
    let server = certs.serve(&[]);
    let mut config = certs.client(&TLS13);
    config.alpn_protocols = vec![b"h2".to_vec()];
    let mut stream = connect(&server, &Arc::new(config), "localhost");
    let error = stream.write_all(b"x").and_then(|()| stream.read(&mut [0])).unwrap_err();
    assert!(error.to_string().contains("NoApplicationProtocol"), "{error}");
}

#[test]
fn who_takes_the_wrong_port_is_told_so_and_logged_once() {
    let certs = Certs::new("wrong");
    let secure = certs.serve(&[]);
    for _ in 0..3 {
        let answer = secure.get("/");
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
        assert!(answer.contains("https://"), "{answer}");
    }
    let logged = "a client speaks no TLS to a port with it";
    secure.logs(logged);
    assert_eq!(secure.log().matches(logged).count(), 1);

    let plain = Server::start(&[]);
    for _ in 0..3 {
        let mut stream = connect(&plain, &Arc::new(certs.client(&TLS13)), "localhost");
        assert!(stream.write_all(b"x").and_then(|()| stream.read(&mut [0])).is_err());
    }
    let logged = "a client speaks TLS to a port without it";
    plain.logs(logged);
    assert_eq!(plain.log().matches(logged).count(), 1);
    let hello = [&[22, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3][..], &[0; 194]].concat();
    assert!(plain.exchange(&hello).starts_with("HTTP/1.1 400 "));
}

#[test]
fn each_name_has_its_certificate_and_an_unknown_one_gets_the_first() {
    let (first, second) = (Certs::new("sni1"), Certs::new("sni2"));
    fs::remove_file(second.0.join("cert.pem")).unwrap();
    fs::remove_file(second.0.join("key.pem")).unwrap();
    second.make(&["other.example"]);
    let (cert, key) = (second.path("cert.pem"), second.path("key.pem"));
    let server = first.serve(&["--tls-cert", &cert, "--tls-key", &key]);
    let own = [&first, &second].map(|certs| der(&certs.0.join("cert.pem")));
    assert_eq!(certificate(&server, &first, "chat.example"), own[0]);
    assert_eq!(certificate(&server, &second, "other.example"), own[1]);
    for unknown in ["unknown.example", "127.0.0.1"] {
        let mut stream = connect(&server, &Arc::new(first.client(&TLS13)), unknown);
        let error = stream.write_all(b"x").unwrap_err().to_string();
        assert!(error.contains("not valid for name"), "{unknown}: {error}");
    }
}

#[test]
fn a_certificate_is_replaced_when_its_files_change_and_a_bad_one_is_not_used() {
    let certs = Certs::new("replaced");
    let server = certs.serve(&[]);
    let old = der(&certs.0.join("cert.pem"));
    assert_eq!(certificate(&server, &certs, "localhost"), old);
    // One that is open stays.
    let config = Arc::new(certs.client(&TLS13));
    let url = format!("ws://{}/ws?name=Alice", server.address);
    let (mut alice, _) = tungstenite::client(url, connect(&server, &config, "localhost")).unwrap();

    fs::write(certs.0.join("cert.pem"), "not a certificate").unwrap();
    server.signal("-HUP");
    server.logs("certificates not reloaded");
    server.logs("tls-cert: ");
    fs::remove_file(certs.0.join("cert.pem")).unwrap();
    fs::remove_file(certs.0.join("key.pem")).unwrap();
    certs.make(&["localhost"]);
    // Without a signal: by itself.
    server.logs("certificates reloaded");
    let new = der(&certs.0.join("cert.pem"));
    assert_ne!(new, old);
    let mut patience = 400;
    while certificate(&server, &certs, "localhost") != new {
        patience -= 1;
        assert!(patience > 0, "the old certificate is still in use");
        thread::sleep(Duration::from_millis(10));
    }
    alice.send(Message::text(json!({"type": "ping", "id": "1"}).to_string())).unwrap();
    until(&mut alice, "pong");
}

#[test]
fn an_expired_certificate_serves_and_is_warned_of() {
    let certs = Certs::new("expired");
    let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    let key = rcgen::KeyPair::generate().unwrap();
    fs::write(certs.0.join("cert.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
    fs::write(certs.0.join("key.pem"), key.serialize_pem()).unwrap();
    let server = certs.serve(&[]);
    server.logs("the certificate has expired");
    let pem = |name| fs::read(certs.0.join(name)).unwrap();
    assert!(Certificate::from_pem(&pem("cert.pem"), &pem("key.pem")).is_ok());
    assert_eq!(
        certificate(&server, &certs, "localhost"),
        Vec::<u8>::new(),
        "refused by the client"
    );
}

#[test]
fn a_certificate_that_cannot_be_used_is_named_before_anything_starts() {
    let (certs, other) = (Certs::new("bad"), Certs::new("bad2"));
    let (cert, key, other_key) =
        (certs.path("cert.pem"), certs.path("key.pem"), other.path("key.pem"));
    let data = certs.path("data");
    for (flags, told) in [
        (&["--tls-cert", &cert][..], "--tls-cert"),
        (&["--tls-key", &key], "--tls-key"),
        (&["--tls-cert", &cert, "--tls-key", &other_key], "does not belong to the certificate"),
        (&["--tls-cert", &cert, "--tls-key", &cert], "no private key in it"),
        (&["--tls-cert", "/nowhere", "--tls-key", &key], "/nowhere: cannot be read"),
        (&["--listen-redirect", "127.0.0.1:0"], "--listen-redirect"),
    ] {
        let run = Command::new(binary()).args(flags).args(["--data", &data]).output().unwrap();
        let error = String::from_utf8_lossy(&run.stderr).into_owned();
        assert_eq!(run.status.code(), Some(2), "{error}");
        assert!(error.contains(told), "{error}");
        assert!(!Path::new(&data).exists());
    }
}

#[test]
fn mkcert_writes_over_nothing() {
    use std::os::unix::fs::PermissionsExt as _;
    let certs = Certs::new("mkcert");
    let mode = |name| fs::metadata(certs.0.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("key.pem"), 0o600);
    let before = fs::read(certs.0.join("cert.pem")).unwrap();
    fs::remove_file(certs.0.join("key.pem")).unwrap();
    let again =
        Command::new(binary()).args(["mkcert", "a"]).current_dir(&certs.0).output().unwrap();
    assert_eq!(again.status.code(), Some(1), "{again:?}");
    assert!(String::from_utf8_lossy(&again.stderr).contains("cert.pem is there already"));
    assert!(fs::read(certs.0.join("cert.pem")).unwrap() == before);
    assert!(!certs.0.join("key.pem").exists(), "a key alone is of no use");
}

#[test]
fn http_is_redirected_and_only_then_and_for_names_browsers_remember_it() {
    let certs = Certs::new("redirect");
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let server =
        certs.serve(&["--listen-redirect", &port.to_string(), "--allow-host", "chat.example"]);
    let ask = |request: &str| {
        let mut stream = TcpStream::connect(port).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        answer
    };
    let https = format!("https://chat.example:{}", server.address.split_once(':').unwrap().1);
    let answer = ask(&get("/a%20b?c=%0d&d", "chat.example"));
    assert!(answer.starts_with("HTTP/1.1 301 "), "{answer}");
    assert!(answer.contains(&format!("\r\nLocation: {https}/a%20b?c=%0d&d\r\n")), "{answer}");
    assert!(!answer.contains("Strict-Transport-Security"), "{answer}");
    let post = "POST /api/login HTTP/1.1\r\nHost: chat.example:80\r\nConnection: close\r\n\
                Content-Length: 2\r\n\r\n{}";
    let answer = ask(post);
    assert!(answer.starts_with("HTTP/1.1 308 "), "{answer}");
    assert!(answer.contains(&format!("\r\nLocation: {https}/api/login\r\n")), "{answer}");
    assert!(ask(&get("/", "evil.example")).starts_with("HTTP/1.1 421 "));
    assert!(ask("GET / HTTP/1.0\r\n\r\n").starts_with("HTTP/1.1 400 "));

    let config = Arc::new(certs.client(&TLS13));
    let hsts = |server: &Server, host| {
        let answer = exchange(&mut connect(server, &config, "localhost"), &get("/", host));
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        answer.contains("\r\nStrict-Transport-Security: max-age=63072000\r\n")
    };
    assert!(hsts(&server, "chat.example"));
    assert!(!hsts(&server, "localhost") && !hsts(&server, "127.0.0.1"));
    assert!(!hsts(&certs.serve(&["--allow-host", "chat.example"]), "chat.example"));
}

#[test]
fn cookies_and_origins_know_that_it_is_tls() {
    let certs = Certs::new("scheme");
    let server = certs.serve(&[]);
    let config = Arc::new(certs.client(&TLS13));
    let host = &server.address;
    let register = |origin: &str, name: &str| {
        let body = json!({"name": name, "password": "correct horse"}).to_string();
        let request = format!(
            "POST /api/register HTTP/1.1\r\nHost: {host}\r\n{origin}Connection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        exchange(&mut connect(&server, &config, "localhost"), &request)
    };
    for origin in ["", &format!("Origin: https://{host}\r\n")] {
        let answer = register(origin, if origin.is_empty() { "Alice" } else { "Bob" });
        assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
        assert!(answer.contains("; Secure"), "{answer}");
    }
    let answer = register(&format!("Origin: http://{host}\r\n"), "Mallory");
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
}

#[test]
fn accounts_are_managed_beside_a_server_with_tls() {
    let certs = Certs::new("user");
    let data = certs.path("data");
    let server = certs.serve(&["--data", &data]);
    let user = |arguments: &[&str]| {
        let mut command = Command::new(binary());
        command.arg("user").args(arguments).args(["--data", &data]);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?} {}", server.log());
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert!(!user(&["list"]).contains("Alice"));
}

#[test]
fn a_record_that_is_cut_off_ends_the_connection() {
    let certs = Certs::new("cut");
    let server = certs.serve(&[]);
    let mut client =
        ClientConnection::new(Arc::new(certs.client(&TLS13)), "localhost".try_into().unwrap())
            .unwrap();
    let mut hello = Vec::new();
    client.write_tls(&mut hello).unwrap();
    for length in [1, 5, 6, hello.len() - 1] {
        let mut stream = server.tcp();
        stream.write_all(&hello[..length]).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert!(!answer.starts_with(b"HTTP"), "{length}");
    }
    // In the middle of what was said: that is lost, and the server goes on.
    let config = Arc::new(certs.client(&TLS13));
    let mut stream = connect(&server, &config, "localhost");
    stream.write_all(b"GET /healthz HTTP/1.1\r\n").unwrap();
    let mut record = Vec::new();
    stream.conn.writer().write_all(b"Host: localhost\r\n\r\n").unwrap();
    stream.conn.write_tls(&mut record).unwrap();
    stream.sock.write_all(&record[..record.len() - 1]).unwrap();
    stream.sock.shutdown(Shutdown::Write).unwrap();
    assert_eq!(stream.read(&mut [0; 100]).unwrap_or(0), 0, "no answer");
    let answer =
        exchange(&mut connect(&server, &config, "localhost"), &get("/healthz", "localhost"));
    assert!(answer.ends_with("alive\n"));
}

#[test]
fn who_does_not_finish_the_handshake_is_closed_in_time_and_in_number() {
    let certs = Certs::new("half");
    let server =
        certs.serve(&["--limit", "tls_handshake_within=3s", "--limit", "tls_handshakes_max=20"]);
    let config = Arc::new(certs.client(&TLS13));
    let mut client =
        ClientConnection::new(Arc::clone(&config), "localhost".try_into().unwrap()).unwrap();
    let mut hello = Vec::new();
    client.write_tls(&mut hello).unwrap();
    let mut half: Vec<TcpStream> = (0..200)
        .map(|number| {
            let mut stream = server.tcp();
            let length = if number % 2 == 0 { hello.len() } else { hello.len() / 2 };
            // One that was closed meanwhile takes nothing.
            let _ = stream.write_all(&hello[..length]);
            stream
        })
        .collect();
    // Others get through beside them.
    let answer =
        exchange(&mut connect(&server, &config, "localhost"), &get("/healthz", "localhost"));
    assert!(answer.ends_with("alive\n"));
    for stream in &mut half {
        let mut rest = Vec::new();
        match stream.read_to_end(&mut rest) {
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}"),
        }
    }
}
