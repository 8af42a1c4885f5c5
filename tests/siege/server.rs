//! The server under siege, and what the system says of it.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use chinwag::{auth, chat, journal, net, ws};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

use crate::stream::{Stream, Target};
use crate::wire::{self, Inbox};

/// A process of its own with a directory of its own; both go when it is dropped.
pub(crate) struct Server {
    child: Child,
    data: PathBuf,
    pub(crate) target: Target,
}

impl Server {
    pub(crate) fn start(binary: &str, tls: bool) -> Self {
        // A new one each time: the server before may still be about to remove its own.
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let name = format!("chinwag-siege-{}-{number}", std::process::id());
        // How long a disk takes is not what is measured.
        let memory = Path::new("/dev/shm");
        let parent = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let data = parent.join(name);
        let _ = fs::remove_dir_all(&data);
        let mut command = Command::new(binary);
        command
            .args(["--listen", "127.0.0.1:0", "--log-level", "error"])
            .args(["--trusted-proxy", "127.0.0.1", "--proxy-protocol", "on"])
            .arg("--data")
            .arg(&data);
        let tls = tls.then(|| {
            let certs = data.with_extension("certs");
            fs::create_dir_all(&certs).expect("a directory for the certificate");
            let made = Command::new(binary)
                .args(["mkcert", "localhost"])
                .current_dir(&certs)
                .output()
                .expect("a certificate");
            assert!(made.status.success(), "{made:?}");
            command.arg("--tls-cert").arg(certs.join("cert.pem"));
            command.arg("--tls-key").arg(certs.join("key.pem"));
            let config = trusting(&certs.join("cert.pem"));
            (certs, config)
        });
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("the server is ready");
        let address = line.trim().rsplit('/').next().and_then(|it| it.parse().ok());
        let tls = tls.map(|(certs, config)| {
            // The server has read them.
            let _ = fs::remove_dir_all(certs);
            config
        });
        Self { child, data, target: Target { address: address.expect("an address"), tls } }
    }

    pub(crate) fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Resident memory, in bytes.
    pub(crate) fn memory(&self) -> u64 {
        self.status("VmRSS:")
    }

    /// The most resident memory since [`Server::forget_peak`].
    pub(crate) fn peak(&self) -> u64 {
        self.status("VmHWM:")
    }

    pub(crate) fn forget_peak(&self) {
        let _ = fs::write(self.proc("clear_refs"), "5");
    }

    pub(crate) fn descriptors(&self) -> usize {
        fs::read_dir(self.proc("fd")).map_or(0, Iterator::count)
    }

    /// Processor time of all threads.
    pub(crate) fn cpu(&self) -> Duration {
        let stat = fs::read_to_string(self.proc("stat")).unwrap_or_default();
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        let ticks: u64 = fields.skip(11).take(2).filter_map(|it| it.parse::<u64>().ok()).sum();
        Duration::from_millis(ticks * 10)
    }

    fn status(&self, field: &str) -> u64 {
        let status = fs::read_to_string(self.proc("status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(field));
        let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
        kib.unwrap_or_default() * 1024
    }

    fn proc(&self, file: &str) -> String {
        format!("/proc/{}/{file}", self.child.id())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.data);
    }
}

/// Returns the settings of clients that trust this certificate.
fn trusting(certificate: &Path) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    let certificate = CertificateDer::from_pem_file(certificate).expect("a certificate");
    roots.add(certificate).expect("a certificate to trust");
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions that the provider has");
    Arc::new(builder.with_root_certificates(roots).with_no_client_auth())
}

/// The memory that the limits allow beside what an idle server takes: what all share, and what
/// each connection may take.
pub(crate) struct Allowance {
    pub(crate) shared: u64,
    pub(crate) connection: u64,
}

impl Allowance {
    pub(crate) fn by_default(tls: bool) -> Self {
        let (net, ws) = (net::Limits::default(), ws::Limits::default());
        let (journal, auth) = (journal::Limits::default(), auth::Limits::default());
        // What is encoded in a turn, and its compressed form.
        let turn = 2 * net.turn_bytes_max;
        // Appends under way, the newest entries, and of the database 2 MiB of pages for a writer
        // and four readers and the index of its log.
        let record = journal.queue_bytes_max + journal.recent_bytes_max + (11 << 20);
        // Sessions without a connection, a KiB and a quarter each.
        let sessions = (chat::Limits::default().detached_sessions_max * 5) << 8;
        // One password at a time.
        let shared = turn + record + sessions + auth.password_memory_bytes;
        // What it is owed; a message that is read, as it came and parsed; what was read of the socket.
        let connection =
            net.send_queue_bytes_max + 2 * ws.message_bytes_max + net.read_bytes_per_turn_max;
        // A record each way, encrypted and not.
        let connection = connection + if tls { 4 * TLS_RECORD } else { 0 };
        Self { shared: shared as u64, connection: connection as u64 }
    }

    pub(crate) fn of(&self, connections: usize) -> u64 {
        self.shared + self.connection * connections as u64
    }
}

/// The most bytes of a TLS record, RFC 8446 §5.2.
const TLS_RECORD: usize = (1 << 14) + 256 + 5;

/// A client that waits for each answer.
pub(crate) struct Client {
    stream: Stream,
    inbox: Inbox,
}

/// How long anything may take before a client gives up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

impl Client {
    /// Connects for a client of this address.
    pub(crate) fn connect(target: &Target, network: Ipv4Addr) -> Result<Self, String> {
        let connect = || {
            let stream = target.connect(None, &wire::proxied(network), PATIENCE)?;
            stream.socket().set_read_timeout(Some(PATIENCE))?;
            stream.socket().set_write_timeout(Some(PATIENCE))?;
            Ok(Self { stream, inbox: Inbox::default() })
        };
        connect().map_err(|error: std::io::Error| format!("cannot connect: {error}"))
    }

    /// Opens a WebSocket.
    pub(crate) fn open(target: &Target, network: Ipv4Addr, query: &str) -> Result<Self, String> {
        let mut client = Self::connect(target, network)?;
        match client.request(&wire::upgrade(&format!("/ws?{query}"), false))? {
            (101, _) => Ok(client),
            (status, body) => Err(format!("no WebSocket but {status} {body}")),
        }
    }

    /// Sends a request, and returns the status and the body of its answer.
    pub(crate) fn request(&mut self, request: &[u8]) -> Result<(u16, String), String> {
        self.write(request)?;
        loop {
            if let Some((status, mut length)) = self.inbox.head() {
                if status == 101 {
                    return Ok((status, String::new()));
                }
                let mut body = Vec::new();
                while length > 0 {
                    let taken = self.inbox.take(length);
                    length -= taken.len();
                    body.extend(taken);
                    if length > 0 {
                        self.read()?;
                    }
                }
                return Ok((status, String::from_utf8_lossy(&body).into_owned()));
            }
            self.read()?;
        }
    }

    pub(crate) fn say(&mut self, text: &str) -> Result<(), String> {
        self.write(&wire::text(text))
    }

    /// Returns the next event.
    pub(crate) fn next(&mut self) -> Result<serde_json::Value, String> {
        let began = Instant::now();
        loop {
            match self.inbox.frame() {
                Some((1, text)) => {
                    return serde_json::from_slice(&text).map_err(|error| error.to_string());
                }
                Some((8, close)) => {
                    return Err(format!("cut off with {}", wire::close_code(&close)));
                }
                Some((9, ping)) => self.write(&wire::frame(0x8a, &ping))?,
                Some(_) => {}
                None if began.elapsed() > PATIENCE => return Err("nothing comes".into()),
                None => self.read()?,
            }
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.stream.write_all(bytes).map_err(|error| format!("cannot write: {error}"))
    }

    fn read(&mut self) -> Result<(), String> {
        let mut buffer = [0; 64 * 1024];
        match self.stream.read(&mut buffer) {
            Ok(0) => Err("the server ended the connection".into()),
            Ok(bytes) => {
                self.inbox.push(&buffer[..bytes]);
                Ok(())
            }
            Err(error) => Err(format!("cannot read: {error}")),
        }
    }
}
