//! What systemd passes and is told.

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::client::{PATIENCE, binary};
use crate::data::{Data, until};

/// A process that is ended with the test.
struct Service(Child);

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Service {
    fn signal(&self, signal: &str) {
        let pid = self.0.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    fn stops(&mut self) {
        self.signal("-TERM");
        until("it ends", || self.0.try_wait().unwrap().is_some());
        assert!(self.0.wait().unwrap().success());
    }

    /// Returns the addresses of the ready lines.
    fn addresses(&mut self, count: usize) -> Vec<String> {
        let lines = BufReader::new(self.0.stdout.take().unwrap()).lines();
        let lines = lines.take(count).map(|line| line.unwrap());
        lines.map(|line| line.trim_start_matches("listening on http://").to_owned()).collect()
    }
}

fn is_alive(address: &str) -> bool {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(b"GET /healthz HTTP/1.0\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.starts_with("HTTP/1.1 200 ")
}

/// Starts the server as systemd does, with one socket; `pid` is a word of the shell.
fn activate(socket: OwnedFd, pid: &str, arguments: &[&str]) -> Service {
    let script = format!(
        "exec 3<&0 0</dev/null; LISTEN_PID={pid} LISTEN_FDS=1 LISTEN_FDNAMES=web exec \"$0\" \"$@\""
    );
    let child = Command::new("sh")
        .args(["-c", &script, &binary(), "--data", "none"])
        .args(arguments)
        .stdin(Stdio::from(socket))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    Service(child.unwrap())
}

fn listener() -> (OwnedFd, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (listener.into(), address)
}

#[test]
fn a_passed_socket_stands_for_the_default_address() {
    let (socket, address) = listener();
    // It waits in the backlog until the server is there.
    let early = TcpStream::connect(&address).unwrap();
    let mut service = activate(socket, "$$", &[]);
    assert_eq!(service.addresses(1)[0], address);
    assert!(is_alive(&address));
    drop(early);
    service.stops();
}

#[test]
fn an_explicit_address_is_added_to_a_passed_socket() {
    let (socket, address) = listener();
    let mut service = activate(socket, "$$", &["--listen", "127.0.0.1:0"]);
    let addresses = service.addresses(2);
    assert_eq!(addresses[0], address);
    assert!(addresses.iter().all(|address| is_alive(address)));
    service.stops();
}

#[test]
fn sockets_for_another_process_are_left_alone() {
    let (socket, address) = listener();
    let mut service = activate(socket, "1", &["--listen", "127.0.0.1:0"]);
    let addresses = service.addresses(1);
    assert_ne!(addresses[0], address);
    assert!(is_alive(&addresses[0]));
}

#[test]
fn a_passed_socket_that_does_not_listen_is_named() {
    let data = Data::new();
    let bound = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    let unix = UnixListener::bind(data.outer().join("socket")).unwrap();
    for (socket, why) in [
        (OwnedFd::from(fs::File::open("/dev/null").unwrap()), "not a socket"),
        (UdpSocket::bind("127.0.0.1:0").unwrap().into(), "not a valid tcp socket"),
        (unix.into(), "not a valid tcp socket"),
        (bound.into(), "does not listen"),
    ] {
        let mut service = activate(socket, "$$", &[]);
        let mut log = String::new();
        service.0.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        assert_eq!(service.0.wait().unwrap().code(), Some(1), "{log}");
        assert!(log.contains("LISTEN_FDS: socket 0 (web): ") && log.contains(why), "{log}");
    }
}

/// The socket that systemd reads notifications from.
struct Notifications(UnixDatagram);

impl Notifications {
    /// Returns the next message; none if none comes.
    fn next(&self, within: Duration) -> Option<String> {
        self.0.set_read_timeout(Some(within)).unwrap();
        let mut buffer = [0; 4096];
        match self.0.recv(&mut buffer) {
            Ok(length) => Some(String::from_utf8(buffer[..length].to_vec()).unwrap()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => None,
            Err(error) => panic!("{error}"),
        }
    }

    /// Reads until a message begins so.
    fn until(&self, start: &str) -> String {
        loop {
            let message = self.next(PATIENCE).unwrap_or_else(|| panic!("no {start}"));
            if message.starts_with(start) {
                return message;
            }
        }
    }
}

fn notified(socket: &str, variables: &[(&str, &str)], arguments: &[&str]) -> Service {
    let child = Command::new(binary())
        .args(["--listen", "127.0.0.1:0", "--data", "none"])
        .args(arguments)
        .env("NOTIFY_SOCKET", socket)
        .envs(variables.iter().copied())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    Service(child.unwrap())
}

#[test]
fn systemd_is_told_of_start_reload_and_end() {
    let data = Data::new();
    let path = data.outer().join("notify");
    let name = format!("chinwag-e2e-{}", std::process::id());
    let by_name = SocketAddr::from_abstract_name(&name).unwrap();
    for (socket, variable) in [
        (UnixDatagram::bind(&path).unwrap(), path.to_str().unwrap().to_owned()),
        (UnixDatagram::bind_addr(&by_name).unwrap(), format!("@{name}")),
    ] {
        let told = Notifications(socket);
        let mut service = notified(&variable, &[], &[]);
        assert_eq!(told.next(PATIENCE).unwrap(), "READY=1\nSTATUS=serving");
        assert!(is_alive(&service.addresses(1)[0]), "it is ready when it says so");
        service.signal("-HUP");
        let reloading = told.next(PATIENCE).unwrap();
        let micros = reloading.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").unwrap();
        assert!(micros.parse::<u64>().unwrap() > 0);
        assert!(told.next(PATIENCE).unwrap().starts_with("READY=1"));
        service.stops();
        assert_eq!(told.next(PATIENCE).unwrap(), "STOPPING=1\nSTATUS=draining 0 clients");
        // Without WATCHDOG_USEC no watchdog is fed.
        assert_eq!(told.next(Duration::from_millis(1)), None);
    }
}

#[test]
fn the_watchdog_is_fed_until_the_server_is_stuck() {
    let data = Data::new();
    let path = data.outer().join("notify");
    let told = Notifications(UnixDatagram::bind(&path).unwrap());
    let service = notified(path.to_str().unwrap(), &[("WATCHDOG_USEC", "100000")], &[]);
    told.until("READY=1");
    for _ in 0..3 {
        assert_eq!(told.next(PATIENCE).unwrap(), "WATCHDOG=1");
    }
    service.signal("-STOP");
    // What it sent before it stopped.
    while told.next(Duration::from_millis(500)).is_some() {}
    service.signal("-CONT");
    told.until("WATCHDOG=1");
}

#[test]
fn the_watchdog_of_another_process_is_not_fed() {
    let data = Data::new();
    let path = data.outer().join("notify");
    let told = Notifications(UnixDatagram::bind(&path).unwrap());
    let variables = [("WATCHDOG_USEC", "1000"), ("WATCHDOG_PID", "1")];
    let mut service = notified(path.to_str().unwrap(), &variables, &[]);
    told.until("READY=1");
    service.stops();
    assert!(told.next(PATIENCE).unwrap().starts_with("STOPPING=1"));
}

#[test]
fn a_notification_socket_that_nobody_reads_stops_nobody() {
    let data = Data::new();
    let path = data.outer().join("notify");
    let _unread = UnixDatagram::bind(&path).unwrap();
    let mut service = notified(path.to_str().unwrap(), &[("WATCHDOG_USEC", "2000")], &[]);
    let address = service.addresses(1).remove(0);
    // The queue of a datagram socket holds a few hundred.
    for _ in 0..600 {
        assert!(is_alive(&address));
    }
    service.stops();
}

#[test]
fn the_units_are_valid_and_expose_little() {
    let data = Data::new();
    let packaging = Path::new(env!("CARGO_MANIFEST_DIR")).join(".packaging");
    let unit = fs::read_to_string(packaging.join("chinwag.service")).unwrap();
    let (service, socket) =
        (data.outer().join("chinwag.service"), data.outer().join("chinwag.socket"));
    // The program need not be installed.
    fs::write(&service, unit.replace("/usr/bin/chinwag", "/bin/true")).unwrap();
    fs::copy(packaging.join("chinwag.socket"), &socket).unwrap();
    let analyze = |arguments: &[&str]| {
        Command::new("systemd-analyze").args(arguments).args([&service]).output()
    };
    let Ok(verified) = analyze(&["verify", socket.to_str().unwrap()]) else {
        eprintln!("skipped: systemd-analyze is not here");
        return;
    };
    assert!(verified.status.success() && verified.stderr.is_empty(), "{verified:?}");
    let rated = analyze(&["security", "--offline=true", "--threshold=15"]).unwrap();
    assert!(rated.status.success(), "{}", String::from_utf8_lossy(&rated.stdout));
}
